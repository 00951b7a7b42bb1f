"""The catalogue, what fits, and models that other programs have put on the disk."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from espalier.errors import EspalierError
from espalier.files import append_lines
from espalier.machine import Machine
from espalier.models.catalogue import ROLES, catalogue, suggested
from espalier.models.fit import fit, shape_from, usable_memory
from espalier.models.folder import cached_commit, find_model, list_models, model_info
from espalier.models.found import found_models
from espalier.models.hub_cache import is_hub_id, journal, repo_folder
from espalier.models.starter import STARTER

GB = 10**9
# Of Qwen3-4B-Instruct-2507 in 4 bits, as its configuration says.
QWEN3_4B = {
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "num_hidden_layers": 36,
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "vocab_size": 151936,
    "quantization": {"bits": 4, "group_size": 64},
}


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder and a Hub cache of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_HUB_CACHE", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def mac(gigabytes: int, free: int = 200 * GB) -> Machine:
    return Machine("Apple M4", gigabytes << 30, free)


def put_in_cache(name: str, model: Path, revision: str = "a" * 40, is_main: bool = True) -> Path:
    """Lay a model out in the Hub cache as huggingface_hub does: blobs, and links to them."""
    folder, snapshot = repo_folder(name), repo_folder(name) / "snapshots" / revision
    (folder / "blobs").mkdir(parents=True, exist_ok=True)
    snapshot.mkdir(parents=True)
    for file in model.iterdir():
        shutil.copy(file, folder / "blobs" / f"{revision[:4]}-{file.name}")
        (snapshot / file.name).symlink_to(f"../../blobs/{revision[:4]}-{file.name}")
    if is_main:
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / "main").write_text(revision)
    return snapshot


def test_the_catalogue_goes_from_small_to_large_and_begins_with_the_starter() -> None:
    entries = catalogue()
    assert entries[0].name == STARTER
    assert [entry.bytes for entry in entries] == sorted(entry.bytes for entry in entries)
    assert len({entry.name for entry in entries}) == len(entries)
    assert all(is_hub_id(entry.name) for entry in entries[1:])
    for role in ROLES:
        assert sum(role in entry.roles for entry in entries) > 2
    for entry in entries[1:]:  # 4.5 bits a parameter with their scales, and the tokenizer
        assert entry.bytes == pytest.approx(entry.parameters * 1e9 * 4.5 / 8, rel=0.06)
    assert suggested(entries[3].name) == entries[3]
    assert suggested("nobody/nothing") is None


def test_what_fits_depends_on_the_memory_and_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    verdicts = {size: fit(mac(size), "student", 2_280_000_000, QWEN3_4B).verdict for size in (4, 16, 64)}
    assert verdicts == {4: "too large", 16: "tight", 64: "fits"}
    assert fit(mac(16), "teacher", 2_280_000_000, QWEN3_4B).verdict == "fits"
    assert usable_memory(mac(16)) == pytest.approx(16 * 2**30 * 2 / 3 * 0.8, rel=1e-6)
    assert usable_memory(mac(64)) == pytest.approx(64 * 2**30 * 0.75 * 0.8, rel=1e-6)
    found = fit(mac(16), "student", 2_280_000_000, QWEN3_4B)
    assert "a row at a time" in found.sentence
    assert found.sentence.endswith("9.2 GB may be used.")


def test_a_model_that_the_disk_has_no_room_for_does_not_fit() -> None:
    found = fit(mac(64, free=2 * GB), "teacher", 2_280_000_000, QWEN3_4B, to_fetch=2_280_000_000)
    assert found.verdict == "too large"
    assert found.sentence == "The download takes 2.3 GB, and 2.0 GB of the disk is free."
    assert fit(mac(64, free=2 * GB), "teacher", 2_280_000_000, QWEN3_4B).verdict == "fits"


def test_without_a_configuration_a_rule_of_thumb_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert fit(mac(16), "student", 4 * GB).verdict == "fits"
    assert fit(mac(16), "student", 8 * GB).verdict == "too large"
    for strange in ({}, {"hidden_size": "wide"}, {**QWEN3_4B, "vocab_size": 0}, {**QWEN3_4B, "quantization": 4}):
        assert shape_from(strange, GB) is None
        assert fit(mac(16), "student", 4 * GB, strange) == fit(mac(16), "student", 4 * GB)


def test_the_parameters_follow_from_the_bytes_and_the_bits() -> None:
    shape = shape_from(QWEN3_4B, 2_263_000_000)
    assert shape
    assert shape.parameters == pytest.approx(4.02e9, rel=0.01)
    sees = shape_from({"text_config": QWEN3_4B, "quantization": QWEN3_4B["quantization"]}, 2_263_000_000)
    assert sees == shape


def test_a_model_in_the_hub_cache_is_found_by_its_id(tiny_folder: Path) -> None:
    with pytest.raises(EspalierError, match="no model named alice/tiny"):
        find_model("alice/tiny")
    snapshot = put_in_cache("alice/tiny", tiny_folder)
    assert find_model("alice/tiny") == snapshot
    assert cached_commit("alice/tiny") == "a" * 40
    assert cached_commit(STARTER) == ""
    (found,) = found_models()
    assert (found.name, found.source, found.usable, found.can_remove) == ("alice/tiny", "hub", True, False)
    assert found.bytes == model_info(tiny_folder).bytes
    append_lines(journal(), [{"id": "alice/tiny", "revision": "a" * 40, "bytes": found.bytes}])
    assert found_models()[0].can_remove
    assert [model.name for model in list_models()] == ["alice/tiny"]


def test_the_commit_that_was_fetched_is_taken_and_a_broken_one_is_not(tiny_folder: Path) -> None:
    main = put_in_cache("alice/tiny", tiny_folder)
    pinned = put_in_cache("alice/tiny", tiny_folder, "b" * 40, is_main=False)
    assert find_model("alice/tiny") == main
    append_lines(journal(), [{"id": "alice/tiny", "revision": "b" * 40, "bytes": 1}])
    assert find_model("alice/tiny") == pinned
    (pinned / "model.safetensors").unlink()
    assert find_model("alice/tiny") == main
    (main / "model.safetensors").resolve().write_bytes(b"short")
    (found,) = found_models()
    assert not found.usable
    assert found.problem == "It is not complete. Get it, and what is there already is used."


def test_names_that_are_no_ids_never_reach_the_cache() -> None:
    for name in ("", "alice", "../alice", "alice/../bob", "/alice/tiny", "alice/tiny/more", "a--b/c", "alice/ti ny"):
        assert not is_hub_id(name)


def test_models_of_lm_studio_and_ollama_are_found(tiny_folder: Path, tmp_path: Path) -> None:
    person = tmp_path / "person"
    studio = person / ".lmstudio" / "models" / "lmstudio-community" / "tiny-MLX-4bit"
    shutil.copytree(tiny_folder, studio)
    (studio.parent / "tiny-GGUF").mkdir()
    (studio.parent / "tiny-GGUF" / "tiny-Q4.gguf").write_bytes(b"GGUF")
    (studio.parent / "tiny-GGUF" / "mmproj-tiny.gguf").write_bytes(b"GGUF")
    ollama = person / ".ollama" / "models"
    manifest = ollama / "manifests" / "registry.ollama.ai" / "library" / "qwen3" / "0.6b"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:abc", "size": 4}
    manifest.write_text(json.dumps({"layers": [{"mediaType": "other"}, layer]}))
    (ollama / "blobs").mkdir()
    (ollama / "blobs" / "sha256-abc").write_bytes(b"no model")
    (manifest.parent / "torn").write_text("{")
    found = {model.name: model for model in found_models()}
    assert found[str(studio)].usable
    assert found[str(studio)].source == "lmstudio"
    assert find_model(str(studio)) == studio
    assert not found["tiny-Q4"].importable
    assert "mmproj-tiny" not in found
    assert found["qwen3-0.6b"].source == "ollama"
    assert found["qwen3-0.6b"].problem.startswith("qwen3-0.6b is not a GGUF file.")
    assert len(found) == 3
