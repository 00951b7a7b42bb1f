"""The stages of the loop; each is skipped while its output is fresh, so that running again is resuming."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from espalier.comparison.panes import Pane, find_source
from espalier.comparison.serving import snippet
from espalier.comparison.session import Session
from espalier.comparison.turns import PANES
from espalier.errors import EspalierError
from espalier.evaluation.evaluate import evaluate
from espalier.evaluation.held_out import held_out_score
from espalier.evaluation.plan import has_questions
from espalier.evaluation.questions import Question, read_questions
from espalier.language import Backend, TrainRow
from espalier.messages import Answered, Emit, Event, Note, Serving, Stage, Text
from espalier.models.folder import find_model
from espalier.project import Project
from espalier.quantization.settings import quantize_settings
from espalier.quantization.stage import make, measure, settle
from espalier.quantization.store import Quantized
from espalier.synthesis.generate import generate
from espalier.synthesis.on_disk import read_practice
from espalier.synthesis.practice import Practice, rejections
from espalier.training.brought import instead, with_general
from espalier.training.conversations import train_row
from espalier.training.curriculum import Curriculum, phases
from espalier.training.dial import curriculum_of, hosts_of, train_settings
from espalier.training.forecast import Forecast
from espalier.training.mixture import Mixture, mix
from espalier.training.phased import train_run
from espalier.training.probes import run_probes
from espalier.training.progress import wish
from espalier.training.recipe import mix_recipe, read_recipe
from espalier.training.run import Run, extend_run, is_ahead_of_clock, latest_trained, open_run, stopped_run
from espalier.training.settings import TrainSettings

_PACKAGES = ("mlx", "mlx-lm", "tokenizers")


def held_out_questions(project: Project) -> list[Question]:
    """Return the project's hand-written held-out questions, [] when it has none."""
    return read_questions(project.questions) if project.questions.exists() else []


def mixture_of(project: Project, practice: Sequence[Practice]) -> Mixture:
    """Return what the student learns from these leaves."""
    questions = [question.question for question in held_out_questions(project)]
    return mix([(part.leaf, part.accepted) for part in practice], questions)


def lesson(
    project: Project, practice: Sequence[Practice], values: Mapping[str, Any] | None = None
) -> tuple[Mixture, TrainSettings, Curriculum]:
    """Return what the next run is made of: its rows, its settings and its curriculum.

    Args:
        project: whose dial, training values, general data and recipe count.
        practice: every leaf's samples.
        values: training values that count before the project's, by name.

    Raises:
        EspalierError: a value, the general data or the recipe cannot be used.
    """
    settings, curriculum = train_settings(project, values), curriculum_of(project, values)
    mixture = mixture_of(project, practice)
    questions = [question.question for question in held_out_questions(project)]
    if curriculum.recipe:
        rows = mix_recipe(read_recipe(project.root / curriculum.recipe), settings.seed)
        mixture = instead(mixture, rows, questions)
    return with_general(mixture, project, questions), settings, curriculum


def forecast_run(project: Project, backend: Backend, emit: Emit, values: Mapping[str, Any] | None = None) -> Forecast:
    """Return what training now would take, on the samples that there are; nothing is written.

    Raises:
        EspalierError: there is nothing to train on, or the settings cannot work on the student.
    """
    mixture, settings, curriculum = lesson(project, read_practice(project), values)
    emit(Stage("forecast", f"A few updates of {project.student}"))
    plan = _rows_of(mixture, curriculum, settings.seed)
    return backend.forecast(find_model(project.student), plan, settings, project.runs)


def preview(project: Project, backend: Backend, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what training now would show the student: the lengths of all rows, and the first batch.

    Raises:
        EspalierError: there is nothing to train on, or the settings cannot work on the student.
    """
    mixture, settings, curriculum = lesson(project, read_practice(project), values)
    plan = _rows_of(mixture, curriculum, settings.seed)
    return backend.preview(find_model(project.student), plan, settings)


def _rows_of(mixture: Mixture, curriculum: Curriculum, seed: int) -> list[tuple[list[TrainRow], list[TrainRow]]]:
    """Return the rows and held-out rows of each phase."""
    return [
        ([train_row(row) for row in phase.rows], [train_row(row) for row in phase.held_out])
        for phase in phases(mixture, curriculum, seed)
    ]


def train(
    project: Project,
    backend: Backend,
    emit: Emit,
    practice: Sequence[Practice],
    values: Mapping[str, Any] | None = None,
) -> Run:
    """Return the run of the project's mixture; its adapter is trained first when it is not there.

    Args:
        project: to work on.
        backend: trains.
        emit: told the stage and its progress.
        practice: every leaf's samples.
        values: training values that count before the project's, by name.

    Raises:
        EspalierError: a value cannot be used, or there is nothing to train on.
    """
    mixture, settings, curriculum = lesson(project, practice, values)
    if mixture.withheld:
        emit(Note(f"{mixture.withheld} rows are nearly held-out questions and are kept from the student."))
    run = open_run(project, mixture, settings, {name: version(name) for name in _PACKAGES}, curriculum)
    if is_ahead_of_clock(run):
        emit(
            Note(
                "The clock of this machine is behind the newest run. This run is named as if it were made just after "
                "it, so that it stays the newest."
            )
        )
    asked = run_probes(project, run.folder, mixture.held_out)
    train_run(run, backend, emit, hosts_of(project, values), asked)
    return run


def extend(project: Project, backend: Backend, emit: Emit, updates: int) -> Run:
    """Return a new run that makes more updates from the end of the newest one; one that was cut off goes on.

    Raises:
        EspalierError: there is no finished run to go on from.
    """
    run = extend_run(project, updates, {name: version(name) for name in _PACKAGES})
    asked = run_probes(project, run.folder, run.rows("heldout"))
    train_run(run, backend, emit, hosts_of(project), asked)
    return run


def finish(project: Project, backend: Backend, emit: Emit) -> Run:
    """Return the newest run, which was stopped, with what it has learned so far as its adapter.

    Raises:
        EspalierError: no run was stopped on its way.
    """
    run = ask_to_finish(project)
    train_run(run, backend, emit, hosts_of(project))
    return run


def ask_to_finish(project: Project) -> Run:
    """Return the newest run; another process that trains it now writes its adapter after the next update.

    Raises:
        EspalierError: no run is on its way.
    """
    run = stopped_run(project)
    wish(run.at_work, "finish")
    return run


def quantize(project: Project, backend: Backend, emit: Emit, run: Run | None = None) -> tuple[Run, Quantized]:
    """Return the run and its student made small as the project says, which is made and measured where it is not there.

    Raises:
        EspalierError: nothing is trained, the settings do not fit the student, or there is no room.
    """
    run = run or latest_trained(project)
    made = make(run, quantize_settings(project), backend, emit)
    questions = held_out_questions(project)

    def right(made: Quantized) -> dict[str, int]:
        return held_out_score(project, run, made.folder, backend, emit)

    if made.cost:
        return run, made
    return run, settle(run, measure(run, made, questions, right, backend, emit))


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
    if has_questions(project, run):
        result["report"] = timed("evaluate", lambda: evaluate(project, backend, emit, run))
    else:
        emit(Note(f"No held-out questions: write {project.questions} to see what the student has learned."))
    return {**result, "seconds": seconds}


def ask(project: Project, backend: Backend, question: str, settings: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return both answers to a question, written side by side by one model in memory, with their figures.

    Args:
        project: whose newest run answers after training.
        backend: fills the panes.
        question: to both.
        settings: of the answers, by name; see `espalier.comparison.turns.Settings`.
        emit: told every token.

    Raises:
        EspalierError: nothing was trained, a setting is out of its range, or both models are the same.
    """
    answers, ends = dict.fromkeys(PANES, ""), dict[str, Answered]()

    def listen(event: Event) -> None:
        if isinstance(event, Text):
            answers[event.pane] += event.text
        elif isinstance(event, Answered):
            ends[event.pane] = event
        emit(event)

    session = Session(project, backend.panes(), listen)
    session.open([{"kind": "base"}, {"kind": "tuned"}])
    if proofs := [facts.proof for facts in session.facts if facts.proof]:
        raise EspalierError(proofs[0])
    turns = [{"role": "user", "content": question}]
    session.answer({"conversations": [turns, turns], "settings": settings}, lambda: False)
    if failed := [end.ended for end in ends.values() if end.ended.startswith("failed: ")]:
        raise EspalierError(failed[0].removeprefix("failed: "))
    told = {name: text.strip() for name, text in answers.items()}
    return {**told, "figures": {name: dict(end.figures) for name, end in ends.items()}}


def serve(project: Project, backend: Backend, kind: str, port: int, emit: Emit) -> None:
    """Answer OpenAI-compatible requests on this computer until the process is told to stop.

    Args:
        project: it is only read, so that other work can go on.
        backend: answers.
        kind: base, tuned or quantized.
        port: 0 for any that is free.
        emit: told the address once requests are heard.

    Raises:
        EspalierError: there is no such model yet, or the port cannot be used.
    """
    source = find_source(project, Pane(kind))
    assert source.model
    name = find_model(project.student).name + {"tuned": "-tuned", "quantized": "-tuned-4bit"}.get(kind, "")
    emit(Stage("serve", f"Loading {source.title}"))

    def tell(url: str) -> None:
        emit(Serving(url, name, source.title, snippet(url, name)))

    backend.serve(source.model, source.adapter, name, port, tell)
