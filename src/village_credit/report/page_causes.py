"""What a run's page says of why limits change: a row a cause, in yuan that add up."""

from __future__ import annotations

from typing import Any

import duckdb

from village_credit.report.page_parts import Note, Part, Row, Table, figure_cell, heads, most, text_cell
from village_credit.report.translations import Text, joined, translated
from village_credit.score.small_counts import hide_small

FIGURES = ("households", "more", "less")


def why_changed(connection: duckdb.DuckDBPyConnection) -> list[Part]:
    """Draw what each cause adds, in the order in which causes are taken over; figures of few households are hidden."""
    rows = connection.execute("SELECT causes, households, raised_yuan, lowered_yuan FROM causes").fetchall()
    names = ("group", "change", *FIGURES)
    cells = hide_small([dict(zip(names, ("", tuple(causes), *row), strict=True)) for causes, *row in rows])
    top = most([cell["households"] for cell in cells])
    drawn = [_row(_named(cell["change"]), cell, top) for cell in cells]
    total = sum(more + less for *_, more, less in rows)
    drawn.append(Row([text_cell(translated("causes", "in_all")), *(figure_cell(None) for _ in FIGURES), _more(total)]))
    columns = heads("cause", "households", "more", "less", "difference")
    return [Table("causes", translated("captions", "causes"), columns, drawn), Note(translated("causes", "note"))]


def _row(name: Text, cell: dict[str, Any], top: float) -> Row:
    more, less = cell["more"], cell["less"]
    in_all = None if more is None else more + less
    return Row([text_cell(name), figure_cell(cell["households"], top=top), _more(more), _more(less), _more(in_all)])


def _more(yuan: int | None) -> Any:
    return figure_cell(yuan, "+,")


def _named(causes: tuple[str, ...]) -> Text:
    """Name a cause; several that are not told apart are joined."""
    return joined(*(translated("causes", one) for one in causes), between=" + ")
