"""What the students replied, as the tables of a report: each reply with its verdict, and what they add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from espalier.evaluation import judges
from espalier.evaluation.figures import branches, change, summary, totals
from espalier.evaluation.general import perplexity
from espalier.evaluation.intervals import compare
from espalier.evaluation.plan import Plan
from espalier.evaluation.questions import Question
from espalier.evaluation.respondent import Respondent
from espalier.evaluation.talks import wins

Answers = Mapping[str, Sequence[str]]


def score_questions(plan: Plan, answers: Answers, critic: Respondent, is_own: bool) -> dict[str, Any]:
    """Return the answers to the held-out questions with their verdicts.

    Args:
        plan: what was asked.
        answers: of each student.
        critic: judges what has no accept strings, and grades.
        is_own: whether the critic is the student itself, which then judges nothing that token F1 can.
    """
    asked = plan.questions
    by = [judges.judge_of(question, not is_own) for question in asked]
    judged = [index for index, name in enumerate(by) if name == "label probability"]
    told = {}
    for name, given in answers.items():
        if judged:
            pairs = [asked[index] for index in judged], [given[index] for index in judged]
            scores = judges.agreements(critic, *pairs, f"Judging the answers, {name}")
            told[name] = dict(zip(judged, scores, strict=True))
    graded = {
        name: judges.grades(critic, asked, given, f"Grading the answers, {name}")
        for name, given in answers.items()
        if plan.grades
    }
    rows: list[dict[str, Any]] = []
    for index, question in enumerate(asked):
        row = {**asdict(question), "accept": list(question.accept), "judge": by[index]}
        row["answers"] = {name: given[index] for name, given in answers.items()}
        if question.reference:
            row["f1"] = {name: judges.token_f1(given[index], question.reference) for name, given in answers.items()}
        if index in judged:
            row["agreement"] = {name: scores[index] for name, scores in told.items()}
        if plan.grades:
            row["grades"] = {name: scores[index] for name, scores in graded.items()}
        row["right"] = {name: _is_right(question, row, name) for name in answers}
        row["change"] = change(row["right"])
        rows.append(row)
    leaves = totals((row["leaf"], row["right"]) for row in rows)
    found: dict[str, Any] = {"questions": rows, "leaves": leaves, "branches": branches(leaves)}
    found["summary"] = summary([row["right"] for row in rows])
    if plan.grades:
        found["grades"] = _grades(graded)
    return found


def _is_right(question: Question, row: Mapping[str, Any], name: str) -> bool:
    if row["judge"] == "accept strings":
        return question.is_right(row["answers"][name])
    if row["judge"] == "label probability":
        return bool(row["agreement"][name] >= 0.5)
    return bool(row["f1"][name] >= judges.LEAST_F1)


def _grades(graded: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the mean grades, and by how much training raised them."""
    found: dict[str, Any] = {"mean": {name: sum(scores) / len(scores) for name, scores in graded.items()}}
    if "tuned" in graded:
        found["difference"] = asdict(compare(graded["base"], graded["tuned"]))
        found["wins"] = wins(graded["base"], graded["tuned"])
    return found


def score_forgetting(plan: Plan, general: Answers, surprise: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the answers to the general questions with their verdicts, and each student's perplexity.

    Args:
        plan: what was asked.
        general: answers of each student.
        surprise: its mean log-probability per token of each general text.
    """
    rows: list[dict[str, Any]] = []
    for index, question in enumerate(plan.general):
        answers = {name: given[index] for name, given in general.items()}
        right = {name: question.is_right(answer) for name, answer in answers.items()}
        rows.append(
            {
                "question": question.question,
                "reference": question.reference,
                "kind": question.leaf,
                "answers": answers,
                "right": right,
                "change": change(right),
            }
        )
    return {
        "questions": rows,
        "kinds": totals((row["kind"], row["right"]) for row in rows),
        "summary": summary([row["right"] for row in rows]),
        "perplexity": {name: perplexity(values) for name, values in surprise.items()},
    }


def score_choices(plan: Plan, weights: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, Any]:
    """Return which choices the students made.

    Args:
        plan: what was asked.
        weights: each student's probabilities of the choices of each question.
    """
    rows: list[dict[str, Any]] = []
    for index, choice in enumerate(plan.choices):
        chosen = {name: max(range(4), key=rows_of[index].__getitem__) for name, rows_of in weights.items()}
        row = {
            "leaf": choice.leaf,
            "question": choice.question,
            "choices": list(choice.choices),
            "answer": choice.right,
        }
        right = {name: place == choice.right for name, place in chosen.items()}
        probability = {name: rows_of[index][choice.right] for name, rows_of in weights.items()}
        rows.append({**row, "chosen": chosen, "probability": probability, "right": right, "change": change(right)})
    return {
        "questions": rows,
        "leaves": totals((row["leaf"], row["right"]) for row in rows),
        "summary": summary([row["right"] for row in rows]),
        "probability": {name: sum(row["probability"][name] for row in rows) / len(rows) for name in weights},
    }


def score_talks(plan: Plan, replies: Mapping[str, Sequence[tuple[str, str]]], critic: Respondent) -> dict[str, Any]:
    """Return the conversations with the critic's grades of both turns."""
    grades: dict[str, list[tuple[float, float]]] = {}
    for name, said in replies.items():
        pairs = [
            ((talk.question, first), (talk.follow_up, second))
            for talk, (first, second) in zip(plan.talks, said, strict=True)
        ]
        turns = [judges.turn_grades(critic, pairs, turn, f"Grading the conversations, {name}") for turn in (0, 1)]
        grades[name] = list(zip(*turns, strict=True))
    rows = [
        {
            **asdict(talk),
            "answers": {name: list(said[index]) for name, said in replies.items()},
            "grades": {name: list(given[index]) for name, given in grades.items()},
        }
        for index, talk in enumerate(plan.talks)
    ]
    means = {name: [sum(pair) / 2 for pair in given] for name, given in grades.items()}
    by_turn = {name: [sum(turn) / len(turn) for turn in zip(*given, strict=True)] for name, given in grades.items()}
    return {"questions": rows, "turns": by_turn, **_grades(means)}
