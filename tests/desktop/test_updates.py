import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from espalier import releases
from espalier.errors import EspalierError
from espalier_desktop import updates
from espalier_desktop.desk import Desk
from espalier_desktop.help_window import HelpWindow
from espalier_desktop.settings.privacy import PrivacyPanel
from espalier_desktop.updates import Updates
from espalier_desktop.widgets.sheet import Sheet

PAGE = "https://example.org/espalier/releases/9"
_SECONDS = 40_000


class Feed:
    """A list of releases on loopback.

    Attributes:
        answer: what it gives, as JSON or as text.
    """

    def __init__(self) -> None:
        self.answer: Any = {"tag_name": "v9.0", "html_url": PAGE}
        self.status = 200
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = feed.answer if isinstance(feed.answer, str) else json.dumps(feed.answer)
                self.send_response(feed.status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/latest"


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    made = Feed()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv(releases.FEED, made.address)
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_the_newest_release_is_found_among_drafts_and_trials(feed: Feed) -> None:
    assert releases.newest(feed.address) == releases.Release("9.0", PAGE, True)
    feed.answer = [
        {"tag_name": "v11", "html_url": PAGE, "draft": True},
        {"tag_name": "v10.0-beta", "html_url": PAGE, "prerelease": True},
        {"tag_name": "v0.1.0", "html_url": PAGE},
        {"tag_name": "v0.0.9", "html_url": PAGE},
    ]
    assert releases.newest(feed.address) == releases.Release("0.1.0", PAGE, False)


@pytest.mark.parametrize(
    "answer",
    [
        "<html>",
        "[]",
        "3",
        "[7]",
        {"tag_name": "nightly", "html_url": PAGE},
        {"tag_name": "v9"},
        {"tag_name": "v9", "html_url": "http://example.org/readable"},
        {"tag_name": "v9", "html_url": "file:///etc/passwd"},
        "x" * (3 << 20),
    ],
    ids=str,
)
def test_a_list_that_cannot_be_trusted_is_refused_in_a_sentence(feed: Feed, answer: Any) -> None:
    feed.answer = answer
    with pytest.raises(EspalierError, match="not what it should be"):
        releases.newest(feed.address)


def test_no_network_is_a_sentence(feed: Feed) -> None:
    feed.status = 503
    with pytest.raises(EspalierError, match=r"cannot be read \(.*503.*Check the network"):
        releases.newest(feed.address)
    with pytest.raises(EspalierError, match="Check the network"):
        releases.newest("http://127.0.0.1:1/latest")


@pytest.mark.parametrize(
    ("newer", "older"), [("1.10", "1.9"), ("0.1.1", "0.1"), ("2", "1.99.99"), ("1.0.1-rc", "1.0.0")]
)
def test_versions_are_compared_as_numbers(newer: str, older: str) -> None:
    assert releases.numbers(newer) > releases.numbers(older)
    assert releases.numbers(f"{older}.0") == releases.numbers(older)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def asked(qtbot: QtBot, window: QWidget, *, quietly: bool = False) -> Sheet | None:
    """Return the sheet that the answer is shown in."""
    before = set(window.findChildren(Sheet))
    question = Updates(lambda: window, window)
    with qtbot.waitSignal(question.answered, timeout=_SECONDS):
        question.ask(quietly=quietly)
    return next(iter(set(window.findChildren(Sheet)) - before), None)


def test_a_newer_release_is_offered_and_opened_in_the_browser(
    qtbot: QtBot, window: QWidget, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    sheet = asked(qtbot, window, quietly=True)
    assert sheet
    assert sheet.line.text() == "Espalier 9.0 is out"
    [download] = [button for button in sheet.findChildren(QPushButton) if button.text() == "Download…"]
    download.click()
    assert opened == [PAGE]


def test_only_who_asked_is_told_that_there_is_nothing_new_or_no_network(
    qtbot: QtBot, window: QWidget, feed: Feed
) -> None:
    feed.answer = {"tag_name": "v0.0.1", "html_url": PAGE}
    sheet = asked(qtbot, window)
    assert sheet
    assert "is the newest" in sheet.line.text()
    feed.status = 404
    sheet = asked(qtbot, window)
    assert sheet
    assert "cannot be read" in sheet.sentence.text()
    assert asked(qtbot, window, quietly=True) is None


def test_a_copy_without_a_list_says_so_and_asks_nobody(window: QWidget) -> None:
    Updates(lambda: window, window).ask()
    [sheet] = window.findChildren(Sheet)
    assert "knows no list of releases" in sheet.sentence.text()


def test_nobody_is_asked_at_the_start_unless_that_was_allowed_and_only_once_a_day(
    qtbot: QtBot, window: QWidget, feed: Feed, desk: Desk
) -> None:
    assert not updates.is_due()
    panel = PrivacyPanel(desk)
    qtbot.addWidget(panel)
    panel.updates.click()
    assert updates.is_due()
    asked(qtbot, window, quietly=True)
    assert not updates.is_due()


def test_about_leads_to_the_licence_of_everything_inside_and_back(qtbot: QtBot) -> None:
    window = HelpWindow("about")
    qtbot.addWidget(window)
    assert "Qt 6." in window.text.toPlainText()
    assert "VERSION" not in window.text.toPlainText()
    assert 'href="licences.md"' in window.text.toHtml()
    window.show_page("licences")
    assert "PySide6_Essentials" in window.text.toPlainText()
    assert 'href="licence-numpy.md"' in window.text.toHtml()
    window.show_page("licence-PySide6_Essentials")
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in window.text.toPlainText()
    assert 'href="licences.md"' in window.text.toHtml()
