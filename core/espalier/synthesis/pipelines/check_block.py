"""The critic's checks that ask no model, as a block of our own."""

from collections.abc import Sequence
from dataclasses import dataclass

from espalier.synthesis import checks
from espalier.synthesis.critic import CONTENT, content
from espalier.synthesis.pipelines.rows import Calls, Row, Table
from espalier.synthesis.sample import Check, Sample
from espalier.synthesis.words import content_words, plain

CHECKS = ("form", "stands alone", "leaves something to answer", "new", CONTENT)


@dataclass(frozen=True)
class CheckBlock:
    """Makes some of the critic's plain checks, which are named as everywhere.

    Attributes:
        checks: of `CHECKS`, in the order they are made; the first that fails removes the row.
    """

    name: str
    checks: tuple[str, ...]

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows that pass."""
        table = Table()
        known = list(calls.known)
        for row in rows:
            for name in self.checks:
                check = _check(name, row, known, calls)
                row = row.judged(check)
                if not check.passed:
                    break
            if row.verdict and not row.verdict[-1].passed:
                table.removed.append(row)
                continue
            if "new" in self.checks:
                known.append(plain(str(row.columns.get("question", ""))))
            table.rows.append(row)
        return table


def _check(name: str, row: Row, known: Sequence[str], calls: Calls) -> Check:
    question, answer = str(row.columns.get("question", "")), str(row.columns.get("response", ""))
    if name == "form":
        return checks.form(question)
    if name == "stands alone":
        told = ("document", "raw_document", "document_outline", "domain")
        return checks.stands_alone(question, content_words(" ".join(str(row.columns.get(key, "")) for key in told)))
    if name == "leaves something to answer":
        return checks.leaves_something(question, answer)
    if name == CONTENT and calls.standard:
        context = str(row.columns.get("context") or "")
        sample = Sample("", "", question, answer, row.source, context=context)
        return content(sample, calls.standard, row.source if "document" in row.columns else "")
    return checks.is_new(question, known)
