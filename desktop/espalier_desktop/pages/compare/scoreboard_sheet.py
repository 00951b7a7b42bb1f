"""The sheet that asks what an evaluation shall hold beside the held-out questions."""

from collections.abc import Callable, Collection

from PySide6.QtWidgets import QCheckBox, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import column, label
from espalier_desktop.widgets.sheet import Sheet


class EvaluateSheet(Sheet):
    """A box for each part; what the run's report holds already stays in it.

    Args:
        parent: the window.
        parts: of the run's last report, by their names in the engine.
        has_documents: multiple choice can be made.
        start: told the parts that the person wants.
    """

    def __init__(
        self, parent: QWidget, parts: Collection[str], has_documents: bool, start: Callable[[list[str]], object]
    ) -> None:
        text = tr("The held-out questions are always asked. Answers that are there already are not asked again.")
        super().__init__(parent, tr("Evaluate"), text)
        told = {
            "forgetting": (tr("Forgetting check"), tr("Are 70 general questions still answered as before?")),
            "mcq": (tr("Multiple choice"), tr("Gaps in sentences of your own documents, four choices each.")),
            "two-turn": (tr("Conversations"), tr("Twelve requests with a second turn, graded by the critic; slow.")),
            "grades": (tr("Grades"), tr("The critic grades every answer from 1 to 5 by its right answer.")),
        }
        self.boxes: dict[str, QCheckBox] = {}
        for part, (name, why) in told.items():
            box = QCheckBox(name)
            box.setChecked(part in parts)
            box.setEnabled(part not in parts)
            box.setAccessibleDescription(why)
            about = label(why, "muted", wrap=True)
            about.setContentsMargins(24, 0, 0, 0)
            about.setMinimumWidth(360)
            self.boxes[part] = box
            self.body.addSpacing(4)
            self.body.addLayout(column(box, about, spacing=2))
        if not has_documents:
            self.boxes["mcq"].setChecked(False)
            self.boxes["mcq"].setEnabled(False)
            self.boxes["mcq"].setToolTip(tr("There is no knowledge leaf with documents."))
        self.add_cancel()
        self.add(tr("Evaluate"), lambda: start(self.parts), is_primary=True)

    @property
    def parts(self) -> list[str]:
        """Return the parts with a tick."""
        return [part for part, box in self.boxes.items() if box.isChecked()]
