"""Whether the contexts of a knowledge leaf stand in its documents, as they should: a hint where one does not."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Opcode
from rapidfuzz.distance.Indel import opcodes

from espalier.documents.store import named_documents
from espalier.documents.worded import WordedText, worded
from espalier.project import Project
from espalier.taxonomy.places import name, node_at, place, yaml_path
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.source import ReadingError, parse, read_text
from espalier.taxonomy.walk import leaf_files

NEAR = 60.0  # of 100: below this the nearest passage is another one
_SHOWN = 12  # words of a passage that a message quotes
_MARKUP = re.compile(r"[*_`#|\[\]\\]+")


@dataclass(frozen=True)
class _Passage:
    text: WordedText
    start: int
    end: int
    likeness: float

    def quote(self, start: int, end: int) -> str:
        """Return words of the document, by their numbers, as they stand in it but without markup."""
        places = self.text.places[start:end]
        found = self.text.original[places[0][0] : places[-1][1]] if places else ""
        return " ".join(_MARKUP.sub("", found).split())


def project_hints(project: Project) -> list[Problem]:
    """Return a hint for each context in a project that the leaf's documents do not hold."""
    hints = []
    for file in leaf_files(project.taxonomy):
        leaf = file.parent.relative_to(project.taxonomy).as_posix()
        hints += missing_contexts(file, named_documents(project, leaf))
    return hints


def missing_contexts(leaf_file: Path, documents: Mapping[str, str]) -> list[Problem]:
    """Return a hint for each context of a leaf that is in none of its documents.

    Line breaks, markup, punctuation and capitals make no difference. A leaf that cannot be read gives no hint here,
    and without documents there is nothing to compare.

    Args:
        leaf_file: a ``qna.yaml``.
        documents: Markdown by name.
    """
    try:
        source = parse(read_text(leaf_file))
    except ReadingError:
        return []
    texts = [worded(title, markdown) for title, markdown in documents.items()]
    if not texts:
        return []
    joined = [f" {' '.join(text.words)} " for text in texts]
    problems = []
    for where, context in _contexts(source.contents):
        words = worded("", context).words
        if words and not any(f" {' '.join(words)} " in text for text in joined):
            line, column = place(node_at(source.node, where))
            message = _message(name(where), words, _nearest(words, texts))
            problems.append(
                Problem(str(leaf_file), line, column, "hint", "context-not-in-document", message, yaml_path(where))
            )
    return problems


def _contexts(contents: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the contexts of a knowledge leaf with their paths, whatever else is wrong with it."""
    if not isinstance(contents, Mapping) or "document" not in contents:
        return
    seeds = contents.get("seed_examples")
    for index, seed in enumerate(seeds if isinstance(seeds, list) else []):
        if isinstance(seed, Mapping) and isinstance(seed.get("context"), str):
            yield ("seed_examples", index, "context"), seed["context"]


def _nearest(words: Sequence[str], texts: Sequence[WordedText]) -> _Passage:
    """Return the passage of about the same length that is most like a context."""
    best = _Passage(texts[0], 0, 0, 0.0)
    length, wanted = len(words), " ".join(words)
    step = max(1, length // 4)
    for text in texts:
        starts = range(0, max(1, len(text.words) - length + step), step)
        windows = [" ".join(text.words[start : start + length]) for start in starts]
        found = process.extractOne(wanted, windows, scorer=fuzz.ratio)
        if found is None:
            continue
        place, stride = starts[found[2]], step
        while stride:  # closer and closer around the best place so far
            near = range(max(0, place - stride), min(len(text.words), place + stride) + 1, max(1, stride // 8))
            likeness = {start: fuzz.ratio(wanted, " ".join(text.words[start : start + length])) for start in near}
            place = max(near, key=lambda start: likeness[start])
            stride //= 8
        if likeness[place] > best.likeness:
            best = _Passage(text, place, place + length, likeness[place])
    return best


def _message(what: str, words: list[str], passage: _Passage) -> str:
    start = f"The {what} is not in the leaf's documents"
    if passage.likeness < NEAR:
        return f"{start}. Copy a passage from one of them, or import the document that it comes from."
    changes = opcodes(words, passage.text.words[passage.start : passage.end])
    begin = passage.start + next(change.dest_start for change in changes if change.tag == "equal")
    first = passage.quote(begin, min(passage.end, begin + _SHOWN))
    return (
        f"{start} word for word. The nearest passage, in {passage.text.name}, starts “{first}…” "
        f"and {_difference(words, passage, list(changes))}. Copy the text from there, or correct it."
    )


def _difference(words: list[str], passage: _Passage, changes: list[Opcode]) -> str:
    """Return what the passage has and the context has not, where they first part."""
    runs = [list(run) for is_equal, run in groupby(changes, lambda change: change.tag == "equal") if not is_equal]
    inside = [run for run in runs if run[0].src_start > 0 and run[-1].src_end < len(words)]
    first = (inside or runs)[0]
    ours = " ".join(words[first[0].src_start : first[-1].src_end][:_SHOWN])
    start, end = first[0].dest_start, first[-1].dest_end
    theirs = passage.quote(passage.start + start, passage.start + min(end, start + _SHOWN))
    if not theirs:
        return f"lacks “{ours}”"
    return f"has “{theirs}” where the context has “{ours}”" if ours else f"also has “{theirs}”"
