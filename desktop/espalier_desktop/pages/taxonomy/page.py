"""Taxonomy: the tree of leaves beside the editor of the chosen one, and the problems of all at the foot."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices, QIcon
from PySide6.QtWidgets import QCheckBox, QLineEdit, QSplitter, QStackedWidget, QWidget
from typing_extensions import override

from espalier.status import LeafStatus
from espalier.taxonomy.folders import moved_path
from espalier.taxonomy.names import name_problem, proper_name
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.walk import FOLDERS
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.pages.taxonomy.editor import LeafEditor
from espalier_desktop.pages.taxonomy.git_strip import GitStrip
from espalier_desktop.pages.taxonomy.go_to import GoToLeaf
from espalier_desktop.pages.taxonomy.leaf_view import LeafView
from espalier_desktop.pages.taxonomy.mending import Mender
from espalier_desktop.pages.taxonomy.names import branch_name
from espalier_desktop.pages.taxonomy.new_leaf import NewLeafSheet
from espalier_desktop.pages.taxonomy.popover import ProblemsPopover
from espalier_desktop.pages.taxonomy.tree_model import TreeModel
from espalier_desktop.pages.taxonomy.tree_view import TreeView
from espalier_desktop.widgets.basics import button, column, label, line, row, set_role, set_widths
from espalier_desktop.widgets.empty import EmptyState, empty_or

_TREE_COMMANDS = ("new_leaf", "new_branch", "rename_leaf", "duplicate_leaf", "delete_leaf", "reveal_leaf")


class TaxonomyPage(Page):
    """A tree of the leaves beside what is known of the chosen one."""

    offers = frozenset({"go_taxonomy"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._document = shell.document
        self.model = TreeModel(self._rename, self._document.move, self)
        self.model.show_tree(self._document.tree, {})
        self.tree = TreeView(self.model)
        self.tree.addActions([shell.commands[key] for key in _TREE_COMMANDS])
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(tr("Filter"))
        self.filter.setAccessibleName(tr("Filter the tree"))
        self.filter.setClearButtonEnabled(True)
        self.add = button(tr("New Leaf"), partial(shell.do, "new_leaf"), picture="plus")
        self.scores = QCheckBox(tr("Show scores"))
        self.scores.setToolTip(tr("How many held-out questions the tuned student answers right, beside each leaf"))
        self.scores.setChecked(True)
        self.scores.toggled.connect(lambda _: self.refresh())
        self.more = QAction(tr("Generate More Here"), self)
        self.more.triggered.connect(self._generate_more)
        self.tree.addAction(self.more)
        self.editor = LeafEditor(shell)
        self.branch_title = label(role="title", wrap=True)
        self.branch_facts = label(role="muted", wrap=True)
        self.problems = button("", self.show_problems, role="link")
        self._mender = Mender(self._document, self)
        self.git = GitStrip(shell, self._statuses, lambda: self.chosen)
        self._lay_out()
        self._connect()
        self.refresh()
        self._choose(self._first())

    @property
    def chosen(self) -> str:
        """Return the path of the leaf or branch that is shown."""
        return self.tree.path

    @Slot()
    def refresh(self) -> None:
        """Show the badges and counts as they are now."""
        leaves = self._statuses()
        history = self._document.history.now
        status = self._document.status
        scores = status.scores if status else {}
        self.scores.setVisible(bool(scores))
        shown = scores if self.scores.isChecked() else {}
        self.model.show_statuses(leaves, history.changes if history else {}, shown)
        errors = sum(leaf.errors for leaf in leaves.values())
        found = [problem.severity for leaf in leaves.values() for problem in leaf.problems]
        parts = [tr("%n leaf(s)", len(leaves))]
        parts += [tr("%n error(s)", errors)] if errors else []
        parts += [tr("%n warning(s)", found.count("warning"))] if "warning" in found else []
        parts += [tr("%n hint(s)", found.count("hint"))] if "hint" in found else []
        self.problems.setText(" · ".join(parts) if len(parts) > 1 else f"{parts[0]} · {tr('no problems')}")
        state = "error" if errors else "warning" if "warning" in found else ""
        set_role(self.problems, f"link {state}".strip())
        self.problems.setIcon(icon(state, state) if state else QIcon())
        self.problems.setAccessibleName(f"{tr('Problems')}: {self.problems.text()}")
        has_any = bool(leaves) or any(top.children for top in self._document.tree.children)
        self._stack.setCurrentIndex(1 if has_any else 0)
        if self.editor.path:
            self.editor.show_facts()

    @override
    def save_state(self) -> dict[str, Any]:
        widths = {"widths": self._splitter.sizes(), "editor_widths": self.editor.panes.splitter.sizes()}
        return {
            "leaf": self.chosen,
            "open": self.tree.opened,
            "mode": self.editor.mode,
            "scores": self.scores.isChecked(),
            **widths,
        }

    @override
    def restore_state(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("open"), list):
            self.tree.open_first([str(path) for path in state["open"]])
        set_widths(self._splitter, state.get("widths"))
        set_widths(self.editor.panes.splitter, state.get("editor_widths"))
        if state.get("mode") in self.editor.panes.modes.buttons:
            self.editor.set_mode(state["mode"])
        self.scores.setChecked(state.get("scores") is not False)
        self._choose(str(state.get("leaf", "")))

    @override
    def give(self, command: str) -> None:
        {
            "new_leaf": self.new_leaf,
            "new_branch": self.new_branch,
            "rename_leaf": lambda: self.tree.edit(self.tree.currentIndex()),
            "duplicate_leaf": lambda: self._go_on(self._document.duplicate(self.chosen)),
            "delete_leaf": self._delete,
            "reveal_leaf": self._reveal,
            "filter": self.filter.setFocus,
            "go_to_leaf": self.go_to_leaf,
            "source": self._toggle_source,
            "problems": self.show_problems,
            "fix_all": self.fix_all,
            "add_document": self._add_document,
            "ask_student": self._ask_student,
            "difference": self.git.show_difference,
            "commit": self.git.ask_commit,
            "contribute": self.git.ask_contribution,
        }[command]()

    def new_leaf(self) -> None:
        """Ask what the new leaf is to be, and make it."""
        paths = [path for path in self.model.paths if path]
        branches = [path for path in paths if path not in self._document.leaves]
        sheet = NewLeafSheet(self, branches, self._branch(), [path for path in paths if path in self._document.leaves])

        def make() -> None:
            self._go_on(self._document.create_leaf(sheet.path, sheet.text))

        sheet.accepted.connect(make)
        sheet.open()

    def new_branch(self) -> None:
        """Make a branch beside the chosen one, to be named at once."""
        above, taken = self._branch(), set(self.model.paths)
        name, number = proper_name(tr("new branch")), 2
        path = f"{above}/{name}"
        while path in taken:
            path, number = f"{above}/{name}_{number}", number + 1
        made = self._document.create_branch(path)
        if made and self._go_on(made):
            self.tree.setFocus()
            self.tree.edit(self.tree.currentIndex())

    def go_to_leaf(self) -> None:
        """Ask for a leaf by a part of its name."""
        dialog = GoToLeaf(self, self.model.leaves)
        dialog.chosen.connect(self._go_on)
        dialog.open()
        dialog.field.setFocus()

    def show_problems(self) -> None:
        """Show every problem there is."""
        self._document.texts.due.emit()
        status = self._document.status
        popover = ProblemsPopover(self, self._statuses(), status.stray if status else ())
        popover.chosen.connect(self._go_to_problem)
        popover.all_wanted.connect(self.fix_all)
        popover.show_above(self.problems)

    def fix_all(self) -> None:
        """Mend whatever can safely be mended, one leaf after the other, as one step that can be undone."""
        self._mender.start(self._statuses().values())

    def _lay_out(self) -> None:
        left = QWidget()
        layout = column(self.filter, self.tree, self.scores, self.add, spacing=8)
        layout.setContentsMargins(14, 14, 12, 12)
        left.setLayout(layout)
        left.setMinimumWidth(200)
        new_leaf = button(tr("New Leaf"), partial(self.shell.do, "new_leaf"), role="primary")
        new_branch = button(tr("New Branch"), partial(self.shell.do, "new_branch"))
        branch = QWidget()
        names = column(self.branch_title, self.branch_facts, 8, row(new_leaf, new_branch, None), None, spacing=4)
        names.setContentsMargins(24, 18, 20, 12)
        branch.setLayout(names)
        self._detail = QStackedWidget()
        self._detail.addWidget(branch)
        self._detail.addWidget(self.editor)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(left)
        self._splitter.addWidget(self._detail)
        self._splitter.setSizes([272, 784])
        self._splitter.setStretchFactor(1, 1)
        strip = row(self.problems, None, self.git)
        strip.setContentsMargins(12, 3, 12, 3)
        whole = QWidget()
        whole.setLayout(column(self._splitter, line(), strip, spacing=0))
        whole.layout().setStretch(0, 1)  # type: ignore[union-attr]  # it is the column
        text = tr("A leaf holds a few questions and answers about one thing. The teacher writes more like them.")
        first = button(tr("New Leaf"), partial(self.shell.do, "new_leaf"), role="primary")
        self._stack = empty_or(EmptyState("taxonomy", tr("The taxonomy has no leaf yet"), text, first), whole)
        self.setLayout(column(self._stack, spacing=0))

    def _connect(self) -> None:
        self._document.tree_changed.connect(self._on_tree_changed)
        self._document.touched.connect(self._on_touched)
        self._soon = QTimer(self, interval=0, singleShot=True)  # once for all signals of one change
        self._soon.timeout.connect(self.refresh)
        self._document.leaves_changed.connect(self._soon.start)
        self._document.status_changed.connect(self._soon.start)
        self._document.history.changed.connect(self._soon.start)
        self._mender.finished.connect(self._on_mended)
        self.tree.chosen.connect(self._on_chosen)
        self.filter.textChanged.connect(self._on_filter)
        self.editor.viewed.connect(lambda _: self._soon.start())

    def _statuses(self) -> Mapping[str, LeafStatus]:
        """Return the statuses of the survey, with that of the leaf being edited as its text is now."""
        view: LeafView | None = self.editor.view
        leaves = self._document.leaves
        if view is None or view.path not in leaves:
            return leaves
        kind = "" if view.errors else view.kind
        return {**leaves, view.path: replace(leaves[view.path], problems=view.problems, kind=kind)}

    def _first(self) -> str:
        leaves = self._document.leaves
        broken = (path for path, leaf in leaves.items() if leaf.kind == "" and leaf.problems)
        return next(broken, next(iter(leaves), next(iter(self.model.paths), "")))

    def _choose(self, path: str) -> bool:
        return bool(path) and self.tree.choose(path)

    @Slot(str)
    def _go_on(self, path: str | None) -> bool:
        """Show a leaf or branch, also one that the filter hides."""
        if not path:
            return False
        if not self._choose(path):
            self.filter.clear()
        return self._choose(path)

    @Slot(str)
    def _on_chosen(self, path: str) -> None:
        is_leaf = path in self._document.leaves
        if is_leaf:
            self.editor.show_leaf(path)
        else:
            inside = [leaf for leaf in self._document.leaves if leaf.startswith(f"{path}/")]
            self.branch_title.setText(branch_name(path))
            self.branch_facts.setText(tr("%n leaf(s)", len(inside)))
        self._detail.setCurrentIndex(1 if is_leaf else 0)
        can_change = "/" in path
        self.more.setEnabled(is_leaf)
        for key in ("rename_leaf", "duplicate_leaf", "delete_leaf"):
            self.shell.commands[key].setEnabled(can_change)

    @Slot(str)
    def _on_filter(self, text: str) -> None:
        self.tree.filter(text)

    @Slot(object)
    def _on_tree_changed(self, moves: Mapping[str, str]) -> None:
        before = moved_path(self.chosen, moves)
        if self.editor.path not in self._document.leaves:
            self.editor.forget()
        self.model.show_tree(self._document.tree, moves)
        while before and not self._choose(before):
            before = before.rpartition("/")[0]
        path = self.chosen
        if moves:
            self.tree.reveal()
        if path != self.editor.path and path in self._document.leaves:
            self.editor.show_leaf(path)
        if path:
            self._on_chosen(path)
        self._soon.start()

    @Slot(str)
    def _on_touched(self, path: str) -> None:
        is_shown = path == self.editor.path
        self._go_on(path)
        if is_shown:
            self.editor.check()

    @Slot(str, object)
    def _go_to_problem(self, path: str, problem: Problem) -> None:
        if self._go_on(path):
            self.editor.go_to(problem)

    def _branch(self) -> str:
        return self.model.branch_of(self.tree.currentIndex()) or FOLDERS[0]

    def _rename(self, path: str, text: str) -> bool:
        name = text if not name_problem(text) else proper_name(text)
        return bool(self._document.rename(path, name))

    def _delete(self) -> None:
        path = self.chosen
        if "/" in path and self._document.delete(path) is not None:
            text = tr("“{name}” was deleted.").format(name=branch_name(path))
            self.shell.toast(text, tr("Undo"), self._document.take_back)

    def _reveal(self) -> None:
        folder = self._document.project.taxonomy / self.chosen
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    @Slot()
    def _generate_more(self) -> None:
        self.shell.go("generate", {"leaf": self.chosen})

    def _add_document(self) -> None:
        if self.chosen in self._document.leaves and self.editor.has_documents:
            self.editor.set_mode("documents")
            self.editor.documents.choose_files()
        else:
            self.shell.toast(tr("Choose a knowledge leaf first. Documents belong to what the model shall know."))

    def _ask_student(self) -> None:
        if self.chosen not in self._document.leaves or not self.editor.ask_all():
            self.shell.toast(tr("Choose a leaf with a seed question first."))

    def _toggle_source(self) -> None:
        self.editor.set_mode("form" if self.editor.source.isVisible() else "both")
        if not self.editor.source.isVisible() and self.editor.mode == "both":
            self.editor.set_mode("source")

    @Slot(int)
    def _on_mended(self, count: int) -> None:
        if count:
            self.editor.check()
            self.shell.toast(tr("%n leaf(s) fixed.", count), tr("Undo"), self._document.take_back)
        else:
            self.shell.toast(tr("Nothing here can be fixed safely. The problems need you."))
