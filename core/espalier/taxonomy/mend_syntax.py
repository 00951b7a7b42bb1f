"""Mends for a text that is no YAML yet: tabs become spaces, and a text that YAML misreads gets its quotes."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from espalier.taxonomy.mend_layout import lines_of
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.scalars import written
from espalier.taxonomy.source import ReadingError, parse

_MOST = 30  # mends of one file: each needs another reading
_MOST_IN_LINE = 3
_VALUE = re.compile(r"([ \t]*(?:- +)*[A-Za-z_][\w-]*:[ \t]+|[ \t]*(?:- +)+)([^\r\n]*?)([ \t]*(?:\r?\n|\r|$))")


def make_readable(text: str, problems: Sequence[Problem]) -> Iterator[str]:
    """Yield texts that read as YAML, mended line after line from the first one that cannot be read."""
    for width in (2, 4, 8):
        mended = _mended(text, width)
        if mended is not None:
            yield mended
            if "\t" not in text:
                return


def _mended(text: str, tab_width: int) -> str | None:
    tries: Counter[int] = Counter()
    for _ in range(_MOST):
        error = _error(text)
        if error is None:
            return text
        tries[error.line] += 1
        if error.code != "yaml-syntax" or tries[error.line] > _MOST_IN_LINE:
            return None
        found = next((new for new in _candidates(text, error, tab_width) if _gets_further(new, error)), None)
        if found is None:
            return None
        text = found
    return None


def _candidates(text: str, error: ReadingError, tab_width: int) -> Iterator[str]:
    lines = lines_of(text)
    # PyYAML often names the line after the one at fault
    numbers = [number for number in (error.line - 1, error.line - 2) if 0 <= number < len(lines)]
    mends: list[Callable[[str], str]] = [lambda line: _untabbed(line, tab_width), _quoted]
    for number in numbers:
        for mend in mends:
            new = mend(lines[number])
            if new != lines[number]:
                yield "".join([*lines[:number], new, *lines[number + 1 :]])


def _untabbed(line: str, width: int) -> str:
    """Return the line with spaces for the tabs that indent it or follow a key or hyphen, and none at its end."""
    line = re.sub(r"[ \t]*\t[ \t]*(?=[\r\n]|$)", "", line)
    indented = re.sub(r"^[ \t]*", lambda found: found[0].expandtabs(width), line)
    return re.sub(r"^( *(?:-[ \t]+)*(?:[\w-]+:)?)([ \t]*\t[ \t]*)", _one_space, indented)


def _one_space(found: re.Match[str]) -> str:
    return found[1].replace("\t", " ") + (" " if found[1].strip() else "")


def _quoted(line: str) -> str:
    """Return the line with its value in quotes; lines whose value may be something else stay."""
    found = _VALUE.fullmatch(line)
    if not found or not found[2] or found[2][0] in "|>#&" or " #" in found[2]:
        return line
    quoted = written(found[2], 0, 0, in_flow=True)
    return f"{found[1]}{quoted}{found[3]}"


def _gets_further(text: str, error: ReadingError) -> bool:
    after = _error(text)
    return after is None or (after.line, after.column) > (error.line, error.column)


def _error(text: str) -> ReadingError | None:
    try:
        parse(text)
    except ReadingError as error:
        return error
    return None
