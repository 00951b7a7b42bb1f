"""Training values as a YAML file of ``mlx_lm.lora``, in and out."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.training.dial import train_settings
from espalier.training.mlx_lm_config import config_text, read_config
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.page import Shell


def open_values(parent: QWidget, shell: Shell) -> None:
    """Take over the values of a file that the person chooses."""
    project = shell.document.project
    file, _ = QFileDialog.getOpenFileName(parent, tr("Open Training Values"), str(project.root), _kinds())
    if not file:
        return
    try:
        taken = read_config(Path(file))
        shell.document.set_training(taken.values)
    except EspalierError as error:
        shell.tell(tr("Espalier could not do that"), said(str(error)))
        return
    notes = [said(note) for note in taken.notes]
    shell.toast(" ".join(notes[:1]) or tr("The values were taken over."))


def save_values(parent: QWidget, shell: Shell, rows: int) -> None:
    """Write the values that hold where the person says; ``rows`` is the size of the mixture."""
    project = shell.document.project
    name = str(project.root / "lora.yaml")
    file, _ = QFileDialog.getSaveFileName(parent, tr("Save Values for mlx_lm.lora"), name, _kinds())
    if not file:
        return
    try:
        write_text(Path(file), config_text(train_settings(project), project.student, max(1, rows)))
    except (EspalierError, OSError) as error:
        shell.tell(tr("Espalier could not do that"), said(sentence_of(error)))
        return
    shell.toast(tr("Saved. Add “data” and run mlx_lm.lora --config with it."))


def _kinds() -> str:
    return tr("YAML (*.yaml *.yml)")
