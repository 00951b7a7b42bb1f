"""A conversation with its votes as a file for others: Markdown to read, JSON lines to go on with."""

import json
import re
from collections.abc import Sequence

from espalier.comparison.chats import PANES, Answer, Chat, as_lines
from espalier.comparison.votes import Vote

FORMS = {"markdown": "md", "jsonl": "jsonl"}
_ENDS = {"stopped": "stopped", "length": "cut at the longest answer"}


def export_text(chat: Chat, votes: Sequence[Vote], form: str) -> str:
    """Return a conversation as the text of a file; ``form`` is one of `FORMS`."""
    own = [vote for vote in votes if vote.chat == chat.key and vote.turn < len(chat.turns)]
    own = [vote for vote in own if chat.turns[vote.turn].question == vote.question]
    if form == "jsonl":
        lines = [*as_lines(chat), *({"type": "vote", "turn": vote.turn, "choice": vote.choice} for vote in own)]
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return _markdown(chat, own)


def _markdown(chat: Chat, votes: Sequence[Vote]) -> str:
    parts = [f"# {chat.title}"]
    by_turn = {vote.turn: vote for vote in votes}
    for number, turn in enumerate(chat.turns):
        parts.append(f"## Question {number + 1}\n\n{_quoted(turn.question)}")
        for pane in turn.sides:
            answer = turn.answers.get(pane, Answer())
            title = " · ".join(filter(None, (answer.model.get(name, "") for name in ("title", "fingerprint"))))
            name = "Left" if pane == PANES[0] else "Right"
            parts.append(f"### {name}: {title or pane}\n\n{_fenced(answer.text) or '(no answer)'}")
            note = _ENDS.get(answer.ended, answer.ended if answer.ended.startswith("failed") else "")
            if note:
                parts.append(f"({note})")
            if answer.sources:
                named = dict.fromkeys(source.get("document", "") for source in answer.sources)
                parts.append(f"(with in view: {', '.join(named)})")
        if vote := by_turn.get(number):
            what = {"both": "both were fine", "neither": "neither was fine"}
            winner = "the left model" if vote.winner == PANES[0] else "the right model"
            parts.append(f"(blind vote: {what.get(vote.choice, winner)})")
    return "\n\n".join(parts) + "\n"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _fenced(text: str) -> str:
    """Return an answer as text that no reader of Markdown takes for headings, pictures or links of its own."""
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"
