"""The models by what they do in the project, and how thorough the work is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton

from espalier.errors import EspalierError
from espalier.models.folder import find_model, model_info
from espalier.models.hub_cache import is_hub_id
from espalier.models.starter import STARTER
from espalier.project import Project
from espalier.teachers.endpoint import is_endpoint, parse_endpoint
from espalier_desktop.endpoints import endpoint_state
from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.basics import button, column, label, line, picture, row, set_role
from espalier_desktop.widgets.formats import size
from espalier_desktop.widgets.segments import Segments


class ModelsCard(QFrame):
    """One row for each role, and the dial.

    Signals:
        change_wanted: role whose model should be another: student, teacher or critic.
        dial_chosen: quick, good or thorough.
    """

    change_wanted = Signal(str)
    dial_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.student = _ModelRow("student", tr("Student"), tr("learns; it becomes your model"))
        self.teacher = _ModelRow("teacher", tr("Teacher"), tr("writes the practice"))
        self.critic = _ModelRow("review", tr("Critic"), tr("judges the practice"))
        self.student.change.clicked.connect(lambda: self.change_wanted.emit("student"))
        self.teacher.change.clicked.connect(lambda: self.change_wanted.emit("teacher"))
        self.critic.change.clicked.connect(lambda: self.change_wanted.emit("critic"))
        dials = {"quick": tr("Quick look"), "good": tr("Good"), "thorough": tr("Thorough")}
        self.dial = Segments(dials, tr("Thoroughness"))
        self.dial.chosen.connect(self.dial_chosen)
        thorough = column(
            label(tr("Thoroughness"), "strong"),
            label(tr("How much practice is written, and how often it is repeated"), "caption", wrap=True),
            spacing=2,
        )
        layout = column(
            label(tr("Models"), "headline"),
            4,
            self.student.layout,
            line(),
            self.teacher.layout,
            line(),
            self.critic.layout,
            line(),
            row(thorough, self.dial, spacing=12),
            None,
            spacing=10,
        )
        layout.setContentsMargins(20, 16, 20, 16)
        self.setLayout(layout)

    def show_project(self, project: Project) -> None:
        """Show the models and the dial of a project."""
        self.student.show_model(project.student)
        self.teacher.show_model(project.teacher)
        if project.critic:
            self.critic.show_model(project.critic)
        else:
            self.critic.show_words(tr("The teacher"), tr("It judges what it has written itself."))
        self.dial.choose(project.dial)


class _ModelRow:
    def __init__(self, icon_name: str, role: str, what: str) -> None:
        self.name: QLabel = label(role="strong", wrap=True)
        self.state: QLabel = label(role="caption", wrap=True)
        self.change: QPushButton = button(tr("Change…"))
        self.change.setAccessibleName(f"{role}: {self.change.text()}")
        title = label(f"{role}, {what}", "caption", wrap=True)
        self.layout = row(
            picture(icon_name, 24), column(title, self.name, self.state, spacing=2), self.change, spacing=12
        )
        self.layout.setStretch(1, 1)

    def show_model(self, name: str) -> None:
        self.show_words(model_name(name), *model_state(name))

    def show_words(self, name: str, text: str, role: str = "caption") -> None:
        self.name.setText(name)
        self.state.setText(text)
        set_role(self.state, role)


def model_name(setting: str) -> str:
    """Return what a model is called; of one behind an endpoint without the address."""
    return setting.partition("#")[2] or setting if is_endpoint(setting) else setting


def model_state(name: str) -> tuple[str, str]:
    """Return where a model is, in words, and the role of the label that says it: error when it is missing for good."""
    try:
        if is_endpoint(name):
            return endpoint_state(parse_endpoint(name))
        info = model_info(find_model(name), name)
    except EspalierError as error:
        if name == STARTER:
            return tr("Fetched when it is first needed, 93 MB"), "caption"
        if is_hub_id(name):
            return tr("Not on this machine yet. Change… gets it."), "error"
        return said(str(error)), "error"
    return tr("On this machine: {architecture}, {precision}, {size}").format(
        architecture=info.architecture, precision=info.precision, size=size(info.bytes)
    ), "caption"
