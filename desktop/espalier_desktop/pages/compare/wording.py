"""What the Compare page calls things: panes, ends of answers, figures, votes."""

from collections.abc import Mapping, Sequence

from espalier.comparison.chats import Answer
from espalier.comparison.panes import Choice
from espalier.comparison.votes import Tally
from espalier.messages import Loaded
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.compare.stream import plain_text
from espalier_desktop.widgets.formats import number, size


def choice_title(pane: Mapping[str, str], title: str) -> str:
    """Return what a pane's choice is called in the picker."""
    kind, checkpoint = pane.get("kind", ""), pane.get("checkpoint", "")
    if kind == "base":
        return tr("Before: {title}").format(title=title)
    if kind == "tuned" and not pane.get("run"):
        return tr("After: newest training")
    if kind == "tuned" and checkpoint == "best":
        return tr("{run}, best by held-out loss").format(run=title)
    if kind == "tuned" and checkpoint:
        return tr("{run}, checkpoint {name}").format(run=title, name=checkpoint.rpartition("/")[2])
    if kind == "tuned":
        return tr("After: {run}").format(run=title)
    if kind == "quantized":
        return tr("4 bits: {run}").format(run=title)
    if kind == "endpoint":
        return tr("{model}, leaves this Mac").format(model=title)
    return tr("Model: {name}").format(name=title)


def offered(choices: Sequence[Choice]) -> list[tuple[dict[str, str], str]]:
    """Return every pane that is offered with its title: the student before, the newest training, then the rest."""
    found = [(dict(choice.pane), choice_title(choice.pane, choice.title)) for choice in choices]
    if any(pane.get("kind") == "tuned" for pane, _ in found):
        found.insert(1, ({"kind": "tuned"}, choice_title({"kind": "tuned"}, "")))
    return found


def proof_line(held: Loaded) -> str:
    """Return what a pane holds, as was checked when it was loaded."""
    parts = [held.title]
    if held.fingerprint:
        parts.append(tr("adapter {fingerprint}").format(fingerprint=held.fingerprint))
    parts.append(held.quantization)
    if held.is_paired:
        parts.append(tr("one copy of the weights"))
    return " · ".join(filter(None, parts))


def figures_line(answer: Answer) -> str:
    """Return what an answer cost."""
    figures = answer.figures
    parts = []
    if "tokens" in figures:
        parts.append(tr("%n token(s)", int(figures["tokens"])))
    if figures.get("seconds_to_first"):
        parts.append(tr("first after {seconds} s").format(seconds=number(figures["seconds_to_first"], 2)))
    if figures.get("tokens_per_second"):
        parts.append(tr("{count} tokens/s").format(count=number(figures["tokens_per_second"], 1)))
    if figures.get("memory"):
        parts.append(size(int(figures["memory"])))
    return " · ".join(parts)


def notes_of(answer: Answer) -> list[str]:
    """Return the lines below an answer: how it ended when not by itself, and what was in view."""
    notes = []
    if answer.ended == "stopped":
        notes.append(tr("Stopped. What was written is kept."))
    elif answer.ended == "length":
        notes.append(tr("Cut at the longest answer; the settings can allow more."))
    elif answer.ended.startswith("failed"):
        notes.append(said(answer.ended.removeprefix("failed:").strip()))
    elif answer.ended == "end" and not answer.text.strip():
        notes.append(tr("It said nothing."))
    if answer.sources:
        notes.append(tr("Documents in view:"))
        for source in answer.sources:
            words = " ".join(plain_text(source.get("text", "")).split())
            shown = words if len(words) <= 160 else words[:160] + "…"
            notes.append(tr("{document}: “{text}”").format(document=source.get("document", ""), text=shown))
    return notes


def tally_line(tally: Tally, titles: Mapping[str, str]) -> str:
    """Return what the blind votes say, with how sure that is, in plain words."""
    ties = tally.both + tally.neither
    parts = []
    if tally.decided:
        low, high = (round(100 * share) for share in tally.interval)
        text = tr("{model} preferred in {tuned} of {count} blind votes; the true share is likely {low}–{high} %.")
        parts.append(text.format(model=titles["tuned"], tuned=tally.tuned, count=tally.decided, low=low, high=high))
        parts.append(
            {
                "tuned": tr("That is more than chance."),
                "base": tr("{model} is ahead by more than chance.").format(model=titles["base"]),
                "open": tr("That could still be chance: vote on more questions."),
            }[tally.verdict]
        )
    if ties:
        parts.append(tr("%n tie(s).", ties))
    return " ".join(parts)
