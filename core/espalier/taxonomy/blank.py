"""The text of a new leaf: what its kind needs, in the usual order, ready to be filled in."""

from typing import Any

from espalier.taxonomy import splice
from espalier.taxonomy.leaf import LOCAL, Kind

BLANK_DOCUMENT = {"repo": LOCAL, "commit": LOCAL, "patterns": ["*.md"]}


def blank_leaf(kind: Kind, description: str, created_by: str, domain: str = "") -> str:
    """Return a leaf with no seed example yet; a grounded skill begins with one, which makes it grounded.

    The documents of knowledge are in the project to begin with, which needs no Git.

    Args:
        kind: decides which keys there are.
        created_by: who writes it.
        description: the task description of a skill, the outline of a knowledge leaf's documents.
        domain: of knowledge.
    """
    values: dict[str, Any] = {"created_by": created_by}
    if kind == "knowledge":
        values |= {"domain": domain, "document_outline": description, "seed_examples": [], "document": BLANK_DOCUMENT}
    elif kind == "grounded skill":
        seed = {"context": "", "question": "", "answer": ""}
        values |= {"task_description": description, "seed_examples": [seed]}
    else:
        values |= {"task_description": description, "seed_examples": []}
    text = "version: 3\n"
    for key, value in values.items():
        text = splice.set_value(text, (key,), value)
    return text
