"""The line at the page's foot that says where the taxonomy stands in Git."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, Slot
from PySide6.QtWidgets import QMenu, QWidget

from espalier.status import LeafStatus
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.taxonomy.commit_sheet import CommitSheet
from espalier_desktop.pages.taxonomy.contribute_sheet import ContributeSheet
from espalier_desktop.pages.taxonomy.contributed_sheet import ContributedSheet
from espalier_desktop.pages.taxonomy.difference_sheet import DifferenceSheet
from espalier_desktop.taxonomy_history import base_name
from espalier_desktop.widgets.basics import button, label, picture, row


class GitStrip(QWidget):
    """Branch, number of changes since the base, and what to do with them; one quiet offer where there is no history.

    Args:
        statuses: gives the leaves as they are now.
        chosen: gives the path of the leaf that is shown.
    """

    def __init__(
        self, shell: Shell, statuses: Callable[[], Mapping[str, LeafStatus]], chosen: Callable[[], str]
    ) -> None:
        super().__init__()
        self._shell, self._statuses, self._chosen = shell, statuses, chosen
        self._document = shell.document
        self._history = shell.document.history
        self._sign = picture("branch", 16, "muted")
        self.branch = label()
        self.problem = label(role="warning")
        self.since = button("", self._open_menu, role="link")
        self.since.setIcon(icon("down", "ink"))
        self.since.setIconSize(QSize(12, 12))
        self.since.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the sign stands behind the words
        self.difference = button(tr("Show Difference"), partial(shell.do, "difference"), role="link")
        self.commit = button(tr("Commit…"), partial(shell.do, "commit"), role="link")
        self.contribute = button(tr("Contribute…"), partial(shell.do, "contribute"), role="link")
        self.contribute.setToolTip(
            tr("Give leaves back to the taxonomy that you cloned, as a pull request or a patch.")
        )
        self.keep = button(tr("Keep History"), self.keep_history, role="link")
        self.keep.setToolTip(tr("Let Git keep every state of the taxonomy, to see what changed and to share it."))
        shown = (self._sign, self.branch, self.problem, self.since, self.difference, self.commit)
        self.setLayout(row(*shown, self.contribute, self.keep, spacing=6))
        self.menu = QMenu(self)
        self._history.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show where the taxonomy stands now."""
        now, is_known = self._history.now, self._history.is_known
        is_fine = now is not None and not now.problem
        self._shell.commands["difference"].setEnabled(bool(now and now.changes))
        self._shell.commands["commit"].setEnabled(bool(now and now.uncommitted))
        self._shell.commands["contribute"].setEnabled(is_fine)
        for widget in (self.branch, self.since, self.difference, self.commit, self.contribute):
            widget.setVisible(is_fine)
        self._sign.setVisible(now is not None)
        self.problem.setVisible(now is not None and not is_fine)
        self.keep.setVisible(is_known and now is None)
        if now is None:
            return
        sentence = now.problem
        self.problem.setText(sentence if len(sentence) <= 60 else f"{sentence[:59]}…")
        self.problem.setToolTip(sentence)
        self.problem.setAccessibleName(sentence)
        self.branch.setText(base_name(now.branch) if now.branch else tr("no branch"))
        self.branch.setToolTip(now.branch)
        count = len(now.changes)
        words = tr("%n change(s) since {base}", count) if count else tr("no change since {base}")
        self.since.setText(words.format(base=base_name(now.base)))
        self.since.setToolTip(tr("Count changes from another branch, tag or commit."))
        self.difference.setEnabled(bool(count))
        self.commit.setEnabled(bool(now.uncommitted))
        self.commit.setToolTip("" if now.uncommitted else tr("Everything is committed already."))

    def show_difference(self) -> None:
        """Show what changed since the base."""
        self._document.texts.save_all()
        now = self._history.now
        if now and now.changes:
            DifferenceSheet(self.window(), self._history, now, self._chosen()).open()

    def ask_commit(self) -> None:
        """Ask for a commit of what is in none yet."""
        self._document.texts.save_all()
        now = self._history.now
        if now and now.uncommitted:
            sheet = CommitSheet(self.window(), self._document, now, self._errors)
            sheet.committed.connect(lambda count: self._shell.toast(tr("%n leaf(s) committed.", count)))
            sheet.open()

    def ask_contribution(self) -> None:
        """Ask which leaves to give back, and do it."""
        self._document.texts.save_all()
        now = self._history.now
        if now and not now.problem:
            sheet = ContributeSheet(self.window(), self._document)
            sheet.contributed.connect(lambda made: ContributedSheet(self.window(), made).open())
            sheet.open()

    def keep_history(self) -> None:
        """Let Git keep the taxonomy from now on."""
        text = tr("Git keeps the taxonomy now. Commit to keep its first state.")
        self._history.begin(self, lambda _: self._shell.toast(text), self._document.failed.emit)

    def fill_menu(self) -> None:
        """Offer what the base may be."""
        self.menu.clear()
        now = self._history.now
        for base in now.bases if now else ():
            action = self.menu.addAction(base_name(base))
            action.setCheckable(True)
            action.setChecked(bool(now and base == now.base))
            action.triggered.connect(lambda _, base=base: self._history.set_base(base))

    def _errors(self) -> dict[str, int]:
        """Return the number of errors of each leaf that has any; one that was not checked yet has none."""
        found = {path: sum(each.is_error for each in leaf.problems) for path, leaf in self._statuses().items()}
        return {path: errors for path, errors in found.items() if errors}

    def _open_menu(self) -> None:
        self.fill_menu()
        self.menu.popup(self.since.mapToGlobal(QPoint(0, -self.menu.sizeHint().height() - 4)))
