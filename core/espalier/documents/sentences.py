"""Sentences of a running text, cut so that their parts put together are the text again."""

import re

_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+\s++(?=[\"'“‘«(\[]*[^\W_a-zß-öø-ÿ])|[。！？]+[”’」』）]*\s*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"“‘])(?:[A-ZÀ-Þz]|Mr|Mrs|Ms|Dr|Prof|St|Mt|No|Nos|Nr|vs|etc|ca|approx|Jr|Sr|Fig|Figs|Eq|Sec|Ch|Vol"
    r"|ed|eds|al|cf|viz|resp|[^\W\d_]\.[^\W\d_]|z\.\s?B|d\.\s?h|u\.\s?a|pp?)\.$"
)
_LONGEST_ABBREVIATION = 12  # characters


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, each with the blank space behind it.

    A full stop ends no sentence after an abbreviation or an initial, inside a number, or before a small letter.
    """
    parts, start = [], 0
    for end in _END.finditer(text):
        stop = text[end.start() : end.end()].rstrip()
        before = text[max(start, end.start() - _LONGEST_ABBREVIATION) : end.start() + 1]
        if stop == "." and _ABBREVIATION.search(before):
            continue
        parts.append(text[start : end.end()])
        start = end.end()
    return [*parts, text[start:]] if start < len(text) else parts
