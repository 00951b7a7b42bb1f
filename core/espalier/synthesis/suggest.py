"""What models write about samples when a person asks: other words, like an edit or drawn anew; and explanations.

Other words are suggestions in ``reviews.jsonl``; each waits for the person's yes or no.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import yaml

from espalier.clock import Clock
from espalier.errors import EspalierError
from espalier.language import Backend, LanguageModel, Message, Prompt, Sampling
from espalier.messages import Emit, Stage
from espalier.project import Project
from espalier.resources import resource
from espalier.synthesis import checks
from espalier.synthesis.judge import explain
from espalier.synthesis.later import keep_explanation, later_path
from espalier.synthesis.leaf_work import journal_of
from espalier.synthesis.on_disk import read_practice
from espalier.synthesis.pipelines.inputs import language_code
from espalier.synthesis.reviews import SUGGESTION, read_reviews, review
from espalier.synthesis.sample import Sample
from espalier.synthesis.words import agreement
from espalier.taxonomy.leaf import Leaf
from espalier.teachers.opening import open_model

PORTION = 16  # samples that are written down together: what a stop can lose
SHOTS = 6
SAME = 0.9  # agreement of source and answer above which the answer is the source
_QUESTION, _ANSWER = Sampling(64, stop=("\n",)), Sampling(256)


@dataclass(frozen=True)
class Edited:
    """A sample that a person put into other words."""

    before: Sample
    question: str
    answer: str


Words = tuple[str, str]  # question and answer


def suggest(project: Project, backend: Backend, emit: Emit, leaf: str, keys: Sequence[str], like: str = "") -> int:
    """Write a suggestion for samples of a leaf and return how many got one.

    Args:
        project: to work on.
        backend: loads the teacher.
        emit: told the stage and its progress.
        leaf: path of the leaf.
        keys: `Sample.key` of each sample.
        like: key of a sample that the person edited: the others are rewritten in its way; "" draws each anew.

    Raises:
        EspalierError: no such leaf or sample.
    """
    part = read_practice(project, leaf)[0]
    rows = {row.drawn.key: row for row in part.rows}
    chosen = [rows[key] for key in dict.fromkeys(keys) if key in rows and key != like]
    if not chosen:
        raise EspalierError(f"{leaf} has no such sample any more. Look at it again in Review.")
    if like and like not in rows:
        raise EspalierError(f"The edited sample is not in {leaf} any more. Edit another one.")
    reviews = read_reviews(project)
    emit(Stage("suggest", f"Other words for {len(chosen)} samples"))
    clock = Clock("suggest", len(chosen), "samples", emit)
    clock.tell(0)
    teacher = open_model(project.teacher, project, backend, emit)
    count = 0
    for start in range(0, len(chosen), PORTION):
        portion = chosen[start : start + PORTION]
        samples = [row.sample for row in portion]
        if like:
            example = rows[like]
            found = rewrite(teacher, Edited(example.drawn, example.sample.question, example.sample.answer), samples)
        else:
            earlier = [reviews.suggestion(row.drawn) for row in portion]
            found = redraw(teacher, part.leaf, samples, [offered.question if offered else "" for offered in earlier])
        lines = [
            review(row.drawn, SUGGESTION, question, answer, project.teacher)
            for row, (question, answer) in zip(portion, found, strict=True)
            if _is_worth_a_look(row.sample, question, answer)
        ]
        reviews.add(lines)
        count += len(lines)
        clock.tell(start + len(portion))
    return count


def explain_sample(project: Project, backend: Backend, emit: Emit, leaf: str, key: str, check: str) -> str:
    """Return why the judge found what it found of a sample, in a few sentences, which are kept beside the sample.

    Args:
        project: to work on.
        backend: loads the judge.
        emit: told the stage.
        leaf: path of the leaf.
        key: `Sample.key` of the sample.
        check: name of the check.

    Raises:
        EspalierError: no such leaf, sample or check.
    """
    part = read_practice(project, leaf)[0]
    sample = next((row.drawn for row in part.rows if row.drawn.key == key), None)
    made = next((made for made in sample.verdict if made.name == check), None) if sample else None
    if sample is None or made is None:
        raise EspalierError(f"{leaf} has no such sample any more. Look at it again in Review.")
    emit(Stage("explain", f"Why “{check}” says so"))
    model = open_model(project.judge, project, backend, emit)
    text = explain(model, sample, made, sample.source, language_code(part.leaf)).strip()
    keep_explanation(later_path(journal_of(project, part.leaf).path), sample, check, text)
    return text


def _is_worth_a_look(sample: Sample, question: str, answer: str) -> bool:
    """Return whether words are new, and a question still is one where it was one before."""
    is_same = (question, answer) == (sample.question, sample.answer)
    loses_form = checks.form(sample.question).passed and not checks.form(question).passed
    return bool(question and answer) and not is_same and not loses_form


def rewrite(teacher: LanguageModel, edit: Edited, samples: Sequence[Sample]) -> list[Words]:
    """Return each sample's words, changed in the way in which the person changed the example's.

    Only what the person changed is rewritten: the question, the answer, or both.
    """
    texts = _prompts()
    questions = [sample.question for sample in samples]
    answers = [sample.answer for sample in samples]
    if edit.question != edit.before.question:
        example = (f"{edit.before.question}\n\n{edit.before.answer}", edit.question)
        asked = [f"{sample.question}\n\n{sample.answer}" for sample in samples]
        questions = _answered(teacher, texts["like_question"], [example], asked, _QUESTION)
    if edit.answer != edit.before.answer:
        example = (f"{edit.before.question}\n\n{edit.before.answer}", edit.answer)
        asked = [f"{sample.question}\n\n{sample.answer}" for sample in samples]
        answers = _answered(teacher, texts["like_answer"], [example], asked, _ANSWER)
    return list(zip(questions, answers, strict=True))


def redraw(teacher: LanguageModel, leaf: Leaf, samples: Sequence[Sample], earlier: Sequence[str]) -> list[Words]:
    """Return a new question for each sample's source, and the answer to it.

    Args:
        teacher: writes them.
        leaf: its seed examples show how questions look.
        samples: whose sources are drawn from again.
        earlier: the question that each was last given so, "" for none; another one gives other words.
    """
    texts = _prompts()
    statements = [sample.source or sample.answer for sample in samples]
    is_fact = [agreement(text, sample.answer) >= SAME for text, sample in zip(statements, samples, strict=True)]
    statements = [
        sample.answer if fact else text for fact, text, sample in zip(is_fact, statements, samples, strict=True)
    ]
    shots = [(seed.answer, seed.question) for seed in leaf.seeds[:SHOTS]]
    sampling = Sampling(64, 0.8, 0.95, ("\n",))
    seeds = [crc32(f"{sample.key}{text}".encode()) for sample, text in zip(samples, earlier, strict=True)]
    questions = _answered(teacher, texts["again_question"], shots, statements, sampling, seeds)
    asked = [f"{text}\n\n{question}" for text, question in zip(statements, questions, strict=True)]
    written = _answered(teacher, texts["again_answer"], [], asked, _ANSWER) if not all(is_fact) else asked
    answers = [sample.answer if fact else text for fact, sample, text in zip(is_fact, samples, written, strict=True)]
    return list(zip(questions, answers, strict=True))


def _answered(
    teacher: LanguageModel,
    system: str,
    shots: Sequence[Words],
    asked: Sequence[str],
    sampling: Sampling,
    seeds: Sequence[int] | None = None,
) -> list[str]:
    turns = [Message("system", system)]
    for user, assistant in shots:
        turns += [Message("user", user), Message("assistant", assistant)]
    prompts = [Prompt((*turns, Message("user", text))) for text in asked]
    return [text.strip() for text in teacher.answer(prompts, sampling, seeds)]


def _prompts() -> dict[str, str]:
    texts: dict[str, str] = yaml.safe_load(resource("prompts/review.yaml").read_text(encoding="utf-8"))
    return texts
