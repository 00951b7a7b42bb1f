"""The stages of the loop; each is skipped while its output is fresh, so that running again is resuming."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from espalier.documents.store import read_documents
from espalier.errors import EspalierError
from espalier.evaluation import probe as probing
from espalier.evaluation.questions import Question, read_questions
from espalier.files import write_json
from espalier.language import Backend, LanguageModel, Message, Prompt, Sampling, TrainRow
from espalier.messages import Emit, Note, Progress, Stage
from espalier.models.folder import find_model
from espalier.project import Project, content_key
from espalier.synthesis import compact
from espalier.synthesis.compact import CompactSettings, Knowledge, Pipeline, Teacher
from espalier.synthesis.freeform import Freeform
from espalier.synthesis.sample import Journal, Sample
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.mixture import Mixture, mix
from espalier.training.plan import TrainSettings
from espalier.training.run import Run, latest_trained, open_run

ANSWER = Sampling(max_tokens=64)
WAVES = {"quick": 1, "good": 2, "thorough": 5}
MOST_WAVES = 20  # to reach a number of samples that a person asked for
EPOCHS = {"quick": 4, "good": 5, "thorough": 12}
_PACKAGES = ("mlx", "mlx-lm", "tokenizers")


class Clock:
    """Time left of a stage, from the speed so far."""

    def __init__(self, stage: str, total: int, unit: str, emit: Emit) -> None:
        self._stage, self._total, self._unit, self._emit = stage, total, unit, emit
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)
        self._told = 0.0

    def tell(self, done: int, detail: str = "", **figures: float) -> None:
        """Report how much is done, at most four times a second."""
        now = time.monotonic()
        self._first = self._first or (done, now)
        if done != self._last[0]:
            self._last = (done, now)
        if done < self._total and now - self._told < 0.25:
            return
        self._told = now
        self._emit(Progress(self._stage, done, self._total, self._unit, self._left(done, now), detail, figures))

    def _left(self, done: int, now: float) -> float | None:
        assert self._first
        begun, since = self._first
        reached = self._last[1]
        if done <= begun:
            return None
        return max(0.0, (reached - since) / (done - begun) * (self._total - done) - (now - reached))


@dataclass(frozen=True)
class Practice:
    """A leaf with its samples."""

    leaf: Leaf
    samples: tuple[Sample, ...]

    @property
    def accepted(self) -> list[Sample]:
        """Return the samples that passed every check."""
        return [sample for sample in self.samples if sample.is_accepted]


def synthesis_settings(project: Project, per_leaf: int = 0) -> CompactSettings:
    """Return what the dial stands for when samples are generated; ``per_leaf`` is a number of samples to reach."""
    return CompactSettings(per_leaf=per_leaf, waves=MOST_WAVES if per_leaf else WAVES[project.dial])


def train_settings(project: Project) -> TrainSettings:
    """Return what the dial stands for when the student is trained."""
    return TrainSettings(epochs=EPOCHS[project.dial])


def leaf_key(project: Project, leaf: Leaf) -> str:
    """Return the hash of everything that a leaf's samples depend on; how many are wanted is no part of it."""
    documents = read_documents(project, leaf) if leaf.kind == "knowledge" else []
    settings = asdict(replace(synthesis_settings(project), per_leaf=0, waves=0))
    return content_key(
        asdict(leaf), documents, "compact", compact.VERSION, compact.prompts(), project.teacher, settings
    )


def generate(
    project: Project, backend: Backend, emit: Emit, only: Sequence[str] = (), per_leaf: int = 0
) -> list[Practice]:
    """Return every leaf's samples; leaves that have too few are given more first.

    Args:
        project: to work on.
        backend: loads the teacher, when one is needed.
        emit: told the stages and their progress.
        only: paths of the leaves to take; () for all.
        per_leaf: accepted samples to reach in each leaf; 0 leaves it to the project's dial.

    Raises:
        EspalierError: the taxonomy cannot be used, or a leaf is left without an accepted sample.
    """
    settings = synthesis_settings(project, per_leaf)

    @cache
    def teacher() -> LanguageModel:
        return backend.load(find_model(project.teacher))

    practice = []
    for leaf in _chosen(read_taxonomy(project.taxonomy), only):
        journal = Journal(project.samples / f"{leaf_key(project, leaf)}.jsonl")
        pipeline = _pipeline(project, leaf, teacher, settings)
        is_fresh = compact.is_done(pipeline, journal, settings.waves)
        emit(Stage("generate", f"Samples for {leaf.path}", is_fresh))
        if not is_fresh:
            _generate_leaf(pipeline, journal, settings.waves, emit)
        practice.append(Practice(leaf, tuple(journal.samples)))
        if len(practice[-1].accepted) < per_leaf:
            emit(Note(f"{leaf.path} has {len(practice[-1].accepted)} of the {per_leaf} samples that were wanted."))
    for part in practice:
        if not any(sample.is_written for sample in part.accepted):
            rejected = rejections([part])
            reasons = ", ".join(f"{name} {count}" for name, count in rejected.items())
            raise EspalierError(
                f"The critic rejected all {sum(rejected.values())} samples of {part.leaf.path} ({reasons}). "
                "Add seed examples or a longer document, or choose a stronger teacher."
            )
    return practice


def leaf_journal(project: Project, leaf: Leaf) -> tuple[Path, Journal, bool]:
    """Return where a leaf's samples are, what is there, and whether that is all it needs.

    Raises:
        EspalierError: a document cannot be read, or holds no sentence.
    """

    def teacher() -> LanguageModel:
        raise AssertionError("nothing is drawn here")

    path = project.samples / f"{leaf_key(project, leaf)}.jsonl"
    journal, settings = Journal(path), synthesis_settings(project)
    return path, journal, compact.is_done(_pipeline(project, leaf, teacher, settings), journal, settings.waves)


def _chosen(leaves: list[Leaf], only: Sequence[str]) -> list[Leaf]:
    unknown = sorted(set(only) - {leaf.path for leaf in leaves})
    if unknown:
        raise EspalierError(
            f"The taxonomy has no leaf {unknown[0]}. It has: {', '.join(leaf.path for leaf in leaves)}."
        )
    leaves = [leaf for leaf in leaves if not only or leaf.path in only]
    for leaf in leaves:
        if leaf.kind == "grounded skill":
            raise EspalierError(
                f"{leaf.path} is a grounded skill; the compact pipeline writes knowledge and freeform skills. "
                "Remove the contexts of its seed examples, or take the leaf out."
            )
    return leaves


def _pipeline(project: Project, leaf: Leaf, teacher: Teacher, settings: CompactSettings) -> Pipeline:
    if leaf.kind != "knowledge":
        return Freeform(leaf, teacher, settings)
    pipeline = Knowledge(leaf, read_documents(project, leaf), teacher, settings)
    if not pipeline.facts:
        raise EspalierError(f"The documents of {leaf.path} hold no whole sentence. Import a document with text.")
    return pipeline


def _generate_leaf(pipeline: Pipeline, journal: Journal, waves: int, emit: Emit) -> None:
    clocks: dict[int, Clock] = {}
    started = time.monotonic()
    written = 0

    def on_progress(done: int, total: int, tokens: int) -> None:
        nonlocal written
        written += tokens
        if journal.waves not in clocks:
            clocks[journal.waves] = Clock("generate", total, pipeline.unit, emit)
        speed = written / max(0.1, time.monotonic() - started)
        accepted = sum(sample.is_accepted for sample in journal.samples)
        detail = f"round {journal.waves + 1}, {accepted} accepted, {speed:.0f} tokens/s"
        clocks[journal.waves].tell(done, detail, accepted=accepted, tokens_per_second=round(speed))

    compact.run(pipeline, journal, waves, on_progress)


def rejections(practice: Sequence[Practice]) -> dict[str, int]:
    """Return how many samples each check rejected, the most first."""
    failures = (sample.failure for part in practice for sample in part.samples)
    return dict(Counter(failure.name for failure in failures if failure).most_common())


def held_out_questions(project: Project) -> list[Question]:
    """Return the project's hand-written held-out questions, [] when it has none."""
    return read_questions(project.questions) if project.questions.exists() else []


def mixture_of(project: Project, practice: Sequence[Practice]) -> Mixture:
    """Return what the student learns from."""
    questions = [question.question for question in held_out_questions(project)]
    return mix([(part.leaf, part.samples) for part in practice], questions)


def train(project: Project, backend: Backend, emit: Emit, practice: Sequence[Practice]) -> Run:
    """Return the run of the project's mixture; its adapter is trained first when it is not there."""
    settings = train_settings(project)
    mixture = mixture_of(project, practice)
    if mixture.withheld:
        emit(Note(f"{mixture.withheld} rows are nearly held-out questions and are kept from the student."))
    run = open_run(project, mixture, settings, {name: version(name) for name in _PACKAGES})
    emit(Stage("train", f"LoRA on {len(mixture.train)} rows", run.adapter is not None))
    if run.adapter is None:
        clock: Clock | None = None

        def on_step(step: int, steps: int, loss: float) -> None:
            nonlocal clock
            clock = clock or Clock("train", steps, "updates", emit)
            clock.tell(step, f"loss {loss:.3f}", loss=round(loss, 4))

        rows = [TrainRow((Message("user", row.question), Message("assistant", row.answer))) for row in mixture.train]
        backend.train(find_model(project.student), rows, settings, run.folder, on_step)
    return run


def quantize(project: Project, backend: Backend, emit: Emit, run: Run | None = None) -> Run:
    """Return the run with its 4-bit student, which is made first when it is not there."""
    run = run or latest_trained(project)
    emit(Stage("quantize", "The 4-bit student", run.quantized is not None))
    if run.quantized is None:
        assert run.adapter
        backend.quantize(find_model(project.student), run.adapter, run.folder / "model-4bit")
    return run


def evaluate(
    project: Project, backend: Backend, emit: Emit, run: Run | None = None, questions: Path | None = None
) -> dict[str, Any]:
    """Return the report of base, tuned and 4-bit student on held-out questions, and write ``report.json``.

    Args:
        project: to work on.
        backend: loads the students.
        emit: told the stages and their progress.
        run: whose student; the newest trained one by default.
        questions: file of questions; the project's own by default.

    Raises:
        EspalierError: there is nothing to evaluate, or no question.
    """
    run = run or latest_trained(project)
    asked = read_questions(questions or project.questions)
    student = find_model(project.student)
    models: dict[str, Callable[[], LanguageModel]] = {
        "base": lambda: backend.load(student),
        "tuned": lambda: backend.load(student, run.adapter),
    }
    if run.quantized:
        models["4-bit"] = lambda: backend.load(run.quantized or student)
    answers = {name: _answers(run, name, load, asked, emit) for name, load in models.items()}
    report = _report(asked, answers)
    write_json(run.report, report)
    return report


def _answers(
    run: Run, name: str, load: Callable[[], LanguageModel], asked: Sequence[Question], emit: Emit
) -> list[str]:
    """Return the answers of one model, from the run's folder when these questions were asked before."""
    key = content_key([question.question for question in asked], asdict(ANSWER))
    kept = run.folder / "answers" / f"{name}-{key}.json"
    emit(Stage("evaluate", f"{len(asked)} held-out questions to {name}", kept.exists()))
    if kept.exists():
        answers: list[str] = json.loads(kept.read_text(encoding="utf-8"))
        return answers
    prompts = [Prompt((Message("user", question.question),)) for question in asked]
    answers = load().answer(prompts, ANSWER)
    write_json(kept, answers)
    return answers


def _report(asked: Sequence[Question], answers: dict[str, list[str]]) -> dict[str, Any]:
    rows = []
    totals: dict[str, dict[str, int]] = {}
    for index, question in enumerate(asked):
        right = {name: question.is_right(given[index]) for name, given in answers.items()}
        rows.append(
            {
                **asdict(question),
                "answers": {name: given[index] for name, given in answers.items()},
                "right": right,
            }
        )
        leaf = totals.setdefault(question.leaf, {"questions": 0, **dict.fromkeys(answers, 0)})
        leaf["questions"] += 1
        for name, is_right in right.items():
            leaf[name] += is_right
    return {"questions": rows, "leaves": totals}


def tune(project: Project, backend: Backend, emit: Emit) -> dict[str, Any]:
    """Run every stage that is stale, in order, and return what came of it, with the seconds of each stage."""
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        started = time.monotonic()
        result = work()
        seconds[name] = round(time.monotonic() - started, 1)
        return result

    practice = timed("generate", lambda: generate(project, backend, emit))
    run = timed("train", lambda: train(project, backend, emit, practice))
    timed("quantize", lambda: quantize(project, backend, emit, run))
    result: dict[str, Any] = {"run": str(run.folder), "rejected": rejections(practice)}
    result["accepted"] = sum(len(part.accepted) for part in practice)
    if project.questions.exists():
        result["report"] = timed("evaluate", lambda: evaluate(project, backend, emit, run))
    else:
        emit(Note(f"No held-out questions: write {project.questions} to see what the student has learned."))
    return {**result, "seconds": seconds}


def ask(project: Project, backend: Backend, question: str, on_text: Callable[[str, str], None]) -> dict[str, str]:
    """Return both answers to a question, written side by side by one model in memory."""
    run = latest_trained(project)
    assert run.adapter
    prompt = Prompt((Message("user", question),))
    base, tuned = backend.ask_both(find_model(project.student), run.adapter, prompt, Sampling(256), on_text)
    return {"base": base, "tuned": tuned}


def probe(project: Project, backend: Backend, questions: Sequence[tuple[str, str]], emit: Emit) -> list[str]:
    """Return the untaught student's answer to each pair of question and context, which may be ""."""
    emit(Stage("probe", f"Loading {project.student}"))
    student = backend.load(find_model(project.student))
    prompts = [probing.seed_prompt(question, context) for question, context in questions]
    total, written = len(prompts) * probing.ANSWER.max_tokens, 0

    def on_progress(tokens: int) -> None:
        nonlocal written
        written += tokens
        emit(Progress("probe", min(written, total), total, "tokens"))

    return probing.probe(student, prompts, on_progress)
