"""The five steps side by side; each opens its page."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QWidget
from typing_extensions import override

from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.icons import paint_icon
from espalier_desktop.steps import Step, StepState
from espalier_desktop.widgets.basics import column, label, row, set_role

_ROLES = {StepState.BROKEN: "caption error", StepState.STALE: "caption warning"}


class StepStrip(QFrame):
    """Five tiles in a row.

    Signals:
        opened: key of the page whose tile was pressed.
    """

    opened = Signal(str)

    def __init__(self, count: int = 5) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.tiles = [StepTile(place + 1) for place in range(count)]
        layout = row(*self.tiles, spacing=4)
        layout.setContentsMargins(8, 8, 8, 8)
        self.setLayout(layout)
        for tile in self.tiles:
            tile.clicked.connect(lambda _=False, tile=tile: self.opened.emit(tile.page))

    def show_steps(self, steps: list[Step]) -> None:
        """Show where each step is."""
        for tile, step in zip(self.tiles, steps, strict=True):
            tile.show_step(step)


class StepTile(QPushButton):
    """One step: a sign for its state, its name, and a few words.

    Attributes:
        page: key of the page that it opens.
    """

    def __init__(self, place: int) -> None:
        super().__init__()
        self.setProperty("role", "tile")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(64)
        self.page = ""
        self._sign = _Sign(place)
        self._title = label(role="strong")
        self._text = label(role="caption", wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = row(self._sign, column(None, self._title, self._text, None, spacing=2), spacing=10)
        layout.setStretch(1, 1)
        layout.setContentsMargins(8, 8, 0, 8)
        self.setLayout(layout)
        for child in self.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    @override
    def sizeHint(self) -> QSize:
        return QSize(150, 64)

    def show_step(self, step: Step) -> None:
        """Show where the step is, in sign and words."""
        states = {
            StepState.DONE: tr("done"),
            StepState.NEXT: tr("next"),
            StepState.STALE: tr("out of date"),
            StepState.WAITING: tr("waiting"),
            StepState.BROKEN: tr("needs mending"),
            StepState.UNKNOWN: tr("checking"),
            StepState.RUNNING: tr("running"),
        }
        self.page = step.page
        self._title.setText(step.title)
        self._text.setText(step.text)
        set_role(self._text, _ROLES.get(step.state, "caption"))
        self._sign.show_state(step.state)
        self.setAccessibleName(f"{step.title}: {states[step.state]}")
        self.setAccessibleDescription(step.text)
        self.setToolTip(step.text)


class _Sign(QWidget):
    """A disc with the step's number, or with what its state is in shape as well as colour."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.setFixedSize(32, 32)
        self._place = place
        self._state = StepState.UNKNOWN

    def show_state(self, state: StepState) -> None:
        self._state = state
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = self.rect().adjusted(1, 1, -1, -1)
        signs = {
            StepState.DONE: ("check", tokens.good_tint, tokens.good),
            StepState.STALE: ("refresh", tokens.warning_tint, tokens.warning),
            StepState.BROKEN: ("warning", tokens.error_tint, tokens.error),
            StepState.RUNNING: ("wait", tokens.selected, tokens.ink),
        }
        if self._state in signs:
            name, tint, colour = signs[self._state]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tint))
            painter.drawEllipse(disc)
            paint_icon(painter, name, QRect(7, 7, 18, 18), colour)
        else:
            is_next = self._state is StepState.NEXT
            painter.setPen(Qt.PenStyle.NoPen if is_next else QPen(QColor(tokens.edge), 1.5))
            painter.setBrush(QColor(tokens.accent) if is_next else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(disc)
            painter.setPen(QColor(tokens.on_accent if is_next else tokens.muted))
            font = painter.font()
            font.setWeight(font.Weight.DemiBold)
            painter.setFont(font)
            painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, str(self._place))
        painter.end()
