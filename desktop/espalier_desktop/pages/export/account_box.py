"""Who publishes: the account of the Hub, or the field for a token that signs in."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLineEdit, QWidget

from espalier.errors import EspalierError
from espalier.sharing.token import forget_token, store_token
from espalier_desktop.i18n import said, tr
from espalier_desktop.jobs.errand import Errand
from espalier_desktop.widgets.basics import button, column, label, row, set_role

TOKENS_PAGE = "https://huggingface.co/settings/tokens"


class AccountBox(QWidget):
    """Asks the Hub who the kept token belongs to; the token goes from the field to the keychain and nowhere else.

    Signals:
        changed: somebody is signed in now, or nobody is any more, or that is being asked.

    Args:
        errand: that asks for the account.
    """

    changed = Signal()

    def __init__(self, errand: Errand) -> None:
        super().__init__()
        self._errand = errand
        self.name = label(role="strong", wrap=True)
        self.rights = label(role="caption", wrap=True)
        self.sign_out = button(tr("Sign Out"), self._sign_out, role="link")
        self.token = QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText(tr("Access token with write rights"))
        self.token.setAccessibleName(tr("Access token"))
        self.token.returnPressed.connect(self._sign_in)
        self.token.textChanged.connect(self._refresh)
        self.sign_in = button(tr("Sign In"), self._sign_in)
        self.get_token = button(tr("Make a Token…"), lambda: QDesktopServices.openUrl(QUrl(TOKENS_PAGE)), role="link")
        self.again = button(tr("Try Again"), self.ask, role="link")
        self.note = label(role="caption", wrap=True)
        for each in (self.sign_out, self.sign_in, self.get_token, self.again):
            each.setAutoDefault(False)
        self._known, self._unknown = QWidget(), QWidget()
        head = row(self.name, self.sign_out)
        head.setStretch(0, 1)
        self._known.setLayout(column(head, self.rights, spacing=2))
        field = row(self.token, self.sign_in)
        field.setStretch(0, 1)
        self._unknown.setLayout(column(field, self.note, row(self.get_token, self.again, None), spacing=4))
        title = label(tr("Hugging Face account"), "section")
        self.setLayout(column(title, self._known, self._unknown, spacing=4))
        errand.changed.connect(self._refresh)
        self._refresh()

    @property
    def account(self) -> Mapping[str, Any]:
        """Return what the Hub said of the account, {} while nobody is signed in or it is being asked."""
        found = self._errand.result
        return found if found.get("signed_in") and not self._errand.is_asking else {}

    @property
    def owners(self) -> list[str]:
        """Return the names under which the account may publish, its own first."""
        if not self.account:
            return []
        teams = [str(team["name"]) for team in self.account.get("orgs") or () if team.get("can_write")]
        return ([str(self.account["name"])] if self.account.get("can_write") else []) + teams

    def ask(self) -> None:
        """Ask the Hub who is signed in."""
        self._errand.ask()

    @Slot()
    def _refresh(self) -> None:
        found, asking = self._errand.result, self._errand.is_asking
        problem = self._errand.problem or said(str(found.get("problem") or ""))
        self._known.setVisible(bool(self.account))
        self._unknown.setVisible(not self.account)
        self.name.setText(tr("Signed in as {name}").format(name=found.get("name", "")))
        self.rights.setText(
            problem or ("" if self.owners else tr("This token may only read. Sign in with another one."))
        )
        set_role(self.rights, "caption error" if self.account and not self.owners else "caption")
        self.rights.setVisible(bool(self.rights.text()))
        self.token.setEnabled(not asking)
        self.sign_in.setEnabled(not asking and bool(self.token.text().strip()))
        self.again.setVisible(bool(problem) and not asking)
        if asking:
            self._say(tr("Asking Hugging Face who you are…"), "caption")
        elif problem:
            self._say(problem, "caption error")
        else:
            self._say(tr("The token is kept in the Keychain, never in a file."), "caption")
        self.changed.emit()

    def _sign_in(self) -> None:
        try:
            store_token(self.token.text())
        except EspalierError as error:
            self._say(said(str(error)), "caption error")
            return
        self.token.clear()
        self.ask()

    def _sign_out(self) -> None:
        try:
            forget_token()
        except EspalierError as error:
            self.rights.setText(said(str(error)))
            self.rights.show()
            return
        self.ask()

    def _say(self, text: str, role: str) -> None:
        self.note.setText(text)
        set_role(self.note, role)
