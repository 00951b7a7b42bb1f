"""How many held-out questions each leaf got right, before and after."""

from collections.abc import Mapping

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QSizePolicy, QWidget
from typing_extensions import override

from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.bars import paint_bar
from espalier_desktop.widgets.basics import clear, column, label
from espalier_desktop.widgets.formats import number

_MOST = 12  # leaves; the Compare page has the rest


class ScoresCard(QFrame):
    """A row for each leaf with two bars: the base model, and the tuned one."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(10)
        self._grid.setColumnStretch(0, 2)
        self._grid.setColumnStretch(1, 3)
        layout = column(label(tr("Right answers to held-out questions"), "headline"), 4, self._grid, spacing=8)
        layout.setContentsMargins(20, 16, 20, 16)
        self.setLayout(layout)

    def show_scores(self, scores: Mapping[str, Mapping[str, int]]) -> None:
        """Show the last evaluation; nothing when there is none."""
        clear(self._grid)
        self.setVisible(bool(scores))
        for place, (leaf, total) in enumerate(list(scores.items())[:_MOST]):
            name = label(leaf_name(leaf) or tr("(no leaf)"))
            name.setToolTip(leaf)
            text = tr("{before} → {after} of {all}").format(
                before=number(total.get("base", 0)), after=number(total.get("tuned", 0)), all=number(total["questions"])
            )
            figure = label(text, "strong")
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(name, place, 0)
            self._grid.addWidget(_Bars(total.get("base", 0), total.get("tuned", 0), total["questions"]), place, 1)
            self._grid.addWidget(figure, place, 2)


class _Bars(QWidget):
    """The share of right answers before, thin, and after, thick."""

    def __init__(self, before: int, after: int, questions: int) -> None:
        super().__init__()
        self._shares = (before / max(questions, 1), after / max(questions, 1))
        self.setMinimumSize(160, 20)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_bar(painter, QRectF(0, 3, self.width(), 4), self._shares[0], "muted", "")
        paint_bar(painter, QRectF(0, 10, self.width(), 8), self._shares[1])
        painter.end()
