"""The report of an evaluation as a file for people: Markdown, a web page that loads nothing, or a table.

Answers are untrusted: in Markdown every sign that could be markup is escaped, in HTML everything is, and in CSV a cell
that a spreadsheet would compute is made plain text.
"""

import csv
import html
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.evaluation.figures import MODELS
from espalier.evaluation.told import sentences
from espalier.files import write_text

Report = Mapping[str, Any]
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A heading, the names of the columns, and rows."""

_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # would turn the text around them
_MARKUP = re.compile(r"([\\`*_\[\]#|~^$@]|(?<=www)\.|(?<=:)//)", re.IGNORECASE)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}"
    "th,td{border:1px solid #8886;padding:.4rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{background:#1c1c1e;color:#eee}}"
)


def write_report(report: Report, path: Path) -> None:
    """Write the report in the form that the file's ending says.

    Raises:
        EspalierError: the ending is none of `FORMS`.
    """
    form = FORMS.get(path.suffix.casefold())
    if form is None:
        raise EspalierError(f"{path.name} is no report: its name must end in {', '.join(FORMS)}.")
    write_text(path, form(report))


def as_markdown(report: Report) -> str:
    """Return the report as Markdown (GitHub's tables) in which no answer is markup."""
    return markdown_page(title_of(report), sentences(report), tables_of(report))


def as_html(report: Report) -> str:
    """Return the report as a web page of its own: no script, no picture, nothing to fetch."""
    return html_page(title_of(report), sentences(report), tables_of(report))


def markdown_page(title: str, texts: Iterable[str], tables: Iterable[Table], picture: str = "") -> str:
    """Return sentences and tables as Markdown in which nothing that is filled in is markup.

    Args:
        title: heading of the page.
        texts: a paragraph each.
        tables: below them.
        picture: a file beside the page, between both; "" for none.
    """
    parts = [f"# {escaped(title)}", *map(escaped, texts), *([f"![]({picture})"] if picture else [])]
    for heading, columns, rows in tables:
        lines = [columns, ["---"] * len(columns), *rows]
        cells = [[cell if cell == "---" else escaped(cell) for cell in line] for line in lines]
        parts += [f"## {escaped(heading)}", "\n".join(f"| {' | '.join(line)} |" for line in cells)]
    return "\n\n".join(parts) + "\n"


def html_page(title: str, texts: Iterable[str], tables: Iterable[Table], picture: str = "") -> str:
    """Return sentences and tables as a web page that loads nothing and runs nothing.

    Args:
        title: heading of the page.
        texts: a paragraph each.
        tables: below them.
        picture: SVG of our own, between both; "" for none.
    """
    title = html.escape(title)
    body = [f"<h1>{title}</h1>", *(f"<p>{html.escape(inert(text))}</p>" for text in texts), picture]
    for heading, columns, rows in tables:
        head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
        lines = ["<tr>" + "".join(f"<td><bdi>{_lines(cell)}</bdi></td>" for cell in row) + "</tr>" for row in rows]
        body.append(
            f"<h2>{html.escape(heading)}</h2>\n<table><thead><tr>{head}</tr></thead>\n<tbody>\n"
            + "\n".join(lines)
            + "\n</tbody></table>"
        )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def as_csv(report: Report) -> str:
    """Return every question with its answers and verdicts as one table, for a spreadsheet."""
    names = _models(report)
    columns = ["part", "leaf", "question", "reference", "judge", "change"]
    columns += [f"{name} {what}" for what in ("answer", "right", "grade") for name in names]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns)
    for part, row in _all_rows(report):
        cells = [part, *(row.get(name, "") for name in ("leaf", "question", "reference", "judge", "change"))]
        for what in ("answers", "right", "grades"):
            cells += [_cell(row.get(what, {}).get(name, "")) for name in names]
        writer.writerow([_plain_cell(str(cell)) for cell in cells])
    return file.getvalue()


FORMS: Mapping[str, Callable[[Report], str]] = {".md": as_markdown, ".html": as_html, ".csv": as_csv}
"""How a report is written, by the ending of its file."""


def title_of(report: Report) -> str:
    """Return the heading of a report."""
    return f"Evaluation of {report.get('student', 'the student')}"


def _models(report: Report) -> list[str]:
    rows = [row for _, row in _all_rows(report)]
    return [name for name in MODELS if any(name in row.get("answers", row.get("right", {})) for row in rows)]


def _all_rows(report: Report) -> Iterator[tuple[str, Report]]:
    yield from (("held-out", row) for row in report["questions"])
    yield from (("forgetting", row) for row in report.get("forgetting", {}).get("questions", ()))
    for row in report.get("mcq", {}).get("questions", ()):
        chosen = {name: row["choices"][place] for name, place in row["chosen"].items()}
        yield "multiple choice", {**row, "reference": row["choices"][row["answer"]], "answers": chosen}
    yield from (("two turns", row) for row in report.get("two_turn", {}).get("questions", ()))


def tables_of(report: Report) -> Iterator[Table]:
    """Yield what a report found as tables, the leaves first."""
    names = _models(report)
    for heading, counts in (("By leaf", report["leaves"]), ("By branch", report.get("branches", {}))):
        if counts:
            rows = [
                [path or "(all)", str(found["questions"]), *(str(found.get(name, "")) for name in names)]
                for path, found in counts.items()
            ]
            yield heading, ["", "questions", *names], rows
    for wanted, heading in (("regressed", "Regressed"), ("improved", "Improved"), ("same", "The same")):
        listed = [row for row in report["questions"] if row.get("change") == wanted]
        if listed:
            yield heading, ["question", *names, "judged by"], [_answers(row, names) for row in listed]
    if report.get("refused"):
        yield (
            "Refused, since the student was trained on it",
            ["question", "training row", "leaf"],
            [[each["question"], each["row"], each["leaf"]] for each in report["refused"]],
        )
    lost = [row for row in report.get("forgetting", {}).get("questions", ()) if row["change"] == "regressed"]
    if lost:
        yield (
            "General questions that were right before",
            ["question", *names],
            [_answers(row, names)[:-1] for row in lost],
        )
    talks = report.get("two_turn", {}).get("questions", ())
    if talks:
        rows = [
            [
                f"{row['question']}\n{row['follow_up']}",
                *("\n".join([*row["answers"][name], f"({_cell(row['grades'][name])})"]) for name in names),
            ]
            for row in talks
        ]
        yield "Conversations of two turns", ["request", *names], rows


def _answers(row: Report, names: Sequence[str]) -> list[str]:
    marks = {name: "right" if row["right"].get(name) else "wrong" for name in names}
    answers = [f"{marks[name]}: {row['answers'].get(name, '')}" for name in names]
    return [row["question"], *answers, row.get("judge", "accept strings")]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list | tuple):
        return "\n".join(_cell(each) for each in value)
    return str(value)


def inert(text: str) -> str:
    """Return a text without control characters and those that change the direction of what follows."""
    text = _DIRECTIONS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs"))


def _lines(text: str) -> str:
    return html.escape(inert(text)).replace("\n", "<br>")


def escaped(text: str) -> str:
    """Return a text as one line of Markdown that shows it as it is."""
    line = " ".join(inert(text).split())
    return _MARKUP.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _plain_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, “CSV Injection”)."""
    text = inert(text)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text[:1] in ("\t", "\r") else text
