"""The head of the page: where training stands, its figures, and the one or two things to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtWidgets import QFrame, QLabel, QProgressBar, QPushButton, QWidget

from espalier.training.curves import Curves
from espalier_desktop.i18n import tr
from espalier_desktop.pages.train.wording import figure
from espalier_desktop.widgets.basics import button, clear, column, label, row, set_role
from espalier_desktop.widgets.formats import duration, memory, number


@dataclass(frozen=True)
class Act:
    """Something to do, on a button.

    Attributes:
        key: its name in the code.
        do: what the button does.
        why_not: why it cannot be done now, "" where it can.
        tip: what it does, in a sentence.
    """

    key: str
    text: str
    do: Callable[[], object] = lambda: None
    is_primary: bool = False
    why_not: str = ""
    tip: str = ""


class Head(QFrame):
    """A line, a sentence, buttons, the phases as steps, a bar and the figures."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.line = label(role="headline", wrap=True)
        self.sentence = label(role="muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of the training"))
        self.buttons: dict[str, QPushButton] = {}
        self._acts: Sequence[Act] = ()
        self._actions = row(spacing=8)
        self.steps = row(spacing=6)
        self._steps_shown: tuple[Sequence[str], int] = ((), 0)
        self.figures = {
            "updates": _Figure(tr("Updates")),
            "loss": _Figure(tr("Loss")),
            "held_out": _Figure(tr("Held-out loss")),
            "rate": _Figure(tr("Learning rate")),
            "speed": _Figure(tr("Tokens per second")),
            "memory": _Figure(tr("Memory")),
            "left": _Figure(tr("Time left")),
        }
        self._figures = QWidget()
        self._figures.setLayout(row(*self.figures.values(), None, spacing=14))
        self._steps = QWidget()
        self._steps.setLayout(self.steps)
        words = column(self.line, self.sentence, spacing=3)
        top = row(words, self._actions, spacing=16)
        top.setStretch(0, 1)
        layout = column(top, self._steps, self.bar, self._figures, spacing=10)
        layout.setContentsMargins(20, 14, 20, 14)
        self.setLayout(layout)
        self.show_steps((), 0)

    def say(self, line: str, sentence: str, role: str = "muted") -> None:
        """Show where training stands."""
        self.line.setText(line)
        self.sentence.setText(sentence)
        set_role(self.sentence, role)

    def offer(self, acts: Sequence[Act]) -> None:
        """Show what can be done; the buttons are only built anew when other things can."""
        if [(act.text, act.why_not, act.is_primary) for act in acts] == [
            (act.text, act.why_not, act.is_primary) for act in self._acts
        ]:
            self._acts = acts
            return
        self._acts = acts
        clear(self._actions)
        self.buttons = {}
        for place, act in enumerate(acts):
            made = button(act.text, partial(self._do, place), role="primary" * act.is_primary)
            made.setEnabled(not act.why_not)
            made.setToolTip(act.why_not or act.tip)
            made.setAccessibleDescription(act.why_not or act.tip)
            self.buttons[act.key] = made
            self._actions.addWidget(made)

    def _do(self, place: int) -> None:
        self._acts[place].do()

    def show_steps(self, names: Sequence[str], now: int) -> None:
        """Show the parts of the run in order, with the one that is worked on; fewer than two say nothing."""
        self._steps.setVisible(len(names) > 1)
        if (names, now) == self._steps_shown:
            return
        self._steps_shown = (names, now)
        clear(self.steps)
        for place, name in enumerate(names):
            is_done, is_now = place < now, place == now
            if place:
                self.steps.addWidget(label("›", "caption"))
            text = f"✓ {name}" if is_done else name
            made = label(text, "strong" if is_now else "good" if is_done else "muted")
            state = tr("done") if is_done else tr("now") if is_now else tr("later")
            made.setAccessibleName(f"{name}: {state}")
            self.steps.addWidget(made)
        self.steps.addStretch(1)

    def show_figures(self, curves: Curves | None, total: int, left: str, machine_memory: int, held: int) -> None:
        """Show the latest figures of a run, None for no run.

        Args:
            curves: of the run.
            total: updates of the run.
            left: time left in words, "" where none runs: then what the updates took is shown.
            machine_memory: of this machine, in bytes.
            held: bytes that the worker holds now; 0 when none runs.
        """
        is_there = curves is not None and bool(curves.steps)
        self._figures.setVisible(is_there)
        if curves is None or not is_there:
            return
        done = curves.steps[-1]
        used = max(held, curves.memory[-1])
        texts = {
            "updates": tr("{done} of {all}").format(done=number(done), all=number(total)),
            "loss": number(curves.losses[-1], 3),
            "held_out": number(curves.scores[-1].loss, 3) if curves.scores else "–",
            "rate": figure(curves.rates[-1], 2),
            "speed": number(sum(curves.speeds[-20:]) / len(curves.speeds[-20:])),
            "memory": tr("{used} of {all}").format(used=memory(used), all=memory(machine_memory)),
            "left": left or duration(curves.seconds),
        }
        self.figures["left"].caption.setText(tr("Time left") if left else tr("Took"))
        for name, text in texts.items():
            self.figures[name].value.setText(text)


class _Figure(QWidget):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.value: QLabel = label("–", "strong")
        self.value.setAccessibleName(name)
        self.caption = label(name, "caption")
        self.setLayout(column(self.caption, self.value, spacing=1))
