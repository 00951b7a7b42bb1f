"""An OpenAI-compatible server on loopback that answers from a script and misbehaves on request."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from espalier.language import Message, Prompt

Fault = Callable[["Handler"], None]


@dataclass
class Script:
    """What the server does.

    Attributes:
        reply: its answer to a prompt.
        fault: chosen for the n-th chat request (from 0) after the first few; None answers it.
        after: chat requests that are answered in any case, so that a probe finds what it looks for.
        log_probability: of each token that it writes; None where it tells none.
        continues: whether it goes on with an answer that was begun.
        ranks: probabilities of the first token, None where it tells none.
        echo: log-probability of a token of a text that is given, from the whole text; None without that page.
        refused: fields that it refuses as unknown.
        key: that it wants, "" for none.
        asked: the body of every chat request, those that met a fault included.
        answered: those that were answered.
    """

    reply: Callable[[Prompt], str] = lambda prompt: "Yes."
    fault: Callable[[int], "Fault | None"] = lambda number: None
    after: int = 0
    log_probability: float | None = -0.4
    continues: bool = True
    ranks: Mapping[str, float] | None = None
    echo: Callable[[str], float] | None = None
    refused: tuple[str, ...] = ()
    key: str = ""
    models: tuple[str, ...] = ("scripted",)
    asked: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    busiest: int = 0
    url: str = ""
    lock: Any = field(default_factory=threading.Lock)
    busy: int = 0
    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(4))
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Yield the URL of a server that follows a script."""
    handler = type("ScriptedHandler", (Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield script.url
    finally:
        script.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    script: Script
    body: dict[str, Any]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.allowed():
            self.send({"data": [{"id": name, "max_model_len": 4096} for name in self.script.models]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.allowed():
            return
        if self.path.endswith("/chat/completions"):
            self.chat(body)
        elif self.path.endswith("/completions") and self.script.echo:
            self.complete(body)
        else:
            self.send({"error": {"message": "no such page"}}, 404)

    def allowed(self) -> bool:
        self.script.headers.append(dict(self.headers))
        key = self.script.key
        if key and self.headers.get("Authorization") != f"Bearer {key}":
            self.send({"error": {"message": f"wrong: {self.headers.get('Authorization')}"}}, 401)
            return False
        return True

    def chat(self, body: dict[str, Any]) -> None:
        script, self.body = self.script, body
        with script.lock:
            number = len(script.asked) - script.after
            script.asked.append(body)
            script.busy += 1
            script.busiest = max(script.busiest, script.busy)
        try:
            fault = script.fault(number) if number >= 0 else None
            if fault:
                fault(self)
            else:
                self.answer(body)
        finally:
            with script.lock:
                script.busy -= 1

    def answer(self, body: dict[str, Any]) -> None:
        script = self.script
        unknown = [name for name in script.refused if name in body]
        if unknown:
            self.send({"error": {"message": f"unknown field {unknown[0]}"}}, 400)
            return
        if body["model"] not in script.models:
            self.send({"error": {"message": f"The model {body['model']} does not exist."}}, 404)
            return
        messages = [Message(message["role"], message["content"]) for message in body["messages"]]
        start = ""
        if messages[-1].role == "assistant":
            start = messages.pop().content
        if start == "Constanti":
            text = "nople" if script.continues else "Constantinople"
        else:
            text = script.reply(Prompt(tuple(messages), start))
        with script.lock:
            script.answered.append(body)
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}}
        if body.get("logprobs") and script.log_probability is not None:
            token: dict[str, Any] = {"token": text, "logprob": script.log_probability}
            if body.get("top_logprobs") and script.ranks:
                token["top_logprobs"] = [{"token": name, "logprob": value} for name, value in script.ranks.items()]
            choice["logprobs"] = {"content": [token]}
        self.send({"choices": [choice], "usage": {"completion_tokens": 7}})

    def complete(self, body: dict[str, Any]) -> None:
        assert self.script.echo
        words = body["prompt"].split(" ")
        tokens = [words[0], *(f" {word}" for word in words[1:]), " more"]
        values = [None, *[self.script.echo(body["prompt"])] * (len(tokens) - 1)]
        logprobs = {"tokens": tokens, "token_logprobs": values}
        self.send({"choices": [{"text": "".join(tokens), "logprobs": logprobs}]})

    def send(self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_bytes(json.dumps(value).encode(), status, headers)

    def send_bytes(self, content: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def status(code: int, headers: Mapping[str, str] | None = None, message: str = "later") -> Fault:
    """Return the fault of answering with a status of HTTP."""
    return lambda handler: handler.send({"error": {"message": message}}, code, headers)


def cut(handler: Handler) -> None:
    """Close the connection in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.wfile.flush()
    handler.close_connection = True


def garbage(handler: Handler) -> None:
    """Answer with what is no JSON."""
    handler.send_bytes(b"<html>\x00 gateway")


def empty(handler: Handler) -> None:
    """Answer with no choice."""
    handler.send({"choices": []})


def slow(handler: Handler) -> None:
    """Never answer."""
    handler.script.release.wait(30)


def together(handler: Handler) -> None:
    """Answer when four requests are there at the same time."""
    handler.script.meeting.wait(20)
    handler.answer(handler.body)


def every(fault: Fault, step: int) -> Callable[[int], Fault | None]:
    """Return a chooser that makes every so many-th request fail, the first included."""
    return lambda number: fault if number % step == 0 else None


def in_turn(*faults: Fault) -> Callable[[int], Fault | None]:
    """Return a chooser that makes every third request fail, with one fault after the other."""
    return lambda number: None if number % 3 else faults[number // 3 % len(faults)]


def counted(bodies: list[dict[str, Any]]) -> Counter[str]:
    """Return how often each body was asked."""
    return Counter(json.dumps(body, sort_keys=True) for body in bodies)
