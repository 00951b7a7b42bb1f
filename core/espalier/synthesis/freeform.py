"""The compact pipeline for freeform skills: new requests in the style of the seeds, answered as the seeds are."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from zlib import crc32

from espalier.language import Message, Prompt, Sampling
from espalier.synthesis import checks
from espalier.synthesis.compact import ROUND_TRIP, CompactSettings, Teacher, prompts
from espalier.synthesis.critic import Standard, content, has_fixed_answers
from espalier.synthesis.judge import Judge, judged_in_turn, judges_of
from espalier.synthesis.sample import Check, Sample, measured
from espalier.synthesis.words import agreement, plain
from espalier.taxonomy.leaf import Leaf, SeedExample

DRAWS = 12  # requests a wave for each answer of a fixed set
SHOTS = 8
RUBRICS = ("good",)  # what a critic of its own is asked, once the checks above are passed


class Freeform:
    """Draws and judges the samples of one freeform skill.

    When the seeds share a few answers, as in sorting and labelling, a request is drawn *for* each answer and the
    critic asks the teacher which answer it would give; otherwise the teacher answers each new request.
    """

    def __init__(self, leaf: Leaf, teacher: Teacher, settings: CompactSettings, critic: Teacher | None = None) -> None:
        self._leaf = leaf
        self._teacher = teacher
        self._critic = critic
        self._settings = settings
        self._texts = prompts()
        self._standard = Standard.of(leaf)
        self._answers = list(dict.fromkeys(seed.answer for seed in leaf.seeds))
        self._is_fixed_set = has_fixed_answers(leaf)
        self._sources = self._answers if self._is_fixed_set else [leaf.description]
        self.portion = len(self._sources)
        self.unit = "answers" if self._is_fixed_set else "rounds"
        self.rows_per_source = DRAWS if self._is_fixed_set else DRAWS * 4
        self._lead = _common_lead([seed.question for seed in leaf.seeds])

    def wants(self, samples: Sequence[Sample]) -> list[str]:
        """Return the answers (of a fixed set) or the one source that have too few accepted samples."""
        each = self._settings.per_fact * (1 if self._is_fixed_set else len(self._leaf.seeds) // 2)
        if self._settings.per_leaf:
            each = math.ceil(self._settings.per_leaf / len(self._sources))
        counts = Counter(sample.source for sample in samples if sample.is_accepted)
        return [source for source in self._sources if counts[source] < each]

    def draw(
        self, sources: Sequence[str], wave: int, samples: Sequence[Sample], on_tokens: Callable[[int], None]
    ) -> list[Sample]:
        """Return new samples, each with its verdict; of every answer, since the critic weighs them together."""
        asked = [source for source in self._sources for _ in range(self.rows_per_source)]
        return self._draw(asked, wave, samples, on_tokens)

    def few(self, count: int, wave: int, on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return samples of one answer after the other."""
        return self._draw([self._sources[index % len(self._sources)] for index in range(count)], wave, (), on_tokens)

    def _draw(
        self, sources: Sequence[str], wave: int, samples: Sequence[Sample], on_tokens: Callable[[int], None]
    ) -> list[Sample]:
        """Return a sample for each source."""
        longest = max(len(seed.question) for seed in self._leaf.seeds) // 2 + 16
        texts = self._teacher().answer(
            [self._request_prompt(source, wave, index) for index, source in enumerate(sources)],
            Sampling(min(longest, 96), self._settings.temperature + 0.2, 0.95, ("\n",)),
            [crc32(f"{wave}{index}{source}".encode()) for index, source in enumerate(sources)],
            on_tokens,
        )
        questions = [" ".join(f"{self._lead} {text}".split()) for text in texts]
        if self._is_fixed_set:
            answers = sources
        else:
            asked = [self._answer_prompt(question) for question in questions]
            answers = self._teacher().answer(asked, Sampling(192), None, on_tokens)
        drawn = [
            Sample(f"{wave}-{index}", self._leaf.path, question, answer, source)
            for index, (question, answer, source) in enumerate(zip(questions, answers, sources, strict=True))
        ]
        return self._judge(drawn, samples, on_tokens)

    def _request_prompt(self, source: str, wave: int, index: int) -> Prompt:
        seeds = [seed for seed in self._leaf.seeds if seed.answer == source or not self._is_fixed_set]
        turn = (wave * 3 + index) % len(seeds)
        turns = [Message("system", self._texts["new_task" if self._is_fixed_set else "new_request"])]
        for seed in [*seeds[turn:], *seeds[:turn]][:SHOTS]:
            user = seed.answer if self._is_fixed_set else self._leaf.description
            turns += [Message("user", user), Message("assistant", seed.question)]
        return Prompt((*turns, Message("user", source)), self._lead)

    def _answer_prompt(self, question: str) -> Prompt:
        turns = [Message("system", self._leaf.description)]
        for seed in _interleaved(self._leaf.seeds, self._answers if self._is_fixed_set else [])[:SHOTS]:
            turns += [Message("user", seed.question), Message("assistant", seed.answer)]
        return Prompt((*turns, Message("user", question)))

    def _judge(
        self, samples: list[Sample], earlier: Sequence[Sample], on_tokens: Callable[[int], None]
    ) -> list[Sample]:
        known = [plain(seed.question) for seed in self._leaf.seeds]
        known += [plain(sample.question) for sample in earlier if sample.is_accepted]
        judged = []
        for sample in samples:
            sample = sample.up_to_failure(self._plain_checks(sample, known))
            if sample.is_accepted:
                known.append(plain(sample.question))
            judged.append(sample)
        return self.complete(judged, on_tokens)

    def _plain_checks(self, sample: Sample, known: Sequence[str]) -> Iterator[Check]:
        yield self._length(sample)
        yield self._answer_form(sample)
        yield content(sample, self._standard, "")
        yield checks.is_new(sample.question, known)

    def complete(self, samples: Sequence[Sample], on_tokens: Callable[[int], None]) -> list[Sample]:
        """Return samples that pass so far with the checks that are a model's."""
        judges: dict[str, Judge] = {ROUND_TRIP: self._judge_choice if self._is_fixed_set else self._judge_round_trip}
        own = judges_of(self._critic, RUBRICS, lambda sample: "", self._standard.tongue)
        return judged_in_turn(samples, judges | own, on_tokens)

    def _length(self, sample: Sample) -> Check:
        lengths = [len(seed.question) - len(self._lead) for seed in self._leaf.seeds]
        length = len(sample.question) - len(self._lead)
        fits = min(lengths) / 2 <= length <= max(lengths) * 2
        return Check("form", fits, f"It has {length} letters; the seeds have {min(lengths)} to {max(lengths)}.")

    def _answer_form(self, sample: Sample) -> Check:
        """Check that an answer has as many lines as the seeds' answers, and a like length."""
        answers = self._answers
        lines = {answer.count("\n") for answer in answers}
        fits = min(lines) <= sample.answer.count("\n") <= max(lines)
        fits &= min(map(len, answers)) / 2 <= len(sample.answer) <= max(map(len, answers)) * 2
        return Check("answer form", fits, "The answer has the seeds' form." if fits else "The answer has another form.")

    def _judge_choice(self, samples: list[Sample], on_tokens: Callable[[int], None]) -> list[Check]:
        """Ask which answer of the fixed set the teacher gives, corrected for the answer that it favours.

        Every answer is drawn for equally often in a wave, so what the teacher says on average is its bias: each
        probability is divided by the wave's mean (batch calibration, Zhou et al. 2023).
        """
        if not samples:
            return []
        rows = self._teacher().choose([self._answer_prompt(sample.question) for sample in samples], self._answers)
        bias = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        found = []
        for sample, row in zip(samples, rows, strict=True):
            weights = [probability / mean for probability, mean in zip(row, bias, strict=True)]
            best = max(range(len(weights)), key=weights.__getitem__)
            own = self._answers.index(sample.answer)
            margin = (weights[own] - max(weights[:own] + weights[own + 1 :])) / sum(weights)
            reason = f"After the seeds, the teacher would answer “{self._answers[best]}”."
            found.append(measured(ROUND_TRIP, margin, 0.0, reason))
        return found

    def _judge_round_trip(self, samples: list[Sample], on_tokens: Callable[[int], None]) -> list[Check]:
        """Compare the answer with a second one, drawn at the sampling temperature."""
        asked = [self._answer_prompt(sample.question) for sample in samples]
        sampling = Sampling(192, self._settings.temperature, self._settings.top_p)
        seconds = self._teacher().answer(asked, sampling, [crc32(s.question.encode()) for s in samples], on_tokens)
        found = []
        for sample, second in zip(samples, seconds, strict=True):
            score = agreement(second, sample.answer)
            reason = f"Asked again, the teacher says: “{second}”"
            found.append(measured(ROUND_TRIP, score, self._settings.agreement, reason))
        return found


def _common_lead(questions: Sequence[str]) -> str:
    """Return the words that all questions begin with, up to a colon; "" when they share none."""
    lead = questions[0].split(":")[0] + ":" if ":" in questions[0] else ""
    return lead if lead and all(question.startswith(lead) for question in questions) else ""


def _interleaved(seeds: Sequence[SeedExample], answers: Sequence[str]) -> list[SeedExample]:
    """Return the seeds so that neighbours have different answers, where the answers are a fixed set."""
    if not answers:
        return list(seeds)
    groups = [[seed for seed in seeds if seed.answer == answer] for answer in answers]
    longest = max(map(len, groups))
    return [group[index] for index in range(longest) for group in groups if index < len(group)]
