"""A person's way through the app that was built, with no Python around it: what a bundle lacks shows only here.

``python packaging/journey.py build/dist/Espalier/Espalier`` gives the app an empty home and an empty PATH, and lets it
make a project, read documents, train, make the student small, answer and export. The student is a tiny random model.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from espalier.metal.tiny import write_tiny_model
from espalier.project import open_project, write_settings

LEAF = "knowledge/engineering/falkirk_wheel"
SMALL = ("--set", "epochs=1", "--set", "lora.rank=2", "--set", "batch_rows=8")
_PAGE = "<html><body><h1>The wheel</h1><p>The Falkirk Wheel lifts boats between two canals.</p></body></html>"
_LONGEST = 600  # seconds for one step


class App:
    """The app, started from the command line with a home of its own."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program.absolute()
        self._folder = folder
        (folder / "home").mkdir()
        (folder / "empty").mkdir()

    def run(self, *arguments: object) -> str:
        """Return what it prints.

        Raises:
            SystemExit: it failed, with what it said.
        """
        own = {"HOME": str(self._folder / "home"), "PATH": str(self._folder / "empty"), "LANG": "C.UTF-8"}
        if sys.platform == "linux":
            own["QT_QPA_PLATFORM"] = "offscreen"
        if "TMPDIR" in os.environ:
            own["TMPDIR"] = os.environ["TMPDIR"]
        begun = time.perf_counter()
        command = [str(self._program), *map(str, arguments)]
        done = subprocess.run(command, env=own, cwd=self._folder, capture_output=True, text=True, timeout=_LONGEST)
        words = " ".join(str(each).replace(str(self._folder), "…") for each in arguments)
        if done.returncode:
            sys.exit(f"Espalier {words}\nended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        print(f"  {time.perf_counter() - begun:5.1f} s  Espalier {words[:90]}", flush=True)
        return done.stdout

    def command(self, *arguments: object) -> str:
        """Return what a command of ``espalier`` prints."""
        return self.run("-m", "espalier.cli", *arguments)


def journey(app: App, folder: Path) -> None:
    """Go the way; AssertionError where something is not as it should be."""
    found = json.loads(app.run("--self-test").splitlines()[-1])
    assert found["app"], "this is no app"
    print(f"         {found}")
    root, rows = folder / "project", folder / "rows.jsonl"
    app.command("new", root, "--example")
    app.command("check", root)
    (folder / "page.html").write_text(_PAGE, encoding="utf-8")
    app.command("document", root, LEAF, folder / "page.html")
    assert any("two canals" in file.read_text(encoding="utf-8") for file in (root / "documents").rglob("*.md"))
    tiny = str(write_tiny_model(folder / "tiny"))
    write_settings(replace(open_project(root), student=tiny, teacher=tiny))
    rows.write_text("".join(_row(number) for number in range(24)), encoding="utf-8")
    app.command("samples", "import", root, LEAF, rows)
    app.command("train", root, *SMALL)
    app.command("quantize", root, "--method", "affine")
    answers = app.command("ask", root, "What does the wheel lift?")
    assert answers.strip()
    for form in ("mlx", "peft", "gguf", "fused-4bit", "dataset", "report"):
        base = ("--base", "nobody/tiny") if form == "peft" else ()
        app.command("export", root, "--form", form, "--to", folder / form, *base)
        assert any((folder / form).iterdir()), form
    adapter = next((root / "runs").glob("*/adapter/adapters.safetensors"))
    print(f"         an adapter of {adapter.stat().st_size:,} bytes; asked, it answered")


def _row(number: int) -> str:
    return (
        json.dumps({"question": f"How far does gondola {number} go?", "answer": f"It goes {number} metres up."}) + "\n"
    )


def main(arguments: Sequence[str]) -> None:
    """Go the way with the app whose program is the only argument."""
    with tempfile.TemporaryDirectory(prefix="espalier-journey-") as folder:
        journey(App(Path(arguments[0]), Path(folder)), Path(folder))
    print("The journey through the app went well.")


if __name__ == "__main__":
    main(sys.argv[1:])
