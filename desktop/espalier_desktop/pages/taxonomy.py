"""Taxonomy: the leaves with their problems, checked again whenever a file is saved. Editing comes with the editor."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QStackedWidget, QTreeView, QWidget

from espalier.status import LeafStatus
from espalier.taxonomy.problems import Problem
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.widgets.basics import button, card, clear, column, label, line, row, set_role
from espalier_desktop.widgets.empty import EmptyState

PathRole = Qt.ItemDataRole.UserRole  # a leaf's path; None on a folder


def kind_title(leaf: LeafStatus) -> str:
    """Return what kind of leaf it is, in the window's language."""
    titles = {"knowledge": tr("Knowledge"), "skill": tr("Skill"), "grounded skill": tr("Grounded skill")}
    return titles.get(leaf.kind, tr("Not readable yet"))


def leaf_name(path: str) -> str:
    """Return a leaf's own name as a person would write it."""
    name = path.rpartition("/")[2].replace("_", " ")
    return name[:1].upper() + name[1:]


class TaxonomyPage(Page):
    """A tree of the leaves beside what is known of the chosen one."""

    offers = frozenset({"go_taxonomy"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._model = QStandardItemModel(self)
        self.tree = QTreeView()
        self.tree.setAccessibleName(tr("Leaves"))
        self.tree.setModel(self._model)
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(16)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.selectionModel().currentChanged.connect(self._on_current)
        self.tree.activated.connect(self._open_file)
        self.title = label(role="title", wrap=True)
        self.facts = label(role="muted", wrap=True)
        self.open = button(tr("Open File"), self._open_file, role="primary")
        self.reveal = button(tr("Show Folder"), self._show_folder)
        self.problems = column(spacing=10)
        self._chosen = ""
        self._lay_out()
        shell.document.leaves_changed.connect(self.refresh)
        shell.document.status_changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the leaves there are, with the one chosen that was chosen before."""
        leaves = self.shell.document.leaves
        paths = [item.data(PathRole) for item in self._items()]
        if paths != list(leaves):
            self._fill()
        for item in self._items():
            _show_state(item, leaves[item.data(PathRole)])
        self._stack.setCurrentIndex(1 if leaves else 0)
        if self._chosen not in leaves:
            broken = (path for path, leaf in leaves.items() if leaf.kind == "" and leaf.problems)
            self._chosen = next(broken, next(iter(leaves), ""))
        self._select(self._chosen)
        self._show_leaf()

    def save_state(self) -> dict[str, Any]:
        """Return the chosen leaf."""
        return {"leaf": self._chosen}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Choose the leaf that was chosen."""
        if state.get("leaf") in self.shell.document.leaves:
            self._chosen = state["leaf"]
            self.refresh()

    def _lay_out(self) -> None:
        head = row(self.title, self.reveal, self.open, spacing=8)
        head.setStretch(0, 1)
        text = tr("Leaves are edited as text for now: open the file, and save it. Problems appear here at once.")
        detail = column(head, self.facts, 4, self.problems, 12, label(text, "caption", wrap=True), None, spacing=12)
        detail.setContentsMargins(32, 28, 32, 24)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidgetResizable(True)
        inner = QWidget()
        inner.setLayout(detail)
        area.setWidget(inner)
        left = QWidget()
        left.setLayout(column(self.tree))
        left.layout().setContentsMargins(16, 16, 12, 16)  # type: ignore[union-attr]
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(left)
        self._splitter.addWidget(area)
        self._splitter.setSizes([340, 700])
        self._splitter.setStretchFactor(1, 1)
        text = tr(
            "A leaf is a file qna.yaml with a few questions and answers. Put it in a folder of its own below "
            "taxonomy/knowledge or taxonomy/compositional_skills. The editor that makes leaves here comes next."
        )
        self.show_folder = button(tr("Show Taxonomy Folder"), self._show_folder, role="primary")
        self._stack = QStackedWidget()
        self._stack.addWidget(EmptyState("taxonomy", tr("The taxonomy has no leaf yet"), text, self.show_folder))
        self._stack.addWidget(self._splitter)
        self.setLayout(column(self._stack, spacing=0))

    def _fill(self) -> None:
        self._model.clear()
        self._model.setHorizontalHeaderLabels([tr("Leaves")])
        folders: dict[str, QStandardItem] = {"": self._model.invisibleRootItem()}
        for path in self.shell.document.leaves:
            item = QStandardItem(path.rpartition("/")[2].replace("_", " "))
            item.setEditable(False)
            item.setData(path, PathRole)
            self._folder(path.rpartition("/")[0], folders).appendRow(item)
        self.tree.expandAll()

    def _folder(self, path: str, folders: dict[str, QStandardItem]) -> QStandardItem:
        if path not in folders:
            above, _, name = path.rpartition("/")
            item = QStandardItem(icon("folder", "muted"), name.replace("_", " "))
            item.setEditable(False)
            self._folder(above, folders).appendRow(item)
            folders[path] = item
        return folders[path]

    def _items(self) -> list[QStandardItem]:
        found: list[QStandardItem] = []
        waiting = [self._model.invisibleRootItem()]
        while waiting:
            item = waiting.pop()
            if item.data(PathRole):
                found.append(item)
            waiting += [item.child(place) for place in reversed(range(item.rowCount()))]
        return found

    def _select(self, path: str) -> None:
        for item in self._items():
            if item.data(PathRole) == path and self.tree.currentIndex() != item.index():
                self.tree.setCurrentIndex(item.index())

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.data(PathRole):
            self._chosen = now.data(PathRole)
            self._show_leaf()

    def _show_leaf(self) -> None:
        leaf = self.shell.document.leaves.get(self._chosen)
        clear(self.problems)
        if leaf is None:
            return
        self.title.setText(leaf_name(leaf.path))
        seeds = tr("%n seed example(s)", leaf.seeds)
        facts = [kind_title(leaf), seeds] if leaf.kind else [kind_title(leaf)]
        if leaf.accepted:
            facts.append(tr("%n accepted sample(s)", leaf.accepted))
        self.facts.setText(" · ".join(facts))
        if leaf.problems:
            self.problems.addWidget(card(*_rows(leaf.problems), spacing=12))
        elif leaf.kind:
            good = label(tr("No problems. InstructLab would accept this leaf."), "good")
            self.problems.addWidget(good)

    def _file(self) -> Path:
        return self.shell.document.project.taxonomy / self._chosen / "qna.yaml"

    def _open_file(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._file())))

    def _show_folder(self) -> None:
        folder = self._file().parent if self._chosen else self.shell.document.project.taxonomy
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _rows(problems: tuple[Problem, ...]) -> list[QWidget]:
    rows: list[QWidget] = []
    for problem in problems:
        if rows:
            rows.append(line())
        words = {"error": tr("Error"), "warning": tr("Warning"), "hint": tr("Hint")}
        sign = label(words[problem.severity], "strong")
        set_role(sign, {"error": "error", "warning": "warning"}.get(problem.severity, "muted"))
        place = label(tr("line {line}").format(line=problem.line), "caption")
        text = label(problem.message, wrap=True, selectable=True)
        made = QWidget()
        made.setLayout(column(row(sign, place, None, spacing=8), text, spacing=4))
        rows.append(made)
    return rows


def _show_state(item: QStandardItem, leaf: LeafStatus) -> None:
    """Give a leaf a sign of its worst problem, in shape and in words."""
    name = leaf_name(leaf.path)
    warnings = sum(problem.severity == "warning" for problem in leaf.problems)
    if leaf.kind == "" and not leaf.problems:
        sign, words = icon("wait", "muted"), tr("not checked yet")
    elif leaf.errors:
        sign, words = icon("error", "error"), tr("%n error(s)", leaf.errors)
    elif warnings:
        sign, words = icon("warning", "warning"), tr("%n warning(s)", warnings)
    else:
        sign, words = icon("leaf", "ink"), tr("no problems")
    item.setIcon(sign)
    item.setData(f"{name}, {kind_title(leaf)}, {words}", Qt.ItemDataRole.AccessibleTextRole)
    item.setToolTip(f"{leaf.path}\n{words}")
