"""An existing taxonomy taken into a new place: cloned from an address, or copied from this machine."""

import shutil
from pathlib import Path

from espalier.errors import EspalierError
from espalier.git import Report, check_address, clone, is_address
from espalier.git_errors import shown
from espalier.taxonomy.transfer import copy_taxonomy
from espalier.taxonomy.walk import FOLDERS


def adopt(source: str, destination: Path, on_progress: Report | None = None) -> None:
    """Bring a taxonomy into a folder that does not exist yet; nothing is there when this fails.

    Args:
        source: the address of a Git repository, or the path of a folder, a bare repository or a tar.
        destination: of the copy.
        on_progress: is told how a clone goes; it may raise to cancel.

    Raises:
        EspalierError: there is nothing at the source, it is no taxonomy, or Git cannot fetch it.
    """
    place = Path(source).expanduser()
    try:
        if not place.exists() and is_address(source):
            check_address(source)
            clone(source, destination, on_progress)
        elif (place / "HEAD").is_file() and (place / "objects").is_dir():
            clone(str(place.resolve()), destination, on_progress)
        else:
            copy_taxonomy(place, destination)
        if not any((destination / folder).is_dir() for folder in FOLDERS):
            raise EspalierError(
                f"{shown(source)} is no taxonomy: it has neither a folder “knowledge” nor “compositional_skills”. "
                "Choose another."
            )
    except BaseException:
        shutil.rmtree(destination, ignore_errors=True)
        raise
