"""The critic at work: in the compact pipelines, at the command line, and measured on rows with planted faults."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from made_samples import LEAF, sample, write_journal
from scripted_model import ScriptedModel

from espalier import cli, critic_commands
from espalier.client import Outcome
from espalier.language import Prompt
from espalier.messages import Event, Request, Stage
from espalier.metal.bench import cost
from espalier.metal.model import load
from espalier.project import Project, open_project
from espalier.report import show_result
from espalier.synthesis import critic_bench, grounding
from espalier.synthesis.compact import FIT, GROUNDING, RIVALS, ROUND_TRIP, CompactSettings, Knowledge
from espalier.synthesis.decide import decide_all
from espalier.synthesis.freeform import Freeform
from espalier.synthesis.grounding import Grounds
from espalier.synthesis.later import checked, settle
from espalier.synthesis.leaf_work import CompactRun, leaf_journal
from espalier.synthesis.sample import Journal, Sample
from espalier.taxonomy.leaf import Leaf, SeedExample
from espalier.taxonomy.reader import read_taxonomy

BRIDGE = Leaf(
    "knowledge/bridges/otter",
    "knowledge",
    "A bridge over the river.",
    "bridges",
    (
        SeedExample("Which river does the Otter Bridge cross?", "The Otter Bridge crosses the Wend.", "A passage."),
        SeedExample("Who drew the Otter Bridge?", "Ada Finch drew the Otter Bridge.", "A passage."),
        SeedExample("What is the deck made of?", "The deck is made of larch.", "A passage."),
    ),
)
DOCUMENT = """# The Otter Bridge

The Otter Bridge is painted by Bo Linn, who is reached at bo.linn@wendmail.net.
The Otter Bridge carries a lamp on each of its nine posts.
Le pont de la Loutre est le plus long de la vallée et il a été ouvert par le maire.
"""


def asks(prompt: Prompt) -> str:
    if "\n\n" in prompt.messages[-1].content:
        return prompt.messages[-1].content.split("\n\n")[0]
    words = prompt.messages[-1].content.split()[-3:]
    return f"can be said of {' '.join(words).strip('.')}?" if prompt.start == "What" else "no"


def drawn_samples(settings: CompactSettings) -> tuple[Knowledge, list[Sample]]:
    pipeline = Knowledge(BRIDGE, [DOCUMENT], lambda: ScriptedModel(asks), settings)
    return pipeline, [s for s in pipeline.draw(pipeline.facts, 0, [], lambda tokens: None) if s.is_written]


def test_the_compact_pipeline_turns_away_what_the_plain_critic_names() -> None:
    _, samples = drawn_samples(CompactSettings())
    by_fact = {sample.source: sample.failure for sample in samples if sample.question.startswith("What can")}
    names = {source[:22]: failure.name if failure else "" for source, failure in by_fact.items()}
    assert names == {
        "The Otter Bridge is pa": "personal data",
        "The Otter Bridge carri": "",
        "Le pont de la Loutre e": "language",
    }
    reasons = [check.reason for sample in samples for check in sample.verdict if check.name == "personal data"]
    assert reasons
    assert not any("bo.linn@wendmail.net" in reason for reason in reasons)


def test_a_freeform_pipeline_turns_away_what_the_plain_critic_names() -> None:
    seeds = tuple(
        SeedExample(f"Write a rhyme about the {noun} in the garden.", f"Oh {noun}, oh {noun}, how are you?")
        for noun in ("rose", "bee", "pond", "snail", "wall")
    )
    leaf = Leaf("compositional_skills/rhymes", "skill", "Write a short rhyme for a child.", "", seeds)
    lines = iter(
        [
            "Write a rhyme about how to kill your neighbour.",
            "Écris une rime sur la fleur dans le jardin.",
            "Write a rhyme about an old shed full of rakes.",
        ]
    )

    def reply(prompt: Prompt) -> str:
        if prompt.messages[0].content.startswith("Write one new"):
            return next(lines, "no")
        return "Oh shed, oh shed, how are you?"

    pipeline = Freeform(leaf, lambda: ScriptedModel(reply), CompactSettings())
    samples = pipeline.draw([leaf.description], 0, [], lambda tokens: None)
    failures = [sample.failure.name if sample.failure else "" for sample in samples[:3]]
    assert failures == ["prohibited material", "language", ""]


def test_a_looser_threshold_has_the_compact_pipeline_check_what_it_left_out(tmp_path: Path) -> None:
    pipeline, samples = drawn_samples(CompactSettings(fit=0.0))
    stopped = [sample for sample in samples if sample.failure and sample.failure.name == FIT]
    assert stopped
    assert all(sample.unchecked == (RIVALS, GROUNDING, ROUND_TRIP) for sample in stopped)
    Journal(tmp_path / "key.jsonl").add(samples, 1)
    journal = Journal(tmp_path / "key.jsonl")
    found = settle(journal, CompactRun(pipeline, 1), {FIT: -1.0})
    assert sum(s.is_accepted for s in decide_all(found, {FIT: -1.0})) == len(stopped)
    assert not any(sample.is_accepted for sample in checked(journal))


def test_grounds_put_gain_and_round_trip_into_one_number() -> None:
    right = Grounds(seen=-0.5, blind=-2.0, own="It is made of larch.", agreement=1.0)
    assert (right.gain, right.share, right.score) == (1.5, 0.75, 0.875)
    assert Grounds(-2.0, -2.0, "", 0.0).score == 0.0
    assert Grounds(-9.0, -1.0, "", 0.0).score == -0.5
    assert Grounds(-1.0, 0.0, "", 0.0).share == 0.0


class Knowing(ScriptedModel):
    """Finds an answer likely when its last word stands in the text that it is shown."""

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        return [-0.2 if text.strip(".").split()[-1] in prompt.messages[-1].content else -2.0 for prompt, text in pairs]


def test_an_answer_that_its_passage_does_not_bear_out_scores_low() -> None:
    rows = [Sample(f"0-{n}", "a", "What is the deck made of?", a, "s") for n, a in enumerate(("Larch.", "Granite."))]
    model = Knowing(lambda prompt: "The deck is Larch.")
    found = grounding.grounds(model, "Answer.", rows, ["The deck is made of Larch."] * 2)
    assert [one.score >= grounding.LEAST for one in found] == [True, False]
    assert [one.own for one in found] == ["The deck is Larch."] * 2


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert critic_bench.area([1.0, 2.0], [0.0, 1.0]) == 0.875
    assert critic_bench.area([0.5], [0.5]) == 0.5


def test_the_bench_reports_every_figure_on_rows_that_nothing_was_chosen_on(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[Event] = []
    figures = critic_bench.bench(Knowing(lambda prompt: "no"), told.append)
    assert "70 of them" in " ".join(event.text for event in told if isinstance(event, Stage))
    assert set(figures["auc"]) == {"grounding gain", "share of surprise", "round trip", "both", "judge"}
    assert figures["auc"]["grounding gain"]["all"] > 0.5
    assert figures["auc"]["round trip"]["all"] == 0.5
    show_result({"critic": {**figures, "cost": {"verdict": 0.01, "critique in a batch": 0.1}}}, None)
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("stands alone", "precision", "supported", "10.0 times a verdict's"))


@pytest.fixture
def project(example: Path) -> Project:
    found = open_project(example)
    leaf = next(leaf for leaf in read_taxonomy(found.taxonomy) if leaf.path == LEAF)
    write_journal(leaf_journal(found, leaf)[0], [sample(n, trip=n / 40) for n in range(40)])
    return found


def test_rows_are_rated_and_agreement_and_better_thresholds_are_shown_and_taken(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = io.StringIO()
    critic_commands.rate_rows(project, io.StringIO("y\nn\n\nq\n"), shown)
    assert "1 of 20" in shown.getvalue()
    assert "4 of 20" in shown.getvalue()
    assert "5 of 20" not in shown.getvalue()
    assert len((project.root / "ratings.jsonl").read_text().splitlines()) == 2
    critic_commands.rate_rows(project, io.StringIO("y\n" * 20), io.StringIO())
    assert cli.main(["critic", "--json", "agreement", str(project.root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["agreement"][""]["rows"] == 22
    assert told["proposed"]["round trip"] < 0.3
    assert cli.main(["critic", "agreement", str(project.root), "--apply"]) == 0
    assert "the critic as a whole: the same on" in capsys.readouterr().out
    assert open_project(project.root).thresholds == told["proposed"]


def test_agreement_without_a_rating_says_what_to_do(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["critic", "agreement", str(project.root)]) == 1
    assert "espalier critic rate" in capsys.readouterr().err


def test_the_check_that_decided_is_explained_and_an_unknown_one_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Request] = []

    def run_worker(request: Request, as_json: bool) -> Outcome:
        asked.append(request)
        return Outcome({"text": "The two answers share no word."})

    monkeypatch.setattr(critic_commands, "run_worker", run_worker)
    key, root = sample(0, trip=0.0).key, str(project.root)
    assert cli.main(["critic", "explain", root, key]) == 0
    assert asked[0].arguments["check"] == "round trip"
    assert asked[0].arguments["leaf"] == LEAF
    assert "round trip: The two answers share no word." in capsys.readouterr().out
    assert cli.main(["critic", "explain", root, key, "--check", "luck"]) == 1
    assert "has no check luck. It has: form" in capsys.readouterr().err
    assert cli.main(["critic", "explain", root, "nothing"]) == 1
    assert "no sample nothing" in capsys.readouterr().err


def test_what_a_verdict_costs_is_measured_beside_whole_critiques(tiny_folder: Path) -> None:
    model = load(tiny_folder)
    ends = set(model.tokenizer.eos_token_ids)
    spent = cost(model, rows=6, alone=1)
    assert set(spent) == {"verdict", "critique in a batch", "critique by plain mlx-lm"}
    assert min(spent.values()) > 0
    assert set(model.tokenizer.eos_token_ids) == ends
