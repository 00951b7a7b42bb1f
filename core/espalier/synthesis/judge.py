"""The label-probability judge: verdicts are read from one prefill; explanations are written only when asked for."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import yaml

from espalier.language import LanguageModel, Message, Prompt, Sampling
from espalier.resources import resource
from espalier.synthesis.sample import Check, Sample, measured

EXPLANATION = Sampling(max_tokens=96)
NOTHING = "…"  # stands for every text when the judge's leaning is measured
Judge = Callable[[list[Sample], Callable[[int], None]], list[Check]]  # one check of each sample; told of tokens


@dataclass(frozen=True)
class Rubric:
    """What a judge looks for.

    Attributes:
        name: of the check.
        text: the instruction, which all rows of a leaf share.
        labels: from worst to best; they differ in their first token.
        least: score that passes, unless a person moved it.
        needs: what of the row is shown: passage (and question and answer), pair, or question.
        words: names of the row's parts in the rubric's language.
    """

    name: str
    text: str
    labels: tuple[str, ...]
    least: float
    needs: str
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verdict:
    """What a judge thinks of one row.

    Attributes:
        score: expected place of the label between worst and best, 0 to 1.
        confidence: 1 when one label has all the probability, 0 when all have the same (1 less the relative entropy).
        probabilities: of the labels, from worst to best.
    """

    score: float
    confidence: float
    probabilities: tuple[float, ...]


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = yaml.safe_load(resource("prompts/judge.yaml").read_text(encoding="utf-8"))
    return texts


def rubrics() -> Mapping[str, Any]:
    """Return the shipped rubrics as they are written, by name."""
    found: Mapping[str, Any] = _texts()["rubrics"]
    return found


def rubric(name: str, tongue: str | None = None) -> Rubric:
    """Return a shipped rubric in a language, in English where there is none in it.

    Raises:
        KeyError: there is no rubric of that name.
    """
    texts = _texts()
    found = texts["rubrics"][name]
    code = tongue if tongue in found else "en"
    return Rubric(
        name,
        found[code],
        tuple(found["labels"]),
        found["least"],
        found.get("needs", "pair"),
        tuple(texts["words"][code].items()),
    )


def row_prompt(wanted: Rubric, question: str, answer: str, passage: str) -> Prompt:
    """Return the prompt whose next token is the label; everything that rows share comes first."""
    words = dict(wanted.words)
    parts = [f"{words['text']}: {passage}"] if passage and wanted.needs == "passage" else []
    parts.append(f"{words['question']}: {question}")
    if wanted.needs != "question":
        parts.append(f"{words['answer']}: {answer}")
    parts.append(f"{words['label']}:")
    return Prompt((Message("system", wanted.text), Message("user", "\n".join(parts))))


def weigh(probabilities: Sequence[float], leaning: Sequence[float] | None = None) -> Verdict:
    """Return the verdict that label probabilities stand for.

    Args:
        probabilities: of the labels, from worst to best.
        leaning: what the judge says of an empty row; it is divided out (contextual calibration, Zhao et al. 2021).
    """
    weights = list(probabilities)
    if leaning:
        weights = [weight / max(lean, 1e-6) for weight, lean in zip(weights, leaning, strict=True)]
    total = sum(weights)
    shares = tuple(weight / total for weight in weights)
    score = sum(place * share for place, share in enumerate(shares)) / (len(shares) - 1)
    entropy = -sum(share * math.log(share) for share in shares if share > 0)
    return Verdict(score, 1 - entropy / math.log(len(shares)), shares)


def verdicts(model: LanguageModel, wanted: Rubric, samples: Sequence[Sample], passages: Sequence[str]) -> list[Verdict]:
    """Return the judge's verdict on each sample, one prefill per row.

    Args:
        model: the critic.
        wanted: what is looked for.
        samples: rows; a context that belongs to the question is shown with it.
        passages: what each row was drawn from, "" where there is none.
    """
    if not samples:
        return []
    empty = row_prompt(wanted, NOTHING, NOTHING, NOTHING if any(passages) else "")
    prompts = [
        row_prompt(wanted, "\n\n".join(filter(None, (sample.context, sample.question))), sample.answer, passage)
        for sample, passage in zip(samples, passages, strict=True)
    ]
    (leaning,) = model.choose([empty], wanted.labels)
    return [weigh(row, leaning) for row in model.choose(prompts, wanted.labels)]


def judge(model: LanguageModel, wanted: Rubric, samples: Sequence[Sample], passages: Sequence[str]) -> list[Check]:
    """Return one check per sample, named for the rubric, whose threshold can be moved. Arguments as `verdicts`'."""
    found = []
    for verdict in verdicts(model, wanted, samples, passages):
        best = max(range(len(wanted.labels)), key=verdict.probabilities.__getitem__)
        share = verdict.probabilities[best]
        reason = f"The judge says {wanted.labels[best]} with a probability of {share:.0%}: {verdict.score:.2f}."
        found.append(measured(wanted.name, verdict.score, wanted.least, reason))
    return found


def judged_in_turn(
    samples: Sequence[Sample], judges: Mapping[str, Judge], on_tokens: Callable[[int], None]
) -> list[Sample]:
    """Return samples with each check that is the model's made of those that pass so far, the cheapest first."""
    judged = list(samples)
    for name, judge_all in judges.items():
        rows = [row for row, sample in enumerate(judged) if sample.is_good_so_far and not sample.was_checked(name)]
        for row, check in zip(rows, judge_all([judged[row] for row in rows], on_tokens), strict=True):
            judged[row] = judged[row].judged(check)
    return [sample.leaving(tuple(judges)) for sample in judged]


def judges_of(
    critic: Callable[[], LanguageModel] | None,
    rubrics: Sequence[str],
    passage: Callable[[Sample], str],
    tongue: str | None,
) -> dict[str, Judge]:
    """Return what a critic of its own looks for, by the name of the check; nothing where the teacher is the critic."""

    def judge_by(wanted: Rubric, samples: list[Sample], on_tokens: Callable[[int], None]) -> list[Check]:
        return judge(critic(), wanted, samples, [*map(passage, samples)]) if critic and samples else []

    return {name: partial(judge_by, rubric(name, tongue)) for name in rubrics} if critic else {}


def explain(model: LanguageModel, sample: Sample, check: Check, passage: str = "", tongue: str | None = None) -> str:
    """Return the judge's explanation of one check of a row in a few sentences: decoding, so only when a person asks.

    It is asked for in the language ``tongue``, in English where there is no wording in it.
    """
    texts = _texts()
    code = tongue if tongue in texts["explain"] else "en"
    words = texts["words"][code]
    parts = [f"{words['text']}: {text}" for text in (passage, sample.context) if text]
    parts += [f"{words['question']}: {sample.question}", f"{words['answer']}: {sample.answer}"]
    rubrics = texts["rubrics"]
    if check.name in rubrics:
        parts.append(rubrics[check.name].get(code, rubrics[check.name]["en"]))
    parts.append(f"{words['label']} ({check.name}): {check.told}")
    prompt = Prompt((Message("system", texts["explain"][code]), Message("user", "\n".join(parts))))
    return model.answer([prompt], EXPLANATION)[0]
