"""One source of a leaf as a card: a field for each thing that the public taxonomy asks, with what it lacks below it."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget
from typing_extensions import override

from espalier.taxonomy.attribution import LICENSES, Attribution, Lack, attribution_problems
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.license_edit import LicenseEdit
from espalier_desktop.widgets.basics import button, column, label, picture, row
from espalier_desktop.widgets.plain_edit import GrowingEdit

_PAUSE = 250  # milliseconds after the last key until the file is changed


class SourceBlock(QFrame):
    """One work.

    Signals:
        typed: a field of `Attribution` and its new text, a moment after the last key or when the keyboard leaves.
        removed: the work is not wanted any more.
    """

    typed = Signal(str, str)
    removed = Signal()

    def __init__(self, index: int) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._work = Attribution()
        self.is_typing = False
        self._pause = QTimer(self, interval=_PAUSE, singleShot=True)
        self._pause.timeout.connect(self.give)
        of = tr("source {number}").format(number=index + 1)
        drop = button(tr("Remove Source"), self.removed.emit, role="link")
        drop.setAccessibleName(tr("Remove source {number}").format(number=index + 1))
        rows = column(row(label(tr("Source {number}").format(number=index + 1), "strong"), None, drop), spacing=8)
        self.fields: dict[str, SourceField] = {}
        for field, title, help_text in (
            ("title", tr("Title of the work"), tr("Such as Falkirk Wheel")),
            ("link", tr("Link"), tr("Its address, such as https://…")),
            ("revision", tr("Revision"), tr("A permanent link to the version that was used")),
            ("license", tr("Licence"), tr("An SPDX identifier, such as CC-BY-SA-4.0")),
            ("creators", tr("Authors"), tr("Their names, or where they are named")),
            ("notes", tr("Other lines"), tr("Copyright, and what you changed")),
        ):
            made = SourceField(field, title, f"{title}, {of}", help_text)
            made.edit.textChanged.connect(self._on_changed)
            made.edit.installEventFilter(self)
            self.fields[field] = made
            rows.addWidget(made)
        rows.setContentsMargins(14, 10, 14, 12)
        self.setLayout(rows)

    def show_work(self, work: Attribution) -> None:
        """Show a work and what it lacks."""
        self._work = work
        problems = attribution_problems(work)
        for name, field in self.fields.items():
            field.show_words(getattr(work, name), _sentence(name, problems[name]) if name in problems else "")
        self._pause.stop()
        self.is_typing = False  # what was shown was not typed

    @Slot()
    def _on_changed(self) -> None:
        self.is_typing = True
        self._pause.start()

    @Slot()
    def give(self) -> None:
        """Hand over what was typed, if anything."""
        if not self.is_typing:
            return
        self._pause.stop()
        self.is_typing = False
        typed = {
            name: field.words for name, field in self.fields.items()
        }  # all first: one that is taken shows all anew
        for name, words in typed.items():
            if words != getattr(self._work, name):
                self._work = replace(self._work, **{name: words})
                self.typed.emit(name, words)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusOut:
            self.give()
        return False


class SourceField(QWidget):
    """A title, a line to type in, and what is wrong with it."""

    def __init__(self, field: str, title: str, name: str, help_text: str) -> None:
        super().__init__()
        self.edit: QLineEdit | GrowingEdit
        if field == "notes":
            self.edit = GrowingEdit(name)
        elif field == "license":
            self.edit = LicenseEdit(name)
        else:
            self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(help_text)
        self.problem = label(role="muted", wrap=True)
        self._sign = QWidget()
        signed = row(picture("help", 15, "muted"), self.problem, spacing=6)
        signed.setStretch(1, 1)
        self._sign.setLayout(signed)
        self._sign.hide()
        self.setLayout(column(label(title, "section"), self.edit, self._sign, spacing=4))

    @property
    def words(self) -> str:
        """Return what stands in the field."""
        return self.edit.words if isinstance(self.edit, GrowingEdit) else self.edit.text().strip()

    def show_words(self, words: str, problem: str) -> None:
        """Show a text, and what is wrong with it, if anything."""
        if isinstance(self.edit, GrowingEdit):
            self.edit.show_words(words)
        elif self.words != words:
            self.edit.setText(words)
            self.edit.setCursorPosition(0)
        self.problem.setText(problem)
        self._sign.setVisible(bool(problem))
        self.edit.setAccessibleDescription(problem)


def _sentence(field: str, lack: Lack) -> str:
    """Return what a work lacks, and what to do."""
    if lack == "no address":
        return tr("This is no address of the web: it starts with https:// and has no spaces.")
    if lack == "no identifier":
        return tr("This is no SPDX identifier, such as CC-BY-4.0. Choose one from the list.")
    if lack == "not accepted":
        return tr("The public taxonomy takes only work under {licences}.").format(licences=", ".join(LICENSES))
    return {
        "title": tr("Name the work, or write “My own work”."),
        "link": tr("Write the address of the work, or “-” when it has none."),
        "revision": tr("Write the address of the version that was used, or “-” when it has none."),
        "license": tr("Choose the licence of the work. Without one nobody may use it."),
        "creators": tr("Name the authors, or yourself."),
    }[field]
