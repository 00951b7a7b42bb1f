"""yamllint's verdict on the text of a leaf, with InstructLab's settings and our words."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, pairwise, starmap
from pathlib import Path
from typing import Any

from yamllint import linter
from yamllint.config import YamlLintConfig
from yamllint.parser import comments_between_tokens, line_generator

from espalier.errors import EspalierError
from espalier.taxonomy.problems import Mode, Problem, Severity
from espalier.taxonomy.source import Source

DEFAULT_RULES = "{extends: relaxed, rules: {line-length: disable}}"
_DISABLED = re.compile(r"#\s*yamllint disable-file\s*(\n|$)")
_UNUSUAL = re.compile("yamllint|[\x85\u2028\u2029\ufeff]")
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
    "line-length": "This line is longer than the rules allow. Break it into shorter lines.",
    "new-line-at-end-of-file": "The last line is not ended. Press Return at the end of the file.",
    "new-lines": "This line ends in another way than the rules ask. Save the file with the right line ends.",
    "trailing-spaces": "This line ends with spaces. Delete them.",
}


def lint(path: str, source: Source, mode: Mode, rules: str = DEFAULT_RULES) -> Iterator[Problem]:
    """Yield what yamllint finds; in strict mode its warnings are errors, as for ``ilab``.

    Args:
        path: as the problems show it.
        source: of the leaf.
        mode: whether yamllint's warnings are errors.
        rules: yamllint's settings as YAML; InstructLab's own by default.
    """
    if _DISABLED.match(source.text):
        return
    try:
        found = list(_found(source, _config(rules)))
    except Exception:  # a crash inside yamllint is an error of the file for the reference too
        message = "The layout of this file cannot be checked. Write it without unusual YAML features."
        yield Problem(path, 1, 1, "error", "lint-failed", message)
        return
    for item in found:
        severity: Severity = "warning" if item.level == "warning" and mode == "ci" else "error"
        message = _MESSAGES.get(item.rule, f"The layout is wrong here: {item.desc}.")
        yield Problem(path, item.line, item.column, severity, f"lint-{item.rule or 'syntax'}", message)


def _found(source: Source, config: Any) -> Iterator[Any]:
    """Yield yamllint's problems, from the tokens that are there already; linter.run would scan the text twice more."""
    text = source.text
    if _UNUSUAL.search(text):
        # Left to yamllint itself: directives in comments, line ends that only YAML knows, and a byte order mark.
        # It gets bytes, as from the reference: their mark it drops, that of a string it keeps.
        yield from linter.run(text.encode(), config)
        return
    rules = config.enabled_rules(None)
    tokens = [None, *source.tokens, None, None]
    for rule in rules:
        settings = config.rules[rule.ID]
        context: dict[str, Any] = {}
        if rule.TYPE == "token":
            places = zip(tokens[1:], tokens, tokens[2:], tokens[3:], strict=False)
            found = chain.from_iterable(rule.check(settings, *place, context) for place in places)
        elif rule.TYPE == "comment":
            comments = chain.from_iterable(starmap(comments_between_tokens, pairwise(tokens[1:-1])))
            found = chain.from_iterable(rule.check(settings, comment) for comment in comments)
        else:
            found = chain.from_iterable(rule.check(settings, line) for line in line_generator(text))
        for problem in found:
            problem.rule, problem.level = rule.ID, settings["level"]
            yield problem


def read_rules(path: Path) -> str:
    """Return the yamllint rules in a file, as ``ilab taxonomy diff --yaml-rules`` takes them.

    Raises:
        EspalierError: the file cannot be read, or yamllint refuses it.
    """
    try:
        rules = path.read_text(encoding="utf-8")
        _config(rules)
    except Exception as error:  # yamllint lets YAML's, Python's and its own errors through
        reason = str(error).strip().splitlines()
        raise EspalierError(
            f"{path} holds no rules for yamllint ({reason[0] if reason else 'unreadable'}). "
            "Begin it with “extends: relaxed”, then the rules to change."
        ) from error
    return rules


@cache
def _config(rules: str) -> Any:
    return YamlLintConfig(rules)
