"""Rebuild the tokenizer of a GGUF file, from its metadata, as the ``tokenizer.json`` of a model folder.

Two families: ``gpt2`` is byte-level BPE with a list of merges and a pre-tokenizer given by name; ``llama`` is
SentencePiece with a score for each piece, from which the merges follow.
"""

from collections.abc import Iterator

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE

from espalier.errors import EspalierError
from espalier.models.gguf_header import Header

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = range(1, 7)  # the format's token types
_LONGEST_TOKEN = 4096  # characters; finding the merges of a piece takes the square of its length
_SPACE = "▁"  # SentencePiece writes a space so

_CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
_GPT2 = rf"{_CONTRACTIONS}| ?\p{{L}}+| ?\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+|\s+(?!\S)|\s+"
_GPT4 = (
    rf"(?i:{_CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}%s| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA3 = (_GPT4 % "{1,3}",)
_SPLITS = {  # applied one after the other, each inside the pieces of the one before
    "smollm": (r"\p{N}", _GPT2),
    "gpt-2": (_GPT2,),
    "default": (r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", "[0-9][0-9][0-9]"),
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "qwen2": (_GPT4 % "",),
}
_ENDINGS = (
    "</s>",
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<end_of_turn>",
)


def build_tokenizer(header: Header) -> Tokenizer:
    """Return the tokenizer, with as many tokens as the file has and under the same ids.

    Raises:
        EspalierError: the kind of tokenizer or of pre-tokenizer is not one of those known here, or the lists
            of tokens, types, scores and merges do not fit together.
    """
    kind = header.text("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        raise EspalierError(
            f"{header.name} has a tokenizer of the kind “{kind}”; from GGUF, Espalier imports “gpt2” and "
            "“llama”. Get the model as a Hugging Face or MLX folder instead."
        )
    tokens = _tokens(header)
    try:
        tokenizer = _byte_level(header, tokens) if kind == "gpt2" else _sentence_piece(header, tokens)
        _add_special_tokens(tokenizer, tokens, _types(header))
        _add_template(tokenizer, header, tokens)
    except EspalierError:
        raise
    except Exception as error:  # the library raises bare Exception
        raise EspalierError(
            f"The tokenizer in {header.name} contradicts itself ({error}). Choose another file of the model."
        ) from error
    if tokenizer.get_vocab_size() != len(tokens):
        header.refuse("tokenizer.ggml.tokens")
    return tokenizer


def tokenizer_config(header: Header, longest: int) -> dict[str, object]:
    """Return ``tokenizer_config.json``.

    Args:
        header: of the file.
        longest: the model's context, in tokens.
    """
    tokens = _tokens(header)
    bos, eos = token_id(header, "bos"), token_id(header, "eos")
    named = {"bos": bos, "eos": eos, "pad": token_id(header, "padding"), "unk": token_id(header, "unknown")}
    if named["pad"] is None:
        named["pad"] = eos
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{f"{name}_token": tokens[token] for name, token in named.items() if token is not None},
        "model_max_length": longest,
        "clean_up_tokenization_spaces": False,
        "add_bos_token": _adds_bos(header),
        "add_eos_token": _adds_eos(header),
    }


def token_id(header: Header, role: str) -> int | None:
    """Return the id of ``bos``, ``eos``, ``eot``, ``eom``, ``padding`` or ``unknown``, or None.

    Raises:
        EspalierError: the id is not one of the vocabulary.
    """
    key = f"tokenizer.ggml.{role}_token_id"
    if key in header.metadata:
        token = header.integer(key)
    elif header.metadata.get("tokenizer.ggml.model") == "llama" and role in ("unknown", "bos", "eos"):
        token = ("unknown", "bos", "eos").index(role)  # SentencePiece's defaults
    else:
        return None
    if token >= len(_tokens(header)):
        header.refuse(key)
    return token


def end_tokens(header: Header) -> list[int]:
    """Return the ids that end an answer, the most important first: end of text, of turn, of message.

    Control tokens that are known by their text to end an answer count, too: a file names only some of them.
    """
    tokens, types = _tokens(header), _types(header)
    named = [token_id(header, role) for role in ("eos", "eot", "eom")]
    known = [token for token, text in enumerate(tokens) if text in _ENDINGS and types[token] == _CONTROL]
    ends = [token for token in dict.fromkeys([*named, *known]) if token is not None]
    if not ends:
        header.refuse("tokenizer.ggml.eos_token_id")
    return ends


def _tokens(header: Header) -> tuple[str, ...]:
    tokens = header.texts("tokenizer.ggml.tokens")
    if not tokens or len(set(tokens)) != len(tokens) or max(map(len, tokens)) > _LONGEST_TOKEN:
        header.refuse("tokenizer.ggml.tokens")
    return tokens


def _types(header: Header) -> tuple[float, ...]:
    tokens = _tokens(header)
    if "tokenizer.ggml.token_type" not in header.metadata:
        return (_NORMAL,) * len(tokens)
    return header.numbers("tokenizer.ggml.token_type", len(tokens))


def _byte_level(header: Header, tokens: tuple[str, ...]) -> Tokenizer:
    name = header.text("tokenizer.ggml.pre", "default")
    if name not in _SPLITS:
        raise EspalierError(
            f"{header.name} names the pre-tokenizer “{name}”, which Espalier does not know. "
            "Get the model as a Hugging Face or MLX folder instead."
        )
    pairs = [tuple(merge.split(" ")) for merge in header.texts("tokenizer.ggml.merges")]
    merges = [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]
    if len(merges) != len(pairs):
        header.refuse("tokenizer.ggml.merges")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(BPE(vocabulary, merges, ignore_merges=_SPLITS[name] is _LLAMA3))
    if name == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in _SPLITS[name]]
    alphabet = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, alphabet])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentence_piece(header: Header, tokens: tuple[str, ...]) -> Tokenizer:
    types = _types(header)
    scores = header.numbers("tokenizer.ggml.scores", len(tokens))
    vocabulary = {_shown(token, types[index]): index for index, token in enumerate(tokens)}
    unknown = token_id(header, "unknown")
    has_bytes = all(f"<0x{byte:02X}>" in vocabulary for byte in range(256))
    tokenizer = Tokenizer(
        BPE(
            vocabulary,
            _merges(tokens, types, scores),
            unk_token=None if unknown is None else tokens[unknown],
            fuse_unk=True,
            byte_fallback=has_bytes,
        )
    )
    spaces = normalizers.Replace(" ", _SPACE)
    back = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    if header.flag("tokenizer.ggml.add_space_prefix", True):
        # Text after a special token gets the space too, as in llama.cpp and the first Llama tokenizers.
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(_SPACE), spaces])
        back.append(decoders.Strip(" ", 1, 0))
    else:
        tokenizer.normalizer = normalizers.Sequence([spaces])
    tokenizer.decoder = decoders.Sequence(back)  # mlx-lm knows this sequence and streams it in linear time
    return tokenizer


def _merges(tokens: tuple[str, ...], types: tuple[float, ...], scores: tuple[float, ...]) -> list[tuple[str, str]]:
    """Return every pair of pieces that makes a piece, the pieces with the highest score first.

    SentencePiece merges whichever neighbours make the piece with the highest score, so each way to make it
    counts.
    """
    pieces = {token: index for index, token in enumerate(tokens) if types[index] == _NORMAL}
    ranked = sorted(pieces, key=lambda piece: (-scores[pieces[piece]], pieces[piece]))
    return [pair for piece in ranked for pair in _splits(piece, pieces)]


def _splits(piece: str, pieces: dict[str, int]) -> Iterator[tuple[str, str]]:
    for cut in range(1, len(piece)):
        if piece[:cut] in pieces and piece[cut:] in pieces:
            yield piece[:cut], piece[cut:]


def _shown(token: str, kind: float) -> str:
    """Return a user-defined piece as it stands in a text: it is found before spaces are rewritten."""
    return token.replace(_SPACE, " ") if kind == _USER_DEFINED else token


def _add_special_tokens(tokenizer: Tokenizer, tokens: tuple[str, ...], types: tuple[float, ...]) -> None:
    is_sentence_piece = isinstance(tokenizer.decoder, decoders.Sequence)
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == _CONTROL]
    defined = [token for token, kind in zip(tokens, types, strict=True) if kind == _USER_DEFINED]
    if is_sentence_piece:
        control += [token for token, kind in zip(tokens, types, strict=True) if kind == _UNKNOWN]
        defined = [_shown(token, _USER_DEFINED) for token in defined]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in defined])


def _adds_bos(header: Header) -> bool:
    is_usual = header.text("tokenizer.ggml.model") == "llama"
    is_usual = is_usual or _SPLITS.get(header.text("tokenizer.ggml.pre", "default")) is _LLAMA3
    return header.flag("tokenizer.ggml.add_bos_token", is_usual) and token_id(header, "bos") is not None


def _adds_eos(header: Header) -> bool:
    return header.flag("tokenizer.ggml.add_eos_token", False) and token_id(header, "eos") is not None


def _add_template(tokenizer: Tokenizer, header: Header, tokens: tuple[str, ...]) -> None:
    bos = token_id(header, "bos") if _adds_bos(header) else None
    eos = token_id(header, "eos") if _adds_eos(header) else None
    used = [(tokens[token], token) for token in (bos, eos) if token is not None]
    if not used:
        return
    before = [] if bos is None else [tokens[bos]]
    after = [] if eos is None else [tokens[eos]]
    single, second = [*before, "$A", *after], [*before, "$B:1", *after]
    tokenizer.post_processor = processors.TemplateProcessing(single, [*single, *second], list(dict(used).items()))
