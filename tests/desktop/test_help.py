import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from desktop.test_words import texts_in_the_code
from PySide6.QtCore import QCoreApplication, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from espalier.resources import resource
from espalier_desktop import i18n
from espalier_desktop.desk import Desk
from espalier_desktop.help_window import HelpWindow, contents
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages import page_specs
from espalier_desktop.tour.bubble import Bubble, beside
from espalier_desktop.tour.stops import control_of, stops
from espalier_desktop.tour.tour import Tour, was_seen

Open = Callable[[Path], MainWindow]
# Words of the field that a person may meet in the window without having met them before.
FIELD_WORDS = (
    *("adapter", "checkpoint", "chunk", "context", "critic", "endpoint", "epoch", "held-out questions", "leaf", "LoRA"),
    *("loss", "perplexity", "pipeline", "probe", "prompt", "quantize", "rank", "run", "sample", "scoreboard"),
    *("seed example", "skill", "student", "taxonomy", "teacher", "threshold", "token", "update", "verdict"),
)


@pytest.fixture(params=i18n.LANGUAGES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    translators = i18n.install(request.param)
    yield request.param
    for translator in translators:
        QCoreApplication.removeTranslator(translator)


def page(language: str, name: str) -> str:
    return resource(f"help/{language}/{name}.md").read_text(encoding="utf-8")


def test_every_page_of_the_window_has_its_part_in_the_help(language: str) -> None:
    titles = re.findall(r"^## (.+)$", page(language, "pages"), re.MULTILINE)
    assert titles == [spec.title for spec in page_specs()]


def test_every_page_of_the_help_opens_and_its_links_lead_to_pages(language: str, desk: Desk) -> None:
    window = HelpWindow("help")
    for place, name in enumerate(contents()):
        window.pages.setCurrentRow(place)
        assert window.text.toPlainText().strip(), name
        for link in re.findall(r"\]\(([^)]+)\)", page(language, name)):
            assert link.removesuffix(".md") in contents(), link
    window.close()


def test_menus_and_settings_that_the_help_names_are_there(language: str) -> None:
    known = {re.sub(r"[….&]", "", i18n.tr(text, 2)) for text in texts_in_the_code()}
    for name in contents():
        for path in re.findall(r"\*\*([^*]+ › [^*]+)\*\*", page(language, name)):
            for word in " ".join(path.split()).split(" › "):
                assert re.sub(r"[….]", "", word) in known, f"{name}: {word}"


def test_the_glossary_has_the_words_of_the_field_that_the_window_uses() -> None:
    terms = {
        term.casefold().rstrip(".") for term in re.findall(r"^\*\*(.+?)\*\*", page("en", "glossary"), re.MULTILINE)
    }
    shown = " ".join([*texts_in_the_code(), *resource_words()]).casefold()
    used = [word for word in FIELD_WORDS if re.search(rf"\b{word.casefold()}", shown)]
    assert len(used) > len(FIELD_WORDS) - 3
    assert not [word for word in used if word.casefold() not in terms]


def resource_words() -> Iterator[str]:
    yield from yaml.safe_load(resource("translations/en.yaml").read_text(encoding="utf-8"))


def test_both_glossaries_explain_as_much() -> None:
    english, french = (len(re.findall(r"^\*\*.+?\*\*", page(each, "glossary"), re.MULTILINE)) for each in ("en", "fr"))
    assert abs(english - french) <= 2


def test_every_stop_of_the_tour_stands_beside_a_real_control(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    for stop in stops():
        window.go(stop.page)
        assert not stop.control or hasattr(window.page, stop.control), stop
        assert control_of(stop, window.page).isVisibleTo(window), stop
    assert {stop.page for stop in stops()} <= {spec.key for spec in page_specs()}


def test_the_tour_is_taken_with_the_keys(lived_in_root: Path, open_window: Open, qapp: QApplication) -> None:
    window = open_window(lived_in_root)
    assert not was_seen()
    window.do("tour")
    window.do("tour")
    (tour,) = window.findChildren(Tour)
    bubble = tour.bubble
    seen = [bubble.title.text()]
    for _ in stops()[1:]:
        QTest.keyClick(bubble, Qt.Key.Key_Right)
        seen.append(bubble.title.text())
        assert window.rect().contains(bubble.geometry())
    assert seen == [stop.title for stop in stops()]
    assert bubble.forward.text() == "Done"
    QTest.keyClick(bubble, Qt.Key.Key_Left)
    assert tour.place == len(stops()) - 2
    QTest.keyClick(bubble, Qt.Key.Key_Escape)
    assert bubble.isHidden()
    assert bubble.frame.isHidden()
    assert was_seen()


def test_the_tour_is_offered_with_the_first_example(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    names = iter((str(tmp_path / "One"), str(tmp_path / "Two")))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(names), ""))
    desk.open_example()
    (first,) = desk.windows.values()
    assert "three minutes" in first._banner.text.text()
    first._banner.accept.click()
    assert [bubble.isVisible() for bubble in first.findChildren(Bubble)] == [True]
    desk.open_example()
    second = next(window for window in desk.windows.values() if window is not first)
    assert not second._banner.isVisible()


@pytest.mark.parametrize(
    "control",
    [
        QRect(0, 0, 200, 600),
        QRect(0, 0, 1100, 80),
        QRect(900, 0, 200, 700),
        QRect(0, 500, 1100, 200),
        QRect(0, 0, 1100, 700),
    ],
)
def test_the_bubble_is_whole_inside_the_window(control: QRect) -> None:
    window, bubble = QRect(0, 0, 1100, 700), QRect(0, 0, 340, 220)
    placed = bubble.translated(beside(control, bubble, window))
    assert window.contains(placed)
    assert not placed.intersects(control) or control == window
