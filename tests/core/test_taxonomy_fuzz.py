"""Whatever is in a file: problems come back in time and in little memory, never an exception."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from taxonomy_texts import MODES, knowledge, skill, text_of

from espalier.taxonomy.checker import check_file
from espalier.taxonomy.codes import CODES
from espalier.taxonomy.fixes import mend
from espalier.taxonomy.problems import Mode
from espalier.taxonomy.source import ReadingError

LEAVES = (text_of(skill()).encode(), text_of(knowledge()).encode())
PIECES = [
    *(b"#", b": ", b"- ", b"\n\n\n\n", b"\t", b'"', b"'", b"|", b">", b"[", b"]", b"{", b"}", b",", b"&a ", b"*a"),
    *(b"!!int ", b"%", b"@", b"\xe2\x80\xa8", b"\xc2\x85", b"---\n", b"? ", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\0"),
    *(b"\xff", b"\xc3", b"<<: *a", b"yes", b"42", b".inf", b"12:30", b"version: 2\n", b"seed_examples: []\n", b"\x07"),
]
DENSE = [
    *(b"- " * 30_000, b"[" * 60_000, b"{a: " * 9_000, b"a: [" + b"1," * 60_000 + b"]\n", b"? a\n" * 30_000),
    *(b"a:\n" + b" b\n" * 29_000, b"# c\n" * 200_000, b"\n" * 900_000, b"a: |\n" + b"  x y\n" * 150_000),
    *(b"a: '" + b"x \n" * 200_000 + b"'\n", b"a: " + b"9" * 900_000, b"a: " + b"1:" * 400_000 + b"1"),
    *(b"x: &x\n" + b"".join(b" - &x%d [*x%d,*x%d]\n" % (n + 1, n, n) for n in range(40)), bytes(900_000)),
    *(b"version: 2\nseed_examples:\n" + b"- question: a\n  answer: b\n" * 3_500, b"a: b\n" * 10_000_000),
    b"version: 2\nseed_examples:\n" + b"".join(b"- question: q %d what\n  answer: a\n" % n for n in range(3_500)),
]


def damaged(seed: int, count: int) -> Iterator[bytes]:
    """Leaves with a few bytes put in, cut out, repeated or changed."""
    chance = random.Random(seed)
    for _ in range(count):
        data = chance.choice(LEAVES)
        for _ in range(chance.choice((1, 1, 2, 4))):
            at, other = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
            how = chance.randrange(6)
            if how < 2:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            elif how == 2:
                data = data[:at] + data[at + chance.randrange(40) :]
            elif how == 3:
                data = data[:at] + data[other : other + 300] + data[at:]
            elif how == 4:
                data = data.replace(b"\n", b"\r\n") if at % 2 else data[:at]
            else:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            data = data or b"x"
        yield data


def assert_judged(file: Path, data: bytes, modes: tuple[Mode, ...] = MODES) -> None:
    file.write_bytes(data)
    for mode in modes:
        started = time.process_time()
        problems = check_file(file, mode)
        assert time.process_time() - started < 2
        for problem in problems:
            assert problem.code in CODES
            assert min(problem.line, problem.column) >= 1
            assert problem.message.endswith((".", '".'))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "knowledge" / "x").mkdir(parents=True)
    return tmp_path / "knowledge" / "x" / "qna.yaml"


def test_damaged_files_are_judged_and_mended(file: Path) -> None:
    for number, data in enumerate(damaged(11, 250)):
        assert_judged(file, data)
        if number % 10 == 0:
            with suppress(ReadingError):  # bytes that are no text
                mend(file)


@pytest.mark.parametrize("number", range(len(DENSE)))
def test_files_made_to_exhaust_are_judged_in_time(file: Path, number: int) -> None:
    assert_judged(file, DENSE[number], ("strict",))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak since exec is read from /proc")
def test_the_largest_files_take_little_memory(file: Path) -> None:
    """In a process of its own, as the peak of this one is that of every test before."""
    seeds = b"version: 2\nseed_examples:\n" + b"- question: why\n  answer: because\n" * 3_500
    judge = "import sys; from pathlib import Path; from espalier.taxonomy.checker import check_file; "
    judge += "check_file(Path(sys.argv[1])); print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    for data in (seeds + b"#" * 800_000, b"[" * 900_000, b"a: b\n" * 10_000_000):
        file.write_bytes(data)
        done = subprocess.run([sys.executable, "-c", judge, str(file)], capture_output=True, text=True, check=True)
        assert int(done.stdout) * 1_024 < 500_000_000
