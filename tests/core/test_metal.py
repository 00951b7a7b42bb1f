import json
from pathlib import Path

import mlx.core as mx
import pytest
from mlx import nn
from mlx_lm import generate
from mlx_lm.utils import load as load_plainly

import espalier.metal  # first: it prepares the process for MLX
from espalier.errors import EspalierError
from espalier.language import Message, Prompt, Sampling, TrainRow
from espalier.metal.backend import MlxBackend
from espalier.metal.linux import fast_swiglu
from espalier.metal.model import MlxModel, load
from espalier.metal.prefill import shared_prefix
from espalier.training.settings import LoraSettings, TrainSettings

assert espalier.metal
QUESTIONS = ("Who?", "What is the height of it?", "Where does the road go, and why?", "When?")
SETTINGS = TrainSettings(lora=LoraSettings(rank=4, dropout=0.1), epochs=3, batch_rows=3, save_every=2)


def ask(text: str) -> Prompt:
    return Prompt((Message("user", text),))


@pytest.fixture
def tiny(tiny_folder: Path) -> MlxModel:
    return load(tiny_folder)


@pytest.fixture
def rows() -> list[TrainRow]:
    return [
        TrainRow((Message("user", question), Message("assistant", f"It is number {index}.")))
        for index, question in enumerate(QUESTIONS * 2)
    ]


def test_a_batch_answers_as_mlx_lm_does_one_at_a_time(tiny: MlxModel, tiny_folder: Path) -> None:
    model, tokenizer = load_plainly(str(tiny_folder))[:2]
    prompts = [ask(question) for question in QUESTIONS]
    together = tiny.answer(prompts, Sampling(12))
    alone = [generate(model, tokenizer, tiny.encode(prompt), max_tokens=12).strip() for prompt in prompts]
    assert together == alone


def test_a_draw_depends_on_its_seed_and_not_on_its_place(tiny: MlxModel) -> None:
    sampling = Sampling(10, 0.9, 0.9)
    prompts = [ask(question) for question in QUESTIONS]
    first = tiny.answer(prompts, sampling, [1, 2, 3, 4])
    assert tiny.answer(prompts, sampling, [1, 2, 3, 4]) == first
    assert tiny.answer(prompts[::-1], sampling, [4, 3, 2, 1])[::-1] == first
    assert tiny.answer(prompts, sampling, [5, 6, 7, 8]) != first


def test_stop_texts_end_an_answer_wherever_they_fall_in_the_tokens(tiny: MlxModel) -> None:
    whole = tiny.answer([ask("Who?")], Sampling(30))[0]
    stop = whole[5:7]
    assert tiny.answer([ask("Who?")], Sampling(30, stop=(stop,)))[0] == whole.split(stop)[0].strip()


def test_log_probability_is_that_of_the_plain_model(tiny: MlxModel) -> None:
    pairs = [(ask(question), answer) for question, answer in zip(QUESTIONS, ("He.", "3 m", "Up", "Now!!"), strict=True)]
    for (prompt, text), score in zip(pairs, tiny.log_probability(pairs), strict=True):
        start, answer = tiny.encode(prompt), tiny.encode_text(text)
        scores = nn.log_softmax(tiny.model(mx.array([start + answer]))[0], axis=-1)
        plain = sum(scores[len(start) - 1 + place, token].item() for place, token in enumerate(answer)) / len(answer)
        assert score == pytest.approx(plain, abs=1e-4)


def test_options_are_told_apart_by_the_first_token_in_which_they_differ(tiny: MlxModel) -> None:
    options = ("Team: Billing", "Team: Returns", "Team: Account")
    for prompt, shares in zip(map(ask, QUESTIONS), tiny.choose([ask(q) for q in QUESTIONS], options), strict=True):
        tokens = tiny.encode(prompt) + tiny.encode_text("Team: ")
        scores = tiny.model(mx.array([tokens]))[0, -1, mx.array([tiny.encode_text(letter)[0] for letter in "BRA"])]
        assert shares == pytest.approx(mx.softmax(scores).tolist(), abs=1e-4)
    with pytest.raises(ValueError, match="no single token"):
        tiny.choose([ask("Who?")], ("Yes", "Yes, it is"))


def test_the_shared_prefix_leaves_every_prompt_a_token() -> None:
    assert shared_prefix([[1, 2, 3], [1, 2, 3]]) == 2
    assert shared_prefix([[1, 2, 3], [1, 2], [1, 2, 4]]) == 1
    assert shared_prefix([[5]]) == 0


def trained(model: Path, rows: list[TrainRow], run: Path) -> bytes:
    run.mkdir(parents=True, exist_ok=True)
    MlxBackend().train(model, rows, SETTINGS, run, lambda event: None)
    return (run / "adapter" / "adapters.safetensors").read_bytes()


def test_plain_mlx_lm_loads_the_adapter_and_answers_as_we_do(
    tiny_folder: Path, rows: list[TrainRow], tmp_path: Path
) -> None:
    trained(tiny_folder, rows, tmp_path)
    model, tokenizer = load_plainly(str(tiny_folder), adapter_path=str(tmp_path / "adapter"))[:2]
    ours = MlxBackend().load(tiny_folder, tmp_path / "adapter")
    plain = generate(model, tokenizer, ours.encode(ask("Who?")), max_tokens=12).strip()
    assert ours.answer([ask("Who?")], Sampling(12)) == [plain]


def test_the_4_bit_student_is_close_to_the_tuned_one_and_mlx_lm_reads_it(
    tiny_folder: Path, rows: list[TrainRow], tmp_path: Path
) -> None:
    trained(tiny_folder, rows, tmp_path)
    MlxBackend().quantize(tiny_folder, tmp_path / "adapter", tmp_path / "model-4bit")
    config = json.loads((tmp_path / "model-4bit" / "config.json").read_text())
    assert config["quantization"]["bits"] == 4
    assert config["quantization"]["model.embed_tokens"]["bits"] == 8
    model = load_plainly(str(tmp_path / "model-4bit"))[0]
    assert isinstance(model.layers[0].mlp.up_proj, nn.QuantizedLinear)
    tokens = mx.array([[5, 6, 7, 8]])
    tuned = MlxBackend().load(tiny_folder, tmp_path / "adapter").model(tokens)
    expanded = load(tmp_path / "model-4bit").model(tokens)
    assert mx.allclose(model(tokens), expanded, atol=1e-3)
    assert 0 < mx.mean(mx.abs(tuned - expanded)).item() < 0.2 * mx.mean(mx.abs(tuned)).item()


def test_the_faster_activation_and_its_gradient_are_those_of_swiglu() -> None:
    gate, x, weight = (mx.random.normal((5, 7), key=mx.random.key(seed)) * 9 for seed in (1, 2, 3))

    def ours(gate: mx.array, x: mx.array) -> mx.array:
        return (fast_swiglu(gate, x) * weight).sum()

    def plain(gate: mx.array, x: mx.array) -> mx.array:
        return (nn.silu(gate) * x * weight).sum()

    assert mx.allclose(fast_swiglu(gate, x), nn.silu(gate) * x, atol=1e-4)
    for first, second in zip(mx.grad(ours, (0, 1))(gate, x), mx.grad(plain, (0, 1))(gate, x), strict=True):
        assert mx.allclose(first, second, atol=1e-3)
    assert mx.isfinite(mx.grad(lambda gate: fast_swiglu(gate, gate).sum())(mx.array([-300.0, 300.0]))).all()


def test_a_truncated_or_foreign_model_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EspalierError, match="cannot be loaded"):
        load(tmp_path)
