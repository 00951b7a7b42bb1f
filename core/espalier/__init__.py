"""The engine of Espalier: from a taxonomy to a tuned model, without a window.

``taxonomy`` reads what a person wrote, ``synthesis`` turns it into samples with verdicts, ``training`` makes the
mixture, ``evaluation`` scores answers; ``metal`` alone knows MLX, and only ``worker`` imports it. A ``Project`` is a
folder of plain files; each stage writes files under a hash of its inputs and is skipped while that hash holds.
"""

__version__ = "0.1.0"
