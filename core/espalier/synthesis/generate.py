"""The samples of a project's leaves: those that are there, and those that are still drawn."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from espalier.clock import Clock
from espalier.errors import EspalierError
from espalier.evaluation.questions import read_questions
from espalier.language import Backend, LanguageModel
from espalier.messages import Drawn, Emit, Funnel, Note, Stage
from espalier.project import Project, write_settings
from espalier.synthesis.across import judge_across
from espalier.synthesis.counted import Models
from espalier.synthesis.funnel import funnel
from espalier.synthesis.later import checked, settle
from espalier.synthesis.leaf_work import MOST_WAVES, LeafWork, journal_of, leaf_parts, leaf_work, no_model
from espalier.synthesis.origins import note_origin, read_origins
from espalier.synthesis.pace import pace_of, remember_pace
from espalier.synthesis.practice import Practice, practice_of, rejections
from espalier.synthesis.reviews import read_reviews
from espalier.synthesis.sample import Journal, Sample
from espalier.taxonomy.git import changed_leaves
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_leaves, read_taxonomy


def generate(
    project: Project, backend: Backend, emit: Emit, only: Sequence[str] = (), per_leaf: int = 0, since: str = ""
) -> list[Practice]:
    """Return every leaf's samples; leaves that have too few are given more first.

    Args:
        project: to work on.
        backend: loads the teacher, when one is needed.
        emit: told the stages, their progress, and the samples as they are decided.
        only: paths of the leaves to take; () for all.
        per_leaf: accepted samples to reach in each leaf; 0 leaves it to the project's dial.
        since: a branch, tag or commit; only leaves that changed since are taken. "" takes all.

    Raises:
        EspalierError: the taxonomy or the pipeline cannot be used, or a leaf is left without an accepted sample.
    """
    models = Models(project, backend, emit)
    leaves = chosen_leaves(project, only, since)
    # What is wrong is told before any work.
    works = [leaf_work(project, leaf, models.load, per_leaf) for leaf in leaves]
    journals = [journal_of(project, leaf) for leaf in leaves]
    known = _beside(project, leaves, journals)
    wanted = [per_leaf] * len(leaves)
    told: set[str] = set()
    while True:
        for leaf, work, journal in zip(leaves, works, journals, strict=True):
            is_fresh = work.is_done(journal)
            if not is_fresh or leaf.path not in told:
                emit(Stage("generate", f"Samples for {leaf.path}", is_fresh, leaf.path))
                told.add(leaf.path)
            if not is_fresh:
                _note_origin(project, leaf)
                _keep_company(models.load(project.teacher), journal)
                _generate_leaf(project, leaf, work, journal, models, emit)
            settle(journal, work, project.thresholds)
        parts = _judged(project, leaves, journals, known)
        for index, part in enumerate(parts):  # what other leaves, held-out questions or the person took is drawn again
            if per_leaf > len(part.accepted) and works[index].is_done(journals[index]):
                wanted[index] += per_leaf - len(part.accepted)
                works[index] = leaf_work(project, part.leaf, models.load, wanted[index])
        if all(work.is_done(journal) for work, journal in zip(works, journals, strict=True)):
            break
    for part, journal in zip(parts, journals, strict=True):
        if len(part.accepted) < per_leaf:
            emit(Note(_shortfall(part.leaf, len(part.accepted), per_leaf, journal)))
        if not any(sample.is_written for sample in part.accepted):
            rejected = rejections([part])
            reasons = ", ".join(f"{name} {count}" for name, count in rejected.items())
            raise EspalierError(
                f"The critic rejected all {sum(rejected.values())} samples of {part.leaf.path} ({reasons}). "
                "Add seed examples or a longer document, or choose a stronger teacher."
            )
    return parts


def _note_origin(project: Project, leaf: Leaf) -> None:
    made_of = leaf_parts(project, leaf)
    if read_origins(project).get(leaf.path) != made_of:
        note_origin(project, leaf.path, made_of)


def _beside(project: Project, leaves: Sequence[Leaf], journals: Sequence[Journal]) -> list[Journal]:
    """Return the journals of some leaves and of every other leaf that has samples as it is now, in the tree's order."""
    chosen = {leaf.path: journal for leaf, journal in zip(leaves, journals, strict=True)}
    found = []
    for leaf in read_taxonomy(project.taxonomy):
        if leaf.path in chosen:
            found.append(chosen[leaf.path])
            continue
        with suppress(EspalierError):  # such as a missing document: it has no samples as it is now
            found.append(journal_of(project, leaf))
    return found


def _judged(
    project: Project, leaves: Sequence[Leaf], journals: Sequence[Journal], known: Sequence[Journal]
) -> list[Practice]:
    """Return the leaves' practice, after the checks that look beyond one leaf, among all journals that are known."""
    questions = read_questions(project.questions) if project.questions.exists() else []
    judge_across(known, project.thresholds, [question.question for question in questions])
    reviews = read_reviews(project)
    return [
        practice_of(project, leaf, checked(journal), reviews) for leaf, journal in zip(leaves, journals, strict=True)
    ]


def choose_pipeline(project: Project, setting: str, only: Sequence[str] = (), since: str = "") -> Project:
    """Return the project with another pipeline, which its settings now name, so that training uses the same samples.

    Raises:
        EspalierError: there is no such pipeline, or it is nothing for one of the leaves.
    """
    chosen = replace(project, pipeline=setting)
    for leaf in chosen_leaves(chosen, only, since):
        leaf_work(chosen, leaf, no_model, 0)
    if chosen != project:
        write_settings(chosen)
    return chosen


def chosen_leaves(project: Project, only: Sequence[str], since: str = "") -> list[Leaf]:
    """Return the leaves with these paths that changed since a commit; all, where neither is given.

    Raises:
        EspalierError: there is no leaf of that path, none of them changed, or Git knows no such commit.
    """
    leaves = read_leaves(project.taxonomy, only)
    if since:
        changed = {change.leaf for change in changed_leaves(project.taxonomy, since)}
        leaves = [leaf for leaf in leaves if leaf.path in changed]
        if not leaves:
            raise EspalierError(f"No leaf changed since {since}, so there is nothing to generate.")
    return leaves


def _generate_leaf(project: Project, leaf: Leaf, work: LeafWork, journal: Journal, models: Models, emit: Emit) -> None:
    clocks: dict[int, Clock] = {}
    started, asked = time.monotonic(), models.calls
    written, begun, shown = 0, len(journal.samples), len(journal.samples)

    def tell_drawn() -> None:
        nonlocal shown
        if len(journal.samples) == shown:
            return
        tell_samples(leaf, journal.samples[shown:], funnel(journal.samples, work.steps), emit)
        shown = len(journal.samples)
        calls = models.calls - asked
        per_source = 0.0 if journal.portions or journal.waves != 1 else len(journal.samples) / work.sources
        pace = pace_of(journal.samples[begun:], time.monotonic() - started, calls, per_source)
        if pace:
            remember_pace(project, leaf.kind, pace)

    def on_progress(done: int, total: int, tokens: int) -> None:
        nonlocal written
        written += tokens
        tell_drawn()
        if journal.waves not in clocks:
            clocks[journal.waves] = Clock("generate", total, work.unit, emit)
        speed = written / max(0.1, time.monotonic() - started)
        accepted = sum(sample.is_accepted for sample in journal.samples)
        detail = f"round {journal.waves + 1}, {accepted} accepted, {speed:.0f} tokens/s"
        clocks[journal.waves].tell(done, detail, accepted=accepted, tokens_per_second=round(speed))

    work.run(journal, on_progress)
    tell_drawn()


def _keep_company(teacher: LanguageModel, journal: Journal) -> None:
    """Let as many prompts be computed together as when the leaf was begun."""
    if journal.rows is None:
        journal.begin(teacher.rows)
    else:
        teacher.rows = journal.rows


def tell_samples(leaf: Leaf, samples: Sequence[Sample], steps: Sequence[dict[str, object]], emit: Emit) -> None:
    """Tell samples as they are decided, and where the leaf's samples were turned away so far."""
    rows = [
        {
            "key": sample.key,
            "question": sample.question,
            "answer": sample.answer,
            "accepted": sample.is_accepted,
            "reason": sample.failure.reason if sample.failure else "",
        }
        for sample in samples
    ]
    emit(Drawn(leaf.path, rows))
    emit(Funnel(leaf.path, steps))


def _shortfall(leaf: Leaf, accepted: int, wanted: int, journal: Journal) -> str:
    why = f"{journal.waves} rounds are the most" if journal.waves >= MOST_WAVES else "the last round gave nothing new"
    return (
        f"{leaf.path} has {accepted} of the {wanted} samples that were wanted: {why}. "
        "Add seed examples or a longer document, or choose a stronger teacher."
    )
