"""With what is trained: the dial, the way to train, whether it fits, and every value for those who ask."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from espalier.errors import EspalierError
from espalier.project import Project
from espalier.training.dial import changed_values, usual_values
from espalier.training.explained import EXPLAINED
from espalier.training.methods import refusals
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.train.forecast_card import ForecastCard
from espalier_desktop.pages.train.values import Values
from espalier_desktop.pages.train.wording import methods
from espalier_desktop.widgets.basics import button, card, column, label, row, set_role
from espalier_desktop.widgets.fold import fold
from espalier_desktop.widgets.segments import Segments


class SettingsPane(QScrollArea):
    """The dial on top, the values behind a disclosure.

    Signals:
        dial_chosen: quick, good or thorough.
        changed: values by name; None brings the usual one back.
        file_wanted: open or save: a YAML file should be read or written.
    """

    dial_chosen = Signal(str)
    changed = Signal(dict)
    file_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        dials = {"quick": tr("Quick look"), "good": tr("Good"), "thorough": tr("Thorough")}
        self.dial = Segments(dials, tr("Thoroughness"))
        self.dial.chosen.connect(self.dial_chosen)
        self.about = label(role="muted", wrap=True)
        self.method = Segments(methods(), tr("What is trained"))
        self.method.chosen.connect(lambda method: self.changed.emit({"method": method}))
        self.method_text = label(said(EXPLAINED["method"]), "caption", wrap=True)
        self.refused = label(role="warning", wrap=True)
        self.forecast = ForecastCard()
        self.values = Values()
        self.values.changed.connect(lambda name, value: self.changed.emit({name: value}))
        self.fold = fold(tr("All Values"), self.values)
        self.marks = label(role="caption")
        self.reset = button(tr("Reset All"), lambda: self.changed.emit(dict.fromkeys(EXPLAINED)), role="link")
        self.mlx = button(tr("mlx-lm Defaults"), self._take_preset, role="link")
        self.mlx.setToolTip(tr("The values that mlx_lm.lora has by itself, to reproduce a run elsewhere."))
        self.open = button(tr("Open YAML…"), lambda: self.file_wanted.emit("open"), role="link")
        self.save = button(tr("Save YAML…"), lambda: self.file_wanted.emit("save"), role="link")
        head = row(self.fold, self.marks, None, self.reset, self.mlx, self.open, self.save, spacing=6)
        dial = row(label(tr("Thoroughness"), "headline"), None, self.dial)
        method = row(label(tr("What is trained"), "headline"), None, self.method)
        inner = QWidget()
        inner.setLayout(
            column(
                card(dial, self.about, spacing=6, margin=14),
                self.forecast,
                card(method, self.method_text, self.refused, spacing=6, margin=14),
                card(head, self.values, spacing=10, margin=14),
                None,
                spacing=12,
            )
        )
        self.setWidget(inner)

    def _take_preset(self) -> None:
        self.changed.emit({**dict.fromkeys(EXPLAINED), "preset": "mlx-lm"})

    def show_project(self, project: Project, rows: int) -> None:
        """Show what a project trains with; ``rows`` is the size of its mixture, 0 while that is not known."""
        try:
            values, usual = changed_values(project), usual_values(project)
        except EspalierError as error:
            self.about.setText(said(str(error)))
            set_role(self.about, "error")
            return
        set_role(self.about, "muted")
        self.dial.choose(project.dial)
        is_preset = bool(project.training.get("preset"))
        self.about.setText(_dial_words(project, values, rows) if not is_preset else _preset_words())
        self.method.choose(str(values["method"]))
        refused = refusals(project.student)
        for method, made in self.method.buttons.items():
            made.setEnabled(method not in refused or method == values["method"])
            made.setToolTip(said(refused.get(method, "")))
        self.refused.setText("\n".join(said(reason) for reason in refused.values()))
        self.refused.setVisible(bool(refused))
        self.values.show_values(values, usual, str(values["method"]))
        count = sum(values[name] != usual[name] for name in EXPLAINED if name != "preset")
        self.marks.setText(tr("%n changed", count) if count else tr("as the dial has them"))
        self.reset.setVisible(count > 0 or is_preset)
        self.mlx.setVisible(not is_preset)

    def refuse(self, values: Mapping[str, Any], sentence: str) -> None:
        """Show why values cannot be used: at the field where there is one, else above."""
        for name in values:
            if name in self.values.fields:
                self.fold.setChecked(True)
                self.values.fields[name].refuse(sentence)
                return
        self.refused.setText(sentence)
        self.refused.show()


def _dial_words(project: Project, values: Mapping[str, Any], rows: int) -> str:
    words = {
        "quick": tr("A first look: each row is seen a few times."),
        "good": tr("The usual: enough rounds for most projects."),
        "thorough": tr("Many rounds, with more checkpoints to choose from."),
    }[project.dial]
    if values["updates"]:
        return f"{words} {tr('%n update(s)', int(values['updates']))}"
    rounds = tr("%n round(s)", int(values["epochs"]))
    if rows:
        updates = int(values["epochs"]) * -(-rows // int(values["batch_rows"]))
        text = tr("{rounds} over {rows}, about {updates}.")
        return f"{words} " + text.format(rounds=rounds, rows=tr("%n row(s)", rows), updates=tr("%n update(s)", updates))
    return f"{words} {rounds}"


def _preset_words() -> str:
    return tr("The values of mlx_lm.lora stand instead of the dial's. Reset All brings the dial back.")
