"""Whom an erasure is of: numbers, names and codes, and whether a line of a delivery names one of them."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from village_credit.validate.identity import VALID, VALID_15, completed, id_status

BETWEEN = "\x1f"  # of two cells
NOISE = dict.fromkeys(map(ord, " \t\r\n'\"`-\u00b7\u2022\u30fb\u2027.\u3000"))  # what a number or name is written with
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
BODY = 17  # an ID number without its check character
DIGIT = "[0-9]"
SHORT_CODE = 12  # a contract's number of fewer characters is looked for as a whole cell alone


def folded(text: str) -> str:
    """Return a text as it is compared: half width, capitals, without blanks, dots, dashes and quotes."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return plain.upper().translate(NOISE)


def number_of(typed: str) -> str:
    """Return an ID number as contracts give it, eighteen characters; empty where it is none."""
    number = folded(typed)
    if id_status(number) == VALID_15:
        return completed(number)
    return number if id_status(number) == VALID else ""


@dataclass(frozen=True)
class Person:
    """One of whom nothing is to be left: an ID number of 18 characters (empty: not known), and names as delivered."""

    number: str
    names: tuple[str, ...]

    def marks(self) -> list[str]:
        """Return what beside the name says that it is this person: the day of birth; the ends of a masked number."""
        if not self.number:
            return []
        day = self.number[6:14]
        return [day, f"{day[:4]}/{day[4:6]}/{day[6:]}", f"{self.number[:6]}*"]

    def forms(self) -> list[str]:
        """Return the number as it is written: with any check character, and with fifteen digits."""
        is_old = self.number[6:8] == "19"
        old = [self.number[:6] + self.number[8:BODY]] if is_old else []
        return [self.number[:BODY], *old]


@dataclass(frozen=True)
class Wanted:
    """What is erased.

    `codes`: contractor and credit codes whose lines all go. `near`: contractor codes of who goes alone: a line with one
    goes where it names him too. `cells`: whole cells (references, contract numbers). `households`: whose identity goes
    whole; `borrowers`: whose borrower goes alone; both household_key. `hashes`: of the numbers, as the vault has them.
    """

    persons: tuple[Person, ...]
    codes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    households: tuple[str, ...] = ()
    borrowers: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as it is sealed while the erasure lasts."""
        return asdict(self)

    @classmethod
    def of_json(cls, said: dict[str, Any]) -> Wanted:
        """Read back what `as_json` gave."""
        persons = tuple(Person(one["number"], tuple(one["names"])) for one in said["persons"])
        return cls(persons, **{name: tuple(value) for name, value in said.items() if name != "persons"})

    @cached_property
    def _strong(self) -> re.Pattern[str] | None:
        bodies = [person.number[:BODY] for person in self.persons if person.number]
        others = [form for person in self.persons if person.number for form in person.forms()[1:]]
        texts = [*(f"{body}[0-9X]?" for body in bodies), *map(re.escape, [*others, *map(folded, self.codes)])]
        # a parcel's code of nineteen digits begins as some contractor's of eighteen
        return re.compile(f"(?<!{DIGIT})(?:{'|'.join(sorted(texts))})(?!{DIGIT})") if texts else None

    @cached_property
    def _marks(self) -> dict[str, set[str]]:
        """Return what must stand beside each name."""
        found: dict[str, set[str]] = {}
        near = {folded(code) for code in (*self.near, *self.codes)}
        for person in self.persons:
            for name in filter(None, map(folded, person.names)):
                found.setdefault(name, set()).update(person.marks(), near)
        return found

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        return _any_of(self._marks)

    @cached_property
    def _cells(self) -> frozenset[str]:
        return frozenset(map(folded, self.cells))

    def is_in(self, cells: Sequence[str], *, is_linked: bool = False) -> bool:
        """Tell whether a row names one of them: by number, code or reference, or by name with what tells him apart.

        `is_linked`: the row was found to be of the household, so that the name alone is enough.
        """
        text = folded(BETWEEN.join(cells))
        if self._strong and self._strong.search(text):
            return True
        if self._names and (found := self._names.findall(text)):
            return is_linked or any(mark in text for name in found for mark in self._marks[name])
        return bool(self._cells) and not self._cells.isdisjoint(map(folded, cells))

    def may_be_in(self, cell: str) -> bool:
        """Tell whether a cell names one of them, or does together with others of its row."""
        text = folded(cell)
        named = bool(self._strong and self._strong.search(text)) or bool(self._names and self._names.search(text))
        return named or text in self._cells

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Return the bytes that no file may hold: numbers and long references in each encoding, and base64."""
        texts = [form for person in self.persons if person.number for form in (person.number, *person.forms())]
        texts += [cell for cell in self.cells if len(cell) >= SHORT_CODE]
        plain = {text.encode(encoding) for text in texts for encoding in ENCODINGS}
        packed = {piece for text in texts for piece in in_base64(text.encode("ascii", "ignore"))}
        return tuple(sorted(plain | packed))

    def bytes_in(self, content: bytes) -> bool:
        """Tell whether bytes hold one of the needles."""
        return any(needle in content for needle in self.needles) or any(
            pattern.search(content) for pattern in self._codes_in_bytes
        )

    @cached_property
    def _codes_in_bytes(self) -> list[re.Pattern[bytes]]:
        """Match a code where no further digit stands beside it, in bytes of one and of two a character."""
        if not self.codes:
            return []
        digits = {"utf-8": b"[0-9]", "utf-16-le": rb"[0-9]\x00", "utf-16-be": rb"\x00[0-9]"}
        every = {name: b"|".join(re.escape(code.encode(name)) for code in self.codes) for name in digits}
        return [re.compile(b"(?<!%b)(?:%b)(?!%b)" % (digit, every[name], digit)) for name, digit in digits.items()]


def in_base64(text: bytes) -> list[bytes]:
    """Return what base64 makes of bytes at each of its three alignments, without what neighbours change."""
    pieces = []
    for shift in range(3):
        packed = base64.b64encode(b"\0" * shift + text)
        first, last = -(-8 * shift // 6), 8 * (shift + len(text)) // 6
        pieces.append(packed[first:last])
    return pieces


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    """Match the longest of some texts."""
    known = sorted(set(texts), key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, known))) if known else None
