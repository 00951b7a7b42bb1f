"""The command line: the same work as the window, in the same worker, with the same events."""

import argparse
import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from espalier import check, critic_commands, demo, doctor, samples
from espalier import project as projects
from espalier.client import Outcome, run_worker
from espalier.comparison.turns import Settings
from espalier.documents.reference import import_reference
from espalier.documents.store import Imported, import_document
from espalier.errors import EspalierError
from espalier.evaluation import commands as evaluation
from espalier.messages import Request
from espalier.models import commands as models
from espalier.quantization import commands as quantization
from espalier.report import show_result
from espalier.sharing import commands as sharing
from espalier.sharing import contribute_commands, hub_commands
from espalier.synthesis.pipelines.shipped import SHIPPED
from espalier.taxonomy import bench as taxonomy_bench
from espalier.taxonomy.adopt import adopt
from espalier.taxonomy.lint import DEFAULT_RULES, read_rules
from espalier.teachers.commands import ask_leave
from espalier.training import commands as training

_TASKS = {"import": "import_adapter"}  # the worker's "import" makes a model of a GGUF file
_SINCE = "only leaves that changed since this branch or commit"
_BENCHES = ("taxonomy", "window", "model", "critic", "compare", "training", "forecast", "replay")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when it succeeded, 1 when it failed, 2 for wrong usage."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except EspalierError as error:
        return _fail(str(error), options.debug)
    except OSError as error:
        place = f" at {error.filename}" if error.filename else ""
        return _fail(
            f"The system refused{place}: {error.strerror or error}. Check the path and the room there.",
            options.debug,
        )
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on; finished work is kept.", file=sys.stderr)
        return 130


def _fail(message: str, debug: bool) -> int:
    print(message, file=sys.stderr)
    if debug:
        traceback.print_exc()
    return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print events as JSON lines on stdout")
    common.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    top = argparse.ArgumentParser(prog="espalier", description="Teach a language model what you know.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, text, add_arguments, run in COMMANDS:
        command = commands.add_parser(name, help=text, description=text, parents=[common])
        add_arguments(command)
        command.set_defaults(run=run, command=name)
    return top


def _add_project(command: argparse.ArgumentParser) -> None:
    command.add_argument("project", type=Path)


def _add_demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dir", type=Path, default=Path("espalier-demo"), help="folder of the project")


def _add_new(command: argparse.ArgumentParser) -> None:
    command.add_argument("dir", type=Path)
    start = command.add_mutually_exclusive_group()
    start.add_argument("--example", action="store_true", help="begin with the example")
    start.add_argument("--taxonomy", metavar="PATH|URL", help="begin with a copy or clone of this taxonomy")
    command.add_argument("--dial", choices=projects.DIALS, default="good")


def _add_document(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    command.add_argument("leaf")
    command.add_argument("files", type=Path, nargs="*", metavar="FILE")


def _add_check(command: argparse.ArgumentParser) -> None:
    command.add_argument("path", type=Path)
    text = "as ilab, or as the public taxonomy"
    command.add_argument("--mode", choices=("strict", "ci"), default="strict", help=text)
    command.add_argument("--rules", type=Path, metavar="FILE", help="rules for yamllint instead of InstructLab's own")
    command.add_argument("--since", metavar="REF", default="", help=_SINCE)
    what = command.add_mutually_exclusive_group()
    what.add_argument("--fix", action="store_true", help="make every safe mend, and show it as a diff")
    what.add_argument("--diff", action="store_true", help="show what --fix would change")


def _add_generate(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    command.add_argument("--leaf", action="append", default=[], help="only this leaf; may be given again")
    text = f"how samples are written, from now on: {', '.join(SHIPPED)}, or a file or folder in InstructLab's format"
    command.add_argument("--pipeline", default="", metavar="NAME|FILE", help=text)
    command.add_argument("--per-leaf", type=_count, default=0, metavar="N", help="go on until a leaf has N samples")
    command.add_argument("--changed-since", metavar="REF", default="", help=_SINCE)


def _add_train(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    training.add_arguments(command)


def _add_quantize(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    quantization.add_arguments(command)


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    evaluation.add_arguments(command)


def _add_ask(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    command.add_argument("question")
    usual = Settings()
    command.add_argument("--system", default=usual.system, metavar="TEXT", help="what stands before the question")
    for name, kind, text in (
        ("temperature", float, "0 to 2; 0, the default, takes the likeliest word"),
        ("seed", int, "of the draws, when the temperature is above 0"),
        ("max_tokens", int, f"longest answer; {usual.max_tokens} by default"),
        ("strength", float, "of the adapter, 0 to 1"),
    ):
        flag = f"--{name.replace('_', '-')}"
        command.add_argument(flag, type=kind, default=getattr(usual, name), metavar="N", help=text)


def _add_serve(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    command.add_argument("--port", type=int, default=8080, metavar="N", help="of this computer; 0 for any that is free")
    kinds = command.add_mutually_exclusive_group()
    for kind, text in (("base", "before training"), ("tuned", "after it, the default"), ("quantized", "in 4 bits")):
        kinds.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, default="tuned", help=text)


def _add_bench(command: argparse.ArgumentParser) -> None:
    text = "only this one; all but replay by default, which takes half an hour"
    command.add_argument("name", nargs="?", choices=_BENCHES, help=text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no count; give a number from 1")
    return int(text)


def _demo(options: argparse.Namespace) -> int:
    root: Path = options.dir
    if not (root / projects.SETTINGS).exists():
        demo.check_room(root.absolute().parent, demo.ROOM)
        demo.create_example(root)
    return _finish(run_worker(Request("tune", {"project": str(root)}), options.json), options, root)


def _new(options: argparse.Namespace) -> int:
    if options.taxonomy:
        project = projects.create_around(options.dir, lambda place: adopt(options.taxonomy, place, _report_transfer))
    else:
        project = demo.create_example(options.dir) if options.example else projects.create(options.dir)
    projects.write_settings(replace(project, dial=options.dial))
    print(f"Made {options.dir}. Next: espalier tune {options.dir}", file=sys.stderr)
    return 0


def _document(options: argparse.Namespace) -> int:
    project, leaf = projects.open_project(options.project), options.leaf.strip("/")
    for file in options.files:
        _show_imported(import_document(project, leaf, file))
    if not options.files:
        for document in import_reference(project, leaf, _report_transfer):
            _show_imported(document)
    return 0


def _show_imported(document: Imported) -> None:
    print(document.path)
    for note in document.notes:
        print(f"{document.path.name}: {note}", file=sys.stderr)


def _report_transfer(text: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{text} {share:4.0%} ", end="\n" if share == 1 else "", file=sys.stderr)


def _check(options: argparse.Namespace) -> int:
    rules = read_rules(options.rules) if options.rules else DEFAULT_RULES
    return check.run(
        check.Wanted(options.path, options.mode, rules, options.fix, options.diff, options.json, options.since)
    )


def _stage(options: argparse.Namespace) -> int:
    project = projects.open_project(options.project)
    if options.command in ("generate", "train", "evaluate", "tune"):
        ask_leave(project, options.json)
    arguments: dict[str, Any] = {"project": str(options.project)}
    if options.command == "generate":
        arguments["leaves"] = [leaf.strip("/") for leaf in options.leaf]
        arguments["per_leaf"] = options.per_leaf
        arguments["since"] = options.changed_since
        is_place = options.pipeline and options.pipeline not in SHIPPED and Path(options.pipeline).exists()
        arguments["pipeline"] = str(Path(options.pipeline).absolute()) if is_place else options.pipeline
    if options.command == "train":
        if training.write(options, project):
            return 0
        arguments["settings"] = training.values_of(options, project)
        training.check(project, arguments["settings"])
        arguments |= {name: getattr(options, name) for name in ("extend", "finish")}
    if options.command == "quantize":
        if quantization.show(options, project):
            return 0
        arguments["settings"] = quantization.values_of(options, project)
    if options.command == "evaluate":
        arguments |= evaluation.values_of(options)
    if options.command == "export":
        arguments |= sharing.export_values(options)
    if options.command == "import":
        arguments |= sharing.import_values(options)
    if options.command == "ask":
        names = ("system", "temperature", "seed", "max_tokens", "strength")
        arguments["question"] = options.question
        arguments["settings"] = {name: getattr(options, name) for name in names}
    command = "forecast" if getattr(options, "forecast", False) else _TASKS.get(options.command, options.command)
    outcome = run_worker(Request(command, arguments), options.json)
    if options.command == "evaluate" and not outcome.failure:
        evaluation.write(options, outcome.result)
    return _finish(outcome, options, options.project)


def _serve(options: argparse.Namespace) -> int:
    arguments = {"project": str(options.project), "kind": options.kind, "port": options.port}
    try:
        return _finish(run_worker(Request("serve", arguments), options.json), options)
    except KeyboardInterrupt:
        print("Nothing is served any more.", file=sys.stderr)
        return 0


def _bench(options: argparse.Namespace) -> int:
    if options.name in (None, "taxonomy"):
        for name, value in taxonomy_bench.bench().items():
            print(
                json.dumps({name: value}) if options.json else f"taxonomy, {name}: {value:,.3f}".rstrip("0").rstrip(".")
            )
    if options.name in (None, "window"):
        command = [sys.executable, "-m", "espalier_desktop.bench", *(["--json"] if options.json else [])]
        status = subprocess.run(command, check=False).returncode
        if status:
            return status
    if options.name in ("taxonomy", "window"):
        return 0
    parts = [options.name] if options.name else ["model", "critic", "compare", "training", "forecast"]
    return max(
        (_finish(run_worker(Request("bench", {"name": name}), options.json), options) for name in parts), default=0
    )


def _doctor(options: argparse.Namespace) -> int:
    return doctor.run(as_json=options.json)


def _finish(outcome: Outcome, options: argparse.Namespace, project: Path | None = None) -> int:
    if outcome.failure:
        print(outcome.failure, file=sys.stderr)
        if options.debug and outcome.details:
            print(outcome.details, file=sys.stderr)
        return outcome.status
    if not options.json:
        show_result(outcome.result, project)
    return 0


Arguments = Callable[[argparse.ArgumentParser], None]
COMMANDS: Sequence[tuple[str, str, Arguments, Callable[[argparse.Namespace], int]]] = (
    ("demo", "the whole loop on the example project with the starter model", _add_demo, _demo),
    ("new", "make a new project", _add_new, _new),
    (
        "document",
        "import documents for a knowledge leaf: files, or without any what the leaf's document names",
        _add_document,
        _document,
    ),
    ("check", "find the problems of a qna.yaml, a whole taxonomy or a project", _add_check, _check),
    (
        "models",
        "list, search, get, import, show or remove models; endpoints, their keys, and leave to use them",
        models.add_arguments,
        models.run,
    ),
    ("generate", "write samples and judge them", _add_generate, _stage),
    ("samples", "bring your own samples in, or take samples out", samples.add_arguments, samples.run),
    ("train", "train the adapter; run again to resume", _add_train, _stage),
    ("quantize", "make the student small, and say what it costs", _add_quantize, _stage),
    ("evaluate", "ask the held-out questions before and after", _add_evaluate, _stage),
    ("import", "bring an adapter of PEFT's in as a run", sharing.add_import, _stage),
    ("export", "write what was trained for other programs", sharing.add_export, _stage),
    ("publish", "put what was trained on Hugging Face", hub_commands.add_publish, hub_commands.publish),
    ("hub", "sign in on Hugging Face, sign out, or see who is", hub_commands.add_hub, hub_commands.hub),
    ("tune", "every stage that is stale, in order; run again to resume", _add_project, _stage),
    ("ask", "one question, answered before and after", _add_ask, _stage),
    (
        "contribute",
        "give leaves back to the taxonomy that they came from",
        contribute_commands.add_arguments,
        contribute_commands.run,
    ),
    ("serve", "answer other programs on this computer, as OpenAI's service would", _add_serve, _serve),
    (
        "critic",
        "see how far the critic agrees with you, and have verdicts explained",
        critic_commands.add_arguments,
        critic_commands.run,
    ),
    ("bench", "speed beside the usual way: seconds and ratios from one run", _add_bench, _bench),
    ("doctor", "say what this machine has and lacks", lambda _: None, _doctor),
)


if __name__ == "__main__":
    sys.exit(main())
