"""The lines in force: one answer for views, differences, explanations, notices, renewals, relief and packages.

A line is a household and a product. What is in force of it is what the last publication that names it decided, with the
limit that its branch set. A batch of one product says nothing of households that it does not name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from village_credit.catalogue import no_rows, run_tables
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.ledger.balances import drawn_before
from village_credit.ledger.branch_limits import BranchLimit, branch_limits, limits_table
from village_credit.ledger.holds import Hold, holds_in_force
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.publications import Publication, standing
from village_credit.sql_files import sql
from village_credit.store.store import Store

IN_FORCE = pa.schema(
    [
        ("place", pa.int64()),
        ("county_code", pa.string()),
        ("publication_id", pa.string()),
        ("run_id", pa.string()),
        ("product", pa.string()),
        ("published_at", pa.string()),
    ]
)
BEFORE = pa.schema(
    [
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("limit_yuan", pa.int64()),
        ("term_months", pa.int64()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
        ("drawn_yuan", pa.decimal128(18, 2)),
    ]
)
HELD = pa.schema([("household_key", pa.string()), ("since", pa.string())])


def in_force_rows(found: Sequence[Publication]) -> list[dict[str, object]]:
    """Return publications as rows of IN_FORCE, numbered in their order."""
    return [
        {
            "place": place,
            "county_code": publication.county_code,
            "publication_id": publication.publication_id,
            "run_id": publication.run_id,
            "product": publication.product,
            "published_at": publication.published_at,
        }
        for place, publication in enumerate(found)
    ]


def lines_in_force(
    store: Store,
    ledger: Ledger,
    county_code: str | None = None,
    on: date | None = None,
    household_key: str | None = None,
    *,
    with_holds: bool = True,
) -> pa.Table:
    """Return the lines in force of a county or of all (on a day: at its end), by household_key and product.

    One row a line, with the columns of a run's decisions, publication_id, published_at and `place` (the later over
    the earlier); with `household_key` those of one household. Receipts count by their day. A household that is held
    has limit 0 and `held_since`; without `with_holds` its lines are told as they go on once it is released.
    """
    then = ledger.until(on) if on else ledger
    mine = [publication for publication in then.in_force if county_code in (None, publication.county_code)]
    held = holds_in_force(then) if with_holds else []
    return lines_of(store, mine, branch_limits(ledger, on).values(), household_key, held)


def lines_of(
    store: Store,
    found: Sequence[Publication],
    limits: Iterable[BranchLimit] = (),
    household_key: str | None = None,
    held: Iterable[Hold] = (),
) -> pa.Table:
    """Return the lines that publications have in force, the later over the earlier, as `lines_in_force` does."""
    query, inputs = lines_query(store, found, limits, held)
    connection = query_cursor()
    for name, table in inputs.items():
        connection.register(name, table)
    wanted = "" if household_key is None else " WHERE household_key = $household_key"
    values = None if household_key is None else {"household_key": household_key}
    text = f"SELECT * FROM ({query}){wanted} ORDER BY household_key, product"
    return connection.sql(text, params=values).to_arrow_table()


def lines_query(
    store: Store,
    found: Sequence[Publication],
    limits: Iterable[BranchLimit] = (),
    held: Iterable[Hold] = (),
    prefix: str = "",
) -> tuple[str, dict[str, pa.Table]]:
    """Write `lines_of` as SQL, with the tables that it reads by name (`prefix` before each)."""
    paths = decision_files(store, found)
    names = {name: prefix + name for name in ("in_force", "branch_limits", "held")}
    stopped = [{"household_key": hold.household_key, "since": hold.since} for hold in held]
    inputs = {
        names["in_force"]: pa.Table.from_pylist(in_force_rows(found), schema=IN_FORCE),
        names["branch_limits"]: limits_table(limits),
        names["held"]: pa.Table.from_pylist(stopped, schema=HELD),
    }
    given = (
        f"read_parquet([{', '.join(quoted(path) for path in paths)}], union_by_name = true, hive_partitioning = false)"
    )
    given = f"(FROM {given} UNION ALL BY NAME FROM {no_rows('decisions')})"  # a run may be older than a column
    if not paths:  # before the first publication: no line, in the shape of some
        given = f"{prefix}no_decisions"
        inputs[given] = _no_decisions()
    return sql("ledger", "lines_in_force").format(decisions=given, each="", **names), inputs


def _no_decisions() -> pa.Table:
    schema = run_tables()["decisions"].schema()
    return schema.append(pa.field("run_id", pa.string())).empty_table()


def quoted(text: str) -> str:
    """Write a path or an id of ours as a SQL literal, where nothing can be bound."""
    return "'" + text.replace("'", "''") + "'"


def decision_files(store: Store, found: Sequence[Publication]) -> list[str]:
    """Name the files of decisions of what is in force."""
    runs = dict.fromkeys(publication.run_id for publication in found)
    return [str(store.table(run_id, "decisions")) for run_id in runs]


def decision_in_force(store: Store, ledger: Ledger, household_key: str) -> dict[str, Any] | None:
    """Return the line of a household that was published last, with its publication_id; None where none is in force."""
    rows = lines_in_force(store, ledger, household_key=household_key).to_pylist()
    return max(rows, key=lambda row: row["place"], default=None)


def known_county(store: Store, ledger: Ledger, household_key: str) -> str | None:
    """Return the county of a household that is published or at least staged; None where no run knows it."""
    found = decision_in_force(store, ledger, household_key)
    if found is not None:
        return str(found["county_code"])
    there = set(store.run_ids())  # of those that nobody signed some are past their retention
    staged = [entry.run_id for entry in ledger if entry.act == STAGE and entry.run_id in there]
    runs = [str(store.table(run_id, "decisions")) for run_id in staged]
    query = "SELECT county_code FROM read_parquet($paths, hive_partitioning = false) WHERE household_key = $key LIMIT 1"
    rows = query_cursor().execute(query, {"paths": runs, "key": household_key}).fetchall() if runs else []
    return str(rows[0][0]) if rows else None


def county_of(store: Store, ledger: Ledger, household_key: str) -> str:
    """Return the county of a household as `known_county` does; raises MissingInput where no run knows it."""
    found = known_county(store, ledger, household_key)
    if found is None:
        raise MissingInput(
            f"household {household_key}: no run in this store knows it; "
            "check the key, or give - and the number on standard input"
        )
    return found


def published_before(ledger: Ledger, county_code: str, as_of: date) -> list[Publication]:
    """Return what was in force for a county on the day before `as_of`, by the days of the runs."""
    return standing([p for p in ledger.county_acts_of(county_code) if p.as_of < as_of.isoformat()])


def lines_before(
    store: Store, ledger: Ledger, county_code: str, as_of: date, drawn: pa.Table | None = None
) -> pa.Table:
    """Return the lines of the day before `as_of`, one that starts on that day too (BEFORE).

    The limit of a stopped one is 0.

    A limit that a branch set stands in place of the published one from its receipt's day on; `drawn_yuan` is what the
    core system said was drawn and not repaid by then, null where it said nothing. `drawn`: the same of all households,
    where it was read already.
    """
    found = published_before(ledger, county_code, as_of)
    if not found:
        return BEFORE.empty_table()
    connection = query_cursor()
    limits = branch_limits(ledger, as_of - timedelta(days=1)).values()
    connection.register("lines", lines_of(store, found, limits))
    connection.register("drawn", drawn_before(store, ledger, as_of) if drawn is None else drawn)
    query = sql("ledger", "lines_before")
    return connection.sql(query, params={"as_of": as_of}).to_arrow_table().cast(BEFORE)
