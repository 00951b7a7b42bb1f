"""The taxonomy's history as the window knows it, and what the person asks of Git."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from espalier.project import content_key
from espalier.taxonomy.history import LAST_COMMIT, History
from espalier_desktop.home import logs_folder, settings
from espalier_desktop.i18n import tr
from espalier_desktop.jobs.job import Job, JobState

Taken = Callable[[Any], object]


class TaxonomyHistory(QObject):
    """Where the taxonomy stands in Git: found by the survey; every request runs in a worker of its own.

    Signals:
        changed: ``now`` is another.
        stale: something was done to the repository, or another base is wanted, so that a survey is due.

    Attributes:
        now: as it was last found; None where Git keeps no history of the taxonomy.
        is_known: whether it was looked up at all.
    """

    changed = Signal()
    stale = Signal()

    def __init__(self, root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = root
        self._key = f"projects/{content_key(str(root.resolve()))}/base"
        self._jobs: set[Job] = set()
        self.now: History | None = None
        self.is_known = False

    @property
    def base(self) -> str:
        """Return the base that the person wants, "" for none in particular."""
        return str(settings().value(self._key, ""))

    def set_base(self, base: str) -> None:
        """Count changes from another branch, tag or commit."""
        settings().setValue(self._key, base)
        self.stale.emit()

    def show(self, found: History | None) -> None:
        """Take over what a survey found."""
        if found != self.now or not self.is_known:
            self.now, self.is_known = found, True
            self.changed.emit()

    def compare(self, asker: QObject, leaf: str, done: Taken, failed: Taken) -> None:
        """Hand over the unified diff of a leaf since the base, or the sentence why there is none.

        Args:
            asker: who is told; nobody is when it is gone by then. So for all that follow.
            leaf: its path.
            done: takes the answer.
            failed: takes a sentence instead.
        """
        base = self.now.base if self.now else LAST_COMMIT
        words = {"leaf": leaf, "base": base}
        self._ask(asker, "difference", words, lambda result: done(result["text"]), failed)

    def commit(
        self, asker: QObject, message: str, leaves: list[str], person: tuple[str, str], done: Taken, failed: Taken
    ) -> None:
        """Commit leaves, signed off by a person of this name and e-mail address."""
        words = {"message": message, "leaves": leaves, "name": person[0], "email": person[1]}
        self._ask(asker, "commit", words, done, failed)

    def begin(self, asker: QObject, done: Taken, failed: Taken) -> None:
        """Let Git keep the taxonomy from now on."""
        self._ask(asker, "keep_history", {}, done, failed)

    def close(self) -> None:
        """End what still runs; a commit is finished first."""
        for job in self._jobs:
            job.abandon()

    def _ask(self, asker: QObject, command: str, arguments: dict[str, Any], done: Taken, failed: Taken) -> None:
        job = Job(command, arguments, self._root, logs_folder() / f"{command}.log", self)

        def conclude() -> None:
            self._jobs.discard(job)
            job.deleteLater()
            if isValid(asker):
                if job.state is JobState.DONE:
                    done(job.result)
                else:
                    failed(job.message)
            if command != "difference":
                self.stale.emit()

        job.finished.connect(conclude)
        self._jobs.add(job)
        job.start()


def base_name(base: str) -> str:
    """Return what a base is called in a sentence; a long name loses its middle."""
    if base == LAST_COMMIT:
        return tr("the last commit")
    return base if len(base) <= 28 else f"{base[:13]}…{base[-13:]}"
