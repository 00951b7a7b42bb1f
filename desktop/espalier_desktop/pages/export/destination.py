"""Where it goes: an owner, a name, and who may see it."""

import re
from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import column, label, row, set_role
from espalier_desktop.widgets.segments import Segments

_LONGEST = 96  # characters of a repository's whole name that the Hub takes
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")


def name_problem(owner: str, name: str) -> str:
    """Return why the Hub would refuse a repository's name, "" when it would take it."""
    if not name:
        return tr("Give the repository a name.")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        return tr("Use letters without accents, digits, “-”, “_” and “.” only.")
    if not _NAME.fullmatch(name):
        return tr("A name begins and ends with a letter or a digit.")
    if "--" in name or ".." in name or name.endswith(".git"):
        return tr("A name holds no “--” or “..”, and does not end with “.git”.")
    if len(f"{owner}/{name}") > _LONGEST:
        return tr("Take a shorter name: {count} characters at most, with its owner.").format(count=_LONGEST)
    return ""


class Destination(QWidget):
    """Owner, name and visibility.

    Signals:
        changed: one of them is another.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.owner = QComboBox()
        self.owner.setAccessibleName(tr("Owner"))
        self.owner.setMinimumWidth(110)
        self.name = QLineEdit()
        self.name.setAccessibleName(tr("Name of the repository"))
        self.note = label(role="caption", wrap=True)
        self.visibility = Segments({"private": tr("Private"), "public": tr("Public")}, tr("Who may see it"))
        self.visibility.choose("private")
        self.seen = label(role="caption", wrap=True)
        self.is_private = True
        self._remote = ("", "caption")
        address = row(self.owner, label("/", "muted"), self.name, spacing=6)
        address.setStretch(2, 1)
        self.setLayout(
            column(
                column(label(tr("Repository"), "section"), address, self.note, spacing=4),
                column(label(tr("Who may see it"), "section"), row(self.visibility, None), self.seen, spacing=4),
                spacing=12,
            )
        )
        self.owner.activated.connect(self._on_changed)
        self.name.textEdited.connect(self._on_changed)
        self.visibility.chosen.connect(self._on_visibility)
        self._refresh()

    @property
    def repo(self) -> str:
        """Return ``owner/name``, "" while one of them is missing."""
        owner, name = self.owner.currentText(), self.name.text().strip()
        return f"{owner}/{name}" if owner and name else ""

    @property
    def problem(self) -> str:
        """Return why nothing can be published there, "" when it can."""
        return name_problem(self.owner.currentText(), self.name.text().strip())

    def show_owners(self, owners: Sequence[str], wanted: str) -> None:
        """Offer these owners; the one that was chosen stays, else ``wanted`` is chosen where it is among them."""
        held = [self.owner.itemText(place) for place in range(self.owner.count())]
        if held == list(owners):
            return
        current = self.owner.currentText() or wanted
        self.owner.clear()
        self.owner.addItems(list(owners))
        self.owner.setCurrentIndex(owners.index(current) if current in owners else 0 if owners else -1)
        self.owner.setEnabled(len(owners) > 1)
        self._refresh()

    def show_name(self, name: str) -> None:
        """Put a name into the field, without telling anyone."""
        self.name.setText(name)
        self._refresh()

    def show_remote(self, text: str, role: str) -> None:
        """Say what is at that address already."""
        self._remote = (text, role)
        self._refresh()

    def choose_private(self, is_private: bool) -> None:
        """Show who may see it, without telling anyone."""
        self.is_private = is_private
        self.visibility.choose("private" if is_private else "public")
        self._refresh()

    @Slot()
    def _on_changed(self) -> None:
        self.show_remote("", "caption")
        self.changed.emit()

    @Slot(str)
    def _on_visibility(self, key: str) -> None:
        self.is_private = key == "private"
        self._on_changed()

    def _refresh(self) -> None:
        problem = self.problem
        text, role = (problem, "caption error" if self.name.text() else "caption") if problem else self._remote
        self.note.setText(text)
        set_role(self.note, role)
        self.note.setVisible(bool(text))
        self.seen.setText(
            tr("Only you and your team see it. You can change that on its page at any time.")
            if self.is_private
            else tr("Everyone on the internet sees and copies it. What is copied cannot be taken back.")
        )
        set_role(self.seen, "caption" if self.is_private else "caption warning")
