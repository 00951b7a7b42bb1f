"""The plain-code critic: one list of checks for any sample of any pipeline, the cheapest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from espalier.synthesis import checks
from espalier.synthesis.sample import Check, Sample
from espalier.synthesis.tongues import tongue
from espalier.taxonomy.leaf import Leaf

CONTENT = "content"  # the one check that stands for all that follow when they are passed: rows are many


@dataclass(frozen=True)
class Standard:
    """What the samples of one leaf are held against.

    Attributes:
        tongue: code of the leaf's language; None when its words do not tell, or when a seed is in another one, as where
            translating is practised.
        examples: question and answer of each seed; the answer is "" where samples must give the seeds' own answers.
        about: what the leaf is about, in its own words: samples may use them.
    """

    tongue: str | None
    examples: tuple[tuple[str, str], ...]
    about: str

    @classmethod
    def of(cls, leaf: Leaf) -> "Standard":
        """Return the standard of a leaf."""
        is_told = has_fixed_answers(leaf)
        examples = tuple((seed.question, "" if is_told else seed.answer) for seed in leaf.seeds)
        text = " ".join([leaf.description, *(f"{seed.question} {seed.answer}" for seed in leaf.seeds)])
        found = tongue(text)
        is_kept = all(checks.keeps_language(filter(None, pair), found).passed for pair in examples)
        return cls(found if is_kept else None, examples, f"{leaf.description} {leaf.domain}")


def has_fixed_answers(leaf: Leaf) -> bool:
    """Return whether a leaf's seeds share a few answers, as in sorting and labelling: samples get one of these."""
    return 2 * len({seed.answer for seed in leaf.seeds}) <= len(leaf.seeds)


def content(sample: Sample, standard: Standard, source: str) -> Check:
    """Return the first check of a sample's content that fails, else one that says what was looked for.

    Args:
        sample: to check.
        standard: of its leaf.
        source: text that the sample was drawn from, "" for a freeform skill.
    """
    failed = next((check for check in _content(sample, standard, source) if not check.passed), None)
    reason = "Nothing personal, prohibited or copied; its language is the leaf's."
    return failed or Check(CONTENT, True, reason)


def _content(sample: Sample, standard: Standard, source: str) -> Iterator[Check]:
    whole = f"{sample.context}\n{sample.question}\n{sample.answer}"
    is_told = any(not answer for _, answer in standard.examples)
    yield checks.gives_an_answer(sample.answer)
    yield checks.is_permitted(whole)
    yield checks.holds_nothing_personal(whole)
    yield checks.speaks_for_itself(whole)
    yield checks.keeps_language([sample.question] if is_told else [sample.question, sample.answer], standard.tongue)
    allowed = f"{source} {sample.context} {standard.about}" if source or sample.context else ""
    yield checks.copies_no_example(sample.question, "" if is_told else sample.answer, allowed, standard.examples)


def judge_plainly(sample: Sample, standard: Standard, source: str, known: Iterable[str]) -> Sample:
    """Return a sample with every plain check up to the first that fails.

    Args:
        sample: of any pipeline.
        standard: of its leaf.
        source: text that it was drawn from, "" for a freeform skill.
        known: plain form of the questions that are there already, in the seeds too; of the same context only.
    """
    return sample.up_to_failure(_plain(sample, standard, source, known))


def _plain(sample: Sample, standard: Standard, source: str, known: Iterable[str]) -> Iterator[Check]:
    if not sample.context:
        yield checks.points_at_nothing(sample.question)
    yield content(sample, standard, source)
    yield checks.is_new(sample.question, known)
