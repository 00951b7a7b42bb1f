"""A Markdown document as facts: single sentences, each with the passage it stands in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from espalier.documents.antecedents import stand_alone, subject_of

FEWEST_WORDS = 4
_END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9À-Þ])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nos|vs|etc|ca|c|approx|Jr|Sr|Fig|Vol|e\.g|i\.e|cf|pp?|[A-Z]))\.[\"'”’)]*\s*$"
)
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|<[^>]+>|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


@dataclass(frozen=True)
class Fact:
    """One sentence of a document.

    Attributes:
        title: of the document, "" when it has none.
        subject: what the document is about, as its sentences write it; "" when the title does not tell.
        heading: nearest one above the sentence, the title included.
        before: the sentence that stands before it in its paragraph or list, "" for the first.
        sentence: without Markdown.
        statement: the sentence with a leading “It” replaced by what it stands for.
        passage: its paragraph or list.
    """

    title: str
    subject: str
    heading: str
    before: str
    sentence: str
    statement: str
    passage: str


def read_facts(markdown: str) -> list[Fact]:
    """Return the facts of a document in order, each sentence once; tables, code and short lines are left out."""
    passages: list[tuple[str, list[str]]] = []
    title, heading = "", ""
    for block in _blocks(markdown):
        if block.startswith("#"):
            heading = _plain(block.lstrip("#"))
            title = title or heading
        else:
            passages.append((heading, list(_sentences(block))))
    subject = subject_of(title, (sentence for _, sentences in passages for sentence in sentences))
    facts: dict[str, Fact] = {}
    for heading, sentences in passages:
        before = ""
        for sentence, statement in zip(sentences, stand_alone(sentences, subject), strict=True):
            if len(sentence.split()) >= FEWEST_WORDS or _is_dense(sentence):
                fact = Fact(title, subject, heading, before, sentence, statement, " ".join(sentences))
                facts.setdefault(sentence.casefold(), fact)
            before = sentence
    return list(facts.values())


def _blocks(markdown: str) -> Iterator[str]:
    """Yield headings, paragraphs and lists; code fences and tables are dropped."""
    lines: list[str] = []
    in_code = False
    for line in [*markdown.splitlines(), ""]:
        text = line.strip()
        if text.startswith(("```", "~~~")):
            in_code = not in_code
            text = ""
        elif in_code or text.startswith("|") or re.fullmatch(r"[-=*_ ]{3,}", text):
            text = ""
        if text and not text.startswith("#"):
            lines.append(text)
            continue
        if lines:
            yield "\n".join(lines)
        lines = []
        if text:
            yield text


def _sentences(block: str) -> Iterator[str]:
    for item in re.split(r"\n(?=(?:[-*+]|\d+[.)])\s)", block):
        text = _plain(re.sub(r"^(?:[-*+>]|\d+[.)])\s+", "", item))
        whole = ""
        for part in _END.split(text):
            whole = f"{whole} {part}".strip()
            if not _ABBREVIATION.search(whole):
                yield whole
                whole = ""
        if whole:
            yield whole


def _plain(text: str) -> str:
    return " ".join(_MARKUP.sub("", _LINK.sub(r"\1", text)).split())


def _is_dense(sentence: str) -> bool:
    """Return whether a text without spaces between words, as in Chinese, is long enough to be a fact."""
    return len(sentence) >= 8 and not sentence.isascii()
