"""A run from its first phase to its adapter; a phase that is done is never trained again."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from espalier.clock import Clock
from espalier.evaluation.questions import Question
from espalier.files import replace_folder, whole_folder, write_json
from espalier.language import Backend
from espalier.messages import Emit, Note, Stage
from espalier.models.folder import find_model
from espalier.training.conversations import train_row
from espalier.training.curriculum import Phase
from espalier.training.hosts import Hosts
from espalier.training.progress import Told, TrainEvent, Update, Validated
from espalier.training.run import PLAN, Run
from espalier.training.settings import LOW_RANK, TITLES

JOURNAL = "phases.json"


def train_run(
    run: Run, backend: Backend, emit: Emit, hosts: Hosts | None = None, probes: Sequence[Question] = ()
) -> None:
    """Train the run's adapter where it is not there; each phase begins with what the one before it chose.

    ``phases.json`` says what every finished phase trained on and which of its checkpoints it chose: the one with the
    lowest loss on the held-out rows of its own and all earlier phases, so that one that forgets is not taken.
    With ``hosts`` several Macs train together.
    """
    plan, settings = run.phases, run.settings
    rows = sum(len(phase.rows) for phase in plan)
    what = TITLES[settings.method]
    if settings.method in LOW_RANK:
        what += f" of rank {settings.lora.rank} (alpha {settings.lora.alpha:g})"
    what += f" on {rows} rows"
    emit(
        Stage(
            "train",
            f"{what} in {len(plan)} phases" if len(plan) > 1 else what,
            run.adapter is not None,
            run=run.folder.name,
        )
    )
    if run.adapter:
        return
    asked = [probe.question for probe in probes]
    if len(plan) == 1:
        _train_phase(run, plan[0], run.folder, run.earlier, backend, emit, hosts, asked)
        return
    write_json(run.folder / PLAN, [phase.name for phase in plan])
    earlier, journal = run.earlier, []
    for number, phase in enumerate(plan, 1):
        folder = run.phase_folder(number)
        if not whole_folder(folder / "adapter"):
            emit(Note(f"Phase {number} of {len(plan)}: {_told(phase)}."))
            _train_phase(run, phase, folder, earlier, backend, emit, hosts, asked)
        earlier = whole_folder(folder / "best") or whole_folder(folder / "adapter")
        assert earlier
        journal.append({"name": phase.name, "rows": len(phase.rows), "repeated": dict(phase.repeated)} | _made(earlier))
        write_json(run.folder / JOURNAL, journal)
        if _made(folder / "adapter").get("stopped"):
            emit(Note("The phases after it are left out, for you asked to finish."))
            break
    assert earlier
    _copy(folder / "checkpoint", run.folder / "checkpoint")
    _copy(earlier, run.folder / "adapter")


def _told(phase: Phase) -> str:
    again = ", ".join(f"{count} of {name}" for name, count in phase.repeated)
    return f"{phase.name}, {len(phase.rows)} rows" + (f" ({again} again)" if again else "")


def _made(adapter: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((adapter / "made.json").read_text(encoding="utf-8"))
    return made | {"chosen": adapter.name}


def _copy(source: Path, target: Path) -> None:
    found = whole_folder(source)
    if found:
        with replace_folder(target) as new:
            shutil.copytree(found, new, dirs_exist_ok=True)


def _train_phase(
    run: Run,
    phase: Phase,
    folder: Path,
    earlier: Path | None,
    backend: Backend,
    emit: Emit,
    hosts: Hosts | None,
    probes: Sequence[str],
) -> None:
    clock: Clock | None = None
    scored: dict[str, float] = {}

    def tell(event: TrainEvent) -> None:
        nonlocal clock
        if isinstance(event, Told):
            emit(Note(event.text))
            if event.kind == "waits":
                (clock or Clock("train", 0, "updates", emit)).stand(event.text)
        elif isinstance(event, Validated):
            scored["held_out_loss"] = round(event.loss, 4)
        elif isinstance(event, Update):
            clock = clock or Clock("train", event.steps, "updates", emit)
            clock.tell(
                event.step,
                f"loss {event.loss:.3f}",
                loss=round(event.loss, 4),
                learning_rate=event.learning_rate,
                tokens_per_second=round(event.tokens / max(event.seconds, 1e-9), 1),
                memory=event.memory,
                **scored,
            )

    rows, held_out = ([train_row(row) for row in part] for part in (phase.rows, phase.held_out))
    student = find_model(run.request["student"])
    backend.train(student, rows, run.settings, folder, tell, held_out, earlier, hosts, probes)
