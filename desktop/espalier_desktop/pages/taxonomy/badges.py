"""What a row of the tree says beside its name: of a leaf, and of a branch with all that is below it."""

from collections.abc import Mapping
from dataclasses import dataclass

from espalier.status import LeafStatus
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.names import change_word
from espalier_desktop.widgets.formats import number

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
        asked: held-out questions that the tuned student was asked, of which it answered ``right``.
    """

    state: str = "wait"
    problems: int = 0
    accepted: int = 0
    kind: str = ""
    change: str = ""
    asked: int = 0
    right: int = 0

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
        if self.asked:
            score = tr("{right} of {all} held-out questions right")
            parts.append(score.format(right=number(self.right), all=number(self.asked)))
        return ", ".join(parts)


def badge_of(status: LeafStatus | None, score: Mapping[str, int]) -> Badge:
    """Return what the row of a leaf says; while the leaf was not checked, only that it waits, and its score."""
    asked, right = (score.get("questions", 0), score["tuned"]) if "tuned" in score else (0, 0)
    if status is None or (status.kind == "" and not status.problems):
        return Badge(asked=asked, right=right)
    warnings = sum(problem.severity == "warning" for problem in status.problems)
    state = "error" if status.errors else "warning" if warnings else ""
    return Badge(state, status.errors or warnings, status.accepted, status.kind, "", asked, right)


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
    accepted, asked, right = (sum(getattr(badge, name) for badge in badges) for name in ("accepted", "asked", "right"))
    return Badge(state, problems, accepted, own.kind if own else "", change, asked, right)
