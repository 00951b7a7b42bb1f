"""The fields of one kind of leaf; they stay, and show one leaf after the other."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from espalier.taxonomy.leaf_text import Where
from espalier_desktop.i18n import tr
from espalier_desktop.pages.taxonomy.fields import Field
from espalier_desktop.pages.taxonomy.leaf_view import LeafView, value_at
from espalier_desktop.pages.taxonomy.seed_list import SeedList
from espalier_desktop.widgets.basics import clear, column, label


class LeafFields(QWidget):
    """What a knowledge leaf has, or what a skill has.

    Signals:
        made: a field was made, to be filled and listened to.

    Attributes:
        seeds: the seed examples, between the fields about the whole leaf and those about its documents.
    """

    made = Signal(object)

    def __init__(self, is_knowledge: bool) -> None:
        super().__init__()
        self._is_knowledge = is_knowledge
        self._about: list[Field] = []
        self._patterns: list[Field] = []
        self._files = column()
        self.seeds = SeedList()
        self.seeds.made.connect(self.made)
        body = column(spacing=16)
        self.setLayout(body)
        if is_knowledge:
            outline = tr("What the documents are about")
            self._add(body, ("document_outline",), outline, tr("One or two sentences"), lines=2)
            self._add(body, ("domain",), tr("Domain"), tr("Such as science or engineering"))
        else:
            task = tr("What the skill is")
            self._add(body, ("task_description",), task, tr("What the model shall do, and how"), lines=2)
        self._add(body, ("created_by",), tr("Written by"), tr("Your name, or your name on GitHub"))
        body.addWidget(self.seeds)
        if is_knowledge:
            self._add_document(body)

    @property
    def fields(self) -> list[Field]:
        """Return the fields that are there."""
        return [*self._about, *self.seeds.fields, *self._patterns]

    def show_view(self, view: LeafView) -> None:
        """Have the fields that a leaf needs; their values are shown by whoever listens to ``made``."""
        self.seeds.show_view(view)
        found = value_at(view.contents, ("document", "patterns")) if self._is_knowledge else None
        count = len(found) if isinstance(found, list) else 0
        if count != len(self._patterns):
            for field in self._patterns:
                field.blockSignals(True)
            self._patterns = []
            clear(self._files)
            for index in range(count):
                name = tr("Files {number}").format(number=index + 1)
                field = Field(("document", "patterns", index), name, name, 1, tr("Such as docs/*.md"))
                self._patterns.append(field)
                self._files.addWidget(field)
                self.made.emit(field)

    def _add_document(self, body: QVBoxLayout) -> None:
        text = tr(
            "Espalier uses the documents that you import. InstructLab reads them from a Git repository; "
            "“local” says that they are in this project only."
        )
        rows = column(label(tr("Where the documents are kept"), "headline"), label(text, "muted", wrap=True), spacing=8)
        self._add(rows, ("document", "repo"), tr("Repository"), tr("Its address, such as https://github.com/…"))
        self._add(rows, ("document", "commit"), tr("Commit"), tr("The 40 characters that name one state of it"))
        rows.addLayout(self._files)
        body.addLayout(rows)

    def _add(self, rows: QVBoxLayout, where: Where, title: str, help_text: str, lines: int = 1) -> None:
        field = Field(where, title, title, lines, help_text)
        self._about.append(field)
        rows.addWidget(field)
