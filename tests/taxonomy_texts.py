"""Leaves for the tests of the taxonomy, and changes to them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from espalier.taxonomy.checker import check_file
from espalier.taxonomy.problems import Mode, Problem

CORPUS = next((p / "shared/taxonomy-corpus" for p in Path(__file__).parents[3:] if (p / "shared").is_dir()), Path("no"))
MODES: tuple[Mode, ...] = ("strict", "ci")
Values = dict[str, Any]


def skill(**changes: Any) -> Values:
    seeds = [{"question": f"Question {number}?", "answer": f"Answer {number}."} for number in range(5)]
    return {
        "version": 3,
        "created_by": "ada",
        "task_description": "Answer.",
        "seed_examples": seeds,
    } | changes


def knowledge(**changes: Any) -> Values:
    seeds = [
        {
            "context": f"Otters {number}.",
            "questions_and_answers": [
                {"question": f"What {number}.{pair}?", "answer": f"Fish {pair}."} for pair in range(3)
            ],
        }
        for number in range(5)
    ]
    return {
        "version": 3,
        "created_by": "ada",
        "domain": "animals",
        "document_outline": "About otters",
        "seed_examples": seeds,
        "document": {"repo": "https://example.org/otters.git", "commit": "abc123", "patterns": ["*.md"]},
    } | changes


def changed(values: Values, change: Callable[[Any], object]) -> Values:
    change(values)
    return values


def write(root: Path, place: str, content: Values | str | bytes) -> Path:
    file = root / place / "qna.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = yaml.safe_dump(content, sort_keys=False)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def text_of(values: Values) -> str:
    return str(yaml.safe_dump(values, sort_keys=False))


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.is_error]


def codes(file: Path, mode: Mode = "strict") -> list[str]:
    return [problem.code for problem in errors(check_file(file, mode))]


def corpus_texts() -> list[tuple[str, str]]:
    """(folder in the taxonomy, text with its own line ends) of every historical file that is UTF-8."""
    found = []
    for file in sorted((CORPUS / "files").rglob("qna.yaml")):
        place = "/".join(file.relative_to(CORPUS / "files").parts[1:-1])
        found.append((place, file.read_bytes().decode()))
    return found
