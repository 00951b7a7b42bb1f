"""What a model wrote, read as Markdown and taken for nothing more than text: blocks of plain runs.

No HTML, no pictures, no addresses but http and https, and every character that could mislead the eye is shown. Qt is
not known here: `paint` puts blocks into a document.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from espalier_desktop.i18n import tr

MOST_ROWS = 40  # of a table that are shown
MOST_COLUMNS = 8
DEEPEST = 6  # levels of lists and quotes that are indented; deeper ones stay there
_LONGEST_INLINE = 6_000  # characters of one paragraph in which signs are looked for; longer ones are shown as they are
_MOST_BRACKETS = 60  # likewise: the parser's time grows with their square
_MOST_SIGNS = 500
_LONGEST_CELL = 400  # characters
_NESTING = 40  # levels that the parser goes down
_HIDDEN = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufffc\ufffe\uffff\ud800-\udfff]")
_PILE = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)


@dataclass(frozen=True)
class Run:
    """Text in one look; ``href`` is an http or https address, "" for none."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    is_code: bool = False
    is_struck: bool = False
    href: str = ""


@dataclass(frozen=True)
class Block:
    """One paragraph, heading, item, piece of code, table or line.

    Attributes:
        kind: paragraph, heading, code, table, rule or note.
        runs: the text; of code one run.
        level: of a heading, 1 to 6.
        indent: levels of lists around it; ``quotes`` counts quotes.
        marker: what stands before an item's first paragraph, such as ``•`` or ``3.``.
        language: of code, as the model named it.
        rows: of a table, the head first; each cell is its runs.
        is_joined: whether it goes on with the block before it, without a gap.
    """

    kind: str
    runs: tuple[Run, ...] = ()
    level: int = 0
    indent: int = 0
    quotes: int = 0
    marker: str = ""
    language: str = ""
    rows: tuple[tuple[tuple[Run, ...], ...], ...] = ()
    is_joined: bool = False

    @property
    def text(self) -> str:
        """Return the words without their looks; cells are separated by tabs, rows by line breaks."""
        if self.rows:
            return "\n".join("\t".join("".join(run.text for run in cell) for cell in row) for row in self.rows)
        return "".join(run.text for run in self.runs)


@dataclass
class _Place:
    """Where in lists and quotes the reader is."""

    lists: list[int | None] = field(default_factory=list)  # next number of each ordered list; None for the others
    quotes: int = 0
    marker: str = ""


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _NESTING}).enable(["table", "strikethrough"])
    return parser.disable(["html_block", "reference"])


_MARKDOWN = _parser()
_BLOCKS = _parser().disable("inline")


def clean(text: str) -> str:
    """Return a text whose invisible and deceiving characters are shown by their numbers, such as ``⟨U+202E⟩``."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
    return _PILE.sub(r"\1", _UNSAFE.sub("\ufffd", text))


def web_address(href: str) -> str:
    """Return an address that may be opened after asking, "" when it is none of the web's."""
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return ""
    is_web = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    return href.strip() if is_web and len(href) <= 2_000 and href.isprintable() else ""


def read(source: str) -> list["Part"]:
    """Return the top-level constructs of a cleaned text in order; all but the last stay whatever is written later."""
    tokens: list[tuple[int, list[Token]]] = []
    for token in _BLOCKS.parse(source):
        if token.level == 0 and token.nesting >= 0 and token.map:
            tokens.append((token.map[0], []))
        if tokens:
            tokens[-1][1].append(token)
    lines = source.split("\n")
    if not tokens:
        return [_raw(0, lines)] if source.strip() else []
    ends = [line for line, _ in tokens[1:]] + [len(lines)]
    return [_part(line, found, lines[line:end]) for (line, found), end in zip(tokens, ends, strict=True)]


@dataclass(frozen=True)
class Part:
    """A top-level construct: the line it begins at, its first token's type, its blocks, and its table's rows."""

    line: int
    kind: str
    blocks: tuple[Block, ...]
    rows: int = 0


def _part(line: int, tokens: Sequence[Token], lines: Sequence[str]) -> Part:
    if any(token.level >= _NESTING - 4 for token in tokens):  # the parser drops what is deeper; nothing may be lost
        return _raw(line, lines)
    rows = sum(token.type == "tr_open" for token in tokens) if tokens[0].type == "table_open" else 0
    return Part(line, tokens[0].type, tuple(_blocks(tokens)), rows)


def _raw(line: int, lines: Sequence[str]) -> Part:
    return Part(line, "raw", (Block("paragraph", (Run("\n".join(lines).strip()),)),))


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    place = _Place()
    kind, level = "paragraph", 0
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.type == "table_open":
            end = next(at for at in range(index, len(tokens)) if tokens[at].type == "table_close")
            yield from _table(tokens[index:end], place)
            index = end
        elif token.type == "inline":
            yield _placed(Block(kind, tuple(_runs(token.content)), level), place)
        elif token.type in ("fence", "code_block"):
            language = token.info.strip().split(" ")[0][:40]
            yield _placed(Block("code", (Run(token.content.rstrip("\n"), is_code=True),), language=language), place)
        elif token.type == "hr":
            yield _placed(Block("rule"), place)
        elif token.type == "heading_open":
            kind, level = "heading", int(token.tag[1])
        elif token.type == "heading_close":
            kind, level = "paragraph", 0
        else:
            _step(token, place)
        index += 1


def _step(token: Token, place: _Place) -> None:
    if token.type == "bullet_list_open":
        place.lists.append(None)
    elif token.type == "ordered_list_open":
        place.lists.append(int(token.attrGet("start") or 1) if token.attrGet("start") != 0 else 0)
    elif token.type in ("bullet_list_close", "ordered_list_close"):
        place.lists.pop()
    elif token.type == "list_item_open":
        number = place.lists[-1]
        place.marker = "•" if number is None else f"{number}."
        if number is not None:
            place.lists[-1] = number + 1
    elif token.type == "list_item_close":
        place.marker = ""
    elif token.type in ("blockquote_open", "blockquote_close"):
        place.quotes += token.nesting


def _placed(block: Block, place: _Place) -> Block:
    made = replace(block, indent=min(len(place.lists), DEEPEST), quotes=min(place.quotes, DEEPEST), marker=place.marker)
    place.marker = ""
    return made


def _table(tokens: Sequence[Token], place: _Place) -> Iterator[Block]:
    rows: list[list[tuple[Run, ...]]] = []
    width = count = 0
    for token in tokens:
        if token.type == "tr_open":
            count += 1
            width = 0
            if count <= MOST_ROWS:
                rows.append([])
        elif token.type == "inline":
            width += 1
            if count <= MOST_ROWS and width <= MOST_COLUMNS:
                long = len(token.content) > _LONGEST_CELL
                rows[-1].append(tuple(_runs(token.content[:_LONGEST_CELL] + ("…" if long else ""))))
    yield _placed(Block("table", rows=tuple(tuple(row) for row in rows)), place)
    if count > MOST_ROWS:
        yield rows_note(count - MOST_ROWS)
    if width > MOST_COLUMNS:
        yield Block("note", (Run(tr("%n more column(s) of this table are not shown.", width - MOST_COLUMNS)),))


def rows_note(count: int) -> Block:
    """Return what is said of rows of a table that are not shown."""
    return Block("note", (Run(tr("%n more row(s) of this table are not shown.", count)),))


def _runs(content: str) -> Iterator[Run]:
    signs = sum(map(content.count, "*_`~<!\\"))
    if len(content) > _LONGEST_INLINE or content.count("[") > _MOST_BRACKETS or signs > _MOST_SIGNS:
        yield Run(content)
        return
    look = Run("")
    hrefs: list[str] = []
    for token in _MARKDOWN.parseInline(content)[0].children or []:
        if token.type in ("strong_open", "strong_close"):
            look = replace(look, is_bold=token.nesting > 0)
        elif token.type in ("em_open", "em_close"):
            look = replace(look, is_italic=token.nesting > 0)
        elif token.type in ("s_open", "s_close"):
            look = replace(look, is_struck=token.nesting > 0)
        elif token.type == "link_open":
            hrefs.append(web_address(str(token.attrGet("href") or "")))
            look = replace(look, href=hrefs[-1])
        elif token.type == "link_close":
            hrefs.pop()
            look = replace(look, href=hrefs[-1] if hrefs else "")
        elif token.type == "image":
            name = token.content or tr("without a name")
            yield replace(look, text=tr("[picture: {name}]").format(name=name))
        elif token.type == "code_inline":
            yield replace(look, text=token.content, is_code=True)
        elif token.type in ("softbreak", "hardbreak"):
            yield replace(look, text="\n")
        elif token.content:
            yield replace(look, text=token.content)
