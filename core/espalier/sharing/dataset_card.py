"""The card of the data set that a run learned from."""

from pathlib import Path

from huggingface_hub import DatasetCardData

from espalier.files import read_lines
from espalier.personal_data import personal_data
from espalier.project import Project
from espalier.sharing.bases import base_of
from espalier.sharing.facts import critic_of, language_of, listed, model_link, sources_of, taught, tree
from espalier.sharing.pages import page
from espalier.sharing.private import redacted
from espalier.training.run import Run

GIVEN = ("seed", "sample", "imported")
"""Origins of the rows that are given away: a person's recipe may mix in what is not theirs to give."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LICENSES = {  # SPDX to the Hub's identifiers, of what a data set may be under as a whole
    **{"Apache-2.0": "apache-2.0", "MIT": "mit", "CC0-1.0": "cc0-1.0", "CC-BY-4.0": "cc-by-4.0"},
    **{"CC-BY-SA-4.0": "cc-by-sa-4.0", "CDLA-Permissive-2.0": "cdla-permissive-2.0"},
}


def dataset_card(project: Project, run: Run, repo: str) -> str:
    """Return the README of the rows of a run, as ``data/train.jsonl`` and ``data/test.jsonl``.

    A licence is in its head only where every leaf names works of one and the same that allows it.
    """
    leaves = taught(project, run)
    paths = [leaf["path"] for leaf in leaves if leaf["path"]]
    sources = sources_of(project, paths)
    works = [(leaf, work) for leaf, found in sources for work in found]
    rows, held_out = (
        [row for row in read_lines(run.folder / f"{part}.jsonl") if row.get("origin") in GIVEN]
        for part in ("train", "heldout")
    )
    critic = critic_of(project, paths)
    licenses = {work.license.strip() for _, work in works}
    is_whole = all(found for _, found in sources) and len(licenses) == 1
    splits = [{"split": "train", "path": "data/train.jsonl"}]
    splits += [{"split": "test", "path": "data/test.jsonl"}] if held_out else []
    name = repo.rpartition("/")[2]
    head = DatasetCardData(
        license=_LICENSES.get(next(iter(licenses))) if is_whole else None,
        language=language_of(run) or None,
        pretty_name=f"{name} (synthetic)",
        task_categories=["text-generation"],
        size_categories=[next((words for most, words in _SIZES if len(rows) < most), "1M<n<10M")],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        source_datasets=["original"],
        tags=["synthetic", "instructlab", "espalier", "sft"],
        configs=[{"config_name": "default", "data_files": splits}],
    )
    values = {
        "name": name,
        "rows": len(rows),
        "seeds": sum(leaf["seed"] for leaf in leaves),
        "samples": sum(leaf["sample"] for leaf in leaves),
        "others": sum(leaf["imported"] for leaf in leaves),
        "held_out": len(held_out),
        "tree": tree(leaves, project.root),
        "teacher": model_link(base_of(project.teacher)),
        "critic_name": model_link(base_of(project.judge)),
        "pipeline": Path(project.pipeline).name,
        "critic": critic,
        "rejected": listed((critic or {}).get("rejected", {}).items()),
        "personal": sum(bool(personal_data(f"{row['question']}\n{row['answer']}")) for row in [*rows, *held_out]),
        "works": works,
        "unattributed": ", ".join(leaf for leaf, found in sources if not found),
    }
    text = page("dataset.md", values, project.root)
    return redacted(f"---\n{head.to_yaml()}\n---\n\n{text.rstrip()}\n", project.root)
