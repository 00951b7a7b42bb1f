"""What must not leave the machine in a text: tokens, passwords in addresses, and folders of this machine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
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
    for pattern in (*_own(places), _FOLDERS):
        yield from (Private("a folder of this machine", found[0], False) for found in pattern.finditer(text))


def redacted(text: str, *places: Path) -> str:
    """Return a text without what must not leave the machine; arguments as for `find_private`."""
    for _, pattern in _SECRETS:
        text = pattern.sub(_HIDDEN, text)
    for pattern in (*_own(places), _FOLDERS):
        text = pattern.sub(_HIDDEN, text)
    return text


def _own(places: tuple[Path, ...]) -> Iterator[re.Pattern[str]]:
    """Yield a pattern for each folder, with whatever is below it."""
    for place in (*places, Path.home()):
        for path in {str(place.absolute()), str(place.resolve())}:
            if path.count("/") >= 2 or (path != "/" and place == Path.home()):
                yield re.compile(rf"{re.escape(path)}(?:/[^\s\"'`<>|)\]]*|(?![\w-]))")
