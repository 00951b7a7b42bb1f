"""What this machine has and lacks, in sentences."""

import ctypes.util
import json
import platform
import shutil
import sys
from dataclasses import asdict, dataclass

from espalier.machine import Machine, this_machine
from espalier.models.folder import models_folder
from espalier.models.starter import STARTER, is_ready


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``advice`` is "" when all is well."""

    name: str
    value: str
    advice: str = ""


def findings() -> list[Finding]:
    """Return what was found, in the order of how much it matters."""
    folder = models_folder()
    machine = this_machine(folder)
    free = machine.disk_free // 1_000_000
    found = [
        Finding("system", f"{platform.system()} {platform.machine()}", _system_advice()),
        Finding("python", platform.python_version(), "" if sys.version_info >= (3, 11) else "Install Python 3.11."),
        Finding("memory", f"{machine.memory / 2**30:.0f} GB", _memory_advice(machine)),
        Finding("models", str(folder)),
        Finding("free", f"{free} MB", "" if free > 3000 else "Make room: a model and a run need about 3 GB."),
        Finding("starter", STARTER, "" if is_ready() else f"`espalier models get {STARTER}` fetches it."),
    ]
    git = shutil.which("git") or ""
    found.append(Finding("git", git or "missing", "" if git else "Install Git: histories and clones need it."))
    if sys.platform == "linux":
        has_blas = ctypes.util.find_library("openblas") is not None
        advice = "" if has_blas else "Install libopenblas0-pthread: everything is some 20 times slower without."
        found.append(Finding("openblas", "found" if has_blas else "missing", advice))
    return found


def run(as_json: bool) -> int:
    """Print the findings; return 0 when nothing needs doing, else 1."""
    found = findings()
    for finding in found:
        mark = "!" if finding.advice else "ok"
        print(
            json.dumps(asdict(finding)) if as_json else f"{mark:2} {finding.name:9} {finding.value}  {finding.advice}"
        )
    return 1 if any(finding.advice for finding in found) else 0


def _memory_advice(machine: Machine) -> str:
    return "" if machine.largest_model(4) else "Stay with the starter model: larger ones need 8 GB or more."


def _system_advice() -> str:
    is_known = (platform.system(), platform.machine()) in {("Darwin", "arm64"), ("Linux", "x86_64")}
    return "" if is_known else "Espalier runs on Apple silicon; Linux x86-64 is for development."
