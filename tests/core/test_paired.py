"""Base and tuned side by side: each row against plain mlx-lm, token for token."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx import nn
from mlx_lm.generate import generate_step
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.sample_utils import make_sampler
from mlx_lm.tuner.utils import load_adapters
from mlx_lm.utils import load_model, load_tokenizer
from random_models import VOCABULARY, random_model

import espalier.metal  # first: it prepares the process for MLX
from espalier.comparison.turns import Asked, Said, Settings
from espalier.errors import EspalierError
from espalier.language import Message, Prompt
from espalier.metal.adapters import add_lora, write_adapter
from espalier.metal.lora import BASE, RowAdapter, read_adapter, takes
from espalier.metal.model import MlxModel, load
from espalier.metal.paired import PairedModel, Seat
from espalier.metal.stream_text import StreamText
from espalier.models.starter import starter_folder
from espalier.training.fingerprint import fingerprint
from espalier.training.settings import LoraSettings, TrainSettings

assert espalier.metal
SETTINGS = TrainSettings(lora=LoraSettings(rank=4, scale=3.0))
ENDS = frozenset(range(3, VOCABULARY, 13))
GREEDY, SEEDED = Settings(max_tokens=8), Settings(max_tokens=8, temperature=0.8, top_p=0.9, seed=7)
ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma", "granite", "phi3", "llama with a window", "gemma3_text", "lfm2")
Turns = Sequence[tuple[str, str]]


class Letters:
    """A tokenizer whose tokens are letters, so that a text tells its tokens."""

    eos_token_ids = ENDS

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(chr(0x4E00 + token) for token in tokens)

    def encode(self, text: str) -> list[int]:
        return [ord(letter) % VOCABULARY if ord(letter) < 0x4E00 else ord(letter) - 0x4E00 for letter in text]

    def apply_chat_template(self, messages: Sequence[dict[str, str]], **_: Any) -> list[int]:
        return [token for turn in messages for token in (1, *self.encode(turn["content"]), 2)] + [4]


def written_adapter(folder: Path, model: Any, seed: int = 1, size: float = 0.3) -> Path:
    """Write an adapter for a model that is thrown away: random, and strong enough to change answers."""
    add_lora(model, SETTINGS.lora, seed)
    for _, module in model.named_modules():
        if "lora_b" in module:
            module.lora_b = mx.random.normal(module.lora_b.shape) * size
    folder.mkdir(parents=True, exist_ok=True)
    write_adapter(folder, model, SETTINGS)
    return folder


def asked(pane: int, turns: Turns, settings: Settings) -> Asked:
    return Asked(pane, tuple(Message(role, text) for role, text in turns), settings)


def texts(steps: Iterator[list[Said]]) -> dict[int, str]:
    found: dict[int, str] = {}
    for said in steps:
        for piece in said:
            assert not piece.ended.startswith("failed"), piece.ended
            found[piece.pane] = found.get(piece.pane, "") + piece.text
    return found


def never() -> bool:
    return False


def plain(model: Any, tokenizer: Any, prompt: Sequence[int], settings: Settings) -> str:
    """Return what mlx-lm alone writes."""
    mx.random.seed(settings.seed)
    sampler = make_sampler(settings.temperature, settings.top_p)
    tokens: list[int] = []
    for token, _ in generate_step(mx.array(prompt), model, max_tokens=settings.max_tokens, sampler=sampler):
        if int(token) in tokenizer.eos_token_ids:
            break
        tokens.append(int(token))
    return str(tokenizer.decode(tokens))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_row_is_plain_mlx_lm_over_turns_with_histories_of_their_own(name: str, tmp_path: Path) -> None:
    folder = written_adapter(tmp_path / "adapter", random_model(name))
    alone = [random_model(name), load_adapters(random_model(name), str(folder))]
    alone[1].eval()
    student = MlxModel(random_model(name), Letters())
    paired, adapter = PairedModel(student), read_adapter(folder)
    assert adapter
    assert takes(student.model, adapter)
    paired.attach(adapter)
    seats = [Seat(student, BASE), Seat(student, RowAdapter(adapter))]
    turns: list[list[tuple[str, str]]] = [[("user", "abc")], [("user", "abc")]]
    differing = 0
    for settings in (GREEDY, SEEDED, GREEDY):
        found = texts(paired.answer([(asked(pane, turns[pane], settings), seats[pane]) for pane in (0, 1)], never))
        for pane in (0, 1):
            prompt = student.tokenizer.apply_chat_template([{"content": text} for _, text in turns[pane]])
            assert found[pane] == plain(alone[pane], student.tokenizer, prompt, settings)
            turns[pane] += [("assistant", found[pane]), ("user", "more?")]
        differing += found[0] != found[1]
    assert differing


@pytest.fixture(scope="module")
def tuned_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_adapter(tmp_path_factory.mktemp("tuned") / "adapter", load_model(tiny_folder)[0])


@pytest.mark.parametrize("bits", [0, 4], ids=["float32", "4-bit"])
def test_fifty_prompts_of_many_lengths_give_what_mlx_lm_gives(tiny_folder: Path, tuned_folder: Path, bits: int) -> None:
    def fresh() -> Any:
        model = load_model(tiny_folder)[0]
        if bits:
            nn.quantize(model, 32, bits)
        return model

    alone = [fresh(), load_adapters(fresh(), str(tuned_folder))]
    student = MlxModel(fresh(), load(tiny_folder).tokenizer)
    paired, adapter = PairedModel(student), read_adapter(tuned_folder)
    assert adapter
    paired.attach(adapter)
    for number in range(50):
        seats = [Seat(student, BASE), Seat(student, RowAdapter(adapter))]
        settings = Settings(max_tokens=3, temperature=0.9 * (number % 2), top_p=0.95, seed=number)
        # the right pane has another history in every third pair, so that the rows are of unequal length
        past: Turns = [("user", "Before?"), ("assistant", "x" * number)] if number % 3 == 0 else []
        turns = [[("user", "w" * number + "?")], [*past, ("user", "w" * number + "?")]]
        found = texts(paired.answer([(asked(pane, turns[pane], settings), seats[pane]) for pane in (0, 1)], never))
        for pane in (0, 1):
            prompt = student.tokenizer.apply_chat_template(
                [{"role": role, "content": text} for role, text in turns[pane]], add_generation_prompt=True
            )
            assert found[pane] == plain(alone[pane], student.tokenizer, prompt, settings)


@pytest.fixture
def pair(tiny_folder: Path, tuned_folder: Path) -> tuple[PairedModel, list[Seat]]:
    student = load(tiny_folder)
    paired, adapter = PairedModel(student), read_adapter(tuned_folder)
    assert adapter
    paired.attach(adapter)
    return paired, [Seat(student, BASE), Seat(student, RowAdapter(adapter))]


def both(turns: Turns, seats: Sequence[Seat], settings: Settings = GREEDY) -> list[tuple[Asked, Seat]]:
    return [(asked(pane, turns, settings), seat) for pane, seat in enumerate(seats)]


def test_a_base_row_has_the_bits_of_the_model_without_adapter(tiny_folder: Path, tuned_folder: Path) -> None:
    student, adapter = load(tiny_folder), read_adapter(tuned_folder)
    assert adapter
    paired = PairedModel(student)
    before = paired.scores([BASE, BASE], [5, 6, 7, 8])
    mx.eval(before)
    paired.attach(adapter)
    both_rows = paired.scores([BASE, RowAdapter(adapter)], [5, 6, 7, 8])
    assert mx.array_equal(both_rows[0], before[0])
    assert not mx.array_equal(both_rows[1], before[1])
    halves = paired.scores([RowAdapter(adapter, 0.5), RowAdapter(adapter, 0.0)], [5, 6, 7, 8])
    assert mx.array_equal(halves[1], before[1])
    assert not mx.allclose(halves[0], both_rows[1], atol=1e-3)


def test_two_adapters_share_one_batch(tiny_folder: Path, tuned_folder: Path, tmp_path: Path) -> None:
    student = load(tiny_folder)
    other = written_adapter(tmp_path / "other", load_model(tiny_folder)[0], seed=5)
    adapters = [read_adapter(folder) for folder in (tuned_folder, other)]
    paired = PairedModel(student)
    for adapter in adapters:
        assert adapter
        paired.attach(adapter)
    seats = [Seat(student, RowAdapter(adapter)) for adapter in adapters]
    found = texts(paired.answer(both([("user", "Who?")], seats), never))
    prompt = student.tokenizer.apply_chat_template([{"role": "user", "content": "Who?"}], add_generation_prompt=True)
    for pane, folder in enumerate((tuned_folder, other)):
        alone = load_adapters(load_model(tiny_folder)[0], str(folder))
        assert found[pane] == plain(alone, student.tokenizer, prompt, GREEDY)
    assert fingerprint(tuned_folder) != fingerprint(other)


@pytest.mark.parametrize("tokens", [0, 1, 3])
def test_a_stop_at_any_token_leaves_a_conversation_that_goes_on(
    pair: tuple[PairedModel, list[Seat]], tokens: int
) -> None:
    paired, seats = pair
    first = [("user", "Who?")]
    steps, written = 0, dict[int, str]()

    def is_stopped() -> bool:
        return steps > tokens

    ended = []
    for said in paired.answer(both(first, seats), is_stopped):
        steps += any(piece.text for piece in said)
        if tokens == 0:
            steps += 1
        for piece in said:
            written[piece.pane] = written.get(piece.pane, "") + piece.text
            ended += [piece.ended] if piece.ended else []
    assert ended == ["stopped", "stopped"]
    fresh = [Seat(seat.student, seat.use) for seat in seats]
    for pane, (seat, new) in enumerate(zip(seats, fresh, strict=True)):
        turns = [*first, ("assistant", written[pane]), ("user", "And then?")]
        again = texts(paired.answer([(asked(pane, turns, GREEDY), seat)], never))
        assert again == texts(paired.answer([(asked(pane, turns, GREEDY), new)], never))


def test_a_turn_reads_only_what_is_new_and_an_edit_only_what_it_changed(
    pair: tuple[PairedModel, list[Seat]], monkeypatch: pytest.MonkeyPatch
) -> None:
    paired, seats = pair
    seat, read = seats[1], list[int]()
    forward = paired.forward

    def count(rows: Any, tokens: mx.array, cache: list[Any]) -> mx.array:
        read.append(tokens.shape[1])
        return forward(rows, tokens, cache)

    monkeypatch.setattr(paired, "forward", count)
    turns = [("user", "A long question, that takes a while to be read?")]
    answer = texts(paired.answer([(asked(0, turns, GREEDY), seat)], never))[0]
    whole = read[0]
    read.clear()
    assert texts(paired.answer([(asked(0, turns, GREEDY), seat)], never))[0] == answer  # again
    assert read[0] == 1
    read.clear()
    longer = [*turns, ("assistant", answer), ("user", "Why?")]
    texts(paired.answer([(asked(0, longer, GREEDY), seat)], never))
    assert read[0] < whole
    read.clear()
    seat.set(RowAdapter(seat.use.adapter, 0.5))
    texts(paired.answer([(asked(0, turns, GREEDY), seat)], never))
    assert read[0] == whole  # what was read at another strength is of no use


def test_a_row_that_has_ended_costs_nothing_more(
    pair: tuple[PairedModel, list[Seat]], monkeypatch: pytest.MonkeyPatch
) -> None:
    paired, seats = pair
    rows = []
    forward = paired.forward

    def count(company: Any, tokens: mx.array, cache: list[Any]) -> mx.array:
        rows.append(tokens.shape[0])
        return forward(company, tokens, cache)

    monkeypatch.setattr(paired, "forward", count)
    question = [("user", "Who?")]
    short, long = Settings(max_tokens=2), Settings(max_tokens=6)
    found = texts(paired.answer([(asked(0, question, short), seats[0]), (asked(1, question, long), seats[1])], never))
    assert rows == [1, 1, 2, 1, 1, 1, 1]
    assert found == texts(
        paired.answer([(asked(0, question, short), seats[0]), (asked(1, question, long), seats[1])], never)
    )


def test_a_conversation_beyond_the_context_is_refused_in_words(tiny_folder: Path) -> None:
    student = load(tiny_folder)
    student.model.args.max_position_embeddings = 40
    paired, seat = PairedModel(student), Seat(student, BASE)
    said = [piece for step in paired.answer([(asked(0, [("user", "w" * 60)], GREEDY), seat)], never) for piece in step]
    assert len(said) == 1
    assert "can see 40" in said[0].ended
    prompt = len(student.tokenizer.apply_chat_template([{"role": "user", "content": "w"}], add_generation_prompt=True))
    steps = paired.answer([(asked(0, [("user", "w")], Settings(max_tokens=500)), seat)], never)
    last = [piece for step in steps for piece in step][-1]
    assert last.ended in ("length", "end")
    assert last.figures["context"] <= 40
    assert last.figures["tokens"] <= 40 - prompt


def test_an_adapter_of_another_model_is_refused(tuned_folder: Path) -> None:
    adapter = read_adapter(tuned_folder)
    assert adapter
    with pytest.raises(EspalierError, match="for another model"):
        takes(random_model("llama"), adapter)


def test_text_comes_in_whole_letters_and_adds_up(tiny_folder: Path) -> None:
    tokenizer = load(tiny_folder).tokenizer
    text = "Höhe: 28 m, “größer” – 水位 🦉!"
    stream = StreamText(tokenizer.decode)
    pieces = [stream.add(int(token)) for token in tokenizer.encode(text, add_special_tokens=False)]
    assert "".join(pieces) + stream.end() == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_cache_is_used_again_only_as_far_as_it_can_be_trimmed() -> None:
    student = MlxModel(random_model("lfm2"), Letters())
    seat = Seat(student, BASE, [5, 6, 7, 8], make_prompt_cache(student.model))
    kept = seat.cache
    assert seat.keep([5, 6, 7, 8, 9]) is kept
    assert seat.keep([5, 6, 1]) is not kept
    assert seat.tokens == []


@pytest.mark.slow
def test_the_starter_model_answers_beside_itself_as_mlx_lm_does(
    starter_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPALIER_HOME", str(starter_home))

    def fresh() -> Any:
        return load_model(starter_folder())[0]

    folder = written_adapter(tmp_path / "adapter", fresh(), size=0.02)
    alone = [fresh(), load_adapters(fresh(), str(folder))]
    student = MlxModel(fresh(), load_tokenizer(starter_folder()))
    paired, adapter = PairedModel(student), read_adapter(folder)
    assert adapter
    paired.attach(adapter)
    seats = [Seat(student, BASE), Seat(student, RowAdapter(adapter))]
    turns: list[list[tuple[str, str]]] = [[("user", "How high is a tower?")], [("user", "How high is a tower?")]]
    differing = 0
    for settings in (Settings(max_tokens=4), Settings(max_tokens=4, temperature=0.8, top_p=0.9, seed=4)):
        found = texts(paired.answer([(asked(pane, turns[pane], settings), seats[pane]) for pane in (0, 1)], never))
        differing += found[0] != found[1]
        for pane in (0, 1):
            prompt = student.encode(Prompt(tuple(Message(role, text) for role, text in turns[pane])))
            assert found[pane] == plain(alone[pane], student.tokenizer, prompt, settings)
            turns[pane] += [("assistant", found[pane]), ("user", "Why?" if pane else "Why is it so?")]
    assert differing
