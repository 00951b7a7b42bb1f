"""The starter model behind mlx_lm's own server, asked as a remote teacher and compared with itself."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from espalier.documents.facts import read_facts
from espalier.language import Message, Prompt, Sampling
from espalier.synthesis.compact import CompactSettings, Knowledge
from espalier.taxonomy.reader import read_taxonomy
from espalier.teachers.endpoint import Endpoint, parse_endpoint
from espalier.teachers.remote import RemoteModel, model_list

PASSAGE = "The Otter Bridge crosses the Wend at Marl."
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(starter_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """mlx_lm.server with the starter model, on a free port of loopback."""
    folder = (next((starter_home / "models").iterdir())).resolve()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    hub, log = tmp_path_factory.mktemp("hub"), tmp_path_factory.mktemp("log") / "server.log"
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


def test_the_same_model_answers_and_judges_the_same_from_afar(server: Endpoint) -> None:
    from espalier.metal.model import load

    remote, local = RemoteModel(server), load(Path(server.model))
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
    seen, blind = remote.log_probability(
        [(ask(f"{PASSAGE}\n\nWhat does the Otter Bridge cross?"), PASSAGE), (ask("Name a colour."), PASSAGE)]
    )
    assert seen > blind


def test_a_real_leaf_is_drawn_and_judged_from_afar(server: Endpoint, example: Path) -> None:
    leaf = next(leaf for leaf in read_taxonomy(example / "taxonomy") if leaf.kind == "knowledge")
    document = f"# The Otter Bridge\n\n{PASSAGE}\n"
    pipeline = Knowledge(leaf, [document], lambda: RemoteModel(server), CompactSettings())
    assert len(read_facts(document)) == 1
    samples = pipeline.draw(pipeline.facts, 0, [], lambda tokens: None)
    written = [sample for sample in samples if sample.is_written]
    assert len(written) == len(pipeline.question_prompts(0))
    assert all(check.reason for sample in written for check in sample.verdict)
    assert all(sample.verdict for sample in written)
