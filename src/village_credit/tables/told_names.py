"""What a name or a free text may tell: a file, sheet or crop that names a person goes by another name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.fields import Kind
from data_contracts.registry import CONTRACTS_ZH, INCOMING, field_specs
from village_credit.duckdb_session import cursor_over
from village_credit.errors import holds_number_of_person
from village_credit.intake import Intake
from village_credit.pseudonyms import Keys, row_key_hash
from village_credit.score.statistics import LEAST_GROUP
from village_credit.sql_files import sql

ALIAS, DIGITS = "名", 8  # 名-3f2a9c01.xls
LEAST_LETTERS, MOST_LETTERS = 2, 50  # of a name; a single one is in half of all words
OF_NOBODY = (12, 14)  # digits
_LONG = re.compile(r"[0-9]{11,}")
_MASKED = re.compile(r"[0-9]{3,}\*{3,}")
_NOISE = re.compile("[\\s\u00b7\u2022\u30fb\u2027.'\"`_-]")  # Arrow compares by the same pattern
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_STEMS = re.compile(r"[省市县区镇乡村团场队连组社区]+$")


def told_names(intake: Intake, others: Iterable[str], keys: Keys) -> dict[str, str]:
    """Return another name for each delivered file, folder, sheet or member that holds a person's name or number.

    `others`: names besides those of the intake's tables. Names are those of every person of the delivery, but for where
    a place or a table is called so; the other name is a keyed hash, the same in every run.
    """
    given = {name for source in intake.sources for name in (source.file_name, source.sheet)} | set(others)
    parts = {part for name in given for part in name.split("/") if part}
    persons = _in_names_of_persons(parts, intake)
    hidden = {part for part in parts if part in persons or holds_number_of_person(part) or _holds_long_number(part)}
    aliases = {part: _alias(part, keys) for part in hidden}
    return {
        name: "/".join(aliases.get(part, part) for part in name.split("/"))
        for name in sorted(given)
        if not hidden.isdisjoint(name.split("/"))
    }


def _alias(part: str, keys: Keys) -> str:
    ending = _ENDING.search(part)
    return f"{ALIAS}-{row_key_hash(keys, part)[:DIGITS]}{ending.group() if ending else ''}"


def _in_names_of_persons(parts: set[str], intake: Intake) -> set[str]:
    """Return the parts in which somebody's whole name stands."""
    common = sorted(_common_words(intake), key=len, reverse=True)
    pieces: dict[str, set[str]] = {}
    for part in parts:
        for piece in _pieces(_without(_folded(part), common)):
            pieces.setdefault(piece, set()).add(part)
    asked = pa.array(sorted(pieces), pa.string())
    found = {piece for names in _persons(intake) for piece in asked.filter(pc.is_in(asked, names)).to_pylist()}
    return {part for piece in found for part in pieces[piece]}


def _persons(intake: Intake) -> list[pa.Array]:
    """Return the names of persons as they were delivered, a column each."""
    columns = [
        intake.settled[contract].column(spec.name)
        for contract in INCOMING
        for spec in field_specs(contract)
        if spec.kind == Kind.NAME and contract in intake.settled
    ]
    return [_folded_column(pc.unique(column)) for column in columns if len(column)]


def _common_words(intake: Intake) -> set[str]:
    """Return what places and tables are called, with and without 镇 or 村: it is nobody's name in a file's name."""
    columns = (intake.places.column(name).to_pylist() for name in ("township_name", "village_name"))
    places = {str(name) for names in columns for name in names if name}
    words = map(_folded, {*places, *(_STEMS.sub("", name) for name in places), *CONTRACTS_ZH.values()})
    return {word for word in words if len(word) >= LEAST_LETTERS}


def _without(part: str, words: list[str]) -> str:
    for word in words:
        part = part.replace(word, "\n")
    return part


def _folded(text: str) -> str:
    """Return a name as it is compared: half width, capitals, without what stands between its parts."""
    return _NOISE.sub("", normalize("NFKC", text)).upper()


def _folded_column(names: pa.Array) -> pa.Array:
    plain = pc.utf8_normalize(names, form="NFKC")
    return pc.utf8_upper(pc.replace_substring_regex(plain, pattern=_NOISE.pattern, replacement=""))


def _holds_long_number(part: str) -> bool:
    """Tell a telephone's, card's, credit or contractor's number, or a masked one: eleven digits, or more.

    Twelve and fourteen are a village's and an issuer's code, or a moment.
    """
    plain = normalize("NFKC", part)
    return bool(_MASKED.search(plain)) or any(len(found) not in OF_NOBODY for found in _LONG.findall(plain))


def _pieces(text: str) -> set[str]:
    """Return every run of letters that a name might be."""
    return {
        text[start : start + length]
        for start in range(len(text))
        for length in range(LEAST_LETTERS, min(MOST_LETTERS, len(text) - start) + 1)
    }


def with_told_names(intake: Intake, names: dict[str, str]) -> Intake:
    """Return an intake whose tables go by the names that may be told."""

    def told(name: str) -> str:
        return names.get(name, name)

    sources = [replace(one, file_name=told(one.file_name), sheet=told(one.sheet)) for one in intake.sources]
    return replace(intake, sources=sources)


def with_told_crops(crop_terms: pa.Table, named: Iterable[str]) -> pa.Table:
    """Return crops by unit_code, those that neither the policy names nor many declare as 其他作物 (of several 2, 3).

    The cell is free text, and might hold anything.
    """
    names = pa.table({"crop": pa.array(sorted(set(named)), pa.string())})
    connection = cursor_over({"crop_terms": crop_terms, "named": names})
    return connection.sql(sql("tables", "told_crops"), params={"least": LEAST_GROUP}).to_arrow_table()
