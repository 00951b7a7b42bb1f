"""A run on its way to the Hub and back: forms, card, gate, history, and the command; the real client throughout."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from hub_faults import status
from hub_server import TOKEN as SECRET
from hub_server import Serving

import espalier.metal
from espalier import cli
from espalier.errors import EspalierError
from espalier.files import read_lines
from espalier.messages import Event, Stage
from espalier.metal.adapters import adapt, write_adapter
from espalier.metal.backend import MlxBackend
from espalier.metal.model import load
from espalier.project import Project, create, open_project
from espalier.sharing.export import run_named
from espalier.sharing.licences import named_license
from espalier.sharing.plan import plan
from espalier.sharing.publish import publication, publish
from espalier.sharing.shared import made, published, survey
from espalier.sharing.token import find_token, store_token
from espalier.training.run import Run
from espalier.training.settings import LoraSettings, TrainSettings

pytest_plugins = ("hub_fixtures",)
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own uploads
assert espalier.metal
BASE = "owner/tiny"
SETTINGS = TrainSettings(lora=LoraSettings(rank=4, scale=3.0))
ROW = {"leaf": "knowledge/x", "question": "When?", "answer": "In 1901.", "origin": "sample"}


@pytest.fixture
def run(tmp_path: Path, tiny_folder: Path) -> Run:
    """A finished run whose adapter is random."""
    project = create(tmp_path / "project")
    (project.root / "project.yaml").write_text(
        f"version: 1\nmodels: {{student: {tiny_folder}, teacher: {tiny_folder}}}\n"
    )
    folder = project.runs / "2026-11-20T10-00-00"
    (folder / "adapter").mkdir(parents=True)
    shake(folder, tiny_folder, 5)
    for name in ("train", "heldout"):
        (folder / f"{name}.jsonl").write_text(json.dumps(ROW) + "\n")
    (folder / "request.json").write_text(json.dumps({"key": "k", "student": str(tiny_folder), "settings": {}}))
    return run_named(open_project(project.root))


def shake(folder: Path, student: Path, seed: int) -> None:
    """Write a random adapter into a run."""
    loaded = load(student)
    adapt(loaded, SETTINGS)
    mx.random.seed(seed)
    for _, module in loaded.model.named_modules():
        if "lora_b" in module:
            module.lora_b = mx.random.normal(module.lora_b.shape) * 0.1
    write_adapter(folder / "adapter", loaded.model, SETTINGS)


def project_of(run: Run) -> Project:
    return open_project(run.folder.parents[1])


def go(run: Run, **wanted: Any) -> dict[str, Any]:
    """Publish from this process."""
    events: list[Event] = wanted.pop("events", [])
    arguments = {"repo": "alice/mine", "forms": ["mlx"], "base": BASE, **wanted}
    return publish(project_of(run), run, MlxBackend(), publication(arguments), events.append)


@pytest.fixture
def signed_in(keychain: object, hub: Serving, pauses: object) -> Serving:
    store_token(SECRET)
    return hub


def logits(model: Any) -> mx.array:
    found = model(mx.array([list(range(3, 40))]))
    mx.eval(found)
    return found


def espalier_command(environment: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espalier.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=given, env=environment, timeout=300)


def fetch(environment: dict[str, str], repo: str) -> Path:
    """Download a repository as another program does, in a process of its own: a client's address is fixed at import."""
    code = "import sys, huggingface_hub as hub; print(hub.snapshot_download(sys.argv[1], token=input()))"
    command = [sys.executable, "-c", code, repo]
    done = subprocess.run(command, capture_output=True, text=True, input=f"{SECRET}\n", env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def test_what_was_trained_is_published_fetched_and_computes_the_same(
    hub: Serving, run: Run, tiny_folder: Path, tmp_path: Path
) -> None:
    from mlx_lm.utils import load as load_plainly

    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])  # the first: where file_keyring is
    keychain = {"PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring", "FILE_KEYRING": str(tmp_path / "keys.json")}
    environment = {**hub.environment(tmp_path / "hf"), **keychain, "PYTHONPATH": path}
    project = str(project_of(run).root)
    signed = espalier_command(environment, "hub", "sign-in", given=f"{SECRET}\n")
    assert signed.stdout == "Signed in as alice. May write: alice, lab.\n", signed.stderr
    hub.fail("/commit/main", status(500, is_applied=True))
    done = espalier_command(environment, "publish", project, "alice/mine", "--forms", "peft,mlx", "--base", BASE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{hub.url}/alice/mine\n"
    repo = hub.repos["model", "alice/mine"]
    assert repo.private
    assert len(repo.commits) == 2
    assert set(repo.files) == {
        *(".gitattributes", "README.md", "adapter_config.json", "adapter_model.safetensors"),
        *("mlx/adapter_config.json", "mlx/adapters.safetensors"),
    }
    assert b"base_model: owner/tiny" in repo.files["README.md"] or b"library_name: peft" in repo.files["README.md"]

    folder = fetch(environment, "alice/mine")
    plain, _ = load_plainly(str(tiny_folder), adapter_path=str(folder / "mlx"))
    ours = MlxBackend().load(tiny_folder, run.adapter).model
    assert float(mx.abs(logits(plain) - logits(ours)).max()) == 0.0
    assert float(mx.abs(logits(plain) - logits(load(tiny_folder).model)).max()) > 0.01
    peft = mx.load(str(folder / "adapter_model.safetensors"))
    assert len(peft) == len(mx.load(str(folder / "mlx" / "adapters.safetensors")))

    assert SECRET not in signed.stdout + signed.stderr + done.stdout + done.stderr
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert kept == [tmp_path / "keys.json"]


def test_a_publication_is_kept_in_the_runs_history_and_forms_are_made_once(signed_in: Serving, run: Run) -> None:
    events: list[Event] = []
    assert made(run, "mlx") is None
    record = go(run, events=events)
    assert record["url"] == f"{signed_in.url}/alice/mine"
    assert record["commit"] == signed_in.repos["model", "alice/mine"].head.oid
    assert published(project_of(run)) == [{**record, "run": run.folder.name}]
    assert made(run, "mlx")
    go(run, events=events)
    told = [event for event in events if isinstance(event, Stage) and event.name == "export"]
    assert [event.is_fresh for event in told] == [False, True]
    shown = survey(project_of(run))
    assert (shown["run"], shown["runs"]) == (run.folder.name, [run.folder.name])
    assert {form["form"] for form in shown["forms"] if form["made"]} == {"mlx"}
    assert len(shown["published"]) == 1, "nothing new was published"


def test_a_form_of_an_older_adapter_is_made_again(signed_in: Serving, run: Run, tiny_folder: Path) -> None:
    first = go(run)
    before = signed_in.repos["model", "alice/mine"].files["mlx/adapters.safetensors"]
    shake(run.folder, tiny_folder, 6)
    assert made(run, "mlx") is None
    assert go(run)["commit"] != first["commit"]
    assert signed_in.repos["model", "alice/mine"].files["mlx/adapters.safetensors"] != before


def test_the_plan_says_what_goes_where_before_anything_is_made(signed_in: Serving, run: Run) -> None:
    arguments = {"project": str(project_of(run).root), "repo": "", "forms": ["mlx", "peft"], "private": True}
    planned = plan(arguments)
    assert (planned["repo"], planned["remote"], planned["problem"]) == ("alice/project", None, "")
    assert [(file["path"], file["is_made"]) for file in planned["files"]] == [
        *(("README.md", True), ("mlx/", False), ("peft/", False))
    ]
    assert {"visibility", "licence", "personal data"} <= {line["name"] for line in planned["gate"]}
    assert planned["card"].startswith("---\n")
    assert not signed_in.repos
    go(run, repo="alice/project")
    planned = plan({**arguments, "forms": ["mlx"]})
    assert all(file["is_made"] for file in planned["files"])
    assert planned["bytes"] == sum(file["bytes"] for file in planned["files"])
    assert planned["remote"]["sentence"] == ""
    assert "changed on the Hub" in plan_after_a_change(signed_in, arguments)["remote"]["sentence"]


def plan_after_a_change(hub: Serving, arguments: dict[str, Any]) -> dict[str, Any]:
    repo = hub.repos["model", "alice/project"]
    repo.commit({"theirs.txt": repo.head.files["README.md"]}, "somebody else")
    return plan(arguments)


def test_without_a_connection_the_plan_is_there_all_the_same(
    signed_in: Serving, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    planned = plan({"project": str(project_of(run).root), "repo": "", "forms": ["mlx"], "private": True})
    assert "cannot be reached" in planned["problem"]
    assert planned["repo"] == "you/project"
    assert planned["gate"]


def test_what_lies_beside_a_form_is_never_sent_and_a_token_in_it_stops_it(
    signed_in: Serving, run: Run, tmp_path: Path
) -> None:
    go(run)
    folder = run.folder / "share" / "mlx"
    (tmp_path / "secret.txt").write_text("private")
    for name in (".env", ".DS_Store", "notes.txt"):
        (folder / name).write_text(f"token={SECRET}")
    (folder / "tokenizer.json").symlink_to(tmp_path / "secret.txt")
    signed_in.repos.clear()
    signed_in.blobs.clear()
    go(run)
    kept = signed_in.repos["model", "alice/mine"].files
    assert set(kept) == {".gitattributes", "README.md", "mlx/adapter_config.json", "mlx/adapters.safetensors"}
    assert SECRET.encode() not in b"".join(kept.values())
    planned = plan({"project": str(project_of(run).root), "repo": "alice/mine", "forms": ["mlx"], "private": True})
    assert {"mlx/.env", "mlx/.DS_Store", "mlx/notes.txt", "mlx/tokenizer.json"} == set(planned["left_out"])
    with pytest.raises(EspalierError, match=r"README\.md holds your own Hugging Face token"):
        go(run, card=f"---\nlicense: mit\n---\n# Mine\n\nUse {SECRET}.\n")
    assert SECRET.encode() not in b"".join(signed_in.repos["model", "alice/mine"].files.values())


def test_the_gate_stops_what_may_not_be_public(signed_in: Serving, run: Run) -> None:
    with pytest.raises(EspalierError, match="licence of the base"):
        go(run, private=False)
    assert not signed_in.repos


def test_the_persons_own_card_is_published_and_kept(signed_in: Serving, run: Run) -> None:
    written = plan({"project": str(project_of(run).root), "repo": "alice/mine", "forms": ["mlx"], "private": True})
    card = written["card"] + "\n## My words\n\nBe kind.\n"
    go(run, card=card)
    assert signed_in.repos["model", "alice/mine"].files["README.md"].decode() == card
    go(run)
    assert b"Be kind." in signed_in.repos["model", "alice/mine"].files["README.md"]


def test_the_data_set_has_a_repository_of_its_own(signed_in: Serving, run: Run) -> None:
    record = go(run, forms=["mlx", "dataset"])
    assert record["dataset"]["url"] == f"{signed_in.url}/datasets/alice/mine-data"
    data = signed_in.repos["dataset", "alice/mine-data"]
    assert data.private
    assert {"README.md", "data/train.jsonl"} <= set(data.files)
    assert b"alice/mine-data" in signed_in.repos["model", "alice/mine"].files["README.md"]
    assert [each["kind"] for each in read_lines(run.folder / "published.jsonl")] == ["dataset", "model"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"repo": "mine"}, "no name on the Hub"),
        ({"repo": "alice/no way"}, "no name on the Hub"),
        ({"repo": "alice/../x"}, "no name on the Hub"),
        ({"forms": ["zip"]}, "no form “zip”"),
        ({"forms": []}, "Nothing is chosen"),
        ({"dataset_repo": "alice/mine"}, "a name of its own"),
        ({"repo": "club/mine"}, "may read but not write under club"),
    ],
)
def test_what_cannot_be_published_is_said_before_anything_is_made(
    signed_in: Serving, run: Run, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(EspalierError, match=sentence):
        go(run, **arguments)
    assert not (run.folder / "share").exists()
    assert not signed_in.repos


def test_who_is_not_signed_in_is_told_how(hub: Serving, keychain: object, run: Run) -> None:
    with pytest.raises(EspalierError, match="Nobody is signed in"):
        go(run)
    assert not hub.asked


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str, given: str = "") -> int:
    """Run one command in this process, with what is typed on a pipe."""
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    return cli.main(arguments)


def test_only_a_token_that_the_hub_knows_is_kept(
    hub: Serving, keychain: object, pauses: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "hub", "account") == 0
    assert capsys.readouterr().out == "Nobody is signed in.\n"
    assert command(monkeypatch, "hub", "sign-in", given="hf_wrong\n") == 1
    assert "does not know this token" in capsys.readouterr().err
    assert find_token() is None
    assert command(monkeypatch, "hub", "sign-in", given=f"{SECRET}\n") == 0
    assert command(monkeypatch, "hub", "account", "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out.splitlines()[-1])["name"] == "alice"
    assert SECRET not in shown.out + shown.err
    assert command(monkeypatch, "hub", "sign-out") == 0
    assert find_token() is None


def test_the_command_asks_before_it_publishes_for_everybody_or_replaces(
    signed_in: Serving, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    student = Path(run.request["student"])
    monkeypatch.setattr("espalier.sharing.hub_commands.run_worker", lambda *_: pytest.fail("it was not asked"))
    project = str(project_of(run).root)
    signed_in.add_repo("alice/mine", {"theirs.txt": b"theirs"}, private=True)
    assert command(monkeypatch, "publish", project, "alice/mine", "--forms", "mlx") == 1
    assert "files that are not from this project" in capsys.readouterr().err
    assert command(monkeypatch, "publish", project, "alice/new", "--forms", "mlx", "--public") == 1
    assert f"The licence of the base {student.name} is not known" in capsys.readouterr().err
    monkeypatch.setattr("espalier.sharing.bases.license_of", lambda folder: named_license("mit"))
    assert command(monkeypatch, "publish", project, "alice/new", "--forms", "mlx", "--public") == 1
    shown = capsys.readouterr().err
    assert "Publish alice/new for everybody? Say so with --yes." in shown
    assert "about" in shown
