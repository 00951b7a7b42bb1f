"""Which teacher writes, and whether text leaves this Mac for it."""

from espalier.errors import EspalierError
from espalier.project import Project
from espalier.teachers.endpoint import is_endpoint, parse_endpoint
from espalier_desktop.endpoints import endpoint_state
from espalier_desktop.i18n import said, tr
from espalier_desktop.pages.overview.models_card import model_name


def teacher_words(project: Project) -> tuple[str, str]:
    """Return a sentence on the teacher and the role of the label that says it."""
    name = model_name(project.teacher)
    for setting in dict.fromkeys((project.teacher, project.judge)):
        if not is_endpoint(setting):
            continue
        try:
            endpoint = parse_endpoint(setting)
        except EspalierError as error:
            return said(str(error)), "error"
        state, role = endpoint_state(endpoint)
        if not endpoint.stays_here or role != "caption":
            return f"{name} · {state}", role
    return tr("Teacher: {name}. Nothing leaves this Mac.").format(name=name), "caption"
