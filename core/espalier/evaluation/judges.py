"""Whether an answer is right, and by which judge; and how good it is, from 1 to 5."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import yaml

from espalier.evaluation.questions import Question
from espalier.evaluation.respondent import Respondent
from espalier.language import Message, Prompt
from espalier.resources import resource
from espalier.synthesis.judge import NOTHING, weigh

Judge = Literal["accept strings", "label probability", "token F1"]

LEAST_F1 = 0.5
"""Token F1 from which an answer counts as right, where there is nothing better to judge it by."""

GRADES = ("1", "2", "3", "4", "5")
_PUNCTUATION = str.maketrans("", "", string.punctuation + "“”‘’«»…")


def token_f1(answer: str, reference: str) -> float:
    """Return the F1 of two texts' tokens, 0 to 1, as SQuAD 1.1's evaluation has it (Rajpurkar et al. 2016).

    Lower case, without punctuation and English articles; a token counts as often as it stands in both.
    """
    first, second = _tokens(answer), _tokens(reference)
    if not first or not second:
        return float(first == second)
    shared = sum((Counter(first) & Counter(second)).values())
    return 2 * shared / (len(first) + len(second))


def _tokens(text: str) -> list[str]:
    return re.sub(r"\b(a|an|the)\b", " ", text.casefold().translate(_PUNCTUATION)).split()


def judge_of(question: Question, has_judge: bool) -> Judge:
    """Return by what an answer to a question is judged.

    Args:
        question: its accept strings come first.
        has_judge: there is a judge that is not the student itself, which would favour what it says.
    """
    if question.accept:
        return "accept strings"
    return "label probability" if has_judge else "token F1"


def agreements(judge: Respondent, questions: Sequence[Question], answers: Sequence[str], text: str) -> list[float]:
    """Return the judge's probability that each answer says what its question's reference says."""
    wanted = _texts()["same"]
    prompts = [
        _prompt(wanted["text"], question.question, answer, question.reference)
        for question, answer in zip(questions, answers, strict=True)
    ]
    return _scores(judge, prompts, _prompt(wanted["text"], NOTHING, NOTHING, NOTHING), wanted["labels"], text)


def grades(judge: Respondent, questions: Sequence[Question], answers: Sequence[str], text: str) -> list[float]:
    """Return the grade that the judge expects for each answer, 1 to 5.

    It is the mean of the grades by the judge's probabilities of them, so nothing needs to be written or parsed.
    """
    prompts, usual = [], _texts()["grade"]
    for question, answer in zip(questions, answers, strict=True):
        rubric = f"{question.rubric}\n{_texts()['own']}" if question.rubric else usual
        prompts.append(_prompt(rubric, question.question, answer, question.reference))
    empty = _prompt(usual, NOTHING, NOTHING, NOTHING)
    return [1 + 4 * score for score in _scores(judge, prompts, empty, GRADES, text)]


def turn_grades(
    judge: Respondent, talks: Sequence[tuple[tuple[str, str], tuple[str, str]]], turn: int, text: str
) -> list[float]:
    """Return the grade of the first (0) or second (1) answer of each conversation, 1 to 5, as MT-Bench asks for it.

    Zheng et al. 2023, “Judging LLM-as-a-judge with MT-Bench and Chatbot Arena”, grades single answers so; here the
    grade is the expectation over the judge's label probabilities.
    """
    words = _texts()["words"]

    def shown(talk: Sequence[tuple[str, str]]) -> Prompt:
        lines = [
            f"{words[role]}: {said}"
            for turns in talk[: turn + 1]
            for role, said in zip(("user", "reply"), turns, strict=True)
        ]
        wanted = _texts()["first" if turn == 0 else "second"]
        return Prompt((Message("system", wanted), Message("user", "\n".join([*lines, f"{words['grade']}:"]))))

    empty = shown(((NOTHING, NOTHING), (NOTHING, NOTHING)))
    return [1 + 4 * score for score in _scores(judge, [shown(talk) for talk in talks], empty, GRADES, text)]


def _scores(
    judge: Respondent, prompts: Sequence[Prompt], empty: Prompt, labels: Sequence[str], text: str
) -> list[float]:
    if not prompts:
        return []
    *found, leaning = judge.choose([*prompts, empty], labels, text)
    return [weigh(row, leaning).score for row in found]


def _prompt(rubric: str, question: str, answer: str, reference: str) -> Prompt:
    words = _texts()["words"]
    parts = [f"{words['question']}: {question}"]
    parts += [f"{words['reference']}: {reference}"] if reference else []
    parts += [f"{words['answer']}: {answer}", f"{words['grade']}:"]
    return Prompt((Message("system", rubric), Message("user", "\n".join(parts))))


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = yaml.safe_load(resource("prompts/evaluation.yaml").read_text(encoding="utf-8"))
    return texts
