"""Conversations of a comparison on disk: one file each, to which every turn is appended as it happens.

A file in the project's ``chats/`` holds one JSON object a line: the ``chat`` itself, then each ``turn`` that was asked,
each ``answer`` as it ended, and ``cut`` where a turn and all after it were asked anew. What a crash tears off is the
last line at most.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.files import append_lines, read_lines
from espalier.project import Project

PANES = ("base", "tuned")
"""Names of the left and the right pane, whatever is in them."""


@dataclass(frozen=True)
class Answer:
    """What one pane said to a question.

    Attributes:
        text: as far as it was written.
        ended: end, length, stopped, or “failed: ” and a sentence; "" while it is being written.
        model: title, fingerprint and quantization of what answered.
        settings: how it was asked.
        figures: tokens, seconds_to_first, tokens_per_second, context (tokens) and memory (bytes).
        sources: what was in view, each with its document, leaf and text.
    """

    text: str = ""
    ended: str = ""
    model: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    sources: Sequence[Mapping[str, str]] = ()


@dataclass
class Turn:
    """One question and what the panes said.

    Attributes:
        leaf: path of the leaf that it asks about, "" where that is not known.
        sides: the panes as they were shown, left and right; a blind turn shuffles them.
        is_blind: whether their names were hidden until a vote.
        answers: by pane.
    """

    question: str
    leaf: str = ""
    sides: tuple[str, str] = ("base", "tuned")
    is_blind: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)


@dataclass
class Chat:
    """A conversation with both panes.

    Attributes:
        key: name of its file, without the ending.
        turns: in order.
        is_set: whether its questions have nothing to do with each other, so that none sees those before it.
    """

    key: str
    turns: list[Turn] = field(default_factory=list)
    is_set: bool = False

    @property
    def title(self) -> str:
        """Return the first question in one line, "" while there is none."""
        return " ".join(self.turns[0].question.split()) if self.turns else ""

    def conversation(self, pane: str, last: int) -> list[dict[str, str]]:
        """Return what a pane has to know to answer a turn: its own history, and the turn's question.

        A turn that the pane said nothing to is left out, so that questions and answers take turns.
        """
        messages: list[dict[str, str]] = []
        for turn in [] if self.is_set else self.turns[:last]:
            answer = turn.answers.get(pane, Answer())
            if answer.text.strip():
                messages += [_message("user", turn.question), _message("assistant", answer.text)]
        return [*messages, _message("user", self.turns[last].question)]


def chats_folder(project: Project) -> Path:
    """Return the folder of the conversations and votes."""
    return project.root / "chats"


def new_chat(project: Project, *, is_set: bool = False) -> Chat:
    """Return an empty conversation with a name that is free; nothing is written yet."""
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S")
    key, number = stamp, 1
    while chat_file(project, key).exists():
        number += 1
        key = f"{stamp}-{number}"
    return Chat(key, is_set=is_set)


def chat_file(project: Project, key: str) -> Path:
    """Return where a conversation is kept."""
    return chats_folder(project) / f"{key}.jsonl"


def note_turn(project: Project, chat: Chat) -> None:
    """Write down the question that was asked last."""
    turn = chat.turns[-1]
    lines: list[dict[str, Any]] = [{"type": "turn", "number": len(chat.turns) - 1, **_of_turn(turn)}]
    if not chat_file(project, chat.key).exists():
        lines.insert(0, {"type": "chat", "version": 1, "is_set": chat.is_set})
    append_lines(chat_file(project, chat.key), lines)


def note_answer(project: Project, chat: Chat, number: int, pane: str) -> None:
    """Write down an answer that has ended."""
    answer = asdict(chat.turns[number].answers[pane])
    append_lines(chat_file(project, chat.key), [{"type": "answer", "turn": number, "pane": pane, **answer}])


def note_cut(project: Project, chat: Chat, number: int) -> None:
    """Write down that a turn and those after it are no part of the conversation any more."""
    append_lines(chat_file(project, chat.key), [{"type": "cut", "turn": number}])


def list_chats(project: Project) -> list[Chat]:
    """Return the conversations that hold a question, the newest first; a file that is none is passed over."""
    found = []
    for path in sorted(chats_folder(project).glob("*.jsonl"), reverse=True):
        if path.name == "votes.jsonl":
            continue
        try:
            chat = read_chat(path)
        except (EspalierError, OSError):
            continue
        if chat.turns:
            found.append(chat)
    return found


def read_chat(path: Path) -> Chat:
    """Return a conversation from its file, or from one that was exported as JSON lines.

    Raises:
        EspalierError: it holds none.
    """
    try:
        lines = read_lines(path)
    except OSError as error:
        raise EspalierError(f"{path} cannot be read: {error.strerror or error}. Choose another file.") from error
    chat = Chat(path.stem)
    is_chat = False
    for line in lines:
        kind = line.get("type") if isinstance(line, dict) else None
        try:
            if kind == "chat":
                is_chat, chat.is_set = True, bool(line.get("is_set"))
            elif kind == "turn":
                del chat.turns[int(line["number"]) :]
                chat.turns.append(_turn_of(line))
            elif kind == "answer" and 0 <= int(line["turn"]) < len(chat.turns) and line["pane"] in PANES:
                chat.turns[int(line["turn"])].answers[line["pane"]] = _answer_of(line)
            elif kind == "cut":
                del chat.turns[int(line["turn"]) :]
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # a line of another version
    if not is_chat:
        raise EspalierError(f"{path} holds no conversation of Espalier. Choose a file that was exported from Compare.")
    return chat


def keep_copy(project: Project, chat: Chat) -> Chat:
    """Write a conversation from elsewhere into the project and return it under its new name."""
    copy = new_chat(project, is_set=chat.is_set)
    copy.turns = chat.turns
    append_lines(chat_file(project, copy.key), as_lines(copy))
    return copy


def as_lines(chat: Chat) -> list[dict[str, Any]]:
    """Return a conversation as the lines of its file, without what was cut."""
    lines: list[dict[str, Any]] = [{"type": "chat", "version": 1, "is_set": chat.is_set}]
    for number, turn in enumerate(chat.turns):
        lines.append({"type": "turn", "number": number, **_of_turn(turn)})
        for pane, answer in turn.answers.items():
            lines.append({"type": "answer", "turn": number, "pane": pane, **asdict(answer)})
    return lines


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _of_turn(turn: Turn) -> dict[str, Any]:
    sides = list(turn.sides)
    return {"question": turn.question, "leaf": turn.leaf, "sides": sides, "is_blind": turn.is_blind}


def _turn_of(line: Mapping[str, Any]) -> Turn:
    sides = tuple(line.get("sides", PANES))
    left, right = sides if sorted(sides) == sorted(PANES) else PANES
    return Turn(str(line["question"]), str(line.get("leaf", "")), (left, right), bool(line.get("is_blind")))


def _answer_of(line: Mapping[str, Any]) -> Answer:
    figures = {str(name): float(value) for name, value in dict(line.get("figures") or {}).items()}
    sources = [{str(name): str(text) for name, text in dict(source).items()} for source in line.get("sources") or ()]
    model = {str(name): str(text) for name, text in dict(line.get("model") or {}).items()}
    text, ended = str(line["text"]), str(line.get("ended", ""))
    return Answer(text, ended or "stopped", model, dict(line.get("settings") or {}), figures, sources)
