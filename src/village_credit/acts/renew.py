"""Sign that lines may start a new term; which lines are over, or end soon, is what the publication in force says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.acts.persons import required_reason
from village_credit.duck import looking
from village_credit.errors import MissingInput, RunConflict
from village_credit.publish.ledger import Entry, Publication, append, in_force, read_ledger
from village_credit.publish.renewals import RENEW, signed_renewals
from village_credit.publish.store import Store
from village_credit.publish.warehouse import build_warehouse
from village_credit.signed import signer

DUE = pa.schema([("household_key", pa.string()), ("product", pa.string()), ("ended_on", pa.date32())])
# Over since the publication, or over before it and still waiting.
ENDED = """
SELECT household_key, product, valid_to AS ended_on FROM decisions WHERE valid_to < $as_of
UNION
SELECT w.household_key, w.product, w.ended_on FROM waiting AS w SEMI JOIN decisions AS d
ON d.household_key = w.household_key AND d.product = w.product AND d.valid_to IS NULL
ORDER BY ALL
"""


@dataclass(frozen=True)
class Renewed:
    """What was signed: a county's lines that end by a day, or one household's; how many of those in force it concerns."""

    county_code: str
    ending_by: str
    household_key: str | None
    lines: int
    sum_limit_yuan: int
    by: str


def renew(
    store: Store, county_code: str, ending_by: date, by: str, reason: str, key: str | None = None
) -> Renewed:
    """Sign that a county's lines ending on or before a day (of one household only, with `key`) may start a new term.

    The next scoring starts it, on the day after its own, with the figures of that day; until then nothing changes.
    Raises MissingInput where nothing is in force, RunConflict where it concerns no line.
    """
    by = signer(by)
    reason = required_reason(reason)
    entries = read_ledger(store.root / "ledger")
    current = [p for p in in_force(entries) if p.county_code == county_code]
    if not current:
        raise MissingInput(f"county {county_code}: nothing is in force, so there is no line to renew")
    lines, total = _concerned(store, current, ending_by, key)
    if not lines:
        raise RunConflict(f"county {county_code}: no line in force{f' of household {key}' if key else ''} ends by {ending_by}")  # fmt: skip
    details = {"county_code": county_code, "ending_by": ending_by.isoformat(), "household_key": key, "reason": reason, "lines": lines}  # fmt: skip
    append(store.root / "ledger", RENEW, by, "", details)
    build_warehouse(store)
    return Renewed(county_code, ending_by.isoformat(), key, lines, total, by)


def _concerned(store: Store, current: list[Publication], ending_by: date, key: str | None) -> tuple[int, int]:
    """Count the lines that end by a day, those that are over and wait for it too, and sum their limits."""
    connection = looking()
    lines = total = 0
    for publication in current:
        folder = store.require_run(publication.run_id)
        connection.register("waiting", _due(store, publication.run_id))
        query = """
            SELECT count(*), coalesce(sum(limit_yuan), 0)::BIGINT FROM read_parquet($path) AS d LEFT JOIN waiting AS w USING (household_key, product)
            WHERE coalesce(d.valid_to, w.ended_on) <= $ending_by AND ($key IS NULL OR household_key = $key) AND ($product IS NULL OR product = $product)"""
        values = {"path": str(folder / "decisions.parquet"), "ending_by": ending_by, "key": key, "product": publication.product}  # fmt: skip
        ((count, amount),) = connection.execute(query, values).fetchall()
        lines, total = lines + count, total + amount
    return lines, total


def _due(store: Store, run_id: str) -> pa.Table:
    path = store.require_run(run_id) / "renewals_due.parquet"
    return pq.read_table(path, columns=DUE.names).cast(DUE) if path.is_file() else DUE.empty_table()


def ended_lines(store: Store, before: list[Publication], as_of: date) -> pa.Table:
    """Give the lines of the publications in force on the day before that are over: household_key, product, ended_on."""
    parts = [DUE.empty_table()]
    for publication in before:
        connection = looking()
        path = str(store.require_run(publication.run_id) / "decisions.parquet")
        query = "SELECT household_key, product, valid_to FROM read_parquet($path) WHERE $product IS NULL OR product = $product"
        connection.register("decisions", connection.sql(query, params={"path": path, "product": publication.product}).to_arrow_table())  # fmt: skip
        connection.register("waiting", _due(store, publication.run_id))
        parts.append(connection.sql(ENDED, params={"as_of": as_of}).to_arrow_table().cast(DUE))
    return pa.concat_tables(parts)


def covered(store: Store, county_code: str, lines: pa.Table, day: str) -> pa.ChunkedArray:
    """Say of each line whether a signed renewal covers it: its end (column `day`) is not after what was signed.

    A signature covers the lines that it could see, by their ends: those in force when it was given, and those that were
    over and waited. The term that it starts has another end, and needs a signature of its own.
    """
    entries = read_ledger(store.root / "ledger")
    connection = looking()
    connection.register("lines", lines.append_column("place", pa.array(range(lines.num_rows), pa.int64())))
    found: set[int] = set()
    for renewal in signed_renewals(entries, county_code):
        connection.register("seen", _seen(store, [e for e in entries if e.number < renewal["number"]], county_code))  # fmt: skip
        query = f"""SELECT place FROM lines AS l SEMI JOIN seen AS s ON s.household_key = l.household_key AND s.product = l.product AND s.ended_on = l.{day}
                    WHERE l.{day} <= $ending_by AND ($key IS NULL OR l.household_key = $key)"""
        values = {"ending_by": date.fromisoformat(renewal["ending_by"]), "key": renewal["household_key"]}
        found.update(place for (place,) in connection.execute(query, values).fetchall())
    return pa.chunked_array([pa.array([place in found for place in range(lines.num_rows)], pa.bool_())])


def _seen(store: Store, entries: list[Entry], county_code: str) -> pa.Table:
    """Give the lines, by their ends, that are in force as an account of acts leaves it, and those that wait for a renewal."""
    parts = [DUE.empty_table()]
    for publication in in_force(entries):
        if publication.county_code == county_code:
            connection = looking()
            path = str(store.require_run(publication.run_id) / "decisions.parquet")
            query = "SELECT household_key, product, valid_to AS ended_on FROM read_parquet($path) WHERE valid_to IS NOT NULL AND ($product IS NULL OR product = $product)"
            values = {"path": path, "product": publication.product}
            parts += [connection.sql(query, params=values).to_arrow_table().cast(DUE), _due(store, publication.run_id)]  # fmt: skip
    return pa.concat_tables(parts)


def still_due(ended: pa.Table, decisions: pa.Table) -> pa.Table:
    """Keep the lines that are over and that a run gave no new term: they wait for a renewal."""
    connection = looking()
    connection.register("ended", ended)
    connection.register("decisions", decisions)
    query = """SELECT e.* FROM ended AS e SEMI JOIN decisions AS d
               ON d.household_key = e.household_key AND d.product = e.product AND d.valid_to IS NULL ORDER BY ALL"""
    return connection.sql(query).to_arrow_table()
