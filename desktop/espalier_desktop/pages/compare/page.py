"""Compare: one question, answered side by side by what you had and what you made of it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from espalier.comparison.chats import PANES, chat_file, read_chat
from espalier.comparison.nearest import nearest_rows
from espalier.errors import EspalierError
from espalier.training.run import all_runs
from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.answer_settings import AnswerSettings, SettingsPopover, settings_of
from espalier_desktop.pages.compare.chats_sheet import ask_export, ask_link, ask_open
from espalier_desktop.pages.compare.choosing import Choosing, checkpoints, run_folder
from espalier_desktop.pages.compare.comparison import Comparison
from espalier_desktop.pages.compare.correct_sheet import CorrectAnswerSheet
from espalier_desktop.pages.compare.presets import Preset, PresetsPopover, presets_of
from espalier_desktop.pages.compare.scoreboard import Scoreboard
from espalier_desktop.pages.compare.serving import Server, ServeSheet
from espalier_desktop.pages.compare.session import SessionState
from espalier_desktop.pages.compare.talk import Talk
from espalier_desktop.pages.compare.why_sheet import WhySheet
from espalier_desktop.pages.page import Page, Shell
from espalier_desktop.widgets.basics import button, column, row, set_widths
from espalier_desktop.widgets.empty import EmptyState, empty_or
from espalier_desktop.widgets.segments import Segments

VOTES = {"vote_left": "left", "vote_right": "right", "vote_both": "both", "vote_neither": "neither"}


class ComparePage(Page):
    """The conversation, and what opens over it."""

    offers = frozenset({"go_compare", "stop"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.comparison = Comparison(shell.document, self)
        self.talk = Talk(self.comparison, shell.document)
        self.choosing = Choosing(self.comparison, shell, self)
        self.choosing.chosen.connect(self.talk.offer)
        self.new = button(tr("New"), self.comparison.new)
        self.open = button(tr("Open…"), self._open)
        self.take = button(tr("Export…"), self._export)
        self.settings = button(tr("Settings…"), self._show_settings)
        self.server = Server(shell.document.root, self)
        self.serve = button(tr("Serve…"), self._show_server)
        self.scoreboard = Scoreboard(shell)
        self.tabs = Segments({"talk": tr("Conversation"), "scores": tr("Scoreboard")}, tr("Compare"))
        self.tabs.chosen.connect(self.show_tab)
        self._run = self._student = ""
        self._had_job = self._is_old = False
        self._lay_out()
        self._connect()
        self.show_tab("talk")
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show whether there is anything to compare; a worker that holds what is old is let go."""
        document = self.shell.document
        self._whole.setCurrentIndex(1 if document.status and document.status.run else 0)
        run = document.status.run if document.status else ""
        if (run, document.project.student) != (self._run, self._student):
            self._run, self._student = run, document.project.student
            self._let_go()
        self.talk.offer()
        self.talk.refresh()

    def showing(self) -> None:
        """Show what there is to choose from, and put the caret where one writes."""
        self.refresh()
        self._refresh_commands()
        self.talk.composer.setFocus()

    def closing(self) -> None:
        """End the workers."""
        self.comparison.close()
        self.server.stop()

    def point_to(self, place: Mapping[str, str]) -> None:
        """Show a ``tab``; put a ``question`` about a ``leaf`` into the composer."""
        if place.get("tab") in self.tabs.buttons:
            self.show_tab(place["tab"])
        if question := place.get("question", ""):
            self.show_tab("talk")
            self.talk.put(question, place.get("leaf", ""))

    def save_state(self) -> dict[str, Any]:
        """Return what was asked and how."""
        return {
            "question": self.talk.composer.words,
            "tab": "scores" if self._stack.currentWidget() is self.scoreboard else "talk",
            "history": self.talk.composer.history[-50:],
            "settings": self.comparison.settings.as_values(),
            "choices": self.comparison.choices,
            "chat": self.comparison.chat.key if self.comparison.chat.turns else "",
            "blind": self.talk.blind.isChecked(),
            "differences": self.talk.differences.isChecked(),
            "lock": self.talk.lock.isChecked(),
            "widths": self.talk.splitter.sizes(),
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take back what was asked and how, and the conversation."""
        comparison, talk = self.comparison, self.talk
        self.show_tab("scores" if state.get("tab") == "scores" else "talk")
        comparison.settings = settings_of(state.get("settings"))
        stored = state.get("choices")
        for pane in PANES:
            choice = stored.get(pane) if isinstance(stored, dict) else None
            if isinstance(choice, dict) and choice.get("kind"):
                comparison.choices[pane] = choice
        history = state.get("history")
        for question in history if isinstance(history, list) else []:
            talk.composer.remember(str(question))
        talk.composer.setPlainText(str(state.get("question", "")))
        talk.blind.setChecked(state.get("blind") is True)
        talk.differences.setChecked(state.get("differences") is True)
        talk.lock.setChecked(state.get("lock") is not False)
        set_widths(talk.splitter, state.get("widths"))
        key = str(state.get("chat") or "")
        if key and "/" not in key:
            with suppress(EspalierError):  # it was deleted since
                comparison.open(read_chat(chat_file(self.shell.document.project, key)))
        self.refresh()

    @Slot(str)
    def show_tab(self, tab: str) -> None:
        """Show the conversation, ``talk``, or the scoreboard, ``scores``."""
        self.tabs.choose(tab)
        self._stack.setCurrentWidget(self.scoreboard if tab == "scores" else self.talk)
        self._tools.setVisible(tab != "scores")
        if tab == "scores":
            self.scoreboard.refresh()

    def give(self, command: str) -> None:
        """Carry out a command of the Compare menu."""
        talk, comparison = self.talk, self.comparison
        actions: dict[str, Callable[[], object]] = {
            "new_conversation": comparison.new,
            "open_conversation": self._open,
            "export_conversation": self._export,
            "ask_preset": self._show_presets,
            "stop_answers": comparison.stop,
            "regenerate_answers": lambda: comparison.regenerate(set(PANES)),
            "edit_question": talk.edit_last,
            "show_differences": talk.differences.toggle,
            "lock_scrolling": talk.lock.toggle,
            "blind_test": talk.blind.toggle,
            "correct_answer": lambda: self._correct(1),
            "why_answer": lambda: self._why(1),
            "answer_settings": self._show_settings,
            "show_scoreboard": lambda: self.show_tab("scores"),
            "serve_model": self._show_server,
            **{key: partial(comparison.vote, choice) for key, choice in VOTES.items()},
        }
        if command not in ("show_scoreboard", "stop_answers", "serve_model"):
            self.show_tab("talk")
        actions[command]()

    def _connect(self) -> None:
        document, comparison, talk = self.shell.document, self.comparison, self.talk
        document.status_changed.connect(self.refresh)
        document.settings_changed.connect(self.refresh)
        self.shell.jobs.changed.connect(self._on_jobs_changed)
        comparison.failed.connect(lambda sentence: self.shell.tell(tr("Espalier could not do that"), sentence))
        talk.refreshed.connect(self._refresh_commands)
        self.server.changed.connect(self._refresh_server)
        talk.presets.clicked.connect(self._show_presets)
        self.shell.commands.on("stop", self._stop_without_job)
        for side, pane in enumerate(talk.panes):
            pane.chosen.connect(partial(self.choosing.take, PANES[side]))
            pane.correct.clicked.connect(lambda _, side=side: self._correct(side))
            pane.why.clicked.connect(lambda _, side=side: self._why(side))
            pane.transcript.link_wanted.connect(lambda address: ask_link(self, address))

    @Slot()
    def _refresh_commands(self) -> None:
        comparison, commands = self.comparison, self.shell.commands
        if self._is_old and comparison.session.state is SessionState.READY and not comparison.asked_of:
            self._let_go()
        is_busy, has_turn = comparison.session.is_busy, comparison.turn is not None
        is_free = self._whole.currentIndex() == 1 and not is_busy
        for key in ("new_conversation", "open_conversation", "ask_preset", "blind_test", "answer_settings"):
            commands[key].setEnabled(is_free)
        for key in ("regenerate_answers", "edit_question", "export_conversation"):
            commands[key].setEnabled(is_free and has_turn)
        commands["stop_answers"].setEnabled(is_busy)
        commands["stop"].setEnabled(is_busy or self.shell.jobs.current is not None)
        commands["correct_answer"].setEnabled(self.talk.panes[1].correct.isEnabled())
        commands["why_answer"].setEnabled(self.talk.panes[1].why.isEnabled())
        may_vote = (
            comparison.is_vote_due and self.isVisible() and not self.talk.composer.hasFocus()
        )  # a menu takes keys
        for key in VOTES:
            commands[key].setEnabled(may_vote)
        for each in (self.new, self.open, self.settings):
            each.setEnabled(not is_busy)
        self.take.setEnabled(has_turn and not is_busy)

    @Slot()
    def _on_jobs_changed(self) -> None:
        has_job = self.shell.jobs.current is not None
        if has_job and not self._had_job:
            self._let_go()  # a job needs the memory more
        self._had_job = has_job

    def _stop_without_job(self) -> None:
        """Stop the answers by the keys that stop a job, when there is none that they would stop."""
        if self.shell.jobs.current is None:
            self.comparison.stop()

    def _let_go(self) -> None:
        """Let the worker go, once it is idle; the next question starts it again."""
        self._is_old = self.comparison.session.is_busy
        if self.comparison.session.state is SessionState.READY:
            self.comparison.session.end()
            self.comparison.held.clear()
            self.talk.refresh()

    def _open(self) -> None:
        ask_open(self, self.shell.document.project, self.comparison.open, self._fail)

    def _export(self) -> None:
        if self.comparison.turn:
            ask_export(self, self.shell.document.project, self.comparison.chat, self._tell_export, self._fail)

    def _tell_export(self, path: str) -> None:
        self.shell.toast(tr("Exported to {file}.").format(file=Path(path).name))

    def _fail(self, sentence: str) -> None:
        self.shell.tell(tr("Espalier could not do that"), sentence)

    def _show_presets(self) -> None:
        found = presets_of(self.shell.document.project)
        popover = PresetsPopover(self, found)
        popover.chosen.connect(self._take_preset)
        popover.set_wanted.connect(self._run_set)
        popover.show_above(self.talk.presets)

    @Slot(object)
    def _take_preset(self, preset: Preset) -> None:
        self.talk.put(preset.question, preset.leaf)

    @Slot(object)
    def _run_set(self, presets: list[Preset]) -> None:
        self.comparison.ask_set([(preset.question, preset.leaf) for preset in presets])

    def _show_settings(self) -> None:
        found = checkpoints(self.shell.document.project, self.comparison.choices["tuned"])
        chosen = self.comparison.choices["tuned"]
        place = next((at for at, (pane, _) in enumerate(found) if pane == chosen), len(found) - 1)
        has_adapter = any(choice.get("kind") in ("tuned", "adapter") for choice in self.comparison.choices.values())
        titles = [title for _, title in found]
        popover = SettingsPopover(self, self.comparison.settings, titles, place, has_adapter)
        popover.changed.connect(self._take_settings)
        popover.checkpoint_chosen.connect(lambda at: self.choosing.take("tuned", found[at][0]))
        popover.show_at(self.settings)

    def _show_server(self) -> None:
        runs = all_runs(self.shell.document.project)
        ServeSheet(self.window(), self.server, has_quantized=any(run.quantized for run in runs)).open()

    @Slot()
    def _refresh_server(self) -> None:
        self.serve.setText(tr("Serving…") if self.server.is_on else tr("Serve…"))
        self.serve.setToolTip(self.server.serving.url if self.server.serving else "")

    @Slot(object)
    def _take_settings(self, settings: AnswerSettings) -> None:
        self.comparison.settings = settings

    def _correct(self, side: int) -> None:
        turn, answer = self.comparison.turn, self.talk.answer_of(side)
        if turn and answer:
            sheet = CorrectAnswerSheet(
                self.window(), self.shell.document, turn.question, answer.text.strip(), turn.leaf
            )
            sheet.kept.connect(self._tell_kept)
            sheet.brought.connect(self.shell.toast)
            sheet.open()

    @Slot(str)
    def _tell_kept(self, leaf: str) -> None:
        self.shell.toast(
            tr("It is a seed example now. Generate and train again to teach it."),
            tr("Show"),
            lambda: self.shell.go("taxonomy", {"leaf": leaf}),
        )

    def _why(self, side: int) -> None:
        turn, answer = self.comparison.turn, self.talk.answer_of(side)
        run = run_folder(self.shell.document.project, self.comparison.choices[self.talk.pane_of(side)])
        if turn and answer and run:
            sheet = WhySheet(self.window(), nearest_rows(run, turn.question, answer.text))
            sheet.leaf_wanted.connect(lambda leaf: self.shell.go("taxonomy", {"leaf": leaf}))
            sheet.open()

    def _lay_out(self) -> None:
        talk = self.talk
        tools = row(talk.blind, talk.differences, talk.lock, self.settings, spacing=6)
        self._tools = QWidget()
        self._tools.setLayout(tools)
        for place, each in enumerate((self.new, self.open, self.take, self.serve), 2):
            talk.below.insertWidget(place, each)
        bar = row(self.tabs, None, self._tools)
        bar.setContentsMargins(24, 0, 24, 0)
        talk.layout().setContentsMargins(24, 0, 24, 0)  # type: ignore[union-attr]  # it has one
        self._stack = QStackedWidget()
        self._stack.addWidget(talk)
        self._stack.addWidget(self.scoreboard)
        content = column(bar, self._stack, spacing=12)
        content.setStretch(1, 1)
        content.setContentsMargins(0, 14, 0, 16)
        inner = QWidget()
        inner.setLayout(content)
        text = tr(
            "One question, two answers: the student before and after, written side by side from one copy of the model. "
            "Train first."
        )
        self.train = button(tr("Go to Train"), lambda: self.shell.go("train"), role="primary")
        empty = EmptyState("compare", tr("There is nothing to compare yet"), text, self.train)
        self._whole = empty_or(empty, inner)
        self.setLayout(column(self._whole, spacing=0))
