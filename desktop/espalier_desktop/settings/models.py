"""The models that new projects begin with."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout

from espalier.errors import EspalierError
from espalier.models.folder import list_models
from espalier.models.starter import STARTER
from espalier.settings import change_settings, usable_settings
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr
from espalier_desktop.settings.panel import Panel, group
from espalier_desktop.widgets.basics import button, label, line, row
from espalier_desktop.widgets.sheet import tell

if TYPE_CHECKING:
    from espalier_desktop.desk import Desk

ROLES = ("student", "teacher", "critic")


class ModelsPanel(Panel):
    """Student, teacher and critic of new projects; those of a project are chosen on its Overview."""

    def __init__(self, desk: "Desk") -> None:
        chosen = usable_settings()
        names = list(dict.fromkeys([STARTER, *(model.name for model in list_models())]))
        titles = {"student": tr("Student"), "teacher": tr("Teacher"), "critic": tr("Critic")}
        self.choices: dict[str, QComboBox] = {}
        rows: list[QHBoxLayout | QFrame] = []
        for role in ROLES:
            now = getattr(chosen, role)
            box = QComboBox()
            box.setAccessibleName(titles[role])
            if role == "critic":
                box.addItem(tr("As the teacher"), "")
            for name in dict.fromkeys([*names, *([now] if now else [])]):
                box.addItem(name, name)
            box.setCurrentIndex(max(0, box.findData(now)))
            box.activated.connect(lambda _, role=role: self._set(role))
            self.choices[role] = box
            rows += [row(label(titles[role]), None, box), *([line()] if role != "critic" else [])]
        note = label(tr("The projects that are there already keep theirs."), "caption", wrap=True)
        manage = button(tr("Manage Models…"), desk.show_models)
        super().__init__(group(tr("Models of new projects"), *rows, note), row(None, manage))

    def _set(self, role: str) -> None:
        try:
            change_settings(**{role: self.choices[role].currentData()})
        except (EspalierError, OSError) as error:
            tell(self, tr("Espalier could not do that"), sentence_of(error))
