"""What the scoreboard says in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from espalier.status import ProjectStatus
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.formats import number

Report = Mapping[str, Any]
Card = tuple[str, Sequence[str]]
"""A title and the sentences below it."""


def model_name(name: str) -> str:
    """Return what a form of the student is called."""
    return {"base": tr("Before"), "tuned": tr("After"), "4-bit": tr("4 bits")}[name]


def change_name(change: str) -> str:
    """Return what became of a question."""
    return {"improved": tr("Improved"), "regressed": tr("Regressed"), "same": tr("The same")}[change]


def judge_name(judge: str) -> str:
    """Return by what an answer was judged."""
    names = {
        "accept strings": tr("a text that a right answer holds"),
        "label probability": tr("the critic, with the right answer in view"),
        "token F1": tr("the words that it shares with the right answer"),
    }
    return names.get(judge, judge)


def why_not(status: ProjectStatus | None, *, is_busy: bool) -> str:
    """Return why nothing can be evaluated now, "" when it can."""
    if status is None:
        return tr("Espalier looks at what has changed.")
    if not status.run:
        return tr("Train first.")
    return tr("Another job is running. Wait for it, or stop it.") if is_busy else ""


def headline(report: Report) -> str:
    """Return how many questions are answered right, before and after."""
    totals = report["leaves"].values()
    asked, before, after = (sum(total.get(name, 0) for total in totals) for name in ("questions", "base", "tuned"))
    text = tr("{after} of {all} held-out questions are right; before training it was {before}")
    return text.format(after=number(after), all=number(asked), before=number(before))


def verdict(report: Report) -> str:
    """Return how sure that is, and which questions were refused."""
    parts = []
    summary = report.get("summary", {})
    if "tuned" in summary:
        low, high = summary["intervals"]["tuned"]
        text = tr("Asked many more such questions, it would be right on {low} to {high} of them.")
        parts.append(text.format(low=_percent(low), high=_percent(high)))
        is_sure = summary["tuned"]["p_value"] < 0.05
        chance = tr("The change may be chance: write more held-out questions to be sure.")
        parts.append(tr("The change is more than chance explains.") if is_sure else chance)
    if report.get("refused"):
        text = tr("%n question(s) left out, since the student was trained on it: “{question}”", len(report["refused"]))
        parts.append(text.format(question=report["refused"][0]["question"]))
    return " ".join(parts)


def facts(report: Report) -> Iterator[Card]:
    """Yield what else was found, one card for each subject."""
    small = report.get("summary", {}).get("4-bit")
    if small:
        yield tr("Cost of 4 bits"), [_small(small)]
    forgetting = report.get("forgetting")
    if forgetting:
        yield tr("Forgetting"), list(_forgetting(forgetting))
    choices = report.get("mcq")
    if choices:
        summary = choices["summary"]
        text = tr("{before} of {all} right before, {after} after; guessing gives {chance}.")
        counts = {"before": summary["right"]["base"], "after": summary["right"]["tuned"], "all": summary["questions"]}
        counts["chance"] = round(summary["questions"] / 4)
        yield (
            tr("Multiple choice on the documents"),
            [text.format(**{name: number(count) for name, count in counts.items()})],
        )
    for key, title in (("two_turn", tr("Conversations of two turns")), ("grades", tr("Grades"))):
        if key in report:
            yield title, list(_grades(report[key], is_own=bool(report.get("judges_itself"))))


def _small(small: Report) -> str:
    if not small["regressed"] and not small["improved"]:
        return tr("None: the 4-bit student is right on the same questions.")
    text = tr("Right answers lost: {lost}; won: {won}.")
    return text.format(lost=number(small["regressed"]), won=number(small["improved"]))


def _forgetting(forgetting: Report) -> Iterator[str]:
    summary, perplexity = forgetting["summary"], forgetting["perplexity"]
    text = tr("{before} of {all} general questions right before, {after} after.")
    right = summary["right"]
    yield text.format(
        before=number(right["base"]), after=number(right.get("tuned", 0)), all=number(summary["questions"])
    )
    tuned = summary.get("tuned")
    if tuned and tuned["mean"] < 0 and tuned["p_value"] < 0.05:
        yield tr("It forgot some of what it knew: train for fewer epochs, or mix in general data.")
    elif tuned:
        yield tr("That is no more than chance.")
    if "tuned" in perplexity:
        text = tr("Perplexity of general text (lower is better): {before} → {after}.")
        yield text.format(before=number(perplexity["base"], 1), after=number(perplexity["tuned"], 1))


def _grades(grades: Report, *, is_own: bool) -> Iterator[str]:
    text = tr("{before} → {after}, of 5.")
    yield text.format(before=number(grades["mean"]["base"], 2), after=number(grades["mean"].get("tuned", 0), 2))
    wins = grades.get("wins")
    if wins:
        text = tr("Better than before: {won}, worse: {lost}, equal: {tied}.")
        yield text.format(**{name: number(wins[name]) for name in ("won", "lost", "tied")})
        if wins["rate"] is not None:
            low, high = wins["interval"]
            text = tr("Win rate {rate}; with more conversations it would be {low} to {high}.")
            yield text.format(rate=_percent(wins["rate"]), low=_percent(low), high=_percent(high))
    if is_own:
        yield tr("The judge was the student itself, so the grades say little.")


def _percent(share: float) -> str:
    return tr("{number}%").format(number=number(share * 100))
