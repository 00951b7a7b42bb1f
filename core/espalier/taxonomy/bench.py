"""How fast a large taxonomy is read and checked, beside a parser that starts yamllint once per file."""

import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from espalier.taxonomy.checker import check_file
from espalier.taxonomy.lint import DEFAULT_RULES
from espalier.taxonomy.tree import Node, read_tree
from espalier.taxonomy.tree_check import check_files
from espalier.taxonomy.walk import LEAF_FILE, leaf_files

LEAVES = 10_000
SAMPLE = 20  # files for the reference way, which is then scaled
_WORDS = ("otter", "river", "bank", "weir", "lock", "canal", "wheel", "boat", "steel", "gear", "water", "hour", "span")


def bench(leaves: int = LEAVES, sample: int = SAMPLE) -> dict[str, float]:
    """Return seconds by what was done, for a taxonomy of this many made-up leaves, half of them knowledge.

    The reference's schema check and reading come on top of the lint that is measured, so its figure is too low.
    """
    with tempfile.TemporaryDirectory(prefix="espalier-bench-") as folder:
        root = Path(folder)
        files = make_taxonomy(root, leaves)
        found: dict[str, float] = {"leaves": leaves, "megabytes": sum(file.stat().st_size for file in files) / 1e6}
        started = time.perf_counter()
        tree = read_tree(root)
        found["names and tree"] = time.perf_counter() - started
        assert _count(tree) == leaves
        started, spent = time.perf_counter(), _processor_time()
        problems = sum(map(len, check_files(leaf_files(root))))
        found["full check"] = time.perf_counter() - started
        found["full check, user and system time"] = _processor_time() - spent
        assert problems == 0
        found["recheck of one file"] = statistics.median(_rechecks(files[:SAMPLE]))
        started = time.perf_counter()
        for file in files[:sample]:
            _reference_lint(file.read_text(encoding="utf-8"))
        found["reference: yamllint once per file, scaled"] = (time.perf_counter() - started) / sample * leaves
    return found


def _rechecks(files: list[Path]) -> Iterator[float]:
    for file in files:
        with file.open("a", encoding="utf-8") as opened:
            opened.write("# changed\n")
        started = time.perf_counter()
        check_file(file)
        yield time.perf_counter() - started


def _reference_lint(text: str) -> None:
    command = [sys.executable, "-m", "yamllint", "-f", "parsable", "-d", DEFAULT_RULES, "-"]
    subprocess.run(command, input=text, text=True, check=False, capture_output=True)


def _processor_time() -> float:
    """Return the seconds that this process and its finished children have computed."""
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def make_taxonomy(root: Path, leaves: int) -> list[Path]:
    """Write this many made-up leaves, half of them knowledge, and return their files."""
    words = random.Random(7)
    files = []
    for number in range(leaves):
        values = _knowledge(words, number) if number % 2 else _skill(words, number)
        top = "knowledge" if number % 2 else "compositional_skills"
        folder = root / top / f"field_{number % 17}" / f"part_{number % 101}" / f"leaf_{number}"
        folder.mkdir(parents=True)
        files.append(folder / LEAF_FILE)
        files[-1].write_text(yaml.dump(values, Dumper=yaml.CSafeDumper, sort_keys=False, width=100), encoding="utf-8")
    return files


def _skill(words: random.Random, number: int) -> dict[str, object]:
    seeds = [{"question": _text(words, 15), "answer": _text(words, 40)} for _ in range(6)]
    return {"version": 3, "created_by": "bench", "task_description": f"Skill {number}", "seed_examples": seeds}


def _knowledge(words: random.Random, number: int) -> dict[str, object]:
    seeds = [
        {
            "context": _text(words, 80),
            "questions_and_answers": [{"question": _text(words, 10), "answer": _text(words, 12)} for _ in range(3)],
        }
        for _ in range(5)
    ]
    document = {"repo": "https://example.org/bench.git", "commit": "abc", "patterns": ["*.md"]}
    about = {"version": 3, "created_by": "bench", "domain": "bench", "document_outline": f"Part {number}"}
    return {**about, "seed_examples": seeds, "document": document}


def _text(words: random.Random, length: int) -> str:
    return " ".join(words.choice(_WORDS) for _ in range(length)).capitalize() + "."


def _count(node: Node) -> int:
    return node.is_leaf + sum(map(_count, node.children))
