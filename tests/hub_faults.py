"""How a Hub misbehaves on request."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """An answer of HTTP."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def told(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


def refused(status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    """Return an error as the Hub tells it; ``code`` such as ``RepoNotFound``."""
    more = {"X-Error-Code": code} if code else {}
    return told({"error": message}, status, {"X-Error-Message": message, **more, **(headers or {})})


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    Attributes:
        reply: what is answered in place of the right answer, None where the right one is given.
        is_applied: whether the request does its work all the same.
        cuts_upload: the connection is closed after half of the request's body.
        cuts_download: the connection is closed after half of the answer's body.
        flips: one byte in the middle of the answer's body is another.
        pause: seconds between pieces of 64 KiB, in both directions; they end at once when the server is stopped.
    """

    reply: Reply | None = None
    is_applied: bool = False
    cuts_upload: bool = False
    cuts_download: bool = False
    flips: bool = False
    pause: float = 0.0


def status(code: int, message: str = "", headers: Mapping[str, str] | None = None, is_applied: bool = False) -> Fault:
    """Return the fault of answering with a status; ``is_applied``: after the work was done."""
    return Fault(refused(code, message or f"made to fail with {code}", headers=headers), is_applied)


CUT_UPLOAD = Fault(cuts_upload=True)
CUT_DOWNLOAD = Fault(cuts_download=True)
FLIPPED = Fault(flips=True)
TERMS = Fault(refused(403, "Access to this repository is restricted.", "GatedRepo"))


def slow(pause: float = 0.05) -> Fault:
    """Return the fault of taking one's time."""
    return Fault(pause=pause)


@dataclass
class Switch:
    """A fault of the next ``times`` requests whose ``METHOD path?query`` a pattern finds, but the first ``after``."""

    where: re.Pattern[str]
    fault: Fault
    times: int
    after: int = 0

    def meets(self, line: str) -> bool:
        """Return whether this request goes wrong, and count it."""
        if self.times < 1 or not self.where.search(line):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True
