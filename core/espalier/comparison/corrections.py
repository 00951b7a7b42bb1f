"""An answer that a person put right, as a seed example of a leaf."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espalier.synthesis.words import agreement, content_words
from espalier.taxonomy import edit
from espalier.taxonomy.checker import examine_text
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.leaf_text import EditError
from espalier.taxonomy.schema import Folder
from espalier.taxonomy.walk import LEAF_FILE


def add_pair(text: str, path: str, question: str, answer: str) -> str:
    """Return the text of a leaf with a question and answer among its seed examples.

    In knowledge, and in a grounded skill, the pair belongs to the context that says most of it.

    Args:
        text: of the leaf.
        path: of the leaf.
        question: in the person's words.
        answer: likewise.

    Raises:
        EditError: the leaf cannot be read, or has an error with the pair that it has not without.
    """
    folder = _folder(path)
    seeds = _seeds(text, folder)
    question, answer = question.strip(), answer.strip()
    if not question or not answer:
        raise EditError("A seed example has a question and an answer. Write both.")
    pair: dict[str, Any] = {"question": question, "answer": answer}
    contexts = [str(seed.get("context") or "") for seed in seeds]
    if any(contexts):
        words = content_words(f"{question} {answer}")
        place = max(range(len(contexts)), key=lambda index: len(content_words(contexts[index]) & words))
        if folder == "knowledge":
            pairs = seeds[place].get("questions_and_answers")
            where = ("seed_examples", place, "questions_and_answers", len(pairs) if isinstance(pairs, list) else 0)
            return edit.insert(text, where, pair, folder)
        pair = {"context": contexts[place], **pair}
    elif folder == "knowledge":
        raise EditError("The leaf has no context that the pair could belong to. Add one in the taxonomy first.")
    return edit.insert(text, ("seed_examples", len(seeds)), pair, folder)


def likely_leaf(leaves: Sequence[Leaf], question: str) -> str:
    """Return the path of the leaf whose seed examples a question is most like; "" when it is like none."""
    scores = {
        leaf.path: max((agreement(seed.question, question) for seed in leaf.seeds), default=0.0) for leaf in leaves
    }
    best = max(scores, key=lambda path: scores[path], default="")
    return best if best and scores[best] > 0 else ""


def _folder(path: str) -> Folder:
    return "knowledge" if path.startswith("knowledge/") else "compositional_skills"


def _seeds(text: str, folder: Folder) -> list[Mapping[str, Any]]:
    seeds = examine_text(text, Path(folder, LEAF_FILE)).contents.get("seed_examples")
    if not isinstance(seeds, list) or not all(isinstance(seed, Mapping) for seed in seeds):
        raise EditError("The leaf's seed examples cannot be read. Mend the leaf in the taxonomy first.")
    return seeds
