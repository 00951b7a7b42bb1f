"""How the tables of the window look: rows without a grid, which Tab leaves instead of walking through cells."""

from PySide6.QtWidgets import QTableView


def set_up_rows(table: QTableView, name: str, height: int) -> None:
    """Make it a table of which whole rows are chosen, one at a time, each of one line and without a number.

    Args:
        table: may still be without a model.
        name: for who cannot see it.
        height: of a row, in px.
    """
    table.setAccessibleName(name)
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(height)
    table.horizontalHeader().setHighlightSections(False)
