"""Word files as Markdown, read so that an archive made to exhaust the reader is refused first."""

import io
import zipfile

import mammoth

from espalier.documents.html import html_to_markdown
from espalier.errors import EspalierError

_MOST_BYTES = 300_000_000  # of all parts, unpacked
_MOST_TEXT_BYTES = 100_000_000  # of one part that is XML: reading takes some ten times as much memory
_MOST_PARTS = 20_000
_OLD_WORD = b"\xd0\xcf\x11\xe0"  # a compound file: Word before 2007, or a newer file under a password


def read_word(name: str, data: bytes) -> tuple[str, list[str]]:
    """Return a ``.docx`` file's text as Markdown and notes on what is left out; nothing it links to is read.

    Raises:
        EspalierError: it is damaged, has a password, is of an older format or unpacks to far too much.
    """
    if data.startswith(_OLD_WORD):
        raise EspalierError(
            f"{name} is protected with a password, or is of the format of Word before 2007. Open it in Word and save "
            "it as .docx without a password."
        )
    try:
        _refuse_bombs(name, data)
        result = mammoth.convert_to_html(io.BytesIO(data), convert_image=lambda image: [], external_file_access=False)
        text = html_to_markdown(result.value)
    except EspalierError:
        raise
    except (RecursionError, MemoryError) as error:
        raise EspalierError(f"{name} is nested too deeply to read. Save it as PDF or HTML and import that.") from error
    except Exception as error:  # mammoth lets whatever a broken part leads to through
        raise EspalierError(
            f"{name} is damaged or not a Word file. Open it in Word and save it as .docx again."
        ) from error
    notes = []
    if b"<m:oMath" in _part(data, "word/document.xml"):
        notes.append("The document has equations, which are left out. Write them in where they matter.")
    return text, notes


def _refuse_bombs(name: str, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        # Python unpacks no more of a part than its header says, so these sizes can be trusted.
        largest_text = max((part.file_size for part in parts if part.filename.endswith((".xml", ".rels"))), default=0)
        total = sum(part.file_size for part in parts)
        if total > _MOST_BYTES or largest_text > _MOST_TEXT_BYTES or len(parts) > _MOST_PARTS:
            raise EspalierError(
                f"{name} unpacks to {total // 1_000_000} MB, too much to read. Split it into smaller files."
            )
        for part in parts:
            head = archive.open(part).read(4000).replace(b"\0", b"").lower()
            if b"<!doctype" in head or b"<!entity" in head:
                raise EspalierError(f"{name} holds definitions that no Word file has. Save it as .docx again in Word.")


def _part(data: bytes, part: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(part) if part in archive.namelist() else b""
