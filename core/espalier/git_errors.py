"""What Git complains about, in one sentence each that says what to do."""

import re

from espalier.errors import EspalierError


class GitError(EspalierError):
    """Git refused or failed.

    Attributes:
        output: what it wrote on its error stream.
    """

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


_REASONS = (
    (
        "could not read username|authentication failed|invalid credentials|access denied|error: 401|error: 403"
        "|permission denied \\(|terminal prompts disabled|could not read password",
        "{place} did not let Espalier in, or is not there. Check the address; for a private repository, sign in "
        "with Git first (clone it once in a terminal).",
    ),
    ("host key verification", "This machine does not know {place} yet. Connect to it once with ssh in a terminal."),
    (
        "repository .*not found|does not appear to be a git repository|does not exist|not a git repository|error: 404"
        "|not valid: is this a git repository",
        "There is no Git repository at {place}. Check the address or the path.",
    ),
    (
        "\\[remote rejected\\]|hook declined|protected branch",
        "{place} refused the branch. Ask who keeps it, push to a fork of your own, or make a patch file.",
    ),
    (
        "\\[rejected\\]",
        "{place} has another branch of this name. Choose another title, or delete that branch there.",
    ),
    (
        "could not resolve|failed to connect|couldn't connect|connection (refused|timed out|reset)|unreachable"
        "|operation timed out|no route to host|unable to look up|could not read from remote",
        "{place} cannot be reached. Check the network and the address, and try again.",
    ),
    (
        "dubious ownership",
        "The repository {place} belongs to another user. Copy it, or trust it with "
        "`git config --global --add safe.directory`.",
    ),
    ("no space left", "The disk is full, so Git could not write {place}. Make room and try again."),
    ("transport '.*' not allowed", "{place} is of a kind that Espalier does not fetch from. Use https:// or ssh://."),
    (
        "tell me who you are|unable to auto-detect email|empty ident name|no email was given",
        "Git does not know who you are. Set `git config --global user.name` and `user.email`, and try again.",
    ),
    ("index.lock|unable to create .*\\.lock", "Another Git is at work in {place}. Wait until it is done."),
)


def failure(output: str, place: str) -> GitError:
    """Return the error for what Git wrote; the place is a folder or an address without its password."""
    # The order counts: a refusal and a missing repository also say that Git “could not read from remote”.
    for pattern, sentence in _REASONS:
        if re.search(pattern, output, re.IGNORECASE):
            return GitError(sentence.format(place=place), output)
    lines = [line for line in output.splitlines() if line.startswith(("fatal:", "error:"))] or output.splitlines()
    reason = shown(lines[0].partition(": ")[2] or lines[0]).rstrip(".") if lines else "no reason given"
    return GitError(f"Git could not do this in {place}: {reason}. Mend that and try again.", output)


def shown(address: str) -> str:
    """Return an address without a password or token in it, for messages and records."""
    return re.sub(r"(?<=://)[^/@]*@", "", address)
