"""Whether InstructLab would accept a leaf, and everything there is to mend in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from espalier.taxonomy.hints import hints
from espalier.taxonomy.lint import DEFAULT_RULES, lint
from espalier.taxonomy.places import key_node, place
from espalier.taxonomy.problems import Mode, Problem
from espalier.taxonomy.schema import LATEST_VERSION, Folder, judged_folder, judged_version, violations
from espalier.taxonomy.source import ReadingError, Source, parse, read_text
from espalier.taxonomy.walk import LEAF_FILE
from espalier.taxonomy.wording import misplacement, problem_of


@dataclass(frozen=True)
class Examination:
    """A file with its problems.

    Attributes:
        problems: in the order of the file.
        contents: the plain values; empty when the file could not be read as keys and values.
        folder: the kind of leaf that the file was judged as.
    """

    problems: list[Problem]
    contents: Mapping[Any, Any] = field(default_factory=dict)
    folder: Folder = "compositional_skills"

    @property
    def errors(self) -> list[Problem]:
        """Return the problems that reject the file."""
        return [problem for problem in self.problems if problem.is_error]


def check_file(path: Path, mode: Mode = "strict", rules: str = DEFAULT_RULES) -> list[Problem]:
    """Return the problems of one file in its order; InstructLab accepts the file when none is an error.

    ``strict`` judges like ``ilab``: the file's own version, layout warnings are errors. ``ci`` judges like
    the public taxonomy's checks: the latest version, layout warnings stay warnings. ``rules`` are yamllint's.
    """
    return examine(path, mode, rules).problems


def examine(path: Path, mode: Mode = "strict", rules: str = DEFAULT_RULES) -> Examination:
    """Return the file's problems together with its contents, so that a reader need not parse it again."""
    try:
        resolved = _resolve(path)
        text = read_text(resolved)
    except ReadingError as error:
        return _unreadable(str(path), error)
    return _examine(str(path), text, resolved, mode, rules)


def examine_text(text: str, path: Path, mode: Mode = "strict", rules: str = DEFAULT_RULES) -> Examination:
    """Return the problems of a text as if it were the file at ``path``, which need not exist."""
    return _examine(str(path), text, path, mode, rules)


def _examine(shown: str, text: str, path: Path, mode: Mode, rules: str) -> Examination:
    try:
        source = parse(text)
        if not source.contents:
            message = "The file is empty. Write the leaf, or delete the file."
            return Examination([Problem(shown, 1, 1, "warning", "empty-file", message)])
        if not isinstance(source.contents, Mapping):
            message = "The file is not made of keys and values. Start it with “version: 3” on a line of its own."
            raise ReadingError("not-a-mapping", message, *place(source.node))
        folder = judged_folder(path, source.contents)
        problems = sorted(
            _judge(shown, path, source, folder, mode, rules), key=lambda problem: (problem.line, problem.column)
        )
    except ReadingError as error:
        return _unreadable(shown, error)
    return Examination(problems, source.contents, folder)


def _unreadable(shown: str, error: ReadingError) -> Examination:
    return Examination([Problem(shown, error.line, error.column, "error", error.code, error.message)])


def _resolve(path: Path) -> Path:
    """Return the real file behind the path; its name and folders are what InstructLab looks at."""
    try:
        resolved = path.resolve()
        is_file = resolved.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # no permission, a loop of links, a null in the name
        raise ReadingError("unreadable", "The file cannot be opened. Check its name and permissions.") from error
    if not is_file:
        raise ReadingError("not-found", "There is no file here. Check the path.")
    if resolved.name != LEAF_FILE:
        raise ReadingError("file-name", f"A leaf must be named “{LEAF_FILE}”. Rename this file.")
    return resolved


def _judge(shown: str, path: Path, source: Source, folder: Folder, mode: Mode, rules: str) -> Iterator[Problem]:
    version = judged_version(source.contents, mode)
    if version is None:
        message = f"This version of the format does not exist. Write “version: {LATEST_VERSION}”."
        yield _at_version(shown, source, "unknown-version", message)
        return
    if version > 1:
        yield from lint(shown, source, mode, rules)
    if folder == "knowledge" and version < LATEST_VERSION:
        misplaced = misplacement(path, source.contents, folder)
        if misplaced:
            yield Problem(shown, 1, 1, "error", "misplaced", misplaced, ".")
        else:
            yield _at_version(shown, source, "old-knowledge", _OLD_KNOWLEDGE)
        return
    yield from _judge_values(shown, path, source, folder, version)


def _judge_values(shown: str, path: Path, source: Source, folder: Folder, version: int) -> Iterator[Problem]:
    try:
        found = violations(source.contents, folder, version)
    except RecursionError:
        raise ReadingError("too-deep", "The values are nested too deeply. Write the leaf without them.") from None
    message = misplacement(path, source.contents, folder) if found else None
    if message:
        yield Problem(shown, 1, 1, "error", "misplaced", message, ".")
        return
    yield from (problem_of(shown, source.node, finding) for finding in found)
    yield from hints(shown, source)


_OLD_KNOWLEDGE = (
    f"Knowledge needs version {LATEST_VERSION} of the format: contexts with three pairs each, “domain” and "
    f"“document_outline”. Rewrite the file so, with “version: {LATEST_VERSION}”."
)


def _at_version(shown: str, source: Source, code: str, message: str) -> Problem:
    line, column = place(key_node(source.node, "version"))
    return Problem(shown, line, column, "error", code, message, ".version")
