"""Markdown pages from templates in which whatever is filled in is text, never markup."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from espalier.evaluation.report_files import escaped, inert
from espalier.resources import resource
from espalier.sharing.private import redacted


class Raw(str):
    """A part that is Markdown already."""

    __slots__ = ()


def page(template: str, values: Mapping[str, Any], *places: Path) -> str:
    """Return the template ``cards/<template>`` filled in; what is no `Raw` shows as the text that it is.

    Args:
        template: its file.
        values: by the names that it uses.
        places: folders whose paths stay out, as secrets do; see `espalier.sharing.private`.
    """

    def finalize(value: object) -> object:
        return value if isinstance(value, Raw) else shown(str(value), *places)

    environment = Environment(  # not HTML: `shown` does the escaping
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=finalize, keep_trailing_newline=True
    )
    environment.filters.update(
        block=lambda text: block(redacted(text, *places)), code=code, share=lambda value: f"{value:.0%}"
    )
    text = environment.from_string(resource(f"cards/{template}").read_text(encoding="utf-8")).render(values)
    return redacted(re.sub(r"\n{3,}", "\n\n", text), *places)


def shown(text: str, *places: Path) -> str:
    """Return a text as one line of Markdown that shows it, without what must not leave the machine."""
    return escaped(redacted(text, *places))


def code(text: str) -> Raw:
    """Return a text, such as a path, as code within a line."""
    line = " ".join(inert(text).split())
    fence = "`" * (1 + max(map(len, re.findall(r"`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return Raw(f"{fence}{space}{line}{space}{fence}")


def block(text: str, language: str = "text") -> Raw:
    """Return a text as a code block that nothing in the text can end."""
    lines = inert(text).strip("\n")
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", lines)), default=0))
    return Raw(f"{fence}{language}\n{lines}\n{fence}")
