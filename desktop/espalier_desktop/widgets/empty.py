"""What a page shows when there is nothing yet: what it is for, and the one next thing to do."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStackedWidget, QWidget

from espalier_desktop.widgets.basics import column, label, picture, row


class EmptyState(QWidget):
    """An icon, a line, a sentence and what can be done, the first thing first, in the middle of the room there is."""

    def __init__(self, icon_name: str, line: str, sentence: str, *actions: QPushButton) -> None:
        super().__init__()
        self.line = label(line, "headline")
        self.sentence = label(sentence, "muted", wrap=True)
        self.sentence.setMinimumWidth(440)
        self.sentence.setMaximumWidth(460)
        for text in (self.line, self.sentence):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        items: list[object] = [row(None, picture(icon_name, 40), None), 4, self.line, row(None, self.sentence, None)]
        if actions:
            items += [8, row(None, *actions, None)]
        self.setLayout(column(None, *items, None))  # type: ignore[arg-type]  # a list of what column takes


def empty_or(empty: EmptyState, content: QWidget) -> QStackedWidget:
    """Return both in one place: index 0 shows the empty state, 1 the content."""
    stack = QStackedWidget()
    stack.addWidget(empty)
    stack.addWidget(content)
    return stack
