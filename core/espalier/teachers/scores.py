"""Probabilities read from an endpoint's replies, in the forms that servers give them."""

import math
from collections.abc import Sequence
from typing import Any

from espalier.synthesis.words import agreement, plain

LEAST = -20.0  # nats: servers write -9999 or -inf for what they cut off, and a mean should survive that
_DOUBT = 0.1  # share of the probability that is spread evenly when only a short answer is known


def text_of(reply: Any) -> str:
    """Return what an endpoint's reply says, without the thoughts that some models put before it.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the reply is none.
    """
    choice = reply["choices"][0]
    text = choice["message"]["content"] if "message" in choice else choice["text"]
    if text is None:
        return ""
    if not isinstance(text, str):
        raise ValueError("an answer that is no text")
    text = text.encode(errors="replace").decode()  # half a character, which no file takes
    return text.rpartition("</think>")[2]


def token_count(reply: Any, text: str) -> int:
    """Return how many tokens a reply has, by its own count or about four letters each."""
    usage = reply.get("usage")
    count = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count >= 0 else max(1, len(text) // 4)


def mean_log_probability(reply: Any) -> float | None:
    """Return the mean log-probability per written token in nats, None where the reply tells none."""
    tokens = [_number(token.get("logprob")) for token in _tokens(reply)]
    known = [max(LEAST, value) for value in tokens if value is not None]
    return sum(known) / len(known) if known and len(known) == len(tokens) else None


def option_probabilities(reply: Any, options: Sequence[str]) -> list[float] | None:
    """Return the probability of each option among them, from the first token in which they differ.

    An option that is not among the tokens told gets half of the least that is told. None where the reply tells no
    alternatives, or its answer leaves what all options share before they differ. The reply was drawn at temperature 0.
    """
    wanted = [option.strip().casefold() for option in options]
    written = ""
    for token in _tokens(reply):
        told = _dictionaries(token.get("top_logprobs"))
        if not told:
            return None
        mass, ambiguous, least = [0.0] * len(options), 0.0, 1.0
        for other in told:
            value = _number(other.get("logprob"))
            begun = (written + _text(other)).lstrip().casefold()
            if value is None or not begun:
                continue
            fits = [
                place for place, option in enumerate(wanted) if option.startswith(begun) or begun.startswith(option)
            ]
            probability = math.exp(max(LEAST, value))
            least = min(least, probability)
            if len(fits) == 1:
                mass[fits[0]] += probability
            elif fits:
                ambiguous += probability
        if any(mass) and ambiguous < sum(mass):
            floored = [max(value, least / 2) for value in mass]
            return [value / sum(floored) for value in floored]
        likeliest = max(told, key=lambda other: _number(other.get("logprob")) or -math.inf)
        written = (written + _text(likeliest)).lstrip().casefold()  # mlx_lm.server does not tell which it wrote
        if not all(option.startswith(written) for option in wanted):
            return None
    return None


def shared_start(texts: Sequence[str]) -> str:
    """Return what all texts begin with."""
    first, last = min(texts), max(texts)
    return first[: next((place for place, letter in enumerate(first) if last[place] != letter), len(first))]


def compared(text: str, options: Sequence[str]) -> list[float]:
    """Return a probability for each option from a short answer alone: how far the answer agrees with it."""
    said = plain(text)
    exact = [float(bool(said) and plain(option) == said) for option in options]
    begun = [float(bool(plain(option)) and f"{said} ".startswith(f"{plain(option)} ")) for option in options]
    likeness = [agreement(text, option) for option in options]
    weights = next((weights for weights in (exact, begun, likeness) if any(weights)), [1.0] * len(options))
    return [(1 - _DOUBT) * weight / sum(weights) + _DOUBT / len(options) for weight in weights]


def echoed_log_probability(reply: Any, head: str, whole: str) -> float | None:
    """Return the mean log-probability of a prompt's end, from a completion that repeats the prompt.

    Args:
        reply: of ``/completions`` with ``echo`` and ``logprobs``.
        head: the prompt's beginning, which is not scored.
        whole: the prompt.
    """
    found = _choice(reply).get("logprobs")
    if not isinstance(found, dict):
        return None
    tokens, values = found.get("tokens"), found.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list) or len(tokens) != len(values):
        return None
    offsets = found.get("text_offset")
    if not isinstance(offsets, list) or len(offsets) != len(tokens):
        lengths = [len(str(token)) for token in tokens]
        offsets = [sum(lengths[:place]) for place in range(len(tokens))]
    start = offsets[0] if offsets else 0  # some servers count from what they wrote first
    scored = [
        _number(value)
        for value, offset in zip(values, offsets, strict=True)
        if len(head) <= offset - start < len(whole)
    ]
    known = [max(LEAST, value) for value in scored if value is not None]
    return sum(known) / len(known) if known and len(known) == len(scored) else None


def _choice(reply: Any) -> dict[str, Any]:
    choices = reply.get("choices") if isinstance(reply, dict) else None
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _tokens(reply: Any) -> list[dict[str, Any]]:
    found = _choice(reply).get("logprobs")
    tokens = found.get("content") if isinstance(found, dict) else None
    return _dictionaries(tokens)


def _dictionaries(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
    return float(value) if is_number else None


def _text(token: dict[str, Any]) -> str:
    """Return a token's text; some servers tell the vocabulary's own writing of blanks."""
    return str(token.get("token", "")).replace("Ġ", " ").replace("▁", " ").replace("Ċ", "\n")
