"""Markdown that is still being written: what is settled is handed out once, and only the last block again and again.

However long an answer is, what is read anew for each piece of text is short: a block that grows too long is settled in
portions.
"""

from dataclasses import dataclass, replace

from espalier_desktop.pages.compare.markdown import MOST_ROWS, Block, Part, clean, read, rows_note

LONGEST = 2_500  # characters of the last block that are read again
MOST_LINES = 40
PIECE = 1_200  # characters that are read at a time when there is much to read


@dataclass(frozen=True)
class Step:
    """What a piece of text brought.

    Attributes:
        settled: blocks that stay as they are.
        open: the block that is being written, with what belongs to it; the next step replaces it.
    """

    settled: tuple[Block, ...]
    open: tuple[Block, ...]


class MarkdownStream:
    """Reads one answer, piece by piece."""

    def __init__(self) -> None:
        self._tail = ""  # what is not settled
        self._before = ""  # lines that make what follows part of a construct that was settled in portions
        self._rows = 0  # of a table, that are settled
        self._held = ""  # half of a line break
        self._is_joined = False

    def feed(self, text: str) -> Step:
        """Take in more text."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        self._tail += clean(text.removesuffix("\r") if self._held else text)
        parts = read(self._before + self._tail)
        if not parts:
            return Step((), ())
        settled = [block for number, part in enumerate(parts[:-1]) for block in self._blocks(part, number)]
        if len(parts) > 1:
            self._tail = _from_line(self._before + self._tail, parts[-1].line)
            self._before, self._rows, self._is_joined = "", 0, False
            parts = parts[-1:]
        if len(self._tail) > LONGEST or self._tail.count("\n") > MOST_LINES:
            settled += self._settle(parts[-1].kind)
            parts = read(self._before + self._tail)
        rest = [block for number, part in enumerate(parts) for block in self._blocks(part, number)]
        return Step(tuple(settled), tuple(rest) if self._tail.strip() or self._rows else ())

    def _blocks(self, part: Part, number: int) -> list[Block]:
        """Return the blocks of a part; the first goes on with what was settled before it."""
        blocks = list(part.blocks)
        if number or not blocks:
            return blocks
        if self._rows and part.kind == "table_open":
            return [rows_note(self._rows + part.rows - 1 - MOST_ROWS)] if self._rows >= MOST_ROWS else blocks
        return [replace(blocks[0], is_joined=self._is_joined), *blocks[1:]]

    def _settle(self, kind: str) -> list[Block]:
        """Settle most of the last block, which has grown long, and return it."""
        source = self._before + self._tail
        is_closed = kind == "fence" and len(read(source + "\n\n.")) > 1
        cut = self._tail.rfind("\n") + 1
        if not cut:
            cut = self._tail.rfind(" ") + 1 or len(self._tail)
        done, self._tail = self._before + self._tail[:cut], self._tail[cut:]
        parts = read(done)
        settled = [block for number, part in enumerate(parts) for block in self._blocks(part, number)]
        opening = done.split("\n", 2)
        self._is_joined = True
        if kind == "fence" and not is_closed:
            self._before = opening[0] + "\n"
        elif kind == "table_open" and len(opening) == 3:
            rows = parts[0].rows
            self._rows = self._rows + rows - 1 if self._rows else rows
            self._before = "\n".join(opening[:2]) + "\n"
            settled = [block for block in settled if block.kind != "note"]
        else:
            self._before = ""
        return settled


def pieces(text: str) -> list[str]:
    """Return a text in portions that can each be read and shown within a frame or two."""
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), PIECE):
            piece = line[start : start + PIECE]
            if found and len(found[-1]) + len(piece) <= PIECE and found[-1].count("\n") < MOST_LINES // 2:
                found[-1] += piece
            else:
                found.append(piece)
    return found


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a whole text."""
    stream, found, last = MarkdownStream(), list[Block](), tuple[Block, ...]()
    for piece in pieces(text):
        step = stream.feed(piece)
        found += step.settled
        last = step.open
    return [*found, *last]


def plain_text(text: str) -> str:
    """Return a text as blocks show it, without signs of Markdown; blocks are separated by line breaks."""
    return "\n".join(block.text for block in blocks_of(text))


def _from_line(text: str, line: int) -> str:
    return "\n".join(text.split("\n")[line:])
