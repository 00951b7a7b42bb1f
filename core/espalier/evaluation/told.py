"""What an evaluation found, in sentences for the terminal and for written reports."""

from collections.abc import Iterator, Mapping
from typing import Any

Report = Mapping[str, Any]


def sentences(report: Report) -> list[str]:
    """Return what a report says in plain words, the most important first."""
    return [text.strip() for text in _sentences(report)]


def _sentences(report: Report) -> Iterator[str]:
    summary = report.get("summary")
    if summary:
        yield from _learned(summary)
        if "4-bit" in summary:
            yield _small(summary["4-bit"])
    if report.get("refused"):
        count = len(report["refused"])
        yield f"Refused, since the student was trained on it: {count} {'question' if count == 1 else 'questions'}."
    if "grades" in report:
        yield f"Grades from 1 to 5: {_means(report['grades']['mean'])}. {_wins(report['grades'].get('wins'))}"
    forgetting = report.get("forgetting")
    if forgetting:
        yield from _forgotten(forgetting)
    choices = report.get("mcq")
    if choices:
        right, asked = choices["summary"]["right"], choices["summary"]["questions"]
        counts = ", ".join(f"{name} {count}" for name, count in right.items())
        yield f"Multiple choice on the documents, {asked} questions: {counts} right; guessing gives {asked / 4:.0f}."
    talks = report.get("two_turn")
    if talks:
        yield f"Conversations of two turns, graded from 1 to 5: {_means(talks['mean'])}. {_wins(talks.get('wins'))}"
    if (talks or "grades" in report) and report.get("judges_itself"):
        yield "The judge was the student itself, so its grades say little."


def share(interval: tuple[float, float] | list[float]) -> str:
    """Return an interval of shares, such as “32% to 58%”."""
    return f"{interval[0]:.0%} to {interval[1]:.0%}"


def _learned(summary: Report) -> Iterator[str]:
    right, asked, tuned = summary["right"], summary["questions"], summary.get("tuned")
    if not tuned:
        return
    yield (
        f"Of {asked} held-out questions the base answers {right['base']} right and the tuned student {right['tuned']}; "
        f"asked many more of them, it would be right on {share(summary['intervals']['tuned'])}."
    )
    verdict = (
        "That is more than chance explains"
        if tuned["p_value"] < 0.05
        else "That may be chance: ask more questions to be sure"
    )
    yield (
        f"{tuned['improved']} improved, {tuned['same']} stayed the same, {tuned['regressed']} regressed. {verdict} "
        f"(difference {tuned['mean']:+.0%}, from {tuned['low']:+.0%} to {tuned['high']:+.0%})."
    )


def _small(small: Report) -> str:
    if not small["regressed"] and not small["improved"]:
        return "Four bits cost nothing: the 4-bit student is right on the same questions."
    return f"Of the right answers four bits lost {small['regressed']} and won {small['improved']}."


def _forgotten(forgetting: Report) -> Iterator[str]:
    summary, tuned = forgetting["summary"], forgetting["summary"].get("tuned")
    counts = ", ".join(f"{name} {count}" for name, count in summary["right"].items())
    yield f"Forgetting check, {summary['questions']} general questions: {counts} right."
    if tuned:
        is_loss = tuned["mean"] < 0 and tuned["p_value"] < 0.05
        yield (
            "The student forgot some of what it knew: train for fewer epochs, or mix in general data."
            if is_loss
            else "No forgetting beyond chance."
        )
    values = ", ".join(f"{name} {value:.1f}" for name, value in forgetting["perplexity"].items())
    yield f"Perplexity of general text, lower is better: {values}."


def _means(means: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in means.items())


def _wins(wins: Report | None) -> str:
    if not wins:
        return ""
    counts = f"Against the base the tuned student won {wins['won']}, lost {wins['lost']} and tied {wins['tied']}."
    if wins["rate"] is None:
        return counts
    return f"{counts} Its win rate is {wins['rate']:.0%}, {share(wins['interval'])} with 95% confidence."
