"""What comparing a written form with the running model found."""

from dataclasses import asdict, dataclass
from typing import Any

VERDICTS = ("same", "close", "different", "unchecked")


@dataclass(frozen=True)
class Check:
    """How a form, read back from its files, compares with the student as it answers now.

    Attributes:
        verdict: one of `VERDICTS`; a form that is ``different`` is never kept, and one that is ``close`` rounds its
            numbers, as 4 bits do.
        difference: largest difference of any logit on a few of the run's own rows; None where nothing is compared.
        tolerance: largest difference that is allowed; None likewise.
        sentence: what a person should know.
    """

    verdict: str
    difference: float | None
    tolerance: float | None
    sentence: str

    def as_values(self) -> dict[str, Any]:
        """Return the check as plain values."""
        return asdict(self)
