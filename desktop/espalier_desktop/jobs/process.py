"""How a worker process is started: its program, its environment, what keeps the Mac awake; and how any is ended."""

import shutil
import sys

from PySide6.QtCore import QProcess, QProcessEnvironment

_GRACE = 5_000  # milliseconds
_TRAINING = ("train", "tune", "demo")


def worker_program() -> list[str]:
    """Return the command line of a worker."""
    return [sys.executable, "-m", "espalier.worker"]


def worker_environment(command: str) -> QProcessEnvironment:
    """Return the environment of a worker.

    While training with the display on, the Mac's GPU watchdog may kill long command buffers; the variable makes it
    patient (mlx issue 3267), at some cost to how smoothly other windows draw.
    """
    environment = QProcessEnvironment.systemEnvironment()
    if command in _TRAINING:
        environment.insert("AGX_RELAX_CDM_CTXSTORE_TIMEOUT", "1")
    return environment


def awake_program(pid: int) -> list[str]:
    """Return the command that keeps the Mac from idle sleep until a process ends, [] where there is none."""
    caffeinate = shutil.which("caffeinate")
    return [caffeinate, "-i", "-m", "-w", str(pid)] if caffeinate else []


def end(process: QProcess) -> None:
    """End a process whose answers nobody wants any more, and wait until it is gone; it tells nothing from now on."""
    process.blockSignals(True)
    process.waitForStarted(_GRACE)  # what has not started yet cannot be killed
    process.kill()
    process.waitForFinished(_GRACE)
