"""What is known of a run, as plain values that a card tells; what was not measured is None or empty."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.evaluation.read import read_report
from espalier.files import read_lines
from espalier.project import Project
from espalier.quantization.store import Quantized, quantized_models
from espalier.sharing.bases import Base
from espalier.sharing.pages import Raw, shown
from espalier.synthesis.on_disk import read_practice
from espalier.synthesis.practice import rejections
from espalier.synthesis.tongues import tongue
from espalier.taxonomy.attribution import Attribution, read_attributions
from espalier.taxonomy.reader import read_leaf
from espalier.taxonomy.walk import LEAF_FILE
from espalier.training.run import Run
from espalier.training.settings import TITLES

EXAMPLES = 3
_ROWS_FOR_TONGUE = 200
_ORIGINS = {
    "seed": "written by a person",
    "sample": "written by the teacher",
    "imported": "brought along",
    "general": "general",
    "recipe": "of a recipe",
}


def taught(project: Project, run: Run) -> list[dict[str, Any]]:
    """Return each leaf that the student learned, by path: its description and its rows in all and by origin."""
    counts: dict[str, Counter[str]] = {}
    for row in read_lines(run.folder / "train.jsonl"):
        counts.setdefault(str(row.get("leaf", "")), Counter())[str(row.get("origin", ""))] += 1
    return [
        {"path": path, "description": _description(project, path), "rows": found.total(), **dict.fromkeys(_ORIGINS, 0)}
        | dict(found)
        for path, found in sorted(counts.items())
    ]


def tree(leaves: Sequence[Mapping[str, Any]], *places: Path) -> Raw:
    """Return the leaves as a nested list in Markdown, each branch once, with their rows; ``places`` as for `page`."""
    lines: list[str] = []
    known = set[str]()
    for leaf in leaves:
        *branches, name = leaf["path"].split("/") if leaf["path"] else ["general data"]
        for depth, branch in enumerate(branches):
            prefix = "/".join(branches[: depth + 1])
            if prefix not in known:
                lines.append(f"{'  ' * depth}- {shown(branch, *places)}")
                known.add(prefix)
        origins = [f"{leaf[origin]} {words}" for origin, words in _ORIGINS.items() if leaf[origin]]
        count = f"{leaf['rows']} row{'' if leaf['rows'] == 1 else 's'}"
        words = f"{'  ' * len(branches)}- **{shown(name, *places)}**: {count} ({', '.join(origins)})"
        lines.append(f"{words}. {shown(leaf['description'], *places)}" if leaf["description"] else f"{words}.")
    return Raw("\n".join(lines))


def language_of(run: Run) -> str:
    """Return the code of the language that the run's rows are in, "" where that is not clear."""
    rows = read_lines(run.folder / "train.jsonl")[:_ROWS_FOR_TONGUE]
    return tongue(" ".join(f"{row.get('question', '')} {row.get('answer', '')}" for row in rows)) or ""


def critic_of(project: Project, leaves: Sequence[str]) -> dict[str, Any] | None:
    """Return how many samples of these leaves were drawn and learned, and what turned the others away.

    None where the leaves are no longer what was learned, or cannot be read.
    """
    try:
        parts = [part for part in read_practice(project) if part.leaf.path in leaves]
    except (EspalierError, OSError):
        return None
    drawn = sum(len(part.rows) for part in parts)
    reviewed = sum(row.state.is_reviewed for part in parts for row in part.rows)
    accepted = sum(len(part.accepted) for part in parts)
    found = {"drawn": drawn, "accepted": accepted, "reviewed": reviewed, "rejected": rejections(parts)}
    return found if drawn else None


def examples_of(report: Mapping[str, Any], leaves: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return a few questions with their answers before and after: what got worse or stayed wrong first, then the wins.

    Args:
        report: of an evaluation.
        leaves: only questions of these; of all when it is empty.
    """
    rows = [row for row in report.get("questions", ()) if not leaves or row.get("leaf") in leaves]
    rows = [row for row in rows if {"base", "tuned"} <= row.get("answers", {}).keys()]
    lost = [row for row in rows if row["right"]["base"] and not row["right"]["tuned"]]
    wrong = [row for row in rows if not row["right"]["base"] and not row["right"]["tuned"]]
    won = [row for row in rows if not row["right"]["base"] and row["right"]["tuned"]]
    rest = [row for row in rows if row["right"]["base"] and row["right"]["tuned"]]
    chosen = [*lost[:1], *wrong[: 0 if lost else 1]]
    chosen = [*_spread(won)[: EXAMPLES - len(chosen)], *chosen]
    return (chosen + [row for row in (*lost, *wrong, *rest) if row not in chosen])[:EXAMPLES]


def small_of(run: Run) -> Quantized | None:
    """Return the quantized student that the run uses."""
    return next((model for model in quantized_models(run.folder) if model.is_chosen), None)


def sources_of(project: Project, leaves: Sequence[str]) -> list[tuple[str, list[Attribution]]]:
    """Return the works that each leaf draws on, by its ``attribution.txt``."""
    return [(leaf, read_attributions(project.taxonomy / leaf)) for leaf in leaves if leaf]


def report_of(run: Run) -> dict[str, Any]:
    """Return the run's newest evaluation, {} when there is none."""
    return read_report(run.report)


def method_of(run: Run) -> str:
    """Return how the run was trained, such as “LoRA”."""
    method = str((run.request.get("settings") or {}).get("method", "lora"))
    return TITLES.get(method, method)


def listed(pairs: Iterable[tuple[str, Any]]) -> str:
    """Return names with their values in one line."""
    return ", ".join(f"{name} {value}" for name, value in pairs)


def base_link(base: Base) -> Raw:
    """Return a model's name, as a link where the Hub has it."""
    return Raw(f"[{shown(base.id)}](https://huggingface.co/{base.id})" if base.id else shown(base.name))


def model_link(base: Base) -> Raw:
    """Return a model with its licence, and what else is to be known of it."""
    if base.is_remote:
        return Raw(f"{shown(base.name)}, behind an endpoint")
    license = f", {shown(base.license.name)}" if base.license.is_known else ", licence not known"
    return Raw(f"{base_link(base)}{license}{', in fewer bits' if base.is_quantized else ''}")


def _spread(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of different leaves first."""
    seen = Counter[str]()
    ranked = []
    for row in rows:
        ranked.append((seen[row["leaf"]], row))
        seen[row["leaf"]] += 1
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]


def _description(project: Project, path: str) -> str:
    try:
        return read_leaf(project.taxonomy, project.taxonomy / path / LEAF_FILE).description if path else ""
    except (EspalierError, OSError):
        return ""
