import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")])
MLX = {"mlx", "mlx_lm", "transformers"}
QT = {"PySide6", "espalier_desktop", "pyqtgraph"}


def imports(path: Path) -> set[str]:
    """Return every module a file imports, lazily or not, and each of its parent packages."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that this test can read them"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {".".join(name.split(".")[: end + 1]) for name in names for end in range(name.count(".") + 1)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_stays_in_its_layer(path: Path) -> None:
    used = imports(path)
    if ROOT / "core" in path.parents:
        assert not used & QT, "the engine knows no Qt"
    if "metal" not in path.relative_to(ROOT).parts:
        assert not used & MLX, "only metal/ knows MLX"
        assert "espalier.metal" not in used or path.name == "worker.py", "only the worker uses metal/"
    assert "espalier.worker" not in used, "the worker is a process; nobody imports it"


def test_lazy_and_plain_imports_are_both_seen(tmp_path: Path) -> None:
    file = tmp_path / "lazy.py"
    file.write_text("import a.b\ndef f():\n    from mlx import core\n")
    assert {"a", "a.b", "mlx", "mlx.core"} <= imports(file)
