"""The only room that imports MLX; importing it prepares the process for that.

On Linux the system's OpenBLAS is loaded first, when it is there: float32 matrix products become about 60
times faster than with the BLAS inside MLX's wheel (measured: 6 to over 300 GFLOP/s on two cores). MLX's
compiler is switched off there as well, because it would run a C++ compiler at run time and was no faster.
"""

import contextlib
import ctypes
import os
import sys

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

if sys.platform == "linux":
    os.environ.setdefault("MLX_DISABLE_COMPILE", "1")
    with contextlib.suppress(OSError):
        ctypes.CDLL("libopenblas.so.0", mode=ctypes.RTLD_GLOBAL)
