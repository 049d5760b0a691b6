"""Header cells are matched to contracts: marks, brackets, line breaks and units aside."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from data_contracts.corrections import NUMBER_HEADER, OWN_HEADERS
from data_contracts.county_terms import BARE_TERMS, CountyTerms
from data_contracts.registry import INCOMING
from village_credit.extract.rivals import Label, choose

UNITS = {
    "亩": "mu",
    "公顷": "hectare",
    "平方米": "square_metre",
    "㎡": "square_metre",
    "m2": "square_metre",
    "m²": "square_metre",
    "元": "yuan",
    "人民币元": "yuan",
    "万元": "ten_thousand_yuan",
    "千元": "thousand_yuan",
    "公斤": "kilogram",
    "千克": "kilogram",
    "kg": "kilogram",
    "吨": "tonne",
    "斤": "jin",
}
A_PIECE = ("台", "套", "台套", "部", "架")  # what a machine costs is of one machine
A_YEAR = ("/年", "/年度")  # what is told of a year is of a year
COUNT_UNITS = ("只", "头", "台", "人", "天", "个", "户", "辆")
CELLS_KEPT = 4096  # a header's words are asked of every contract, and come again in the next file
_BRACKETS = re.compile(r"[(\[【〔]([^)\]】〕]*)[)\]】〕]")
_UNIT_MARKS = re.compile(r"[、,，;；/和]")
_UNIT_LABEL = re.compile(r"(?:金额|面积|数量|重量|计量)$")  # 金额单位：万元 面积单位：亩
_NOISE = re.compile(r"[\s*＊:：\x1a]+")


@dataclass(frozen=True)
class Match:
    """How well a header row meets a contract."""

    contract: str
    columns: dict[int, str]  # column index → field
    missing: tuple[str, ...]  # canonical headers that are required and absent
    units: dict[str, str | None]
    dropped: list[tuple[str, str]]
    number_column: int | None = None  # of a corrections workbook that came back
    clashes: tuple[tuple[str, ...], ...] = ()  # headers that mean one field, and nothing ranks them
    misfits: tuple[str, ...] = ()  # headers in a unit that measures another thing, or a rate: 公斤 of money, 元/亩


@lru_cache(CELLS_KEPT)
def plain(header: str) -> str:
    """Normalise a header cell: NFKC, without line breaks, blanks and marks; brackets stay."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", header))


@lru_cache(CELLS_KEPT)
def split_unit(header: str) -> tuple[str, str | None]:
    """Take a known unit in brackets off a normalised header; a header that ends in `_yuan` says its own."""
    unit: str | None = "yuan" if header.lower().endswith("_yuan") else None
    rest = header
    for found in _BRACKETS.finditer(header):
        known = UNITS.get(_of_a_year(found.group(1).lower()))
        if known or found.group(1) in COUNT_UNITS:
            unit = known or unit
            rest = rest.replace(found.group(0), "")
    return rest, unit


def _of_a_year(word: str) -> str:
    return next((word.removesuffix(end) for end in A_YEAR if word.endswith(end)), word)


def _is_misfit(header: str, unit: str) -> bool:
    """Tell a header whose brackets name a unit of another dimension than its column's, or a rate."""
    for found in _BRACKETS.finditer(header):
        word = _of_a_year(found.group(1).lower())
        known = UNITS.get(word)
        first, mark, second = word.replace("每", "/").partition("/")
        is_rate = bool(mark) and (first in UNITS or not first) and second not in A_PIECE
        if is_rate or (known and dimension(known) != dimension(unit)):
            return True
    return False


def unit_word(unit: str) -> str:
    """Write a unit as offices do."""
    return next(word for word, known in UNITS.items() if known == unit)


@cache
def aliases(terms: CountyTerms, contract: str) -> dict[str, str]:
    """Return every accepted header of a contract in a county, normalised, with its field."""
    names: dict[str, str] = {}
    for spec in terms.specs[contract]:
        for header in (spec.column.header, *spec.column.aliases):
            names.setdefault(plain(header).upper(), spec.name)
    return names


@cache
def every_alias(terms: CountyTerms) -> frozenset[str]:
    """Return the headers of all contracts together."""
    return frozenset(name for contract in INCOMING for name in aliases(terms, contract))


def labels_of(header: list[str]) -> list[Label]:
    """Read a header row once for all contracts; blank cells name nothing, and a damaged sheet has 65,000 of them."""
    found = []
    for index, cell in enumerate(header):
        if cell and (whole := plain(cell)):
            rest, unit = split_unit(whole)
            bare = _BRACKETS.sub("", whole)  # 身份证号码(18位)
            spellings = (whole.upper(), rest.upper(), bare.upper())
            found.append(Label(index, spellings, rest, unit, whole))
    return found


def match_contract(terms: CountyTerms, contract: str, header: list[Label]) -> Match:
    """Match one header row to one contract; of two columns that mean one field the ranked one has it, or none."""
    names = aliases(terms, contract)
    claims: dict[str, list[Label]] = {}
    dropped: list[tuple[str, str]] = []
    number_column: int | None = None
    for label in header:
        name = next((names[spelling] for spelling in label.spellings if spelling in names), None)
        if name:
            claims.setdefault(name, []).append(label)
        elif label.rest in OWN_HEADERS:
            number_column = label.index if label.rest == NUMBER_HEADER else number_column
        else:
            dropped.append((label.rest, label.fate))
    chosen, clashes = choose(terms.specs[contract], claims, is_of_head=INCOMING[contract].is_of_head)
    dropped += [(one.rest, one.fate) for name, labels in claims.items() for one in labels if one != chosen[name]]
    missing = tuple(s.column.header for s in terms.specs[contract] if s.header_is_required and s.name not in claims)
    columns = {label.index: name for name, label in chosen.items()}
    misfits = tuple(
        chosen[spec.name].whole
        for spec in terms.specs[contract]
        if spec.name in chosen and spec.column.unit and _is_misfit(chosen[spec.name].whole, spec.column.unit)
    )
    units = {name: label.unit for name, label in chosen.items()}
    return Match(contract, columns, missing, units, dropped, number_column, clashes, misfits)


def best_match(header: list[str], terms: CountyTerms = BARE_TERMS) -> Match | None:
    """Return the complete match with most columns, or the nearest incomplete one, or None for no column at all."""
    labels, known = labels_of(header), every_alias(terms)
    told = {spelling for label in labels for spelling in label.spellings}
    if told.isdisjoint(known):
        return None  # most rows are data: no contract need be asked
    asked = [contract for contract in INCOMING if not told.isdisjoint(aliases(terms, contract))]
    matches = [match_contract(terms, contract, labels) for contract in asked]
    complete = [match for match in matches if not match.missing]
    if complete:
        return max(complete, key=lambda match: (len(match.columns), -len(match.clashes)))
    partial = [match for match in matches if match.columns]
    return max(
        partial,
        key=lambda match: (len(match.columns) / (len(match.columns) + len(match.missing)), len(match.columns)),
        default=None,
    )


def unit_row(cells: list[str]) -> dict[str, str]:
    """Read a 单位 row: `单位：万元、亩` gives the money and the area unit; two units of one measure give none."""
    said: dict[str, set[str]] = {}
    parts = (part for cell in cells for part in plain(cell).split("单位")[1:])
    for word in (word for part in parts for word in _UNIT_MARKS.split(part.strip("()（）"))):
        unit = UNITS.get(_UNIT_LABEL.sub("", word).lower())
        if unit:
            said.setdefault(dimension(unit), set()).add(unit)
    return {measure: units.pop() for measure, units in said.items() if len(units) == 1}


def unit_line(cells: list[str]) -> dict[int, str]:
    """Read a row of nothing but units below the header: column index → unit; empty where it is no such row."""
    words = {index: plain(cell).strip("()[]【】") for index, cell in enumerate(cells) if plain(cell)}
    if not words or any(word.lower() not in UNITS and word not in COUNT_UNITS for word in words.values()):
        return {}
    return {index: UNITS[word.lower()] for index, word in words.items() if word.lower() in UNITS}


def dimension(unit: str) -> str:
    """Say what a unit measures: money, area or mass."""
    if unit.endswith("yuan"):
        return "money"
    return "area" if unit in {"mu", "hectare", "square_metre"} else "mass"
