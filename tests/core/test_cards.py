"""The cards of a model and of its data set, told from the files of a run."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_server import hub_serving
from huggingface_hub import DatasetCard, ModelCard, RepoCard, constants
from hypothesis import given, settings
from hypothesis import strategies as st
from made_projects import GROUNDED, KNOWLEDGE, make_project
from made_runs import make_run, write_rows

from espalier.evaluation.figures import branches, change, summary, totals
from espalier.project import Project
from espalier.resources import resource
from espalier.sharing.bases import Base, base_of
from espalier.sharing.card import model_card
from espalier.sharing.card_edits import HEAD, keep_card, merged, sections, with_edits
from espalier.sharing.dataset_card import dataset_card
from espalier.sharing.licences import UNKNOWN, license_of, named_license
from espalier.sharing.pages import block, code
from espalier.sharing.private import find_private, redacted
from espalier.training.run import Run

ROWS = [
    {"leaf": KNOWLEDGE, "question": "When was the bridge opened?", "answer": "It was in 1901.", "origin": "sample"},
    {"leaf": KNOWLEDGE, "question": "What is the part by the river?", "answer": "It is the arch.", "origin": "seed"},
    {"leaf": GROUNDED, "question": "What is the note about?", "answer": "It is about the sun.", "origin": "seed"},
]
HOSTILE = "```\n---\nlicense: mit\n---\n## Scoreboard\n<script>x</script> | [a](http://b) {{ 7*7 }} {% raw %}"


def data_of(text: str, kind: type[RepoCard] = ModelCard) -> dict[str, Any]:
    """Return the head of a card as the Hub's own library reads it."""
    found: dict[str, Any] = kind(text).data.to_dict()  # type: ignore[no-untyped-call]
    return found


def report(rows: list[tuple[str, str, str, str, bool, bool]]) -> dict[str, Any]:
    """Return a report of questions: leaf, question, answers before and after, and whether each is right."""
    questions: list[dict[str, Any]] = []
    for leaf, question, before, after, was, right in rows:
        marks = {"base": was, "tuned": right}
        answers = {"base": before, "tuned": after}
        row: dict[str, Any] = {
            "question": question,
            "leaf": leaf,
            "answers": answers,
            "right": marks,
            "change": change(marks),
        }
        questions.append({**row, "judge": "accept strings", "reference": "", "accept": ["x"]})
    leaves = totals((row["leaf"], row["right"]) for row in questions)
    found: dict[str, Any] = {"questions": questions, "leaves": leaves, "branches": branches(leaves), "refused": []}
    return {**found, "summary": summary([row["right"] for row in questions])}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Project, Run]:
    project, run = make_run(tmp_path)
    write_rows(run.folder / "train.jsonl", ROWS)
    works = (
        "Title of work: Bridges | of <b>Fife</b>\nLink to work: https://example.org/b\nLicense of the work: CC-BY-4.0\n"
    )
    (project.taxonomy / KNOWLEDGE / "attribution.txt").write_text(f"{works}Creator names: Ada\n")
    return project, run


def evaluated(run: Run, answer: str = "In 1901.") -> None:
    rows = [
        (KNOWLEDGE, "When?", "I do not know.", answer, False, True),
        (KNOWLEDGE, "Who?", "Ada.", "Bea.", True, False),
        (KNOWLEDGE, "How?", "No.", "No.", False, False),
        (GROUNDED, "Where?", "No.", "In Fife.", False, True),
        (GROUNDED, "Why?", "No.", "To cross.", False, True),
    ]
    run.report.write_text(json.dumps(report(rows)))


def test_the_head_is_what_the_hub_reads(made: tuple[Project, Run]) -> None:
    project, run = made
    evaluated(run)
    (Path(project.student) / "README.md").write_text(
        "---\nlicense: other\nlicense_name: qwen-research\nlicense_link: https://example.org/l\n---\n"
    )
    text = model_card(project, run, "ada/bridge", ["peft", "mlx"], dataset_repo="ada/bridge-data")
    data = data_of(text)
    assert data["license"] == "other"
    assert data["license_name"] == "qwen-research-license-agreement"
    assert data["license_link"] == "https://example.org/l"
    assert (data["library_name"], data["pipeline_tag"], data["datasets"]) == (
        "peft",
        "text-generation",
        ["ada/bridge-data"],
    )
    assert data["language"] == "en"
    (metric,) = data["model-index"][0]["results"]
    assert metric["metrics"][0]["value"] == 0.6
    assert data_of(str(ModelCard(text))) == data
    assert "Built with Qwen" in text


def test_the_hubs_own_validator_takes_the_cards(made: tuple[Project, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated(made[1], HOSTILE)
    with hub_serving() as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        ModelCard(model_card(*made, "ada/bridge", ["peft"])).validate()
        DatasetCard(dataset_card(*made, "ada/bridge-data")).validate()


@pytest.mark.parametrize(
    ("forms", "relation", "library"),
    [
        (["peft", "fused-4bit"], "adapter", "peft"),
        (["fused"], "finetune", "transformers"),
        (["fused-4bit"], "quantized", "mlx"),
        (["gguf"], "adapter", None),
    ],
)
def test_the_relation_to_the_base_follows_from_the_forms(
    made: tuple[Project, Run], forms: list[str], relation: str, library: str | None
) -> None:
    project, run = made
    request = {**run.request, "student": "smollm2-135m-instruct"}
    data = data_of(model_card(project, Run(run.folder, request), "a/b", forms))
    assert (data["base_model"], data["license"]) == ("HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0")
    assert data["base_model_relation"] == relation
    assert data.get("library_name") == library


def test_what_was_not_measured_is_said_so(made: tuple[Project, Run]) -> None:
    project, run = made
    text = model_card(project, run, "a/b", ["peft"])
    assert "It was not evaluated yet." in text
    assert text.count("Not measured") == 4
    assert "model-index" not in text
    assert "The licence of the base student is not known." in text


def test_examples_are_wins_and_failures(made: tuple[Project, Run]) -> None:
    project, run = made
    evaluated(run)
    parts = sections(model_card(project, run, "a/b", ["peft"]))
    shown = parts["Before and after"]
    assert "**Who?**" in shown  # which got worse
    assert "**When?**" in shown
    assert "**Where?**" in shown
    assert "One that it does not get right is among them" in shown
    assert "| **all** | 5 | 1 | 3 |" in parts["Scoreboard"]
    assert "asked many more of them, it would be right on 23% to 88%" in parts["Scoreboard"]


def test_the_tree_has_each_branch_once_with_counts(made: tuple[Project, Run]) -> None:
    project, run = made
    tree = sections(model_card(project, run, "a/b", []))["What it was taught"]
    assert tree.count("knowledge") == 1
    assert "- **bridge**: 2 rows (1 written by a person, 1 written by the teacher). A bridge." in tree
    assert "learned from 3 rows" in tree
    rights = sections(model_card(project, run, "a/b", []))["Licences and attributions"]
    assert "Bridges \\| of &lt;b&gt;Fife&lt;/b&gt;" in rights
    assert "CC-BY-4.0 | Ada |" in rights
    assert "Without an attribution: compositional\\_skills/extract." in rights


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=80))
def test_no_text_of_a_model_ends_its_block(text: str) -> None:
    first, *lines, last = block(text).split("\n")
    assert first.endswith("text")
    assert set(last) == {"`"}
    assert not any(line.strip().startswith(last) for line in lines)
    span = code(f"a{text}b")
    fence = span[: len(span) - len(span.lstrip("`"))]
    assert span.endswith(fence)
    assert fence not in span[len(fence) : -len(fence)]


def test_hostile_answers_leave_the_card_whole(made: tuple[Project, Run]) -> None:
    project, run = made
    evaluated(run)
    plain = sections(model_card(project, run, "a/b", ["peft"]))
    evaluated(run, HOSTILE)
    (run.folder / "note.txt").write_text(HOSTILE)
    text = model_card(project, run, "a/b", ["peft"], private_notes=True)
    assert list(sections(text)) == [*plain, "Notes"]
    assert data_of(text) == data_of(plain[HEAD])
    assert "<script>" not in sections(text)["Notes"]
    assert "49" not in text
    assert "Notes" not in sections(model_card(project, run, "a/b", ["peft"]))


HOMES = st.sampled_from(
    ["/Users/zq{}/Documents/x", "/home/zq{}", "C:\\Users\\zq{}\\x", "{root}/zq{}", "{home}/zq{}/a b"]
)
TOKENS = st.sampled_from(["hf_{}", "sk-{}", "ghp_{}", "github_pat_{}", "https://zq:{}@example.org/x"])


@settings(deadline=None, max_examples=40)
@given(place=HOMES, token=TOKENS, word=st.from_regex(r"[A-Za-z0-9]{24,30}", fullmatch=True), before=st.text(max_size=5))
def test_no_home_and_no_token_gets_into_a_text(place: str, token: str, word: str, before: str) -> None:
    root = Path("/srv/work/project")
    path = place.replace("{root}", str(root)).replace("{home}", str(Path.home())).replace("{}", word)
    text = f"{before} see {path} with {token.replace('{}', word)} or ({path})"
    assert word not in redacted(text, root)
    assert [found.is_secret for found in find_private(text, root)].count(True) >= 1


def test_no_home_user_or_token_gets_into_the_cards(tmp_path: Path) -> None:
    project, run = make_run(tmp_path / "zquser")
    token = "hf_" + "A1b2" * 8
    spoiled = f"{project.root}/x of /home/zquser/y, {token}"
    write_rows(run.folder / "train.jsonl", [{**ROWS[0], "answer": spoiled}])
    evaluated(run, spoiled)
    request = {**run.request, "versions": {"mlx": spoiled}, "settings": {"lora": {"keys": [spoiled]}}}
    (project.taxonomy / KNOWLEDGE / "attribution.txt").write_text(
        f"Title of work: {spoiled}\nCreator names: {spoiled}\n"
    )
    (run.folder / "note.txt").write_text(spoiled)
    for text in (
        model_card(project, Run(run.folder, request), "a/b", ["peft", "mlx", "gguf", "fused", "ollama"], True),
        dataset_card(project, Run(run.folder, request), "a/b"),
    ):
        assert "zquser" not in text
        assert token not in text


def test_the_data_set_names_its_splits_teacher_and_rights(made: tuple[Project, Run]) -> None:
    project, run = made
    write_rows(run.folder / "train.jsonl", [ROWS[0], {**ROWS[1], "answer": "Write to otto@galaxy.net."}])
    text = dataset_card(project, run, "ada/bridge-data")
    data = data_of(text, DatasetCard)
    assert data["license"] == "cc-by-4.0"
    assert data["size_categories"] == ["n<1K"]
    assert data["configs"][0]["data_files"][1] == {"split": "test", "path": "data/test.jsonl"}
    assert "1 row holds what looks like personal data" in text
    (project.taxonomy / KNOWLEDGE / "attribution.txt").unlink()
    again = dataset_card(project, run, "ada/bridge-data")
    assert "license" not in data_of(again, DatasetCard)
    assert "Without an attribution: knowledge/bridge." in again


# The person's own words


def test_edits_are_kept_and_the_rest_is_written_again(made: tuple[Project, Run]) -> None:
    project, run = made
    written = model_card(project, run, "a/b", ["peft"])
    edited = written.replace("It can state false things with confidence.", "It lies.") + "\n## Thanks\n\nTo Bea.\n"
    keep_card(run, written, edited)
    assert with_edits(run, written).text == edited
    evaluated(run)
    found = with_edits(run, model_card(project, run, "a/b", ["peft"]))
    assert found.kept == ("Limits", "Thanks")
    assert "It lies." in found.text
    assert "To Bea." in found.text
    assert "| **all** | 5 | 1 | 3 |" in found.text
    assert found.outdated == ("Limits",)  # which now names the number of questions
    keep_card(run, written, written)
    assert with_edits(run, "now").text == "now"


def test_a_part_that_was_taken_out_stays_out() -> None:
    written, now = "head\n## A\na\n## B\nb\n", "head\n## A\na\n## New\nn\n## B\nb2\n"
    found = merged(written, "head\n## A\nmine\n", now)
    assert found.text == "head\n\n## A\nmine\n\n## New\nn\n"
    assert (found.kept, found.outdated) == (("A",), ("B",))


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="#` \nab~", max_size=60))
def test_the_parts_of_a_card_are_the_card(text: str) -> None:
    assert "".join(sections(text).values()) == text
    found = merged(text, text, text)
    assert found.text.replace("\n", "") == text.replace("\n", "")
    assert not found.kept


# Bases and their licences


@pytest.mark.parametrize(
    ("front", "wanted"),
    [
        ("license: apache-2.0", ("apache-2.0", True)),
        ("license: llama3.1", ("llama3.1", False)),
        ("license: gemma", ("gemma", False)),
        ("license: other\nlicense_name: mine\nlicense_link: https://example.org/x", ("other", False)),
        ("license: other", ("", False)),
        ("license: unknown", ("", False)),
        ("license: [mit]", ("mit", True)),
        ("license: [", ("", False)),
        ("a: &a [*a]", ("", False)),
    ],
)
def test_a_licence_is_read_from_the_head_of_the_readme(tmp_path: Path, front: str, wanted: tuple[str, bool]) -> None:
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n# A model\n")
    found = license_of(tmp_path)
    assert (found.id, found.is_free) == wanted


# What the Hub takes as ``license``: its documentation, “Licenses”, 2026.
HUB_LICENSES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0
lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl
openmdw-1.0 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma other
"""


def test_every_licence_that_is_known_has_a_name_that_the_hub_takes() -> None:
    names = yaml.safe_load(resource("model_licenses.yaml").read_text(encoding="utf-8"))
    for name in names:
        found = named_license(name)
        assert found.id in HUB_LICENSES.split()
        assert found.link.startswith("https://")
        assert found.is_named_apart == (name not in HUB_LICENSES.split())
    assert named_license("My Own Licence").id == "other"


def test_a_licence_is_known_by_its_text(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("\n        Apache License\n   Version 2.0, January 2004\n")
    assert license_of(tmp_path).id == "apache-2.0"
    assert license_of(tmp_path).files == (tmp_path / "LICENSE",)
    (tmp_path / "LICENSE").write_text("LLAMA 3.2 COMMUNITY LICENSE AGREEMENT")
    found = license_of(tmp_path)
    assert (found.begins, found.says) == ("Llama", "Built with Llama")
    assert found.allows_name("ada/Llama-bridge")
    assert not found.allows_name("llama/bridge")
    assert named_license("llama3").allows_name("ada/llama-3-bridge")
    assert license_of(tmp_path / "nowhere") == UNKNOWN


def test_a_base_is_named_by_the_hub_and_never_by_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "models--mlx-community--Tiny-4bit" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"quantization": {"bits": 4}}))
    assert base_of(str(folder)) == Base("", "Tiny-4bit", is_quantized=True)
    (folder / "README.md").write_text(yaml.safe_dump({"a": 1}).join(["---\nbase_model: org/Tiny\n", "---\n"]))
    assert base_of(str(folder)).id == "org/Tiny"
    own = tmp_path / "secret" / "mine"
    own.mkdir(parents=True)
    assert base_of(str(own)) == Base("", "mine")
    assert base_of("https://host.internal:1/v1#big") == Base("", "big", is_remote=True)
    assert base_of("owner/gone").id == "owner/gone"


def test_a_real_project_has_a_card(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "compact")
    run = Run(project.runs / "2026-01-01T00-00-00", {"student": "smollm2-135m-instruct"})
    run.folder.mkdir(parents=True)
    assert "What it was taught is not known" in model_card(project, run, "", [])
