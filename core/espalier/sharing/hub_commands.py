"""``espalier publish`` and ``espalier hub``: what they take, show and ask."""

import argparse
import getpass
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espalier.client import run_worker
from espalier.errors import EspalierError
from espalier.messages import Request
from espalier.sharing.forms import FORMS
from espalier.sharing.token import Token, check_token, find_token, forget_token, store_token

_SIGNS = {"good": "ok", "look": "look", "stop": "STOP"}


def add_publish(command: argparse.ArgumentParser) -> None:
    """Add the options of ``espalier publish``."""
    command.add_argument("project", type=Path)
    command.add_argument("repo", metavar="OWNER/NAME", help="on Hugging Face; made when it is not there")
    text = f"of {', '.join(FORMS)}; peft,mlx by default"
    command.add_argument("--forms", type=_names, default=("peft", "mlx"), metavar="NAME,NAME…", help=text)
    command.add_argument("--public", action="store_true", help="for everybody; private without it")
    text = "publish the training data too, in a repository of its own"
    command.add_argument("--dataset", default="", metavar="OWNER/NAME", help=text)
    text = "folder of the run; the newest by default"
    command.add_argument("--run", dest="run_name", default="", metavar="NAME", help=text)
    text = "the student on Hugging Face, in floats, where Espalier does not know it"
    command.add_argument("--base", default="", metavar="OWNER/NAME", help=text)
    command.add_argument("--yes", action="store_true", help="ask nothing: publish for everybody, replace what is there")


def add_hub(command: argparse.ArgumentParser) -> None:
    """Add the actions of ``espalier hub``."""
    text = "keep a token in the keychain (it is asked for, or read from stdin), take it out, or say who is signed in"
    command.add_argument("action", choices=("sign-in", "sign-out", "account"), help=text)


def publish(options: argparse.Namespace) -> int:
    """Show what would be published, ask where it matters, publish, and return the exit status."""
    from espalier.sharing.plan import plan

    arguments: dict[str, Any] = {
        "project": str(options.project),
        "run": options.run_name,
        "repo": options.repo,
        "forms": list(options.forms),
        "private": not options.public,
        "dataset_repo": options.dataset,
        "base": options.base,
    }
    if find_token() is None:
        raise EspalierError("Nobody is signed in on the Hub. Sign in first: `espalier hub sign-in`.")
    planned = plan(arguments)
    if not options.json:
        _show(planned)
    if problem := planned["problem"] or _stopped(planned["gate"]):
        raise EspalierError(problem)
    remote = planned["remote"] or {}
    _ask(f"Publish {planned['repo']} for everybody?" if options.public else "", options)
    _ask(f"{remote['sentence']} Replace it?" if remote.get("sentence") else "", options)
    if remote.get("sentence"):
        arguments["over"] = remote["head"]
    outcome = run_worker(Request("publish", arguments), options.json)
    if outcome.failure:
        print(outcome.failure, file=sys.stderr)
        if options.debug and outcome.details:
            print(outcome.details, file=sys.stderr)
        return outcome.status
    if not options.json:
        data = outcome.result.get("dataset")
        for record in (*([data] if data else []), outcome.result):
            print(record["url"])
    return 0


def hub(options: argparse.Namespace) -> int:
    """Sign in, sign out, or show the account, and return the exit status."""
    from espalier.sharing.account import account_of, told
    from espalier.sharing.hub import hub_api, tokens_page

    if options.action == "sign-out":
        forget_token()
        print("Signed out: the keychain has no token of the Hub any more.", file=sys.stderr)
        return 0
    if options.action == "sign-in":
        is_typed = sys.stdin.isatty()
        if is_typed:
            print(f"Make a token that may write: {tokens_page()}", file=sys.stderr)
        value = (getpass.getpass("Token: ") if is_typed else sys.stdin.readline()).strip()
        check_token(value)
        account_of(hub_api(Token(value)))  # one that the Hub does not know is not kept
        store_token(value)
    account = told()
    if options.json:
        print(json.dumps(account, ensure_ascii=False))
    elif account["signed_in"]:
        places = [account["name"], *(org["name"] for org in account["orgs"] if org["can_write"])]
        print(f"Signed in as {account['name']}." + (f" May write: {', '.join(places)}." * account["can_write"]))
    elif not account["problem"]:
        print("Nobody is signed in.")
    if account["problem"]:
        print(account["problem"], file=sys.stderr)
    return 1 if account["problem"] else 0


def _names(text: str) -> Sequence[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _show(planned: Mapping[str, Any]) -> None:
    for line in planned["gate"]:
        print(f"{_SIGNS[line['verdict']]:5} {line['sentence']}", file=sys.stderr)
        for detail in line["details"]:
            print(f"      {detail}", file=sys.stderr)
    for file in planned["files"]:
        about = "" if file["is_made"] else "about "
        print(f"      {file['path']}  {about}{file['bytes'] / 1e6:.1f} MB", file=sys.stderr)
    for path in planned["left_out"]:
        print(f"      {path}  stays here", file=sys.stderr)


def _stopped(gate: Sequence[Mapping[str, Any]]) -> str:
    return next((str(line["sentence"]) for line in gate if line["verdict"] == "stop"), "")


def _ask(question: str, options: argparse.Namespace) -> None:
    """Go on only where a person says yes, or said so beforehand.

    Raises:
        EspalierError: they did not.
    """
    if not question or options.yes:
        return
    if sys.stdin.isatty() and not options.json:
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().casefold() in ("y", "yes"):
            return
        raise EspalierError("Nothing was published. Run the command again to change that.")
    raise EspalierError(f"{question} Say so with --yes.")
