"""Questions to ask, by leaf: those kept out of training, and the seed examples."""

from contextlib import suppress
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from espalier.errors import EspalierError
from espalier.evaluation.questions import read_questions
from espalier.files import read_lines
from espalier.project import Project
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.run import latest_trained
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, column, label, row

_WIDTH, _HEIGHT = 560, 420
_MOST = 3_000  # questions that are listed


@dataclass(frozen=True)
class Preset:
    """A question to ask.

    Attributes:
        kind: ``held out`` (written by hand), ``split`` (kept out of the training rows) or ``seed``.
        leaf: its path, "" for none.
    """

    question: str
    leaf: str
    kind: str


def presets_of(project: Project) -> list[Preset]:
    """Return the questions a project offers, without repeats: written ones first, then kept-out rows, then seeds."""
    found: list[Preset] = []
    with suppress(EspalierError):  # none, or a file that Evaluate complains about
        found += [Preset(each.question, each.leaf, "held out") for each in read_questions(project.questions)]
    with suppress(EspalierError, OSError):  # nothing is trained yet
        for line in read_lines(latest_trained(project).folder / "heldout.jsonl"):
            if isinstance(line, dict) and isinstance(line.get("question"), str):
                found.append(Preset(line["question"], str(line.get("leaf", "")), "split"))
    with suppress(EspalierError):  # a leaf with errors; the Taxonomy page tells which
        for leaf in read_taxonomy(project.taxonomy):
            found += [Preset(seed.request, leaf.path, "seed") for seed in leaf.seeds]
    return list({preset.question: preset for preset in reversed(found)}.values())[::-1][:_MOST]


class PresetsPopover(QFrame):
    """Questions by leaf over the window, with a filter; it goes when one clicks elsewhere.

    Signals:
        chosen: the Preset to ask.
        set_wanted: a list of Presets to ask one after the other.
    """

    chosen = Signal(object)
    set_wanted = Signal(object)

    def __init__(self, parent: QWidget, presets: list[Preset]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "popover")
        self.setAccessibleName(tr("Questions to ask"))
        self._items: list[tuple[QTreeWidgetItem, Preset]] = []
        self._tops: dict[str, QTreeWidgetItem] = {}
        self.filter = QLineEdit()
        self.filter.setAccessibleName(tr("Filter the questions"))
        self.filter.setPlaceholderText(tr("Filter"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._narrow)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Questions to ask"))
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setUniformRowHeights(True)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.itemActivated.connect(self._take)
        self.tree.itemClicked.connect(self._take)
        self.run = button("", self._run)
        self.run.setToolTip(tr("Put every question that is shown to both panes, one after the other"))
        self._fill(presets)
        about = label(tr("Held-out questions were never trained on; seed examples may have been."), "muted", wrap=True)
        head = row(label(tr("Questions to ask"), "headline"), None, self.run)
        layout = column(head, about, self.filter, self.tree, spacing=8)
        layout.setContentsMargins(14, 12, 14, 14)
        self.setLayout(layout)
        self.resize(_WIDTH, _HEIGHT)
        self._count()

    def show_above(self, anchor: QWidget) -> None:
        """Open it above a widget."""
        self.move(anchor.mapToGlobal(QPoint(0, -_HEIGHT - 6)))
        self.show()
        self.filter.setFocus()

    @property
    def shown(self) -> list[Preset]:
        """Return the questions that the filter lets through."""
        return [preset for item, preset in self._items if not item.isHidden()]

    def _fill(self, presets: list[Preset]) -> None:
        kinds = {"held out": tr("held out"), "split": tr("held out"), "seed": tr("seed example")}
        tops = self._tops
        for preset in presets:
            if preset.leaf not in tops:
                tops[preset.leaf] = QTreeWidgetItem([leaf_name(preset.leaf) if preset.leaf else tr("No leaf")])
                tops[preset.leaf].setToolTip(0, preset.leaf)
                tops[preset.leaf].setData(1, Qt.ItemDataRole.AccessibleTextRole, tops[preset.leaf].text(0))
                self.tree.addTopLevelItem(tops[preset.leaf])
            words = " ".join(preset.question.split())
            item = QTreeWidgetItem([words, kinds[preset.kind]])
            item.setToolTip(0, preset.question)
            item.setData(0, Qt.ItemDataRole.UserRole, preset)
            tops[preset.leaf].addChild(item)
            self._items.append((item, preset))
        self.tree.expandAll()

    @Slot(str)
    def _narrow(self, text: str) -> None:
        words = text.casefold().split()
        for item, preset in self._items:
            said = f"{self._tops[preset.leaf].text(0)} {item.text(0)}".casefold()
            item.setHidden(not all(word in said for word in words))
        shown = {preset.leaf for preset in self.shown}
        for leaf, top in self._tops.items():
            top.setHidden(leaf not in shown)
        self._count()

    def _count(self) -> None:
        count = len(self.shown)
        self.run.setEnabled(count > 0)
        self.run.setText(tr("Ask All %n", count))

    def _take(self, item: QTreeWidgetItem) -> None:
        preset = item.data(0, Qt.ItemDataRole.UserRole)
        if preset:
            self.close()
            self.chosen.emit(preset)

    def _run(self) -> None:
        shown = self.shown
        self.close()
        self.set_wanted.emit(shown)
