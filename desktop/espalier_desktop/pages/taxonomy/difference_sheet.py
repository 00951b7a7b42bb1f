"""What changed since the base, leaf by leaf."""

from PySide6.QtWidgets import QSplitter, QWidget

from espalier.taxonomy.history import History
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.changed_leaves import ChangedLeaves
from espalier_desktop.taxonomy_history import TaxonomyHistory, base_name
from espalier_desktop.widgets.basics import button, set_role
from espalier_desktop.widgets.diff_view import DiffView
from espalier_desktop.widgets.sheet import Sheet


class DifferenceSheet(Sheet):
    """The changed leaves beside the difference of the chosen one, which is looked up when it is chosen."""

    def __init__(self, parent: QWidget, history: TaxonomyHistory, now: History, start: str) -> None:
        line = tr("Changed since {base}").format(base=base_name(now.base))
        super().__init__(parent, line, tr("Lines with − are gone, lines with + are new."))
        set_role(self.sentence, "muted")
        self.setMaximumWidth(1_600)
        self._history = history
        self._found: dict[str, str] = {}
        self.leaves = ChangedLeaves()
        self.leaves.fill(now.changes, {})
        self.leaves.setMinimumWidth(220)
        self.view = DiffView()
        self.view.setMinimumWidth(360)
        splitter = QSplitter()
        splitter.setProperty("role", "gap")
        splitter.setHandleWidth(12)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.leaves)
        splitter.addWidget(self.view)
        splitter.setSizes([310, 640])
        splitter.setStretchFactor(1, 1)
        self.body.addSpacing(4)
        self.body.addWidget(splitter, 1)
        close = button(tr("Close"), self.accept, role="primary")
        close.setDefault(True)
        self._buttons.addWidget(close)
        self.resize(min(parent.width() - 80, 1_000), min(parent.height() - 80, 620))
        self.leaves.currentRowChanged.connect(self._choose)
        paths = list(now.changes)
        if start in paths[1:]:
            self.leaves.setCurrentRow(paths.index(start))
        else:
            self._choose()
        self.leaves.setFocus()

    def _choose(self) -> None:
        path = self.leaves.path
        if path in self._found:
            self.view.show_diff(self._found[path])
        elif path:
            self._history.compare(self, path, lambda text: self._take(path, text), self._fail)

    def _take(self, path: str, text: str) -> None:
        self._found[path] = text
        if path == self.leaves.path:
            self.view.show_diff(text)

    def _fail(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        set_role(self.sentence, "error")
