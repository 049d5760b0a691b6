"""What is known of households before a run: who they were, whom they were found to have become, what they owe."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.catalogue import run_tables
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.balances import drawn_before
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication
from village_credit.sql_files import sql
from village_credit.store.store import Store

ACT = "successor_verdicts"
FOUND = ("goes_on", "merged", "split_off")  # what later runs build on; proposals are made anew each time
IDENTITIES = pa.schema(
    [
        ("household_key", pa.string()),
        ("unit_code", pa.string()),
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
    path = None if run_id is None else store.require_run(run_id) / "lineage.parquet"
    if path is None or not path.is_file():  # an older run
        return schema.empty_table()
    found = pq.read_table(path, columns=schema.names, partitioning=None).cast(schema)
    return found.filter(pc.is_in(found.column("role"), pa.array(FOUND)))


def successors_of(lineage: pa.Table) -> list[tuple[str, str]]:
    """Return each household that was taken over, with the key that its successor's code alone would give."""
    taken = lineage.filter(pc.is_in(lineage.column("role"), pa.array(("goes_on", "merged"))))
    return list(zip(taken.column("from_key").to_pylist(), taken.column("own_key").to_pylist(), strict=True))


def identities_of(store: Store, publications: Sequence[Publication]) -> pa.Table:
    """Return who the households of publications are (IDENTITIES), the later over the earlier.

    Of a run that is no longer in the vault nothing.
    """
    runs = list(dict.fromkeys(publication.run_id for publication in publications))
    parts = [_placed(store, run_id, place) for place, run_id in enumerate(runs) if store.has_identities(run_id)]
    if not parts:
        return IDENTITIES.empty_table()
    connection = query_cursor()
    connection.register("identities", pa.concat_tables(parts))
    return connection.sql(sql("ledger", "last_identities")).to_arrow_table().cast(IDENTITIES)


def _placed(store: Store, run_id: str, place: int) -> pa.Table:
    content = io.BytesIO(store.open_identities(run_id))
    read = pq.read_table(content, columns=IDENTITIES.names, partitioning=None).cast(IDENTITIES)
    return read.append_column("place", pa.array([place] * read.num_rows, pa.int64()))


def owed_on_closed_lines(store: Store, entries: Sequence[Entry], lineage: pa.Table, as_of: date) -> pa.Table:
    """Return household_key, product and owed_yuan of lines that merges closed, by the day before `as_of`.

    `valid_to` is null: a closed line is due as its own contract says, which nobody told us.
    """
    merged = lineage.filter(pc.equal(lineage.column("role"), "merged")).column("from_key")
    drawn = drawn_before(store, entries, as_of) if len(merged) else None
    schema = pa.schema(
        [
            ("household_key", pa.string()),
            ("product", pa.string()),
            ("owed_yuan", pa.decimal128(18, 2)),
            ("valid_to", pa.date32()),
        ]
    )
    if drawn is None:
        return schema.empty_table()
    owed = drawn.filter(pc.is_in(drawn.column("household_key"), merged.combine_chunks()))
    none = pa.nulls(owed.num_rows, pa.date32())
    return owed.rename_columns(["household_key", "product", "owed_yuan"]).append_column("valid_to", none).cast(schema)
