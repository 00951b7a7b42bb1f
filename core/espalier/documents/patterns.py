"""The patterns of a leaf's document reference, matched against the paths of a repository.

They mean what Python's recursive ``glob`` means, which InstructLab's generation uses: ``**`` as a whole part stands
for any number of folders, ``*`` and ``?`` stop at a slash, and neither finds a name that starts with a dot.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from espalier.errors import EspalierError

MOST_PATTERN_CHARACTERS = 1_000
_NOTHING = re.compile(r"(?!)")


def matching(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Return the paths that at least one pattern finds, sorted.

    Raises:
        EspalierError: a pattern leads out of the repository or is too long.
    """
    wanted = [_parts(pattern) for pattern in patterns]
    return sorted(path for path in paths if any(_fits(path.split("/"), parts) for parts in wanted))


def _parts(pattern: str) -> list[re.Pattern[str] | None]:
    """Return one expression for each part of a pattern, None for ``**``."""
    if pattern.startswith(("/", "~")) or ".." in pattern.split("/") or re.match(r"[A-Za-z]:|.*\0", pattern):
        raise EspalierError(
            f"The pattern “{pattern}” leads out of the repository. Write it from the top of it, such as docs/*.md."
        )
    if len(pattern) > MOST_PATTERN_CHARACTERS:
        raise EspalierError(f"A pattern has {len(pattern)} characters. Shorten it to {MOST_PATTERN_CHARACTERS}.")
    parts: list[re.Pattern[str] | None] = []
    for part in pattern.split("/"):
        if part == "**":
            parts += [None] if parts[-1:] != [None] else []
        elif part not in ("", "."):
            parts.append(re.compile(_visible(part) + translate(part)))
    if parts[-1:] == [None]:  # at the end it finds what is below folders, not these
        parts.append(re.compile(r"(?!\.)"))
    if pattern.endswith(("/", "/.")) or not parts:
        parts.append(_NOTHING)
    return parts


def _visible(part: str) -> str:
    return "" if part.startswith(".") or not re.search(r"[*?\[]", part) else r"(?!\.)"


def _fits(names: Sequence[str], parts: Sequence[re.Pattern[str] | None]) -> bool:
    """Return whether parts find a path, in time proportional to the product of their numbers."""
    reached = {0}
    for name in names:
        after = set[int]()
        for index in _past_stars(reached, parts):
            if index < len(parts):
                part = parts[index]
                if part is None:
                    after |= {index} if not name.startswith(".") else set()
                elif part.match(name):
                    after.add(index + 1)
        reached = after
    return len(parts) in _past_stars(reached, parts)


def _past_stars(reached: set[int], parts: Sequence[re.Pattern[str] | None]) -> set[int]:
    """Return the places reached together with those behind a ``**`` that stands for no folder."""
    return reached | {index + 1 for index in reached if index < len(parts) and parts[index] is None}
