"""Files on their way to the Hub: counted as they are read, and stopped at once when the person says so."""

import io
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi

from espalier.clock import Clock
from espalier.messages import Emit
from espalier.sharing.bundle import Entry, open_plain

_LOOK = 0.2  # seconds between two looks at how far it is


class StoppedError(Exception):
    """The person wants no more of it."""


class CountedFile(io.BufferedReader):
    """A file that says how far it was read, and that refuses to be read on once ``stop`` is set."""

    def __init__(self, file: Path, stop: threading.Event) -> None:
        super().__init__(open_plain(file))
        self._stop = stop
        self.position = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        if self._stop.is_set():
            raise StoppedError
        found = super().read(-1 if size is None else size)
        self.position = self.tell()
        return found


class Sending:
    """The files of one commit, open while it is made; to be used as a context.

    Attributes:
        additions: what huggingface_hub commits, once `read` was called.
    """

    def __init__(self, entries: Sequence[Entry], emit: Emit) -> None:
        self.additions: list[CommitOperationAdd] = []
        self._entries, self._emit = entries, emit
        self._stop = threading.Event()
        self._files: list[CountedFile] = []

    def __enter__(self) -> "Sending":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for file in self._files:
            file.close()

    def read(self) -> None:
        """Read every file once, for its hash.

        Raises:
            OSError: one cannot be read, or a link took its place.
        """
        self._watch("read", self._read)

    def send(self, api: HfApi, repo: str, kind: str) -> None:
        """Send the large files that the Hub has not yet; nothing is seen in the repository before the commit.

        Raises:
            OSError, RuntimeError, ValueError: huggingface_hub's; see `espalier.sharing.trouble`.
        """
        for file in self._files:
            file.position = 0
        self._watch("upload", lambda: api.preupload_lfs_files(repo, self.additions, repo_type=kind, free_memory=False))

    def _read(self) -> None:
        for entry in self._entries:
            content: CountedFile | bytes = entry.text.encode()
            if entry.file is not None:
                content = CountedFile(entry.file, self._stop)
                self._files.append(content)
            self.additions.append(CommitOperationAdd(entry.path, content))

    def _watch(self, stage: str, work: Callable[[], None]) -> None:
        """Do a piece of work in a thread, which stops at its next read after an interruption.

        The main thread waits, so that a signal interrupts it at once.
        """
        failures: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)

        total = sum(entry.size for entry in self._entries if entry.file)
        clock = Clock(stage, total, "bytes", self._emit)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                clock.tell(sum(file.position for file in list(self._files)))
                thread.join(_LOOK)
        except BaseException:
            self._stop.set()
            raise
        if failures:
            raise failures[0]
        clock.tell(total)  # what the Hub had already was not sent
