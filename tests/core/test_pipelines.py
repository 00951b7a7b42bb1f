"""InstructLab's block semantics, with pipeline files of our own in its format and a scripted teacher."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_model import ScriptedModel

from espalier.errors import EspalierError
from espalier.language import Prompt, Sampling, TooLongError
from espalier.synthesis.pipelines.engine import Finished, run_pipeline
from espalier.synthesis.pipelines.file import read_pipeline
from espalier.synthesis.pipelines.rows import Calls, Row

Blocks = Sequence[dict[str, Any]]


def write(folder: Path, blocks: Blocks, **configs: dict[str, Any]) -> Path:
    """Write a pipeline file with its prompt config files beside it."""
    for name, config in configs.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(config))
    path = folder / "pipeline.yaml"
    path.write_text(yaml.safe_dump({"version": "1.0", "blocks": list(blocks)}, sort_keys=False))
    return path


def block(kind: str, name: str = "", **config: Any) -> dict[str, Any]:
    return {"name": name or kind, "type": kind, "config": config}


def prompts(generation: str, start: str = "", end: str = "", **more: Any) -> dict[str, Any]:
    return {"system": "Help.", "generation": generation, "start_tags": [start], "end_tags": [end], **more}


def run(
    path: Path,
    rows: Sequence[dict[str, Any]],
    reply: Callable[[Prompt], str] = lambda prompt: "",
    seen: dict[str, set[str]] | None = None,
    scaled: int = 3,
) -> tuple[Finished, ScriptedModel]:
    teacher = ScriptedModel(reply)
    calls = Calls(lambda: teacher, lambda: teacher, "0", scaled, False, lambda tokens: None)
    return run_pipeline(read_pipeline(path), [Row(row) for row in rows], calls, seen or {}), teacher


def columns(finished: Finished) -> list[dict[str, Any]]:
    return [dict(row.columns) for row in finished.rows]


def reasons(finished: Finished) -> list[str]:
    assert all(not row.verdict[-1].passed and row.verdict[-1].reason for row in finished.removed)
    return [row.verdict[-1].reason for row in finished.removed]


def last(prompt: Prompt) -> str:
    return prompt.messages[-1].content.splitlines()[-1]


@pytest.mark.parametrize(
    ("value", "operation", "convert", "kept"),
    [
        (1.0, "eq", "float", ["1", "1.0", " 1 "]),  # Python's float() takes spaces
        (2.0, "ge", "float", [["2", "3 is not it"][0], "3"]),
        (0, "eq", "int", ["Score: 1", "0", "2/3"]),  # what does not convert is the default value
        ("YES", "eq", None, ["YES"]),
        ("YES", "ne", None, ["Yes", "NO"]),
        (["a", "b"], "eq", None, ["a", "b"]),
        (["an", "pp"], "contains", None, ["banana", "apple"]),
        (2, "lt", "int", ["1"]),
        (2, "le", "int", ["1", "2"]),
        (2, "gt", "int", ["3"]),
        (True, "eq", "bool", ["x", "False"]),  # every text but the empty one is True
    ],
)
def test_a_filter_keeps_what_instructlab_keeps(
    tmp_path: Path, value: Any, operation: str, convert: str | None, kept: list[str]
) -> None:
    config = {"filter_column": "c", "filter_value": value, "operation": operation}
    if convert:
        config["convert_dtype"] = convert
    path = write(tmp_path, [block("FilterByValueBlock", **config)])
    others = {"eq": ["9x"], "ge": ["1", "1.9", "x"], "contains": ["cherry"], "lt": ["2", "3"], "le": ["3"]}
    others |= {"gt": ["1", "2", "x"], "ne": ["YES"]}
    dropped = others[operation]
    if (operation, convert) == ("eq", "int"):
        dropped = ["7"]
    if convert == "bool":
        dropped = [""]
    finished, _ = run(path, [{"c": text} for text in [*kept, *dropped]])
    assert len(finished.rows) == len(kept)
    assert len(finished.removed) == len(dropped)
    assert all(repr(text)[1:-1] in reason for text, reason in zip(dropped, reasons(finished), strict=True))


def test_a_filters_column_is_converted_and_its_judge_is_quoted(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            block("LLMBlock", "judge", config_path="judge.yaml", output_cols=["why", "score"]),
            block(
                "FilterByValueBlock", "keep", filter_column="score", filter_value=2, operation="ge", convert_dtype="int"
            ),
        ],
        judge={**prompts("{{ q }}"), "start_tags": ["[W]", "[S]"], "end_tags": ["[/W]", "[/S]"]},
    )
    scores = {"a": "3", "b": "1", "c": "two"}
    finished, _ = run(path, [{"q": q} for q in scores], lambda p: f"[W]so {last(p)}[/W][S] {scores[last(p)]} [/S]")
    assert columns(finished) == [{"q": "a", "why": "so a", "score": 3}]
    assert finished.rows[0].verdict[-1].score == 3
    assert finished.rows[0].verdict[-1].least == 2
    assert "so b" in reasons(finished)[0]
    assert "“two”" in reasons(finished)[1]


def test_columns_are_combined_duplicated_renamed_and_flattened(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            block("DuplicateColumnsBlock", columns_map={"document": "base"}),
            block("CombineColumnsBlock", columns=["document", "more"], output_col="both"),
            block("CombineColumnsBlock", "joined", columns=["more", "more"], output_col="more", separator="-"),
            block("FlattenColumnsBlock", var_cols=["both", "base"], value_name="text", var_name="kind"),
            block("RenameColumnsBlock", columns_map={"document": "raw", "text": "document"}),
        ],
    )
    finished, _ = run(path, [{"document": "d1", "more": "m"}, {"document": "d2", "more": "m"}])
    assert columns(finished) == [
        {"raw": "d1", "more": "m-m", "kind": "both", "document": "d1\n\nm"},
        {"raw": "d2", "more": "m-m", "kind": "both", "document": "d2\n\nm"},
        {"raw": "d1", "more": "m-m", "kind": "base", "document": "d1"},
        {"raw": "d2", "more": "m-m", "kind": "base", "document": "d2"},
    ]


def test_two_columns_may_change_places(tmp_path: Path) -> None:
    path = write(tmp_path, [block("RenameColumnsBlock", columns_map={"a": "b", "b": "a"})])
    assert columns(run(path, [{"a": 1, "b": 2}])[0]) == [{"b": 1, "a": 2}]


def test_a_selector_and_a_populator_fill_columns(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            block("SamplePopulatorBlock", config_paths=["red.yaml", "blue.yaml"], column_name="colour", post_fix="v2"),
            block("SelectorBlock", choice_map={"x": "tone", "y": "colour"}, choice_col="pick", output_col="chosen"),
        ],
        red_v2={"tone": "warm"},
        blue_v2={"tone": "cold"},
    )
    rows = [{"colour": c, "pick": p} for c, p in (("red", "x"), ("blue", "y"), ("green", "x"), ("red", "z"))]
    finished, _ = run(path, rows)
    assert [(row["tone"], row["chosen"]) for row in columns(finished)] == [("warm", "warm"), ("cold", "blue")]
    assert "green" in reasons(finished)[0]
    assert "“z”" in reasons(finished)[1]


def test_the_majority_value_is_set_and_the_least_of_equals_wins(tmp_path: Path) -> None:
    path = write(tmp_path, [block("SetToMajorityValueBlock", col_name="v")])
    assert {row["v"] for row in columns(run(path, [{"v": v} for v in "abcbca"])[0])} == {"a"}
    assert {row["v"] for row in columns(run(path, [{"v": v} for v in ("b", "a", "b", None)])[0])} == {"b"}
    assert read_pipeline(path).is_whole


def test_an_answer_gives_a_row_for_each_pair_of_tags_and_the_shorter_column_counts(tmp_path: Path) -> None:
    config = {**prompts("{{ n }}"), "start_tags": ["[Q]", "[A]"], "end_tags": ["[/Q]", "[/A]"]}
    path = write(
        tmp_path, [block("LLMBlock", config_path="ask.yaml", output_cols=["question", "response"])], ask=config
    )
    answers = {
        "1": "[Q] one [/Q][A] 1 [/A] [Q]two\nlines[/Q][A]2[/A]",
        "2": "[Q]only[/Q]",
        "3": "[Q]a[/Q][A]b[/A][Q]c[/Q]",
        "4": "",
    }
    finished, _ = run(path, [{"n": n} for n in answers], lambda prompt: answers[last(prompt)])
    assert [(row["n"], row["question"], row["response"]) for row in columns(finished)] == [
        ("1", "one", "1"),
        ("1", "two\nlines", "2"),
        ("3", "a", "b"),
    ]
    assert [row.columns["n"] for row in finished.removed] == ["2", "4"]
    assert "[Q] … [/Q]" in reasons(finished)[0]


def test_a_pattern_finds_columns_and_cleanup_tags_go(tmp_path: Path) -> None:
    pattern = r"\[(?:Question|QUESTION)\]\s*(.*?)\s*\[(?:Answer|ANSWER)\]\s*(.*?)\s*(?=\[(?:Question|QUESTION)\]|$)"
    kwargs = {"parser_name": "custom", "parsing_pattern": pattern, "parser_cleanup_tags": ["[END]"]}
    path = write(
        tmp_path,
        [block("LLMBlock", config_path="ask.yaml", output_cols=["question", "response"], parser_kwargs=kwargs)],
        ask=prompts("Go."),
    )
    text = "Sure:\n[QUESTION]\nWhy?\n[ANSWER]\nSo.\n[END]\n\n[Question]\nHow?[Answer]\nThus.[END]"
    finished, _ = run(path, [{"x": 1}], lambda prompt: text)
    assert [(row["question"], row["response"]) for row in columns(finished)] == [("Why?", "So.\n"), ("How?", "Thus.")]
    assert "pattern" in reasons(run(path, [{"x": 1}], lambda prompt: "nothing")[0])[0]


def test_a_pattern_of_one_group_keeps_its_tags_as_instructlab_does(tmp_path: Path) -> None:
    kwargs = {"parser_name": "custom", "parsing_pattern": r"<(.*?)>", "parser_cleanup_tags": ["x"]}
    path = write(
        tmp_path,
        [block("LLMBlock", config_path="ask.yaml", output_cols=["a"], parser_kwargs=kwargs)],
        ask=prompts("Go."),
    )
    assert [row["a"] for row in columns(run(path, [{}], lambda prompt: "< ax > <b>")[0])] == ["ax", "b"]


def test_scaled_draws_and_numbers_of_samples_reach_the_prompt(tmp_path: Path) -> None:
    ask = block(
        "LLMBlock",
        config_path="ask.yaml",
        output_cols=["output"],
        gen_kwargs={"n": "scaled", "temperature": 0.7},
        batch_kwargs={"num_samples": 30},
    )
    ask["drop_duplicates"] = ["output"]
    ask["drop_columns"] = ["num_samples", "never there"]
    path = write(tmp_path, [ask], ask=prompts("Write {{ num_samples }}."))
    turn = iter(["a", "b", "a", "c", "b", "d"])
    finished, teacher = run(path, [{"s": 1}, {"s": 2}], lambda prompt: next(turn))
    assert len([text for text in teacher.shown if text.endswith("Write 30.")]) == 6
    assert columns(finished) == [
        {"s": 1, "output": "a"},
        {"s": 1, "output": "b"},
        {"s": 2, "output": "c"},
        {"s": 2, "output": "d"},
    ]
    assert len(reasons(finished)) == 2
    again, _ = run(path, [{"s": 3}], lambda prompt: "a", {"LLMBlock": set(finished.seen["LLMBlock"])})
    assert not again.rows  # duplicates are dropped over all portions of a leaf


def test_settings_beside_the_config_count_as_in_older_files(tmp_path: Path) -> None:
    ask = {**block("LLMBlock", config_path="ask.yaml", output_cols=["o"]), "gen_kwargs": {"n": 2, "temperature": 1}}
    path = write(tmp_path, [ask], ask=prompts("Go."))
    assert len(run(path, [{}], lambda prompt: "x")[0].rows) == 2


def test_a_condition_chooses_the_prompt(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            block(
                "ConditionalLLMBlock",
                config_paths=[["hot.yaml", "h"], ["cold.yaml", "c"]],
                output_cols=["o"],
                selector_column_name="kind",
            ),
        ],
        hot=prompts("Burn {{ x }}"),
        cold=prompts("Freeze {{ x }}"),
    )
    finished, _ = run(path, [{"kind": k, "x": "it"} for k in "hcx"], last)
    assert [row["o"] for row in columns(finished)] == ["Burn it", "Freeze it"]
    assert "“x”" in reasons(finished)[0]


def test_a_single_condition_for_all_needs_no_column(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            block(
                "ConditionalLLMBlock",
                config_paths=[["hot.yaml", "All"]],
                output_cols=["o"],
                selector_column_name="kind",
            )
        ],
        hot=prompts("Burn"),
    )
    assert [row["o"] for row in columns(run(path, [{}], last)[0])] == ["Burn"]


def test_messages_are_answered_and_several_draws_make_a_list(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            block("LLMMessagesBlock", input_col="turns", output_col="one"),
            block("LLMMessagesBlock", "many", input_col="turns", output_col="two", gen_kwargs={"n": 2}),
        ],
    )
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "hello"}]
    finished, teacher = run(path, [{"turns": turns}, {"turns": "no list"}], last)
    assert [(row["one"], row["two"]) for row in columns(finished)] == [("hello", ["hello", "hello"])]
    assert "messages" in reasons(finished)[0]
    assert teacher.shown[:2] == ["s", "hello"]


def test_a_repeated_block_puts_its_rounds_below_each_other(tmp_path: Path) -> None:
    inner = {"config_path": "ask.yaml", "output_cols": ["o"], "gen_kwargs": {"temperature": 1}}
    for settings_of in ({**inner}, {"block_config": inner}, {"block_kwargs": inner}):
        path = write(
            tmp_path, [block("IterBlock", num_iters=3, block_type="LLMBlock", **settings_of)], ask=prompts("{{ x }}")
        )
        turn = iter("abcdef")
        finished, _ = run(path, [{"x": 1}, {"x": 2}], lambda prompt, turn=turn: next(turn))  # type: ignore[misc]
        assert [(row["x"], row["o"]) for row in columns(finished)] == list(zip([1, 2] * 3, "abcdef", strict=True))


def test_a_judge_passes_rows_by_the_probability_of_labels(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [block("JudgeBlock", "good", config_path="j.yaml", labels=["1", "2", "3"], accepted=["2", "3"], least=0.6)],
        j=prompts("{{ q }}"),
    )
    chances = {"a": [0.1, 0.2, 0.7], "b": [0.5, 0.25, 0.25]}

    class Judge(ScriptedModel):
        def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
            assert list(options) == ["1", "2", "3"]
            return [chances[last(prompt)] for prompt in prompts]

    teacher = Judge(last)
    calls = Calls(lambda: teacher, lambda: teacher, "0", 1, False, lambda tokens: None)
    finished = run_pipeline(read_pipeline(path), [Row({"q": q}) for q in "aba"], calls, {})
    assert [row["q"] for row in columns(finished)] == ["a", "a"]
    assert finished.rows[0].verdict[0].score == pytest.approx(0.9)
    assert finished.rows[0].verdict[0].least == 0.6
    assert "“1” is likeliest" in reasons(finished)[0]


def test_a_row_without_a_column_of_the_prompt_is_kept_with_its_reason(tmp_path: Path) -> None:
    path = write(
        tmp_path, [block("LLMBlock", config_path="ask.yaml", output_cols=["o"])], ask=prompts("{{ x }} {{ y }}")
    )
    finished, _ = run(path, [{"x": 1}, {"x": 1, "y": 2}], last)
    assert len(finished.rows) == 1
    assert "'y' is undefined" in reasons(finished)[0]


def test_prompts_that_are_too_long_are_left_out_and_said(tmp_path: Path) -> None:
    path = write(tmp_path, [block("LLMBlock", config_path="ask.yaml", output_cols=["o"])], ask=prompts("{{ x }}"))

    class Narrow(ScriptedModel):
        def answer(self, prompts: Sequence[Prompt], sampling: Sampling, *rest: Any, **more: Any) -> list[str]:
            long = {index: "It has 9 tokens; 5 fit." for index, prompt in enumerate(prompts) if len(last(prompt)) > 5}
            if long:
                raise TooLongError(long)
            return super().answer(prompts, sampling)

    teacher = Narrow(last)
    calls = Calls(lambda: teacher, lambda: teacher, "0", 1, False, lambda tokens: None)
    rows = [Row({"x": x}) for x in ("ab", "abcdefghi", "cd")]
    finished = run_pipeline(read_pipeline(path), rows, calls, {})
    assert [row["o"] for row in columns(finished)] == ["ab", "cd"]
    assert "5 fit" in reasons(finished)[0]


def test_the_prompt_is_the_five_parts_below_each_other_in_one_turn(tmp_path: Path) -> None:
    parts = {"system": "S {{ a }}", "introduction": None, "principles": "P", "examples": "E\n", "generation": "G"}
    path = write(
        tmp_path,
        [block("LLMBlock", config_path="ask.yaml", output_cols=["o"])],
        ask={**parts, "start_tags": [""], "end_tags": [""]},
    )
    _, teacher = run(path, [{"a": "{{ b }}"}], lambda prompt: "x")
    assert teacher.shown == ["S {{ b }}\n\nP\nE\n\nG"]  # a row's text is never read as a template


def knowledge_pipeline(folder: Path) -> Path:
    """Write a pipeline with the stages, columns and thresholds of InstructLab's for knowledge, and prompts of ours."""

    def judge(name: str, *output: str) -> dict[str, Any]:
        return block("LLMBlock", f"eval_{name}", config_path=f"{name}.yaml", output_cols=list(output))

    def keep(name: str, column: str, value: Any, *drop: str) -> dict[str, Any]:
        convert = {"convert_dtype": "float"} if isinstance(value, float) else {}
        config = {"filter_column": column, "filter_value": value, "operation": "eq", **convert}
        return {**block("FilterByValueBlock", f"filter_{name}", **config), "drop_columns": list(drop)}

    pattern = r"\[(?:Question|QUESTION)\]\s*(.*?)\s*\[(?:Answer|ANSWER)\]\s*(.*?)\s*(?=\[(?:Question|QUESTION)\]|$)"
    kwargs = {"parser_name": "custom", "parsing_pattern": pattern, "parser_cleanup_tags": ["[END]"]}
    generate = block(
        "LLMBlock", "gen", config_path="gen.yaml", output_cols=["question", "response"], parser_kwargs=kwargs
    )
    tags = {"start_tags": ["[E]", "[V]"], "end_tags": ["[/E]", "[/V]"]}
    pair = "{{ question }} | {{ response }}"
    return write(
        folder,
        [
            block("DuplicateColumnsBlock", columns_map={"document": "base_document"}),
            block("LLMBlock", "spell", config_path="spell.yaml", output_cols=["spellcheck"]),
            block(
                "FlattenColumnsBlock",
                var_cols=["spellcheck", "base_document"],
                value_name="corrected_document",
                var_name="dataset_type",
            ),
            block("RenameColumnsBlock", columns_map={"document": "raw_document", "corrected_document": "document"}),
            {**generate, "drop_duplicates": ["question"]},
            judge("faith", "explanation", "judgment"),
            keep("faith", "judgment", "YES", "judgment", "explanation"),
            judge("relevant", "feedback", "score"),
            keep("relevant", "score", 2.0, "feedback", "score"),
            judge("clear", "explanation", "rating"),
            keep("clear", "rating", 1.0, "explanation", "rating", "__index_level_0__"),
        ],
        spell=prompts("Spell {{ document }}", "[C]", "[/C]"),
        gen=prompts("Ask {{ document }}"),
        faith={**prompts(f"faith {pair}"), **tags},
        relevant={**prompts(f"relevant {pair}"), **tags},
        clear={**prompts(f"clear {pair}"), **tags},
    )


def test_a_whole_pipeline_like_instructlabs_keeps_the_rows_that_it_would_keep(tmp_path: Path) -> None:
    verdicts = {  # of the three judges, in InstructLab's words
        "Q1": ("YES", "2", "1"),
        "Q2": ("YES", "2.0", " 1 "),
        "Q3": ("Yes", "2", "1"),  # the filter compares the very letters
        "Q4": ("YES", "1", "1"),
        "Q5": ("YES", "Total Score: 2", "1"),  # is no number, so it counts as 0
        "Q6": ("YES", "2", "0"),
        "Q7": ("YES", "2", None),  # is not parsed
    }
    written = {
        "Ask tidy one": "[QUESTION] Q1 [ANSWER] a [END] [QUESTION] Q3 [ANSWER] b [END] [QUESTION] Q4 [ANSWER] c",
        "Ask one": "[Question] Q1 [Answer] again [Question] Q2 [Answer] d[END]",
        "Ask tidy two": "[UNANSWERABLE]",
        "Ask two": "[QUESTION] Q5 [ANSWER] e [QUESTION] Q6 [ANSWER] f [QUESTION] Q7 [ANSWER] g",
    }

    def reply(prompt: Prompt) -> str:
        asked = last(prompt)
        if asked.startswith("Spell"):
            return f"[C]tidy {asked.removeprefix('Spell ')}[/C]" if "three" not in asked else "[C]never closed"
        if asked in written:
            return written[asked]
        kind, question = asked.split()[:2]
        verdict = verdicts[question][["faith", "relevant", "clear"].index(kind)]
        return f"[E]as {kind} says[/E]" + (f"[V]{verdict}[/V]" if verdict else "")

    rows = [{"document": document, "domain": "d"} for document in ("one", "two", "three")]
    finished, _ = run(knowledge_pipeline(tmp_path), rows, reply)
    kept = [(row["question"], row["response"], row["raw_document"], row["dataset_type"]) for row in columns(finished)]
    # The space before a cleanup tag stays, as there.
    assert kept == [("Q1", "a ", "one", "spellcheck"), ("Q2", "d", "one", "base_document")]
    assert all(row.keys() == columns(finished)[0].keys() for row in columns(finished))
    assert "rating" not in columns(finished)[0]
    gone = {row.columns.get("question", row.columns.get("document")): row.verdict[-1] for row in finished.removed}
    assert {what: check.name for what, check in gone.items()} == {
        "three": "spell",
        "tidy two": "gen",
        "Q1": "gen",
        "Q3": "filter_faith",
        "Q4": "filter_relevant",
        "Q5": "filter_relevant",
        "Q6": "filter_clear",
        "Q7": "eval_clear",
    }
    assert "“Yes”" in gone["Q3"].reason
    assert "as faith says" in gone["Q3"].reason
    assert "Total Score: 2" in gone["Q5"].reason


BAD = [
    ("version: '1.0'\n", 1, "lacks “blocks”"),
    ("version: 1.0\nblocks:\n- {name: a, type: LLMBlock, config: {}}\n", 1, "must be a text"),
    ("version: '2.0'\nblocks:\n- {name: a, type: SelectorBlock, config: {}}\n", 1, "reads version"),
    ("version: '1.0'\nblocks:\n- name: a\n  type: LMBlock\n  config: {}\n", 4, "LLMBlock, ConditionalLLMBlock"),
    ("version: '1.0'\nblocks:\n- name: a\n  type: LLMBlock\n  config:\n    config_path: x.yaml\n", 6, "output_cols"),
    (
        "version: '1.0'\nblocks:\n- name: a\n  type: SetToMajorityValueBlock\n"
        "  config:\n    col_name: x\n    colname: y\n",
        7,
        "“colname”",
    ),
    ("version: '1.0'\nblocks: [\n", 3, "line"),
]


@pytest.mark.parametrize(("text", "line", "words"), BAD)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(EspalierError) as caught:
        read_pipeline(path)
    message = str(caught.value)
    found = re.search(r"p\.yaml, line (\d+), column \d+: ", message)
    assert found, message
    assert int(found[1]) == line, message
    assert words in message
    assert message.endswith(".")


def test_a_wrong_prompt_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, [block("LLMBlock", config_path="ask.yaml", output_cols=["o"])])
    with pytest.raises(EspalierError, match=r"ask\.yaml cannot be read"):
        read_pipeline(path)
    (tmp_path / "ask.yaml").write_text("system: Help.\ngeneration: |\n  fine\n  {{ broken\n")
    with pytest.raises(EspalierError, match=r"ask\.yaml, line 4, .*Mend the braces"):
        read_pipeline(path)
    (tmp_path / "ask.yaml").write_text("start_tags: ['']\n")
    with pytest.raises(EspalierError, match="holds no prompt"):
        read_pipeline(path)


def test_a_path_out_of_the_folder_is_refused_and_instructlabs_layout_is_not(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(yaml.safe_dump(prompts("Tell.")))
    (tmp_path / "a").mkdir()
    ask = block("LLMBlock", config_path="../secret.yaml", output_cols=["o"])
    with pytest.raises(EspalierError, match="leads out of"):
        read_pipeline(write(tmp_path / "a", [ask]))
    (tmp_path / "a" / "link.yaml").symlink_to(secret)
    with pytest.raises(EspalierError, match="leads out of"):
        read_pipeline(write(tmp_path / "a", [block("LLMBlock", config_path="link.yaml", output_cols=["o"])]))
    assert read_pipeline(write(tmp_path / "a", [block("LLMBlock", config_path=str(secret), output_cols=["o"])]))
    full, configs = tmp_path / "sdg" / "pipelines" / "full", tmp_path / "sdg" / "configs"
    full.mkdir(parents=True)
    configs.mkdir()
    (configs / "ask.yaml").write_text(yaml.safe_dump(prompts("Tell.")))
    assert read_pipeline(write(full, [block("LLMBlock", config_path="../../configs/ask.yaml", output_cols=["o"])]))
    with pytest.raises(EspalierError, match="leads out of"):
        read_pipeline(write(full, [block("LLMBlock", config_path="../../../secret.yaml", output_cols=["o"])]))


def test_a_missing_column_is_a_sentence_about_the_block(tmp_path: Path) -> None:
    path = write(tmp_path, [block("CombineColumnsBlock", "join", columns=["a", "b"], output_col="c")])
    with pytest.raises(EspalierError, match="The block join wants a column “b”"):
        run(path, [{"a": "x"}])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=12), st.integers(0, 3))
def test_no_row_is_ever_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]], least: int) -> None:
    filtered = block("FilterByValueBlock", filter_column="n", filter_value=least, operation="ge", convert_dtype="int")
    path = write(tmp_path_factory.mktemp("p"), [{**filtered, "drop_duplicates": ["t"]}])
    finished, _ = run(path, [{"t": t, "n": n} for t, n in rows])
    assert len(finished.rows) + len(finished.removed) == len(rows)
    expected = dict.fromkeys(t for t, n in rows if n >= least)
    assert [row["t"] for row in columns(finished)] == list(expected)
    reasons(finished)
