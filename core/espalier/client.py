"""The worker seen from the command line: its events as a progress bar, or as JSON lines."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text as PlainText

from espalier.clock import duration
from espalier.comparison.turns import PANES
from espalier.messages import Event, Failed, Finished, Note, Progress, Request, Serving, Stage, Text, decode, encode

GRACE = 20  # seconds for the worker to end by itself after it was asked to


@dataclass
class Outcome:
    """How the worker ended.

    Attributes:
        result: of a job that was done.
        failure: one sentence; "" when it was done.
        details: a traceback, for ``--debug``.
        status: exit status for the command line.
    """

    result: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    details: str = ""
    status: int = 0


def run_worker(request: Request, as_json: bool) -> Outcome:
    """Run a request in a worker process, show its events, and return how it ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "espalier.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if not sys.stderr.isatty() else None,
        start_new_session=True,  # Ctrl-C reaches us first; we then ask the worker to stop
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(encode(request))
    process.stdin.flush()
    outcome = Outcome(failure="", status=-1)
    with Screen(as_json) as screen:
        try:
            for line in process.stdout:
                event: Event = decode(line)
                screen.show(event, line)
                if isinstance(event, Finished):
                    outcome = Outcome(event.result)
                elif isinstance(event, Failed):
                    outcome = Outcome(failure=event.message, details=event.details, status=1)
        except KeyboardInterrupt:
            process.terminate()
            process.wait(GRACE)
            raise
    process.stdin.close()
    process.stdout.close()
    code = process.wait()
    if outcome.status == -1:
        outcome = Outcome(failure=_ended(code), status=130 if code == 130 else 1)
    return outcome


def _ended(code: int) -> str:
    again = "Run the same command again to go on; finished work is kept."
    if code == 130:
        return f"Stopped. {again}"
    if code == -signal.SIGKILL:
        return f"The worker was killed, by hand or for want of memory. {again}"
    return f"The worker stopped unexpectedly (exit status {code}). {again}"


class Screen:
    """Events as a person reads them on a terminal; plain lines where there is none."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("  {task.description}"),
            BarColumn(24),
            TextColumn("{task.fields[text]}"),
            console=self._console,
            transient=True,
            disable=as_json or not self._console.is_terminal,
        )
        self._bar: Any = None
        self._answers = dict.fromkeys(PANES, "")
        self._live = Live(console=self._console, transient=True, refresh_per_second=10)

    def __enter__(self) -> "Screen":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._bars.stop()

    def show(self, event: Event, line: bytes) -> None:
        """Show one event; ``line`` is how it came."""
        if self._as_json:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        elif isinstance(event, Stage):
            self._clear()
            self._console.print(
                f"{event.name:9} {event.text}{' (fresh)' if event.is_fresh else ''}",
                markup=False,
                highlight=False,
            )
        elif isinstance(event, Serving):
            self._console.print(f"{event.title} answers at {event.url}. Ctrl-C ends it.", markup=False, highlight=False)
            print(event.snippet, flush=True)
        elif isinstance(event, Note):
            self._console.print(event.text, markup=False, highlight=False)
        elif isinstance(event, Progress):
            self._advance(event)
        elif isinstance(event, Text):
            self._stream(event)

    def _advance(self, event: Progress) -> None:
        left = f", {duration(event.seconds_left)} left" if event.seconds_left is not None else ""
        done, total, unit = (str(event.done), str(event.total), event.unit)
        if unit == "bytes":
            done, total, unit = (f"{event.done / 1e6:.1f}", f"{event.total / 1e6:.1f}", "MB")
        text = f"{done} of {total} {unit}{left}  {event.detail}"
        if self._bar is None:
            self._bar = self._bars.add_task(event.stage, total=event.total, text=text)
        self._bars.update(self._bar, completed=event.done, total=event.total, text=text)

    def _clear(self) -> None:
        if self._bar is not None:
            self._bars.remove_task(self._bar)
            self._bar = None

    def _stream(self, event: Text) -> None:
        """Show both answers growing, side by side; the result shows them whole when they are done."""
        self._answers[event.pane] += event.text
        if not self._console.is_terminal:
            return
        self._bars.stop()
        both = Table.grid(padding=(0, 2), expand=True)
        for _ in PANES:
            both.add_column(ratio=1, overflow="fold")
        both.add_row(*(_shown(text) for text in self._answers.values()))
        self._live.update(both)
        self._live.start()


def _shown(text: str) -> PlainText:
    """Return the end of an answer as plain text; what a model writes may hold signs that move the cursor."""
    lines = [line if line.isprintable() else "".join(filter(str.isprintable, line)) for line in text.splitlines()]
    return PlainText("\n".join(lines)[-2000:])
