"""Pipelines of blocks over whole projects: every kind of leaf, resume to the row, and what is told on the way."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_projects import FREEFORM, GROUNDED, KNOWLEDGE, make_project
from scripted_teacher import Scripted, Teacher

from espalier.comparison.corrections import add_pair
from espalier.errors import Cancelled, EspalierError
from espalier.messages import Drawn, Event, Funnel, Note, Stage
from espalier.project import Project, open_project
from espalier.stages import mixture_of
from espalier.synthesis import leaf_work
from espalier.synthesis.decide import decide_all
from espalier.synthesis.generate import choose_pipeline, generate
from espalier.synthesis.leaf_work import leaf_journal
from espalier.synthesis.on_disk import read_practice
from espalier.synthesis.pipelines.check_file import examine_pipeline
from espalier.synthesis.pipelines.file import read_pipeline
from espalier.synthesis.pipelines.inputs import language_code, leaf_portions
from espalier.synthesis.pipelines.leaf_run import LeafRun
from espalier.synthesis.pipelines.shipped import FILES, SHIPPED
from espalier.synthesis.sample import Journal, Sample
from espalier.taxonomy.reader import read_taxonomy
from espalier.teachers import opening

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are names here, and a token is a word."""
    monkeypatch.setattr(leaf_work, "find_model", Path)
    monkeypatch.setattr(opening, "find_model", Path)
    monkeypatch.setattr(leaf_work, "token_counter", lambda folder: lambda text: len(text.split()))


def generated(project: Project, **wanted: Any) -> tuple[dict[str, list[Sample]], list[Event], Teacher]:
    events: list[Event] = []
    teacher = Teacher()
    parts = generate(project, Scripted(teacher), events.append, **wanted)
    return {part.leaf.path: leaf_journal(project, part.leaf)[1].samples for part in parts}, events, teacher


def folder_of_pipelines(folder: Path) -> Path:
    """Write three pipelines as InstructLab lays them out: pipelines/mine/….yaml and configs/ beside."""
    pipelines = folder / "sdg" / "pipelines" / "mine"
    configs = folder / "sdg" / "configs"
    pipelines.mkdir(parents=True)
    configs.mkdir()
    config = {"system": "S", "generation": "x {{ seed_question }}", "start_tags": [""], "end_tags": [""]}
    known = "{{ document[:40] }} {{ icl_document }} {{ icl_query_3 }} {{ icl_response_1 }} {{ domain }}"
    (configs / "skill.yaml").write_text(
        yaml.safe_dump({**config, "generation": "{{ seed_question }}{{ seed_context }}"})
    )
    (configs / "knowledge.yaml").write_text(yaml.safe_dump({**config, "generation": known}))
    for file, name in zip(FILES.values(), ("knowledge", "skill", "skill"), strict=True):
        block = {
            "name": "gen",
            "type": "LLMBlock",
            "config": {
                "config_path": f"../../configs/{name}.yaml",
                "output_cols": ["output"],
                "gen_kwargs": {"n": "scaled", "temperature": 0.7},
            },
            "drop_duplicates": ["output"],
        }
        (pipelines / file).write_text(yaml.safe_dump({"version": "1.0", "blocks": [block]}))
    return pipelines


@pytest.mark.parametrize("name", ["simple", "full", "summaries"])
def test_a_shipped_pipeline_runs_on_every_kind_of_leaf(tmp_path: Path, name: str) -> None:
    samples, events, _ = generated(make_project(tmp_path / "p", name))
    for path in (FREEFORM, GROUNDED, KNOWLEDGE):
        accepted = [sample for sample in samples[path] if sample.is_accepted]
        rejected = [sample for sample in samples[path] if not sample.is_accepted]
        assert accepted
        assert all(sample.question and sample.answer and sample.source for sample in accepted)
        assert all(sample.failure and sample.failure.reason.endswith((".", "”")) for sample in rejected)
        assert len({sample.id for sample in samples[path]}) == len(samples[path])
        assert all(bool(sample.context) == (path == GROUNDED) for sample in accepted)
    told = [row for event in events if isinstance(event, Drawn) for row in event.rows]
    assert len(told) == sum(map(len, samples.values()))
    assert sum(row["accepted"] for row in told) == sum(s.is_accepted for rows in samples.values() for s in rows)


def test_the_funnel_ends_at_what_was_accepted(tmp_path: Path) -> None:
    samples, events, _ = generated(make_project(tmp_path / "p", "full"))
    for path, rows in samples.items():
        steps = [event for event in events if isinstance(event, Funnel) and event.leaf == path][-1].steps
        assert steps[0]["rows_in"] == len(rows)
        assert steps[-1]["rows_out"] == sum(sample.is_accepted for sample in rows)
        assert all(after["rows_in"] == before["rows_out"] for before, after in pairwise(steps))
        names = [step["name"] for step in steps]
        wanted = ["stands alone", "leaves something to answer", "new", "judge_faithfulness", "judge_relevancy"]
        assert [name for name in names if name in wanted] == (
            wanted if path == KNOWLEDGE else ["new"] * ("new" in names)
        )


def test_a_chunk_is_spellchecked_once_and_the_judge_sees_the_question(tmp_path: Path) -> None:
    _, _, teacher = generated(make_project(tmp_path / "p", "full"), only=[KNOWLEDGE])
    copies = [text for text in teacher.shown if "</copy>" in text]
    assert len(copies) == len(set(copies)) > 1
    judged = [text for text in teacher.shown if "Does the text support" in text]
    assert judged
    assert all("How many lamps" in text for text in judged)


def test_a_row_that_one_judge_turns_away_is_read_by_the_judges_after_it(tmp_path: Path) -> None:
    samples, _, _ = generated(make_project(tmp_path / "p", "full"), only=[KNOWLEDGE])
    names = [{check.name for check in sample.verdict} for sample in samples[KNOWLEDGE] if sample.failure]
    early = [found for found in names if "judge_faithfulness" in found]
    assert early
    assert all({"judge_relevancy", "judge_question"} <= found for found in early)


def test_a_leaf_in_french_is_asked_in_french(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    qna = project.taxonomy / FREEFORM / "qna.yaml"
    text = qna.read_text().replace("Write a rhyme on the", "Fais une rime sur le mot qui est dans la phrase avec")
    qna.write_text(text)
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == FREEFORM)
    assert language_code(leaf) == "fr"
    teacher = Teacher()
    with pytest.raises(EspalierError, match="language"):  # it answers in English
        generate(project, Scripted(teacher), lambda event: None, [FREEFORM])
    assert any("Écris-en" in text for text in teacher.shown)
    assert not any("People send" in text for text in teacher.shown)


def test_instructlabs_folder_runs_and_its_output_is_split_at_the_first_question_mark(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", str(folder_of_pipelines(tmp_path)))
    samples, _, _ = generated(project)
    for rows in samples.values():
        accepted = [sample for sample in rows if sample.is_accepted]
        assert accepted
        assert all(s.question.endswith("?") and s.answer.startswith("The bridge has") for s in accepted)
        assert {s.failure.name for s in rows if s.failure} <= {"gen", "complete"}
    questions = [(s.question, s.answer) for s in samples[FREEFORM] if s.is_accepted]
    assert len(questions) == len(set(questions))
    grounded = [s for s in samples[GROUNDED] if s.is_accepted]
    assert {s.context for s in grounded} <= {f"A note about the {w}." for w in ("sun", "moon", "sea", "hill", "tree")}


def test_knowledge_gives_a_row_for_each_chunk_with_each_context(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == KNOWLEDGE)
    text = (project.documents / KNOWLEDGE / "a.md").read_text()
    rows = [row for part in leaf_portions(leaf, [text], lambda: lambda text: len(text.split())) for row in part]
    documents = {row.columns["document"] for row in rows}
    assert len(documents) > 1
    assert len(rows) == 5 * len(documents)
    assert {"icl_document", "icl_query_1", "icl_response_3", "document_outline", "domain"} <= rows[0].columns.keys()


def test_grounded_rows_are_learned_as_context_and_question(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    parts = generate(project, Scripted(Teacher()), lambda event: None, [GROUNDED])
    rows = mixture_of(project, parts).train
    assert {row.origin for row in rows} == {"seed", "sample"}
    assert all(row.question.count("\n\n") >= 1 for row in rows)
    assert rows[0].question == "A note about the sun.\n\nWrite a rhyme on the sun."


def test_multiple_choice_needs_four_choices(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "mcq")
    with pytest.raises(EspalierError, match=r"mcq has no freeform_skills\.yaml"):
        generated(project, only=[FREEFORM])
    samples, _, _ = generated(project, only=[KNOWLEDGE])
    accepted = [sample for sample in samples[KNOWLEDGE] if sample.is_accepted]
    assert accepted
    assert all("D) " in sample.question and sample.answer.startswith("B) ") for sample in accepted)
    assert any("four choices" in sample.failure.reason for sample in samples[KNOWLEDGE] if sample.failure)


def test_a_number_of_samples_is_reached_with_other_draws_or_the_reason_is_said(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "simple")
    few, _, _ = generated(project, only=[FREEFORM])
    have = sum(sample.is_accepted for sample in few[FREEFORM])
    more, _, _ = generated(project, only=[FREEFORM], per_leaf=have + 3)
    assert sum(sample.is_accepted for sample in more[FREEFORM]) >= have + 3
    assert more[FREEFORM][: len(few[FREEFORM])] == few[FREEFORM]  # what there was is kept
    _, events, _ = generated(project, only=[FREEFORM], per_leaf=100_000)
    note = next(event.text for event in events if isinstance(event, Note))
    assert "of the 100000 samples" in note
    assert "rounds are the most" in note or "nothing new" in note


def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    first, _, _ = generated(project)
    second, events, teacher = generated(project)
    assert second == first
    assert teacher.calls == 0
    assert all(event.is_fresh for event in events if isinstance(event, Stage))


def test_a_leaf_that_is_gone_on_with_is_computed_in_the_same_company(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    with pytest.raises(Cancelled):
        generate(project, Scripted(Teacher(2)), lambda event: None, [FREEFORM])
    other = Teacher()
    other.rows = 3
    generate(project, Scripted(other), lambda event: None, [FREEFORM])
    assert other.rows == 8


def test_a_moved_threshold_says_what_counts_towards_a_number_of_samples(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    first = generated(project, only=[GROUNDED])[0][GROUNDED]
    have = sum(sample.is_accepted for sample in first)
    assert generated(project, only=[GROUNDED], per_leaf=have)[0][GROUNDED] == first
    strict = replace(project, thresholds={"judge_question": 0.7, "judge_pair": 0.7})
    assert 0 < sum(sample.is_accepted for sample in decide_all(first, strict.thresholds)) < have
    more = generated(strict, only=[GROUNDED], per_leaf=have)[0][GROUNDED]
    assert more[: len(first)] == first
    assert sum(sample.is_accepted for sample in decide_all(more, strict.thresholds)) >= have


def test_what_is_taken_away_after_it_was_drawn_is_drawn_again_until_the_number_is_reached(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "full")
    first = generated(project, only=[FREEFORM])[0][FREEFORM]
    lost = [sample.question for sample in first if sample.is_accepted][:2]
    have = sum(sample.is_accepted for sample in first)
    lines = [json.dumps({"question": question, "reference": "r", "accept": ["r"]}) for question in lost]
    project.questions.write_text("\n".join(lines) + "\n")
    parts = generate(project, Scripted(Teacher()), lambda event: None, [FREEFORM], per_leaf=have)
    assert len(parts[0].accepted) >= have
    assert not {sample.question for sample in parts[0].accepted} & set(lost)


def test_leaves_drawn_one_by_one_keep_what_the_whole_tree_keeps(tmp_path: Path) -> None:
    def kept(name: str, *turns: Sequence[str]) -> dict[str, list[str]]:
        project = make_project(tmp_path / name, "simple")
        twin = f"{FREEFORM}_too"
        shutil.copytree(project.taxonomy / FREEFORM, project.taxonomy / twin)
        qna = project.taxonomy / twin / "qna.yaml"
        qna.write_text(qna.read_text().replace("sun", "star").replace("sea", "lake"))
        for only in turns:
            generate(project, Scripted(Teacher()), lambda event: None, list(only or (FREEFORM, twin)))
        return {part.leaf.path: [sample.question for sample in part.accepted] for part in read_practice(project)}

    together = kept("together", ())
    assert any(len(questions) < len(together[FREEFORM]) for questions in together.values())
    assert kept("first", [FREEFORM], [f"{FREEFORM}_too"]) == together
    assert kept("last", [f"{FREEFORM}_too"], [FREEFORM]) == together


def test_a_corrected_answer_is_training_data_once_its_leaf_alone_is_drawn_again(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "simple")
    generated(project)
    before = {path: path.read_bytes() for path in project.samples.glob("*.jsonl")}
    qna = project.taxonomy / FREEFORM / "qna.yaml"
    qna.write_text(add_pair(qna.read_text(), FREEFORM, "Write a rhyme on the frog.", "The frog, on a log."))
    samples, _, teacher = generated(project, only=[FREEFORM])
    assert list(samples) == [FREEFORM]
    assert teacher.calls
    assert {path: path.read_bytes() for path in before} == before
    rows = mixture_of(project, read_practice(project)).train
    assert "The frog, on a log." in [row.answer for row in rows]
    assert len({row.leaf for row in rows}) == 3


def test_another_prompt_is_another_key_and_another_row_count_is_not(tmp_path: Path) -> None:
    folder = folder_of_pipelines(tmp_path)
    project = make_project(tmp_path / "p", str(folder))
    leaf = read_taxonomy(project.taxonomy)[0]
    key = leaf_work.leaf_key(project, leaf)
    config = tmp_path / "sdg" / "configs" / "skill.yaml"
    config.write_text(config.read_text().replace("S", "T", 1))
    file = folder / "grounded_skills.yaml"
    os.utime(file, ns=(1, 1))
    assert leaf_work.leaf_key(project, leaf) != key


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], int]:
    """A project that was generated without a stop: its folder, its journals and the number of calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaf_work, "find_model", Path)
        patch.setattr(opening, "find_model", Path)
        patch.setattr(leaf_work, "token_counter", lambda folder: lambda text: len(text.split()))
        project = make_project(tmp_path_factory.mktemp("whole") / "p", "full")
        _, _, teacher = generated(project)
    return project.root, journals(project), teacher.calls


def journals(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.samples.glob("*.jsonl")}


@settings(deadline=None, max_examples=20)
@given(stops=st.lists(st.integers(0, 40), min_size=1, max_size=4))
def test_stopped_anywhere_the_set_is_the_same_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, whole: tuple[Path, dict[str, bytes], int], stops: list[int]
) -> None:
    _, expected, calls = whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaf_work, "find_model", Path)
        patch.setattr(opening, "find_model", Path)
        patch.setattr(leaf_work, "token_counter", lambda folder: lambda text: len(text.split()))
        project = make_project(tmp_path_factory.mktemp("stopped") / "p", "full")
        assert calls > 20
        for stop in stops:
            try:
                generate(project, Scripted(Teacher(stop)), lambda event: None)
            except Cancelled:
                continue
        generated(project)
        assert journals(project) == expected


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from espalier.synthesis import generate as generating
from espalier.synthesis import leaf_work
from espalier.project import open_project
from espalier.teachers import opening
from scripted_teacher import Scripted, Teacher

leaf_work.find_model = opening.find_model = Path
leaf_work.token_counter = lambda folder: lambda text: len(text.split())

class Slow(Teacher):
    def _count(self):
        os.write(begun, b".")
        time.sleep(0.01)
        super()._count()

moments = random.Random(5)
for _ in range(20):
    heard, begun = os.pipe()
    process = os.fork()
    if not process:
        generating.generate(open_project(Path(sys.argv[1])), Scripted(Slow()), lambda event: None)
        os._exit(0)
    os.close(begun)
    for _ in range(moments.randint(1, 12)):  # calls of the teacher, however busy this machine is
        os.read(heard, 1)
    time.sleep(moments.uniform(0, 0.03))
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(heard)
"""


def test_killed_at_20_random_moments_the_accepted_set_is_the_same(
    tmp_path: Path, whole: tuple[Path, dict[str, bytes], int]
) -> None:
    project = make_project(tmp_path / "p", "full")
    folders = os.pathsep.join((str(ROOT / "core"), str(ROOT / "tests")))
    command = [sys.executable, "-c", KILLED, str(project.root)]
    subprocess.run(command, check=True, timeout=300, env={**os.environ, "PYTHONPATH": folders})
    assert any(Journal(project.samples / name).samples for name in journals(project))
    generated(project)
    expected = {name: Journal(whole[0] / "samples" / name).samples for name in whole[1]}
    found = {name: Journal(project.samples / name).samples for name in journals(project)}
    assert found == expected
    assert all(len({sample.id for sample in rows}) == len(rows) for rows in found.values())


def test_the_command_refuses_a_wrong_pipeline_and_changes_nothing(tmp_path: Path, tiny_folder: Path) -> None:
    project = make_project(tmp_path / "p", "compact")
    file = project.root / "project.yaml"
    file.write_text(f"version: 1\ndial: quick\nmodels: {{student: {tiny_folder}, teacher: {tiny_folder}}}\n")
    before = file.read_text()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("version: '1.0'\nblocks:\n- name: a\n  type: LMBlock\n  config: {}\n")
    command = [sys.executable, "-m", "espalier.cli", "generate", str(project.root), "--pipeline", "wrong.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "wrong.yaml, line 4, column 9: “type” of block 1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    with pytest.raises(EspalierError, match="Choose one of compact, simple"):
        choose_pipeline(project, "simpel")
    assert file.read_text() == before


def test_a_chosen_pipeline_is_the_projects_from_then_on(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "simple")
    chosen = choose_pipeline(project, "full")
    assert chosen.pipeline == "full"
    assert open_project(project.root) == chosen


def test_only_leaves_that_changed_are_taken(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "simple")

    def git(*arguments: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", "-C", str(project.taxonomy), *name, *arguments], check=True, capture_output=True)

    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "all")
    with pytest.raises(EspalierError, match="No leaf changed since HEAD"):
        generated(project, since="HEAD")
    qna = project.taxonomy / FREEFORM / "qna.yaml"
    qna.write_text(qna.read_text().replace("rhyme on", "rhyme about"))
    samples, _, _ = generated(project, since="HEAD")
    assert list(samples) == [FREEFORM]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_shipped_pipeline_and_prompt_is_sound(language: str) -> None:
    files = sorted((ROOT / "resources" / "pipelines").rglob("*.yaml"))
    assert {file.parent.name for file in files} == set(SHIPPED) - {"compact"}
    for file in files:
        assert examine_pipeline(file)[1] == []
        assert read_pipeline(file, language).steps
    for name in ("simple", "skills", "knowledge"):
        prompts = [
            yaml.safe_load((ROOT / f"resources/prompts/{code}/{name}.yaml").read_text()) for code in ("en", "fr")
        ]
        assert prompts[0].keys() == prompts[1].keys()
        for part in prompts[0]:
            tags = [len(prompt[part].get("start_tags", [])) for prompt in prompts]
            assert tags[0] == tags[1]


def test_a_wave_of_the_whole_leaf_is_one_portion_where_a_block_needs_all_rows(tmp_path: Path) -> None:
    (tmp_path / "ask.yaml").write_text(yaml.safe_dump({"generation": "{{ seed_question }}"}))
    blocks = [
        {"name": "gen", "type": "LLMBlock", "config": {"config_path": "ask.yaml", "output_cols": ["output"]}},
        {"name": "most", "type": "SetToMajorityValueBlock", "config": {"col_name": "task_description"}},
    ]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"version": "1.0", "blocks": blocks}))
    project = make_project(tmp_path / "p", str(tmp_path / "mine.yaml"))
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == KNOWLEDGE)
    work = leaf_work.leaf_work(project, leaf, lambda setting: Teacher(), 0)
    assert isinstance(work, LeafRun)
    assert len(work.portions) == 1
    assert len(leaf_portions(leaf, work.documents, work.count)) > 1
