"""Find models on the Hub that are made for MLX, with their sizes, licences and terms."""

from dataclasses import dataclass
from typing import Any

from huggingface_hub import ModelInfo, get_session, hf_raise_for_status

from espalier.sharing.hub import hub_api, patiently
from espalier.sharing.token import find_token
from espalier.sharing.trouble import telling

_MOST = 40
_NUMBER_BYTES = {"64": 8, "32": 4, "16": 2, "8": 1}  # by the digits in the name of a type of number
_MADE_FOR = ["mlx", "text-generation"]
_FACTS = ["downloads", "gated", "safetensors", "tags", "cardData", "config"]


@dataclass(frozen=True)
class Hit:
    """One model that was found.

    Attributes:
        bytes: of its weights; 0 where the Hub does not say.
        licence: "" where its card names none.
        downloads: of the last month.
        gated: whether its owner wants a consent first.
    """

    id: str
    bytes: int
    licence: str
    downloads: int
    gated: bool


def search(words: str, most: int = _MOST) -> list[Hit]:
    """Return the models whose id holds the words, the most fetched first.

    Raises:
        EspalierError: the Hub cannot be asked.
    """
    api: Any = hub_api(find_token())
    asked: Any = {"search": words.strip(), "sort": "downloads", "limit": most, "filter": _MADE_FOR, "expand": _FACTS}
    headers = {"authorization": f"Bearer {api.token}"} if api.token else {}

    def ask() -> list[ModelInfo]:
        # not `list_models`: without a network it says nothing for 23 seconds
        answer = get_session().get(f"{api.endpoint}/api/models", params=asked, headers=headers)
        hf_raise_for_status(answer)
        return [ModelInfo(**model) for model in answer.json()]  # type: ignore[no-untyped-call]

    with telling():
        return [_hit(model) for model in patiently(ask)]


def _hit(model: Any) -> Hit:
    card, tags = model.card_data or {}, [str(tag) for tag in model.tags or ()]
    tagged = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
    licence = str(card.get("license_name") or card.get("license") or tagged)
    return Hit(model.id, _bytes(model.safetensors), licence, int(model.downloads or 0), bool(model.gated))


def _bytes(weights: Any) -> int:
    """Return the bytes of all weights, from how many numbers of each type there are."""
    counts = getattr(weights, "parameters", None) or {}
    return sum(int(count) * _size_of(str(kind)) for kind, count in counts.items())


def _size_of(kind: str) -> int:
    return next((size for digits, size in _NUMBER_BYTES.items() if digits in kind), 2)
