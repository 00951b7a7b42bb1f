"""What the steps of a plan and their states are called in the window."""

from espalier.overnight.plan import Step
from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.formats import duration

PICTURES = {"done": "check", "failed": "error", "left out": "minus", "running": "play", "waiting": "wait"}
TOKENS = {"done": "good", "failed": "error", "left out": "muted", "running": "ink", "waiting": "muted"}


def stage_name(stage: str) -> str:
    """Return what a stage of a plan does."""
    return {
        "generate": tr("Write samples and judge them"),
        "train": tr("Train the adapter"),
        "quantize": tr("Make the student small"),
        "evaluate": tr("Ask the held-out questions"),
    }[stage]


def state_text(step: Step) -> str:
    """Return what became of a step, in a few words or the sentence that says why."""
    texts = {
        "waiting": tr("Waits"),
        "running": tr("Running"),
        "done": tr("Done"),
        "failed": tr("Failed"),
        "left out": tr("Left out"),
    }
    text = texts[step.state]
    if step.seconds:
        text += f" · {duration(step.seconds)}"
    return f"{text} · {said(step.message)}" if step.message else text
