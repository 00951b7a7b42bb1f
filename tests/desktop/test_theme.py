import pytest
from PySide6.QtWidgets import QApplication

from espalier_desktop import theme
from espalier_desktop.desk import Desk
from espalier_desktop.home import settings
from espalier_desktop.theme import DARK, LIGHT, Tokens, contrast

SURFACES = ("window", "content", "sidebar", "raised", "field", "hover", "selected")


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_every_surface_it_stands_on(tokens: Tokens) -> None:
    pairs = [(text, surface) for text in ("text", "muted", "ink") for surface in SURFACES]
    pairs += [("on_accent", "accent"), ("on_accent", "accent_hover"), ("muted", "line"), ("window", "text")]
    for sign in ("good", "warning", "error"):
        pairs += [(sign, surface) for surface in ("window", "content", "raised", "sidebar", f"{sign}_tint")]
    pairs += [("error", "selected"), ("text", "warning_tint")]
    weak = {
        (text, surface): round(contrast(getattr(tokens, text), getattr(tokens, surface)), 2)
        for text, surface in pairs
        if contrast(getattr(tokens, text), getattr(tokens, surface)) < 4.5
    }
    assert not weak


def test_contrast_is_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_appearance_and_the_text_size_can_be_chosen(desk: Desk, qapp: QApplication) -> None:
    settings().setValue("appearance", "dark")
    settings().setValue("zoom", 1.3)
    desk.apply_theme()
    assert theme.current() is DARK
    assert qapp.palette().window().color().name() == DARK.window
    assert qapp.font().pixelSize() == 17
    settings().setValue("appearance", "light")
    settings().setValue("zoom", 1.0)
    desk.apply_theme()
    assert theme.current() is LIGHT
    assert qapp.font().pixelSize() == 13
