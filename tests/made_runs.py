"""A project with a finished run, and students that answer from a function, for evaluations that run without a model."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from made_projects import KNOWLEDGE, make_project
from scripted_model import ScriptedModel

from espalier.language import Prompt, Sampling
from espalier.project import Project, open_project, write_settings
from espalier.training.run import Run, latest_trained

QUESTIONS: list[dict[str, Any]] = [
    {"question": "How many lamps are there?", "reference": "Seven lamps.", "accept": ["seven"], "leaf": KNOWLEDGE},
    {"question": "Who built the bridge?", "reference": "Ada built it.", "accept": ["Ada"], "leaf": KNOWLEDGE},
    {
        "question": "Which river flows below?",
        "reference": "The Esk.",
        "accept": ["Esk"],
        "leaf": "compositional_skills/rhyme",
    },
]


def make_run(root: Path, questions: Sequence[dict[str, Any]] = QUESTIONS, critic: str = "") -> tuple[Project, Run]:
    """Make a project that was trained; its models are folders with a little in them."""
    project = make_project(root / "project", "compact")
    models = {name: root / "models" / name for name in ("student", "critic")}
    for folder in models.values():
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_text(folder.name)
        (folder / "config.json").write_text("{}")
    student = str(models["student"])
    project = replace(project, student=student, teacher=student, critic=str(models["critic"]) if critic else "")
    write_settings(project)
    run = project.runs / "2026-11-20T10-00-00"
    for folder in (run / "adapter", run / "model-4bit"):
        folder.mkdir(parents=True)
        (folder / "weights.safetensors").write_text(folder.name)
    (run / "request.json").write_text(json.dumps({"key": "k", "student": student, "settings": {}}))
    trained = {"leaf": KNOWLEDGE, "question": "When was the bridge opened?", "answer": "In 1901.", "origin": "sample"}
    spare = {"leaf": "compositional_skills/extract", "question": "What is spare?", "answer": "The spare wheel."}
    write_rows(run / "train.jsonl", [trained])
    write_rows(run / "heldout.jsonl", [{**spare, "origin": "sample"}])
    if questions:
        write_rows(project.questions, questions)
    return open_project(project.root), latest_trained(project)


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


class Student(ScriptedModel):
    """A student that tells its answers one by one, and prefers the option that a function names."""

    def __init__(self, reply: Callable[[str], str], prefer: Callable[[str], str] = lambda prompt: "") -> None:
        super().__init__(lambda prompt: reply(prompt.messages[-1].content))
        self._prefer = prefer
        self.asked: list[str] = []

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        answers = []
        for index, prompt in enumerate(prompts):
            self.asked.append(prompt.messages[-1].content)
            answers += super().answer([prompt], sampling)
            if on_row:
                on_row(index, answers[-1])
        return answers

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        self.asked += [prompt.messages[-1].content for prompt in prompts]
        wanted = [self._prefer(prompt.messages[-1].content) for prompt in prompts]
        share = 0.1 / (len(options) - 1)
        return [
            [0.9 if option == best else share for option in options]
            if best in options
            else [1 / len(options)] * len(options)
            for best in wanted
        ]


class Bench:
    """A backend whose models are students by name: base, tuned, 4-bit, critic."""

    def __init__(self, **models: Student) -> None:
        self.models = models
        self.loaded: list[str] = []

    def load(self, model: Path, adapter: Path | None = None) -> Student:
        name = "tuned" if adapter else {"student": "base", "model-4bit": "small", "critic": "critic"}[model.name]
        self.loaded.append(name)
        return self.models[name]

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"an evaluation does not {name}")
