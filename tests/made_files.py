"""PDF and Word files for tests, written by hand with as little as their formats ask for."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 612, 792
_FONTS = ("Helvetica", "Helvetica-Bold", "Courier")
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@dataclass(frozen=True)
class Words:
    """Words on a page: points from the left and from the bottom."""

    x: float
    y: float
    text: str
    size: float = 11
    font: str = "Helvetica"
    turn: int = 0


def pdf(pages: Sequence[Sequence[Words]], trailer: str = "", unit: float = 1) -> bytes:
    """Return a PDF; ``unit`` draws it in other units, as browsers do, without a change of the look."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    for name in _FONTS:
        objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>")
    fonts = " ".join(f"/{name} {number} 0 R" for number, name in enumerate(_FONTS, 3))
    kids = []
    for page in pages:
        drawn = f"{unit} 0 0 {unit} 0 0 cm\n" + "\n".join(_drawn(words, unit) for words in page)
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {len(objects) + 2} 0 R "
            f"/Resources << /Font << {fonts} >> >> >>"
        )
        objects.append(f"<< /Length {len(drawn.encode('cp1252'))} >>\nstream\n{drawn}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    data, places = bytearray(b"%PDF-1.7\n"), []
    for number, text in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{len(data)}\n%%EOF\n"
    return bytes(data) + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def prose(
    lines: Sequence[str], x: float = 72, top: float = 680, size: float = 11, font: str = "Helvetica"
) -> list[Words]:
    """Return lines below each other; an empty one makes the gap between two paragraphs."""
    y, words = top, []
    for line in lines:
        if line:
            words.append(Words(x, y, line, size, font))
        y -= 1.25 * size if line else 0.8 * size
    return words


def docx(body: str, others: dict[str, bytes] | None = None) -> bytes:
    """Return a Word file with a body in WordprocessingML."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    types = (
        f'{head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}.document.main+xml"/></Types>'
    )
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    links = (
        f'{head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{link}" Target="word/document.xml"/></Relationships>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", links)
        archive.writestr(
            "word/document.xml", f'{head}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
        )
        for name, data in (others or {}).items():
            archive.writestr(name, data)
    return file.getvalue()


def word_paragraph(text: str, style: str = "") -> str:
    chosen = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{chosen}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def word_table(rows: Sequence[Sequence[str]]) -> str:
    cells = ["".join(f"<w:tc>{word_paragraph(cell)}</w:tc>" for cell in row) for row in rows]
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def _drawn(words: Words, unit: float) -> str:
    text = words.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    a, b = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[words.turn]
    scale = words.size / unit
    matrix = f"{a * scale} {b * scale} {-b * scale} {a * scale} {words.x / unit} {words.y / unit}"
    return f"BT /{words.font} 1 Tf {matrix} Tm ({text}) Tj ET"
