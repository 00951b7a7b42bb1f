"""Why does it say that? The training rows that are nearest to an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QScrollArea, QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.markdown import clean
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, card, column, label, row
from espalier_desktop.widgets.formats import number

_SIZE = QSize(640, 560)


class WhySheet(QDialog):
    """Rows that the student was trained on, the nearest first.

    Signals:
        leaf_wanted: path of a leaf to be shown in the taxonomy.
    """

    leaf_wanted = Signal(str)

    def __init__(self, parent: QWidget, rows: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(parent)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Why does it say that?"))
        self.resize(_SIZE)
        about = (
            tr("These training rows say most like this question and answer. They show what was read, not what counted.")
            if rows
            else tr(
                "No training row shares a word of meaning with this answer. What it says comes from the model itself."
            )
        )
        found = column(*(self._row(each) for each in rows), None, spacing=10)
        inside = QWidget()
        inside.setLayout(found)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        area.setAccessibleName(tr("Nearest training rows"))
        done = button(tr("Done"), self.accept, role="primary")
        title = label(tr("Why does it say that?"), "headline")
        layout = column(title, label(about, "muted", wrap=True), area, row(None, done), spacing=10)
        layout.setStretch(2, 1)
        layout.setContentsMargins(24, 20, 24, 20)
        self.setLayout(layout)
        done.setFocus()

    def _row(self, each: Mapping[str, Any]) -> QWidget:
        leaf = str(each["leaf"])
        origins = {"seed": tr("seed example"), "sample": tr("sample by the teacher"), "replay": tr("general practice")}
        origin = origins.get(str(each["origin"]), str(each["origin"]))
        said = tr("{percent} % alike · {origin}").format(percent=number(100 * float(each["score"])), origin=origin)
        items: list[QWidget | Any] = [
            label(clean(str(each["question"])), "strong", wrap=True, selectable=True),
            label(clean(str(each["answer"])), wrap=True, selectable=True),
        ]
        foot: list[QWidget | None] = [label(said, "caption"), None]
        if leaf:
            show = button(leaf_name(leaf), lambda: self._show(leaf), role="link")
            show.setAccessibleName(tr("Show {leaf}").format(leaf=leaf_name(leaf)))
            show.setToolTip(leaf)
            foot.append(show)
        return card(*items, row(*foot), spacing=4, margin=12)

    def _show(self, leaf: str) -> None:
        self.accept()
        self.leaf_wanted.emit(leaf)
