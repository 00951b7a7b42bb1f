"""A leaf's documents in view: the chunks that answer a question best, put before it."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from espalier.documents.chunks import Count, chunks
from espalier.documents.store import named_documents
from espalier.project import Project
from espalier.synthesis.words import plain, stem

MOST = 3  # chunks in view
LIMIT = 220  # tokens of a chunk: a small student loses the question behind long passages
K1, B = 1.2, 0.75  # the usual values: Robertson and Zaragoza 2009, section 3.2


@dataclass(frozen=True)
class Found:
    """A part of a document that was put in view."""

    document: str
    leaf: str
    text: str


def retrieve(project: Project, leaf: str, question: str, count: Count, room: int) -> list[Found]:
    """Return the chunks that fit a question best, best first, as many as fit.

    Args:
        project: whose documents.
        leaf: path of the leaf whose documents count; "" for all.
        question: as the person asked it.
        count: tokens of a text.
        room: tokens for all chunks together.

    Raises:
        EspalierError: a document cannot be read.
    """
    parts = [
        Found(name, place, chunk.passage)
        for place in ([leaf] if leaf else _leaves(project))
        for name, text in named_documents(project, place).items()
        for chunk in chunks(text, count, LIMIT)
    ]
    scores = bm25(question, [part.text for part in parts])
    best = sorted(range(len(parts)), key=lambda index: (-scores[index], index))
    found: list[Found] = []
    for index in best[:MOST]:
        tokens = count(parts[index].text)
        if scores[index] > 0 and tokens <= room:
            found.append(parts[index])
            room -= tokens
    return found


def bm25(question: str, texts: Sequence[str]) -> list[float]:
    """Return the score of each text for a question, 0 and up.

    Okapi BM25: over the question's terms the sum of ``idf * f (k1 + 1) / (f + k1 (1 - b + b length / mean length))``,
    with ``idf = ln(1 + (N - n + 0.5) / (n + 0.5))`` (Robertson and Zaragoza 2009, "The Probabilistic Relevance
    Framework: BM25 and Beyond"; the 1 in the logarithm keeps terms of most texts from counting against them).
    """
    terms = [Counter(_terms(text)) for text in texts]
    lengths = [sum(counts.values()) for counts in terms]
    mean = sum(lengths) / len(lengths) if any(lengths) else 1.0
    scores = [0.0] * len(texts)
    for term in set(_terms(question)):
        holding = [index for index, counts in enumerate(terms) if term in counts]
        idf = math.log(1 + (len(texts) - len(holding) + 0.5) / (len(holding) + 0.5))
        for index in holding:
            frequency = terms[index][term]
            scores[index] += idf * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * lengths[index] / mean))
    return scores


def in_view(question: str, found: Sequence[Found]) -> str:
    """Return a question with the passages before it, as the model is asked; the question alone without any."""
    if not found:
        return question
    passages = "\n\n".join(part.text.strip() for part in found)
    return f"Answer the question with what these passages say.\n\n{passages}\n\nQuestion: {question}"


def _leaves(project: Project) -> list[str]:
    folders = {path.parent for path in project.documents.rglob("*.md")}
    return sorted(folder.relative_to(project.documents).as_posix() for folder in folders)


def _terms(text: str) -> list[str]:
    return [stem(word) for word in plain(text).split()]
