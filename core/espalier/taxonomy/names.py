"""Names of leaves and branches: folders that InstructLab, git and every file system take."""

import re
import unicodedata
from pathlib import PurePosixPath

from espalier.errors import EspalierError
from espalier.taxonomy.walk import FOLDERS, LEAF_FILE

_LONGEST = 100  # bytes: the path of a leaf has to fit into 1,024 on the Mac


def name_problem(name: str) -> str | None:
    """Return why a folder of the taxonomy cannot have this name, as a sentence; None when it can."""
    if not name or name.startswith("."):
        return "A name needs a letter or digit first. Write another one."
    if re.search(r"\s", name):
        return f"A name has no spaces. Write “{proper_name(name)}”."
    if not re.fullmatch(r"[\w.,()+-]+", name) or name.endswith("."):
        return f"“{name}” has characters that not every system allows. Write “{proper_name(name)}”."
    if name in FOLDERS:
        return f"A folder named “{name}” in here would change how InstructLab reads what is below. Write another name."
    if name.lower() == LEAF_FILE:
        return f"“{name}” is the name of the file in a leaf. Write another name."
    if len(name.encode()) > _LONGEST:
        return "The name is too long. Write a shorter one."
    return None


def proper_name(text: str) -> str:
    """Return the name closest to a text: lower case, words joined by underscores."""
    plain = unicodedata.normalize("NFC", text).lower()
    words = re.findall(r"[\w+-]+", plain)
    name = "_".join(words).encode()[:_LONGEST].decode(errors="ignore").strip("_.-")
    return f"{name}_" if name in FOLDERS else name or "unnamed"


def checked_path(path: str) -> PurePosixPath:
    """Return the path of a leaf or branch whose every name is allowed.

    Raises:
        EspalierError: it begins with neither branch of the taxonomy, or a name in it is not allowed.
    """
    parts = path.split("/")
    if parts[0] not in FOLDERS or len(parts) < 2:
        raise EspalierError(f"“{path}” is no place for a leaf. Begin it with {' or '.join(f'{f}/' for f in FOLDERS)}.")
    for part in parts[1:]:
        problem = name_problem(part)
        if problem:
            raise EspalierError(problem)
    return PurePosixPath(*parts)
