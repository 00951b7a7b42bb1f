"""The sheet in which a person compares a document's pages with the Markdown made of them, and mends it."""

from bisect import bisect_right
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QKeySequence, QPixmap, QResizeEvent, QShortcut, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTextEdit,
    QWidget,
)
from typing_extensions import override

from espalier.documents.convert import Conversion
from espalier_desktop import theme
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.taxonomy.preview import Preview
from espalier_desktop.widgets.basics import button, column, label, row
from espalier_desktop.widgets.plain_edit import PlainEdit, units
from espalier_desktop.widgets.sheet import Sheet

_SMALL = QSize(520, 210)  # while there is only a sentence to show
_LARGEST = QSize(1_240, 860)
_PICTURE_WIDTHS = (600, 900, 1_300, 1_800)  # pixels: few, so that pictures can be kept
_REST = 120  # milliseconds without a change of size until a page is drawn again


class ImportSheet(QDialog):
    """One file on its way into the project: the page on the left, its Markdown on the right.

    Signals:
        saved: the Conversion and the Markdown as it was corrected; whoever keeps it closes the sheet.
    """

    saved = Signal(object, str)

    def __init__(self, parent: QWidget, file: Path) -> None:
        super().__init__(parent)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._window = parent.window()
        title = tr("Add {name}").format(name=file.name)
        self.setWindowTitle(title)
        self.resize(_SMALL)
        self._conversion: Conversion | None = None
        self._starts: list[QTextCursor] = []
        self._page, self._is_leading = 0, False
        self.title = label(title, "headline")
        self.notes = label(role="muted", wrap=True)
        self.notes.hide()
        self.text = PlainEdit(tr("Markdown of the document"))
        self.text.setUndoRedoEnabled(True)
        self._build()
        self._redraw = QTimer(self, interval=_REST, singleShot=True)
        self._redraw.timeout.connect(self._draw)
        self._preview = Preview(file, self)
        self._preview.converted.connect(self._show)
        self._preview.refused.connect(self._refuse)
        self._preview.drawn.connect(self._show_picture)
        self.finished.connect(self._preview.close)
        self.text.cursorPositionChanged.connect(self._follow_caret)
        self.text.verticalScrollBar().valueChanged.connect(self._follow_scrolling)
        for keys, step in (("Alt+PgUp", -1), ("Alt+PgDown", 1)):
            QShortcut(QKeySequence(keys), self, partial(self._turn, step))

    @property
    def page(self) -> int:
        """Return the page that is shown, from 0."""
        return self._page

    @property
    def is_ready(self) -> bool:
        """Return whether the document was read."""
        return self._conversion is not None

    def show_page(self, page: int) -> None:
        """Show a page, and its text beside it."""
        if not 0 <= page < len(self._starts):
            return
        self._is_leading = True
        caret = self.text.textCursor()
        caret.setPosition(self._starts[page].position())
        self.text.moveCursor(QTextCursor.MoveOperation.End)  # so that what comes next is scrolled to the top
        self.text.setTextCursor(caret)
        self.text.ensureCursorVisible()
        self._is_leading = False
        self._go(page)

    def _turn(self, step: int) -> None:
        self.show_page(self._page + step)

    @override
    def reject(self) -> None:
        if not self._is_corrected():
            super().reject()
            return
        sentence = tr("What you corrected in this document would be lost.")
        sheet = Sheet(self, tr("Leave the document out?"), sentence)
        sheet.add(tr("Leave It Out"), super().reject).add(tr("Go On Correcting"), is_primary=True).open()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw.start()

    def _build(self) -> None:
        self.picture = QLabel()
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.picture)
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName(tr("Page of the document"))
        self.back = button(tr("Previous Page"), partial(self._turn, -1))
        self.next = button(tr("Next Page"), partial(self._turn, 1))
        self.place = label(role="muted")
        left = column(self._scroll, row(self.back, None, self.place, None, self.next), spacing=8)
        self._left = QWidget()
        self._left.setLayout(left)
        heading = tr("Its Markdown. Compare it with the page, and correct what was misread.")
        self._about = label(heading, "muted", wrap=True)
        right = QWidget()
        right.setLayout(column(self._about, self.notes, self.text, spacing=8))
        self._panes = QSplitter(Qt.Orientation.Horizontal)
        self._panes.setHandleWidth(16)
        self._panes.setProperty("role", "gap")
        self._panes.setChildrenCollapsible(False)
        self._panes.addWidget(self._left)
        self._panes.addWidget(right)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setFixedWidth(260)
        self._busy.setAccessibleName(tr("Reading the document"))
        self._state = label(tr("Reading the document…"), wrap=True)
        self._state.setAlignment(Qt.AlignmentFlag.AlignCenter)
        waiting = QWidget()
        waiting.setLayout(column(None, self._state, 4, row(None, self._busy, None), None))
        self._stack = QStackedWidget()
        self._stack.addWidget(waiting)
        self._stack.addWidget(self._panes)
        self.cancel = button(tr("Cancel"), self.reject)
        self.cancel.setAutoDefault(False)
        self.save = button(tr("Save Document"), self._save, role="primary")
        self.save.setAutoDefault(False)
        self.save.setEnabled(False)
        for each in (self.back, self.next):
            each.setAutoDefault(False)
        layout = column(self.title, self._stack, row(None, self.cancel, self.save), spacing=14)
        layout.setStretch(1, 1)
        layout.setContentsMargins(24, 20, 24, 20)
        self.setLayout(layout)
        self.cancel.setFocus()

    @Slot(object)
    def _show(self, conversion: Conversion) -> None:
        self._is_leading = True
        self.text.setPlainText(conversion.markdown)
        self._is_leading = False
        self._conversion = conversion
        for start in conversion.page_starts:
            cursor = QTextCursor(self.text.document())
            cursor.setPosition(units(conversion.markdown[:start]))
            cursor.setKeepPositionOnInsert(True)
            self._starts.append(cursor)
        self.notes.setText("\n".join(map(said, conversion.notes)))
        self.notes.setVisible(bool(conversion.notes))
        self._left.setVisible(bool(self._starts))
        if not self._starts:
            self._about.setText(tr("Its Markdown. Correct what was misread."))
        self._grow()
        self._stack.setCurrentIndex(1)
        self.save.setEnabled(True)
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        self.text.setFocus()
        if self._starts:
            self._go(0)

    def _grow(self) -> None:
        """Take the room that two panes need, in the middle of the window."""
        window = self._window
        size = QSize(window.width() - 80, window.height() - 60).boundedTo(_LARGEST)
        self.setGeometry(QRect(self.pos(), size))
        middle = window.geometry().center()
        self.move(middle - QPoint(size.width() // 2, size.height() // 2))
        self._panes.setSizes([size.width() // 2] * 2)

    @Slot(str)
    def _refuse(self, sentence: str) -> None:
        self._busy.hide()
        self.save.hide()
        self._state.setText(said(sentence))
        self.cancel.setText(tr("Close"))

    @Slot()
    def _follow_caret(self) -> None:
        if self._starts and not self._is_leading:
            self._go(self._page_at(self.text.textCursor().position()))

    @Slot()
    def _follow_scrolling(self) -> None:
        if self._starts and not self._is_leading:
            seen = self.text.viewport().rect()
            is_in_sight = seen.contains(self.text.cursorRect().center())  # then its page is the one being read
            leader = self.text.textCursor() if is_in_sight else self.text.cursorForPosition(seen.topLeft())
            self._go(self._page_at(leader.position()))

    def _page_at(self, position: int) -> int:
        starts = [cursor.position() for cursor in self._starts]
        return max(0, bisect_right(starts, position) - 1)

    def _go(self, page: int) -> None:
        self._page = page
        self.place.setText(tr("Page {page} of {pages}").format(page=page + 1, pages=len(self._starts)))
        self.back.setEnabled(page > 0)
        self.next.setEnabled(page + 1 < len(self._starts))
        self._mark()
        self._draw()

    def _mark(self) -> None:
        """Show which part of the text is that of the page."""
        part = QTextEdit.ExtraSelection()
        part.cursor = QTextCursor(self._starts[self._page])
        part.format.setBackground(QColor(theme.current().selected))
        if self._page + 1 < len(self._starts):
            part.cursor.setPosition(self._starts[self._page + 1].position(), QTextCursor.MoveMode.KeepAnchor)
        else:
            part.cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        self.text.setExtraSelections([part])

    @Slot()
    def _draw(self) -> None:
        if self._starts:
            wanted = self._scroll.viewport().width() * self.devicePixelRatioF()
            width = next((width for width in _PICTURE_WIDTHS if width >= wanted), _PICTURE_WIDTHS[-1])
            self._preview.draw(self._page, width)

    @Slot(int, str)
    def _show_picture(self, page: int, path: str) -> None:
        if page != self._page:
            return
        name = tr("Picture of page {page}").format(page=page + 1)
        self.picture.setAccessibleName(name)
        pixels = QPixmap(path)
        if pixels.isNull():
            self.picture.setText(tr("This page cannot be drawn. Its text may still be right."))
            return
        ratio = self.devicePixelRatioF()
        width = round(self._scroll.viewport().width() * ratio)
        pixels = pixels.scaledToWidth(min(width, pixels.width()), Qt.TransformationMode.SmoothTransformation)
        pixels.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixels)

    def _is_corrected(self) -> bool:
        return self._conversion is not None and self.text.words != self._conversion.markdown

    @Slot()
    def _save(self) -> None:
        if self._conversion:
            self.saved.emit(self._conversion, self.text.words)
