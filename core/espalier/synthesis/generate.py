"""The samples of a project's leaves: what is there under each leaf's key, and what is still drawn."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Protocol

from espalier.clock import Clock
from espalier.documents.chunks import Count, token_counter
from espalier.documents.store import read_documents
from espalier.errors import EspalierError
from espalier.evaluation.questions import read_questions
from espalier.language import Backend, LanguageModel
from espalier.messages import Drawn, Emit, Funnel, Note, Stage
from espalier.models.folder import find_model
from espalier.project import Project, content_key, write_settings
from espalier.synthesis import compact
from espalier.synthesis.across import judge_across
from espalier.synthesis.compact import CompactSettings, Knowledge
from espalier.synthesis.counted import Counted
from espalier.synthesis.freeform import Freeform
from espalier.synthesis.funnel import funnel
from espalier.synthesis.later import checked, settle
from espalier.synthesis.origins import note_origin, read_origins
from espalier.synthesis.pace import pace_of, remember_pace
from espalier.synthesis.pipelines.leaf_run import SCALED, Few, LeafRun
from espalier.synthesis.pipelines.shipped import COMPACT, leaf_pipeline
from espalier.synthesis.practice import Practice, practice_of, rejections
from espalier.synthesis.reviews import read_reviews
from espalier.synthesis.sample import Journal, Sample
from espalier.taxonomy.git import changed_leaves
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_taxonomy
from espalier.teachers.endpoint import is_endpoint
from espalier.teachers.opening import open_model

WAVES = {"quick": 1, "good": 2, "thorough": 5}
BLOCK_WAVES = {"quick": 1, "good": 3, "thorough": 6}  # of a pipeline of blocks
MOST_WAVES = 20  # to reach a number of samples that a person asked for
TRIAL_WAVE = 1000  # number of the wave of samples that are drawn to have a look
BLOCKS_VERSION = 1  # part of the leaf key: raise it when the same blocks give other samples
Load = Callable[[str], LanguageModel]  # the model of a role, by its setting
Tell = Callable[[int, int, int], None]


class LeafWork(Protocol):
    """What draws the samples of one leaf.

    Attributes:
        unit: what its progress counts, in the plural.
    """

    @property
    def unit(self) -> str:
        """Return what its progress counts, in the plural."""

    @property
    def steps(self) -> Sequence[str]:
        """Return the names of what turns samples away, in order, as far as they are known."""

    @property
    def sources(self) -> int:
        """Return the number of sources that a first wave draws from."""

    @property
    def rows_per_source(self) -> int:
        """Return the samples that a source gives in a first wave; 0 where only drawing tells."""

    @property
    def rounds(self) -> tuple[int, int]:
        """Return the fewest and the most waves that are to be expected."""

    def few(self, count: int, on_tokens: Callable[[int], None]) -> Few:
        """Return a few samples to have a look; a full run draws others."""

    def is_done(self, journal: Journal) -> bool:
        """Return whether the journal holds what was wanted, or no more will come."""

    def run(self, journal: Journal, on_progress: Tell) -> None:
        """Draw into the journal until it is done; a portion that was cut off is drawn again."""


@dataclass(frozen=True)
class CompactRun:
    """The compact pipeline for one leaf."""

    pipeline: compact.Pipeline
    waves: int
    steps: Sequence[str] = ()

    @property
    def unit(self) -> str:
        """Return what a source is, in the plural."""
        return self.pipeline.unit

    @property
    def sources(self) -> int:
        """Return the number of sources."""
        return len(self.pipeline.wants(()))

    @property
    def rows_per_source(self) -> int:
        """Return the samples that a source gives in a first wave."""
        return self.pipeline.rows_per_source

    @property
    def rounds(self) -> tuple[int, int]:
        """Return one, which may do, and the most waves."""
        return 1, self.waves

    def few(self, count: int, on_tokens: Callable[[int], None]) -> Few:
        """Return so many samples, drawn as in a wave that no full run gets to."""
        return Few(self.pipeline.few(count, TRIAL_WAVE, on_tokens), self.rows_per_source)

    def is_done(self, journal: Journal) -> bool:
        """Return whether every source has its samples, or the waves are used up."""
        return compact.is_done(self.pipeline, journal, self.waves)

    def run(self, journal: Journal, on_progress: Tell) -> None:
        """Draw into the journal until it is done."""
        compact.run(self.pipeline, journal, self.waves, on_progress)

    def complete(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return waiting samples with the checks that were not made when they were drawn."""
        return self.pipeline.complete(samples, lambda tokens: None)


def synthesis_settings(project: Project, per_leaf: int = 0) -> CompactSettings:
    """Return what the dial stands for in the compact pipeline; ``per_leaf`` is a number of samples to reach."""
    return CompactSettings(per_leaf=per_leaf, waves=MOST_WAVES if per_leaf else WAVES[project.dial])


def leaf_key(project: Project, leaf: Leaf) -> str:
    """Return the hash of everything that a leaf's samples depend on; how many are wanted is no part of it.

    Raises:
        EspalierError: a document or the pipeline cannot be read.
    """
    documents = read_documents(project, leaf) if leaf.kind == "knowledge" else []
    if project.pipeline != COMPACT:
        blocks = leaf_pipeline(project.pipeline, leaf, project.root).key
        models = (project.teacher, project.judge)
        return content_key(asdict(leaf), documents, "blocks", BLOCKS_VERSION, SCALED, blocks, models)
    return content_key(
        asdict(leaf), documents, "compact", compact.VERSION, compact.prompts(), project.teacher, _compact_key(project)
    )


def leaf_parts(project: Project, leaf: Leaf) -> dict[str, str]:
    """Return a hash of each thing that a leaf's samples depend on, by what it is.

    Raises:
        EspalierError: a document or the pipeline cannot be read.
    """
    parts = {"leaf": content_key(asdict(leaf))}
    if leaf.kind == "knowledge":
        parts["documents"] = content_key(read_documents(project, leaf))
    parts["pipeline"], parts["teacher"] = content_key(project.pipeline), content_key(project.teacher)
    if project.pipeline == COMPACT:
        parts["prompts"] = content_key(compact.VERSION, compact.prompts(), _compact_key(project))
    else:
        parts["critic"] = content_key(project.judge)
        blocks = leaf_pipeline(project.pipeline, leaf, project.root).key
        parts["prompts"] = content_key(BLOCKS_VERSION, SCALED, blocks)
    return parts


def _compact_key(project: Project) -> dict[str, float]:
    """Return the settings of the compact pipeline, without how many samples are wanted."""
    return asdict(replace(synthesis_settings(project), per_leaf=0, waves=0))


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
    models: list[Counted] = []

    @cache
    def load(setting: str) -> Counted:
        models.append(Counted(open_model(setting, project, backend, emit)))
        return models[-1]

    leaves = chosen_leaves(project, only, since)
    works = [leaf_work(project, leaf, load, per_leaf) for leaf in leaves]  # what is wrong is told before any work
    origins, journals = read_origins(project), []
    for leaf, work in zip(leaves, works, strict=True):
        journal = Journal(project.samples / f"{leaf_key(project, leaf)}.jsonl")
        is_fresh = work.is_done(journal)
        emit(Stage("generate", f"Samples for {leaf.path}", is_fresh, leaf.path))
        if not is_fresh:
            made_of = leaf_parts(project, leaf)
            if origins.get(leaf.path) != made_of:
                note_origin(project, leaf.path, made_of)
            _keep_company(load(project.teacher), journal)
            _generate_leaf(project, leaf, work, journal, models, emit)
        settle(journal, work, project.thresholds)
        journals.append(journal)
    questions = read_questions(project.questions) if project.questions.exists() else []
    judge_across(journals, project.thresholds, [question.question for question in questions])
    reviews = read_reviews(project)
    parts = []
    for leaf, journal in zip(leaves, journals, strict=True):
        part = practice_of(project, leaf, checked(journal), reviews)
        parts.append(part)
        if len(part.accepted) < per_leaf:
            emit(Note(_shortfall(leaf, len(part.accepted), per_leaf, journal)))
    for part in parts:
        if not any(sample.is_written for sample in part.accepted):
            rejected = rejections([part])
            reasons = ", ".join(f"{name} {count}" for name, count in rejected.items())
            raise EspalierError(
                f"The critic rejected all {sum(rejected.values())} samples of {part.leaf.path} ({reasons}). "
                "Add seed examples or a longer document, or choose a stronger teacher."
            )
    return parts


def choose_pipeline(project: Project, setting: str, only: Sequence[str] = (), since: str = "") -> Project:
    """Return the project with another pipeline, which its settings now name, so that training uses the same samples.

    Raises:
        EspalierError: there is no such pipeline, or it is nothing for one of the leaves.
    """
    chosen = replace(project, pipeline=setting)
    for leaf in chosen_leaves(chosen, only, since):
        leaf_work(chosen, leaf, _no_model, 0)
    if chosen != project:
        write_settings(chosen)
    return chosen


def leaf_journal(project: Project, leaf: Leaf) -> tuple[Path, Journal, bool]:
    """Return where a leaf's samples are, what is there, and whether that is all it needs.

    Raises:
        EspalierError: a document or the pipeline cannot be read, or there is nothing to draw from.
    """
    path = project.samples / f"{leaf_key(project, leaf)}.jsonl"
    journal = Journal(path)
    return path, journal, leaf_work(project, leaf, _no_model, 0).is_done(journal)


def chosen_leaves(project: Project, only: Sequence[str], since: str = "") -> list[Leaf]:
    """Return the leaves with these paths that changed since a commit; all, where neither is given.

    Raises:
        EspalierError: there is no leaf of that path, or Git knows no such commit.
    """
    leaves = read_taxonomy(project.taxonomy)
    unknown = sorted(set(only) - {leaf.path for leaf in leaves})
    if unknown:
        raise EspalierError(
            f"The taxonomy has no leaf {unknown[0]}. It has: {', '.join(leaf.path for leaf in leaves)}."
        )
    if since:
        changed = {change.leaf for change in changed_leaves(project.taxonomy, since)}
        leaves = [leaf for leaf in leaves if leaf.path in changed]
        if not leaves:
            raise EspalierError(f"No leaf changed since {since}, so there is nothing to generate.")
    return [leaf for leaf in leaves if not only or leaf.path in only]


def leaf_work(project: Project, leaf: Leaf, load: Load, per_leaf: int) -> LeafWork:
    """Return what draws a leaf's samples with the project's pipeline; models are loaded when they are first needed.

    Raises:
        EspalierError: a document or the pipeline cannot be read, or the pipeline is nothing for this leaf.
    """
    teacher = partial(load, project.teacher)
    if project.pipeline != COMPACT:
        blocks = leaf_pipeline(project.pipeline, leaf, project.root)
        documents = read_documents(project, leaf) if leaf.kind == "knowledge" else []
        waves = MOST_WAVES if per_leaf else BLOCK_WAVES[project.dial] if blocks.is_scaled else 1
        critic, count = partial(load, project.judge), partial(_counter, project.teacher)
        return LeafRun(leaf, documents, blocks, teacher, critic, count, waves, per_leaf, project.thresholds)
    settings = synthesis_settings(project, per_leaf)
    if leaf.kind == "grounded skill":
        raise EspalierError(
            f"{leaf.path} is a grounded skill; the compact pipeline writes knowledge and freeform skills. "
            "Choose the pipeline full or simple for it, or take the leaf out."
        )
    if leaf.kind != "knowledge":
        return CompactRun(Freeform(leaf, teacher, settings), settings.waves)
    pipeline = Knowledge(leaf, read_documents(project, leaf), teacher, settings)
    if not pipeline.facts:
        raise EspalierError(f"The documents of {leaf.path} hold no whole sentence. Import a document with text.")
    return CompactRun(pipeline, settings.waves)


def _no_model(setting: str) -> LanguageModel:
    raise AssertionError("nothing is drawn here")


def _counter(teacher: str) -> Count:
    """Return what counts tokens as the teacher does; one behind an endpoint is taken to need 1.3 a word."""
    if is_endpoint(teacher):
        return lambda text: round(len(text.split()) * 1.3)
    return token_counter(find_model(teacher))


def _generate_leaf(
    project: Project, leaf: Leaf, work: LeafWork, journal: Journal, models: Sequence[Counted], emit: Emit
) -> None:
    clocks: dict[int, Clock] = {}
    started, asked = time.monotonic(), sum(model.calls for model in models)
    written, begun, shown = 0, len(journal.samples), len(journal.samples)

    def tell_drawn() -> None:
        nonlocal shown
        if len(journal.samples) == shown:
            return
        tell_samples(leaf, journal.samples[shown:], funnel(journal.samples, work.steps), emit)
        shown = len(journal.samples)
        calls = sum(model.calls for model in models) - asked
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
    why = "the last round gave nothing new"
    if journal.waves >= MOST_WAVES:
        why = f"{journal.waves} rounds are the most"
    elif sum(sample.is_accepted for sample in journal.samples) >= wanted:
        why = "the others were turned away after they were drawn"
    return (
        f"{leaf.path} has {accepted} of the {wanted} samples that were wanted: {why}. "
        "Add seed examples or a longer document, or choose a stronger teacher."
    )
