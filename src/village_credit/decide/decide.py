"""Facts, probabilities and a policy in force become each household's decision, with every term kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.branch import BANDS, PRODUCT_ORDER
from village_credit import duckdb_session
from village_credit.decide.budgets import allocate
from village_credit.decide.legal_basis import disputes, lacking_basis, without_disputed, without_lacking
from village_credit.policy.compiled import policy_tables
from village_credit.policy.model import PolicyInForce
from village_credit.sql_files import sql

VALUE = ("income", "listings", "candidates", "growers", "credit", "deciding", "screen", "limit")
# What `measure` makes, and the facts that stay as they are: another policy can be tried on these alone.
MEASURED = (
    "known",
    "rented",
    "crop_scaled",
    "machines_owned",
    "loans_open",
    "adults",
    "loan_names",
    "arrears",
    "marks",
)
FACTS_KEPT = ("households", "negatives", "objections", "monitored", "farms", "credit_lines", "traders", "in_force")
FACTS_READ = (
    "households",
    "members",
    "parcels",
    "leases",
    "subsidies",
    "crops",
    "books",
    "machines",
    "exposures",
    "conducts",
    "negatives",
    "related_parties",
    "objections",
    "unread_adverse",
    "monitored",
    "farms",
    "credit_lines",
    "traders",
    "turnover",
    "in_force",
)
# What people said between runs; absent: nothing. `reviewed`: verdict (grant, decline, holdout), limit in whole yuan,
# its grounds.
HUMAN_INPUTS = {
    "held": pa.schema([("unit_code", pa.string())]),
    "reviewed": pa.schema(
        [
            ("unit_code", pa.string()),
            ("product", pa.string()),
            ("verdict", pa.string()),
            ("limit_yuan", pa.int64()),
            ("reason_codes", pa.list_(pa.string())),
        ]
    ),
    # what was published and in force a year before, else first since: what a line may rise from, whole yuan
    "rise_bases": pa.schema([("unit_code", pa.string()), ("product", pa.string()), ("base_yuan", pa.int64())]),
    # a branch's last cut, whole yuan (0: it refused), and its day
    "branch_words": pa.schema(
        [("unit_code", pa.string()), ("product", pa.string()), ("said_yuan", pa.int64()), ("said_on", pa.date32())]
    ),
    # a year's net income that a person found out and vouches for, by kind (crops, livestock, wages, trade), whole yuan,
    # with the day of its evidence; and the most that he would grant on it (null: what the waterfall gives)
    "supplied": pa.schema(
        [
            ("unit_code", pa.string()),
            ("product", pa.string()),
            ("kind", pa.string()),
            ("income_yuan", pa.int64()),
            ("said_on", pa.date32()),
            ("most_yuan", pa.int64()),
        ]
    ),
    "decided_before": pa.schema(
        [("unit_code", pa.string())]
    ),  # in the publication in force the day before, whatever was decided
    # lines of ours that are over and whose renewal nobody signed; and those whose renewal is signed
    "ended": pa.schema([("unit_code", pa.string()), ("product", pa.string())]),
    "renewed": pa.schema([("unit_code", pa.string()), ("product", pa.string())]),
    # whose code changed, or perhaps did, so that a person must look; the most on the day of a merge or split, whole
    # yuan; and what is owed on lines that a merge closed, which go on as loans of who took them over
    "recoded": pa.schema([("unit_code", pa.string())]),
    "lineage_caps": pa.schema([("unit_code", pa.string()), ("most_yuan", pa.int64())]),
    "closed_lines": pa.schema(
        [
            ("unit_code", pa.string()),
            ("product", pa.string()),
            ("owed_yuan", pa.decimal128(18, 2)),
            ("valid_to", pa.date32()),
        ]
    ),
    # in a relief window today; what may still be brought, by the reason that it answers; and what came too late
    "affected": pa.schema([("unit_code", pa.string())]),
    "waiting": pa.schema([("unit_code", pa.string()), ("reason_code", pa.string())]),
    "lapsed": pa.schema([("unit_code", pa.string()), ("reason_code", pa.string())]),
    "noted": pa.schema([("unit_code", pa.string()), ("code", pa.string())]),  # findings to be shown beside the figures
}
SIMULATION_TABLES = (*MEASURED, *FACTS_KEPT, *HUMAN_INPUTS)
# Where these decide a person looks, and may grant where none but these stand against it.
REVIEWED_REASONS = (
    "NO_LEGAL_BASIS",
    "OVERDUE",
    "OBJECTION",
    "DISPUTED_DATUM",
    "NO_INCOME_SOURCE",
    "LINK_UNCONFIRMED",
    "RECODED",
    "NOT_SCORED",
    "TRADER_MODEL_DECLINE",
    "GREY_LIST",
    "RENEWAL_DUE",
)
CODES = ("unit_code", "from_unit_code", "to_unit_code")
WITH_DATUM, WITHOUT_DATUM = "+", "-"  # behind a unit's code, where both are tried at once
Scorer = Callable[[dict[str, pa.Table]], pa.Table]


@dataclass(frozen=True)
class Decided:
    """`decisions`, `waterfall`, `crop_terms`: one row per unit (and crop), ordered by unit_code; no name, no number.

    `relief_kept`: a unit whose limit a relief window keeps, and the decision, figure and reasons that it would have
    had. `lines_before`: the lines that ran on the day before: unit_code, product, limit_yuan, valid_from, valid_to,
    is_own (else the bank's). `follow_up`: a unit whom a customer manager visits: its tags, declared and managed land,
    need, limit, and what is short. `measured`: what `apply_policy` needs to try another policy on the same units.
    """

    decisions: pa.Table
    waterfall: pa.Table
    crop_terms: pa.Table
    relief_kept: pa.Table
    lines_before: pa.Table
    follow_up: pa.Table
    measured: dict[str, pa.Table]


def decide(
    facts: dict[str, pa.Table], score: Scorer, policy: PolicyInForce, as_of: date, product: str | None = None
) -> Decided:
    """Decide every household of `facts` (with `product`: the units of that product's batch only).

    `score` gives unit_code, points, default_probability_ppm of facts: it is asked again where a disputed
    datum must be left out. A source without a legal basis is left out before scoring.
    """
    lacking = lacking_basis(facts, as_of, policy.policy.basis_exempt)
    usable = without_lacking(facts, lacking)
    clear, unclear = disputes(facts["objections"])
    unsettled = list(unclear)
    if clear:
        usable, raised = _settle_disputes(usable, clear, score, policy, as_of, lacking, product)
        unsettled.extend(raised)
    return _stored(*_outcome(usable, score(consenting(usable)), policy, as_of, lacking, unsettled, product))


def _settle_disputes(
    facts: dict[str, pa.Table],
    clear: dict[str, list[tuple[str, str]]],
    score: Scorer,
    policy: PolicyInForce,
    as_of: date,
    lacking: pa.Table,
    product: str | None,
) -> tuple[dict[str, pa.Table], list[str]]:
    """Leave disputed data out; give the units whose limit that raises: there a person must look.

    The datum is out for them too: a disputed fact neither declines a household nor waves it through.
    """
    unreviewed = {
        name: table for name, table in facts.items() if name not in HUMAN_INPUTS
    }  # the datum alone is asked of
    concerned = _only(unreviewed, pa.array(sorted(clear), pa.string()))
    trials = {WITH_DATUM: concerned, WITHOUT_DATUM: without_disputed(concerned, clear)}
    stacked = {name: _stacked({mark: given[name] for mark, given in trials.items()}) for name in FACTS_READ}
    scores = _stacked({mark: score(consenting(given)) for mark, given in trials.items()})
    lacked = _stacked(dict.fromkeys(trials, lacking))
    limits = _limits(*_outcome(stacked, scores, policy, as_of, lacked, [], product))
    raised = sorted(
        unit for unit in clear if _is_raised(limits.get(unit + WITH_DATUM), limits.get(unit + WITHOUT_DATUM))
    )
    return without_disputed(facts, clear), raised


def _stacked(copies: dict[str, pa.Table]) -> pa.Table:
    """Put copies of the same units below each other, told apart by a mark behind their codes.

    No unit knows another in what `_outcome` reckons but by its leases, so that two copies cost hardly more than one.
    """
    return pa.concat_tables([_marked(table, mark) for mark, table in copies.items()])


def _marked(table: pa.Table, mark: str) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if name in CODES:
            table = table.set_column(place, name, pc.binary_join_element_wise(table.column(name), mark, ""))
    return table


def _is_raised(with_datum: tuple[int, int] | None, without_datum: tuple[int, int] | None) -> bool:
    """Say whether a household would stand better without the datum: in its figure, or past its screen."""
    before, after = with_datum or (0, 0), without_datum or (0, 0)
    return after[0] > before[0] or after[1] > before[1]


def _limits(connection: duckdb.DuckDBPyConnection, _tables: dict[str, pa.Table]) -> dict[str, tuple[int, int]]:
    """Return each unit's policy limit, and what of it the screen lets through, whole yuan; budgets aside."""
    query = (
        "SELECT unit_code, policy_limit, state = 'granted' OR list_contains(grounds, 'BUDGET_EXHAUSTED') FROM outcome"
    )
    rows = connection.execute(query).fetchall()
    return {unit: (int(figure), int(figure) if is_through else 0) for unit, figure, is_through in rows}


def consenting(facts: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Leave out, before scoring, households that withdrew their consent, or perhaps did."""
    objections, units = facts["objections"], facts["households"].column("unit_code")
    withdrew = objections.filter(pc.equal(objections.column("objection_type"), "撤回同意")).column("unit_code")
    if len(withdrew) == 0:
        return facts
    return _only(facts, units.filter(pc.invert(pc.is_in(units, withdrew))))


def _only(facts: dict[str, pa.Table], chosen: pa.Array) -> dict[str, pa.Table]:
    kept = {
        name: table.filter(pc.is_in(table.column("unit_code"), chosen)) if "unit_code" in table.column_names else table
        for name, table in facts.items()
    }
    leases = facts["leases"]
    touched = pc.or_(pc.is_in(leases.column("from_unit_code"), chosen), pc.is_in(leases.column("to_unit_code"), chosen))
    return {**kept, "leases": leases.filter(touched)}


def _outcome(
    facts: dict[str, pa.Table],
    scores: pa.Table,
    policy: PolicyInForce,
    as_of: date,
    lacking: pa.Table,
    unsettled: list[str],
    product: str | None,
) -> tuple[duckdb.DuckDBPyConnection, dict[str, pa.Table]]:
    """Measure and value facts: gives a connection that has `outcome`, and what was registered on it."""
    connection = duckdb_session.own_tables(SETTINGS)
    tables = {
        **{name: facts[name] for name in FACTS_READ},
        **{name: facts.get(name, schema.empty_table()) for name, schema in HUMAN_INPUTS.items()},
        "scored": scores,
        "lacking": lacking,
        "unsettled": pa.table({"unit_code": pa.array(unsettled, pa.string())}),
    }
    for name, table in tables.items():
        connection.register(name, table)
    _prepare(connection, policy, as_of, product)
    run_step(connection, "measure")
    _value(connection, policy, keeps_terms=True)  # the waterfall asks for every figure again
    return connection, tables


def _stored(connection: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table]) -> Decided:
    """Write down what was decided, as a run stores it."""
    run_step(connection, "result")
    stored = [
        connection.sql(f"SELECT * FROM {name} ORDER BY ALL").to_arrow_table()
        for name in ("decisions", "waterfall", "crop_result", "relief_kept", "lines_before", "follow_up")
    ]
    measured = {name: connection.sql(f"FROM {name}").to_arrow_table() for name in MEASURED}
    decisions, waterfall, crop_terms, relief_kept, lines_before, follow_up = stored
    measured |= {name: tables[name] for name in (*FACTS_KEPT, *HUMAN_INPUTS)}
    return Decided(decisions, waterfall, crop_terms, relief_kept, lines_before, follow_up, measured)


def _prepare(connection: duckdb.DuckDBPyConnection, policy: PolicyInForce, as_of: date, product: str | None) -> None:
    """Set what every step may ask for, and define what it reckons with."""
    variables = {
        "as_of": as_of,
        "product": product,
        "products": list(PRODUCT_ORDER),
        "bands": list(BANDS),
        "reviewed_reasons": list(REVIEWED_REASONS),
        "legal_refusals": list(policy.policy.relief.legal_refusals),
        "counted_methods": list(policy.policy.counted_methods),
    }
    for name, value in variables.items():
        of_texts = "::VARCHAR[]" if isinstance(value, list) else ""  # an empty list has another type in each DuckDB
        connection.execute(f"SET VARIABLE {name} = $value{of_texts}", {"value": value})
    run_step(connection, "exact")


def _value(connection: duckdb.DuckDBPyConnection, policy: PolicyInForce, *, keeps_terms: bool = False) -> None:
    """Run what depends on figures of the policy: gives `outcome`, one row a unit.

    `keeps_terms`: every figure behind a term stays, as the table `reckoned`.
    """
    for name, table in policy_tables(policy).items():
        connection.register(name, table)
    for step in VALUE:
        if step == "deciding":
            _reckon(connection, keeps_terms=keeps_terms)
        else:
            run_step(connection, step)
    granted = connection.sql(sql("decide", "granted")).to_arrow_table()
    used = connection.sql(BESIDE).to_arrow_table()
    connection.register("allocated", allocate(granted, policy, used))
    run_step(connection, "outcome")


def _reckon(connection: duckdb.DuckDBPyConnection, *, keeps_terms: bool) -> None:
    """Make `terms` of what is known and offered; `reckoned` that is not kept is no view, which would be read twice."""
    reckoned, with_reckoned = sql("decide", "terms"), ""
    if keeps_terms:
        connection.execute(f"CREATE TABLE reckoned AS {reckoned}")
    else:
        with_reckoned = f"WITH reckoned AS ({reckoned})"
    connection.execute(f"CREATE TABLE terms AS {with_reckoned} {sql('decide', 'deciding')}")


BESIDE = sql("decide", "lines_beside")
SHARED_ROWS = 30_720
# DuckDB 2.0.0 stops with an internal error where it turns a LEFT JOIN round above a join with a tiny table
# (duckdb/duckdb#24807), which the policy's tables are: each join is written with its smaller side on the right.
SETTINGS = {"disabled_optimizers": "build_side_probe_side"}
OUTCOME = sql("decide", "simulated_outcome")


def apply_policy(
    measured: dict[str, pa.Table], policy: PolicyInForce, as_of: date, product: str | None = None
) -> pa.Table:
    """Return what a policy would decide of measured units on a day: decision, limit, band, reasons, the terms.

    `measured`: the tables as `Decided` has them, in any order; unit_code may be any ordered key. Budgets are
    shared out anew.
    """
    # smaller groups keep every core busy
    connection = duckdb_session.own_tables({**SETTINGS, "preserve_insertion_order": "false"}, SHARED_ROWS)
    _prepare(connection, policy, as_of, product)
    for name, table in measured.items():
        connection.register(f"{name}_given", table)
        columns = ", ".join(_exact(field) for field in table.schema)
        connection.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM {name}_given")
    _value(connection, policy)
    return connection.sql(OUTCOME).to_arrow_table()


def _exact(field: pa.Field) -> str:
    """Write a column as it was measured.

    Whole numbers as wide as the limit reckons in, however narrow they travelled.
    """
    is_huge = field.metadata is not None or (pa.types.is_decimal(field.type) and field.type.scale == 0)
    if is_huge or (pa.types.is_integer(field.type) and field.name != "unit_code"):
        return f"CAST({field.name} AS {'HUGEINT' if is_huge else 'BIGINT'}) AS {field.name}"
    return str(field.name)


def run_step(connection: duckdb.DuckDBPyConnection, step: str) -> None:
    """Run a step's statements one by one."""
    for statement in sql("decide", step).split(";\n"):
        if statement.strip():
            connection.execute(statement)
