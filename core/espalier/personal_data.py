"""Personal data in a text: addresses, numbers and identity codes, by pattern and by check digit."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_HINT = re.compile(r"@|\d\d")  # all of them hold one or the other
_INVENTED = re.compile(r"@(?:[\w-]+\.)*example\.(?:com|org|net)$|\b555[ .-]?\d{4}$|^123-456-7890$")  # RFC 2606
# Letters of an IBAN by country, from the registry of SWIFT (ISO 13616).
_IBAN_LENGTHS = {
    **{"NO": 15, "BE": 16, "DK": 18, "FI": 18, "NL": 18, "SI": 19, "AT": 20, "EE": 20, "LT": 20, "LU": 20, "CH": 21},
    **{"HR": 21, "LV": 21, "BG": 22, "DE": 22, "GB": 22, "IE": 22, "CZ": 24, "ES": 24, "RO": 24, "SE": 24, "SK": 24},
    **{"PT": 25, "FR": 27, "GR": 27, "IT": 27, "HU": 28, "PL": 28, "CY": 28, "MT": 31},
}
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


@dataclass(frozen=True)
class Found:
    """Something personal in a text; ``kind`` has its article, such as “an e-mail address”."""

    kind: str
    text: str

    @property
    def masked(self) -> str:
        """Return what was found, recognisable to who wrote it and useless to others."""
        hidden = "".join("•" if letter.isalnum() else letter for letter in self.text[2:-2])
        return f"{self.text[:2]}{hidden}{self.text[-2:]}"


def personal_data(text: str) -> Found | None:
    """Return the first e-mail address, IBAN, card, identity, internet or telephone number in a text."""
    return next(find_personal_data(text), None)


def find_personal_data(text: str) -> Iterator[Found]:
    """Yield what looks like personal data, by kind; what is plainly invented, such as example.com, is left out."""
    if not _HINT.search(text):
        return
    taken: list[tuple[int, int]] = []
    for kind, pattern, find in _KINDS:
        for match in pattern.finditer(text):
            found = find(match[0].strip())
            if (
                found
                and not _INVENTED.search(found)
                and not any(a < match.end() and match.start() < b for a, b in taken)
            ):
                taken.append(match.span())
                yield Found(kind, found)


def _as_it_is(found: str) -> str:
    return found


def _iban(found: str) -> str:
    """Return the IBAN that a text begins with, when its check digits are right (ISO 7064, modulus 97)."""
    code = found.replace(" ", "")[: _IBAN_LENGTHS.get(found[:2], 0)]
    if not code or len(code) < _IBAN_LENGTHS[found[:2]]:
        return ""
    number = int("".join(str(int(letter, 36)) for letter in code[4:] + code[:4]))
    return code if number % 97 == 1 else ""


def _card(found: str) -> str:
    """Return the number when its check digit is right (Luhn's sum, ISO/IEC 7812-1)."""
    numbers = [int(character) for character in reversed(found) if character.isdigit()]
    doubled = sum(sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return found if (sum(numbers[::2]) + doubled) % 10 == 0 and len(set(numbers)) > 1 else ""


def _nir(found: str) -> str:
    """Return a French insurance number when its key is right: 97 less the rest of the number by 97."""
    digits = found.replace(" ", "").replace("2A", "19").replace("2B", "18")
    return found if 97 - int(digits[:-2]) % 97 == int(digits[-2:]) else ""


def _dni(found: str) -> str:
    """Return a Spanish identity number when its letter is right."""
    return found if _DNI_LETTERS[int(found[:8]) % 23] == found[-1] else ""


def _internet(found: str) -> str:
    """Return an address that can belong to somebody: none of a private network or of documentation."""
    try:
        return found if ipaddress.ip_address(found).is_global else ""
    except ValueError:
        return ""


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("an e-mail address", re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-zA-Z]{2,}"), _as_it_is),
    ("a bank account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b"), _iban),
    ("a card number", re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)"), _card),
    (
        "a French insurance number",
        re.compile(r"(?<!\d)[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d(?!\d)"),
        _nir,
    ),
    (
        "a social security number",
        re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])"),
        _as_it_is,
    ),
    (
        "a British insurance number",
        re.compile(r"\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"),
        _as_it_is,
    ),
    ("a Spanish identity number", re.compile(r"\b\d{8}-?[A-Z]\b"), _dni),
    ("an Italian tax code", re.compile(r"\b[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]\b"), _as_it_is),
    (
        "an internet address",
        re.compile(
            r"(?<![\w.:])(?<![Vv]ersion )(?:(?:\d{1,3}\.){3}\d{1,3}|(?:[\da-fA-F]{0,4}:){2,7}[\da-fA-F]{1,4})"
            r"(?![\w:]|\.\d)"
        ),
        _internet,
    ),
    # With a country code, or grouped as in North America: bare digits are more often years, sums and identifiers.
    (
        "a telephone number",
        re.compile(
            r"(?<![\w.])(?:\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\w)"
        ),
        _as_it_is,
    ),
)
