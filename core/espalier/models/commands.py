"""``espalier models``: those on this machine, the Hub's, and those behind endpoints."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.client import run_worker
from espalier.messages import Request
from espalier.models.catalogue import ROLES
from espalier.models.fit import fit
from espalier.models.folder import find_model, model_info
from espalier.models.found import found_models
from espalier.models.hub_cache import is_hub_id
from espalier.models.measured import measured
from espalier.models.remove import remove_model
from espalier.models.starter import STARTER
from espalier.models.survey import fits, here
from espalier.teachers.commands import keep_key, list_offered, permit, show_remote
from espalier.teachers.endpoint import is_endpoint


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = command.add_subparsers(required=True, dest="action")
    listing = actions.add_parser("list", help="models on this machine, or those that an endpoint offers")
    listing.add_argument("--endpoint", metavar="URL", default="", help="such as http://127.0.0.1:8080/v1")
    search = actions.add_parser("search", help="models on the Hub that are made for MLX")
    search.add_argument("words", nargs="*", metavar="WORDS")
    get = actions.add_parser("get", help="fetch a model: the starter, or one of the Hub by its id; again to go on")
    get.add_argument("name", metavar=f"{STARTER}|OWNER/NAME")
    get.add_argument("--revision", default="", metavar="COMMIT", help="this one instead of the newest")
    remove = actions.add_parser("remove", help="delete a model that was fetched or imported here")
    remove.add_argument("name")
    importing = actions.add_parser("import", help="import a GGUF file as a model folder")
    importing.add_argument("source", type=Path, metavar="FILE.gguf")
    importing.add_argument("destination", type=Path, metavar="DEST")
    info = actions.add_parser("info", help="show one model, here, on the Hub, or behind an endpoint")
    info.add_argument("name", metavar="MODEL|OWNER/NAME|URL#MODEL")
    key = actions.add_parser("key", help="keep an endpoint's key in the keychain; it is asked for, or read from stdin")
    allowing = actions.add_parser("allow", help="let your documents' text be sent to an endpoint")
    for command in (key, allowing):
        command.add_argument("url", metavar="URL")
        command.add_argument("--forget", action="store_true", help="take it back")


def run(options: argparse.Namespace) -> int:
    """Run one of the actions; return 0 when it is done, else the worker's status."""
    if options.action == "key":
        keep_key(options.url, options.forget)
    elif options.action == "allow":
        permit(options.url, options.forget)
    elif options.action == "list" and options.endpoint:
        list_offered(options.endpoint, options.json)
    elif options.action == "list":
        _list(options.json)
    elif options.action == "remove":
        print(f"{_size(remove_model(options.name))} became free.")
    elif options.action == "info":
        return _info(options)
    elif options.action == "search":
        return _search(options)
    else:
        return _fetch_or_import(options)
    return 0


def _list(as_json: bool) -> None:
    machine = here()
    for model in found_models():
        verdict = fit(machine, "student", model.bytes).verdict
        if as_json:
            told = {"name": model.name, "source": model.source, "bytes": model.bytes, "folder": str(model.place)}
            print(json.dumps({**told, "usable": model.usable, "importable": model.importable, "fit": verdict}))
            continue
        state = model.problem or ("GGUF; import it first" if model.importable else f"as a student: {verdict}")
        print(f"{model.name}  {model.what}, {_size(model.bytes)}, {model.source}  {state}  {model.place}")


def _info(options: argparse.Namespace) -> int:
    name = options.name
    if is_endpoint(name):
        show_remote(name, options.json)
        return 0
    if is_hub_id(name) and name not in {model.name for model in found_models()}:
        return _of_the_hub(options)
    folder = find_model(name)
    info = model_info(folder, name)
    print(info.line())
    known = measured(folder)
    print(known.line() if known else "How many rows are computed together is found out when it is first used.")
    _print_fits(fits(here(), info.bytes, json.loads((folder / "config.json").read_bytes())))
    return 0


def _of_the_hub(options: argparse.Namespace) -> int:
    outcome = run_worker(Request("model_check", {"id": options.name}), options.json)
    if outcome.failure:
        return _failed(outcome.failure, outcome.status)
    if not options.json:
        told = outcome.result
        print(f"{told['id']}  {_size(told['bytes'])}, {told['licence'] or 'no licence named'}, {told['revision'][:12]}")
        _print_fits(told["fit"])
        print(told["access"] or f"`espalier models get {told['id']}` fetches it.")
    return 0


def _search(options: argparse.Namespace) -> int:
    outcome = run_worker(Request("model_search", {"query": " ".join(options.words)}), options.json)
    if outcome.failure:
        return _failed(outcome.failure, outcome.status)
    for model in outcome.result["models"] if not options.json else ():
        gated = ", gated" if model["gated"] else ""
        size = _size(model["bytes"]) if model["bytes"] else "size not known"
        fitting = f"  as a student: {model['fit']['student']['verdict']}" if model["fit"] else ""
        here_already = "  on this machine" if model["is_here"] else ""
        print(f"{model['id']}  {size}, {model['licence'] or 'no licence named'}{gated}{fitting}{here_already}")
    return 0


def _fetch_or_import(options: argparse.Namespace) -> int:
    if options.action == "import":
        paths = {"source": str(options.source), "destination": str(options.destination)}
        request = Request("import", paths)
    elif options.name == STARTER:
        request = Request("fetch")
    else:
        request = Request("model_get", {"id": options.name, "revision": options.revision})
    outcome = run_worker(request, options.json)
    if outcome.failure:
        if options.debug and outcome.details:
            print(outcome.details, file=sys.stderr)
        return _failed(outcome.failure, outcome.status)
    if not options.json:
        print(f"Model: {outcome.result['model']}")
    return 0


def _print_fits(found: Mapping[str, Mapping[str, Any]]) -> None:
    for role in ROLES:
        print(f"As a {role}: {found[role]['sentence']}")


def _failed(sentence: str, status: int) -> int:
    print(sentence, file=sys.stderr)
    return status


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
