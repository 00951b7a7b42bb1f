"""What a replay buffer saves: the example in two phases, and what is left of its knowledge after the skills."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from espalier import stages
from espalier.demo import create_example
from espalier.evaluation.evaluate import ANSWER
from espalier.evaluation.questions import read_questions
from espalier.language import Message, Prompt
from espalier.messages import Emit, Note
from espalier.metal.backend import MlxBackend
from espalier.models.folder import find_model
from espalier.project import Project
from espalier.synthesis.generate import generate
from espalier.training.phased import train_run
from espalier.training.run import Run, open_run

SHARES = (0.5, 0.0)  # the usual replay first, then none


def bench_replay(emit: Emit, project: Project | None = None) -> dict[str, Any]:
    """Return how many held-out knowledge questions are answered right after each phase, with replay and without.

    Args:
        emit: told what is done.
        project: with samples; the example by default, whose samples are written first.
    """
    with tempfile.TemporaryDirectory() as place:
        if project is None:
            project = create_example(Path(place, "project"))
        return _compared(project, MlxBackend(), emit)


def _compared(project: Project, backend: MlxBackend, emit: Emit) -> dict[str, Any]:
    practice = generate(project, backend, emit)
    runs: list[Run] = []
    for share in SHARES:
        mixture, settings, curriculum = stages.lesson(project, practice, {"phases": "lab", "replay": share})
        run = open_run(project, mixture, settings, {}, curriculum)
        if runs and not run.phase_folder(1).exists():  # the first phase is the same: it is not trained again
            shutil.copytree(runs[0].phase_folder(1), run.phase_folder(1))
        train_run(run, backend, emit)
        runs.append(run)
    first = runs[0].phase_folder(1)
    adapters = {"after knowledge": first / ("best" if (first / "best").exists() else "adapter")}
    for share, run in zip(SHARES, runs, strict=True):
        assert run.adapter
        adapters[f"after skills, replay {share:g}"] = run.adapter
    asked = [question for question in read_questions(project.questions) if question.leaf.startswith("knowledge")]
    prompts = [Prompt((Message("user", question.question),)) for question in asked]
    right = {}
    for name, adapter in adapters.items():
        answers = backend.load(find_model(project.student), adapter).answer(prompts, ANSWER)
        right[name] = sum(question.is_right(answer) for question, answer in zip(asked, answers, strict=True))
        emit(Note(f"{name}: {right[name]} of {len(asked)} knowledge questions"))
    return {"replay": right, "asked": len(asked)}
