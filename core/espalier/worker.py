"""The compute process: one request line in, event lines out, and the exit status last.

Run as ``python -m espalier.worker``. The real stdout is claimed for events before anything else is imported; what
libraries print goes to stderr. It ends when its stdin closes, so no orphan keeps the machine busy.
"""

import os
import signal
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path
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
    from espalier import demo, stages
    from espalier.evaluation.probe import probe
    from espalier.messages import Text
    from espalier.metal.backend import MlxBackend
    from espalier.models.starter import STARTER
    from espalier.project import is_held, locked, open_project
    from espalier.synthesis.generate import choose_pipeline, generate
    from espalier.synthesis.practice import rejections
    from espalier.training.dial import change_training

    backend = MlxBackend()
    arguments = dict(request.arguments)
    if request.command == "import":
        backend.import_gguf(Path(arguments["source"]), Path(arguments["destination"]))
        return {"model": arguments["destination"]}
    if request.command == "fetch":
        return {"model": str(demo.ensure_starter(backend, emit))}
    if request.command == "bench":
        from espalier.metal.bench import bench, bench_critic
        from espalier.metal.bench_forecast import bench_forecast
        from espalier.metal.bench_replay import bench_replay
        from espalier.metal.bench_training import bench_training

        benches = {"critic": bench_critic, "training": bench_training, "forecast": bench_forecast}
        benches["replay"] = bench_replay
        return benches.get(str(arguments.get("name")), bench)(emit)
    project = open_project(Path(arguments["project"]))
    if request.command == "ask":
        return dict(stages.ask(project, backend, arguments["question"], lambda pane, text: emit(Text(pane, text))))
    if request.command == "train" and arguments.get("finish") and is_held(project):
        run = stages.ask_to_finish(project)
        return {"run": str(run.folder)}
    if request.command == "probe":
        if project.student == STARTER:
            demo.ensure_starter(backend, emit)
        return {"answers": probe(project, backend, arguments["questions"], emit)}
    if request.command == "preview":
        return stages.preview(project, backend, arguments.get("settings"))
    with locked(project):
        demo.ensure_models(project, backend, emit)
        if request.command == "tune":
            return stages.tune(project, backend, emit)
        if request.command == "quantize":
            return {"run": str(stages.quantize(project, backend, emit).folder)}
        if request.command == "evaluate":
            questions = arguments.get("questions")
            return stages.evaluate(project, backend, emit, questions=Path(questions) if questions else None)
        if request.command == "suggest":
            from espalier.synthesis.suggest import suggest

            like = arguments.get("like", "")
            return {"suggested": suggest(project, backend, emit, arguments["leaf"], arguments["keys"], like)}
        if request.command == "explain":
            from espalier.synthesis.suggest import explain_sample

            leaf, key, check = (str(arguments[name]) for name in ("leaf", "key", "check"))
            return {"text": explain_sample(project, backend, emit, leaf, key, check)}
        if request.command == "train" and arguments.get("finish"):
            return {"run": str(stages.finish(project, backend, emit).folder)}
        if request.command == "train" and arguments.get("extend"):
            return {"run": str(stages.extend(project, backend, emit, arguments["extend"]).folder)}
        if request.command == "forecast" or (request.command == "train" and arguments.get("forecast")):
            return stages.forecast_run(project, backend, emit, arguments.get("settings")).as_values()
        if request.command == "train":
            values = arguments.get("settings") or {}
            stages.lesson(project, (), values)  # what is wrong is said before hours of work
            project = change_training(project, values)
        leaves, since = arguments.get("leaves", ()), arguments.get("since", "")
        if request.command == "try":
            from espalier.synthesis.trial import try_few

            tried = replace(project, pipeline=arguments.get("pipeline") or project.pipeline)
            return {"accepted": try_few(tried, backend, emit, leaves)}
        if arguments.get("pipeline"):
            project = choose_pipeline(project, arguments["pipeline"], leaves, since)
        practice = generate(project, backend, emit, leaves, arguments.get("per_leaf", 0), since)
        if request.command == "train":
            return {"run": str(stages.train(project, backend, emit, practice).folder)}
        accepted = sum(len(part.accepted) for part in practice)
        return {"accepted": accepted, "rejected": rejections(practice)}


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
    sys.exit(main())
