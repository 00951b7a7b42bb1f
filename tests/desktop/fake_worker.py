"""A worker that speaks the protocol and behaves as its one argument says; it imports nothing but what it says."""

import os
import signal
import sys
import threading
import time

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


def main() -> int:
    manner = sys.argv[1]
    sys.stdin.buffer.readline()
    threading.Thread(target=end_with_the_window, daemon=True).start()
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
