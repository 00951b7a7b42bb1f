"""The computer that the work runs on: chip, memory, disk, and which sizes of model fit."""

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SIZES = (0.5, 1, 2, 3, 4, 8, 14, 24, 32, 70, 120)  # billions of parameters, as models are published
_OVERHEAD = 2.5e9  # bytes: activations, logits and the adapter with its optimizer, at short lengths
_MARGIN = 0.85  # of what the GPU may hold; the rest is for other programs
_FOOTPRINT = 72  # offset of ri_phys_footprint in rusage_info_v0, see libproc's <sys/resource.h>


@dataclass(frozen=True)
class Machine:
    """What a person may want to know before choosing a model.

    Attributes:
        memory: of the whole machine, in bytes; on Apple silicon the GPU shares it.
        disk_free: bytes that can still be written where the project is.
    """

    chip: str
    memory: int
    disk_free: int

    def largest_model(self, bits: int) -> float:
        """Return the largest usual size, in billions of parameters, that can be trained with LoRA at these bits.

        4-bit weights take 4.5 bits with their scales. Metal lets a process hold about two thirds of the memory, three
        quarters above 36 GB. 0 when nothing fits. A rule of thumb; the forecast before a run measures.
        """
        share = 0.75 if self.memory > 36e9 else 2 / 3
        room = self.memory * share * _MARGIN - _OVERHEAD
        bytes_each = 4.5 / 8 if bits == 4 else bits / 8
        return max((size for size in _SIZES if size * 1e9 * bytes_each <= room), default=0)


def this_machine(place: Path) -> Machine:
    """Return this computer, with the free space at ``place``."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(chip(), memory, free_space(place))


def free_space(place: Path) -> int:
    """Return the bytes that can still be written at a path, which need not exist yet."""
    existing = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free


def memory_of(pid: int) -> int:
    """Return the memory that a process of this user holds, GPU buffers included on the Mac; 0 when it has ended."""
    if sys.platform == "darwin":
        buffer = (ctypes.c_uint8 * 96)()
        failed = ctypes.CDLL("/usr/lib/libproc.dylib").proc_pid_rusage(pid, 0, buffer)
        return 0 if failed else int.from_bytes(bytes(buffer[_FOOTPRINT : _FOOTPRINT + 8]), sys.byteorder)
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def chip() -> str:
    """Return the name of the processor, such as Apple M4 Pro."""
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "Apple silicon"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    found = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return found or platform.machine()
