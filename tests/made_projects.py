"""A project with a leaf of each kind, for pipelines that run without a model."""

from pathlib import Path
from typing import Any

import yaml

from espalier.project import Project, create, open_project

FREEFORM, GROUNDED, KNOWLEDGE = "compositional_skills/rhyme", "compositional_skills/extract", "knowledge/bridge"


def write_leaf(project: Project, path: str, contents: dict[str, Any]) -> None:
    file = project.taxonomy / path / "qna.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump({"created_by": "me", **contents}, sort_keys=False, allow_unicode=True))


def make_project(root: Path, pipeline: str) -> Project:
    """Make a project with a leaf of each kind."""
    project = create(root)
    words = ("sun", "moon", "sea", "hill", "tree")
    seeds = [{"question": f"Write a rhyme on the {word}.", "answer": f"The {word}, well done."} for word in words]
    grounded = [{**seed, "context": f"A note about the {word}."} for seed, word in zip(seeds, words, strict=True)]
    write_leaf(project, FREEFORM, {"version": 3, "task_description": "Write rhymes.", "seed_examples": seeds})
    write_leaf(project, GROUNDED, {"version": 3, "task_description": "Find things.", "seed_examples": grounded})
    pairs = [{"question": f"What is part {n}?", "answer": f"Part {n} is of the bridge."} for n in range(3)]
    contexts = [{"context": f"The bridge at the {word} is old.", "questions_and_answers": pairs} for word in words]
    document = {"repo": "https://example.org/x", "commit": "0" * 40, "patterns": ["a.md"]}
    knowledge = {"version": 3, "domain": "bridges", "document_outline": "A bridge.", "document": document}
    write_leaf(project, KNOWLEDGE, {**knowledge, "seed_examples": contexts})
    folder = project.documents / KNOWLEDGE
    folder.mkdir(parents=True)
    parts = [f"## Part {n}\n\n" + f"The bridge has {n} lamps by the river. " * 60 for n in range(3)]
    (folder / "a.md").write_text("# The bridge\n\n" + "\n\n".join(parts))
    (project.root / "project.yaml").write_text(
        f"version: 1\ndial: quick\npipeline: {pipeline}\nmodels: {{student: s, teacher: t}}\n"
    )
    return open_project(root)
