"""What the worker does with a model: each command of the loop, by its name, over a backend."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from espalier import demo, stages
from espalier.evaluation.evaluate import evaluate
from espalier.evaluation.probe import probe
from espalier.language import Backend
from espalier.messages import Emit
from espalier.models.starter import STARTER
from espalier.project import Project, is_held, locked, open_project
from espalier.quantization.settings import change_quantize
from espalier.sharing.export import Writer, make_form, run_named
from espalier.sharing.import_adapter import Reader, import_adapter
from espalier.sharing.shared import ensure
from espalier.synthesis.generate import choose_pipeline, generate
from espalier.synthesis.practice import rejections
from espalier.synthesis.suggest import explain_sample, suggest
from espalier.synthesis.trial import try_few
from espalier.training.dial import change_training


class Engine(Backend, demo.Importer, Reader, Writer, Protocol):
    """Loads, trains, imports and shares models."""


@dataclass(frozen=True)
class Task:
    """One command at work.

    Attributes:
        arguments: what the command takes; ``project`` is a project's folder.
        backend: does what needs a machine-learning framework.
        emit: told how far it is.
    """

    arguments: Mapping[str, Any]
    backend: Engine
    emit: Emit

    @property
    def project(self) -> Project:
        """Return the project as it is on disk.

        Raises:
            EspalierError: there is none that this version can open.
        """
        return open_project(Path(self.arguments["project"]))

    @contextmanager
    def held(self) -> Iterator[Project]:
        """Hold the project for this process alone, with the models that it needs on this machine.

        Raises:
            EspalierError: another process holds it, or a model is missing.
        """
        project = self.project
        with locked(project):
            demo.ensure_models(project, self.backend, self.emit)
            yield project


def run(command: str, arguments: Mapping[str, Any], backend: Engine, emit: Emit) -> dict[str, Any]:
    """Return the result of one of the `COMMANDS`."""
    return COMMANDS[command](Task(arguments, backend, emit))


def _import(task: Task) -> dict[str, Any]:
    task.backend.import_gguf(Path(task.arguments["source"]), Path(task.arguments["destination"]))
    return {"model": task.arguments["destination"]}


def _fetch(task: Task) -> dict[str, Any]:
    return {"model": str(demo.ensure_starter(task.backend, task.emit))}


def _ask(task: Task) -> dict[str, Any]:
    settings = task.arguments.get("settings") or {}
    return stages.ask(task.project, task.backend, task.arguments["question"], settings, task.emit)


def _serve(task: Task) -> dict[str, Any]:
    stages.serve(task.project, task.backend, task.arguments["kind"], task.arguments["port"], task.emit)
    return {}


def _probe(task: Task) -> dict[str, Any]:
    project = task.project
    if project.student == STARTER:
        demo.ensure_starter(task.backend, task.emit)
    return {"answers": probe(project, task.backend, task.arguments["questions"], task.emit)}


def _generate(task: Task) -> dict[str, Any]:
    arguments = task.arguments
    leaves, since = arguments.get("leaves", ()), arguments.get("since", "")
    with task.held() as project:
        if arguments.get("pipeline"):
            project = choose_pipeline(project, arguments["pipeline"], leaves, since)
        practice = generate(project, task.backend, task.emit, leaves, arguments.get("per_leaf", 0), since)
    accepted = sum(len(part.accepted) for part in practice)
    return {"accepted": accepted, "rejected": rejections(practice)}


def _try(task: Task) -> dict[str, Any]:
    arguments = task.arguments
    with task.held() as project:
        tried = replace(project, pipeline=arguments.get("pipeline") or project.pipeline)
        return {"accepted": try_few(tried, task.backend, task.emit, arguments.get("leaves", ()))}


def _suggest(task: Task) -> dict[str, Any]:
    leaf, keys, like = task.arguments["leaf"], task.arguments["keys"], task.arguments.get("like", "")
    with task.held() as project:
        return {"suggested": suggest(project, task.backend, task.emit, leaf, keys, like)}


def _explain(task: Task) -> dict[str, Any]:
    leaf, key, check = (str(task.arguments[name]) for name in ("leaf", "key", "check"))
    with task.held() as project:
        return {"text": explain_sample(project, task.backend, task.emit, leaf, key, check)}


def _train(task: Task) -> dict[str, Any]:
    """Train; or what one argument asks for instead: ``finish``, or ``extend`` by so many updates."""
    arguments, backend, emit = task.arguments, task.backend, task.emit
    if arguments.get("finish") and is_held(task.project):
        return {"run": str(stages.ask_to_finish(task.project).folder)}
    with task.held() as project:
        if arguments.get("finish"):
            return {"run": str(stages.finish(project, backend, emit).folder)}
        if arguments.get("extend"):
            return {"run": str(stages.extend(project, backend, emit, arguments["extend"]).folder)}
        values = arguments.get("settings") or {}
        stages.lesson(project, (), values)  # what is wrong is said before hours of work
        project = change_training(project, values)
        practice = generate(project, backend, emit)
        return {"run": str(stages.train(project, backend, emit, practice).folder)}


def _forecast(task: Task) -> dict[str, Any]:
    with task.held() as project:
        return stages.forecast_run(project, task.backend, task.emit, task.arguments.get("settings")).as_values()


def _preview(task: Task) -> dict[str, Any]:
    return stages.preview(task.project, task.backend, task.arguments.get("settings"))


def _quantize(task: Task) -> dict[str, Any]:
    values = task.arguments.get("settings") or {}
    with task.held() as project:
        project = change_quantize(project, values)
        run, made = stages.quantize(project, task.backend, task.emit)
        told = {"name": made.name, "verdict": made.cost.get("verdict", ""), "is_chosen": made.is_chosen}
        return {"run": str(run.folder), "quantized": told}


def _export(task: Task) -> dict[str, Any]:
    """Make a form in the folder ``to``; without one where publishing takes it from, if it is not there yet."""
    arguments = task.arguments
    form, to, base = arguments["form"], arguments.get("to", ""), arguments.get("base", "")
    with task.held() as project:
        run = run_named(project, arguments.get("run", ""))
        if not to:
            return ensure(project, run, task.backend, form, task.emit, base)
        return make_form(project, run, task.backend, form, Path(to), task.emit, base)


def _import_adapter(task: Task) -> dict[str, Any]:
    with task.held() as project:
        run = import_adapter(project, Path(task.arguments["source"]), task.backend, task.emit)
        return {"run": str(run.folder)}


def _publish(task: Task) -> dict[str, Any]:
    from espalier.sharing.publish import publication, publish  # asks the Hub, which no other task does

    project, wanted = task.project, publication(task.arguments)
    run = run_named(project, task.arguments.get("run") or "")
    return publish(project, run, task.backend, wanted, task.emit, task.held)


def _evaluate(task: Task) -> dict[str, Any]:
    questions, parts = task.arguments.get("questions"), task.arguments.get("parts", ())
    with task.held() as project:
        file = Path(questions) if questions else None
        return evaluate(project, task.backend, task.emit, questions=file, parts=parts)


def _tune(task: Task) -> dict[str, Any]:
    with task.held() as project:
        return stages.tune(project, task.backend, task.emit)


COMMANDS: Mapping[str, Callable[[Task], dict[str, Any]]] = {
    "import": _import,
    "fetch": _fetch,
    "ask": _ask,
    "serve": _serve,
    "probe": _probe,
    "generate": _generate,
    "try": _try,
    "suggest": _suggest,
    "explain": _explain,
    "train": _train,
    "forecast": _forecast,
    "preview": _preview,
    "quantize": _quantize,
    "evaluate": _evaluate,
    "export": _export,
    "import_adapter": _import_adapter,
    "publish": _publish,
    "tune": _tune,
}
