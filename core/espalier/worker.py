"""The compute process: one request line in, event lines out, and the exit status last.

A comparison alone takes more lines, one for each question. Run as ``python -m espalier.worker``. The real stdout is
claimed for events before anything else is imported; what libraries print goes to stderr. It ends when its stdin
closes, so no orphan keeps the machine busy.
"""

import os
import signal
import sys
import threading
import traceback
from typing import Any, BinaryIO


def claim_stdout() -> BinaryIO:
    """Return the process's stdout for events and send everything that is printed to stderr."""
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return events


def exit_with_parent() -> None:
    """Stop this process when its end of stdin closes."""

    def watch() -> None:
        while os.read(0, 4096):  # not sys.stdin: its lock would hold up the interpreter's exit
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def read_request() -> bytes:
    """Return the first line of stdin."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line


def main() -> int:
    """Serve one request; return 0 when it is done, 1 when it failed, 130 when it was cancelled."""
    events = claim_stdout()
    from espalier import errors, messages

    def emit(event: messages.Event) -> None:
        events.write(messages.encode(event))

    def stop(*_: Any) -> None:
        raise errors.Cancelled

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        request = messages.decode(read_request())
        if request.command == "compare":
            converse(request, emit)
            return 0
        exit_with_parent()
        emit(messages.Finished(serve(request, emit)))
    except errors.EspalierError as error:
        emit(messages.Failed(str(error), traceback.format_exc()))
        return 1
    except OSError as error:
        emit(messages.Failed(_system_failure(error), traceback.format_exc()))
        return 1
    except errors.Cancelled:
        return 130
    except Exception as error:
        emit(messages.Failed(_failure(error), traceback.format_exc()))
        return 1
    return 0


def serve(request: Any, emit: Any) -> dict[str, Any]:
    """Return the result of a request."""
    from espalier import errands

    if request.command in errands.COMMANDS:  # nothing that models need is imported for them
        return errands.run(request.command, request.arguments, emit)
    if request.command == "bench":
        from espalier.metal.benches import BENCHES

        return BENCHES[request.arguments["name"]](emit)
    if request.command == "self_test":
        from espalier.metal.self_test import self_test

        return self_test()
    from espalier import tasks
    from espalier.metal.backend import MlxBackend

    return tasks.run(request.command, request.arguments, MlxBackend(), emit)


def converse(request: Any, emit: Any) -> None:
    """Serve a comparison: this worker stays, and its further requests come on stdin until that closes."""
    from espalier.inbox import Inbox

    inbox = Inbox()
    inbox.listen()
    from espalier.comparison import service
    from espalier.metal.backend import MlxBackend

    service.serve(request.arguments, MlxBackend().panes(), emit, inbox)


def _system_failure(error: OSError) -> str:
    place = f" at {error.filename}" if error.filename else ""
    if error.errno == 28:
        return f"The disk is full{place}. Make room and run the same command again; finished work is kept."
    if error.errno in (1, 13, 30):
        return f"Writing is not allowed{place}. Allow it, or copy the project elsewhere, and run the command again."
    return f"The system refused{place}: {error.strerror or error}. Run the same command again."


def _failure(error: Exception) -> str:
    text = str(error).strip().split("\n")[0][:300] or type(error).__name__
    if isinstance(error, MemoryError) or "memory" in text.lower():
        return f"There is not enough memory: {text}. Close other programs or choose a smaller model, and run it again."
    return f"The work stopped unexpectedly: {text}. Run the same command again; finished work is kept."


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # MLX aborts where its threads are still about when the interpreter takes itself apart
