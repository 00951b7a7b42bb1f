"""The app's icon in the files that systems ask for, drawn from ``resources/espalier.svg``.

``python -m espalier_desktop.app_icon build/espalier.icns`` writes the one that macOS reads.
"""

import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from espalier.resources import resource

ICON = "espalier.svg"

# The types of an .icns file whose images are PNG, with their widths in pixels, as macOS has read them since 10.7.
_WIDTHS = {
    "ic11": 32,  # 16 points on a Retina display
    "ic12": 64,
    "ic07": 128,
    "ic13": 256,
    "ic08": 256,
    "ic14": 512,
    "ic09": 512,
    "ic10": 1024,
}


def png(width: int) -> bytes:
    """Return the icon as PNG, ``width`` pixels wide and high; an application must exist."""
    image = QImage(width, width, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(resource(ICON))).render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(content.data())


def icns(images: Mapping[str, bytes]) -> bytes:
    """Return an .icns file of PNG images by their type: a header, then each behind its type and length."""
    entries = b"".join(kind.encode() + struct.pack(">I", 8 + len(image)) + image for kind, image in images.items())
    return b"icns" + struct.pack(">I", 8 + len(entries)) + entries


def icon_file() -> bytes:
    """Return the icon in every size that macOS uses, as the content of an .icns file; an application must exist."""
    drawn = {width: png(width) for width in set(_WIDTHS.values())}
    return icns({kind: drawn[width] for kind, width in _WIDTHS.items()})


def main() -> None:
    """Write the .icns file that the only argument names."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication(sys.argv[:1])
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(icon_file())
    del application


if __name__ == "__main__":
    main()
