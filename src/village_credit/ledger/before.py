"""What stood before a run: the publications and lines in force the day before, and what they were computed from."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.ledger.balances import drawn_before
from village_credit.ledger.branch_limits import branch_limits, limits_table
from village_credit.ledger.log import Entry, read_ledger
from village_credit.ledger.publications import Publication, publications
from village_credit.relief.conditions import CONDITIONS
from village_credit.store.store import Store
from village_credit.tables.gates import Outcome, outcome_of
from village_credit.tables.simulation_inputs import SimulationInputs, unpack_simulation_inputs

IN_FORCE = pa.schema(
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


def publication_before(entries: list[Entry], county_code: str, as_of: date) -> list[Publication]:
    """Return the publications that were in force for a county on the day before `as_of`: its last whole one, and later products."""
    earlier = [p for p in publications(entries) if p.county_code == county_code and p.as_of < as_of.isoformat()]
    whole = [p for p in earlier if p.product is None]
    last = [whole[-1]] if whole else []
    since = last[0].number if last else 0
    by_product = {p.product: p for p in earlier if p.product is not None and p.number > since}
    return last + [by_product[name] for name in sorted(by_product, key=str)]


def limits_in_force(store: Store, before: list[Publication], as_of: date) -> pa.Table:
    """Return the lines of the day before `as_of`, one that it starts on that day too, by household_key; the limit of a stopped one is 0.

    A limit that a branch set stands in place of the published one from its receipt's day on; `drawn_yuan` is what the
    core system said was drawn and not repaid by then, null where it said nothing.
    """
    if not before:
        return IN_FORCE.empty_table()
    entries = read_ledger(store.root / "ledger")
    connection = query_cursor()
    said = branch_limits(entries, as_of - timedelta(days=1))
    connection.register("branch_limits", limits_table(said.values()))
    connection.register("drawn", drawn_before(store, entries, as_of))
    parts = []
    for index, publication in enumerate(before):
        connection.register(
            f"d{index}",
            connection.sql(
                "SELECT *, $publication AS publication_id FROM read_parquet($path)",
                params={
                    "path": str(store.require_run(publication.run_id) / "decisions.parquet"),
                    "publication": publication.publication_id,
                },
            ).to_arrow_table(),
        )
        replaced = [p.product for p in before if p.product is not None] if publication.product is None else []
        connection.register(f"gone{index}", pa.table({"product": pa.array(replaced, pa.string())}))
        parts.append(f"SELECT * FROM d{index} ANTI JOIN gone{index} USING (product)")
    union = " UNION ALL BY NAME ".join(parts)
    query = f"""
        SELECT household_key, product, coalesce(branch_limit_yuan, limit_yuan) AS limit_yuan, term_months, valid_from, valid_to, drawn_yuan
        FROM ({union}) LEFT JOIN branch_limits USING (publication_id, household_key, product) LEFT JOIN drawn USING (household_key, product)
        WHERE valid_from <= $as_of AND valid_to >= $as_of::DATE - 1 ORDER BY household_key, product"""
    return connection.sql(query, params={"as_of": as_of}).to_arrow_table().cast(IN_FORCE)


def decided_before(store: Store, before: list[Publication]) -> pa.Table:
    """Return the household_key of everyone whom the publications in force on the day before decided, granted or not."""
    paths = [str(store.require_run(publication.run_id) / "decisions.parquet") for publication in before]
    if not paths:
        return pa.table({"household_key": pa.array([], pa.string())})
    query = "SELECT DISTINCT household_key FROM read_parquet($paths) ORDER BY household_key"
    return query_cursor().sql(query, params={"paths": paths}).to_arrow_table()


def last_whole_run(before: list[Publication]) -> str | None:
    """Name the run of the county's last whole publication; None: nothing to compare with."""
    return next((publication.run_id for publication in before if publication.product is None), None)


def rows_before(store: Store, run_id: str | None) -> dict[str, int]:
    """Return the standing rows per contract of a run; of none, none."""
    if run_id is None:
        return {}
    path = store.require_run(run_id) / "control_totals.parquet"
    query = "SELECT contract, CAST(sum(rows) AS BIGINT) FROM read_parquet($path) WHERE measure = 'rows' GROUP BY contract ORDER BY contract"
    return dict(query_cursor().execute(query, {"path": str(path)}).fetchall())


def outcome_before(store: Store, run_id: str | None) -> Outcome | None:
    """Return what a run came to; None of none."""
    if run_id is None:
        return None
    path = store.require_run(run_id) / "decisions.parquet"
    query = "SELECT decision, limit_yuan FROM read_parquet($path)"
    return outcome_of(query_cursor().sql(query, params={"path": str(path)}).to_arrow_table())


def points_before(store: Store, run_id: str | None) -> pa.Table | None:
    """Return unit_code, feature and value of every household that a run decided; None of none.

    A sealed run knows no unit_code: here it is the pseudonym.
    """
    if run_id is None:
        return None
    path = store.require_run(run_id) / "score_points.parquet"
    query = "SELECT household_key AS unit_code, feature, value FROM read_parquet($path)"
    return query_cursor().sql(query, params={"path": str(path)}).to_arrow_table()


def conditions_before(store: Store, run_id: str | None) -> pa.Table:
    """Return the documents that households were waiting to bring as a run left them, by household_key; of none, none."""
    schema = pa.schema(
        [("household_key", pa.string()), *((f.name, f.type) for f in CONDITIONS if f.name != "unit_code")]
    )
    path = None if run_id is None else store.require_run(run_id) / "conditions.parquet"
    if path is None or not path.is_file():
        return schema.empty_table()
    return pq.read_table(path, columns=schema.names).cast(schema)


def knows_before(store: Store, run_id: str | None) -> bool:
    """Tell whether the vault holds what a run measured."""
    return run_id is not None and store.has_identities(f"{run_id}.measured")


def simulation_inputs_before(store: Store, run_id: str | None) -> SimulationInputs | None:
    """Return what a run measured of its households; None of none, or where the vault no longer has it."""
    if run_id is None or not knows_before(store, run_id):
        return None
    return unpack_simulation_inputs(store.open_simulation_inputs(run_id))


def dates_before(store: Store, run_id: str | None) -> pa.Table:
    """Return household_key, valid_to and review_due_on of the lines that a run granted; of none, none."""
    schema = pa.schema([("household_key", pa.string()), ("valid_to", pa.date32()), ("review_due_on", pa.date32())])
    if run_id is None:
        return schema.empty_table()
    return pq.read_table(store.require_run(run_id) / "decisions.parquet", columns=schema.names).cast(schema)
