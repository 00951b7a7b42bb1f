"""The only room that imports MLX; importing it prepares the process for that.

On Linux the system's OpenBLAS is loaded first, when it is there: float32 matrix products become about 60 times faster
than with the BLAS inside MLX's wheel (measured: 6 to over 300 GFLOP/s on two cores). MLX's compiler is switched off
there as well, because it would run a C++ compiler at run time and was no faster. The C library is told to keep freed
memory: else every large array is mapped, zeroed and unmapped again, which took a fifth of a training step.

PyTorch is hidden where it is installed: tokenizers need it for nothing, and transformers would import it for them,
which takes seconds and a few hundred megabytes.
"""

import contextlib
import ctypes
import os
import sys

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "torch" not in sys.modules:
    sys.modules["torch"] = None  # type: ignore[assignment]

if sys.platform == "linux":
    os.environ.setdefault("MLX_DISABLE_COMPILE", "1")
    for option, value in ((-3, 1 << 30), (-1, (1 << 31) - 1), (-8, 1), (-2, 64 << 20)):
        ctypes.CDLL(None).mallopt(option, value)  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_ARENA_MAX, M_TOP_PAD
    with contextlib.suppress(OSError):
        ctypes.CDLL("libopenblas.so.0", mode=ctypes.RTLD_GLOBAL)
