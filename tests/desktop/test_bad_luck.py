"""The real program, as a process of its own, when the disk or another program is against it."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from espalier.demo import create_example

ADVICE = "Allow it, or make room there, and try again."
SKILL = "compositional_skills/writing/support_triage"

DRIVEN = """
import json, os, sys, time
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from espalier_desktop import app, desk, texts
from espalier_desktop.widgets.sheet import Sheet

def until(is_true, seconds=60):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        QTest.qWait(20)

def sentences(window):
    return [sheet.sentence.text() for sheet in window.findChildren(Sheet) if sheet.isVisible()]

def type_at_the_end_of_a_leaf(window):
    window.go("taxonomy")
    page = window.page
    page.tree.choose(os.environ["LEAF"])
    page.editor.set_mode("source")
    page.editor.source.moveCursor(page.editor.source.textCursor().MoveOperation.End)
    QTest.keyClicks(page.editor.source, "# mine")
    return page

def start():
    try:
        drive(next(iter(opened.windows.values())))
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(3)
    sys.stdout.flush()
    os._exit(0)

class Desk(desk.Desk):
    def __init__(self, application):
        super().__init__(application)
        global opened
        opened = self
        QTimer.singleShot(300, start)

app.Desk = Desk
"""

READ_ONLY = """
def drive(window):
    document = window.document
    page = type_at_the_end_of_a_leaf(window)
    window.do("save")
    saved = sentences(window)
    for sheet in window.findChildren(Sheet):
        sheet.close()
    document.set_dial("quick")
    chosen = sentences(window)
    for sheet in window.findChildren(Sheet):
        sheet.close()
    page._go_on(document.duplicate(os.environ["LEAF"]))
    copied = sentences(window)
    window.do("tune")
    until(lambda: window.jobs.current is None)
    job = window.jobs.latest["tune"]
    until(lambda: document.status is not None)
    print(json.dumps({
        "saved": saved, "chosen": chosen, "copied": copied, "dial": document.project.dial,
        "text": document.texts.text(os.environ["LEAF"])[-7:], "state": job.state.name, "message": job.message,
        "leaves": len(document.leaves),
    }))

sys.exit(app.main())
"""

REPLACED = """
texts.REST = 60_000  # milliseconds: nothing is saved by itself meanwhile

def drive(window):
    page = type_at_the_end_of_a_leaf(window)
    print("typed", flush=True)
    until(lambda: window.document.texts.disputes)
    assert window._disputes.isVisible()
    window.do("save")
    theirs = window.document.texts.file(os.environ["LEAF"]).read_text()
    window._disputes.mine.click()
    mine = window.document.texts.file(os.environ["LEAF"]).read_text()
    print(json.dumps({"theirs": theirs, "mine": mine[-7:], "disputes": window.document.texts.disputes}))

sys.exit(app.main())
"""


def obey_permissions() -> None:
    """Make root obey them too, in the program that is started next."""
    if os.geteuid() == 0:
        drop, override = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
        assert ctypes.CDLL(None).prctl(drop, override, 0, 0, 0) == 0


@pytest.mark.skipif(sys.platform != "linux" and os.geteuid() == 0, reason="root may write everywhere on a Mac")
def test_a_project_that_cannot_be_written_loses_nothing_and_says_why(tmp_path: Path) -> None:
    root = tmp_path / "Project"
    create_example(root)
    everything = [root, *root.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = subprocess.run(
            [sys.executable, "-c", DRIVEN + READ_ONLY, str(root)],
            capture_output=True,
            text=True,
            timeout=200,
            env={**os.environ, "LEAF": SKILL},
            preexec_fn=obey_permissions,
        )
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["saved"]) == 1
    assert "cannot be saved: Permission denied" in told["saved"][0]
    assert "kept meanwhile" in told["saved"][0]
    assert "cannot be written: Permission denied" in told["chosen"][0]
    assert told["dial"] == "good"
    assert told["copied"] == [f"{root}/.trash cannot be changed: Permission denied. {ADVICE}"]
    assert told["text"].endswith("# mine")
    assert told["state"] == "FAILED"
    assert "cannot be written" in told["message"] or "Writing is not allowed" in told["message"], told["message"]
    assert told["leaves"] == 2


def test_a_file_that_another_program_replaces_under_the_hand_is_not_lost(tmp_path: Path) -> None:
    root = tmp_path / "Project"
    create_example(root)
    file = root / "taxonomy" / SKILL / "qna.yaml"
    program = subprocess.Popen(
        [sys.executable, "-c", DRIVEN + REPLACED, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LEAF": SKILL},
    )
    assert program.stdout
    assert program.stdout.readline() == "typed\n", program.communicate(timeout=10)[1]
    replacement = file.with_name("theirs")
    replacement.write_text("version: 3\n# theirs\n", encoding="utf-8")
    replacement.replace(file)
    out, complaint = program.communicate(timeout=100)
    assert program.returncode == 0, complaint
    told = json.loads(out)
    assert told["theirs"] == "version: 3\n# theirs\n"
    assert told["mine"].endswith("# mine")
    assert told["disputes"] == []
