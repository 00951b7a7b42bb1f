"""One of the processes that train together, as ``mlx.launch`` starts them: ``python -m espalier.metal.rank``.

Arguments: the file of an `espalier.training.together.Lesson`, MLX's backend, and the name of each rank's host. Only
rank 0 has to have that file, and the run's folder. It hands the others everything but the student, which must be in
the same place there, or in the same place under the person's home.
"""

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlx.core as mx

import espalier.metal  # first of ours: it prepares the process for MLX
from espalier.errors import Cancelled, EspalierError
from espalier.metal.ranks import Ranks
from espalier.metal.training_run import TrainingRun
from espalier.training.progress import TrainEvent, event_values
from espalier.training.together import LOST, Ended, Lesson

assert espalier.metal
_PACKAGES = ("espalier", "mlx", "mlx-lm", "tokenizers")  # whose versions must be the same on every Mac
_LOSSES = ("[ring]", "[mpi]", "[jaccl]")  # how MLX's errors begin that tell of another rank's end


def main(arguments: Sequence[str]) -> int:
    """Train as one of several ranks; return 0 when that came to an end that was meant."""
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print must not come between the events

    def say(values: dict[str, Any]) -> None:
        events.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")

    place, backend, *names = arguments
    try:
        ranks = Ranks(mx.distributed.init(strict=True, backend=backend.removesuffix("-ring")), names)
        lesson = _lesson(ranks, Path(place))
        student, rows, held_out, settings = lesson.student, lesson.rows, lesson.held_out, lesson.settings
        run, earlier = (lesson.run, lesson.earlier) if ranks.leads else (Path(os.devnull), None)

        def tell(event: TrainEvent) -> None:
            say(event_values(event))

        TrainingRun(student, rows, held_out, settings, run, tell, earlier, ranks, probes=lesson.probes).train()
        ended = Ended("done")
    except Cancelled:
        ended = Ended("paused")
    except EspalierError as error:
        ended = Ended("failed", str(error))
    except Exception as error:
        text = str(error).strip().split("\n")[0][:300] or type(error).__name__
        if text.startswith(_LOSSES):
            return LOST
        ended = Ended("broke", text)
    say(ended.as_values())
    return int(ended.how in ("failed", "broke"))


def _lesson(ranks: Ranks, place: Path) -> Lesson:
    """Return what is trained, after making sure that all ranks can and will do the same.

    Raises:
        EspalierError: one of them would not.
    """
    ranks.compare({name: version(name) for name in _PACKAGES}, _other_version)
    if ranks.leads and not place.exists():
        raise EspalierError("The first host of the hostfile is another Mac. Name this one first.")
    lesson = Lesson.decode(ranks.tell(place.read_bytes() if ranks.leads else b""))
    if ranks.leads:
        _end_with(lesson.caller)
    ranks.patience = lesson.patience
    student = lesson.student
    files = [*sorted(student.glob("*.safetensors")), student / "config.json", student / "tokenizer.json"]
    digests = [_digest(file) for file in files if file.exists()]
    ranks.compare({"folder": str(bool(digests)), "student": " ".join(digests)}, _other_student(lesson.student))
    return lesson


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _other_version(host: str, package: str) -> str:
    return f"{host} has another version of {package} than this Mac. Install the same Espalier on both."


def _other_student(student: Path) -> Callable[[str, str], str]:
    def say(host: str, what: str) -> str:
        if what == "folder":
            return f"{host} has no student in {student}. Copy that folder from this Mac to there."
        return f"{host} has another student in {student}. Copy that folder from this Mac to there."

    return say


def _end_with(process: int) -> None:
    """End this rank, and by that all, when the process that asked for the training is gone."""

    def watch() -> None:
        while True:
            try:
                os.kill(process, 0)
            except OSError:
                os._exit(LOST)
            time.sleep(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
