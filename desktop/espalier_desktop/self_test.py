"""What ``espalier-desktop --self-test`` does: open the example in a real window, and show every page of it."""

import json
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from espalier.demo import create_example


def self_test() -> int:
    """Open the example, show every page, wait for the survey and print what was found; return 0 when all is well."""
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
    forbidden = sorted({"mlx", "mlx_lm", "transformers", "espalier.worker", "espalier.metal"} & set(sys.modules))
    print(json.dumps({**found, "forbidden_imports": forbidden}))
    return 0 if found["surveyed"] and not forbidden else 1
