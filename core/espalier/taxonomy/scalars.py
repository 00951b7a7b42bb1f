"""Texts as YAML that reads back as exactly the same text and that the linter accepts."""

import json
import re

import yaml

LINE = 120  # columns: longer texts are folded where that changes nothing

# What must be an escape inside double quotes: all that PyYAML's reader refuses or takes for a line end, and tabs.
_ESCAPED = re.compile("[^\\x20-\\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# Words that some version of YAML reads as something else than text; PyYAML's resolver knows most of them.
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"}
_NUMBER = re.compile(r"[-+]?\.?\d[\w.:+-]*")
_PLAIN = re.compile(r"[^\W_]")  # a first character that is never an indicator
_RESOLVER = yaml.resolver.Resolver()


def written(text: str, indent: int, column: int, *, in_flow: bool = False) -> str:
    """Return a text as the YAML value of a key or item; lines end in newlines, the last one in none.

    A text with line breaks becomes a literal block, a long line a folded one; what YAML would misread is quoted.

    Args:
        text: any text without lone surrogates.
        indent: columns before the key or hyphen that the value belongs to.
        column: where the value begins on its line, from 0.
        in_flow: whether the value stands inside ``[]`` or ``{}``.
    """
    inner = " " * (indent + 2)
    if not in_flow:
        if "\n" in text and _fits_block(text):
            return _block(text, "|", indent, text.split("\n"))
        if column + len(text) + 2 > LINE and _fits_folding(text):
            return _block(text, ">", indent, _wrapped(text, LINE - len(inner)))
        if _is_plain(text):
            return text
    if "'" not in text and re.search(r'["\\]', text) and not _ESCAPED.search(text) and column + len(text) + 2 <= LINE:
        return f"'{text}'"
    quoted = _quoted(text)
    if in_flow or column + len(quoted) <= LINE:
        return quoted
    # A line end inside quotes reads as one space, so a line may end where one space stands between two words.
    first, *rest = _wrapped(quoted, LINE - len(inner), LINE - column)
    return "\n".join([first, *(inner + line for line in rest)])


def is_text(plain: str) -> bool:
    """Return whether YAML reads an unquoted scalar as text."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, plain, (True, False))  # type: ignore[no-untyped-call]
    return bool(tag == "tag:yaml.org,2002:str")


def _quoted(text: str) -> str:
    """Return the text in double quotes on one line: JSON's escapes, and YAML's for what JSON leaves as it is."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _is_plain(text: str) -> bool:
    return bool(
        _PLAIN.match(text)
        and not _ESCAPED.search(text)
        and not re.search(r":( |$)| #|\s$|[\[\]{}]", text)
        and text.lower() not in _WORDS
        and not _NUMBER.fullmatch(text)
        and is_text(text)
    )


def _fits_block(text: str) -> bool:
    """Return whether the linter accepts the text as lines of their own and YAML keeps them as they are."""
    lines = text.split("\n")
    return (
        bool(text.strip())
        and not _ESCAPED.search(text.replace("\n", "").replace("\t", ""))
        and not any(line != line.rstrip() for line in lines)
        and "\n\n\n\n" not in text
        and not text.startswith("\n\n\n")
        and not text.endswith("\n\n")
    )


def _fits_folding(text: str) -> bool:
    return _fits_block(text) and "\n" not in text and "  " not in text and text == text.strip() and " " in text


def _block(text: str, style: str, indent: int, lines: list[str]) -> str:
    chomping = "" if text.endswith("\n") else "-"
    # The first line sets the indent unless it begins with a space itself.
    first = next(line for line in lines if line)
    indicator = "2" if first[0] == " " else ""
    body = lines[:-1] if not chomping else lines
    return "\n".join(
        [f"{style}{indicator}{chomping}", *(f"{' ' * (indent + 2)}{line}" if line else "" for line in body)]
    )


def _wrapped(text: str, width: int, first_width: int | None = None) -> list[str]:
    """Return the text as lines of at most ``width`` where single spaces allow; longer words stay whole."""
    lines: list[str] = []
    line = ""
    room = width if first_width is None else first_width
    for word in re.split(r"(?<=[^\s]) (?=[^\s])", text):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, width
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]
