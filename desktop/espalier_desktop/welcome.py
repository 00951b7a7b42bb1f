"""The first window: the example, a project of one's own, or one that was open before."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFont,
    QPainter,
    QPaintEvent,
    QPen,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QListView,
    QMainWindow,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)
from typing_extensions import override

from espalier import __version__
from espalier_desktop import theme
from espalier_desktop.commands import Commands
from espalier_desktop.i18n import tr
from espalier_desktop.icons import paint_icon
from espalier_desktop.main_window import dropped_folder
from espalier_desktop.pages import page_specs
from espalier_desktop.recent import recent_projects
from espalier_desktop.widgets.basics import button, column, label, picture, row

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk

PathRole = Qt.ItemDataRole.UserRole  # the project's folder


class WelcomeWindow(QMainWindow):
    """What one can begin with, and what one began before."""

    def __init__(self, desk: "Desk") -> None:
        super().__init__()
        self._desk = desk
        self.setWindowTitle(tr("Welcome to Espalier"))
        self.setAcceptDrops(True)
        self.setFixedSize(860, 560)
        self.commands = Commands(self, [(spec.key, spec.title) for spec in page_specs()], has_project=False)
        desk.connect_common(self, self.commands)
        self.commands.on("close", self.close)
        self.commands.on("minimize", self.showMinimized)
        self.commands["zoom"].setEnabled(False)
        self.commands["welcome"].setEnabled(False)
        page = QWidget()
        page.setObjectName("page")
        layout = row(self._begin(), self._recent(), spacing=0)
        page.setLayout(layout)
        self.setCentralWidget(page)

    def _begin(self) -> QWidget:
        name = label("Espalier", "display")
        line = label(tr("Teach a language model what you know. Everything stays on your machine."), "muted", wrap=True)
        self.example = _tile("example", tr("Try the example"), tr("A small model learns about the Falkirk Wheel"))
        self.example.clicked.connect(self._desk.open_example)
        self.new = _tile("plus", tr("New project"), tr("Begin with an empty taxonomy"))
        self.new.clicked.connect(self._desk.new_project)
        self.open = _tile("folder", tr("Open a project"), tr("A folder with a project.yaml; or drop one here"))
        self.open.clicked.connect(self._desk.choose_folder)
        self.clone = _tile("clone", tr("Clone a taxonomy"), tr("Begin with the Git address of an existing one"))
        self.clone.clicked.connect(self._desk.clone_taxonomy)
        area = QWidget()
        items = column(
            row(_Mark(), None),
            12,
            name,
            row(label(tr("Version {version}").format(version=__version__), "caption"), None),
            4,
            line,
            20,
            self.example,
            self.new,
            self.open,
            self.clone,
            None,
            spacing=4,
        )
        items.setContentsMargins(40, 36, 32, 24)
        area.setLayout(items)
        return area

    def _recent(self) -> QWidget:
        side = QWidget()
        side.setObjectName("sidebar")
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side.setFixedWidth(320)
        model = QStandardItemModel(side)
        model.setHorizontalHeaderLabels([tr("Recent projects")])
        for path in recent_projects():
            item = QStandardItem(path.name)
            item.setEditable(False)
            item.setData(str(path), PathRole)
            item.setToolTip(str(path))
            model.appendRow(item)
        self.recent = QListView()
        self.recent.setObjectName("pages")
        self.recent.setAccessibleName(tr("Recent projects"))
        self.recent.setModel(model)
        self.recent.setItemDelegate(_RecentDelegate(self.recent))
        self.recent.activated.connect(self._open_recent)
        self.recent.clicked.connect(self._open_recent)
        title = label(tr("Recent projects"), "section")
        nothing = label(tr("Projects you open appear here."), "muted", wrap=True)
        has_any = model.rowCount() > 0
        self.recent.setVisible(has_any)
        nothing.setVisible(not has_any)
        title.setIndent(12)
        nothing.setIndent(12)
        items = column(title, self.recent if has_any else nothing, *([] if has_any else [None]), spacing=8)
        items.setContentsMargins(16, 24, 16, 16)
        side.setLayout(items)
        return side

    def _open_recent(self, index: QModelIndex) -> None:
        self._desk.open(Path(index.data(PathRole)))

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        dropped_folder(event)

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        if folder := dropped_folder(event):
            self._desk.open(Path(folder))


def _tile(icon_name: str, text: str, detail: str) -> QPushButton:
    """Return a wide button of two lines with an icon."""
    made = button("", role="tile")
    made.setAccessibleName(text)
    made.setAccessibleDescription(detail)
    made.setMinimumHeight(52)
    lines = column(None, label(text, "strong"), label(detail, "caption"), None, spacing=2)
    layout = row(picture(icon_name, 24), lines, None, spacing=12)
    layout.setContentsMargins(10, 6, 10, 6)
    made.setLayout(layout)
    for child in made.findChildren(QWidget):
        child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return made


class _Mark(QWidget):
    """The program's sign: a leaf on a square of the accent colour."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(56, 56)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent))
        painter.drawRoundedRect(self.rect(), 13, 13)
        paint_icon(painter, "leaf", QRect(12, 12, 32, 32), tokens.on_accent)
        painter.end()


class _RecentDelegate(QStyledItemDelegate):
    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, 48)

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = theme.current()
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        widget: QWidget = option.widget
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pill = area.adjusted(1, 1, -1, -1)
        has_focus = widget.hasFocus() and state & QStyle.StateFlag.State_HasFocus
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(QPen(QColor(tokens.ink), 2) if has_focus else Qt.PenStyle.NoPen)
            is_chosen = state & QStyle.StateFlag.State_Selected
            painter.setBrush(QColor(tokens.selected if is_chosen else tokens.hover))
            painter.drawRoundedRect(pill, 7, 7)
        font = QFont(widget.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        text = area.adjusted(12, 6, -10, -6)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, index.data())
        font.setPixelSize(11)
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        folder = str(Path(index.data(PathRole)).parent).replace(str(Path.home()), "~", 1)
        shown = painter.fontMetrics().elidedText(folder, Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, shown)
        painter.restore()
