"""One side of a comparison: what it holds and how that was proven, its conversation, and what the answer cost."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QComboBox, QFrame, QProgressBar, QPushButton, QSizePolicy

from espalier.comparison.chats import Answer
from espalier.messages import Loaded
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.compare.transcript import Transcript
from espalier_desktop.pages.compare.wording import choice_title, figures_line, proof_line
from espalier_desktop.widgets.basics import button, column, label, picture, row, set_role
from espalier_desktop.widgets.formats import number

OTHER_ADAPTER, OTHER_ENDPOINT = "other adapter", "other endpoint"


class Pane(QFrame):
    """A side.

    Signals:
        chosen: what it shall hold, as a request says it; or `OTHER_ADAPTER` or `OTHER_ENDPOINT`.
        documents_toggled: whether it shall see the documents.
    """

    chosen = Signal(object)
    documents_toggled = Signal(bool)

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._title = title
        self.picker = QComboBox()
        self.picker.setAccessibleName(tr("{pane}: who answers").format(pane=title))
        self.picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.picker.setMinimumContentsLength(14)
        self.picker.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.picker.activated.connect(lambda _: self.chosen.emit(self.picker.currentData()))
        self.hidden = label(title, "headline")
        self.hidden.hide()
        about = tr("Puts the parts of your documents that fit the question before it: tuning against reading.")
        self.documents = toggle(tr("With Documents"), about)
        self.documents.setAccessibleName(tr("{pane}: answer with the documents in view").format(pane=title))
        self.documents.toggled.connect(self.documents_toggled)
        self.proof = label(role="caption", wrap=True)
        self._alarm_text = label(wrap=True)
        self.alarm = QFrame()
        self.alarm.setProperty("role", "alarm")
        self.alarm.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        inside = row(picture("error", 18, "error"), self._alarm_text, spacing=8)
        inside.setStretch(1, 1)
        inside.setContentsMargins(10, 8, 10, 8)
        self.alarm.setLayout(inside)
        self.alarm.hide()
        self.transcript = Transcript(title)
        self.transcript.setPlaceholderText(tr("The answer appears here."))
        self.figures = label(role="caption")
        self.figures.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.gauge = QProgressBar()
        self.gauge.setFixedWidth(64)
        self.gauge.setTextVisible(False)
        self.gauge.setAccessibleName(tr("{pane}: how full the context is").format(pane=title))
        self.again = self._link(tr("Regenerate"), tr("{pane}: answer again"))
        self.correct = self._link(tr("Correct…"), tr("{pane}: correct the answer"))
        self.why = self._link(tr("Why?"), tr("{pane}: why does it say that?"))
        self.why.setToolTip(tr("Show the training rows that are nearest to this answer"))
        head = row(self.picker, self.hidden, self.documents, spacing=8)
        head.setStretch(0, 1)
        head.setStretch(1, 1)
        cost = row(self.figures, self.gauge, spacing=6)
        cost.setStretch(0, 1)
        foot = row(None, self.why, self.correct, self.again, spacing=6)
        layout = column(head, self.proof, self.alarm, self.transcript, cost, foot, spacing=6)
        layout.setStretch(3, 1)
        layout.setContentsMargins(14, 12, 12, 8)
        self.setLayout(layout)
        self.gauge.hide()

    def offer(self, choices: Sequence[tuple[Mapping[str, str], str]], chosen: Mapping[str, str]) -> None:
        """Show what it may hold, and what was chosen; that is added where it is not offered."""
        items = [*choices]
        if not any(dict(pane) == dict(chosen) for pane, _ in items):
            name = chosen.get("model") or chosen.get("endpoint") or chosen.get("run") or ""
            items.append((chosen, choice_title(chosen, name)))
        extra = [(OTHER_ADAPTER, tr("Another Adapter…")), (OTHER_ENDPOINT, tr("Another Endpoint…"))]
        wanted = [title for _, title in items] + [title for _, title in extra]
        if [self.picker.itemText(place) for place in range(self.picker.count())] != wanted:
            self.picker.clear()
            for pane, title in items:
                self.picker.addItem(title, dict(pane))
            for key, title in extra:
                self.picker.addItem(title, key)
        self.picker.setCurrentIndex(next(at for at, (pane, _) in enumerate(items) if dict(pane) == dict(chosen)))
        self.picker.setToolTip(self.picker.currentText())

    def show_held(self, held: Loaded | None, chosen: Mapping[str, str], *, is_blind: bool, is_hidden: bool) -> None:
        """Show what it holds, once that is known; nothing of it while names are hidden.

        Args:
            held: as the worker told it.
            chosen: as a request says it.
            is_blind: whether sides are shuffled, so that none is chosen here.
            is_hidden: whether it is not told yet who answered.
        """
        self.picker.setVisible(not is_blind)
        self.hidden.setVisible(is_blind)
        self.documents.setVisible(not is_blind)
        self.alarm.setVisible(not is_hidden and held is not None and bool(held.proof))
        is_away = chosen.get("kind") == "endpoint"
        if is_hidden:
            line = tr("Hidden until you vote")
        elif held:
            line = proof_line(held)
            self._alarm_text.setText(said(held.proof))
        elif is_away:
            line = tr("Leaves this Mac: your question is sent to {place}").format(place=chosen.get("endpoint", ""))
        else:
            line = tr("Checked when it is loaded, with the first question")
        set_role(self.proof, "warning" if is_away and not is_hidden else "caption")
        self.proof.setText(line)
        self.proof.setToolTip("" if is_hidden else line)

    def show_answer(self, answer: Answer | None, held: Loaded | None, *, is_hidden: bool) -> None:
        """Show what the last answer cost, and how full the context is."""
        used = int(answer.figures.get("context", 0)) if answer else 0
        room = held.context if held else 0
        is_known = bool(used and room) and not is_hidden
        self.figures.setText("" if answer is None or is_hidden else figures_line(answer))
        self.figures.setToolTip(self.figures.text())
        self.gauge.setVisible(is_known)
        if is_known:
            self.gauge.setMaximum(room)
            self.gauge.setValue(min(used, room))
            text = tr("{used} of {room} tokens of context are used").format(used=number(used), room=number(room))
            self.gauge.setToolTip(text)
            self.gauge.setAccessibleDescription(text)

    def _link(self, text: str, name: str) -> QPushButton:
        made = button(text, role="link")
        made.setAccessibleName(name.format(pane=self._title))
        return made


def toggle(text: str, about: str) -> QPushButton:
    """Return a button that stays down; ``about`` is its tool tip."""
    made = button(text)
    made.setCheckable(True)
    made.setProperty("role", "segment")
    made.setProperty("place", "alone")
    made.setToolTip(about)
    bold = QFont(made.font())
    bold.setBold(True)  # as it is when it is down
    made.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(text) + 34)
    return made
