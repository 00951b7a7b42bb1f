"""The compact pipeline for knowledge, made for small teachers: one fact at a time, several questions for each."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Protocol
from zlib import crc32

import yaml

from espalier.documents.antecedents import has_pronoun
from espalier.documents.facts import Fact, read_facts
from espalier.language import LanguageModel, Message, Prompt, Sampling
from espalier.resources import resource
from espalier.synthesis import checks, grounding
from espalier.synthesis.critic import Standard, content
from espalier.synthesis.judge import Judge, judged_in_turn, judges_of
from espalier.synthesis.sample import RECALL, Check, Journal, Sample, measured
from espalier.synthesis.words import agreement, content_words, phrases, plain
from espalier.taxonomy.leaf import Leaf, SeedExample

Teacher = Callable[[], LanguageModel]  # loads it when it is first needed
VERSION = 4  # part of the leaf key: raise it when the same inputs give other samples
SHOTS = 6  # seeds in a prompt; their cost is paid once a batch, their attention once a token
PORTION = 8  # facts that are drawn, judged and written together: one batch of questions
KEYS = 2  # phrases of a fact that ask for it
_NOT_MEASURED = "Not measured: the teacher does not tell how likely its words are."
LONGEST_PASSAGE = 400  # letters of a passage that is learned whole
STARTS = 6  # words that questions are made to begin with
FIT = "fits its fact"
RIVALS, GROUNDING, ROUND_TRIP = "keeps to its fact", "grounding gain", "round trip"  # checks of the model
RUBRICS = ("clear", "faithful", "relevant")  # what a critic of its own is asked, once the checks above are passed
QUESTION_WORDS = ("What", "Which", "How", "Who", "Where", "When", "In")


@dataclass(frozen=True)
class CompactSettings:
    """How much practice is drawn, and how strict the critic is.

    Attributes:
        per_fact: accepted samples wanted for each fact, and for each answer of a fixed set.
        per_leaf: accepted samples wanted for the leaf, spread over its facts; 0 leaves it to ``per_fact``.
        waves: most times that the leaf is gone through to reach that.
        temperature: of the questions' draws.
        top_p: share of the probability that questions are drawn from.
        fit: smallest mean log-probability per token of a question given its fact, in nats.
        grounding: smallest gain of the answer's mean log-probability from seeing the passage, in nats per token.
        agreement: smallest F1 of the teacher's own answer with the sample's.
    """

    per_fact: int = 5
    per_leaf: int = 0
    waves: int = 2
    temperature: float = 0.6
    top_p: float = 0.9
    fit: float = -1.2
    grounding: float = 0.2
    agreement: float = 0.3


@cache
def prompts() -> Mapping[str, str]:
    """Return the pipeline's instructions to the teacher."""
    texts: Mapping[str, str] = yaml.safe_load(resource("prompts/compact.yaml").read_text(encoding="utf-8"))
    return texts


class Pipeline(Protocol):
    """What draws and judges the samples of one leaf.

    Attributes:
        portion: how many sources are drawn together.
        unit: what a source is, in the plural.
        rows_per_source: samples that a source gives the first time it is drawn from.
    """

    portion: int
    unit: str
    rows_per_source: int

    def wants(self, samples: Sequence[Sample]) -> Sequence[Any]:
        """Return the sources that still have too few accepted samples."""

    def draw(
        self, sources: Sequence[Any], wave: int, samples: Sequence[Sample], on_tokens: Callable[[int], None]
    ) -> list[Sample]:
        """Return new samples of some sources, each with its verdict; ``samples`` are all that came before."""

    def few(self, count: int, wave: int, on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return so many samples of sources that lie far apart, each with its verdict, as if none came before."""

    def complete(self, samples: Sequence[Sample], on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return waiting samples with the checks that were not made when they were drawn."""


class Knowledge:
    """Draws and judges the samples of one knowledge leaf."""

    portion = PORTION
    unit = "facts"

    def __init__(
        self,
        leaf: Leaf,
        documents: Sequence[str],
        teacher: Teacher,
        settings: CompactSettings,
        critic: Teacher | None = None,
    ) -> None:
        self._leaf = leaf
        self._teacher = teacher
        self._critic = critic
        self._settings = settings
        self._texts = prompts()
        self.facts = [fact for document in documents for fact in read_facts(document)]
        self._numbers = {fact.sentence: number for number, fact in enumerate(self.facts)}
        self._fact_of = {fact.sentence: fact for fact in self.facts}
        self._first_under = {fact.heading: fact for fact in reversed(self.facts)}
        self._standard = Standard.of(leaf)
        self._titles = " ".join(sorted({f"{fact.title} {fact.subject}" for fact in self.facts}))
        titles = content_words(self._titles)
        words = [content_words(fact.statement) for fact in self.facts]
        often = {word for word in frozenset().union(*words) if sum(word in found for found in words) > len(words) / 3}
        self._subject = titles | often
        self._statements = [*map(self._statement, self.facts), *(seed.answer for seed in leaf.seeds)]
        self._others = [*words, *(content_words(f"{seed.question} {seed.answer}") for seed in leaf.seeds)]
        self._counts = Counter(word for others in self._others for word in others)
        self._starts = _starts(leaf)
        self.rows_per_source = len(self._starts)

    def wants(self, samples: Sequence[Sample]) -> list[Fact]:
        """Return the facts that have too few accepted samples from the teacher."""
        counts = Counter(sample.source for sample in samples if sample.is_accepted and sample.is_written)
        return [fact for fact in self.facts if counts[fact.sentence] < self._least(not samples)]

    def _least(self, is_first: bool) -> int:
        """Return how many samples a fact should have; after a first wave half of the usual number will do."""
        if self._settings.per_leaf:
            return math.ceil(self._settings.per_leaf / len(self.facts))
        return self._settings.per_fact if is_first else self._settings.per_fact // 2

    def draw(
        self, facts: Sequence[Fact], wave: int, samples: Sequence[Sample], on_tokens: Callable[[int], None]
    ) -> list[Sample]:
        """Return new samples of some facts, each with its verdict."""
        starts = self._best_starts([sample for sample in samples if not sample.id.startswith(f"{wave}-")])
        asked = [(fact, place, start) for fact in facts for place, start in enumerate(starts)]
        judged = self._draw(asked, wave, samples, on_tokens)
        recalls = [sample for fact in facts if fact.subject for sample in self._recalls(fact)] if wave == 0 else []
        return [*judged, *recalls]

    def few(self, count: int, wave: int, on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return samples of facts that lie far apart, each begun in another way."""
        facts = self.facts[:: max(1, len(self.facts) // count)]
        asked = []
        for index in range(count):
            place = (index + index // len(facts)) % len(self._starts)
            asked.append((facts[index % len(facts)], place, self._starts[place]))
        return self._draw(asked, wave, (), on_tokens)

    def _draw(
        self,
        asked: Sequence[tuple[Fact, int, str]],
        wave: int,
        samples: Sequence[Sample],
        on_tokens: Callable[[int], None],
    ) -> list[Sample]:
        """Return a sample for each fact with a beginning and its number, judged beside those that came before."""
        drafts = self._teacher().draw(
            [self._question_prompt(self._statement(fact), start, wave) for fact, _, start in asked],
            Sampling(32, self._settings.temperature, self._settings.top_p, ("\n",)),
            [crc32(f"{wave}{fact.sentence}{start}".encode()) for fact, _, start in asked],
            on_tokens,
        )
        drawn = [
            Sample(
                f"{wave}-{self._numbers[fact.sentence]}-{place}",
                self._leaf.path,
                " ".join(f"{start} {draft.text}".split()),
                fact.statement,
                fact.sentence,
            )
            for (fact, place, start), draft in zip(asked, drafts, strict=True)
        ]
        fits = [draft.log_probability for draft in drafts]
        return self._judge(drawn, [fact for fact, _, _ in asked], fits, samples, on_tokens)

    def _recalls(self, fact: Fact) -> list[Sample]:
        """Return samples that need no teacher, so that every fact gets practice: a few of its words ask for it whole.

        The first fact under a heading brings one more, which asks for its passage.
        """
        asked = [self._texts["recall"].format(subject=fact.subject, words=words) for words in self._keys(fact)]
        recalls = [(question, fact.statement, fact.sentence) for question in asked]
        if self._first_under[fact.heading] is fact and len(fact.sentence) < len(fact.passage) <= LONGEST_PASSAGE:
            question = self._texts["recall_passage"].format(subject=fact.subject, heading=fact.heading)
            recalls.append((question, fact.passage, fact.passage))
        reason = "It is made of the document's own words, without the teacher."
        verdict = (Check(RECALL, True, reason),)
        return [
            Sample(f"0-{self._numbers[fact.sentence]}-recall-{index}", self._leaf.path, *texts, verdict)
            for index, texts in enumerate(recalls)
        ]

    def _keys(self, fact: Fact) -> list[str]:
        """Return the phrases of a fact that tell most about which fact is meant."""
        subject = content_words(fact.subject)
        told = {
            words: sum(map(self._weight, content_words(words) - subject))
            for words in (fact.statement[start:end] for start, end in phrases(fact.statement))
        }
        return sorted((words for words in told if told[words]), key=lambda words: -told[words])[:KEYS]

    def question_prompts(self, wave: int) -> list[Prompt]:
        """Return the prompts of a first wave."""
        return [
            self._question_prompt(self._statement(fact), start, wave) for fact in self.facts for start in self._starts
        ]

    def _weight(self, word: str) -> float:
        """Return how much a word tells about which fact is meant: its inverse document frequency."""
        count = self._counts[word]
        return 0.0 if word in self._subject or not count else 1 + math.log(len(self._others) / count) / 4

    def _best_starts(self, earlier: Sequence[Sample]) -> tuple[str, ...]:
        """Return the beginnings whose questions are accepted most: all at first, then the better half."""
        if not earlier:
            return self._starts
        kept = dict.fromkeys(self._starts, 0.0)
        for start in self._starts[1:]:
            asked = [sample.is_accepted for sample in earlier if sample.question.startswith(f"{start} ")]
            kept[start] = sum(asked) / max(1, len(asked))
        best = sorted(self._starts[1:], key=lambda start: -kept[start])
        return ("", *best[: len(best) // 2])

    def _question_prompt(self, statement: str, start: str, wave: int) -> Prompt:
        turns = [Message("system", self._texts["question"])]
        for seed in spread(self._leaf.seeds, SHOTS, wave):
            turns += [Message("user", seed.answer), Message("assistant", seed.question)]
        return Prompt((*turns, Message("user", statement)), start)

    def _statement(self, fact: Fact) -> str:
        """Return the fact with what it needs to be understood: what it is about, and the sentence before a pronoun."""
        if content_words(fact.statement) & self._subject:
            return fact.statement
        before = f"{fact.before} " if fact.before and has_pronoun(fact.statement) else ""
        return f"{fact.subject or fact.title}: {before}{fact.statement}"

    def _judge(
        self,
        samples: list[Sample],
        facts: list[Fact],
        fits: list[float | None],
        earlier: Sequence[Sample],
        on_tokens: Callable[[int], None],
    ) -> list[Sample]:
        known = [plain(seed.question) for seed in self._leaf.seeds]
        known += [plain(sample.question) for sample in earlier if sample.is_accepted]
        judged = []
        for sample, fact, fit in zip(samples, facts, fits, strict=True):
            sample = sample.up_to_failure(self._plain_checks(sample, fact, fit, known))
            if sample.is_accepted:
                known.append(plain(sample.question))
            judged.append(sample)
        return self.complete(judged, on_tokens)

    def complete(self, samples: Sequence[Sample], on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return samples that pass so far with the checks that are a model's."""
        judges: dict[str, Judge] = {
            RIVALS: self._judge_rivals,
            GROUNDING: self._judge_grounding,
            ROUND_TRIP: self._judge_round_trip,
        }
        own = judges_of(self._critic, RUBRICS, self._near, self._standard.tongue)
        return judged_in_turn(samples, judges | own, on_tokens)

    def _near(self, sample: Sample) -> str:
        return _near(self._fact_of[sample.source])

    def _plain_checks(self, sample: Sample, fact: Fact, fit: float | None, known: Sequence[str]) -> Iterator[Check]:
        names = (content_words(fact.statement) | self._subject) - content_words("it they he she")
        yield checks.form(sample.question)
        yield checks.stands_alone(sample.question, names)
        yield checks.leaves_something(sample.question, sample.answer)
        yield content(sample, self._standard, f"{self._titles} {fact.passage} {fact.statement}")
        yield checks.is_new(sample.question, known)
        yield self._fits(fit)

    def _fits(self, fit: float | None) -> Check:
        if fit is None:
            return Check(FIT, True, _NOT_MEASURED)
        return measured(FIT, fit, self._settings.fit, f"The fact makes this question likely: {fit:.2f}.")

    def _judge_rivals(self, samples: list[Sample], on_tokens: Callable[[int], None]) -> list[Check]:
        """Check that a question is about its own fact (leakage): where words doubt it, the teacher decides."""
        facts = [self._fact_of[sample.source] for sample in samples]
        rivals = [
            checks.rival(sample.question, content_words(f"{fact.before} {fact.statement}"), self._others, self._weight)
            for sample, fact in zip(samples, facts, strict=True)
        ]
        pairs = [
            (self._question_prompt(self._statements[rival], "", _wave(sample)), sample.question)
            for sample, rival in zip(samples, rivals, strict=True)
            if rival is not None and _fit(sample) is not None
        ]
        scores = iter(self._teacher().log_probability(pairs) if pairs else [])
        found = []
        for sample, rival in zip(samples, rivals, strict=True):
            if rival is None:
                found.append(Check(RIVALS, True, "No other fact has more of its words."))
                continue
            own = _fit(sample)
            if own is None:
                found.append(Check(RIVALS, True, _NOT_MEASURED))
                continue
            other = next(scores)
            reason = f"“{self._statements[rival]}” makes it {'likelier' if other > own else 'less likely'}."
            found.append(measured(RIVALS, own - other, 0.0, reason))
        return found

    def _judge_grounding(self, samples: list[Sample], on_tokens: Callable[[int], None]) -> list[Check]:
        scores = grounding.readings(self._teacher(), self._texts["answer"], samples, [*map(self._near, samples)])
        return [
            measured(GROUNDING, gain, self._settings.grounding, f"The text makes the answer likelier: {gain:.2f}.")
            for gain in (with_it - without for with_it, without in scores)
        ]

    def _judge_round_trip(self, samples: list[Sample], on_tokens: Callable[[int], None]) -> list[Check]:
        passages = [*map(self._near, samples)]
        answers = grounding.round_trips(self._teacher(), self._texts["answer"], samples, passages, on_tokens)
        return [
            measured(
                ROUND_TRIP,
                agreement(answer, sample.answer),
                self._settings.agreement,
                f"Asked with the text in view, the teacher says: “{answer}”",
            )
            for sample, answer in zip(samples, answers, strict=True)
        ]


def is_done(pipeline: Pipeline, journal: Journal, waves: int) -> bool:
    """Return whether a leaf has its samples, was gone through as often as it may be, or last in vain."""
    if journal.portions:
        return False
    last = [sample for sample in journal.earlier if sample.id.startswith(f"{journal.waves - 1}-")]
    is_vain = journal.waves > 0 and not any(sample.is_accepted and sample.is_written for sample in last)
    return is_vain or journal.waves >= waves or not pipeline.wants(journal.earlier)


def run(
    pipeline: Pipeline,
    journal: Journal,
    waves: int,
    on_progress: Callable[[int, int, int], None],
) -> None:
    """Draw into the journal until every source has its samples or the waves are used up.

    Args:
        pipeline: of the leaf.
        journal: of the leaf; a wave that it holds in part is gone on with.
        waves: most times that the leaf is gone through.
        on_progress: told how many sources this wave has done, how many it has, and the tokens just written.
    """
    while not is_done(pipeline, journal, waves):
        wanted = pipeline.wants(journal.earlier)
        portions = [wanted[start : start + pipeline.portion] for start in range(0, len(wanted), pipeline.portion)]
        for number in range(journal.portions, len(portions)):
            done = number * pipeline.portion
            tell = partial(on_progress, done, len(wanted))
            tell(0)
            journal.add(pipeline.draw(portions[number], journal.waves, journal.samples, tell), len(portions))


def _fit(sample: Sample) -> float | None:
    """Return how likely the teacher found a question, None where it did not tell."""
    return next((check.score for check in sample.verdict if check.name == FIT), None)


def spread(seeds: Sequence[SeedExample], count: int, turn: int) -> list[SeedExample]:
    """Return seeds from all over the leaf, others each turn."""
    step = max(1, len(seeds) // count)
    return [seeds[(turn * 2 + index * step) % len(seeds)] for index in range(min(count, len(seeds)))]


def _near(fact: Fact) -> str:
    """Return the part of a fact's passage around it, short enough for a small teacher to use."""
    return fact.passage if len(fact.passage.split()) <= 60 else f"{fact.before} {fact.sentence}".strip()


def _wave(sample: Sample) -> int:
    return int(sample.id.split("-")[0])


def _starts(leaf: Leaf) -> tuple[str, ...]:
    """Return how questions begin: freely, and with the words that the seeds' questions begin with most often."""
    first = Counter(seed.question.split()[0] for seed in leaf.seeds)
    if any(word in QUESTION_WORDS for word in first):
        first = Counter({word: first[word] + 1 for word in QUESTION_WORDS})
    return ("", *(word for word, _ in first.most_common(STARTS)))
