"""The lines that reach a worker which stays, read in a thread of their own so that they can be looked at meanwhile."""

import os
import queue
import signal
import threading

_GRACE = 1.0  # seconds for an answer that is just done to be over


class Inbox:
    """Lines of stdin, in order; its end stops the process, so that no orphan keeps the machine busy."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._is_idle = threading.Event()
        self._is_closed = False

    def listen(self) -> None:
        """Begin to read stdin; what was read before is not lost, as long as it was read unbuffered."""
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self) -> bytes | None:
        """Return the next line, as soon as there is one; None when stdin has closed."""
        self._is_idle.set()
        if self._is_closed and self._lines.empty():
            return None
        line = self._lines.get()
        if line is not None:
            self._is_idle.clear()
        return line

    def poll(self) -> bytes | None:
        """Return the next line if there is one now."""
        try:
            return self._lines.get_nowait()
        except queue.Empty:
            return None

    def put(self, line: bytes) -> None:
        """Add a line as if it had been read."""
        self._lines.put(line)

    def close(self) -> None:
        """End the lines, as if stdin had closed."""
        self._lines.put(None)

    def _read(self) -> None:
        rest = b""
        while block := os.read(0, 65536):  # not sys.stdin: its lock would hold up the interpreter's exit
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._lines.put(line)
        self._is_closed = True
        self.close()
        if not self._is_idle.wait(_GRACE):  # somebody computes, and would notice only at the end
            os.kill(os.getpid(), signal.SIGTERM)
