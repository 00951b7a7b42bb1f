"""Packed, sorted and one by one: the same loss and the same gradient on random models of many architectures."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlx import nn
from mlx.utils import tree_flatten, tree_map
from random_models import ALONE, PACKABLE, VOCABULARY, RandomStudent, random_model

import espalier.metal  # first: it prepares the process for MLX
from espalier.metal.adapters import adapt, add_lora
from espalier.metal.batch import Layout, make_batch, mean_loss
from espalier.metal.forward import hidden, logits, splits
from espalier.metal.packable import best_layout
from espalier.metal.positions import positions_per_token
from espalier.metal.recompute import recomputed
from espalier.metal.rows import Encoded
from espalier.metal.train import Trainer, plan_layout
from espalier.training.plan import balanced, epoch_batches, learning_rate, pack, parts
from espalier.training.settings import LoraSettings, TrainSettings

assert espalier.metal
COMMON = 4


def some_rows(lengths: tuple[int, ...] = (9, 16, 5, 12), common: int = COMMON) -> list[Encoded]:
    """Rows with a shared beginning; the second has loss on two turns."""
    start = [(7 * place + 3) % VOCABULARY for place in range(common)]
    rows = []
    for number, length in enumerate(lengths, 1):
        rest = [(31 * number + 17 * place * place) % VOCABULARY for place in range(length)]
        answers = [*range(common + 2, common + 4), *range(common + length - 2, common + length)]
        rows.append(Encoded(start + rest, sorted(set(answers))))
    return rows


def adapted(name: str) -> Any:
    """A random model with LoRA factors that do something."""
    model = random_model(name)
    add_lora(model, LoraSettings(rank=2), 5)
    model.update(tree_map(lambda value: value + 0.1 * mx.random.normal(value.shape), model.trainable_parameters()))
    model.eval()
    return model


def loss_and_gradient(model: Any, rows: list[Encoded], layout: Layout) -> tuple[float, dict[str, mx.array]]:
    with positions_per_token(model):
        loss, gradient = nn.value_and_grad(model, mean_loss)(model, make_batch(rows, layout))
        mx.eval(loss, gradient)
    return loss.item(), dict(tree_flatten(gradient))


def plain_loss(model: Any, row: Encoded) -> mx.array:
    """The row's summed loss from the whole model, written down without anything of ours."""
    scores = nn.log_softmax(model(mx.array([row.tokens[:-1]]))[0], axis=-1)
    return -sum(scores[place - 1, row.tokens[place]] for place in row.answers)


def one_by_one(model: Any, rows: list[Encoded]) -> tuple[float, dict[str, mx.array]]:
    def loss(model: Any) -> mx.array:
        return sum(plain_loss(model, row) for row in rows) / sum(len(row.answers) for row in rows)

    value, gradient = nn.value_and_grad(model, loss)(model)
    return value.item(), dict(tree_flatten(gradient))


def assert_alike(first: tuple[float, dict[str, mx.array]], second: tuple[float, dict[str, mx.array]]) -> None:
    assert first[0] == pytest.approx(second[0], abs=1e-5)
    assert first[1].keys() == second[1].keys()
    assert max(mx.max(mx.abs(first[1][name] - second[1][name])).item() for name in first[1]) < 1e-4
    assert max(mx.max(mx.abs(value)).item() for value in second[1].values()) > 1e-3


@pytest.mark.parametrize("name", PACKABLE)
def test_packed_sorted_and_one_by_one_agree(name: str) -> None:
    model, rows = adapted(name), some_rows()
    alone = one_by_one(model, rows)
    for packed in (False, True):
        for common in (0, COMMON):
            for bucket in (1, 32):
                assert_alike(loss_and_gradient(model, rows, Layout(packed, common, bucket)), alone)


@pytest.mark.parametrize("name", PACKABLE)
def test_an_architecture_of_plain_attention_is_packed(name: str) -> None:
    layout, verdict = best_layout(random_model(name))
    assert (layout.packed, layout.common) == (True, 1), verdict


@pytest.mark.parametrize("name", ALONE)
def test_a_window_or_a_state_falls_back_to_sorted_rows_and_is_right(name: str) -> None:
    model, rows = adapted(name), some_rows()
    layout, verdict = plan_layout(model, rows, TrainSettings())
    assert layout == Layout(packed=False, common=0)
    assert "window or a state" in verdict
    assert_alike(loss_and_gradient(model, rows, layout), one_by_one(model, rows))


def test_a_model_that_counts_positions_by_itself_is_not_packed() -> None:
    model = random_model("llama")
    table = mx.random.normal((512, 32))
    plain = type(model.model.embed_tokens)

    class Absolute(plain):  # type: ignore[misc, valid-type]
        def __call__(self, tokens: mx.array) -> mx.array:
            return super().__call__(tokens) + table[: tokens.shape[-1]]

    model.model.embed_tokens.__class__ = Absolute
    layout, verdict = best_layout(model)
    assert layout == Layout(packed=False, common=0)
    assert "other numbers" in verdict


@pytest.mark.parametrize("name", [*PACKABLE, *ALONE])
def test_the_head_alone_gives_the_whole_models_logits(name: str) -> None:
    model = random_model(name)
    tokens = mx.array([[5, 9, 2]])
    assert splits(model) or name in ("gemma3_text", "lfm2")
    assert mx.allclose(logits(model, hidden(model, tokens)), model(tokens), atol=1e-5)


@pytest.mark.parametrize("name", ["llama", "gemma3_text", "qwen3_moe"])
@pytest.mark.parametrize("packed", [False, True])
def test_recomputed_layers_have_the_same_gradient(name: str, packed: bool) -> None:
    model, rows = adapted(name), some_rows()
    layout = Layout(packed and name in PACKABLE, 0)
    kept = loss_and_gradient(model, rows, layout)
    with recomputed(model, 1):
        assert_alike(loss_and_gradient(model, rows, layout), kept)
    assert_alike(loss_and_gradient(model, rows, layout), kept)


def trainer(name: str = "llama", layout: Layout | None = None, **values: Any) -> Trainer:
    chosen: dict[str, Any] = {"lora": LoraSettings(rank=2), "batch_rows": 4, "epochs": 4, **values}
    rows = some_rows((9, 16, 5, 12, 7, 30, 11, 21))
    student: Any = RandomStudent(name)
    adapt(student, TrainSettings(**chosen))
    return Trainer(student, rows, TrainSettings(**chosen), layout=layout)


def test_recomputed_layers_drop_the_same_inputs_in_both_passes() -> None:
    """The gradient with dropout is that of the very loss that was computed: found by a small step along it."""
    made = trainer(lora=LoraSettings(rank=2, dropout=0.4), checkpointing=True)
    rows = made.batch_rows(0)

    def loss_at(step: float) -> float:
        with made._computing(3):
            made.model.update(tree_map(lambda value, slope: value - step * slope, start, gradient))
            return float(made._loss_and_gradient(rows)[0].item())

    start = made.model.trainable_parameters()
    with made._computing(3):
        gradient = made._loss_and_gradient(rows)[1]
    slope = sum((value**2).sum().item() for _, value in tree_flatten(gradient))
    small = 0.01 / slope**0.5
    assert (loss_at(-small) - loss_at(small)) / (2 * small) == pytest.approx(slope, rel=0.02)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_an_update_in_parts_is_the_update_of_all_rows(packed: bool, count: int) -> None:
    layout = Layout(packed, COMMON)
    whole, parted = trainer(layout=layout), trainer(layout=layout, accumulation=count)
    rows = whole.batch_rows(0)
    found = []
    for made in (whole, parted):
        with made._computing(1):
            loss, gradient = made._loss_and_gradient(rows)
        found.append((loss.item(), dict(tree_flatten(gradient))))
    assert_alike(*found)


def test_rows_of_one_length_are_sorted_and_rows_of_many_lengths_packed() -> None:
    model = random_model("llama")
    alike, verdict = plan_layout(model, some_rows((9,) * 16), TrainSettings())
    assert not alike.packed
    assert "alike" in verdict
    mixed, verdict = plan_layout(model, some_rows(tuple(5 + 37 * number % 90 for number in range(40))), TrainSettings())
    assert mixed.packed
    assert "saves" in verdict


def test_a_beginning_is_not_shared_where_layers_are_recomputed() -> None:
    assert plan_layout(random_model("llama"), some_rows(), TrainSettings())[0].common == COMMON
    assert plan_layout(random_model("llama"), some_rows(), TrainSettings(checkpointing=True))[0].common == 0


def test_nothing_below_the_first_adapted_layer_is_kept_for_the_gradient() -> None:
    def peak(layers: int) -> int:
        model = random_model("llama")
        model.model.layers = model.model.layers * 1 + [
            layer for _ in range(6) for layer in random_model("llama").layers
        ]
        add_lora(model, LoraSettings(rank=2, layers=layers), 5)
        batch = make_batch(some_rows((200,) * 8), Layout(packed=False, common=0))
        mx.eval(model.parameters(), batch)
        mx.reset_peak_memory()
        before = mx.get_active_memory()
        mx.eval(nn.value_and_grad(model, mean_loss)(model, batch))
        return int(mx.get_peak_memory() - before)

    assert peak(1) < 0.5 * peak(14)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=20), st.integers(0, 80))
def test_packing_keeps_every_row_once_and_never_costs_more_than_a_row_each(lengths: list[int], common: int) -> None:
    from espalier.training.plan import cost

    bins = pack(lengths, common)
    assert sorted(index for bin in bins for index in bin) == list(range(len(lengths)))
    width = max(sum(lengths[index] for index in bin) for bin in bins)
    assert cost(len(bins), width, common) <= cost(len(lengths), max(lengths), common)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=20), st.integers(1, 9))
def test_parts_and_bins_hold_every_row_once(lengths: list[int], count: int) -> None:
    for found in (parts(lengths, count), balanced(lengths, count)):
        assert len(found) <= count
        assert sorted(index for group in found for index in group) == list(range(len(lengths)))
        assert all(found)


@pytest.mark.parametrize("alike", [True, False])
def test_every_row_is_trained_once_an_epoch(alike: bool) -> None:
    lengths = [(7 * index) % 50 + 5 for index in range(101)]
    batches = epoch_batches(lengths, 8, 1, 0, alike=alike)
    assert sorted(index for batch in batches for index in batch) == list(range(101))
    padded = sum(max(lengths[index] for index in batch) * len(batch) for batch in batches)
    assert (sum(lengths) / padded > 0.85) is alike
    assert batches == epoch_batches(lengths, 8, 1, 0, alike=alike) != epoch_batches(lengths, 8, 1, 1, alike=alike)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_the_rate_warms_up_then_follows_its_schedule(schedule: str) -> None:
    made = TrainSettings(schedule=schedule)
    rates = [learning_rate(step, 100, made) for step in range(101)]
    assert rates[0] < rates[4] == pytest.approx(1e-3)
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[100] == pytest.approx(1e-3 if schedule == "constant" else 1e-4)
    middle = {"cosine": 5.5e-4, "linear": 5.5e-4, "constant": 1e-3}[schedule]
    assert learning_rate(52, 99, made) == pytest.approx(middle, rel=0.02)
    if schedule != "constant":
        assert (rates[20] > 1e-3 * (1 - 0.9 * 15 / 95)) is (schedule == "cosine")


@pytest.mark.slow  # MLX's CPU build runs a C++ compiler
@pytest.mark.parametrize("packed", [False, True])
def test_a_compiled_step_makes_the_same_updates_with_another_dropout_each_time(
    packed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def losses(is_compiled: bool, **values: Any) -> list[float]:
        monkeypatch.setattr("espalier.metal.train.compiles", lambda settings: is_compiled)
        made = [trainer(layout=Layout(packed, COMMON, 32 if is_compiled else 1), **values) for _ in range(2)]
        found = [made[0].update().loss for _ in range(made[0].steps)]
        first = [made[1].update().loss for _ in range(2)]
        made[1].save(tmp_path / "checkpoint")
        made[1].update()
        made[1].restore(tmp_path / "checkpoint")
        assert first + [made[1].update().loss for _ in range(2, made[1].steps)] == found
        return found

    mx.enable_compile()
    try:
        assert losses(True) == pytest.approx(losses(False), abs=1e-5)
        dropped = losses(True, lora=LoraSettings(rank=2, dropout=0.5), batch_rows=8, learning_rate=0.1)
        assert len(set(dropped)) == len(dropped)
        assert dropped == losses(True, lora=LoraSettings(rank=2, dropout=0.5), batch_rows=8, learning_rate=0.1)
    finally:
        mx.disable_compile()
