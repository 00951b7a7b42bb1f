"""yamllint's verdict on the text of a leaf, with InstructLab's settings and our words."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from yamllint import linter
from yamllint.config import YamlLintConfig

from espalier.taxonomy.problems import Mode, Problem, Severity

_MESSAGES = {
    "anchors": "This anchor (&) or alias (*) is wrong. Remove it, or put a text that starts so in quotes.",
    "braces": "Too many spaces inside the braces. Leave one at most.",
    "brackets": "Too many spaces inside the brackets. Leave one at most.",
    "colons": "The spaces around this colon are wrong. Write no space before it and one after it.",
    "commas": "The spaces around this comma are wrong. Write no space before it and one after it.",
    "empty-lines": "Too many blank lines. Leave at most two in a row, and none at the start or end.",
    "hyphens": "Too many spaces after this hyphen. Leave one.",
    "indentation": "This indent does not match the others. Indent by the same number of spaces throughout.",
    "key-duplicates": "This key occurs twice here, and only the last one counts. Keep one of them.",
    "new-line-at-end-of-file": "The last line is not ended. Press Return at the end of the file.",
    "new-lines": "This line ends in another way than the rest. Save the file with Unix line ends.",
    "trailing-spaces": "This line ends with spaces. Delete them.",
}


def lint(path: str, text: str, mode: Mode) -> Iterator[Problem]:
    """Yield what yamllint finds; in strict mode its warnings are errors, as for ``ilab``."""
    try:
        # The reference hands bytes over, whose byte order mark yamllint drops; a string keeps it.
        found = list(linter.run(text.removeprefix("\ufeff"), _config()))
    except Exception:  # a crash inside yamllint is an error of the file for the reference too
        message = "The layout of this file cannot be checked. Write it without unusual YAML features."
        yield Problem(path, 1, 1, "error", "lint-failed", message)
        return
    for item in found:
        severity: Severity = "warning" if item.level == "warning" and mode == "ci" else "error"
        rule = item.rule or "syntax"
        message = _MESSAGES.get(rule, f"The layout is wrong here: {item.desc}.")
        yield Problem(path, item.line, item.column, severity, f"lint-{rule}", message)


@cache
def _config() -> Any:
    return YamlLintConfig("{extends: relaxed, rules: {line-length: disable}}")
