"""What was typed and is not in its file yet, kept where a crash does not reach it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from espalier.files import write_json
from espalier.models.folder import home_folder
from espalier.project import content_key


@dataclass(frozen=True)
class Unsaved:
    """One leaf's text that is ahead of its file.

    Attributes:
        leaf: its path in the taxonomy.
        base: digest of the file that the text was made from; None when there was none.
    """

    leaf: str
    text: str
    base: str | None


class Journal:
    """The unsaved texts of one project, one file each in the program's own folder."""

    def __init__(self, root: Path) -> None:
        self._folder = home_folder() / "journal" / content_key(str(root.resolve()))

    def keep(self, unsaved: Unsaved) -> None:
        """Write a text down, in place of the leaf's older one.

        Raises:
            OSError: the disk refuses it.
        """
        write_json(self._file(unsaved.leaf), asdict(unsaved))

    def forget(self, leaf: str) -> None:
        """Drop a leaf's text: its file holds it now."""
        self._file(leaf).unlink(missing_ok=True)

    def kept(self) -> list[Unsaved]:
        """Return what was written down and never forgotten; what cannot be read is left where it is."""
        found = []
        for file in sorted(self._folder.glob("*.json")):
            try:
                found.append(Unsaved(**json.loads(file.read_text(encoding="utf-8"))))
            except (OSError, ValueError, TypeError):
                continue
        return found

    def _file(self, leaf: str) -> Path:
        return self._folder / f"{content_key(leaf)}.json"
