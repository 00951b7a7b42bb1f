"""Git repositories for tests, made with the real program."""

import os
import subprocess
from pathlib import Path


def run_git(folder: Path, *arguments: str) -> str:
    person = ("-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.org")  # a bare machine knows nobody
    command = ["git", *person, "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def make_repository(folder: Path, files: dict[str, str | bytes]) -> str:
    """Make a repository with one commit on ``main`` and return the commit's id."""
    folder.mkdir(parents=True)
    run_git(folder, "init", "--quiet", "--initial-branch=main")
    return commit_files(folder, files)


def commit_files(folder: Path, files: dict[str, str | bytes], message: str = "change") -> str:
    put(folder, files)
    run_git(folder, "add", "--all")
    run_git(folder, "commit", "--quiet", "-m", message)
    return run_git(folder, "rev-parse", "HEAD")


def put(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def global_settings(folder: Path) -> dict[str, str]:
    """Return the variables that keep Git away from the settings of this machine."""
    file = folder / "gitconfig"
    file.write_text("[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n")
    return {"GIT_CONFIG_GLOBAL": str(file), "GIT_CONFIG_NOSYSTEM": "1", "HOME": os.fspath(folder)}
