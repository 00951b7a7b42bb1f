"""What a page is to the window, and what the window is to a page."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from PySide6.QtWidgets import QWidget

from espalier_desktop.commands import Commands
from espalier_desktop.document import Document
from espalier_desktop.jobs.project_jobs import ProjectJobs
from espalier_desktop.models.fetcher import Fetcher


class Shell(Protocol):
    """The window as its pages see it."""

    @property
    def document(self) -> Document:
        """The open project."""

    @property
    def jobs(self) -> ProjectJobs:
        """The project's jobs."""

    @property
    def fetcher(self) -> Fetcher:
        """What brings models."""

    @property
    def commands(self) -> Commands:
        """The window's commands; a page may connect to them."""

    def go(self, page: str, place: Mapping[str, str] | None = None) -> None:
        """Show a page, and a place of it: plain values that its ``point_to`` understands."""

    def do(self, command: str) -> None:
        """Give a command by its key, as its menu item does; ``go_`` and a page shows that page."""

    def toast(self, text: str, action: str = "", do: Callable[[], object] | None = None) -> None:
        """Show a short result."""

    def tell(self, line: str, sentence: str) -> None:
        """Show what went wrong and what to do, in a sheet."""


class Page(QWidget):
    """One page of the window. It listens to the document and changes the project through it.

    To add a page, write a module with a subclass and name it in ``pages/__init__.py``.

    Attributes:
        offers: keys of the commands that the page has a button for, so that the toolbar need not offer them next.
    """

    offers: frozenset[str] = frozenset()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.setObjectName("page")
        self.shell = shell

    def save_state(self) -> dict[str, Any]:
        """Return what is worth finding again when the project is opened next time: plain values."""
        return {}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take back what ``save_state`` returned, perhaps from another version."""

    def point_to(self, place: Mapping[str, str]) -> None:
        """Show a place of the page that another page points to."""

    def give(self, command: str) -> None:
        """Carry out a command of the page's own menu."""

    def showing(self) -> None:
        """Do what is due when the page comes into view."""

    def closing(self) -> None:
        """Do what is due before the window closes."""
