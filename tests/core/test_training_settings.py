"""Settings that a person can change, and what is said about those that cannot be used."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.errors import EspalierError
from espalier.training.settings import METHODS, RATES, LoraSettings, TrainSettings, changed, check_settings, problems


def test_the_defaults_can_be_used() -> None:
    assert problems(TrainSettings()) == []
    assert LoraSettings(rank=16, scale=2.0).alpha == 32


def test_everything_that_is_wrong_is_said_at_once_and_says_what_to_do() -> None:
    wrong = TrainSettings(
        method="magic",
        schedule="steps",
        too_long="drop",
        lora=LoraSettings(rank=0, scale=0.0, dropout=1.0, layers=-1),
        learning_rate=-1.0,
        epochs=0,
        batch_rows=0,
        accumulation=0,
        max_tokens=1,
        save_every=0,
        clip=-1.0,
    )
    found = problems(wrong)
    assert len(found) == 14
    assert all("Choose " in text and text.endswith(".") for text in found)
    with pytest.raises(EspalierError, match="There is no method “magic”"):
        check_settings(wrong)


def test_values_are_changed_by_name_as_texts_or_as_values() -> None:
    made = changed(
        TrainSettings(),
        {"lora.rank": "8", "lora.keys": "q_proj, v_proj", "schedule": "linear", "checkpointing": "yes", "clip": 0},
    )
    assert made.lora == LoraSettings(rank=8, keys=("q_proj", "v_proj"))
    assert (made.schedule, made.checkpointing, made.clip) == ("linear", True, 0.0)
    assert changed(TrainSettings(), {"lora": {"rank": 3}}).lora.rank == 3


@pytest.mark.parametrize("method", METHODS)
def test_a_method_brings_its_own_rate_unless_one_is_given(method: str) -> None:
    assert changed(TrainSettings(), {"method": method}).learning_rate == RATES[method]
    assert changed(TrainSettings(), {"method": method, "learning_rate": "0.5"}).learning_rate == 0.5


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("ranks", "8", "no setting “ranks”"),
        ("lora.size", "8", "no setting “size”"),
        ("lora", "8", "no setting “lora”"),
        ("epochs", "many", "is 'many'. Give a whole number"),
        ("epochs", 1.5, "Give a whole number"),
        ("epochs", True, "Give a whole number"),
        ("learning_rate", "fast", "Give a number"),
        ("checkpointing", "maybe", "Give yes or no"),
    ],
)
def test_a_name_or_a_value_that_is_none_is_one_sentence(name: str, value: object, text: str) -> None:
    with pytest.raises(EspalierError, match=text):
        changed(TrainSettings(), {name: value})


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        TrainSettings,
        method=st.sampled_from(METHODS),
        lora=st.builds(LoraSettings, rank=st.integers(1, 99), keys=st.lists(st.text(min_size=1)).map(tuple)),
        learning_rate=st.floats(0, 1),
        checkpointing=st.booleans(),
        updates=st.integers(0, 9999),
    )
)
def test_settings_survive_the_runs_request(made: TrainSettings) -> None:
    assert changed(TrainSettings(), json.loads(json.dumps(asdict(made)))) == made
