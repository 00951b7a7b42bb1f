"""How much of the machine the work may take, and when it waits."""

from typing import Any

from espalier.errors import EspalierError
from espalier.settings import SHARES, change_settings, usable_settings
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr
from espalier_desktop.settings.panel import Panel, group
from espalier_desktop.widgets.basics import label
from espalier_desktop.widgets.segments import Segments
from espalier_desktop.widgets.sheet import tell

_BATTERY = {"0.0": 0.0, "0.2": 0.2, "1.0": 1.0}


class WorkPanel(Panel):
    """Memory and battery; the next job reads what is chosen."""

    def __init__(self) -> None:
        chosen = usable_settings()
        low, usual, most = map(str, SHARES)
        self.memory = Segments(
            {low: tr("Leave room for others"), usual: tr("Usual"), most: tr("As much as possible")}, tr("Memory")
        )
        self.memory.choose(min((str(share) for share in SHARES), key=lambda s: abs(float(s) - chosen.memory_share)))
        waits = {"0.2": tr("Pause below 20 %"), "1.0": tr("Pause at once"), "0.0": tr("Never pause")}
        self.battery = Segments(waits, tr("Training on the battery"))
        self.battery.choose(min(_BATTERY, key=lambda key: abs(_BATTERY[key] - chosen.low_battery)))
        shares = tr(
            "Espalier takes at most {low} %, {usual} % or {most} % of the memory that the GPU may hold, whatever is "
            "free. More lets larger students and larger batches fit; less leaves other programs quick."
        ).format(**{name: round(share * 100) for name, share in zip(("low", "usual", "most"), SHARES, strict=True)})
        heat = tr(
            "When the machine is too hot or memory is very short, training pauses by itself and goes on when that is "
            "over. Nothing that was learned is lost."
        )
        super().__init__(
            group(tr("Memory"), self.memory, label(shares, "caption", wrap=True)),
            group(tr("Training on the battery"), self.battery, label(heat, "caption", wrap=True)),
        )
        self.memory.chosen.connect(lambda share: self._set(memory_share=float(share)))
        self.battery.chosen.connect(lambda key: self._set(low_battery=_BATTERY[key]))

    def _set(self, **values: Any) -> None:
        try:
            change_settings(**values)
        except (EspalierError, OSError) as error:
            tell(self, tr("Espalier could not do that"), sentence_of(error))
