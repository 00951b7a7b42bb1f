"""What was looked at before publishing: a line with a verdict each, and its details behind a disclosure."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QWidget

from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.basics import clear, column, label, line, picture, row, scrolling
from espalier_desktop.widgets.fold import fold

_ORDER = ("stop", "look", "good")
_SIGNS = {"stop": ("error", "error"), "look": ("warning", "warning"), "good": ("check", "good")}
MOST_DETAILS = 30  # of a line that are shown


def stops(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the sentences of what must not be published as it is."""
    return [said(str(found["sentence"])) for found in lines if found["verdict"] == "stop"]


class GateView(QWidget):
    """The lines, what stops first."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[QWidget] = []
        self._column = column(spacing=10)
        inner = QWidget()
        inner.setLayout(column(self._column, None, spacing=0))
        inner.layout().setContentsMargins(0, 0, 10, 0)  # type: ignore[union-attr]  # it has one
        self.setLayout(column(scrolling(inner)))

    def show_lines(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Show these lines, each with its ``name``, ``verdict``, ``sentence`` and ``details``."""
        clear(self._column)
        known = [found for found in lines if found["verdict"] in _ORDER]
        self.lines = []
        for place, found in enumerate(sorted(known, key=lambda each: _ORDER.index(each["verdict"]))):
            if place:
                self._column.addWidget(line())
            made = _line(found)
            self.lines.append(made)
            self._column.addWidget(made)


def _line(found: Mapping[str, Any]) -> QWidget:
    verdict = str(found["verdict"])
    sign, token = _SIGNS[verdict]
    words = {"stop": tr("stops publishing"), "look": tr("have a look"), "good": tr("in order")}[verdict]
    name = said(str(found["name"]))
    title = label(name[:1].upper() + name[1:], "strong", wrap=True)
    verdict_label = label(words, f"caption {token}")
    sentence = label(said(str(found["sentence"])), "muted", wrap=True, selectable=True)
    head = row(title, verdict_label, spacing=8)
    head.setStretch(0, 1)
    parts = column(head, sentence, spacing=3)
    details = [said(str(detail)) for detail in found.get("details") or ()]
    if details:
        shown = details[:MOST_DETAILS]
        if len(details) > MOST_DETAILS:
            shown.append(tr("%n more", len(details) - MOST_DETAILS))
        text = label("\n".join(shown), "caption", wrap=True, selectable=True)
        parts.addLayout(row(fold(tr("Details"), text, f"{tr('Details')}: {name}"), None))
        parts.addWidget(text)
    made = QWidget()
    whole = row(column(picture(sign, 18, token), None), parts, spacing=10)
    whole.setStretch(1, 1)
    made.setLayout(whole)
    made.setAccessibleName(f"{name}: {words}")
    return made
