from pathlib import Path

from espalier.notices import notices
from espalier.resources import resource


def test_every_package_inside_is_named_with_its_licence() -> None:
    found = {notice.name: notice for notice in notices()}
    assert list(found)[:2] == ["espalier", "Python"]
    assert {"mlx", "mlx-lm", "transformers", "numpy", "yamllint"} <= set(found)
    assert not set(found) & {"pytest", "mypy", "ruff", "pyinstaller"}, "what only developers need is not inside"
    assert [notice.name for notice in found.values() if not notice.version or not notice.licence] == []
    assert "Permission is hereby granted" in found["mlx"].text
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in found["Python"].text
    assert "Apache License" in found["espalier"].text


def test_qt_comes_with_the_text_of_its_licence_and_of_the_one_that_this_adds_to() -> None:
    [qt] = [notice for notice in notices() if notice.name == "PySide6_Essentials"]
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in qt.text
    assert "Conveying Modified Source Versions" in qt.text
    assert qt.version.startswith("6.")


def test_the_licence_that_is_shown_is_that_of_the_source() -> None:
    assert resource("licences/Apache-2.0.txt").read_bytes() == (Path(__file__).parents[2] / "LICENSE").read_bytes()
