"""The sheet that commits leaves: which, in what words, in whose name."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from espalier.taxonomy.history import History
from espalier_desktop.document import Document
from espalier_desktop.home import settings
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.changed_leaves import ChangedLeaves
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.plain_edit import GrowingEdit
from espalier_desktop.widgets.sheet import Sheet


class CommitSheet(Sheet):
    """Ticks, a message that follows them until the person writes another, and who signs.

    Signals:
        committed: number of leaves that are in the new commit.

    Args:
        errors: gives the number of errors of those leaves that have any, by path.
    """

    committed = Signal(int)

    def __init__(
        self, parent: QWidget, document: Document, now: History, errors: Callable[[], Mapping[str, int]]
    ) -> None:
        line = tr("Commit to {branch}").format(branch=now.branch) if now.branch else tr("Commit Changes")
        super().__init__(parent, line, "")
        self.sentence.hide()
        self.setMinimumWidth(560)
        self._history, self._find_errors = document.history, errors
        self._errors: Mapping[str, int] = {}
        self._changes: Mapping[str, str] = {}
        self.leaves = ChangedLeaves(is_choice=True)
        self.leaves.setMinimumHeight(150)
        self.message = GrowingEdit(tr("Message"), 2)
        self._is_own_message = False
        self.name = QLineEdit(now.name or str(settings().value("person/name", "")))
        self.name.setAccessibleName(tr("Name"))
        self.email = QLineEdit(now.email or str(settings().value("person/email", "")))
        self.email.setAccessibleName(tr("E-mail"))
        self._must_ask = not (now.name and now.email)
        self.signs = label(role="muted", wrap=True)
        self.note = label(role="warning", wrap=True)
        self.body.addWidget(self.leaves, 1)
        self.body.addLayout(column(label(tr("Message"), "section"), self.message, spacing=4))
        if self._must_ask:
            person = (column(label(text, "section"), field, spacing=4) for text, field in self._fields())
            self.body.addLayout(row(*person, spacing=12))
        self.body.addWidget(self.signs)
        self.body.addWidget(self.note)
        self.add_cancel()
        self.confirm = button(tr("Commit Changes"), self._commit, role="primary")
        self.confirm.setDefault(True)
        self._buttons.addWidget(self.confirm)
        self.leaves.itemChanged.connect(self._refresh)
        self.message.textChanged.connect(self._on_message)
        for _, field in self._fields():
            field.textChanged.connect(self._refresh)
        self._history.changed.connect(self._fill)
        document.leaves_changed.connect(self._fill)
        self._fill()
        self.message.setFocus()
        self.message.selectAll()

    def _fields(self) -> list[tuple[str, QLineEdit]]:
        return [(tr("Name"), self.name), (tr("E-mail"), self.email)]

    @Slot()
    def _fill(self) -> None:
        """Show what is in no commit now; what was typed a moment ago comes when it has been looked through."""
        now = self._history.now
        self._changes = now.uncommitted if now else {}
        self._errors = self._find_errors()
        self.leaves.fill(self._changes, self._errors)
        self._refresh()

    def _on_message(self) -> None:
        self._is_own_message = True
        self._refresh()

    def _refresh(self) -> None:
        ticked = self.leaves.ticked
        if not self._is_own_message:
            self.message.show_words(_first_line({path: self._changes[path] for path in ticked}))
        person = f"{self.name.text().strip()} <{self.email.text().strip()}>"
        text = tr("Signed off as {person}: you say that you may share this text and that others may use it.")
        short = tr("The commit is signed off: you say that you may share this text and that others may use it.")
        self.signs.setText(text.format(person=person) if not self._must_ask else short)
        reason = self._refusal(ticked)
        self.note.setText(reason)
        self.note.setVisible(bool(reason))
        self.confirm.setEnabled(not reason)

    def _refusal(self, ticked: list[str]) -> str:
        """Return why these leaves cannot be committed, "" when they can."""
        broken = next((path for path in ticked if self._errors.get(path)), "")
        if broken:
            text = tr("{leaf} has errors. Mend it first, or take away its tick.")
            return text.format(leaf=leaf_name(broken))
        if not ticked:
            return tr("Tick at least one leaf.") if self.leaves.count() else tr("Everything is committed already.")
        if not self.message.words.strip():
            return tr("Say in a line what you changed.")
        if not (self.name.text().strip() and "@" in self.email.text()):
            return tr("Give your name and e-mail address. Everyone who has the taxonomy can see them.")
        return ""

    def _commit(self) -> None:
        person = (self.name.text().strip(), self.email.text().strip())
        if self._must_ask:
            settings().setValue("person/name", person[0])
            settings().setValue("person/email", person[1])
        self.confirm.setEnabled(False)
        self._history.commit(self, self.message.words, self.leaves.ticked, person, self._done, self._fail)

    def _done(self, result: Any) -> None:
        self.committed.emit(len(self.leaves.ticked))
        self.accept()

    def _fail(self, sentence: str) -> None:
        self.confirm.setEnabled(True)
        self.note.setText(sentence)
        self.note.show()
        set_role(self.note, "error")


def _first_line(changes: Mapping[str, str]) -> str:
    """Return what these changes are, as the first line of a message."""
    found = list(changes.values())
    if len(found) == 1:
        words = {"added": tr("Add {leaf}"), "changed": tr("Change {leaf}"), "deleted": tr("Delete {leaf}")}
        return words[found[0]].format(leaf=leaf_name(next(iter(changes))))
    parts = []
    for state, text in (
        ("added", tr("%n leaf(s) added", found.count("added"))),
        ("changed", tr("%n leaf(s) changed", found.count("changed"))),
        ("deleted", tr("%n leaf(s) deleted", found.count("deleted"))),
    ):
        parts += [text] if state in found else []
    return ", ".join(parts)
