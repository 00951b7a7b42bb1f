"""What goes into the app and what stays out: one list for PyInstaller, Briefcase and the check of the Mac's wheels.

``python packaging/contents.py FOLDER`` takes out of Briefcase's folder of packages what stays out.
"""

import sys
from fnmatch import fnmatch
from pathlib import Path

FLOOR = "14.0"  # macOS: the oldest that MLX's wheels run on; pyproject.toml and the cask state it too
PYTHON = "3.12"  # of the Mac app
BUDGET = 450_000_000  # bytes installed, Python's own included

HIDDEN = [
    "mlx.__array_api_info",  # imported by mlx/core, where no tool can read it, as is the next
    "mlx._reprlib_fix",
    "mlx._distributed_utils.launch",  # an entry point
]
PACKAGES = ["espalier", "espalier_desktop", "mlx_lm.models", "mlx_lm.tuner", "mlx_lm.tool_parsers", "yamllint.rules"]
DATA = ["huggingface_hub", "mlx_lm", "yamllint"]  # packages with files that they read

EXCLUDED = [
    "IPython",
    "PySide6.QtDesigner",
    "PySide6.QtHelp",
    "PySide6.QtOpenGL",
    "PySide6.QtOpenGLWidgets",
    "PySide6.QtPrintSupport",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtQuickControls2",
    "PySide6.QtQuickWidgets",
    "PySide6.QtSql",
    "PySide6.QtTest",
    "PySide6.QtUiTools",
    "accelerate",
    "hypothesis",
    "matplotlib",
    "mypy",
    "peft",
    "pip",
    "pytest",
    "setuptools",
    "tensorflow",
    "tkinter",
    "torch",
]

# Below site-packages, as `fnmatch` reads them, where * also stands for folders.
PRUNED = [
    "*/__pycache__/*",
    "*/tests/*",
    "bin/*",
    "mlx/include/*",
    "mlx/lib/cmake/*",
    "mlx/share/*",
    "numpy/*/include/*",
    "numpy/*/tests/*",
    "PySide6/*.pyi",
    "PySide6/Assistant*",
    "PySide6/Designer*",
    "PySide6/Linguist*",
    "PySide6/Qt/lib/QtDesigner*",
    "PySide6/Qt/lib/QtHelp*",
    "PySide6/Qt/lib/QtLabs*",
    "PySide6/Qt/lib/QtLottie*",
    "PySide6/Qt/lib/QtOpenGL*",
    "PySide6/Qt/lib/QtPrintSupport*",
    "PySide6/Qt/lib/QtQml*",
    "PySide6/Qt/lib/QtQuick*",
    "PySide6/Qt/lib/QtSql*",
    "PySide6/Qt/lib/QtTest*",
    "PySide6/Qt/lib/QtUiTools*",
    "PySide6/Qt/lib/QtConcurrent*",
    "PySide6/Qt/lib/objects-*",
    "PySide6/Qt/libexec/*",
    "PySide6/Qt/metatypes/*",
    "PySide6/Qt/modules/*",
    "PySide6/Qt/plugins/designer/*",
    "PySide6/Qt/plugins/printsupport/*",
    "PySide6/Qt/plugins/platformthemes/*gtk3*",
    "PySide6/Qt/plugins/qmllint/*",
    "PySide6/Qt/plugins/qmltooling/*",
    "PySide6/Qt/plugins/sqldrivers/*",
    "PySide6/Qt/plugins/vectorimageformats/*",
    "PySide6/Qt/qml/*",
    "PySide6/Qt/translations/assistant_*",
    "PySide6/Qt/translations/designer_*",
    "PySide6/Qt/translations/linguist_*",
    "PySide6/Qt/translations/qt_help_*",
    "PySide6/Qt/translations/qtdeclarative_*",
    "PySide6/QtDesigner*",
    "PySide6/QtHelp*",
    "PySide6/QtOpenGL*",
    "PySide6/QtPrintSupport*",
    "PySide6/QtQml*",
    "PySide6/QtQuick*",
    "PySide6/QtSql*",
    "PySide6/QtTest*",
    "PySide6/QtUiTools*",
    "PySide6/QtConcurrent*",
    "PySide6/balsam*",
    "PySide6/doc/*",
    "PySide6/glue/*",
    "PySide6/include/*",
    "PySide6/l*release*",
    "PySide6/l*update*",
    "PySide6/lconvert*",
    "PySide6/libpyside6qml*",
    "PySide6/qml*",
    "PySide6/qsb*",
    "PySide6/rcc*",
    "PySide6/scripts/*",
    "PySide6/svgtoqml*",
    "PySide6/typesystems/*",
    "PySide6/uic*",
]


def is_pruned(path: str) -> bool:
    """Return whether a file, named by its path below site-packages, stays out of the app."""
    return any(fnmatch(path, pattern) for pattern in PRUNED)


def prune(folder: Path) -> int:
    """Remove from a folder of packages what stays out of the app, and return how many files that were."""
    out = [file for file in folder.rglob("*") if not file.is_dir() and is_pruned(file.relative_to(folder).as_posix())]
    for file in out:
        file.unlink()
    for place in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not place.is_symlink() and not any(place.iterdir()):
            place.rmdir()
    for link in folder.rglob("*"):
        if link.is_symlink() and not link.exists():
            link.unlink()
    return len(out)


if __name__ == "__main__":
    print(f"{prune(Path(sys.argv[1]))} files stay out of the app")
