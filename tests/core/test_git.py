"""Git, through the real program and repositories on disk."""

import os
import shutil
import socket
import stat
import threading
from pathlib import Path

import pytest
from repositories import commit_files, global_settings, make_repository, put, run_git

from espalier import cli
from espalier import git as program
from espalier.errors import Cancelled, EspalierError
from espalier.git import check_address, clone, git, is_address
from espalier.git_errors import GitError, shown
from espalier.project import create_around
from espalier.taxonomy.adopt import adopt
from espalier.taxonomy.git import Change, changed_leaves, commit, is_versioned, leaf_diff, uncommitted_leaves
from espalier.taxonomy.history import History, begin_history, read_history

OTTERS, OWLS, SUMS = "knowledge/animals/otters", "knowledge/animals/owls", "compositional_skills/sums"


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in global_settings(tmp_path_factory.mktemp("git")).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository and a clone of it."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in global_settings(folder).items():
            patch.setenv(name, value)
        files = {f"{leaf}/qna.yaml": "version: 3\n" for leaf in (OTTERS, OWLS, SUMS)}
        make_repository(folder / "upstream", {**files, f"{OTTERS}/attribution.txt": "Otters\n", "README.md": "A.\n"})
        clone(str(folder / "upstream"), folder / "taxonomy")
    return folder


@pytest.fixture
def upstream(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template / "upstream", tmp_path / "upstream"))


@pytest.fixture
def taxonomy(upstream: Path, template: Path, tmp_path: Path) -> Path:
    root = Path(shutil.copytree(template / "taxonomy", tmp_path / "taxonomy"))
    settings = root / ".git" / "config"
    settings.write_text(settings.read_text().replace(str(template), str(tmp_path)))
    return root


def test_nothing_changed_in_a_fresh_clone(taxonomy: Path) -> None:
    assert changed_leaves(taxonomy) == []
    bases = ("HEAD", "main", "origin/main")
    assert read_history(taxonomy) == History("main", "origin/main", bases, name="Ada Lovelace", email="ada@example.org")


def test_committed_staged_unstaged_and_untracked_leaves_are_changes(taxonomy: Path) -> None:
    commit_files(taxonomy, {f"{OTTERS}/qna.yaml": "version: 3 # committed\n"})
    put(taxonomy, {"knowledge/new/qna.yaml": "a", "knowledge/staged/qna.yaml": "b", f"{SUMS}/qna.yaml": "unstaged"})
    run_git(taxonomy, "add", "knowledge/staged/qna.yaml")
    (taxonomy / OWLS / "qna.yaml").unlink()
    assert changed_leaves(taxonomy) == [
        Change(SUMS, "changed"),
        Change(OTTERS, "changed"),
        Change(OWLS, "deleted"),
        Change("knowledge/new", "added"),
        Change("knowledge/staged", "added"),
    ]
    assert [change.leaf for change in uncommitted_leaves(taxonomy)] == [SUMS, OWLS, "knowledge/new", "knowledge/staged"]


def test_a_moved_leaf_is_one_deleted_and_one_added(taxonomy: Path) -> None:
    run_git(taxonomy, "mv", OWLS, "knowledge/animals/eagles")
    assert changed_leaves(taxonomy) == [Change("knowledge/animals/eagles", "added"), Change(OWLS, "deleted")]


def test_a_leaf_taken_out_of_the_index_but_kept_on_disk_is_changed(taxonomy: Path) -> None:
    run_git(taxonomy, "rm", "--quiet", "--cached", f"{OWLS}/qna.yaml")
    assert changed_leaves(taxonomy) == [Change(OWLS, "changed")]


def test_only_leaf_files_of_the_two_branches_count(taxonomy: Path) -> None:
    put(taxonomy, {"foundational_skills/x/qna.yaml": "a", "knowledge/x/qna.yml": "a", "knowledge/x/a.txt": "a"})
    put(taxonomy, {".gitignore": "ignored\n", "knowledge/ignored/qna.yaml": "a", "qna.yaml": "a"})
    assert changed_leaves(taxonomy) == []


def test_every_leaf_is_new_against_everything_even_without_a_repository(taxonomy: Path) -> None:
    (taxonomy / ".git").rename(taxonomy.parent / "moved")
    assert [change.leaf for change in changed_leaves(taxonomy, "empty")] == [SUMS, OTTERS, OWLS]
    assert not is_versioned(taxonomy)


def test_what_others_did_on_the_base_since_is_no_change_of_ours(taxonomy: Path, upstream: Path) -> None:
    commit_files(upstream, {f"{OTTERS}/qna.yaml": "theirs\n"})
    run_git(taxonomy, "fetch", "--quiet")
    put(taxonomy, {"knowledge/mine/qna.yaml": "ours\n"})
    assert changed_leaves(taxonomy) == [Change("knowledge/mine", "added")]


def test_any_commit_can_be_the_base(taxonomy: Path) -> None:
    first = run_git(taxonomy, "rev-parse", "HEAD")
    commit_files(taxonomy, {f"{OTTERS}/qna.yaml": "one\n"})
    commit_files(taxonomy, {f"{OWLS}/qna.yaml": "two\n"})
    assert changed_leaves(taxonomy, "HEAD") == []
    assert changed_leaves(taxonomy, "HEAD~1") == [Change(OWLS, "changed")]
    assert changed_leaves(taxonomy, first[:8]) == [Change(OTTERS, "changed"), Change(OWLS, "changed")]


def test_a_taxonomy_may_be_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    make_repository(tmp_path / "project", {f"taxonomy/{OTTERS}/qna.yaml": "a\n", "knowledge/not_ours/qna.yaml": "a\n"})
    put(tmp_path / "project", {f"taxonomy/{OTTERS}/qna.yaml": "b\n", "knowledge/not_ours/qna.yaml": "b\n"})
    put(tmp_path / "project", {f"taxonomy/{OWLS}/qna.yaml": "c\n"})
    taxonomy = tmp_path / "project" / "taxonomy"
    assert changed_leaves(taxonomy, "main") == [Change(OTTERS, "changed"), Change(OWLS, "added")]
    assert len(uncommitted_leaves(taxonomy)) == 2


@pytest.mark.parametrize("base", ["nowhere", "--output=stolen", "-x", "", "main..main", "\n"])
def test_a_base_that_does_not_exist_is_one_sentence(taxonomy: Path, base: str) -> None:
    with pytest.raises(GitError, match="has no branch, tag or commit"):
        changed_leaves(taxonomy, base)
    assert not (taxonomy / "stolen").exists()


def test_histories_without_a_common_commit_are_one_sentence(taxonomy: Path) -> None:
    run_git(taxonomy, "checkout", "--quiet", "--orphan", "alone")
    run_git(taxonomy, "commit", "--quiet", "-m", "alone")
    with pytest.raises(GitError, match="no commit in common"):
        changed_leaves(taxonomy)


def test_names_with_spaces_accents_and_line_breaks_come_through(taxonomy: Path) -> None:
    leaves = ["knowledge/a b", "knowledge/été", "knowledge/line\nbreak", "knowledge/*", "knowledge/:(top)x"]
    put(taxonomy, {f"{leaf}/qna.yaml": "a\n" for leaf in leaves})
    assert {change.leaf for change in changed_leaves(taxonomy)} == set(leaves)
    commit(taxonomy, "the star alone", ["knowledge/*"])
    assert {change.leaf for change in changed_leaves(taxonomy, "HEAD")} == set(leaves) - {"knowledge/*"}


def test_the_diff_of_a_leaf_holds_changed_and_new_files_of_it_alone(taxonomy: Path) -> None:
    put(taxonomy, {f"{OTTERS}/qna.yaml": "version: 4\n", f"{OWLS}/qna.yaml": "x\n", f"{OTTERS}/more.txt": "more\n"})
    text = leaf_diff(taxonomy, OTTERS)
    assert "-version: 3\n+version: 4\n" in text
    assert "+more" in text
    assert "owls" not in text
    assert leaf_diff(taxonomy, SUMS) == ""


def test_a_repository_without_a_commit_shows_its_files_as_new(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet")
    put(tmp_path, {f"{OTTERS}/qna.yaml": "a\n"})
    assert "+a" in leaf_diff(tmp_path, OTTERS)
    assert len(commit(tmp_path, "first")) == 40


def test_a_commit_is_signed_off_and_holds_only_what_was_asked_for(taxonomy: Path) -> None:
    put(taxonomy, {f"{OTTERS}/qna.yaml": "new\n", f"{OWLS}/qna.yaml": "new\n", "knowledge/new/qna.yaml": "new\n"})
    run_git(taxonomy, "add", OWLS)
    made = commit(taxonomy, "Otters eat more\n\n# not a comment", [OTTERS, "knowledge/new"])
    assert made == run_git(taxonomy, "rev-parse", "HEAD")
    message = run_git(taxonomy, "log", "-1", "--format=%B")
    assert message.startswith("Otters eat more")
    assert "# not a comment" in message
    assert "Signed-off-by: Ada Lovelace <ada@example.org>" in message
    assert changed_leaves(taxonomy, "HEAD") == [Change(OWLS, "changed")]
    (taxonomy / OTTERS / "qna.yaml").unlink()
    commit(taxonomy, "gone", [OTTERS])
    assert not run_git(taxonomy, "ls-files", f"{OTTERS}/qna.yaml")
    commit(taxonomy, "the rest")
    assert not run_git(taxonomy, "status", "--porcelain")
    with pytest.raises(EspalierError, match="Nothing changed"):
        commit(taxonomy, "again")
    with pytest.raises(EspalierError, match="needs a message"):
        commit(taxonomy, " ")


def test_a_leaf_is_committed_without_those_below_it_and_with_its_other_files(taxonomy: Path) -> None:
    put(
        taxonomy,
        {f"{OTTERS}/qna.yaml": "new\n", f"{OTTERS}/sea/qna.yaml": "a\n", f"{OTTERS}/sea/deep/notes.txt": "b\n"},
    )
    assert "+new" in leaf_diff(taxonomy, OTTERS)
    assert "+a" not in leaf_diff(taxonomy, OTTERS)
    assert "+b" in leaf_diff(taxonomy, f"{OTTERS}/sea")
    commit(taxonomy, "the outer", [OTTERS])
    assert uncommitted_leaves(taxonomy) == [Change(f"{OTTERS}/sea", "added")]
    put(taxonomy, {f"{OWLS}/attribution.txt": "Owls\n"})
    assert Change(OWLS, "changed") in uncommitted_leaves(taxonomy)
    commit(taxonomy, "the others", [OWLS, f"{OTTERS}/sea"])
    assert uncommitted_leaves(taxonomy) == []
    run_git(taxonomy, "rm", "--quiet", "-r", OWLS)
    commit(taxonomy, "gone", [OWLS])
    assert not run_git(taxonomy, "status", "--porcelain")


def test_thousands_of_leaves_are_committed_at_once(taxonomy: Path) -> None:
    leaves = [f"knowledge/{'long_' * 30}{number}" for number in range(2_000)]  # together more than a command line holds
    put(taxonomy, {f"{leaf}/qna.yaml": "a\n" for leaf in leaves})
    commit(taxonomy, "many", leaves)
    assert uncommitted_leaves(taxonomy) == []


def test_a_person_whom_git_does_not_know_gives_a_name(taxonomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    run_git(taxonomy, "config", "user.useConfigOnly", "true")
    put(taxonomy, {f"{OTTERS}/qna.yaml": "new\n"})
    history = read_history(taxonomy)
    assert history
    assert (history.name, history.email) == ("", "")
    commit(taxonomy, "x", [OTTERS], "-Grace =Hopper", "grace@example.org")
    assert "Signed-off-by: -Grace =Hopper <grace@example.org>" in run_git(taxonomy, "log", "-1", "--format=%B")


def test_the_base_is_the_wanted_one_or_the_public_one_or_the_last_commit(taxonomy: Path) -> None:
    commit_files(taxonomy, {f"{OTTERS}/qna.yaml": "one\n"})
    run_git(taxonomy, "branch", "before", "HEAD~1")
    put(taxonomy, {f"{SUMS}/qna.yaml": "two\n"})

    def seen(wanted: str) -> tuple[str, list[str], list[str]]:
        history = read_history(taxonomy, wanted)
        assert history
        assert not history.problem
        return history.base, list(history.changes), list(history.uncommitted)

    assert seen("") == ("origin/main", [SUMS, OTTERS], [SUMS])
    assert seen("before") == ("before", [SUMS, OTTERS], [SUMS])
    assert seen("HEAD") == ("HEAD", [SUMS], [SUMS])
    assert seen("gone") == ("origin/main", [SUMS, OTTERS], [SUMS])
    run_git(taxonomy, "remote", "remove", "origin")
    assert seen("") == ("HEAD", [SUMS], [SUMS])
    run_git(taxonomy, "checkout", "--quiet", "--detach")
    history = read_history(taxonomy)
    assert history
    assert (history.branch, history.bases) == ("", ("HEAD", "main", "before"))


def test_a_history_begins_where_there_is_none(tmp_path: Path) -> None:
    put(tmp_path / "taxonomy", {f"{OTTERS}/qna.yaml": "a\n"})
    assert read_history(tmp_path / "taxonomy") is None
    begin_history(tmp_path / "taxonomy")
    history = read_history(tmp_path / "taxonomy")
    assert history
    assert (history.branch, history.base) == ("main", "HEAD")
    assert history.changes == history.uncommitted == {OTTERS: "added"}
    with pytest.raises(EspalierError, match="already"):
        begin_history(tmp_path / "taxonomy")


def test_a_taxonomy_that_a_repository_ignores_has_no_history(tmp_path: Path) -> None:
    make_repository(tmp_path / "outer", {".gitignore": "project/\n"})
    put(tmp_path / "outer" / "project" / "taxonomy", {f"{OTTERS}/qna.yaml": "a\n"})
    assert read_history(tmp_path / "outer" / "project" / "taxonomy") is None


def test_a_broken_repository_is_one_sentence(taxonomy: Path) -> None:
    for file in (taxonomy / ".git" / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    history = read_history(taxonomy)
    assert history
    assert history.problem.startswith("Git could not do this in")


def test_a_commit_without_a_name_says_how_to_give_one(taxonomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    run_git(taxonomy, "config", "user.useConfigOnly", "true")
    put(taxonomy, {f"{OTTERS}/qna.yaml": "new\n"})
    with pytest.raises(GitError, match=r"Set `git config --global user\.name`"):
        commit(taxonomy, "x")


@pytest.mark.parametrize("leaf", ["../other", "/etc", "knowledge/../../x", "", ".git/config", "a\0b"])
def test_paths_that_lead_out_of_the_taxonomy_are_refused(taxonomy: Path, leaf: str) -> None:
    with pytest.raises(EspalierError, match="leads out of the taxonomy"):
        leaf_diff(taxonomy, leaf)
    with pytest.raises(EspalierError, match="leads out of the taxonomy"):
        commit(taxonomy, "x", [leaf])


def test_nothing_that_a_repository_brings_is_run(taxonomy: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    trap.chmod(trap.stat().st_mode | stat.S_IEXEC)
    for hook in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "post-checkout", "post-index-change"):
        (taxonomy / ".git" / "hooks").mkdir(exist_ok=True)
        (taxonomy / ".git" / "hooks" / hook).symlink_to(trap)
    for name in ("core.fsmonitor", "diff.external", "core.pager", "core.editor", "filter.t.clean", "filter.t.process"):
        run_git(taxonomy, "config", name, str(trap))
    for name in ("diff.t.textconv", "diff.t.command", "filter.t.smudge"):
        run_git(taxonomy, "config", name, str(trap))
    put(taxonomy, {".gitattributes": "*.yaml filter=t diff=t\n", f"{OTTERS}/qna.yaml": "new\n"})
    mark.unlink(missing_ok=True)
    changed_leaves(taxonomy)
    read_history(taxonomy)
    leaf_diff(taxonomy, OTTERS)
    commit(taxonomy, "x")
    assert not mark.exists()
    run_git(taxonomy, "status")
    assert mark.exists(), "the trap works: plain Git does run it"


def test_a_folder_that_only_looks_like_a_bare_repository_is_none(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet", "--bare", "trap")
    put(tmp_path / "trap", {f"{OTTERS}/qna.yaml": "a"})
    run_git(tmp_path / "trap", "config", "core.worktree", ".")
    assert not is_versioned(tmp_path / "trap" / "knowledge")


def test_variables_of_a_surrounding_git_do_not_leak_in(
    taxonomy: Path, upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(upstream, {"knowledge/wrong/qna.yaml": "a"})
    monkeypatch.setenv("GIT_DIR", str(upstream / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(upstream))
    assert changed_leaves(taxonomy) == []


@pytest.mark.parametrize(
    "address", ["ext::sh -c whoami", "fd::17", "--upload-pack=touch x", "ftp://example.org/x", " ", "https://a\n.b/c"]
)
def test_addresses_that_could_run_something_are_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not an address"):
        clone(address, tmp_path / "clone")
    assert not (tmp_path / "clone").exists()


def test_addresses_and_paths_are_told_apart() -> None:
    for address in ("https://x.org/a", "ssh://x/a", "git@github.com:a/b.git", "host:a/b", "ext::sh", "file:///a"):
        assert is_address(address), address
    for path in ("a", "./a", "/a/b", "a/b", "../a", "~/a"):
        assert not is_address(path), path
    assert shown("https://ada:secret@x.org/a") == "https://x.org/a"
    check_address("git@github.com:a/b.git")


def test_a_missing_repository_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    for address in (str(tmp_path / "none"), f"file://{tmp_path}/none"):
        with pytest.raises(GitError, match="There is no Git repository at"):
            clone(address, tmp_path / "clone")
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_host_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(GitError, match="cannot be reached"):
        clone(f"http://127.0.0.1:{port}/x.git", tmp_path / "clone")


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_refusal_is_one_sentence_without_the_password(tmp_path: Path, code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    caller.recv(65_536)
                    login = 'WWW-Authenticate: Basic realm="x"\r\n' if code == 401 else ""
                    caller.sendall(
                        f"HTTP/1.1 {code} No\r\n{login}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
                    )

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(GitError, match=r"is not there|There is no Git repository") as caught:
            clone(f"http://ada:s3cret@127.0.0.1:{server.getsockname()[1]}/x.git", tmp_path / "clone")
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    assert "s3cret" not in str(caught.value)


def test_a_silent_host_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "SILENT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(GitError, match="heard nothing"):
        clone(f"git://127.0.0.1:{server.getsockname()[1]}/x.git", tmp_path / "clone")


def test_a_missing_git_says_how_to_get_it(taxonomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GitError, match="Git is not installed"):
        git(taxonomy, "status")


def test_a_clone_reports_and_can_be_cancelled(upstream: Path, tmp_path: Path) -> None:
    commit_files(upstream, {"big.bin": os.urandom(3_000_000)})
    seen: list[tuple[str, float]] = []
    clone(f"file://{upstream}", tmp_path / "whole", lambda text, share: seen.append((text, share)))
    assert seen[-1][1] == 1
    assert all(0 <= share <= 1 for _, share in seen)

    def cancel(text: str, share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        clone(f"file://{upstream}", tmp_path / "cancelled", cancel)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["upstream", "whole"]


def test_a_project_around_a_clone_is_whole_or_not_there(upstream: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for error in (Cancelled, EspalierError("x")):

        def bring(place: Path, error: BaseException | type[BaseException] = error) -> None:
            adopt(f"file://{upstream}", place)
            raise error

        with pytest.raises((Cancelled, EspalierError)):
            create_around(tmp_path / "new", bring)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "upstream"]
    create_around(tmp_path / "empty", lambda place: adopt(f"file://{upstream}", place))
    assert {path.name for path in (tmp_path / "empty").iterdir()} == {"project.yaml", "taxonomy", "documents"}


def test_a_new_project_is_made_around_a_clone(upstream: Path, tmp_path: Path) -> None:
    run_git(tmp_path, "clone", "--quiet", "--bare", "upstream", "bare")
    project = tmp_path / "deep" / "project"
    assert cli.main(["new", str(project), "--taxonomy", f"file://{upstream}", "--dial", "quick"]) == 0
    assert (project / "taxonomy" / OTTERS / "qna.yaml").is_file()
    assert changed_leaves(project / "taxonomy") == []
    assert "dial: quick" in (project / "project.yaml").read_text()
    assert cli.main(["new", str(tmp_path / "of_bare"), "--taxonomy", str(tmp_path / "bare")]) == 0
    assert changed_leaves(tmp_path / "of_bare" / "taxonomy") == []


def test_a_new_project_around_a_folder_has_its_history_and_its_changes(upstream: Path, tmp_path: Path) -> None:
    put(upstream, {"knowledge/draft/qna.yaml": "draft\n"})
    (tmp_path / "outside").write_text("secret")
    (upstream / "knowledge" / "link.txt").symlink_to(tmp_path / "outside")
    adopt(str(upstream), tmp_path / "copy")
    assert changed_leaves(tmp_path / "copy", "main") == [Change("knowledge/draft", "added")]
    assert not (tmp_path / "copy" / "knowledge" / "link.txt").exists()


def test_only_leaves_that_changed_are_checked_since_a_base(taxonomy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(taxonomy), "--since", "origin/main"]) == 0
    put(taxonomy, {f"{OTTERS}/qna.yaml": "version: [\n"})
    (taxonomy / OWLS / "qna.yaml").unlink()
    assert cli.main(["check", str(taxonomy), "--since", "origin/main"]) == 1
    shown_there = capsys.readouterr()
    assert shown_there.err == f"changed {OTTERS}\ndeleted {OWLS}\n"
    assert OTTERS in shown_there.out
    assert SUMS not in shown_there.out
    assert cli.main(["check", str(taxonomy / SUMS / "qna.yaml"), "--since", "main"]) == 1
    assert "needs a whole taxonomy" in capsys.readouterr().err


def test_what_is_no_taxonomy_makes_no_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_repository(tmp_path / "code", {"main.c": "int main;"})
    put(tmp_path / "photos", {"a.txt": "a"})
    for source in ("code", "photos", "missing"):
        assert cli.main(["new", str(tmp_path / "project"), "--taxonomy", str(tmp_path / source)]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1
    put(tmp_path / "taxonomy", {"knowledge/a/qna.yaml": "a"})
    inside = tmp_path / "taxonomy" / "project"
    assert cli.main(["new", str(inside), "--taxonomy", str(tmp_path / "taxonomy")]) == 1
    assert "inside the taxonomy" in capsys.readouterr().err
    put(tmp_path / "full", {"a": "a"})
    assert cli.main(["new", str(tmp_path / "full"), "--taxonomy", str(tmp_path / "taxonomy")]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["code", "full", "photos", "taxonomy"]
    assert sorted(path.name for path in (tmp_path / "taxonomy").iterdir()) == ["knowledge"]
