"""Conversations side by side: rows of one batched forward over one copy of the weights, each with its own adapter.

Every row keeps what it has read between turns, so that a turn reads only what is new. Rows of equal length share
mlx-lm's plain cache; others are padded on the left in its batch caches, with positions and masks per row. A row that
has ended leaves the batch and costs nothing more.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import KVCache, can_trim_prompt_cache, make_prompt_cache, trim_prompt_cache

from espalier.comparison.turns import Asked, Said
from espalier.errors import EspalierError
from espalier.language import Prompt
from espalier.metal.forward import hidden, logits
from espalier.metal.keyed import KeyedDraws
from espalier.metal.lora import Adapter, RowAdapter, RowStrengths, attach
from espalier.metal.model import MlxModel
from espalier.metal.stream_text import StreamText

READ_AT_ONCE = 512  # tokens of a prompt, before somebody may stop it


@dataclass(eq=False)
class Seat:
    """A row's place at a model, and what was read of its conversation.

    Attributes:
        student: whose template and context count; it shares its weights with the other rows'.
        use: its adapter, and the strength that the cache was made with.
        tokens: that the cache holds.
        cache: one layer each, of this row alone; None while the row is in a batch, or nothing was read.
    """

    student: MlxModel
    use: RowAdapter
    tokens: list[int] = field(default_factory=list)
    cache: list[Any] | None = None

    def forget(self) -> None:
        """Drop what was read."""
        self.tokens, self.cache = [], None

    def set(self, use: RowAdapter) -> None:
        """Change the adapter or its strength; what was read with another is of no use."""
        if use != self.use:
            self.use = use
            self.forget()

    def keep(self, prompt: Sequence[int]) -> list[Any]:
        """Return the cache cut to what it shares with a prompt, of which at least one token is left to read."""
        shared = 0
        for old, new in zip(self.tokens, prompt[:-1], strict=False):
            if old != new:
                break
            shared += 1
        surplus = len(self.tokens) - shared
        if self.cache is None or (surplus and not can_trim_prompt_cache(self.cache)):
            self.cache, self.tokens = make_prompt_cache(self.student.model), []
        elif surplus:
            trim_prompt_cache(self.cache, surplus)
            self.tokens = self.tokens[:shared]
        return self.cache


class _Row:
    """One answer in the making."""

    def __init__(self, asked: Asked, seat: Seat, started: float) -> None:
        self.pane, self.seat, student = asked.pane, seat, seat.student
        self.prompt = _encoded(student, asked)
        room = student.context_length - len(self.prompt)
        if room < 1:
            raise EspalierError(
                f"The conversation has {len(self.prompt):,} tokens, and the model can see {student.context_length:,} "
                "at once. Begin a new conversation, or shorten it."
            )
        self.room = min(asked.settings.max_tokens, room)
        self.draws = KeyedDraws(asked.settings.sampling, asked.settings.seed)
        self.text = StreamText(student.tokenizer.decode)
        self.ends = student.tokenizer.eos_token_ids
        self.states = mx.zeros((1, 0))  # that predict the next token, (1, width)
        self._started, self._first = started, 0.0

    @property
    def is_at_last(self) -> bool:
        """Return whether the next token is the last that there is room for."""
        return len(self.text.tokens) + 1 >= self.room

    def take(self, token: int) -> Said:
        """Take the next token; what is said has ended when the answer has."""
        self._first = self._first or time.monotonic()
        if token in self.ends:
            return self.ended("end")
        text = self.text.add(token)
        if len(self.text.tokens) < self.room:
            return Said(self.pane, text)
        last = self.ended("length")
        return Said(self.pane, text + last.text, last.ended, last.figures)

    def ended(self, how: str) -> Said:
        """Return the end of the answer with its figures."""
        count, now = len(self.text.tokens), time.monotonic()
        writing = now - self._first
        figures = {
            "tokens": count,
            "seconds_to_first": self._first - self._started if self._first else 0.0,
            "tokens_per_second": (count - 1) / writing if count > 1 and writing else 0.0,
            "context": len(self.prompt) + count,
            "memory": int(mx.get_peak_memory()),
        }
        return Said(self.pane, self.text.end(), how, figures)


class PairedModel:
    """A student whose rows may each have an adapter of their own."""

    def __init__(self, student: MlxModel) -> None:
        self.student = student
        self._strengths = RowStrengths()

    def attach(self, adapter: Adapter) -> None:
        """Make an adapter usable by rows; the model must take it, see `espalier.metal.lora.takes`."""
        attach(self.student.model, adapter, self._strengths)

    def scores(self, rows: Sequence[RowAdapter], tokens: Sequence[int]) -> mx.array:
        """Return the logits that follow the same tokens in each row, (rows, vocabulary)."""
        with self._strengths.of(rows):
            states = hidden(self.student.model, mx.array([list(tokens)] * len(rows)))
        return logits(self.student.model, states[:, -1])

    def answer(self, asked: Sequence[tuple[Asked, Seat]], is_stopped: Callable[[], bool]) -> Iterator[list[Said]]:
        """Write the answers together; yield what came of each step, a token a row, and [] while prompts are read.

        What was read and written stays in the seats for the next turn, however this ends.

        Args:
            asked: with the seat of each, all of this model.
            is_stopped: asked before every step; then all answers end where they are.
        """
        started, rows = time.monotonic(), []
        for question, seat in asked:
            try:
                rows.append(_Row(question, seat, started))
            except EspalierError as error:
                yield [Said(question.pane, ended=f"failed: {error}")]
        for row in rows:
            yield from self._read(row, is_stopped)
        if not rows or is_stopped():
            yield [row.ended("stopped") for row in rows]
            return
        companies = [_Company(self, group) for group in self._groups(rows)]
        try:
            while companies:
                for company in companies:
                    said = company.step()
                    yield said
                    ended = {item.pane for item in said if item.ended}
                    if is_stopped():
                        yield [row.ended("stopped") for row in company.rows if row.pane not in ended]
                        ended = {row.pane for row in company.rows}
                    company.leave(ended)
                companies = [company for company in companies if company.rows]
        finally:
            for company in companies:
                company.part()

    def forward(self, rows: Sequence[_Row], tokens: mx.array, cache: list[Any]) -> mx.array:
        """Return the states after tokens of shape (rows, length), (rows, length, width)."""
        with self._strengths.of([row.seat.use for row in rows]):
            return hidden(self.student.model, tokens, cache)

    def _read(self, row: _Row, is_stopped: Callable[[], bool]) -> Iterator[list[Said]]:
        """Read what is new of a row's prompt, in parts."""
        seat = row.seat
        cache = seat.keep(row.prompt)
        while len(seat.tokens) < len(row.prompt) and not is_stopped():
            part = row.prompt[len(seat.tokens) : len(seat.tokens) + READ_AT_ONCE]
            seat.cache = None  # not to be used again if the machine fails inside
            states = self.forward([row], mx.array([part]), cache)
            row.states = states[:, -1]
            mx.eval(row.states, [layer.state for layer in cache])
            seat.tokens, seat.cache = seat.tokens + part, cache
            yield []

    def _groups(self, rows: Sequence[_Row]) -> list[list[_Row]]:
        """Return rows that are computed together; each alone where the architecture cannot pad."""
        lengths = {len(row.seat.tokens) for row in rows}
        plain = all(type(layer) is KVCache for row in rows for layer in row.seat.cache or ())
        together = self.student.batches or (plain and len(lengths) == 1)
        return [list(rows)] if together else [[row] for row in rows]


class _Company:
    """Rows that are computed together, with their cache.

    While the caller shows a token, the machine reads it already: the next forward begins before the token is known
    here. Only where a row is sure to end does it wait, so that the row is not computed once more.
    """

    def __init__(self, paired: PairedModel, rows: list[_Row]) -> None:
        self.rows = rows
        self._paired = paired
        self._states = mx.concatenate([row.states for row in rows])  # that predict the next tokens, (rows, width)
        self._cache = _joined([row.seat.cache or [] for row in rows])
        self._unread: list[int] | None = None  # tokens that are drawn, and not in the cache
        for row in rows:
            row.seat.cache = None

    def step(self) -> list[Said]:
        """Draw a token for each row."""
        if self._unread:
            unread, self._unread = self._unread, None
            self._read(mx.array(unread), unread)
        scores = logits(self._paired.student.model, self._states)
        drawn = mx.concatenate([row.draws.choose(scores[place : place + 1]) for place, row in enumerate(self.rows)])
        if any(row.is_at_last for row in self.rows):
            tokens = self._unread = [int(token) for token in drawn.tolist()]
        else:
            tokens = self._read(drawn)
        return [row.take(token) for row, token in zip(self.rows, tokens, strict=True)]

    def leave(self, ended: set[int]) -> None:
        """Let rows leave, whose panes are named."""
        if not ended:
            return
        self.part()
        staying = [place for place, row in enumerate(self.rows) if row.pane not in ended]
        self.rows = [self.rows[place] for place in staying]
        self._unread = [self._unread[place] for place in staying] if self._unread else None
        if staying:
            self._states = self._states[mx.array(staying)]
            self._cache = _joined([row.seat.cache or [] for row in self.rows])
        for row in self.rows:
            row.seat.cache = None

    def _read(self, drawn: mx.array, known: list[int] | None = None) -> list[int]:
        """Begin to read the rows' new tokens, shape (rows,), and return them."""
        cache, self._cache = self._cache, []  # not to be used again if the machine fails inside
        self._states = self._paired.forward(self.rows, drawn[:, None], cache)[:, -1]
        mx.async_eval(drawn, self._states)
        tokens = known or [int(token) for token in drawn.tolist()]
        self._cache = cache
        for row, token in zip(self.rows, tokens, strict=True):
            row.seat.tokens.append(token)
        return tokens

    def part(self) -> None:
        """Give each row its own cache back; rows whose forward failed forget theirs."""
        for place, row in enumerate(self.rows):
            if self._cache:
                row.seat.cache = [_own(layer, place, len(self.rows)) for layer in self._cache]
            else:
                row.seat.forget()


def _encoded(student: MlxModel, asked: Asked) -> list[int]:
    try:
        return student.encode(Prompt(asked.messages))
    except Exception as error:  # a chat template is a program of the model's author, which may raise anything
        reason = str(error).strip().split("\n")[0][:200]
        raise EspalierError(
            f"The model's chat template refuses this conversation: {reason}. Leave out the system text, or begin a "
            "new conversation."
        ) from error


def _joined(caches: Sequence[list[Any]]) -> list[Any]:
    """Return one cache for rows that each have their own."""
    if len(caches) == 1:
        return caches[0]
    return [_joined_layer(layers) for layers in zip(*caches, strict=True)]


def _joined_layer(layers: Sequence[Any]) -> Any:
    if all(type(layer) is KVCache for layer in layers) and len({layer.offset for layer in layers}) == 1:
        whole = KVCache()  # no padding, so no mask: a tenth faster than the batch cache (SmolLM2-135M on two cores)
        parts = [layer.keys_and_values() for layer in layers]
        whole.keys, whole.values = (mx.concatenate(list(part)) for part in zip(*parts, strict=True))
        whole.offset = layers[0].offset
        return whole
    return type(layers[0]).merge(list(layers))


def _own(layer: Any, place: int, rows: int) -> Any:
    """Return a row's own cache out of a shared one."""
    if rows == 1:
        return layer
    if type(layer) is not KVCache:
        return layer.extract(place)
    own = KVCache()
    keys, values = layer.keys_and_values()
    own.keys, own.values = mx.contiguous(keys[place : place + 1]), mx.contiguous(values[place : place + 1])
    own.offset = layer.offset
    return own
