"""What the student sees: how long questions and answers are, what would be cut, and the first batch word for word."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QTextBrowser, QWidget

from espalier.training.settings import TrainSettings, allowed
from espalier_desktop import theme
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.train.histogram import LimitField
from espalier_desktop.pages.train.wording import choices, value_titles
from espalier_desktop.widgets.basics import button, card, column, label, row
from espalier_desktop.widgets.formats import number

_SHOWN = 24  # training rows of a batch: more would be read by nobody


class RowsPane(QWidget):
    """The lengths with their limits above, the first batch below.

    Signals:
        changed: name and value of a setting that the person changed here.
        wanted: the rows should be looked up again.
    """

    changed = Signal(str, object)
    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        titles = value_titles()
        self.limits = {
            "max_input": LimitField(tr("Questions, in tokens"), titles["max_input"], 0),
            "max_output": LimitField(tr("Answers"), titles["max_output"], 0),
            "max_tokens": LimitField(tr("Whole rows"), titles["max_tokens"], 8),
        }
        self.too_long = QComboBox()
        self.too_long.setAccessibleName(titles["too_long"])
        for key, text in choices()["too_long"].items():
            self.too_long.addItem(text, key)
        self.effect = label(role="muted", wrap=True)
        self.effect.setMinimumWidth(120)
        self.verdict = label(role="caption", wrap=True)
        self.batch = QTextBrowser()
        self.batch.setProperty("role", "reader")
        self.batch.setOpenLinks(False)
        self.batch.setAccessibleName(tr("The first batch as the student sees it"))
        self.refresh_button = button(tr("Look Again"), self.wanted.emit)
        self._lengths: list[tuple[int, int]] = []
        self._settings = TrainSettings()
        self._told: Mapping[str, Any] = {}
        head = row(label(titles["too_long"]), self.too_long, None, self.refresh_button, spacing=8)
        fields = row(*self.limits.values(), spacing=24)
        lengths = card(head, fields, self.effect, spacing=6, margin=12)
        self.legend = label(tr("Dark text is learned. Grey text is only read: no loss is taken on it."), "caption")
        head = row(label(tr("First batch"), "headline"), None, self.legend)
        layout = column(lengths, card(head, self.verdict, self.batch, spacing=4, margin=12), spacing=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        for name, field in self.limits.items():
            field.drafted.connect(lambda: self._say_effect("", is_asking=False))
            field.chosen.connect(partial(self.changed.emit, name))
        self.too_long.activated.connect(lambda _: self.changed.emit("too_long", self.too_long.currentData()))

    def show_rows(self, told: Mapping[str, Any], settings: TrainSettings, problem: str, *, is_asking: bool) -> None:
        """Show what the engine tells of the rows.

        Args:
            told: as ``first_batch.json`` holds it; {} where nothing is known.
            settings: that hold.
            problem: why nothing is known.
            is_asking: whether an answer is on its way.
        """
        self._settings = settings
        self.too_long.setCurrentIndex(max(0, self.too_long.findData(settings.too_long)))
        self.refresh_button.setEnabled(not is_asking)
        self.refresh_button.setText(tr("Looking…") if is_asking else tr("Look Again"))
        self._lengths = [(int(whole), int(question)) for whole, question in told.get("lengths", ())]
        self.limits["max_input"].show_lengths([question for _, question in self._lengths], settings.max_input)
        answers = [whole - question for whole, question in self._lengths]
        self.limits["max_output"].show_lengths(answers, settings.max_output)
        self.limits["max_tokens"].show_lengths([whole for whole, _ in self._lengths], settings.max_tokens)
        self._say_effect(problem, is_asking=is_asking)
        if told is not self._told or not told:
            self._told = told
            self.verdict.setText(said(str(told.get("verdict", ""))))
            self.batch.setHtml(batch_html(told))

    def _say_effect(self, problem: str, *, is_asking: bool) -> None:
        """Say what the limits, as they are drawn, would do to the rows."""
        if not self._lengths:
            waiting = tr("Reading the rows…") if is_asking else tr("No rows yet. Generate samples first.")
            self.effect.setText(said(problem) if problem and not is_asking else waiting)
            return
        question, answer, most = (field.limit.value() for field in self.limits.values())
        settings = replace(
            self._settings,
            max_input=question,
            max_output=answer,
            max_tokens=most,
            too_long=self.too_long.currentData(),
        )
        kept = [(whole, allowed(whole, question, settings)) for whole, question in self._lengths]
        cut = sum(0 < tokens < whole for whole, tokens in kept)
        lost = sum(not tokens for _, tokens in kept)
        text = tr("{count} rows; the longest has {most} tokens: questions up to {questions}, answers up to {answers}.")
        told = [
            text.format(
                count=number(len(self._lengths)),
                most=number(max(whole for whole, _ in self._lengths)),
                questions=number(max(question for _, question in self._lengths)),
                answers=number(max(whole - question for whole, question in self._lengths)),
            )
        ]
        if cut:
            told.append(tr("%n row(s) would be cut.", cut))
        if lost and settings.too_long == "cut":
            told.append(tr("%n row(s) would be left out: nothing of the answer remains.", lost))
        elif lost:
            told.append(tr("%n row(s) would be left out.", lost))
        elif not cut:
            told.append(tr("None is longer than allowed."))
        self.effect.setText(" ".join(told))


def batch_html(told: Mapping[str, Any]) -> str:
    """Return the first batch as text in which what carries no loss is grey and rows have borders; all is escaped."""
    tokens = theme.current()
    parts, shown = [], 0
    lines = told.get("lines", ())
    for number_, line in enumerate(lines, 1):
        if told.get("packed"):
            title = tr("Line {number}: {count} rows one behind the other; none sees another").format(
                number=number(number_), count=number(len(line))
            )
            parts.append(f'<p style="color:{tokens.muted}; font-size:11px">{escape(title)}</p>')
        for pieces in line:
            if shown == _SHOWN:
                return "".join([*parts, "<p>…</p>"])
            shown += 1
            text = "".join(_piece(str(piece), bool(learned), tokens) for piece, learned in pieces)
            parts.append(
                f'<table width="100%" cellspacing="0" cellpadding="8" style="border: 1px solid {tokens.edge}; '
                f'border-collapse: collapse; margin-bottom: 6px"><tr><td style="border: 1px solid {tokens.edge}">'
                f"{text}</td></tr></table>"
            )
    return "".join(parts)


def _piece(text: str, is_learned: bool, tokens: theme.Tokens) -> str:
    shown = escape(text).replace("\n", "<br>")
    if is_learned:
        return f'<span style="color:{tokens.text}; background-color:{tokens.good_tint}">{shown}</span>'
    return f'<span style="color:{tokens.muted}">{shown}</span>'
