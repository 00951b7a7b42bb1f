"""The chosen sample in full: its words, the passage that it comes from, and every check that was made."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QTextBrowser, QWidget

from espalier.documents.passages import Passage
from espalier.synthesis.final import Final, State
from espalier.synthesis.reviews import Review
from espalier.synthesis.sample import Check
from espalier_desktop import theme
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.review.wording import SIGNS, check_title, state_title
from espalier_desktop.pages.taxonomy.names import leaf_name
from espalier_desktop.widgets.basics import button, column, label, row, set_role
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.plain_edit import PlainEdit


class Reader(QWidget):
    """One sample beside its passage and its checks.

    Signals:
        wanted: what a button asks for: keep, drop, edit, regenerate, use, dismiss or explain.
        edited: the new question and answer.
        left: the person gave up editing.
    """

    wanted = Signal(str)
    edited = Signal(str, str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.state = label(role="strong")
        self.place = label(role="muted")
        self.words = _browser(tr("The chosen sample"))
        self.question, self.answer = PlainEdit(tr("Question")), PlainEdit(tr("Answer"))
        for field in (self.question, self.answer):
            field.setMinimumHeight(46)
        self.passage = _browser(tr("Passage"))
        self.checks = _browser(tr("Checks"))
        self.keep = button(tr("Keep"), lambda: self.wanted.emit("keep"))
        self.drop = button(tr("Drop"), lambda: self.wanted.emit("drop"))
        self.edit = button(tr("Edit…"), lambda: self.wanted.emit("edit"))
        self.again = button(tr("Regenerate"), lambda: self.wanted.emit("regenerate"))
        for made, key in ((self.keep, "Y"), (self.drop, "D"), (self.edit, "E"), (self.again, "R")):
            made.setToolTip(tr("Key: {key}").format(key=key))
        self.explain = button(tr("Explain"), lambda: self.wanted.emit("explain"))
        self.use = button(tr("Use Suggestion"), lambda: self.wanted.emit("use"), role="primary")
        self.dismiss = button(tr("Dismiss"), lambda: self.wanted.emit("dismiss"))
        self.save = button(tr("Save"), self._save, role="primary")
        self.cancel = button(tr("Cancel"), self._leave)
        self._begun = ("", "")
        self._lay_out()
        self.clear()

    @property
    def is_editing(self) -> bool:
        """Return whether the person is putting the sample into other words."""
        return self._words.currentIndex() == 1

    def clear(self) -> None:
        """Show that no row is chosen."""
        for browser in (self.words, self.passage, self.checks):
            browser.clear()
        self.state.setText("")
        self.place.setText(tr("Choose a row to read the whole sample and every check it went through."))
        self._show_actions(None)

    def show_sample(
        self, shown: Final, passage: Passage, suggestion: Review | None, explained: Mapping[str, str], check: str
    ) -> None:
        """Show a sample.

        Args:
            shown: the sample.
            passage: that it comes from.
            suggestion: words by the teacher that wait for a yes or no.
            explained: what the judge wrote, by the check.
            check: the one that the judge may explain, "" for none.
        """
        set_role(self.state, SIGNS[shown.state][1])
        self.state.setText(state_title(shown.state))
        self.place.setText(leaf_name(shown.drawn.leaf))
        self._show_words(shown, suggestion)
        self._show_passage(shown, passage)
        self._show_checks(shown, explained)
        self.explain.setEnabled(bool(check))
        self.explain.setText(tr("Explain “{check}”").format(check=check_title(check)) if check else tr("Explain"))
        self._show_actions(suggestion)

    def finish(self) -> None:
        """Keep the words that are being changed, where they are others: the person goes somewhere else."""
        if self.is_editing:
            if self._typed != self._begun and all(self._typed):
                self._save()
            else:
                self._leave()

    def begin_edit(self, question: str, answer: str) -> None:
        """Offer the words to be changed."""
        self._words.setCurrentIndex(1)
        self.question.show_words(question)
        self.answer.show_words(answer)
        self._begun = self._typed
        self._show_actions(None)
        self.question.setFocus()
        self.question.selectAll()

    def _lay_out(self) -> None:
        fields = QWidget()
        form = column(
            label(tr("Question"), "section"), self.question, label(tr("Answer"), "section"), self.answer, spacing=4
        )
        form.setStretch(1, 2)
        form.setStretch(3, 3)
        fields.setLayout(form)
        self._words = QStackedWidget()
        self._words.addWidget(self.words)
        self._words.addWidget(fields)
        actions = row(
            *(self.keep, self.drop, self.edit, self.again),
            *(self.use, self.dismiss, self.cancel, self.save, None),
        )
        layout = QGridLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(16)
        layout.setVerticalSpacing(8)
        layout.addLayout(row(self.state, self.place, None), 0, 0)
        layout.addWidget(label(tr("Passage"), "section"), 0, 1)
        layout.addWidget(label(tr("Checks"), "section"), 0, 2)
        for place, (box, share) in enumerate(((self._words, 5), (self.passage, 4), (self.checks, 4))):
            layout.addWidget(box, 1, place)
            layout.setColumnStretch(place, share)
        layout.addLayout(actions, 2, 0)
        layout.addLayout(row(self.explain, None), 2, 2)
        layout.setRowStretch(1, 1)
        self.setLayout(layout)

    def _show_actions(self, suggestion: Review | None) -> None:
        has_sample = bool(self.state.text())
        for made in (self.keep, self.drop, self.edit, self.again):
            made.setVisible(not self.is_editing and suggestion is None)
            made.setEnabled(has_sample)
        self.explain.setEnabled(self.explain.isEnabled() and has_sample)
        for made in (self.use, self.dismiss):
            made.setVisible(suggestion is not None and not self.is_editing)
        for made in (self.save, self.cancel):
            made.setVisible(self.is_editing)

    def _show_words(self, shown: Final, suggestion: Review | None) -> None:
        page = _Page(self.words)
        if shown.sample.context:
            page.part(tr("Context"), shown.sample.context)
        page.part(tr("Question"), shown.sample.question)
        page.part(tr("Answer"), shown.sample.answer)
        if suggestion:
            page.part(tr("Suggested question"), suggestion.question, "ink")
            page.part(tr("Suggested answer"), suggestion.answer, "ink")
        if shown.state is State.EDITED:
            page.part(tr("Before your edit"), f"{shown.drawn.question}\n{shown.drawn.answer}", "muted")
        page.end()

    def _show_passage(self, shown: Final, passage: Passage) -> None:
        page = _Page(self.passage)
        if not (passage.sentence or passage.before):
            page.text(tr("It comes from no document."), "muted")
        else:
            if passage.document:
                page.title(passage.document)
            page.text(passage.before)
            page.text(passage.sentence, "text", is_marked=True)
            page.text(passage.after)
        page.end()

    def _show_checks(self, shown: Final, explained: Mapping[str, str]) -> None:
        page = _Page(self.checks)
        for check in shown.sample.verdict:
            page.check(check)
            if check.name in explained:
                page.part(tr("The judge explains"), explained[check.name])
        if shown.sample.unchecked:
            names = ", ".join(check_title(name) for name in shown.sample.unchecked)
            page.part(tr("Not made yet"), names, "muted")
        if not shown.sample.verdict:
            page.text(tr("No check was made."), "muted")
        page.end()

    @property
    def _typed(self) -> tuple[str, str]:
        return self.question.words.strip(), self.answer.words.strip()

    def _save(self) -> None:
        question, answer = self._typed
        if question and answer:
            self._words.setCurrentIndex(0)
            self.edited.emit(question, answer)
        else:
            (self.answer if question else self.question).setFocus()

    def _leave(self) -> None:
        self._words.setCurrentIndex(0)
        self.left.emit()


class _Page:
    """Plain text written into a browser, part by part; none of it is taken for HTML."""

    def __init__(self, browser: QTextBrowser) -> None:
        self._browser = browser
        browser.clear()
        self._cursor = browser.textCursor()
        self._tokens = theme.current()

    def part(self, title: str, text: str, token: str = "text") -> None:
        self.title(title)
        self.text(text, token)

    def title(self, text: str) -> None:
        self._block(8)
        small = self._format("muted")
        small.setProperty(QTextCharFormat.Property.FontPixelSize, 11)
        self._cursor.insertText(text, small)
        self._cursor.insertBlock(QTextBlockFormat())

    def text(self, text: str, token: str = "text", *, is_marked: bool = False) -> None:
        shape = self._format(token)
        if is_marked:
            shape.setBackground(QColor(self._tokens.warning_tint))
            shape.setFontUnderline(True)
        self._cursor.insertText(text, shape)

    def check(self, check: Check) -> None:
        """Write one check: a sign, its name and score, and the reason."""
        self._block(6)
        sign = self._format("good" if check.passed else "error")
        self._cursor.insertText("✓  " if check.passed else "✕  ", sign)
        strong = self._format("text")
        strong.setFontWeight(600)
        self._cursor.insertText(check_title(check.name), strong)
        if check.score is not None:
            score = number(check.score, 2)
            least = "" if check.least is None else tr("at least {least}").format(least=number(check.least, 2))
            told = f"  {score} · {least}" if least else f"  {score}"
            self._cursor.insertText(told.replace(" ", "\u00a0").replace("·\u00a0", "· "), self._format("muted"))
        self._cursor.insertBlock(QTextBlockFormat())
        self._cursor.insertText(said(check.reason), self._format("muted" if check.passed else "text"))

    def end(self) -> None:
        self._browser.moveCursor(QTextCursor.MoveOperation.Start)

    def _block(self, margin: int) -> None:
        block = QTextBlockFormat()
        block.setTopMargin(0 if self._cursor.atStart() else margin)
        if not self._cursor.atStart():
            self._cursor.insertBlock(block)

    def _format(self, token: str) -> QTextCharFormat:
        shape = QTextCharFormat()
        shape.setForeground(QColor(getattr(self._tokens, token)))
        return shape


def _browser(name: str) -> QTextBrowser:
    made = QTextBrowser()
    made.setAccessibleName(name)
    made.setTabChangesFocus(True)
    made.setOpenLinks(False)
    made.setMinimumHeight(80)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made
