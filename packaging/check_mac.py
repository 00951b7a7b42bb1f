"""Put the Mac app's packages together on any system, and look at every one of their binaries.

``python packaging/check_mac.py`` fetches the wheels of ``constraints.txt`` for the oldest macOS that we support, leaves
out what stays out of the app, and says what a person with a Mac would otherwise find out: a wheel that does not exist,
a library for Intel only or for a newer system, MLX without its kernels, or too much of everything.
"""

import importlib.metadata
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from zipfile import Path as ZipPath
from zipfile import ZipFile

from contents import BUDGET, FLOOR, PYTHON, is_pruned
from macholib.mach_o import CPU_TYPE_NAMES, LC_BUILD_VERSION, LC_VERSION_MIN_MACOSX
from macholib.MachO import MachO
from macholib.SymbolTable import SymbolTable
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
PYTHON_ITSELF = 45_000_000  # bytes: Python's framework with its library, as PyInstaller and Briefcase bring it

_MAC = {
    "sys_platform": "darwin",
    "platform_system": "Darwin",
    "platform_machine": "arm64",
    "os_name": "posix",
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "extra": "",
}
_MAGICS = {b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"}
# Qt for Python's own files say 15.0 in wheels for 13.0. The system loads a library whatever it says, if it finds
# every symbol; so they may take only what another file for our floor takes too, or what has been there since macOS 11.
_SAYS_NEWER = "*.abi3.*"
_OLD = re.compile(
    r"_Py|__?Py|__ZNK?St3__112basic_string|__ZNSt3__113basic_ostream|__ZNSt3__115recursive_mutex|__ZTI[a-z]$"
    r"|___cxa_bad_typeid$|_signal$|_AVMediaType"
    r"|_OBJC_CLASS_\$_(AVCaptureDevice|CBCentralManager|CNContactStore|EKEventStore)$"
)
_KERNELS, _MLX = "mlx/lib/mlx.metallib", "mlx/lib/libmlx.dylib"


@dataclass(frozen=True)
class Binary:
    """One Mach-O file.

    Attributes:
        path: below site-packages.
        architectures: such as ARM64.
        minimum: of the arm64 part, the oldest macOS that it says it runs on; () where it says none.
        size: of that part, in bytes.
        wanted: symbols that it takes from elsewhere.
        given: symbols that it has for others.
    """

    path: str
    architectures: tuple[str, ...]
    minimum: tuple[int, ...] = ()
    size: int = 0
    wanted: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()


def pinned() -> dict[str, str]:
    """Return the version of every package by its normalized name, as ``constraints.txt`` has them."""
    lines = (line.split("==") for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if line)
    return {canonicalize_name(name): version for name, version in lines}


def needed(versions: dict[str, str]) -> list[str]:
    """Return the packages of the Mac app, as ``name==version``: what ours asks for there, and what each of those does.

    What a package asks for is read from the copy that is installed here; `unmet` reads it again from the wheels.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, found = [Requirement(text) for text in project["dependencies"]], set[tuple[str, str]]()
    names = set[str]()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if not _applies(requirement, ""):
            continue
        names.add(name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in found:
                found.add((name, extra))
                wanted += [each for each in _installed(name) if _applies(each, extra)]
    return [f"{name}=={versions[name]}" for name in sorted(names)]


def _installed(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in importlib.metadata.requires(name) or ()]
    except importlib.metadata.PackageNotFoundError:
        return []


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**_MAC, "extra": extra})


def fetch(packages: list[str], folder: Path) -> None:
    """Download a wheel of each package for the oldest macOS that we support.

    Raises:
        subprocess.CalledProcessError: there is none for one of them.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--python-version", PYTHON, "--dest", str(folder)]
    command += ["--platform", f"macosx_{FLOOR.replace('.', '_')}_arm64", *packages]
    subprocess.run(command, check=True, stderr=subprocess.STDOUT)


def unmet(wheels: list[Path]) -> Iterator[str]:
    """Yield, as sentences, what the wheels themselves ask for on the Mac and is not among them."""
    metadata = [importlib.metadata.PathDistribution(_info(wheel)).metadata for wheel in wheels]
    versions = {canonicalize_name(each["Name"]): each["Version"] for each in metadata}
    for each in metadata:
        for text in each.get_all("Requires-Dist") or ():
            requirement = Requirement(text)
            if _applies(requirement, ""):
                version = versions.get(canonicalize_name(requirement.name))
                if version is None or version not in requirement.specifier:
                    yield f"{each['Name']} wants {text}, and there is {version or 'none'}."


def _info(wheel: Path) -> ZipPath:
    return next(path for path in ZipPath(wheel).iterdir() if path.name.endswith(".dist-info"))


def contents(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every file of a wheel that the app gets."""
    with ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if not entry.is_dir() and not is_pruned(entry.filename):
                yield entry.filename, archive.read(entry)


def binary(path: str, data: bytes) -> Binary | None:
    """Return what a file is as a Mach-O file, None when it is none."""
    if data[:4] not in _MAGICS:
        return None
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        whole = MachO(file.name)
        parts = {CPU_TYPE_NAMES.get(part.header.cputype, "?"): part for part in whole.headers}
        if "ARM64" not in parts:
            return Binary(path, tuple(parts))
        arm64 = parts["ARM64"]
        whole.headers = [arm64]
        symbols = SymbolTable(whole, arm64)
    packed = next((_minimum(command, body) for command, body, _ in arm64.commands if _minimum(command, body)), 0)
    return Binary(
        path,
        tuple(parts),
        (packed >> 16, packed >> 8 & 255) if packed else (),
        arm64.size,
        frozenset(name.decode() for _, name in getattr(symbols, "undefsyms", ())),  # absent without a table
        frozenset(name.decode() for _, name in getattr(symbols, "extdefsyms", ())),
    )


def _minimum(command: Any, body: Any) -> int:
    if command.cmd == LC_BUILD_VERSION:
        return int(body.minos)
    return int(body.version) if command.cmd == LC_VERSION_MIN_MACOSX else 0


def problems(binaries: list[Binary], sizes: dict[str, int]) -> Iterator[str]:
    """Yield what is wrong with the app's files, as sentences.

    Args:
        binaries: every Mach-O file.
        sizes: of every file, in bytes, by its path below site-packages; of a binary, that of its arm64 part.
    """
    floor = tuple(int(part) for part in FLOOR.split("."))
    older = [each for each in binaries if each.minimum <= floor]
    known = frozenset[str]().union(*(each.wanted for each in older), *(each.given for each in binaries))
    for each in binaries:
        if "ARM64" not in each.architectures:
            yield f"{each.path} has no part for Apple silicon, only {', '.join(each.architectures)}."
        elif each.minimum > floor:
            wanted = ".".join(map(str, each.minimum))
            strange = sorted(name for name in each.wanted - known if not _OLD.match(name))
            if not fnmatch(each.path, _SAYS_NEWER):
                yield f"{each.path} wants macOS {wanted}; we promise {FLOOR}."
            elif strange:
                yield f"{each.path} wants macOS {wanted}, and {FLOOR} may lack what it takes: {', '.join(strange)}."
    if _MLX not in sizes or sizes.get(_KERNELS, 0) < 50_000_000:
        yield f"{_KERNELS} is not beside {_MLX}, or is not whole: nothing would run on the GPU."
    total = sum(sizes.values()) + PYTHON_ITSELF
    if total > BUDGET:
        yield f"The app takes {total / 1e6:.0f} MB, more than {BUDGET / 1e6:.0f} MB. Leave more out in contents.py."


def main() -> int:
    """Fetch, unpack and look; print what was found, and return how many problems there are."""
    folder = ROOT / "build" / "mac-wheels"
    packages = needed(pinned())
    fetch(packages, folder)
    wheels = [wheel for package in packages for wheel in _wheels(folder, package)]
    found, sizes, binaries = list(unmet(wheels)), dict[str, int](), list[Binary]()
    for wheel in wheels:
        for path, data in contents(wheel):
            each = binary(path, data)
            sizes[path] = each.size if each else len(data)
            binaries += [each] if each else []
    found += problems(binaries, sizes)
    for problem in found:
        print(problem, file=sys.stderr)
    oldest = max((each.minimum for each in binaries), default=())
    print(
        f"Mac app: {len(wheels)} wheels for Python {PYTHON} and macOS {FLOOR}, {len(binaries)} binaries, the newest "
        f"system that one wants is {'.'.join(map(str, oldest))}, {(sum(sizes.values()) + PYTHON_ITSELF) / 1e6:.0f} MB "
        f"installed with Python (at most {BUDGET / 1e6:.0f}), {len(found)} problems"
    )
    for top, size in sorted(_tops(sizes).items(), key=lambda item: -item[1])[:8]:
        print(f"  {size / 1e6:6.1f} MB  {top}")
    return len(found)


def _wheels(folder: Path, package: str) -> list[Path]:
    name, _, version = package.partition("==")
    return [wheel for wheel in folder.glob("*.whl") if _is(wheel, name, version)]


def _is(wheel: Path, name: str, version: str) -> bool:
    found, found_version = wheel.name.split("-")[:2]
    return canonicalize_name(found) == name and found_version == version


def _tops(sizes: dict[str, int]) -> dict[str, int]:
    tops = dict[str, int]()
    for path, size in sizes.items():
        top = path.partition("/")[0]
        tops[top] = tops.get(top, 0) + size
    return tops


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
