"""The Hub's client as it is used here: token from the keychain alone, limits on waiting, nothing told to strangers.

The address is huggingface_hub's own, so ``HF_ENDPOINT`` of the environment stands for another Hub.
"""

import logging
import ssl
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeVar

import httpx2
from huggingface_hub import HfApi, constants, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._http import hf_raise_for_status

from espalier.sharing.token import Token
from espalier.teachers.patience import Patience, asked_pause

PATIENCE = Patience(tries=4, read=120)
T = TypeVar("T")
_LATER = (408, 429, 500, 502, 503, 504)


def hub_api(token: Token | None) -> HfApi:
    """Return the client; without a token it asks as nobody in particular."""
    constants.HF_HUB_DISABLE_XET = True  # its uploads can be neither watched nor cancelled
    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its warnings hold signed addresses
    set_client_factory(_client)
    return HfApi(
        endpoint=constants.ENDPOINT,
        token=token.reveal() if token else False,
        library_name="espalier",
        library_version=version("espalier"),
    )


def tokens_page() -> str:
    """Return where a person makes a token that may write."""
    return f"{constants.ENDPOINT}/settings/tokens/new?tokenType=write"


class BusyError(Exception):
    """The Hub is making another repository of this account."""


def patiently(
    do: Callable[[], T], patience: Patience = PATIENCE, on_pause: Callable[[float], None] = lambda seconds: None
) -> T:
    """Return what a request brings; it is made again, after pauses, when the Hub or the way there has trouble.

    Args:
        do: a request that may be made twice.
        patience: how often, and how long is waited.
        on_pause: told of each pause before it is made, in seconds.
    """
    failures = 0
    while True:
        try:
            return do()
        except (HfHubHTTPError, httpx2.TransportError, BusyError) as error:
            failures += 1
            pause = pause_after(error, failures, patience)
            if pause is None:
                raise
        on_pause(pause)
        time.sleep(pause)


def pause_after(error: Exception, failures: int, patience: Patience = PATIENCE) -> float | None:
    """Return the seconds to wait before a request is made again, None when that is of no use or takes too long."""
    asked: float | None = None
    if isinstance(error, HfHubHTTPError):
        if error.response.status_code not in _LATER:
            return None
        asked = asked_pause(error.response.headers)
    if failures >= patience.tries or (asked is not None and asked > patience.asked):
        return None
    return patience.pause(failures) if asked is None else asked


def _client() -> httpx2.Client:
    timeout = httpx2.Timeout(PATIENCE.read, connect=PATIENCE.connect)
    is_encrypted = constants.ENDPOINT.startswith("https://")  # the list of authorities takes its time to read
    trust = httpx2.create_ssl_context() if is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    hooks = {"response": [_refuse_endless_waits]}
    return httpx2.Client(follow_redirects=True, timeout=timeout, verify=trust, event_hooks=hooks)


def _refuse_endless_waits(response: httpx2.Response) -> None:
    """Raise where huggingface_hub (2.4) would wait for ever: in `HfApi.create_repo`, or as long as it is asked to."""
    if response.status_code == 409 and response.url.path == "/api/repos/create":
        response.read()
        if "another conflicting operation is in progress" in response.text:
            raise BusyError
    if response.status_code == 429 and (asked_pause(response.headers) or 0) > PATIENCE.asked:
        response.read()
        hf_raise_for_status(response)
