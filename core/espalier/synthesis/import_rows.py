"""A person's own rows into a leaf, each through every check of the critic that needs no model."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from espalier.documents.store import check_leaf
from espalier.errors import EspalierError
from espalier.evaluation.questions import Question, read_questions
from espalier.files import append_lines
from espalier.project import Project
from espalier.synthesis import checks
from espalier.synthesis.critic import Standard, content
from espalier.synthesis.duplicates import near_earlier
from espalier.synthesis.final import learned
from espalier.synthesis.imported import IMPORTED, import_path, imported_samples
from espalier.synthesis.later import checked
from espalier.synthesis.leaf_work import journal_of
from espalier.synthesis.practice import practice_of
from espalier.synthesis.reviews import read_reviews
from espalier.synthesis.row_forms import BadLine, Pair, read_pairs
from espalier.synthesis.sample import Check, Sample
from espalier.synthesis.words import content_words, plain
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.reader import read_leaf
from espalier.taxonomy.walk import FOLDERS, LEAF_FILE, leaf_files, stays_inside

Judge = Callable[[Sample], Sample]
_There = tuple[str, str, str]  # a question that is there already, the context it is about, and its leaf


@dataclass(frozen=True)
class Brought:
    """What came of an import.

    Attributes:
        added: the new samples, each with its verdict.
        known: number of rows that the project had already.
        bad: lines that hold no question and answer.
    """

    added: tuple[Sample, ...]
    known: int
    bad: tuple[BadLine, ...]


def import_samples(project: Project, leaf_path: str, file: Path) -> Brought:
    """Bring the rows of a file into a leaf; rows that are there already are left as they are.

    Raises:
        EspalierError: the leaf or file is missing, the leaf has errors, or the file holds no question and answer.
    """
    check_leaf(project, leaf_path)
    leaf = read_leaf(project.taxonomy, project.taxonomy / leaf_path / LEAF_FILE)
    pairs, bad = read_pairs(file)
    if not pairs:
        first = f"Line {bad[0].line}: {bad[0].reason}" if bad else "It is empty."
        raise EspalierError(f"{file.name} holds no question and answer. {first}")
    target = import_path(project, leaf_path)
    if not stays_inside(project.imports, target):
        raise EspalierError(f"{target} is a link that leads out of the project. Remove it and import again.")
    there = {sample.key for sample in imported_samples(project, leaf_path)}
    new: dict[str, Sample] = {}
    for pair in pairs:
        sample = _sample(leaf, pair, file.name)
        if sample.key not in there:
            new.setdefault(sample.key, sample)
    judge = _judge(project, leaf)
    added = _without_repeats([judge(sample) for sample in new.values()], _questions(project, leaf))
    append_lines(target, [asdict(sample) for sample in added])
    return Brought(tuple(added), len(pairs) - len(added), tuple(bad))


def _sample(leaf: Leaf, pair: Pair, name: str) -> Sample:
    origin = Check(IMPORTED, True, f"It comes from {name}, line {pair.line}.")
    return Sample(f"i-{name}-{pair.line}", leaf.path, pair.question, pair.answer, "", (origin,), pair.context)


def _judge(project: Project, leaf: Leaf) -> Judge:
    """Return what makes the plain-code checks of a row, up to the first that fails."""
    standard = Standard.of(leaf)
    held_out = [plain(question.question) for question in _held_out(project)]

    def verdict(sample: Sample) -> Iterator[Check]:
        if leaf.kind == "knowledge":
            yield checks.leaves_something(sample.question, sample.answer)
            if not sample.context:
                yield checks.stands_alone(sample.question, content_words(sample.question))
        elif not sample.context:
            yield checks.points_at_nothing(sample.question)
        yield content(sample, standard, "")
        yield checks.is_not_held_out(sample.question, held_out)

    return lambda sample: sample.up_to_failure(verdict(sample))


def _held_out(project: Project) -> Sequence[Question]:
    return read_questions(project.questions) if project.questions.exists() else []


def _without_repeats(samples: Sequence[Sample], there: Sequence[_There]) -> list[Sample]:
    """Return the samples with the check that none repeats another about the same context; those turned away pass by."""
    open_rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        if sample.is_accepted:
            open_rows[sample.context].append(row)
    known: defaultdict[str, list[_There]] = defaultdict(list)
    for each in there:
        known[each[1]].append(each)
    judged = list(samples)
    for context, rows in open_rows.items():
        named = [*known[context], *((samples[row].question, context, samples[row].leaf) for row in rows)]
        first = len(known[context])
        repeated = near_earlier([plain(question) for question, _, _ in named], first)
        for place, row in enumerate(rows, first):
            check = checks.IS_NEW
            if place in repeated:
                question, _, leaf = named[repeated[place]]
                check = checks.not_new(question, "" if leaf == samples[row].leaf else leaf)
            judged[row] = judged[row].judged(check)
    return judged


def _questions(project: Project, leaf: Leaf) -> list[_There]:
    """Return the leaf's seed examples, and the questions that the student learns from any leaf."""
    is_grounded = leaf.kind == "grounded skill"  # else the student is asked without the context
    found = [(seed.question, (seed.context or "") if is_grounded else "", leaf.path) for seed in leaf.seeds]
    reviews = read_reviews(project)
    for file in leaf_files(project.taxonomy):
        if file.relative_to(project.taxonomy).parts[0] not in FOLDERS:
            continue
        try:
            other = read_leaf(project.taxonomy, file)
            journal = journal_of(project, other)
        except EspalierError:
            continue  # a leaf with errors is told elsewhere, and has nothing that is learned
        rows = practice_of(project, other, checked(journal), reviews).rows
        found += [(sample.question, sample.context, other.path) for sample in learned(rows) if sample.is_written]
    return found
