"""Publish a run: its forms, its card and, where it is wanted, its data set, each repository in one commit."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id

from espalier.errors import EspalierError
from espalier.messages import Emit, Stage
from espalier.project import Project
from espalier.sharing.account import account_of
from espalier.sharing.bases import base_of
from espalier.sharing.bundle import Bundle, files_of
from espalier.sharing.card import model_card
from espalier.sharing.card_edits import keep_card, with_edits
from espalier.sharing.dataset_card import dataset_card
from espalier.sharing.export import Writer
from espalier.sharing.forms import form_named, refusal
from espalier.sharing.gate import Line, gate
from espalier.sharing.hub import hub_api
from espalier.sharing.repository import Target, publish_files
from espalier.sharing.shared import ensure, folder_of, keep_record, made, published
from espalier.sharing.token import Token, find_token
from espalier.training.run import Run

DATASET = "dataset"


@dataclass(frozen=True)
class Publication:
    """What a person wants to publish.

    Attributes:
        repo: ``owner/name`` of the model.
        forms: their names, in the order of `espalier.sharing.forms.FORMS`; never the data set.
        private: whether only the owner may see it.
        card: the model card as the person left it, None to have it written.
        dataset_repo: ``owner/name`` of the data set; "" to publish none.
        base: the student's public name where nothing tells it.
        over: a commit of somebody else in ``repo`` that the person agreed to build upon.
    """

    repo: str
    forms: tuple[str, ...]
    private: bool = True
    card: str | None = None
    dataset_repo: str = ""
    base: str = ""
    over: str = ""

    @property
    def all_forms(self) -> tuple[str, ...]:
        """Return the forms with the data set, where it is published."""
        return (*self.forms, *([DATASET] if self.dataset_repo else []))


def publication(arguments: Mapping[str, Any]) -> Publication:
    """Return what a request wants, as the window and the command line put it.

    The form ``dataset`` has a repository of its own: ``dataset_repo``, or the model's name with ``-data`` behind it.

    Raises:
        EspalierError: a name is none on the Hub, there is no such form, or none is given.
    """
    repo, asked = str(arguments["repo"]).strip(), [form_named(str(form)).name for form in arguments["forms"]]
    dataset_repo = str(arguments.get("dataset_repo") or "").strip()
    if DATASET in asked and not dataset_repo:
        dataset_repo = f"{repo}-data"
    if not asked and not dataset_repo:
        raise EspalierError("Nothing is chosen to be published. Choose a form, such as peft.")
    for name in filter(None, (repo, dataset_repo)):
        check_name(name)
    if dataset_repo == repo:
        raise EspalierError(f"{repo} would be the model and the data set. Give the data set a name of its own.")
    return Publication(
        repo,
        tuple(dict.fromkeys(form for form in asked if form != DATASET)),
        bool(arguments.get("private", True)),
        arguments.get("card"),
        dataset_repo,
        str(arguments.get("base") or ""),
        str(arguments.get("over") or ""),
    )


def check_name(repo: str) -> None:
    """Refuse what is no ``owner/name`` of the Hub.

    Raises:
        EspalierError: it is none.
    """
    try:
        validate_repo_id(repo)
        is_name = repo.count("/") == 1
    except HFValidationError:
        is_name = False
    if not is_name:
        raise EspalierError(
            f"“{repo}” is no name on the Hub. Write OWNER/NAME, each of letters, digits, “-”, “_” and “.”."
        )


def publish(
    project: Project,
    run: Run,
    writer: Writer,
    wanted: Publication,
    emit: Emit,
    held: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> dict[str, Any]:
    """Make what is not made yet, publish it, and return the publication as the run's history keeps it.

    Args:
        project: of the run.
        run: that is published.
        writer: makes the forms that are not there.
        wanted: what goes where.
        emit: told how far it is.
        held: holds the project while a form is made; sending needs no hold.

    Raises:
        EspalierError: a form cannot be made, the gate or the list says stop, or the Hub refuses.
    """
    token = _signed_in()
    api = hub_api(token)
    account = account_of(api)
    for repo in filter(None, (wanted.repo if wanted.forms else "", wanted.dataset_repo)):
        if refused := account.refusal(repo):
            raise EspalierError(refused)
    for form in wanted.all_forms:
        if reason := refusal(run, form):
            raise EspalierError(reason)
    is_ready = all(made(run, form) for form in wanted.all_forms)
    with nullcontext() if is_ready else held():
        for form in wanted.all_forms:
            ensure(project, run, writer, form, emit, wanted.base)
    bundle, data = bundles(project, run, wanted, token)
    _check(project, run, wanted, bundle, data)
    if wanted.card is not None:
        keep_card(run, card_of(project, run, wanted), wanted.card)
    record: dict[str, Any] = {}
    if wanted.dataset_repo:
        record = _publish(api, project, run, wanted, data, wanted.dataset_repo, DATASET, emit)
    if wanted.forms:
        of_data = {"dataset": record} if record else {}
        record = _publish(api, project, run, wanted, bundle, wanted.repo, "model", emit) | of_data
    return record


def bundles(project: Project, run: Run, wanted: Publication, token: Token | None) -> tuple[Bundle, Bundle]:
    """Return the lists of the model's and the data set's files, of the forms that are made."""
    forms = {form: folder_of(run, form) for form in wanted.forms if made(run, form)}
    texts = {"README.md": wanted.card or with_edits(run, card_of(project, run, wanted)).text, **legal_texts(run)}
    model = files_of(forms, texts, token) if wanted.forms else Bundle((), (), ())
    if not wanted.dataset_repo:
        return model, Bundle((), (), ())
    of_data = {DATASET: folder_of(run, DATASET)} if made(run, DATASET) else {}
    return model, files_of(of_data, {"README.md": dataset_card(project, run, wanted.dataset_repo)}, token)


def card_of(project: Project, run: Run, wanted: Publication) -> str:
    """Return the model card as Espalier writes it."""
    return model_card(project, run, wanted.repo, wanted.forms, dataset_repo=wanted.dataset_repo)


def legal_texts(run: Run) -> dict[str, str]:
    """Return the licence and the notice of the base, which travel with whatever is made from it."""
    license, texts = base_of(str(run.request.get("student", ""))).license, dict[str, str]()
    for file in license.files:
        name = "NOTICE" if file.name.upper().startswith("NOTICE") else "LICENSE"
        texts.setdefault(name, file.read_text(encoding="utf-8", errors="replace"))
    if license.notice and license.notice not in texts.get("NOTICE", ""):
        texts["NOTICE"] = "\n\n".join(filter(None, (texts.get("NOTICE", "").rstrip(), license.notice))) + "\n"
    return texts


def lines(project: Project, run: Run, wanted: Publication, *found: Bundle) -> list[Line]:
    """Return what to know before publishing, the list's own problems included."""
    files = [(entry.path, entry.file) for bundle in found for entry in bundle.entries if entry.file]
    told = gate(project, run, wanted.all_forms, wanted.private, wanted.repo, files)
    told += [Line("files", "stop", problem) for bundle in found for problem in bundle.problems]
    return told


def suggested(project: Project, owner: str) -> str:
    """Return a name for a project's repository: that of its last publication, or one made from the folder's name."""
    if records := published(project, kind="model"):
        return str(records[-1]["repo"])
    name = re.sub(r"[^A-Za-z0-9]+", "-", project.root.absolute().name).strip("-") or "student"
    return f"{owner}/{name[:80].lower()}" if owner else ""


def _signed_in() -> Token:
    token = find_token()
    if not token:
        raise EspalierError("Nobody is signed in on the Hub. Sign in first: `espalier hub sign-in`.")
    return token


def _check(project: Project, run: Run, wanted: Publication, *found: Bundle) -> None:
    for line in lines(project, run, wanted, *found):
        if line.verdict == "stop":
            raise EspalierError(line.sentence)


def _publish(
    api: HfApi, project: Project, run: Run, wanted: Publication, bundle: Bundle, repo: str, kind: str, emit: Emit
) -> dict[str, Any]:
    before = published(project, repo, kind)
    commits = tuple(str(record["commit"]) for record in before)
    earlier: Sequence[str] = before[-1].get("files", ()) if before else ()
    target = Target(repo, kind, wanted.private, commits, wanted.over if kind == "model" else "", tuple(earlier))
    commit = publish_files(api, target, bundle, f"Espalier: {run.folder.name}", emit)
    address = f"{constants.ENDPOINT}/{'datasets/' if kind == DATASET else ''}{repo}"
    record = {
        "repo": repo,
        "kind": kind,
        "url": address,
        "commit": commit,
        "private": wanted.private,
        "forms": list(wanted.forms if kind == "model" else (DATASET,)),
        "files": [entry.path for entry in bundle.entries],
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    same = ("commit", "private", "forms")
    if not before or [before[-1].get(name) for name in same] != [record[name] for name in same]:
        keep_record(run, record)
    emit(Stage("published", address, run=run.folder.name))
    return record
