"""The short cuts of the scanner and the lint give what PyYAML and yamllint give, on whatever text."""

import random
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from taxonomy_texts import knowledge, skill, text_of
from yamllint import linter
from yamllint.config import YamlLintConfig

from espalier.taxonomy.lint import DEFAULT_RULES, lint
from espalier.taxonomy.scanning import Scanner
from espalier.taxonomy.source import ReadingError, parse, unix_lines

PIECES = [
    *(
        "#",
        " #",
        ":",
        ": ",
        "- ",
        "\n",
        "\n\n\n\n",
        "  ",
        " ",
        "\t",
        '"',
        "'",
        "|",
        ">",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
    ),
    *("*a", "!", "%", "\u2028", "\x85", "\xa0", "---\n", "...\n", "? ", "\ufeff", "😀", "\r", "words and words\n"),
    *("# yamllint disable-line\n", "# yamllint disable\n", "key: some words\n", "  more words\n", "C#: x\n", "a:b c\n"),
]
LONG = text_of(skill(task_description="word " * 60)) + text_of(knowledge()).replace("version: 3", "v: |\n  x")


def tokens(loader: Any) -> list[Any]:
    found: list[Any] = []
    try:
        while (token := loader.get_token()) is not None:
            marks = [(mark.index, mark.pointer, mark.line, mark.column) for mark in (token.start_mark, token.end_mark)]
            found.append((type(token), getattr(token, "value", None), getattr(token, "plain", None), *marks))
    except yaml.YAMLError as error:
        found.append(str(error))
    return found


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A long leaf with a few pieces of YAML dropped into it."""
    seed = draw(st.integers(0, 2**32))
    chance = random.Random(seed)
    text = LONG[chance.randrange(400) :][: chance.randrange(200, 1500)]
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(PIECES) + text[at + chance.choice((0, 0, 3)) :]
    return text


@example("\ufeff\ufeff:")  # the second mark is a key to YAML and nothing to yamllint
@settings(deadline=None, max_examples=150)
@given(st.one_of(broken(), st.lists(st.sampled_from(PIECES), max_size=20).map("".join)))
def test_tokens_and_layout_problems_are_those_of_the_libraries(text: str) -> None:
    assert tokens(Scanner(text)) == tokens(yaml.SafeLoader(text)) if yaml_takes(text) else True
    try:
        source = parse(text)
    except ReadingError:
        return
    theirs = linter.run(unix_lines(text).encode(), YamlLintConfig(DEFAULT_RULES))
    expected = sorted((item.line, item.column, f"lint-{item.rule or 'syntax'}") for item in theirs)
    assert sorted((item.line, item.column, item.code) for item in lint("x", source, "strict")) == expected


def yaml_takes(text: str) -> bool:
    try:
        yaml.SafeLoader(text)
    except yaml.reader.ReaderError:
        return False
    return True
