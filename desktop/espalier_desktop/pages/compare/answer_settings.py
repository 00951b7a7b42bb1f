"""How both panes are asked: the same for both, so that only the models differ."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QFrame, QLabel, QSlider, QSpinBox, QWidget

from espalier.comparison.turns import read_settings
from espalier.errors import EspalierError
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.formats import number
from espalier_desktop.widgets.plain_edit import GrowingEdit

_WIDTH = 420


@dataclass(frozen=True)
class AnswerSettings:
    """What a question is asked with; `espalier.comparison.turns.Settings` tells the ranges."""

    system: str = ""
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    max_tokens: int = 512
    strength: float = 1.0

    def as_values(self) -> dict[str, Any]:
        """Return them as a request holds them."""
        return asdict(self)


def settings_of(values: object) -> AnswerSettings:
    """Return settings from what was stored, the usual ones where that makes no sense."""
    if not isinstance(values, Mapping):
        return AnswerSettings()
    try:
        return AnswerSettings(**vars(read_settings(values)))
    except (EspalierError, TypeError):
        return AnswerSettings()


class SettingsPopover(QFrame):
    """The settings over the window; it goes when one clicks elsewhere.

    Signals:
        changed: the AnswerSettings as they are now.
        checkpoint_chosen: place of the checkpoint that the right pane shall hold.
    """

    changed = Signal(object)
    checkpoint_chosen = Signal(int)

    def __init__(
        self, parent: QWidget, settings: AnswerSettings, checkpoints: list[str], chosen: int, has_adapter: bool
    ) -> None:
        """Show settings.

        Args:
            parent: the page.
            settings: to begin with.
            checkpoints: titles of those of the right pane's run, in order; fewer than two need no choice.
            chosen: place of the one that it holds, -1 for none of them.
            has_adapter: whether a pane holds an adapter whose strength can be set.
        """
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "popover")
        self.setAccessibleName(tr("How both are asked"))
        self.system = GrowingEdit(tr("System prompt"), lines=2)
        self.system.setPlainText(settings.system)
        self.system.setPlaceholderText(tr("Empty: the model's own"))
        self.temperature = _decimal(tr("Temperature"), 0, 2, settings.temperature)
        self.temperature.setToolTip(tr("0 takes the likeliest word each time; above 0 words are drawn."))
        self.top_p = _decimal(tr("Top-p"), 0.01, 1, settings.top_p)
        self.seed = _whole(tr("Seed"), 0, 2_000_000_000, settings.seed)
        self.longest = _whole(tr("Longest answer in tokens"), 1, 32_768, settings.max_tokens)
        self.strength = _slider(tr("Strength of the adapter"), 20, round(settings.strength * 20))
        self.strength.setEnabled(has_adapter)
        self.strength_said = label(role="caption")
        self.checkpoint = _slider(tr("Checkpoint"), max(0, len(checkpoints) - 1), max(0, chosen))
        self.checkpoint.setEnabled(len(checkpoints) > 1)
        self.checkpoint_said = label(role="caption", wrap=True)
        self._checkpoints = checkpoints
        form = QFormLayout()
        form.setSpacing(8)
        form.addRow(_name(tr("System prompt")), self.system)
        form.addRow(_name(tr("Temperature")), self.temperature)
        form.addRow(_name(tr("Top-p")), self.top_p)
        form.addRow(_name(tr("Seed")), self.seed)
        form.addRow(_name(tr("Longest answer")), self.longest)
        form.addRow(_name(tr("Adapter strength")), column(self.strength, self.strength_said, spacing=2))
        form.addRow(_name(tr("Checkpoint")), column(self.checkpoint, self.checkpoint_said, spacing=2))
        about = label(
            tr("Both panes are asked alike: the same words, the same draws. Only the models differ."),
            "muted",
            wrap=True,
        )
        self.reset = button(tr("Usual Settings"), self._reset)
        layout = column(label(tr("How both are asked"), "headline"), about, form, row(None, self.reset), spacing=10)
        layout.setContentsMargins(16, 14, 16, 14)
        self.setLayout(layout)
        self.setFixedWidth(_WIDTH)
        self.system.textChanged.connect(self._tell)
        for field in (self.temperature, self.top_p, self.seed, self.longest):
            field.valueChanged.connect(self._tell)
        self.strength.valueChanged.connect(self._tell)
        self.checkpoint.valueChanged.connect(self._choose_checkpoint)
        self._say()

    @property
    def settings(self) -> AnswerSettings:
        """Return what the fields say."""
        return AnswerSettings(
            self.system.words,
            round(self.temperature.value(), 2),
            round(self.top_p.value(), 2),
            self.seed.value(),
            self.longest.value(),
            self.strength.value() / 20,
        )

    def show_at(self, anchor: QWidget) -> None:
        """Open it below a button, its right edge at the button's."""
        self.adjustSize()
        self.move(anchor.mapToGlobal(QPoint(anchor.width() - _WIDTH, anchor.height() + 4)))
        self.show()
        self.temperature.setFocus()

    @Slot()
    def _tell(self) -> None:
        self._say()
        self.changed.emit(self.settings)

    @Slot(int)
    def _choose_checkpoint(self, place: int) -> None:
        self._say()
        self.checkpoint_chosen.emit(place)

    def _say(self) -> None:
        share = self.strength.value() / 20
        ends = {0: tr("as if it were not there"), 20: tr("as it was trained")}
        words = ends.get(self.strength.value(), "") if self.strength.isEnabled() else tr("No pane holds an adapter.")
        self.strength_said.setText(f"{number(share, 2)}  {words}".strip())
        place = self.checkpoint.value()
        is_many = len(self._checkpoints) > 1
        self.checkpoint_said.setText(
            self._checkpoints[place] if is_many else tr("The right pane's run has kept one state only.")
        )

    def _reset(self) -> None:
        usual = AnswerSettings()
        self.system.setPlainText(usual.system)
        self.temperature.setValue(usual.temperature)
        self.top_p.setValue(usual.top_p)
        self.seed.setValue(usual.seed)
        self.longest.setValue(usual.max_tokens)
        self.strength.setValue(round(usual.strength * 20))


def _name(text: str) -> QLabel:
    return label(text, "muted")


def _decimal(name: str, least: float, most: float, value: float) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setAccessibleName(name)
    made.setRange(least, most)
    made.setSingleStep(0.05)
    made.setDecimals(2)
    made.lineEdit().setTextMargins(6, 0, 0, 0)
    made.setValue(value)
    return made


def _whole(name: str, least: int, most: int, value: int) -> QSpinBox:
    made = QSpinBox()
    made.setAccessibleName(name)
    made.setRange(least, most)
    made.setValue(value)
    made.lineEdit().setTextMargins(6, 0, 0, 0)
    return made


def _slider(name: str, most: int, value: int) -> QSlider:
    made = QSlider(Qt.Orientation.Horizontal)
    made.setAccessibleName(name)
    made.setRange(0, most)
    made.setMinimumHeight(24)
    made.setValue(value)
    return made
