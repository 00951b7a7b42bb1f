"""The bytes of a text file as text, whatever encoding it was saved in."""

import codecs
import re
from collections.abc import Sequence

_MARKS: Sequence[tuple[bytes, str]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
GUESS_NOTE = "The text is not UTF-8 and was read as Latin-1 (Windows). Look whether letters with accents are right."


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return a file's text with plain line ends, and a note for the person, "" when the encoding is certain.

    Args:
        data: the whole file.
        declared: the encoding that the file itself names, as HTML does.

    Raises:
        ValueError: this is no text.
    """
    text, note = _decoded(data, declared)
    if len(_CONTROL.findall(text)) > max(2, len(text) / 1000):
        raise ValueError("The bytes are no text.")
    return _CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n"), note


def _decoded(data: bytes, declared: str) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), ""
    if encoding := _utf16(data):
        return data.decode(encoding, "replace"), ""
    for encoding in ("utf-8", declared):
        try:
            return data.decode(encoding), ""
        except (UnicodeError, LookupError):
            continue
    try:
        return data.decode("cp1252"), GUESS_NOTE
    except UnicodeDecodeError:
        return data.decode("latin-1"), GUESS_NOTE


def _utf16(data: bytes) -> str:
    """Return the kind of UTF-16 without a mark that this looks like: every other byte of Western text is zero."""
    start = data[:4096]
    if len(start) < 4 or len(data) % 2:
        return ""
    even, odd = start[::2].count(0) / len(start[::2]), start[1::2].count(0) / len(start[1::2])
    return "utf-16-le" if odd > 0.4 and even < 0.05 else "utf-16-be" if even > 0.4 and odd < 0.05 else ""
