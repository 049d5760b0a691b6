"""What is known of households before a run: who they were, whom they were found to have become, what they owe."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.catalogue import run_tables
from village_credit.duckdb_session import cursor_over, query_cursor
from village_credit.ledger.holds import Hold
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import decision_files
from village_credit.ledger.log import Entry
from village_credit.sql_files import sql
from village_credit.store.store import Store

ACT = "successor_verdicts"
TAKES = ("goes_on", "merged")  # roles of who took a household's line over
FOUND = (*TAKES, "split_off", "anew")  # what later runs build on; proposals are made anew each time
OWED = pa.schema(
    [
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("owed_yuan", pa.decimal128(18, 2)),
        ("valid_to", pa.date32()),
    ]
)
IDENTITIES = pa.schema(
    [
        ("household_key", pa.string()),
        ("unit_code", pa.string()),
        ("name", pa.string()),
        ("person_id", pa.string()),
        ("number_hashes", pa.list_(pa.string())),
    ]
)


def successor_verdicts(entries: Iterable[Entry], county_code: str) -> list[dict[str, str]]:
    """Return the last word on each pair of a household that is gone (from_key) and one registered (own_key), sorted."""
    last: dict[tuple[str, str], dict[str, str]] = {}
    for entry in entries:
        if entry.act == ACT and entry.details["county_code"] == county_code:
            for verdict in entry.details["verdicts"]:
                last[verdict["from_key"], verdict["own_key"]] = verdict
    return [last[pair] for pair in sorted(last)]


def lineage_before(store: Store, run_id: str | None) -> pa.Table:
    """Return whom households became, as a run left it, without what waited for a person; of none, nothing."""
    schema = run_tables()["lineage"].schema()
    path = None if run_id is None else store.table_if_any(run_id, "lineage")
    if path is None:  # an older run
        return schema.empty_table()
    found = pq.read_table(path, columns=schema.names, partitioning=None).cast(schema)
    return found.filter(pc.is_in(found.column("role"), pa.array(FOUND)))


def successors_of(lineage: pa.Table) -> list[tuple[str, str]]:
    """Return each household that was taken over, with the key that its successor's code alone would give."""
    taken = lineage.filter(pc.is_in(lineage.column("role"), pa.array(TAKES)))
    return list(zip(taken.column("from_key").to_pylist(), taken.column("own_key").to_pylist(), strict=True))


def identities_of(store: Store, run_ids: Iterable[str]) -> pa.Table:
    """Return who the households of runs are (IDENTITIES), the later over the earlier.

    Of a run that is no longer in the vault nothing.
    """
    runs = enumerate(dict.fromkeys(run_ids))
    parts = [_placed(store, run_id, place) for place, run_id in runs if store.has_identities(run_id)]
    if not parts:
        return IDENTITIES.empty_table()
    connection = query_cursor()
    connection.register("identities", pa.concat_tables(parts))
    return connection.sql(sql("ledger", "last_identities")).to_arrow_table().cast(IDENTITIES)


def _placed(store: Store, run_id: str, place: int) -> pa.Table:
    content = io.BytesIO(store.open_identities(run_id))
    read = pq.read_table(content, columns=IDENTITIES.names, partitioning=None).cast(IDENTITIES)
    return read.append_column("place", pa.array([place] * read.num_rows, pa.int64()))


def owed_in(store: Store, ledger: Ledger, county_code: str, drawn: pa.Table) -> pa.Table:
    """Return what households of a county owe (OWED) of what all households have drawn (as `drawn_before` gives it).

    `valid_to` is null: when it is due its own contract says, which nobody told us.
    """
    paths = decision_files(store, ledger.publications_of(county_code)) if drawn.num_rows else []
    if not paths:
        return OWED.empty_table()
    found = cursor_over({"drawn": drawn}).sql(sql("ledger", "owed_in_county"), params={"paths": paths})
    return found.to_arrow_table().cast(OWED)


def strays_of(
    held: Iterable[Hold], county_code: str, owed: pa.Table, decided: pa.Table, lineage: pa.Table
) -> list[str]:
    """Name households that no publication in force decides, and that are held or owe, and went over to nobody."""
    hanging = {hold.household_key for hold in held if hold.county_code == county_code}
    hanging |= set(owed.filter(pc.greater(owed.column("owed_yuan"), 0)).column("household_key").to_pylist())
    settled = set(decided.column("household_key").to_pylist()) | set(lineage.column("from_key").to_pylist())
    return sorted(hanging - settled)


def owed_elsewhere(owed: pa.Table, lines: pa.Table, lineage: pa.Table, strays: list[str]) -> pa.Table:
    """Return what is owed on lines no longer in force, of households that went over to others or may yet."""
    taken = lineage.filter(pc.is_in(lineage.column("role"), pa.array(TAKES))).column("from_key")
    asked = pa.table({"household_key": pa.concat_arrays([taken.combine_chunks(), pa.array(strays, pa.string())])})
    connection = cursor_over({"owed": owed, "asked": asked, "lines": lines.select(["household_key", "product"])})
    return connection.sql(sql("ledger", "owed_elsewhere")).to_arrow_table().cast(OWED)
