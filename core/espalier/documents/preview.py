"""A document on its way into a project, for the window, which shows its pages beside the Markdown before it is kept.

Run as ``python -m espalier.documents.preview FILE FOLDER`` it prints one line of JSON with the `Conversion`, or with
``refused`` and a sentence. Then each line of standard input is the number of a page, from 0, and the width of its
picture in pixels; the answer is a line with ``page`` and ``picture``, a file in the folder, or ``refused``. It ends
when its standard input does. The readers may crash or hang: this process and its child are all that is lost.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from espalier.documents.convert import convert
from espalier.documents.store import read_file
from espalier.errors import EspalierError

_DRAWING_BYTES = 4 << 30  # of memory


def main() -> None:
    """Convert the document, then draw the pages that are asked for."""
    printed = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints does not get into the answers
    file, folder = Path(sys.argv[1]), Path(sys.argv[2])

    def say(answer: dict[str, Any]) -> None:
        printed.write(json.dumps(answer).encode() + b"\n")

    try:
        say(asdict(convert(file.name, read_file(file))))
    except EspalierError as error:
        say({"refused": str(error)})
        return
    if sys.platform == "linux":  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (_DRAWING_BYTES, _DRAWING_BYTES))
    for line in sys.stdin:
        page, width = map(int, line.split())
        try:
            say({"page": page, "picture": str(_draw(file, page, width, folder))})
        except (EspalierError, OSError, MemoryError) as error:
            say({"page": page, "refused": str(error) or "The page needs too much memory to be drawn."})


def _draw(file: Path, page: int, width: int, folder: Path) -> Path:
    from espalier.documents.pdf import page_picture

    picture = folder / f"{page}-{width}.png"
    if not picture.exists():
        picture.write_bytes(page_picture(file, page, width))
    return picture


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # the window was closed
        sys.exit(1)
