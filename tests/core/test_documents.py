"""Documents of every kind, brought into a project."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_files import docx, pdf, prose, word_paragraph, word_table

from espalier import cli
from espalier.documents import convert as converting
from espalier.documents.convert import KINDS, convert
from espalier.documents.pdf import read_pdf
from espalier.documents.shelf import put_in, take_out
from espalier.documents.store import (
    Source,
    import_document,
    named_documents,
    read_documents,
    read_record,
    save_document,
)
from espalier.documents.text import GUESS_NOTE
from espalier.errors import EspalierError
from espalier.project import Project, open_project
from espalier.taxonomy.folders import undo
from espalier.taxonomy.reader import read_leaf

LEAF = "knowledge/engineering/falkirk_wheel"
TEXT = "The café at the Falkirk Wheel opens at nine."


@pytest.fixture
def project(example: Path) -> Project:
    return open_project(example)


def markdown(name: str, data: bytes | str) -> str:
    return convert(name, data if isinstance(data, bytes) else data.encode()).markdown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_in_any_unicode_encoding_is_read_without_a_note(encoding: str) -> None:
    found = convert("a.txt", f"{TEXT}\r\nAnd 日本 at ten.".encode(encoding))
    assert found.markdown == f"{TEXT}\nAnd 日本 at ten."
    assert found.notes == []


def test_text_in_latin_1_is_read_with_a_note() -> None:
    found = convert("a.txt", f"{TEXT} “Yes”".encode("cp1252"))
    assert found.markdown == f"{TEXT} “Yes”"
    assert found.notes == [GUESS_NOTE]
    assert convert("a.txt", b"caf\xe9 \x81").markdown == "café "


def test_markdown_is_kept_as_it_is() -> None:
    text = "# Title\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```\n  code\n```\n"
    assert markdown("a.md", text) == text


HOSTILE = """<html><head><title>A page</title><script>steal()</script><style>p { color: red }</style>
<link rel="stylesheet" href="file:///etc/passwd"><base href="http://192.0.2.1/"></head><body onload="steal()">
<nav>Menu</nav><header>Site</header><article><header><h1>Boat lifts</h1></header>
<p>A lift <b>turns</b>, see <a href="javascript:steal()">the page</a>.
<img src="http://192.0.2.1/x.png" alt="steal"></p>
<p style="display: none">Hidden words.</p><p>E is <math alttext="E=mc^2"><mi>E</mi></math>.</p>
<table><tr><th>Lift</th><th>Year</th></tr><tr><td>Falkirk | new</td><td>2002</td></tr></table>
<ul><li>one<li>two<ul><li>deeper</li></ul></ul><pre><code>turn()\n  back()</code></pre>
<iframe src="file:///etc/passwd">frame</iframe><object data="/etc/passwd"></object><form><p>In a form.</p></form>
<p># no heading<p>Unclosed</article><footer>Imprint</footer><!-- comment --></body></html>"""


def test_a_web_page_is_what_its_reader_reads() -> None:
    text = markdown("a.html", HOSTILE)
    assert text.split("\n\n") == [
        "# Boat lifts",
        "A lift **turns**, see the page.",
        "E is E=mc^2.",
        "| Lift | Year |\n| --- | --- |\n| Falkirk \\| new | 2002 |",
        "- one\n- two\n  - deeper",
        "```\nturn()\n  back()\n```",
        "In a form.",
        "\\# no heading",
        "Unclosed\n",
    ]


def test_a_page_without_a_heading_gets_its_title_and_its_own_encoding_is_used() -> None:
    page = '<meta charset="shift_jis"><title>船の\nエレベーター</title><p>ファルカーク・ホイール</p>'.encode(
        "shift_jis"
    )
    found = convert("a.htm", page)
    assert found.markdown == "# 船の エレベーター\n\nファルカーク・ホイール\n"
    assert found.notes == []


def test_a_word_file_keeps_headings_lists_and_tables() -> None:
    body = word_paragraph("Boat lifts", "Heading1") + word_paragraph("They turn & lift <ships>.")
    body += word_table([["Lift", "Year"], ["Falkirk", "2002"]]) + word_paragraph("Numbers", "Heading2")
    text = markdown("a.docx", docx(body))
    assert text.split("\n\n") == [
        "# Boat lifts",
        "They turn & lift <ships>.",
        "| Lift | Year |\n| --- | --- |\n| Falkirk | 2002 |",
        "## Numbers\n",
    ]


def test_equations_of_a_word_file_are_missed_aloud() -> None:
    space = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    equation = f"<w:p><m:oMath {space}><m:r><m:t>x</m:t></m:r></m:oMath></w:p>"
    found = convert("a.docx", docx(word_paragraph("So:") + equation))
    assert "equations" in found.notes[0]


def archive(part: str, size: int, said: int) -> bytes:
    """A Word file with a part whose header says another size than it has."""
    data = bytearray(docx(word_paragraph("Boo"), {part: bytes(size)}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            if int.from_bytes(data[start + place : start + place + 4], "little") == size:
                data[start + place : start + place + 4] = said.to_bytes(4, "little")
            start += 4
    return bytes(data)


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.md", b"", "holds no text"),
        ("a.txt", b" \n\n", "holds no text"),
        ("a.txt", bytes(range(256)) * 10, "is no text, whatever its name says"),
        ("a.md", pdf([prose(["x"])])[:9] + bytes(1000), "is no text, whatever its name says"),
        ("a.html", b"<script>alert(1)</script>", "holds no text"),
        ("a.html", b"<b>" * 30_000, "holds no text|nested too deeply"),
        ("a.doc", b"\xd0\xcf\x11\xe0", "is not Markdown, text, PDF, Word .* Open it in Word"),
        ("a.pages", b"x", "Open it in Pages"),
        ("a.xyz", b"x", "Save it as one of these first"),
        ("a", b"x", "is not Markdown"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "protected with a password"),
        ("a.docx", b"", "damaged or not a Word file"),
        ("a.docx", b"PK\x03\x04 rest", "damaged or not a Word file"),
        ("a.docx", docx(word_paragraph("x"))[:-50], "damaged or not a Word file"),
        ("a.docx", docx("<w:p>"), "damaged or not a Word file"),
        ("a.docx", archive("word/media/x.bin", 1234, 301_000_000), "unpacks to 301 MB"),
        ("a.docx", archive("word/styles.xml", 1234, 101_000_000), "unpacks to 101 MB"),
        ("a.docx", archive("word/styles.xml", 20_000_000, 100), "damaged or not a Word file"),
        ("a.docx", docx("", {"word/styles.xml": ENTITIES}), "definitions that no Word file has"),
        ("a.docx", docx("", {"word/styles.xml": ENTITIES.decode().encode("utf-16")}), "definitions that no Word file"),
        ("a.pdf", b"%PDF-1.4 nothing", "damaged or not a PDF"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(EspalierError, match=sentence) as caught:
        convert(name, data)
    assert str(caught.value).startswith(name)


def test_a_document_that_is_too_large_is_refused_before_it_is_read(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.md", "a.pdf"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(400_000_000)
        monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read"))
        with pytest.raises(EspalierError, match=r"is over \d+ MB"):
            import_document(project, LEAF, tmp_path / name)


def test_a_reader_that_crashes_or_hangs_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bs4.py").write_text("import os\nos.abort()\n")
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
        with pytest.raises(EspalierError, match="makes its reader fail"):
            convert("a.html", b"<p>x</p>")
    monkeypatch.setattr(converting, "READING_SECONDS", 0.01)
    with pytest.raises(EspalierError, match="was not read after"):
        convert("a.html", b"<p>x</p>")


def test_linked_pictures_and_files_of_a_word_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{kind}" Target="file://{tmp_path}/secret.png" TargetMode="External"/></Relationships>'
    )
    picture = (
        '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData><pic:pic '
        'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill><a:blip r:link="r1" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    data = docx(word_paragraph("Text.") + picture, {"word/_rels/document.xml.rels": links.encode()})
    assert markdown("a.docx", data) == "Text.\n"


def test_every_kind_is_imported_with_a_record(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "one.md": TEXT.encode(),
        "two.TXT": TEXT.encode("latin-1"),
        "three.html": f"<meta charset=utf-8><p>{TEXT}</p>".encode(),
        "four.docx": docx(word_paragraph(TEXT)),
        "five.pdf": pdf([prose([TEXT]), prose(["Page two."])]),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    names = [str(tmp_path / name) for name in files]
    assert cli.main(["document", str(project.root), f"/{LEAF}/", *names]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 5
    assert shown.err == f"two.md: {GUESS_NOTE}\n"
    folder = project.documents / LEAF
    for name, data in files.items():
        path = folder / f"{Path(name).stem}.md"
        assert TEXT in path.read_text()
        record = json.loads(path.with_suffix(".json").read_text())
        assert (record["name"], record["bytes"], record["kind"]) == (name, len(data), KINDS[Path(name).suffix.lower()])
        assert len(record["sha256"]) == 64
        assert "pages" not in record or (name, record["pages"]) == ("five.pdf", 2)
        assert str(tmp_path) not in path.with_suffix(".json").read_text()
    leaf = read_leaf(project.taxonomy, project.taxonomy / LEAF / "qna.yaml")
    assert sum(TEXT in text for text in read_documents(project, leaf)) == 5


def test_documents_never_take_the_place_of_others(project: Project, tmp_path: Path) -> None:
    (project.documents / LEAF / "manual.md").write_text("Written by hand.")
    written = []
    for name, text in (("manual.txt", "one"), ("manual.html", "two"), ("manual.txt", "three"), ("manual.md", "four")):
        (tmp_path / name).write_text(text)
        written.append(import_document(project, LEAF, tmp_path / name).path.name)
    assert written == ["manual-2.md", "manual-3.md", "manual-2.md", "manual-4.md"]
    texts = named_documents(project, LEAF)
    assert [texts[f"manual{end}.md"].strip() for end in ("", "-2", "-3", "-4")] == [
        "Written by hand.",
        "three",
        "two",
        "four",
    ]


def test_edits_by_hand_are_not_lost_to_another_import(project: Project, tmp_path: Path) -> None:
    source = tmp_path / "manual.txt"
    source.write_text("one")
    path = import_document(project, LEAF, source).path
    path.write_text("one, edited")
    source.write_text("two")
    with pytest.raises(EspalierError, match="was edited after it was imported"):
        import_document(project, LEAF, source)
    assert path.read_text() == "one, edited"
    path.unlink()
    assert import_document(project, LEAF, source).path == path


def test_what_a_person_edits_before_saving_is_kept(project: Project, tmp_path: Path) -> None:
    source, data = Source("manual.txt"), b"one"
    conversion = convert(source.name, data)
    path = save_document(project, LEAF, source, data, conversion, edited="one, better").path
    assert path.read_text() == "one, better"
    (tmp_path / "manual.txt").write_bytes(data)
    with pytest.raises(EspalierError, match="was edited"):
        import_document(project, LEAF, tmp_path / "manual.txt")


def test_an_import_that_was_killed_before_its_record_is_taken_up(project: Project, tmp_path: Path) -> None:
    source = tmp_path / "manual.txt"
    source.write_text("one")
    path = import_document(project, LEAF, source).path
    path.with_suffix(".json").write_text('{"torn')
    assert read_record(path) == {}
    assert import_document(project, LEAF, source).path == path
    assert read_record(path)["name"] == "manual.txt"


@pytest.mark.parametrize("leaf", ["knowledge/none", "../taxonomy/" + LEAF, "/etc", "", "knowledge/linked"])
def test_documents_go_only_to_leaves_of_the_project(project: Project, tmp_path: Path, leaf: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "qna.yaml").write_text("version: 3\n")
    (project.taxonomy / "knowledge" / "linked").symlink_to(tmp_path / "outside")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(EspalierError, match="has no leaf"):
        import_document(project, leaf, tmp_path / "a.txt")


def test_a_folder_of_documents_that_leads_out_is_refused(project: Project, tmp_path: Path) -> None:
    folder = project.documents / LEAF
    folder.rename(tmp_path / "outside")
    folder.symlink_to(tmp_path / "outside")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(EspalierError, match="leads out of the project"):
        import_document(project, LEAF, tmp_path / "a.txt")


def test_a_document_that_is_a_link_out_of_the_project_is_not_read(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (project.documents / LEAF / "link.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(EspalierError, match="leads out of the project"):
        named_documents(project, LEAF)


def test_odd_names_become_plain_ones(project: Project, tmp_path: Path) -> None:
    for name, plain in (("..txt.txt", "txt.md"), ("a:b*c\n.md", "a_b_c_.md"), ("été (2).md", "été (2).md")):
        (tmp_path / name).write_text("text of " + name)
        assert import_document(project, LEAF, tmp_path / name).path.name == plain


def test_a_document_is_put_in_replaced_and_taken_out_and_every_step_can_be_undone(project: Project) -> None:
    folder = project.documents / LEAF
    before = {path.name for path in folder.iterdir()} if folder.exists() else set()

    def names() -> set[str]:
        return {path.name for path in folder.iterdir()} - before if folder.exists() else set()

    first, second = convert("wheel.txt", b"The wheel turns."), convert("wheel.txt", b"The wheel is still.")
    put = put_in(project, LEAF, Source("wheel.txt"), b"The wheel turns.", first)
    assert names() == {"wheel.md", "wheel.json"}
    again = put_in(project, LEAF, Source("wheel.txt"), b"The wheel is still.", second)
    assert (folder / "wheel.md").read_text() == second.markdown
    redo = undo(again)
    assert (folder / "wheel.md").read_text() == first.markdown
    undo(redo)
    assert (folder / "wheel.md").read_text() == second.markdown
    gone = take_out(project, LEAF, "wheel.md")
    assert names() == set()
    undo(gone)
    assert (folder / "wheel.md").read_text() == second.markdown
    undo(undo(undo(again)))
    undo(put)
    assert names() == set()
    with pytest.raises(EspalierError, match=r"no document wheel\.md any more"):
        take_out(project, LEAF, "wheel.md")


def test_a_document_that_a_person_edited_is_not_replaced(project: Project) -> None:
    text = b"The wheel turns."
    put_in(project, LEAF, Source("wheel.txt"), text, convert("wheel.txt", text), "The wheel turns fast.\n")
    with pytest.raises(EspalierError, match="was edited after it was imported"):
        put_in(project, LEAF, Source("wheel.txt"), b"Another.", convert("wheel.txt", b"Another."))
    assert (project.documents / LEAF / "wheel.md").read_text() == "The wheel turns fast.\n"


def test_the_preview_converts_a_pdf_and_draws_the_pages_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "two.pdf"
    file.write_bytes(pdf([prose(["The first page tells of boats."]), prose(["The second page tells of locks."])]))
    command = [sys.executable, "-m", "espalier.documents.preview", str(file), str(tmp_path)]
    done = subprocess.run(command, input=b"1 200\n7 200\n", capture_output=True, timeout=300)
    conversion, second, eighth = map(json.loads, done.stdout.splitlines())
    starts = conversion["page_starts"]
    assert [conversion["markdown"][start:].split()[1] for start in starts] == ["first", "second"]
    assert Path(second["picture"]).read_bytes().startswith(b"\x89PNG")
    assert eighth == {"page": 7, "refused": "two.pdf has 2 pages, so there is no page 8."}


def test_the_preview_says_in_one_sentence_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    for name, sentence in (("bad.pdf", "is damaged or not a PDF"), ("none.pdf", "There is no file")):
        command = [sys.executable, "-m", "espalier.documents.preview", str(tmp_path / name), str(tmp_path)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        assert sentence in json.loads(done.stdout)["refused"]


def test_a_paragraph_over_a_page_break_begins_its_page_where_the_break_was() -> None:
    first = ["Boats were lifted through a flight of eleven locks, which took a day of hard work and", "much patience"]
    second = ["while the wheel needs only five minutes for the same height.", "", "It was opened by the Queen."]
    markdown, starts, _ = read_pdf("a.pdf", pdf([prose(first, top=120), prose(second)]))
    assert starts[0] == 0
    assert markdown[starts[1] :].startswith("while the wheel")


def test_chunks_are_counted_in_a_process_of_their_own(tiny_folder: Path) -> None:
    text = b"# Wheel\n\nIt turns.\n"
    for model, is_estimate, tokens in ((str(tiny_folder), False, 18), ("no-such-model", True, 5)):
        command = [sys.executable, "-m", "espalier.documents.chunks", model]
        answer = json.loads(subprocess.run(command, input=text, capture_output=True, timeout=300).stdout)
        assert answer["is_estimate"] is is_estimate
        (chunk,) = answer["chunks"]
        assert (chunk["text"], chunk["tokens"]) == ("# Wheel\n\nIt turns.", tokens)
