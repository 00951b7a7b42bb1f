"""What was published from the project's runs, the newest first: open its page, copy its address, publish again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame

from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.markdown import web_address
from espalier_desktop.pages.export.wording import form_title, run_name_words, when_words
from espalier_desktop.widgets.basics import button, clear, column, label, line, row

MOST = 20  # publications that are shown


class HistoryCard(QFrame):
    """A line for each publication.

    Args:
        copied: told when an address was copied.
        again: given the record of what should be published again.
    """

    def __init__(self, copied: Callable[[], object], again: Callable[[Mapping[str, Any]], object]) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._copied, self._again = copied, again
        self.none = label(
            tr("Nothing was published yet. Publishing makes a private repository that only you can see."),
            "muted",
            wrap=True,
        )
        self._lines = column(spacing=10)
        content = column(label(tr("Published"), "headline"), self.none, self._lines, spacing=10)
        content.setContentsMargins(16, 14, 16, 14)
        self.setLayout(content)

    def show_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Show what was published, given in the order in which it happened."""
        clear(self._lines)
        self.none.setVisible(not records)
        for place, record in enumerate(list(reversed(records))[:MOST]):
            if place:
                self._lines.addWidget(line())
            self._lines.addWidget(self._publication(record))

    def _publication(self, record: Mapping[str, Any]) -> QFrame:
        repo, url = str(record.get("repo", "")), web_address(str(record.get("url", "")))
        name = label(repo, "strong", wrap=True, selectable=True)
        seen = tr("private") if record.get("private", True) else tr("public")
        forms = ", ".join(form_title(str(form)) for form in record.get("forms") or ())
        run = tr("run of {run}").format(run=run_name_words(str(record["run"]))) if record.get("run") else ""
        facts = " · ".join(part for part in (when_words(str(record.get("when", ""))), seen, forms, run) if part)
        frame = QFrame()
        open_page = button(tr("Open Page"), lambda: QDesktopServices.openUrl(QUrl(url)), role="link")
        copy = button(tr("Copy Address"), lambda: self._copy(url), role="link")
        again = button(tr("Update…"), lambda: self._again(record), role="link")
        again.setToolTip(tr("Publish the chosen run there, as a new commit."))
        again.setVisible(record.get("kind", "model") == "model")
        for each in (open_page, copy, again):
            each.setAccessibleName(f"{each.text()}: {repo}")
        for each in (open_page, copy):
            each.setEnabled(bool(url))
        buttons = row(open_page, copy, again, None, spacing=4)
        frame.setLayout(column(name, label(facts, "caption", wrap=True), buttons, spacing=3))
        return frame

    def _copy(self, url: str) -> None:
        QGuiApplication.clipboard().setText(url)
        self._copied()
