"""The README's tree is the truth: one line for each module, with what its docstring says first.

``python tests/test_readme.py`` writes it anew.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BEGIN, END = "## The tree\n\n", "\n    resources/"
LONGEST = 84  # letters of a caption
TOPS = ("core/espalier", "desktop/espalier_desktop")


def tree() -> str:
    """Return the tree as indented lines: rooms with their captions, then their modules."""
    lines = []
    for top in TOPS:
        for folder in sorted([ROOT / top, *(path for path in (ROOT / top).rglob("*") if path.is_dir())]):
            if folder.name == "__pycache__" or not (folder / "__init__.py").exists():
                continue
            depth = len(folder.relative_to(ROOT / top).parts)
            name = top if not depth else folder.name
            lines.append(line(depth, f"{name}/", caption(folder / "__init__.py")))
            for file in sorted(folder.glob("*.py")):
                if file.name != "__init__.py":
                    lines.append(line(depth + 1, file.name, caption(file)))
    return "\n".join(lines)


def line(depth: int, name: str, text: str) -> str:
    return f"    {'  ' * depth + name:30} {text}".rstrip()


def caption(file: Path) -> str:
    """Return the first sentence of a module's docstring, cut at its last stop that fits."""
    text = (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n\n")[0].replace("\n", " ")
    if len(text) > LONGEST:
        text = text[: max(text[:LONGEST].rfind(mark) for mark in ":;,.")]
    return text.rstrip(".")


def test_the_tree_in_the_readme_is_true() -> None:
    assert tree() in README.read_text(), "run: .venv/bin/python tests/test_readme.py"


if __name__ == "__main__":
    text = README.read_text()
    start = text.index(BEGIN) + len(BEGIN)
    README.write_text(text[:start] + tree() + text[text.index(END, start) :])
