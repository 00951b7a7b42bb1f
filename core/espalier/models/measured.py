"""What was measured of a model on this machine, kept in the user's own folder: its first use takes a few seconds.

It depends on the model's configuration, which stands for its architecture, on the chip and on the version of mlx-lm;
fine-tuned copies of a model share it.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from espalier.files import write_json
from espalier.machine import chip
from espalier.models.folder import home_folder
from espalier.project import content_key


@dataclass(frozen=True)
class Measured:
    """How a model can be computed here.

    Attributes:
        batches: whether rows of a batch get the numbers that they get alone.
        splits: whether its body and output head can be called apart.
        reason: what was compared and how far off it was, in a sentence.
        rows: at which throughput stops rising; 0 while that was not measured.
        tokens_per_second: written at that number of rows.
    """

    batches: bool
    splits: bool
    reason: str
    rows: int = 0
    tokens_per_second: float = 0.0

    def line(self) -> str:
        """Return it in one sentence, for a person."""
        if not self.batches:
            return f"One row at a time: {self.reason}"
        if not self.rows:
            return f"Rows are computed together: {self.reason}"
        return f"{self.rows} rows are computed together, {self.tokens_per_second:.0f} tokens/s: {self.reason}"


def measured(model: Path) -> Measured | None:
    """Return what is known of the model in a folder, None when it was not used here yet."""
    try:
        return Measured(**json.loads(_file(model).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def remember(model: Path, found: Measured) -> None:
    """Keep what was measured of the model in a folder."""
    with suppress(FileNotFoundError):  # another process has just kept the same
        write_json(_file(model), asdict(found))


def remember_rows(model: Path, rows: int, tokens_per_second: float) -> None:
    """Keep at which number of rows throughput stops rising."""
    if known := measured(model):
        remember(model, replace(known, rows=rows, tokens_per_second=round(tokens_per_second, 1)))


def _file(model: Path) -> Path:
    try:
        config = (model / "config.json").read_text(encoding="utf-8", errors="replace")
    except OSError:
        config = str(model)
    key = content_key(config, chip(), version("mlx-lm"))
    return home_folder() / "measured" / f"{key}.json"
