"""The whole run as a folder for people: what was taught and how, how the loss fell, what came of it, what it cost."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.evaluation.report_files import Table, as_csv, html_page, markdown_page, tables_of
from espalier.evaluation.told import sentences
from espalier.files import write_json, write_text
from espalier.project import Project
from espalier.quantization.cost import size
from espalier.quantization.store import quantized_models
from espalier.sharing.check import Check
from espalier.sharing.facts import critic_of, method_of, report_of, taught
from espalier.sharing.loss_curve import loss_svg
from espalier.sharing.private import redacted
from espalier.training.curves import Curves, read_curves
from espalier.training.fingerprint import fingerprint
from espalier.training.run import Run
from espalier.values import flat

_NAMES = ("student", "judge", "file")  # of an evaluation: may be places on this machine
_UNMEASURED = "It was not evaluated: no held-out questions were asked."


def write_run_report(project: Project, run: Run, destination: Path) -> Check:
    """Write a page as HTML and as Markdown, the loss curve, the settings and every answer, into an empty folder.

    Nothing in there names a folder of this machine.
    """
    curves, found = read_curves(run), _named(report_of(run))
    texts = _texts(run, curves, found)
    tables = [*_tables(project, run, curves, found)]
    title, picture = f"What {_plain(str(run.request['student']))} learned", loss_svg(curves)
    pages = {
        "report.html": html_page(title, texts, tables, picture),
        "report.md": markdown_page(title, texts, tables, "loss.svg" if picture else ""),
        **({"loss.svg": picture} if picture else {}),
        **({"answers.csv": as_csv(found)} if found else {}),
    }
    for name, text in pages.items():
        write_text(destination / name, redacted(text, project.root))
    settings = {name: run.request.get(name) for name in ("settings", "curriculum", "versions")}
    write_json(destination / "settings.json", _redacted(settings, project.root))
    return Check(
        "unchecked", None, None, "The report says what the run's own files say; nothing in it is computed anew."
    )


def _texts(run: Run, curves: Curves, found: Mapping[str, Any]) -> list[str]:
    made, when = run.made, run.folder.name.partition("T")[0]
    parts = [f"Trained with {method_of(run)} on {when}, by Espalier."]
    if made.get("updates"):
        stopped = " It was stopped before its end." if made.get("stopped") else ""
        parts.append(f"The adapter had {made['updates']} updates of {made.get('of', made['updates'])}.{stopped}")
    if best := curves.best:
        parts.append(f"The loss of the held-out rows was lowest, {best.loss:.3f}, after {best.step} updates.")
    return [*parts, *(sentences(found) if found else [_UNMEASURED])]


def _tables(project: Project, run: Run, curves: Curves, found: Mapping[str, Any]) -> Iterator[Table]:
    leaves = taught(project, run)
    rows = [[leaf["path"] or "(general)", *(str(leaf[name]) for name in ("rows", "seed", "sample"))] for leaf in leaves]
    yield "What was taught", ["leaf", "rows", "written by a person", "written by the teacher"], rows
    if critic := critic_of(project, [leaf["path"] for leaf in leaves]):
        counts = {"drawn": critic["drawn"], "accepted": critic["accepted"]} | dict(critic["rejected"])
        yield "What the critic kept", ["", "samples"], [[str(name), str(count)] for name, count in counts.items()]
    if found:
        yield from tables_of(found)
    if small := quantized_models(run.folder):
        columns = ["name", "size", "what it costs"]
        yield "Made small", columns, [[each.name, size(each.bytes), each.cost.get("verdict", "")] for each in small]
    if curves.told:
        yield "What the training told", ["after update", ""], [[str(step), text] for step, _, text in curves.told]
    yield "How it was trained", ["setting", "value"], [*_values(run)]


def _values(run: Run) -> Iterator[list[str]]:
    assert run.adapter
    yield ["adapter", fingerprint(run.adapter)]
    try:
        values = flat(asdict(run.settings))
    except (EspalierError, KeyError):  # of another version of Espalier
        values = flat(run.request.get("settings") or {})
    named = values | flat(run.request.get("curriculum") or {}) | flat(run.request.get("versions") or {})
    yield from ([name, _shown(value)] for name, value in named.items())


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _named(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return an evaluation that calls models and files by their names, not by their places."""
    return {name: _plain(value) if name in _NAMES else value for name, value in report.items()}


def _plain(name: str) -> str:
    return Path(name).name if Path(name).is_absolute() else name


def _redacted(value: Any, *places: Path) -> Any:
    if isinstance(value, Mapping):
        return {name: _redacted(each, *places) for name, each in value.items()}
    if isinstance(value, list):
        return [_redacted(each, *places) for each in value]
    return redacted(value, *places) if isinstance(value, str) else value
