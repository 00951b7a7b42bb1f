"""The leaves that changed as a list: a sign, a name, what became of it, and a tick where one chooses."""

from collections.abc import Mapping
from itertools import accumulate

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.taxonomy.names import branch_name, change_word, leaf_name
from espalier_desktop.pages.taxonomy.tree_view import CHANGE_SIGNS
from espalier_desktop.widgets.two_lines import show_two_lines

Role = Qt.ItemDataRole
PathRole = Role.UserRole


class ChangedLeaves(QListWidget):
    """One row for each leaf.

    Args:
        is_choice: whether each row has a tick.
    """

    def __init__(self, *, is_choice: bool = False) -> None:
        super().__init__()
        self._is_choice = is_choice
        show_two_lines(self)
        self.setAccessibleName(tr("Changed leaves"))
        self.setIconSize(QSize(14, 14))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def fill(self, changes: Mapping[str, str], errors: Mapping[str, int]) -> None:
        """Show other leaves; the ticks of those that stay are kept, and new ones with errors have none.

        Args:
            changes: what became of the leaves, by path.
            errors: number of errors of those that have any, by path.
        """
        items = [self.item(row) for row in range(self.count())]
        ticks = {str(item.data(PathRole)): item.checkState() for item in items}
        chosen = self.path
        self.blockSignals(True)
        self.clear()
        for path, change in changes.items():
            facts = [change_word(change)]
            facts += [tr("%n error(s)", errors[path])] if errors.get(path) else []
            branch = " › ".join(map(branch_name, accumulate(path.split("/")[:-1], "{}/{}".format)))
            item = QListWidgetItem(f"{leaf_name(path)}\n{' · '.join([*facts, branch])}")
            name, token = CHANGE_SIGNS[change]
            item.setIcon(icon(name, token))
            item.setData(PathRole, path)
            item.setData(Role.AccessibleTextRole, ", ".join([leaf_name(path), *facts, path]))
            item.setToolTip(path)
            if self._is_choice:
                first = Qt.CheckState.Unchecked if errors.get(path) else Qt.CheckState.Checked
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(ticks.get(path, first))
            self.addItem(item)
        paths = list(changes)
        self.setCurrentRow(paths.index(chosen) if chosen in paths else 0)
        self.blockSignals(False)

    @property
    def path(self) -> str:
        """Return the leaf of the current row, "" when there is none."""
        item = self.currentItem()
        return str(item.data(PathRole)) if item else ""

    @property
    def ticked(self) -> list[str]:
        """Return the leaves with a tick, in the order of the rows."""
        items = (self.item(row) for row in range(self.count()))
        return [str(item.data(PathRole)) for item in items if item.checkState() is Qt.CheckState.Checked]
