from itertools import pairwise

from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from espalier_desktop import theme
from espalier_desktop.application import Application
from espalier_desktop.widgets.two_lines import show_two_lines


def inked_rows(image: QImage, paper: QColor) -> list[int]:
    """Return the rows of pixels, from the top, in which something is drawn."""
    width = range(12, image.width() - 12)
    return [y for y in range(image.height()) if any(image.pixelColor(x, y) != paper for x in width)]


def test_a_name_stands_above_what_is_to_be_known_of_it(qapp: Application, qtbot: QtBot) -> None:
    theme.apply(qapp, "light")
    view = QListWidget()
    qtbot.addWidget(view)
    show_two_lines(view)
    view.resize(240, 120)
    view.addItems(["MMMM\nHHHH", "MMMM\n" + "HHHH " * 40])
    view.show()
    qtbot.waitUntil(lambda: view.visualItemRect(view.item(1)).height() > 0)
    for row in (0, 1):
        place = view.visualItemRect(view.item(row))
        shot = view.viewport().grab(place).toImage()
        inked = inked_rows(shot, QColor(theme.LIGHT.content))
        gaps = [after for before, after in pairwise(inked) if after - before > 1]
        assert len(gaps) == 1, "two lines, both whole"
        name, facts = (len([y for y in inked if (y >= gaps[0]) is below]) for below in (False, True))
        assert facts < name, "the second is smaller"
        assert inked[0] >= 4
        assert inked[-1] <= place.height() - 4
    assert view.visualItemRect(view.item(0)).height() == view.visualItemRect(view.item(1)).height()
