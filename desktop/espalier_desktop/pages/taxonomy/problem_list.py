"""Problems in words under the field that they are about, each with its mend where there is one."""

from collections.abc import Callable, Sequence, Set

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from espalier.taxonomy.problems import Problem, Severity
from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.basics import button, clear, column, label, picture, row

SIGNS = {"error": "error", "warning": "warning", "hint": "help"}  # icons


def severity_word(severity: Severity) -> str:
    """Return what a severity is called."""
    return {"error": tr("Error"), "warning": tr("Warning"), "hint": tr("Hint")}[severity]


class ProblemList(QWidget):
    """The problems of one place; nothing while there is none.

    Signals:
        mend_wanted: the problem whose mend was asked for.
    """

    mend_wanted = Signal(object)

    def __init__(self, *, with_lines: bool = False) -> None:
        super().__init__()
        self._with_lines = with_lines
        self._rows = column(spacing=4)
        self.problems: tuple[Problem, ...] = ()
        self._fixable: Set[str] = frozenset()
        self.setLayout(self._rows)
        self.hide()

    def show_problems(self, problems: Sequence[Problem], fixable: Set[str] = frozenset()) -> None:
        """Show these and no others, with a button to mend those whose code is among the fixable ones."""
        if tuple(problems) == self.problems and fixable == self._fixable:
            return
        self.problems, self._fixable = tuple(problems), fixable
        clear(self._rows)
        for problem in problems:
            self._rows.addWidget(self._row(problem))
        self.setVisible(bool(problems))

    def _row(self, problem: Problem) -> QWidget:
        role = {"error": "error", "warning": "warning", "hint": "muted"}[problem.severity]
        words = said(problem.message)
        if self._with_lines:
            words = tr("Line {line}: {message}").format(line=problem.line, message=words)
        text = label(words, role, wrap=True)
        text.setAccessibleName(f"{severity_word(problem.severity)}: {words}")
        items = row(picture(SIGNS[problem.severity], 15, role), text, spacing=6)
        items.setStretch(1, 1)
        if problem.code in self._fixable:
            words = tr("Keep in This Project") if problem.code == "no-repository" else tr("Fix")
            items.addWidget(button(words, self._mender(problem), role="link"))
        made = QWidget()
        made.setLayout(items)
        return made

    def _mender(self, problem: Problem) -> Callable[[], None]:
        return lambda: self.mend_wanted.emit(problem)
