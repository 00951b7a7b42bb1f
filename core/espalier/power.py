"""What speaks against hard work now: a battery that runs out, a machine that is too hot, memory that runs short."""

import contextlib
import ctypes
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

LOW = 0.2
"""Charge of the battery below which work waits, where a person chose no other."""
SHORT, VERY_SHORT = 1, 2  # of `Reading.memory`
_HOT, _WARM = 3, 1  # of `Reading.heat`: at the first work waits, at the second it goes on
_OFTEN, _SELDOM = 2.0, 15.0  # seconds between two readings while work waits, and while it does not
_PATIENCE = 300.0  # seconds that work waits for memory
# Percent of the last ten seconds in which some, or all, programs waited for memory on Linux.
_SOME_WAITED, _ALL_WAITED = 30.0, 30.0
_SUPPLIES = Path("/sys/class/power_supply")
_PRESSURE = Path("/proc/pressure/memory")


@dataclass(frozen=True)
class Reading:
    """The state of the machine.

    Attributes:
        battery: charge from 0 to 1 while it runs on its battery; None on a power adapter.
        heat: 0 nominal, 1 fair, 2 serious, 3 critical, as NSProcessInfo's thermalState.
        memory: 0 enough, 1 short, 2 very short.
    """

    battery: float | None = None
    heat: int = 0
    memory: int = 0


class Need(IntEnum):
    """Why work should wait, the most pressing last; 0 where it may go on."""

    NONE = 0
    MEMORY = 1
    COOLING = 2
    POWER = 3


SENTENCES = {
    Need.MEMORY: "Training waits for memory, which other programs hold. Close some of them.",
    Need.COOLING: "Training waits until the machine has cooled. Give it air.",
    Need.POWER: "Training waits for power. Connect the power adapter.",
}


def need(reading: Reading, *, is_waiting: bool = False, low: float = LOW) -> Need:
    """Return why work should wait.

    Args:
        reading: of now.
        low: charge below which it waits for power; 1 works on a power adapter only.
        is_waiting: work waits already; then it takes better readings to go on, so that it does not stop and go.
    """
    if reading.battery is not None and (reading.battery < low or low >= 1):
        return Need.POWER
    if reading.heat > _WARM if is_waiting else reading.heat >= _HOT:
        return Need.COOLING
    if reading.memory > 0 if is_waiting else reading.memory >= VERY_SHORT:
        return Need.MEMORY
    return Need.NONE


def read() -> Reading:
    """Return the state of this machine; what it does not tell counts as good."""
    if sys.platform == "darwin":
        return Reading(
            mac_battery(_said("/usr/bin/pmset", "-g", "batt")),
            _mac_heat(),
            mac_memory(_said("/usr/sbin/sysctl", "-n", "kern.memorystatus_vm_pressure_level")),
        )
    return Reading(linux_battery(_SUPPLIES), 0, linux_memory(_text(_PRESSURE)))


class Conditions:
    """The machine's state, read now and then."""

    def __init__(
        self,
        read: Callable[[], Reading] = read,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        low: float = LOW,
    ) -> None:
        """Begin with good conditions; ``clock`` and ``sleep`` count seconds, ``low`` is as for `need`."""
        self._read, self._clock, self._sleep = read, clock, sleep
        self._last, self._due, self._low = Reading(), 0.0, low
        self._short_since: float | None = None

    def need(self, waiting: Need = Need.NONE) -> Need:
        """Return why work should wait now, given why it waits already.

        For memory it does not wait for ever: what holds it may be this very work.
        """
        if self._clock() >= self._due:
            self._last = self._read()
            self._due = self._clock() + (_OFTEN if waiting else _SELDOM)
        found = need(self._last, is_waiting=bool(waiting), low=self._low)
        if found is not Need.MEMORY:
            self._short_since = None
        elif self._short_since is None:
            self._short_since = self._clock()
        elif self._clock() - self._short_since > _PATIENCE:
            return Need.NONE
        return found

    @property
    def is_short(self) -> bool:
        """Return whether memory was short at the last reading."""
        return self._last.memory > 0

    def wait(self) -> None:
        """Do nothing until the next reading is due."""
        self._sleep(max(0.0, self._due - self._clock()))


def mac_battery(told: str) -> float | None:
    """Return the charge that ``pmset -g batt`` tells, None on a power adapter or without a battery."""
    charge = re.search(r"(\d+)%", told)
    return int(charge[1]) / 100 if charge and "'Battery Power'" in told else None


def mac_memory(told: str) -> int:
    """Return how short memory is by ``kern.memorystatus_vm_pressure_level``: 1 normal, 2 warning, 4 critical."""
    return {"2": SHORT, "4": VERY_SHORT}.get(told.strip(), 0)


def _mac_heat() -> int:
    """Return NSProcessInfo's thermalState, by way of the Objective-C runtime."""
    try:
        ctypes.CDLL("/System/Library/Frameworks/Foundation.framework/Foundation")
        runtime = ctypes.CDLL("/usr/lib/libobjc.A.dylib")
        named = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)
        kind, selector = named(("objc_getClass", runtime)), named(("sel_registerName", runtime))
        two = (ctypes.c_void_p, ctypes.c_void_p)
        an_object = ctypes.CFUNCTYPE(ctypes.c_void_p, *two)(("objc_msgSend", runtime))
        a_number = ctypes.CFUNCTYPE(ctypes.c_long, *two)(("objc_msgSend", runtime))
        return int(a_number(an_object(kind(b"NSProcessInfo"), selector(b"processInfo")), selector(b"thermalState")))
    except (OSError, AttributeError):
        return 0


def linux_battery(supplies: Path) -> float | None:
    """Return the charge of the machine's own battery while it empties, None otherwise."""
    for supply in sorted(supplies.glob("*")) if supplies.is_dir() else ():
        own = _text(supply / "type").strip() == "Battery" and _text(supply / "scope").strip() != "Device"
        charge = _text(supply / "capacity").strip()
        if own and _text(supply / "status").strip() == "Discharging" and charge.isdecimal():
            return int(charge) / 100
    return None


def linux_memory(told: str) -> int:
    """Return how short memory is by ``/proc/pressure/memory``."""
    found = {
        line.split()[0]: float(line.split("avg10=")[1].split()[0]) for line in told.splitlines() if "avg10=" in line
    }
    if found.get("full", 0.0) >= _ALL_WAITED:
        return VERY_SHORT
    return SHORT if found.get("some", 0.0) >= _SOME_WAITED else 0


def _text(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text(encoding="utf-8")
    return ""


def _said(*command: str) -> str:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=5).stdout
    return ""
