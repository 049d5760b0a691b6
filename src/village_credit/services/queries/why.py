"""Why limits change between two runs, or between what is in force and a run: in yuan that add up, cause by cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from village_credit.code_version import code_sha256
from village_credit.duckdb_session import cursor_over
from village_credit.errors import MissingInput, ModelRefused, PolicyRefused
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_query
from village_credit.ledger.publications import Publication
from village_credit.publish.safe_csv import csv_bytes
from village_credit.score.small_counts import hide_small
from village_credit.services.decided_from import basis_of
from village_credit.services.queries.apart import between
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.tables.basis import Basis
from village_credit.tables.causes import CAUSES, JOINED
from village_credit.tables.split import by_cause, split_along

SPLIT = pa.schema(
    [
        ("household_key", pa.string()),
        ("village_code", pa.string()),
        ("product", pa.string()),
        ("cause", pa.string()),
        ("yuan", pa.int64()),
    ]
)
NOTHING_BEFORE = "nothing was published before, so that there is no earlier decision to split the change from"


@dataclass(frozen=True)
class Why:
    """What each cause adds to each household's limit of a product, whole yuan, none that is 0 (SPLIT).

    `why_not`: in one sentence, where the change cannot be split; then there are no parts. `why_joined`: likewise, where
    deliveries were to be read anew and cannot be.
    """

    parts: pa.Table
    why_not: str | None = None
    why_joined: str | None = None

    def causes(self) -> list[dict[str, Any]]:
        """Return cause, households, raised_yuan, lowered_yuan, yuan, in the order in which causes are taken over."""
        rows: list[dict[str, Any]] = by_cause(self.parts).to_pylist()
        return [{"cause": JOINED.join(row.pop("causes")), **row} for row in rows]

    def by_village(self) -> list[dict[str, Any]]:
        """Return the same by village (group, change, households, yuan); small counts are null."""
        rows = _rows("why_villages", {"parts": self.parts})
        return hide_small(sorted(rows, key=lambda row: (row["group"], order_of(row["change"]))))

    def of_households(self, keys: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """Return product, cause and yuan of some households, in the order of causes."""
        found: dict[str, list[dict[str, Any]]] = {key: [] for key in keys}
        asked = pa.table({"household_key": pa.array(found, pa.string())})
        for row in _rows("why_households", {"parts": self.parts, "asked": asked}):
            found[row.pop("household_key")].append(row)
        return {
            key: sorted(rows, key=lambda row: (row["product"], order_of(row["cause"]))) for key, rows in found.items()
        }

    def csv(self) -> bytes:
        """Write the parts as CSV, a row a household, product and cause; raises MissingInput where there are none."""
        if self.why_not is not None:
            raise MissingInput(f"there is nothing to write: {self.why_not}")
        rows = zip(*(column.to_pylist() for column in self.parts.columns), strict=True)
        return csv_bytes(self.parts.column_names, rows)


def order_of(cause: str) -> int:
    """Return a cause's place; of several that are not told apart, the first's."""
    return min(CAUSES.index(one) for one in cause.split(JOINED))


def _rows(query: str, tables: dict[str, pa.Table]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cursor_over(tables).sql(sql("services.queries", query)).to_arrow_table().to_pylist()
    return found


def unsplit(why_not: str) -> Why:
    """Return that a change cannot be split, and why."""
    return Why(SPLIT.empty_table(), why_not)


def why_runs(store: Store, run_id: str, against: str, apart: Path | None = None) -> Why:
    """Split what changes from one sealed run to another.

    `apart`: the models' folder, where deliveries are to be read anew for causes that are not told apart otherwise.
    """
    ledger = Ledger.of(store)
    try:
        before, after = (basis_of(store, ledger, one) for one in (against, run_id))
        if before.manifest["county_code"] != after.manifest["county_code"]:
            return unsplit("the two runs are of different counties")
    except MissingInput as missing:
        return unsplit(str(missing))
    parts, why_joined = _split(store, ledger, before, after, apart)
    villages = pa.concat_tables(side.decisions.select(["household_key", "village_code"]) for side in (after, before))
    given = {"parts": parts, "villages": villages}
    told = cursor_over(given).sql(sql("services.queries", "why_runs")).to_arrow_table().cast(SPLIT)
    return Why(told, why_joined=why_joined)


def _split(
    store: Store, ledger: Ledger, before: Basis, after: Basis, apart: Path | None
) -> tuple[pa.Table, str | None]:
    """Return the parts of one way, and why deliveries could not be read anew for it."""
    try:
        steps, why_joined = ([] if apart is None else between(store, ledger, before, after, apart)), None
    except (MissingInput, ModelRefused, PolicyRefused) as refusal:
        steps, why_joined = [], str(refusal)
    return split_along([before, *steps, after], code_sha256()), why_joined


def why_published(store: Store, run_id: str, apart: Path | None = None) -> Why:
    """Split what changes once a run is published, from what is in force: with what branches set, and who is held.

    `apart`: as in `why_runs`.
    """
    ledger = Ledger.of(store)
    manifest = store.manifest(run_id)
    current = ledger.in_force_of(manifest["county_code"])
    if not current:
        return unsplit(NOTHING_BEFORE)
    try:
        after = basis_of(store, ledger, run_id)
        runs = dict.fromkeys(one.run_id for one in current)
        origins = {one: basis_of(store, ledger, one) for one in runs}
    except MissingInput as missing:
        return unsplit(str(missing))
    split = {one: _split(store, ledger, basis, after, apart) for one, basis in origins.items()}
    ways = {
        "parts": _tagged({one: parts for one, (parts, _) in split.items()}),
        "stored": _tagged({one: basis.decisions for one, basis in origins.items()}),
    }
    why_joined = next((why for _, why in split.values() if why), None)
    return Why(_laid_over(store, ledger, current, ways, after), why_joined=why_joined)


def _laid_over(
    store: Store, ledger: Ledger, current: list[Publication], ways: dict[str, pa.Table], after: Basis
) -> pa.Table:
    """Return the parts of every line: the way from the run that decided it, and what its branch had set.

    `ways`: the parts of each run in force to the new one, and its stored limits.
    """
    held = holds_in_force(ledger)
    lines, inputs = lines_query(store, current, branch_limits(ledger).values(), held)
    columns = "household_key, village_code, product, limit_yuan, run_id"
    given = ways | {
        "lines": cursor_over(inputs).sql(f"SELECT {columns} FROM ({lines})").to_arrow_table(),
        "decided": after.decisions,
        "held": pa.table({"household_key": pa.array([hold.household_key for hold in held], pa.string())}),
    }
    whole = next((one.run_id for one in current if one.product is None), None)
    values = {"whole": whole, "product": after.manifest["product"]}
    query = sql("services.queries", "why_published")
    return cursor_over(given).sql(query, params=values).to_arrow_table().cast(SPLIT)


def _tagged(tables: dict[str, pa.Table]) -> pa.Table:
    """Put tables of several runs below each other, with the run of each row."""
    runs = ((pa.array([run_id] * table.num_rows, pa.string()), table) for run_id, table in tables.items())
    return pa.concat_tables(table.append_column("run_id", names) for names, table in runs)
