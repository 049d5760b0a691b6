"""Names become keys that offices of different spelling share: toneless pinyin, and its consonants.

Offices write one name by different standards (买买提, 麦麦提), with or without the father's name, cut at a
column's width. DuckDB's string distances count UTF-8 bytes, so names are only ever compared by their pinyin.
`pinyin.csv`: syllable, skeleton (initial's class and nasal end; empty for 尔), and the characters read so;
`name_variants.csv`: older spellings that no rule of sound leads to the newer one.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import duckdb
import pyarrow as pa

from village_credit.sql_files import sql

LONG_HAN = 5  # an interpunct, or so many characters: a transliterated name
CUT_LENGTH = 9  # names this long may have been cut at a column's width: ten characters, or twenty bytes

# How two names agree, strongest first. `father` : one of them lacks the father's name.
AGREEMENTS = ("equal", "sound", "skeleton", "father", "reordered", "cut", "similar", "different")
AGREEING = ("equal", "sound", "skeleton", "father", "reordered", "cut", "similar")
FIRM = ("equal", "sound", "skeleton", "father", "cut")  # with less than a whole ID number beside them

PARTS = sql("link", "parts")


def is_long(name: str) -> str:
    """Return the SQL for whether a name is long: an interpunct, or LONG_HAN characters; `name`: a column."""
    return f"(contains({name}, '·') OR length({name}) >= {LONG_HAN})"


KEYS = sql("link", "keys").format(is_long_name=is_long("name"))

# `one`, `other`: rows of name_keys under those aliases. Skeletons decide only where both names are long: two Han
# syllables leave too few consonants. 尔 has no consonant where another standard writes 力 or 热: hence without L.
AGREEMENT = sql("link", "agreement")


def agreement(one: str, other: str) -> str:
    """Return the SQL for how two names agree; `one`, `other`: aliases of `name_keys` rows."""
    givens = f"jaro_similarity({one}.given_pinyin, {other}.given_pinyin)"
    fathers = (
        f"CASE WHEN {one}.father_pinyin = {other}.father_pinyin THEN 1.0 ELSE "
        f"jaro_similarity({one}.father_pinyin, {other}.father_pinyin) END"
    )
    return AGREEMENT.replace("$cut", str(CUT_LENGTH)).format(one=one, other=other, givens=givens, fathers=fathers)


def _read(file_name: str) -> list[dict[str, str]]:
    text = resources.files("village_credit.link").joinpath(file_name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def variants() -> pa.Table:
    """Return irregular spellings: part, same_as."""
    return pa.Table.from_pylist(_read("name_variants.csv"))


@cache
def syllables() -> pa.Table:
    """Return letter, syllable and skeleton of every Han character of the frozen table."""
    rows = [(letter, row["syllable"], row["skeleton"]) for row in _read("pinyin.csv") for letter in row["characters"]]
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip(("letter", "syllable", "skeleton"), map(list, columns), strict=True)))


def create_name_keys(connection: duckdb.DuckDBPyConnection, names: str) -> None:
    """Make `name_keys`, one row per distinct name; `names`: a query that gives a column `name`."""
    connection.register("syllables", syllables())
    connection.register("name_variants", variants())
    connection.execute(f"CREATE OR REPLACE TEMP VIEW names_given AS {names}")
    connection.execute(PARTS)
    connection.execute(KEYS)
    connection.execute("DROP VIEW names_given; DROP TABLE name_parts")
