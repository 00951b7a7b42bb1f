"""A teacher that answers without a model, the same to the same prompt and seed; quick to import."""

from collections.abc import Callable, Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any
from zlib import crc32

from espalier.errors import Cancelled
from espalier.language import Draft, Prompt, Sampling


class Teacher:
    """Writes what a prompt asks for, a little different for each seed, and counts its calls."""

    def __init__(self, stop_at: int = -1) -> None:
        self.shown: list[str] = []
        self.rows = 8
        self.context_length = 1 << 20
        self.calls = 0
        self._stop_at = stop_at

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        self._count()
        self.shown += [prompt.messages[-1].content for prompt in prompts]
        return [reply(prompt, seeds[index] if seeds else 0) for index, prompt in enumerate(prompts)]

    def draw(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int],
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, Draft], None] | None = None,
    ) -> list[Draft]:
        raise AssertionError("blocks ask for answers")

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        raise AssertionError("blocks ask for labels")

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        self._count()
        self.shown += [prompt.messages[-1].content for prompt in prompts]
        shares = []
        for prompt in prompts:
            good = (crc32(prompt.messages[-1].content.encode()) % 100) / 99
            shares.append([(1 - good) / (len(options) - 1)] * (len(options) - 1) + [good])
        return shares

    def _count(self) -> None:
        if self.calls == self._stop_at:
            raise Cancelled
        self.calls += 1


def reply(prompt: Prompt, seed: int) -> str:
    text = prompt.messages[-1].content
    words = sha1(f"{text}{seed % 50}".encode()).hexdigest()
    question, answer = f"How many lamps has {words[:8]} at {words[8:16]}?", f"The bridge has {words[16:24]} of brass."
    if "[QUESTION]" in text:
        end = "[RÉPONSE]" if "[RÉPONSE]" in text else "[ANSWER]"
        return "\n".join(f"[QUESTION]\n{n} {question}\n{end}\n{answer}\n[END]" for n in range(1 + seed % 2))
    if "</question>" in text:
        choices = [f"{letter}) {words[:4]}{letter}" for letter in ("ABCD" if seed % 2 else "ABC")]
        return f"<question>{question}\n" + "\n".join(choices) + f"</question><answer>B) {words[:4]}B</answer>"
    for tag in ("request", "demande", "passage", "copy", "copie", "réponse"):
        if f"</{tag}>" in text:
            return f"<{tag}>{question} {tag}</{tag}><{tag}>{question} more</{tag}> [never closed"
    return f"{question} {answer}" if seed % 5 else "no mark of a question"


class Scripted:
    """A backend that gives one scripted model."""

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher

    def load(self, model: Path, adapter: Path | None = None) -> Teacher:
        return self.teacher

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not asked for when samples are generated")
