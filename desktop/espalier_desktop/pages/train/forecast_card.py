"""What the run will take, measured before it is started, with the change that would make it fit."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout

from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.formats import duration, memory, number, size


class ForecastCard(QFrame):
    """A verdict first, its numbers second, what to change third.

    Signals:
        wanted: the run should be measured.
        change_wanted: values that make it fit.
    """

    wanted = Signal()
    change_wanted = Signal(dict)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.verdict = label(role="headline", wrap=True)
        self.sentence = label(role="muted", wrap=True)
        self.figures = {
            name: label("–", "strong")
            for name in (tr("Memory"), tr("Time"), tr("Updates"), tr("Room on disk"))  # in the order of `_texts`
        }
        self.measure = button(tr("Measure"), self.wanted.emit)
        self.measure.setToolTip(tr("Makes a few updates, the largest first, and throws them away."))
        self.change = button(tr("Apply This Change"), self._change)
        self._values: dict[str, Any] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(28)
        grid.setVerticalSpacing(1)
        for place, (name, shown) in enumerate(self.figures.items()):
            grid.addWidget(label(name, "caption"), 0, place)
            shown.setAccessibleName(name)
            grid.addWidget(shown, 1, place)
        grid.setColumnStretch(len(self.figures), 1)
        words = column(self.verdict, self.sentence, spacing=3)
        top = row(words, self.change, self.measure, spacing=8)
        top.setStretch(0, 1)
        layout = column(top, grid, spacing=10)
        layout.setContentsMargins(16, 14, 16, 14)
        self.setLayout(layout)
        self.show_forecast({}, "", why_not="", is_measuring=False, is_stale=False)

    def show_forecast(
        self, found: Mapping[str, Any], problem: str, *, why_not: str, is_measuring: bool, is_stale: bool
    ) -> None:
        """Show a forecast.

        Args:
            found: `espalier.training.forecast.Forecast.as_values`, {} before any.
            problem: why there is none.
            why_not: why nothing can be measured now, "" where it can.
            is_measuring: whether it is being measured.
            is_stale: whether the settings or samples have changed since.
        """
        self.measure.setEnabled(not why_not and not is_measuring)
        self.measure.setToolTip(why_not or tr("Makes a few updates, the largest first, and throws them away."))
        texts = ["–"] * len(self.figures)
        change = found.get("change") or {}
        self._values = dict(change.get("values", {}))
        self.change.setVisible(bool(self._values) and not is_stale)
        if is_measuring:
            self._say(tr("Measuring…"), tr("A few updates are made and thrown away."), "muted")
        elif problem:
            self._say(tr("It could not be measured"), said(problem), "error")
        elif not found:
            self._say(
                tr("Does it fit?"), tr("Measure makes a few updates and tells memory, time and room on disk."), "muted"
            )
        else:
            verdicts = {
                "fits": (tr("It fits"), "good"),
                "tight": (tr("It is tight"), "warning"),
                "too large": (tr("It is too large"), "error"),
            }
            line, role = verdicts[str(found["verdict"])]
            sentence = " ".join(said(str(text)) for text in found["sentences"])
            if is_stale:
                line, role = tr("Measured with other values"), "muted"
                sentence = tr("The samples or the settings have changed since. Measure again.")
            self._say(line, sentence, "muted", role)
            texts = [
                tr("{used} of {all}").format(used=memory(int(found["memory"])), all=memory(int(found["room"]))),
                tr("about {time}").format(time=duration(found["seconds"])) if found["seconds"] else "–",
                number(found["updates"]),
                tr("{used} of {all}").format(used=size(int(found["disk"])), all=size(int(found["disk_free"]))),
            ]
        for shown, text in zip(self.figures.values(), texts, strict=True):
            shown.setText(text)

    def _say(self, line: str, sentence: str, role: str, line_role: str = "") -> None:
        self.verdict.setText(line)
        set_role(self.verdict, f"headline {line_role}".strip())
        self.sentence.setText(sentence)
        set_role(self.sentence, role)

    def _change(self) -> None:
        self.change_wanted.emit(self._values)
