"""transformers and PEFT in a process of their own, where torch may be imported: the other side of the parity tests.

One JSON object a line in, one out; arrays travel as .npy files.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

IS_THERE = True
try:
    version("torch"), version("peft")
except PackageNotFoundError:
    IS_THERE = False

TINY: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "vocab_size": 320,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "initializer_range": 0.15,
}
ROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 123_456.0}}  # no family's own default
EXPERTS = {"num_experts_per_tok": 2}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {"sliding_window": None},
    "qwen2": {"tie_word_embeddings": True},
    "qwen3": {},
    # mlx-lm computes Gemma's activation exactly; transformers' usual one is an approximation, 8e-4 in the logits.
    "gemma": {"tie_word_embeddings": True, "hidden_act": "gelu_python"},
    "phi3": {"num_key_value_heads": 4},
    "granite": {"logits_scaling": 4.0, "attention_multiplier": 0.35, "residual_multiplier": 0.5},
    "qwen3_moe": {**EXPERTS, "num_experts": 4, "moe_intermediate_size": 24, "norm_topk_prob": True},
    "mixtral": {**EXPERTS, "num_local_experts": 4, "sliding_window": None},
}


class TorchSide:
    """The process, as seen from a test."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, command: str, **values: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([command, values]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"failed": "the process ended"}')
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def make_base(family: str, folder: str) -> None:
    """Save a random model as transformers writes one."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(3)
    config = AutoConfig.for_model(family, **{**TINY, **ROPE, **FAMILIES[family]})
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)


def make_adapter(base: str, folder: str, config: dict[str, Any], tokens: list[int], out: str) -> list[str]:
    """Save a random PEFT adapter of a base, and the logits that the two give; return the names of its tensors."""
    import numpy
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(4)
    model = get_peft_model(_load(base), LoraConfig(task_type="CAUSAL_LM", **config))
    for name, value in model.named_parameters():
        if "lora_B" in name or "lora_embedding" in name:
            torch.nn.init.normal_(value, std=0.1)
        if "magnitude" in name:
            value.data *= 1 + 0.1 * torch.randn_like(value)
    model.eval()
    with torch.no_grad():
        numpy.save(out, model(torch.tensor([tokens])).logits[0].numpy())
    model.save_pretrained(folder)
    return [name for name, value in model.named_parameters() if value.requires_grad]


def logits(base: str, adapter: str, tokens: list[list[int]], out: str, greedy: int = 0) -> list[list[int]]:
    """Save a base's logits of each row, with a PEFT adapter if any; return that many tokens that follow each."""
    import numpy
    import torch
    from peft import PeftModel

    model = (PeftModel.from_pretrained(_load(base), adapter) if adapter else _load(base)).eval()
    with torch.no_grad():
        rows = [model(torch.tensor([row])).logits[0].numpy() for row in tokens]
        numpy.save(out, numpy.concatenate(rows))
        written = []
        for row in tokens if greedy else []:
            given = torch.tensor([row])
            mask = torch.ones_like(given)
            whole = model.generate(
                input_ids=given, attention_mask=mask, max_new_tokens=greedy, do_sample=False, pad_token_id=0
            )
            written.append([int(token) for token in whole[0][len(row) :]])
    return written


def _load(base: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")


def main() -> None:
    import os
    import traceback
    import warnings

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # of models this small more threads only wait for each other
    commands: dict[str, Callable[..., Any]] = {"make_base": make_base, "make_adapter": make_adapter, "logits": logits}
    for line in sys.stdin:
        command, values = json.loads(line)
        try:
            answer = {"done": commands[command](**values)}
        except Exception:
            answer = {"failed": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
