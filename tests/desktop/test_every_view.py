"""Every page, window and sheet in a language a third longer than English: nothing is clipped or out of reach."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop.shots_train import make_runs
from desktop.test_accessibility import PAGES, unnamed
from desktop.test_export_page import behave, opened, shown, trained_root
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QLabel, QPushButton, QRadioButton, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

from espalier.taxonomy.history import begin_history
from espalier_desktop.desk import Desk
from espalier_desktop.main_window import MainWindow

Open = Callable[[Path], MainWindow]
Behave = Callable[[str], None]
LEAF = "knowledge/engineering/falkirk_wheel"
COMMANDS = {  # that open something over the window, by the page that they belong to
    "taxonomy": ("new_leaf", "go_to_leaf", "problems", "difference", "commit", "contribute"),
    "compare": ("open_conversation", "ask_preset", "answer_settings", "serve_model"),
}
WINDOWS = ("models", "readiness", "overnight", "settings", "welcome", "help", "glossary", "about")
LETTERS = "óüñçâ"


class Longer(QTranslator):
    """A language whose every text is English and a third more, of letters with marks."""

    @override
    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str | None:
        if context != "espalier" or text.startswith("help/"):
            return None
        more = len(re.sub(r"{\w+}", "", text)) // 3
        tail = " ".join(LETTERS[: min(5, more - start)] for start in range(0, more, 5))
        return f"{text} {tail}" if tail else text

    @override
    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def longer(english: None) -> Iterator[None]:
    translator = Longer()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def clipped(window: QWidget) -> list[str]:
    """Return the texts that have less room than they need."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.visibleRegion().isEmpty() or widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget, QLabel) and widget.text() and widget.pixmap().isNull():
            wanted = widget.heightForWidth(widget.width()) if widget.wordWrap() else widget.sizeHint().height()
            is_narrow = not widget.wordWrap() and widget.sizeHint().width() > widget.width() + 1
            if is_narrow or wanted > widget.height() + 2:
                found.append(f"{widget.text()!r}: {widget.size().toTuple()} of {widget.sizeHint().toTuple()}")
        elif not isinstance(widget, QPushButton | QCheckBox | QRadioButton) or not widget.text():
            continue
        elif widget.sizeHint().width() > widget.width() + 1:
            found.append(f"{widget.text()!r}: {widget.width()} of {widget.sizeHint().width()}")
    return found


def unreached(window: QWidget) -> list[str]:
    """Return the controls that Tab does not come to."""
    focus, seen = window.focusWidget() or window, list[QWidget]()
    for _ in range(300):
        if focus in seen:
            break
        seen.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
        focus = window.focusWidget() or window
    return [
        f"{type(widget).__name__} {widget.accessibleName() or getattr(widget, 'text', str)()}"
        for widget in window.findChildren(QAbstractButton)
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if widget not in seen and not widget.objectName().startswith("qt_")
    ]


def settle() -> None:
    for _ in range(8):
        QApplication.processEvents()


def faults(window: QWidget, what: str) -> list[str]:
    settle()
    return [f"{what}: clipped {text}" for text in clipped(window)] + [
        f"{what}: no name {text}" for text in unnamed(window)
    ]


def over_it(window: QWidget) -> QWidget | None:
    """Return what stands over a window now."""
    settle()
    popup = QApplication.activePopupWidget() or QApplication.activeModalWidget()
    others = [each for each in QApplication.topLevelWidgets() if each.isVisible() and each not in (window, popup)]
    over = [each for each in window.findChildren(QWidget) if each.isWindow() and each.isVisible()]
    return popup or next(iter(over), None) or next(iter(others), None)


def test_no_page_clips_a_text(
    longer: None, lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("wait")
    make_runs(lived_in_root)
    window = open_window(lived_in_root)
    window.resize(1100, 700)
    found = []
    for page in PAGES:
        window.go(page)
        found += faults(window, page)
        assert window.width() <= 1100, page
        for segments in ("panes", "tabs"):
            for name, button in getattr(getattr(window.page, segments, None), "buttons", {}).items():
                button.click()
                found += faults(window, f"{page}, {name}")
    assert not found, "\n".join(found)


def test_no_sheet_clips_a_text_and_all_of_it_is_reached(
    longer: None, lived_in_root: Path, open_window: Open, fake_worker: Behave, qtbot: QtBot
) -> None:
    fake_worker("wait")
    begin_history(lived_in_root / "taxonomy")
    leaf = lived_in_root / "taxonomy" / LEAF / "qna.yaml"
    leaf.write_text(leaf.read_text().replace("1822", "1823").rstrip("\n") + "\n# changed\n")
    window = open_window(lived_in_root)
    window.resize(1100, 700)
    qtbot.waitUntil(lambda: bool(window.document.history.now))
    found: list[str] = []

    def look(what: str, do: Callable[[], object]) -> None:
        do()
        over = over_it(window)
        assert over is not None, what
        found.extend(faults(over, what))
        found.extend(f"{what}: not reached {text}" for text in unreached(over))
        over.close()
        settle()

    look("student", lambda: window.page.choose_model("student"))  # type: ignore[attr-defined]  # the page is Overview
    for page, commands in COMMANDS.items():
        window.go(page)
        if page == "taxonomy":
            window.page.tree.choose(LEAF)  # type: ignore[attr-defined]
        for command in commands:
            look(command, lambda command=command: window.do(command))  # type: ignore[misc]
    window.go("generate")
    window.page.every.click()  # type: ignore[attr-defined]
    look("plan", window.page.plan)  # type: ignore[attr-defined]
    window.go("train")
    look("probes", window.page.choose_probes)  # type: ignore[attr-defined]
    window.go("compare")
    window.page.show_tab("scores")  # type: ignore[attr-defined]
    look("evaluate", window.page.scoreboard.ask)  # type: ignore[attr-defined]
    assert not found, "\n".join(found)


def test_no_other_window_clips_a_text_and_all_of_it_is_reached(
    longer: None, desk: Desk, fresh_root: Path, fake_worker: Behave
) -> None:
    fake_worker("wait")
    found = []
    for name in WINDOWS:
        getattr(desk, f"show_{name}", lambda name=name: desk.show_help(name))()
        window = desk.others[name]
        found += faults(window, name)
        found += [f"{name}: not reached {text}" for text in unreached(window)]
        window.close()
        settle()
    assert not found, "\n".join(found)


def test_nothing_of_export_and_its_sheet_is_clipped(
    longer: None, trained_root: Path, open_window: Open, behave: Behave, qtbot: QtBot
) -> None:
    window = open_window(trained_root)
    window.resize(1100, 700)
    page = shown(window, qtbot)
    found = faults(window, "export")
    sheet = opened(page, qtbot)
    found += faults(sheet, "publish")
    found += [f"publish: not reached {text}" for text in unreached(sheet)]
    assert not found, "\n".join(found)


assert behave
assert trained_root
