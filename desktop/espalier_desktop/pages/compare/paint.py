"""Blocks of an answer, put at the end of a text document in the colours of the window."""

from collections.abc import Iterable

from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableFormat,
)

from espalier_desktop import theme
from espalier_desktop.pages.compare.code_colours import coloured
from espalier_desktop.pages.compare.markdown import Block, Run

_GAP = 8.0  # px between two paragraphs
_STEP = 22.0  # px of a level of lists or quotes
_LARGEST = {1: 2, 2: 1}  # steps of the size of a heading


def paint(cursor: QTextCursor, blocks: Iterable[Block]) -> None:
    """Add blocks at the end of the document that the cursor stands in."""
    for block in blocks:
        if block.kind == "table":
            _table(cursor, block)
        elif block.kind == "code":
            _code(cursor, block)
        else:
            _paragraph(cursor, block)


def add_line(cursor: QTextCursor, text: str, *, is_question: bool = False, is_first: bool = False) -> None:
    """Add the person's question, or a small line of ours, at the end of the document; never read as Markdown."""
    tokens = theme.current()
    form = QTextBlockFormat()
    form.setTopMargin(0 if is_first else 18 if is_question else 6)
    form.setBottomMargin(_GAP / 2)
    words = QTextCharFormat()
    words.setForeground(QColor(tokens.text if is_question else tokens.muted))
    if is_question:
        form.setBackground(QColor(tokens.selected))
        words.setFontWeight(QFont.Weight.DemiBold)
    else:
        words.setProperty(QTextFormat.Property.FontSizeAdjustment, -1)
    if is_first:
        cursor.setBlockFormat(form)
    else:
        cursor.insertBlock(form, words)
    cursor.insertText(text.replace("\n", "\u2028"), words)


def _paragraph(cursor: QTextCursor, block: Block) -> None:
    tokens = theme.current()
    form = _block_format(block)
    if block.kind == "rule":
        form.setProperty(
            QTextFormat.Property.BlockTrailingHorizontalRulerWidth, QTextLength(QTextLength.Type.PercentageLength, 100)
        )
        cursor.insertBlock(form, QTextCharFormat())
        return
    base = QTextCharFormat()
    base.setForeground(QColor(tokens.muted if block.quotes or block.kind == "note" else tokens.text))
    if block.kind == "heading":
        base.setFontWeight(QFont.Weight.Bold)
        base.setProperty(QTextFormat.Property.FontSizeAdjustment, _LARGEST.get(block.level, 0))
        form.setTopMargin(_GAP * 1.5)
    if block.quotes:
        form.setBackground(QColor(tokens.window))
    cursor.insertBlock(form, base)
    if block.marker:
        cursor.insertText(f"{block.marker}\t", base)
    for run in block.runs:
        cursor.insertText(run.text.replace("\n", "\u2028"), _run_format(run, base))


def _block_format(block: Block) -> QTextBlockFormat:
    form = QTextBlockFormat()
    form.setTopMargin(0 if block.is_joined else 2 if block.marker else _GAP)
    form.setLeftMargin(_STEP * (block.indent + block.quotes))
    if block.marker:
        form.setTextIndent(-_STEP)
        form.setTabPositions([QTextOption.Tab(_STEP, QTextOption.TabType.LeftTab)])
    return form


def _run_format(run: Run, base: QTextCharFormat) -> QTextCharFormat:
    if run == Run(run.text):
        return base
    tokens = theme.current()
    form = QTextCharFormat(base)
    if run.is_bold:
        form.setFontWeight(QFont.Weight.Bold)
    form.setFontItalic(run.is_italic)
    form.setFontStrikeOut(run.is_struck)
    if run.is_code:
        form.setFontFamilies([_fixed()])
        form.setBackground(QColor(tokens.hover))
    if run.href:
        form.setAnchor(True)
        form.setAnchorHref(run.href)
        form.setToolTip(run.href)
        form.setForeground(QColor(tokens.ink))
        form.setFontUnderline(True)
    return form


def _code(cursor: QTextCursor, block: Block) -> None:
    tokens = theme.current()
    kinds = {"keyword": tokens.ink, "string": tokens.warning, "comment": tokens.muted, "number": tokens.error}
    base = QTextCharFormat()
    base.setFontFamilies([_fixed()])
    base.setForeground(QColor(tokens.text))
    forms = {"": base}
    for kind, colour in kinds.items():
        forms[kind] = QTextCharFormat(base)
        forms[kind].setForeground(QColor(colour))
    lines = block.text.split("\n")
    for number, line in enumerate(lines):
        form = QTextBlockFormat()
        form.setBackground(QColor(tokens.window))
        form.setLeftMargin(_STEP * (block.indent + block.quotes))
        form.setTopMargin(_GAP if number == 0 and not block.is_joined else 0)
        form.setBottomMargin(0)
        cursor.insertBlock(form, base)
        for kind, text in coloured(line, block.language):
            cursor.insertText(text, forms[kind])


def _table(cursor: QTextCursor, block: Block) -> None:
    columns = max((len(row) for row in block.rows), default=0)
    if not columns:
        return
    tokens = theme.current()
    form = QTextTableFormat()
    form.setBorder(1)
    form.setBorderBrush(QColor(tokens.line))
    form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderCollapse(True)
    form.setCellPadding(4)
    form.setCellSpacing(0)
    form.setTopMargin(_GAP)
    form.setHeaderRowCount(1)
    cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
    table = cursor.insertTable(len(block.rows), columns, form)
    base = QTextCharFormat()
    base.setForeground(QColor(tokens.text))
    bold = QTextCharFormat(base)
    bold.setFontWeight(QFont.Weight.Bold)
    for place, row in enumerate(block.rows):
        for column, cell in enumerate(row):
            inside = table.cellAt(place, column).firstCursorPosition()
            for run in cell:
                inside.insertText(run.text.replace("\n", " "), _run_format(run, base if place else bold))
    cursor.movePosition(QTextCursor.MoveOperation.End)


def _fixed() -> str:
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
