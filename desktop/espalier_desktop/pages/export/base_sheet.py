"""The sheet that asks what the student is called on Hugging Face, where nothing on this machine tells it."""

from collections.abc import Callable, Collection
from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QWidget

from espalier.errors import EspalierError
from espalier.sharing.base import is_public_name
from espalier.sharing.records import base_of
from espalier.training.run import Run
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, column, label
from espalier_desktop.widgets.sheet import Sheet


def with_base(parent: QWidget, run: Run, forms: Collection[str], go_on: Callable[[str], object]) -> None:
    """Go on with the student's public name where it has to be asked for, else with "".

    PEFT alone fetches the base by its name; once given, a name is remembered with the run.
    """
    try:
        is_known = "peft" not in forms or bool(base_of(run))
    except EspalierError:
        is_known = True  # the student is gone, which the engine says when it needs it
    if is_known:
        go_on("")
    else:
        BaseSheet(parent, Path(str(run.request.get("student", ""))).name, go_on).open()


class BaseSheet(Sheet):
    """Asks for ``OWNER/NAME`` of the student.

    Args:
        parent: the window.
        student: what the model is called here.
        take: given the name.
    """

    def __init__(self, parent: QWidget, student: str, take: Callable[[str], object]) -> None:
        text = tr(
            "An adapter is loaded together with the model that it was trained on. Which one is {student} there, as it "
            "was before its weights were rounded?"
        )
        line = tr("What is the student called on Hugging Face?")
        super().__init__(parent, line, text.format(student=student))
        self._take = take
        self.name = QLineEdit()
        self.name.setPlaceholderText("HuggingFaceTB/SmolLM2-135M-Instruct")
        self.name.setAccessibleName(tr("Owner and name of the model"))
        self.body.addLayout(column(label(tr("Owner and name of the model"), "section"), self.name, spacing=4))
        self.add_cancel()
        self.confirm = button(tr("Continue"), self._confirm, role="primary")
        self.confirm.setDefault(True)
        self._buttons.addWidget(self.confirm)
        self.name.textChanged.connect(self._refresh)
        self._refresh()
        self.name.setFocus()

    def _refresh(self) -> None:
        self.confirm.setEnabled(is_public_name(self.name.text().strip()))

    def _confirm(self) -> None:
        self.accept()
        self._take(self.name.text().strip())
