"""Whether a passage bears out an answer, told by any model, however weak a judge: two readings and one answer.

A weak model cannot say whether an answer is right, but the passage makes a right one far likelier in its eyes, and
what it answers itself with the passage in view has words in common with a right one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from espalier.language import LanguageModel, Message, Prompt, Sampling
from espalier.synthesis.sample import Sample
from espalier.synthesis.words import agreement

LEAST = 0.2  # of the score below; chosen on the rows of labelled.py that are not reported
ANSWER = Sampling(32, stop=("\n",))


@dataclass(frozen=True)
class Grounds:
    """What speaks for an answer.

    Attributes:
        seen: mean log-probability per token of the answer with the passage in view, in nats.
        blind: the same without it.
        own: what the model answers itself with the passage in view.
        agreement: F1 of both answers' content words, 0 to 1 (the round trip).
    """

    seen: float
    blind: float
    own: str
    agreement: float

    @property
    def gain(self) -> float:
        """Return what the passage adds, in nats per token (the grounding gain)."""
        return self.seen - self.blind

    @property
    def share(self) -> float:
        """Return the share of the answer's surprise that the passage takes away: 1 all, 0 none, less when it adds."""
        return 1 - self.seen / self.blind if self.blind else 0.0

    @property
    def score(self) -> float:
        """Return both in one number, about 0 to 1: the mean of share and agreement."""
        return (max(-1.0, self.share) + self.agreement) / 2


def prompt(system: str, question: str, passage: str = "") -> Prompt:
    """Return the prompt that asks a question, with a passage in view or without."""
    return Prompt((Message("system", system), Message("user", f"{passage}\n\n{question}" if passage else question)))


def readings(
    model: LanguageModel, system: str, samples: Sequence[Sample], passages: Sequence[str]
) -> list[tuple[float, float]]:
    """Return the mean log-probability per token of each answer with its passage in view, and without, in nats."""
    seen = [(prompt(system, s.question, passage), s.answer) for s, passage in zip(samples, passages, strict=True)]
    blind = [(prompt(system, sample.question), sample.answer) for sample in samples]
    return list(zip(model.log_probability(seen), model.log_probability(blind), strict=True))


def round_trips(
    model: LanguageModel,
    system: str,
    samples: Sequence[Sample],
    passages: Sequence[str],
    on_tokens: Callable[[int], None] | None = None,
) -> list[str]:
    """Return the model's own answer to each question with its passage in view."""
    asked = [prompt(system, sample.question, passage) for sample, passage in zip(samples, passages, strict=True)]
    return model.answer(asked, ANSWER, None, on_tokens)


def grounds(model: LanguageModel, system: str, samples: Sequence[Sample], passages: Sequence[str]) -> list[Grounds]:
    """Return what speaks for each sample's answer.

    Args:
        model: any teacher or critic.
        system: asks for an answer from the text, in the leaf's language.
        samples: with questions that stand alone.
        passages: that each was drawn from.
    """
    read = readings(model, system, samples, passages)
    own = round_trips(model, system, samples, passages)
    return [
        Grounds(seen, blind, answer, agreement(answer, sample.answer))
        for (seen, blind), answer, sample in zip(read, own, samples, strict=True)
    ]
