"""What went wrong with the Hub, in one sentence that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from espalier.clock import duration
from espalier.errors import EspalierError
from espalier.sharing.hub import BusyError, tokens_page
from espalier.sharing.token import redact
from espalier.teachers.patience import asked_pause

SENT = "What was sent is kept there; publish again to go on."


class HubError(Exception):
    """What the Hub's client said, without secrets: the cause of a sentence, for the log."""


@contextmanager
def telling(repo: str = "", again: str = "Try again.") -> Iterator[None]:
    """Turn what goes wrong with the Hub into one sentence, whose cause holds no secret.

    Args:
        repo: what is asked for, ``owner/name``; "" for an account or a search.
        again: what to do once the trouble is over.

    Raises:
        EspalierError: the Hub refused, or cannot be reached.
    """
    try:
        yield
    except (OSError, httpx2.HTTPError, BusyError, RuntimeError, ValueError) as error:
        inner: BaseException = error
        while isinstance(inner, RuntimeError) and inner.__cause__:  # an upload's own failure hides behind it
            inner = inner.__cause__
        if isinstance(inner, EspalierError) or _is_of_this_machine(inner):
            raise inner from None
        raise EspalierError(_sentence(inner, repo, again)) from HubError(redact(f"{type(inner).__name__}: {inner}"))


def _is_of_this_machine(error: BaseException) -> bool:
    is_the_hubs = isinstance(error, HfHubHTTPError | ConnectionError)
    return isinstance(error, OSError) and error.errno is not None and not is_the_hubs


def _sentence(error: BaseException, repo: str, again: str) -> str:
    if isinstance(error, HfHubHTTPError):
        return _refusal(error, repo, again)
    if isinstance(error, HFValidationError):
        return f"“{repo}” is no name on the Hub. Write OWNER/NAME, each of letters, digits, “-”, “_” and “.”."
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so the Hub is not asked. Unset it, start Espalier again and try again."
    if isinstance(error, BusyError):
        return "The Hub is busy with another repository of yours. Wait a minute and try again."
    if isinstance(error, httpx2.TimeoutException):
        return f"The Hub did not answer in time. {again}"
    if isinstance(error, httpx2.TransportError | ConnectionError):
        return f"The Hub cannot be reached. Check the connection to the internet. {again}"
    return f"The Hub's answer could not be used: {redact(str(error))[:200]}. {again}"


def _refusal(error: HfHubHTTPError, repo: str, again: str) -> str:
    status = error.response.status_code
    reason = redact(" ".join((error.server_message or "").split()))[:300].rstrip(".")
    if isinstance(error, GatedRepoError):
        return f"{repo} is open only to who accepted its terms. Read and accept them on its page, and try again."
    if isinstance(error, RepositoryNotFoundError) or status == 404:
        return f"{repo} is not on the Hub, or your token may not see it. Check the name, and that you are signed in."
    if status == 401:
        return "The Hub does not know this token: it ran out, or was taken back. Sign in again with a new one."
    if status == 403:
        return (
            f"Your token may not do this for {repo}: {reason}. "
            f"Make one that may write at {tokens_page()} and sign in with it, or choose another owner."
        )
    if status == 409:
        return f"{repo} is being changed by somebody else at this moment. Wait a minute and publish again."
    if status == 412:
        return f"{repo} was changed on the Hub meanwhile. Look at what is there now, and publish again."
    if status == 429:
        pause = asked_pause(error.response.headers)
        return f"The Hub wants fewer requests. Try again in {duration(pause) if pause else 'a few minutes'}."
    if status >= 500:
        return f"The Hub has trouble of its own (status {status}). Wait a few minutes. {again}"
    return f"The Hub refused {repo} (status {status}: {reason}). Change that and try again."
