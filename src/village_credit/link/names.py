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
AGREEMENT = """
CASE WHEN {one}.name = {other}.name THEN 'equal'
     WHEN {one}.pinyin = {other}.pinyin THEN 'sound'
     WHEN {one}.part_count = {other}.part_count AND {one}.is_long AND {other}.is_long
      AND {one}.given_skeleton = {other}.given_skeleton AND {one}.father_skeleton = {other}.father_skeleton
      AND {one}.third_skeleton = {other}.third_skeleton AND length({one}.given_skeleton || {one}.father_skeleton) >= 3
      AND jaro_winkler_similarity({one}.pinyin, {other}.pinyin) >= 0.70 THEN 'skeleton'
     WHEN ({one}.part_count > 1 OR {other}.part_count > 1) AND {one}.part_count <> {other}.part_count
      AND ({one}.given_pinyin = {other}.given_pinyin
           OR ({one}.given_skeleton = {other}.given_skeleton AND length({one}.given_skeleton) >= 2
               AND jaro_winkler_similarity({one}.given_pinyin, {other}.given_pinyin) >= 0.70))
      AND ({one}.father_skeleton = {other}.father_skeleton OR {one}.part_count = 1 OR {other}.part_count = 1) THEN 'father'
     WHEN {one}.part_count = 2 AND {other}.part_count = 2 AND {one}.given_skeleton = {other}.father_skeleton
      AND {one}.father_skeleton = {other}.given_skeleton AND {one}.given_skeleton <> {one}.father_skeleton
      AND length({one}.given_skeleton || {one}.father_skeleton) >= 3 THEN 'reordered'
     WHEN {one}.part_count = 2 AND {other}.part_count = 2 AND least(length({one}.name), length({other}.name)) >= $cut
      AND {one}.given_skeleton = {other}.given_skeleton AND least(length({one}.father_skeleton), length({other}.father_skeleton)) >= 1
      AND (starts_with({one}.father_skeleton, {other}.father_skeleton) OR starts_with({other}.father_skeleton, {one}.father_skeleton)) THEN 'cut'
     WHEN {one}.part_count = {other}.part_count AND {one}.is_long AND {other}.is_long
      AND (({fathers} >= 0.80 AND ({givens} >= 0.88
            OR ({givens} >= 0.78 AND length({one}.given_skeleton) >= 2
                AND replace({one}.given_skeleton, 'L', '') = replace({other}.given_skeleton, 'L', ''))))
           OR ({fathers} >= 0.70 AND {one}.given_skeleton = {other}.given_skeleton AND length({one}.given_skeleton) >= 2)) THEN 'similar'
     WHEN NOT {one}.is_long AND NOT {other}.is_long AND {one}.given_skeleton = {other}.given_skeleton
      AND length({one}.name) = length({other}.name) AND jaro_winkler_similarity({one}.pinyin, {other}.pinyin) >= 0.80 THEN 'similar'
     ELSE 'different' END
"""


def agreement(one: str, other: str) -> str:
    """Return the SQL for how two names agree; `one`, `other`: aliases of `name_keys` rows."""
    givens = f"jaro_similarity({one}.given_pinyin, {other}.given_pinyin)"
    fathers = f"CASE WHEN {one}.father_pinyin = {other}.father_pinyin THEN 1.0 ELSE jaro_similarity({one}.father_pinyin, {other}.father_pinyin) END"
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
