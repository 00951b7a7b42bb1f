"""Where training stands while none runs: a line, a sentence, and what can be done, with the reason where it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

from espalier.training.run import Run
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import JobState
from espalier_desktop.jobs.story import Story
from espalier_desktop.pages.page import Shell
from espalier_desktop.pages.train.head import Act
from espalier_desktop.steps import next_verb
from espalier_desktop.widgets.formats import number

TRAINING = ("train", "tune", "demo")  # commands that train
MORE = 200  # updates that “Train More” adds


@dataclass(frozen=True)
class Standing:
    """What the head says; ``role`` is that of the sentence."""

    line: str
    sentence: str
    acts: tuple[Act, ...]
    role: str = "muted"


def standing(shell: Shell, runs: Sequence[Run], done: int) -> Standing:
    """Return where the training of a project stands.

    Args:
        shell: the window.
        runs: of the project, oldest first.
        done: updates of the run that is looked at.
    """
    status, story = shell.document.status, last_story(shell)
    busy = tr("Another job runs.") if shell.jobs.current else ""
    reason = busy or why_not(shell)
    unfinished = unfinished_run(shell, runs)
    if story and story.state in (JobState.FAILED, JobState.CRASHED):
        again = Act("go on" if unfinished else "train", tr("Try Again"), is_primary=True, why_not=reason)
        return Standing(tr("Training did not finish"), story.message, (again,), "error")
    is_done = unfinished is not None and unfinished.adapter is not None  # the survey has not seen it yet
    if unfinished and not is_done:
        acts = [Act("go on", tr("Go On"), is_primary=True, why_not=reason)]
        if unfinished is runs[-1] and unfinished.at_work.joinpath("checkpoint").is_dir():
            tip = tr("The best checkpoint so far becomes the adapter.")
            acts.insert(0, Act("finish", tr("Finish Now"), why_not=busy, tip=tip))
        text = tr("Paused after update {done}").format(done=number(done)) if done else tr("Paused")
        return Standing(text, tr("Going on continues exactly here; nothing is learned twice."), tuple(acts))
    if is_done or (status and status.is_trained):
        newest = runs[-1] if runs else None
        has_more = newest is not None and newest.adapter and newest.checkpoint
        no_more = "" if has_more else tr("This run keeps no checkpoint to go on from.")
        tip = tr("Makes more updates after the end of the newest run, as a run of its own.")
        more = Act("more", tr("Train {count} More").format(count=number(MORE)), why_not=busy or no_more, tip=tip)
        compare = Act("compare", tr("Compare Before and After"), is_primary=True)
        return Standing(tr("The student is trained"), _made_words(newest), (more, compare))
    if status and status.run:
        acts = [Act("compare", tr("Compare Before and After"))]
        acts.append(Act("train", tr("Train Again"), is_primary=True, why_not=reason))
        text = tr("The samples or the settings have changed since the last run.")
        return Standing(tr("The adapter is out of date"), text, tuple(acts))
    sentence = next_verb(shell.document).sentence if status else tr("Espalier looks at what has changed.")
    line = tr("Not ready to train") if why_not(shell) else tr("Ready to train")
    return Standing(line, why_not(shell) or sentence, (Act("train", tr("Train"), is_primary=True, why_not=reason),))


def why_not(shell: Shell) -> str:
    """Return why nothing can be trained now, "" when it can."""
    document = shell.document
    if not document.leaves:
        return tr("A leaf says what the model should learn. Add one in Taxonomy first.")
    if document.errors:
        return tr("Mend the leaves with errors first.")
    if document.status and document.status.missing_models:
        return tr("{model} is not on this machine.").format(model=document.status.missing_models[0])
    return ""


def unfinished_run(shell: Shell, runs: Sequence[Run]) -> Run | None:
    """Return the run that “Go On” goes on with, None when there is none.

    It is the newest where that makes more updates after another, else the one that training now would take up.
    """
    newest = runs[-1] if runs else None
    if newest and not newest.adapter and newest.request.get("extends"):
        return newest
    status = shell.document.status
    return next((run for run in runs if status and run.folder.name == status.unfinished_run), None)


def last_story(shell: Shell) -> Story | None:
    """Return the latest training of this window as far as it came to the training itself, None when there is none."""
    latest = shell.jobs.latest
    told = [latest[name] for name in TRAINING if name in latest and latest[name].stage in ("", "train", "model")]
    return max(told, key=lambda story: story.log.name, default=None)


def _made_words(run: Run | None) -> str:
    made = run.made if run else {}
    if made.get("stopped"):
        text = tr("It was finished early; the best checkpoint, after update {step} of {all}, is the adapter.")
        return text.format(step=number(made["updates"]), all=number(made["of"]))
    return tr("The adapter is up to date: exactly these samples with these settings.")
