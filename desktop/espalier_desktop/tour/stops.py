"""Where the tour stops, in order: a page, one of its controls, and what is said about it."""

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from espalier_desktop.i18n import tr
from espalier_desktop.pages.page import Page


@dataclass(frozen=True)
class Stop:
    """One place.

    Attributes:
        page: key of the page.
        control: name of the page's attribute that the bubble stands beside.
    """

    page: str
    control: str
    title: str
    text: str


def stops() -> list[Stop]:
    """Return the stops in the window's language."""
    return [
        Stop(
            "overview",
            "strip",
            tr("From what you know to a model that knows it"),
            tr(
                "Five steps: you write leaves, a teacher writes samples, you may review them, a student trains, and "
                "you compare it with what it was. The strip shows how far each is. A click opens its page."
            ),
        ),
        Stop(
            "overview",
            "verb",
            tr("There is always a next step"),
            tr(
                "This button does what comes next, whatever was changed. You can stop at any time: finished work is "
                "kept, and the same button goes on where it was."
            ),
        ),
        Stop(
            "taxonomy",
            "tree",
            tr("The taxonomy is the heart of it"),
            tr(
                "Each leaf is one subject, or one thing to do. The example has a leaf of facts about the Falkirk "
                "Wheel, with a document, and a skill: sorting messages. Choose the leaf of facts."
            ),
        ),
        Stop(
            "taxonomy",
            "editor",
            tr("A few questions and answers are enough"),
            tr(
                "Seed examples show the teacher what you want. Problems stand beside their field and say how to mend "
                "them. What you type is saved by itself, in plain files."
            ),
        ),
        Stop(
            "generate",
            "head",
            tr("The teacher writes, the critic judges"),
            tr(
                "Try 5 first: a minute shows what to expect and how long everything takes. Each sample gets a verdict "
                "with its reason, and rejected ones are kept too."
            ),
        ),
        Stop(
            "review",
            "",
            tr("You have the last word"),
            tr(
                "Y keeps a sample, D drops it, E edits it. You need not look at any: but a few minutes here are worth "
                "more than hours of training."
            ),
        ),
        Stop(
            "train",
            "head",
            tr("Only a small adapter is trained"),
            tr(
                "The student itself stays as it is. A forecast says beforehand how much memory and time it takes, and "
                "whether that fits this machine."
            ),
        ),
        Stop(
            "compare",
            "",
            tr("The same question, before and after"),
            tr(
                "Both answers come from one copy of the model, with the same draws. The scoreboard shows what was "
                "learned, leaf by leaf, on questions that the student never saw."
            ),
        ),
        Stop(
            "overview",
            "everything",
            tr("Now it is your turn"),
            tr(
                "Run All Steps does the whole loop on this example: about a quarter of an hour. Words that are new to "
                "you are in Help › Glossary."
            ),
        ),
    ]


def control_of(stop: Stop, page: Page) -> QWidget:
    """Return the control of a stop, or the whole page where it has none or that is hidden now."""
    found = getattr(page, stop.control, None) if stop.control else None
    return found if isinstance(found, QWidget) and found.isVisibleTo(page) else page
