"""Conversations in files, as InstructLab and others write them, to rows of a mixture and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.language import Message, TrainRow
from espalier.project import content_key
from espalier.synthesis.row_forms import BadLine, pair_of, read_values
from espalier.training.mixture import Row

_MARKS = ("<|user|>", "<|assistant|>")  # in InstructLab's rows of role “pretraining”


def train_row(row: Row) -> TrainRow:
    """Return a row as the student learns it."""
    turns = row.turns or (("user", row.question), ("assistant", row.answer))
    return TrainRow(tuple(Message(role, text) for role, text in turns), row.unmask)


def read_rows(path: Path, origin: str) -> list[Row]:
    """Return the conversations of a file; every form that samples can be imported from is read, and longer ones.

    Args:
        path: JSON lines, a JSON list or a table.
        origin: what the rows say of where they come from, unless they say it themselves.

    Raises:
        EspalierError: the file cannot be read, or a line is no conversation.
    """
    rows = []
    for line, value in read_values(path):
        row = _row(value, origin)
        if isinstance(row, str):
            raise EspalierError(f"{path}, line {line}: {row} Mend the line or take it out.")
        rows.append(row)
    if not rows:
        raise EspalierError(f"{path} holds no conversation. Give one JSON object with messages per line.")
    return rows


def _row(value: Any, origin: str) -> Row | str:
    """Return the row that a line holds, or a sentence on why it holds none."""
    messages = value.get("messages") if isinstance(value, Mapping) else None
    if messages is None:
        pair = pair_of(0, value)
        if isinstance(pair, BadLine):
            return pair.reason
        question = f"{pair.context}\n\n{pair.question}" if pair.context else pair.question
        return Row("", question, pair.answer, origin)
    turns = _turns(messages)
    if isinstance(turns, str):
        return turns
    about = _about(value.get("metadata"))
    unmask = bool(value.get("unmask")) or any(role == "pretraining" for role, _ in _said(messages))
    spoken = [turn for turn in turns if turn[0] != "system"]
    is_pair = len(turns) == 2
    row = Row(about.get("leaf", ""), spoken[0][1], spoken[-1][1], about.get("origin", origin), about.get("passage", ""))
    return replace(row, turns=() if is_pair else turns, unmask=unmask)


def _said(messages: Any) -> list[tuple[str, Any]]:
    entries = messages if isinstance(messages, list) else []
    return [(str(entry.get("role")), entry.get("content")) for entry in entries if isinstance(entry, Mapping)]


def _turns(messages: Any) -> tuple[tuple[str, str], ...] | str:
    said = _said(messages)
    if not said or len(said) != len(messages) or not all(isinstance(text, str) and text.strip() for _, text in said):
        return "Its messages are no list of turns, each with a role and a content that is not empty."
    if said[0][0] == "pretraining":
        parts = said[0][1].partition(_MARKS[0])[2].partition(_MARKS[1])
        if not parts[0].strip() or not parts[2].strip():
            return "Its pretraining text has no user and assistant parts."
        return (("user", parts[0].strip()), ("assistant", parts[2].strip()))
    roles = [role for role, _ in said if role != "system"]
    if "system" in [role for role, _ in said[1:]] or not roles or len(roles) % 2:
        return "Its messages must go from user to assistant and so on, after at most one system message."
    if roles != ["user", "assistant"] * (len(roles) // 2):
        return "Its messages must go from user to assistant and so on, and end with assistant."
    return tuple((role, text.strip()) for role, text in said)


def _about(metadata: Any) -> dict[str, str]:
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(metadata, Mapping):
        return {}
    return {name: text for name, text in metadata.items() if isinstance(text, str)}


def row_lines(rows: Sequence[Row]) -> str:
    """Return rows as JSON lines in InstructLab's form; `read_rows` gives the same rows back."""
    lines = []
    for row in rows:
        messages = [{"role": turn.role, "content": turn.content} for turn in train_row(row).messages]
        about = {"leaf": row.leaf, "origin": row.origin, "passage": row.passage}
        line: dict[str, Any] = {"messages": messages, "metadata": json.dumps(about, ensure_ascii=False)}
        line["id"] = content_key(messages, about)
        if row.unmask:
            line["unmask"] = True
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)
