"""Records of runs as training leaves them, made from a formula: for tests and pictures of what the window shows."""

import json
from dataclasses import asdict
from pathlib import Path

from espalier.evaluation.questions import Question
from espalier.files import append_lines, write_json
from espalier.training.progress import EVENTS, FIRST_BATCH, Probed, Told, TrainEvent, Update, Validated

SECONDS = 0.8  # that an update takes
QUESTIONS = (
    ("By how many metres does the wheel lift a boat?", "24 metres", "It lifts it by 24 metres."),
    ("Which two canals does the wheel join?", "Union Canal", "The Forth and Clyde Canal and the Union Canal."),
    ("When was the wheel opened?", "2002", "It was opened in 2002."),
    ("How much water is in a gondola?", "250,000", "Each gondola holds 250,000 litres."),
    ("Who opened the wheel?", "Queen", "Queen Elizabeth II opened it."),
)


def wobble(step: int) -> float:
    """Return a number from -0.5 to 0.5 that looks like chance and is always the same."""
    return ((step * 7919) % 97) / 97 - 0.5


def loss_of(step: int, kind: str) -> float:
    """Return the loss of an update, counted from 1, of a run that learns, stays flat, or jumps about."""
    if kind == "flat":
        return 2.9 + 0.25 * wobble(step)
    if kind == "unstable" and step > 60:
        return 2.2 + 3 * abs(wobble(step))
    return 0.35 + 2.6 / (1 + step / 28) + 0.3 * wobble(step) / (1 + step / 90)


def record(kind: str, done: int, total: int, memory: int = 6_300_000_000) -> list[TrainEvent]:
    """Return what a run tells in so many updates.

    Args:
        kind: learning, flat, unstable, overfitting or retreat.
        done: updates.
        total: of the whole run.
        memory: in use, in bytes.
    """
    told: list[TrainEvent] = [Told(0, "Rows are packed, which saves 41% of the work.")]
    told.append(Probed(0, tuple(f"The Falkirk Wheel is a famous landmark ({place})." for place in range(5))))
    best = 9.0
    for step in range(1, done + 1):
        rate = 1e-3 * min(1.0, step / 30) * (1 - 0.9 * step / total)
        loss = loss_of(step, kind)
        tokens = 900 + round(300 * wobble(step))
        told.append(Update(step, total, loss, rate, 1.2, tokens, SECONDS, memory))
        if kind == "retreat" and step == done - 10:
            text = (
                f"The loss was not a number at update {step}. Training goes on from update {step - 5} with a highest "
                "learning rate of 0.0005."
            )
            told.append(Told(step, text, "retreat"))
        if step % 50 == 0:
            rise = 0.004 * max(0, step - 150) if kind == "overfitting" else 0.0
            score = 0.6 + 2.4 / (1 + step / 35) + rise
            told.append(Validated(step, score, score < best))
            best = min(best, score)
            right = min(5, step // 60)
            answers = [question[2] if place < right else "It is a boat." for place, question in enumerate(QUESTIONS)]
            told.append(Probed(step, tuple(answers)))
    return told


def write_record(run: Path, events: list[TrainEvent]) -> None:
    """Write the record of a run, with its questions and its first batch."""
    run.mkdir(parents=True, exist_ok=True)
    append_lines(run / EVENTS, [{"event": type(event).__name__, **asdict(event)} for event in events])
    write_json(run / "probes.json", [asdict(Question(asked, told, (right,))) for asked, right, told in QUESTIONS])
    row = [
        ("<|im_start|>user\nWhich two canals does the wheel join?<|im_end|>\n<|im_start|>assistant\n", False),
        ("The Forth and Clyde Canal and the Union Canal.<|im_end|>", True),
    ]
    other = [
        ("<|im_start|>user\nHow high is a <b>lock</b>?<|im_end|>\n<|im_start|>assistant\n", False),
        ("It lifts a boat by 24 metres.<|im_end|>", True),
    ]
    lengths = [(40 + (place * 37) % 150 + (900 if place % 40 == 0 else 0), 20) for place in range(120)]
    shown = {"lines": [[row, other], [other], [row, row, other]], "packed": True, "lengths": lengths}
    shown["verdict"] = "Rows are packed, which saves 41% of the work."
    (run / FIRST_BATCH).write_text(json.dumps(shown))
