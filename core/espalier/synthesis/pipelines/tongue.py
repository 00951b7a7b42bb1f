"""The language a leaf is written in, told by its commonest words."""

import re
from collections import Counter

from espalier.taxonomy.leaf import Leaf

_COMMON = {
    "en": "the of and to in is that it for was on are with as at this what which how who where when does do did",
    "fr": "le la les des une est et dans que qui pour sur pas du au aux par quelle quel comment combien où quand",
    "de": "der die das und ist nicht ein eine den dem zu mit auf für von im wie was wer wo wann welche welcher",
    "es": "el los las una que y en del por con para es no se su como cuál qué dónde cuándo quién cuántos",
    "it": "il lo gli una che di è e per con non del della sono come quale quali chi dove quando quanto",
    "pt": "o os as um uma que e em do da para com não é no na como qual quais quem onde quando",
    "nl": "de het een en van in is dat op te met voor niet zijn wat welke wie waar wanneer hoe",
}
_NAMES = {
    "en": "English",
    "fr": "French",
    "de": "German",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
}
_WORD = re.compile(r"[^\W\d_]+")
_OF_WORD = {code: frozenset(words.split()) for code, words in _COMMON.items()}


def language_code(leaf: Leaf) -> str:
    """Return the code of a leaf's language, such as ``fr``; "" where its words tell nothing."""
    text = " ".join(f"{seed.question} {seed.answer}" for seed in leaf.seeds).casefold()
    counts = Counter(_WORD.findall(text))
    told = {code: sum(counts[word] for word in words) for code, words in _OF_WORD.items()}
    best = max(told, key=lambda code: told[code])
    return best if told[best] else ""


def language_name(leaf: Leaf) -> str:
    """Return what a prompt calls a leaf's language."""
    return _NAMES.get(language_code(leaf), "the language of the examples")
