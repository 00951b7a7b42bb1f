"""The one safe mend of a problem, where there is one; what a fix gives has been checked before it is offered."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from espalier.errors import EspalierError
from espalier.taxonomy import mend_layout, mend_syntax, mend_values
from espalier.taxonomy.checker import Examination, examine_text
from espalier.taxonomy.codes import code
from espalier.taxonomy.folders import Change, Roots, move_across, other_place
from espalier.taxonomy.lint import DEFAULT_RULES
from espalier.taxonomy.problems import Mode, Problem
from espalier.taxonomy.schema import FOLDERS, Folder
from espalier.taxonomy.source import ReadingError, read_text
from espalier.taxonomy.walk import LEAF_FILE, leaf_files

TextMend = Callable[[str, Sequence[Problem]], Iterator[str]]
ValueMend = Callable[[str, Sequence[Problem], Folder], Iterator[str]]

_TEXT: dict[str, TextMend] = {
    "yaml-syntax": mend_syntax.make_readable,
    "lint-new-line-at-end-of-file": mend_layout.end_last_line,
    "lint-trailing-spaces": mend_layout.strip_lines,
    "lint-empty-lines": mend_layout.drop_blank_lines,
    "lint-colons": mend_layout.respace,
    "lint-commas": mend_layout.respace,
    "lint-hyphens": mend_layout.respace,
    "lint-braces": mend_layout.respace,
    "lint-brackets": mend_layout.respace,
}
_VALUES: dict[str, ValueMend] = {
    "old-knowledge": mend_values.migrate_knowledge,
    "version": mend_values.write_version,
    "missing-key": mend_values.add_missing,
    "unknown-key": mend_values.respell_keys,
    "wrong-type": mend_values.quote_values,
    "duplicate": mend_values.drop_repeats,
    "no-repository": mend_values.keep_in_project,
}
# How a whole file is mended: first what hides the rest; the layout last, as it may change what is then in quotes.
_ORDER = ("yaml-syntax", *_VALUES, *_TEXT)
_KEEPING = ("lint-colons", "lint-commas", "lint-hyphens", "lint-braces", "lint-brackets")  # no value may change
_MOST = 50  # rounds over one file


@dataclass(frozen=True)
class Fix:
    """One mend, not yet made.

    Attributes:
        problems: what it mends.
        does: what it does, in a few words, for a button or a log.
        text: the file's new text.
    """

    problems: tuple[Problem, ...]
    does: str
    text: str


@dataclass(frozen=True)
class Mended:
    """A file after every safe mend, not yet written.

    Attributes:
        old: the text as it is on disk.
        new: the text that it would have.
        fixes: what was mended, in order.
        left: the problems that remain.
    """

    old: str
    new: str
    fixes: tuple[Fix, ...]
    left: tuple[Problem, ...]


def fix(text: str, path: Path, problems: Sequence[Problem], mode: Mode = "strict", rules: str = DEFAULT_RULES) -> (
    Fix | None
):  # fmt: skip
    """Return the mend of problems of one code, all at once; None when only a person can know what is right.

    After it these problems are gone and no other has come, but for those that an unreadable or misjudged text hid,
    and for the hint that `Code.brings` names.

    Args:
        text: of the leaf.
        path: of the leaf, which need not exist; its folders say how to judge it.
        problems: from `examine_text`, all of one code.
        mode: as the problems were found.
        rules: as the problems were found.
    """
    return _fix(text, examine_text(text, path, mode, rules), problems, lambda new: examine_text(new, path, mode, rules))


def mend(path: Path, mode: Mode = "strict", rules: str = DEFAULT_RULES) -> Mended:
    """Return the file with all that can safely be mended; nothing is written.

    Raises:
        ReadingError: the file cannot be read as text.
    """
    old = text = read_text(path)
    fixes: list[Fix] = []
    for _ in range(_MOST):
        found = _next_fix(text, path, mode, rules)
        if found is None:
            break
        fixes.append(found)
        text = found.text
    return Mended(old, text, tuple(fixes), tuple(examine_text(text, path, mode, rules).problems))


def better_name(path: Path) -> Path | None:
    """Return where a file belongs that was meant as a leaf and has another name; None when that place is taken."""
    target = path.with_name(LEAF_FILE)
    is_meant = path.suffix.lower() in (".yaml", ".yml") and path.name != LEAF_FILE and path.is_file()
    is_free = not target.exists() or (path.exists() and target.samefile(path))  # the Mac ignores the case of names
    return target if is_meant and is_free else None


def better_place(leaf: Path) -> Path | None:
    """Return where a leaf belongs that stands in the wrong branch; None when it cannot safely be moved there."""
    found = _placed(leaf)
    if not found:
        return None
    roots, path = found
    target = roots.taxonomy / other_place(path)
    return None if os.path.lexists(target) or len(leaf_files(leaf.parent)) != 1 else target / LEAF_FILE


def put_in_place(leaf: Path) -> Change:
    """Move a leaf to its `better_place`: its folder goes whole, and in a project its documents go with it.

    Raises:
        EspalierError: it has none.
    """
    found = _placed(leaf)
    if not found:
        raise EspalierError(f"{leaf} cannot be moved by itself. Move its folder to the other branch by hand.")
    return move_across(*found)


def _placed(leaf: Path) -> tuple[Roots, str] | None:
    """Return the taxonomy that a leaf is in and its path there; None when only one folder name can tell."""
    parts = leaf.absolute().parent.parts
    tops = [index for index, part in enumerate(parts) if part in FOLDERS]
    if len(tops) != 1 or tops[0] == len(parts) - 1:
        return None
    return Roots.around(Path(*parts[: tops[0]])), "/".join(parts[tops[0] :])


def _next_fix(text: str, path: Path, mode: Mode, rules: str) -> Fix | None:
    before = examine_text(text, path, mode, rules)
    for name in _ORDER:
        alike = [problem for problem in before.problems if problem.code == name]
        groups = [alike, *([problem] for problem in alike)] if len(alike) > 1 else [alike]
        for group in groups:
            found = _fix(text, before, group, lambda new: examine_text(new, path, mode, rules)) if group else None
            if found:
                return found
    return None


def _fix(
    text: str, before: Examination, problems: Sequence[Problem], examine: Callable[[str], Examination]
) -> Fix | None:
    name = problems[0].code
    try:
        for new in _candidates(name, text, problems, before.folder):
            if new != text and _is_mended(before, examine(new), name, len(problems)):
                return Fix(tuple(problems), code(name).fix, new)
    except (EspalierError, ReadingError):  # an edit that the text does not allow
        return None
    return None


def _candidates(name: str, text: str, problems: Sequence[Problem], folder: Folder) -> Iterator[str]:
    if name in _TEXT:
        yield from _TEXT[name](text, problems)
    elif name in _VALUES:
        yield from _VALUES[name](text, problems, folder)


def _is_mended(before: Examination, after: Examination, name: str, count: int) -> bool:
    """Return whether these problems are gone and no other came but what their code says."""
    old, new = _counted(before), _counted(after)
    if code(name).hides:
        return not new[name] and "not-a-mapping" not in new
    if name in _KEEPING and before.contents != after.contents:
        return False
    return new[name] <= old[name] - count and all(
        new[other] <= old[other] for other in new if other != code(name).brings
    )


def _counted(examination: Examination) -> Counter[str]:
    return Counter(problem.code for problem in examination.problems)
