"""What a contribution says of itself: a title, and a text with the answers that were measured."""

from collections.abc import Mapping
from typing import Any

from espalier.errors import EspalierError
from espalier.project import Project
from espalier.sharing.bases import base_of
from espalier.sharing.facts import base_link, examples_of, method_of, report_of
from espalier.sharing.pages import page
from espalier.sharing.student import student_of
from espalier.taxonomy.git import State
from espalier.taxonomy.reader import read_leaf
from espalier.taxonomy.walk import LEAF_FILE
from espalier.training.run import latest_trained

_VERBS: Mapping[State, str] = {"added": "Add", "changed": "Change", "deleted": "Delete"}
_LONGEST_TITLE = 72  # characters, which every tool shows whole


def title_of(leaves: Mapping[str, State]) -> str:
    """Return what becomes of the leaves in a few English words, as the public taxonomy has its titles."""
    states = list(dict.fromkeys(leaves.values()))
    verb = _VERBS[states[0]] if len(states) == 1 else "Change"
    kinds = {path.partition("/")[0] for path in leaves}
    kind = {"knowledge": "knowledge", "compositional_skills": "skills"}[kinds.pop()] if len(kinds) == 1 else "leaves"
    names = [path.rpartition("/")[2].replace("_", " ") for path in leaves]
    if not names:
        return ""
    title = f"{verb} {kind}: {', '.join(names)}"
    return title if len(title) <= _LONGEST_TITLE else f"{verb} {kind}: {names[0][:40]} and {len(names) - 1} more"


def text_of(project: Project, leaves: Mapping[str, State], personal: bool) -> str:
    """Return the text of the pull request in Markdown.

    Args:
        project: whose newest evaluation gives the answers before and after.
        leaves: that are contributed, with what became of them.
        personal: whether something in them looks like personal data.
    """
    try:
        run = latest_trained(project)
    except EspalierError:
        report, base, method = dict[str, Any](), base_of(project.student), ""
    else:
        report, base = report_of(run), student_of(run)
        method = method_of(run)
    counts = [report["leaves"][path] for path in leaves if path in report.get("leaves", {})]
    values = {
        "leaves": [
            {"path": path, "state": state, "description": _description(project, path)} for path, state in leaves.items()
        ],
        "examples": examples_of(report, [*leaves]) if leaves else [],
        "base": base_link(base),
        "method": method,
        "asked": sum(count["questions"] for count in counts),
        "before": sum(count.get("base", 0) for count in counts),
        "after": sum(count.get("tuned", 0) for count in counts),
        "personal": personal,
    }
    return page("contribution.md", values, project.root).strip() + "\n"


def _description(project: Project, path: str) -> str:
    try:
        return read_leaf(project.taxonomy, project.taxonomy / path / LEAF_FILE).description
    except (EspalierError, OSError):
        return ""
