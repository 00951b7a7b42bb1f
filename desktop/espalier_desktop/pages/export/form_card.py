"""One form of a run: what it is, who can load it, how large it is, where its check stands, and what can be done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.export.wording import check_words, form_about, form_title, when_words
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.formats import size


@dataclass(frozen=True)
class Doings:
    """What the buttons of a card do; each is given the form's name."""

    save: Callable[[str], object]
    make: Callable[[str], object]
    show: Callable[[str], object]
    stop: Callable[[str], object]


class FormCard(QFrame):
    """A form, offered, being made, made, or not to be had from this run.

    Args:
        form: its name.
        doings: what the buttons do.
    """

    def __init__(self, form: str, doings: Doings) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.form = form
        self.title = label(form_title(form), "strong", wrap=True)
        self.room = label(role="muted")
        self.about = label(role="muted", wrap=True)
        self.check = label(wrap=True, selectable=True)
        self.made = label(role="caption")
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of {form}").format(form=form_title(form)))
        self.save = button(tr("Save As…"), lambda: doings.save(form))
        self.make = button(tr("Make and Check"), lambda: doings.make(form))
        self.make.setToolTip(tr("It stays in the run’s folder, and publishing takes it from there."))
        self.show_folder = button(tr("Show Folder"), lambda: doings.show(form), role="link")
        self.stop = button(tr("Stop"), lambda: doings.stop(form))
        for each in (self.save, self.make, self.show_folder, self.stop):
            each.setAccessibleName(f"{each.text()}: {form_title(form)}")
        self._buttons = QWidget()
        self._buttons.setLayout(row(self.save, self.make, self.stop, self.show_folder, None, self.made))
        head = row(self.title, self.room, spacing=10)
        head.setStretch(0, 1)
        content = column(
            head,
            self.about,
            self.check,
            self.bar,
            self._buttons,
            spacing=7,
        )
        content.setContentsMargins(16, 12, 16, 12)
        self.setLayout(content)

    def show_form(self, offer: Mapping[str, Any], problem: str) -> None:
        """Show a form that nothing is done with now.

        Args:
            offer: its entry in the survey: ``reason`` why it cannot be had, ``bytes`` that it would take, and ``made``,
                the record of what was made of it.
            problem: why the last try failed, "" when it did not.
        """
        reason, made = str(offer.get("reason") or ""), offer.get("made") or {}
        self.about.setText(form_about(self.form) or said(str(offer.get("loads_in", ""))))
        count = int(made.get("bytes") or offer.get("bytes") or 0)
        words = size(count) if made else tr("about {size}").format(size=size(count))
        self.room.setText(words if count and not reason else "")
        if reason:
            text, role = said(reason), "muted"
        elif problem:
            text, role = problem, "error"
        elif made:
            text, role = check_words(made)
        else:
            text, role = tr("Not made yet."), "muted"
        self._say(text, role)
        self.made.setText(when_words(str(made.get("made", ""))) if made and not problem else "")
        self.bar.hide()
        self.stop.hide()
        self.save.setVisible(not reason)
        self.make.setVisible(not reason and not made)
        self.show_folder.setVisible(bool(made))
        self._buttons.setVisible(not reason or bool(made))

    def show_work(self, text: str, done: int, total: int) -> None:
        """Show that the form is being made, and how far that is; a total of 0 is not known."""
        self._say(text, "muted")
        self.made.setText("")
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.show()
        self.stop.show()
        self._buttons.show()
        for each in (self.save, self.make, self.show_folder):
            each.hide()

    def _say(self, text: str, role: str) -> None:
        self.check.setText(text)
        set_role(self.check, role)
