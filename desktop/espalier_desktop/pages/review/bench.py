"""How quickly Review opens and follows the hand with a hundred thousand samples.

Run as ``python -m espalier_desktop.pages.review.bench`` it prints the figures; the window's bench calls it too.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest

from espalier.demo import create_example
from espalier.synthesis.leaf_work import journal_of
from espalier.synthesis.sample import Check, Sample, measured
from espalier.synthesis.samples_view import Filter
from espalier.taxonomy.reader import read_taxonomy

SAMPLES = 100_000
_PORTION = 500
_LONGEST = 120.0  # seconds
_TEXT = (
    "wheel boat lock canal basin aqueduct gear motor turn lift height metre engineer bridge water gate union forth "
    "clyde tunnel steel bolt arm gondola pump power balance archimedes festival opening visitor scheme"
)
_WORDS = tuple(_TEXT.split())


def make_samples(root: Path, count: int) -> None:
    """Make the example project with a leaf that has this many samples, of every state."""
    project = create_example(root)
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.kind == "knowledge")
    path = journal_of(project, leaf).path
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(5)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            question = f"What do {' '.join(chance.choices(_WORDS, k=9))} have to do with number {number}?"
            answer = f"The {' '.join(chance.choices(_WORDS, k=14))}."
            fact = f"Fact {number % 2_000} tells of the {_WORDS[number % len(_WORDS)]}."
            sample = Sample(f"0-{number}", leaf.path, question, answer, fact, _verdict(chance))
            file.write(json.dumps(asdict(sample)) + "\n")
            if number % _PORTION == _PORTION - 1:
                end = {"wave": 0, "portion": number // _PORTION, "of": count // _PORTION + 1}
                file.write(json.dumps(end) + "\n")


def _verdict(chance: random.Random) -> tuple[Check, ...]:
    plain = ("form", "stands alone", "leaves something to answer", "new")
    made = [Check(name, chance.random() > 0.03, "It is as it should be, as far as words can tell.") for name in plain]
    for name, mean, least in (("fits its fact", -0.7, -1.2), ("grounding gain", 0.5, 0.2), ("round trip", 0.6, 0.3)):
        made.append(measured(name, chance.gauss(mean, 0.35), least, "Asked with the text in view, the teacher agrees."))
    return tuple(made)


def measure_review(folder: Path, samples: int = SAMPLES) -> dict[str, float]:
    """Return the seconds until the page can be used, and those that each action takes until its rows are painted."""
    from espalier_desktop.app import make_application
    from espalier_desktop.desk import Desk
    from espalier_desktop.pages.review.page import ReviewPage

    root = folder / "many-samples"
    make_samples(root, samples)
    application, translators = make_application(sys.argv[:1])
    application.setProperty("translators", translators)
    window = Desk(application).open(root)
    assert window
    _wait(lambda: window.document.status is not None)
    begun = time.perf_counter()
    window.go("review")
    page = window.page
    assert isinstance(page, ReviewPage)
    _wait(lambda: page.model.rowCount() > 0)
    found = {"seconds to the first rows": time.perf_counter() - begun}
    pauses = []
    while page.store.is_loading:
        before = time.perf_counter()
        application.processEvents()
        pauses.append(time.perf_counter() - before)
    found |= {
        "seconds to every row": time.perf_counter() - begun,
        "longest pause while reading": max(pauses, default=0.0),
    }
    page.table.setFocus()

    def timed(name: str, do: Callable[[], object]) -> None:
        before = time.perf_counter()
        do()
        application.processEvents()
        found[name] = time.perf_counter() - before

    def typed(text: str) -> None:
        page.filter.text.setText(text)
        page.filter.look()  # what comes when the typing rests

    timed("filter by text", lambda: typed("aqueduct gear"))
    timed("filter by text, no row", lambda: typed("nowhere"))
    timed("filter cleared", lambda: page.filter.reset())
    timed("filter by state", lambda: page.filter.choose(Filter(kind="rejected")))
    timed("filter by check", lambda: page.filter.choose(Filter(kind="rejected", check="round trip")))
    timed("filter by score", lambda: page.filter.choose(Filter(check="round trip", low=0.4, high=0.5)))
    timed("filter cleared again", lambda: page.filter.reset())
    timed("sort by question", lambda: page.table.sortByColumn(2, Qt.SortOrder.AscendingOrder))
    timed("sort by score", lambda: page.table.sortByColumn(4, Qt.SortOrder.AscendingOrder))
    timed("unsorted", lambda: page.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder))
    page.table.setCurrentIndex(page.model.index(samples // 2, 0))
    timed("keep one row", lambda: QTest.keyClick(page.table, Qt.Key.Key_Y))
    timed("undo", lambda: window.do("undo"))
    timed("next row", lambda: QTest.keyClick(page.table, Qt.Key.Key_Right))
    page.panes.show_pane("thresholds")
    timed("move a threshold", lambda: page.thresholds.fields["round trip"].setValue(0.5))
    timed("show the rows that would change", lambda: page.thresholds.only.setChecked(True))
    window.close()
    application.processEvents()
    return {f"{samples:,} samples, {name}": value for name, value in found.items()}


def _wait(until: Callable[[], bool]) -> None:
    begun = time.perf_counter()
    while not until():
        assert time.perf_counter() - begun < _LONGEST
        QCoreApplication.processEvents()
        time.sleep(0.001)


def main() -> int:
    """Print every figure, as JSON with ``--json``, and return 0."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="espalier-bench-") as folder:
        os.environ["ESPALIER_HOME"] = str(Path(folder) / "home")
        figures = measure_review(Path(folder))
    for name, value in figures.items():
        print(json.dumps({name: value}) if "--json" in sys.argv else f"review, {name}: {value:,.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
