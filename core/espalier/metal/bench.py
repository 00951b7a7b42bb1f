"""Speed as ratios against plain mlx-lm, on the same weights and prompts, in one run."""

import time
from dataclasses import replace
from typing import Any

from mlx_lm import stream_generate

from espalier.language import Prompt, Sampling
from espalier.messages import Emit, Stage
from espalier.metal.model import MlxModel, load
from espalier.models.starter import starter_folder
from espalier.resources import resource
from espalier.synthesis.compact import CompactSettings, Knowledge
from espalier.taxonomy.reader import read_taxonomy

ROWS = 48
ALONE = 6  # prompts answered one at a time: enough to measure, few enough to wait for


def bench(emit: Emit) -> dict[str, Any]:
    """Return ``ratios`` by name, and the tokens per second behind them."""
    model = load(starter_folder())
    example = resource("example_project")
    leaf = next(leaf for leaf in read_taxonomy(example / "taxonomy") if leaf.kind == "knowledge")
    documents = [file.read_text(encoding="utf-8") for file in sorted((example / "documents" / leaf.path).glob("*.md"))]
    prompts = Knowledge(leaf, documents, lambda: model, CompactSettings()).question_prompts(0)[:ROWS]
    sampling = Sampling(32, 0.6, 0.9, ("\n",))
    emit(Stage("bench", f"{ROWS} prompts of the example's knowledge leaf, together"))
    ours = _together(model, prompts, sampling)
    emit(Stage("bench", f"{ALONE} of them through mlx_lm.stream_generate, one at a time"))
    plain = _alone(model, prompts[:: ROWS // ALONE], sampling)
    return {
        "ratios": {"generated tokens per second": ours / plain},
        "tokens_per_second": {"espalier": ours, "mlx-lm": plain},
    }


def _together(model: MlxModel, prompts: list[Prompt], sampling: Sampling) -> float:
    model.answer(prompts[:2], replace(sampling, max_tokens=2), [0, 1])
    written = 0

    def count(tokens: int) -> None:
        nonlocal written
        written += tokens

    started = time.monotonic()
    model.answer(prompts, sampling, list(range(len(prompts))), count)
    return written / (time.monotonic() - started)


def _alone(model: MlxModel, prompts: list[Prompt], sampling: Sampling) -> float:
    for _ in stream_generate(model.model, model.tokenizer, [1, 2, 3], max_tokens=2):
        pass
    written, started = 0, time.monotonic()
    for prompt in prompts:
        text = ""
        for response in stream_generate(
            model.model, model.tokenizer, model.encode(prompt), max_tokens=sampling.max_tokens
        ):
            written += 1
            text += response.text
            if any(stop in text for stop in sampling.stop):
                break
    return written / (time.monotonic() - started)
