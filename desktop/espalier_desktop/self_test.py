"""What ``Espalier --self-test`` does: open the example in a real window, read a document, and let a worker train."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer

from espalier.demo import create_example
from espalier.resources import is_app

_ENGINE = {"mlx", "mlx_lm", "transformers", "espalier.worker", "espalier.metal"}
_DOCUMENT = b"<html><body><h1>Wheel</h1><p>It turns.</p></body></html>"


def self_test() -> int:
    """Do what an app needs every one of its parts for, print what was found as JSON, and return 0 when all is well.

    Nothing of the person's own is read or written.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ESPALIER_HOME"] = str(Path(folder) / "home")
        found = {"app": is_app(), **_window(Path(folder) / "example"), **_processes()}
    print(json.dumps(found))
    is_well = found["surveyed"] and found["document"] and "failure" not in found and not found["forbidden_imports"]
    return 0 if is_well else 1


def _window(root: Path) -> dict[str, Any]:
    """Show every page of the example and wait for the survey, which is a process of its own."""
    from espalier_desktop.app import make_application
    from espalier_desktop.desk import Desk
    from espalier_desktop.pages import page_specs

    create_example(root)
    application, _translators = make_application(sys.argv[:1])
    window = Desk(application).open(root)
    assert window, "the example was made a moment ago"
    for spec in page_specs():
        window.go(spec.key)
        application.processEvents()
    if window.document.status is None:
        loop = QEventLoop()
        window.document.status_changed.connect(loop.quit)
        QTimer.singleShot(120_000, loop.quit)
        loop.exec()
    found = {"leaves": len(window.document.leaves), "surveyed": window.document.status is not None}
    window.close()
    application.processEvents()
    return {**found, "forbidden_imports": sorted(_ENGINE & set(sys.modules))}


def _processes() -> dict[str, Any]:
    """Read a document and train a tiny model, each in the process that does so in the app."""
    from espalier.client import run_worker
    from espalier.documents.convert import convert
    from espalier.messages import Request

    outcome = run_worker(Request("self_test"), as_json=False)
    failure = {"failure": outcome.failure, "details": outcome.details} if outcome.failure else {}
    return {"document": "It turns." in convert("wheel.html", _DOCUMENT).markdown, **outcome.result, **failure}
