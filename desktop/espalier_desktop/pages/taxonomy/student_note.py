"""The student's answer beside the expected one, with a verdict in plain words."""

from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from espalier.evaluation.probe import Verdict, verdict
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.taxonomy.student_check import Reply
from espalier_desktop.widgets.basics import column, label, picture, row, set_role
from espalier_desktop.widgets.formats import number


class StudentNote(QFrame):
    """What is known of one question; nothing while it was not asked."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "note")
        self.verdict = label(role="strong", wrap=True)
        self.agreement = label(role="caption")
        self.answer = label(wrap=True, selectable=True)
        self.expected = label(wrap=True, selectable=True)
        sides = row(
            _side(tr("The student as it came"), self.answer), _side(tr("You expect"), self.expected), spacing=16
        )
        sides.setStretch(0, 1)
        sides.setStretch(1, 1)
        self._sides = QWidget()
        self._sides.setLayout(sides)
        self._signs = {name: picture(name, 16, token) for name, token in (("check", "good"), ("help", "muted"))}
        head = row(*self._signs.values(), self.verdict, self.agreement, spacing=6)
        head.setStretch(2, 1)
        layout = column(head, self._sides, spacing=6)
        layout.setContentsMargins(10, 8, 10, 8)
        self.setLayout(layout)
        self.hide()

    def show_reply(self, reply: Reply | None, question: str, expected: str, *, is_skill: bool) -> None:
        """Show where a question is; an answer is measured against what is expected now."""
        self.setVisible(reply is not None)
        if reply is None:
            return
        answer = reply.answer
        self._sides.setVisible(answer is not None)
        self.agreement.setVisible(answer is not None)
        set_role(self.verdict, "error" if reply.failed else "muted" if reply.waiting else "strong")
        found: Verdict = "other"
        if answer is None:
            self.verdict.setText(said(reply.failed) or reply.waiting)
        else:
            found, score = verdict(question, answer, expected)
            self.verdict.setText(_words(found, is_skill=is_skill))
            self.agreement.setText(tr("agreement {percent} %").format(percent=number(100 * score)))
            self.answer.setText(answer or tr("It says nothing."))
            self.expected.setText(expected)
        self._signs["check"].setVisible(answer is not None and found == "same")
        self._signs["help"].setVisible(answer is not None and found == "part")


def _words(found: Verdict, *, is_skill: bool) -> str:
    if is_skill:
        return {
            "same": tr("The student answers much as you do already."),
            "part": tr("The student answers a part of it as you do."),
            "other": tr("The student answers otherwise, so there is something to teach."),
        }[found]
    return {
        "same": tr("The student seems to know this already."),
        "part": tr("The student seems to know a part of this."),
        "other": tr("The student does not know this yet, so it is worth teaching."),
    }[found]


def _side(title: str, text: QWidget) -> QWidget:
    text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    side = QWidget()
    side.setLayout(column(label(title, "section"), text, None, spacing=2))
    return side
