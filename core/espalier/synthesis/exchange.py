"""A person's own rows into a project, and a project's rows into files that other programs read."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from espalier.documents.store import check_leaf
from espalier.errors import EspalierError
from espalier.files import append_lines, read_lines, write_text
from espalier.project import Project
from espalier.synthesis import checks
from espalier.synthesis.final import Final
from espalier.synthesis.row_forms import BadLine, Pair, read_pairs
from espalier.synthesis.sample import Check, Sample, sample_of
from espalier.synthesis.words import content_words, plain
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_leaf
from espalier.taxonomy.walk import LEAF_FILE, stays_inside

IMPORTED = "imported"  # the check that says where an imported sample comes from
FILE = "imported.jsonl"
FORMS = ("messages", "instructlab", "mlx", "csv")
COLUMNS = ("leaf", "question", "answer", "context", "state", "reason", "origin")


@dataclass(frozen=True)
class Brought:
    """What came of an import.

    Attributes:
        added: the new samples, each with its verdict.
        known: number of rows that the project had already.
        bad: lines that hold no question and answer.
    """

    added: tuple[Sample, ...]
    known: int
    bad: tuple[BadLine, ...]


def import_path(project: Project, leaf_path: str) -> Path:
    """Return where a leaf's imported samples are, or would be."""
    return project.imports / leaf_path / FILE


def imported_samples(project: Project, leaf_path: str) -> list[Sample]:
    """Return the samples that a person imported into a leaf, in their order."""
    return [sample_of(line) for line in read_lines(import_path(project, leaf_path))]


def import_samples(project: Project, leaf_path: str, file: Path) -> Brought:
    """Bring the rows of a file into a leaf; rows that are there already are left as they are.

    Raises:
        EspalierError: the leaf or file is missing, the leaf has errors, or the file holds no question and answer.
    """
    check_leaf(project, leaf_path)
    leaf = read_leaf(project.taxonomy, project.taxonomy / leaf_path / LEAF_FILE)
    pairs, bad = read_pairs(file)
    if not pairs:
        first = f"Line {bad[0].line}: {bad[0].reason}" if bad else "It is empty."
        raise EspalierError(f"{file.name} holds no question and answer. {first}")
    target = import_path(project, leaf_path)
    if not stays_inside(project.imports, target):
        raise EspalierError(f"{target} is a link that leads out of the project. Remove it and import again.")
    there = imported_samples(project, leaf_path)
    keys = {sample.key for sample in there}
    questions = [plain(text) for text in (*(seed.question for seed in leaf.seeds), *(s.question for s in there))]
    added: list[Sample] = []
    for pair in pairs:
        sample = _sample(leaf, pair, file.name)
        if sample.key in keys:
            continue
        keys.add(sample.key)
        added.append(sample.judged(*_verdict(leaf, sample, questions)))
        questions.append(plain(sample.question))
    append_lines(target, [asdict(sample) for sample in added])
    return Brought(tuple(added), len(pairs) - len(added), tuple(bad))


def _sample(leaf: Leaf, pair: Pair, name: str) -> Sample:
    origin = Check(IMPORTED, True, f"It comes from {name}, line {pair.line}.")
    return Sample(f"i-{name}-{pair.line}", leaf.path, pair.question, pair.answer, "", (origin,), pair.context)


def _verdict(leaf: Leaf, sample: Sample, questions: Sequence[str]) -> list[Check]:
    """Return the plain-code checks of a row; a question about a text that comes with it has fewer to pass."""
    is_fact = leaf.kind == "knowledge"
    verdict = [checks.leaves_something(sample.question, sample.answer)] if is_fact else []
    if is_fact and not sample.context:
        verdict.append(checks.stands_alone(sample.question, content_words(sample.question)))
    if not sample.context:
        verdict.append(checks.is_new(sample.question, questions))
    return verdict


def is_imported(sample: Sample) -> bool:
    """Return whether a person brought the sample along."""
    return bool(sample.verdict) and sample.verdict[0].name == IMPORTED


def export(rows: Sequence[Final], form: str, target: Path) -> int:
    """Write rows to a file and return how many; the file is whole or not there.

    Args:
        rows: in order; only ``csv`` tells those that are learned from the others.
        form: messages (as ``ilab data generate`` writes them), instructlab (its train files: system, user,
            assistant), mlx (chat rows for mlx-lm) or csv.
        target: the file.

    Raises:
        EspalierError: there is nothing to write, or no such form.
    """
    if form not in FORMS:
        raise EspalierError(f"There is no form {form}. Choose one of {', '.join(FORMS)}.")
    if not rows:
        raise EspalierError("There is no sample to export. Generate samples, or keep some in Review.")
    if form == "csv":
        text = _csv(rows)
    else:
        make = {"messages": _messages, "instructlab": _train, "mlx": _chat}[form]
        text = "".join(json.dumps(make(row), ensure_ascii=False) + "\n" for row in rows)
    write_text(target, text)
    return len(rows)


def _turns(row: Final) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": row.sample.request},
        {"role": "assistant", "content": row.sample.answer},
    ]


def _messages(row: Final) -> dict[str, Any]:
    about = {"leaf": row.sample.leaf, "state": row.state.value, "source": row.sample.source}
    metadata = json.dumps(about, ensure_ascii=False)
    return {"id": row.drawn.key, "messages": _turns(row), "metadata": metadata, "unmask": False}


def _train(row: Final) -> dict[str, str]:
    return {"system": "", "user": row.sample.request, "assistant": row.sample.answer}


def _chat(row: Final) -> dict[str, Any]:
    return {"messages": _turns(row)}


def _csv(rows: Sequence[Final]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        sample = row.sample
        reason = sample.failure.reason if sample.failure else ""
        origin = "imported" if is_imported(sample) else "teacher" if sample.is_written else "document"
        writer.writerow([sample.leaf, sample.question, sample.answer, sample.context, row.state.value, reason, origin])
    return file.getvalue()
