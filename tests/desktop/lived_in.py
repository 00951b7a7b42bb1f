"""The example project as it is after a whole loop, made without a model: samples with verdicts, a run, a report."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

from espalier import demo
from espalier.evaluation.general import general_questions
from espalier.evaluation.plan import Plan, choices_of
from espalier.evaluation.questions import read_questions
from espalier.evaluation.respondent import Respondent
from espalier.evaluation.scored import score_choices, score_forgetting, score_questions
from espalier.evaluation.seen import Seen
from espalier.evaluation.talks import shipped_talks, wins
from espalier.files import write_json
from espalier.project import Project, open_project, write_settings
from espalier.quantization.cost import Compared, Divergence
from espalier.quantization.settings import QuantizeSettings
from espalier.quantization.stage import cost_of
from espalier.quantization.store import RECORD, free_folder, record_of
from espalier.stages import lesson
from espalier.synthesis.import_rows import import_samples
from espalier.synthesis.leaf_work import leaf_journal
from espalier.synthesis.on_disk import read_practice
from espalier.synthesis.practice import Practice, practice_of
from espalier.synthesis.reviews import read_reviews, review
from espalier.synthesis.sample import Check, Sample, measured
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.run import open_run

REASONS = (
    ("round trip", "Asked again, the teacher says: “A lock.”", 0.18, 0.3),
    ("fits its fact", "The fact makes this question likely: -1.31.", -1.31, -1.2),
    ("stands alone", "“this text” points at a text that the reader does not see.", None, None),
)

_LAYER = {
    **{f"self_attn.{name}_proj": (rows, 576) for name, rows in (("q", 576), ("k", 192), ("v", 192), ("o", 576))},
    **{"mlp.gate_proj": (1536, 576), "mlp.up_proj": (1536, 576), "mlp.down_proj": (576, 1536)},
}
_SHAPES = {  # of the starter model, but for its norms
    "model.embed_tokens": (49_152, 576),
    **{f"model.layers.{layer}.{name}": shape for layer in range(30) for name, shape in _LAYER.items()},
}


def make_samples(leaf: Leaf) -> list[Sample]:
    """Return one accepted sample for each seed example, and a rejected one for every third."""
    samples = []
    for place, seed in enumerate(leaf.seeds):
        form = Check("form", True, "It is one question.")
        question = seed.question.replace("?", ", in short?")
        good = Sample(f"0-{place}", leaf.path, question, seed.answer, seed.answer, (form,)).judged(
            measured(
                "fits its fact",
                -0.4 - place / 40,
                -1.2,
                f"The fact makes this question likely: {-0.4 - place / 40:.2f}.",
            ),
            measured(
                "round trip", 0.45 + place / 40, 0.3, f"Asked with the text in view, the teacher says: “{seed.answer}”"
            ),
        )
        samples.append(good)
        if place % 3 == 0:
            name, reason, score, least = REASONS[place // 3 % len(REASONS)]
            failed = Check(name, False, reason, score, least)
            samples.append(
                Sample(f"0-r{place}", leaf.path, f"Why is it so? ({place})", seed.answer, "", (form, failed))
            )
    return samples


def review_some(project: Project) -> None:
    """Leave a project in which samples of every state wait: kept, dropped, edited, suggested, imported."""
    practice = next(part for part in read_practice(project) if part.leaf.kind == "knowledge")
    good = [row.drawn for row in practice.rows if row.state.is_learned]
    bad = [row.drawn for row in practice.rows if not row.state.is_learned]
    read_reviews(project).add(
        [
            review(bad[0], "keep"),
            review(good[1], "drop"),
            review(good[2], "edit", good[2].question.replace(", in short", ""), good[2].answer),
            review(bad[1], "suggest", "How does the wheel turn with so little power?", bad[1].answer, "the teacher"),
        ]
    )
    mine = project.root / "mine.jsonl"
    own = {"question": "Which union does the wheel join?", "answer": "None; it joins two canals."}
    mine.write_text(json.dumps(own))
    import_samples(project, practice.leaf.path, mine)
    mine.unlink()


def write_samples(project: Project, leaf: Leaf) -> Practice:
    """Write a leaf's samples so that it needs no more."""
    _, journal, is_complete = leaf_journal(project, leaf)
    samples = make_samples(leaf)
    while not is_complete:
        journal.add([replace(sample, id=sample.id.replace("0-", f"{journal.waves}-", 1)) for sample in samples], 1)
        samples = samples[1::2] or samples
        _, journal, is_complete = leaf_journal(project, leaf)
    return practice_of(project, leaf, journal.samples)


def make_lived_in(root: Path, name_of_model: str) -> Project:
    """Make the project in a new folder; its models are an existing folder."""
    demo.create_example(root)
    project = replace(open_project(root), student=name_of_model, teacher=name_of_model)
    write_settings(project)
    practice = [write_samples(project, leaf) for leaf in read_taxonomy(project.taxonomy)]
    mixture, settings, curriculum = lesson(project, practice)
    run = open_run(project, mixture, settings, {"mlx": "0"}, curriculum)
    dated = run.folder.with_name("2026-11-20T18-42-07")
    run.folder.rename(dated)
    for folder, size in (("adapter", 9_800_000), ("model-4bit", 81_000_000)):
        (dated / folder).mkdir()
        with (dated / folder / "weights").open("wb") as file:
            file.truncate(size)
    write_json(dated / "report.json", make_report(project))
    return project


def make_report(project: Project) -> dict[str, Any]:
    """Return an evaluation in which the student has learned most of what it was taught."""
    questions = tuple(read_questions(project.questions))

    def answers(know: Callable[[int], bool]) -> list[str]:
        return [each.reference if know(place) else "I do not know." for place, each in enumerate(questions)]

    general, choices = general_questions(), tuple(choices_of(project))
    plan = Plan(questions, (Seen("What is it?", "What is it", ""),), general, choices, shipped_talks())
    right = {"base": lambda n: n % 9 == 0, "tuned": lambda n: n % 6 != 0, "4-bit": lambda n: n % 5 != 0}
    bounds = {"base": 5, "tuned": 2, "4-bit": 3}
    report: dict[str, Any] = {"parts": ["forgetting", "mcq", "two-turn"], "judge": "j"}
    report |= score_questions(plan, {name: answers(know) for name, know in right.items()}, cast(Respondent, None), True)
    report["refused"] = [asdict(each) for each in plan.refused]
    known = {
        name: [e.reference if n % (bound + 4) else "?" for n, e in enumerate(general)] for name, bound in bounds.items()
    }
    report["forgetting"] = score_forgetting(plan, known, {"base": [-2.1], "tuned": [-2.2], "4-bit": [-2.3]})
    weights = {
        name: [
            [float(place == (each.right + (n % bound == 0)) % 4) for place in range(4)]
            for n, each in enumerate(choices)
        ]
        for name, bound in (("base", 1), ("tuned", 3), ("4-bit", 4))
    }
    report["mcq"] = score_choices(plan, weights)
    grades = {
        "mean": {"base": 2.1, "tuned": 2.4, "4-bit": 2.35},
        "wins": wins([2.0] * 12, [2.5] * 7 + [1.5] * 2 + [2.0] * 3),
    }
    report["two_turn"] = {"questions": [], **grades}
    return report


def spoil(root: Path) -> None:
    """Write a leaf that InstructLab would refuse, as a person might."""
    leaf = root / "taxonomy" / "knowledge" / "science" / "optics" / "qna.yaml"
    leaf.parent.mkdir(parents=True)
    leaf.write_text("version: 3\ncreated_by: me\ndomain: optics\nseed_examples: yes\ntask: none\n", encoding="utf-8")


def make_small_ones(run: Path) -> None:
    """Give a run that has its 4-bit student two more, all with what they cost."""
    for way, size, kl, same, right in (
        (QuantizeSettings(), 81_000_000, 0.047, 0.967, 33),
        (QuantizeSettings("dwq", bits=3), 74_000_000, 0.21, 0.9, 29),
        (QuantizeSettings("affine", bits=2), 62_000_000, 9.34, 0.04, 0),
    ):
        folder = free_folder(run, way)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "weights").open("wb") as file:
            file.truncate(size)
        found = {"project": Divergence(kl, same, 240), "general": Divergence(2 * kl, same, 250)}
        fused = dict.fromkeys(found, Divergence(0, 1, 240))
        memory = {"adapter": 548_000_000, "fused": 538_000_000, "quantized": size}
        speeds = {"adapter": 11.0, "quantized": 41.5}
        score = {"questions": 40, "base": 5, "adapter": 33, "quantized": right}
        cost = cost_of(way, Compared({"fused": fused, "quantized": found}, memory, speeds), score, memory)
        known = {"distilled": {"before": 0.4, "after": 0.21, "updates": 60}} if way.method == "dwq" else {}
        write_json(folder / RECORD, record_of(way, bits_per_weight=8e9 * size / 135e15, cost=cost, **known))


def make_model(home: Path) -> str:
    """Make a model folder that is complete as far as files can tell, and return its name."""
    folder = home / "models" / "smollm2-135m-instruct"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "torch_dtype": "float32"}))
    (folder / "tokenizer.json").write_text("{}")
    size, weights = 0, {}
    for name, shape in _SHAPES.items():
        count = 4 * shape[0] * shape[-1]
        weights[f"{name}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [size, size + count]}
        size += count
    header = json.dumps(weights).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    return folder.name
