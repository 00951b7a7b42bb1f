"""What ``espalier-desktop --self-test`` does: open the example in a real window, and measure how long it takes."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from espalier.demo import create_example

_BARE = """
import os
import sys
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv)
application.setStyle("Fusion")
window = QMainWindow()
window.resize(1280, 800)
window.show()
application.processEvents()
os._exit(0)
"""
_OURS = """
import os
import sys
from pathlib import Path
from espalier_desktop.app import make_application
from espalier_desktop.desk import Desk
application, translators = make_application(sys.argv[:1])
desk = Desk(application)
window = desk.open(Path(sys.argv[1]))
application.processEvents()
assert window is not None and window.isVisible()
os._exit(0)
"""
_ONLY_IMPORTS = """
import PySide6.QtWidgets
import espalier_desktop.app
import espalier_desktop.pages.overview.page
"""


def measure_start(project: Path, times: int = 3) -> dict[str, float]:
    """Return the seconds from nothing to a usable window: a bare one, ours with a project, and our imports alone.

    The best of several starts each, every one in a new process.
    """

    def best(code: str) -> float:
        seconds = []
        for _ in range(times):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", code, str(project)], check=True)
            seconds.append(time.perf_counter() - begun)
        return round(min(seconds), 3)

    return {"bare": best(_BARE), "imports": best(_ONLY_IMPORTS), "window": best(_OURS)}


def self_test() -> int:
    """Open the example, show every page, wait for the survey and print what was measured; return 0 when all is well."""
    from espalier_desktop.app import make_application
    from espalier_desktop.desk import Desk
    from espalier_desktop.pages import page_specs

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "example"
        create_example(root)
        application, _translators = make_application(sys.argv[:1])
        desk = Desk(application)
        window = desk.open(root)
        if window is None:
            return 1
        for spec in page_specs():
            window.go(spec.key)
            application.processEvents()
        loop = QEventLoop()
        window.document.status_changed.connect(loop.quit)
        QTimer.singleShot(20_000, loop.quit)
        loop.exec()
        found = {"leaves": len(window.document.leaves), "surveyed": window.document.status is not None}
        window.close()
        application.processEvents()
        seconds = measure_start(root, times=1)
    forbidden = sorted({"mlx", "mlx_lm", "transformers", "espalier.worker", "espalier.metal"} & set(sys.modules))
    print(json.dumps({**found, "seconds": seconds, "forbidden_imports": forbidden}))
    return 0 if found["surveyed"] and not forbidden else 1
