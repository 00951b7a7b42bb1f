"""The probe questions with their answers at every checkpoint: a strip each, and the words of one checkpoint."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSlider, QStackedWidget, QWidget
from typing_extensions import override

from espalier.evaluation.questions import Question
from espalier.training.curves import Curves
from espalier.training.probes import is_right
from espalier_desktop import theme
from espalier_desktop.i18n import tr
from espalier_desktop.icons import paint_icon
from espalier_desktop.widgets.basics import button, clear, column, label, row, set_role
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.formats import number

_CELL = 22  # px


class ProbesPane(QWidget):
    """A slider over the checkpoints; below it each question with its strip and its answer there.

    Signals:
        choose_wanted: other questions should be chosen.
    """

    choose_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.place = QSlider(Qt.Orientation.Horizontal)
        self.place.setAccessibleName(tr("Checkpoint"))
        self.place.setPageStep(1)
        self.place.setMinimumHeight(24)
        self.place.valueChanged.connect(self._show_place)
        self.step = label(role="strong")
        self.step.setMinimumWidth(150)
        self.sum = label(role="muted")
        self.choose = button(tr("Choose Questions…"), self.choose_wanted.emit)
        self.empty = EmptyState("help", tr("No answers yet"), "")
        self.cards: list[ProbeCard] = []
        self._questions: list[Question] = []
        self._probed: list[tuple[int, tuple[str, ...]]] = []
        self._cards = column(spacing=10)
        inner = QWidget()
        inner.setLayout(column(self._cards, None))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        head = row(self.step, self.place, self.sum, spacing=14)
        head.setStretch(1, 1)
        content = QWidget()
        layout = column(head, scroll, spacing=12)
        layout.setStretch(1, 1)
        content.setLayout(layout)
        self._stack: QStackedWidget = empty_or(self.empty, content)
        about = label(tr("A few held-out questions, asked again at every checkpoint"), "muted")
        whole = column(row(about, None, self.choose), self._stack, spacing=12)
        whole.setStretch(1, 1)
        self.setLayout(whole)

    def show_probes(self, questions: Sequence[Question], curves: Curves, why_none: str) -> None:
        """Show what a run's questions were answered; ``why_none`` says why there is nothing to show."""
        probed = [entry for entry in curves.probed if len(entry[1]) == len(questions)]
        self._stack.setCurrentIndex(1 if probed else 0)
        self.empty.sentence.setText(why_none)
        if list(questions) != self._questions:
            self._questions = list(questions)
            clear(self._cards)
            self.cards = [ProbeCard(question, self.place.setValue) for question in questions]
            for made in self.cards:
                self._cards.addWidget(made)
        if probed == self._probed:
            return
        was_last = self.place.value() == max(0, len(self._probed) - 1)
        self._probed = probed
        for index, made in enumerate(self.cards):
            made.show_answers([(step, answers[index]) for step, answers in probed])
        self.place.blockSignals(True)
        self.place.setRange(0, max(0, len(probed) - 1))
        if was_last:
            self.place.setValue(len(probed) - 1)
        self.place.blockSignals(False)
        self._show_place(self.place.value())

    def _show_place(self, place: int) -> None:
        if not self._probed:
            return
        place = min(place, len(self._probed) - 1)
        step = self._probed[place][0]
        text = tr("After update {step}").format(step=number(step)) if step else tr("Before training")
        self.step.setText(text)
        for made in self.cards:
            made.show_place(place)
        right = sum(made.is_right for made in self.cards)
        self.sum.setText(tr("{right} of {all} right").format(right=number(right), all=number(len(self.cards))))
        self.place.setAccessibleDescription(f"{text}: {self.sum.text()}")


class ProbeCard(QFrame):
    """One question: its strip and the answer at one checkpoint."""

    def __init__(self, question: Question, choose: Callable[[int], object]) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.question = question
        self.is_right = False
        self._answers: list[str] = []
        self.strip = Strip(choose)
        self.strip.setAccessibleName(question.question)
        self.answer: QLabel = label(wrap=True, selectable=True)
        self.expected = label(role="caption", wrap=True)
        expected = " / ".join(question.accept) or question.reference
        self.expected.setText(tr("Expected: {answer}").format(answer=expected))
        head = label(question.question, "strong", wrap=True)
        layout = column(head, self.strip, self.answer, self.expected, spacing=6)
        layout.setContentsMargins(16, 12, 16, 12)
        self.setLayout(layout)

    def show_answers(self, answers: Sequence[tuple[int, str]]) -> None:
        """Show the answers at all checkpoints, each with its update."""
        self._answers = [answer for _, answer in answers]
        self.strip.show_cells([(step, is_right(self.question, answer)) for step, answer in answers])

    def show_place(self, place: int) -> None:
        """Show the answer at a checkpoint, counted from 0."""
        self.strip.choose(place)
        self.is_right = self.strip.cells[place][1]
        self.answer.setText(self._answers[place] or tr("(no answer)"))
        set_role(self.answer, "good" if self.is_right else "")


class Strip(QWidget):
    """A cell for each checkpoint with a tick or a cross; the arrow keys go from one to the next."""

    def __init__(self, choose: Callable[[int], object]) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(_CELL + 4)
        self.cells: list[tuple[int, bool]] = []
        self._chosen = 0
        self._choose = choose

    def show_cells(self, cells: Sequence[tuple[int, bool]]) -> None:
        """Show (update, whether the answer is right) for each checkpoint."""
        self.cells = list(cells)
        told = ", ".join(f"{number(step)}: {tr('right') if right else tr('wrong')}" for step, right in cells)
        self.setAccessibleDescription(told)
        self.update()

    def choose(self, place: int) -> None:
        """Show which checkpoint is looked at."""
        self._chosen = place
        self.update()

    @property
    def _width(self) -> float:
        return min(_CELL + 4.0, self.width() / max(1, len(self.cells)))

    @override
    def sizeHint(self) -> QSize:
        return QSize(200, _CELL + 4)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = int(event.position().x() / self._width)
        if place < len(self.cells):
            self._choose(place)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if way:
            self._choose(min(max(self._chosen + way, 0), len(self.cells) - 1))
        else:
            super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self._width
        for place, (_, right) in enumerate(self.cells):
            box = QRectF(place * width + 2, 2, width - 4 if width > 8 else width - 1, _CELL)
            chosen = QPen(QColor(tokens.ink if self.hasFocus() else tokens.text), 2)
            painter.setPen(chosen if place == self._chosen else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.good_tint if right else tokens.line))
            painter.drawRoundedRect(box, 4, 4)
            if width >= 16:
                icon = box.toRect().adjusted(4, 4, -4, -4)
                paint_icon(painter, "check" if right else "close", icon, tokens.good if right else tokens.muted)
        painter.end()
