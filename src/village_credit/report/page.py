"""A run's tables become one living page: what a manager asks first on top, then all that can be looked into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from village_credit.duckdb_session import cursor_over
from village_credit.report.living import living_page
from village_credit.report.page_credit import credit_sections, shown
from village_credit.report.page_gates import gates_table
from village_credit.report.page_parts import (
    HIDDEN,
    Card,
    Cell,
    Note,
    Page,
    Row,
    Section,
    Table,
    code_cell,
    figure_cell,
    heads,
    text_cell,
)
from village_credit.report.page_sources import source_sections
from village_credit.report.translations import Text, joined, translated
from village_credit.sql_files import sql

GATES = "SELECT gate, value, threshold, verdict, explanation FROM t_gates ORDER BY list_position(['fail', 'warn', 'pass'], verdict), gate"
MEDIAN = "SELECT CAST(coalesce(median(limit_yuan), 0) AS BIGINT) FROM t_decisions WHERE decision = 'granted'"
VILLAGES = "SELECT count(DISTINCT village_code), count(DISTINCT village_code) FILTER (decision = 'granted') FROM t_decisions WHERE village_code IN (SELECT place_code FROM t_places WHERE level = 'village')"
TOWNSHIPS = "SELECT place_code, place_name FROM t_places WHERE level = 'township' ORDER BY place_code"
NEW = "SELECT households FROM changes WHERE change = 'new'"
BEFORE = "SELECT coalesce(sum(before_yuan), 0), coalesce(sum(after_yuan), 0) FROM changes"
UNITS = {
    "review": "households",
    "authority": "households",
    "renewal": "households",
    "link": "records",
    "delivery": "tables",
    "correction": "rows",
}


def run_page(
    run_id: str,
    manifest: dict[str, Any],
    tables: dict[str, pa.Table],
    in_force: pa.Table,
    outlines: pa.Table,
    causes: pa.Table | None = None,
) -> str:
    """Draw the page of a run from its tables.

    `in_force`: the lines of the day before with what is drawn of each, as the run's snapshot has them. `outlines`: of
    villages, where a map of them was delivered and could be looked at (OUTLINES). `causes`: what may be
    told of what each cause adds to limits since the last whole publication was decided, in order (`told_causes`); None:
    it is not known.
    """
    others = {"in_force": in_force, "outlines": outlines} | ({} if causes is None else {"causes": causes})
    connection = cursor_over({f"t_{name}": rows for name, rows in tables.items()} | others)
    changes = connection.sql(sql("report", "changes"), params={"product": manifest["product"]})
    connection.register("changes", changes.to_arrow_table())
    return living_page(_page(connection, manifest, run_id, is_split=causes is not None))


def _page(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], run_id: str, *, is_split: bool) -> Page:
    waits = list(_waiting(connection, manifest))
    named = {"run": run_id, "day": manifest["as_of"]}
    return Page(
        translated("page", "title", county=_county(connection, manifest["county_code"]), day=manifest["as_of"]),
        _below(manifest, named),
        [*_cards(connection, manifest), _waiting_card(waits)],
        [
            _waiting_section(waits),
            _gates(connection),
            *credit_sections(connection, is_split=is_split),
            *source_sections(connection, manifest),
            _versions(manifest, run_id),
        ],
        joined(translated("page", "footer", **named), " ", translated("page", "no_personal")),
        [(str(place), str(name)) for place, name in _rows(connection, TOWNSHIPS)],
    )


def _below(manifest: dict[str, Any], named: dict[str, str]) -> Text:
    said = translated("page", "as_of", **named)
    product = manifest["product"]
    return (
        joined(said, " ", translated("page", "product_run", product=translated("products", product)))
        if product
        else said
    )


def _county(connection: duckdb.DuckDBPyConnection, county_code: str) -> str:
    """Name the county, with its code."""
    ((name,),) = _rows(connection, "SELECT max(place_name) FROM t_places WHERE level = 'county'")
    return f"{name}（{county_code}）" if name and name != county_code else county_code


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the one figure that a query asks for; 0 where it finds nothing."""
    found = _rows(connection, query)
    return int(found[0][0]) if found else 0


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else HIDDEN


def _cards(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> list[Card]:
    """What was credited and new, how it grew, what is drawn, how many villages it covers."""
    households, yuan = translated("page", "unit_households"), translated("page", "unit_yuan")
    granted = manifest["counts"]["households"].get("granted", 0)
    total, median = manifest["sum_limit_yuan"], _one(connection, MEDIAN)
    new = shown(_one(connection, NEW))
    return [
        Card(translated("cards", "credited"), f"{granted:,}", households, _of_whom(manifest, granted)),
        Card(translated("cards", "total"), f"{total:,}", yuan, translated("cards", "median", yuan=f"{median:,}")),
        Card(
            translated("cards", "new"),
            HIDDEN if new is None else f"{new:,}",
            households,
            translated("cards", "new_more"),
        ),
        _growth(connection),
        _drawn(connection, manifest),
        _coverage(connection),
    ]


def _of_whom(manifest: dict[str, Any], granted: int) -> Text:
    """Say of how many: of a whole county its registered households, of a batch whom it names."""
    counts = manifest["counts"]
    if manifest["product"]:
        whole, key = sum(counts["households"].values()), "of_decided"
    else:
        whole, key = counts["registered"], "of_registered"
    return translated("cards", key, count=f"{whole:,}", share=_share(granted, whole))


def _growth(connection: duckdb.DuckDBPyConnection) -> Card:
    ((before, after),) = _rows(connection, BEFORE)
    if not before:
        return Card(
            translated("cards", "growth"), translated("cards", "no_growth"), more=translated("cards", "growth_none")
        )
    return Card(
        translated("cards", "growth"),
        f"{after / before - 1:+.1%}",
        more=translated("cards", "growth_more", yuan=f"{before:,}"),
    )


def _drawn(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> Card:
    query = connection.execute(sql("report", "drawn"), {"product": manifest["product"]})
    ((drawn, limits),) = query.fetchall()
    if drawn is None:
        return Card(
            translated("cards", "drawn"), translated("cards", "no_draws"), more=translated("cards", "drawn_none")
        )
    more = translated("cards", "drawn_more", share=_share(float(drawn), limits))
    return Card(translated("cards", "drawn"), f"{drawn:,.0f}", translated("page", "unit_yuan"), more)


def _coverage(connection: duckdb.DuckDBPyConnection) -> Card:
    ((villages, covered),) = _rows(connection, VILLAGES)
    return Card(
        translated("cards", "coverage"),
        _share(covered, villages),
        more=translated("cards", "coverage_more", count=f"{villages:,}"),
    )


Waits = tuple[Text, Text, int | None, Text, str]


def _waiting(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> Iterator[Waits]:
    """What of the run waits, for whom, how much of what, and the command: first what only signers can do."""
    yield translated("waiting", "signature"), _signers(manifest), 1, translated("waiting", "times"), "approve RUN"
    for gate, *_, verdict, _text in _rows(connection, GATES):
        if verdict == "fail":
            what = translated("waiting", "failed_gate", gate=translated("gate_names", gate))
            yield (
                what,
                translated("waiting", "signature_who"),
                1,
                translated("waiting", "times"),
                f"approve RUN --override {gate}=…",
            )
    for what, who, count in _rows(connection, sql("report", "waiting")):
        if count:
            told = shown(count) if UNITS[what] == "households" else count
            yield (
                translated("waiting", what),
                _for_whom(what, who),
                told,
                translated("waiting", UNITS[what]),
                _how(what),
            )


def _signers(manifest: dict[str, Any]) -> Text:
    quorum = manifest["quorum"]
    return (
        translated("waiting", "signature_quorum", members=quorum["members"])
        if quorum
        else translated("waiting", "signature_who")
    )


def _for_whom(what: str, who: str) -> Text:
    if what in ("delivery", "correction"):
        return translated("offices", who)
    return who if what == "authority" else translated("waiting", f"{what}_who")


def _how(what: str) -> str:
    return "deliveries" if what == "delivery" else translated("waiting", f"{what}_how").en


def _waiting_card(waits: list[Waits]) -> Card:
    return Card(
        translated("cards", "waiting"),
        f"{len(waits):,}",
        translated("cards", "unit_items"),
        translated("cards", "waiting_more"),
    )


def _waiting_section(waits: list[Waits]) -> Section:
    rows = [
        Row(
            [
                text_cell(what),
                text_cell(who),
                Cell(joined(HIDDEN if count is None else f"{count:,}", " ", unit), count),
                code_cell(how),
            ]
        )
        for what, who, count, unit, how in waits
    ]
    columns = [translated("waiting", name) for name in ("what", "who", "count", "how")]
    table = Table("waiting", translated("waiting", "caption"), columns, rows)
    return Section("waiting", translated("waiting", "section"), [table, Note(translated("misc", "signed_later"))])


def _gates(connection: duckdb.DuckDBPyConnection) -> Section:
    gates = [(gate, *rest) for gate, *rest in _rows(connection, GATES)]
    return Section("gates", translated("sections", "gates"), [gates_table(gates)])


def _versions(manifest: dict[str, Any], run_id: str) -> Section:
    """What it was computed with, so that a printed page says what it is of."""
    versions = manifest["versions"]
    named = [
        (name, versions.get(name, ""), versions[f"{name}_sha256"])
        for name in ("policy", "scorecard", "county_terms", "code")
    ]
    named += [("linkage", versions["linkage"], "")]
    rows = [
        Row([text_cell(translated("misc", name)), code_cell(str(version)), code_cell(sha256)])
        for name, version, sha256 in named
    ]
    rows += [
        Row([text_cell(translated("misc", "library")), code_cell(f"{name} {version}"), code_cell("")])
        for name, version in manifest["libraries"].items()
    ]
    rows.append(Row([text_cell(translated("misc", "inputs")), figure_cell(len(manifest["inputs"])), code_cell(run_id)]))
    table = Table("versions", translated("captions", "versions"), heads("item", "version", "hash"), rows)
    return Section("versions", translated("sections", "versions"), [table, Note(translated("misc", "signed_later"))])
