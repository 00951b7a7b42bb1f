"""A comparison as the window talks to it: request lines in, what the panes say out, until the lines end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.comparison.session import Panes, Session
from espalier.errors import EspalierError
from espalier.inbox import Inbox
from espalier.messages import Emit, Failed, Request, decode
from espalier.project import open_project

DEFAULT = ({"kind": "base"}, {"kind": "tuned"})


def serve(arguments: Mapping[str, Any], panes: Panes, emit: Emit, inbox: Inbox) -> None:
    """Open the panes of the first request, and answer the requests that follow it until there are no more.

    Args:
        arguments: ``project``, a folder, which is only read; ``run``, a name or ""; ``panes``, a pair.
        panes: write the answers.
        emit: told everything; a request that cannot be served gets a `Failed` and nothing ends.
        inbox: of the requests ``answer``, ``change`` and ``stop``.

    Raises:
        EspalierError: the panes cannot be opened.
    """
    session = Session(open_project(Path(arguments["project"])), panes, emit, str(arguments.get("run") or ""))
    session.open(arguments.get("panes") or DEFAULT)
    while (line := inbox.wait()) is not None:
        try:
            _heed(_request(line), session, emit, inbox)
        except EspalierError as error:
            emit(Failed(str(error)))


def _heed(request: Request, session: Session, emit: Emit, inbox: Inbox) -> None:
    is_stopped = False

    def look() -> bool:
        """Return whether the answers are to stop; what came before that is refused, what comes after it waits."""
        nonlocal is_stopped
        while not is_stopped and (line := inbox.poll()):
            try:
                is_stopped = _request(line).command == "stop"
            except EspalierError as error:
                emit(Failed(str(error)))
                continue
            if not is_stopped:
                emit(Failed("An answer is being written. Stop it, or wait for its end."))
        return is_stopped

    if request.command == "answer":
        session.answer(request.arguments, look)
    elif request.command == "change":
        session.open(request.arguments.get("panes") or DEFAULT)
    elif request.command != "stop":  # with nothing to stop, there is nothing to do
        raise EspalierError(f"A comparison takes answer, change and stop, not “{request.command}”.")


def _request(line: bytes) -> Request:
    try:
        request = decode(line)
    except ValueError as error:
        raise EspalierError("A line is no request. It is passed over.") from error
    if not isinstance(request, Request):
        raise EspalierError("A line is no request. It is passed over.")
    return request
