"""Tables and columns among the lines of a PDF, found by the gaps that line up."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from espalier.documents.markdown import table
from espalier.documents.pdf_lines import Line, Piece
from espalier.documents.pdf_page import Measures

_FARTHEST = 3.0  # times the usual distance of two lines: rows of a table are not farther apart
_PROSE = 28  # characters in an average cell of two columns: more is text set in columns, not a table


def table_end(lines: Sequence[Line], start: int, usual: Measures) -> int:
    """Return the index after the last line of the table that starts at ``start``, or ``start`` when none does."""
    if len(lines[start].pieces) < 2:
        return start
    end = start + 1
    while end < len(lines) and _follows(lines[end - 1], lines[end], usual) and not _is_after(lines, start, end):
        end += 1
    while end > start:
        columns = _columns(lines[start:end])
        outside = next((index for index in range(start, end) if not _fits(lines[index], columns)), end)
        if outside == end:
            break
        end = outside
    rows = [line for line in lines[start:end] if len(line.pieces) > 1]
    while end > start and len(lines[end - 1].pieces) < 2 and not _is_continued(lines[end - 1], columns):
        end -= 1
    is_table = len(rows) >= 3 or (len(rows) == 2 and (len(columns) > 2 or _widest_gap(rows) > 2 * usual.size))
    return end if is_table and len(columns) > 1 else start


def is_prose(lines: Sequence[Line]) -> bool:
    """Return whether the lines of a table are text in two columns that the file draws row by row."""
    rows = [line for line in lines if len(line.pieces) > 1]
    if len(_columns(lines)) != 2 or len(rows) < 4:
        return False
    texts = [piece.text for line in rows for piece in line.pieces]
    return sum(map(len, texts)) / len(texts) > _PROSE


def unfold(lines: Sequence[Line]) -> list[Line]:
    """Return text in columns as lines of one column after the other."""
    columns = _columns(lines)
    cells: list[list[Line]] = [[] for _ in columns]
    for line in lines:
        for piece in line.pieces:
            cells[_index(piece, columns)].append(
                Line(line.page, line.y, line.size, (piece,), line.is_bold, line.is_mono)
            )
    return [line for cell in cells for line in cell]


def table_markdown(lines: Sequence[Line], usual: Measures) -> str:
    """Return the lines of a table as a Markdown table; a line that lacks the first cell goes on with the row above."""
    columns = _columns(lines)
    rows: list[list[str]] = []
    for above, line in pairwise([None, *lines]):
        assert line
        cells = [""] * len(columns)
        for piece in line.pieces:
            index = _index(piece, columns)
            cells[index] = f"{cells[index]} {piece.text}".strip()
        is_near = above is not None and above.page == line.page and above.y - line.y < 1.25 * usual.pitch * line.size
        if rows and is_near and not cells[0]:
            rows[-1] = [f"{old} {new}".strip() for old, new in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return table(rows)


def _follows(above: Line, line: Line, usual: Measures) -> bool:
    step = above.y - line.y
    is_near = above.page == line.page and 0 <= step < _FARTHEST * usual.pitch * usual.size
    return is_near and not (line.is_mono and usual.has_code)


def _is_after(lines: Sequence[Line], start: int, index: int) -> bool:
    """Return whether a line below a table is text: it starts at the left, and so does the line below it."""
    below = lines[index : index + 2]
    return all(len(line.pieces) == 1 and line.x0 < lines[start].pieces[0].x1 for line in below)


def _columns(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Return where the columns of most rows start and end; [] when these overlap."""
    counts = Counter(len(line.pieces) for line in lines if len(line.pieces) > 1)
    if not counts:
        return []
    most = max(counts, key=lambda count: (counts[count], count))
    rows = [line.pieces for line in lines if len(line.pieces) == most]
    columns = [(min(row[k].x0 for row in rows), max(row[k].x1 for row in rows)) for k in range(most)]
    return columns if all(left[1] < right[0] for left, right in pairwise(columns)) else []


def _fits(line: Line, columns: Sequence[tuple[float, float]]) -> bool:
    """Return whether each piece of a line stands in a column of its own."""
    touched = [[k for k, (x0, x1) in enumerate(columns) if piece.x1 > x0 and piece.x0 < x1] for piece in line.pieces]
    return all(len(indexes) == 1 for indexes in touched) and len({k for (k,) in touched}) == len(line.pieces)


def _is_continued(line: Line, columns: Sequence[tuple[float, float]]) -> bool:
    return len(columns) > 1 and line.x0 > columns[0][1]


def _index(piece: Piece, columns: Sequence[tuple[float, float]]) -> int:
    overlaps = [min(piece.x1, x1) - max(piece.x0, x0) for x0, x1 in columns]
    return overlaps.index(max(overlaps))


def _widest_gap(rows: Sequence[Line]) -> float:
    return min(max(right.x0 - left.x1 for left, right in pairwise(row.pieces)) for row in rows)
