import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from espalier.messages import Event, Note, Progress, Stage, Text
from espalier_desktop.jobs import job as job_module
from espalier_desktop.jobs import process
from espalier_desktop.jobs.coalesce import coalesce
from espalier_desktop.jobs.job import Job, JobState
from espalier_desktop.jobs.queue import JobQueue
from espalier_desktop.jobs.record import read_record

Make = Callable[..., Job]
Behave = Callable[[str], None]
NEVER = 600_000  # milliseconds: later than any test waits


def run(qtbot: QtBot, job: Job) -> list[object]:
    heard: list[object] = []
    job.reported.connect(heard.append)
    with qtbot.waitSignal(job.finished):
        job.start()
    return heard


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_job_reports_and_ends_with_its_result(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("done")
    job = make_job()
    heard = run(qtbot, job)
    assert job.state is JobState.DONE
    assert job.result == {"run": "r"}
    assert heard[0] == Stage("train", "LoRA on 6 rows")
    assert job.progress
    assert job.progress.figures == {"loss": 2.5}


def test_the_real_worker_answers_a_job(qtbot: QtBot, make_job: Make) -> None:
    job = make_job("tune")
    run(qtbot, job)
    assert job.state is JobState.FAILED
    assert "is no Espalier project" in job.message
    assert "Traceback" in job.log.read_text()


def test_a_flood_of_events_leaves_the_window_its_frames(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("flood")
    job = make_job()
    gaps: list[float] = []
    last = time.thread_time()

    def frame() -> None:
        nonlocal last
        now = time.thread_time()  # the window's own work, however busy the machine is with other programs
        gaps.append(now - last)
        last = now

    timer = QTimer(interval=5)
    timer.timeout.connect(frame)
    timer.start()
    heard = run(qtbot, job)
    assert job.state is JobState.DONE
    assert job.progress
    assert job.progress.done == 50_000
    assert len(heard) < 25_000  # most of them said nothing that the next one did not
    assert sorted(gaps)[len(gaps) * 95 // 100] < 0.1


def test_a_crash_is_told_with_its_log(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("crash")
    job = make_job()
    run(qtbot, job)
    assert job.state is JobState.CRASHED
    assert "stopped unexpectedly" in job.message
    assert "the GPU is gone" in job.log.read_text()


def test_a_worker_killed_by_the_system_says_why(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("killed")
    job = make_job()
    run(qtbot, job)
    assert job.state is JobState.CRASHED
    assert "memory" in job.message


def test_a_failure_keeps_its_sentence_and_its_details(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("fail")
    job = make_job()
    run(qtbot, job)
    assert job.state is JobState.FAILED
    assert job.message == "The disk is full. Make room and try again."
    assert "details" in job.log.read_text()


def test_lines_that_are_no_messages_are_passed_over(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("noise")
    job = make_job()
    assert run(qtbot, job)[1:] == [Note("All is well.")]
    assert job.state is JobState.DONE


def test_a_worker_that_cannot_start_is_a_failure(
    qtbot: QtBot, make_job: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "worker_program", lambda: [str(tmp_path / "nothing")])
    job = make_job()
    run(qtbot, job)
    assert job.state is JobState.FAILED
    assert "could not be started" in job.message


def test_stop_ends_the_worker_at_once(
    qtbot: QtBot, make_job: Make, fake_worker: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "GRACE", NEVER)
    fake_worker("wait")
    job = make_job()
    job.start()
    qtbot.waitUntil(lambda: job.progress is not None)
    pid = job.pid
    with qtbot.waitSignal(job.finished):
        job.stop()
    assert job.state is JobState.STOPPED
    assert not is_running(pid)


@pytest.mark.parametrize("insists", [False, True])
def test_a_worker_that_ignores_stop_is_made_to(
    qtbot: QtBot, make_job: Make, fake_worker: Behave, monkeypatch: pytest.MonkeyPatch, insists: bool
) -> None:
    monkeypatch.setattr(job_module, "GRACE", NEVER if insists else 200)
    fake_worker("stubborn")
    job = make_job()
    job.start()
    qtbot.waitUntil(lambda: job.progress is not None)
    with qtbot.waitSignal(job.finished):
        job.stop()
        if insists:
            job.stop()
    assert job.state is JobState.STOPPED


def test_one_job_runs_and_the_others_wait(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("done")
    queue = JobQueue()
    first, second, third = make_job("generate"), make_job("train"), make_job("quantize")
    seen: list[tuple[JobState, ...]] = []
    ended: list[str] = []
    queue.changed.connect(lambda: seen.append(tuple(job.state for job in queue.jobs)))
    queue.ended.connect(lambda job: ended.append(job.request.command))
    for job in (first, second, third):
        queue.submit(job)
    assert [job.state for job in queue.jobs] == [JobState.RUNNING, JobState.QUEUED, JobState.QUEUED]
    third.stop()
    qtbot.waitUntil(lambda: not queue.jobs)
    assert ended == ["quantize", "generate", "train"]
    busy = (JobState.RUNNING, JobState.STOPPING)
    assert all(sum(state in busy for state in states) <= 1 for states in seen)


def test_training_jobs_make_the_gpu_watchdog_patient(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("environment")
    for command, relaxed in (("train", "1"), ("tune", "1"), ("generate", "")):
        job = make_job(command)
        run(qtbot, job)
        assert job.result == {"relaxed": relaxed}


def test_the_mac_is_kept_awake_for_the_life_of_the_worker(
    qtbot: QtBot, make_job: Make, fake_worker: Behave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    keeper = tmp_path / "bin" / "caffeinate"
    keeper.parent.mkdir()
    keeper.write_text(f'#!/bin/sh\necho "$@" > {told}.new && mv {told}.new {told}\n')
    keeper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{keeper.parent}:{os.environ['PATH']}")
    fake_worker("wait")
    job = make_job()
    job.start()
    qtbot.waitUntil(told.exists)
    assert told.read_text().split() == ["-i", "-m", "-w", str(job.pid)]
    with qtbot.waitSignal(job.finished):
        job.stop()


def test_a_job_that_was_cut_off_is_noted_until_it_ends(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("wait")
    job = make_job("generate", leaves=["knowledge/a"])
    job.start()
    qtbot.waitUntil(lambda: job.progress is not None)
    pid = job.pid
    job.abandon()
    assert not is_running(pid)
    record = read_record(job.root)
    assert record
    assert (record.command, record.arguments, record.stage) == ("generate", {"leaves": ["knowledge/a"]}, "train")
    fake_worker("done")
    run(qtbot, make_job())
    assert read_record(job.root) is None


def test_a_question_is_not_offered_again(qtbot: QtBot, make_job: Make, fake_worker: Behave) -> None:
    fake_worker("answer")
    job = make_job("ask", question="?")
    heard = run(qtbot, job)
    texts = [event for event in heard if isinstance(event, Text)]
    assert "".join(text.text for text in texts if text.pane == "tuned") == "I DO NOT KNOW."
    assert read_record(job.root) is None


def test_a_killed_window_leaves_no_worker(qtbot: QtBot, tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from espalier_desktop.jobs import process
from espalier_desktop.jobs.job import Job
process.worker_program = lambda: [sys.executable, {str(Path(__file__).with_name("fake_worker.py"))!r}, "stubborn"]
application = QCoreApplication([])
job = Job("tune", {{}}, Path({str(tmp_path)!r}), Path({str(tmp_path / "log")!r}))
job.reported.connect(lambda event: print(job.pid, flush=True))
job.start()
application.exec()
"""
    window = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert window.stdout
    worker = int(window.stdout.readline())
    assert is_running(worker)
    window.send_signal(signal.SIGKILL)
    window.wait()
    window.stdout.close()
    qtbot.waitUntil(lambda: not is_running(worker))
    assert read_record(tmp_path)


_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Progress, st.sampled_from("ab"), st.integers(0, 9), st.just(9), st.just("updates")),
    st.builds(Text, st.sampled_from(["base", "tuned"]), st.text(max_size=3)),
    st.builds(Note, st.text(max_size=3)),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_events, max_size=30))
def test_coalescing_loses_no_text_no_note_and_no_latest_progress(events: list[Event]) -> None:
    kept = coalesce(events)
    assert len(kept) <= len(events)
    notes = [event for event in events if isinstance(event, Note)]
    assert [event for event in kept if isinstance(event, Note)] == notes
    for pane in ("base", "tuned"):
        assert _text(kept, pane) == _text(events, pane)
    for stage in "ab":
        assert _latest(kept, stage) == _latest(events, stage)


def _text(events: list[Event], pane: str) -> str:
    return "".join(event.text for event in events if isinstance(event, Text) and event.pane == pane)


def _latest(events: list[Event], stage: str) -> list[Progress]:
    return [event for event in events if isinstance(event, Progress) and event.stage == stage][-1:]
