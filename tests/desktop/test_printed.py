"""A PDF as a text program prints it, read back."""

from pathlib import Path

from PySide6.QtGui import QFont, QPdfWriter, QTextDocument
from pytestqt.qtbot import QtBot

from espalier.documents.pdf import read_pdf

CELLS = [("Lift", "Opened"), ("Falkirk", "2002"), ("Anderton", "1875"), ("Peterborough", "1904")]


def test_a_document_that_qt_prints_comes_back(tmp_path: Path, qtbot: QtBot) -> None:
    document = QTextDocument()
    document.setDefaultFont(QFont("Inter", 11))
    cells = "".join(f"<tr><td width=200>{name}</td><td width=200>{value}</td></tr>" for name, value in CELLS)
    paragraph = "<p>The wheel turns in four minutes and uses as much energy as boiling eight kettles of water. "
    text = f"{paragraph * 3}</p>"
    document.setHtml(
        f"<h1>Boat lifts</h1>{text}<h2>Numbers</h2><table>{cells}</table><ul><li>one</li><li>two</li></ul>"
    )
    writer = QPdfWriter(str(tmp_path / "qt.pdf"))
    document.print_(writer)
    del writer
    markdown = read_pdf("qt.pdf", (tmp_path / "qt.pdf").read_bytes())[0]
    assert markdown.startswith("# Boat lifts\n\nThe wheel turns in four minutes and uses as much energy as boiling ")
    assert "## Numbers" in markdown
    assert "| Falkirk | 2002 |" in markdown
    assert "- one\n- two\n" in markdown
