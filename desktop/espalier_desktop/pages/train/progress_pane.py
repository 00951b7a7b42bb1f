"""The curves of a run, how it does in a line, and what stands out in it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from espalier.training.alerts import Alert
from espalier.training.curves import Curves
from espalier.training.health import health
from espalier_desktop.i18n import tr
from espalier_desktop.pages.train.wording import alert_words, figure, health_words
from espalier_desktop.widgets.basics import card, clear, column, label, picture, row, set_role
from espalier_desktop.widgets.chart import Chart, Series
from espalier_desktop.widgets.formats import memory, number
from espalier_desktop.widgets.segments import Segments

_SIDE = 268  # px of what stands out


class ProgressPane(QWidget):
    """One chart of four, with the health and the alerts beside it."""

    def __init__(self) -> None:
        super().__init__()
        views = {
            "loss": tr("Loss"),
            "rate": tr("Rate"),
            "speed": tr("Speed"),
            "memory": tr("Memory"),
        }
        self.views = Segments(views, tr("What the chart shows"))
        self.views.choose("loss")
        self.views.chosen.connect(self._choose)
        self.chart = Chart(tr("Course of the training"), self._text)
        self.health_line = label(role="headline", wrap=True)
        self.health_text = label(role="muted", wrap=True)
        self.alerts = column(spacing=10)
        self._view = "loss"
        self._curves, self._total, self._machine = Curves(), 0, 0
        self._shown: list[Alert] = []
        side = QWidget()
        side.setLayout(
            column(card(self.health_line, self.health_text, spacing=4, margin=14), self.alerts, None, spacing=10)
        )
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(_SIDE)
        scroll.setWidget(side)
        scroll.setAccessibleName(tr("What stands out"))
        chart = card(row(self.views, None), self.chart, spacing=8, margin=14)
        layout = row(chart, scroll, spacing=14)
        layout.setStretch(0, 1)
        self.setLayout(layout)

    def show_run(
        self, curves: Curves, total: int, machine_memory: int, alerts: Sequence[Alert], *, is_over: bool
    ) -> None:
        """Show a run's curves up to so many updates, and what stands out; ``is_over`` when it makes no more."""
        self._curves, self._total, self._machine = curves, total, machine_memory
        found = health(curves)
        line, text, role = health_words(found, is_over=is_over)
        self.health_line.setText(line)
        self.health_text.setText(text)
        set_role(self.health_line, f"headline {role}" if role != "muted" else "headline")
        if list(alerts) != self._shown:
            self._shown = list(alerts)
            clear(self.alerts)
            for alert in alerts:
                self.alerts.addWidget(alert_card(alert))
        self._draw()

    def _choose(self, view: str) -> None:
        self._view = view
        self.chart.range = None
        self._draw()

    def _text(self, value: float) -> str:
        if self._view == "memory":
            return memory(round(value))
        if self._view == "rate":
            return figure(value, 2)
        return number(value) if self._view == "speed" else number(value, 2 if value >= 0.1 or value == 0 else 3)

    def _draw(self) -> None:
        curves = self._curves
        steps = curves.steps
        smoothed = tr("smoothed: mean of about {count} updates")
        series = {
            "loss": [
                Series(tr("each update"), steps, curves.losses, "raw", "text"),
                Series(smoothed.format(count=number(curves.span)), steps, curves.smoothed),
                Series(
                    tr("held-out rows"),
                    [score.step for score in curves.scores],
                    [score.loss for score in curves.scores],
                    "dots",
                    "warning",
                ),
            ],
            "rate": [Series(tr("learning rate"), steps, curves.rates)],
            "speed": [Series(tr("tokens per second"), steps, curves.speeds, "raw", "ink")],
            "memory": [
                Series(tr("largest use so far"), steps, curves.memory),
                Series(tr("this machine"), [0, max(self._total, 1)], [self._machine] * 2, "line", "warning", "dash"),
            ],
        }[self._view]
        self.chart.show_series(series, self._total, self._spoken(), curves.borders)

    def _spoken(self) -> str:
        curves = self._curves
        if not curves.steps:
            return ""
        text = tr("Loss {now} at update {step}, {first} at the start").format(
            now=number(curves.smoothed[-1], 3), step=number(curves.steps[-1]), first=number(curves.losses[0], 3)
        )
        if curves.scores:
            last = curves.scores[-1]
            kept = tr("held-out rows {loss} at update {step}")
            text += "; " + kept.format(loss=number(last.loss, 3), step=number(last.step))
        return text


def alert_card(alert: Alert) -> QFrame:
    """Return what happened, what it means and what to do, in this order."""
    happened, means, do = alert_words(alert)
    head = row(picture("warning", 16, "warning"), label(happened, "strong", wrap=True), spacing=8)
    head.setStretch(1, 1)
    head.setAlignment(Qt.AlignmentFlag.AlignTop)
    made = card(head, label(means, wrap=True), label(do, "muted", wrap=True), spacing=6, margin=14)
    made.setAccessibleName(f"{happened} {means} {do}")
    return made
