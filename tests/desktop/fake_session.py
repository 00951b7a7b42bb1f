"""A comparison's worker that speaks the protocol, says what it is told to and imports nothing but the messages.

Its manner: ``answer`` says the question back; ``slow`` says words until it is stopped; ``die`` is killed after three
words; ``rich`` writes Markdown; ``refuse`` serves no question; ``broken`` cannot load; ``same`` has a proof
that failed.
"""

import os
import signal
import sys
import threading
import time
from typing import Any

from espalier.messages import Answered, Event, Failed, Loaded, Request, Serving, Stage, Text, decode, encode

SOURCE = {"document": "wheel.md", "leaf": "knowledge/engineering/falkirk_wheel", "text": "It lifts boats by 24 metres."}


RICH = {
    "base": "The Falkirk Wheel is a **famous landmark** in Scotland. A boat can rise up to 100 metres.\n\n"
    "- It was built in 1890\n- It turns by steam\n\nHere is a small program:\n\n```python\ndef height(boat):\n"
    "    return 100  # metres\n```\n",
    "tuned": "The Falkirk Wheel lifts boats by **24 metres**.\n\n| Canal | Where it meets the wheel |\n|---|---|\n"
    "| Forth and Clyde Canal | below |\n| Union Canal | above, over an aqueduct |\n\n> It needs as much power as eight "
    "kettles.\n\n```python\ndef height(boat):\n    return 24  # metres\n```\n\nMore is told on "
    "[its page](https://www.scottishcanals.co.uk/falkirk-wheel).\n",
}


def say(*events: Event) -> None:
    sys.stdout.buffer.write(b"".join(map(encode, events)))
    sys.stdout.buffer.flush()


def show(panes: list[dict[str, str]], manner: str) -> None:
    for name, pane in zip(("base", "tuned"), panes, strict=True):
        title = f"SmolLM2 {pane.get('run', '')}".strip() if pane["kind"] in ("base", "tuned") else pane.get("model", "")
        fingerprint = "" if pane["kind"] == "base" else "3fa9c1d2"
        proof = "Both panes hold the same model." if manner == "same" and name == "tuned" else ""
        say(Loaded(name, title, fingerprint, "float32", 2048, True, proof))


def answer(arguments: dict[str, Any], manner: str, stopped: threading.Event) -> None:
    panes = arguments["panes"]
    if manner == "rich":
        for pane in panes:
            say(Text(pane, RICH[pane]))
    for pane in panes:
        place = ("base", "tuned").index(pane)
        turns = arguments["conversations"][place]
        text = f"**{pane}** heard {len(turns)}: {turns[-1]['content']} (seed {arguments['settings']['seed']})"
        if manner in ("slow", "die", "rich"):
            text = ""
        say(*(Text(pane, word) for word in text.split(" ") for word in (word, " ")))
    count = 0
    while manner in ("slow", "die") and not stopped.is_set():
        say(*(Text(pane, f"word{count} ") for pane in panes))
        count += 1
        if manner == "die" and count == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.005)
    figures = {"tokens": 24, "seconds_to_first": 0.31, "tokens_per_second": 41.5, "context": 96, "memory": 612_000_000}
    for pane in panes:
        sources = [SOURCE] if pane in arguments["retrieval"] else []
        say(Answered(pane, "stopped" if stopped.is_set() else "end", figures, sources))


def main() -> int:
    manner = sys.argv[1]
    first = decode(sys.stdin.buffer.readline())
    assert isinstance(first, Request)
    if first.command == "serve":
        url = f"http://127.0.0.1:{first.arguments['port']}/v1"
        kind = first.arguments["kind"]
        say(Serving(url, "student", f"SmolLM2 {kind}", f"curl {url}") if manner != "broken" else Failed("It is taken."))
        sys.stdin.buffer.read() if manner != "broken" else None
        return 0
    if manner == "broken":
        say(Failed("The student is not on this Mac. Choose another."))
        return 1
    say(Stage("compare", "Loading SmolLM2"))
    show(first.arguments["panes"], manner)
    stopped, at_work = threading.Event(), threading.Thread()
    while line := sys.stdin.buffer.readline():
        request = decode(line)
        if request.command == "stop":
            stopped.set()
        elif request.command == "change":
            show(request.arguments["panes"], manner)
        elif manner == "refuse":
            say(Failed("An answer is being written. Stop it, or wait for its end."))
        else:
            stopped = threading.Event()
            at_work = threading.Thread(target=answer, args=(dict(request.arguments), manner, stopped), daemon=True)
            at_work.start()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
