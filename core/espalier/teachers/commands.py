"""The commands about endpoints: what they offer, what they can do, their keys, and leave to send text there."""

import getpass
import json
import sys
from dataclasses import asdict

from espalier.errors import EspalierError
from espalier.project import Project
from espalier.teachers.endpoint import parse_endpoint
from espalier.teachers.keys import find_key, forget_key, store_key
from espalier.teachers.offered import model_list
from espalier.teachers.opening import endpoints, leaving
from espalier.teachers.patience import Patience
from espalier.teachers.permission import allow, forbid, is_allowed, require_allowed
from espalier.teachers.remote import RemoteModel

_PATIENCE = Patience(tries=3, read=60)  # somebody waits in front of the screen


def list_offered(url: str, as_json: bool) -> None:
    """Print the models that an endpoint offers, each as the setting that stands for it.

    Raises:
        EspalierError: the endpoint does not answer, or offers nothing.
    """
    endpoint = parse_endpoint(url)
    names = model_list(endpoint, find_key(endpoint), _PATIENCE)
    if not names:
        raise EspalierError(f"{endpoint.url} answers and offers no model. Load one there first.")
    for name in names:
        print(json.dumps({"model": name}, ensure_ascii=False) if as_json else f"{endpoint.url}#{name}")


def show_remote(setting: str, as_json: bool) -> None:
    """Print what a model behind an endpoint can do; a few short requests are sent, and none of a project's text.

    Raises:
        EspalierError: it does not answer.
    """
    endpoint = parse_endpoint(setting)
    if not endpoint.model:
        raise EspalierError(f"Write the model's name behind the address, as in {endpoint.url}#NAME.")
    dialect = RemoteModel(endpoint, find_key(endpoint), patience=_PATIENCE).dialect()
    if as_json:
        facts = {**asdict(dialect), "fields": sorted(dialect.fields), "sentence": dialect.sentence(endpoint)}
        print(json.dumps({"endpoint": endpoint.setting, "is_allowed": is_allowed(endpoint), **facts}))
        return
    print(dialect.sentence(endpoint))
    begun = "goes on with an answer that was begun" if dialect.continues else "is asked in words how to begin"
    print(f"It {begun}, and {'takes' if 'seed' in dialect.fields else 'does not take'} seeds.")
    if endpoint.stays_here:
        print("It is on this machine: nothing leaves it.")
    else:
        print(leaving(endpoint) if is_allowed(endpoint) else "Nothing is sent there: you have not allowed it.")


def keep_key(url: str, forgets: bool) -> None:
    """Ask for an endpoint's key and keep it in the keychain, or take it out.

    Raises:
        EspalierError: it cannot be a key, or there is no keychain.
    """
    endpoint = parse_endpoint(url)
    if forgets:
        forget_key(endpoint)
        print(f"The keychain has no key for {endpoint.host} any more.", file=sys.stderr)
        return
    is_typed = sys.stdin.isatty()
    store_key(endpoint, getpass.getpass(f"Key for {endpoint.host}: ") if is_typed else sys.stdin.readline())
    print(f"The key for {endpoint.host} is in the keychain.", file=sys.stderr)


def permit(url: str, forgets: bool) -> None:
    """Allow text to be sent to an endpoint, or allow it no more."""
    endpoint = parse_endpoint(url)
    if forgets:
        forbid(endpoint)
        print(f"Nothing is sent to {endpoint.host} any more.", file=sys.stderr)
        return
    allow(endpoint)
    print(f"The text of your documents and seed examples may be sent to {endpoint.host}.", file=sys.stderr)


def ask_leave(project: Project, is_quiet: bool) -> None:
    """Ask the person, once for each endpoint of a project, whether text may be sent there.

    Args:
        project: whose teacher or critic may be remote.
        is_quiet: whether nobody can be asked.

    Raises:
        EspalierError: it may not.
    """
    for endpoint in endpoints(project):
        if not is_allowed(endpoint) and not is_quiet and sys.stdin.isatty():
            print(leaving(endpoint), file=sys.stderr)
            print("Allow that, now and later? [y/N] ", end="", file=sys.stderr, flush=True)
            if sys.stdin.readline().strip().casefold() in ("y", "yes"):
                allow(endpoint)
        require_allowed(endpoint)
