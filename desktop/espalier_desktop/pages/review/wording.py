"""What states, checks and kinds of rows are called in the window."""

from espalier.synthesis.final import State
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.taxonomy.names import branch_name

SIGNS = {  # icon and colour of each state
    State.ACCEPTED: ("check", "good"),
    State.REJECTED: ("error", "error"),
    State.WAITING: ("wait", "warning"),
    State.KEPT: ("kept", "good"),
    State.DROPPED: ("dropped", "error"),
    State.EDITED: ("edit", "good"),
}


def state_title(state: State) -> str:
    """Return what a state is called."""
    return {
        State.ACCEPTED: tr("Accepted"),
        State.REJECTED: tr("Rejected"),
        State.WAITING: tr("Unchecked"),
        State.KEPT: tr("Kept"),
        State.DROPPED: tr("Dropped"),
        State.EDITED: tr("Edited"),
    }[state]


def kind_titles() -> dict[str, str]:
    """Return the kinds of rows that can be filtered for, in the order of the menu."""
    return {
        "": tr("Any state"),
        "learned": tr("In training"),
        "rejected": tr("Rejected"),
        "undecided": tr("Not reviewed"),
        "reviewed": tr("Reviewed"),
        "kept": tr("Kept"),
        "edited": tr("Edited"),
        "dropped": tr("Dropped"),
        "imported": tr("Imported"),
        "suggested": tr("With a suggestion"),
        "waiting": tr("Unchecked"),
    }


def check_title(name: str) -> str:
    """Return what a check is called; those of a person's own pipelines keep their names."""
    title = said(name)
    return title[:1].upper() + title[1:]


def branch_title(path: str) -> str:
    """Return a branch with those above it."""
    places = [place for place, letter in enumerate(path) if letter == "/"]
    return " / ".join(branch_name(path[:place]) for place in (*places, len(path)))
