"""The samples of a project's leaves: what is there under each leaf's key, and what is still drawn."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from espalier.clock import Clock
from espalier.documents.store import read_documents
from espalier.errors import EspalierError
from espalier.language import Backend, LanguageModel
from espalier.messages import Emit, Note, Stage
from espalier.models.folder import find_model
from espalier.project import Project, content_key
from espalier.synthesis import compact
from espalier.synthesis.compact import CompactSettings, Knowledge, Pipeline, Teacher
from espalier.synthesis.freeform import Freeform
from espalier.synthesis.sample import Journal, Sample
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_taxonomy

WAVES = {"quick": 1, "good": 2, "thorough": 5}
MOST_WAVES = 20  # to reach a number of samples that a person asked for


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
