"""The sheet in which a model is chosen for a role."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFileDialog, QListView, QWidget

from espalier.models.folder import list_models
from espalier.models.starter import STARTER
from espalier_desktop.i18n import tr
from espalier_desktop.pages.overview.models_card import model_state
from espalier_desktop.widgets.sheet import Sheet
from espalier_desktop.widgets.two_lines import show_two_lines

NameRole = Qt.ItemDataRole.UserRole  # the model's name or path


class ModelSheet(Sheet):
    """The models on this machine, a folder of one's own, an endpoint where it may be one; for a critic the teacher."""

    def __init__(
        self,
        parent: QWidget,
        line: str,
        current: str,
        choose: Callable[[str], object],
        choose_endpoint: Callable[[], object] | None = None,
        choose_teacher: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(
            parent,
            line,
            tr("Models on this machine. Others can be imported with: espalier models import FILE.gguf FOLDER"),
        )
        self._choose = choose
        names = dict.fromkeys([STARTER, *(model.name for model in list_models()), current])
        model = QStandardItemModel(self)
        model.setHorizontalHeaderLabels([tr("Models")])
        for name in names:
            text, _ = model_state(name)
            item = QStandardItem(f"{name}\n{text}")
            item.setEditable(False)
            item.setData(name, NameRole)
            model.appendRow(item)
        self.models = QListView()
        show_two_lines(self.models)
        self.models.setAccessibleName(tr("Models"))
        self.models.setModel(model)
        self.models.setMinimumHeight(180)
        self.models.setCurrentIndex(model.index(list(names).index(current), 0))
        self.models.doubleClicked.connect(self._take)
        self.body.addSpacing(8)
        self.body.addWidget(self.models)
        self.add_cancel()
        self.add(tr("Choose a Folder…"), self._choose_folder)
        if choose_teacher:
            self.add(tr("The Teacher"), choose_teacher)
        if choose_endpoint:
            self.add(tr("Endpoint…"), choose_endpoint)
        self.add(tr("Use This Model"), lambda: choose(self.models.currentIndex().data(NameRole)), is_primary=True)
        self.models.setFocus()

    def _take(self, index: QModelIndex) -> None:
        self.accept()
        self._choose(index.data(NameRole))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.parentWidget(), tr("Folder of a model"), str(Path.home()))
        if folder:
            self._choose(folder)
