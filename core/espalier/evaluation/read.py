"""The report of a run's last evaluation, as it is on disk."""

import json
from pathlib import Path
from typing import Any


def read_report(file: Path) -> dict[str, Any]:
    """Return a report, {} when there is none that can be read."""
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    is_report = isinstance(report, dict) and isinstance(report.get("questions"), list) and "leaves" in report
    return report if is_report else {}
