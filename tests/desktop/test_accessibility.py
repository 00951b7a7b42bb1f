from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from espalier_desktop.desk import Desk
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages import page_specs

Open = Callable[[Path], MainWindow]
Role = QAccessible.Role
NAMED = {
    Role.Button,
    Role.CheckBox,
    Role.ComboBox,
    Role.EditableText,
    Role.List,
    Role.ListItem,
    Role.ProgressBar,
    Role.RadioButton,
    Role.Table,
    Role.Tree,
    Role.TreeItem,
    Role.Slider,
}
PAGES = ["overview", "taxonomy", "generate", "review", "train", "quantize", "compare", "export"]


def walk(node: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield node
    for place in range(node.childCount()):
        child = node.child(place)
        if child is not None and child.isValid():
            yield from walk(child)


def unnamed(window: QWidget) -> list[str]:
    found = []
    for node in walk(QAccessible.queryAccessibleInterface(window)):
        owner = node.object()
        is_qts_own = owner is not None and (owner.objectName() or "").startswith(("qt_", "_q_"))
        is_hidden = isinstance(owner, QWidget) and not owner.isVisible()
        if is_hidden:
            continue
        if node.role() in NAMED and not node.text(QAccessible.Text.Name).strip() and not is_qts_own:
            found.append(f"{node.role()} {owner} in {owner.parent() if owner else None}")
    return found


def test_every_control_of_every_page_has_a_name(lived_in_root: Path, open_window: Open) -> None:
    window = open_window(lived_in_root)
    for page in PAGES:
        window.go(page)
        assert not unnamed(window), page


def test_every_control_outside_the_pages_has_a_name(desk: Desk, fresh_root: Path, open_window: Open) -> None:
    open_window(fresh_root).page.choose_model("student")  # type: ignore[attr-defined]  # the page is Overview
    desk.show_welcome()
    desk.show_settings()
    desk.show_help("glossary")
    desk.show_models()
    desk.show_readiness()
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            assert not unnamed(window)


def test_the_keyboard_goes_round_every_page_and_is_caught_nowhere(
    lived_in_root: Path, open_window: Open, qapp: QApplication, qtbot: QtBot
) -> None:
    window = open_window(lived_in_root)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for page in PAGES:
        window.go(page)
        window.sidebar.pages.setFocus()
        seen: list[QWidget] = []
        for _ in range(200):
            focus = qapp.focusWidget()
            assert focus is not None
            if focus in seen:
                break
            seen.append(focus)
            QTest.keyClick(focus, Qt.Key.Key_Tab)
        assert qapp.focusWidget() is seen[0], f"caught on {page} at {qapp.focusWidget()}"
        wanted = {
            widget
            for widget in window.page.findChildren(QWidget)
            if widget.isVisible()
            and widget.isEnabled()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.focusProxy() is None
        }
        assert wanted <= set(seen), page


def test_the_pages_of_the_tour_are_all_pages() -> None:
    assert [spec.key for spec in page_specs()] == PAGES


def test_the_focus_is_seen(fresh_root: Path, open_window: Open, qapp: QApplication, qtbot: QtBot) -> None:
    window = open_window(fresh_root)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    button = window.page.everything  # type: ignore[attr-defined]  # the page is Overview
    window.sidebar.pages.setFocus()
    before = button.grab().toImage()
    button.setFocus()
    qapp.processEvents()
    assert button.grab().toImage() != before
