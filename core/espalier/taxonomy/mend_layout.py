"""Mends for what yamllint finds: only spaces and line ends change."""

import re
from collections.abc import Iterator, Sequence

from espalier.taxonomy.problems import Problem

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$")


def lines_of(text: str) -> list[str]:
    """Return the lines with their line ends, as YAML counts them; joined they are the text."""
    return _LINE.findall(text)


def strip_lines(text: str, problems: Sequence[Problem]) -> Iterator[str]:
    """Yield the text without the spaces at the end of the lines named."""
    lines = lines_of(text)
    for problem in problems:
        lines[problem.line - 1] = re.sub(r"[ \t]+(?=[\r\n]|$)", "", lines[problem.line - 1])
    yield "".join(lines)


def end_last_line(text: str, problems: Sequence[Problem]) -> Iterator[str]:
    """Yield the text with its last line ended as the others are."""
    yield text + ("\r\n" if "\r\n" in text else "\n")


def drop_blank_lines(text: str, problems: Sequence[Problem]) -> Iterator[str]:
    """Yield the text with fewer blank lines where there are too many: two in a row, then one, then none."""
    for kept in (2, 1, 0):
        lines = lines_of(text)
        for problem in sorted(problems, key=lambda problem: -problem.line):
            first = last = min(problem.line, len(lines)) - 1
            while first > 0 and not lines[first - 1].strip():
                first -= 1
            while last + 1 < len(lines) and not lines[last + 1].strip():
                last += 1
            is_edge = first == 0 or last + 1 == len(lines)
            keep = 0 if is_edge else kept
            del lines[first + keep : last + 1]
        yield "".join(lines)


def respace(text: str, problems: Sequence[Problem]) -> Iterator[str]:
    """Yield the text with one space, then none, where a colon, comma, hyphen or bracket has too many or too few."""
    for space in (" ", ""):
        lines = lines_of(text)
        for problem in sorted(problems, key=lambda problem: (-problem.line, -problem.column)):
            line = lines[problem.line - 1]
            # yamllint names the last space after the sign, or the sign that follows the spaces
            at = next((at for at in (problem.column - 1, problem.column - 2) if line[at : at + 1] == " "), None)
            if at is None:
                lines[problem.line - 1] = line[: problem.column - 1] + space + line[problem.column - 1 :]
                continue
            before, after = line[: at + 1].rstrip(" "), line[at + 1 :].lstrip(" ")
            lines[problem.line - 1] = before + space + after
        yield "".join(lines)
