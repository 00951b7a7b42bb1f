"""The real program, as a process of its own, when the disk or another program is against it."""

import ctypes
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made_files import pdf, prose

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

WORKING = """
def drive(window):
    window.go("taxonomy")
    page = window.page
    page.tree.choose(os.environ["LEAF"])
    text = window.document.texts.text(os.environ["LEAF"])
    window.document.edit(os.environ["LEAF"], splice.set_value(text, ("document", "repo"), os.environ["REPO"]), "Typing")
    page.editor.check()
    page.editor.documents.fetch_wanted.emit()
    page.editor.importer.start(os.environ["LEAF"], [Path(os.environ["FILE"])])
    print("working", flush=True)
    while True:
        QTest.qWait(1000)

from espalier.taxonomy import splice
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


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below one, by their numbers, with what they run."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            command = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            found |= {child: command, **descendants(child)}
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(is_true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not is_true() and time.monotonic() < end:
        time.sleep(0.05)
    return is_true()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_killed_program_leaves_no_process_behind(tmp_path: Path) -> None:
    root, file = tmp_path / "Project", tmp_path / "canal.pdf"
    create_example(root)
    file.write_bytes(pdf([prose(["The canal was opened in 1822."])]))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/canals.git"
        wheel = "knowledge/engineering/falkirk_wheel"
        environment = {**os.environ, "LEAF": wheel, "REPO": address, "FILE": str(file)}
        command = [sys.executable, "-c", DRIVEN + WORKING, str(root)]
        program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert program.stdout
        assert program.stdout.readline() == "working\n"

        def all_are_at_work() -> bool:
            names = " ".join(descendants(program.pid).values())
            return all(name in names for name in ("espalier.worker", " fetch ", "espalier.documents.preview"))

        assert wait_for(all_are_at_work)
        below = descendants(program.pid)
        program.kill()
        program.wait()
        program.stdout.close()
        assert wait_for(lambda: not any(map(is_alive, below))), {p: n for p, n in below.items() if is_alive(p)}
