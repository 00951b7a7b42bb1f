"""How often and how long an endpoint is waited for."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Patience:
    """Limits on waiting, in seconds unless said otherwise.

    Attributes:
        tries: how often one request is made before it is given up.
        first: longest pause before the second try; it doubles with each.
        most: longest pause of our own.
        asked: longest pause that an endpoint may ask for; beyond it the work stops and says so.
        connect: for a connection to be made.
        read: between two pieces of an answer; a whole answer may take this long to begin.
    """

    tries: int = 10  # about a minute: a server may be loading its model
    first: float = 1.0
    most: float = 30.0
    asked: float = 300.0
    connect: float = 10.0
    read: float = 300.0

    def pause(self, failures: int) -> float:
        """Return how long to wait after so many failures, 1 or more, in a row.

        Anything up to an exponential bound, so that many clients do not come back at the same moment (“full
        jitter”, M. Brooker, AWS Architecture Blog, 2015).
        """
        bound: float = min(self.most, self.first * 2 ** (failures - 1))
        return random.uniform(0, bound)


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an endpoint asks to wait (``Retry-After``: a number or a date), None if it does not."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None
