"""One small student that was made: how large it is, what it cost, and what can be done with it."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QFrame

from espalier.quantization.store import Quantized
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.quantize.size_bar import SizeBar
from espalier_desktop.pages.quantize.wording import way_title
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.formats import number, size

_ROLES = {"none": "good", "little": "warning", "much": "error"}


@dataclass(frozen=True)
class Doings:
    """What the buttons of a card do; each is given the model."""

    use: Callable[[Quantized], object]
    show: Callable[[Quantized], object]
    measure: Callable[[Quantized], object]


class MadeCard(QFrame):
    """A model of the run.

    Args:
        model: with its cost where that is known.
        whole: bytes of the student with its adapter.
        can_measure: whether a job could begin now.
        doings: what the buttons do.
    """

    def __init__(self, model: Quantized, whole: int, can_measure: bool, doings: Doings) -> None:
        super().__init__()
        self.setProperty("role", "card")
        title = way_title(model.settings)
        self.title = label(title, "strong", wrap=True)
        self.used = label(tr("In use"), "good")
        self.used.setVisible(model.is_chosen)
        small = tr("{size} instead of {whole}").format(size=size(model.bytes), whole=size(whole))
        self.room = label(small, "muted")
        cost = model.cost
        self.verdict = label(
            said(str(cost["verdict"])) if cost else tr("What it costs was not measured yet."),
            _ROLES.get(str(cost.get("level")), "muted"),
            wrap=True,
        )
        self.figures = label(_figures(model), "caption", wrap=True)
        self.use = button(tr("Use This One"), lambda: doings.use(model))
        self.use.setVisible(not model.is_chosen)
        self.use.setToolTip(tr("Evaluation, comparison and export take it from now on. The others stay."))
        self.show_folder = button(tr("Show Folder"), lambda: doings.show(model), role="link")
        self.measure = button(tr("Measure"), lambda: doings.measure(model))
        self.measure.setVisible(not cost)
        self.measure.setEnabled(can_measure)
        for made in (self.use, self.show_folder, self.measure):
            made.setAccessibleName(f"{made.text()}: {title}")
        head = row(self.title, self.used, spacing=10)
        head.setStretch(0, 1)
        notes = [label(said(str(note)), "caption", wrap=True) for note in model.record.get("notes") or ()]
        content = column(
            head,
            row(SizeBar(model.bytes / whole if whole else 1.0), self.room, spacing=12),
            self.verdict,
            *([self.figures] if cost else []),
            *notes,
            row(self.use, self.measure, self.show_folder, None),
            spacing=7,
        )
        content.setContentsMargins(16, 12, 16, 12)
        self.setLayout(content)


def _figures(model: Quantized) -> str:
    cost = model.cost
    if not cost:
        return ""
    parts = [tr("KL {kl} in your subject, {general} elsewhere")]
    parts += [tr("same word {share} %"), tr("{bits} bits per weight"), tr("{speed} tokens a second")]
    distilled = model.record.get("distilled")
    if distilled:
        parts.append(tr("distilled from KL {before} to {after}"))
    speed = cost["tokens_per_second"]["quantized"]
    return " · ".join(parts).format(
        kl=number(cost["project"]["kl"], 3),
        general=number(cost["general"]["kl"], 3),
        share=number(100 * cost["project"]["same"]),
        bits=number(model.record.get("bits_per_weight", 0), 1),
        speed=number(speed, 0 if speed >= 20 else 1),
        before=number(distilled["before"], 3) if distilled else "",
        after=number(distilled["after"], 3) if distilled else "",
    )
