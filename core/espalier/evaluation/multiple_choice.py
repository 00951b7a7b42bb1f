"""Multiple-choice questions on a leaf's own documents: a gap in a sentence, and four choices from the same documents.

InstructLab's ``mmlu_branch`` has a teacher write such questions. Here they come from the text itself, so that a weak
teacher cannot spoil them and the same documents always give the same questions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import yaml

from espalier.documents.facts import Fact, read_facts
from espalier.language import Message, Prompt
from espalier.resources import resource
from espalier.synthesis.words import phrases, plain

LETTERS = ("A", "B", "C", "D")
MOST = 24
"""Questions of a leaf; they are spread over its documents."""
_GAP = "____"
_NEAREST = 8  # phrases most like the right one, of which three are taken


@dataclass(frozen=True)
class Choice:
    """One question with four answers.

    Attributes:
        question: a sentence of a document with a gap.
        choices: four phrases of the leaf's documents, of which one fills the gap.
        right: place of that one, 0 to 3.
    """

    leaf: str
    question: str
    choices: tuple[str, ...]
    right: int


def make_choices(leaf: str, documents: Iterable[str], most: int = MOST) -> list[Choice]:
    """Return questions on a leaf's documents, in the order of the text; the same for the same documents.

    Args:
        leaf: its path.
        documents: Markdown.
        most: as many questions at most, each of another sentence.
    """
    facts = [fact for document in documents for fact in read_facts(document)]
    known = {kind: list(dict.fromkeys(_phrases(facts, kind))) for kind in ("number", "name")}
    found = [choice for fact in facts if (choice := _choice(leaf, fact, known))]
    return [found[index * len(found) // most] for index in range(most)] if len(found) > most else found


def prompts(choice: Choice) -> list[Prompt]:
    """Return the question with its choices in each of four turns, so that every one stands once at every letter.

    Small models prefer a letter whatever it stands for; the mean over the turns is free of that (Zheng et al. 2024,
    “Large Language Models Are Not Robust Multiple Choice Selectors”).
    """
    texts = yaml.safe_load(resource("prompts/evaluation.yaml").read_text(encoding="utf-8"))
    asked = []
    for turn in range(4):
        lines = [f"{letter}. {choice.choices[(place + turn) % 4]}" for place, letter in enumerate(LETTERS)]
        user = "\n".join([f"{texts['words']['gap']}: {choice.question}", *lines])
        asked.append(Prompt((Message("system", texts["choice"]), Message("user", user))))
    return asked


def weights(rows: Sequence[Sequence[float]]) -> list[float]:
    """Return the probability of each choice.

    Args:
        rows: probabilities of the letters in each of the four turns.
    """
    return [sum(row[(place - turn) % 4] for turn, row in enumerate(rows)) / 4 for place in range(4)]


def _phrases(facts: Iterable[Fact], kind: str) -> Iterator[str]:
    for fact in facts:
        for start, end in phrases(fact.statement):
            phrase = fact.statement[start:end]
            if _kind(fact, start, phrase) == kind:
                yield phrase


def _kind(fact: Fact, start: int, phrase: str) -> str:
    """Return number, name, or "" for what makes no good question: other words, and what the document is about."""
    if phrase[0].isdigit():
        return "number"
    is_subject = bool(fact.subject) and plain(phrase) in plain(fact.subject)
    return "name" if phrase[0].isupper() and start > 0 and not is_subject else ""


def _choice(leaf: str, fact: Fact, known: dict[str, list[str]]) -> Choice | None:
    """Return a question on the last number or name of a sentence that three others could stand for."""
    for start, end in reversed(phrases(fact.statement)):
        answer = fact.statement[start:end]
        others = [
            phrase for phrase in known.get(_kind(fact, start, answer), ()) if plain(phrase) not in plain(fact.statement)
        ]
        others = [phrase for phrase in others if plain(answer) not in plain(phrase)]
        if len(others) < 3:
            continue
        question = f"{fact.statement[:start]}{_GAP}{fact.statement[end:]}"
        near = sorted(others, key=lambda phrase: _likeness(phrase, answer))[:_NEAREST]
        wrong = sorted(near, key=lambda phrase: crc32(f"{question}\n{phrase}".encode()))[:3]
        right = crc32(question.encode()) % 4
        return Choice(leaf, question, (*wrong[:right], answer, *wrong[right:]), right)
    return None


def _likeness(phrase: str, answer: str) -> tuple[bool, int]:
    """Return a key that is small for phrases of the same form: as many words, and of about the same length."""
    return len(phrase.split()) != len(answer.split()), abs(len(phrase) - len(answer))
