"""One value of a leaf as a field: its name, its text, a counter, and what is wrong with it."""

from collections.abc import Callable, Sequence, Set
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget
from typing_extensions import override

from espalier.taxonomy.hints import MAX_WORDS
from espalier.taxonomy.leaf_text import Where
from espalier.taxonomy.problems import Problem
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.problem_list import ProblemList
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.plain_edit import GrowingEdit

_PAUSE = 250  # milliseconds after the last key until the leaf's text is changed
_LINES = ("created_by", "domain", "repo", "commit")  # values of one line


class Field(QWidget):
    """A text at one place of a leaf.

    Signals:
        typed: place and new text, a moment after the last key or when the keyboard goes elsewhere.
        mend_wanted: the problem whose mend was asked for.
    """

    typed = Signal(object, str)
    mend_wanted = Signal(object)

    def __init__(self, where: Where, title: str, name: str, lines: int = 1, help_text: str = "") -> None:
        super().__init__()
        self.where = where
        self.edit = GrowingEdit(name, lines, is_line=where[-1] in _LINES)
        self.edit.setPlaceholderText(help_text)
        self.counter = label(role="caption")
        self.problems = ProblemList()
        self.problems.mend_wanted.connect(self.mend_wanted)
        self._shown: Any = ""
        self._pause = QTimer(self, interval=_PAUSE, singleShot=True)
        self._pause.timeout.connect(self._commit)
        self.edit.textChanged.connect(self._on_typed)
        self.edit.installEventFilter(self)
        self._head = row(label(title, "section"), None, self.counter)
        self.setLayout(column(self._head, self.edit, self.problems, spacing=4))
        self._count()

    def offer(self, text: str, do: Callable[[], object]) -> QPushButton:
        """Put a link beside the field's name, and return it."""
        made = button(text, do, role="link")
        made.setAccessibleName(f"{text} {self.edit.accessibleName()}")
        self._head.insertWidget(1, made)
        return made

    def show_value(self, value: Any, problems: Sequence[Problem], fixable: Set[str] = frozenset()) -> None:
        """Show the value and its problems; what is being typed is not disturbed."""
        if not self._pause.isActive():
            self._shown = value
            self.edit.show_words(_as_text(value))
            self._count()
        self.problems.show_problems(problems, fixable)

    def give(self) -> None:
        """Hand over what was typed, if anything."""
        if self._pause.isActive():
            self._pause.stop()
            self._commit()

    @Slot()
    def _commit(self) -> None:
        words = self.edit.words
        if words == _as_text(self._shown):
            return
        if isinstance(self._shown, str) and self._shown.endswith("\n") and words:
            words += "\n"  # a block of text ends with a line end that the field does not show
        self._shown = words
        self.typed.emit(self.where, words)

    @Slot()
    def _on_typed(self) -> None:
        self._pause.start()
        self._count()

    def _count(self) -> None:
        limit = MAX_WORDS.get(str(self.where[-1]), 0)
        words = len(self.edit.words.split())
        is_close = bool(limit) and (words > 0.8 * limit or (self.where[-1] == "context" and words > 0))
        self.counter.setText(tr("{count} of {limit} words").format(count=words, limit=limit) if is_close else "")
        set_role(self.counter, "warning" if limit and words > limit else "caption")

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusOut:
            self.give()
        return False


def _as_text(value: Any) -> str:
    return value.removesuffix("\n") if isinstance(value, str) else "" if value is None else str(value)
