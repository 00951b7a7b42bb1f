"""The questions that improved, regressed or stayed the same, and the answers to one of them side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFrame, QListView, QTextBrowser, QWidget
from typing_extensions import override

from espalier.evaluation.figures import MODELS
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.compare.scoreboard_words import change_name, judge_name, model_name
from espalier_desktop.widgets.basics import column, label, picture, row, set_role
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.segments import Segments

Index = QModelIndex | QPersistentModelIndex
_NARROWEST = 420  # px
CHANGES = ("improved", "regressed", "same")
_SIGNS = {"improved": ("up", "good"), "regressed": ("down", "error"), "same": ("minus", "muted")}


class AnswersPane(QWidget):
    """A switch between the three lists, the questions of one, and the chosen one's answers."""

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[Mapping[str, Any]] = ()
        self._leaf = ""
        self._change = "improved"
        self.changes = Segments({change: f"{change_name(change)} 0000" for change in CHANGES}, tr("What changed"))
        self.changes.chosen.connect(self.show_change)
        self.list = _Questions()
        self.list.moved.connect(self._show_answers)
        self.nothing = label(role="muted", wrap=True)
        self.judged = label(role="muted", wrap=True)
        self.reference = label(wrap=True, selectable=True)
        self.sides = {name: _Answer(model_name(name)) for name in MODELS}
        for text in (self.nothing, self.judged, self.reference):
            text.setMinimumWidth(_NARROWEST)
        answers = row(*self.sides.values(), spacing=10)
        layout = column(self.changes, self.list, self.nothing, self.reference, answers, self.judged, spacing=6)
        layout.setAlignment(self.changes, Qt.AlignmentFlag.AlignLeft)
        layout.setStretch(1, 3)
        layout.setStretch(4, 2)
        self.setLayout(layout)
        self.setMinimumWidth(_NARROWEST)

    @property
    def shown(self) -> list[Mapping[str, Any]]:
        """Return the questions of the chosen leaf and change."""
        return [each for each in self._here() if each["change"] == self._change]

    def show_questions(self, questions: Sequence[Mapping[str, Any]], leaf: str) -> None:
        """Show the questions of a report, each with its answers and what changed."""
        self._all, self._leaf = [each for each in questions if "change" in each], leaf
        counts = self._counts()
        if not counts[self._change]:
            self._change = max(CHANGES, key=counts.__getitem__)
        self._refresh()

    def show_leaf(self, leaf: str) -> None:
        """Show the questions of one leaf, or of all for ""."""
        self._leaf = leaf
        self._refresh()

    @Slot(str)
    def show_change(self, change: str) -> None:
        """Show the questions of one list."""
        self._change = change
        self._refresh()

    def _here(self) -> list[Mapping[str, Any]]:
        return [each for each in self._all if self._leaf in ("", each["leaf"])]

    def _counts(self) -> dict[str, int]:
        changes = [each["change"] for each in self._here()]
        return {change: changes.count(change) for change in CHANGES}

    def _refresh(self) -> None:
        for change, count in self._counts().items():
            made = self.changes.buttons[change]
            made.setText(f"{change_name(change)} {number(count)}")
            made.setAccessibleName(f"{change_name(change)}: {number(count)}")
        self.changes.choose(self._change)
        self.list.show_texts([each["question"] for each in self.shown], self._change)
        self.nothing.setVisible(not self.shown)
        self.nothing.setText(
            tr("No question of this leaf is in this list.")
            if self._all
            else tr("This report has no answers. Evaluate again to see them.")
        )
        self.list.setVisible(bool(self.shown))
        self._show_answers(0)

    @Slot(int)
    def _show_answers(self, place: int) -> None:
        shown = self.shown
        has_any = 0 <= place < len(shown)
        self.reference.setVisible(has_any)
        self.judged.setVisible(has_any)
        for side in self.sides.values():
            side.setVisible(False)
        if not has_any:
            return
        each = shown[place]
        wanted = each["reference"] or " / ".join(each["accept"])
        self.reference.setText(tr("Right answer: {answer}").format(answer=wanted))
        self.judged.setText(tr("Judged by: {judge}").format(judge=judge_name(each["judge"])))
        for name, side in self.sides.items():
            if name in each["answers"]:
                side.show_answer(each["answers"][name], is_right=each["right"][name])


class _Questions(QListView):
    """One line for each question.

    Signals:
        moved: place of the question that is current now.
    """

    moved = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "rows")
        self.setAccessibleName(tr("Questions"))
        self._rows = QStandardItemModel(self)
        self.setModel(self._rows)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setMinimumHeight(90)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_texts(self, texts: Sequence[str], change: str) -> None:
        """Show questions that share what became of them."""
        self._rows.clear()
        for text in texts:
            item = QStandardItem(icon(*_SIGNS[change]), " ".join(text.split()))
            item.setData(f"{change_name(change)}: {text}", Qt.ItemDataRole.AccessibleTextRole)
            self._rows.appendRow(item)
        if texts:
            self.setCurrentIndex(self._rows.index(0, 0))

    @override
    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.moved.emit(current.row())


class _Answer(QFrame):
    """One form of the student and its answer as plain text, with a sign and a word for right or wrong."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._name = name
        self._signs = {True: picture("kept", 16, "good"), False: picture("error", 16, "error")}
        self.verdict = label(role="muted")
        self.text = QTextBrowser()
        self.text.setProperty("role", "answer")
        self.text.setOpenLinks(False)
        self.text.setTabChangesFocus(True)
        self.text.document().setDocumentMargin(0)
        self.text.setMinimumHeight(56)
        layout = column(row(label(name, "strong"), None, *self._signs.values(), self.verdict, spacing=4), self.text)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_answer(self, answer: str, *, is_right: bool) -> None:
        word = tr("right") if is_right else tr("wrong")
        for kind, sign in self._signs.items():
            sign.setVisible(kind == is_right)
        self.verdict.setText(word)
        set_role(self.verdict, "good" if is_right else "error")
        self.text.setPlainText(answer or tr("(no answer)"))
        self.text.setAccessibleName(f"{self._name}, {word}")
        self.setVisible(True)
