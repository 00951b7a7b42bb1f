"""A worker that speaks the protocol and behaves as its one argument says; it imports nothing but the messages."""

import os
import signal
import sys
import threading
import time

from espalier.messages import Event, Failed, Finished, Note, Progress, Stage, Text, encode


def say(*events: Event) -> None:
    sys.stdout.buffer.write(b"".join(map(encode, events)))
    sys.stdout.buffer.flush()


def end_with_the_window() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


def main() -> int:
    manner = sys.argv[1]
    sys.stdin.buffer.readline()
    threading.Thread(target=end_with_the_window, daemon=True).start()
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
    else:
        if manner == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say(Progress("train", 1, 4, "updates", 65.0, "", {"loss": 2.5}))
        time.sleep(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
