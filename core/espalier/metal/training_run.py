"""One training run in its folder: checkpoints, exact resume, held-out scores, retreat from a loss that is lost."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from espalier.errors import Cancelled, EspalierError
from espalier.files import replace_folder, whole_folder, write_json
from espalier.language import Message, Prompt, Sampling, TrainRow
from espalier.metal.adapters import adapt, write_adapter
from espalier.metal.first_batch import first_batch
from espalier.metal.limits import make_room, training_limits
from espalier.metal.model import load
from espalier.metal.ranks import Ranks
from espalier.metal.rows import Encoded, describe, encode_all, encode_some
from espalier.metal.train import LOWER, LostError, Step, TooLargeError, Trainer
from espalier.metal.trouble import Trouble
from espalier.models.shapes import packed_bits
from espalier.power import SENTENCES, Conditions, Need
from espalier.project import content_key
from espalier.settings import usable_settings
from espalier.training.probes import TOKENS
from espalier.training.progress import (
    FIRST_BATCH,
    Probed,
    RunRecord,
    Tell,
    Told,
    TrainEvent,
    Update,
    Validated,
    take_wish,
)
from espalier.training.settings import TrainSettings, check_settings

WISHES = ("", "finish", "pause")  # what a person may ask of a run, the strongest last
WORSE = 1.25  # times the lowest held-out loss: an adapter that ends above it is left for the best; see `_chosen`
RETREATS = 3  # times that a run goes back to its last checkpoint before it gives up


@dataclass(frozen=True)
class RunFolder:
    """Where the parts of a run are; ``best`` is the adapter with the lowest held-out loss, ``adapter`` what is kept."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        """Return the folder of the last checkpoint; it stays when the run is done, for another to go on from."""
        return self.path / "checkpoint"

    @property
    def best(self) -> Path:
        """Return the folder of the best adapter."""
        return self.path / "best"

    @property
    def adapter(self) -> Path:
        """Return the folder of the result."""
        return self.path / "adapter"


class TrainingRun:
    """A run from its first update, or the last checkpoint, to its adapter."""

    def __init__(
        self,
        model: Path,
        rows: Sequence[TrainRow],
        held_out: Sequence[TrainRow],
        settings: TrainSettings,
        run: Path,
        tell: Tell,
        earlier: Path | None = None,
        ranks: Ranks | None = None,
        conditions: Conditions | None = None,
        probes: Sequence[str] = (),
    ) -> None:
        """Load the student and stand where the run's last checkpoint was; arguments as `Backend.train`'s.

        Of ``ranks`` that train together only the first reads and writes ``run`` and ``earlier``. Training waits
        while the ``conditions`` are bad.
        """
        check_settings(settings)
        self._ranks = ranks or Ranks()
        self._conditions = conditions or Conditions(low=usable_settings().low_battery)
        self._made_room = False
        self._student = student = load(model)
        adapt(student, settings, packed_bits(model))
        encoding = encode_some(student, rows, settings)
        self._settings, self._folder, self._tell = settings, RunFolder(run), tell
        self._held_out: list[Encoded] = encode_all(student, held_out, settings).rows
        self._trainer = Trainer(student, encoding.rows, settings, ranks=self._ranks)
        asked = [Prompt((Message("user", question),)) for question in probes]
        self._probes = [probe for probe in asked if self._fits(probe)] if self._ranks.leads else []
        self._retreats, self._best, self._scored = 0, float("inf"), 0.0
        if self._ranks.count > 1:
            facts = {"rows": content_key(encoding.rows, self._held_out), "layout": str(self._trainer.layout)}
            self._ranks.compare(facts, _unlike)
        checkpoint = whole_folder(self._folder.checkpoint) if self._ranks.leads else None
        if checkpoint:
            state = self._trainer.restore(checkpoint)
            self._retreats, self._best = state["retreats"], state["best"] or float("inf")
            self._scored = state.get("scored", 0.0)
        elif earlier and self._ranks.leads:
            self._trainer.extend(earlier)
        self._share()
        kept = self._trainer.step if checkpoint else -1  # what was told before the first checkpoint is told again
        self._record = RunRecord(run, kept) if self._ranks.leads else None
        if not checkpoint:
            for told in (*describe(encoding), Told(0, self._trainer.verdict)):
                self._say(told)
            if self._ranks.leads:
                write_json(run / FIRST_BATCH, first_batch(student, self._trainer, encoding, settings))
            self._probe()
            self._save()

    def train(self) -> None:
        """Make all updates that are left and write the adapter.

        Raises:
            Cancelled: a person asked for a pause; the checkpoint holds everything.
            EspalierError: the loss was lost more often than a run may go back.
        """
        with training_limits():
            stopped = self._train()
            if stopped and self._trainer.step % self._settings.save_every:
                self._validate()
        if not self._record:
            return
        self._record.flush()
        trainer = self._trainer
        made = {"updates": trainer.step, "of": trainer.steps, "stopped": stopped}
        if trainer.pieces > self._settings.accumulation:
            made["parts"] = trainer.pieces
        best = self._chosen(stopped)
        with replace_folder(self._folder.adapter) as folder:
            if best:
                shutil.copytree(best, folder, dirs_exist_ok=True)
                made |= json.loads((best / "made.json").read_text(encoding="utf-8"))
            else:
                write_adapter(folder, trainer.model, self._settings)
            write_json(folder / "made.json", made)

    def _chosen(self, stopped: bool) -> Path | None:
        """Return the folder of the best adapter where it is kept in place of the last, else None.

        Near the end held-out losses differ by chance, and the rate has not yet fallen: on the example the best by a
        hair (0.077 at update 150) answered 17 of 24 held-out questions, the last (0.084 at update 195) 21.
        """
        is_worse = self._scored > WORSE * self._best
        return whole_folder(self._folder.best) if stopped or is_worse else None

    def _train(self) -> bool:
        """Make the updates and return whether a person asked to finish before the last."""
        trainer, settings = self._trainer, self._settings
        stopped = False
        while trainer.step < trainer.steps and not stopped:
            stopped = self._heed()
            if not stopped:
                self._update()
                if trainer.step % settings.save_every == 0 or trainer.step == trainer.steps:
                    self._validate()
                    self._probe()
                    self._save()
        return stopped

    def _fits(self, probe: Prompt) -> bool:
        return len(self._student.encode(probe)) + TOKENS <= self._student.context_length

    def _probe(self) -> None:
        """Answer the probe questions greedily; neither weights nor chance are touched, so the run stays the same."""
        if self._probes:
            self._trainer.model.eval()
            answers = self._student.answer(self._probes, Sampling(TOKENS))
            self._say(Probed(self._trainer.step, tuple(answer.strip() for answer in answers)))

    def _heed(self) -> bool:
        """Wait while the machine should not work; return whether a person asked to finish now.

        Raises:
            Cancelled: they asked for a pause.
        """
        waiting = Need.NONE
        while True:
            asked = take_wish(self._folder.path) if self._ranks.leads else ""
            wanted = WISHES.index(asked) if asked in WISHES else 0
            wanted, found = self._ranks.highest(wanted, self._conditions.need(waiting))
            if wanted:
                self._save()
            if WISHES[wanted] == "pause":
                raise Cancelled
            if wanted:
                return True
            if found != waiting:
                self._wait(Need(found))
            if not found:
                return False
            waiting = Need(found)
            self._conditions.wait()

    def _wait(self, need: Need) -> None:
        """Tell that training waits, or goes on; what was learned is safe meanwhile."""
        step = self._trainer.step
        if need:
            self._save()
            self._say(Told(step, SENTENCES[need], "waits"))
        else:
            self._say(Told(step, "Training goes on.", "goes on"))

    def _update(self) -> None:
        if self._conditions.is_short and not self._made_room:
            self._made_room = True
            make_room()
        started = time.monotonic()
        try:
            step = self._trainer.update()
        except LostError as error:
            self._retreat(error)
            return
        except TooLargeError as error:
            trouble = error.trouble
        else:
            self._tell_step(step, time.monotonic() - started)
            return
        self._split(trouble)

    def _tell_step(self, step: Step, seconds: float) -> None:
        numbers = (step.loss, step.learning_rate, step.norm, step.real_tokens, seconds, int(mx.get_peak_memory()))
        self._say(Update(step.step, step.steps, *numbers))

    def _split(self, trouble: Trouble) -> None:
        """Go back to the last checkpoint and compute every update from there in twice as many parts.

        Raises:
            EspalierError: rows are computed one by one already.
        """
        at, pieces = self._trainer.step + 1, self._trainer.pieces * 2
        if self._trainer.pieces >= -(-self._settings.batch_rows // self._ranks.count):
            raise EspalierError(_HOPELESS[trouble].format(at=at))
        mx.clear_cache()
        self._return()
        self._trainer.pieces = pieces
        self._save()
        text = _SPLIT[trouble].format(at=at, step=self._trainer.step, pieces=pieces)
        self._say(Told(self._trainer.step, text, "split"))

    def _retreat(self, lost: LostError) -> None:
        """Go back to the last checkpoint with a lower rate.

        Raises:
            EspalierError: too often.
        """
        self._retreats += 1
        if self._retreats > RETREATS:
            raise EspalierError(
                f"{lost} It was tried {RETREATS} times again from the last checkpoint, at a lower rate each time."
            ) from lost
        at = self._trainer.step + 1
        self._return()
        self._trainer.lowered *= LOWER
        self._save()
        rate = self._settings.learning_rate * self._trainer.lowered
        self._say(
            Told(
                self._trainer.step,
                f"The loss was not a number at update {at}. Training goes on from update {self._trainer.step} with a "
                f"highest learning rate of {rate:.2g}.",
                "retreat",
            )
        )

    def _return(self) -> None:
        """Stand where the last checkpoint was."""
        if self._ranks.leads:
            folder = whole_folder(self._folder.checkpoint)
            assert folder
            self._trainer.restore(folder)
            self._record = RunRecord(self._folder.path, self._trainer.step)
        self._share()

    def _share(self) -> None:
        """Stand, on every rank, where the first stands."""
        self._trainer.share()
        stands = json.dumps([self._retreats, self._best]).encode()
        self._retreats, self._best = json.loads(self._ranks.tell(stands))

    def _validate(self) -> None:
        if not self._held_out:
            return
        loss = self._scored = self._trainer.loss(self._held_out)
        is_best = loss < self._best
        if is_best:
            self._best = loss
        if is_best and self._record:
            with replace_folder(self._folder.best) as folder:
                write_adapter(folder, self._trainer.model, self._settings)
                (folder / "made.json").write_text(json.dumps({"updates": self._trainer.step, "held_out_loss": loss}))
        self._say(Validated(self._trainer.step, loss, is_best))

    def _save(self) -> None:
        if not self._record:
            return
        best = self._best if self._best < float("inf") else None
        self._record.flush()
        self._trainer.save(self._folder.checkpoint, retreats=self._retreats, best=best, scored=self._scored)

    def _say(self, event: TrainEvent) -> None:
        if self._record:
            self._record.add(event)
            self._tell(event)


_SPLIT = {
    "watchdog": "macOS took the GPU away at update {at}, because the display had to wait for it. Training goes on from "
    "update {step} with each update in {pieces} parts; the result is the same.",
    "memory": "Memory ran out at update {at}. Training goes on from update {step} with each update in {pieces} parts; "
    "the result is the same.",
}
_HOPELESS = {
    "watchdog": "macOS took the GPU away at update {at}, though rows are computed one by one. Let the display sleep "
    "while you train, or set max_tokens lower.",
    "memory": "Memory ran out at update {at}, though rows are computed one by one. Set max_tokens lower, switch "
    "checkpointing on, or choose a smaller student.",
}


def _unlike(host: str, what: str) -> str:
    if what == "rows":
        return f"{host} reads the rows as other tokens than this Mac. Copy the student's folder from here to there."
    return f"{host} would put the rows together in another way than this Mac. Install the same Espalier on both."
