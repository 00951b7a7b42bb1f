"""Help and glossary: the pages of ``resources/help`` in the window's language."""

from PySide6.QtCore import Qt, QUrl, qVersion
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut, QTextBlockFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QLineEdit, QListWidget, QTextBrowser, QWidget

from espalier import __version__
from espalier.resources import resource
from espalier_desktop.i18n import tr
from espalier_desktop.licences import LICENCE, licence_page, licence_text
from espalier_desktop.widgets.basics import column, row


class HelpWindow(QWidget):
    """One page of the help, with a field that finds words in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        titles = contents()
        is_about = page == "about"
        title = tr("About Espalier") if is_about else titles[page]
        self.setWindowTitle(title)
        self.resize(680 if is_about else 880, 420 if is_about else 640)
        self.pages = QListWidget()
        self.pages.setProperty("role", "rows")
        self.pages.setAccessibleName(tr("Pages of the help"))
        self.pages.addItems(list(titles.values()))
        self._keys = list(titles)
        self.text = QTextBrowser()
        self.text.setProperty("role", "reader")
        self.text.setAccessibleName(title)
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(self._open)
        self.text.setTabChangesFocus(True)
        self.words = QLineEdit()
        self.words.setPlaceholderText(tr("Find"))
        self.words.setAccessibleName(tr("Find in this page"))
        self.words.setClearButtonEnabled(True)
        self.words.textChanged.connect(self._find_first)
        self.words.returnPressed.connect(self._find_next)
        self.words.setMaximumWidth(240)
        bar = row(None, self.words)
        bar.setContentsMargins(16, 12, 16, 12)
        side = QWidget()
        side.setLayout(column(self.pages, spacing=0))
        side.layout().setContentsMargins(12, 0, 0, 12)  # type: ignore[union-attr]  # it was just given one
        side.setFixedWidth(202)
        side.setVisible(not is_about)
        self.setLayout(column(bar, row(side, self.text, spacing=8), spacing=0))
        self.pages.currentRowChanged.connect(lambda place: self.show_page(self._keys[place]))
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        QShortcut(QKeySequence.StandardKey.Find, self, self.words.setFocus)
        self.show_page(page)

    def show_page(self, page: str) -> None:
        """Show a page: help, glossary, about, licences, or the licence of one package."""
        self._mark(page)
        if page == "licences":
            self.text.setMarkdown(licence_page(tr("Licences")))
        elif page.startswith(LICENCE):
            self.text.setHtml(licence_text(page.removeprefix(LICENCE), tr("Licences")))
            return
        else:
            folder = tr("help/en")  # the folder of the pages in this language
            text = resource(f"{folder}/{page}.md").read_text(encoding="utf-8")
            self.text.setMarkdown(text.replace("QT_VERSION", qVersion()).replace("VERSION", __version__))
        _give_room(self.text.document())

    def _mark(self, page: str) -> None:
        """Show in the contents which page is open; none where it is not among them."""
        self.pages.blockSignals(True)
        self.pages.setCurrentRow(self._keys.index(page) if page in self._keys else -1)
        self.pages.blockSignals(False)

    def _open(self, link: QUrl) -> None:
        if link.scheme() in ("https", "http"):
            QDesktopServices.openUrl(link)
        else:
            self.show_page(link.fileName().removesuffix(".md"))

    def _find_first(self, words: str) -> None:
        cursor = self.text.textCursor()
        cursor.setPosition(0)
        self.text.setTextCursor(cursor)
        self._find_next()

    def _find_next(self) -> None:
        words = self.words.text()
        if words and not self.text.find(words):
            cursor = self.text.textCursor()
            cursor.setPosition(0)
            self.text.setTextCursor(cursor)
            self.text.find(words, QTextDocument.FindFlag(0))


def contents() -> dict[str, str]:
    """Return the titles of the pages in the window's language, by the names of their files, in order."""
    return {
        "help": tr("Espalier Help"),
        "start": tr("Getting Started"),
        "pages": tr("The Pages"),
        "formats": tr("Files and Formats"),
        "commands": tr("Command Line"),
        "privacy": tr("Privacy"),
        "trouble": tr("Troubleshooting"),
        "glossary": tr("Glossary"),
    }


def _give_room(text: QTextDocument) -> None:
    """Put space between paragraphs, which Qt's Markdown leaves out, and around headings."""
    block = text.begin()
    while block.isValid():
        cursor = QTextCursor(block)
        if cursor.currentTable() is None:
            shape = block.blockFormat()
            shape.setTopMargin(14 if shape.headingLevel() > 1 else 0)
            shape.setBottomMargin(8)
            shape.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            cursor.setBlockFormat(shape)
        block = block.next()
