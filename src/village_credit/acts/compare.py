"""Two runs, household by household: new, raised, lowered, removed, same; counts, sums and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.errors import MissingInput
from village_credit.publish.ledger import in_force, read_ledger
from village_credit.publish.store import Store

GROUPS = {"village": "village_code", "band": "band", "reason": "reason"}
COMPARED = """
CREATE TABLE compared AS
SELECT coalesce(a.household_key, b.household_key) AS household_key, coalesce(a.village_code, b.village_code) AS village_code,
       coalesce(a.band, b.band) AS band, coalesce(b.limit_yuan, 0) AS before_yuan, coalesce(a.limit_yuan, 0) AS after_yuan,
       coalesce(a.limit_yuan, 0) - coalesce(b.limit_yuan, 0) AS change_yuan,
       CASE WHEN coalesce(a.limit_yuan, 0) = coalesce(b.limit_yuan, 0) THEN 'same' WHEN coalesce(b.limit_yuan, 0) = 0 THEN 'new'
            WHEN coalesce(a.limit_yuan, 0) = 0 THEN 'removed' WHEN a.limit_yuan > b.limit_yuan THEN 'raised' ELSE 'lowered' END AS change,
       coalesce(a.reason_codes[1], a.binding_term, 'not decided') AS reason
FROM after AS a FULL JOIN before AS b USING (household_key)
"""
EMPTY = pa.schema(
    [
        ("household_key", pa.string()),
        ("village_code", pa.string()),
        ("band", pa.string()),
        ("limit_yuan", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Difference:
    """`changes`: change, households, before_yuan, after_yuan. `groups`: the same per group. `movers`: the largest changes."""

    against: str
    changes: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    movers: list[dict[str, Any]]


def diff_runs(store: Store, run_id: str, against: str = "published", by: str | None = None) -> Difference:
    """Compare a sealed run with another run, or with what is published for its county."""
    after = pq.read_table(store.require_run(run_id) / "decisions.parquet")
    before, name = _other(store, store.manifest(run_id)["county_code"], against)
    return difference(after, before, name, by)


def diff_table(store: Store, county_code: str, after: pa.Table, by: str | None = None) -> Difference:
    """Compare decisions in memory with what is published; nothing is written."""
    before, name = _other(store, county_code, "published")
    return difference(after, before, name, by)


def _other(store: Store, county_code: str, against: str) -> tuple[pa.Table, str]:
    if against != "published":
        return pq.read_table(store.require_run(against) / "decisions.parquet"), against
    current = [p for p in in_force(read_ledger(store.root / "ledger")) if p.county_code == county_code]
    tables = [pq.read_table(store.require_run(p.run_id) / "decisions.parquet") for p in current]
    return (
        (pa.concat_tables(tables, promote_options="default"), current[-1].publication_id)
        if tables
        else (EMPTY.empty_table(), "nothing published")
    )


def difference(after: pa.Table, before: pa.Table, name: str, by: str | None) -> Difference:
    """Compare two decision tables."""
    if by is not None and by not in GROUPS:
        raise MissingInput(f"--by {by}: choose village, band or reason")
    connection = duckdb.connect()
    connection.register("after", after)
    connection.register("before", before)
    connection.execute(COMPARED)
    sums = "count(*) AS households, CAST(sum(before_yuan) AS BIGINT) AS before_yuan, CAST(sum(after_yuan) AS BIGINT) AS after_yuan"
    changes = (
        connection.sql(f"SELECT change, {sums} FROM compared GROUP BY change ORDER BY change")
        .to_arrow_table()
        .to_pylist()
    )
    groups = (
        connection.sql(
            f'SELECT {GROUPS[by]} AS "group", change, {sums} FROM compared GROUP BY ALL ORDER BY ALL'
        )
        .to_arrow_table()
        .to_pylist()
        if by
        else []
    )
    movers = (
        connection.sql("""
        SELECT household_key, before_yuan, after_yuan, change_yuan, reason FROM compared WHERE change_yuan <> 0
        ORDER BY abs(change_yuan) DESC, household_key LIMIT 10""")
        .to_arrow_table()
        .to_pylist()
    )
    return Difference(name, changes, groups, movers)
