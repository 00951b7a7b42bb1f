import plistlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PathDistribution
from pathlib import Path
from zipfile import Path as ZipPath
from zipfile import ZipFile

import check_mac
import contents
import pytest
import yaml
from check_mac import Binary, needed, pinned, problems, unmet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
APP = PROJECT["tool"]["briefcase"]["app"]["espalier-desktop"]
WHOLE = {check_mac._MLX: 20_000_000, check_mac._KERNELS: 150_000_000}


def test_one_floor_is_stated_everywhere() -> None:
    assert APP["macOS"]["min_os_version"] == contents.FLOOR
    assert "LSMinimumSystemVersion" not in APP["macOS"]["info"], "the recipe takes it from contents.py"
    assert f"macOS {contents.FLOOR.partition('.')[0]}" in (ROOT / "README.md").read_text()
    assert ">= :sonoma" in (ROOT / "packaging" / "cask.rb").read_text()  # macOS 14


def test_versions_and_names_are_those_of_the_package() -> None:
    from espalier import __version__

    assert PROJECT["project"]["version"] == PROJECT["tool"]["briefcase"]["version"] == __version__
    for source in APP["sources"]:
        assert (ROOT / source).is_dir(), source
    assert APP["formal_name"] == "Espalier"


def test_the_information_that_macos_reads_is_a_property_list() -> None:
    told = plistlib.loads(plistlib.dumps(APP["macOS"]["info"]))
    assert told["CFBundleLocalizations"] == ["en", "fr"]
    assert "NSRequiresAquaSystemAppearance" not in told, "it would keep the dark appearance away"
    [kind] = told["CFBundleDocumentTypes"]
    assert kind["LSItemContentTypes"] == ["public.folder"]
    with (ROOT / "packaging" / "entitlements.plist").open("rb") as file:
        assert plistlib.load(file) == {}
    assert not any(APP["macOS"]["entitlement"].values()), "Briefcase's own exceptions are switched off"


def test_no_address_is_among_the_constraints() -> None:
    lines = (ROOT / "packaging" / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)


def test_the_app_for_the_mac_has_everything_that_ours_asks_for_there() -> None:
    names = {package.partition("==")[0] for package in needed(pinned())}
    assert {"mlx", "mlx-metal", "mlx-lm", "transformers", "pyside6-essentials", "shiboken6", "keyring"} <= names
    assert not names & {"mlx-cpu", "secretstorage", "jeepney", "pytest", "pyinstaller", "torch"}


def test_what_stays_out_of_the_app_is_not_what_it_needs() -> None:
    kept = [
        "mlx/lib/mlx.metallib",
        "PySide6/QtWidgets.abi3.so",
        "PySide6/QtSvg.abi3.so",
        "PySide6/Qt/lib/QtGui.framework/Versions/A/QtGui",
        "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
        "PySide6/Qt/translations/qtbase_fr.qm",
        "numpy-2.4.6.dist-info/licenses/LICENSE.txt",
    ]
    assert not [path for path in kept if contents.is_pruned(path)]
    assert contents.is_pruned("PySide6/Qt/lib/QtQml.framework/Versions/A/QtQml")
    assert contents.is_pruned("mlx/include/mlx/array.h")


def test_what_stays_out_is_taken_out_of_a_folder_of_packages(tmp_path: Path) -> None:
    out, kept = tmp_path / "PySide6/Qt/lib/QtQml.framework/Versions/A/QtQml", tmp_path / "mlx/lib/mlx.metallib"
    for file in (out, kept):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
    (tmp_path / "PySide6/Qt/lib/QtQml.framework/QtQml").symlink_to("Versions/A/QtQml")
    assert contents.prune(tmp_path) == 2
    assert [file for file in tmp_path.rglob("*") if not file.is_dir()] == [kept]
    assert not (tmp_path / "PySide6").exists()


@pytest.mark.parametrize(
    ("binary", "words"),
    [
        (Binary("a.so", ("X86_64",)), "a.so has no part for Apple silicon"),
        (Binary("a.so", ("ARM64",), (15, 0)), "a.so wants macOS 15.0; we promise 14.0"),
        (Binary("Q.abi3.so", ("ARM64",), (15, 0), 1, frozenset(["_new"])), "14.0 may lack what it takes: _new"),
    ],
)
def test_a_binary_that_would_not_load_is_named(binary: Binary, words: str) -> None:
    [problem] = problems([binary], WHOLE)
    assert words in problem


def test_what_other_files_take_too_may_be_taken_by_one_that_says_it_is_newer() -> None:
    binaries = [
        Binary("old.so", ("ARM64",), (13, 0), 1, frozenset(["_malloc"])),
        Binary("Qt.abi3.so", ("ARM64",), (15, 0), 1, frozenset(["_malloc", "_PyLong_FromLong", "_ours"])),
        Binary("lib.dylib", ("ARM64", "X86_64"), (11, 0), 1, frozenset(), frozenset(["_ours"])),
    ]
    assert not list(problems(binaries, WHOLE))


def test_kernels_apart_from_their_library_and_too_much_of_everything_are_named() -> None:
    [problem] = problems([], {check_mac._MLX: 1, "mlx/mlx.metallib": 150_000_000})
    assert "nothing would run on the GPU" in problem
    [problem] = problems([], {**WHOLE, "much": contents.BUDGET})
    assert "MB, more than 450 MB" in problem


def test_what_a_wheel_wants_and_is_not_there_is_named(tmp_path: Path) -> None:
    wheels = []
    for name, version, wants in (("a", "1.0", "b>=2"), ("b", "1.5", 'c; sys_platform == "linux"')):
        wheels.append(tmp_path / f"{name}-{version}-py3-none-any.whl")
        with ZipFile(wheels[-1], "w") as archive:
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: {wants}\n"
            archive.writestr(f"{name}-{version}.dist-info/METADATA", text)
    assert PathDistribution(ZipPath(wheels[0], "a-1.0.dist-info/")).metadata["Name"] == "a"
    assert list(unmet(wheels)) == ["a wants b>=2, and there is 1.5."]


def test_a_file_that_is_no_library_is_passed_over_and_one_is_read() -> None:
    assert check_mac.binary("a.txt", b"text") is None
    # A Mach-O file of a header (arm64, a library, one command of 24 bytes) and its build version: macOS 13.2.
    words = [0xFEEDFACF, 0x0100000C, 0, 6, 1, 24, 0, 0, 0x32, 24, 1, 0x000D0200, 0x000E0000, 0]
    found = check_mac.binary("a.dylib", b"".join(word.to_bytes(4, "little") for word in words))
    assert found
    assert (found.architectures, found.minimum) == (("ARM64",), (13, 2))


def test_every_module_that_is_started_by_name_is_one_that_the_app_starts() -> None:
    """An app knows ``-m`` only for our own modules, and only those that exist."""
    from espalier_desktop.__main__ import _OURS

    started = set[str]()
    for file in [*(ROOT / "core").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]:
        started |= set(re.findall(r'"-m", "([\w.]+)"', file.read_text()))
    assert {"espalier.worker", "espalier.project_survey", "espalier.releases"} <= started
    for name in started - {"pip", "yamllint", "json.tool"}:
        assert name.partition(".")[0] in _OURS, name


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["-P", "-m", "espalier.cli", "check", "nowhere"], 2, "nowhere"),
        (["-m", "pip", "download"], 1, "No module named pip"),
        (["-c", "print('code')"], 1, "no code from outside"),
        (["-c", "from multiprocessing.resource_tracker import main;main(0)"], 0, ""),
    ],
)
def test_the_app_started_as_python_runs_its_own_modules_and_nothing_else(
    arguments: list[str], status: int, words: str
) -> None:
    command = [sys.executable, "-m", "espalier_desktop", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
    assert words in done.stderr
    assert "code" not in done.stdout
    assert bool(done.returncode) == bool(status)


def test_the_workflow_runs_on_the_floor_and_names_what_is_there() -> None:
    text = (ROOT / ".github" / "workflows" / "mac.yml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    assert f"macos-{contents.FLOOR.partition('.')[0]}" in jobs["test"]["strategy"]["matrix"]["os"]
    assert not re.findall(r"https?://", text), "addresses come from where it runs"
    for path in re.findall(r"\b(?:packaging|resources|tests)/[\w./-]+\.(?:py|sh|spec)", text):
        assert (ROOT / path).is_file(), path
    secret = re.compile(r"secrets\.\w+")
    for job in jobs.values():
        for step in job["steps"]:
            assert not secret.search(step.get("run", "")), "a secret reaches a step through its environment only"


@pytest.mark.parametrize("script", ["package.sh", "setup.sh", "sign.sh"])
def test_the_scripts_can_be_read_by_their_shell(script: str) -> None:
    subprocess.run(["bash", "-n", ROOT / "packaging" / script], check=True)
