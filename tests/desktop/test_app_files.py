"""The icon and the shortcut: files that other programs read."""

import configparser
import plistlib
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from espalier.errors import EspalierError
from espalier_desktop import bench_start, shortcut
from espalier_desktop.app_icon import icon_file, png


def test_the_icon_has_every_size_that_macos_asks_for(qapp: QApplication) -> None:
    content = icon_file()
    assert content[:4] == b"icns"
    assert struct.unpack(">I", content[4:8])[0] == len(content)
    widths, place = {}, 8
    while place < len(content):
        kind, size = content[place : place + 4].decode(), struct.unpack(">I", content[place + 4 : place + 8])[0]
        image = QImage.fromData(content[place + 8 : place + size])
        assert image.width() == image.height()
        widths[kind] = image.width()
        place += size
    assert place == len(content)
    assert widths == {
        **{"ic11": 32, "ic12": 64, "ic07": 128, "ic13": 256},
        **{"ic08": 256, "ic14": 512, "ic09": 512, "ic10": 1024},
    }


def test_the_icon_is_a_picture_on_a_clear_ground(qapp: QApplication) -> None:
    image = QImage.fromData(png(64))
    assert image.pixelColor(0, 0).alpha() == 0
    assert image.pixelColor(32, 50).alpha() == 255
    colours = {image.pixelColor(x, y).rgb() for x in range(8, 56) for y in range(8, 56)}
    assert len(colours) > 50


def test_a_shortcut_on_linux_starts_this_python(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", '/odd 100%/"py$thon"')
    entry = shortcut.create_shortcut()
    assert shortcut.create_shortcut() == entry == tmp_path / "applications" / "espalier.desktop"
    file = configparser.RawConfigParser()
    file.read(entry)
    command = file["Desktop Entry"]["Exec"].replace("\\\\", "\\")  # how a value of the file is read
    split = subprocess.run(["sh", "-c", f"printf '%s|' {command}"], capture_output=True, text=True, check=True).stdout
    program, *rest = split.split("|")
    assert program.replace("%%", "%") == sys.executable
    assert rest == ["-m", "espalier_desktop", "%F", ""]
    assert (tmp_path / "icons/hicolor/scalable/apps/espalier.svg").read_text().startswith("<svg")


def test_a_shortcut_on_the_mac_is_an_app_that_starts_this_python(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    python = tmp_path / "my python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    app = shortcut.create_shortcut()
    assert shortcut.create_shortcut() == app == tmp_path / "Applications" / "Espalier.app"
    information = plistlib.loads((app / "Contents" / "Info.plist").read_bytes())
    program = app / "Contents" / "MacOS" / information["CFBundleExecutable"]
    told = subprocess.run([program, "a project"], capture_output=True, text=True, check=True).stdout
    assert told == "-m espalier_desktop a project\n"
    assert (app / "Contents" / "Resources" / f"{information['CFBundleIconFile']}.icns").read_bytes()[:4] == b"icns"


def test_a_shortcut_takes_the_place_of_no_other_app(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    other = tmp_path / "Applications" / "Espalier.app" / "Contents"
    other.mkdir(parents=True)
    (other / "Info.plist").write_bytes(plistlib.dumps({"CFBundleIdentifier": "app.espalier.espalier-desktop"}))
    with pytest.raises(EspalierError, match="an app of its own"):
        shortcut.create_shortcut()
    assert (other / "Info.plist").exists()
    monkeypatch.setattr(sys, "executable", "/Applications/Espalier.app/Contents/MacOS/Espalier")
    with pytest.raises(EspalierError, match="Applications folder"):
        shortcut.create_shortcut()


def test_the_start_of_a_window_is_timed_from_the_sources_and_of_an_app(tmp_path: Path) -> None:
    figures = bench_start.measure_start(tmp_path, times=1)
    assert figures["start, ratio"] > 0
    assert 50 < figures["memory with a project, MB"] < 500
    assert bench_start.bundle(tmp_path) is None
    program = tmp_path / "Espalier.app" / "Contents" / "MacOS" / "Espalier"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={":".join(sys.path)} exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    (program.parents[1] / "library").write_bytes(bytes(3_000_000))
    assert bench_start.bundle(tmp_path) == program
    figures = bench_start.measure_bundle(program, times=1)
    assert figures["start, with a project"] > 0
    assert figures["memory with a project, MB"] > 50
    assert round(figures["size, MB"]) == 3
