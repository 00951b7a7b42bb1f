"""Whether a newer Espalier is out: one question to the list of releases that this copy was built with.

Nothing is sent but the request for a page. ``python -m espalier.releases`` prints the answer as JSON.
"""

import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from typing import Any

from espalier import __version__
from espalier.errors import EspalierError
from espalier.resources import resource

FEED = "ESPALIER_RELEASES"  # in the environment: another list, for tests
_LARGEST = 2 << 20  # bytes of a list
_PATIENCE = 15  # seconds


@dataclass(frozen=True)
class Release:
    """One release.

    Attributes:
        version: such as ``1.2.0``.
        page: address of the page to get it from, always encrypted.
        is_newer: than this copy.
    """

    version: str
    page: str
    is_newer: bool


def feed() -> str:
    """Return the address of the list of releases, "" where this copy was built without one.

    It answers as GitHub's do: JSON of one release or of several, each with a tag, a page, and whether it is a draft.
    """
    if FEED in os.environ:
        return os.environ[FEED]
    try:
        return resource("release_feed.txt").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def newest(address: str) -> Release:
    """Return the newest release of a list, drafts and trials left out.

    Raises:
        EspalierError: the list cannot be read, or holds no release.
    """
    import httpx2  # only here: the window, which asks for `feed`, would be slower to start

    content = b""
    try:
        with httpx2.stream("GET", address, timeout=_PATIENCE, follow_redirects=True) as reply:
            reply.raise_for_status()
            for piece in reply.iter_bytes():
                content += piece
                if len(content) > _LARGEST:
                    raise ValueError("too long")
        return _newest(json.loads(content))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise EspalierError(
            f"The list of releases cannot be read ({reason}). Check the network, or try again later."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EspalierError("The list of releases is not what it should be. Try again later.") from error


def _newest(told: Any) -> Release:
    entries = told if isinstance(told, list) else [told]
    found = [
        Release(entry["tag_name"].removeprefix("v"), entry["html_url"], False)
        for entry in entries
        if not entry.get("draft") and not entry.get("prerelease")
    ]
    best = max(found, key=lambda release: numbers(release.version))  # ValueError where there is none
    if not best.page.startswith("https://"):
        raise ValueError("not encrypted")
    return Release(best.version, best.page, numbers(best.version) > numbers(__version__))


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers that can be compared, without zeros at its end: 1.2.0 is 1.2.

    Raises:
        ValueError: it does not begin with a number.
    """
    found = re.match(r"\d+(\.\d+)*", version)
    if not found:
        raise ValueError(version)
    parts = [int(part) for part in found[0].split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def main() -> int:
    """Print the newest release, or ``problem`` in a sentence, as JSON; return 1 with a problem."""
    try:
        print(json.dumps(asdict(newest(feed()))))
    except EspalierError as error:
        print(json.dumps({"problem": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
