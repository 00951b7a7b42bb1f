"""A person's own words in a card, kept when the card is written again: section by section, as in a merge of three."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from espalier.files import write_text
from espalier.training.run import Run

HEAD = "---"
"""Name of the part before the first heading, the YAML head included."""

_WRITTEN, _EDITED = "card-written.md", "card.md"
_FENCE = re.compile(r"(`{3,}|~{3,})")


@dataclass(frozen=True)
class Merged:
    """A card with the person's words.

    Attributes:
        text: of the card.
        kept: headings of the parts in which the person's words stand, whatever Espalier would write there.
        outdated: those of them for which Espalier would now write something else than when they were edited.
    """

    text: str
    kept: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()


def merged(written: str, edited: str, now: str) -> Merged:
    """Return the card as it is written now, with what the person changed.

    Args:
        written: what Espalier wrote when the person began to edit.
        edited: what the person made of it.
        now: what Espalier writes now.
    """
    was, mine, new = (
        {name: part.strip("\n") for name, part in sections(card).items()} for card in (written, edited, now)
    )
    kept = tuple(name for name in mine if mine[name] != was.get(name))
    gone = was.keys() - mine.keys()
    outdated = [name for name in kept if name in was and was[name] != new.get(name)]
    outdated += [name for name in was if name in gone and new.get(name) not in (None, was[name])]
    parts = {name: text for name, text in new.items() if name not in gone} | {name: mine[name] for name in kept}
    text = "\n\n".join(parts[name] for name in _order(list(mine), list(new)) if parts.get(name))
    return Merged(f"{text}\n", kept, tuple(outdated))


def keep_card(run: Run, written: str, edited: str) -> None:
    """Keep what a person made of a card; what is as it was written is kept as nothing."""
    files = [run.folder / "share" / name for name in (_WRITTEN, _EDITED)]
    if edited == written:
        for file in files:
            file.unlink(missing_ok=True)
        return
    for file, text in zip(files, (written, edited), strict=True):
        write_text(file, text)


def with_edits(run: Run, now: str) -> Merged:
    """Return a card as it is written now with what the person changed in it before, if anything."""
    try:
        written, edited = ((run.folder / "share" / name).read_text(encoding="utf-8") for name in (_WRITTEN, _EDITED))
    except (OSError, UnicodeDecodeError):
        return Merged(now)
    return merged(written, edited, now)


def sections(card: str) -> Mapping[str, str]:
    """Return the parts of a card by their headings of the second level; together they are the card.

    A line in a code block is no heading. Headings of the same words have a number behind them.
    """
    parts: dict[str, list[str]] = {HEAD: []}
    name, fence = HEAD, ""
    for line in card.splitlines(keepends=True):
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and line.strip() == found[1] and found[1].startswith(fence):
            fence = ""
        if line.startswith("## ") and not fence:
            name = title = line[3:].strip()
            count = 1
            while name in parts:
                count += 1
                name = f"{title} ({count})"
            parts[name] = []
        parts[name].append(line)
    return {name: "".join(lines) for name, lines in parts.items()}


def _order(mine: list[str], new: list[str]) -> list[str]:
    """Return the headings in the person's order, each new one behind the one that it follows in the new card."""
    order = list(mine)
    for place, name in enumerate(new):
        if name not in order:
            before = next((each for each in reversed(new[:place]) if each in order), None)
            order.insert(order.index(before) + 1 if before else 0, name)
    return order
