"""Real models behind mlx_lm's own server, asked as remote teachers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from espalier.language import Message, Prompt, Sampling
from espalier.synthesis.compact import CompactSettings, Knowledge
from espalier.taxonomy.reader import read_taxonomy
from espalier.teachers.endpoint import Endpoint, parse_endpoint
from espalier.teachers.offered import model_list
from espalier.teachers.remote import RemoteModel

PASSAGE = "The Otter Bridge crosses the Wend at Marl."
pytestmark = pytest.mark.slow


@contextmanager
def serving(folder: Path, place: Path) -> Iterator[Endpoint]:
    """Run mlx_lm.server with a model on a free port of loopback."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    hub, log = place / "hub", place / "server.log"
    hub.mkdir()
    environment = {**os.environ, "HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "1"}
    if sys.platform == "linux":  # see espalier.metal.linux: its matrix products are far faster
        environment["LD_PRELOAD"] = "libopenblas.so.0"
    command = [sys.executable, "-m", "mlx_lm", "server", "--model", str(folder), "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 120
        while not answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield parse_endpoint(f"http://127.0.0.1:{port}/v1#{folder}")
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(text: str) -> Prompt:
    return Prompt((Message("user", text),))


def test_the_same_model_answers_and_judges_the_same_from_afar(starter_home: Path, tmp_path: Path) -> None:
    from espalier.metal.model import load

    folder = next((starter_home / "models").iterdir()).resolve()
    local = load(folder)
    with serving(folder, tmp_path) as server:
        remote = RemoteModel(server)
        assert model_list(server, None) == [server.model]
        dialect = remote.dialect()
        assert (dialect.gives_probabilities, dialect.ranks, dialect.fields >= {"seed"}) == (True, True, True)
        questions = [ask("What is the capital of France?"), ask("Is snow black? Answer Yes or No.")]
        assert remote.answer(questions, Sampling(8)) == local.answer(questions, Sampling(8))
        options = ["Yes", "No"]
        assert remote.choose(questions, options)[1] == pytest.approx(local.choose(questions, options)[1], abs=0.01)
        [near], [far] = (model.draw(questions[:1], Sampling(24), [1]) for model in (local, remote))
        assert near.text == far.text
        assert near.log_probability == pytest.approx(far.log_probability, abs=0.1)


def test_a_real_leaf_is_drawn_and_judged_from_afar(tiny_folder: Path, tmp_path: Path, example: Path) -> None:
    leaf = next(leaf for leaf in read_taxonomy(example / "taxonomy") if leaf.kind == "knowledge")
    document = f"# The Otter Bridge\n\n{PASSAGE}\n"
    with serving(tiny_folder, tmp_path) as server:
        model = RemoteModel(server, answers=tmp_path / "answers.jsonl")
        pipeline = Knowledge(leaf, [document], lambda: model, CompactSettings())
        samples = pipeline.draw(pipeline.facts, 0, [], lambda tokens: None)
        again = RemoteModel(server, answers=tmp_path / "answers.jsonl")
        pipeline = Knowledge(leaf, [document], lambda: again, CompactSettings())
        assert pipeline.draw(pipeline.facts, 0, [], lambda tokens: None) == samples
    written = [sample for sample in samples if sample.is_written]
    assert len(written) == len(pipeline.question_prompts(0))
    assert all(sample.verdict and all(check.reason for check in sample.verdict) for sample in written)
