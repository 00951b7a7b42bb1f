"""The licences of everything inside, as pages of the help: a list, and the text of each."""

from html import escape

from espalier.notices import notices

LICENCE = "licence-"  # begins the name of the page of one package


def licence_page(title: str) -> str:
    """Return the list as Markdown, each package with a link to its text."""
    lines = [f"# {title}", ""]
    for notice in notices():
        name = f"[{notice.name}]({LICENCE}{notice.name}.md)" if notice.text else notice.name
        lines.append(f"- {name} {notice.version} · {notice.licence}")
    return "\n".join(lines) + "\n"


def licence_text(name: str, title: str) -> str:
    """Return the licence and the notices of a package as HTML, below a link back to the list."""
    text = next((notice.text for notice in notices() if notice.name == name), "")
    return f'<p><a href="licences.md">← {escape(title)}</a></p><p style="white-space: pre-wrap">{escape(text)}</p>'
