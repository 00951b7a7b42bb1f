"""Pages that are not built yet: what they will do, and what can be done until then."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from espalier_desktop.i18n import tr
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.widgets.basics import button, column
from espalier_desktop.widgets.empty import EmptyState


class ExportPage(Page):
    """Taking the adapter elsewhere."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        text = tr(
            "Here you will share the model on Hugging Face or save it for other programs. It is not built yet. The "
            "adapter is already on disk in the form that mlx-lm reads: each run has a folder “adapter”."
        )
        self.show_runs = button(tr("Show Runs Folder"), self._show_runs, role="primary")
        self.setLayout(column(EmptyState("export", tr("Export is not built yet"), text, self.show_runs)))

    def _show_runs(self) -> None:
        runs = self.shell.document.project.runs
        if runs.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(runs)))
        else:
            self.shell.toast(tr("There is no run yet. Train first."))
