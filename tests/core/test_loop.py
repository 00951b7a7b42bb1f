"""The loop with the real starter model, cut down to a few facts."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from espalier.project import create

OLM = ROOT / "tests" / "data" / "subjects" / "olm"
LEAF = "knowledge/science/olm"
FACTS = 7


@pytest.mark.slow
def test_a_subject_of_ones_own_is_learned_and_a_second_run_does_nothing_again(
    tmp_path: Path, starter_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPALIER_HOME", str(starter_home))
    project = create(tmp_path / "project")
    (project.taxonomy / LEAF).mkdir(parents=True)
    shutil.copy(OLM / "qna.yaml", project.taxonomy / LEAF)
    lines = (OLM / "document.md").read_text().splitlines()
    short = tmp_path / "olm.md"
    short.write_text("\n".join(lines[: 4 + FACTS]) + "\n")
    questions = (OLM / "questions.jsonl").read_text().splitlines()[:FACTS]
    project.questions.write_text("\n".join(questions) + "\n")
    (project.root / "project.yaml").write_text(
        (project.root / "project.yaml").read_text().replace("dial: good", "dial: quick")
    )
    espalier("document", project.root, LEAF, short)
    espalier("tune", project.root)
    run = next(project.runs.iterdir())
    totals = json.loads((run / "report.json").read_text())["leaves"][LEAF]
    assert totals["tuned"] >= totals["base"] + 3

    stamps = {path: path.stat().st_mtime_ns for path in run.rglob("*.safetensors")}
    done = espalier("tune", project.root)
    assert done.stderr.count("(fresh)") == 6
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*.safetensors")} == stamps
    answers = espalier("ask", project.root, json.loads(questions[0])["question"]).stdout
    assert answers.index("Before:") < answers.index("After:")


def espalier(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espalier.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done
