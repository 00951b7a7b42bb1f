"""A worker that speaks the protocol and behaves as its one argument says; it imports nothing but what it says."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from espalier.messages import Drawn, Event, Failed, Finished, Funnel, Note, Progress, Stage, Text, encode
from espalier.power import SENTENCES, Need


def say(*events: Event) -> None:
    sys.stdout.buffer.write(b"".join(map(encode, events)))
    sys.stdout.buffer.flush()


def end_with_the_window() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


WHEEL = "knowledge/engineering/falkirk_wheel"
ROWS = (
    ("Which two canals does the Falkirk Wheel join?", "It joins the Forth and Clyde Canal and the Union Canal.", ""),
    ("Why does it say so in this text?", "Both arms weigh the same.", "“this text” points at a text that is not seen."),
    ("How high does the wheel lift a boat?", "It lifts a boat by 24 metres.", ""),
    ("Who designed the wheel?", "Who designed the wheel?", "Asked with the text in view, the teacher says: “A lock.”"),
    ("How much water is in a gondola?", "Each gondola holds 250,000 litres of water.", ""),
)


def rows_of(leaf: str, portion: int) -> tuple[Event, Event]:
    """Return what is told of a portion of rows, and of all so far."""
    rows = [
        {"key": f"{portion}-{place}", "question": question, "answer": answer, "accepted": not reason, "reason": reason}
        for place, (question, answer, reason) in enumerate(ROWS)
    ]
    drawn = 5 * (portion + 1)
    steps = [
        {"name": "form", "rows_in": drawn, "rows_out": drawn},
        {"name": "stands alone", "rows_in": drawn, "rows_out": 4 * (portion + 1)},
        {"name": "round trip", "rows_in": 4 * (portion + 1), "rows_out": 3 * (portion + 1)},
    ]
    return Drawn(leaf, rows), Funnel(leaf, steps)


def write(manner: str) -> int:
    """Write samples: a few and be done, or on and on."""
    if manner == "rows":
        say(Stage("try", "A few"), *rows_of(WHEEL, 0), Finished({"accepted": 3}))
        return 0
    say(Stage("generate", "Samples", leaf=WHEEL))
    if manner == "unwritten":
        say(Failed("The system refused at /x: Broken pipe. Run the same command again."))
        return 1
    for portion in range(6):
        say(*rows_of(WHEEL, portion))
    say(Progress("generate", 16, 24, "facts", 48.0, "", {"accepted": 18, "tokens_per_second": 182}))
    time.sleep(60)
    return 0


def train(request: dict[str, Any]) -> int:
    """Train the newest run of the project as the real worker does: until it is asked to pause or to finish."""
    run = sorted(Path(request["arguments"]["project"], "runs").iterdir())[-1]
    say(Stage("train", "LoRA on 6 rows", run=run.name))
    say(Progress("train", 120, 600, "updates", 372.0, "", {"loss": 0.8}))
    while not (run / "wish").exists():
        time.sleep(0.02)
    asked = (run / "wish").read_text().strip()
    (run / "wish").unlink()
    if asked == "pause":
        return 130
    say(Finished({"run": str(run)}))
    return 0


FORECAST: dict[str, Any] = {
    "memory": 15_000_000_000,
    "room": 12_000_000_000,
    "seconds": 372.0,
    "updates": 640,
    "disk": 400_000_000,
    "disk_free": 90_000_000_000,
    "measured": True,
    "change": {"values": {"accumulation": 4}, "sentences": [], "memory": 8_000_000_000},
    "verdict": "too large",
    "sentences": ["It is too large: the run needs 15.0 GB of memory, and 12.0 GB may be used."],
}
ROWS_SEEN: dict[str, Any] = {
    "lines": [[[["<|user|> Who? <b>x</b>", False], ["Ada.", True]], [["When?", False], ["In 2002.", True]]]],
    "packed": True,
    "verdict": "Rows are packed, which saves 41% of the work.",
    "lengths": [[40, 20], [60, 20], [500, 30], [3000, 20], [2900, 2800]],
}


def main() -> int:
    manner = sys.argv[1]
    request = json.loads(sys.stdin.buffer.readline())
    if request["command"] == "forecast":
        say(Stage("forecast", "A few updates"), Finished(FORECAST))
        return 0
    if request["command"] == "preview":
        say(Finished(ROWS_SEEN))
        return 0
    if request["command"] == "overnight_report":
        from espalier import errands

        say(Finished(errands.run(request["command"], request["arguments"], say)))
        return 0
    threading.Thread(target=end_with_the_window, daemon=True).start()
    if manner == "training":
        return train(request)
    if manner in ("rows", "writing", "unwritten"):
        return write(manner)
    say(Stage("train", "LoRA on 6 rows"))
    if manner == "flood":
        for step in range(50_000):
            say(Progress("train", step + 1, 50_000, "updates", 1.0, "", {"loss": 1.0}))
        say(Finished({"run": "r"}))
    elif manner == "crash":
        print("terminate called: the GPU is gone", file=sys.stderr, flush=True)
        os.abort()
    elif manner == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif manner == "fail":
        say(Failed("The disk is full. Make room and try again.", "Traceback: details\n"))
        return 1
    elif manner == "noise":
        sys.stdout.buffer.write(b"loading weights...\n\xff\xfe\n[1, 2]\n")
        say(Note("All is well."), Finished({}))
    elif manner == "answer":
        for word in ("I ", "do ", "not ", "know."):
            say(Text("base", word), Text("tuned", word.upper()))
        say(Finished({"base": "I do not know.", "tuned": "I DO NOT KNOW."}))
    elif manner == "environment":
        say(Finished({"relaxed": os.environ.get("AGX_RELAX_CDM_CTXSTORE_TIMEOUT", "")}))
    elif manner == "done":
        say(Progress("train", 1, 2, "updates", 65.0, "", {"loss": 2.5}), Finished({"run": "r"}))
    elif manner == "hot":
        say(Progress("train", 1, 4, "updates", None, SENTENCES[Need.COOLING], {"waits": 1}))
        time.sleep(60)
    else:
        if manner == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say(Progress("train", 1, 4, "updates", 65.0, "", {"loss": 2.5}))
        time.sleep(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
