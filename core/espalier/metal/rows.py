"""Training rows as token ids, with the tokens that carry loss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from espalier.errors import EspalierError
from espalier.language import Message, Prompt, TrainRow
from espalier.metal.model import MlxModel
from espalier.training.progress import Told
from espalier.training.settings import TrainSettings, allowed


@dataclass(frozen=True)
class Encoded:
    """One training row as token ids.

    Attributes:
        tokens: the conversation, the token that ends its last answer included.
        answers: indices of the tokens that carry loss, ascending, none of them 0.
    """

    tokens: list[int]
    answers: list[int]

    @property
    def first(self) -> int:
        """Return the index of the first token that carries loss."""
        return self.answers[0]


@dataclass(frozen=True)
class Encoding:
    """All rows of a run.

    Attributes:
        cut: how many were longer than allowed.
        left_out: how many of those have nothing left to learn, or are not wanted.
        lengths: of every row before it was cut, its tokens, and those before the first that is learned.
    """

    rows: list[Encoded]
    cut: int
    left_out: int
    lengths: list[tuple[int, int]]


def encode_all(student: MlxModel, rows: Sequence[TrainRow], settings: TrainSettings) -> Encoding:
    """Return the rows as tokens, none longer than the settings allow.

    Raises:
        EspalierError: a row has nothing to learn.
    """
    kept: list[Encoded] = []
    lengths: list[tuple[int, int]] = []
    cut = left_out = 0
    for row in rows:
        limits = replace(settings, max_input=0, max_output=0) if row.unmask else settings
        whole = encode_row(student, row)
        lengths += [(len(encoded.tokens), encoded.first) for encoded in whole]
        fitting = _fitting_questions(student, row, whole, limits)
        for encoded in fitting:
            most = allowed(len(encoded.tokens), encoded.first, limits)
            if not most or encoded.first > (limits.max_input or encoded.first):
                left_out += 1
                continue
            cut += fitting is not whole or most < len(encoded.tokens)
            kept.append(Encoded(encoded.tokens[:most], [place for place in encoded.answers if place < most]))
    return Encoding(kept, cut, left_out, lengths)


def _fitting_questions(student: MlxModel, row: TrainRow, whole: list[Encoded], limits: TrainSettings) -> list[Encoded]:
    """Return the row with a question that is short enough: as it is, or without the beginning of its longest text.

    The text before the first answer is cut, and not its tokens, so that the template stays whole. What can not be cut
    enough comes back as it is.
    """
    most = limits.max_input
    if not most or limits.too_long == "leave out" or all(encoded.first <= most for encoded in whole):
        return whole
    turns = [index for index, message in enumerate(row.messages) if message.role == "assistant"]
    before = list(row.messages[: turns[0]])
    place = max(range(len(before)), key=lambda index: len(before[index].content))
    text = before[place].content
    while (excess := len(student.encode(Prompt(tuple(before)))) - most) > 0:
        tokens = student.encode_text(text)
        if excess >= len(tokens):
            return whole
        text = str(student.tokenizer.decode(tokens[excess:]))
        text = text.split(maxsplit=1)[1] if len(text.split()) > 1 else ""  # the first word may be half of one
        if not text:
            return whole
        before[place] = replace(before[place], content=text)
    return encode_row(student, replace(row, messages=(*before, *row.messages[turns[0] :])))


def encode_some(student: MlxModel, rows: Sequence[TrainRow], settings: TrainSettings) -> Encoding:
    """Return the rows as tokens, at least one.

    Raises:
        EspalierError: none is left, or a row has nothing to learn.
    """
    encoding = encode_all(student, rows, settings)
    if not encoding.rows:
        raise EspalierError(
            "Every row is longer than the settings allow. Allow more tokens, or shorten the samples."
            if encoding.left_out
            else "There is no row to train on. Generate samples first."
        )
    return encoding


def encode_row(student: MlxModel, row: TrainRow) -> list[Encoded]:
    """Return a conversation as one training row with loss on every assistant turn and the token that ends it.

    Some chat templates write earlier turns in another way than the last one. Such a conversation gives one row for
    each assistant turn, with the turns before it as its prompt. An ``unmask`` row has loss on the texts of the user
    and the assistant, and never on the template's own tokens or the system's text.

    Raises:
        EspalierError: the row has nothing that could be learned.
    """
    turns = [index for index, message in enumerate(row.messages) if message.role == "assistant"]
    if any(not row.messages[index].content.strip() for index in turns) or not (turns or row.unmask):
        raise EspalierError("A training row has an empty answer. Check the samples.")
    if row.unmask:
        return [_unmasked(student, row.messages)]
    whole = student.encode_turns(row.messages[: turns[-1] + 1])
    answers: list[int] = []
    for index in turns:
        start = student.encode(Prompt(row.messages[:index]))
        upto = student.encode_turns(row.messages[: index + 1])
        if whole[: len(upto)] != upto or upto[: len(start)] != start or len(upto) == len(start):
            return [_last_turn(student, row.messages[: index + 1]) for index in turns]
        answers += range(len(start), _end(student, upto, len(start)) or len(upto))
    end = _end(student, whole, answers[-1])
    if end is None:  # the template ends no turn: the student must still learn to stop
        whole, end = [*whole, student.tokenizer.eos_token_id], len(whole) + 1
        answers.append(end - 1)
    return [Encoded(whole[:end], answers)]


def _last_turn(student: MlxModel, messages: Sequence[Message]) -> Encoded:
    """Return the row of a conversation's last turn alone, its beginning exactly as it is when the student is asked."""
    *turns, last = messages
    prompt = student.encode(Prompt(tuple(turns)))
    whole = student.encode_turns(messages)
    if whole[: len(prompt)] != prompt:
        whole = prompt + student.encode_text(last.content)
    end = _end(student, whole, len(prompt))
    tokens = whole[:end] if end else [*whole, student.tokenizer.eos_token_id]
    return Encoded(tokens, list(range(len(prompt), len(tokens))))


def _end(student: MlxModel, tokens: Sequence[int], start: int) -> int | None:
    """Return the index after the last token from ``start`` on that ends a turn, None when there is none."""
    ends = [index for index in range(start, len(tokens)) if tokens[index] in student.tokenizer.eos_token_ids]
    return ends[-1] + 1 if ends else None


def _unmasked(student: MlxModel, messages: Sequence[Message]) -> Encoded:
    text, spans = student.render(messages), []
    cursor = 0
    for message in messages:
        content = message.content.strip()
        found = text.find(content, cursor)
        if not content or found < 0:
            continue
        cursor = found + len(content)
        if message.role != "system":
            spans.append((found, cursor))
    tokens, places = student.encode_with_places(text)
    answers = [index for index in range(1, len(tokens)) if _is_inside(places[index], spans)]
    if not answers:
        raise EspalierError("A training row has no text to learn. Check the samples.")
    end = _end(student, tokens, answers[-1])
    if end is not None:
        answers.append(end - 1)
    tokens = tokens[: answers[-1] + 1]
    return Encoded(tokens, answers)


def _is_inside(place: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    return any(place[0] < end and place[1] > start and place[1] > place[0] for start, end in spans)


def describe(encoding: Encoding) -> Iterator[Told]:
    """Yield a sentence for each thing that was done to rows that are too long."""
    if encoding.cut:
        yield Told(0, f"Rows longer than allowed: {encoding.cut}. What is beyond the limits is not learned.", "cut")
    if encoding.left_out:
        yield Told(0, f"Rows longer than allowed that were left out: {encoding.left_out}.", "left out")
