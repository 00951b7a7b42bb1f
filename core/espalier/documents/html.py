"""HTML as Markdown: what a reader of the page reads, without programs, pictures, menus or addresses."""

import re
import warnings

from bs4 import BeautifulSoup, Comment, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PreformattedString
from markdownify import MarkdownConverter

from espalier.documents.markdown import paragraph

_UNSEEN = "script style noscript template title iframe object embed svg canvas math picture img video audio map"
_UNSEEN += " input button select textarea dialog nav link meta"
_AROUND = "header footer aside"  # of the page; those of an article belong to its text
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def declared_encoding(data: bytes) -> str:
    """Return the encoding that a page names in its first kilobytes, or ""."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii", "ignore") if found else ""


def html_to_markdown(html: str) -> str:
    """Return what a page says as Markdown; "" when it says nothing. Nothing is fetched or run.

    Raises:
        RecursionError: the page is nested hundreds of levels deep.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML is read as HTML on purpose
        page = BeautifulSoup(html, "lxml")  # closes what pages leave open, and in linear time
    title = page.title.get_text(" ", strip=True) if page.title else ""
    _drop_unseen(page)
    _protect(page)
    body = _main_part(page)
    text = _Converter(
        heading_style="atx",
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
        table_infer_header=True,
        strip=["a"],
    ).convert_soup(body)
    text = _BLANK_LINES.sub("\n\n", text).strip()
    if title and text and not re.search(r"^# ", text, re.MULTILINE):
        text = f"# {' '.join(title.split())}\n\n{text}"
    return f"{text}\n" if text else ""


class _Converter(MarkdownConverter):
    """The library's converter with plain line breaks."""

    def convert_br(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return a plain line break, or a space where a line break would end a heading or a table's row."""
        return " " if "_inline" in parent_tags else "\n"


def _drop_unseen(page: BeautifulSoup) -> None:
    for text in page.find_all(string=lambda text: isinstance(text, Comment | PreformattedString)):
        text.extract()
    for formula in page.find_all("math", alttext=True):
        formula.replace_with(str(formula["alttext"]))
    for tag in page.find_all(_is_unseen):
        if not tag.decomposed:
            tag.decompose()


def _protect(page: BeautifulSoup) -> None:
    """Escape what would mean something else in Markdown: bars in cells, marks at the start of a paragraph."""
    for cell in page.find_all(["td", "th"]):
        for text in cell.find_all(string=re.compile(r"\|")):
            text.replace_with(text.replace("|", "\\|"))
    for block in page.find_all("p"):
        first = block.find(string=True)
        if isinstance(first, NavigableString):
            first.replace_with(paragraph(first.lstrip()))


def _is_unseen(tag: Tag) -> bool:
    style = str(tag.get("style") or "").replace(" ", "").lower()
    return (
        tag.name.split(":")[-1] in _UNSEEN.split()
        or (tag.name in _AROUND.split() and tag.find_parent(["article", "main"]) is None)
        or tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or "display:none" in style
        or "visibility:hidden" in style
    )


def _main_part(page: BeautifulSoup) -> Tag:
    """Return the part marked as the main one when it holds most of the text, else the whole page."""
    whole = len(page.get_text())
    for name in ("main", "article"):
        parts = page.find_all(name)
        if len(parts) == 1 and len(parts[0].get_text()) > whole / 2:
            return parts[0]
    return page
