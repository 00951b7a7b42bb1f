from importlib import import_module
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlx_lm.models.cache import make_prompt_cache

import espalier.metal  # first: it prepares the process for MLX
from espalier import cli
from espalier.errors import EspalierError
from espalier.language import Draft, Message, Prompt, Sampling, TooLongError
from espalier.metal import fitness, model
from espalier.metal.autotune import best_rows, writing_speed
from espalier.metal.decode import Room, Row, decode
from espalier.metal.fitness import try_model
from espalier.metal.forward import hidden, logits, splits
from espalier.metal.memory import token_bytes
from espalier.metal.model import MlxModel, load
from espalier.metal.prefill import Opening, alike, groups
from espalier.metal.written import Written
from espalier.models.folder import models_folder
from espalier.models.measured import Measured, measured

assert espalier.metal
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "rms_norm_eps": 1e-5,
    "vocab_size": 320,
    "tie_word_embeddings": True,
    "rope_theta": 10_000.0,
    "max_position_embeddings": 512,
}
SLIDING = {"sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"] * 2}
EXPERTS = {"num_experts_per_tok": 2, "num_local_experts": 4}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen3_moe": {
        **EXPERTS,
        "num_experts": 4,
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
        "moe_intermediate_size": 32,
        "norm_topk_prob": True,
    },
    "gemma3_text": {"sliding_window": 16, "sliding_window_pattern": 2, "query_pre_attn_scalar": 16},
    "gpt_oss": {**SLIDING, **EXPERTS, "rope_scaling": None, "tie_word_embeddings": False},
    "lfm2": {
        "norm_eps": 1e-5,
        "conv_bias": False,
        "conv_L_cache": 3,
        "block_dim": 64,
        "block_ff_dim": 128,
        "block_multiple_of": 16,
        "block_ffn_dim_multiplier": 1.0,
        "block_auto_adjust_ff_dim": False,
        "full_attn_idxs": [1, 3],
    },
    "granite": {
        "embedding_multiplier": 2.0,
        "attention_multiplier": 0.2,
        "logits_scaling": 4.0,
        "residual_multiplier": 0.5,
        "attention_bias": False,
        "mlp_bias": False,
    },
    "mamba": {
        "state_size": 16,
        "conv_kernel": 4,
        "use_bias": False,
        "use_conv_bias": True,
        "time_step_rank": 4,
    },
    "gemma2": {"query_pre_attn_scalar": 16},
}
WRONG_IN_BATCHES = {"mamba", "gemma2"}  # of mlx-lm 0.32: an upgrade that mends them fails here
HEAD_IS_NOT_APART = {"lfm2", "mamba", "gemma2"}


def random_model(name: str, **shape: Any) -> Any:
    module = import_module(f"mlx_lm.models.{name}")
    mx.random.seed(1)
    found = module.Model(module.ModelArgs.from_dict({**SHAPE, **ARCHITECTURES[name], **shape, "model_type": name}))
    found.eval()
    mx.eval(found.parameters())
    return found


def rows_of(prompts: list[list[int]], seeds: bool = False) -> list[Row]:
    return [
        Row(prompt, np.random.default_rng(index) if seeds else None, Written(lambda tokens: "", ()))
        for index, prompt in enumerate(prompts)
    ]


def tokens(seed: int, *lengths: int) -> list[list[int]]:
    draws = np.random.default_rng(seed)
    return [[int(token) for token in draws.integers(3, 300, length)] for length in lengths]


def alone(found: Any, prompt: list[int], most: int, ends: frozenset[int]) -> list[int]:
    """Return the greedy continuation as mlx-lm's own caches give it, one token after another."""
    cache, written = make_prompt_cache(found), list[int]()
    scores = found(mx.array([prompt]), cache=cache)
    while True:
        written.append(int(mx.argmax(scores[0, -1]).item()))
        if len(written) == most or written[-1] in ends:
            return written
        scores = found(mx.array([written[-1:]]), cache=cache)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_rows_written_together_are_those_written_alone(name: str) -> None:
    found = random_model(name)
    verdict = try_model(found)
    assert verdict.batches == (name not in WRONG_IN_BATCHES), verdict.reason
    assert splits(found) == verdict.splits == (name not in HEAD_IS_NOT_APART)
    beginning = tokens(9, 11)[0]
    prompts = [*tokens(1, 4, 30, 13, 2, 22, 7), *(beginning + rest for rest in tokens(2, 1, 5, 9, 2, 3))]
    ends = frozenset(range(0, 320, 5))
    rows = rows_of(prompts)
    decode(found, rows, Sampling(9), ends, Room(4 if verdict.batches else 1, 1 << 20))
    assert [row.written.tokens for row in rows] == [alone(found, prompt, 9, ends) for prompt in prompts]


def test_a_model_that_ignores_padding_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(self: Any, count: int, **_: Any) -> mx.array | None:
        return None if count == 1 else "causal"

    monkeypatch.setattr("mlx_lm.models.cache.BatchKVCache.make_mask", blind)
    verdict = try_model(random_model("llama"))
    assert not verdict.batches
    assert "differ from each row alone" in verdict.reason


def test_a_trial_that_says_nothing_about_the_architecture_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    found = random_model("llama")
    found.model.norm.weight = mx.full(found.model.norm.weight.shape, float("nan"))
    with pytest.raises(EspalierError, match="not numbers"):
        try_model(found)

    def fail(*_: Any) -> float:
        raise RuntimeError("[metal::malloc] Out of memory")

    monkeypatch.setattr(fitness, "_difference", fail)
    with pytest.raises(RuntimeError, match="Out of memory"):
        try_model(random_model("llama"))


def test_a_row_that_joins_later_draws_as_one_that_came_first() -> None:
    found, prompts = random_model("llama"), tokens(4, 9, 5, 12, 7, 3, 10, 6, 8, 4)
    ends = frozenset(range(0, 320, 6))
    written = []
    for most in (9, 3, 2):
        rows = rows_of(prompts, seeds=True)
        decode(found, rows, Sampling(12, 0.8, 0.9), ends, Room(most, 1 << 20), scored=True)
        written.append([row.written.tokens for row in rows])
        for row in rows:
            assert len(row.scores) == len(row.written.tokens)
    assert written[0] == written[1] == written[2]


def test_no_more_rows_than_fit_are_written_at_once() -> None:
    found, prompts = random_model("llama"), tokens(5, 10, 10, 40, 10, 10, 10)
    steps = list[int]()
    rows = rows_of(prompts)
    decode(found, rows, Sampling(5), frozenset(), Room(4, 50), on_progress=steps.append)
    assert sum(steps) == 5 * len(rows)
    assert max(steps) == 3  # of 15 tokens each in room for 50
    assert steps[:5] == [1] * 5  # the long one is alone
    decode(found, rows_of(prompts), Sampling(5), frozenset(), Room(4, 1), on_progress=steps.append)


@given(
    waiting=st.lists(st.integers(1, 50), min_size=1, max_size=12),
    present=st.integers(0, 6),
    room=st.builds(Room, st.integers(1, 8), st.integers(1, 300)),
)
@settings(deadline=None)
def test_admission_keeps_to_the_room_and_never_stalls(waiting: list[int], present: int, room: Room) -> None:
    longest = 20 if present else 0
    count = room.admits(present, waiting, longest)
    assert 0 <= count <= len(waiting)
    if present == 0:
        assert count >= 1
    if count > 1 or (count and present):
        assert present + count <= room.rows
        assert max(longest, *waiting[:count]) * (present + count) <= room.tokens


@given(st.lists(st.lists(st.integers(0, 1), min_size=2, max_size=30), min_size=1, max_size=12))
@settings(deadline=None, max_examples=200)
def test_groups_hold_every_prompt_once_and_spare_tokens(prompts: list[list[int]]) -> None:
    parts = groups(prompts, 0, [1] * len(prompts))
    assert sorted(index for part in parts for index in part) == list(range(len(prompts)))
    assert [max(len(prompts[index]) for index in part) for part in parts] == sorted(
        (max(len(prompts[index]) for index in part) for part in parts), reverse=True
    )


def test_questions_about_the_same_fact_are_read_as_one_group() -> None:
    facts = tokens(6, 20, 25, 12)
    prompts = [[*fact, *rest] for rest in tokens(7, 1, 3, 2) for fact in facts]
    parts = groups(prompts, 0, [1] * len(prompts))
    assert sorted(sorted(part) for part in parts) == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


@pytest.mark.parametrize("kept", [1, 3])
def test_states_after_a_group_are_those_of_the_whole_prompt(kept: int) -> None:
    found = random_model("llama")
    beginnings = tokens(11, 6, 9)
    prompts = [[1, 2, 3, *beginning, *rest] for beginning in beginnings for rest in tokens(12, 4, 8, 5)]
    opening = Opening(found, prompts, [kept] * len(prompts))
    assert opening.tokens == [1, 2, 3]
    states = opening.read(prompts, [kept] * len(prompts))[1]
    for prompt, state in zip(prompts, states, strict=True):
        assert mx.allclose(state, hidden(found, mx.array([prompt]))[0, -kept:], atol=1e-4)


def test_rows_that_only_score_are_padded_to_rows_of_like_length() -> None:
    found = random_model("llama")
    prompts = [*tokens(14, 3, 40, 17, 38, 5, 4, 41, 4), *([1, 2, 3, 4, 5, *rest] for rest in tokens(15, 30, 2, 9))]
    kept = [index % 3 + 1 for index in range(len(prompts))]
    seen = list[int]()
    for part, states in Opening(found, prompts, kept).states(prompts, kept):
        for index, state in zip(part, states, strict=True):
            alone = hidden(found, mx.array([prompts[index]]))[0, -kept[index] :]
            assert mx.allclose(state[-kept[index] :], alone, atol=1e-4)
        seen += part
    assert sorted(seen) == list(range(len(prompts)))


@given(st.lists(st.integers(1, 100), max_size=60))
@settings(deadline=None)
def test_parts_of_like_length_waste_little(lengths: list[int]) -> None:
    parts = alike(lengths)
    assert sorted(index for part in parts for index in part) == list(range(len(lengths)))
    for part in parts:
        for index in part[4:]:
            assert lengths[index] >= 0.75 * max(lengths[other] for other in part)


def test_a_long_prompt_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    found, prompts = random_model("llama"), tokens(13, 60, 41, 9)
    whole = Opening(found, prompts, [2] * 3).read(prompts, [2] * 3)[1]
    monkeypatch.setattr("espalier.metal.prefill.PREFILL_TOKENS", 21)
    parts = Opening(found, prompts, [2] * 3).read(prompts, [2] * 3)[1]
    assert mx.allclose(whole, parts, atol=1e-4)


LETTERS = "abé€🙂 \n"


def encoded(text: str) -> list[int]:
    return list(text.encode())


def decoded(given: Any) -> str:
    return bytes(given).decode(errors="replace")


@given(
    text=st.text(LETTERS, max_size=40),
    stops=st.lists(st.text(LETTERS, min_size=1, max_size=5), max_size=3),
)
@settings(deadline=None, max_examples=300)
def test_a_stop_text_is_seen_at_its_last_token_and_not_before(text: str, stops: list[str]) -> None:
    written, longest = Written(decoded, stops), 0

    def decode_and_count(part: Any) -> str:
        nonlocal longest
        longest = max(longest, len(part))
        return decoded(part)

    written._decode = decode_and_count
    for end, token in enumerate(encoded(text), 1):
        is_there = any(stop in decoded(encoded(text)[:end]) for stop in stops)
        assert written.add(token) == is_there
        if is_there:
            break
    assert longest <= 12  # a window of the text, not all of it


def test_an_answer_ends_before_its_stop_text_and_its_other_tokens_do_not_count(tiny_folder: Path) -> None:
    tiny = load(tiny_folder)
    prompt = Prompt((Message("user", "Who?"),))
    whole = tiny.draw([prompt], Sampling(30), [0])[0]
    stop = whole.text[7:10]
    draft = tiny.draw([prompt], Sampling(30, stop=(stop,)), [0])[0]
    assert draft.text == whole.text.split(stop)[0].strip()


def test_rows_are_told_as_they_end_and_a_cancelled_call_keeps_them(tiny_folder: Path) -> None:
    tiny, told = load(tiny_folder), dict[int, Draft]()
    prompts = [Prompt((Message("user", "why " * number),)) for number in range(1, 8)]
    tiny.rows = 3
    whole = tiny.draw(prompts, Sampling(9, 0.9), list(range(7)))

    class CancelledError(BaseException):
        pass

    def keep(index: int, draft: Draft) -> None:
        told[index] = draft
        if len(told) == 4:
            raise CancelledError

    with pytest.raises(CancelledError):
        tiny.draw(prompts, Sampling(9, 0.9), list(range(7)), on_row=keep)
    assert told == {index: whole[index] for index in told}
    answers = dict[int, str]()
    found = tiny.answer(prompts, Sampling(5), on_row=lambda index, text: answers.update({index: text}))
    assert [answers[index] for index in range(7)] == found


def test_what_does_not_fit_the_context_is_told_before_anything_is_computed() -> None:
    class Encoder:
        eos_token_ids = frozenset({0})

        def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> list[int]:
            return [5] * len(messages[0]["content"])

        def encode(self, text: str, **_: Any) -> list[int]:
            return [5] * len(text)

        def decode(self, given: list[int]) -> str:
            return "a" * len(given)

    small = MlxModel(random_model("llama", max_position_embeddings=40), Encoder())
    prompts = [Prompt((Message("user", "x" * length),)) for length in (10, 35, 30, 31)]
    assert small.context_length == 40
    for call in (
        lambda: small.answer(prompts, Sampling(10)),
        lambda: small.draw(prompts, Sampling(10), [0] * 4),
        lambda: small.log_probability([(prompt, "y" * 10) for prompt in prompts]),
    ):
        with pytest.raises(TooLongError, match="35 tokens with 10 for its answer is more than the 40") as caught:
            call()
        assert set(caught.value.rows) == {1, 3}
    assert len(small.answer([prompts[0], prompts[2]], Sampling(10))) == 2


def test_the_verdict_is_kept_and_used_and_told(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = list[Any]()

    def refuse(found: Any) -> Measured:
        tried.append(found)
        return Measured(False, True, "its rows in a batch differ from each row alone (off by at most 30.0%).")

    assert cli.main(["models", "info", str(tiny_folder)]) == 0
    assert "found out when it is first used" in capsys.readouterr().out
    monkeypatch.setattr(model, "try_model", refuse)
    first = load(tiny_folder)
    again = load(tiny_folder)
    assert len(tried) == 1
    for loaded in (first, again):
        assert loaded.rows == 1
        loaded.rows = 16  # asked of a model that cannot
        assert loaded.rows == 1
    most = list[int]()
    prompts = [Prompt((Message("user", text),)) for text in ("Who?", "Where, then?", "Why?")]
    answers = again.answer(prompts, Sampling(6), on_progress=most.append)
    assert set(most) == {1}
    assert cli.main(["models", "info", str(tiny_folder)]) == 0
    assert "One row at a time: its rows in a batch differ" in capsys.readouterr().out
    monkeypatch.setattr(model, "measured", lambda path: None)
    monkeypatch.setattr(model, "try_model", fitness.try_model)
    together = load(tiny_folder)
    assert together.answer(prompts, Sampling(6)) == answers
    pairs = [(prompt, "He is.") for prompt in prompts]
    assert again.log_probability(pairs) == pytest.approx(together.log_probability(pairs), abs=1e-4)


def test_the_best_number_of_rows_is_measured_once_and_remembered(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds = {8: 80.0, 16: 150.0, 32: 240.0, 64: 250.0, 128: 900.0}
    monkeypatch.setattr(model, "writing_speed", lambda found: speeds.__getitem__)
    assert load(tiny_folder).rows == 32
    monkeypatch.setattr(model, "writing_speed", lambda found: None)
    assert load(tiny_folder).rows == 32
    kept = measured(tiny_folder)
    assert kept is not None
    assert "32 rows are computed together, 240 tokens/s" in kept.line()


@pytest.mark.parametrize(("most", "rows"), [(1000, 64), (40, 32), (8, 8), (1, 8)])
def test_rows_grow_while_throughput_does_and_memory_lasts(most: int, rows: int) -> None:
    def saturating(count: int) -> float:
        return 100 * min(count, 64)

    assert best_rows(saturating, most)[0] == rows


def test_a_busy_moment_does_not_end_the_search() -> None:
    hits = list[int]()

    def stumbling(count: int) -> float:
        hits.append(count)
        return 1.0 if hits.count(16) == 1 and count == 16 else 10.0 * min(count, 32)

    assert best_rows(stumbling, 1000)[0] == 32


def test_real_speed_is_a_number(tiny_folder: Path) -> None:
    tiny = load(tiny_folder)
    assert writing_speed(tiny.model)(8) > 0
    layers, heads, width, size, both = 2, 2, 16, 4, 2
    assert token_bytes(tiny.model) == layers * heads * width * size * both
    assert logits(tiny.model, hidden(tiny.model, mx.array([[1]]))).shape == (1, 1, 320)


def test_damaged_measurements_are_made_again(tiny_folder: Path) -> None:
    load(tiny_folder)
    (kept,) = (models_folder().parent / "measured").iterdir()
    kept.write_text("{")
    assert measured(tiny_folder) is None
    load(tiny_folder)
    assert measured(tiny_folder) is not None
