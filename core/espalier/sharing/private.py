"""What must not leave the machine in a text: tokens, passwords in addresses, and folders of this machine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_SECRETS = (
    ("a token of Hugging Face", re.compile(r"\bhf_[A-Za-z0-9]{16,}")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})")),
    ("a token of GitLab", re.compile(r"\bglpat-[\w-]{16,}")),
    ("a key of a model service", re.compile(r"\bsk-[\w-]{16,}")),
    ("a token of Slack", re.compile(r"\bxox[abprs]-[\w-]{10,}")),
    ("a key of Amazon's", re.compile(r"\bA[KS]IA[0-9A-Z]{16}\b")),
    ("a key of Google's", re.compile(r"\bAIza[\w-]{35}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a password in an address", re.compile(r"(?<=://)[^\s/@]+(?=@)")),
)
_FOLDERS = re.compile(
    r"(?<![\w.])(?:/(?:private/)?var/folders/|/Users/|/home/|/root/|[A-Za-z]:\\Users\\)[^\s\"'`<>|)\]]+"
)
_HIDDEN = "…"


@dataclass(frozen=True)
class Private:
    """Something that must not leave; ``kind`` has its article, such as “a token of GitHub”."""

    kind: str
    text: str
    is_secret: bool

    @property
    def masked(self) -> str:
        """Return its first signs, by which its owner knows it."""
        return f"{self.text[:4]}{_HIDDEN}"


def find_private(text: str, *places: Path) -> Iterator[Private]:
    """Yield the secrets in a text, then the folders of this machine.

    Args:
        text: to look through.
        places: folders, such as the project's, whose paths count wherever they are.
    """
    for kind, pattern in _SECRETS:
        yield from (Private(kind, found[0], True) for found in pattern.finditer(text))
    for pattern in (*_own(places, Path.home()), _FOLDERS):
        yield from (Private("a folder of this machine", found[0], False) for found in pattern.finditer(text))


def redacted(text: str, *places: Path) -> str:
    """Return a text without what must not leave the machine; arguments as for `find_private`."""
    for _, pattern in _SECRETS:
        text = pattern.sub(_HIDDEN, text)
    for pattern in (*_own(places, Path.home()), _FOLDERS):
        text = pattern.sub(_HIDDEN, text)
    return text


@lru_cache(100)
def _own(places: tuple[Path, ...], home: Path) -> tuple[re.Pattern[str], ...]:
    """Return a pattern for each folder, with whatever is below it."""
    paths = {str(path) for place in (*places, home) for path in (place.absolute(), place.resolve())}
    named = [path for path in sorted(paths) if path.count("/") >= 2 or (path != "/" and path == str(home))]
    return tuple(re.compile(rf"{re.escape(path)}(?:/[^\s\"'`<>|)\]]*|(?![\w-]))") for path in named)
