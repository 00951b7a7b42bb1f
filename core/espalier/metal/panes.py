"""Panes filled with models: rows of one student where they can be, others each with weights of their own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from espalier.comparison.panes import Source
from espalier.comparison.rounds import in_turn
from espalier.comparison.turns import Asked, Facts, Said
from espalier.errors import EspalierError
from espalier.language import Message, Prompt
from espalier.metal.lora import BASE, RowAdapter, read_adapter, takes
from espalier.metal.model import MlxModel
from espalier.metal.paired import PairedModel, Seat
from espalier.metal.soft_prompt import FILE, load_prompt
from espalier.models.folder import model_info
from espalier.training.fingerprint import fingerprint

SAME = "The tuned model is the same as its base: the adapter changes nothing. Train again."
_PROBE = Prompt((Message("user", "Hello!"),))

Load = Callable[[Path, Path | None], MlxModel]


@dataclass(frozen=True)
class _Base:
    """A student that rows share, and what two rows of it computed before any adapter was near."""

    paired: PairedModel
    plain: mx.array


@dataclass(eq=False)
class _Place:
    """One pane."""

    source: Source
    paired: PairedModel
    seat: Seat


class MlxPanes:
    """The panes of a session; see `espalier.comparison.session.Panes`."""

    def __init__(self, load: Load) -> None:
        """Begin with no model; ``load`` returns one from its folder and what was trained on it."""
        self._load = load
        self._bases: dict[Path, _Base] = {}
        self._places: list[_Place] = []

    def open(self, sources: Sequence[Source]) -> list[Facts]:
        """Fill the panes, and keep what is in memory already; return the facts of each."""
        kept = {place.source: place for place in self._places}
        opened: list[_Place] = []
        for source in sources:
            known = kept.pop(source) if source in kept else None
            opened.append(known or self._place(source, [*opened, *kept.values()]))
        self._places = opened
        used = {place.source.model for place in opened}
        self._bases = {folder: base for folder, base in self._bases.items() if folder in used}
        mx.clear_cache()
        return self._facts()

    def answer(self, asked: Sequence[Asked], is_stopped: Callable[[], bool]) -> Iterator[list[Said]]:
        """Write the panes' answers, those of one student in one batch; see `PairedModel.answer`."""
        companies: dict[int, tuple[PairedModel, list[tuple[Asked, Seat]]]] = {}
        for question in asked:
            place = self._places[question.pane]
            if place.seat.use.adapter:
                place.seat.set(RowAdapter(place.seat.use.adapter, question.settings.strength))
            company = companies.setdefault(id(place.paired), (place.paired, []))
            company[1].append((question, place.seat))
        return in_turn([paired.answer(rows, is_stopped) for paired, rows in companies.values()])

    def _place(self, source: Source, others: Sequence[_Place]) -> _Place:
        assert source.model
        adapter = read_adapter(source.adapter) if source.adapter else None
        is_prompt = source.adapter is not None and (source.adapter / FILE).exists()
        if source.adapter and adapter is None and not is_prompt:
            return self._apart(source)
        base = self._base(source.model)
        student, use = base.paired.student, BASE
        if adapter:
            if not takes(student.model, adapter):
                return self._apart(source)
            base.paired.attach(adapter)
            use = RowAdapter(adapter)
        if is_prompt and source.adapter:
            if any(place.seat.student.virtual for place in others):  # a model has room for one soft prompt
                return self._apart(source)
            student = student.without_prompt()
            load_prompt(student, source.adapter)
        return _Place(source, base.paired, Seat(student, use))

    def _base(self, folder: Path) -> _Base:
        if folder not in self._bases:
            paired = PairedModel(self._load(folder, None))
            probe = paired.student.encode(_PROBE)
            plain = paired.scores([BASE, BASE], probe)
            mx.eval(plain)
            self._bases[folder] = _Base(paired, plain)
        return self._bases[folder]

    def _apart(self, source: Source) -> _Place:
        """Return a pane with weights of its own: DoRA's norms, experts or all weights have no strength per row."""
        assert source.model
        student = self._load(source.model, source.adapter)
        return _Place(source, PairedModel(student), Seat(student, BASE))

    def _facts(self) -> list[Facts]:
        is_paired = len({id(place.paired) for place in self._places}) == 1 and len(self._places) > 1
        return [
            Facts(
                title=place.source.title,
                fingerprint=fingerprint(place.source.adapter) if place.source.adapter else "",
                quantization=_quantization(place.source),
                context=place.seat.student.context_length if place.seat.student.context_length < 1 << 30 else 0,
                is_paired=is_paired,
                proof=proof,
            )
            for place, proof in zip(self._places, self._proofs(), strict=True)
        ]

    def _proofs(self) -> list[str]:
        """Return what is wrong with each pane, "" for nothing.

        A row without adapter must give, to the bit, what two rows of the student gave before any adapter was loaded;
        the panes must differ; and all must be numbers.
        """
        uses = [RowAdapter(place.seat.use.adapter) for place in self._places]
        is_paired = len({id(place.paired) for place in self._places}) == 1
        seen = []
        for row, place in enumerate(self._places):  # always two rows: how many there are changes the last digits
            rows = uses if is_paired and len(uses) == 2 else [uses[row]] * 2
            scores = place.paired.scores(rows, place.seat.student.encode(_PROBE))
            mx.eval(scores)
            seen.append(scores[min(row, 1)])
        found = [self._proof(place, row, seen[row]) for row, place in enumerate(self._places)]
        if len(seen) > 1 and seen[0].shape == seen[1].shape and mx.array_equal(seen[0], seen[1]).item():
            return [proof or SAME for proof in found]
        return found

    def _proof(self, place: _Place, row: int, scores: mx.array) -> str:
        if not mx.all(mx.isfinite(scores)).item():
            return "The model computes values that are not numbers. Choose another checkpoint, or train again."
        base = self._bases.get(place.source.model) if place.source.model and not place.source.adapter else None
        if base and base.paired is place.paired and not mx.array_equal(scores, base.plain[min(row, 1)]).item():
            return "The base pane does not compute what the base computes. Close this window and open it again."
        return ""


def _quantization(source: Source) -> str:
    try:
        return model_info(source.model).precision if source.model else ""
    except EspalierError:
        return ""
