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

from espalier.git_errors import failure
from espalier.machine import chip
from espalier.models.catalogue import catalogue
from espalier.quantization.settings import EXPLAINED as QUANTIZE_EXPLAINED
from espalier.resources import resource
from espalier.synthesis.sample import Journal
from espalier.taxonomy.checker import examine
from espalier.training.explained import EXPLAINED
from espalier_desktop import i18n
from espalier_desktop.desk import Desk
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages import page_specs
from espalier_desktop.settings.window import SettingsWindow

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


def test_no_line_of_french_breaks_before_a_mark(french: None) -> None:
    loose = re.compile(r" [;:?!»%]|« ")
    for text in translations("fr"):
        assert not loose.search(i18n.tr(text, 2))
    said = i18n.said("Line 2: It is no JSON object.")
    assert said != "Line 2: It is no JSON object."
    assert not loose.search(said)


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
    own = {
        *EXPLAINED.values(),
        "LoRA",
        "QLoRA",
        "DoRA",
        "Espalier",
        "Git",
        chip(),
        "English",
        "Français",
        "smollm2-135m-instruct",
        "huggingface.co",
        "Lived In",
    }
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
    if re.fullmatch(r"[\d.,]+ (bytes|[kMGT]B)", plain):
        return True
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
        r"AMD|Intel|Xeon|EPYC|Apple|Processor|2026-11-20|^\d+ MB$|(fits its fact|round trip|stands alone) \(\d+\)"
        r"|^(Form|Fits its fact|Round trip|Stands alone)$"
    )
    assert not {text for text in found if not known.search(text)} - set(QUANTIZE_EXPLAINED.values())


def test_no_other_window_shows_a_text_that_was_never_translated(marked: None, desk: Desk) -> None:
    desk.show_welcome()
    desk.show_settings()
    desk.show_help("glossary")
    desk.show_models()
    desk.show_readiness()
    desk.show_overnight()
    subjects = desk.others["settings"]
    assert isinstance(subjects, SettingsWindow)
    for place in range(subjects.subjects.count()):
        subjects.subjects.setCurrentRow(place)
        assert not untranslated(subjects)
    for window in desk.others.values():
        assert window is subjects or not untranslated(window)
        assert isinstance(window, QMainWindow) or window.windowTitle().startswith("⟦")


ENGINE = Path(__file__).parents[2] / "core" / "espalier"
# Modules whose sentences only the command line shows.
NOT_IN_THE_WINDOW = {
    "bench.py",
    "bench_compare.py",
    "bench_forecast.py",
    "bench_replay.py",
    "check.py",
    "cli.py",
    "client.py",
    "codes.py",
    "critic_bench.py",
    "commands.py",
    "contribute_commands.py",
    "critic_commands.py",
    "doctor.py",
    "gguf.py",
    "gguf_header.py",
    "gguf_llama.py",
    "hub_commands.py",
    "loss_curve.py",
    "migrate.py",
    "report.py",
    "report_files.py",
    "run_report.py",
    "samples.py",
    "told.py",
    "tokenizer.py",
}
NO_SENTENCES = {
    "Apple silicon",
    *("Other words for {} samples", "Why “{}” says so"),  # the log has these
    "Application Support",
    "Markdown, text, PDF, Word (.docx) or HTML",
    "No module named pip",
    "No space left",
    *("Title of work", "Link to work", "License of the work", "Creator names"),  # keys of attribution.txt
    *("Fetching the starter model (93 MB)", "Checking the starter model", "Downloading the starter model"),
    *("The starter model is downloaded", "LoRA on {} rows", "Samples for {}"),  # the log has these
    *("Say yes.", "Answer with one letter, A or B.", "Bearer {}"),  # said to an endpoint
    "What was Istanbul called before? Answer with one word: Constantinople.",
    *(
        "{} at {} {}, {}.",
        "Leaves this Mac: the text of your documents and seed examples is sent to {}, {}.{}",
    ),  # the log
    " The connection is not encrypted: others on the way can read it.",
    *(" There are {} more errors in this file.", " There is 1 more error in this file."),  # ends of other sentences
}


def engine_texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module of the engine, with {} for what is filled in; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"{\w+}", "{}", node.value)


def engine_sentences() -> dict[str, str]:
    """Return what the engine says to a person, with the module that says it."""
    found = {}
    for path in sorted(ENGINE.rglob("*.py")):
        if path.name not in NOT_IN_THE_WINDOW:
            for text in engine_texts(path):
                is_sentence = re.search(r"[\w{}”] [\w{}“]", text) and re.search(r"[.:]$|^[A-Z]", text)
                if is_sentence and "\n" not in text and text not in NO_SENTENCES:
                    found[text] = path.name
    return found | {entry.sentence: "catalogue.yaml" for entry in catalogue()}


def engine_words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(
        resource("translations/fr-engine.yaml").read_text(encoding="utf-8")
    )
    return found


def test_every_sentence_of_the_engine_is_said_in_french() -> None:
    known = {re.sub(r"{\w+}", "{}", text) for section in engine_words().values() for text in section}
    missing = {text: module for text, module in engine_sentences().items() if text not in known}
    assert not missing, "Add these to resources/translations/fr-engine.yaml."


def test_french_knows_no_sentence_that_the_engine_has_not() -> None:
    all_texts = {text for path in ENGINE.rglob("*.py") for text in engine_texts(path)} | {*engine_sentences()}
    whole = "\n".join(all_texts)
    for text in engine_words()["sentences"]:
        longest = max(re.split(r"{\w+}", text), key=len).strip()
        assert re.sub(r"{\w+}", "{}", text) in all_texts or longest in whole, text


def test_what_the_engine_fills_in_is_filled_in_in_french_too() -> None:
    for section in engine_words().values():
        for text, words in section.items():
            assert set(re.findall(r"{\w+}", words)) <= set(re.findall(r"{\w+}", text)), text
            unsaid = set(re.findall(r"{\w+}", text)) - set(re.findall(r"{\w+}", words))
            assert unsaid <= {"{same}"}, text


@pytest.fixture
def french() -> Iterator[None]:
    translators = i18n.install("fr")
    yield
    for translator in translators:
        QCoreApplication.removeTranslator(translator)


BROKEN = """version: 3
created_by: me
task_description: 7
extra: 1
extro: 2
seed_examples:
  - question: Same?
    answer: Same.
  - question: Same?
    answer: Same.
  - question: ''
    answer: Write to otto@galaxy.net.
  - question: GPT-4?
"""


def test_a_broken_leaf_is_told_in_french(french: None, tmp_path: Path) -> None:
    file = tmp_path / "compositional_skills" / "a" / "qna.yaml"
    file.parent.mkdir(parents=True)
    for text in (
        BROKEN,
        BROKEN.replace("extra: 1", "extra: 1 "),
        "a: [\n",
        "- a\n",
        "",
        "version: 9\n",
        "a: &a [*a]\n",
        "version: 3\ndocument: 1\n",
    ):
        file.write_text(text)
        for problem in examine(file).problems:
            words = i18n.said(problem.message)
            assert words != problem.message
            assert not re.search(r"\b(the|is|has|Write|Remove|Change)\b", re.sub(r"«[^»]*»|:[^.]*\.", "", words)), words
    assert i18n.said("“answer” of pair 2 of seed example 1 is empty. Write at least one character.") == (
        "Rien dans «\u00a0answer\u00a0» de la paire 2 de l’exemple 1. Écrivez au moins un caractère."
    )
    assert i18n.said("Seed example 4 and seed example 5 are the same as an earlier one. Change or delete them.") == (
        "Déjà présents plus haut\u00a0: l’exemple 4 et l’exemple 5. Changez-les ou supprimez-les."
    )
    assert i18n.said("The disk is full at /x/y. Make room and run the same command again; finished work is kept.") == (
        "Le disque est plein à /x/y. Faites de la place et recommencez\u00a0; le travail fini est conservé."
    )
    assert "a refusé la branche" in i18n.said(
        failure("! [remote rejected] a -> a", "https://example.org/t.git").args[0]
    )
    assert i18n.said("What the engine never says.") == "What the engine never says."


def test_in_english_the_engine_speaks_for_itself() -> None:
    sentence = "This line ends with spaces. Delete them."
    assert i18n.said(sentence) == sentence


def test_verdicts_are_shown_in_french(
    french: None, lived_in_root: Path, open_window: Callable[[Path], MainWindow]
) -> None:
    window = open_window(lived_in_root)
    samples = {
        check.reason
        for leaf in window.document.leaves.values()
        if leaf.journal
        for sample in Journal(window.document.project.samples / leaf.journal).samples
        for check in sample.verdict
    }
    assert samples
    for reason in samples:
        assert i18n.said(reason) != reason
