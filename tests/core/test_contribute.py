"""Leaves given back to the taxonomy they came from, through the real Git and a real remote on disk."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from core.test_cards import report
from repositories import commit_files, global_settings, make_repository, put, run_git
from taxonomy_texts import MODES, knowledge, skill, text_of

from espalier import cli, errands
from espalier.errors import Cancelled, EspalierError
from espalier.git import clone
from espalier.project import Project, create_around
from espalier.sharing.contribute import contribute, plan
from espalier.sharing.remotes import compare_page
from espalier.taxonomy.tree_check import check_tree

OTTERS, OWLS, SUMS = "knowledge/animals/otters", "knowledge/animals/owls", "compositional_skills/sums"
WORK = "Title of work: {}\nLink to work: -\nRevision: -\nLicense of the work: CC-BY-4.0\nCreator names: Ada\n"
Git = Callable[..., str]


def leaf_files(path: str, **changes: Any) -> dict[str, str | bytes]:
    make = knowledge if path.startswith("knowledge") else skill
    return {f"{path}/qna.yaml": text_of(make(**changes)), f"{path}/attribution.txt": WORK.format(path)}


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("git")
    for name, value in global_settings(folder).items():
        monkeypatch.setenv(name, value)
    return folder / "gitconfig"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository of a taxonomy, and a project around a clone of it."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in global_settings(folder).items():
            patch.setenv(name, value)
        make_repository(folder / "work", {**leaf_files(OTTERS), **leaf_files(SUMS), "README.md": "A taxonomy.\n"})
        run_git(folder, "clone", "--quiet", "--bare", "work", "remote.git")
        create_around(folder / "project", lambda place: clone(str(folder / "remote.git"), place))
    return folder


@pytest.fixture
def remote(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template / "remote.git", tmp_path / "remote.git"))


@pytest.fixture
def project(remote: Path, template: Path, tmp_path: Path) -> Project:
    root = Path(shutil.copytree(template / "project", tmp_path / "project"))
    settings = root / "taxonomy" / ".git" / "config"
    settings.write_text(settings.read_text().replace(str(template), str(tmp_path)))
    put(root / "taxonomy", {**leaf_files(OWLS), f"{OWLS}/notes.txt": "mine\n", f"{OWLS}/.DS_Store": "x"})
    return Project(root)


def state_of(project: Project) -> tuple[object, ...]:
    """Return everything of a clone that a contribution must leave as it is."""
    taxonomy = project.taxonomy
    files = sorted(
        (str(path.relative_to(taxonomy)), path.read_bytes())
        for path in taxonomy.rglob("*")
        if path.is_file() and (".git" not in path.parts or path.name in ("HEAD", "config"))
    )
    refs = run_git(taxonomy, "for-each-ref", "refs/heads/main", "refs/remotes", "refs/tags", "--format=%(objectname)")
    staged = run_git(taxonomy, "ls-files", "--stage")
    return files, refs, staged, run_git(taxonomy, "--no-optional-locks", "status", "--porcelain")


def in_commit(repository: Path, commit: str) -> list[str]:
    return run_git(repository, "diff-tree", "-r", "--name-only", "--no-commit-id", "--root", commit).splitlines()


def test_a_new_leaf_is_pushed_signed_off_with_its_two_files_and_nothing_else(
    project: Project, remote: Path, tmp_path: Path
) -> None:
    put(project.taxonomy, {f"{SUMS}/qna.yaml": "unfinished", "README.md": "mine\n"})
    run_git(project.taxonomy, "add", "README.md")
    before = state_of(project)
    made = contribute(project, [OWLS])
    assert state_of(project) == before
    assert (made["problem"], made["patch"]) == ("", "")
    assert made["branch"] == "espalier/add-knowledge-owls"
    assert run_git(remote, "rev-parse", made["branch"]) == made["commit"]
    assert in_commit(remote, made["commit"]) == [f"{OWLS}/attribution.txt", f"{OWLS}/qna.yaml"]
    message = run_git(remote, "show", "-s", "--format=%an <%ae>%n%B", made["commit"])
    assert message == (
        "Ada Lovelace <ada@example.org>\nAdd knowledge: owls\n\nSigned-off-by: Ada Lovelace <ada@example.org>"
    )
    assert run_git(remote, "rev-parse", f"{made['commit']}^") == run_git(remote, "rev-parse", "main")
    run_git(tmp_path, "clone", "--quiet", "--branch", made["branch"], str(remote), "checked")
    for mode in MODES:
        assert not [
            each for each in check_tree(tmp_path / "checked", mode) if each.is_error or each.code == "no-attribution"
        ]


def test_changed_committed_and_deleted_leaves_are_contributed_too(project: Project, remote: Path) -> None:
    commit_files(project.taxonomy, leaf_files(SUMS, task_description="Add two numbers."), "mine")
    shutil.rmtree(project.taxonomy / OTTERS)
    found = {each["leaf"]: each["state"] for each in plan(project)["leaves"]}
    assert found == {SUMS: "changed", OTTERS: "deleted", OWLS: "added"}
    made = contribute(project, [SUMS, OTTERS], name="Bea", email="bea@example.org")
    assert made["title"] == "Change leaves: sums, otters"
    assert in_commit(remote, made["commit"]) == [f"{SUMS}/qna.yaml", f"{OTTERS}/attribution.txt", f"{OTTERS}/qna.yaml"]
    assert "Signed-off-by: Bea <bea@example.org>" in run_git(remote, "show", "-s", "--format=%B", made["commit"])
    assert run_git(remote, "show", f"{made['commit']}:{SUMS}/qna.yaml").count("Add two numbers.") == 1


def test_doing_it_again_is_the_same_branch_and_another_text_another(project: Project, remote: Path) -> None:
    first = contribute(project)
    assert contribute(project)["commit"] == first["commit"]
    put(project.taxonomy, leaf_files(OWLS, domain="birds"))
    second = contribute(project)
    assert second["branch"] == f"{first['branch']}-2"
    assert run_git(remote, "rev-parse", first["branch"]) == first["commit"]


def test_a_detached_head_and_a_remote_that_moved_on_are_no_matter(
    project: Project, remote: Path, tmp_path: Path
) -> None:
    run_git(tmp_path, "clone", "--quiet", str(remote), "other")
    commit_files(tmp_path / "other", leaf_files("knowledge/theirs"), "theirs")
    run_git(tmp_path / "other", "push", "--quiet", "origin", "main")
    run_git(project.taxonomy, "checkout", "--quiet", "--detach")
    before = state_of(project)
    made = contribute(project)
    assert state_of(project) == before
    assert not made["problem"]
    assert in_commit(remote, made["commit"]) == [f"{OWLS}/attribution.txt", f"{OWLS}/qna.yaml"]
    assert run_git(remote, "merge-base", "main", made["branch"]) == run_git(
        project.taxonomy, "rev-parse", "origin/main"
    )


def test_a_taxonomy_in_a_folder_of_a_larger_repository_and_odd_names(project: Project, tmp_path: Path) -> None:
    make_repository(tmp_path / "all" / "work", {"notes.txt": "n\n", f"taxonomy/{OTTERS}/qna.yaml": "old\n"})
    run_git(tmp_path / "all", "clone", "--quiet", "--bare", "work", "all.git")
    run_git(tmp_path / "all", "clone", "--quiet", "all.git", "project")
    root = tmp_path / "all" / "project"
    leaf = "knowledge/été *[a]"
    put(root / "taxonomy", {**leaf_files(leaf), f"{OTTERS}/qna.yaml": "mine\n"})
    put(root, {"notes.txt": "mine\n"})
    shutil.copy(project.root / "project.yaml", root)
    made = contribute(Project(root), [leaf])
    assert in_commit(tmp_path / "all" / "all.git", f"{made['commit']}") == [
        '"taxonomy/knowledge/\\303\\251t\\303\\251 *[a]/attribution.txt"',
        '"taxonomy/knowledge/\\303\\251t\\303\\251 *[a]/qna.yaml"',
    ]


def test_without_a_remote_it_is_a_patch_that_others_can_apply(project: Project, remote: Path, tmp_path: Path) -> None:
    run_git(project.taxonomy, "remote", "remove", "origin")
    assert plan(project)["remotes"] == []
    made = contribute(project, [OWLS], patch=tmp_path / "owls.patch")
    assert (made["patch"], made["problem"]) == (str(tmp_path / "owls.patch"), "")
    run_git(tmp_path, "clone", "--quiet", str(remote), "other")
    run_git(tmp_path / "other", "am", "--quiet", made["patch"])
    assert (tmp_path / "other" / OWLS / "qna.yaml").read_bytes() == (project.taxonomy / OWLS / "qna.yaml").read_bytes()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9/owner/taxonomy.git", "cannot be reached"),
        ("{remote}-gone", "There is no Git repository"),
        ("ext::sh -c 'touch stolen'", "not an address"),
    ],
)
def test_a_push_that_fails_becomes_a_patch_file(project: Project, remote: Path, address: str, words: str) -> None:
    before = state_of(project)
    made = contribute(project, push=address.format(remote=remote))
    assert words in made["problem"]
    assert Path(made["patch"]).read_bytes().startswith(b"From ")
    assert Path(made["patch"]).parent == project.root / "contributions"
    assert run_git(project.taxonomy, "rev-parse", made["branch"]) == made["commit"]
    assert state_of(project) == before
    assert not list(project.root.rglob("stolen"))


def test_a_hook_that_refuses_is_told_in_a_sentence(project: Project, remote: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no contributions >&2\nexit 1\n")
    hook.chmod(0o755)
    made = contribute(project)
    assert "refused the branch" in made["problem"]
    assert Path(made["patch"]).is_file()


def test_another_branch_of_the_name_on_the_remote_is_not_overwritten(project: Project, remote: Path) -> None:
    theirs = run_git(remote, "commit-tree", "-m", "theirs", "main^{tree}")
    run_git(remote, "update-ref", "refs/heads/espalier/add-knowledge-owls", theirs)
    made = contribute(project)
    assert "another branch of this name" in made["problem"]
    assert run_git(remote, "rev-parse", "espalier/add-knowledge-owls") == theirs


def test_nobody_signs_without_a_name(project: Project, own_settings: Path) -> None:
    own_settings.write_text("")
    assert (plan(project)["name"], plan(project)["email"]) == ("", "")
    with pytest.raises(EspalierError, match="Git does not know who you are"):
        contribute(project)
    assert "Signed-off-by: Bea <b@c.de>" in run_git(
        project.taxonomy, "show", "-s", "--format=%B", contribute(project, name="Bea", email="b@c.de")["commit"]
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda leaf: (leaf / "attribution.txt").unlink(), "takes no leaf without its sources"),
        (lambda leaf: (leaf / "qna.yaml").write_text((leaf / "qna.yaml").read_text() + "\n\n\n\n"), "blank"),
        (lambda leaf: (leaf / "qna.yaml").write_text("version: 9\n"), "version"),
        (
            lambda leaf: ((leaf / "attribution.txt").unlink(), (leaf / "attribution.txt").symlink_to("/etc/hostname")),
            "is a link",
        ),
    ],
)
def test_a_leaf_that_the_taxonomy_would_not_take_is_not_contributed(
    project: Project, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(project.taxonomy / OWLS)
    (leaf,) = plan(project)["leaves"]
    assert leaf["problems"]
    with pytest.raises(EspalierError, match=f"{OWLS} cannot be contributed yet.*{words}"):
        contribute(project)
    assert "espalier" not in run_git(project.taxonomy, "branch", "--list", "--all")


def test_nothing_changed_and_no_history_are_told(project: Project, tmp_path: Path) -> None:
    with pytest.raises(EspalierError, match="is as it is"):
        contribute(project, [OTTERS])
    shutil.rmtree(project.taxonomy / OWLS)
    for ask in (plan, contribute):
        with pytest.raises(EspalierError, match="nothing to contribute"):
            ask(project)
    shutil.rmtree(project.taxonomy / ".git")
    with pytest.raises(EspalierError, match="Keep History"):
        plan(project)


def test_local_documents_and_personal_data_are_hints(project: Project) -> None:
    document = {"repo": "local", "commit": "local", "patterns": ["*.md"]}
    text = text_of(knowledge(document=document)).replace("Fish 0.", "Write to otto@galaxy.net.", 1)
    put(project.taxonomy, {f"{OWLS}/qna.yaml": text})
    found = plan(project)
    assert {"local-documents", "personal-data"} <= {hint["code"] for hint in found["leaves"][0]["hints"]}
    assert not found["leaves"][0]["problems"]
    assert "- [ ] No personal data" in found["text"]
    assert any(hint.startswith(f"{OWLS}: ") for hint in contribute(project)["hints"])


def test_the_text_has_the_answers_that_were_measured(project: Project) -> None:
    assert "Not measured" in plan(project)["text"]
    run = project.runs / "2026-01-01T00-00-00"
    put(run, {"adapter/x": "x", "request.json": json.dumps({"key": "k", "student": "smollm2-135m-instruct"})})
    rows = [(OWLS, "Who hunts?", "```\nCats.", "Owls.", False, True), (OTTERS, "Other?", "a", "b", False, True)]
    (run / "report.json").write_text(json.dumps(report(rows)))
    text = plan(project, [OWLS])["text"]
    assert "Of 1 held-out questions on it the base answers 0 right and the tuned model 1." in text
    assert "**Response from the original model** (wrong)\n\n````text\n```\nCats.\n````" in text
    assert "**Response from the fine-tuned model** (right)\n\n```text\nOwls.\n```" in text
    assert "Other?" not in text
    assert f"- `{OWLS}`, added: About otters" in text


@pytest.mark.parametrize(
    ("pushed", "upstream", "page"),
    [
        (
            "https://github.com/me/taxonomy.git",
            "https://github.com/org/taxonomy",
            "github.com/org/taxonomy/compare/main...me:b/c",
        ),
        (
            "git@github.com:me/taxonomy.git",
            "https://github.com/org/taxonomy",
            "github.com/org/taxonomy/compare/main...me:b/c",
        ),
        (
            "ssh://git@github.com:22/org/taxonomy.git",
            "git@github.com:org/taxonomy.git",
            "github.com/org/taxonomy/compare/main...b/c",
        ),
        (
            "https://ada:hf_secret@github.com/org/t",
            "https://ada:hf_secret@github.com/org/t",
            "github.com/org/t/compare/main...b/c",
        ),
        ("git@gitlab.com:a/b/t.git", "git@gitlab.com:a/b/t.git", "gitlab.com/a/b/t/-/merge_requests/new"),
        ("https://gitlab.example.org/a/t", "https://github.com/a/t", "gitlab.example.org/a/t/-/merge_requests/new"),
        ("/srv/taxonomy.git", "https://github.com/org/taxonomy", ""),
        ("https://example.org/a/t.git", "https://example.org/a/t.git", ""),
    ],
)
def test_the_page_that_compares_is_found_from_the_address(pushed: str, upstream: str, page: str) -> None:
    found = compare_page(pushed, upstream, "main", "b/c", "Add owls & more", "Some *text*")
    parts = urlsplit(found)
    assert parts.netloc + parts.path == page
    assert "secret" not in found
    if page:
        assert "Add owls & more" in str(parse_qs(parts.query))
        assert "Some *text*" in str(parse_qs(parts.query))
        long = compare_page(pushed, upstream, "main", "b/c", "Add owls", "x" * 9_000)
        assert len(long) < 500


def test_the_command_prints_the_text_and_says_what_was_done(
    project: Project, remote: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["contribute", str(project.root), "--leaf", f"{OWLS}/", "--title", "Add owls"]) == 0
    out = capsys.readouterr()
    assert out.out.startswith(f"- `{OWLS}`, added")
    assert "branch espalier/add-owls" in out.err
    assert run_git(remote, "rev-parse", "espalier/add-owls")
    patch = project.root / "mine.patch"
    assert cli.main(["contribute", str(project.root), "--patch", str(patch), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["patch"] == str(patch)
    assert patch.is_file()
    assert cli.main(["contribute", str(project.root), "--to", "/nowhere/at/all"]) == 1
    assert "There is no Git repository" in capsys.readouterr().err


def test_the_window_asks_it_as_errands_and_can_stop_a_push(project: Project, remote: Path) -> None:
    arguments = {"project": str(project.root)}
    found = errands.run("contribute_plan", arguments, lambda event: None)
    assert json.loads(json.dumps(found))["title"] == "Add knowledge: owls"
    put(project.taxonomy, {f"{OWLS}/qna.yaml": text_of(knowledge(document_outline=os.urandom(300_000).hex()))})

    def stop(event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        errands.run("contribute", arguments, stop)
    assert not run_git(remote, "branch", "--list", "espalier/*")
    assert errands.run("contribute", arguments, lambda event: None)["problem"] == ""
