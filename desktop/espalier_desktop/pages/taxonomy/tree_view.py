"""The tree as it is seen: badges, rename in place, what is open and what is closed."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTreeView, QWidget
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.icons import paint_icon
from espalier_desktop.pages.taxonomy.badges import Badge
from espalier_desktop.pages.taxonomy.tree_model import BadgeRole, PathRole, TreeModel
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.share import RING, paint_share

Index = QModelIndex | QPersistentModelIndex
CHANGE_SIGNS = {"added": ("plus", "good"), "changed": ("dot", "warning"), "deleted": ("minus", "error")}
"""Icon and token of the theme for each way in which a leaf may differ from the base in Git."""

_SIGN = 15  # px
_SMALL = 12  # px
_GAP = 6  # px
_FEW = 200  # rows: all are open at first, and while the filter shows no more than these


class TreeView(QTreeView):
    """The taxonomy's tree.

    Signals:
        chosen: path of the leaf or branch that is current now.
    """

    chosen = Signal(str)

    def __init__(self, model: TreeModel) -> None:
        super().__init__()
        self._tree = model
        self._open: set[str] = set()
        self._is_filtered = False
        self.setAccessibleName(tr("Taxonomy"))
        self.setModel(model)
        self.setItemDelegate(_BadgeDelegate(self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        self.setIconSize(QSize(16, 16))
        self.setTabKeyNavigation(False)
        self.setDragDropMode(QTreeView.DragDropMode.InternalMove)
        self.setAutoExpandDelay(700)
        self.setEditTriggers(QTreeView.EditTrigger.SelectedClicked | QTreeView.EditTrigger.EditKeyPressed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._on_collapsed)
        model.modelReset.connect(self._reopen)
        self.open_first()

    @property
    def path(self) -> str:
        """Return the path of the current row, "" when there is none."""
        return str(self.currentIndex().data(PathRole) or "")

    @property
    def opened(self) -> list[str] | None:
        """Return the branches that are open, as a state to find again; None when they are too many for that."""
        return sorted(self._open) if len(self._open) <= _FEW else None

    def open_first(self, paths: list[str] | None = None) -> None:
        """Open these branches; without any, all of a small tree and the top of a large one."""
        if paths is not None:
            self._open = set(paths)
            self._reopen()
        elif self._tree.shown_count <= _FEW:
            self.expandAll()
        else:
            self.expandToDepth(0)

    @override
    def expandAll(self) -> None:
        self.blockSignals(True)  # one call a branch is what takes the time
        super().expandAll()
        self.blockSignals(False)
        if not self._is_filtered:
            self._open = set(self._tree.branches)

    def choose(self, path: str) -> bool:
        """Make a leaf or branch current and visible; return whether it is shown at all."""
        index = self._tree.index_of(path)
        if index.isValid() and self.path != path:
            self.setCurrentIndex(index)
            self.scrollTo(index)
        return index.isValid()

    def reveal(self) -> None:
        """Open the branches above the current row and show it; ``scrollTo`` alone opens none during a drag."""
        above = self.currentIndex().parent()
        while above.isValid():
            self.expand(above)
            above = above.parent()
        self.scrollTo(self.currentIndex())

    def filter(self, text: str) -> None:
        """Show only what matches, opened as far as that is few; the open branches come back with an empty text."""
        chosen = self.path
        self._is_filtered = bool(text.strip())
        self._tree.set_filter(text)
        self.choose(chosen)

    @override
    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        path = current.data(PathRole)
        if path:
            self.chosen.emit(path)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        is_editing = self.state() is QTreeView.State.EditingState  # the editor passes its own Return on
        if (
            is_return
            and not is_editing
            and event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        ):
            self.edit(self.currentIndex())
            return
        super().keyPressEvent(event)

    @override
    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        super().drawBranches(painter, rect, index)
        if self._tree.rowCount(index):
            place = QRect(0, 0, 12, 12)
            place.moveCenter(QRect(rect.right() - self.indentation() + 1, rect.top(), 14, rect.height()).center())
            paint_icon(painter, "down" if self.isExpanded(index) else "forward", place, theme.current().muted)

    @Slot()
    def _reopen(self) -> None:
        self.blockSignals(True)
        self.scheduleDelayedItemsLayout()  # with one pending, opening a branch lays nothing out by itself
        if not self._is_filtered:
            for path in self._open:
                index = self._tree.index_of(path)
                if index.isValid():
                    self.expand(index)
        elif self._tree.shown_count <= _FEW:
            self.expandAll()
        else:
            self.expandToDepth(0)
        self.blockSignals(False)

    @Slot(QModelIndex)
    def _on_expanded(self, index: QModelIndex) -> None:
        if not self._is_filtered:
            self._open.add(index.data(PathRole))

    @Slot(QModelIndex)
    def _on_collapsed(self, index: QModelIndex) -> None:
        if not self._is_filtered:
            self._open.discard(index.data(PathRole))


class _BadgeDelegate(QStyledItemDelegate):
    """Paints at the right of a row what changed, its score or else its accepted samples, and a sign for a problem."""

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        badge: Badge = index.data(BadgeRole)
        rect = QRect(option.rect)
        tokens = theme.current()
        right = rect.right() - 5
        if badge.state or badge.accepted:
            colours = {"error": tokens.error, "warning": tokens.warning, "wait": tokens.muted}
            sign = QRect(right - _SIGN, rect.center().y() - _SIGN // 2, _SIGN, _SIGN)
            paint_icon(painter, badge.state or "check", sign, colours.get(badge.state, tokens.good))
            right -= _SIGN + _GAP
        if badge.asked:
            text = _score(badge)
            painter.setPen(QColor(tokens.text))
            place = QRect(rect.left(), rect.top(), right - rect.left(), rect.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            right -= option.fontMetrics.horizontalAdvance(text) + 4
            ring = QRect(right - RING, rect.center().y() - RING // 2, RING, RING)
            paint_share(painter, ring, badge.right / badge.asked)
            right -= RING + _GAP
        elif count := _count(index):
            painter.setPen(QColor(tokens.muted))
            place = QRect(rect.left(), rect.top(), right - rect.left(), rect.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
            right -= option.fontMetrics.horizontalAdvance(count) + _GAP
        if badge.change:
            name, token = CHANGE_SIGNS[badge.change]
            sign = QRect(right - _SMALL, rect.center().y() - _SMALL // 2, _SMALL, _SMALL)
            paint_icon(painter, name, sign, getattr(tokens, token))

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        badge: Badge = index.data(BadgeRole)
        metrics, count = option.fontMetrics, _count(index)
        room = _SIGN + 12 if badge.state or badge.accepted else 0
        if badge.asked:
            room += metrics.horizontalAdvance(_score(badge)) + 4 + RING + _GAP
        elif count:
            room += metrics.horizontalAdvance(count) + _GAP
        room += _SMALL + _GAP if badge.change else 0
        width = option.rect.width() - room - 32
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        option.text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(width, 20))

    @override
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = super().createEditor(parent, option, index)
        editor.setAccessibleName(tr("Name"))
        editor.setStyleSheet("QLineEdit { padding: 0 4px; border-radius: 4px; }")
        return editor


def _score(badge: Badge) -> str:
    return f"{number(badge.right)}/{number(badge.asked)}"


def _count(index: Index) -> str:
    """Return the number of accepted samples that a row shows; the two branches at the top show none."""
    badge: Badge = index.data(BadgeRole)
    return number(badge.accepted) if badge.accepted and index.flags() & Qt.ItemFlag.ItemIsEditable else ""
