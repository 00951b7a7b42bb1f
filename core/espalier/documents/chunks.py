"""A Markdown document in parts small enough for a teacher, each with the headings that it stands under.

Run as ``python -m espalier.documents.chunks MODEL`` it reads Markdown on standard input and prints its chunks and
their limit as JSON, with ``is_estimate`` when the model's tokenizer is not there and tokens are guessed from the
length. The window, which loads no tokenizer, reads it from this process of its own.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from tokenizers import Tokenizer

from espalier.documents.pieces import Piece, pieces, smaller, unframed
from espalier.errors import EspalierError
from espalier.models.folder import find_model

LIMIT = 500
"""Tokens of a chunk, as in InstructLab's generation (``utils/chunkers.py`` of instructlab/sdg)."""

_CHARACTERS = 4  # of English for one token, about; a guess where there is no tokenizer

Count = Callable[[str], int]
"""How many tokens a text has."""


@dataclass(frozen=True)
class Chunk:
    """A part of a document.

    Attributes:
        text: as the document has it; a part of a table comes with the table's header, a part of code in a fence.
        headings: those above the text and not in it, the title first.
        tokens: of the passage.
        cut: what was longer than a whole chunk and had to be cut here: ``sentence``, ``table`` or ``code``; ""
            when nothing was.
    """

    text: str
    headings: tuple[str, ...]
    tokens: int
    cut: str = ""

    @property
    def passage(self) -> str:
        """Return the text below a line with its headings."""
        return _passage(self.headings, self.text)


def chunks(markdown: str, count: Count, limit: int = LIMIT) -> list[Chunk]:
    """Return the document in chunks, in order; the same document and tokenizer always give the same ones.

    No sentence, table or code block is cut unless it alone is longer than a chunk. A heading stays with what
    follows it, and a chunk that is at least half full ends before the next heading.

    Args:
        markdown: the whole document.
        count: of the tokenizer whose tokens the limit means.
        limit: of the passage of a chunk, in tokens, at least 1; a single character may be more.
    """
    return list(_Filler(count, limit).fill(pieces(markdown)))


def token_counter(model: Path) -> Count:
    """Return how many tokens a text has for the model in a folder, special ones left out.

    Raises:
        EspalierError: the model's tokenizer cannot be read.
    """
    try:
        tokenizer: Tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    except Exception as error:  # the library raises nothing more precise
        raise EspalierError(
            f"The tokenizer of {model} cannot be read. Get the model again, or choose another."
        ) from error
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


class _Filler:
    """Fills chunks with pieces until the next one does not fit."""

    def __init__(self, count: Count, limit: int) -> None:
        self._count, self._limit = count, limit

    def fill(self, document: Sequence[Piece]) -> Iterator[Chunk]:
        held: list[Piece] = []
        for bundle in _bundles(document):
            is_section = bundle[0].is_heading and len(held) > 0 and self._size(held) * 2 >= self._limit
            if held and (is_section or not self._fits([*held, *bundle])):
                yield self._chunk(held)
                held = []
            if self._fits([*held, *bundle]):
                held += bundle
                continue
            for piece in self._cut(bundle):
                if held and not self._fits([*held, piece]):
                    yield self._chunk(held)
                    held = []
                held.append(piece)
        if held:
            yield self._chunk(held)

    def _cut(self, bundle: Sequence[Piece]) -> Iterator[Piece]:
        """Yield parts that fit, as large as possible; only what cannot be cut any more does not fit."""
        for piece in bundle:
            parts = [] if self._fits([piece]) else smaller(piece)
            if parts and self._count(parts[0].before + parts[0].after) * 2 > self._limit:
                parts = unframed(piece, parts[0].cut)
            if not parts or parts == [piece]:
                yield piece
            else:
                yield from self._cut(parts) if len(parts) < 64 else self._cut_many(parts)

    def _cut_many(self, parts: Sequence[Piece]) -> Iterator[Piece]:
        """Yield parts in runs that fit, so that a text of very many words is not counted word by word."""
        start = 0
        while start < len(parts):
            high = 1
            while start + high < len(parts) and self._fits(parts[start : start + 2 * high]):
                high *= 2
            low, high = high, min(2 * high, len(parts) - start + 1)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if self._fits(parts[start : start + middle]) else (low, middle)
            run = parts[start : start + low]
            yield from [run[0].joined(run)] if low > 1 else self._cut(run)
            start += low

    def _chunk(self, held: Sequence[Piece]) -> Chunk:
        headings, text = self._headings(held[0]), _text(held)
        cut = next((piece.cut for piece in held if piece.cut), "")
        return Chunk(text, headings, self._count(_passage(headings, text)), cut)

    def _fits(self, held: Sequence[Piece]) -> bool:
        return self._size(held) <= self._limit

    def _size(self, held: Sequence[Piece]) -> int:
        return self._count(_passage(self._headings(held[0]), _text(held)))

    def _headings(self, piece: Piece) -> tuple[str, ...]:
        """Return the headings above a piece; the outer ones are left out where all would fill a quarter of a chunk."""
        headings = piece.headings
        while headings and self._count(_passage(headings, "")) * 4 > self._limit:
            headings = headings[1:]
        return headings


def _bundles(document: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield pieces that belong together: headings and what follows them, “as follows:” and what does."""
    bundle: list[Piece] = []
    for piece in document:
        bundle.append(piece)
        if not piece.is_heading and not piece.text.rstrip().endswith((":", "：")):
            yield bundle
            bundle = []
    if bundle:
        yield bundle


def _text(held: Sequence[Piece]) -> str:
    runs = (list(run) for _, run in groupby(held, lambda piece: (piece.before, piece.after, piece.block)))
    return "".join(run[0].before + "".join(piece.text for piece in run) + run[0].after for run in runs).strip("\n")


def guessed_tokens(text: str) -> int:
    """Return about how many tokens a text has, from its length alone, for want of a tokenizer."""
    return -(-len(text) // _CHARACTERS)


def _passage(headings: Sequence[str], text: str) -> str:
    return f"{' > '.join(headings)}\n\n{text}" if headings else text


def main() -> None:
    """Print the chunks of the Markdown on standard input, counted by the model that the argument names."""
    markdown = sys.stdin.buffer.read().decode()
    try:
        count, is_estimate = token_counter(find_model(sys.argv[1])), False
    except EspalierError:
        count, is_estimate = guessed_tokens, True
    found = [asdict(chunk) for chunk in chunks(markdown, count)]
    print(json.dumps({"chunks": found, "limit": LIMIT, "is_estimate": is_estimate}))


if __name__ == "__main__":
    main()
