"""Every command of a window, once: its words, its place in the menu bar, its keys."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from espalier_desktop.i18n import tr

Keys = QKeySequence.StandardKey
Role = QAction.MenuRole
TAXONOMY_COMMANDS = (
    *("new_leaf", "new_branch", "rename_leaf", "duplicate_leaf", "delete_leaf", "reveal_leaf"),
    *("filter", "go_to_leaf", "source", "problems", "fix_all", "difference", "commit", "contribute"),
    *("add_document", "ask_student"),
)

REVIEW_COMMANDS = (
    *("keep_sample", "drop_sample", "edit_sample", "regenerate_sample", "next_sample", "previous_sample"),
    *("find_sample", "import_samples", "export_samples"),
)
COMPARE_COMMANDS = (
    *("new_conversation", "open_conversation", "export_conversation", "ask_preset", "stop_answers"),
    *("regenerate_answers", "edit_question", "correct_answer", "why_answer", "show_differences", "lock_scrolling"),
    *(
        "blind_test",
        "vote_left",
        "vote_right",
        "vote_both",
        "vote_neither",
        "answer_settings",
        "show_scoreboard",
        "serve_model",
    ),
)
EXPORT_COMMANDS = ("publish", "import_adapter")
VOTE_KEYS = ("vote_left", "vote_right", "vote_both", "vote_neither")  # for the Compare page only, when a vote is due
LETTERS = ("keep_sample", "drop_sample", "edit_sample", "regenerate_sample")  # single keys, for the Review page only


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        key: its name in the code.
        keys: a standard key, or Qt's notation, in which Ctrl is the Mac's ⌘ and Meta its ⌃.
        fallback: keys where the platform has no standard one.
        needs_project: whether it is for an open project only.
        begins_group: whether a line stands above it.
    """

    key: str
    text: str
    keys: Keys | str = ""
    fallback: str = ""
    role: Role = Role.NoRole
    needs_project: bool = True
    is_checkable: bool = False
    begins_group: bool = False


@dataclass(frozen=True)
class Menu:
    """One menu of the menu bar."""

    key: str
    text: str
    commands: tuple[Command, ...]


def menus(pages: list[tuple[str, str]]) -> list[Menu]:
    """Return the menu bar, in order.

    Args:
        pages: key and title of each page, in the order of ⌘1, ⌘2, …
    """
    go = [Command(f"go_{key}", title, f"Ctrl+{place}") for place, (key, title) in enumerate(pages, 1)]
    anywhere = False
    return [
        Menu(
            "file",
            tr("File"),
            (
                Command("new", tr("New Project…"), Keys.New, needs_project=anywhere),
                Command("open", tr("Open Project…"), Keys.Open, needs_project=anywhere),
                Command("example", tr("Open the Example…"), needs_project=anywhere),
                Command("clone", tr("Clone a Taxonomy…"), needs_project=anywhere),
                Command("save", tr("Save"), Keys.Save, begins_group=True),
                Command("reveal", tr("Show Project Folder"), "Ctrl+Alt+R"),
                Command("publish", tr("Publish…"), "Ctrl+Shift+P", begins_group=True),
                Command("import_adapter", tr("Import Adapter…")),
                Command("close", tr("Close Window"), Keys.Close, "Ctrl+W", needs_project=anywhere, begins_group=True),
                Command(
                    "settings",
                    tr("Settings…"),
                    Keys.Preferences,
                    "Ctrl+,",
                    Role.PreferencesRole,
                    needs_project=anywhere,
                ),
                Command("quit", tr("Quit Espalier"), Keys.Quit, "Ctrl+Q", Role.QuitRole, needs_project=anywhere),
            ),
        ),
        Menu(
            "edit",
            tr("Edit"),
            (
                Command("undo", tr("Undo"), Keys.Undo),
                Command("redo", tr("Redo"), Keys.Redo),
                Command("cut", tr("Cut"), Keys.Cut, needs_project=anywhere, begins_group=True),
                Command("copy", tr("Copy"), Keys.Copy, needs_project=anywhere),
                Command("paste", tr("Paste"), Keys.Paste, needs_project=anywhere),
                Command("select_all", tr("Select All"), Keys.SelectAll, needs_project=anywhere),
            ),
        ),
        Menu(
            "view",
            tr("View"),
            (
                *go,
                Command("sidebar", tr("Show Sidebar"), "Ctrl+Meta+S", is_checkable=True, begins_group=True),
                Command("bigger", tr("Bigger Text"), Keys.ZoomIn, needs_project=anywhere, begins_group=True),
                Command("smaller", tr("Smaller Text"), Keys.ZoomOut, needs_project=anywhere),
                Command("actual_size", tr("Actual Size"), "Ctrl+0", needs_project=anywhere),
                Command("full_screen", tr("Full Screen"), Keys.FullScreen, is_checkable=True, begins_group=True),
            ),
        ),
        Menu(
            "taxonomy",
            tr("Taxonomy"),
            (
                Command("new_leaf", tr("New Leaf…"), "Ctrl+Shift+L"),
                Command("new_branch", tr("New Branch"), "Ctrl+Shift+B"),
                Command("rename_leaf", tr("Rename"), begins_group=True),
                Command("duplicate_leaf", tr("Duplicate"), "Ctrl+D"),
                Command("delete_leaf", tr("Delete"), "Ctrl+Backspace"),
                Command("reveal_leaf", tr("Show in Folder")),
                Command("filter", tr("Filter the Tree"), Keys.Find, begins_group=True),
                Command("go_to_leaf", tr("Go to Leaf…"), "Ctrl+T"),
                Command("source", tr("Show or Hide the Source"), "Ctrl+Alt+S"),
                Command("add_document", tr("Add Document…"), "Ctrl+I", begins_group=True),
                Command("ask_student", tr("Ask the Student All Seed Questions")),
                Command("problems", tr("Show Problems"), "Ctrl+Shift+M", begins_group=True),
                Command("fix_all", tr("Fix All Safe Ones")),
                Command("difference", tr("Show Difference"), "Ctrl+Alt+D", begins_group=True),
                Command("commit", tr("Commit…"), "Ctrl+Alt+C"),
                Command("contribute", tr("Contribute…"), "Ctrl+Alt+G"),
            ),
        ),
        Menu(
            "review",
            tr("Review"),
            (
                Command("keep_sample", tr("Keep"), "Y"),
                Command("drop_sample", tr("Drop"), "D"),
                Command("edit_sample", tr("Edit Sample"), "E"),
                Command("regenerate_sample", tr("Regenerate"), "R"),
                Command("next_sample", tr("Next Sample"), begins_group=True),
                Command("previous_sample", tr("Previous Sample")),
                Command("find_sample", tr("Find Sample"), "Ctrl+Shift+F"),
                Command("import_samples", tr("Import Samples…"), begins_group=True),
                Command("export_samples", tr("Export Samples…")),
            ),
        ),
        Menu(
            "compare",
            tr("Compare"),
            (
                Command("new_conversation", tr("New Conversation"), "Ctrl+Alt+N"),
                Command("open_conversation", tr("Open Conversation…"), "Ctrl+Alt+O"),
                Command("export_conversation", tr("Export Conversation…"), "Ctrl+Alt+E"),
                Command("ask_preset", tr("Questions to Ask…"), "Ctrl+Alt+Q", begins_group=True),
                Command("stop_answers", tr("Stop Answering"), "Ctrl+Shift+."),
                Command("regenerate_answers", tr("Regenerate Both"), "Ctrl+Shift+R"),
                Command("edit_question", tr("Edit Last Question"), "Ctrl+Shift+E"),
                Command("correct_answer", tr("Correct the Right Answer…"), "Ctrl+Alt+K"),
                Command("why_answer", tr("Why Does It Say That?"), "Ctrl+Alt+W"),
                Command("show_differences", tr("Show or Hide Differences"), "Ctrl+Alt+F", begins_group=True),
                Command("lock_scrolling", tr("Lock or Unlock Scrolling"), "Ctrl+Alt+L"),
                Command("blind_test", tr("Blind Test On or Off"), "Ctrl+Alt+B", begins_group=True),
                Command("vote_left", tr("Left Is Better"), "1"),
                Command("vote_right", tr("Right Is Better"), "2"),
                Command("vote_both", tr("Both Are Fine"), "0"),
                Command("vote_neither", tr("Neither Is Fine"), "X"),
                Command("answer_settings", tr("How Both Are Asked…"), "Ctrl+Alt+,", begins_group=True),
                Command("show_scoreboard", tr("Show Scoreboard"), "Ctrl+Alt+J"),
                Command("serve_model", tr("Serve the Model…")),
            ),
        ),
        Menu(
            "job",
            tr("Job"),
            (
                Command("tune", tr("Run All Steps"), "Ctrl+R"),
                Command("overnight", tr("Run Overnight…"), needs_project=anywhere),
                Command("generate", tr("Generate Samples"), begins_group=True),
                Command("train", tr("Train")),
                Command("quantize", tr("Quantize")),
                Command("evaluate", tr("Evaluate")),
                Command("stop", tr("Stop"), "Ctrl+.", begins_group=True),
                Command("show_log", tr("Show Log of the Last Job")),
            ),
        ),
        Menu(
            "window",
            tr("Window"),
            (
                Command("minimize", tr("Minimize"), "Ctrl+M", needs_project=anywhere),
                Command("zoom", tr("Zoom"), needs_project=anywhere),
                Command("models", tr("Models"), "Ctrl+Shift+2", needs_project=anywhere, begins_group=True),
                Command("welcome", tr("Welcome to Espalier"), "Ctrl+Shift+1", needs_project=anywhere),
            ),
        ),
        Menu(
            "help",
            tr("Help"),
            (
                Command("help", tr("Espalier Help"), Keys.HelpContents, needs_project=anywhere),
                Command("glossary", tr("Glossary"), needs_project=anywhere),
                Command("tour", tr("Take the Tour")),
                Command("readiness", tr("Is Everything Ready?"), needs_project=anywhere),
                Command("copy_report", tr("Copy Report"), needs_project=anywhere, begins_group=True),
                Command("show_logs", tr("Show Logs Folder"), needs_project=anywhere),
                Command("updates", tr("Check for Updates…"), role=Role.ApplicationSpecificRole, needs_project=anywhere),
                Command("about", tr("About Espalier"), role=Role.AboutRole, needs_project=anywhere, begins_group=True),
            ),
        ),
    ]


class Commands:
    """The commands of one window as actions in its menu bar.

    Attributes:
        menus: each menu by its key.
    """

    def __init__(self, window: QMainWindow, pages: list[tuple[str, str]], *, has_project: bool) -> None:
        self.menus: dict[str, QMenu] = {}
        self._actions: dict[str, QAction] = {}
        for menu in menus(pages):
            shown = window.menuBar().addMenu(menu.text)
            self.menus[menu.key] = shown
            for command in menu.commands:
                if command.begins_group:
                    shown.addSeparator()
                action = QAction(command.text, window)
                action.setObjectName(command.key)
                action.setMenuRole(command.role)
                action.setCheckable(command.is_checkable)
                action.setEnabled(has_project or not command.needs_project)
                sequences = QKeySequence.keyBindings(command.keys) if isinstance(command.keys, Keys) else []
                text = command.fallback or (command.keys if isinstance(command.keys, str) else "")
                action.setShortcuts(sequences or ([QKeySequence(text)] if text else []))
                shown.addAction(action)
                self._actions[command.key] = action

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def on(self, key: str, do: Callable[[], object]) -> None:
        """Do something when a command is given."""
        self._actions[key].triggered.connect(lambda: do())
