"""The thresholds of the critic: moved with a slider, seen at once, and applied when they are right."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QScrollArea, QSlider, QWidget

from espalier.synthesis.samples_view import Effect, View
from espalier_desktop.i18n import tr
from espalier_desktop.pages.review.spread import Spread
from espalier_desktop.pages.review.wording import check_title
from espalier_desktop.widgets.basics import align_number, button, clear, column, label, row
from espalier_desktop.widgets.formats import number

STEPS = 200  # of a slider, from the smallest to the largest score
BINS = 60


class ThresholdPane(QWidget):
    """One line for each check that has a threshold.

    Signals:
        drafted: the thresholds are others, or go back to those that hold.
        applied: the draft shall hold.
        shown: whether only rows that would change sides are wanted.
        rating_wanted: the person wants to compare the critic with their own view.
    """

    drafted = Signal()
    applied = Signal()
    shown = Signal(bool)
    rating_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, tuple[float, float, float]] = {}
        self.sliders: dict[str, QSlider] = {}
        self.fields: dict[str, QDoubleSpinBox] = {}
        self.effects: dict[str, QLabel] = {}
        self._spreads: dict[str, Spread] = {}
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 12, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        content = QWidget()
        content.setLayout(column(self._grid, None))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        self.sentence = label(wrap=True)
        self.sentence.setMinimumSize(120, 34)  # two lines; a wrapped label asks for more than it gets
        self.only = button(tr("Show These Rows"))
        self.only.setCheckable(True)
        self.only.toggled.connect(
            lambda is_on: self.only.setText(tr("Show All Rows") if is_on else tr("Show These Rows"))
        )
        self.only.toggled.connect(self.shown)
        self.apply = button(tr("Apply"), self.applied.emit, role="primary")
        self.reset = button(tr("Reset"), self._reset)
        self.rate = button(tr("Rate 20 Rows…"), self.rating_wanted.emit)
        foot = row(self.sentence, self.rate, self.only, self.reset, self.apply)
        foot.setStretch(0, 1)
        self.setLayout(column(scroll, foot, spacing=12))

    @property
    def draft(self) -> dict[str, float]:
        """Return the thresholds that were moved and are not applied yet."""
        return {
            name: field.value()
            for name, field in self.fields.items()
            if abs(field.value() - self._held[name][0]) > 10 ** -field.decimals() / 2
        }

    def try_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Make thresholds the draft."""
        for name, value in thresholds.items():
            if name in self.fields:
                self._move(name, value)
        self.drafted.emit()

    def show_view(self, view: View) -> None:
        """Show the checks of a view; a draft stays for checks that are still there."""
        held = view.movable()
        if held.keys() != self._held.keys() or any(held[name][1:] != self._held[name][1:] for name in held):
            draft = self.draft
            self._held = held
            self._build(view)
            for name, value in draft.items():
                if name in self.fields:
                    self._move(name, value)
        elif held != self._held:
            self._held = held
            for name, (least, _, _) in held.items():
                self._move(name, least)

    def show_effect(self, view: View, thresholds: Mapping[str, float], effect: Effect) -> None:
        """Show what the draft would do.

        Args:
            view: of the samples.
            thresholds: those that hold, with the draft.
            effect: of these.
        """
        draft = self.draft
        brought, turned = int(effect.brought.sum()), int(effect.turned.sum())
        for name, told in self.effects.items():
            if name not in draft:
                told.setText("")
                continue
            alone = view.effect({**view.thresholds, name: thresholds[name]})
            told.setText(f"+{number(int(alone.brought.sum()))}  −{number(int(alone.turned.sum()))}")
        if not self.fields:
            self.sentence.setText(tr("No check of these samples has a threshold that can be moved."))
        elif not draft:
            self.sentence.setText(tr("Move a threshold to see which rows would change sides. Your own decisions stay."))
        else:
            text = tr("{brought} would come in and {turned} would be turned away. Your own decisions stay.")
            self.sentence.setText(text.format(brought=number(brought), turned=number(turned)))
        self.rate.setEnabled(bool(self.fields))
        self.only.setEnabled(bool(draft) or self.only.isChecked())
        for made in (self.apply, self.reset):
            made.setEnabled(bool(draft))

    def _build(self, view: View) -> None:
        clear(self._grid)
        self.sliders, self.fields, self.effects, self._spreads = {}, {}, {}, {}
        for line, (name, (least, low, high)) in enumerate(self._held.items()):
            title = check_title(name)
            spread = Spread()
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, STEPS)
            slider.setMinimumHeight(24)  # the handle's own, which the style sheet does not tell
            slider.setAccessibleName(tr("Threshold of “{check}”").format(check=title))
            field = QDoubleSpinBox()
            field.setAccessibleName(tr("Threshold of “{check}” as a number").format(check=title))
            field.setDecimals(2)
            low, high = min(low, least), max(high, least)
            field.setRange(min(low, 0.0) - 0.01, high + 0.01)
            field.setSingleStep(max(0.01, (high - low) / 50))
            field.setFixedWidth(72)
            field.setKeyboardTracking(False)
            told = label(role="muted")
            told.setMinimumWidth(96)
            align_number(field)
            bottom = Qt.AlignmentFlag.AlignBottom
            scale = QWidget()
            scale.setLayout(column(spread, slider, spacing=0))
            for place, widget in enumerate((label(title), scale, field, told)):
                self._grid.addWidget(widget, line, place, Qt.AlignmentFlag(0) if widget is scale else bottom)
            self.sliders[name], self.fields[name], self.effects[name] = slider, field, told
            self._spreads[name] = spread
            spread.show_scores(view.histogram(name, field.minimum(), field.maximum(), BINS))
            self._move(name, least)
            slider.valueChanged.connect(partial(self._on_slider, name))
            field.valueChanged.connect(partial(self._on_field, name))

    def _move(self, name: str, value: float) -> None:
        slider, field = self.sliders[name], self.fields[name]
        with QSignalBlocker(slider), QSignalBlocker(field):
            field.setValue(value)
            span = field.maximum() - field.minimum()
            slider.setValue(round((value - field.minimum()) / span * STEPS))
        self._spreads[name].show_threshold((value - field.minimum()) / span)

    def _on_slider(self, name: str, step: int) -> None:
        field = self.fields[name]
        with QSignalBlocker(field):
            field.setValue(field.minimum() + step / STEPS * (field.maximum() - field.minimum()))
        self._spreads[name].show_threshold(step / STEPS)
        self.drafted.emit()

    def _on_field(self, name: str, value: float) -> None:
        self._move(name, value)
        self.drafted.emit()

    def _reset(self) -> None:
        for name, (least, _, _) in self._held.items():
            self._move(name, least)
        self.only.setChecked(False)
        self.drafted.emit()
