"""The window's language: English in the code, other languages in ``resources/translations``.

A file maps each English text to its translation; a text that counts something (``%n``) maps to its forms ``one`` and
``other``. They are read as they are: nothing has to be compiled, and a missing text shows in English.
"""

from collections.abc import Mapping
from functools import cached_property

import yaml
from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from espalier.resources import resource
from espalier_desktop.engine_words import EngineWords
from espalier_desktop.typography import unbroken

LANGUAGES = ("en", "fr")
ENGINE = "engine"  # the context of what the engine says


def tr(text: str, count: int = -1) -> str:
    """Return a text in the window's language; ``count`` stands in for ``%n`` and chooses the form."""
    return QCoreApplication.translate("espalier", text, None, count)


def said(text: str) -> str:
    """Return a sentence that the engine made in the window's language; in English when it is not known in that."""
    return QCoreApplication.translate(ENGINE, text)


class Translator(QTranslator):
    """One language's texts.

    Attributes:
        code: of the language, such as ``fr``.
        texts: English text to translation, or to its forms.
    """

    def __init__(self, language: str) -> None:
        super().__init__()
        self.code = language
        text = resource(f"translations/{language}.yaml").read_text(encoding="utf-8")
        self.texts: Mapping[str, str | Mapping[str, str]] = yaml.load(text, yaml.CSafeLoader)

    @cached_property
    def _engine(self) -> EngineWords | None:
        return EngineWords(self.code) if self.code != "en" else None

    # These two are Qt's own names. mypy and PySide's stubs disagree on None, which is how a text is said to be missing.
    def translate(  # noqa: D102
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        if context == ENGINE:
            return self._engine.translate(text) if self._engine else None
        if context != "espalier":
            return None
        found = self.texts.get(text)
        if isinstance(found, Mapping):
            is_one = n in (0, 1) if self.code == "fr" else n == 1
            found = found["one" if is_one else "other"]
        return unbroken(found) if found and self.code == "fr" else found

    def isEmpty(self) -> bool:  # noqa: D102, N802
        return False


def install(language: str) -> list[QTranslator]:
    """Make the application speak a language and return the translators, which the caller keeps alive.

    Args:
        language: ``en``, ``fr``, or "" for the system's.
    """
    if language not in LANGUAGES:
        wanted = [name.partition("-")[0] for name in QLocale.system().uiLanguages()]
        language = next((name for name in wanted if name in LANGUAGES), "en")
        system = QLocale.system()
        QLocale.setDefault(system if system.name().startswith(language) else QLocale(language))
    else:
        QLocale.setDefault(QLocale(language))
    translators: list[QTranslator] = [Translator(language)]
    buttons = QTranslator()  # Qt's own: Cancel, and what its dialogs say
    if buttons.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        translators.append(buttons)
    for translator in translators:
        QCoreApplication.installTranslator(translator)
    return translators
