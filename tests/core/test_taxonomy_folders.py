import gzip
import io
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from taxonomy_texts import knowledge, skill, text_of, write

from espalier.cli import main
from espalier.errors import EspalierError
from espalier.taxonomy import archive, folders
from espalier.taxonomy.bench import bench
from espalier.taxonomy.folders import Roots, empty_trash
from espalier.taxonomy.names import name_problem, proper_name
from espalier.taxonomy.saving import ChangedOnDiskError, load, save
from espalier.taxonomy.transfer import export, import_leaves
from espalier.taxonomy.tree import Node, read_tree

SKILL, KNOWLEDGE = text_of(skill()), text_of(knowledge())


def paths(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if ".trash" not in path.parts)


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    root = tmp_path / "taxonomy"
    write(root, "compositional_skills/rivers/wet", SKILL)
    write(root, "knowledge/animals/otters", KNOWLEDGE)
    (tmp_path / "documents/knowledge/animals/otters").mkdir(parents=True)
    (tmp_path / "documents/knowledge/animals/otters/otters.md").write_text("Otters.", encoding="utf-8")
    return Roots(root, tmp_path / ".trash", (tmp_path / "documents",))


def test_the_tree_shows_branches_and_leaves(roots: Roots) -> None:
    (roots.taxonomy / "knowledge/.hidden").mkdir()
    (roots.taxonomy / "knowledge/linked").symlink_to(roots.taxonomy / "knowledge/animals")
    otters = Node("knowledge/animals/otters", True, ())
    skills, found = read_tree(roots.taxonomy).children
    assert found == Node("knowledge", False, (Node("knowledge/animals", False, (otters,)),))
    assert (skills.path, skills.children[0].children[0].name) == ("compositional_skills", "wet")


@pytest.mark.parametrize(
    "change",
    [
        lambda roots: folders.create_branch(roots, "knowledge/plants/trees"),
        lambda roots: folders.create_leaf(roots, "knowledge/plants/oak", KNOWLEDGE),
        lambda roots: folders.create_leaf(roots, "knowledge/animals", KNOWLEDGE),
        lambda roots: folders.rename(roots, "knowledge/animals/otters", "badgers"),
        lambda roots: folders.rename(roots, "knowledge/animals", "beasts"),
        lambda roots: folders.move(roots, "knowledge/animals/otters", "knowledge/rivers/banks"),
        lambda roots: folders.duplicate(roots, "knowledge/animals/otters"),
        lambda roots: folders.delete(roots, "knowledge/animals"),
        lambda roots: folders.move_across(roots, "knowledge/animals/otters"),
    ],
)
def test_every_change_can_be_undone_and_done_again(roots: Roots, change: Callable[[Roots], folders.Change]) -> None:
    base = roots.taxonomy.parent
    before = paths(base)
    done = change(roots)
    after = paths(base)
    assert after != before
    undone = folders.undo(done)
    assert paths(base) == before
    folders.undo(undone)
    assert paths(base) == after
    with pytest.raises(EspalierError, match="is not there any more"):
        folders.undo(undone)


def test_documents_follow_their_leaf(roots: Roots) -> None:
    folders.rename(roots, "knowledge/animals", "beasts")
    assert (roots.companions[0] / "knowledge/beasts/otters/otters.md").is_file()
    folders.duplicate(roots, "knowledge/beasts/otters")
    copy = folders.duplicate(roots, "knowledge/beasts/otters")
    assert copy.path == "knowledge/beasts/otters_3"
    assert (roots.companions[0] / "knowledge/beasts/otters_3/otters.md").is_file()
    folders.delete(roots, "knowledge/beasts/otters")
    assert not (roots.companions[0] / "knowledge/beasts/otters").exists()


@pytest.mark.parametrize(
    ("path", "name", "sentence"),
    [
        ("knowledge/animals/otters", "river otters", "no spaces"),
        ("knowledge/animals/otters", "", "needs a letter"),
        ("knowledge/animals/otters", "..", "needs a letter"),
        ("knowledge/animals/otters", "a/../../b", "needs a letter"),
        ("knowledge/animals/otters", "a:b", "not every system"),
        ("knowledge/animals/otters", "knowledge", "would change how"),
        ("knowledge/animals/otters", "QNA.yaml", "name of the file"),
        ("knowledge/animals/otters", "x" * 101, "too long"),
        ("knowledge/animals/badgers", "x", "no leaf or branch"),
        ("knowledge/../compositional_skills/rivers", "x", "no leaf or branch"),
        ("knowledge", "x", "no leaf or branch"),
        ("/etc", "x", "no leaf or branch"),
    ],
)
def test_a_name_that_is_not_allowed_is_refused(roots: Roots, path: str, name: str, sentence: str) -> None:
    before = paths(roots.taxonomy)
    with pytest.raises(EspalierError, match=sentence):
        folders.rename(roots, path, name)
    assert paths(roots.taxonomy) == before


def test_what_is_in_the_way_stays(roots: Roots) -> None:
    folders.create_leaf(roots, "knowledge/animals/badgers", KNOWLEDGE)
    acts: list[Callable[[], object]] = [
        lambda: folders.rename(roots, "knowledge/animals/otters", "badgers"),
        lambda: folders.create_leaf(roots, "knowledge/animals/otters", "x"),
        lambda: folders.create_branch(roots, "knowledge/animals/otters"),
        lambda: folders.move(roots, "knowledge/animals", "knowledge/animals/otters"),
        lambda: folders.move(roots, "knowledge/animals/otters", "compositional_skills"),
        lambda: folders.move_across(roots, "knowledge/animals"),
    ]
    for act in acts:
        before = paths(roots.taxonomy)
        with pytest.raises(EspalierError):
            act()
        assert paths(roots.taxonomy) == before


def test_links_out_of_the_taxonomy_are_never_followed(roots: Roots, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, "otters", KNOWLEDGE)
    (roots.taxonomy / "knowledge/out").symlink_to(outside)
    (roots.taxonomy / "knowledge/animals/otters/link").symlink_to(outside)
    before = paths(outside)
    acts: list[Callable[[], object]] = [
        lambda: folders.create_leaf(roots, "knowledge/out/new", KNOWLEDGE),
        lambda: folders.create_branch(roots, "knowledge/out/new"),
        lambda: folders.rename(roots, "knowledge/out/otters", "x"),
        lambda: folders.delete(roots, "knowledge/out"),
        lambda: folders.move(roots, "knowledge/animals/otters", "knowledge/out"),
        lambda: export(roots.taxonomy, "knowledge/out", tmp_path / "x.tar"),
    ]
    for act in acts:
        with pytest.raises(EspalierError):
            act()
    assert paths(outside) == before
    copy = folders.duplicate(roots, "knowledge/animals/otters")
    assert paths(roots.taxonomy / copy.path) == ["qna.yaml"]


def test_a_proper_name_is_allowed() -> None:
    for text in ("River Otters!", "Ünïcode & more", "  ", "knowledge", "..", "a/b", "x" * 300, "C++"):
        assert name_problem(proper_name(text)) is None
    assert proper_name("River Otters!") == "river_otters"


def test_two_writers_never_overwrite_each_other(tmp_path: Path) -> None:
    file = tmp_path / "qna.yaml"
    first = save(file, SKILL.replace("\n", "\r\n"), None)
    opened = load(file)
    assert (opened.text, opened.digest) == (SKILL.replace("\n", "\r\n"), first)
    with pytest.raises(ChangedOnDiskError, match="appeared"):
        save(file, "mine", None)
    second = save(file, "mine\n", first)
    with pytest.raises(ChangedOnDiskError, match="was changed"):
        save(file, "yours\n", first)
    assert file.read_text(encoding="utf-8") == "mine\n"
    file.unlink()
    with pytest.raises(ChangedOnDiskError, match="was deleted"):
        save(file, "mine\n", second)
    with pytest.raises(EspalierError, match="cannot be read"):
        load(file)


@pytest.mark.parametrize("name", ["out.tar", "out.tar.gz", "out.tgz", "out"])
def test_what_is_exported_is_imported_as_it_was(roots: Roots, tmp_path: Path, name: str) -> None:
    (roots.taxonomy / "knowledge/animals/otters/attribution.txt").write_text("Title of work: O\n", encoding="utf-8")
    (roots.taxonomy / "knowledge/animals/otters/.hidden").write_text("x", encoding="utf-8")
    export(roots.taxonomy, "", tmp_path / name)
    new = tmp_path / "new"
    added = import_leaves(tmp_path / name, new)
    assert added.added == ("compositional_skills/rivers/wet", "knowledge/animals/otters")
    assert paths(new) == [path for path in paths(roots.taxonomy) if not path.endswith(".hidden")]
    assert (new / "knowledge/animals/otters/qna.yaml").read_bytes() == KNOWLEDGE.encode()
    again = import_leaves(tmp_path / name, new)
    assert (again.added, again.kept) == ((), ())
    (new / "knowledge/animals/otters/qna.yaml").write_text(SKILL, encoding="utf-8")
    assert import_leaves(tmp_path / name, new).kept == ("knowledge/animals/otters",)
    assert (new / "knowledge/animals/otters/qna.yaml").read_text(encoding="utf-8") == SKILL
    first = (tmp_path / name).read_bytes() if (tmp_path / name).is_file() else b""
    if first:
        export(roots.taxonomy, "", tmp_path / name)
        assert (tmp_path / name).read_bytes() == first


def test_a_leaf_and_a_branch_are_exported_alone(roots: Roots, tmp_path: Path) -> None:
    export(roots.taxonomy, "knowledge/animals/otters", tmp_path / "otters.yaml")
    assert (tmp_path / "otters.yaml").read_text(encoding="utf-8") == KNOWLEDGE
    export(roots.taxonomy, "knowledge", tmp_path / "k")
    assert paths(tmp_path / "k")[-1] == "knowledge/animals/otters/qna.yaml"
    for path, target in (
        ("knowledge", "x.yaml"), ("knowledge/none", "x"), ("..", "x"), ("knowledge/../..", "x"), ("knowledge", "k"),
    ):  # fmt: skip
        with pytest.raises(EspalierError):
            export(roots.taxonomy, path, tmp_path / target)


def test_a_single_file_goes_where_its_keys_belong(tmp_path: Path) -> None:
    new = tmp_path / "new"
    loose = tmp_path / "River Otters.yaml"
    loose.write_text(KNOWLEDGE, encoding="utf-8")
    assert import_leaves(loose, new).added == ("knowledge/river_otters",)
    inside = write(tmp_path / "theirs", "compositional_skills/rivers/wet", SKILL)
    assert import_leaves(inside, new).added == ("compositional_skills/rivers/wet",)
    write(tmp_path, "My Leaf", SKILL)
    assert import_leaves(tmp_path / "My Leaf", new).added == ("compositional_skills/my_leaf",)
    for bad, sentence in (("absent", "There is no"), ("a.txt", "is no taxonomy"), ("empty", "holds no leaf")):
        (tmp_path / "a.txt").write_text("x", encoding="utf-8")
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(EspalierError, match=sentence):
            import_leaves(tmp_path / bad, new)


def tar_with(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


GOOD = (member("knowledge/a/qna.yaml"), KNOWLEDGE.encode())


@pytest.mark.parametrize(
    "evil",
    [
        (member("../evil"), b"x"),
        (member("knowledge/../../evil"), b"x"),
        (member("/tmp/evil"), b"x"),
        (member("knowledge/pipe", tarfile.FIFOTYPE), b""),
        (member("knowledge/tty", tarfile.CHRTYPE), b""),
        (member("knowledge/" + "x" * 250), b"x"),
        (member("knowledge/a/qna.yaml/below"), b"x"),
    ],
)
def test_a_hostile_tar_writes_nothing(tmp_path: Path, evil: tuple[tarfile.TarInfo, bytes]) -> None:
    new = tmp_path / "deep/er/taxonomy"
    with pytest.raises(EspalierError):
        import_leaves(tar_with(tmp_path / "x.tar", GOOD, evil), new)
    assert paths(tmp_path) == ["deep", "deep/er", "deep/er/taxonomy", "x.tar"]


def test_links_in_a_tar_are_left_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s", encoding="utf-8")
    source = tar_with(
        tmp_path / "x.tar",
        (member("t/knowledge/b", tarfile.SYMTYPE, str(tmp_path)), b""),
        (member("t/knowledge/b/secret"), b"overwritten"),
        (member("t/knowledge/c/qna.yaml", tarfile.LNKTYPE, "../secret"), b""),
        (member("t/knowledge/a/qna.yaml"), KNOWLEDGE.encode()),
    )
    done = import_leaves(source, tmp_path / "new")
    assert (done.added, len(done.links)) == (("knowledge/a",), 2)
    assert secret.read_text(encoding="utf-8") == "s"
    assert paths(tmp_path / "new") == ["knowledge", "knowledge/a", "knowledge/a/qna.yaml"]


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 3_000_000)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 50)
    big = tar_with(tmp_path / "big.tar", GOOD, (member("knowledge/a/zeros"), bytes(4_000_000)))
    packed = tmp_path / "bomb.tar.gz"
    packed.write_bytes(gzip.compress(big.read_bytes()))
    many = tar_with(tmp_path / "many.tar", *((member(f"knowledge/a/{number}"), b"") for number in range(60)))
    claims = tmp_path / "claims.tar"
    lie = member("knowledge/a/qna.yaml")
    lie.size = 2**40
    claims.write_bytes(lie.tobuf() + bytes(2_000_000))
    (tmp_path / "noise.tar").write_bytes(os.urandom(20_000))
    (tmp_path / "torn.tar.gz").write_bytes(packed.read_bytes()[:500])
    for source in (big, packed, many, claims, tmp_path / "noise.tar", tmp_path / "torn.tar.gz"):
        with pytest.raises(EspalierError):
            import_leaves(source, tmp_path / "new")
        assert paths(tmp_path / "new") == []


def test_a_project_begins_with_a_taxonomy(tmp_path: Path, roots: Roots) -> None:
    (roots.taxonomy / ".git").mkdir()
    (roots.taxonomy / ".git/HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (roots.taxonomy / "out").symlink_to(tmp_path)
    assert main(["new", str(tmp_path / "one"), "--taxonomy", str(roots.taxonomy)]) == 0
    assert (tmp_path / "one/taxonomy/.git/HEAD").is_file()
    assert not (tmp_path / "one/taxonomy/out").is_symlink()
    export(roots.taxonomy, "", tmp_path / "x.tar.gz")
    assert main(["new", str(tmp_path / "two"), "--taxonomy", str(tmp_path / "x.tar.gz")]) == 0
    assert (tmp_path / "two/taxonomy/knowledge/animals/otters/qna.yaml").is_file()
    assert main(["new", str(tmp_path / "three"), "--taxonomy", str(tmp_path / "documents")]) == 1
    assert main(["new", str(roots.taxonomy / "four"), "--taxonomy", str(roots.taxonomy)]) == 1
    assert not (tmp_path / "three").exists()
    assert not (roots.taxonomy / "four").exists()


def test_the_bench_measures_every_figure() -> None:
    found = bench(leaves=12, sample=1)
    assert found["leaves"] == 12
    assert all(value > 0 for value in found.values())


def test_what_waited_long_in_the_trash_is_deleted_for_good(roots: Roots, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    for name, days in (("old", 31), ("young", 29)):
        (roots.trash / name).mkdir(parents=True)
        (roots.trash / name / "qna.yaml").write_text(name)
        then = time.time() - days * 86_400
        os.utime(roots.trash / name, (then, then))
    (roots.trash / "link").symlink_to(precious)
    empty_trash(roots)
    assert sorted(path.name for path in roots.trash.iterdir()) == ["link", "young"]
    assert precious.is_dir()
    empty_trash(Roots(roots.taxonomy, tmp_path / "missing"))
