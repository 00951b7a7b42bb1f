"""Documents of every kind that Espalier reads, as Markdown.

What comes from elsewhere may be damaged or made to do harm, and the readers of PDF, Word and HTML are large. They run
in a process of their own with limits on time and memory: it may crash or hang, and one sentence is all that is lost.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Literal

from espalier.documents.text import decode
from espalier.errors import EspalierError

Kind = Literal["markdown", "text", "html", "word", "pdf"]

KINDS: dict[str, Kind] = {
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".txt", ".text"), "text"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    ".docx": "word",
    ".pdf": "pdf",
}
"""The kind of a document by the ending of its name, in lower case."""

LARGEST: dict[Kind, int] = {
    "markdown": 20_000_000,
    "text": 20_000_000,
    "html": 20_000_000,
    "word": 100_000_000,
    "pdf": 300_000_000,
}
"""The largest file of each kind, in bytes."""

READING_SECONDS = 300
_READING_BYTES = 6 << 30  # of memory
_DEEPEST = 20_000  # calls inside each other
_READABLE = "Markdown, text, PDF, Word (.docx) or HTML"
_ADVICE = {
    ".doc": "Open it in Word and save it as .docx.",
    ".rtf": "Open it and save it as .docx or PDF.",
    ".odt": "Open it and save it as .docx or PDF.",
    ".pages": "Open it in Pages and export it as Word or PDF.",
    ".pptx": "Export the slides as PDF.",
    ".key": "Export the slides as PDF.",
    ".epub": "Save its chapters as HTML or PDF.",
}


@dataclass(frozen=True)
class Conversion:
    """A document as Markdown.

    Attributes:
        pages: of a PDF, else None.
        notes: sentences on what was guessed or left out.
        page_starts: where in the Markdown the text of each page of a PDF begins, in characters; never falling.
    """

    markdown: str
    kind: Kind
    pages: int | None = None
    notes: Sequence[str] = ()
    page_starts: Sequence[int] = ()


def kind_of(name: str) -> Kind:
    """Return the kind of a document by its name.

    Raises:
        EspalierError: it is of none that Espalier reads.
    """
    ending = PurePath(name).suffix.lower()
    if ending not in KINDS:
        raise EspalierError(f"{name} is not {_READABLE}. {_ADVICE.get(ending, 'Save it as one of these first.')}")
    return KINDS[ending]


def convert(name: str, data: bytes) -> Conversion:
    """Return a document as Markdown.

    Args:
        name: of the file; its ending tells the kind.
        data: the whole file.

    Raises:
        EspalierError: it is of no known kind, too large, empty, damaged, protected, or no reader comes to an end.
    """
    kind = kind_of(name)
    if len(data) > LARGEST[kind]:
        raise EspalierError(f"{name} is over {LARGEST[kind] // 1_000_000} MB. Split it into smaller documents.")
    conversion = _read(name, data) if kind in ("markdown", "text") else _read_apart(name, data)
    if not any(character.isalnum() for character in conversion.markdown):
        raise EspalierError(f"{name} holds no text. Choose a document with text.")
    return conversion


def _read(name: str, data: bytes) -> Conversion:
    """Return the document, read in this process."""
    kind = kind_of(name)
    if kind == "pdf":
        from espalier.documents.pdf import read_pdf

        text, starts, notes = read_pdf(name, data)
        return Conversion(text, kind, len(starts), notes, starts)
    if kind == "word":
        from espalier.documents.word import read_word

        text, notes = read_word(name, data)
        return Conversion(text, kind, None, notes)
    if kind == "html":
        from espalier.documents.html import declared_encoding, html_to_markdown

        text, note = _decoded(name, data, declared_encoding(data))
        try:
            text = html_to_markdown(text)
        except RecursionError as error:
            raise EspalierError(f"{name} is nested too deeply to read. Save it as PDF and import that.") from error
    else:
        text, note = _decoded(name, data)
    return Conversion(text, kind, None, [note] if note else [])


def _decoded(name: str, data: bytes, declared: str = "") -> tuple[str, str]:
    try:
        return decode(data, declared)
    except ValueError as error:
        raise EspalierError(f"{name} is no text, whatever its name says. Save it as {_READABLE}.") from error


def _read_apart(name: str, data: bytes) -> Conversion:
    """Return the document, read in another process."""
    command = [sys.executable, "-P", "-m", "espalier.documents.convert", name]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=READING_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise EspalierError(
            f"{name} was not read after {READING_SECONDS} seconds. Split it, or save it as PDF and import that."
        ) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise EspalierError(f"{name} makes its reader fail. Open it, save it again and import that.") from error
    if "refused" in answer:
        raise EspalierError(answer["refused"])
    return Conversion(**answer)


def main() -> None:
    """Read the document on standard input, named by the argument, and print it as JSON."""
    printed = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints does not get into the answer
    resource.setrlimit(resource.RLIMIT_CPU, (READING_SECONDS, READING_SECONDS))
    if sys.platform == "linux":  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (_READING_BYTES, _READING_BYTES))
    sys.setrecursionlimit(_DEEPEST)
    name = sys.argv[1]
    try:
        answer = asdict(_read(name, sys.stdin.buffer.read()))
    except EspalierError as error:
        answer = {"refused": str(error)}
    except MemoryError:
        answer = {"refused": f"{name} needs far more memory than a document should. Split it into smaller documents."}
    with printed:
        json.dump(answer, printed)


if __name__ == "__main__":
    main()
