"""Work of a moment that nobody stops halfway."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def to_its_end() -> Iterator[None]:
    """Let a request to stop pass unheard until the block ends; only in a process's main thread."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
