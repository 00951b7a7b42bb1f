"""PDF files as Markdown, and as pictures of their pages."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2 as pdfium

from espalier.documents.pdf_layout import layout
from espalier.documents.pdf_lines import read_page
from espalier.documents.pdf_page import measure, without_contents, without_running_heads
from espalier.errors import EspalierError

MOST_PAGES = 5_000
_MOST_PIXELS = 40_000_000  # of one picture


def read_pdf(name: str, data: bytes) -> tuple[str, list[int], list[str]]:
    """Return a PDF's text as Markdown, where in it each page begins, and notes on what is left out.

    Raises:
        EspalierError: it is damaged, has a password, has too many pages or holds only pictures.
    """
    with _opened(name, data) as document:
        count = len(document)
        if count > MOST_PAGES:
            raise EspalierError(f"{name} has {count} pages. Split it into parts of {MOST_PAGES} at most.")
        pages = [read_page(document, number) for number in range(count)]
    characters = sum(page.characters for page in pages)
    if characters == 0:
        raise EspalierError(
            f"{name} holds pictures of pages and no text, as a scan does. Run text recognition (OCR) on it and "
            "import the result."
        )
    unreadable = sum(page.unreadable for page in pages)
    if unreadable > characters / 2:
        raise EspalierError(
            f"{name} does not say which letters its shapes stand for. Run text recognition (OCR) on it, or export "
            "it again from where it was written."
        )
    notes = []
    if scans := [number for number, page in enumerate(pages, 1) if not page.characters and not page.is_blank]:
        notes.append(f"No text on {_numbers(scans)}: these hold only pictures, which are left out.")
    if unreadable > 0.01 * characters:
        notes.append(f"{unreadable} of {characters} characters could not be read. Compare the text with the pages.")
    usual = measure([line for page in pages for line in page.lines])
    lines, entries = without_contents(without_running_heads(pages, usual))
    if entries:
        notes.append(f"{entries} lines of contents and index with page numbers were left out.")
    text, found = layout(lines, usual)
    starts = [len(text)] * count
    for page in reversed(range(count)):  # a page without text begins where the next one does
        after = starts[page + 1] if page + 1 < count else len(text)
        starts[page] = min(found.get(page, after), after)
    return text, starts, notes


def page_count(path: Path) -> int:
    """Return how many pages a PDF has.

    Raises:
        EspalierError: it cannot be opened.
    """
    with _opened(path.name, path) as document:
        return len(document)


def page_picture(path: Path, page: int, width: int) -> bytes:
    """Return a page as a PNG picture on white.

    Args:
        path: of the PDF.
        page: from 0.
        width: of the picture in pixels; a page far taller than wide is made smaller than that.

    Raises:
        EspalierError: the PDF cannot be opened, or has no such page.
    """
    with _opened(path.name, path) as document:
        if not 0 <= page < len(document):
            raise EspalierError(f"{path.name} has {len(document)} pages, so there is no page {page + 1}.")
        try:
            sheet = document[page]
            across, down = sheet.get_size()
            scale = min(width / across, (_MOST_PIXELS / (across * down)) ** 0.5)
            bitmap = sheet.render(scale=scale, rev_byteorder=True, force_bitmap_format=pdfium.raw.FPDFBitmap_BGR)
            picture = _png(bitmap.width, bitmap.height, bitmap.stride, bytes(bitmap.buffer))
        except (pdfium.PdfiumError, ZeroDivisionError) as error:
            raise EspalierError(f"Page {page + 1} of {path.name} cannot be drawn: it is damaged.") from error
        bitmap.close()
        sheet.close()
        return picture


@contextmanager
def _opened(name: str, file: Path | bytes) -> Iterator[pdfium.PdfDocument]:
    try:
        document = pdfium.PdfDocument(file)
    except (pdfium.PdfiumError, FileNotFoundError) as error:
        if getattr(error, "err_code", None) in (pdfium.raw.FPDF_ERR_PASSWORD, pdfium.raw.FPDF_ERR_SECURITY):
            raise EspalierError(
                f"{name} is protected with a password. Open it, save a copy without one and import the copy."
            ) from error
        raise EspalierError(f"{name} is damaged or not a PDF. Open it and save it again, then import that.") from error
    try:
        yield document
    except pdfium.PdfiumError as error:
        raise EspalierError(f"{name} is damaged. Open it and save it again, then import that.") from error
    finally:
        document.close()


def _numbers(pages: Iterable[int]) -> str:
    """Return page numbers as ``page 3`` or ``pages 1–3, 7``."""
    ranges: list[list[int]] = []
    for page in pages:
        if ranges and ranges[-1][1] == page - 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    shown = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in ranges)
    return f"{'pages' if len(ranges) > 1 or ranges[0][0] != ranges[0][1] else 'page'} {shown}"


def _png(width: int, height: int, stride: int, rows: bytes) -> bytes:
    """Return red, green and blue bytes as a PNG file (ISO/IEC 15948)."""
    lines = b"".join(b"\0" + rows[y * stride : y * stride + 3 * width] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
