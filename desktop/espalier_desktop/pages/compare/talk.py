"""Both panes with the composer below them: where a person asks, looks, votes and corrects."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QSplitter, QWidget

from espalier.comparison.chats import PANES, Answer, Turn
from espalier.comparison.panes import choices
from espalier_desktop.banner import Banner
from espalier_desktop.document import Document
from espalier_desktop.i18n import tr
from espalier_desktop.pages.compare.comparison import Comparison
from espalier_desktop.pages.compare.composer import Composer
from espalier_desktop.pages.compare.differences import mark_differences, unmark
from espalier_desktop.pages.compare.painting import Painting
from espalier_desktop.pages.compare.pane import Pane, toggle
from espalier_desktop.pages.compare.scrolling import LockedScrolling
from espalier_desktop.pages.compare.session import SessionState
from espalier_desktop.pages.compare.vote_bar import VoteBar
from espalier_desktop.pages.compare.wording import notes_of, offered, tally_line
from espalier_desktop.widgets.basics import button, column, label, row


class Talk(QWidget):
    """The conversation as it is shown; `Comparison` holds what it is.

    Signals:
        refreshed: what can be done now may be other.
    """

    refreshed = Signal()

    def __init__(self, comparison: Comparison, document: Document) -> None:
        super().__init__()
        self.comparison, self._document = comparison, document
        self.leaf = ""  # that the question in the composer is about, as long as it stays as it was chosen
        self._preset = ""
        self.panes = (Pane(tr("Left answer")), Pane(tr("Right answer")))
        self.scrolling = LockedScrolling(self.panes[0].transcript, self.panes[1].transcript, self)
        self.composer = Composer()
        self.send = button(tr("Ask Both"), self.ask_or_stop, role="primary")
        self.presets = button(tr("Questions…"))
        self.edit = button(tr("Edit Last"), self.edit_last)
        self.edit.setToolTip(tr("Take the last question back, to ask it in other words"))
        self.blind = toggle(tr("Blind Test"), tr("Hide who answers until you have voted"))
        self.differences = toggle(tr("Differences"), tr("Mark the words in which the answers differ"))
        self.lock = toggle(tr("Lock Scroll"), tr("Scroll both answers together"))
        self.lock.setChecked(True)
        self.votes = VoteBar()
        self.state = label(role="muted")
        self.banner = Banner()
        self.progress = label(role="strong")
        self.cancel = button(tr("Cancel"), comparison.cancel_set)
        self.set_bar = QWidget()
        self.set_bar.setLayout(row(self.progress, None, self.cancel))
        self._painting = Painting([pane.transcript for pane in self.panes], self)
        self._painting.settled.connect(self._settle)
        self._lay_out()
        self._connect()
        self.refresh()

    def ask_or_stop(self) -> None:
        """Ask the question in the composer, or stop the answers that are being written."""
        if self.comparison.session.is_busy:
            self.comparison.stop()
            return
        question = self.composer.words.strip()
        if not question:
            self.composer.setFocus()
            return
        leaf = self.leaf if question == self._preset else ""
        if self.comparison.ask(question, leaf):
            self.composer.remember(question)
            self.composer.setPlainText("")

    def put(self, question: str, leaf: str = "") -> None:
        """Put a question into the composer."""
        self.composer.setPlainText(question)
        self.leaf, self._preset = leaf, question.strip()
        self.composer.setFocus()

    def edit_last(self) -> None:
        """Take the last question back into the composer."""
        self.edit_turn(len(self.comparison.chat.turns) - 1)

    @Slot(int)
    def edit_turn(self, number: int) -> None:
        """Take a question back into the composer, and what came after it out of the conversation."""
        turns = self.comparison.chat.turns
        if 0 <= number < len(turns) and not self.comparison.session.is_busy:
            leaf = turns[number].leaf
            self.put(self.comparison.take_back(number), leaf)

    def pane_of(self, side: int) -> str:
        """Return the name of the pane whose last answer stands on a side."""
        turn = self.comparison.turn
        return turn.sides[side] if turn else PANES[side]

    def answer_of(self, side: int) -> Answer | None:
        """Return the last answer on a side."""
        turn = self.comparison.turn
        return turn.answers.get(turn.sides[side]) if turn else None

    def finish(self) -> None:
        """Paint everything that waits."""
        self._painting.finish()

    @Slot()
    def offer(self) -> None:
        """Show what the panes may hold."""
        found = offered(choices(self._document.project))
        for side, name in enumerate(PANES):
            self.panes[side].offer(found, self.comparison.choices[name])

    @Slot()
    def refresh(self) -> None:
        """Show what can be done now, and what the panes hold."""
        comparison = self.comparison
        session, turn = comparison.session, comparison.turn
        is_hidden, is_blind = comparison.is_hidden, comparison.is_blind or bool(turn and turn.is_blind)
        for side, pane in enumerate(self.panes):
            name = self.pane_of(side) if is_blind else PANES[side]
            held, answer = comparison.held.get(name), self.answer_of(side)
            pane.show_held(
                held, comparison.choices[name], is_blind=is_blind, is_hidden=is_hidden or (is_blind and turn is None)
            )
            pane.show_answer(answer, held, is_hidden=is_hidden)
            is_over = answer is not None and bool(answer.ended) and not session.is_busy
            kind = comparison.choices[name].get("kind")
            for each in (pane.again, pane.correct, pane.why):
                each.setEnabled(is_over and not (is_hidden and each is not pane.again))
            if is_over and kind not in ("tuned", "quantized"):
                pane.why.setEnabled(False)
                pane.why.setToolTip(tr("Only a student that was trained here has training rows."))
            else:
                pane.why.setToolTip(tr("Show the training rows that are nearest to this answer"))
            pane.picker.setEnabled(not session.is_busy)
            pane.documents.setEnabled(not session.is_busy)
        self.send.setText(tr("Stop") if session.is_busy else tr("Ask Both"))
        self.edit.setEnabled(turn is not None and not session.is_busy)
        self.presets.setEnabled(not session.is_busy)
        self.blind.setEnabled(not session.is_busy)
        self.set_bar.setVisible(comparison.asked_of > 0)
        done = comparison.asked_of - len(comparison.waiting)
        self.progress.setText(tr("Question {number} of {count}").format(number=done, count=comparison.asked_of))
        self.votes.show_state(
            is_blind=comparison.is_blind,
            is_due=comparison.is_vote_due,
            result=self._result(),
            tally=tally_line(*comparison.tally),
        )
        if session.state is SessionState.LOADING and not self.state.text():
            self._tell(tr("Loading the models…"))
        elif session.state is not SessionState.LOADING:
            self._tell("")
        self.refreshed.emit()

    def _result(self) -> str:
        """Return what the last vote revealed; "" without one."""
        turn, choice = self.comparison.turn, self.comparison.choice
        if not turn or not turn.is_blind or choice not in ("left", "right", "both", "neither"):
            return ""
        left, right = (self._who(turn, side) for side in (0, 1))
        return tr("Left was {left}. Right was {right}.").format(left=left, right=right)

    def _who(self, turn: Turn, side: int) -> str:
        answer = turn.answers.get(turn.sides[side], Answer())
        names = {"base": tr("the left-hand model"), "tuned": tr("the right-hand model")}
        title = answer.model.get("title", "")
        fingerprint = answer.model.get("fingerprint", "")
        return " · ".join(filter(None, (title, fingerprint))) or names[turn.sides[side]]

    @Slot()
    def _show_chat(self) -> None:
        """Show another conversation."""
        for side, pane in enumerate(self.panes):
            turns = []
            for turn in self.comparison.chat.turns:
                answer = turn.answers.get(turn.sides[side], Answer(ended="stopped"))
                caption = self._caption(turn, side) if turn.is_blind else ""
                turns.append((turn.question, caption, answer.text, notes_of(answer)))
            pane.transcript.show_turns(turns)
        self._painting.wake(0)
        for turn in self.comparison.chat.turns:
            self.composer.remember(turn.question)
        self.banner.hide()

    def _caption(self, turn: Turn, side: int) -> str:
        return tr("Answered by {who}").format(who=self._who(turn, side))

    @Slot(object)
    def _begin(self, panes: set[str]) -> None:
        turn = self.comparison.chat.turns[-1]
        last = len(self.comparison.chat.turns) - 1
        unmark(*(pane.transcript for pane in self.panes))
        self.banner.hide()
        for side, pane in enumerate(self.panes):
            if turn.sides[side] in panes:
                pane.transcript.cut_from(last)
                pane.transcript.begin_turn(turn.question)
        self.refresh()

    @Slot(int)
    def _cut(self, number: int) -> None:
        for pane in self.panes:
            pane.transcript.cut_from(number)

    @Slot(str, str)
    def _take(self, pane: str, text: str) -> None:
        self._view(pane).transcript.add_text(text)
        self._painting.wake()

    @Slot(str)
    def _end(self, pane: str) -> None:
        turn = self.comparison.chat.turns[-1]
        answer = turn.answers[pane]
        notes = notes_of(answer) if not self.comparison.is_hidden else notes_of(Answer(answer.text, answer.ended))
        self._view(pane).transcript.end_answer(notes)
        self._painting.wake()
        self.refresh()

    @Slot()
    def _reveal(self) -> None:
        """Say in both panes who answered the last turn."""
        turn = self.comparison.chat.turns[-1]
        for side, pane in enumerate(self.panes):
            answer = turn.answers[turn.sides[side]]
            pane.transcript.cut_from(len(self.comparison.chat.turns) - 1)
            pane.transcript.begin_turn(turn.question, self._caption(turn, side))
            pane.transcript.add_text(answer.text)
            pane.transcript.end_answer(notes_of(answer))
        self._painting.wake(0)

    @Slot()
    def _settle(self) -> None:
        """Do what is due when everything is painted."""
        views = [pane.transcript for pane in self.panes]
        if self.differences.isChecked() and not self.comparison.session.is_busy:
            mark_differences(views[0], views[1])
        elif not self.differences.isChecked():
            unmark(*views)
        if self.comparison.is_vote_due and self.composer.hasFocus() and not self.composer.words.strip():
            self.votes.buttons["left"].setFocus()

    def _view(self, pane: str) -> Pane:
        turn = self.comparison.chat.turns[-1]
        return self.panes[turn.sides.index(pane)]

    @Slot(str)
    def _offer_again(self, sentence: str) -> None:
        self.banner.offer(sentence, tr("Start Again"), self.comparison.start_again)

    @Slot(str)
    def _tell(self, sentence: str) -> None:
        self.state.setText(sentence)
        self.state.setVisible(bool(sentence))

    @Slot(bool)
    def _set_blind(self, on: bool) -> None:
        self.comparison.is_blind = on
        self.refresh()

    def _connect(self) -> None:
        comparison = self.comparison
        comparison.opened.connect(self._show_chat)
        comparison.begun.connect(self._begin)
        comparison.cut.connect(self._cut)
        comparison.text.connect(self._take)
        comparison.ended.connect(self._end)
        comparison.voted.connect(self._reveal)
        comparison.changed.connect(self.refresh)
        comparison.died.connect(self._offer_again)
        comparison.session.told.connect(self._tell)
        self.composer.sent.connect(self.ask_or_stop)
        self.composer.escaped.connect(comparison.stop)
        self.composer.focus_changed.connect(self.refreshed)
        self.votes.voted.connect(comparison.vote)
        self.blind.toggled.connect(self._set_blind)
        self.differences.toggled.connect(lambda _: self._settle())
        self.lock.toggled.connect(lambda on: setattr(self.scrolling, "is_on", on))
        for side, pane in enumerate(self.panes):
            pane.again.clicked.connect(lambda _, side=side: comparison.regenerate({self.pane_of(side)}))
            pane.transcript.edit_wanted.connect(self.edit_turn)
            pane.documents.toggled.connect(lambda on, name=PANES[side]: self._read_documents(name, on))

    def _read_documents(self, pane: str, on: bool) -> None:
        (self.comparison.readers.add if on else self.comparison.readers.discard)(pane)

    def _lay_out(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setProperty("role", "gap")
        self.splitter.setHandleWidth(12)
        self.splitter.setChildrenCollapsible(False)
        for pane in self.panes:
            pane.setMinimumWidth(320)
            self.splitter.addWidget(pane)
        native = QKeySequence.SequenceFormat.NativeText
        self.send.setToolTip(tr("Ask ({keys})").format(keys=QKeySequence(Qt.Key.Key_Return).toString(native)))
        self.send.setMinimumWidth(112)
        self.below = row(self.presets, self.edit, None, self.send, spacing=8)
        layout = column(
            self.splitter, self.banner, self.votes, self.set_bar, self.state, self.composer, self.below, spacing=10
        )
        layout.setStretch(0, 1)
        self.setLayout(layout)
