"""What a run's page says of why limits change: a row a cause, in yuan that add up; causes of few are one row."""

from __future__ import annotations

import duckdb

from village_credit.report.page_parts import Cell, Note, Part, Row, Table, figure_cell, heads, most, text_cell
from village_credit.report.translations import Text, joined, translated

CAUSES = "SELECT causes, households, raised_yuan, lowered_yuan, yuan FROM causes"


def why_changed(connection: duckdb.DuckDBPyConnection) -> list[Part]:
    """Draw what each cause adds, in the order in which causes are taken over; those of few households are one row."""
    rows = connection.execute(CAUSES).fetchall()
    top = most([households for _, households, *_ in rows])
    drawn = [_row(causes, households, top, *yuan) for causes, households, *yuan in rows]
    columns = heads("cause", "households", "more", "less", "difference")
    return [Table("causes", translated("captions", "causes"), columns, drawn), Note(translated("causes", "note"))]


def why_not_split() -> Part:
    """Say why there is nothing of causes."""
    return Note(translated("causes", "not_split"), is_small=False)


def _row(causes: list[list[str]], households: int | None, top: float, *yuan: int | None) -> Row:
    if not causes:
        *_, total = yuan
        return Row([text_cell(translated("causes", "in_all")), *([text_cell("")] * 3), _more(total)])
    return Row([text_cell(_named(causes)), figure_cell(households, top=top), *(_more(one) for one in yuan)])


def _more(yuan: int | None) -> Cell:
    return figure_cell(yuan, "+,")


def _named(causes: list[list[str]]) -> Text:
    """Name a cause; several that are not told apart are joined by a plus, those of few are listed."""
    names = [joined(*(translated("causes", one) for one in each), between=" + ") for each in causes]
    if len(names) == 1:
        return names[0]
    listed = names[0]
    for name in names[1:]:
        listed = translated("causes", "and", first=listed, then=name)
    return translated("causes", "together", causes=listed)
