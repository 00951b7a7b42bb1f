"""A pipeline over the rows of one leaf: portion by portion into the leaf's journal, wave after wave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from espalier.documents.chunks import Count
from espalier.errors import EspalierError
from espalier.language import LanguageModel
from espalier.synthesis.critic import Standard
from espalier.synthesis.decide import Thresholds, decide_all
from espalier.synthesis.pipelines.check_block import CheckBlock
from espalier.synthesis.pipelines.engine import Finished, run_pipeline
from espalier.synthesis.pipelines.file import PipelineFile
from espalier.synthesis.pipelines.inputs import leaf_portions
from espalier.synthesis.pipelines.outputs import samples_of
from espalier.synthesis.pipelines.rows import Calls, Row
from espalier.synthesis.sample import Journal, Sample
from espalier.synthesis.words import plain
from espalier.taxonomy.leaf import Leaf

SCALED = 10  # what ``n: scaled`` draws for a row in one wave; three waves make InstructLab's 30
TRIAL = "trial"  # seed of the rows that are drawn to have a look; no full run has it
Model = Callable[[], LanguageModel]


@dataclass(frozen=True)
class Few:
    """A few samples that are drawn to have a look.

    Attributes:
        per_source: samples that a source gives in a full run's wave, as far as these tell.
    """

    samples: list[Sample]
    per_source: float


@dataclass(frozen=True)
class LeafRun:
    """What draws and judges the samples of one leaf.

    Attributes:
        leaf: to draw from.
        documents: Markdown, of knowledge.
        pipeline: to run.
        teacher: loads the model that writes.
        critic: loads the model that judges.
        count: gives what counts a text's tokens.
        waves: most times that all rows of the leaf go through the pipeline.
        per_leaf: accepted samples to reach; 0 leaves it to ``waves``.
        thresholds: that a person moved, by check: they say what counts as accepted, not what is drawn.
    """

    leaf: Leaf
    documents: Sequence[str]
    pipeline: PipelineFile
    teacher: Model
    critic: Model
    count: Callable[[], Count]
    waves: int
    per_leaf: int = 0
    thresholds: Thresholds = field(default_factory=dict)
    unit: ClassVar[str] = "rows"
    rows_per_source: ClassVar[int] = 0  # what its blocks make of a row is known when they have run

    @property
    def steps(self) -> Sequence[str]:
        """Return the names of the blocks, and of the checks in a block of them."""
        names: list[str] = []
        for step in self.pipeline.steps:
            names += step.block.checks if isinstance(step.block, CheckBlock) else [step.name]
        return names

    @cached_property
    def portions(self) -> list[list[Row]]:
        """Return the leaf's rows, each list to be run at once.

        Raises:
            EspalierError: the leaf gives no rows.
        """
        portions = leaf_portions(self.leaf, self.documents, self.count)
        if not portions:
            raise EspalierError(f"The documents of {self.leaf.path} hold no text. Import a document with text.")
        return [[row for portion in portions for row in portion]] if self.pipeline.is_whole else portions

    @property
    def sources(self) -> int:
        """Return the number of rows that go through the pipeline in a wave."""
        return sum(map(len, self.portions))

    @property
    def rounds(self) -> tuple[int, int]:
        """Return the fewest and the most waves that are to be expected."""
        return (1 if self.per_leaf else self.waves), self.waves

    def few(self, count: int, on_tokens: Callable[[int], None]) -> Few:
        """Return what becomes of as few rows as are likely to give so many samples."""
        every = [row for portion in self.portions for row in portion]
        is_one = self.pipeline.is_scaled or self.leaf.kind == "knowledge"  # from which a block makes several
        rows = every[:1] if is_one else every[:: max(1, len(every) // count)][:count]
        scaled = min(count, SCALED)
        known = [plain(seed.question) for seed in self.leaf.seeds]
        standard = Standard.of(self.leaf)
        calls = Calls(self.teacher, self.critic, TRIAL, scaled, False, on_tokens, standard, known)
        finished = run_pipeline(self.pipeline, rows, calls, {})
        samples = samples_of(self.leaf, self.pipeline, finished, TRIAL)
        scale = SCALED / scaled if self.pipeline.is_scaled else 1
        return Few(samples, len(samples) / len(rows) * scale)

    def is_done(self, journal: Journal) -> bool:
        """Return whether the leaf has its samples, was gone through as often as it may be, or last in vain."""
        if self._is_reached(journal):
            return True
        if journal.portions:
            return False
        start = f"{journal.waves - 1}-"
        last = [sample for sample in journal.earlier if sample.id.startswith(start)]
        is_vain = journal.waves > 0 and not self._accepted(last)
        return is_vain or journal.waves >= self.waves

    def run(self, journal: Journal, on_progress: Callable[[int, int, int], None]) -> None:
        """Draw into the journal until the leaf is done.

        Args:
            journal: of the leaf; a wave that it holds in part is gone on with.
            on_progress: told how many rows this wave has done, how many it has, and the tokens just written.
        """
        total = self.sources
        while not self.is_done(journal):
            number = journal.portions
            done = sum(map(len, self.portions[:number]))

            def tell(tokens: int, done: int = done) -> None:
                on_progress(done, total, tokens)

            tell(0)
            start = f"{journal.waves}-{number}"
            finished = self._run_portion(journal, start, tell)
            journal.add(samples_of(self.leaf, self.pipeline, finished, start), len(self.portions), finished.seen)

    def _run_portion(self, journal: Journal, seed: str, tell: Callable[[int], None]) -> Finished:
        known = [plain(seed.question) for seed in self.leaf.seeds]
        known += [plain(sample.question) for sample in journal.samples if sample.is_accepted]
        is_repeat, standard = journal.waves > 0, Standard.of(self.leaf)
        calls = Calls(self.teacher, self.critic, seed, SCALED, is_repeat, tell, standard, known)
        return run_pipeline(self.pipeline, self.portions[journal.portions], calls, journal.seen)

    def _is_reached(self, journal: Journal) -> bool:
        return 0 < self.per_leaf <= self._accepted(journal.samples)

    def _accepted(self, samples: Sequence[Sample]) -> int:
        return sum(sample.is_accepted for sample in decide_all(samples, self.thresholds))
