"""How many rows each check or block let through."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from espalier.status import LeafStatus
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.wording import check_title
from espalier_desktop.widgets.bar_list import Bar, BarList
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.formats import number

Steps = Sequence[Mapping[str, Any]]  # as in the message Funnel


class FunnelPane(QWidget):
    """One bar for what was drawn, one for each check with what was left after it.

    Signals:
        wanted: name of the check whose rejections the person wants to see, or ``accepted``.
    """

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.bars = BarList(tr("Rows that were left after each check"))
        self.show_rows = button("", lambda: self.wanted.emit(self.bars.current), role="link")
        self.bars.chosen.connect(self._choose)
        self.hint = label(
            tr("The bars show what was left. Choose a check to see what it turned away."), "caption", wrap=True
        )
        self.hint.setMinimumHeight(30)  # two lines
        foot = row(self.hint, self.show_rows)
        foot.setStretch(0, 1)
        self.setLayout(column(self.bars, foot, spacing=8))
        self._choose("")

    def show_steps(self, steps: Steps) -> None:
        """Show a funnel; [] shows nothing."""
        total = steps[0]["rows_in"] if steps else 0
        bars = [_bar("", tr("Drawn"), total, total, 0)] if total else []
        for step in steps:
            removed = step["rows_in"] - step["rows_out"]
            if removed:
                bars.append(_bar(step["name"], check_title(step["name"]), step["rows_out"], total, removed))
        if steps:
            bars.append(_bar("accepted", tr("Accepted"), steps[-1]["rows_out"], total, 0))
        self.bars.show_bars(bars)
        self._choose(self.bars.current)

    def _choose(self, name: str) -> None:
        self.hint.setVisible(not name)
        self.show_rows.setVisible(bool(name))
        is_accepted = name == "accepted"
        text = tr("Show the accepted rows") if is_accepted else tr("Show what “{check}” turned away")
        self.show_rows.setText(text.format(check=check_title(name)))


def steps_of(leaf: LeafStatus) -> list[dict[str, Any]]:
    """Return the funnel of a leaf's samples on disk after the person's review, the largest loss first."""
    rest = leaf.accepted + sum(leaf.rejected.values())
    steps = [{"name": "", "rows_in": rest, "rows_out": rest}] if rest else []
    for name, count in leaf.rejected.items():
        steps.append({"name": name, "rows_in": rest, "rows_out": rest - count})
        rest -= count
    return steps


def _bar(key: str, name: str, left: int, total: int, removed: int) -> Bar:
    count = f"{number(left)}  (−{number(removed)})" if removed else number(left)
    words = tr("{name}: {left} left, {removed} turned away").format(
        name=name, left=number(left), removed=number(removed)
    )
    return Bar(key, name, count, left / total if total else 0, words)
