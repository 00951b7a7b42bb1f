"""What goes to the Hub: the token, the explicit list, and one commit of it, against a loopback Hub."""

import json
import logging
import os
import pickle
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
from hub_faults import CUT_UPLOAD, Fault, refused, slow, status
from hub_server import TOKEN as SECRET
from hub_server import Serving
from hub_store import Account
from huggingface_hub import HfApi, constants
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_keyring import MemoryKeyring

from espalier.errors import Cancelled, EspalierError
from espalier.messages import Event, Note, Progress
from espalier.sharing import account
from espalier.sharing.bundle import Bundle, files_of
from espalier.sharing.hub import hub_api
from espalier.sharing.private import find_private
from espalier.sharing.repository import Target, publish_files
from espalier.sharing.token import Token, find_token, forget_token, redact, store_token

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own uploads
pytest_plugins = ("hub_fixtures",)
WEIGHTS = (2).to_bytes(8, "little") + b"{}" + bytes(range(256)) * 1200  # an empty header first


def make_forms(root: Path) -> dict[str, Path]:
    """Make the folders of two forms."""
    for name, file in (("peft", "adapter_model.safetensors"), ("mlx", "adapters.safetensors")):
        (root / name).mkdir(parents=True)
        (root / name / file).write_bytes(WEIGHTS + name.encode())
        (root / name / "adapter_config.json").write_text(json.dumps({"form": name}))
    return {name: root / name for name in ("peft", "mlx")}


def bundle_of(root: Path, card: str = "---\nlicense: apache-2.0\n---\n# Mine\n") -> Bundle:
    return files_of(make_forms(root), {"README.md": card})


def publish(api: HfApi, bundle: Bundle, private: bool = True, **more: Any) -> str:
    events: list[Event] = more.pop("events", [])
    target = Target(more.pop("repo", "alice/mine"), more.pop("kind", "model"), private, **more)
    return publish_files(api, target, bundle, "Espalier: a run", events.append)


# The token


def test_a_token_is_kept_in_the_keychain_and_taken_out_again(keychain: MemoryKeyring) -> None:
    assert find_token() is None
    store_token(f"  {SECRET}\n")
    assert keychain.kept == {("Espalier", "huggingface"): SECRET}
    token = find_token()
    assert token
    assert token.reveal() == SECRET
    forget_token()
    forget_token()
    assert find_token() is None


@pytest.mark.parametrize("value", ["", "  ", "two words", "naïve", "hf_\x07"])
def test_what_cannot_be_a_token_is_refused_without_being_repeated(keychain: MemoryKeyring, value: str) -> None:
    with pytest.raises(EspalierError, match="one word") as caught:
        store_token(value)
    assert not keychain.kept
    assert not value.strip() or value.strip() not in str(caught.value)


def test_a_locked_keychain_is_said_and_gives_no_token(keychain: MemoryKeyring) -> None:
    keychain.locked = True
    assert find_token() is None
    with pytest.raises(EspalierError, match="Unlock") as caught:
        store_token(SECRET)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(EspalierError, match="Unlock"):
        forget_token()


def test_a_token_in_the_environment_is_not_taken(keychain: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert find_token() is None
    assert account.told()["signed_in"] is False


def test_without_a_token_nothing_is_sent_as_anybody(
    hub: Serving, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    hub.add_repo("alice/open", {"config.json": b"{}"})
    hub_api(None).model_info("alice/open")
    assert hub.asked
    assert not [asked for asked in hub.asked if "authorization" in asked.headers]


def test_a_token_is_never_pickled_nor_shown() -> None:
    token = Token(SECRET)
    assert SECRET not in f"{token} {token!r} {[token]}"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(token, protocol)
    with pytest.raises(TypeError):
        json.dumps(token)
    assert not hasattr(token, "__dict__")


_PLAIN = st.text(st.characters(codec="utf-8"), max_size=40)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@settings(deadline=None, max_examples=40)
@given(_PLAIN, _PLAIN, st.text(_LETTERS, min_size=20, max_size=40))
def test_no_text_keeps_a_token_once_it_is_redacted(before: str, after: str, letters: str) -> None:
    value = f"hf_{letters}"
    assert value not in redact(f"{before} {value} {after}")
    assert value not in redact(f"{before}https://cdn.example/x?token={value}&a={after}")
    assert value not in Token(value).hide(before + value + after)
    assert letters not in Token(letters).hide(f"{before}Bearer {letters} {after}")
    assert [found for found in find_private(f"{before} {value}") if found.is_secret]


@settings(deadline=None, max_examples=50)
@given(_PLAIN)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    if not {"/", "\\"} & set(text) and "earer" not in text:
        assert redact(text) == text


# The list


def test_only_what_belongs_to_a_form_is_on_the_list(tmp_path: Path) -> None:
    forms = make_forms(tmp_path / "share")
    outside = tmp_path / "outside"
    outside.write_text("mine")
    peft = forms["peft"]
    for name in (".env", ".DS_Store", "notes.txt", "adapter_model.bin", "optimizer.safetensors"):
        (peft / name).write_text("private")
    (peft / ".git").mkdir()
    (peft / ".git" / "config").write_text("private")
    (peft / "sub").mkdir()
    (peft / "sub" / "adapter_config.json").write_text("{}")
    (peft / "tokenizer.json").symlink_to(outside)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.gguf").write_text("private")
    (tmp_path / "share" / "gguf").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(peft / "LICENSE")
    bundle = files_of({**forms, "gguf": tmp_path / "share" / "gguf"}, {"README.md": "# Mine"})
    assert [entry.path for entry in bundle.entries] == [
        *("README.md", "adapter_config.json", "adapter_model.safetensors"),
        *("mlx/adapter_config.json", "mlx/adapters.safetensors"),
    ]
    assert not bundle.problems
    assert {"gguf", "peft/.env", "peft/.git", "peft/tokenizer.json", "peft/LICENSE"} <= set(bundle.left_out)


def test_one_form_is_at_the_root_where_programs_look_for_it(tmp_path: Path) -> None:
    def paths(*names: str) -> list[str]:
        forms = {}
        for name in names:
            forms[name] = tmp_path / "-".join(names) / name
            forms[name].mkdir(parents=True)
            file = {"mlx": "adapters.safetensors", "gguf": "mine-lora-f16.gguf", "ollama": "Modelfile"}
            (forms[name] / file.get(name, "config.json")).write_text("{}")
        return [entry.path for entry in files_of(forms, {}).entries]

    assert paths("fused-4bit") == ["config.json"]
    assert paths("fused-4bit", "fused") == ["fused-4bit/config.json", "fused/config.json"]
    assert paths("mlx", "gguf", "ollama") == ["gguf/mine-lora-f16.gguf", "mlx/adapters.safetensors", "ollama/Modelfile"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"token: {SECRET}", "a token of Hugging Face"),
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        (f'{{"model": "{Path("/Users/ada/secret")}"}}', "names a folder of this computer"),
    ],
)
def test_a_secret_or_a_place_in_a_text_stops_it_with_a_sentence(tmp_path: Path, text: str, problem: str) -> None:
    forms = make_forms(tmp_path)
    (forms["mlx"] / "adapter_config.json").write_text(text)
    bundle = files_of(forms, {})
    assert len(bundle.problems) == 1
    assert bundle.problems[0].startswith("mlx/adapter_config.json")
    assert problem in bundle.problems[0]
    assert SECRET not in bundle.problems[0]


def test_the_header_of_weights_is_read_for_places_and_the_weights_are_not(tmp_path: Path) -> None:
    forms = make_forms(tmp_path)
    header = b'{"__metadata__":{"from":"/Users/ada/x"}}'
    weights = forms["peft"] / "adapter_model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header + WEIGHTS)
    assert "adapter_model.safetensors names a folder" in files_of(forms, {}).problems[0]
    weights.write_bytes((2).to_bytes(8, "little") + b"{}" + header)
    assert not files_of(forms, {}).problems


def test_the_token_in_the_keychain_may_be_in_no_file(tmp_path: Path) -> None:
    forms = make_forms(tmp_path)
    (forms["mlx"] / "adapter_config.json").write_text('{"x": "an-odd-token"}')
    assert not files_of(forms, {}, Token(SECRET)).problems
    assert "your own" in files_of(forms, {}, Token("an-odd-token")).problems[0]


# The account


def test_an_account_says_where_it_may_write(hub: Serving, api: HfApi) -> None:
    alice = account.account_of(api)
    assert (alice.name, alice.role, alice.can_write) == ("alice", "write", True)
    assert alice.organisations == {"lab": True, "club": False}
    assert [alice.refusal(f"{owner}/x") for owner in ("alice", "lab")] == ["", ""]
    assert "may read but not write under club" in alice.refusal("club/x")
    assert "no member of others" in alice.refusal("others/x")


@pytest.mark.parametrize(
    ("given", "allowed", "refused_repos"),
    [
        (Account("alice", SECRET, "read"), [], ["alice/x"]),
        (Account("alice", SECRET, "fineGrained", scopes={"alice": ["repo.write"]}), ["alice/x"], ["lab/x"]),
        (Account("alice", SECRET, "fineGrained", {"lab": "write"}, {"lab": ["repo.write"]}), ["lab/x"], ["alice/x"]),
        (Account("alice", SECRET, "fineGrained", scopes={"alice": ["repo.content.read"]}), [], ["alice/x"]),
    ],
)
def test_the_rights_of_a_token_are_known_before_anything_is_sent(
    hub: Serving, api: HfApi, given: Account, allowed: list[str], refused_repos: list[str]
) -> None:
    hub.add_account(given)
    found = account.account_of(api)
    assert [repo for repo in (*allowed, *refused_repos) if not found.refusal(repo)] == allowed
    assert found.can_write is bool(allowed)


def test_the_window_is_told_who_is_signed_in(hub: Serving, keychain: MemoryKeyring, pauses: list[float]) -> None:
    assert account.told() == {
        **{"signed_in": False, "name": "", "orgs": [], "role": "", "can_write": False},
        "problem": "",
    }
    store_token(SECRET)
    assert account.told() == {
        **{"signed_in": True, "name": "alice", "role": "write", "can_write": True, "problem": ""},
        "orgs": [{"name": "lab", "can_write": True}, {"name": "club", "can_write": False}],
    }
    store_token("hf_unknown")
    assert "Sign in again" in account.told()["problem"]


# One commit


def test_a_list_is_published_in_one_private_commit(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    bundle, events = bundle_of(tmp_path), list[Event]()
    commit = publish(api, bundle, events=events)
    repo = hub.repos["model", "alice/mine"]
    assert repo.private
    assert [each.oid for each in repo.commits] == [repo.commits[0].oid, commit]
    expected = {entry.path: entry.file.read_bytes() if entry.file else entry.text.encode() for entry in bundle.entries}
    assert repo.files == {".gitattributes": repo.files[".gitattributes"], **expected}
    assert hub.count("POST .*/lfs/.*/complete") == 2  # each came in parts
    blobs = [asked for asked in hub.asked if asked.host == "localhost"]
    assert blobs
    assert not [asked for asked in blobs if "authorization" in asked.headers]
    told = [event for event in events if isinstance(event, Progress)]
    weights = sum(entry.size for entry in bundle.entries if entry.file)
    assert {event.stage for event in told} == {"read", "upload"}
    assert [event.done for event in told if event.stage == "upload"][-1] == weights
    assert all(0 <= event.done <= event.total == weights for event in told)


def test_publishing_again_sends_nothing_twice(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    first = publish(api, bundle_of(tmp_path / "a"))
    puts = hub.count("^PUT")
    assert publish(api, bundle_of(tmp_path / "b")) == first
    assert hub.count("^PUT") == puts
    assert len(hub.repos["model", "alice/mine"].commits) == 2


def test_an_update_keeps_one_commit_and_deletes_what_is_published_no_more(
    hub: Serving, api: HfApi, tmp_path: Path
) -> None:
    first = publish(api, bundle_of(tmp_path / "a"))
    forms = make_forms(tmp_path / "b")
    bundle = files_of({"peft": forms["peft"]}, {"README.md": "# New\n"})
    second = publish(api, bundle, commits=[first], earlier=["mlx/adapters.safetensors", "mlx/adapter_config.json"])
    repo = hub.repos["model", "alice/mine"]
    assert repo.head.oid == second != first
    assert set(repo.files) == {".gitattributes", "README.md", "adapter_config.json", "adapter_model.safetensors"}


def test_what_is_not_from_this_project_is_never_replaced_unasked(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    repo = hub.add_repo("alice/mine", {"README.md": b"# Theirs"}, private=True)
    bundle = bundle_of(tmp_path)
    with pytest.raises(EspalierError, match="with files that are not from this project"):
        publish(api, bundle)
    with pytest.raises(EspalierError, match="changed on the Hub since you published it"):
        publish(api, bundle, commits=["0" * 40])
    assert repo.files["README.md"] == b"# Theirs"
    assert publish(api, bundle, over=repo.head.oid) == repo.head.oid
    assert b"# Mine" in repo.files["README.md"]


def test_a_public_repository_takes_nothing_that_is_meant_to_be_private(
    hub: Serving, api: HfApi, tmp_path: Path
) -> None:
    first = publish(api, bundle_of(tmp_path / "a"), private=False)
    assert not hub.repos["model", "alice/mine"].private
    with pytest.raises(EspalierError, match="is public on the Hub"):
        publish(api, bundle_of(tmp_path / "b"), commits=[first])


def test_a_repository_is_public_only_once_its_commit_is_there(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    hub.fail("/commit/", status(403))
    with pytest.raises(EspalierError):
        publish(api, bundle_of(tmp_path / "a"), private=False)
    assert hub.repos["model", "alice/mine"].private
    publish(api, bundle_of(tmp_path / "b"), private=False)
    assert not hub.repos["model", "alice/mine"].private


def test_a_dataset_has_a_repository_of_its_kind(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"messages": []}\n')
    bundle = files_of({"dataset": tmp_path}, {"README.md": "# Data\n"})
    publish(api, bundle, repo="lab/facts", kind="dataset")
    assert set(hub.repos["dataset", "lab/facts"].files) == {".gitattributes", "README.md", "data/train.jsonl"}


def test_a_link_that_takes_a_files_place_is_not_followed(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "share")
    (tmp_path / "secret").write_text("private")
    weights = tmp_path / "share" / "peft" / "adapter_model.safetensors"
    weights.unlink()
    weights.symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match=r"adapter_model\.safetensors"):
        publish(api, bundle)
    assert not hub.repos
    assert not hub.blobs


# What goes wrong

COMMIT = "POST /api/models/alice/mine/commit/"


def test_a_commit_whose_answer_is_lost_is_made_once(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    hub.fail(COMMIT, status(500, is_applied=True))
    commit = publish(api, bundle_of(tmp_path))
    assert len(hub.repos["model", "alice/mine"].commits) == 2
    assert hub.repos["model", "alice/mine"].head.oid == commit


@pytest.mark.parametrize(
    ("where", "fault", "times"),
    [
        (COMMIT, status(500), 2),
        (COMMIT, status(503), 1),
        ("GET /api/models/alice/mine", status(502), 2),
        ("/repos/create", status(500), 1),
        ("/repos/create", Fault(refused(409, "Cannot create repo: another conflicting operation is in progress")), 2),
        ("/preupload/", status(503), 2),
        ("PUT /lfs", status(500), 3),
        ("PUT /lfs", CUT_UPLOAD, 2),
        (COMMIT, CUT_UPLOAD, 1),
        ("/validate-yaml", status(500), 1),
    ],
)
def test_trouble_that_passes_is_waited_for(
    hub: Serving, api: HfApi, tmp_path: Path, pauses: list[float], where: str, fault: Fault, times: int
) -> None:
    hub.fail(where, fault, times)
    publish(api, bundle_of(tmp_path))
    assert len(hub.repos["model", "alice/mine"].commits) == 2
    assert len(pauses) >= times
    assert set(hub.repos["model", "alice/mine"].files) > {"adapter_model.safetensors", "mlx/adapters.safetensors"}


@pytest.mark.parametrize("where", [COMMIT, "/repos/create", "PUT /lfs"])
def test_the_hub_is_given_the_time_that_it_asks_for(
    hub: Serving, api: HfApi, tmp_path: Path, pauses: list[float], where: str
) -> None:
    hub.fail(where, status(429, headers={"Retry-After": "7"}))
    events: list[Event] = []
    publish(api, bundle_of(tmp_path), events=events)
    assert [pause for pause in pauses if 7 <= pause <= 8]
    told = [event.text for event in events if isinstance(event, Note)]
    assert where.startswith("PUT") or "Asking again in 7 s." in told[0]


@pytest.mark.parametrize(
    ("where", "fault", "sentence"),
    [
        ("/repos/create", status(401), "Sign in again"),
        (COMMIT, status(403, "No rights here"), "may not do this for alice/mine: No rights here. Make one"),
        (COMMIT, status(404), "is not on the Hub, or your token may not see it"),
        (COMMIT, status(409), "being changed by somebody else"),
        (COMMIT, status(412), "was changed on the Hub meanwhile"),
        (COMMIT, status(429, headers={"Retry-After": "3600"}), "fewer requests. Try again in 60 min 0 s"),
        ("PUT /lfs", status(429, headers={"Retry-After": "3600"}), "fewer requests. Try again in 60 min 0 s"),
        (COMMIT, status(500), "trouble of its own .status 500."),
        (COMMIT, status(413, "Too large"), "status 413: Too large"),
        ("PUT /lfs", status(500), "publish again to go on"),
        ("PUT /lfs", CUT_UPLOAD, "cannot be reached"),
        ("PUT /lfs", status(403, "signature expired"), "signature expired"),
        ("/verify", status(400, "the content is not what was announced"), "not what was announced"),
    ],
)
def test_trouble_that_stays_is_one_sentence_without_secrets(
    hub: Serving,
    api: HfApi,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    where: str,
    fault: Fault,
    sentence: str,
) -> None:
    caplog.set_level(logging.DEBUG, "httpx2")
    hub.fail(where, fault, times=1000)
    events: list[Event] = []
    with pytest.raises(EspalierError, match=sentence) as caught:
        publish(api, bundle_of(tmp_path), events=events)
    repo = hub.repos.get(("model", "alice/mine"))
    assert repo is None or len(repo.commits) == 1
    shown = "".join(traceback.format_exception(caught.value)) + repr(events) + caplog.text
    assert SECRET not in shown
    assert "signature=secret" not in "".join(traceback.format_exception(caught.value))
    assert SECRET.encode() not in pickle.dumps(caught.value)
    hub.heal()
    publish(api, bundle_of(tmp_path / "again"))
    assert len(hub.repos["model", "alice/mine"].commits) == 2


def test_without_a_connection_it_is_said_at_once(
    hub: Serving, api: HfApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.endpoint = "http://127.0.0.1:9"
    monkeypatch.setattr(constants, "ENDPOINT", api.endpoint)
    with pytest.raises(EspalierError, match="cannot be reached"):
        publish(api, bundle_of(tmp_path))


def test_a_card_that_the_hub_refuses_stops_it_before_anything_is_sent(hub: Serving, api: HfApi, tmp_path: Path) -> None:
    with pytest.raises(EspalierError, match="does not take the card's first lines"):
        publish(api, bundle_of(tmp_path, card="---\nlicense: [\n---\n# Mine\n"))
    assert not hub.repos
    assert not hub.blobs


def test_a_repository_that_others_changed_meanwhile_is_not_overwritten(
    hub: Serving, api: HfApi, tmp_path: Path
) -> None:
    first = publish(api, bundle_of(tmp_path / "a"))
    repo = hub.repos["model", "alice/mine"]
    bundle = bundle_of(tmp_path / "b", card="# Newer\n")
    real = hub.answer

    def answer(request: Any) -> Any:
        if request.path.endswith("/preupload/main"):
            repo.commit({"other.txt": repo.head.files["README.md"]}, "somebody else")
        return real(request)

    hub.answer = answer  # type: ignore[method-assign]
    with pytest.raises(EspalierError, match="was changed on the Hub meanwhile"):
        publish(api, bundle, commits=[first])
    assert repo.files["README.md"] != b"# Newer\n"


def test_stopped_on_its_way_nothing_is_committed_and_the_next_time_goes_on(
    hub: Serving, api: HfApi, tmp_path: Path
) -> None:
    hub.fail("PUT /lfs", slow(0.01), times=1000)
    sent = threading.Event()

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "upload" and event.done:
            sent.set()
            raise Cancelled

    bundle = bundle_of(tmp_path / "a")
    with pytest.raises(Cancelled):
        publish_files(api, Target("alice/mine", "model", True), bundle, "Espalier", stop)
    assert sent.is_set()
    assert len(hub.repos["model", "alice/mine"].commits) == 1
    hub.heal()
    publish(api, bundle_of(tmp_path / "b"))
    assert len(hub.repos["model", "alice/mine"].commits) == 2
