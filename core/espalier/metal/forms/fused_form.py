"""The whole model: the adapter merged into float weights, as transformers reads them, or the run's small one."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.utils import make_shards

from espalier.errors import EspalierError
from espalier.files import write_json
from espalier.metal.adapters import load_adapter
from espalier.metal.forms.checking import judge, row_logits
from espalier.metal.forms.rounded import judge_rounded
from espalier.metal.model import load
from espalier.metal.quantize import fuse
from espalier.metal.soft_prompt import FILE
from espalier.models.config import normalised
from espalier.sharing.check import Check
from espalier.sharing.export import Made
from espalier.sharing.forms import INSTEAD, SOFT_PROMPT
from espalier.sharing.peft_names import KNOWN, peft_name
from espalier.sharing.student_files import copy_beside, copy_licence, without_paths

_TYPES = {mx.float32: "float32", mx.float16: "float16", mx.bfloat16: "bfloat16"}
_MERGED = "The adapter is merged into the weights, which rounds both together."


def write(made: Made, destination: Path) -> Check:
    """Write the student with its adapter merged in, in the numbers that the student computes in.

    Raises:
        EspalierError: transformers' names for the parts of such a model are not known, or the disk is full.
    """
    config = json.loads((made.student / "config.json").read_text(encoding="utf-8"))
    kind = str(config.get("model_type", ""))
    if kind not in KNOWN:
        raise EspalierError(
            f"What transformers calls the parts of a model of the kind {kind} is not known here. {INSTEAD}"
        )
    made.tell("asking the student")
    student = load(made.student)
    load_adapter(student, made.adapter)
    reference = row_logits(student, made.rows)
    made.tell("writing")
    weights = _named(dict(tree_flatten(fuse(student.model).parameters())), kind)
    del student
    _save(destination, weights)
    write_json(destination / "config.json", _config(normalised(config), weights))
    del weights
    copy_beside(made.student, destination)
    made.tell("reading it back")
    return judge_rounded(reference, row_logits(load(destination), made.rows), _MERGED)


def write_small(made: Made, destination: Path) -> Check:
    """Copy the run's quantized student, with the licence of its base, and load it again from there.

    Raises:
        EspalierError: there is none, or it needs a soft prompt, which no other program puts before it.
    """
    small = made.quantized
    if small is None:
        raise EspalierError("The run has no 4-bit student yet. Make it small first, with `espalier quantize`.")
    if (small / FILE).exists():
        raise EspalierError(SOFT_PROMPT)
    made.tell("writing")
    for file in sorted([*small.glob("model*.safetensors"), *small.glob("model.safetensors.index.json")]):
        shutil.copyfile(file, destination / file.name)
    config = json.loads((small / "config.json").read_text(encoding="utf-8"))
    write_json(destination / "config.json", without_paths(config))
    copy_beside(small, destination)
    copy_licence(made.student, destination)
    made.tell("reading it back")
    reference = row_logits(load(small), made.rows)
    return judge(reference, row_logits(load(destination), made.rows))


def _named(weights: dict[str, mx.array], kind: str) -> dict[str, mx.array]:
    """Return weights under transformers' names: the same as mlx-lm's, but for experts, which stand apart there."""
    named = {}
    for name, value in weights.items():
        module, _, leaf = name.rpartition(".")
        if ".switch_mlp." in name:
            for expert in range(value.shape[0]):
                named[f"{peft_name(module, kind, expert)}.{leaf}"] = value[expert]
        else:
            named[name] = value
    return named


def _save(folder: Path, weights: dict[str, mx.array]) -> None:
    shards = make_shards(weights)
    files: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        name = "model.safetensors" if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        try:
            mx.save_safetensors(str(folder / name), shard, metadata={"format": "pt"})
        except RuntimeError as error:  # MLX's form of a failed write
            raise OSError(str(error)) from error
        files |= dict.fromkeys(shard, name)
    if len(shards) > 1:
        total = sum(value.nbytes for value in weights.values())
        write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": files})


def _config(config: dict[str, Any], weights: dict[str, mx.array]) -> dict[str, Any]:
    """Return the student's configuration as it is true of these weights.

    Whether the head is tied is said always, since mlx-lm and transformers take different things for granted.
    """
    dropped = ("quantization", "quantization_config", "dtype", "torch_dtype")
    plain = {name: value for name, value in without_paths(config).items() if name not in dropped}
    types = Counter(value.dtype for value in weights.values())
    plain["torch_dtype"] = _TYPES[types.most_common(1)[0][0]]
    plain["tie_word_embeddings"] = "lm_head.weight" not in weights
    plain.setdefault("architectures", [_class_name(str(plain["model_type"]))])
    return plain


def _class_name(kind: str) -> str:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES  # takes a second

    return str(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[kind])
