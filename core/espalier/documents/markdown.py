"""Markdown written from parts."""

import re
from collections.abc import Sequence

_STARTS = re.compile(r"(#{1,6}(?=\s|$)|[-+*](?=\s)|>|~~~|```|\|)")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of equal length as a pipe table whose first row is the header."""
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def paragraph(text: str) -> str:
    """Return a text as a paragraph that its first characters do not turn into something else."""
    return _STARTS.sub(r"\\\1", text, count=1) if _STARTS.match(text) else text


def code(lines: Sequence[str]) -> str:
    """Return lines as a fenced block; the fence is longer than any run of backticks inside."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence, *lines, fence])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
