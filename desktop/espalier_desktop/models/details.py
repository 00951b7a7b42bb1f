"""What is known of one model, and what can be done with it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from espalier_desktop.i18n import said, tr
from espalier_desktop.models.rows import GET, IMPORT, Row, verdict_words
from espalier_desktop.widgets.basics import button, column, label, line, picture, row, set_role
from espalier_desktop.widgets.formats import size

_ROLES = ("student", "teacher", "critic")


class Details(QFrame):
    """The chosen model: how it fits in each role, what uses it, and the buttons.

    Signals:
        get_wanted, import_wanted, remove_wanted, folder_wanted, page_wanted: of the shown row.
    """

    get_wanted = Signal()
    import_wanted = Signal()
    remove_wanted = Signal()
    folder_wanted = Signal()
    page_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.title = label(role="headline", wrap=True, selectable=True)
        self.name = label(role="caption", wrap=True, selectable=True)
        self.facts = label(role="muted", wrap=True)
        self.sentence = label(wrap=True)
        self.used = label(role="caption", wrap=True)
        titles = {"student": tr("Student"), "teacher": tr("Teacher"), "critic": tr("Critic")}
        icons = {"student": "student", "teacher": "teacher", "critic": "review"}
        self.fits = {role: _Fit(icons[role], titles[role]) for role in _ROLES}
        self.access = label(role="muted", wrap=True, selectable=True)
        self.get = button(tr("Get"), self.get_wanted.emit, role="primary")
        self.take = button(tr("Import"), self.import_wanted.emit, role="primary")
        self.remove = button(tr("Remove…"), self.remove_wanted.emit)
        self.folder = button(tr("Show Folder"), self.folder_wanted.emit)
        self.page = button(tr("Open Its Page"), self.page_wanted.emit)
        lines = [item for role in _ROLES for item in (line(), self.fits[role].layout)]
        buttons = row(self.page, self.folder, self.remove, None, self.get, self.take)
        layout = column(
            *(self.title, self.name, self.facts, self.sentence, 4, *lines, 4, self.used, self.access, None, buttons),
            spacing=8,
        )
        layout.setContentsMargins(20, 16, 20, 16)
        self.setLayout(layout)

    def show_row(self, shown: Row, used: str, is_busy: bool) -> None:
        """Show a model; ``used`` says which projects use it, ``is_busy`` whether another is on its way."""
        self.title.setText(shown.title)
        self.name.setText(shown.name if shown.name != shown.title else shown.place)
        self.facts.setText(shown.facts)
        self.sentence.setText(shown.sentence)
        self.used.setText(used)
        for role, told in self.fits.items():
            told.show_fit(shown.fit.get(role))
        for text in (self.name, self.sentence, self.used):
            text.setVisible(bool(text.text()))
        self.get.setVisible(shown.state == GET)
        self.get.setText(tr("Get, {size}").format(size=size(shown.bytes)) if shown.bytes else tr("Get"))
        self.take.setVisible(shown.state == IMPORT)
        for do in (self.get, self.take):
            do.setEnabled(not is_busy)
        self.remove.setVisible(shown.can_remove)
        self.folder.setVisible(bool(shown.place))
        self.page.setVisible(shown.is_of_the_hub)
        self.access.setVisible(bool(self.access.text()))

    def say(self, text: str, role: str = "muted") -> None:
        """Say what the Hub told of the model."""
        self.access.setText(text)
        self.access.setVisible(bool(text))
        set_role(self.access, role)


class _Fit:
    """One role: its verdict, and the sentence behind it."""

    def __init__(self, icon: str, title: str) -> None:
        self.verdict = label(role="strong")
        self.sentence = label(role="caption", wrap=True)
        self._title = title
        self.layout = row(picture(icon, 20), column(self.verdict, self.sentence, spacing=2), spacing=10)
        self.layout.setStretch(1, 1)

    def show_fit(self, told: object) -> None:
        if not isinstance(told, dict):
            self.verdict.setText(self._title)
            self.sentence.setText(tr("Not known yet"))
            return
        words = tr("{role}: {verdict}").format(role=self._title, verdict=verdict_words(told["verdict"]))
        self.verdict.setText(words)
        sentence = said(told["sentence"])
        head, colon, rest = sentence.partition(":")
        self.sentence.setText(rest.strip()[:1].upper() + rest.strip()[1:] if colon else head)
