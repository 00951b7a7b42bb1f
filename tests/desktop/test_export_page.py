"""The Export page and the sheet that publishes: what they show, ask for and refuse. The worker is a fake one here."""

import sys
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from desktop.test_accessibility import unnamed
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from espalier.files import write_json
from espalier.sharing.token import find_token
from espalier_desktop.jobs import process
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.export.card_pane import blocks_of
from espalier_desktop.pages.export.destination import name_problem
from espalier_desktop.pages.export.page import ExportPage
from espalier_desktop.pages.export.publish_sheet import PublishSheet
from espalier_desktop.sidebar import BadgeRole
from espalier_desktop.widgets.sheet import Sheet

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
FAKE = Path(__file__).with_name("fake_sharing.py")
RUN = "2026-11-20T18-42-07"


@pytest.fixture
def behave(monkeypatch: pytest.MonkeyPatch) -> Behave:
    """Return a function that makes every worker a fake one that shares as the word given says."""

    def set_manner(manner: str) -> None:
        monkeypatch.setattr(process, "worker_program", lambda: [sys.executable, str(FAKE), manner])

    set_manner("done")
    return set_manner


@pytest.fixture
def trained_root(fresh_root: Path) -> Path:
    """The example with one trained run, as far as files can tell."""
    run = fresh_root / "runs" / RUN
    (run / "adapter").mkdir(parents=True)
    (run / "adapter" / "weights").write_bytes(b"0")
    write_json(run / "request.json", {"student": "smollm2-135m-instruct", "settings": {}, "versions": {}})
    return fresh_root


def shown(window: MainWindow, qtbot: QtBot) -> ExportPage:
    window.go("export")
    page = window.page
    assert isinstance(page, ExportPage)
    qtbot.waitUntil(lambda: bool(page.cards) and not page.survey.is_asking)
    return page


def opened(page: ExportPage, qtbot: QtBot) -> PublishSheet:
    """Return the sheet once the account and the plan are there."""
    if page._sheet is None:
        page.publish.click()
    sheet = page._sheet
    assert sheet is not None
    qtbot.waitUntil(lambda: bool(sheet.plan.result) and not sheet.setup.problem.startswith("Looking"))
    qtbot.waitUntil(lambda: not sheet.account.is_asking and not sheet.setup._soon.isActive())
    qtbot.waitUntil(lambda: not sheet.plan.is_asking)
    return sheet


def test_before_the_first_training_the_page_leads_to_it(fresh_root: Path, open_window: Open, behave: Behave) -> None:
    window = open_window(fresh_root)
    window.go("export")
    page = window.page
    assert isinstance(page, ExportPage)
    assert not page.publish.isVisible()
    page.train.click()
    assert type(window.page).__name__ == "TrainPage"


def test_every_form_has_a_card_and_what_was_published_can_be_copied_and_updated(
    trained_root: Path, open_window: Open, behave: Behave, qtbot: QtBot
) -> None:
    page = shown(open_window(trained_root), qtbot)
    assert list(page.cards) == ["mlx", "peft", "gguf", "fused", "dataset"]
    mlx, peft, gguf = (page.cards[form] for form in ("mlx", "peft", "gguf"))
    assert (mlx.check.text(), mlx.room.text()) == ("Not made yet.", "about 10 MB")
    assert mlx.make.isVisible()
    assert peft.check.text() == "Read back, it gives the same answers: logits differ by 0.000002 at most."
    assert peft.check.property("role") == "good"
    assert not peft.make.isVisible()
    assert peft.show_folder.isVisible()
    assert gguf.check.text().startswith("GGUF has no place")
    assert not gguf.save.isVisible()

    def buttons() -> dict[str, QPushButton]:
        return {each.text(): each for each in page.history.findChildren(QPushButton) if each.isVisible()}

    qtbot.waitUntil(lambda: set(buttons()) == {"Open Page", "Copy Address", "Update…"})
    buttons()["Copy Address"].click()
    assert QGuiApplication.clipboard().text() == "https://huggingface.co/alice/falkirk-wheel"
    buttons()["Update…"].click()
    sheet = opened(page, qtbot)
    assert sheet.setup.request["repo"] == "alice/falkirk-wheel"
    assert sheet.setup.request["forms"] == ["peft", "mlx"] or sheet.setup.request["forms"] == ["mlx", "peft"]


def test_a_form_is_made_with_progress_and_saved_where_the_person_says_and_a_refusal_stands_on_its_card(
    trained_root: Path, open_window: Open, behave: Behave, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave("slow")
    window = open_window(trained_root)
    page = shown(window, qtbot)
    card = page.cards["fused"]
    card.make.click()
    assert window.jobs.current
    asked = window.jobs.current.request
    assert asked.command == "export"
    assert (asked.arguments["form"], asked.arguments["run"]) == ("fused", RUN)
    qtbot.waitUntil(lambda: card.bar.maximum() > 0)
    assert card.check.text() == "4 MB of 10 MB"
    assert not card.save.isVisible()
    card.stop.click()
    qtbot.waitUntil(lambda: window.jobs.current is None)
    qtbot.waitUntil(card.save.isVisible)
    assert card.check.text() == "Not made yet."
    behave("refused")
    place = str(tmp_path / "out")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (place, ""))
    page.cards["mlx"].save.click()
    assert window.jobs.current
    assert window.jobs.current.request.arguments["to"] == place
    qtbot.waitUntil(lambda: page.cards["mlx"].check.property("role") == "error")
    assert page.cards["mlx"].check.text().startswith("Hugging Face is not reached.")
    behave("done")
    page.cards["mlx"].save.click()
    qtbot.waitUntil(lambda: window.jobs.current is None)
    qtbot.waitUntil(lambda: window._toast.text.text().startswith("Adapter for mlx-lm was saved to"))
    qtbot.waitUntil(lambda: page.cards["mlx"].check.text() == "Not made yet.")


def test_nothing_is_published_before_signing_in_and_the_token_goes_to_the_keychain_alone(
    trained_root: Path,
    open_window: Open,
    behave: Behave,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keys.json"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", keyring.core.load_keyring("file_keyring.FileKeyring"))
    behave("nobody")
    page = shown(open_window(trained_root), qtbot)
    sheet = opened(page, qtbot)
    assert not sheet.confirm.isEnabled()
    assert sheet.note.text() == "Sign in first."
    for tab in ("gate", "card", "files"):
        sheet.setup.show_tab(tab)
        assert not unnamed(sheet), tab
    sheet.activateWindow()
    qtbot.waitUntil(sheet.isActiveWindow)
    sheet.setup.account.token.setFocus()
    seen: set[QWidget] = set()
    while (focus := QApplication.focusWidget()) and focus not in seen:
        seen.add(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert {sheet.setup.account.token, sheet.setup.destination.name, sheet.setup.files, sheet.cancel} <= seen
    box = sheet.setup.account
    QTest.keyClicks(box.token, "two words")
    box.sign_in.click()
    assert box.note.property("role") == "caption error"
    box.token.clear()
    QTest.keyClicks(box.token, "hf_" + "a" * 34)
    behave("done")
    QTest.keyClick(box.token, Qt.Key.Key_Return)
    assert not box.token.text()
    kept = find_token()
    assert kept
    assert kept.reveal() == "hf_" + "a" * 34
    qtbot.waitUntil(sheet.confirm.isEnabled)
    assert box.name.text() == "Signed in as alice"
    assert [sheet.setup.destination.owner.itemText(place) for place in range(2)] == ["alice", "lab"]
    assert not any("aaaa" in path.read_text(errors="replace") for path in trained_root.rglob("*") if path.is_file())
    box.sign_out.click()
    assert find_token() is None
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_it_is_private_unless_changed_and_in_public_the_gate_stops_it_and_it_is_asked_again(
    trained_root: Path, open_window: Open, behave: Behave, qtbot: QtBot
) -> None:
    page = shown(open_window(trained_root), qtbot)
    sheet = opened(page, qtbot)
    assert sheet.setup.destination.name.text() == "falkirk-wheel"
    assert sheet.confirm.isEnabled()
    assert [line.accessibleName() for line in sheet.setup.gate.lines] == [
        "personal data: have a look",
        "licence of the base: in order",
    ]
    sheet.setup.destination.visibility.buttons["public"].click()
    qtbot.waitUntil(lambda: sheet.note.text().startswith("A document has no licence."))
    assert not sheet.confirm.isEnabled()
    assert sheet.setup.gate.lines[0].accessibleName() == "documents: stops publishing"
    sheet._confirm()
    asked = QApplication.activeModalWidget()
    assert isinstance(asked, Sheet)
    assert "alice/falkirk-wheel will be seen" in asked.sentence.text()
    asked.reject()
    assert page.shell.jobs.current is None
    sheet.setup.destination.visibility.buttons["private"].click()
    qtbot.waitUntil(sheet.confirm.isEnabled)
    assert sheet.confirm.text() == "Publish"
    sheet.setup.show_tab("files")
    paths = [sheet.setup.files.item(place, 0) for place in range(sheet.setup.files.rowCount())]
    assert [item.text() for item in paths if item] == [
        *("README.md", "LICENSE", "mlx/adapter.safetensors", "peft/adapter.safetensors"),
    ]


def test_what_was_chosen_is_published_and_the_address_given(
    trained_root: Path, open_window: Open, behave: Behave, qtbot: QtBot
) -> None:
    window = open_window(trained_root)
    page = shown(window, qtbot)
    sheet = opened(page, qtbot)
    sheet.setup.forms["mlx"].click()
    sheet.setup.dataset.click()
    sheet.setup.show_tab("card")
    sheet.setup.card.show_mode("text")
    QTest.keyClicks(sheet.setup.card.text, "Mine. ")
    assert sheet.setup.card.own
    assert sheet.setup.card.own.startswith("Mine. ---")
    qtbot.waitUntil(sheet.confirm.isEnabled)
    behave("refused")
    sheet.confirm.click()
    assert window.jobs.current
    asked = dict(window.jobs.current.request.arguments)
    assert asked.pop("card") == sheet.setup.card.own
    assert asked.pop("project")
    assert asked == {
        "run": RUN,
        "repo": "alice/falkirk-wheel",
        "forms": ["peft"],
        "private": True,
        "dataset_repo": "alice/falkirk-wheel-data",
        "base": "",
        "over": "",
    }
    qtbot.waitUntil(lambda: sheet.confirm.text() == "Try Again")
    assert sheet.note.text().startswith("Hugging Face is not reached.")
    sheet.close()
    sheet = opened(page, qtbot)
    assert sheet.setup.card.own
    assert "Mine. ---" in sheet.setup.card.own
    qtbot.waitUntil(sheet.confirm.isEnabled)
    sheet.setup.card.back.click()
    assert sheet.setup.card.own is None
    behave("done")
    sheet.confirm.click()
    qtbot.waitUntil(lambda: sheet.confirm.text() == "Done")
    assert sheet.transfer.address.text() == "https://huggingface.co/alice/falkirk-wheel"
    sheet.transfer.copy.click()
    assert QGuiApplication.clipboard().text() == "https://huggingface.co/alice/falkirk-wheel"
    sheet.confirm.click()
    assert page._sheet is None
    badge = window.sidebar._item("export")
    assert badge
    assert badge.data(BadgeRole) == ""
    (trained_root / "runs" / RUN / "published.jsonl").write_text("{}\n")
    window._refresh()
    assert badge.data(BadgeRole) == "published"


def test_what_is_at_the_address_already_is_said_and_nothing_of_others_is_replaced_unasked(
    trained_root: Path, open_window: Open, behave: Behave, qtbot: QtBot
) -> None:
    behave("slow")
    window = open_window(trained_root)
    sheet = opened(shown(window, qtbot), qtbot)
    place = sheet.setup.destination
    qtbot.waitUntil(lambda: place.note.text() == "It is there already; this makes a new commit.")
    place.name.selectAll()
    QTest.keyClicks(place.name, "new-one")
    qtbot.waitUntil(lambda: place.note.text() == "The name is free.")
    place.name.selectAll()
    QTest.keyClicks(place.name, "others")
    qtbot.waitUntil(lambda: place.note.text().startswith("It is on the Hub already, with files"))
    sheet.confirm.click()
    asked = QApplication.activeModalWidget()
    assert isinstance(asked, Sheet)
    assert window.jobs.current is None
    next(each for each in asked.findChildren(QPushButton) if each.text() == "Publish Over It").click()
    assert window.jobs.current
    assert window.jobs.current.request.arguments["over"] == "0f3c"
    window.do("stop")
    qtbot.waitUntil(lambda: window.jobs.current is None)


def test_publishing_goes_on_when_the_sheet_is_closed_and_the_sheet_finds_it_again(
    trained_root: Path, open_window: Open, behave: Behave, qtbot: QtBot
) -> None:
    window = open_window(trained_root)
    page = shown(window, qtbot)
    sheet = opened(page, qtbot)
    behave("slow")
    sheet.confirm.click()
    qtbot.waitUntil(lambda: sheet.transfer.text.text().startswith("4 MB of 10 MB"))
    sheet.cancel.click()
    assert window.jobs.current
    page.publish.click()
    again = page._sheet
    assert again is not None
    assert again.stop.isVisible()
    again.stop.click()
    qtbot.waitUntil(lambda: window.jobs.current is None)
    qtbot.waitUntil(again.setup.isVisible)
    again.close()


def test_an_adapter_can_be_brought_in(
    fresh_root: Path,
    open_window: Open,
    behave: Behave,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    behave("refused")
    window = open_window(fresh_root)
    window.go("export")
    page = window.page
    assert isinstance(page, ExportPage)
    told: list[str] = []
    monkeypatch.setattr(window, "tell", lambda line, sentence: told.append(sentence))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    page.import_first.click()
    assert window.jobs.current
    assert window.jobs.current.request.command == "import_adapter"
    assert window.jobs.current.request.arguments["source"] == str(tmp_path)
    qtbot.waitUntil(lambda: bool(told))


@pytest.mark.parametrize(
    ("name", "is_fine"),
    [
        *((name, True) for name in ("a", "falkirk-wheel", "Falkirk_2.1")),
        *((name, False) for name in ("", "été", "a b", "-a", "a.", "a--b", "a..b", "x.git", "a" * 95, "a/b")),
    ],
)
def test_names_that_the_hub_refuses_are_refused_before(name: str, is_fine: bool) -> None:
    assert (name_problem("alice", name) == "") is is_fine


def test_a_card_is_shown_as_nothing_but_text() -> None:
    card = "---\nlicense: mit\n---\n# Title\n\n<script>x</script> [go](javascript:x) ![p](https://e.org/p.png)\n"
    front, title, text = blocks_of(card)
    assert (front.kind, front.text) == ("code", "license: mit")
    assert (title.kind, title.text) == ("heading", "Title")
    assert "<script>x</script>" in text.text
    assert not any(run.href.startswith("javascript") for run in text.runs)
