"""Where a project stands: each leaf with its problems and samples, each stage fresh or stale.

Run as ``python -m espalier.project_survey PROJECT [BASE]`` it prints one status a line: where the taxonomy stands in
Git, the leaves, and the project last. The window reads it from this process of its own, so that checking ten thousand
leaves never holds up a key press.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from espalier.errors import EspalierError
from espalier.evaluation.plan import held_out_rows
from espalier.files import read_lines
from espalier.models.folder import find_model, verify_model
from espalier.models.starter import STARTER
from espalier.project import Project, open_project
from espalier.stages import lesson, mixture_of
from espalier.status import Extent, LeafStatus, ProjectStatus, encode_status
from espalier.survey_cache import SurveyCache
from espalier.synthesis.later import checked
from espalier.synthesis.leaf_work import leaf_journal, leaf_parts
from espalier.synthesis.origins import changed_parts, read_origins
from espalier.synthesis.practice import Practice, practice_of, rejections
from espalier.synthesis.reviews import Reviews, read_reviews
from espalier.taxonomy.history import read_history
from espalier.taxonomy.leaf import Leaf
from espalier.taxonomy.problems import Problem
from espalier.taxonomy.tree_check import stray_files
from espalier.taxonomy.walk import FOLDERS, find_files, leaf_files
from espalier.teachers.endpoint import is_endpoint
from espalier.training.run import Run, all_runs, find_run

Learned = Mapping[str, Counter[tuple[str, str]]]


def survey(project: Project, cache: SurveyCache) -> Iterator[LeafStatus | ProjectStatus]:
    """Yield every leaf's status, sorted by path, then the project's; nothing that is broken stops it."""
    newest = next((run for run in reversed(all_runs(project)) if run.adapter), None)
    learned = _learned(newest) if newest else {}
    reviews, origins = read_reviews(project), read_origins(project)
    practice: list[Practice] = []
    is_whole = True
    for file in leaf_files(project.taxonomy):
        path = file.parent.relative_to(project.taxonomy).as_posix()
        if path.partition("/")[0] not in FOLDERS:
            continue
        leaf, problems = cache.read(project.taxonomy, file)
        if leaf is None:
            is_whole = False
            yield LeafStatus(path, problems=problems)
            continue
        status, part = _leaf_status(project, leaf, problems, learned, reviews)
        if status.samples == "none" and leaf.path in origins and status.journal:
            status = replace(status, changed=changed_parts(origins[leaf.path], leaf_parts(project, leaf)))
        is_whole = is_whole and status.samples == "all" and status.accepted > 0
        practice.append(part)
        yield status
    yield _project_status(project, practice if is_whole else [], newest)


def _leaf_status(
    project: Project, leaf: Leaf, problems: tuple[Problem, ...], learned: Learned, reviews: Reviews
) -> tuple[LeafStatus, Practice]:
    try:
        path, journal, is_complete = leaf_journal(project, leaf)
        part = practice_of(project, leaf, checked(journal), reviews)
    except (EspalierError, OSError, KeyError, TypeError) as error:  # a document or journal that cannot be read
        file = str(project.taxonomy / leaf.path / "qna.yaml")
        note = Problem(file, 1, 1, "warning", "unreadable", str(error))
        return LeafStatus(leaf.path, leaf.kind, len(leaf.seeds), (*problems, note)), Practice(leaf, ())
    extent: Extent = "all" if is_complete else "part" if journal.samples else "none"
    is_trained = False
    if extent == "all" and leaf.path in learned:
        rows = mixture_of(project, [part]).train
        is_trained = learned[leaf.path] == Counter((row.question, row.answer) for row in rows)
    status = LeafStatus(
        leaf.path,
        leaf.kind,
        len(leaf.seeds),
        problems,
        extent,
        path.name,
        len(part.accepted),
        rejections([part]),
        is_trained,
        sum(row.state.is_reviewed for row in part.rows),
    )
    return status, part


def _project_status(project: Project, practice: list[Practice], newest: Run | None) -> ProjectStatus:
    names = [project.student, *(name for name in (project.teacher, project.judge) if not is_endpoint(name))]
    fresh = _fresh(project, practice) if practice else None
    run = fresh if fresh and fresh.adapter else newest
    return ProjectStatus(
        tuple(stray_files(find_files(project.taxonomy))),
        tuple(name for name in dict.fromkeys(names) if _is_missing(name)),
        run.folder.name if run else "",
        bool(fresh and fresh.adapter),
        bool(run and run.quantized),
        project.questions.exists() or bool(run and held_out_rows(run)),
        _scores(run) if run else {},
        fresh.folder.name if fresh and not fresh.adapter else "",
    )


def _fresh(project: Project, practice: list[Practice]) -> Run | None:
    try:
        mixture, settings, curriculum = lesson(project, practice)
    except EspalierError:  # a training value or file that cannot be used; training says which
        return None
    return find_run(project, mixture, settings, curriculum)


def _is_missing(name: str) -> bool:
    if name == STARTER:
        return False
    try:
        verify_model(find_model(name))
    except EspalierError:
        return True
    return False


def _learned(run: Run) -> dict[str, Counter[tuple[str, str]]]:
    rows: dict[str, Counter[tuple[str, str]]] = {}
    for line in read_lines(run.folder / "train.jsonl"):
        rows.setdefault(line["leaf"], Counter())[line["question"], line["answer"]] += 1
    return rows


def newest_scores(project: Project) -> dict[str, dict[str, int]]:
    """Return the right answers of the newest run that was evaluated, by leaf and model; {} when none was."""
    return next((scores for run in reversed(all_runs(project)) if (scores := _scores(run))), {})


def _scores(run: Run) -> dict[str, dict[str, int]]:
    try:
        leaves: dict[str, dict[str, int]] = json.loads(run.report.read_text(encoding="utf-8"))["leaves"]
    except (OSError, ValueError, KeyError):
        return {}
    return leaves


def main() -> int:
    """Print the survey of the project that is named; return 1 when there is no project."""
    root, base = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    try:
        project = open_project(Path(root))
    except EspalierError as error:
        print(error, file=sys.stderr)
        return 1
    cache = SurveyCache(project.root)
    history = read_history(project.taxonomy, base)
    try:
        for status in chain([history] if history else [], survey(project, cache)):
            sys.stdout.buffer.write(encode_status(status))
            sys.stdout.buffer.flush()
    except BrokenPipeError:  # the window was closed
        return 1
    cache.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
