"""The sheet that begins a leaf: what kind, what it is about, what it is called and where it goes."""

import getpass
from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from espalier.taxonomy.blank import blank_leaf
from espalier.taxonomy.leaf import Kind
from espalier.taxonomy.names import name_problem, proper_name
from espalier_desktop.home import settings
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.names import branch_name
from espalier_desktop.widgets.basics import button, column, label, set_role
from espalier_desktop.widgets.plain_edit import GrowingEdit
from espalier_desktop.widgets.segments import Segments
from espalier_desktop.widgets.sheet import Sheet

_TOPS = {"skill": "compositional_skills", "grounded skill": "compositional_skills", "knowledge": "knowledge"}


class NewLeafSheet(Sheet):
    """Asks four things and says what comes of them: ``path`` and ``text``.

    Args:
        branches: paths of all branches.
        start: the branch that is proposed.
        taken: paths that exist.
    """

    def __init__(self, parent: QWidget, branches: Sequence[str], start: str, taken: Sequence[str]) -> None:
        super().__init__(parent, tr("New Leaf"), "")
        self._branches, self._start, self._taken = branches, start, frozenset(taken)
        self.kind: Kind = "knowledge" if start.split("/")[0] == "knowledge" else "skill"
        kinds = {"knowledge": tr("Knowledge"), "skill": tr("Skill"), "grounded skill": tr("Grounded skill")}
        self.kinds = Segments(kinds, tr("Kind"))
        self.kinds.choose(self.kind)
        self.kinds.chosen.connect(self._on_kind)
        self.description = GrowingEdit(tr("What it is about"), 2)
        self.domain = QLineEdit()
        self.domain.setAccessibleName(tr("Domain"))
        self.domain.setPlaceholderText(tr("Such as science or engineering"))
        self.name = QLineEdit()
        self.name.setAccessibleName(tr("Name"))
        self.branch = QComboBox()
        self.branch.setEditable(True)
        self.branch.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        edit = QLineEdit()
        self.branch.setLineEdit(edit)
        for field in (self.branch, edit):
            field.setAccessibleName(tr("Branch"))
        self.note = label(role="muted", wrap=True)
        self._about = label(tr("What it is about"), "section")
        self._domain_title = label(tr("Domain"), "section")
        groups: list[tuple[QWidget, QWidget]] = [
            (label(tr("Name"), "section"), self.name),
            (self._about, self.description),
            (self._domain_title, self.domain),
            (label(tr("Branch"), "section"), self.branch),
        ]
        self.body.addWidget(self.kinds)
        for title, control in groups:
            self.body.addLayout(column(title, control, spacing=4))
        self.body.addWidget(self.note)
        self.add_cancel()
        self.confirm = button(tr("Create"), role="primary")
        self.confirm.setDefault(True)
        self.confirm.clicked.connect(self.accept)
        self._buttons.addWidget(self.confirm)
        for box in (self.name, self.domain):
            box.textChanged.connect(self._refresh)
        self.branch.editTextChanged.connect(self._refresh)
        self._on_kind(self.kind)
        self.name.setFocus()

    @property
    def path(self) -> str:
        """Return where the leaf goes."""
        return f"{self._chosen_branch()}/{proper_name(self.name.text())}"

    @property
    def text(self) -> str:
        """Return what the leaf's file begins with."""
        by = str(settings().value("created_by", "")) or getpass.getuser()
        return blank_leaf(self.kind, self.description.words, by, self.domain.text())

    def _on_kind(self, kind: str) -> None:
        self.kind = kind  # type: ignore[assignment]  # a key of the segments
        words = {
            "knowledge": tr("Facts from your documents that the model shall know."),
            "skill": tr("Something the model shall do with what the question says."),
            "grounded skill": tr("Something the model shall do with a passage that comes with the question."),
        }
        self.sentence.setText(words[kind])
        for widget in (self.domain, self._domain_title):
            widget.setVisible(kind == "knowledge")
        help_text = {
            "knowledge": tr("Such as: the boat lift at Falkirk, its purpose and how it works"),
            "skill": tr("Such as: sort a customer’s message into one of four teams"),
            "grounded skill": tr("Such as: draw up a table from the passage"),
        }
        self.description.setPlaceholderText(help_text[kind])
        top = _TOPS[kind]
        fitting = [path for path in self._branches if path == top or path.startswith(f"{top}/")] or [top]
        self.branch.clear()
        self.branch.addItems([_shown(path) for path in fitting])
        start = self._start if self._start in fitting else fitting[0]
        self.branch.setCurrentText(_shown(start))
        self._refresh()

    def _chosen_branch(self) -> str:
        parts = [part.strip() for part in self.branch.currentText().split("/")][1:]
        names = [part if not name_problem(part) else proper_name(part) for part in parts if part]
        return "/".join([_TOPS[self.kind], *names])

    def _refresh(self) -> None:
        is_taken = self.path in self._taken
        is_named = bool(self.name.text().strip())
        self.confirm.setEnabled(is_named and not is_taken)
        if is_taken:
            self.note.setText(tr("There is a leaf or branch of this name already. Choose another name."))
        else:
            self.note.setText(tr("It becomes {path}.").format(path=self.path) if is_named else "")
        set_role(self.note, "error" if is_taken else "muted")
        self.note.setVisible(bool(self.note.text()))


def _shown(path: str) -> str:
    top, _, rest = path.partition("/")
    return " / ".join([branch_name(top), *rest.split("/")] if rest else [branch_name(top)])
