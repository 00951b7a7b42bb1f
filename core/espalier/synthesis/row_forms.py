"""Questions and answers in the forms that people keep them in: one JSON object a line, a JSON list, or a table."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError

LARGEST = 200_000_000  # bytes; more would not be reviewed by a person
_PAIRS = (  # names of question, answer and the text that belongs to the question
    ("question", "answer", "context"),
    ("instruction", "output", "input"),  # Alpaca
    ("prompt", "completion", ""),
    ("user", "assistant", ""),  # InstructLab's train files
)
_ROLES = {"human": "user", "gpt": "assistant"}
KNOWN = "messages, prompt and completion, instruction, input and output, or question and answer"


@dataclass(frozen=True)
class Pair:
    """One question and answer; ``line`` is where it stands in its file, from 1 (in a JSON list: its place)."""

    line: int
    question: str
    answer: str
    context: str = ""


@dataclass(frozen=True)
class BadLine:
    """A line that holds no question and answer, and why."""

    line: int
    reason: str


def read_pairs(path: Path) -> tuple[list[Pair], list[BadLine]]:
    """Return the questions and answers of a file, and the lines that hold none.

    Raises:
        EspalierError: the file is missing, too large, or no text.
    """
    pairs: list[Pair] = []
    bad: list[BadLine] = []
    for line, value in read_values(path):
        found = pair_of(line, value)
        if isinstance(found, Pair):
            pairs.append(found)
        else:
            bad.append(found)
    return pairs, bad


def read_values(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield (line, value) of each row of a file; a text is the reason why the line cannot be read.

    Raises:
        EspalierError: as `read_pairs`.
    """
    if not path.is_file():
        raise EspalierError(f"There is no file {path}. Check the name.")
    if path.stat().st_size > LARGEST:
        raise EspalierError(f"{path.name} is over {LARGEST // 1_000_000} MB. Split it into smaller files.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise EspalierError(f"{path.name} is not UTF-8 text. Save it as JSON lines or CSV in UTF-8.") from error
    yield from _values(path, text)


def _values(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    if path.suffix.casefold() in (".csv", ".tsv"):
        table = csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix.casefold() == ".tsv" else ",")
        while True:
            try:
                row = next(table, None)
            except csv.Error as error:
                yield table.line_num, f"It is no row of a table: {error}."
                continue
            if row is None:
                return
            yield table.line_num, {str(name).strip().casefold(): value for name, value in row.items()}
    if text.lstrip().startswith("["):
        try:
            yield from enumerate(json.loads(text), 1)
        except (ValueError, RecursionError) as error:
            where = f"{path.name}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else path.name
            raise EspalierError(f"{where}: this is no JSON list. Mend it, or save one object a line.") from error
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = "It is no JSON object."
            yield number, value


def pair_of(line: int, value: Any) -> Pair | BadLine:
    """Return the question and answer that a row of any known form holds, or why it holds none."""
    if isinstance(value, str):
        return BadLine(line, value)
    if not isinstance(value, Mapping):
        return BadLine(line, "It is no JSON object.")
    turns = value.get("messages", value.get("conversations"))
    if turns is not None:
        return _conversation(line, turns)
    for names in _PAIRS:
        if names[0] in value and names[1] in value:
            question, answer, context = (value.get(name) if name else "" for name in names)
            if isinstance(question, list) and isinstance(answer, list):  # prompt and completion as turns
                return _conversation(line, [*question, *answer])
            return _checked(line, question, answer, context or "")
    return BadLine(line, f"It has none of the forms that are known: {KNOWN}.")


def _conversation(line: int, turns: Any) -> Pair | BadLine:
    said: list[tuple[Any, Any]] = []
    for turn in turns if isinstance(turns, Sequence) and not isinstance(turns, str) else [None]:
        if not isinstance(turn, Mapping):
            return BadLine(line, "Its messages are no list of turns with role and content.")
        role = turn.get("role", turn.get("from"))
        said.append((_ROLES.get(str(role), role), turn.get("content", turn.get("value"))))
    spoken = [(role, text) for role, text in said if role != "system"]
    if [role for role, _ in spoken] != ["user", "assistant"]:
        return BadLine(line, "It needs one message by user and then one by assistant. Split longer conversations.")
    return _checked(line, spoken[0][1], spoken[1][1], "")


def _checked(line: int, question: Any, answer: Any, context: Any) -> Pair | BadLine:
    if not all(isinstance(text, str) for text in (question, answer, context)):
        return BadLine(line, "Its question, answer or context is no text.")
    if not question.strip() or not answer.strip():
        return BadLine(line, "Its answer is empty." if question.strip() else "Its question is empty.")
    return Pair(line, question.strip(), answer.strip(), context.strip())
