"""Every problem of the taxonomy in one list: click to go there, mend at once what can safely be mended."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QWidget

from espalier.status import LeafStatus
from espalier.taxonomy.codes import code
from espalier.taxonomy.problems import Problem, Severity
from espalier_desktop.i18n import said, tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.pages.taxonomy.problem_list import SIGNS, severity_word
from espalier_desktop.widgets.basics import button, column, label, row

_ORDER: tuple[Severity, ...] = ("error", "warning", "hint")
_MOST = 500  # shown
_SIZE = QSize(560, 360)


class ProblemsPopover(QFrame):
    """A list over the window that goes when one clicks elsewhere.

    Signals:
        chosen: path of a leaf, and one of its problems.
        all_wanted: every safe mend was asked for.
    """

    chosen = Signal(str, object)
    all_wanted = Signal()

    def __init__(self, parent: QWidget, leaves: Mapping[str, LeafStatus], stray: tuple[Problem, ...]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "popover")
        self.setAccessibleName(tr("Problems"))
        found = [(leaf.path, problem) for leaf in leaves.values() for problem in leaf.problems]
        found += [("", problem) for problem in stray]
        found.sort(key=lambda each: _ORDER.index(each[1].severity))
        self.list = QListWidget()
        self.list.setProperty("role", "rows")
        self.list.setAccessibleName(tr("Problems"))
        self.list.setWordWrap(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for path, problem in found[:_MOST]:
            self.list.addItem(_item(path, problem))
        self.list.itemClicked.connect(self._take)
        self.list.itemActivated.connect(self._take)
        title = label(tr("Problems") if found else tr("No problems"), "headline")
        self.fix_all = button(tr("Fix All Safe Ones"), self._fix_all)
        self.fix_all.setEnabled(any(path and code(problem.code).fix for path, problem in found))
        layout = column(row(title, None, self.fix_all), self.list, spacing=10)
        layout.setContentsMargins(14, 12, 14, 14)
        self.setLayout(layout)
        self.resize(_SIZE)
        self.list.setCurrentRow(0)

    def show_above(self, anchor: QWidget) -> None:
        """Open it above a widget at the window's foot."""
        self.move(anchor.mapToGlobal(QPoint(0, -_SIZE.height() - 6)))
        self.show()
        self.list.setFocus()

    def _take(self, item: QListWidgetItem) -> None:
        path, problem = item.data(Qt.ItemDataRole.UserRole)
        self.close()
        if path:
            self.chosen.emit(path, problem)

    def _fix_all(self) -> None:
        self.close()
        self.all_wanted.emit()


def _item(path: str, problem: Problem) -> QListWidgetItem:
    place = (
        tr("{leaf}, line {line}").format(leaf=leaf_name(path), line=problem.line) if path else Path(problem.path).name
    )
    item = QListWidgetItem(f"{place}\n{said(problem.message)}")
    token = {"error": "error", "warning": "warning", "hint": "muted"}[problem.severity]
    item.setIcon(icon(SIGNS[problem.severity], token))
    item.setData(Qt.ItemDataRole.UserRole, (path, problem))
    words = f"{severity_word(problem.severity)}, {place}: {said(problem.message)}"
    item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
    item.setToolTip(path)
    return item
