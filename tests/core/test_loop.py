"""The loop with the real starter model, cut down to a few facts."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LEAF = "knowledge/engineering/falkirk_wheel"
LINES = 11  # of the example's document: six facts


@pytest.mark.slow
def test_facts_are_learned_and_a_second_run_does_nothing_again(
    example: Path, starter_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPALIER_HOME", str(starter_home))
    shutil.rmtree(example / "taxonomy" / "compositional_skills")
    settings = example / "project.yaml"
    settings.write_text(settings.read_text().replace("dial: good", "dial: quick"))
    document = next((example / "documents").rglob("*.md"))
    text = "\n".join(document.read_text().splitlines()[:LINES]) + "\n"
    document.write_text(text)
    asked = [json.loads(line) for line in (example / "questions.jsonl").read_text().splitlines()]
    told = [question for question in asked if any(string in text for string in question["accept"])]
    assert len(told) >= 5
    (example / "questions.jsonl").write_text("".join(json.dumps(question) + "\n" for question in told))

    espalier("tune", example)
    run = next((example / "runs").iterdir())
    totals = json.loads((run / "report.json").read_text())["leaves"][LEAF]
    assert totals["tuned"] - totals["base"] >= 0.4 * len(told)

    stamps = {path: path.stat().st_mtime_ns for path in run.rglob("*.safetensors")}
    assert espalier("tune", example).stderr.count("(fresh)") == 6
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*.safetensors")} == stamps
    answers = espalier("ask", example, told[0]["question"]).stdout
    assert answers.index("Before:") < answers.index("After:")


def espalier(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espalier.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done
