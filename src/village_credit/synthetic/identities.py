"""Invented identity numbers, phones, cards and credit codes: checksums as in life, prefixes that nobody has."""

from __future__ import annotations

import numpy as np

from village_credit.synthetic.chance import Bools, Dates, Ints, Texts, texts

UNASSIGNED_PREFIXES = {"659900": "659900", "653199": "653199"}
OTHER_PREFIX = "659999"
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
ID_CHECKS = "10X98765432"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714


def prefix_of(county_code: str) -> str:
    """The six digits with which every identity number of the county begins; assigned to no real place."""
    return UNASSIGNED_PREFIXES.get(county_code, OTHER_PREFIX)


def id_numbers(county_code: str, born: Dates, is_male: Bools) -> Texts:
    """Unique 18-digit numbers with a valid check digit; up to 500 people of one sex per day."""
    births = _yyyymmdd(born)
    order = np.lexsort((is_male, births))
    key = births[order] * 2 + is_male[order]
    rank = np.empty(born.size, dtype=np.int64)
    rank[order] = np.arange(born.size) - np.searchsorted(key, key)
    sequence = (rank * 37 + 11) % 500 * 2 + is_male
    bodies = int(prefix_of(county_code)) * 10**11 + births * 1000 + sequence
    return texts(
        [f"{body}{ID_CHECKS[check]}" for body, check in zip(bodies.tolist(), _checks(bodies).tolist(), strict=True)]
    )


def _yyyymmdd(days: Dates) -> Ints:
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    written: Ints = (years * 10000 + month * 100 + (days - months).astype(np.int64) + 1).astype(np.int64)
    return written


def _checks(bodies: Ints) -> Ints:
    """Index into `ID_CHECKS` for 17-digit bodies."""
    total = np.zeros(bodies.size, dtype=np.int64)
    rest = bodies.copy()
    for weight in reversed(ID_WEIGHTS):
        rest, digit = np.divmod(rest, 10)
        total += weight * digit
    remainder: Ints = total % 11
    return remainder


def has_valid_check(id_number: str) -> bool:
    """Tell an 18-digit number whose check digit holds."""
    if len(id_number) != 18 or not id_number[:17].isdigit():
        return False
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, id_number[:17], strict=True))
    return ID_CHECKS[total % 11] == id_number[17]


def phone_numbers(offset: int, count: int) -> Texts:
    """Unique 11-digit numbers that begin with 100: no network uses them."""
    return texts([f"100{(number * 7919 + offset) % 10**8:08d}" for number in range(count)])


def card_numbers(rng: np.random.Generator, count: int) -> Texts:
    """19-digit card numbers whose Luhn digit is always wrong: no card can have one."""
    digits = rng.integers(0, 10, (count, 14))
    head = np.tile(np.array([6, 2, 9, 9]), (count, 1))
    body = np.concatenate([head, digits], axis=1)
    doubled = body * np.where(np.arange(18)[::-1] % 2 == 0, 2, 1)
    total = np.where(doubled > 9, doubled - 9, doubled).sum(axis=1)
    wrong = (10 - total % 10 + 3) % 10
    rows = np.concatenate([body, wrong[:, None]], axis=1)
    return texts(["".join(map(str, row)) for row in rows.tolist()])


def credit_code(county_code: str, number: int, kind: str = "92") -> str:
    """A unified credit code (92: sole trader, 93: cooperative) with both check characters in order."""
    body = f"{number:08d}"
    remainder = 11 - sum(w * int(d) for w, d in zip(ORGANISATION_WEIGHTS, body, strict=True)) % 11
    organisation = body + {10: "X", 11: "0"}.get(remainder, str(remainder))
    first = f"{kind}{prefix_of(county_code)}{organisation}"
    total = sum(w * CREDIT_ALPHABET.index(c) for w, c in zip(CREDIT_WEIGHTS, first, strict=True))
    return first + CREDIT_ALPHABET[-total % 31]
