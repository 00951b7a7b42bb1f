"""The blocks of a pipeline that ask a model; InstructLab's by name, and a judge of our own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zlib import crc32

from espalier.language import LanguageModel, Message, Prompt, Sampling, TooLongError
from espalier.synthesis.pipelines.prompt import Parser, PromptConfig, UnfilledError
from espalier.synthesis.pipelines.rows import Block, Calls, Row, Table, failed, shown
from espalier.synthesis.sample import measured

MAX_TOKENS = 4096  # InstructLab's default (blocks/llmblock.py of instructlab/sdg)
WARM = 0.7  # temperature where draws must differ
SCALED = "scaled"


T = TypeVar("T")


@dataclass(frozen=True)
class Refused:
    """Why a prompt got no answer."""

    reason: str


@dataclass(frozen=True)
class Generation:
    """How a block's answers are drawn.

    Attributes:
        temperature: 0 takes the most likely token.
        max_tokens: longest answer.
        count: answers for each row; `SCALED` leaves it to the dial.
        top_p: share of the probability that is drawn from.
        stop: texts that end an answer.
        seed: set in the file; changes every draw.
        is_judging: whether what is drawn is a verdict, which stays the same when rows are drawn from again.
    """

    temperature: float = 0.0
    max_tokens: int = MAX_TOKENS
    count: int | str = 1
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    is_judging: bool = False

    def answers(self, name: str, prompts: Sequence[Prompt], calls: Calls) -> list[list[str] | Refused]:
        """Return each prompt's answers; what would come out the same is written once."""
        count = calls.scaled if self.count == SCALED else int(self.count)
        is_warm = calls.is_repeat and not self.is_judging
        temperature = max(self.temperature, WARM) if is_warm else self.temperature
        teacher = calls.teacher()
        sampling = Sampling(_room(teacher, self.max_tokens), temperature, self.top_p, self.stop)
        asked = [(place, draw) for place in range(len(prompts)) for draw in range(count)]
        if not temperature:
            first = {prompt: place for place, prompt in reversed(list(enumerate(prompts)))}
            asked = [(place, 0) for place, prompt in enumerate(prompts) if first[prompt] == place]
        seeds = [
            crc32(f"{calls.seed} {name} {self.seed} {place} {draw} {prompts[place]}".encode()) for place, draw in asked
        ]

        def write(chosen: Sequence[int]) -> list[str]:
            each = [prompts[asked[index][0]] for index in chosen]
            drawn = [seeds[index] for index in chosen] if temperature else None
            return [text.strip() for text in teacher.answer(each, sampling, drawn, calls.on_tokens)]

        texts_of = _that_fit(write, len(asked))
        written = dict(zip(asked, texts_of, strict=True))
        found: list[list[str] | Refused] = []
        for place, prompt in enumerate(prompts):
            texts = [written[(place, draw) if temperature else (first[prompt], 0)] for draw in range(count)]
            refused = next((text for text in texts if isinstance(text, Refused)), None)
            found.append(refused or [str(text) for text in texts])
        return found


@dataclass(frozen=True)
class LLMBlock:
    """Asks the teacher about each row and makes a row of each thing that is found in the answer.

    Attributes:
        prompts: by the value of ``selector``; the one prompt there is under "" without a selector.
        parser: finds the new columns.
        generation: how answers are drawn.
        num_samples: filled into a column of that name where the rows have none.
        selector: column that chooses the prompt.
    """

    name: str
    prompts: Mapping[Any, PromptConfig]
    parser: Parser
    generation: Generation
    num_samples: int | None = None
    selector: str = ""

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return a row for each thing found; a row whose answer holds none is removed."""
        table = Table()
        asked: list[tuple[Row, Prompt]] = []
        for row in rows:
            if self.num_samples is not None and "num_samples" not in row.columns:
                row = row.with_columns({"num_samples": self.num_samples})
            try:
                asked.append((row, self._prompt(row)))
            except UnfilledError as error:
                table.removed.append(row.judged(failed(self.name, str(error))))
        answers = self.generation.answers(self.name, [prompt for _, prompt in asked], calls) if asked else []
        for (row, _), texts in zip(asked, answers, strict=True):
            if isinstance(texts, Refused):
                table.removed.append(row.judged(failed(self.name, texts.reason)))
                continue
            for text in texts:
                found = self.parser.parse(text)
                table.rows.extend(row.with_columns(columns) for columns in found)
                if not found:
                    reason = f"The teacher's answer does not hold {self.parser.wanted()}: “{shown(text, 200)}”"
                    table.removed.append(row.judged(failed(self.name, reason)))
        return table

    def _prompt(self, row: Row) -> Prompt:
        if not self.selector:
            return next(iter(self.prompts.values())).prompt(row.columns)
        choice = row.columns.get(self.selector)
        if choice not in self.prompts:
            known = ", ".join(map(str, self.prompts))
            raise UnfilledError(f"“{self.selector}” is “{shown(choice)}”; the block has prompts for {known}.")
        return self.prompts[choice].prompt(row.columns)


@dataclass(frozen=True)
class LLMMessagesBlock:
    """Lets the teacher answer the conversation in a column: messages with ``role`` and ``content``."""

    name: str
    input_col: str
    output_col: str
    generation: Generation

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows with the answer, or with the list of answers where several are drawn."""
        table = Table()
        asked: list[tuple[Row, Prompt]] = []
        for row in rows:
            try:
                turns = tuple(Message(str(turn["role"]), str(turn["content"])) for turn in row.columns[self.input_col])
                asked.append((row, Prompt(turns)))
            except (KeyError, TypeError):
                reason = f"“{self.input_col}” holds no list of messages with role and content."
                table.removed.append(row.judged(failed(self.name, reason)))
        generation = self.generation
        if generation.count != 1 and not generation.temperature:
            generation = replace(generation, temperature=WARM)  # as InstructLab does
        answers = generation.answers(self.name, [prompt for _, prompt in asked], calls) if asked else []
        for (row, _), texts in zip(asked, answers, strict=True):
            if isinstance(texts, Refused):
                table.removed.append(row.judged(failed(self.name, texts.reason)))
                continue
            table.rows.append(row.with_columns({self.output_col: texts if len(texts) > 1 else texts[0]}))
        return table


@dataclass(frozen=True)
class IterBlock:
    """Runs another block several times on the same rows and puts the results below each other."""

    name: str
    num_iters: int
    block: Block

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows of all rounds; each round draws with other seeds."""
        table = Table()
        for turn in range(self.num_iters):
            part = self.block.run(rows, replace(calls, seed=f"{calls.seed} {turn}"))
            table.rows.extend(part.rows)
            table.removed.extend(part.removed)
        return table


@dataclass(frozen=True)
class JudgeBlock:
    """Reads the critic's verdict from one prefill: the probability of the labels that let a row pass.

    Attributes:
        labels: what the critic may answer; the prompt says what each means.
        accepted: those that let the row pass.
        least: smallest probability of these, 0 to 1.
    """

    name: str
    prompt: PromptConfig
    labels: tuple[str, ...]
    accepted: tuple[str, ...]
    least: float = 0.5

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows that pass, each with its score."""
        table = Table()
        asked: list[tuple[Row, Prompt]] = []
        for row in rows:
            try:
                asked.append((row, self.prompt.prompt(row.columns)))
            except UnfilledError as error:
                table.removed.append(row.judged(failed(self.name, str(error))))
        different = list(dict.fromkeys(prompt for _, prompt in asked))

        def choose(chosen: Sequence[int]) -> list[list[float]]:
            return calls.critic().choose([different[index] for index in chosen], self.labels)

        shares = _that_fit(choose, len(different))
        chances = dict(zip(different, shares, strict=True))
        for row, prompt in asked:
            given = chances[prompt]
            if isinstance(given, Refused):
                table.removed.append(row.judged(failed(self.name, given.reason)))
                continue
            by_label = dict(zip(self.labels, given, strict=True))
            score = sum(by_label[label] for label in self.accepted)
            likeliest = max(self.labels, key=lambda label: by_label[label])
            wanted = " or ".join(f"“{label}”" for label in self.accepted)
            reason = f"The critic gives {wanted} a probability of {score:.2f}; “{likeliest}” is likeliest."
            check = measured(self.name, score, self.least, reason)
            (table.rows if check.passed else table.removed).append(row.judged(check))
        return table


def _that_fit(ask: Callable[[Sequence[int]], list[T]], count: int) -> list[T | Refused]:
    """Return what is answered, and a reason for each prompt that does not fit the model's context."""
    refused: dict[int, str] = {}
    chosen = list(range(count))
    try:
        results = ask(chosen) if chosen else []
    except TooLongError as error:
        refused = error.rows
        chosen = [index for index in chosen if index not in refused]
        results = ask(chosen) if chosen else []
    found = dict(zip(chosen, results, strict=True))
    return [found[index] if index in found else Refused(refused[index]) for index in range(count)]


def _room(model: LanguageModel, wanted: int) -> int:
    """Return the longest answer, in tokens, that leaves half of the model's context to the prompt."""
    return min(wanted, max(1, model.context_length // 2))
