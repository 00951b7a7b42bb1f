"""Defects of mlx-lm's trainer that ours avoids: each still there, so that we notice when a workaround can go."""

import inspect
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np
import pytest
from mlx import nn
from mlx.utils import tree_flatten
from mlx_lm.tuner import trainer as plain
from mlx_lm.tuner.datasets import CacheDataset, ChatDataset
from mlx_lm.tuner.lora import LoRASwitchLinear
from mlx_lm.tuner.utils import linear_to_lora_layers, remove_lora_layers
from random_models import RandomStudent, random_model

import espalier.metal  # first: it prepares the process for MLX
from espalier.errors import EspalierError
from espalier.language import Message, TrainRow
from espalier.metal.adapters import adapt, add_lora
from espalier.metal.batch import Layout, make_batch, mean_loss
from espalier.metal.model import MlxModel, load
from espalier.metal.recompute import recomputed
from espalier.metal.rows import Encoded, encode_all, encode_row
from espalier.metal.train import Trainer
from espalier.training.plan import epoch_batches
from espalier.training.settings import LoraSettings, TrainSettings

assert espalier.metal
SHAPE: dict[str, Any] = {"rank": 2, "scale": 2.0, "dropout": 0.0}
ROW = Encoded([5, 9, 30, 7, 22, 41], [3, 4, 5])


def turns(*texts: str) -> tuple[Message, ...]:
    return tuple(Message(("user", "assistant")[index % 2], text) for index, text in enumerate(texts))


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> MlxModel:
    return load(tiny_folder)


def as_data(student: MlxModel, rows: list[tuple[Message, ...]]) -> Any:
    return CacheDataset(
        ChatDataset([{"messages": [vars(m) for m in row]} for row in rows], student.tokenizer, mask_prompt=True)
    )


def test_its_sort_by_length_counts_the_keys_of_a_row(tiny: MlxModel) -> None:
    rows = [turns("Q", "a " * (7 * number % 40 + 1)) for number in range(32)]
    data = as_data(tiny, rows)
    assert {data.itemlen(index) for index in range(32)} == {1}
    real = [int(lengths[:, 1].sum()) / tokens.size for tokens, lengths in plain.iterate_batches(data, 4, 2048)]
    assert float(np.mean(real)) < 0.75
    lengths = [len(row.tokens) for row in encode_all(tiny, [TrainRow(row) for row in rows], TrainSettings()).rows]
    batches = epoch_batches(lengths, 4, 1, 0)
    ours = sum(lengths) / sum(max(lengths[index] for index in batch) * len(batch) for batch in batches)
    assert ours > 0.85


def test_its_loss_counts_a_token_of_padding_for_every_row() -> None:
    model = random_model("llama")
    padded = mx.array([[*ROW.tokens, 0, 0]])
    assert plain.default_loss(model, padded, mx.array([[3, 6]]))[1].item() == 4
    right = plain.default_loss(model, padded, mx.array([[3, 5]]))  # lengths that are shorter by one mend it
    assert right[1].item() == 3
    assert mean_loss(model, make_batch([ROW], Layout(packed=False, common=0))).item() == pytest.approx(right[0].item())


def test_its_loss_is_no_number_when_the_prompt_fills_the_cut_row(tiny: MlxModel) -> None:
    model = random_model("llama")
    assert mx.isnan(plain.default_loss(model, mx.array([ROW.tokens]), mx.array([[9, 6]]))[0]).item()
    rows = [TrainRow(turns("Why? " * 40, "So."))]
    assert encode_all(tiny, rows, TrainSettings(max_tokens=60)).left_out == 1


def test_it_masks_everything_before_the_last_answer(tiny: MlxModel) -> None:
    talk = turns("Who?", "He.", "When?", "Now.")
    tokens, offset = as_data(tiny, [talk])[0]
    assert "He." in tiny.tokenizer.decode(tokens[:offset])
    (row,) = encode_row(tiny, TrainRow(talk))
    assert "He." in tiny.tokenizer.decode([row.tokens[place] for place in row.answers])


def test_it_leaves_out_the_tail_and_refuses_few_rows(tiny: MlxModel) -> None:
    data = as_data(tiny, [turns("Q", "a")] * 7)
    assert sum(len(tokens) for tokens, _ in plain.iterate_batches(data, 4, 2048)) == 4
    with pytest.raises(ValueError, match="at least batch_size"):
        next(plain.iterate_batches(data, 8, 2048))
    assert sum(map(len, epoch_batches([5] * 7, 4, 1, 0))) == sum(map(len, epoch_batches([5] * 7, 8, 1, 0))) == 7


def test_it_adapts_nothing_when_a_key_is_misspelt() -> None:
    model = random_model("llama")
    model.freeze()
    linear_to_lora_layers(model, 2, {**SHAPE, "keys": ["self_attn.q_prj"]})
    assert not tree_flatten(model.trainable_parameters())
    with pytest.raises(EspalierError, match="no part “self_attn"):
        add_lora(random_model("llama"), LoraSettings(keys=("self_attn.q_prj",)), 1)


def test_it_adapts_all_layers_when_none_or_too_many_are_asked_for() -> None:
    for count in (0, 99):
        model = random_model("llama")
        model.freeze()
        linear_to_lora_layers(model, count, SHAPE)
        assert {name.split(".")[2] for name, _ in tree_flatten(model.trainable_parameters())} == {"0", "1"}
    student: Any = RandomStudent("llama")
    with pytest.raises(EspalierError, match="2 layers, not 99"):
        adapt(student, TrainSettings(lora=LoraSettings(layers=99)))


@pytest.mark.parametrize("bits", [3, 5, 6])
def test_its_dora_fails_on_odd_bits(bits: int) -> None:
    def can_pack(_: str, module: nn.Module) -> bool:
        return isinstance(module, nn.Linear) and module.weight.shape[-1] % 32 == 0

    def train_with_dora(model: Any) -> None:
        linear_to_lora_layers(model, 2, {**SHAPE, "keys": ["self_attn.q_proj"]}, use_dora=True)
        mx.eval(model(mx.array([[1, 2, 3]])))

    model = random_model("llama")
    nn.quantize(model, 32, bits, class_predicate=can_pack)
    with pytest.raises(ValueError, match="shape"):
        train_with_dora(model)
    student: Any = RandomStudent("llama")
    with pytest.raises(EspalierError, match=f"DoRA cannot train a student with weights of {bits} bits"):
        adapt(student, TrainSettings(method="dora"), frozenset({4, bits}))
    nn.quantize(student.model, 32, bits, class_predicate=can_pack)
    with pytest.raises(EspalierError, match="DoRA cannot train"):
        adapt(student, TrainSettings(method="dora"))


def test_its_dora_knows_no_experts() -> None:
    model = random_model("qwen3_moe")
    with pytest.raises(ValueError, match="doesn't support DoRA"):
        linear_to_lora_layers(model, 2, SHAPE, use_dora=True)
    student: Any = RandomStudent("qwen3_moe")
    with pytest.raises(EspalierError, match="mixture of experts"):
        adapt(student, TrainSettings(method="dora"))


def test_all_weights_of_a_packed_student_are_refused() -> None:
    student: Any = RandomStudent("llama")
    with pytest.raises(EspalierError, match="cannot be trained in a student of 4 bits"):
        adapt(student, TrainSettings(method="full"), frozenset({4}))


def test_its_checkpointing_stays_with_the_class() -> None:
    model = random_model("llama")
    kind = type(model.layers[0])
    before = kind.__call__
    with recomputed(model, 1):
        assert kind.__call__ is before
        assert type(model.layers[0]) is not kind
    assert type(model.layers[0]) is kind
    try:
        plain.grad_checkpoint(model.layers[0])
        assert kind.__call__ is not before
    finally:
        kind.__call__ = before


def test_it_averages_parts_of_unequal_size_as_if_they_were_equal() -> None:
    """Its step divides the sum of the parts' mean gradients by their number; ours weighs them by their tokens."""
    source = inspect.getsource(plain.train)
    assert "grad = tree_map(lambda x: x / grad_accum_steps, grad)" in source
    short, long = Encoded([5, 9, 30], [2]), Encoded([5, 9, *range(20, 40)], list(range(2, 22)))
    student: Any = RandomStudent("llama")
    settings = TrainSettings(lora=LoraSettings(rank=2), batch_rows=2, accumulation=2)
    adapt(student, settings)
    trainer = Trainer(student, [short, long], settings, layout=Layout(packed=False, common=0))
    losses = [mean_loss(student.model, make_batch([row], trainer.layout)).item() for row in (short, long)]
    assert trainer.update().loss == pytest.approx((losses[0] + 20 * losses[1]) / 21, abs=1e-5)


def test_its_training_keeps_weights_alone_and_no_optimizer(tmp_path: Path) -> None:
    model = random_model("llama")
    add_lora(model, LoraSettings(rank=2), 1)
    data = [(ROW.tokens, 3)] * 4
    arguments = plain.TrainingArgs(
        batch_size=2, iters=2, steps_per_save=1, adapter_file=str(tmp_path / "adapters.safetensors")
    )
    plain.train(model, optim.AdamW(1e-3), data, args=arguments)
    saved = {name for file in tmp_path.glob("*") for name in mx.load(str(file))}
    assert {name.rsplit(".", 1)[-1] for name in saved} == {"lora_a", "lora_b"}
    student: Any = RandomStudent("llama")
    settings = TrainSettings(lora=LoraSettings(rank=2))
    adapt(student, settings)
    trainer = Trainer(student, [ROW] * 4, settings)
    trainer.update()
    trainer.save(tmp_path / "checkpoint")
    kept = mx.load(str(tmp_path / "checkpoint" / "optimizer.safetensors"))
    assert {"step", "learning_rate"} < set(kept)
    assert any(name.endswith("lora_b.v") for name in kept)


def test_its_adam_makes_a_first_step_of_thrice_the_rate() -> None:
    assert inspect.signature(optim.AdamW.__init__).parameters["bias_correction"].default is False
    student: Any = RandomStudent("llama")
    settings = TrainSettings(lora=LoraSettings(rank=2), warm_up=0.0, weight_decay=0.0)
    adapt(student, settings)
    trainer = Trainer(student, [ROW] * 4, settings)
    before = dict(tree_flatten(student.model.trainable_parameters()))
    rate = trainer.update().learning_rate
    after = dict(tree_flatten(student.model.trainable_parameters()))
    largest = max(mx.max(mx.abs(after[name] - before[name])).item() for name in before)
    assert largest == pytest.approx(rate, rel=0.02)


def test_it_takes_no_layer_off_but_plain_lora() -> None:
    model = random_model("qwen3_moe")
    linear_to_lora_layers(model, 2, SHAPE)
    remove_lora_layers(model)
    assert any(isinstance(module, LoRASwitchLinear) for module in model.modules())
