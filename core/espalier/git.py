"""The ``git`` program, run so that neither an address nor a repository can make it do anything else."""

import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from espalier.git_errors import GitError, failure, shown

LOCAL_SECONDS = 120  # a command that stays on this machine is given up after this
SILENT_SECONDS = 90  # a transfer is given up when Git has reported nothing for so long

Report = Callable[[str, float], None]
"""What Git is doing, and which share of it is done (0 to 1)."""

_SETTINGS = (
    *("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false", "color.ui=false"),
    *("safe.bareRepository=explicit", "submodule.recurse=false", "gc.auto=0", "maintenance.auto=false"),
    *("http.lowSpeedLimit=1", f"http.lowSpeedTime={SILENT_SECONDS}", "advice.detachedHead=false"),
)
_COMPARING = {"status", "diff", "add", "commit"}  # run the filters that a repository asks for on its files
_FILTER = re.compile(r"filter\..+\.(clean|smudge|process)", re.DOTALL | re.IGNORECASE)
_PROGRESS = re.compile(r"([A-Z][a-z]+ [a-z]+): +(\d+)%")
_PLACES = {
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_COUNT"),
    *("GIT_CONFIG_PARAMETERS", "GIT_PROXY_COMMAND"),
}


def git(
    folder: Path,
    *arguments: str,
    text: bytes = b"",
    accept: Sequence[int] = (0,),
    settings: Sequence[str] = (),
    index: Path | None = None,
) -> bytes:
    """Run Git in a folder and return what it printed. Hooks and filters of the repository do not run.

    Args:
        folder: where it runs; in a folder without a work tree, give ``--git-dir`` as an argument.
        arguments: of Git; names that come from a file or a person must stand behind ``--`` or
            ``--end-of-options``.
        text: what Git reads from its standard input.
        accept: exit codes that are no failure.
        settings: of this one command, such as ``user.name=Ada``.
        index: the file that stands in for the repository's own index, so that this one stays as it is.

    Raises:
        GitError: Git is missing, failed, or took longer than `LOCAL_SECONDS`.
    """
    filters = _own_filters(folder) if arguments[0] in _COMPARING else []
    literal = [] if arguments[0] == "check-ignore" else ["--literal-pathspecs"]  # which it does not know
    command = [_program(), *literal, *_options((*(f"{name}=" for name in filters), *settings)), *arguments]
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            cwd=folder,
            env=_environment() | ({"GIT_INDEX_FILE": str(index)} if index else {}),
            timeout=LOCAL_SECONDS,
            start_new_session=True,  # no terminal: nothing can ask for a password
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"Git did not finish in {LOCAL_SECONDS} seconds in {folder}. Try again.") from error
    if done.returncode not in accept:
        raise failure(done.stderr.decode(errors="replace"), str(folder))
    return done.stdout


def transfer(folder: Path, address: str, *arguments: str, text: bytes = b"", on_progress: Report | None = None) -> None:
    """Run a Git command that talks to another repository; an exception, such as `Cancelled`, ends it at once.

    Args:
        folder: where it runs.
        address: of the other repository, for messages; checked by `check_address`.
        arguments: of Git.
        text: what Git reads from its standard input.
        on_progress: is told what happens; it may raise to cancel.

    Raises:
        GitError: the other side cannot be reached, is no repository or refuses.
    """
    check_address(address)
    with tempfile.TemporaryFile() as given:
        given.write(text)
        given.seek(0)
        process = subprocess.Popen(
            [_program(), "--literal-pathspecs", *_options(), *arguments],
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
        )
    assert process.stderr
    messages = deque[str](maxlen=200)
    try:
        for line in _lines(process.stderr):
            found = _PROGRESS.search(line)
            if found is None:
                messages.append(line)
            elif on_progress:
                on_progress(found[1], int(found[2]) / 100)
        process.wait(LOCAL_SECONDS)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        process.stderr.close()
    if process.returncode:
        raise failure("\n".join(messages), shown(address))


def clone(address: str, destination: Path, on_progress: Report | None = None) -> None:
    """Clone a repository into a folder that does not exist yet; nothing is left behind when that fails.

    Raises:
        GitError: see `transfer`.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".clone-") as folder:
        made = Path(folder, "clone")
        options = ("--progress", "--no-recurse-submodules", "--template=", "--no-hardlinks")
        transfer(Path(folder), address, "clone", *options, "--", address, str(made), on_progress=on_progress)
        made.rename(destination)


def is_address(text: str) -> bool:
    """Return whether a text names a repository on another machine, or ``file://``, rather than a path."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(//|:)", text) or re.match(r"([\w.-]+@)?[\w.-]{2,}:(?!//)", text))


def check_address(address: str) -> None:
    """Refuse addresses that run programs or look like options.

    Raises:
        GitError: the address is none that Espalier fetches from.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(//|:)", address)
    is_known = scheme is None or (scheme[1].lower() in {"https", "http", "ssh", "git", "file"} and scheme[2] == "//")
    if address.startswith("-") or not address.strip() or not address.isprintable() or not is_known:
        raise GitError(
            f"“{shown(address)}” is not an address Espalier fetches from. "
            "Give one that starts with https:// or ssh://, or the path of a repository on this machine."
        )


def _options(settings: Sequence[str] = ()) -> Iterator[str]:
    yield from ("--no-pager", "--no-optional-locks")
    for setting in (*_SETTINGS, *settings):
        yield from ("-c", setting)


def _own_filters(folder: Path) -> list[str]:
    """Return the filter programs that the repository itself asks for; Git would run them to compare files."""
    done = subprocess.run(
        [_program(), "config", "--show-scope", "--name-only", "-z", "--list"],
        capture_output=True,
        cwd=folder,
        env=_environment(),
        timeout=LOCAL_SECONDS,
    )
    words = done.stdout.decode(errors="replace").split("\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    return [name for scope, name in pairs if scope in ("local", "worktree") and _FILTER.fullmatch(name)]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _PLACES}
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_EDITOR": "true",
        "LC_ALL": "C",
        "LANGUAGE": "",
    }


def _program() -> str:
    found = shutil.which("git")
    if found == "/usr/bin/git" and sys.platform == "darwin":
        # There it may be a stub that opens an installer when it is run.
        tools = subprocess.run(["/usr/bin/xcode-select", "-p"], capture_output=True)
        found = found if tools.returncode == 0 else None
    if found is None:
        how = "xcode-select --install" if sys.platform == "darwin" else "sudo apt-get install git"
        raise GitError(f"Git is not installed. Run `{how}` and try again.")
    return found


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield the lines of Git's error stream as they come; progress is one line ended by a carriage return each.

    Raises:
        GitError: nothing came for `SILENT_SECONDS`.
    """
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(SILENT_SECONDS):
                raise GitError(f"Git heard nothing for {SILENT_SECONDS} seconds. Check the network and try again.")
            data = os.read(stream.fileno(), 65_536)
            *whole, rest = re.split(rb"[\r\n]+", rest + data)
            yield from (line.decode(errors="replace").strip() for line in whole if line.strip())
            if not data:
                if rest.strip():
                    yield rest.decode(errors="replace").strip()
                return
