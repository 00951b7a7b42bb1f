"""Speed as ratios against plain mlx-lm, on the same weights and prompts, in one run."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mlx_lm import batch_generate, stream_generate
from mlx_lm.sample_utils import make_sampler

from espalier.language import Prompt, Sampling
from espalier.messages import Emit, Stage
from espalier.metal.bench_training import example_knowledge
from espalier.metal.model import MlxModel, load
from espalier.models.starter import starter_folder
from espalier.synthesis import critic_bench, judge
from espalier.synthesis.compact import CompactSettings, Knowledge
from espalier.synthesis.labelled import GOOD, UNSUPPORTED, WRONG, read_labelled

ROWS = 48
ALONE = 6  # prompts answered one at a time: enough to measure, few enough to wait for
JUDGED = 48  # rows that the judge gives a verdict on
CRITIQUE = Sampling(40)
SAMPLING = Sampling(32, 0.6, 0.9)  # no stop text: each way writes until the end of turn or 32 tokens, equal work


def bench(emit: Emit) -> dict[str, Any]:
    """Return ``ratios`` by name, and the tokens per second behind them."""
    model = load(starter_folder())
    prompts = _prompts(model)
    emit(Stage("bench", f"{model.rows} rows are written together on this machine"))
    emit(Stage("bench", f"{ROWS} prompts of the example's knowledge leaf, together"))
    ours = _together(model, prompts)
    emit(Stage("bench", "The same through mlx_lm.batch_generate"))
    batched = _batched(model, prompts)
    emit(Stage("bench", f"{ALONE} of them through mlx_lm.stream_generate, one at a time"))
    alone = _alone(model, prompts[:: ROWS // ALONE])
    return {
        "ratios": {
            "tokens per second, beside one at a time": ours / alone,
            "tokens per second, beside batch_generate": ours / batched,
        },
        "tokens_per_second": {"espalier": ours, "mlx-lm": alone, "mlx-lm batched": batched},
    }


def bench_critic(emit: Emit) -> dict[str, Any]:
    """Return ``critic``: its quality and the seconds per row of a verdict, with the starter model as the judge."""
    model = load(starter_folder())
    emit(
        Stage(
            "bench", f"{JUDGED} verdicts of the judge, and critiques of {CRITIQUE.max_tokens} tokens on the same rows"
        )
    )
    spent = cost(model)
    return {"critic": {**critic_bench.bench(model, emit), "cost": spent}}


def cost(model: MlxModel, rows: int = JUDGED, alone: int = ALONE) -> dict[str, float]:
    """Return the seconds per row of a verdict, and of critiques of just so many tokens, together and by mlx-lm alone.

    The model would end some critiques early; here the end of a turn is no end, so that each way does the same work.
    """
    labelled = [row for row in read_labelled()[0] if row.fault in (GOOD, WRONG, UNSUPPORTED)][:rows]
    rubric = judge.rubric("faithful")
    asked = [judge.row_prompt(rubric, row.sample.question, row.sample.answer, row.passage) for row in labelled]
    ends = set(model.tokenizer.eos_token_ids)
    model.choose(asked[:2], rubric.labels)
    verdict = _seconds(lambda: model.choose(asked, rubric.labels)) / rows
    model.tokenizer.eos_token_ids = set()
    try:
        together = _seconds(lambda: model.answer(asked, CRITIQUE)) / rows
        single = _seconds(lambda: _critiques(model, asked[:: rows // alone][:alone])) / alone
    finally:
        model.tokenizer.eos_token_ids = ends
    return {"verdict": verdict, "critique in a batch": together, "critique by plain mlx-lm": single}


def _critiques(model: MlxModel, prompts: list[Prompt]) -> None:
    for prompt in prompts:
        for _ in stream_generate(model.model, model.tokenizer, model.encode(prompt), max_tokens=CRITIQUE.max_tokens):
            pass


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _prompts(model: MlxModel) -> list[Prompt]:
    leaf, documents = example_knowledge()
    return Knowledge(leaf, documents, lambda: model, CompactSettings()).question_prompts(0)[:ROWS]


def _together(model: MlxModel, prompts: list[Prompt]) -> float:
    model.answer(prompts[:2], replace(SAMPLING, max_tokens=2), [0, 1])
    written = 0

    def count(tokens: int) -> None:
        nonlocal written
        written += tokens

    started = time.monotonic()
    model.answer(prompts, SAMPLING, list(range(len(prompts))), count)
    return written / (time.monotonic() - started)


def _batched(model: MlxModel, prompts: list[Prompt]) -> float:
    tokens = [model.encode(prompt) for prompt in prompts]
    sampler = make_sampler(SAMPLING.temperature, SAMPLING.top_p)
    batch_generate(model.model, model.tokenizer, tokens[:1], max_tokens=2, sampler=sampler)
    started = time.monotonic()
    found = batch_generate(model.model, model.tokenizer, tokens, max_tokens=SAMPLING.max_tokens, sampler=sampler)
    return float(found.stats.generation_tokens) / (time.monotonic() - started)


def _alone(model: MlxModel, prompts: list[Prompt]) -> float:
    for _ in stream_generate(model.model, model.tokenizer, [1, 2, 3], max_tokens=2):
        pass
    sampler = make_sampler(SAMPLING.temperature, SAMPLING.top_p)
    written, started = 0, time.monotonic()
    for prompt in prompts:
        tokens = model.encode(prompt)
        for _ in stream_generate(model.model, model.tokenizer, tokens, max_tokens=SAMPLING.max_tokens, sampler=sampler):
            written += 1
    return written / (time.monotonic() - started)
