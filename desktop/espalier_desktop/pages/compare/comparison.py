"""A comparison as it goes on: the conversation, what the panes hold, the questions that wait, the votes."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from espalier.comparison import chats
from espalier.comparison.chats import PANES, Answer, Chat, Turn
from espalier.comparison.votes import Tally, Vote, add_vote, read_votes, tally
from espalier.messages import Answered, Loaded
from espalier_desktop.document import Document
from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.answer_settings import AnswerSettings
from espalier_desktop.pages.compare.session import Session, SessionState

DEFAULT: Mapping[str, Mapping[str, str]] = {"base": {"kind": "base"}, "tuned": {"kind": "tuned"}}


class Comparison(QObject):
    """Asks both panes, writes everything down, and tells what happens.

    Signals:
        opened: ``chat`` is another conversation.
        begun: a turn was added for these panes, or is answered anew by them; a set of names.
        cut: number of the first turn that is gone.
        text: a pane and more of its answer to the last turn.
        ended: a pane whose answer to the last turn is over.
        changed: what can be done now is other, or what a pane holds.
        voted: the last turn has its vote.
        failed: a sentence: something could not be written down, or a question not be asked.
        died: a sentence: the worker is gone.

    Attributes:
        chat: the conversation.
        choices: what each pane shall hold, as a request says it.
        held: what each pane holds, as the worker tells it.
        settings: how both are asked.
        readers: the panes that see the documents.
        is_blind: whether the next turns hide who answers.
        waiting: questions, each with its leaf, that are asked one after the other.
        asked_of: number of questions in the set that runs, 0 when none does.
        choice: the vote on the last turn, "" while there is none.
    """

    opened = Signal()
    begun = Signal(object)
    cut = Signal(int)
    text = Signal(str, str)
    ended = Signal(str)
    changed = Signal()
    voted = Signal()
    failed = Signal(str)
    died = Signal(str)

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self.session = Session(document.root, self)
        self.chat = chats.new_chat(document.project)
        self.choices: dict[str, Mapping[str, str]] = dict(DEFAULT)
        self.held: dict[str, Loaded] = {}
        self.settings = AnswerSettings()
        self.readers: set[str] = set()
        self.is_blind = False
        self.waiting: list[tuple[str, str]] = []
        self.asked_of = 0
        self.choice = ""
        self._chance = random.Random()
        session = self.session
        session.text.connect(self._on_text)
        session.answered.connect(self._on_answered)
        session.loaded.connect(self._on_loaded)
        session.refused.connect(self._on_refused)
        session.died.connect(self._on_died)
        session.changed.connect(self._on_session_changed)

    @property
    def turn(self) -> Turn | None:
        """Return the last turn, None before the first."""
        return self.chat.turns[-1] if self.chat.turns else None

    @property
    def is_hidden(self) -> bool:
        """Return whether who answered the last turn is hidden still."""
        return self.turn is not None and self.turn.is_blind and not self.choice

    @property
    def is_vote_due(self) -> bool:
        """Return whether both have answered and nobody has voted."""
        turn = self.turn
        if turn is None or self.session.is_busy or not self.is_hidden:
            return False
        return all(turn.answers.get(pane, Answer()).text.strip() for pane in PANES)

    @property
    def models(self) -> dict[str, dict[str, str]]:
        """Return title, fingerprint and quantization of what each pane holds."""
        return {pane: _model_of(self.held.get(pane)) for pane in PANES}

    @property
    def tally(self) -> tuple[Tally, Mapping[str, str]]:
        """Return the votes on the models that the panes hold, and their titles by pane.

        Before they are loaded, those of the pair that was voted on last.
        """
        votes = read_votes(self._document.project)
        models: Mapping[str, Mapping[str, str]] | None = self.models if len(self.held) == len(PANES) else None
        if models is None and votes:
            models = votes[-1].models
        titles = {pane: (models or {}).get(pane, {}).get("title", "") for pane in PANES}
        return tally(votes, models), titles

    def ask(self, question: str, leaf: str = "") -> bool:
        """Put a question to both panes; return whether that was possible."""
        question = question.strip()
        if not question or self.session.is_busy:
            return False
        sides = PANES
        if self.is_blind and self._chance.random() < 0.5:
            sides = (PANES[1], PANES[0])
        self.choice = ""
        self.chat.turns.append(Turn(question, leaf, sides, self.is_blind))
        self._write(lambda: chats.note_turn(self._document.project, self.chat))
        self._put(set(PANES))
        return True

    def ask_set(self, questions: Sequence[tuple[str, str]]) -> None:
        """Put questions to both panes, each by itself, in a conversation of their own."""
        if questions and not self.session.is_busy:
            self.open(chats.new_chat(self._document.project, is_set=True))
            self.waiting, self.asked_of = list(questions), len(questions)
            self._ask_next()

    def cancel_set(self) -> None:
        """Ask no more questions of the set; what is being answered is stopped."""
        self.waiting, self.asked_of = [], 0
        self.stop()
        self.changed.emit()

    def regenerate(self, panes: set[str]) -> None:
        """Let panes answer the last question anew; where words are drawn, with another seed."""
        if self.turn and not self.session.is_busy and panes:
            for pane in panes:
                self.turn.answers.pop(pane, None)
            self._put(panes, is_again=True)

    def take_back(self, number: int) -> str:
        """Remove a turn and all after it and return its question, to be asked in other words."""
        if self.session.is_busy or number >= len(self.chat.turns):
            return ""
        question = self.chat.turns[number].question
        del self.chat.turns[number:]
        self._write(lambda: chats.note_cut(self._document.project, self.chat, number))
        self.choice = ""
        self.cut.emit(number)
        self.changed.emit()
        return question

    def stop(self) -> None:
        """End the answers that are being written; what is written stays."""
        is_loading = self.session.state is SessionState.LOADING
        writing = set(self.session.writing)
        self.waiting, self.asked_of = [], 0
        self.session.stop()
        if is_loading:
            self._conclude(writing, "stopped")

    def open(self, chat: Chat) -> None:
        """Show another conversation; the next question goes on with it."""
        if self.session.is_busy:
            return
        self.chat, self.choice = chat, "old" if chat.turns else ""
        self.waiting, self.asked_of = [], 0
        self.opened.emit()
        self.changed.emit()

    def new(self) -> None:
        """Begin a conversation."""
        self.open(chats.new_chat(self._document.project))

    def choose(self, pane: str, choice: Mapping[str, str]) -> None:
        """Put another model into a pane, at once when the worker is warm."""
        self.choices[pane] = dict(choice)
        self.held.pop(pane, None)
        if self.session.state is SessionState.READY:
            self.session.open([self.choices[name] for name in PANES])
        self.changed.emit()

    def start_again(self) -> None:
        """Start the worker that died; answers of which nothing was written are asked for again."""
        turn = self.turn
        empty = {pane for pane in PANES if turn and not turn.answers.get(pane, Answer()).text.strip()}
        if empty:
            self.regenerate(empty)
        else:
            self.session.open([self.choices[pane] for pane in PANES])

    def vote(self, choice: str) -> None:
        """Write down which answer to the last turn is better, by its side."""
        turn = self.turn
        if turn is None or not self.is_vote_due:
            return
        self.choice = choice
        settings = dict(turn.answers[PANES[0]].settings)
        models = {pane: turn.answers[pane].model for pane in PANES}
        number = len(self.chat.turns) - 1
        vote = Vote(choice, turn.sides, turn.question, self.chat.key, number, models, settings)
        self._write(lambda: add_vote(self._document.project, vote))
        self.voted.emit()
        self.changed.emit()

    def close(self) -> None:
        """End the worker; what was being written is kept as it is."""
        writing = set(self.session.writing)
        self.session.end()
        self._conclude(writing, "stopped")

    def _put(self, panes: set[str], *, is_again: bool = False) -> None:
        turn = self.chat.turns[-1]
        settings = self.settings
        if is_again and settings.temperature:
            settings = replace(settings, seed=self._chance.randrange(2**31))
        for pane in panes:
            turn.answers[pane] = Answer(model=_model_of(self.held.get(pane)), settings=settings.as_values())
        self.begun.emit(panes)
        last = len(self.chat.turns) - 1
        arguments = {
            "conversations": [self.chat.conversation(pane, last) for pane in PANES],
            "panes": [pane for pane in PANES if pane in panes],
            "settings": settings.as_values(),
            "retrieval": [pane for pane in PANES if pane in self.readers],
            "leaf": turn.leaf,
        }
        self.session.ask([self.choices[pane] for pane in PANES], arguments)

    def _ask_next(self) -> None:
        if self.waiting:
            self.ask(*self.waiting.pop(0))
        elif self.asked_of:
            self.asked_of = 0
            self.changed.emit()

    @Slot(str, str)
    def _on_text(self, pane: str, text: str) -> None:
        turn = self.turn
        if turn and pane in turn.answers:
            turn.answers[pane] = replace(turn.answers[pane], text=turn.answers[pane].text + text)
            self.text.emit(pane, text)

    @Slot(object)
    def _on_answered(self, event: Answered) -> None:
        turn = self.turn
        if turn and event.pane in turn.answers:
            turn.answers[event.pane] = replace(
                turn.answers[event.pane],
                ended=event.ended,
                figures=event.figures,
                sources=event.sources,
                model=_model_of(self.held.get(event.pane)),
            )
            self._end(event.pane)

    @Slot()
    def _on_session_changed(self) -> None:
        self.changed.emit()
        if self.session.state is SessionState.READY and self.asked_of:
            self._ask_next()

    @Slot(object)
    def _on_loaded(self, event: Loaded) -> None:
        self.held[event.pane] = event
        self.changed.emit()

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        turn = self.turn
        unanswered = {pane for pane in PANES if turn and not turn.answers.get(pane, Answer(ended="end")).ended}
        self._conclude(unanswered, f"failed: {sentence}")
        self.waiting, self.asked_of = [], 0
        if not unanswered:
            self.failed.emit(sentence)
        self.changed.emit()

    @Slot(str)
    def _on_died(self, sentence: str) -> None:
        turn = self.turn
        unanswered = {pane for pane in PANES if turn and not turn.answers.get(pane, Answer(ended="end")).ended}
        self._conclude(unanswered, "stopped")
        self.held.clear()
        self.waiting, self.asked_of = [], 0
        self.died.emit(sentence)
        self.changed.emit()

    def _conclude(self, panes: set[str], ended: str) -> None:
        turn = self.turn
        for pane in panes:
            if turn and pane in turn.answers and not turn.answers[pane].ended:
                model = turn.answers[pane].model or _model_of(self.held.get(pane))
                turn.answers[pane] = replace(turn.answers[pane], ended=ended, model=model)
                self._end(pane)

    def _end(self, pane: str) -> None:
        number = len(self.chat.turns) - 1
        self._write(lambda: chats.note_answer(self._document.project, self.chat, number, pane))
        self.ended.emit(pane)

    def _write(self, do: Any) -> None:
        try:
            do()
        except OSError as error:
            reason = error.strerror or str(error)
            text = tr("The conversation cannot be kept in {folder}: {reason}. It stays here while the window is open.")
            self.failed.emit(text.format(folder=chats.chats_folder(self._document.project), reason=reason))


def _model_of(held: Loaded | None) -> dict[str, str]:
    if held is None:
        return {}
    values = asdict(held)
    return {name: str(values[name]) for name in ("title", "fingerprint", "quantization")}
