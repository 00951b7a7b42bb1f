"""What draws a leaf's samples: its pipeline, the key of all that they depend on, and the journal under that key."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from espalier.documents.chunks import Count, guessed_tokens, token_counter
from espalier.documents.store import read_documents
from espalier.errors import EspalierError
from espalier.language import LanguageModel
from espalier.models.folder import find_model
from espalier.project import Project, content_key
from espalier.synthesis import compact, judge
from espalier.synthesis.compact import CompactSettings, Knowledge
from espalier.synthesis.freeform import Freeform
from espalier.synthesis.pipelines.leaf_run import SCALED, Few, LeafRun
from espalier.synthesis.pipelines.shipped import COMPACT, leaf_pipeline
from espalier.synthesis.sample import Journal, Sample
from espalier.taxonomy.leaf import Leaf
from espalier.teachers.endpoint import is_endpoint

WAVES = {"quick": 1, "good": 2, "thorough": 5}
BLOCK_WAVES = {"quick": 1, "good": 3, "thorough": 6}  # of a pipeline of blocks
MOST_WAVES = 20  # to reach a number of samples that a person asked for
TRIAL_WAVE = 1000  # number of the wave of samples that are drawn to have a look
BLOCKS_VERSION = 2  # part of the leaf key: raise it when the same blocks give other samples
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
    parts = [
        asdict(leaf),
        documents,
        "compact",
        compact.VERSION,
        compact.prompts(),
        project.teacher,
        _compact_key(project),
    ]
    return content_key(*parts, *_own_critic(project))


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
        if own_critic := _own_critic(project):
            parts["critic"] = content_key(*own_critic)
    else:
        parts["critic"] = content_key(project.judge)
        blocks = leaf_pipeline(project.pipeline, leaf, project.root).key
        parts["prompts"] = content_key(BLOCKS_VERSION, SCALED, blocks)
    return parts


def _compact_key(project: Project) -> dict[str, float]:
    """Return the settings of the compact pipeline, without how many samples are wanted."""
    return asdict(replace(synthesis_settings(project), per_leaf=0, waves=0))


def _own_critic(project: Project) -> tuple[object, ...]:
    """Return what a critic that is not the teacher adds to the compact pipeline."""
    is_other = project.critic not in ("", project.teacher)
    return (project.critic, judge.rubrics()) if is_other else ()


def journal_of(project: Project, leaf: Leaf) -> Journal:
    """Return a leaf's samples on disk, as they are under its present key; empty where nothing was drawn yet.

    Raises:
        EspalierError: a document or the pipeline cannot be read.
    """
    return Journal(project.samples / f"{leaf_key(project, leaf)}.jsonl")


def leaf_journal(project: Project, leaf: Leaf) -> tuple[Path, Journal, bool]:
    """Return where a leaf's samples are, what is there, and whether that is all it needs.

    Raises:
        EspalierError: a document or the pipeline cannot be read, or there is nothing to draw from.
    """
    journal = journal_of(project, leaf)
    return journal.path, journal, leaf_work(project, leaf, no_model, 0).is_done(journal)


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
    own_critic = partial(load, project.critic) if _own_critic(project) else None
    if leaf.kind == "grounded skill":
        raise EspalierError(
            f"{leaf.path} is a grounded skill; the compact pipeline writes knowledge and freeform skills. "
            "Choose the pipeline full or simple for it, or take the leaf out."
        )
    if leaf.kind != "knowledge":
        return CompactRun(Freeform(leaf, teacher, settings, own_critic), settings.waves)
    pipeline = Knowledge(leaf, read_documents(project, leaf), teacher, settings, own_critic)
    if not pipeline.facts:
        raise EspalierError(f"The documents of {leaf.path} hold no whole sentence. Import a document with text.")
    return CompactRun(pipeline, settings.waves)


def no_model(setting: str) -> LanguageModel:
    """Stand for the loading of a model where nothing is drawn."""
    raise AssertionError("nothing is drawn here")


def _counter(teacher: str) -> Count:
    """Return what counts tokens as the teacher does; one behind an endpoint has none here, so they are guessed."""
    if is_endpoint(teacher):
        return guessed_tokens
    return token_counter(find_model(teacher))
