"""How quickly the window can be used and what it holds in memory: from the sources, and of the app that was built."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from espalier.demo import create_example

STARTS = 7
BUNDLES = ("Espalier.app/Contents/MacOS/Espalier", "Espalier/Espalier")  # where `make package` leaves the app
_DIST = Path(__file__).parents[2] / "build" / "dist"
_BARE = """
import sys
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv)
application.setStyle("Fusion")
window = QMainWindow()
window.resize(1280, 800)
window.show()
application.processEvents()
"""
_IMPORTS = """
import espalier_desktop.app
import espalier_desktop.pages.overview.page
"""
_END = "import os\nos._exit(0)\n"


def measure_start(folder: Path, times: int = STARTS) -> dict[str, float]:
    """Return the seconds until a window can be used, how many times those of a bare one they are, and its megabytes.

    The bare window is an empty main window of Qt in a process that has imported what ours needs. Each figure is the
    median of several new processes, taken in turn.
    """
    root = folder / "example"
    create_example(root)
    programs = {
        "bare": [sys.executable, "-c", _BARE + _END],
        "bare with imports": [sys.executable, "-c", _IMPORTS + _BARE + _END],
        "with a project": [sys.executable, "-m", "espalier_desktop.start", str(root)],
    }
    seconds, memory = _timed(programs, times)
    ratio = seconds["with a project"] / seconds["bare with imports"]
    started = {f"start, {name}": value for name, value in seconds.items()}
    return {**started, "start, ratio": ratio, "memory with a project, MB": memory["with a project"]}


def bundle(dist: Path = _DIST) -> Path | None:
    """Return the program of the app that was built last, None when there is none."""
    return next((dist / name for name in BUNDLES if (dist / name).is_file()), None)


def measure_bundle(program: Path, times: int = STARTS) -> dict[str, float]:
    """Return the seconds until the window of an app can be used, and the megabytes in memory and on the disk.

    The app gets an empty home, and no Python is around it.
    """
    with tempfile.TemporaryDirectory(prefix="espalier-bench-") as folder:
        root = Path(folder) / "example"
        create_example(root)
        own = {"HOME": folder, "PATH": folder, "LANG": "C.UTF-8"}
        own |= {name: os.environ[name] for name in ("QT_QPA_PLATFORM", "DISPLAY", "XAUTHORITY") if name in os.environ}
        command = [str(program), "-m", "espalier_desktop.start", str(root)]
        seconds, memory = _timed({"app": command}, times, own)
    top = next((folder for folder in program.parents if folder.suffix == ".app"), program.parent)
    size = sum(file.stat().st_size for file in top.rglob("*") if file.is_file() and not file.is_symlink())
    return {"start, with a project": seconds["app"], "memory with a project, MB": memory["app"], "size, MB": size / 1e6}


def _timed(
    programs: Mapping[str, Sequence[str]], times: int, environment: Mapping[str, str] | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the median seconds of each program, and the megabytes that its last run told."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    memory = dict[str, float]()
    for _ in range(times + 1):  # the first is cold
        for name, command in programs.items():
            begun = time.perf_counter()
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout
            seconds[name].append(time.perf_counter() - begun)
            memory[name] = json.loads(told)["memory"] / 1e6 if told else 0.0
    return {name: statistics.median(each[1:]) for name, each in seconds.items()}, memory
