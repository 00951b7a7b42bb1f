"""The model that a role's setting stands for, opened: one on this machine, or one behind an endpoint."""

from pathlib import Path

from espalier.errors import EspalierError
from espalier.language import Backend, LanguageModel
from espalier.messages import Emit, Note
from espalier.models.folder import find_model
from espalier.project import Project, content_key, open_project
from espalier.teachers.endpoint import Endpoint, is_endpoint, parse_endpoint
from espalier.teachers.keys import find_key
from espalier.teachers.permission import is_allowed, require_allowed
from espalier.teachers.remote import RemoteModel


def open_model(setting: str, project: Project, backend: Backend, emit: Emit) -> LanguageModel:
    """Return a teacher or critic, ready to be asked.

    Args:
        setting: a model's name, its folder, or ``URL#model``.
        project: keeps the answers of an endpoint.
        backend: loads a model of this machine.
        emit: told when text leaves this machine.

    Raises:
        EspalierError: there is no such model, or text may not be sent to its endpoint.
    """
    if not is_endpoint(setting):
        return backend.load(find_model(setting))
    endpoint = require_ready(setting)
    if not endpoint.stays_here:
        emit(Note(leaving(endpoint)))
    answers = project.samples / "answers" / f"{content_key(endpoint.setting)}.jsonl"
    return RemoteModel(endpoint, find_key(endpoint), emit, answers)


def require_ready(setting: str) -> Endpoint:
    """Return the endpoint of a setting, which may be used without asking the person anything more.

    Raises:
        EspalierError: it names no model, or text may not be sent there.
    """
    endpoint = parse_endpoint(setting)
    if not endpoint.model:
        raise EspalierError(
            f"{endpoint.url} names no model. `espalier models list --endpoint {endpoint.url}` shows what it offers; "
            f"write the name behind a #, as in {endpoint.url}#NAME."
        )
    require_allowed(endpoint)
    return endpoint


def endpoints(project: Project) -> list[Endpoint]:
    """Return the endpoints that a project sends text to: its teacher's and its critic's.

    Raises:
        EspalierError: one of them is no address.
    """
    settings = dict.fromkeys((project.teacher, project.judge))
    return [parse_endpoint(setting) for setting in settings if is_endpoint(setting)]


def unallowed(root: Path) -> Endpoint | None:
    """Return the first endpoint of a project that the person has not allowed; None when there is none."""
    try:
        return next((endpoint for endpoint in endpoints(open_project(root)) if not is_allowed(endpoint)), None)
    except EspalierError:
        return None  # the job itself says what is wrong


def leaving(endpoint: Endpoint) -> str:
    """Return the sentence that says what leaves this machine."""
    where = "in your own network" if endpoint.is_nearby else "on the internet"
    warning = " The connection is not encrypted: others on the way can read it." if endpoint.is_readable else ""
    return (
        f"Leaves this Mac: the text of your documents and seed examples is sent to {endpoint.host}, {where}.{warning}"
    )
