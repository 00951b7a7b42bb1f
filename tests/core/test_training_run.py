"""Whole runs on the tiny student: killed, paused, finished early, extended, lost and found again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx import nn
from mlx_lm.utils import load as load_plainly

import espalier.metal  # first: it prepares the process for MLX
from espalier.errors import Cancelled, EspalierError
from espalier.language import Message, Prompt, Sampling, TrainRow
from espalier.metal.backend import MlxBackend
from espalier.metal.batch import mean_loss
from espalier.metal.model import MlxModel, load
from espalier.metal.rows import encode_all
from espalier.metal.soft_prompt import export_peft
from espalier.metal.train import Trainer
from espalier.training.probes import TOKENS
from espalier.training.progress import Told, TrainEvent, Update, Validated, wish
from espalier.training.settings import LoraSettings, PromptSettings, TrainSettings

assert espalier.metal
QUESTIONS = ("Who?", "What is the height of it?", "Where does the road go, and why?", "When?")
ROWS = [
    TrainRow((Message("user", question), Message("assistant", f"It is number {index}.")))
    for index, question in enumerate(QUESTIONS * 2)
]
HELD_OUT = [TrainRow((Message("user", "How many?"), Message("assistant", "It is number 9.")))]
PROBES = ("How many?", "Why?")
SETTINGS = TrainSettings(
    lora=LoraSettings(rank=4, dropout=0.2), schedule="linear", epochs=6, batch_rows=3, accumulation=2, save_every=4
)


def no_one(event: TrainEvent) -> None:
    return


def train(
    folder: Path,
    run: Path,
    settings: TrainSettings = SETTINGS,
    tell: Any = no_one,
    earlier: Path | None = None,
    probes: Sequence[str] = (),
) -> bytes:
    """Train to the end and return the adapter, to the bit."""
    run.mkdir(parents=True, exist_ok=True)
    MlxBackend().train(folder, ROWS, settings, run, tell, HELD_OUT, earlier, None, probes)
    files = sorted((run / "adapter").glob("*.safetensors"))
    return b"".join(file.read_bytes() for file in files)


def events(run: Path) -> list[dict[str, Any]]:
    """What the run recorded, without what depends on the machine."""
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in ("seconds", "memory")} for line in lines]


def held_out_loss(student: MlxModel, settings: TrainSettings) -> float:
    """The loss on the held-out rows, from the whole model, written down without anything of the trainer."""
    (row,) = encode_all(student, HELD_OUT, settings).rows
    scores = nn.log_softmax(student.model(mx.array([row.tokens[:-1]]))[0], axis=-1)
    return -float(sum(scores[place - 1, row.tokens[place]].item() for place in row.answers)) / len(row.answers)


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import espalier.metal
from core_run import HELD_OUT, PROBES, ROWS, SETTINGS
from espalier.metal.batch import mean_loss
from espalier.metal.backend import MlxBackend

folder, run, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)
for life in range(11):
    ends, begins = os.pipe()
    child = os.fork()
    if not child:
        def tell(event):
            os.write(begins, b".")
        MlxBackend().train(folder, ROWS, SETTINGS, run, tell, HELD_OUT, None, None, PROBES)
        os._exit(0)
    os.close(begins)  # so that a child that has ended is no child to wait for
    if life < 10:
        for _ in range(chance.randrange(1, 9)):
            os.read(ends, 1)
        time.sleep(chance.random() * 0.05)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    os.close(ends)
    print(status, flush=True)
"""


def test_ten_kills_in_a_row_change_no_bit(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "core_run.py").write_text(Path(__file__).read_text().split("\n\ndef no_one")[0])
    (tmp_path / "killed").mkdir()
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tiny_folder), str(tmp_path / "killed"), str(os.getpid())],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    ended = [int(line) for line in done.stdout.split()]
    assert ended[-1] == 0, done.stderr
    assert ended.count(signal.SIGKILL) >= 3
    whole = train(tiny_folder, tmp_path / "whole", probes=PROBES)
    killed = tmp_path / "killed"
    assert (killed / "adapter" / "adapters.safetensors").read_bytes() == whole
    assert (killed / "best" / "adapters.safetensors").read_bytes() == (
        tmp_path / "whole" / "best" / "adapters.safetensors"
    ).read_bytes()
    assert events(killed) == events(tmp_path / "whole")


def test_an_adapter_that_ends_clearly_worse_than_it_was_is_left_for_the_best(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("espalier.metal.training_run.WORSE", 1.02)  # so small a student forgets little

    def ask(answer: str) -> TrainRow:
        return TrainRow((Message("user", "Who?"), Message("assistant", answer)))

    loud = replace(SETTINGS, learning_rate=0.02, schedule="constant", epochs=30)
    told: list[TrainEvent] = []
    MlxBackend().train(tiny_folder, [ask("It is number 1.")] * 3, loud, tmp_path, told.append, [ask("Nobody came.")])
    scores = [event for event in told if isinstance(event, Validated)]
    best = min(scores, key=lambda event: event.loss)
    assert scores[-1].loss > 1.02 * best.loss
    made = json.loads((tmp_path / "adapter" / "made.json").read_text())
    assert (made["updates"], made["stopped"]) == (best.step, False)
    names = [tmp_path / name / "adapters.safetensors" for name in ("adapter", "best")]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_a_run_records_every_update_and_keeps_the_best_beside_the_last(tiny_folder: Path, tmp_path: Path) -> None:
    heard: list[TrainEvent] = []
    train(tiny_folder, tmp_path, replace(SETTINGS, learning_rate=0.05, epochs=8), heard.append)
    updates = [event for event in heard if isinstance(event, Update)]
    scores = [event for event in heard if isinstance(event, Validated)]
    assert [event.step for event in updates] == list(range(1, 25))
    assert all(event.tokens > 0 and event.seconds > 0 and event.memory > 0 for event in updates)
    assert [event.step for event in scores] == [4, 8, 12, 16, 20, 24]
    assert [line["event"] for line in events(tmp_path)] == [type(event).__name__ for event in heard]
    best = min(scores, key=lambda event: event.loss)
    assert json.loads((tmp_path / "best" / "made.json").read_text()) == {
        "updates": best.step,
        "held_out_loss": best.loss,
    }
    student = MlxBackend().load(tiny_folder, tmp_path / "best")
    assert held_out_loss(student, SETTINGS) == pytest.approx(best.loss, abs=1e-5)


def test_a_pause_loses_no_update_and_changes_no_bit(tiny_folder: Path, tmp_path: Path) -> None:
    def pause(event: TrainEvent) -> None:
        if isinstance(event, Update) and event.step == 6:
            wish(tmp_path / "paused", "pause")

    with pytest.raises(Cancelled):
        train(tiny_folder, tmp_path / "paused", tell=pause)
    assert json.loads((tmp_path / "paused" / "checkpoint" / "state.json").read_text())["step"] == 6
    first: list[TrainEvent] = []
    assert train(tiny_folder, tmp_path / "paused", tell=first.append) == train(tiny_folder, tmp_path / "whole")
    assert next(event.step for event in first if isinstance(event, Update)) == 7


def test_a_run_that_is_finished_early_keeps_what_it_learned(tiny_folder: Path, tmp_path: Path) -> None:
    def end(event: TrainEvent) -> None:
        if isinstance(event, Update) and event.step == 6:
            wish(tmp_path, "finish")

    train(tiny_folder, tmp_path, tell=end)
    made = json.loads((tmp_path / "adapter" / "made.json").read_text())
    best = json.loads((tmp_path / "best" / "made.json").read_text())
    assert made == {**best, "of": 18, "stopped": True}
    assert [event["step"] for event in events(tmp_path) if event["event"] == "Validated"] == [4, 6]
    assert json.loads((tmp_path / "checkpoint" / "state.json").read_text())["step"] == 6
    assert len(MlxBackend().load(tiny_folder, tmp_path / "adapter").answer([ask("Who?")], Sampling(4))) == 1


def test_probe_questions_are_answered_at_every_checkpoint_and_change_no_bit(tiny_folder: Path, tmp_path: Path) -> None:
    asked = train(tiny_folder, tmp_path / "asked", probes=PROBES)
    assert asked == train(tiny_folder, tmp_path / "silent")
    probed = [event for event in events(tmp_path / "asked") if event["event"] == "Probed"]
    assert [event["step"] for event in probed] == [0, 4, 8, 12, 16, 18]
    last = (
        MlxBackend()
        .load(tiny_folder, tmp_path / "asked" / "adapter")
        .answer([ask(text) for text in PROBES], Sampling(TOKENS))
    )
    assert probed[-1]["answers"] == [answer.strip() for answer in last]
    assert not [event for event in events(tmp_path / "silent") if event["event"] == "Probed"]


@pytest.mark.parametrize("packed", [True, False])
def test_the_first_batch_is_kept_as_the_student_sees_it(tiny_folder: Path, tmp_path: Path, packed: bool) -> None:
    settings = replace(SETTINGS, accumulation=1, batch_rows=6, epochs=1)
    counts = (1, 20, 1, 1, 2, 1) if packed else (1,) * 6
    rows = [
        TrainRow((Message("user", "Who? " * count), Message("assistant", f"It is number {count}."))) for count in counts
    ]
    MlxBackend().train(tiny_folder, rows, settings, tmp_path, no_one)
    shown = json.loads((tmp_path / "first_batch.json").read_text())
    student = load(tiny_folder)
    encoded = encode_all(student, rows, replace(settings, max_tokens=999)).rows
    assert shown["lengths"] == [[len(row.tokens), row.first] for row in encoded]
    assert shown["packed"] == packed
    lines = shown["lines"]
    assert sum(map(len, lines)) == settings.batch_rows
    assert (len(lines) < settings.batch_rows) == packed
    for pieces in (row for line in lines for row in line):
        learned = "".join(text for text, is_learned in pieces if is_learned)
        given = "".join(text for text, is_learned in pieces if not is_learned)
        assert "It is number" in learned
        assert "It is number" not in given
        assert "Who?" in given
        assert "Who?" not in learned
    again = MlxBackend().preview(tiny_folder, [(rows, [])], settings)
    assert json.loads(json.dumps(again)) == shown


def ask(text: str) -> Prompt:
    return Prompt((Message("user", text),))


def test_an_extension_goes_on_with_the_optimizer_and_the_next_rows(tiny_folder: Path, tmp_path: Path) -> None:
    constant = replace(SETTINGS, schedule="constant", warm_up=0.0, epochs=4, save_every=100)
    train(tiny_folder, tmp_path / "first", replace(constant, updates=7))
    both = train(
        tiny_folder, tmp_path / "more", replace(constant, updates=5), earlier=tmp_path / "first" / "checkpoint"
    )
    assert both == train(tiny_folder, tmp_path / "whole", replace(constant, updates=12))
    assert json.loads((tmp_path / "more" / "checkpoint" / "state.json").read_text())["earlier"] == 7


class Spoiled:
    """A trainer's update whose loss is no number at a step, so many times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: int, times: int) -> None:
        self.left, self._step = times, step
        self._now = 0
        real_update = Trainer.update

        def update(trainer: Trainer) -> Any:
            self._now = trainer.step + 1
            return real_update(trainer)

        monkeypatch.setattr(Trainer, "update", update)
        monkeypatch.setattr("espalier.metal.train.mean_loss", self)

    def __call__(self, *arguments: Any) -> mx.array:
        loss = mean_loss(*arguments)
        if self._now == self._step and self.left:
            self.left -= 1
            return loss * float("nan")
        return loss


def test_a_lost_loss_goes_back_to_the_last_checkpoint_at_half_the_rate(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[TrainEvent] = []
    Spoiled(monkeypatch, 7, 1)
    train(tiny_folder, tmp_path, replace(SETTINGS, accumulation=1), heard.append)
    steps = [event.step for event in heard if isinstance(event, Update)]
    assert steps == [1, 2, 3, 4, 5, 6, *range(5, 19)]
    text = next(event.text for event in heard if isinstance(event, Told) and "not a number" in event.text)
    assert "update 7" in text
    assert "0.0005" in text
    rates = {line["step"]: line["learning_rate"] for line in events(tmp_path) if line["event"] == "Update"}
    assert sorted(rates) == list(range(1, 19))
    before = [event.learning_rate for event in heard if isinstance(event, Update)][4]
    assert rates[5] == pytest.approx(before / 2)
    weights = mx.load(str(tmp_path / "adapter" / "adapters.safetensors"))
    assert all(mx.isfinite(value).all().item() for value in weights.values())


def test_a_loss_that_stays_lost_ends_the_run_with_one_sentence(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Spoiled(monkeypatch, 6, 99)
    with pytest.raises(EspalierError, match=r"not a number.*Lower the learning rate.*3 times"):
        train(tiny_folder, tmp_path)
    state = json.loads((tmp_path / "checkpoint" / "state.json").read_text())
    assert (state["step"], state["lowered"], state["retreats"]) == (4, 0.125, 3)


METHODS: Sequence[TrainSettings] = (
    TrainSettings(method="lora", lora=LoraSettings(rank=4), learning_rate=1e-2),
    TrainSettings(method="qlora", lora=LoraSettings(rank=4, keys=("q_proj", "v_proj")), learning_rate=3e-2),
    TrainSettings(method="dora", lora=LoraSettings(rank=4), learning_rate=1e-2),
    TrainSettings(method="full", learning_rate=3e-3),
    TrainSettings(method="full", lora=LoraSettings(layers=1), learning_rate=5e-3),
    TrainSettings(method="prompt", prompt=PromptSettings(5), learning_rate=1e-1),
    TrainSettings(method="prompt", prompt=PromptSettings(5, "Numbers"), learning_rate=1e-1),
    TrainSettings(method="lora", lora=LoraSettings(rank=4), learning_rate=1e-2, checkpointing=True),
)


@pytest.mark.parametrize("settings", METHODS, ids=lambda made: f"{made.method}-{made.lora.layers}-{made.prompt.text}")
def test_every_method_learns_resumes_and_answers_as_trained(
    tiny_folder: Path, tmp_path: Path, settings: TrainSettings
) -> None:
    losses: list[float] = []

    def stop(event: TrainEvent) -> None:
        if isinstance(event, Update):
            losses.append(event.loss)
            if event.step == 7:
                raise Cancelled

    settings = replace(settings, save_every=5, epochs=3, batch_rows=2)
    whole = train(tiny_folder, tmp_path / "whole", settings)
    with pytest.raises(Cancelled):
        train(tiny_folder, tmp_path / "cut", settings, stop)
    assert train(tiny_folder, tmp_path / "cut", settings, lambda event: None) == whole
    recorded = [line["loss"] for line in events(tmp_path / "whole") if line["event"] == "Update"]
    assert losses == recorded[:7]
    assert recorded[-1] < 0.95 * recorded[0]
    tuned = MlxBackend().load(tiny_folder, tmp_path / "whole" / "adapter")
    last = [line["loss"] for line in events(tmp_path / "whole") if line["event"] == "Validated"][-1]
    assert held_out_loss(tuned, settings) == pytest.approx(last, rel=0.2 if settings.method == "qlora" else 1e-4)


@pytest.mark.parametrize("method", ["lora", "qlora", "dora", "full"])
def test_plain_mlx_lm_loads_what_was_trained_with_the_same_logits(
    tiny_folder: Path, tmp_path: Path, method: str
) -> None:
    train(tiny_folder, tmp_path, TrainSettings(method=method, lora=LoraSettings(rank=4, keys=("q_proj", "up_proj"))))
    plain = load_plainly(str(tiny_folder), adapter_path=str(tmp_path / "adapter"))[0]
    ours = MlxBackend().load(tiny_folder, tmp_path / "adapter").model
    tokens = mx.array([[5, 80, 33, 200, 7]])
    assert mx.array_equal(plain(tokens), ours(tokens))
    assert not mx.allclose(plain(tokens), load(tiny_folder).model(tokens), atol=1e-4)


def test_a_student_that_was_trained_by_its_prompt_keeps_it_in_4_bits(tiny_folder: Path, tmp_path: Path) -> None:
    train(tiny_folder, tmp_path, TrainSettings(method="prompt", learning_rate=5e-2, epochs=8))
    MlxBackend().quantize(tiny_folder, tmp_path / "adapter", tmp_path / "model-4bit")
    tuned, small = MlxBackend().load(tiny_folder, tmp_path / "adapter"), MlxBackend().load(tmp_path / "model-4bit")
    assert small.virtual == tuned.virtual != ()
    tokens = mx.array([[*small.virtual, 60, 61, 62]])
    scores = [student.model(tokens)[0, -1] for student in (tuned, small)]
    assert 0 < mx.mean(mx.abs(scores[1] - scores[0])).item() < 0.2 * mx.mean(mx.abs(scores[0])).item()


def test_settings_that_do_not_fit_the_student_are_one_sentence(tiny_folder: Path, tmp_path: Path) -> None:
    for settings, text in (
        (TrainSettings(lora=LoraSettings(keys=("q_prj",))), "no part “q_prj”. Choose from .*self_attn.q_proj"),
        (TrainSettings(lora=LoraSettings(layers=9)), "has 2 layers, not 9"),
        (TrainSettings(max_tokens=8, too_long="leave out"), "Every row is longer than the settings allow"),
    ):
        with pytest.raises(EspalierError, match=text):
            train(tiny_folder, tmp_path, settings)


def test_rows_that_are_cut_and_the_layout_are_told_once(tiny_folder: Path, tmp_path: Path) -> None:
    heard: list[TrainEvent] = []
    train(tiny_folder, tmp_path, replace(SETTINGS, max_tokens=60, epochs=1), heard.append)
    told = [event.text for event in heard if isinstance(event, Told)]
    assert any("longer than allowed" in text for text in told)
    assert any(text.startswith("Rows are") for text in told)


@pytest.mark.parametrize("text", ["", "Numbers"])
def test_a_soft_prompt_is_exported_as_peft_reads_it(tiny_folder: Path, tmp_path: Path, text: str) -> None:
    settings = TrainSettings(method="prompt", prompt=PromptSettings(4, text), learning_rate=5e-2, updates=3)
    train(tiny_folder, tmp_path, settings)
    (tmp_path / "peft").mkdir()
    export_peft(tmp_path / "adapter", tiny_folder, "owner/tiny", tmp_path / "peft")
    config = json.loads((tmp_path / "peft" / "adapter_config.json").read_text())
    assert (config["peft_type"], config["task_type"]) == ("PROMPT_TUNING", "CAUSAL_LM")
    assert (config["num_virtual_tokens"], config["token_dim"], config["num_layers"]) == (4, 64, 2)
    assert config["prompt_tuning_init"] == ("TEXT" if text else "RANDOM")
    assert config["prompt_tuning_init_text"] == (text or None)
    vectors = mx.load(str(tmp_path / "peft" / "adapter_model.safetensors"))
    assert list(vectors) == ["prompt_embeddings"]
    tuned, plain = MlxBackend().load(tiny_folder, tmp_path / "adapter"), load(tiny_folder).model
    tokens = tuned.encode(ask("Who?"))
    words = plain.model.embed_tokens(mx.array(tokens[4:]))
    given = mx.concatenate([vectors["prompt_embeddings"], words])[None]  # what PEFT hands to the model
    expected = plain(mx.array([tokens[4:]]), input_embeddings=given)
    assert mx.allclose(tuned.model(mx.array([tokens])), expected, atol=1e-5)


def test_a_soft_prompt_of_another_student_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    mx.save_safetensors(str(tmp_path / "adapter" / "soft_prompt.safetensors"), {"prompt_embeddings": mx.zeros((3, 7))})
    with pytest.raises(EspalierError, match="does not fit this student"):
        MlxBackend().load(tiny_folder, tmp_path / "adapter")
    with pytest.raises(EspalierError, match="no words"):
        train(tiny_folder, tmp_path, TrainSettings(method="prompt", prompt=PromptSettings(4, " ")))
