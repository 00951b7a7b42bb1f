"""Lines of a PDF as Markdown: headings, paragraphs, lists, tables and code.

A PDF knows only where characters stand. What is a heading or a paragraph is judged by size, weight and distance
relative to what is usual in the document.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from espalier.documents import markdown
from espalier.documents.pdf_lines import Line, Piece
from espalier.documents.pdf_page import HEADING, Measures, column, right_edges
from espalier.documents.pdf_tables import is_prose, table_end, table_markdown, unfold
from espalier.documents.pdf_words import join_lines, vocabulary

SMALL = 0.88  # times the usual size: smaller text is a note, around which paragraphs go on
_LONGEST_HEADING = 160  # characters
_DEEPEST_HEADING = 5
_SAME_SIZE = 0.6  # points
_BULLET = re.compile(r"(?:[•‣◦▪●○■□∙·⁃▸➢✓\uf0b7\uf0a7]\s*|[-–—*]\s+)(?=\S)")
_NUMBERED = re.compile(r"(\d{1,3})[.)]\s+(?=\S)|\(?[a-z]\)\s+(?=\S)")
_ENDED = re.compile(r"[.!?:;。！？][\"'”’)\]]*$")

Kind = Literal["heading", "text", "item", "code", "table"]


@dataclass
class Block:
    """One part of the text.

    Attributes:
        level: of a heading, from 1; of a list item, from 0.
        is_small: a note.
        marker: of a list item, as it stands on the page.
    """

    kind: Kind
    lines: list[Line]
    level: int = 0
    is_small: bool = False
    marker: str = ""


def layout(lines: Sequence[Line], usual: Measures) -> tuple[str, dict[int, int]]:
    """Return the lines of a document as Markdown, and where in it the text of each page begins, in characters."""
    lines = [_with_marker(line) for line in lines]
    blocks = list(_blocks(lines, usual))
    words = vocabulary(line.text for line in lines)
    texts: list[str] = []
    starts: dict[int, int] = {}
    length = 0
    before: Block | None = None
    for block in _rejoined(blocks):
        text = _text(block, usual, words)
        is_list = before is not None and before.kind == block.kind == "item"
        gap = "" if not texts else "\n" if is_list else "\n\n"
        for line in block.lines:
            if line.page not in starts:
                starts[line.page] = length + len(gap) + _place(line, block, text)
        texts.append(gap + text)
        length += len(texts[-1])
        before = block
    return "".join(texts) + "\n" if texts else "", starts


def _place(line: Line, block: Block, text: str) -> int:
    """Return about where in the text of a block a line begins; the line before it may have taken its first word."""
    words = line.text.split()
    found = (text.find(" ".join(words[skip : skip + 3])) for skip in (0, 1)) if line is not block.lines[0] else iter(())
    return next((place for place in found if place > 0), 0)


def _blocks(lines: Sequence[Line], usual: Measures) -> Iterator[Block]:
    heading_sizes = _heading_sizes(lines, usual)
    edges = right_edges(lines)
    index = 0
    block: Block | None = None
    while index < len(lines):
        line = lines[index]
        end = index if line.is_mono and usual.has_code else table_end(lines, index, usual)
        if end > index and not is_prose(lines[index:end]):
            yield from [block] if block else []
            block = None
            yield Block("table", list(lines[index:end]))
            index = end
            continue
        for part in unfold(lines[index:end]) if end > index else [line]:
            new = _started(part, block, usual, heading_sizes, edges)
            if new is None and block:
                block.lines.append(part)
            else:
                yield from [block] if block else []
                block = new
        index = max(end, index + 1)
    yield from [block] if block else []


def _started(
    line: Line,
    block: Block | None,
    usual: Measures,
    heading_sizes: Sequence[float],
    edges: dict[tuple[int, int], float],
) -> Block | None:
    """Return the block that a line starts, or None when the line goes on with the one before."""
    above = block.lines[-1] if block else None
    step = above.y - line.y if above and above.page == line.page else None
    pitch = usual.pitch * line.size
    is_near = step is not None and 0 <= step < 1.4 * pitch
    if line.is_mono and usual.has_code:
        is_same = block is not None and block.kind == "code" and (step is None or 0 < step < 4 * pitch)
        return None if is_same else Block("code", [line])
    level = _heading_level(line, usual, heading_sizes)
    if level:
        is_same = block is not None and block.kind == "heading" and block.level == level and is_near
        return None if is_same else Block("heading", [line], level)
    is_small = line.size < SMALL * usual.size
    if marker := _marker(line, block, is_near):
        base = block.lines[0].x0 - 12 * block.level if block and block.kind == "item" else line.x0
        indent = min(2, max(0, round((line.x0 - base) / 12)))
        return Block("item", [line], indent, is_small, marker)
    if block is None or above is None or block.kind not in ("text", "item"):
        return Block("text", [line], is_small=is_small)
    is_other_size = abs(line.size - above.size) > 0.08 * usual.size and not _is_run_on(above, line)
    if not is_near or is_other_size or _is_indented_start(above, line, block) or _ended_short(above, line, edges):
        return Block("text", [line], is_small=is_small)
    return None


def _heading_sizes(lines: Sequence[Line], usual: Measures) -> list[float]:
    """Return the sizes of headings, largest first; sizes that differ by less than `_SAME_SIZE` are one."""
    sizes: list[float] = []
    for line in sorted(lines, key=lambda line: -line.size):
        if _is_large(line, usual) and (not sizes or sizes[-1] - line.size > _SAME_SIZE):
            sizes.append(line.size)
    return sizes


def _is_large(line: Line, usual: Measures) -> bool:
    is_word = sum(character.isalpha() for character in line.text) >= 2
    is_short = len(line.text) <= _LONGEST_HEADING
    return line.size >= HEADING * usual.size and is_word and is_short


def _heading_level(line: Line, usual: Measures, sizes: Sequence[float]) -> int:
    """Return the level of a heading, or 0."""
    if _is_large(line, usual):
        level = next((rank for rank, size in enumerate(sizes, 1) if size - line.size <= _SAME_SIZE), len(sizes) + 1)
        return min(level, _DEEPEST_HEADING)
    is_title = line.text[:1].isupper() or line.text[:1].isdigit() or not line.text[:1].isascii()
    is_short = len(line.text) <= 90 and not line.text.endswith((".", ",", ";", ":")) and len(line.pieces) == 1
    is_bold = line.is_bold and usual.has_bold and line.size >= 0.95 * usual.size
    is_word = sum(character.isalpha() for character in line.text) >= 2
    if is_bold and is_title and is_short and is_word and not _BULLET.match(line.text):
        return min(len(sizes) + 1, _DEEPEST_HEADING + 1)
    return 0


def _marker(line: Line, block: Block | None, is_near: bool) -> str:
    """Return the mark that makes a line a list item, as the line has it, or ""."""
    if found := _BULLET.match(line.text):
        return found[0]
    found = _NUMBERED.match(line.text)
    if found is None:
        return ""
    # A number may stand at the start of a line by chance: inside a paragraph it must be 1 or the next one.
    number = int(found[1]) if found[1] else 0
    is_next = block is not None and block.kind == "item" and block.marker.strip(" .)") == str(number - 1)
    return found[0] if not is_near or number <= 1 or is_next else ""


def _is_run_on(above: Line, line: Line) -> bool:
    """Return whether a line of another size goes on with the sentence, as beside a large first letter."""
    return not _ENDED.search(above.text) and not line.text[:1].isupper()


def _is_indented_start(above: Line, line: Line, block: Block) -> bool:
    is_item = block.kind == "item"
    is_indented = line.x0 - above.x0 > 0.8 * line.size
    is_first_of_item = is_item and len(block.lines) == 1
    return is_indented and not is_first_of_item and bool(_ENDED.search(above.text))


def _ended_short(above: Line, line: Line, edges: dict[tuple[int, int], float]) -> bool:
    """Return whether the line above ends a sentence well before the column does."""
    edge = edges[column(above)]
    return bool(_ENDED.search(above.text)) and edge - above.x1 > max(0.15 * (edge - above.x0), 2 * line.size)


def _rejoined(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with paragraphs that go on after a page or column break in one piece; notes do not hinder."""
    joined: list[Block] = []
    for block in blocks:
        open_ = next((other for other in reversed(joined) if not other.is_small), None)
        if open_ and not block.is_small and _goes_on(open_, block):
            open_.lines += block.lines
        else:
            joined.append(block)
    return joined


def _goes_on(open_: Block, block: Block) -> bool:
    last, first = open_.lines[-1], block.lines[0]
    if block.kind == "table" == open_.kind:
        return last.page + 1 == first.page and len(last.pieces) == len(first.pieces)
    is_break = first.page == last.page + 1 or (first.page == last.page and first.y > last.y)
    if not is_break or block.kind != "text" or open_.kind not in ("text", "item") or _ENDED.search(last.text):
        return False
    return first.text[:1].islower() or last.text.endswith(("-", ",")) or len(last.text) > 0.8 * _usual_length(open_)


def _usual_length(block: Block) -> int:
    return max(len(line.text) for line in block.lines) if len(block.lines) > 1 else 10_000


def _text(block: Block, usual: Measures, words: frozenset[str]) -> str:
    if block.kind == "table":
        return table_markdown(block.lines, usual)
    if block.kind == "code":
        return markdown.code(_code_lines(block.lines, usual))
    text = join_lines([line.text for line in block.lines], words)
    if block.kind == "heading":
        return f"{'#' * block.level} {text}"
    if block.kind == "text":
        return markdown.paragraph(text)
    text = _BULLET.sub("", text, count=1)
    if (number := _NUMBERED.match(text)) and number[1]:
        return f"{'   ' * block.level}{number[1]}. {text[number.end() :]}"
    return f"{'  ' * block.level}- {text}"


def _code_lines(lines: Sequence[Line], usual: Measures) -> list[str]:
    """Return lines of code with the indent and the blank lines that they have on the page."""
    left = min(line.x0 for line in lines)
    printed: list[str] = []
    above: Line | None = None
    for line in lines:
        width = sum(piece.x1 - piece.x0 for piece in line.pieces) / max(
            1, sum(len(piece.text) for piece in line.pieces)
        )
        if above and above.page == line.page and above.y - line.y > 1.7 * usual.pitch * line.size:
            printed.append("")
        printed.append(_spaced(line.pieces, left, width))
        above = line
    return printed


def _spaced(pieces: Sequence[Piece], left: float, width: float) -> str:
    text = ""
    for piece in pieces:
        place = round((piece.x0 - left) / max(width, 0.1))
        text += " " * max(place - len(text), 1 if text else 0) + piece.text
    return text


def _with_marker(line: Line) -> Line:
    """Return a line whose list mark or section number stands apart with both in one piece."""
    first, *rest = line.pieces
    is_mark = re.fullmatch(
        r"[•‣◦▪●○■□∙·⁃▸➢✓\uf0b7\uf0a7*–—-]|\(?[a-z]\)|\d{1,3}[.)]|\d+(\.\d+)+\.?|[A-Z]\.\d+", first.text
    )
    is_section = line.is_bold and re.fullmatch(r"[\dIVX]+|Appendix \w", first.text)
    if len(rest) != 1 or not (is_mark or is_section):
        return line
    piece = Piece(first.x0, rest[0].x1, f"{first.text} {rest[0].text}")
    return Line(line.page, line.y, line.size, (piece,), line.is_bold, line.is_mono)
