"""The leaves with their scores: a bar for each form of the student, the tuned one's count, and a disc that fills up."""

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.scoreboard_words import model_name
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import label, row
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.share import RING, WEAK, paint_share

Index = QModelIndex | QPersistentModelIndex
PathRole = Qt.ItemDataRole.UserRole
TotalRole = PathRole + 1
_HEIGHT = 58  # px
_PAD = 10  # px
_BARS = {"base": (4, "muted"), "tuned": (8, "accent"), "4-bit": (4, "ink")}  # height in px, token of the theme


class LeafScores(QListView):
    """One row for each leaf, the weakest first, under one for all of them.

    Signals:
        chosen: path of the leaf, "" for all.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "rows")
        self.setAccessibleName(tr("Scores by leaf"))
        self._rows = QStandardItemModel(self)
        self.setModel(self._rows)
        self.setItemDelegate(_ScoreDelegate(self))
        self.setUniformItemSizes(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @property
    def path(self) -> str:
        """Return the leaf that is chosen, "" for all."""
        return str(self.currentIndex().data(PathRole) or "")

    def choose(self, path: str) -> None:
        """Choose a leaf, or all where there is none of that path."""
        rows = range(self._rows.rowCount())
        place = next((place for place in rows if self._rows.item(place).data(PathRole) == path), 0)
        self.setCurrentIndex(self._rows.index(place, 0))

    def show_leaves(self, leaves: Mapping[str, Mapping[str, int]]) -> None:
        """Show the counts of the leaves; the chosen one stays chosen."""
        path = self.path
        whole: dict[str, int] = {}
        for total in leaves.values():
            for name, count in total.items():
                whole[name] = whole.get(name, 0) + count
        self._rows.clear()
        self._add("", tr("All leaves"), whole)
        for leaf, total in sorted(leaves.items(), key=lambda each: _share(each[1])):
            self._add(leaf, leaf_name(leaf) or tr("(no leaf)"), total)
        self.choose(path)

    def _add(self, path: str, name: str, total: Mapping[str, int]) -> None:
        item = QStandardItem(name)
        item.setData(path, PathRole)
        item.setData(dict(total), TotalRole)
        words = _words(total)
        item.setToolTip(f"{path}\n{words}".strip())
        item.setData(f"{name}: {words}", Qt.ItemDataRole.AccessibleTextRole)
        self._rows.appendRow(item)

    @override
    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(str(current.data(PathRole) or ""))


class Legend(QWidget):
    """What the bars of a row stand for: their names, each behind a short bar of its height and colour."""

    def __init__(self) -> None:
        super().__init__()
        items: list[QWidget | int | None] = []
        for name, (height, token) in _BARS.items():
            items += [_Swatch(height, token), label(model_name(name), "caption"), 6]
        self.setLayout(row(*items, None, spacing=4))


class _Swatch(QWidget):
    def __init__(self, height: int, token: str) -> None:
        super().__init__()
        self._bar, self._token = height, token
        self.setFixedSize(18, 12)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme.current(), self._token)))
        bar = QRectF(0, (self.height() - self._bar) / 2, self.width(), self._bar)
        painter.drawRoundedRect(bar, self._bar / 2, self._bar / 2)
        painter.end()


class _ScoreDelegate(QStyledItemDelegate):
    """Paints the name, the count with its disc, and below them the bars."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, max(_HEIGHT, option.fontMetrics.height() + 40))

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = ""

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        total: dict[str, int] = index.data(TotalRole)
        tokens, rect = theme.current(), QRect(option.rect).adjusted(_PAD, 6, -_PAD, -6)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(tokens.text))
        line = QRect(rect.left(), rect.top(), rect.width(), option.fontMetrics.height() + 2)
        count = tr("{right} of {all}").format(
            right=number(total.get("tuned", 0)), all=number(total.get("questions", 0))
        )
        right = option.fontMetrics.horizontalAdvance(count)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
        disc = QRect(line.right() - right - RING - 6, line.center().y() - RING // 2, RING, RING)
        paint_share(painter, disc, _share(total))
        room = line.adjusted(0, 0, -(right + RING + 14), 0)
        name = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        top = line.bottom() + 5.0
        painter.setPen(Qt.PenStyle.NoPen)
        for model, (height, token) in _BARS.items():
            if model in total:
                for share, colour in ((1.0, tokens.line), (total[model] / max(1, total["questions"]), None)):
                    painter.setBrush(QColor(colour or getattr(tokens, token)))
                    if share:
                        bar = QRectF(rect.left(), top, rect.width() * share, height)
                        painter.drawRoundedRect(bar, height / 2, height / 2)
                top += height + 2
        painter.restore()


def _share(total: Mapping[str, int]) -> float:
    return total.get("tuned", 0) / max(1, total.get("questions", 0))


def _words(total: Mapping[str, int]) -> str:
    """Return what the row shows, for who cannot see it."""
    asked = number(total.get("questions", 0))
    parts = [
        tr("{model}: {right} of {all} right").format(model=model_name(name), right=number(total[name]), all=asked)
        for name in _BARS
        if name in total
    ]
    return "; ".join([*parts, *([tr("weak")] if _share(total) < WEAK else [])])
