"""InstructLab's recipes in and out, and conversations in files."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from espalier.errors import EspalierError
from espalier.training.brought import instead
from espalier.training.conversations import read_rows, row_lines, train_row
from espalier.training.mixture import Mixture, Row
from espalier.training.recipe import mix_recipe, read_recipe, write_recipe


def write(path: Path, lines: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def turns(*texts: str, **more: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)], **more}


def recipe(folder: Path, *sizes: Any, prompt: str = "") -> Path:
    datasets = []
    for number, size in enumerate(sizes):
        write(folder / f"data/{number}.jsonl", [turns(f"{number}.{n}?", f"It is {n}.") for n in range(10)])
        datasets.append({"path": f"data/{number}.jsonl", "sampling_size": size})
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({"datasets": datasets, "metadata": {"sys_prompt": prompt}}))
    return path


def test_shares_and_counts_are_taken_from_paths_beside_the_recipe(tmp_path: Path) -> None:
    rows = mix_recipe(read_recipe(recipe(tmp_path, 1.0, 0.5, 3, 25, 1)), seed=7)
    assert Counter(row.question.split(".")[0] for row in rows) == {"0": 10, "1": 5, "2": 3, "3": 25, "4": 10}
    each = Counter(row.question for row in rows if row.question.startswith("3."))
    assert set(each.values()) == {2, 3}
    assert rows == mix_recipe(read_recipe(tmp_path / "recipe.yaml"), seed=7)


def test_a_system_prompt_stands_before_every_conversation(tmp_path: Path) -> None:
    path = recipe(tmp_path, 1.0, prompt="Be brief.")
    system = {"role": "system", "content": "Old."}
    write(
        tmp_path / "data/0.jsonl", [turns("a?", "b"), {"messages": [system, *turns("c?", "d", "e?", "f")["messages"]]}]
    )
    first, second = (train_row(row) for row in mix_recipe(read_recipe(path), 7))
    assert (first.messages[0].role, first.messages[0].content) == ("system", "Be brief.")
    assert [m.content for m in second.messages] == ["Be brief.", "c?", "d", "e?", "f"]


def test_rows_come_back_from_a_written_recipe_as_they_were(tmp_path: Path) -> None:
    rows = [
        Row("knowledge/a/b", "How high?", "24 metres.", "sample", "It rises 24 metres."),
        Row("knowledge/a/b", "Who?", "Nobody.", "seed"),
        Row("", "Hi", "Bye", "general", turns=(("system", "Be."), ("user", "Hi"), ("assistant", "Bye")), unmask=True),
    ]
    write_recipe(tmp_path / "deep/mine.yaml", rows)
    written = read_recipe(tmp_path / "deep/mine.yaml")
    assert {part.path.parent.name for part in written.parts} == {"mine-data"}
    assert mix_recipe(written, 7) == rows


def test_instructlabs_pretraining_rows_are_learned_whole(tmp_path: Path) -> None:
    text = "<|user|>\nThe document.\n\nHow high?\n<|assistant|>\n24 metres."
    path = write(tmp_path / "a.jsonl", [{"messages": [{"role": "pretraining", "content": text}], "metadata": "{}"}])
    (row,) = read_rows(path, "recipe")
    assert row.unmask
    assert [m.content for m in train_row(row).messages] == ["The document.\n\nHow high?", "24 metres."]


@pytest.mark.parametrize(
    "line",
    [
        {"messages": "hi"},
        {"messages": []},
        {"messages": [{"role": "user", "content": "a"}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": None}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]},
        {"messages": [{"role": "pretraining", "content": "text"}]},
        {"nothing": 1},
        7,
    ],
)
def test_a_line_that_is_no_conversation_is_named(tmp_path: Path, line: Any) -> None:
    with pytest.raises(EspalierError, match=r"line 2: .*Mend the line"):
        read_rows(write(tmp_path / "a.jsonl", [turns("a", "b"), line]), "general")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "datasets: []",
        "datasets: [7]",
        "datasets: [{sampling_size: 1.0}]",
        "datasets: [{path: missing.jsonl}]",
        "datasets: [{path: r.yaml, sampling_size: many}]",
        "datasets: [{path: r.yaml, sampling_size: true}]",
        "datasets: [{path: r.yaml, sampling_size: -1}]",
        "datasets: [{path: r.yaml, sampling_size: .nan}]",
        "datasets: [{path: r.yaml}]\nmetadata: {sys_prompt: [1]}",
        "{",
        "&a [*a]",
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(EspalierError, match=r"r\.yaml"):
        read_recipe(path)


def test_what_is_held_out_is_not_trained_on_by_way_of_a_recipe() -> None:
    kept = Row("knowledge/a", "How wide is the canal?", "9 metres.", "sample")
    rows = [kept, Row("", "How high is the wheel?", "35 metres.", "recipe"), Row("", "Who?", "I.", "recipe")]
    mixed = instead(Mixture((), (kept,), 0), rows, ["How high is the wheel?"])
    assert [row.question for row in mixed.train] == ["Who?"]
    assert mixed.withheld == 1


def test_a_held_out_question_in_another_order_of_words_is_kept_away() -> None:
    row = Row("", "In which year was the wheel opened?", "2002.", "recipe")
    mixed = instead(Mixture((), (), 0), [row], ["The wheel was opened in which year?"])
    assert (mixed.train, mixed.withheld) == ((), 1)


def test_written_lines_hold_what_instructlab_reads() -> None:
    line = json.loads(row_lines([Row("knowledge/a", "q?", "a.", "seed")]))
    assert set(line) == {"messages", "metadata", "id"}
    assert isinstance(line["metadata"], str)
