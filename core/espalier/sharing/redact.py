"""Secrets and private places in a text: found before it leaves this machine, hidden before it is shown."""

import re
from pathlib import Path

_KINDS: tuple[tuple[str, str], ...] = (
    ("a Hugging Face token", r"\b(?:hf_[A-Za-z0-9_]{16,}|api_org_[A-Za-z0-9]{16,})"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("a Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    ("a Google key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("an Amazon key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("an API key", r"\bsk-[A-Za-z0-9_-]{20,}"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
)
_SECRETS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"',;]+")
_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")
_HOMES = re.compile(r"(?:/Users/|/home/|\b[A-Z]:\\+Users\\+)[^\s/\\\"'<>:]+[/\\][^\s\"'<>]*")


def secret_in(text: str) -> tuple[str, str] | None:
    """Return the first secret in a text: its kind with its article, and its first letters; None when there is none."""
    for kind, pattern in _SECRETS:
        if found := pattern.search(text):
            return kind, f"{found[0][:6]}…"
    return None


def home_in(text: str) -> str | None:
    """Return the first place in somebody's home folder that a text names, None when it names none."""
    found = _HOMES.search(text)
    return found[0] if found else None


def own_home_in(text: str) -> str | None:
    """Return this person's own home folder when a text names it."""
    home = Path.home()
    return str(home) if len(home.parts) > 2 and str(home) in text else None


def redact(text: str) -> str:
    """Return a text without secrets, and without the queries of addresses, which may be signed."""
    for _, pattern in _SECRETS:
        text = pattern.sub("[secret]", text)
    return _QUERY.sub(r"\1", _BEARER.sub(r"\1[secret]", text))
