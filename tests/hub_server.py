"""A Hub on loopback that follows the wire of huggingface_hub 2.4, and misbehaves on request.

In a test::

    with hub_serving() as hub:
        hub.add_account(Account("alice", "hf_alice"))
        hub.fail("POST .*/commit/", status(500, is_applied=True))
        run_something(env=hub.environment(tmp_path))

The real client reads its address when it is imported, so what uses it runs in a process of its own, with
`Serving.environment`. By hand: ``python tests/hub_server.py --port 8090 --folder alice/student=DIR``, and in another
terminal what it prints. Large files are uploaded to, and fetched from, the second name ``localhost``: no token may
ever arrive there.
"""

import argparse
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from hub_faults import Fault, Reply, Switch, status
from hub_pages import Hub, Request
from hub_store import Account

_PIECE = 65536
TOKEN = "hf_" + "loopback" * 4  # of the account that a server begun by hand has


@dataclass(frozen=True)
class Asked:
    """A request as it arrived: ``line`` is ``METHOD path?query``, ``size`` the bytes of its body."""

    line: str
    host: str
    headers: Mapping[str, str]
    size: int
    status: int


@dataclass
class Serving(Hub):
    """A Hub that is served: `url` to reach it, `asked` to see what came, `fail` to make it misbehave."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def blob_url(self) -> str:
        """Return the address of the large file storage: the same server by its other name."""
        return self.url.replace("127.0.0.1", "localhost")

    def fail(self, where: str, fault: Fault, times: int = 1, after: int = 0) -> None:
        """Make the next ``times`` requests fail in whose ``METHOD path?query`` the pattern is found."""
        self.switches.append(Switch(re.compile(where), fault, times, after))

    def heal(self) -> None:
        """Make nothing fail any more."""
        self.switches.clear()

    def count(self, where: str) -> int:
        """Return how many requests came in whose line the pattern is found."""
        return sum(1 for each in self.asked if re.search(where, each.line))

    def fault_of(self, line: str) -> Fault | None:
        """Return how a request goes wrong, None when it does not."""
        with self.lock:
            return next((switch.fault for switch in self.switches if switch.meets(line)), None)

    def environment(self, home: Path) -> dict[str, str]:
        """Return the environment of a process whose Hub this is, with a cache of its own and nobody's token."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        own = {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1,localhost"}
        off = ("DISABLE_XET", "DISABLE_TELEMETRY", "DISABLE_IMPLICIT_TOKEN", "DISABLE_PROGRESS_BARS")
        return {**kept, **own, **{f"HF_HUB_{name}": "1" for name in off}}


@contextmanager
def hub_serving(port: int = 0, page: int = 1000, part: int = 8_000_000) -> Iterator[Serving]:
    """Yield a Hub that is served on loopback; for ``page`` and ``part`` see `Hub`."""
    hub = Serving(page=page, part=part)
    server = ThreadingHTTPServer(("127.0.0.1", port), type("HubHandler", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    server.block_on_close = False
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    hub: Serving
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a header and a body are two packets

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client went away, which is what some tests are about
            super().handle()

    def serve(self) -> None:
        """Answer one request, in the way that it goes wrong if it does."""
        line = f"{self.command} {self.path}"
        fault = self.hub.fault_of(line) or Fault()
        body = self.read_body(fault)
        reply = self.answer(body, fault) if body is not None else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").split(":")[0]
        size = len(body) if body is not None else -1
        self.hub.asked.append(Asked(line, host, headers, size, reply.status if reply else 0))
        if reply:
            self.write(reply, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve  # noqa: N815

    def answer(self, body: bytes, fault: Fault) -> Reply:
        """Return what is answered."""
        if fault.reply and not fault.is_applied:
            return fault.reply
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(parts.query, keep_blank_values=True)
        request = Request(self.command, unquote(parts.path), query, headers, body, self.hub.url, self.hub.blob_url)
        with self.hub.lock:
            right = self.hub.answer(request)
        return fault.reply or right

    def read_body(self, fault: Fault) -> bytes | None:
        """Return the request's body, None when the connection is to be cut in the middle of it."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        size = int(self.headers.get("Content-Length") or 0)
        wanted = size // 2 if fault.cuts_upload else size
        pieces = []
        while wanted > 0 and (piece := self.rfile.read(min(_PIECE, wanted))):
            pieces.append(piece)
            wanted -= len(piece)
            if fault.pause:
                self.hub.stopping.wait(fault.pause)
        if fault.cuts_upload or wanted > 0:
            self.close_connection = True
            return None
        return b"".join(pieces)

    def write(self, reply: Reply, fault: Fault) -> None:
        """Send an answer."""
        body = reply.body
        if fault.flips and body:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault.cuts_download:
            self.close_connection = True
            body = body[: len(body) // 2]
        for start in range(0, len(body), _PIECE):
            self.wfile.write(body[start : start + _PIECE])
            if fault.pause:
                self.hub.stopping.wait(fault.pause)


def main() -> None:
    """Serve until interrupted, for trying by hand."""
    parser = argparse.ArgumentParser(description="A Hub on this computer, for trying.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--folder", action="append", default=[], metavar="OWNER/NAME=DIR", help="a model to serve")
    parser.add_argument("--gated", action="append", default=[], metavar="OWNER/NAME", help="gate one of them")
    text = "answer STATUS to requests whose “METHOD path” a pattern finds"
    parser.add_argument("--fail", action="append", nargs=2, default=[], metavar=("PATTERN", "STATUS"), help=text)
    options = parser.parse_args()
    with hub_serving(options.port) as hub:
        hub.add_account(Account("alice", TOKEN, organisations={"lab": "write", "club": "read"}))
        for given in options.folder:
            name, _, folder = given.partition("=")
            facts = {"tags": ["mlx", "text-generation"], "library_name": "mlx", "pipeline_tag": "text-generation"}
            hub.add_folder(name, Path(folder), gated=name in options.gated, **facts)
        for pattern, code in options.fail:
            hub.fail(pattern, status(int(code)), times=1_000_000)
        print(f"export HF_ENDPOINT={hub.url} HF_HUB_DISABLE_XET=1 NO_PROXY=127.0.0.1,localhost")
        print(f"alice's token: {TOKEN}", flush=True)
        seen = 0
        try:
            while not hub.stopping.wait(0.5):
                for each in hub.asked[seen:]:
                    print(each.status, each.line, each.host, each.size, flush=True)
                    seen += 1
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
