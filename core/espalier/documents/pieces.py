"""The parts of a Markdown document that are not cut without need; put together they are the document again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from espalier.documents.sentences import sentences

_MARKUP = re.compile(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}|!?\[|\]\([^)]{0,2000}\)|\]")
_CLAUSE = re.compile(r"(?<=[;,:]\s)(?=\S)|(?<=[，、；：])(?=\S)|(?<=\s[–—]\s)(?=\S)")
_WORD = re.compile(r"(?<=\s)(?=\S)")
_CONTAINERS = {"bullet_list_open", "ordered_list_open"}


@dataclass(frozen=True)
class Piece:
    """A part of a document.

    Attributes:
        text: with the line ends behind it.
        headings: above it; of a heading, those above that.
        kind: the type of markdown-it's token, such as ``paragraph_open`` or ``fence``; ``line``, ``sentence``,
            ``clause``, ``word`` and ``character`` for what a block was cut into.
        block: number of the block in the document.
        before: what stands before a part of the block wherever it is on its own: header of a table, fence of code.
        after: what stands behind it.
        cut: what this is only a part of: ``sentence``, ``table`` or ``code``.
    """

    text: str
    headings: tuple[str, ...]
    kind: str
    block: int
    before: str = ""
    after: str = ""
    cut: str = ""

    @property
    def is_heading(self) -> bool:
        """Return whether this is a heading and nothing else."""
        return self.kind == "heading_open"

    def joined(self, run: Sequence["Piece"]) -> "Piece":
        """Return neighbours of one block as one piece."""
        return replace(self, text="".join(piece.text for piece in run))


def pieces(markdown: str) -> list[Piece]:
    """Return the blocks of a document, items of lists one by one."""
    lines = markdown.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)
    lines = _only_newlines(lines)
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable("inline")
    tokens = parser.parse("".join(lines))
    starts = list(_starts(tokens))
    if not starts:  # nothing, or definitions of links alone
        return [Piece("".join(lines), (), "paragraph_open", 0)] if markdown.strip() else []
    bounds = [0, *(token.map[0] for token, _ in starts[1:] if token.map), len(lines)]
    path: list[tuple[int, str]] = []
    found = []
    for number, ((token, title), start, end) in enumerate(zip(starts, bounds, bounds[1:], strict=False)):
        level = int(token.tag[1]) if token.type == "heading_open" else 0
        if level:
            path = [above for above in path if above[0] < level]
        headings = tuple(title for _, title in path if title)
        found.append(Piece("".join(lines[start:end]), headings, token.type, number))
        if level:
            path.append((level, title))
    return found


def smaller(piece: Piece) -> list[Piece]:
    """Return what a piece consists of, one step smaller; itself alone when it is a character."""
    match piece.kind:
        case "table_open":
            return _rows(piece)
        case "fence" | "code_block":
            return _code_lines(piece)
        case "line" if piece.cut in ("table", "code"):
            parts, kind = _WORD.split(piece.text), "word"
        case "paragraph_open" | "line" | "heading_open":
            parts, kind = sentences(piece.text), "sentence"
        case "sentence":
            parts, kind = _CLAUSE.split(piece.text), "clause"
        case "clause":
            parts, kind = _WORD.split(piece.text), "word"
        case "word" | "character":
            parts, kind = list(piece.text), "character"
        case _:  # an item of a list, a quotation, HTML
            parts, kind = piece.text.splitlines(keepends=True), "line"
    cut = piece.cut or ("sentence" if kind in ("clause", "word", "character") else "")
    if len(parts) == 1 and kind != "character":
        return smaller(replace(piece, kind=kind))
    return [replace(piece, text=part, kind=kind, cut=cut) for part in parts if part]


def unframed(piece: Piece, cut: str) -> list[Piece]:
    """Return the lines of a table or of code as they are, for a header or fence too long to be repeated."""
    lines = piece.text.splitlines(keepends=True)
    return [replace(piece, text=line, kind="line", before="", after="", cut=cut) for line in lines]


def _only_newlines(lines: Sequence[str]) -> list[str]:
    """Return lines as CommonMark counts them: other separators that Python knows, such as a form feed, end none."""
    joined: list[str] = []
    for line in lines:
        if joined and not joined[-1].endswith("\n"):
            joined[-1] += line
        else:
            joined.append(line)
    return joined


def _starts(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """Yield the first token of each block, with the plain text of a heading."""
    inside = ""
    for index, token in enumerate(tokens):
        is_item = token.type == "list_item_open" and token.level == 1 and inside in _CONTAINERS
        if token.level == 0 and token.nesting >= 0:
            inside = token.type
        if token.map and (is_item or (token.level == 0 and token.nesting >= 0 and token.type not in _CONTAINERS)):
            title = _MARKUP.sub("", tokens[index + 1].content).strip() if token.type == "heading_open" else ""
            yield token, " ".join(title.split())


def _rows(piece: Piece) -> list[Piece]:
    """Return the rows of a table, which repeat its header wherever they are on their own."""
    header, rule, *rows = piece.text.splitlines(keepends=True)
    if not rows:
        return [piece]
    return [replace(piece, text=row, kind="line", before=header + rule, cut="table") for row in rows if row.strip()]


def _code_lines(piece: Piece) -> list[Piece]:
    """Return the lines of a code block, fenced wherever they are on their own."""
    lines = piece.text.splitlines(keepends=True)
    body = piece.text.rstrip("\n").splitlines(keepends=True)
    if piece.kind == "code_block":
        return [replace(piece, text=line, kind="line", cut="code") for line in lines]
    fence = lines[0]
    mark = re.match(r"\s*(`+|~+)", fence)
    closing = f"{mark[1]}\n\n" if mark else ""
    is_closed = len(body) > 1 and mark is not None and body[-1].strip().startswith(mark[1])
    inner = body[1:-1] if is_closed else body[1:]
    ended = [line if line.endswith("\n") else f"{line}\n" for line in inner] or [piece.text]
    return [replace(piece, text=line, kind="line", before=fence, after=closing, cut="code") for line in ended]
