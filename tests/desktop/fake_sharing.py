"""A worker that knows what a run can share and publishes to nowhere, as its one argument says; for layout only."""

import json
import sys
import time
from typing import Any

from espalier.messages import Event, Failed, Finished, Progress, Stage, encode

MADE = {
    "folder": "share/peft",
    "bytes": 9_830_000,
    "made": "2026-11-21T20:02:11",
    "check": {
        "verdict": "same",
        "difference": 2e-6,
        "tolerance": 1e-4,
        "sentence": "Read back, it gives the same answers: logits differ by 0.000002 at most.",
    },
}
NO_DORA = "GGUF has no place for DoRA's magnitudes. Save the whole model instead."
FORMS: list[dict[str, Any]] = [
    {
        "form": "mlx",
        "title": "Adapter for mlx-lm",
        "loads_in": "mlx-lm",
        "reason": "",
        "bytes": 9_800_000,
        "made": None,
    },
    {
        "form": "peft",
        "title": "Adapter for PEFT",
        "loads_in": "transformers",
        "reason": "",
        "bytes": 9_830_000,
        "made": MADE,
    },
    {"form": "gguf", "title": "Adapter in GGUF", "loads_in": "llama.cpp", "reason": NO_DORA, "bytes": 0, "made": None},
    {"form": "fused", "title": "Whole model", "loads_in": "all", "reason": "", "bytes": 269_000_000, "made": None},
    {"form": "dataset", "title": "Dataset", "loads_in": "datasets", "reason": "", "bytes": 120_000, "made": None},
]
PUBLISHED = [
    {
        "repo": "alice/falkirk-wheel",
        "url": "https://huggingface.co/alice/falkirk-wheel",
        "commit": "0f3c",
        "private": True,
        "forms": ["peft", "mlx"],
        "when": "2026-11-21T20:09:40",
    }
]
GATE = [
    {
        "name": "licence of the base",
        "verdict": "good",
        "sentence": "The base is under Apache 2.0. Its licence text goes along.",
        "details": [],
    },
    {
        "name": "personal data",
        "verdict": "look",
        "sentence": "2 samples hold what looks like personal data. Look at them in Review.",
        "details": ["Write to otto@galaxy.net.", "Call 0131 496 0000."],
    },
]
STOP = {
    "name": "documents",
    "verdict": "stop",
    "sentence": "A document has no licence. Name it in the leaf's sources, or keep the repository private.",
    "details": ["knowledge/engineering/falkirk_wheel: wheel.md"],
}
CARD = """---
license: apache-2.0
base_model: HuggingFaceTB/SmolLM2-135M-Instruct
---
# Falkirk Wheel

What this adapter was **taught**: [the wheel](https://example.org/wheel).

| leaf | samples |
|---|---|
| falkirk_wheel | 24 |

<script>alert(1)</script>
"""
TAKEN = "It is on the Hub already, with files that are not from this project. Look at them first."
ACCOUNT = {
    "signed_in": True,
    "name": "alice",
    "orgs": [{"name": "lab", "can_write": True}, {"name": "readers", "can_write": False}],
    "role": "write",
    "can_write": True,
    "problem": "",
}
NOBODY = {"signed_in": False, "name": "", "orgs": [], "role": "", "can_write": False, "problem": ""}


def say(*events: Event) -> None:
    sys.stdout.buffer.write(b"".join(map(encode, events)))
    sys.stdout.buffer.flush()


def plan(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a plan that follows what was asked."""
    files = [{"path": "README.md", "bytes": 2_000}, {"path": "LICENSE", "bytes": 11_000}]
    for form in asked["forms"]:
        files.append({"path": f"{form}/adapter.safetensors", "bytes": 9_800_000})
    gate = GATE if asked["private"] else [*GATE, STOP]
    total = sum(int(str(file["bytes"])) for file in files)
    repo = asked["repo"] or "you/falkirk-wheel"
    remote = {"head": "0f3c", "private": True, "sentence": "" if repo == "alice/falkirk-wheel" else TAKEN}
    remote_or_none = None if "new" in repo or not asked["repo"] else remote
    return {
        "run": asked["run"],
        "forms": FORMS,
        "gate": gate,
        "written": CARD,
        "remote": remote_or_none,
        "problem": "",
        "files": files,
        "bytes": total,
        "repo": repo,
    }


def main() -> int:
    manner = sys.argv[1]
    request = json.loads(sys.stdin.buffer.readline())
    command, asked = request["command"], request["arguments"]
    if command == "share_survey":
        say(Finished({"run": asked["run"], "runs": [asked["run"]], "forms": FORMS, "published": PUBLISHED}))
    elif command == "share_plan":
        say(Finished(plan(asked)))
    elif command == "hub_account":
        say(Finished(NOBODY if manner == "nobody" else ACCOUNT))
    elif manner == "refused":
        say(Stage(command, "Making it"), Failed("Hugging Face is not reached. Look at the connection and try again."))
        return 1
    elif manner == "slow":
        say(Stage(command, "Sending 4 files"))
        figures = {"bytes_per_second": 2_400_000.0}
        say(Progress(command, 4_200_000, 9_800_000, "bytes", 3.0, "", figures))
        time.sleep(60)
    else:
        url = f"https://huggingface.co/{asked.get('repo', '')}"
        say(Stage(command, "Sending 4 files"), Finished({"url": url, "commit": "0f3c", "files": 4, "private": True}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
