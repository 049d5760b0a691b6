"""The answers to every saved query as one workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from village_credit.errors import MissingInput
from village_credit.services.queries.saved import Saved, answer, ask_once, meaning, rows_of, saved_queries
from village_credit.store.whole_files import write_whole
from village_credit.workbooks.statistics_book import NO_FIGURE, Cover, Sheet, write_statistics_book

COUNTED_ON = "SELECT max(counted_on) FROM statistics"
TITLE = "Statistics of whole-village credit"


@dataclass(frozen=True)
class Written:
    """The workbook: its file, tables, their rows in all, and the last day that counts; `left_out`: without a row."""

    file: str
    tables: int
    rows: int
    counted_on: date
    left_out: list[str]


def write_statistics(warehouse: duckdb.DuckDBPyConnection, out: Path, counties: Sequence[str] = ()) -> Written:
    """Write every saved query's answer of some counties, or of all, a sheet each; one without a row is left out.

    Raises MissingInput where nothing of them was ever published.
    """
    ask_once(warehouse)
    ((day,),) = warehouse.execute(COUNTED_ON).fetchall()
    sheets = [_sheet(warehouse, query, counties) for query in saved_queries()]
    told = [sheet for sheet in sheets if sheet.rows]
    if day is None or not told:
        raise MissingInput(f"nothing of {', '.join(counties) or 'any county'} was ever published: there is no figure")
    left_out = [sheet.name for sheet in sheets if not sheet.rows]
    content = write_statistics_book(_cover(day, counties, left_out), told)
    write_whole(out, content)
    return Written(str(out), len(told), sum(len(sheet.rows) for sheet in told), day, left_out)


def _sheet(warehouse: duckdb.DuckDBPyConnection, query: Saved, counties: Sequence[str]) -> Sheet:
    table = answer(warehouse, query.name, counties)
    columns = {name: meaning(query, name) for name in table.column_names}
    rows = [tuple(row.values()) for row in rows_of(table)]
    return Sheet(query.name, query.title, f"{query.grain}.", columns, rows)


def _cover(day: date, counties: Sequence[str], left_out: list[str]) -> Cover:
    sentences = (
        f"Figures of {', '.join(counties) or 'every county that was published'}, as of {day} in China.",
        "Each sheet has one table, which begins below its title and a sentence that says what one of its rows is.",
        f"Shares are parts of 1. Yuan are not rounded. {NO_FIGURE} stands where there is no figure to give.",
        "The sheet Contents names the tables, the sheet Notes says what each column means.",
        "Figures are exact, for people of the house; of bands alone small counts are hidden. What leaves is an export.",
        *([f"Left out, for they have no row: {', '.join(left_out)}."] if left_out else []),
    )
    return Cover(TITLE, sentences, day)
