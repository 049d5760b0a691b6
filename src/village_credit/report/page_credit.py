"""What a run's page says of households: how limits change, townships and villages, limits and bands, reasons.

Counts of few households are hidden by the one rule: a township's within the county, a village's within its township.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from village_credit.report.page_causes import why_changed, why_not_split
from village_credit.report.page_parts import (
    Cell,
    Map,
    Note,
    Outline,
    Part,
    Row,
    Section,
    Square,
    Table,
    Tile,
    Tiles,
    code_cell,
    figure_cell,
    heads,
    most,
    text_cell,
)
from village_credit.report.translations import Text, in_language, translated
from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.sql_files import sql

EDGES = (0, 10_000, 20_000, 30_000, 50_000, 100_000, 200_000, 300_000)  # yuan: where a range of limits begins
TOWNSHIP_DIGITS, SHADES = 9, 5
TRADERS = translated("misc", "unknown_trader")


@dataclass(frozen=True)
class Group:
    """A place or band, its households and what is told of those granted; none of it where few are, or few are not."""

    key: str
    name: Text
    households: int
    granted: int | None
    share: float | None
    total: int | None
    median: float | None


def credit_sections(connection: duckdb.DuckDBPyConnection, *, is_split: bool = False) -> list[Section]:
    """Draw the sections on households; `is_split`: it is known what each cause adds."""
    return [_changes(connection, is_split=is_split), _places(connection), _limits(connection), _reasons(connection)]


def shown(count: int) -> int | None:
    """Return a count that stands alone, none where it is small and not nothing."""
    return count if count == 0 or count >= LEAST_GROUP else None


def hidden_note() -> Note:
    """Say what a dash means."""
    return Note(translated("page", "hidden_note", least=LEAST_GROUP))


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _changes(connection: duckdb.DuckDBPyConnection, *, is_split: bool) -> Section:
    cells = [
        {"group": "", "change": change, "households": count, "before": before, "after": after}
        for change, count, before, after in _rows(connection, "FROM changes")
    ]
    told = hide_small(cells)
    top = most([cell["households"] for cell in told])
    rows = [
        Row(
            [
                text_cell(translated("changes", cell["change"])),
                figure_cell(cell["households"], top=top),
                figure_cell(cell["before"]),
                figure_cell(cell["after"]),
                figure_cell(None if cell["after"] is None else cell["after"] - cell["before"], "+,"),
            ]
        )
        for cell in told
    ]
    table = Table(
        "changes",
        translated("captions", "changes"),
        heads("change", "households", "before", "after", "difference"),
        rows,
    )
    parts: list[Part] = [
        table,
        Note(translated("changes", "note")),
        *(why_changed(connection) if is_split else [why_not_split()]),
    ]
    return Section("changes", translated("sections", "changes"), [*parts, hidden_note()])


def granted_groups(rows: Iterable[Sequence[Any]]) -> list[Group]:
    """Return groups, those with few granted or few not granted hidden.

    A row is key, name, households, granted, the sum and the median of their limits. A place of many where nobody is
    granted anything says so: a manager looks for it first.
    """
    rows = list(rows)
    nobody = {key: {"households": 0, "share": 0.0, "total": 0, "median": None} for key in _of_nobody(rows)}
    cells: list[dict[str, Any]] = []
    for key, _, count, granted, total, median in rows:
        if key in nobody:
            continue
        told = {"share": granted / count, "total": int(total), "median": float(median)}
        cells.append({"group": key, "change": "granted", "households": granted, **told})
        cells.append({"group": key, "change": "not", "households": count - granted, **dict.fromkeys(told)})
    found = nobody | {cell["group"]: cell for cell in hide_small(cells) if cell["change"] == "granted"}
    return [
        Group(key, name, count, *(found[key][each] for each in ("households", "share", "total", "median")))
        for key, name, count, *_ in rows
    ]


def _of_nobody(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the groups of many where nobody is granted anything; none where that would tell the others, as one whole."""
    others = [(count, granted) for _, _, count, granted, *_ in rows if granted or count < LEAST_GROUP]
    granted = sum(each for _, each in others)
    is_much = granted >= LEAST_GROUP and sum(count for count, _ in others) - granted >= LEAST_GROUP
    return [key for key, _, count, each, *_ in rows if not each and count >= LEAST_GROUP] if is_much else []


def _places(connection: duckdb.DuckDBPyConnection) -> Section:
    names = dict(_rows(connection, "SELECT place_code, place_name FROM t_places WHERE level = 'township'"))
    within: dict[str, list[Sequence[Any]]] = {}  # villages by township; traders on no register are of none
    for name, key, *rest in _rows(connection, sql("report", "villages")):
        township = (key or "")[:TOWNSHIP_DIGITS]
        within.setdefault(township if township in names else "", []).append((key or "", name or TRADERS, *rest))
    townships = granted_groups(_added(key, names.get(key, TRADERS), found) for key, found in within.items())
    villages = {one.key: _villages_of(one, within[one.key]) for one in townships}
    parts: list[Part] = [
        Note(translated("misc", "square_note")),
        *_outlined(connection, villages),
        Tiles([_tile(one, villages[one.key]) for one in townships if one.key]),
        _township_table(townships, {key: len(found) for key, found in within.items()}),
        _village_table(villages),
        hidden_note(),
    ]
    return Section("map", translated("sections", "map"), parts)


def _outlined(connection: duckdb.DuckDBPyConnection, villages: dict[str, list[Group]]) -> list[Part]:
    """Draw villages by their outlines, where any was delivered."""
    known = {one.key: (township, _square(one)) for township, found in villages.items() for one in found}
    found = _rows(connection, "SELECT village_code, path, width, height FROM outlines ORDER BY village_code")
    drawn = [
        Outline(known[village][0], path, known[village][1].shade, known[village][1].text)
        for village, path, _, _ in found
        if village in known
    ]
    if not drawn:
        return []
    _, _, width, height = found[0]
    return [Map(translated("misc", "outlines_label"), width, height, drawn)]


def _added(key: str, name: Text, villages: list[Sequence[Any]]) -> tuple[Any, ...]:
    """Add up a township's villages; a sum of medians says nothing."""
    return (key, name, *(sum(village[at] for village in villages) for at in (2, 3, 4)), 0)


def _villages_of(township: Group, villages: list[Sequence[Any]]) -> list[Group]:
    """Return a township's villages; none is told where the township is not, for it would follow from them."""
    if township.granted is None:
        return [Group(key, name, count, None, None, None, None) for key, name, count, *_ in villages]
    return granted_groups(villages)


def _tile(township: Group, villages: list[Group]) -> Tile:
    return Tile(
        township.key,
        township.name,
        translated(
            "misc",
            "tile",
            township=township.name,
            granted=figure_cell(township.granted).text,
            share=figure_cell(township.share, ".1%").text,
            total=figure_cell(township.total).text,
        ),
        translated("misc", "map_label", township=township.name),
        [_square(village) for village in villages],
    )


def _square(village: Group) -> Square:
    share = figure_cell(village.share, ".1%")
    shade = None if village.share is None else min(SHADES - 1, int(village.share * SHADES))
    return Square(shade, f"{in_language(village.name, 'zh')} {in_language(share.text, 'zh')}")


def _township_table(townships: list[Group], villages: dict[str, int]) -> Table:
    rows = [
        Row(
            [
                text_cell(one.name),
                figure_cell(villages[one.key]),
                figure_cell(one.households),
                figure_cell(one.granted),
                figure_cell(one.share, ".1%", top=1),
                figure_cell(one.total, top=most([other.total for other in townships])),
            ],
            one.key,
        )
        for one in townships
    ]
    columns = heads("township", "villages", "registered", "granted", "coverage", "total")
    return Table("townships", translated("captions", "townships"), columns, rows)


def _village_table(villages: dict[str, list[Group]]) -> Table:
    top = most([one.total for found in villages.values() for one in found])
    rows = [
        Row(
            [
                text_cell(one.name),
                code_cell(one.key),
                figure_cell(one.households),
                figure_cell(one.granted),
                figure_cell(one.share, ".1%", top=1),
                figure_cell(one.total, top=top),
                figure_cell(one.median, ",.0f"),
            ],
            township,
        )
        for township, found in villages.items()
        for one in found
    ]
    columns = heads("village", "code", "registered", "granted", "coverage", "total", "median")
    return Table("villages", translated("captions", "villages"), columns, rows)


def _limits(connection: duckdb.DuckDBPyConnection) -> Section:
    return Section(
        "limits", translated("sections", "limits"), [_limit_ranges(connection), _bands(connection), hidden_note()]
    )


def _limit_ranges(connection: duckdb.DuckDBPyConnection) -> Table:
    found = connection.execute(sql("report", "limits"), {"edges": list(EDGES)}).fetchall()
    cells = hide_small(
        [{"group": "", "change": low, "households": count, "total": total} for low, count, total in found]
    )
    top = most([cell["households"] for cell in cells])
    rows = [
        Row(
            [
                Cell(_range(cell["change"]), cell["change"]),
                figure_cell(cell["households"], top=top),
                figure_cell(cell["total"]),
            ]
        )
        for cell in cells
    ]
    return Table("limits", translated("captions", "limits"), heads("limit_range", "households", "total"), rows)


def _range(low: int) -> Text:
    at = EDGES.index(low) + 1
    if at == len(EDGES):
        return translated("misc", "from_up", low=f"{low:,}")
    return translated("misc", "range", low=f"{low:,}", high=f"{EDGES[at] - 1:,}")


def _bands(connection: duckdb.DuckDBPyConnection) -> Table:
    found = _rows(connection, sql("report", "bands"))
    bands = granted_groups((band, band or translated("bands", "none"), *rest) for band, *rest in found)
    top = most([one.households for one in bands])
    rows = [
        Row(
            [
                text_cell(one.name),
                figure_cell(one.households, top=top),
                figure_cell(one.granted),
                figure_cell(one.share, ".1%", top=1),
                figure_cell(one.total),
                figure_cell(one.median, ",.0f"),
            ]
        )
        for one in bands
    ]
    columns = heads("band", "households", "granted", "approval", "total", "median")
    return Table("bands", translated("captions", "bands"), columns, rows)


def _reasons(connection: duckdb.DuckDBPyConnection) -> Section:
    """Draw why households are decided as they are, over all products, and what each product decides.

    Together they would be a table of few households in most of its cells, and of dashes beside them.
    """
    reasons, decided = _cells(connection, "reasons"), _cells(connection, "decisions")
    why = [
        Row([_word("decision_reasons", one["change"]), _word("decisions", one["group"]), *_counted(one, reasons)])
        for one in reasons
    ]
    products = [
        Row([_word("products", one["group"]), _word("decisions", one["change"]), *_counted(one, decided)])
        for one in decided
    ]
    figures = ("decision", "households", "total")
    parts: list[Part] = [
        Table("reasons", translated("captions", "reasons"), heads("reason", *figures), why),
        Table("products_decided", translated("captions", "products_decided"), heads("product", *figures), products),
        hidden_note(),
    ]
    return Section("reasons", translated("sections", "reasons"), parts)


def _cells(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    names = ("group", "change", "households", "total")
    return hide_small([dict(zip(names, row, strict=True)) for row in _rows(connection, sql("report", name))])


def _counted(cell: dict[str, Any], cells: Sequence[dict[str, Any]]) -> tuple[Cell, Cell]:
    top = most([one["households"] for one in cells])
    return figure_cell(cell["households"], top=top), figure_cell(cell["total"])


def _word(table: str, name: str) -> Cell:
    return text_cell(translated(table, name))
