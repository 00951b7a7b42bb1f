"""What publishing would do, before anything is made or sent: for the sheet and the command that ask."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.project import open_project
from espalier.sharing import shared
from espalier.sharing.account import account_of
from espalier.sharing.card_edits import with_edits
from espalier.sharing.export import run_named
from espalier.sharing.hub import hub_api
from espalier.sharing.publish import Publication, bundles, card_of, lines, publication, suggested
from espalier.sharing.repository import Target, look, obstacle, shown_already
from espalier.sharing.token import Token, find_token


def plan(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what publishing would do, as plain values.

    Args:
        arguments: ``project``, ``repo`` ("" for a suggestion), ``forms``, ``private``, and perhaps ``run``, ``card``,
            ``dataset_repo``, ``base``.

    Returns:
        ``run``; ``repo``; ``forms`` with what is made; ``gate``, lines with a verdict; ``written``, the card as
        Espalier writes it; ``card``, and ``kept``, the headings in it that hold the person's own words, and
        ``outdated``, those of them that no longer fit;
        ``files``, where those of a form that is not made yet stand as one with ``is_made`` false and about its
        ``bytes``; ``left_out``, what lies beside them and stays here; ``bytes``; ``remote``, the repository as it is
        (``head``, ``private``, ``sentence`` that is "" where nothing stands in the way), None where there is none or
        nobody is signed in; ``problem``, why it cannot be published there, or why the Hub could not be
        asked, "" where neither is so.

    Raises:
        EspalierError: there is no such project or run, or a name is none on the Hub.
    """
    project = open_project(Path(arguments["project"]))
    run = run_named(project, str(arguments.get("run") or ""))
    token = find_token()
    repo, problem = str(arguments.get("repo") or "").strip(), ""
    if not repo:
        repo = suggested(project, "")
    if not repo:
        owner, problem = _owner(token)
        repo = suggested(project, owner or "you")
    wanted = publication({**arguments, "repo": repo})
    remote = None
    if token and not problem:
        remote, problem = _remote(token, wanted, shared.published(project, wanted.repo, "model"))
    found = bundles(project, run, wanted, token)
    written = card_of(project, run, wanted)
    card = with_edits(run, written)
    files: list[dict[str, Any]] = [
        {"path": entry.path, "bytes": entry.size, "is_made": True} for each in found for entry in each.entries
    ]
    forms = shared.forms_of(run)
    for form in forms:
        if form["form"] in wanted.all_forms and not form["made"]:
            files.append({"path": f"{form['form']}/", "bytes": form["bytes"], "is_made": False})
    return {
        "run": run.folder.name,
        "repo": wanted.repo,
        "dataset_repo": wanted.dataset_repo,
        "forms": forms,
        "gate": [line.as_values() for line in lines(project, run, wanted, *found)],
        "written": written,
        "card": card.text if wanted.card is None else wanted.card,
        "kept": list(card.kept),
        "outdated": list(card.outdated),
        "files": files,
        "left_out": [path for each in found for path in each.left_out],
        "bytes": sum(file["bytes"] for file in files),
        "remote": remote,
        "problem": problem,
    }


def _owner(token: Token | None) -> tuple[str, str]:
    if not token:
        return "", ""
    try:
        return account_of(hub_api(token)).name, ""
    except EspalierError as error:
        return "", str(error)


def _remote(token: Token, wanted: Publication, before: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, str]:
    try:
        remote = look(hub_api(token), wanted.repo, "model")
    except EspalierError as error:
        return None, str(error)
    if remote is None:
        return None, ""
    target = Target(wanted.repo, "model", wanted.private, [str(record["commit"]) for record in before], wanted.over)
    told = {"head": remote.head, "private": remote.private, "sentence": obstacle(remote, target)}
    return told, shown_already(remote, target)
