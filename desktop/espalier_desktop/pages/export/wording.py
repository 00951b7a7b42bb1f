"""How forms, runs and verdicts are called on the Export page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDateTime, QLocale, Qt

from espalier.training.history import read_note
from espalier.training.run import Run
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.train.wording import run_title

VERDICT_ROLES = {"same": "good", "close": "warning", "different": "error"}
"""Roles of a check's sentence; one that was not made is muted."""


def form_title(form: str) -> str:
    """Return what a form is called; its own name where this window does not know it."""
    titles = {
        "mlx": tr("Adapter for mlx-lm"),
        "peft": tr("Adapter for PEFT"),
        "gguf": tr("Adapter in GGUF"),
        "fused": tr("Whole model in floats"),
        "fused-4bit": tr("Whole model in 4 bits"),
        "ollama": tr("Modelfile for Ollama"),
        "dataset": tr("Training data"),
        "report": tr("Report of the run"),
    }
    return titles.get(form, form)


def form_about(form: str) -> str:
    """Return what a form is and who can load it, in a sentence or two; "" where this window does not know it."""
    texts = {
        "mlx": tr("Only what was learned. mlx-lm loads it beside the student, on Apple silicon."),
        "peft": tr("Only what was learned, for transformers, vLLM and most other programs. The form to publish."),
        "gguf": tr("Only what was learned, for llama.cpp and programs built on it, beside the student as GGUF."),
        "fused": tr("The student with what it learned merged in. transformers, vLLM and converters load it."),
        "fused-4bit": tr("The student of the Quantize page, ready to run: mlx-lm and LM Studio load it."),
        "ollama": tr("The GGUF adapter with a Modelfile. “ollama create” makes a model of it."),
        "dataset": tr("The rows that the run learned from, and those held out, as chat messages in JSON lines."),
        "report": tr("The whole run for people to read: scores, settings, losses and samples in figures."),
    }
    return texts.get(form, "")


def run_words(run: Run) -> str:
    """Return when a run was begun, with the first line of its note."""
    note = read_note(run).partition("\n")[0].strip()
    return tr("{run} – {note}").format(run=run_title(run), note=note) if note else run_title(run)


def run_name_words(name: str) -> str:
    """Return when the run of a folder name was begun."""
    return run_title(Run(Path(name), {}))


def when_words(moment: str) -> str:
    """Return an ISO moment as a person of this place writes it; the text itself where it is none."""
    found = QDateTime.fromString(moment, Qt.DateFormat.ISODate)
    if not found.isValid():
        return moment
    return QLocale().toString(found.toLocalTime(), QLocale.FormatType.ShortFormat)


def check_words(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return what the check of a form that was made found, and the role of that text."""
    check = record.get("check") or {}
    sentence = str(check.get("sentence") or "")
    role = VERDICT_ROLES.get(str(check.get("verdict")), "muted")
    return said(sentence) if sentence else tr("Made, and not checked."), role
