"""Fixtures of tests that publish: a Hub, its client in this process, a keychain in memory, and no pauses."""

import time
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from hub_server import TOKEN, Serving, hub_serving
from hub_store import Account
from huggingface_hub import HfApi, constants
from memory_keyring import MemoryKeyring

from espalier.sharing.hub import hub_api
from espalier.sharing.token import Token


@pytest.fixture
def keychain() -> Iterator[MemoryKeyring]:
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serving]:
    """A Hub with alice's account on it, which this process's client asks."""
    with hub_serving(part=100_000) as served:
        served.add_account(Account("alice", TOKEN, organisations={"lab": "write", "club": "read"}))
        monkeypatch.setattr(constants, "ENDPOINT", served.url)
        yield served


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause that is made, in seconds; none takes time."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.fixture
def api(hub: Serving, pauses: list[float]) -> HfApi:
    return hub_api(Token(TOKEN))
