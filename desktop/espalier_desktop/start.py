"""Open a project, say what the window takes once it can be used, and leave: what ``espalier bench window`` times.

``python -m espalier_desktop.start PROJECT``, or ``Espalier -m espalier_desktop.start PROJECT`` of an app.
"""

import json
import os
import sys
from pathlib import Path

from espalier.machine import memory_of
from espalier_desktop.app import make_application
from espalier_desktop.desk import Desk


def main() -> None:
    """Print the memory of this process in bytes, as JSON, and end it at once."""
    application, translators = make_application(sys.argv[:1])
    application.setProperty("translators", translators)
    window = Desk(application).open(Path(sys.argv[1]))
    application.processEvents()
    assert window is not None
    assert window.isVisible()
    print(json.dumps({"memory": memory_of(os.getpid())}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
