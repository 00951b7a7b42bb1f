"""The rows that a leaf gives a pipeline, with the columns that InstructLab's pipelines know."""

from collections.abc import Callable, Sequence
from itertools import groupby

from espalier.documents.chunks import Count, chunks
from espalier.synthesis.critic import Standard
from espalier.synthesis.pipelines.rows import Row
from espalier.synthesis.tongues import NAMES, tongue
from espalier.taxonomy.leaf import Leaf

PORTION = 8  # rows that are drawn, judged and written together: InstructLab's batch
_TYPES = {"knowledge": "knowledge", "skill": "freeform_skill", "grounded skill": "grounded_skill"}


def leaf_portions(leaf: Leaf, documents: Sequence[str], count: Callable[[], Count]) -> list[list[Row]]:
    """Return a leaf's rows in portions.

    A skill gives a row for each seed example; knowledge gives one for each chunk of its documents with each context,
    and a chunk's rows stay together.

    Args:
        leaf: to draw from.
        documents: Markdown, of knowledge.
        count: gives what counts a text's tokens.
    """
    general = {
        "leaf_node_path": leaf.path.replace("/", "_"),
        "leaf_node_type": _TYPES[leaf.kind],
        "language": language_name(leaf),
    }
    if leaf.kind != "knowledge":
        rows = [
            Row(
                {
                    **general,
                    "task_description": leaf.description,
                    "seed_context": seed.context or "",
                    "seed_question": seed.question,
                    "seed_response": seed.answer,
                },
                source=seed.question,
            )
            for seed in leaf.seeds
        ]
        return [rows[start : start + PORTION] for start in range(0, len(rows), PORTION)]
    examples = _examples(leaf)
    groups: list[list[Row]] = []
    for document in documents:
        for chunk in chunks(document, count()):
            columns = {
                **general,
                "document": chunk.passage,
                "document_outline": leaf.description,
                "domain": leaf.domain,
            }
            rows = [Row({**columns, **example}, source=chunk.text) for example in examples]
            if groups and len(groups[-1]) + len(rows) <= PORTION:
                groups[-1] += rows
            else:
                groups.append(rows)
    return groups


def language_code(leaf: Leaf) -> str:
    """Return the code of a leaf's language, such as ``fr``; "" where its seeds do not tell."""
    return tongue(" ".join(f"{seed.question} {seed.answer}" for seed in leaf.seeds)) or ""


def language_name(leaf: Leaf) -> str:
    """Return what a prompt calls a leaf's language; the critic holds samples against the same one."""
    return NAMES.get(Standard.of(leaf).tongue or "", "the language of the examples")


def _examples(leaf: Leaf) -> list[dict[str, str]]:
    """Return each context of a knowledge leaf with its pairs, as ``icl_`` columns numbered from 1."""
    found = []
    for context, seeds in groupby(leaf.seeds, lambda seed: seed.context or ""):
        columns = {"icl_document": context}
        for number, seed in enumerate(seeds, 1):
            columns |= {f"icl_query_{number}": seed.question, f"icl_response_{number}": seed.answer}
        found.append(columns)
    return found
