"""A trained model behind an endpoint of this computer, asked as OpenAI's client asks."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Get
from urllib.request import urlopen

import mlx.core as mx
import pytest
from comparisons import RUN, make_compared
from mlx_lm import stream_generate
from mlx_lm.sample_utils import make_sampler

import espalier.metal  # first: it prepares the process for MLX
from espalier.client import Screen
from espalier.comparison.serving import snippet
from espalier.language import Message, Prompt
from espalier.messages import Failed, Request, Serving, Stage, decode, encode
from espalier.metal.backend import MlxBackend
from espalier.metal.model import MlxModel

assert espalier.metal
DRAWN: dict[str, Any] = {"max_tokens": 6, "temperature": 0.9, "seed": 3}
QUESTION = "Where does the road go, and why?"


@contextmanager
def served(project: Path, kind: str, port: int = 0) -> Iterator[tuple[Any, subprocess.Popen[bytes]]]:
    """Give the first event that is no stage, of a worker that serves; it ends with its stdin."""
    with subprocess.Popen(
        [sys.executable, "-m", "espalier.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(encode(Request("serve", {"project": str(project), "kind": kind, "port": port})))
        process.stdin.flush()
        event = decode(process.stdout.readline())
        while isinstance(event, Stage):
            event = decode(process.stdout.readline())
        yield event, process
        process.stdin.close()


def post(url: str, body: dict[str, Any], **headers: str) -> bytes:
    data = json.dumps(body).encode()
    with urlopen(Get(url, data, {"Content-Type": "application/json", **headers}), timeout=60) as reply:
        return bytes(reply.read())


def drawn(model: MlxModel) -> str:
    """Return what mlx-lm alone draws."""
    prompt = model.encode(Prompt((Message("user", QUESTION),)))
    mx.random.seed(DRAWN["seed"])
    sampler = make_sampler(DRAWN["temperature"])
    parts = stream_generate(model.model, model.tokenizer, prompt, max_tokens=DRAWN["max_tokens"], sampler=sampler)
    return "".join(part.text for part in parts)


@pytest.mark.parametrize("method", ["lora", "prompt"])
def test_a_client_gets_the_tuned_answer_whole_and_as_a_stream(tiny_folder: Path, tmp_path: Path, method: str) -> None:
    project = make_compared(tmp_path / "p", tiny_folder, method)
    tuned = drawn(MlxBackend().load(tiny_folder, project.runs / RUN / "adapter"))
    assert tuned != drawn(MlxBackend().load(tiny_folder))
    with served(project.root, "tuned") as (event, process):
        assert isinstance(event, Serving)
        assert event.url.startswith("http://127.0.0.1:")
        assert event.model == "tiny-tuned"
        with urlopen(f"{event.url}/models", timeout=60) as reply:
            assert [model["id"] for model in json.load(reply)["data"]] == ["tiny-tuned"]
        chat = f"{event.url}/chat/completions"
        body = {"messages": [{"role": "user", "content": QUESTION}], **DRAWN}
        # another name neither fetches a model nor changes the answer; nor does an adapter that a request names
        for asked in ({**body, "model": event.model}, {**body, "model": "owner/other", "adapters": "/nowhere"}):
            choice = json.loads(post(chat, asked))["choices"][0]
            assert choice["message"]["content"] == tuned
        lines = post(chat, {**body, "model": event.model, "stream": True}).decode().splitlines()
        parts = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        streamed = "".join(part["choices"][0]["delta"].get("content") or "" for part in parts if part["choices"])
        assert streamed == tuned
        assert lines[-1] == "data: [DONE]" or "data: [DONE]" in lines
        for headers in ({"Origin": "https://example.com"}, {"Host": "example.com"}):
            with pytest.raises(HTTPError, match="403"):
                post(chat, body, **headers)
        process.terminate()
        assert process.wait(60) == 130


def test_a_port_that_is_taken_and_a_model_that_is_not_there_are_one_sentence(tiny_folder: Path, tmp_path: Path) -> None:
    project = make_compared(tmp_path / "p", tiny_folder)
    with served(project.root, "base") as (event, _):
        assert event.model == "tiny"
        port = int(event.url.split(":")[2].split("/")[0])
        with served(project.root, "tuned", port) as (failed, _):
            assert isinstance(failed, Failed)
            assert failed.message.startswith(f"The port {port} is taken by another program. Choose another with --port")
    with served(project.root, "quantized") as (failed, _):
        assert "no 4-bit student yet" in failed.message


def test_the_snippet_is_a_command_and_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    text = snippet("http://127.0.0.1:8080/v1", "it's-tuned")
    command, _, program = text.partition("\n\n")
    words = shlex.split(command)
    assert json.loads(words[-1])["model"] == "it's-tuned"
    compile(program, "snippet", "exec")
    event = Serving("http://127.0.0.1:8080/v1", "it's-tuned", "tiny with a run", text)
    with Screen(as_json=False) as screen:
        screen.show(event, encode(event))
    assert capsys.readouterr().out.strip() == text
