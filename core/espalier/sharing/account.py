"""Who is signed in on the Hub, and where they may write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huggingface_hub import HfApi

from espalier.errors import EspalierError
from espalier.sharing.hub import hub_api, patiently, tokens_page
from espalier.sharing.token import find_token
from espalier.sharing.trouble import telling

_WRITERS = ("write", "admin", "contributor")


@dataclass(frozen=True)
class Account:
    """An account as its token shows it.

    Attributes:
        role: of the token: ``read``, ``write``, or ``fineGrained``.
        organisations: each with whether this account and token may write there.
        writes_own: whether the token may write under the account's own name.
        repos: single repositories that a fine-grained token may write to.
    """

    name: str
    role: str
    organisations: Mapping[str, bool]
    writes_own: bool
    repos: Sequence[str] = ()

    @property
    def can_write(self) -> bool:
        """Return whether there is any place where this token may write."""
        return self.writes_own or any(self.organisations.values()) or bool(self.repos)

    def refusal(self, repo: str) -> str:
        """Return why this token may not write to a repository, "" when it may."""
        owner = repo.split("/")[0]
        if repo in self.repos or (owner == self.name and self.writes_own) or self.organisations.get(owner):
            return ""
        if owner != self.name and owner not in self.organisations:
            return f"You are {self.name} on the Hub, and no member of {owner}. Publish to {self.name}/NAME."
        return (
            f"Your token may read but not write under {owner}. "
            f"Make one that may write at {tokens_page()} and sign in with it."
        )


def account_of(api: HfApi) -> Account:
    """Return the account that a client is signed in to.

    Raises:
        EspalierError: the token is not known, or the Hub cannot be reached.
    """
    with telling():
        return _read(patiently(lambda: api.whoami(cache=True)))


def told() -> dict[str, Any]:
    """Return who is signed in, as plain values: what the window shows.

    ``problem`` is a sentence when the Hub did not take the token or did not answer; "" otherwise.
    """
    token = find_token()
    nobody = {"signed_in": False, "name": "", "orgs": [], "role": "", "can_write": False, "problem": ""}
    if not token:
        return nobody
    try:
        account = account_of(hub_api(token))
    except EspalierError as error:
        return {**nobody, "problem": str(error)}
    orgs = [{"name": name, "can_write": can_write} for name, can_write in account.organisations.items()]
    known = {"name": account.name, "orgs": orgs, "role": account.role, "can_write": account.can_write}
    problem = "" if account.can_write else account.refusal(f"{account.name}/")
    return {"signed_in": True, **known, "problem": problem}


def _read(answer: Mapping[str, Any]) -> Account:
    name = str(answer["name"])
    access = answer.get("auth", {}).get("accessToken", {})
    role = str(access.get("role", ""))
    fine = access.get("fineGrained") or {}
    scoped = [
        (str(scope.get("entity", {}).get("type", "")), str(scope.get("entity", {}).get("name", "")))
        for scope in fine.get("scoped", ())
        if "repo.write" in scope.get("permissions", ())
    ]
    owners = {owner for kind, owner in scoped if kind in ("user", "org")}
    orgs = {}
    for org in answer.get("orgs", ()):
        is_writer = str(org.get("roleInOrg", "")) in _WRITERS
        orgs[str(org["name"])] = is_writer and (role == "write" or org["name"] in owners)
    repos = tuple(repo for kind, repo in scoped if kind not in ("user", "org") and "/" in repo)
    return Account(name, role, orgs, role == "write" or name in owners, repos)
