"""The morning report in the window: what was done, the scores before and after, and what waits for a person."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from espalier.overnight.plan import Step
from espalier_desktop.i18n import said, tr
from espalier_desktop.overnight.night import Night
from espalier_desktop.overnight.wording import PICTURES, TOKENS, stage_name, state_text
from espalier_desktop.widgets.basics import button, card, clear, column, label, line, picture, row
from espalier_desktop.widgets.formats import duration, number

Open = Callable[[Path], object]


class MorningView(QWidget):
    """One card for each project of the plan that is over."""

    def __init__(self, night: Night, open_project: Open) -> None:
        super().__init__()
        self._night, self._open = night, open_project
        self.line = label(role="headline", wrap=True)
        self.sentence = label(role="muted", wrap=True)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(12)
        self._cards.setContentsMargins(0, 0, 0, 0)
        self.again = button(tr("Plan Another Night"), night.dismiss, role="primary")
        cards = QWidget()
        cards.setLayout(self._cards)
        head = column(self.line, self.sentence, spacing=4)
        self.setLayout(column(head, cards, row(None, self.again), None, spacing=12))
        night.reported.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the report that is there."""
        report = self._night.report
        projects = report.get("projects", [])
        needs = sum(len(project["needs"]) for project in projects)
        self.line.setText(tr("%n thing(s) wait for you.", needs) if needs else tr("Everything was done."))
        worked = tr("It worked for {time}.").format(time=duration(report.get("seconds", 0.0)))
        self.sentence.setText(f"{worked} {tr('Each project keeps its report in its folder reports.')}")
        clear(self._cards)
        for project, file in zip(projects, self._files(projects), strict=True):
            self._cards.addWidget(self._card(project, file))

    def _files(self, projects: list[Mapping[str, Any]]) -> list[Path | None]:
        by_root = {file.parent.parent: file for file in self._night.files}
        return [by_root.get(Path(project["project"])) for project in projects]

    def _card(self, project: Mapping[str, Any], file: Path | None) -> QFrame:
        root = Path(project["project"])
        open_ = button(tr("Open Project"), lambda: self._open(root))
        open_.setAccessibleName(tr("Open {project}").format(project=project["name"]))
        show = button(tr("Show Report"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(file))))
        show.setAccessibleName(tr("Show the report of {project}").format(project=project["name"]))
        show.setVisible(file is not None)
        made = card(row(label(project["name"], "headline"), None, show, open_), spacing=8)
        items = made.layout()
        assert isinstance(items, QVBoxLayout)
        for values in project["steps"]:
            step = Step(project["project"], **values)
            if step.state == "failed":
                step = replace(step, message="")  # which stands among what waits for the person
            text = label(state_text(step), "error" if step.state == "failed" else "muted", wrap=True)
            line_ = row(picture(PICTURES[step.state], 16, TOKENS[step.state]), label(stage_name(step.stage)), text)
            line_.setStretch(2, 1)
            items.addLayout(line_)
        items.addWidget(line())
        items.addWidget(label(_scores(project), wrap=True))
        for need in project["needs"]:
            text = label(said(need), wrap=True, selectable=True)
            told = row(picture("warning", 16, "warning"), text)
            told.setStretch(1, 1)
            items.addLayout(told)
        return made


def _scores(project: Mapping[str, Any]) -> str:
    before, after = project["before"], project["after"]
    if not project["was_evaluated"] or "tuned" not in after:
        return tr("The held-out questions were not asked.")
    text = tr("Right answers: {tuned} of {all} after training, {base} of {all} before it.").format(
        tuned=number(after["tuned"]), base=number(after.get("base", 0)), all=number(after["questions"])
    )
    if "tuned" in before:
        earlier = tr("The evening before: {tuned} of {all}.")
        text += " " + earlier.format(tuned=number(before["tuned"]), all=number(before["questions"]))
    return text
