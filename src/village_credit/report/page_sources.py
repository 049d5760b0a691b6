"""What a run's page says of deliveries: lines and limits, what is late, linked, quarantined, drifting; every table."""

from __future__ import annotations

from typing import Any

import duckdb

from village_credit.report.page_credit import shown
from village_credit.report.page_parts import (
    HIDDEN,
    Cell,
    Note,
    Part,
    Row,
    Section,
    Table,
    code_cell,
    figure_cell,
    heads,
    most,
    text_cell,
    verdict_cell,
)
from village_credit.report.translations import Text, joined, translated
from village_credit.score.small_counts import hide_small
from village_credit.sql_files import sql

CHECKS = "SELECT * FROM t_extract_checks WHERE verdict <> 'pass' ORDER BY list_position(['fail', 'warn'], verdict), office, contract, measure, field"
LINKED = "SELECT count(*) FROM t_links WHERE household_key IS NOT NULL"
WHOLE_COUNTY = "全县"  # as the query on deliveries names it


def source_sections(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> list[Section]:
    """Draw the sections on what was delivered."""
    return [
        _funnel(connection, manifest["counts"]),
        _deliveries(connection),
        _links(connection),
        _quarantine(connection),
        _stability(connection),
        *_shapes(connection, manifest),
        _sources(manifest),
    ]


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _section(name: str, *parts: Part) -> Section:
    return Section(name, translated("sections", name), parts)


def _table(name: str, columns: tuple[str, ...], rows: list[list[Cell]]) -> Table:
    return Table(name, translated("captions", name), heads(*columns), [Row(cells) for cells in rows])


def _funnel(connection: duckdb.DuckDBPyConnection, counts: dict[str, Any]) -> Section:
    """From delivered lines to limits."""
    ((linked,),) = _rows(connection, LINKED)
    lines = counts["lines"]
    delivered = sum(lines.values())
    steps = {
        "delivered": delivered,
        "data": delivered - lines.get("layout", 0),
        "accepted": lines.get("accepted", 0),
        "linked": linked,
        "registered": counts["registered"],
        "granted": counts["households"].get("granted", 0),
    }
    left = [[text_cell(translated("steps", name)), figure_cell(count, top=delivered)] for name, count in steps.items()]
    became = [
        [text_cell(translated("outcomes", name)), figure_cell(count, top=delivered)] for name, count in lines.items()
    ]
    return _section("funnel", _table("funnel", ("step", "count"), left), _table("lines", ("outcome", "lines"), became))


def _deliveries(connection: duckdb.DuckDBPyConnection) -> Section:
    """What the calendar owes and is not whole, with what that did to decisions; then figures out of bounds."""
    late, bounds = _late(connection), _out_of_bounds(connection)
    columns = (
        "table", "office", "area", "state", "owed", "newest", "rows_current",
        "without", "without_granted", "without_review", "without_declined",
    )  # fmt: skip
    parts: list[Part] = [
        _table("deliveries", columns, late) if late else Note(translated("misc", "all_delivered"), is_small=False)
    ]
    if bounds:
        parts.append(_table("checks", ("table", "office", "measure", "value", "minimum", "maximum", "verdict"), bounds))
    return _section("deliveries", *parts)


def _late(connection: duckdb.DuckDBPyConnection) -> list[list[Cell]]:
    rows = _rows(connection, sql("report", "deliveries"))
    told = _without_by_decision([row[-3:] for row in rows])
    return [
        [
            text_cell(translated("contracts", contract)),
            text_cell(translated("offices", office)),
            text_cell(translated("misc", "whole_county") if place == WHOLE_COUNTY else place),
            text_cell(translated("states", state), "" if state == "complete" else "warn"),
            text_cell(owed),
            text_cell(newest),
            text_cell(f"{lines:,} / {current:,}"),
            *(figure_cell(count) for count in (shown(without), *told[number])),
        ]
        for number, (office, contract, place, state, owed, newest, lines, current, without, *_) in enumerate(rows)
    ]


def _without_by_decision(counts: list[tuple[int, ...]]) -> list[list[int | None]]:
    """Return households without a table by decision, a row a table, small ones hidden."""
    cells = [
        {"group": row, "change": place, "households": count}
        for row, each in enumerate(counts)
        for place, count in enumerate(each)
    ]
    hidden = iter(hide_small([cell for cell in cells if cell["households"]]))
    told = [next(hidden)["households"] if cell["households"] else 0 for cell in cells]
    return [told[start : start + 3] for start in range(0, len(told), 3)]


def _out_of_bounds(connection: duckdb.DuckDBPyConnection) -> list[list[Cell]]:
    return [
        [
            text_cell(translated("contracts", contract)),
            text_cell(translated("offices", office)),
            text_cell(joined(translated("measures", measure), f" {field}" if field else "")),
            figure_cell(value, "", translated("misc", "no_data")),
            *(figure_cell(bound, "", "") for bound in bounds),
            verdict_cell(verdict),
        ]
        for office, contract, measure, field, value, *bounds, verdict in _rows(connection, CHECKS)
    ]


def _links(connection: duckdb.DuckDBPyConnection) -> Section:
    """What became of each list's records, and the villages that are furthest behind."""
    linked = [
        [
            text_cell(translated("contracts", contract)),
            text_cell(translated("offices", office)),
            *(figure_cell(int(count)) for count in counts),
            figure_cell(share, ".1%", top=1),
        ]
        for office, contract, *counts, share in _rows(connection, sql("report", "links"))
    ]
    behind = [
        [text_cell(name or place), code_cell(place), figure_cell(int(records)), figure_cell(share, ".1%", top=1)]
        for name, place, records, share in _rows(connection, sql("report", "links_2"))
    ]
    columns = (
        "table",
        "office",
        "records",
        "automatic",
        "confirmed",
        "provisional",
        "conflicting",
        "unlinked",
        "linked_share",
    )
    lowest = _table("behind", ("village", "code", "records", "linked_share"), behind)
    return _section("links", _table("links", columns, linked), lowest, Note(translated("misc", "link_note")))


def _quarantine(connection: duckdb.DuckDBPyConnection) -> Section:
    rows = _rows(connection, sql("report", "quarantine"))
    if not rows:
        return _section("quarantine", Note(translated("misc", "nothing_quarantined"), is_small=False))
    by_office = _rows(connection, sql("report", "quarantine_2"))
    offices = [
        [text_cell(translated("offices", office)), figure_cell(count, top=most([n for _, n in by_office]))]
        for office, count in by_office
    ]
    reasons = [
        [
            text_cell(translated("row_reasons", why)),
            text_cell(translated("offices", office)),
            figure_cell(count, top=most([n for *_, n in rows])),
            code_cell(why),
        ]
        for office, why, count in rows
    ]
    return _section(
        "quarantine",
        _table("quarantine_offices", ("office", "lines"), offices),
        _table("quarantine", ("expectation", "office", "lines", "code"), reasons),
        Note(translated("misc", "corrections_note")),
    )


def _stability(connection: duckdb.DuckDBPyConnection) -> Section:
    """How far the county is from the training and the last publication, and how groups of borrowers fare."""
    drift = ("feature", "psi_training", "psi_published", "missing", "missing_training", "missing_published")
    groups = (
        "group",
        "attribute",
        "households",
        "granted",
        "approval",
        "interval",
        "ratio",
        "mean_limit",
        "limit_ratio",
        "four_fifths",
    )
    return _section(
        "stability",
        _table("drift", drift, _drifted(connection)),
        Note(translated("misc", "drift_note")),
        _table("groups", groups, _groups(connection)),
        Note(translated("misc", "group_note")),
    )


def _drifted(connection: duckdb.DuckDBPyConnection) -> list[list[Cell]]:
    rows = _rows(connection, sql("report", "stability"))
    top = most([psi for _, *both_psi, _, _, _ in rows for psi in both_psi])
    return [
        [
            text_cell(translated("features", feature)),
            figure_cell(training, ".4f", top=top),
            figure_cell(published, ".4f", top=top),
            *(figure_cell(share, ".1%") for share in shares),
        ]
        for feature, training, published, *shares in rows
    ]


def _groups(connection: duckdb.DuckDBPyConnection) -> list[list[Cell]]:
    return [
        [
            text_cell(translated("groups", group)),
            text_cell(translated("attributes", attribute)),
            *(figure_cell(count) for count in (households, granted)),
            figure_cell(share, ".1%"),
            _interval(low, share, high),
            figure_cell(ratio, ".2f"),
            figure_cell(limit),
            figure_cell(limit_ratio, ".2f"),
            verdict_cell("warn") if is_flagged else text_cell(""),
        ]
        for attribute, group, households, granted, share, low, high, ratio, limit, limit_ratio, is_flagged in _rows(
            connection, sql("report", "stability_2")
        )
    ]


def _interval(low: float | None, share: float, high: float) -> Cell:
    if low is None:
        return Cell(HIDDEN)
    return Cell(f"{low:.1%}–{high:.1%}", low, span=(low, share, high))


def _shapes(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> list[Section]:
    """What was found of delivered maps, or that nobody looked; nothing where none was delivered."""
    said = manifest["shapes"]
    if not said or not said["maps"]:
        return []
    if said["looked_with"] is None:
        return [_section("shapes", Note(translated("shape_reasons", "SHAPES_NOT_LOOKED_AT"), is_small=False))]
    found = [
        [
            text_cell(translated("shape_reasons", why)),
            code_cell(_placed(file_name, sheet)),
            text_cell(translated("misc", "whole_map")) if first is None else figure_cell(count),
            figure_cell(first, unknown=""),
            figure_cell(value, "", ""),
        ]
        for file_name, sheet, why, count, first, value in _rows(connection, sql("report", "shapes"))
    ]
    columns = ("finding", "file", "findings", "first_line", "value")
    drawn: Part = (
        _table("shapes", columns, found) if found else Note(translated("misc", "shapes_sound"), is_small=False)
    )
    return [_section("shapes", drawn, Note(translated("misc", "shape_note")))]


def _placed(file_name: str, sheet: str) -> str:
    return " / ".join(filter(None, (file_name, sheet)))


def _sources(manifest: dict[str, Any]) -> Section:
    """Every table delivered, with what was noted of it; rejected ones first."""
    sources = sorted(manifest["sources"], key=lambda s: (s["rejected"] is None, s["file_name"], s["sheet"]))
    columns = ("file", "contract", "lines", "note", "dropped")
    return _section("sources", _table("sources", columns, [_source(source) for source in sources]))


def _source(source: dict[str, Any]) -> list[Cell]:
    dropped = source["dropped_columns"]
    told = (joined(translated("misc", f"dropped_{why}"), f" {len(headers)}") for why, headers in dropped.items())
    contract = source["contract"]
    return [
        code_cell(_placed(source["file_name"], source["sheet"])),
        text_cell(translated("contracts", contract) if contract else translated("misc", "unrecognised")),
        figure_cell(source["lines"]),
        text_cell(
            translated("misc", "copy") if source["is_copy"] else _notes(source), "fail" if source["rejected"] else ""
        ),
        text_cell(joined(*told, between=" ")),
    ]


def _notes(source: dict[str, Any]) -> Text:
    """Say why a table was rejected, or what was noted of it."""
    notes = [source["rejected"]] if source["rejected"] else source["notes"]
    told = (joined(translated("extract_reasons", why), f" ({detail})" if detail else "") for why, detail in notes)
    return joined(*told, between="; ")
