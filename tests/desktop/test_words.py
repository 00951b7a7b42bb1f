import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QMainWindow, QPlainTextEdit, QWidget
from typing_extensions import override

from espalier.resources import resource
from espalier_desktop import i18n
from espalier_desktop.desk import Desk
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages import page_specs

SOURCES = sorted((Path(__file__).parents[2] / "desktop").rglob("*.py"))


def texts_in_the_code() -> Iterator[str]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}, line {node.lineno}: not a plain text"
                yield str(node.args[0].value)


def translations(language: str) -> dict[str, str | dict[str, str]]:
    found: dict[str, str | dict[str, str]] = yaml.safe_load(
        resource(f"translations/{language}.yaml").read_text(encoding="utf-8")
    )
    return found


def test_every_text_is_said_in_french_and_no_other() -> None:
    assert set(translations("fr")) == set(texts_in_the_code())


def test_english_has_the_forms_of_every_text_that_counts() -> None:
    assert set(translations("en")) == {text for text in texts_in_the_code() if "%n" in text}


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_translations_fill_in_the_same_things(language: str) -> None:
    for text, translated in translations(language).items():
        forms = translated if isinstance(translated, dict) else {"other": translated}
        assert ("%n" in text) == (set(forms) == {"one", "other"}), text
        for form in forms.values():
            assert sorted(re.findall(r"{\w+}|%n", form)) == sorted(re.findall(r"{\w+}|%n", text)), text


@pytest.mark.parametrize(
    ("language", "texts"),
    [("en", ("0 leaves", "1 leaf", "2 leaves")), ("fr", ("0 feuille", "1 feuille", "2 feuilles"))],
)
def test_numbers_choose_the_form(language: str, texts: tuple[str, ...]) -> None:
    translators = i18n.install(language)
    assert tuple(i18n.tr("%n leaf(s)", count) for count in range(3)) == texts
    for translator in translators:
        QCoreApplication.removeTranslator(translator)


def test_the_help_is_there_in_every_language() -> None:
    for language in i18n.LANGUAGES:
        for page in ("help", "glossary", "about"):
            assert resource(f"help/{language}/{page}.md").read_text(encoding="utf-8").startswith("# ")


class Marker(QTranslator):
    """A language in which every text stands in brackets, so that a text that was never translated shows."""

    @override
    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str | None:
        return f"⟦{text}⟧" if context == "espalier" and not text.startswith("help/") else None

    @override
    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def marked() -> Iterator[None]:
    marker = Marker()
    QCoreApplication.installTranslator(marker)
    yield
    QCoreApplication.removeTranslator(marker)


def shown_texts(window: QWidget) -> Iterator[tuple[str, str]]:
    for widget in [window, *window.findChildren(QWidget)]:
        name = type(widget).__name__
        if widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget, QLabel | QAbstractButton):
            yield name, widget.text()
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            yield name, widget.placeholderText()
        if isinstance(widget, QComboBox):
            yield from ((name, widget.itemText(place)) for place in range(widget.count()))
        yield name, widget.toolTip()
        yield name, widget.accessibleName()
        yield name, widget.accessibleDescription()
    for action in window.findChildren(QAction):
        yield "QAction", action.text()


def is_data(text: str, window: QWidget) -> bool:
    """Return whether a text is the person's own, or a name, or a number."""
    own = {"Espalier", "English", "Français", "smollm2-135m-instruct", "Lived In"}
    if isinstance(window, MainWindow):
        document = window.document
        own |= {part.replace("_", " ").casefold() for path in document.leaves for part in path.split("/")}
        own |= {problem.message for leaf in document.leaves.values() for problem in leaf.problems}
        questions = document.project.questions.read_text(encoding="utf-8")
        if text and text in questions:
            return True
        leaves = " ".join(" ".join(document.texts.text(path).split()) for path in document.leaves)
        if re.sub(r"^\d+ +|…$", "", text).replace("'", "''") in leaves.replace("'", "''"):
            return True
    plain = text.replace("&", "").strip()
    return plain in own or plain.casefold() in own or not re.search(r"[A-Za-z]{2}", plain) or "/" in plain


def untranslated(window: QWidget) -> set[tuple[str, str]]:
    return {
        (kind, text) for kind, text in shown_texts(window) if text and "⟦" not in text and not is_data(text, window)
    }


def test_no_page_shows_a_text_that_was_never_translated(
    marked: None, lived_in_root: Path, open_window: Callable[[Path], MainWindow]
) -> None:
    window = open_window(lived_in_root)
    for spec in page_specs():
        window.go(spec.key)
    found = {text for _, text in untranslated(window)}
    known = re.compile(
        r"AMD|Intel|Xeon|EPYC|Apple|Processor|(fits its fact|round trip|stands alone) \(\d+\)|2026-11-20|^\d+ MB$"
    )
    assert not {text for text in found if not known.search(text)}


def test_no_other_window_shows_a_text_that_was_never_translated(marked: None, desk: Desk) -> None:
    desk.show_welcome()
    desk.show_settings()
    desk.show_help("glossary")
    for window in desk.others.values():
        assert not untranslated(window)
        assert isinstance(window, QMainWindow) or window.windowTitle().startswith("⟦")
