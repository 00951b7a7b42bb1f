"""The words of the Train page: how a run does, what stands out in it, and what its values are called."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from PySide6.QtCore import QDate, QLocale

from espalier.training.alerts import Alert
from espalier.training.health import EARLY, Health
from espalier.training.run import Run
from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.formats import memory, number


def figure(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, such as ``0.0004`` or ``1e-05``."""
    return QLocale().toString(float(value), "g", digits)


def percent(share: float) -> str:
    """Return a share in whole percent."""
    return tr("{count} %").format(count=number(100 * share))


def health_words(found: Health, *, is_over: bool) -> tuple[str, str, str]:
    """Return how a run does in a line, what that means or what to do in a sentence, and the role of the line."""
    fallen = percent(abs(found.fallen))
    if found.state == "early":
        text = tr("The first updates differ more than learning does. After {count} of them it can be told.")
        return tr("Too early to say"), text.format(count=number(EARLY)), "muted"
    if found.state == "learning" and is_over:
        text = tr("The loss ended {share} below the start and still fell: more rounds may teach more.")
        return tr("It has learned"), text.format(share=fallen), "good"
    if found.state == "learning":
        text = tr("The loss is {share} below the start and still falls. Let it go on.")
        return tr("It is learning"), text.format(share=fallen), "good"
    if found.state == "flat" and found.fallen >= 0.1:
        text = tr("The loss is {share} below the start and falls no further: more rounds would add little.")
        return tr("The loss is flat"), text.format(share=fallen), "muted"
    if found.state == "flat":
        text = tr("The loss does not fall. Raise the learning rate, or look at what the student sees.")
        return tr("The loss is flat"), text, "warning"
    if found.state == "overfitting":
        step = number(found.best.step) if found.best else "–"
        text = tr("Held-out rows were answered best after update {step}; since then only the rows it knows improve.")
        return tr("It learns by heart"), text.format(step=step), "warning"
    text = tr("The loss jumps or has risen. Lower the learning rate, or let each update see more rows.")
    return tr("It is unstable"), text, "warning"


def alert_words(alert: Alert) -> tuple[str, str, str]:
    """Return what happened, what it means and what to do."""
    step, values = number(alert.step), alert.values
    if alert.kind == "retreat":
        return (
            said(alert.text) if alert.text else tr("The loss was lost"),
            tr("A step went too far. What was learned up to the checkpoint is kept."),
            tr("If it happens again, halve the learning rate in Settings."),
        )
    if alert.kind == "waits":
        return (
            said(alert.text),
            tr("Nothing is lost: everything up to update {step} is saved.").format(step=step),
            tr("Training goes on by itself when it is better."),
        )
    if alert.kind == "split":
        return (
            said(alert.text),
            tr("An update was more than this machine can do at once."),
            tr("Nothing needs to be done. Fewer rows per update, in Settings, would be faster."),
        )
    if alert.kind == "cut":
        return (
            said(alert.text),
            tr("The end of these rows is never seen, often the end of an answer."),
            tr("Raise the limits under What It Sees, or shorten the samples."),
        )
    if alert.kind == "left out":
        return (
            said(alert.text),
            tr("The student does not learn these rows at all."),
            tr("Raise the limits under What It Sees, or shorten the samples."),
        )
    if alert.kind == "held-out":
        text = tr("The loss on held-out rows rose from {best} to {now}.")
        return (
            text.format(best=number(values["best"], 3), now=number(values["now"], 3)),
            tr("The student learns its rows by heart: on other questions it may get worse."),
            tr("Finish now to keep update {step}, or train fewer rounds next time.").format(step=step),
        )
    if alert.kind == "memory":
        text = tr("Training takes {used} of this machine's {all}.")
        return (
            text.format(used=memory(values["memory"]), all=memory(values["machine"])),
            tr("Beyond what the graphics part may hold, the system slows down or ends the training."),
            tr("Close other programs. In Settings, Measure offers a change that takes less."),
        )
    if alert.kind == "not the last":
        text = tr("Update {step} was kept, not update {last}.")
        early = tr("On held-out rows it answered best; you asked to finish early.")
        return (
            text.format(step=step, last=number(values["last"])),
            early if values["stopped"] else tr("On held-out rows it answered clearly better than the last."),
            tr("Nothing needs to be done."),
        )
    text = tr("Update {step} did better on held-out rows than the last one.")
    return (
        text.format(step=step),
        tr("The adapter is that of the last update; the better one is kept beside it."),
        tr("Train fewer rounds, or compare the answers before you decide."),
    )


def run_title(run: Run) -> str:
    """Return when a run was begun, in the language's own way."""
    name, _, again = run.folder.name.partition("_")
    try:
        made = datetime.strptime(name, "%Y-%m-%dT%H-%M-%S")
    except ValueError:
        return run.folder.name
    day = QLocale().toString(QDate(made.year, made.month, made.day), QLocale.FormatType.ShortFormat)
    return f"{day} {made:%H:%M}" + (f" ({again})" if again else "")


def value_titles() -> Mapping[str, str]:
    """Return what each training value is called."""
    return {
        "student": tr("Student"),
        "method": tr("What is trained"),
        "epochs": tr("Rounds"),
        "updates": tr("Updates instead of rounds"),
        "learning_rate": tr("Learning rate"),
        "schedule": tr("Course of the rate"),
        "warm_up": tr("Warm-up"),
        "batch_rows": tr("Rows per update"),
        "accumulation": tr("Parts of an update"),
        "checkpointing": tr("Compute twice, keep less"),
        "max_tokens": tr("Longest row"),
        "max_input": tr("Longest question"),
        "max_output": tr("Longest answer"),
        "too_long": tr("Longer rows"),
        "lora.rank": tr("Rank"),
        "lora.scale": tr("Scale"),
        "lora.dropout": tr("Dropout"),
        "lora.layers": tr("Layers from the end"),
        "lora.keys": tr("Parts of a layer"),
        "prompt.tokens": tr("Invented words"),
        "prompt.text": tr("They begin as"),
        "weight_decay": tr("Weight decay"),
        "clip": tr("Largest step"),
        "save_every": tr("Updates between checkpoints"),
        "seed": tr("Seed"),
        "phases": tr("Order"),
        "replay": tr("Repeated from earlier phases"),
        "general": tr("General rows per row"),
        "distractors": tr("Passages of other facts"),
        "recipe": tr("Recipe"),
        "hostfile": tr("Several Macs"),
    }


def groups() -> Mapping[str, tuple[str, ...]]:
    """Return the values by what they are about, without those that have a place of their own."""
    return {
        tr("How long and how fast"): ("epochs", "updates", "learning_rate", "schedule", "warm_up", "save_every"),
        tr("Rows of an update"): ("batch_rows", "accumulation", "checkpointing"),
        tr("Added factors"): ("lora.rank", "lora.scale", "lora.dropout", "lora.layers", "lora.keys"),
        tr("Soft prompt"): ("prompt.tokens", "prompt.text"),
        tr("What is learned when"): ("phases", "replay", "general", "distractors", "recipe"),
        tr("Care"): ("weight_decay", "clip", "seed", "hostfile"),
    }


def choices() -> Mapping[str, Mapping[str, str]]:
    """Return the values that are one of a few, with their names."""
    return {
        "schedule": {"cosine": tr("Cosine"), "linear": tr("Linear"), "constant": tr("Constant")},
        "too_long": {"cut": tr("Cut"), "leave out": tr("Leave out")},
        "phases": {"stacked": tr("Everything at once"), "lab": tr("Knowledge, then skills")},
    }


def methods() -> Mapping[str, str]:
    """Return the ways to train by name."""
    return {
        "lora": "LoRA",
        "qlora": "QLoRA",
        "dora": "DoRA",
        "full": tr("All weights"),
        "prompt": tr("Soft prompt"),
    }


def value_text(name: str, value: Any) -> str:
    """Return a value as it is typed and shown."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if name == "method":
        return methods().get(str(value), str(value))
    if name in choices():
        return choices()[name].get(str(value), str(value))
    if isinstance(value, tuple | list):
        return " ".join(map(str, value)) or tr("all")
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
