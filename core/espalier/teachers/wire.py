"""Requests to one endpoint: several at a time, each repeated until it is answered or has to be given up."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx2

from espalier.errors import EspalierError
from espalier.teachers.endpoint import Endpoint
from espalier.teachers.keys import Key, variable
from espalier.teachers.patience import Patience, asked_pause

AT_ONCE = 8  # requests; servers for one person queue beyond a few, clusters batch them
LARGEST = 32 << 20  # bytes of one answer
_SPENT = "insufficient_quota"  # OpenAI's code of a 429 that no waiting mends

Result = TypeVar("Result")


class StatusError(EspalierError):
    """The endpoint did not serve a request.

    Attributes:
        status: of HTTP; 0 when there was none.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class RefusedError(StatusError):
    """The endpoint understood a request and will not serve it, however often it is asked."""


class GivenUpError(StatusError):
    """Every try was in vain."""


class _TryAgainError(Exception):
    """One try was in vain; ``pause`` is what the endpoint asked for, in seconds."""

    def __init__(self, reason: str, status: int = 0, pause: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.pause = pause


class Wire:
    """The connection to an endpoint; redirects are never followed, so that no text goes where nobody allowed it."""

    def __init__(self, endpoint: Endpoint, key: Key | None, patience: Patience) -> None:
        self._endpoint = endpoint
        self._key = key
        self._patience = patience
        self._has_answered = False
        self._closed_until = 0.0  # no request begins before: the endpoint asked for a pause
        is_encrypted = endpoint.url.startswith("https:")  # making a context reads every certificate: once is enough
        self._trust = httpx2.create_ssl_context() if is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client: httpx2.AsyncClient | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold the connections of one event loop.

        Raises:
            EspalierError: the key would be readable on the way.
        """
        headers = {"Accept": "application/json"}
        if self._key:
            if self._endpoint.is_readable:
                raise EspalierError(
                    f"The key for {self._endpoint.host} would be readable by anyone on the way. Use https://."
                )
            headers["Authorization"] = f"Bearer {self._key.value}"
        self._slots = asyncio.Semaphore(AT_ONCE)
        async with httpx2.AsyncClient(
            headers=headers,
            verify=self._trust,
            timeout=httpx2.Timeout(self._patience.read, connect=self._patience.connect),
            limits=httpx2.Limits(max_connections=AT_ONCE),
            follow_redirects=False,
            trust_env=not self._endpoint.stays_here,  # a proxy has no business with this computer's own servers
        ) as self._client:
            yield

    async def ask(self, page: str, body: Mapping[str, Any] | None, read: Callable[[Any], Result]) -> Result:
        """Return what ``read`` makes of the endpoint's answer.

        Args:
            page: of the API, such as ``/models``.
            body: what is posted; None to get the page.
            read: raises ValueError when an answer is not what it must be; then it is asked for again.

        Raises:
            RefusedError: the request cannot be served.
            GivenUpError: there is no usable answer after so many tries.
            EspalierError: there is no connection.
        """
        last = _TryAgainError("")
        for failures in range(self._patience.tries):
            if failures:
                await asyncio.sleep(self._patience.pause(failures))
            while (pause := self._closed_until - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            try:
                async with self._slots:
                    content = await self._exchange(page, body)
                return _parsed(content, read)
            except _TryAgainError as error:
                last = error
                if error.pause is not None:
                    self._wait_as_asked(error.pause)
        raise GivenUpError(
            f"{self._endpoint.host} gave no usable answer in {self._patience.tries} tries: {last}. "
            "What was answered is kept. Run the same command again later.",
            last.status,
        )

    def _wait_as_asked(self, pause: float) -> None:
        if pause > self._patience.asked:
            raise EspalierError(
                f"{self._endpoint.host} asks to wait {round(pause / 60)} minutes before the next request. "
                "What was answered is kept. Run the same command again then."
            )
        self._closed_until = max(self._closed_until, time.monotonic() + pause)

    async def _exchange(self, page: str, body: Mapping[str, Any] | None) -> bytes:
        assert self._client
        try:
            async with (
                asyncio.timeout(self._patience.read),
                self._client.stream("GET" if body is None else "POST", self._endpoint.url + page, json=body) as reply,
            ):
                self._has_answered = True
                content = await self._content(reply)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise _TryAgainError("it took too long to answer") from error
        except httpx2.TransportError as error:
            raise self._no_connection(error) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise EspalierError(f"{self._endpoint.url} cannot be asked: {self._said(str(error))}. Check it.") from error
        if reply.status_code == 200:
            return content
        raise self._refusal(reply, content)

    async def _content(self, reply: httpx2.Response) -> bytes:
        content = bytearray()
        async for piece in reply.aiter_bytes():
            content += piece
            if len(content) > LARGEST:
                raise EspalierError(
                    f"{self._endpoint.host} sent more than {LARGEST >> 20} MB for one answer. "
                    "That is no language model's answer; check the address."
                )
        return bytes(content)

    def _no_connection(self, error: httpx2.TransportError) -> Exception:
        if _is_about_certificate(error):
            return EspalierError(
                f"The certificate of {self._endpoint.host} cannot be trusted ({self._said(str(error))}), so nothing "
                "was sent. Check the address and this computer's clock."
            )
        if isinstance(error, httpx2.ConnectError) and not self._has_answered:
            return EspalierError(
                f"Nothing answers at {self._endpoint.host}. Start the server there, or check the address and the "
                "network."
            )
        return _TryAgainError("the connection was cut")

    def _refusal(self, reply: httpx2.Response, content: bytes) -> Exception:
        status, host, said = reply.status_code, self._endpoint.host, self._said(_message(content))
        because = f": {said}" if said else ""
        if 300 <= status < 400:
            place = self._said(reply.headers.get("location", "another address"))
            return RefusedError(
                f"{host} redirects to {place}. Redirects are not followed; use that address if you trust it.", status
            )
        if status in (401, 403):
            known = "does not accept the key" if self._key else "wants a key"
            return RefusedError(
                f"{host} {known} ({status}{because}). `espalier models key {self._endpoint.url}` stores one in the "
                f"keychain; the environment variable {variable(self._endpoint)} may hold it too.",
                status,
            )
        if status == 429 and _SPENT in content.decode(errors="replace"):
            return RefusedError(
                f"The account at {host} has no credit left{because}. Add some, and run it again.", status
            )
        if status in (408, 425, 429) or status >= 500:
            return _TryAgainError(f"it said {status}{because}", status, asked_pause(reply.headers))
        if status == 404:
            return RefusedError(
                f"{host} does not know {self._endpoint.model or self._endpoint.url} ({status}{because}). "
                f"`espalier models list --endpoint {self._endpoint.url}` shows what it offers.",
                status,
            )
        return RefusedError(f"{host} refused the request ({status}{because}). Check the model's name.", status)

    def _said(self, text: str) -> str:
        """Return what a server said as one short line that holds no key and moves no cursor."""
        line = "".join(letter if letter.isprintable() else " " for letter in text)
        line = " ".join((self._key.hide(line) if self._key else line).split())
        return line[:200].rstrip(".")


def _parsed(content: bytes, read: Callable[[Any], Result]) -> Result:
    try:
        return read(json.loads(content))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise _TryAgainError("its answer could not be read") from error


def _message(content: bytes) -> str:
    """Return the sentence in an answer that is an error, "" when there is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return found if isinstance(found, str) else ""


def _is_about_certificate(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE" in str(error) or "[SSL" in str(error)
