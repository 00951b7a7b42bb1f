"""What the worker does for the window without a model: a taxonomy cloned, compared, committed; work foretold."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from espalier.documents.reference import import_reference
from espalier.messages import Emit, Progress
from espalier.models import survey as models
from espalier.overnight.morning import report_values
from espalier.overnight.store import plan_of
from espalier.project import Project, create_around, open_project
from espalier.sharing.contribute import contribute, plan
from espalier.sharing.shared import survey
from espalier.synthesis.forecast import foretell
from espalier.taxonomy.adopt import adopt
from espalier.taxonomy.git import commit, leaf_diff
from espalier.taxonomy.history import begin_history
from espalier.to_its_end import to_its_end


def clone(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Make the project around the taxonomy at ``source``: an address, or a path on this machine."""

    def report(text: str, share: float) -> None:
        emit(Progress("clone", round(share * 100), 100, "%", detail=text))

    create_around(Path(arguments["project"]), lambda place: adopt(arguments["source"], place, report))
    return {}


def difference(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return as ``text`` how ``leaf`` differs from ``base``."""
    return {"text": leaf_diff(_taxonomy(arguments), arguments["leaf"], arguments["base"])}


def commit_leaves(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Commit ``leaves`` with ``message`` in the name of ``name`` and ``email``; return the commit's id."""
    words = (arguments["message"], arguments["leaves"], arguments["name"], arguments["email"])
    with to_its_end():  # stopped halfway, Git would leave its lock behind
        return {"commit": commit(_taxonomy(arguments), *words)}


def keep_history(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Make the taxonomy a repository."""
    with to_its_end():
        begin_history(_taxonomy(arguments))
    return {}


def fetch_documents(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Fetch the documents that ``leaf`` names; return their file names as ``documents``, and ``notes``."""

    def report(text: str, share: float) -> None:
        emit(Progress("fetch_documents", round(share * 100), 100, "%", detail=text))

    imported = import_reference(open_project(Path(arguments["project"])), arguments["leaf"], report)
    notes = [note for each in imported for note in each.notes]
    return {"documents": [each.path.name for each in imported], "notes": notes}


def share_survey(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return what ``project`` has to share; see `espalier.sharing.shared`."""
    return survey(open_project(Path(arguments["project"])), str(arguments.get("run") or ""))


def share_plan(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return what publishing would do; see `espalier.sharing.plan`."""
    from espalier.sharing.plan import plan  # loads the Hub's client, which other errands do not need

    return plan(arguments)


def hub_account(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return who is signed in on the Hub; see `espalier.sharing.account`."""
    from espalier.sharing.account import told

    return told()


def contribute_leaves(arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Contribute ``leaves`` as `espalier.sharing.contribute.contribute` does; ``push`` and ``patch`` may be missing."""

    def report(text: str, share: float) -> None:
        emit(Progress("contribute", round(share * 100), 100, "%", detail=text))

    words = {key: str(arguments.get(key, "")) for key in ("title", "text", "name", "email")}
    push, patch = arguments.get("push"), Path(arguments["patch"]) if arguments.get("patch") else None
    leaves = arguments.get("leaves", ())
    return contribute(_project(arguments), leaves, **words, push=push, patch=patch, on_progress=report)


COMMANDS: Mapping[str, Callable[[Mapping[str, Any], Emit], dict[str, Any]]] = {
    "clone": clone,
    "difference": difference,
    "commit": commit_leaves,
    "keep_history": keep_history,
    "foretell": lambda arguments, emit: foretell(arguments),
    "fetch_documents": fetch_documents,
    "contribute_plan": lambda arguments, emit: plan(_project(arguments), arguments.get("leaves", ())),
    "contribute": contribute_leaves,
    "share_survey": share_survey,
    "share_plan": share_plan,
    "hub_account": hub_account,
    "models_survey": models.models_survey,
    "model_search": models.model_search,
    "model_check": models.model_check,
    "model_get": models.model_get,
    "model_remove": models.model_remove,
    "models_clean": models.models_clean,
    "overnight_report": lambda arguments, emit: report_values(plan_of(arguments["plan"])),
}


def run(command: str, arguments: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Return the result of one of the `COMMANDS`; the argument ``project`` is a project's folder."""
    return COMMANDS[command](arguments, emit)


def _project(arguments: Mapping[str, Any]) -> Project:
    return open_project(Path(arguments["project"]))


def _taxonomy(arguments: Mapping[str, Any]) -> Path:
    return Project(Path(arguments["project"])).taxonomy
