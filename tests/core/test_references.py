"""Documents that a leaf names by repository, commit and patterns."""

import glob
import os
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import pdf, prose
from repositories import commit_files, global_settings, make_repository, run_git

from espalier import cli
from espalier.documents.patterns import matching
from espalier.documents.reference import import_reference, read_reference
from espalier.documents.repository import cache_folder, open_snapshot
from espalier.documents.store import named_documents, read_record
from espalier.errors import Cancelled, EspalierError
from espalier.git_errors import GitError
from espalier.project import Project, open_project

LEAF = "knowledge/engineering/falkirk_wheel"


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in global_settings(tmp_path_factory.mktemp("git")).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of documents; it gives out parts of itself, as the large hosts do."""
    root = tmp_path_factory.mktemp("template") / "library"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in global_settings(root.parent).items():
            patch.setenv(name, value)
        make_repository(
            root,
            {
                "readme.md": "# Lifts\n\nThe first page.\n",
                "docs/falkirk.md": "# Falkirk\n\nIt turns.\n",
                "docs/deep/er/anderton.pdf": pdf([prose(["It goes up and down."])]),
                "docs/deep/readme.md": "# Deep\n\nAnother page.\n",
                "docs/picture.png": b"png",
                "docs/.hidden.md": "# Hidden\n",
                "big.bin": os.urandom(100_000),
            },
        )
        run_git(root, "config", "uploadpack.allowFilter", "true")
    return root


@pytest.fixture
def library(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "library"))


@pytest.fixture
def project(example: Path) -> Project:
    return open_project(example)


def refer(project: Project, repo: Path | str, commit: str, *patterns: str) -> None:
    file = project.taxonomy / LEAF / "qna.yaml"
    values = yaml.safe_load(file.read_text())
    address = repo if isinstance(repo, str) else f"file://{repo}"
    values["document"] = {"repo": address, "commit": commit, "patterns": list(patterns)}
    file.write_text(yaml.safe_dump(values, sort_keys=False))
    shutil.rmtree(project.documents / LEAF, ignore_errors=True)


def head(repository: Path) -> str:
    return run_git(repository, "rev-parse", "HEAD")


def test_the_documents_of_a_reference_are_imported_with_their_commit(
    project: Project, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refer(project, library, head(library), "docs/**/*", "readme.md")
    assert cli.main(["document", str(project.root), LEAF]) == 0
    shown = capsys.readouterr()
    assert "1 file of a kind that Espalier does not read left out: .png." in shown.err
    texts = named_documents(project, LEAF)
    assert {name: text.split("\n")[-2] for name, text in texts.items()} == {
        "anderton.md": "It goes up and down.",
        "falkirk.md": "It turns.",
        "readme.md": "Another page.",
        "readme-2.md": "The first page.",
    }
    record = read_record(project.documents / LEAF / "anderton.md")
    assert (record["repo"], record["commit"]) == (f"file://{library}", head(library))
    assert (record["path"], record["kind"], record["pages"]) == ("docs/deep/er/anderton.pdf", "pdf", 1)


def test_only_what_is_needed_is_fetched_and_once(project: Project, library: Path) -> None:
    refer(project, library, head(library), "readme.md")
    import_reference(project, LEAF)
    fetched = sum(file.stat().st_size for file in cache_folder().rglob("*") if file.is_file())
    assert fetched < 50_000
    library.rename(library.with_name("gone"))
    (imported,) = import_reference(project, LEAF)
    assert imported.path.name == "readme.md"
    assert [folder.name for folder in (cache_folder() / "documents").iterdir() if folder.name.startswith(".")] == []


def test_a_short_id_a_tag_and_a_branch_name_a_commit(project: Project, library: Path) -> None:
    first = head(library)
    run_git(library, "tag", "-m", "x", "v1")
    commit_files(library, {"readme.md": "# Lifts\n\nThe second page.\n"})
    for commit, text in ((first[:9], "first"), ("v1", "first"), ("main", "second"), (head(library), "second")):
        refer(project, library, commit, "readme.md")
        (imported,) = import_reference(project, LEAF)
        assert text in imported.path.read_text(), commit
        expected = first if text == "first" else head(library)
        assert read_record(imported.path)["commit"] == expected
    commit_files(library, {"readme.md": "# Lifts\n\nThe third page.\n"})
    refer(project, library, "main", "readme.md")
    assert "third" in import_reference(project, LEAF)[0].path.read_text()


def test_a_commit_that_no_branch_holds_any_more_is_found(project: Project, library: Path) -> None:
    lost = commit_files(library, {"readme.md": "# Lifts\n\nLost.\n"})
    run_git(library, "reset", "--quiet", "--hard", "HEAD~1")
    refer(project, library, lost, "readme.md")
    assert "Lost" in import_reference(project, LEAF)[0].path.read_text()


def test_a_server_that_gives_out_only_whole_branches_will_do(project: Project, library: Path) -> None:
    run_git(library, "config", "uploadpack.allowFilter", "false")
    old = head(library)
    commit_files(library, {"readme.md": "new\n"})
    refer(project, str(library), old, "readme.md")
    assert "first" in import_reference(project, LEAF)[0].path.read_text()


def test_links_never_lead_out_of_the_repository(project: Project, library: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    links = {"out.md": "../secret.md", "far.md": str(tmp_path / "secret.md"), "up.md": "docs/../../secret.md"}
    links |= {"inside.md": "docs/falkirk.md", "folder.md": "docs", "loop.md": "loop.md", "git.md": ".git/config"}
    for name, target in links.items():
        (library / name).symlink_to(target)
    (library / "linked").symlink_to("/")
    commit_files(library, {})
    refer(project, library, head(library), "*.md", "linked/**/*.md")
    imported = import_reference(project, LEAF)
    assert {file.path.name for file in imported} == {"inside.md", "readme.md"}
    assert sum("leads out of the repository" in note for note in imported[-1].notes) == 6
    assert "It turns" in (project.documents / LEAF / "inside.md").read_text()
    assert not any("secret" in text for text in named_documents(project, LEAF).values())


@pytest.mark.parametrize(
    "pattern", ["../*.md", "/etc/*.md", "docs/../../x.md", "~/x.md", "..", "C:/x.md", "a/..", "x\0"]
)
def test_patterns_that_lead_out_are_refused_before_anything_is_fetched(
    project: Project, library: Path, pattern: str
) -> None:
    with pytest.raises(EspalierError, match="leads out of the repository"):
        matching(["a.md"], [pattern])
    if "\0" not in pattern:
        refer(project, library, head(library), pattern)
        with pytest.raises(EspalierError, match="leads out of the repository"):
            import_reference(project, LEAF)
        assert not cache_folder().exists()


@pytest.mark.parametrize(
    ("commit", "patterns", "sentence"),
    [
        ("0" * 40, ["*.md"], "has no commit, branch or tag “0000"),
        ("nowhere", ["*.md"], "has no commit, branch or tag “nowhere”"),
        ("--upload-pack=touch x", ["*.md"], "is no commit, branch or tag"),
        ("main:refs/heads/x", ["*.md"], "is no commit, branch or tag"),
        ("main", ["*.rst"], r"find no document that Espalier reads\. Correct"),
        ("main", ["docs/*.png"], r"1 file of a kind that Espalier does not read left out: \.png"),
    ],
)
def test_what_cannot_be_found_is_one_sentence(
    project: Project, library: Path, commit: str, patterns: list[str], sentence: str
) -> None:
    refer(project, library, commit, *patterns)
    with pytest.raises(EspalierError, match=sentence):
        import_reference(project, LEAF)


@pytest.mark.parametrize("repo", ["ext::sh -c touch% x", "../library", "library", "--upload-pack=x"])
def test_repositories_that_are_none_are_refused(project: Project, repo: str) -> None:
    refer(project, repo, "main", "*.md")
    with pytest.raises(EspalierError, match=r"not an address|no address"):
        import_reference(project, LEAF)


def test_a_leaf_whose_documents_are_in_the_project_only_has_none_to_fetch(project: Project) -> None:
    refer(project, "local", "local", "*.md")
    with pytest.raises(EspalierError, match="names no repository"):
        import_reference(project, LEAF)


def test_a_skill_has_no_documents(project: Project) -> None:
    with pytest.raises(EspalierError, match="is a skill"):
        read_reference(project, "compositional_skills/writing/support_triage")


def test_one_bad_document_does_not_hinder_the_others(project: Project, library: Path) -> None:
    commit_files(library, {"docs/broken.pdf": b"%PDF-1.4 no", "docs/empty.md": "\n"})
    refer(project, library, "main", "docs/*")
    imported = import_reference(project, LEAF)
    assert [file.path.name for file in imported] == ["falkirk.md"]
    notes = "\n".join(imported[0].notes)
    assert "broken.pdf is damaged" in notes
    assert "empty.md holds no text" in notes
    refer(project, library, "main", "docs/broken.pdf")
    with pytest.raises(EspalierError, match=r"broken\.pdf is damaged"):
        import_reference(project, LEAF)


def test_a_fetch_that_is_cancelled_or_fails_leaves_nothing(project: Project, library: Path) -> None:
    def cancel(text: str, share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        open_snapshot(f"file://{library}", head(library), cancel)
    with pytest.raises(GitError):
        open_snapshot(f"file://{library}-gone", "main")
    assert list((cache_folder() / "documents").iterdir()) == []


NAMES = st.sampled_from(["a", "b.md", ".x", "docs", "A.md", "[a]", "a*b"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.sampled_from(["*", "**", "*.md", "a", "?", "[ab]*", "[!a]*", ".*", "**.md", "docs", "", ".", "[[]a]"])


@settings(deadline=None, max_examples=60)
@given(st.sets(PATHS, max_size=8), st.lists(PARTS, min_size=1, max_size=4).map("/".join))
def test_patterns_mean_what_python_s_recursive_glob_means(
    tmp_path_factory: pytest.TempPathFactory, paths: set[str], pattern: str
) -> None:
    if pattern.startswith("/"):
        return
    root = tmp_path_factory.mktemp("glob")
    files = {path for path in paths if not any(other.startswith(f"{path}/") for other in paths)}
    for path in files:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    found = {
        os.path.normpath(path)
        for path in glob.glob(pattern, root_dir=root, recursive=True)
        if (root / path).is_file() and not path.endswith("/")
    }
    assert set(matching(files, [pattern])) == found


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    path = "/".join(["a" * 100] * 40)
    assert matching([path + "b"], ["/".join(["**", "*a*a*a*a*a*c"] * 40)]) == []
