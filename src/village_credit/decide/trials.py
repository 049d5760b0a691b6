"""Measured households with one thing changed become decisions, and of each thing the least change that reaches a step.

A trial is one household with one change. Trials are decided all at once, by the same statements as a run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from village_credit import duckdb_session
from village_credit.decide.decide import apply_policy, run_step
from village_credit.policy.model import PolicyInForce
from village_credit.sql_files import sql

# trial: its place; unit: whose; what: the thing (`none`: nothing); place: which loan, by its row among those measured;
# crop; amount: yuan, heads, or ten-thousandths of a mu; ppm: the default probability, where the change moves it
TRIALS = pa.schema(
    [
        ("trial", pa.int32()),
        ("unit", pa.int64()),
        ("what", pa.string()),
        ("place", pa.int64()),
        ("crop", pa.string()),
        ("amount", pa.int64()),
        ("ppm", pa.int64()),
    ]
)
OUTCOME = pa.schema(
    [("product", pa.string()), ("decision", pa.string()), ("limit_yuan", pa.int64()), ("band", pa.string())]
)
CHANGED = ("known", "crop_scaled", "loans_open", "marks", "negatives", "arrears", "ended", "renewed", "machines_owned")
CHANGED_TOO = ("traders",)
BUDGETS = ("budget_village", "budget_township", "budget_county")
AT_ONCE = 65_536  # trials: more are decided in several goes
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Decider = Callable[[pa.Table], pa.Table]


def without_budgets(policy: PolicyInForce) -> PolicyInForce:
    """Return a policy by which every household is decided alone: what its neighbours ask takes nothing from it."""
    figures = [figure for figure in policy.policy.figures if figure.name not in BUDGETS]
    return PolicyInForce(policy.policy.model_copy(update={"figures": figures}), policy.as_of, policy.county_code)


@dataclass(frozen=True)
class Bench:
    """Measured households on which changes are tried, under a policy on a day. Budgets are left aside."""

    measured: dict[str, pa.Table]
    policy: PolicyInForce
    as_of: date
    product: str | None = None

    def decide(self, trials: pa.Table) -> pa.Table:
        """Return product, decision, limit_yuan, band of each trial, in their order; nulls where it is not decided."""
        if not trials.num_rows:
            return OUTCOME.empty_table()
        parts = [self._decided(trials.slice(start, AT_ONCE)) for start in range(0, trials.num_rows, AT_ONCE)]
        return pa.concat_tables(parts)

    def _decided(self, trials: pa.Table) -> pa.Table:
        tried = tried_tables(self.measured, trials)
        found = apply_policy(tried, without_budgets(self.policy), self.as_of, self.product)
        places = np.full(trials.num_rows, found.num_rows, dtype=np.int64)
        places[found.column("unit_code").to_numpy() - _first(trials)] = np.arange(found.num_rows)
        taken = pa.array(places, mask=places == found.num_rows)
        return found.select(OUTCOME.names).take(taken).cast(OUTCOME)


def _first(trials: pa.Table) -> int:
    return int(trials.column("trial")[0].as_py())


def tried_tables(measured: dict[str, pa.Table], trials: pa.Table) -> dict[str, pa.Table]:
    """Return what was measured, once a trial with its one change; unit_code is the trial."""
    connection = duckdb_session.own_tables()
    run_step(connection, "exact")
    connection.register("trials", trials)
    found: dict[str, pa.Table] = {}
    for name, table in measured.items():
        connection.register(f"given_{name}", with_places(table) if name == "loans_open" else table)
    for name in (*CHANGED, *CHANGED_TOO):
        found[name] = _as_wide(measured[name], connection.sql(sql("decide", f"tried_{name}")).to_arrow_table())
        connection.register(name, found[name])
    for name, table in measured.items():
        if name not in found:
            found[name] = _rekeyed(connection, name, table)
    return found


def _rekeyed(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> pa.Table:
    if "unit_code" not in table.column_names:
        return table
    query = sql("decide", "tried_as_given").format(given=f"given_{name}")
    return _as_wide(table, connection.sql(query).to_arrow_table())


def _as_wide(measured: pa.Table, tried: pa.Table) -> pa.Table:
    """Say again of a column that it is a whole number that a policy may multiply beyond 64 bits."""
    marked = {field.name: field.metadata for field in measured.schema if field.metadata}
    fields = [f.with_metadata(marked[f.name]) if f.name in marked else f for f in tried.schema]
    return pa.Table.from_arrays(tried.columns, schema=pa.schema(fields))


def with_places(table: pa.Table) -> pa.Table:
    """Number the rows of a table, so that a trial can name one."""
    return table.append_column("place", pa.array(np.arange(table.num_rows), pa.int64()))


@dataclass(frozen=True)
class Questions:
    """Things of which the least change is looked for: trials with the most that may be told as their amount.

    `step`: 1, or of land what is tried after the other.
    """

    trials: pa.Table
    step: Whole

    @cached_property
    def first(self) -> tuple[Whole, Whole]:
        """Return which questions are tried first (by row), and with which amounts: land step by step, else the most."""
        most = self.trials.column("amount").to_numpy()
        turns = np.where(self.step > 1, -(-most // self.step), 1)
        rows = np.repeat(np.arange(len(most)), turns)
        turn = np.arange(len(rows)) - np.repeat(np.cumsum(turns) - turns, turns) + 1
        return rows, np.where(self.step[rows] > 1, np.minimum(turn * self.step[rows], most[rows]), most[rows])

    def tried(self, rows: Whole, amounts: Whole) -> pa.Table:
        """Return trials of questions (by row) with amounts."""
        return numbered(with_amounts(self.trials.take(pa.array(rows)), amounts))


@dataclass(frozen=True)
class Standing:
    """Of each question the limit that is to be reached, whole yuan, and its household's product as it stands."""

    target_yuan: Whole
    product: NDArray[np.str_]


def least(questions: Questions, standing: Standing, first: pa.Table, decide: Decider) -> Whole:
    """Return the least amount of each question at which its household is granted the target; 0 where none is.

    `first`: what is decided of `questions.first`. Land is tried mu by mu, for it may cost more than it brings. Every
    other amount only ever adds, but where it moves the household to another product: that is looked for first, and each
    side of it by itself.
    """
    rows, amounts = questions.first
    is_reached, product = reached(first, standing.target_yuan[rows]), products_of(first)
    found = np.zeros(questions.trials.num_rows, dtype=np.int64)
    # backwards, so that the first that reaches is written last
    found[rows[is_reached][::-1]] = amounts[is_reached][::-1]
    is_searched = questions.step[rows] == 1
    found[questions.step == 1] = 0
    search = _Search(questions, standing, decide)
    search.close_in(found, rows[is_searched], is_reached[is_searched], product[is_searched])
    return found


def products_of(decided: pa.Table) -> NDArray[np.str_]:
    """Return the product of each trial; empty where it is not decided."""
    found: NDArray[np.str_] = pc.fill_null(decided.column("product"), "").to_numpy().astype(np.str_)
    return found


def reached(decided: pa.Table, target_yuan: Whole) -> Flags:
    """Say of each trial whether it is granted, and the target at least."""
    granted = decided.column("decision").to_numpy() == "granted"
    limits = pc.fill_null(decided.column("limit_yuan"), -1).to_numpy()
    is_enough: Flags = granted & (limits >= target_yuan)
    return is_enough


def with_amounts(trials: pa.Table, amounts: Whole) -> pa.Table:
    """Return trials of other amounts."""
    return trials.set_column(trials.column_names.index("amount"), "amount", pa.array(amounts, pa.int64()))


def numbered(trials: pa.Table) -> pa.Table:
    """Number trials by their places."""
    return trials.set_column(0, "trial", pa.array(np.arange(trials.num_rows), pa.int32()))


@dataclass(frozen=True)
class _Search:
    """Looks for least amounts between nothing and the most, questions by row."""

    questions: Questions
    standing: Standing
    decide: Decider

    def outcomes(self, rows: Whole, amounts: Whole) -> tuple[Flags, NDArray[np.str_]]:
        """Return of questions (by row) with amounts whether the target is reached, and the product."""
        if not len(rows):
            return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.str_)
        decided = self.decide(self.questions.tried(rows, amounts))
        return reached(decided, self.standing.target_yuan[rows]), products_of(decided)

    def close_in(self, found: Whole, rows: Whole, at_most: Flags, product: NDArray[np.str_]) -> None:
        """Close in on the least amounts of rows between nothing and the most, of which the outcome is known."""
        moves = at_most | (product != self.standing.product[rows])
        asked = rows[moves]
        first, is_reached = self._closed_in(asked, np.zeros(len(asked), np.int64), at_most[moves], stays=True)
        found[asked[is_reached]] = first[is_reached]
        beyond = ~is_reached & at_most[moves]  # the other product lets it be reached with more
        rest, known = asked[beyond], np.ones(int(beyond.sum()), dtype=np.bool_)
        found[rest], _ = self._closed_in(rest, first[beyond], known, stays=False)

    def _closed_in(self, rows: Whole, low: Whole, at_high: Flags, *, stays: bool) -> tuple[Whole, Flags]:
        """Return the least amount above `low` that reaches the target or, with `stays`, moves to another product.

        The most does, `at_high` whether by reaching it; and whether the least does. Every round tries as many amounts
        between as one decision holds.
        """
        low, high = low.copy(), self.questions.trials.column("amount").to_numpy()[rows].copy()
        at_high = at_high.copy()
        while (open_ := np.flatnonzero(high - low > 1)).size:
            parts = max(2, min(256, AT_ONCE // len(open_)))
            amounts = low[open_, None] + (high - low)[open_, None] * np.arange(1, parts) // parts
            asked = np.repeat(rows[open_], parts - 1)
            is_reached, product = self.outcomes(asked, amounts.ravel())
            is_new = amounts > low[open_, None]
            is_other = (product != self.standing.product[asked]) & stays
            hits = (is_reached | is_other).reshape(amounts.shape) & is_new
            first = hits.argmax(axis=1)  # the smallest that hits, where one does
            any_, each = hits.any(axis=1), np.arange(len(open_))
            new_high = np.where(any_, amounts[each, first], high[open_])
            at_high[open_] = np.where(any_, is_reached.reshape(amounts.shape)[each, first], at_high[open_])
            missed = is_new & (amounts < new_high[:, None])
            low[open_] = np.where(missed, amounts, low[open_, None]).max(axis=1)
            high[open_] = new_high
        return high, at_high
