"""Conversations that were kept, to be opened again; and how one is given to others."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QListWidget, QListWidgetItem, QWidget

from espalier.comparison import chats
from espalier.comparison.chats import Chat
from espalier.comparison.export import export_text
from espalier.comparison.votes import read_votes
from espalier.errors import EspalierError
from espalier.files import write_text
from espalier.project import Project
from espalier_desktop.failures import sentence_of
from espalier_desktop.i18n import tr
from espalier_desktop.widgets.sheet import Sheet

_HEIGHT = 260


def ask_open(parent: QWidget, project: Project, show: Callable[[Chat], object], fail: Callable[[str], object]) -> Sheet:
    """Let the person open a conversation of the project, or one from a file."""
    found = chats.list_chats(project)
    text = tr("Conversations are kept in the project's folder chats as they happen.")
    sheet = Sheet(parent, tr("Open a conversation"), text)
    rows = QListWidget()
    rows.setProperty("role", "rows")
    rows.setAccessibleName(tr("Conversations"))
    rows.setFixedHeight(_HEIGHT)
    for chat in found:
        item = QListWidgetItem(f"{chat.title}\n{chat.key.replace('T', '  ')} · {tr('%n question(s)', len(chat.turns))}")
        item.setData(Qt.ItemDataRole.UserRole, chat)
        rows.addItem(item)
    rows.setCurrentRow(0)

    def take() -> None:
        item = rows.currentItem()
        if item:
            show(item.data(Qt.ItemDataRole.UserRole))

    def choose_file() -> None:
        name, _ = QFileDialog.getOpenFileName(parent, tr("Open a Conversation"), "", "JSON lines (*.jsonl)")
        if name:
            try:
                show(chats.keep_copy(project, chats.read_chat(Path(name))))
            except (EspalierError, OSError) as error:
                fail(sentence_of(error))

    rows.itemActivated.connect(sheet.accept)
    rows.itemActivated.connect(take)
    sheet.body.addWidget(rows)
    sheet.add_cancel().add(tr("From a File…"), choose_file).add(tr("Open"), take, is_primary=True).open()
    if found:
        rows.setFocus()
    return sheet


def ask_export(
    parent: QWidget, project: Project, chat: Chat, done: Callable[[str], object], fail: Callable[[str], object]
) -> None:
    """Let the person write a conversation and its votes to a file."""
    markdown, lines = tr("Markdown, to read") + " (*.md)", tr("JSON lines, to go on with") + " (*.jsonl)"
    start = str(Path.home() / f"comparison-{chat.key}.md")
    name, kind = QFileDialog.getSaveFileName(parent, tr("Export the Conversation"), start, f"{markdown};;{lines}")
    if name:
        form = "jsonl" if name.endswith(".jsonl") or (kind == lines and not name.endswith(".md")) else "markdown"
        save_chat(project, chat, Path(name), form, done, fail)


def save_chat(
    project: Project, chat: Chat, path: Path, form: str, done: Callable[[str], object], fail: Callable[[str], object]
) -> None:
    """Write a conversation and its votes to a file."""
    try:
        write_text(path, export_text(chat, read_votes(project), form))
    except OSError as error:
        text = tr("{file} cannot be written: {reason}. Choose another place.")
        fail(text.format(file=path, reason=error.strerror or error))
        return
    done(str(path))


def ask_link(parent: QWidget, address: str) -> Sheet:
    """Ask whether an address that a model wrote shall be opened, and show it as it is."""
    text = tr("A model wrote this address; nobody has checked where it leads:\n\n{address}")
    sheet = Sheet(parent, tr("Open this address in the browser?"), text.format(address=address))
    sheet.add(tr("Open"), lambda: QDesktopServices.openUrl(QUrl(address))).add(tr("Cancel"), is_primary=True).open()
    return sheet
