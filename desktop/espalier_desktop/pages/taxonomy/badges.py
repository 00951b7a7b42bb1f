"""What a row of the tree says beside its name: of a leaf, and of a branch with all that is below it."""

from dataclasses import dataclass

from espalier.status import LeafStatus
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.names import change_word

_STATES = ("", "wait", "warning", "error")  # from good to bad


@dataclass(frozen=True)
class Badge:
    """What a row says beside its name; a branch says the worst of, and the sum over, what is below it.

    Attributes:
        state: "", ``wait`` while it was not checked, ``warning`` or ``error``.
        problems: how many there are of that state.
        accepted: samples that passed the critic.
        kind: of a leaf; "" while it is not known.
        change: since the base in Git: "", ``added``, ``changed`` or ``deleted``; a branch says that of leaves below it.
    """

    state: str = "wait"
    problems: int = 0
    accepted: int = 0
    kind: str = ""
    change: str = ""

    @property
    def words(self) -> str:
        """Return what the badge shows, for who cannot see it."""
        state = {
            "": tr("no problems"),
            "wait": tr("not checked yet"),
            "warning": tr("%n warning(s)", self.problems),
            "error": tr("%n error(s)", self.problems),
        }[self.state]
        parts = [state]
        parts += [tr("%n accepted sample(s)", self.accepted)] if self.accepted else []
        parts += [change_word(self.change)] if self.change else []
        return ", ".join(parts)


def badge_of(status: LeafStatus | None) -> Badge:
    """Return what the row of a leaf says; while the leaf was not checked, only that it waits."""
    if status is None or (status.kind == "" and not status.problems):
        return Badge()
    warnings = sum(problem.severity == "warning" for problem in status.problems)
    state = "error" if status.errors else "warning" if warnings else ""
    return Badge(state, status.errors or warnings, status.accepted, status.kind)


def sum_of(badges: list[Badge], own: Badge | None, change: str) -> Badge:
    """Return what a row says of what is below it and of itself."""
    found = {badge.change for badge in badges} | {change}
    found.discard("")
    if not own or not change:
        change = "changed" if len(found) > 1 else next(iter(found), "")
    if own:
        badges = [*badges, own]
    state = max((badge.state for badge in badges), key=_STATES.index, default="")
    problems = sum(badge.problems for badge in badges if badge.state == state)
    return Badge(state, problems, sum(badge.accepted for badge in badges), own.kind if own else "", change)
