"""The model card: a run told from its own files, with the head that the Hub reads."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from espalier.evaluation.told import sentences
from espalier.project import Project
from espalier.sharing.bases import Base, base_of
from espalier.sharing.facts import (
    base_link,
    critic_of,
    examples_of,
    language_of,
    listed,
    method_of,
    model_link,
    report_of,
    small_of,
    sources_of,
    taught,
    tree,
)
from espalier.sharing.pages import Raw, page, shown
from espalier.sharing.private import redacted
from espalier.sharing.student import student_of
from espalier.training.history import read_note
from espalier.training.run import Run

_ADAPTERS = ("peft", "mlx", "gguf", "ollama")
_SHOWN = ("batch_rows", "epochs", "learning_rate", "schedule", "warm_up", "weight_decay", "clip", "max_tokens", "seed")


def model_card(
    project: Project,
    run: Run,
    repo: str,
    forms: Sequence[str],
    private_notes: bool = False,
    dataset_repo: str = "",
) -> str:
    """Return the README of what was trained: a YAML head and Markdown in which no answer is markup.

    Args:
        project: of the run.
        run: that is told.
        repo: ``owner/name`` on the Hub.
        forms: names of `espalier.sharing.forms`, which decide the head and what is said on use.
        private_notes: whether the person's note to the run is part of it.
        dataset_repo: the Hub's name of the data set that is published too, "" for none.
    """
    base = student_of(run)
    text = page("model.md", _values(project, run, repo, forms, base, private_notes), project.root)
    head = _head(run, repo, forms, base, dataset_repo).to_yaml()
    return redacted(f"---\n{head}\n---\n\n{text.rstrip()}\n", project.root)


def _head(run: Run, repo: str, forms: Sequence[str], base: Base, dataset_repo: str) -> ModelCardData:
    license = base.license
    summary = report_of(run).get("summary") or {}
    results = None
    if summary.get("questions") and "tuned" in summary.get("right", {}):
        value = round(summary["right"]["tuned"] / summary["questions"], 4)
        results = [EvalResult("text-generation", repo, "held-out questions", "accuracy", value)]
    tags = ["espalier", "instructlab", "text-generation", "synthetic"]
    method = str((run.request.get("settings") or {}).get("method", "lora"))
    tags += ["lora"] if method in ("lora", "qlora") else ["lora", "dora"] if method == "dora" else []
    tags += [name for name in ("peft", "mlx", "gguf") if name in forms]
    return ModelCardData(
        base_model=base.id or None,
        base_model_relation=relation(forms) if base.id else None,
        library_name=library(forms),
        pipeline_tag="text-generation",
        license=license.id or None,
        license_name=_slug(license.name) if license.is_named_apart else None,
        license_link=license.link or None if license.is_named_apart else None,
        language=language_of(run) or None,
        datasets=[dataset_repo] if dataset_repo else None,
        tags=tags,
        model_name=repo.rpartition("/")[2],
        eval_results=results,
    )


def relation(forms: Sequence[str]) -> str:
    """Return how the Hub says that a repository with these forms stands to its base."""
    if "fused" in forms and not set(forms) & set(_ADAPTERS):
        return "finetune"
    return "quantized" if "fused-4bit" in forms and not set(forms) & set(_ADAPTERS) else "adapter"


def library(forms: Sequence[str]) -> str | None:
    """Return the library that loads the repository, by the Hub's names."""
    for form, name in (("peft", "peft"), ("fused", "transformers"), ("mlx", "mlx"), ("fused-4bit", "mlx")):
        if form in forms:
            return name
    return None


def _values(
    project: Project, run: Run, repo: str, forms: Sequence[str], base: Base, private_notes: bool
) -> dict[str, Any]:
    report, leaves, teacher = report_of(run), taught(project, run), base_of(project.teacher)
    paths = [leaf["path"] for leaf in leaves if leaf["path"]]
    sources = sources_of(project, paths)
    examples = examples_of(report)
    address = re.sub(r"[^\w./-]", "", repo, flags=re.ASCII) or "owner/name"
    critic = critic_of(project, paths)
    settings = run.request.get("settings") or {}
    summary = report.get("summary") if "tuned" in report.get("summary", {}).get("right", {}) else None
    return {
        "raw": Raw,
        "name": repo.rpartition("/")[2],
        "repo": address,
        "short": address.rpartition("/")[2],
        "forms": forms,
        "base": base,
        "says": list(dict.fromkeys(each.license.says for each in (base, teacher) if each.license.says)),
        "base_link": base_link(base),
        "license_link": _license_link(base),
        "relation": relation(forms),
        "is_full": settings.get("method") == "full",
        "method": method_of(run),
        "was_imported": bool(run.request.get("imported")),
        "leaves": leaves,
        "tree": tree(leaves, project.root),
        "rows": sum(leaf["rows"] for leaf in leaves),
        "summary": summary,
        "scores": sorted(report.get("leaves", {}).items()),
        "small_was_asked": bool(summary and "4-bit" in summary["right"]),
        "told": sentences({**report, "forgetting": None}) if summary else [],
        "judges": _judges(report),
        "examples": examples if summary else [],
        "has_failure": any(not row["right"]["tuned"] for row in examples),
        "forgotten": sentences({"forgetting": report.get("forgetting")}),
        "small": small_of(run),
        "teacher": model_link(teacher),
        "critic_name": model_link(base_of(project.judge)),
        "pipeline": Path(project.pipeline).name,
        "critic": critic,
        "rejected": listed((critic or {}).get("rejected", {}).items()),
        "updates": run.made.get("updates"),
        "held_out_loss": run.made.get("held_out_loss"),
        "settings": listed(_settings(settings)),
        "versions": listed(sorted((run.request.get("versions") or {}).items())),
        "run": run.folder.name,
        "works": [(leaf, work) for leaf, works in sources for work in works],
        "unattributed": ", ".join(leaf for leaf, works in sources if not works),
        "notes": read_note(run) if private_notes else "",
    }


def _settings(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    lora = settings.get("lora") or {}
    found = [(name.replace("_", " "), str(settings[name])) for name in _SHOWN if settings.get(name) is not None]
    if settings.get("method", "lora") in ("lora", "qlora", "dora"):
        layers = lora.get("layers") or "all"
        found += [(name, str(lora[name])) for name in ("rank", "scale", "dropout") if name in lora]
        found += [("layers", str(layers)), ("parts", " ".join(lora.get("keys") or ()) or "all linear")]
    return found


def _judges(report: Mapping[str, Any]) -> str:
    names = sorted({str(row.get("judge", "accept strings")) for row in report.get("questions", ())})
    own = (
        " (the judge of grades was the student's own base)"
        if report.get("judges_itself") and "grades" in report
        else ""
    )
    return (" and ".join(names) or "nobody") + own


def _license_link(base: Base) -> Raw:
    license = base.license
    name = shown(license.name)
    return Raw(f"the [{name}]({license.link})" if license.link.startswith("https://") else f"the licence {name}")


def _slug(name: str) -> str:
    """Return a licence's name as the Hub wants it: small letters, digits, dots and hyphens."""
    return "-".join(
        "".join(
            sign if (sign.isascii() and sign.isalnum()) or sign in ".-" else " " for sign in name.casefold()
        ).split()
    )
