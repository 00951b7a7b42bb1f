"""Colours, type sizes and the style sheet: one set of tokens each for light and dark."""

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from espalier.resources import resource

APPEARANCES = ("system", "light", "dark")
BODY = 13  # px, the Mac's own


@dataclass(frozen=True)
class Tokens:
    """The colours of one appearance, as ``#rrggbb``.

    Attributes:
        window: behind everything; ``content`` is behind text to read; ``raised`` is a card on the window.
        sidebar: behind the list of pages.
        field: behind text to edit.
        line: between two areas; ``edge`` is around a control.
        text: to read; ``muted`` is what may be read second.
        accent: the one colour that says where to act; ``on_accent`` is text on it, ``ink`` the accent as text.
        selected: behind the chosen row; ``hover`` is behind what the pointer is on.
        good: as text or sign, as are ``warning`` and ``error``.
        good_tint: behind a sign of that kind, as are the others.
    """

    window: str
    content: str
    sidebar: str
    raised: str
    field: str
    line: str
    edge: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_hover: str
    ink: str
    selected: str
    hover: str
    good: str
    warning: str
    error: str
    good_tint: str
    warning_tint: str
    error_tint: str


LIGHT = Tokens(
    window="#f6f6f4",
    content="#ffffff",
    sidebar="#ebebe7",
    raised="#ffffff",
    field="#ffffff",
    line="#deded9",
    edge="#cfcfc9",
    text="#1c1c1a",
    muted="#5d5d58",
    accent="#1d7a4f",
    on_accent="#ffffff",
    accent_hover="#17683f",
    ink="#176b44",
    selected="#d7e6dc",
    hover="#e3e3de",
    good="#176b44",
    warning="#855300",
    error="#b3261e",
    good_tint="#e0f0e6",
    warning_tint="#faeed3",
    error_tint="#fbe4e1",
)
DARK = Tokens(
    window="#1e1f1e",
    content="#191a19",
    sidebar="#262826",
    raised="#282a28",
    field="#1b1c1b",
    line="#383b38",
    edge="#4a4e4a",
    text="#ececea",
    muted="#a9aca8",
    accent="#237f54",
    on_accent="#ffffff",
    accent_hover="#258256",
    ink="#6fd09d",
    selected="#2f4438",
    hover="#323532",
    good="#6fd09d",
    warning="#e9b44c",
    error="#ff8a80",
    good_tint="#20372b",
    warning_tint="#3a3019",
    error_tint="#44211e",
)


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21, as WCAG 2 defines it."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def tokens_for(appearance: str) -> Tokens:
    """Return the tokens of ``light``, ``dark`` or ``system``."""
    if appearance == "system":
        is_dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return DARK if is_dark else LIGHT
    return DARK if appearance == "dark" else LIGHT


def current() -> Tokens:
    """Return the tokens that the application shows now, for what paints itself."""
    application = QApplication.instance()
    return DARK if application and application.property("appearance") == "dark" else LIGHT


def apply(application: QApplication, appearance: str, zoom: float = 1.0) -> None:
    """Show the application in an appearance, with its text enlarged by ``zoom``."""
    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(appearance, Qt.ColorScheme.Unknown)
    QGuiApplication.styleHints().setColorScheme(scheme)  # title bars and native panels; nothing offscreen
    tokens = tokens_for(appearance)
    application.setProperty("appearance", "dark" if tokens is DARK else "light")
    font = QFont(application.font())
    font.setPixelSize(round(BODY * zoom))
    palette, sheet = _palette(tokens), style_sheet(tokens, zoom)
    if application.styleSheet() != sheet:  # each of these looks at every widget again
        application.setStyleSheet("")
        application.setPalette(palette)
        application.setFont(font)
        application.setStyleSheet(sheet)


def style_sheet(tokens: Tokens, zoom: float = 1.0) -> str:
    """Return the style sheet with the tokens and sizes filled in."""
    sizes = {f"px{size}": f"{round(size * zoom)}px" for size in (11, 12, 13, 15, 17, 20, 22, 26)}
    template = Template(resource("style.qss").read_text(encoding="utf-8"))
    chevron = resource("chevron-dark.svg" if tokens is DARK else "chevron-light.svg").as_posix()
    tick = resource("tick.svg").as_posix()
    return template.substitute(asdict(tokens), chevron=chevron, tick=tick, **sizes)


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for name, colour in {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.content,
        role.AlternateBase: tokens.window,
        role.Text: tokens.text,
        role.Button: tokens.raised,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.on_accent,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.ink,
        role.LinkVisited: tokens.ink,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.PlaceholderText: tokens.muted,
        role.Light: tokens.raised,
        role.Midlight: tokens.line,
        role.Mid: tokens.edge,
        role.Dark: tokens.edge,
        role.Shadow: "#000000",
    }.items():
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(tokens.muted))
    return palette
