"""Which tokens of a conversation carry loss, and what becomes of rows that are too long."""

import json
import shutil
from pathlib import Path

import mlx.core as mx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlx import nn

import espalier.metal  # first: it prepares the process for MLX
from espalier.errors import EspalierError
from espalier.language import Message, Prompt, TrainRow
from espalier.metal.batch import Layout, make_batch, mean_loss
from espalier.metal.model import MlxModel, load
from espalier.metal.prefill import shared_prefix
from espalier.metal.rows import Encoded, describe, encode_all, encode_row
from espalier.training.settings import TrainSettings, allowed

assert espalier.metal
TALK = (
    Message("system", "Be brief."),
    Message("user", "Who?"),
    Message("assistant", "He."),
    Message("user", "And when?"),
    Message("assistant", "Now, I think."),
)


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> MlxModel:
    return load(tiny_folder)


def learned(student: MlxModel, row: Encoded) -> list[str]:
    """The runs of tokens that carry loss, as text."""
    runs: list[list[int]] = []
    for place in row.answers:
        if runs and place - 1 in row.answers:
            runs[-1].append(row.tokens[place])
        else:
            runs.append([row.tokens[place]])
    return [str(student.tokenizer.decode(run)) for run in runs]


def test_a_row_ends_with_the_end_of_turn_and_begins_its_loss_at_the_answer(tiny: MlxModel) -> None:
    (row,) = encode_row(tiny, TrainRow((Message("user", "Who?"), Message("assistant", "He."))))
    assert learned(tiny, row) == ["He.<|im_end|>"]
    assert row.tokens[: row.first] == tiny.encode(Prompt((Message("user", "Who?"),)))
    assert row.answers[-1] == len(row.tokens) - 1


def test_every_assistant_turn_carries_loss_and_nothing_else(tiny: MlxModel) -> None:
    (row,) = encode_row(tiny, TrainRow(TALK))
    assert learned(tiny, row) == ["He.<|im_end|>", "Now, I think.<|im_end|>"]


def test_an_unmasked_row_carries_loss_on_texts_and_not_on_framing_or_system(tiny: MlxModel) -> None:
    (row,) = encode_row(tiny, TrainRow(TALK, unmask=True))
    assert learned(tiny, row) == ["Who?", "He.", "And when?", "Now, I think.<|im_end|>"]
    (row,) = encode_row(tiny, TrainRow((Message("user", "A document, whole."),), unmask=True))
    assert learned(tiny, row) == ["A document, whole.<|im_end|>"]


def with_template(folder: Path, copy: Path, template: str) -> MlxModel:
    shutil.copytree(folder, copy)
    config = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": template}))
    return load(copy)


def test_a_template_that_writes_its_last_turn_in_another_way_gives_a_row_for_each_turn(
    tiny_folder: Path, tmp_path: Path
) -> None:
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
        "{% if m['role'] == 'assistant' and loop.last %}<t></t>{% endif %}{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    student = with_template(tiny_folder, tmp_path / "other", template)
    rows = encode_row(student, TrainRow(TALK))
    assert [learned(student, row) for row in rows] == [["<t></t>He.<|im_end|>"], ["<t></t>Now, I think.<|im_end|>"]]
    for index, row in zip((2, 4), rows, strict=True):
        assert row.tokens[: row.first] == student.encode(Prompt(TALK[:index]))


def test_a_template_without_an_end_of_turn_still_teaches_to_stop(tiny_folder: Path, tmp_path: Path) -> None:
    template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    template += "{% if add_generation_prompt %}assistant: {% endif %}"
    student = with_template(tiny_folder, tmp_path / "plain", template)
    (row,) = encode_row(student, TrainRow(TALK[1:3]))
    assert learned(student, row) == ["He.\n<|im_end|>"]


def test_a_generation_prompt_that_is_no_prefix_is_trained_as_it_is_asked(tiny_folder: Path, tmp_path: Path) -> None:
    """As in Gemma 4's template, where mlx-lm puts the first answer token behind the end of the row (#1355)."""
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n<think>a long and different beginning</think>{% endif %}"
    )
    student = with_template(tiny_folder, tmp_path / "thinking", template)
    (row,) = encode_row(student, TrainRow(TALK[1:3]))
    assert row.tokens[: row.first] == student.encode(Prompt(TALK[1:2]))
    assert learned(student, row) == ["He.<|im_end|>"]


@pytest.mark.parametrize(
    "messages", [(Message("user", "Who?"), Message("assistant", " ")), (Message("user", "Who?"),), ()]
)
def test_a_row_without_an_answer_is_refused(tiny: MlxModel, messages: tuple[Message, ...]) -> None:
    with pytest.raises(EspalierError, match="empty answer"):
        encode_row(tiny, TrainRow(messages))


def test_rows_that_are_too_long_are_cut_or_left_out_and_told(tiny: MlxModel) -> None:
    rows = [TrainRow((Message("user", "Who?"), Message("assistant", "He " * count))) for count in (1, 20)]
    rows.append(TrainRow((Message("user", "Who? " * 50), Message("assistant", "He"))))  # its answer is beyond any cut
    cut = encode_all(tiny, rows, TrainSettings(max_tokens=60))
    assert [len(row.tokens) <= 60 for row in cut.rows] == [True, True]
    assert (cut.cut, cut.left_out) == (1, 1)
    assert all(row.answers and row.answers[-1] < len(row.tokens) for row in cut.rows)
    assert [(told.kind, told.text) for told in describe(cut)] == [
        ("cut", "Rows longer than allowed: 1. What is beyond the limits is not learned."),
        ("left out", "Rows longer than allowed that were left out: 1."),
    ]
    left = encode_all(tiny, rows, TrainSettings(max_tokens=60, too_long="leave out"))
    assert (len(left.rows), left.cut, left.left_out) == (1, 0, 2)


def test_questions_and_answers_have_limits_of_their_own(tiny: MlxModel) -> None:
    talk = (Message("system", "Help."), Message("user", "Begin. " + "some words " * 30 + "Who?"))
    rows = [TrainRow((*talk, Message("assistant", "He " * count))) for count in (1, 20)]
    whole = encode_all(tiny, rows, TrainSettings())
    answer = whole.lengths[0][0] - whole.lengths[0][1]
    cut = encode_all(tiny, rows, TrainSettings(max_input=60, max_output=answer))
    assert (cut.cut, cut.left_out, cut.lengths) == (2, 0, whole.lengths)
    for row in cut.rows:
        text = tiny.tokenizer.decode(row.tokens[: row.first])
        assert 40 < row.first <= 60
        assert "Help." in text  # the template and the end of the question are whole, its beginning is gone
        assert "words Who?<|im_end|>" in text
        assert "Begin." not in text
        assert len(row.answers) == answer
    left = encode_all(tiny, rows, TrainSettings(max_output=answer, too_long="leave out"))
    assert (len(left.rows), left.cut, left.left_out) == (1, 0, 1)
    assert encode_all(tiny, rows, TrainSettings(max_input=60, too_long="leave out")).left_out == 2
    assert encode_all(tiny, rows, TrainSettings(max_input=5)).left_out == 2  # the template alone is longer
    document = [TrainRow((Message("user", "words " * 30),), unmask=True)]
    assert not encode_all(tiny, document, TrainSettings(max_input=1, max_output=1)).cut  # it is no question


@given(st.integers(1, 80), st.integers(0, 80), *[st.integers(0, 60)] * 2, st.integers(8, 90), st.booleans())
def test_what_a_row_keeps_is_within_every_limit(
    answer: int, question: int, most_input: int, most_output: int, most: int, leave: bool
) -> None:
    settings = TrainSettings(
        max_input=most_input, max_output=most_output, max_tokens=most, too_long="leave out" if leave else "cut"
    )
    tokens = question + answer
    kept = allowed(tokens, question, settings)
    assert 0 <= kept <= min(tokens, most)
    if leave:
        assert kept in (0, tokens)
    if kept:
        asked = min(question, most_input or question)
        assert 0 < kept - asked <= (most_output or tokens)


def test_loss_is_on_the_answer_alone_and_the_shared_beginning_changes_nothing(tiny: MlxModel) -> None:
    texts = ("Who?", "What is the height of it?", "When?")
    rows = [TrainRow((Message("user", text), Message("assistant", f"It is {text}"))) for text in texts]
    encoded = encode_all(tiny, rows, TrainSettings()).rows
    total = count = 0.0
    for row in encoded:
        scores = nn.log_softmax(tiny.model(mx.array([row.tokens]))[0], axis=-1)
        for place in range(row.first, len(row.tokens)):
            total -= scores[place - 1, row.tokens[place]].item()
            count += 1
    common = shared_prefix([row.tokens for row in encoded])
    assert common > 3
    for shared in (0, common):
        batch = make_batch(encoded, Layout(packed=False, common=shared))
        assert mean_loss(tiny.model, batch).item() == pytest.approx(total / count, abs=1e-4)
