"""Lines of PDF pages without what repeats on them, and where their columns end."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from espalier.documents.pdf_lines import Line, Page

MARGIN = 0.12  # of the page's height, at the top and at the bottom: where running heads and page numbers stand
HEADING = 1.12  # times the usual size: larger text is a heading
_AT_EDGE = 2  # lines from the edge
_NUMBER = re.compile(
    r"(page |seite |p\. ?)?[-–—\[(]*\s*(\d{1,5}|[ivxlc]{1,8})\s*[-–—\])]*(\s*(/|of|von|sur)\s*\d+)?", re.I
)
_ENTRY = re.compile(r"(?:\s*[.·…_]){4,}\s*(?:\d+|[ivxlc]+)$")
_CONTENTS = re.compile(r"(table of )?contents|inhalt(sverzeichnis)?|table des matières|sommaire|índice|indice", re.I)
_FEWEST_ENTRIES = 3


@dataclass(frozen=True)
class Measures:
    """What is usual in a document.

    Attributes:
        size: of most of the text, in points.
        pitch: from one baseline to the next, as a multiple of the size.
        has_code: whether a font of fixed width marks code here, because most of the text has another.
        has_bold: whether bold marks something, because most of the text is not.
    """

    size: float
    pitch: float
    has_code: bool
    has_bold: bool


def measure(lines: Sequence[Line]) -> Measures:
    """Return the usual measures of a document's lines."""
    sizes, mono, bold = Counter[float](), 0, 0
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
        mono += len(line.text) * line.is_mono
        bold += len(line.text) * line.is_bold
    size = max(sizes.most_common(1)[0][0], 1.0) if sizes else 10.0
    steps = [
        (above.y - line.y) / line.size
        for above, line in pairwise(lines)
        if above.page == line.page and 0.8 < (above.y - line.y) / max(line.size, 0.1) < 2.5
    ]
    total = sum(sizes.values())
    return Measures(size, statistics.median(steps) if steps else 1.2, mono < 0.6 * total, bold < 0.4 * total)


def without_running_heads(pages: Sequence[Page], usual: Measures) -> list[Line]:
    """Return the lines of all pages but those that repeat at an edge of several pages, and page numbers there.

    A head repeats when the same words, whatever numbers they hold, stand at the same height on two pages; a line as
    large as a heading must do so on half of the pages.
    """
    edges = [(page, line) for page in pages for line in _edge_lines(page)]
    heads = Counter(place for _, place in {(line.page, _place(page, line)) for page, line in edges})
    numbers = sum(bool(_NUMBER.fullmatch(line.text)) for _, line in edges)
    dropped = set[int]()
    for page, line in edges:
        words, height = _place(page, line)
        count = sum(heads[words, height + step] for step in (-1, 0, 1))
        is_number = _NUMBER.fullmatch(line.text) and (numbers > 1 or line.text == str(line.page + 1))
        if is_number or count >= (2 if line.size < HEADING * usual.size else max(3, len(pages) / 2)):
            dropped.add(id(line))
    return [line for page in pages for line in page.lines if id(line) not in dropped]


def without_contents(lines: Sequence[Line]) -> tuple[list[Line], int]:
    """Return the lines without those of tables of contents and indexes, and how many there were.

    These lines end in a row of dots and a page number; the title above them goes too.
    """
    entries = {index for index, line in enumerate(lines) if _ENTRY.search(line.text)}
    if len(entries) < _FEWEST_ENTRIES:
        return list(lines), 0
    titles = {index for index, line in enumerate(lines) if index + 1 in entries and _CONTENTS.fullmatch(line.text)}
    return [line for index, line in enumerate(lines) if index not in entries | titles], len(entries)


def right_edges(lines: Iterable[Line]) -> dict[tuple[int, int], float]:
    """Return how far the text reaches to the right, by page and column; see `column`."""
    edges: dict[tuple[int, int], float] = defaultdict(float)
    for line in lines:
        for near in (-1, 0, 1):
            key = (line.page, column(line)[1] + near)
            edges[key] = max(edges[key], line.x1)
    return edges


def column(line: Line) -> tuple[int, int]:
    """Return the page of a line and which 36 points of its width the line starts in."""
    return line.page, int(line.x0 // 36)


def _edge_lines(page: Page) -> list[Line]:
    by_height = sorted(page.lines, key=lambda line: line.y)
    low = [line for line in by_height[:_AT_EDGE] if line.y < MARGIN * page.height]
    high = [line for line in by_height[-_AT_EDGE:] if line.y > (1 - MARGIN) * page.height and line not in low]
    return low + high


def _place(page: Page, line: Line) -> tuple[str, int]:
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", line.text.casefold()), round((page.height - line.y) / 4)
