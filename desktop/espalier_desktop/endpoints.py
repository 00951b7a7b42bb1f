"""Teachers that are not on this machine, in words; and the sheet that asks before anything leaves it."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from espalier.errors import EspalierError
from espalier.teachers.endpoint import Endpoint
from espalier.teachers.permission import allow, is_allowed
from espalier_desktop.i18n import said, tr
from espalier_desktop.widgets.sheet import Sheet, tell


def endpoint_state(endpoint: Endpoint) -> tuple[str, str]:
    """Return where a model behind an endpoint is and what that means, with the role of the label that says it."""
    if endpoint.stays_here:
        return tr("Served on this machine, at {host}").format(host=endpoint.host), "caption"
    try:
        may_send = is_allowed(endpoint)
    except EspalierError as error:
        return said(str(error)), "error"
    if may_send:
        return tr("Leaves this Mac: your text is sent to {host}").format(host=endpoint.host), "warning"
    return tr("Not allowed yet: nothing is sent to {host}").format(host=endpoint.host), "warning"


def verdict_on(facts: Mapping[str, Any]) -> str:
    """Return what `espalier models info` found out about an endpoint, in a sentence."""
    if facts["gives_probabilities"] and facts["ranks"] and facts["echoes"]:
        return tr("It answers. It judges by probabilities, as a local model does.")
    if facts["ranks"] or facts["echoes"]:
        return tr("It answers. It judges partly by probabilities, partly by short answers that are compared.")
    return tr("It answers. It tells no probabilities, so short answers are compared.")


def ask_leave(parent: QWidget, endpoint: Endpoint, go_on: Callable[[], object]) -> Sheet:
    """Ask whether text may be sent to an endpoint, in a sheet; go on when it may."""

    def permit() -> None:
        try:
            allow(endpoint)
        except (EspalierError, OSError) as error:
            tell(parent, tr("Espalier could not do that"), said(str(error)))
            return
        go_on()

    text = tr(
        "The model {model} is not on this Mac. It reads the text of your documents and your seed examples, which "
        "are sent to {host}. You are asked once for each address; projects cannot allow it for you."
    )
    if endpoint.is_readable:
        text += " " + tr("The connection is not encrypted: others on the way can read it.")
    line = tr("Send your text to {host}?").format(host=endpoint.host)
    sheet = Sheet(parent, line, text.format(model=endpoint.model, host=endpoint.host))
    sheet.add_cancel().add(tr("Allow"), permit, is_primary=True).open()
    return sheet
