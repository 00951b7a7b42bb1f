"""Rejections in groups, by the check that turned them away, with one action for each group."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from espalier.synthesis.samples_view import View
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.wording import check_title
from espalier_desktop.widgets.bar_list import Bar, BarList
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.formats import number


class GroupsPane(QWidget):
    """The checks that turned rows away.

    Signals:
        wanted: what to do with which group: (show, keep, drop or rewrite; name of the check).
    """

    wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._examples: Mapping[str, object] = {}
        self._is_idle = True
        self.list = BarList(tr("Rejections by check"))
        self.list.chosen.connect(lambda check: self._choose(check))
        self.sentence = label(role="muted", wrap=True)
        self.sentence.setMinimumSize(120, 34)  # two lines; a wrapped label asks for more than it gets
        self.keep = button(tr("Keep All"), lambda: self._ask("keep"))
        self.drop = button(tr("Drop All"), lambda: self._ask("drop"))
        self.rewrite = button(tr("Rewrite Like My Edit"), lambda: self._ask("rewrite"))
        foot = row(self.sentence, self.keep, self.drop, self.rewrite)
        foot.setStretch(0, 1)
        self.setLayout(column(self.list, foot, spacing=12))

    def show_view(self, view: View, examples: Mapping[str, object], *, is_idle: bool) -> None:
        """Show the groups of a view.

        Args:
            view: of the samples.
            examples: a sample that the person edited, by the check that had turned it away.
            is_idle: whether the teacher can be asked.
        """
        self._examples, self._is_idle = examples, is_idle
        groups = view.groups()
        most = max((count for _, count in groups), default=1)
        self.list.show_bars(
            [
                Bar(name, check_title(name), number(count), count / most, f"{check_title(name)}: {number(count)}")
                for name, count in groups
            ]
        )
        self._refresh()

    def _choose(self, check: str) -> None:
        self._refresh()
        if check:
            self.wanted.emit("show", check)

    def _ask(self, action: str) -> None:
        self.wanted.emit(action, self.list.current)

    def _refresh(self) -> None:
        check = self.list.current
        for made in (self.keep, self.drop):
            made.setEnabled(bool(check))
        has_example = check in self._examples
        self.rewrite.setEnabled(bool(check) and has_example and self._is_idle)
        if not self.list.model().rowCount():
            self.sentence.setText(tr("Nothing waits here: no row is rejected."))
        elif not check:
            self.sentence.setText(tr("Choose a group to see its rows and to decide all of them at once."))
        elif not has_example:
            text = tr("Edit one row of this group (E), and the teacher can rewrite the others in the same way.")
            self.sentence.setText(text)
        else:
            self.sentence.setText(tr("The teacher can rewrite the others as you did. You decide about each."))
