"""Training on several Macs: the ranks that ``mlx.launch`` starts, what they tell, and how they ended.

``mlx.launch`` exits with 0 whatever became of its ranks, so what rank 0 says at its end is the truth, and where it
says nothing the launcher's warnings tell which rank was first to go.
"""

import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from espalier.errors import Cancelled, EspalierError
from espalier.language import Message, TrainRow
from espalier.training.hosts import HERE, Hosts
from espalier.training.progress import Tell, Told, event_of
from espalier.training.settings import TrainSettings, changed

PATIENCE = 600
LOST = 3  # exit status of a rank that lost the others; the one that was lost is to be named
GRACE = 20.0  # seconds that the launcher has to end the other ranks once one has failed
_PIPE = (
    300_000  # bytes, more than a pipe holds: mlx.launch turns in circles while a rank of this Mac could be written to
)
_RELAXED = "AGX_RELAX_CDM_CTXSTORE_TIMEOUT"  # see `espalier_desktop.jobs.process`
_EXITED = re.compile(r"rank (\d+) exited with code (-?\d+)")
_AGAIN = "Run the same command again to go on from the last checkpoint; fewer Macs or this one alone can do it too."


@dataclass(frozen=True)
class Lesson:
    """Everything that the ranks train with; arguments as `espalier.language.Backend.train`'s.

    Attributes:
        patience: seconds that the ranks wait for each other until the first update; loading takes long.
        caller: process without which nobody wants the training any more.
    """

    student: Path
    rows: Sequence[TrainRow]
    held_out: Sequence[TrainRow]
    settings: TrainSettings
    run: Path
    earlier: Path | None = None
    probes: tuple[str, ...] = ()
    patience: int = PATIENCE
    caller: int = field(default_factory=os.getpid)

    def encode(self) -> bytes:
        """Return the lesson as bytes; paths under the person's home are told from there."""
        values = {**vars(self), "settings": asdict(self.settings)}
        for name in ("rows", "held_out"):
            values[name] = [asdict(row) for row in values[name]]
        for name in ("student", "run", "earlier"):
            values[name] = values[name] and _from_home(values[name])
        return json.dumps(values, ensure_ascii=False).encode()

    @classmethod
    def decode(cls, content: bytes) -> "Lesson":
        """Return the lesson that `encode` wrote."""
        values = json.loads(content)
        for name in ("rows", "held_out"):
            values[name] = [
                TrainRow(tuple(Message(**message) for message in row["messages"]), row["unmask"])
                for row in values[name]
            ]
        for name in ("student", "run", "earlier"):
            values[name] = values[name] and Path(values[name]).expanduser()
        return cls(
            **{**values, "settings": changed(TrainSettings(), values["settings"]), "probes": tuple(values["probes"])}
        )


def _from_home(path: Path) -> str:
    path = path.absolute()
    return str("~" / path.relative_to(Path.home())) if path.is_relative_to(Path.home()) else str(path)


@dataclass(frozen=True)
class Ended:
    """How a rank ended: done, paused, failed for a reason that a person can read, or broke for one they cannot."""

    how: str
    text: str = ""

    def as_values(self) -> dict[str, str]:
        """Return it as plain values, told apart from the events of training."""
        return {"ended": self.how, "text": self.text}


def train_together(hosts: Hosts, lesson: Lesson, tell: Tell) -> None:
    """Train on several Macs.

    Raises:
        Cancelled: a person asked for a pause; the checkpoint holds everything.
        EspalierError: training failed, on all Macs or on one; or one could not be reached.
    """
    names = [_this_mac() if name == HERE else name for name in hosts.names]
    tell(Told(0, f"{len(names)} Macs train together: {', '.join(names)}."))
    with tempfile.TemporaryDirectory() as folder:
        hostfile, place = Path(folder, "hosts.json"), Path(folder, "lesson.json")
        hostfile.write_text(json.dumps(hosts.content), encoding="utf-8")
        place.write_bytes(lesson.encode())
        unread = _PIPE if set(names) == {_this_mac()} else 0
        ended, codes = _run(_command(hosts, hostfile, place, names), tell, unread)
    if ended and ended.how == "done":
        return
    if ended and ended.how == "paused":
        raise Cancelled
    if ended and ended.how == "failed":
        raise EspalierError(ended.text)
    raise EspalierError(reason(ended, codes, names))


def _this_mac() -> str:
    return socket.gethostname().partition(".")[0]


def _command(hosts: Hosts, hostfile: Path, place: Path, names: Sequence[str]) -> list[str]:
    launch = [sys.executable, "-m", "espalier.training.launch", "--hostfile", str(hostfile), "--backend", hosts.backend]
    launch += ["--starting-port", str(_free_port(len(names)))]
    if _RELAXED in os.environ:
        launch += ["--env", f"{_RELAXED}={os.environ[_RELAXED]}"]
    return [*launch, "--", sys.executable, "-m", "espalier.metal.rank", str(place), hosts.backend, *names]


def _free_port(count: int) -> int:
    """Return the first of so many ports in a row that nobody listens to on this Mac."""
    for first in range(32_323, 60_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as opened:
                    opened.bind(("", port))
        except OSError:
            continue
        return first
    raise EspalierError(f"There are no {count} free network ports in a row on this Mac. Close other programs.")


def _run(command: Sequence[str], tell: Tell, unread: int) -> tuple[Ended | None, dict[int, int]]:
    """Return how the ranks ended, as the first of them said that did, and the exit status of each that failed.

    Args:
        command: starts them all.
        tell: told what rank 0 tells.
        unread: bytes for the ranks that they do not read.
    """
    ended: Ended | None = None
    codes: dict[int, int] = {}
    pipe = subprocess.PIPE  # stdin too, and it stays open: at its end the launcher would turn in circles
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        assert process.stdin
        process.stdin.write(b"\n" * unread)
        process.stdin.flush()
        try:
            for is_error, line in _lines(process, codes):
                if is_error:
                    print(line, file=sys.stderr)
                    if found := _EXITED.search(line):
                        codes[int(found[1])] = int(found[2])
                    continue
                values = _values(line)
                if "ended" in values:
                    ended = ended or Ended(values["ended"], values["text"])
                elif event := event_of(values):
                    tell(event)
        finally:
            _end(process.pid)
    return ended, codes


def _lines(process: subprocess.Popen[bytes], codes: dict[int, int]) -> Iterator[tuple[bool, str]]:
    """Yield the lines of both streams, and whether each is of stderr; no longer than the grace after a failure."""
    lines: queue.Queue[tuple[bool, str] | None] = queue.Queue()

    def read(stream: IO[bytes], is_error: bool) -> None:
        for line in stream:
            lines.put((is_error, line.decode(errors="replace").strip()))
        lines.put(None)

    assert process.stdout
    assert process.stderr
    for stream, is_error in ((process.stdout, False), (process.stderr, True)):
        threading.Thread(target=read, args=(stream, is_error), daemon=True).start()
    streams, until = 2, float("inf")
    while streams and time.monotonic() < until:
        try:
            found = lines.get(timeout=1)
        except queue.Empty:
            continue
        if found:
            yield found
        else:
            streams -= 1
        if codes:
            until = min(until, time.monotonic() + GRACE)


def _values(line: str) -> dict[str, Any]:
    """Return what a line of stdout says; {} for what something else printed."""
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _end(group: int) -> None:
    """End the launcher and this Mac's ranks; a rank that was stopped, or waits inside MLX, only heeds SIGKILL."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, how)


def reason(ended: Ended | None, codes: dict[int, int], names: Sequence[str]) -> str:
    """Return what happened, to which Mac, and what to do."""
    if ended:
        return f"Training stopped unexpectedly on one of the Macs: {ended.text}. {_AGAIN}"
    rank, code = next(((rank, code) for rank, code in codes.items() if code != LOST), (0, LOST))
    host = names[rank]
    if code == LOST:
        return f"The Macs lost each other. Look after their network. {_AGAIN}"
    if code == -signal.SIGALRM:
        return f"The Macs waited for each other for too long. Look after their network. {_AGAIN}"
    if code == 255:
        return f"{host} cannot be reached with ssh. Try `ssh {host}` in a terminal; it must ask for nothing."
    if code in (126, 127):
        return f"{host} has no {sys.executable}. Install Espalier there in the same place as here."
    if code == -signal.SIGKILL:
        return f"Training was killed on {host}, by hand or for want of memory. {_AGAIN}"
    return f"Training stopped unexpectedly on {host} (exit status {code}). {_AGAIN}"
