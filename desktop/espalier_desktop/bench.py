"""How quickly the window starts and follows the hand, also with ten thousand leaves; ``espalier bench window`` runs it.

Everything is measured in new processes with a home of their own. A pause is what a person would feel: the longest
time in which the window takes no event, either while it does what was asked or right afterwards. On a machine that
does other work as well, "computing" says how much of it was the window's own.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop
from PySide6.QtTest import QTest

from espalier import project
from espalier.taxonomy.bench import make_taxonomy
from espalier_desktop.bench_start import bundle, measure_bundle, measure_start
from espalier_desktop.main_window import MainWindow

Pause = tuple[float, float]  # seconds: as a person waits, and of this thread's computing

LEAVES = 10_000
_QUIET = 0.6  # seconds after an action in which its timers come due
_LONGEST_CHECK = 600  # seconds


def main() -> int:
    """Print every figure, as JSON with ``--json``, and return 0."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="espalier-bench-") as folder:
        os.environ["ESPALIER_HOME"] = str(Path(folder) / "home")
        figures = {f"window, {name}": value for name, value in measure_start(Path(folder)).items()}
        figures |= {f"window, {name}": value for name, value in measure_large(Path(folder)).items()}
    program = bundle()
    figures |= {f"app, {name}": value for name, value in measure_bundle(program).items()} if program else {}
    for name, value in figures.items():
        print(json.dumps({name: value}) if "--json" in sys.argv else f"{name}: {value:,.3f}")
    if not program:
        print("The app is measured as well once `make package` has built it.", file=sys.stderr)
    return 0


def measure_large(folder: Path, leaves: int = LEAVES) -> dict[str, float]:
    """Return the seconds until a project of this many leaves can be used, and the longest pauses in using it."""
    from espalier_desktop.app import make_application
    from espalier_desktop.desk import Desk

    root = folder / "large"
    make_taxonomy(project.create(root).taxonomy, leaves)
    application, translators = make_application(sys.argv[:1])
    application.setProperty("translators", translators)
    begun = time.perf_counter()
    window = Desk(application).open(root)
    assert window
    window.go("taxonomy")
    application.processEvents()
    found = {"seconds to open": time.perf_counter() - begun}
    begun = time.perf_counter()
    pauses = []
    while window.document.status is None:
        assert time.perf_counter() - begun < _LONGEST_CHECK
        pauses.append(_pause(lambda: None, 0.1))
    found["seconds to check every leaf"] = time.perf_counter() - begun
    for name, pause in {"pause while it checks": _longest(pauses), **_pauses(window)}.items():
        found[name], found[f"{name}, computing"] = pause
    window.close()
    application.processEvents()
    return {f"{leaves:,} leaves, {name}": value for name, value in found.items()}


def _pauses(window: MainWindow) -> dict[str, Pause]:
    from espalier_desktop.pages.taxonomy.page import TaxonomyPage

    page = window.page
    assert isinstance(page, TaxonomyPage)
    tree, leaves = page.tree, page.model.leaves
    leaf, other = leaves[len(leaves) // 2], leaves[len(leaves) // 3]
    bar = tree.verticalScrollBar()

    def keys() -> Pause:
        return _longest(_pause(partial(QTest.keyClick, page.filter, key)) for key in "leaf_42")

    def scroll() -> Pause:
        steps = range(0, bar.maximum(), max(bar.maximum() // 50, 1))
        return _longest(_pause(partial(bar.setValue, step), 0) for step in steps)

    return {
        "pause for a key in the filter": keys(),
        "pause to clear it": _pause(page.filter.clear),
        "pause to open all branches": _pause(tree.expandAll),
        "pause to scroll": scroll(),
        "pause for a key in the filter, all open": keys(),
        "pause to clear it, all open": _pause(page.filter.clear),
        "pause to close all branches": _pause(tree.collapseAll),
        "pause to show a leaf of another kind": _pause(lambda: tree.choose(leaf)),
        "pause to show another leaf": _pause(lambda: tree.choose(other)),
        "pause to rename a leaf": _pause(lambda: window.document.rename(leaf, "renamed")),
        "pause to undo that": _pause(window.document.take_back),
    }


def _pause(act: Callable[[], object], quiet: float = _QUIET) -> Pause:
    """Return the longest times without an event while something is done and soon after."""
    pauses = [_timed(act)]
    end = time.perf_counter() + quiet
    while True:
        pauses.append(_timed(lambda: QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)))
        if time.perf_counter() >= end:
            return _longest(pauses)
        time.sleep(0.001)


def _timed(act: Callable[[], object]) -> Pause:
    begun, computed = time.perf_counter(), time.thread_time()
    act()
    return time.perf_counter() - begun, time.thread_time() - computed


def _longest(pauses: Iterable[Pause]) -> Pause:
    seconds, computing = zip(*pauses, strict=True)
    return max(seconds), max(computing)


if __name__ == "__main__":
    sys.exit(main())
