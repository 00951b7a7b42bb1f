"""How smoothly two long answers stream in: sixteen thousand characters in each pane, as fast as a worker can send.

Run as ``python -m espalier_desktop.pages.compare.bench`` it prints the figures.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtWidgets import QSplitter

from espalier_desktop.pages.compare.differences import mark_differences
from espalier_desktop.pages.compare.painting import Painting
from espalier_desktop.pages.compare.transcript import Transcript

LENGTH = 16_000  # characters of an answer
RATE = 4_000  # characters a second in each pane: far more than a student on a Mac writes
_PART = (
    "## The wheel\n\nIt *lifts* boats by **24 metres**, see [the page](https://example.org/wheel).\n\n- one gondola\n"
    "- another\n  1. with water\n\n```python\ndef lift(boat):\n    return boat.height + 24  # metres\n```\n\n"
    "| canal | level |\n|---|---|\n| Union | high |\n| Forth and Clyde | low |\n\n> It needs little power.\n\n"
)
TEXTS = {
    "mixed Markdown": _PART * (LENGTH // len(_PART) + 1),
    "one long paragraph": "The wheel lifts boats from one canal to the other. " * 400,
    "one long code block": "```python\n" + "height = lift(boat)  # metres\n" * 600,
    "one long list": "- a boat that was lifted\n" * 700,
    "one huge table": "| canal | level |\n|---|---|\n" + "| Union | high |\n" * 1000,
    "brackets": "[" * LENGTH,
}


def measure_streaming(length: int = LENGTH) -> dict[str, float]:
    """Return the longest pause of the window in seconds, while streaming and for differences, by kind of text."""
    from espalier_desktop.app import make_application

    application, translators = make_application(sys.argv[:1])
    application.setProperty("translators", translators)
    found: dict[str, float] = {}
    for name, whole in TEXTS.items():
        text = whole[:length]
        splitter = QSplitter()
        views = (Transcript("left"), Transcript("right"))
        for view in views:
            splitter.addWidget(view)
            view.begin_turn("How does it work?")
        splitter.resize(1_040, 560)
        splitter.show()
        application.processEvents()
        painting = Painting(views, splitter)
        longest, sent, begun = 0.0, 0, time.perf_counter()
        while sent < len(text) or any(view.is_busy for view in views):
            due = min(len(text), int((time.perf_counter() - begun) * RATE))
            for view in views:
                view.add_text(text[sent:due])
            sent = due
            painting.wake()
            before = time.perf_counter()
            application.processEvents()
            longest = max(longest, time.perf_counter() - before)
            time.sleep(0.001)
        before = time.perf_counter()
        mark_differences(*views)
        application.processEvents()
        found[f"{name}, longest pause"] = longest
        found[f"{name}, differences"] = time.perf_counter() - before
        splitter.close()
    return found


def main() -> int:
    """Print every figure, as JSON with ``--json``, and return 0."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="espalier-bench-") as folder:
        os.environ["ESPALIER_HOME"] = str(Path(folder) / "home")
        figures = measure_streaming()
    for name, value in figures.items():
        print(json.dumps({name: value}) if "--json" in sys.argv else f"compare, {name}: {value:.3f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
