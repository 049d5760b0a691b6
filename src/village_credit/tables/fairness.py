"""Decisions and their borrowers become a table of groups: who is granted how often, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.link.names import is_long
from village_credit.link.roster import birthday_limit
from village_credit.score.statistics import FOUR_FIFTHS, LEAST_GROUP, share_interval
from village_credit.sql_files import sql

BIRTHDAYS = (18, 36, 51, 66)  # years of age at which the groups begin
GROUPS: tuple[tuple[str, str], ...] = (
    ("sex", "female"),
    ("sex", "male"),
    ("age", "18-35"),
    ("age", "36-50"),
    ("age", "51-65"),
    ("age", "66 and more"),
    ("land", "under 10 mu"),
    ("land", "10-30 mu"),
    ("land", "over 30 mu"),
    ("monitored", "yes"),
    ("monitored", "no"),
)
FACTS_READ = ("members", "parcels", "monitored")

BORROWERS = sql("tables", "borrowers")

FIGURES = sql("tables", "figures")

NAMES = sql("tables", "names").format(is_long_name=is_long("name"))


@dataclass(frozen=True)
class Fairness:
    """`groups`: the table `fairness`, a row per group.

    `ratio_of_names`: the smaller approval share of long and short names over the larger; null: too few of either.
    """

    groups: pa.Table
    ratio_of_names: float | None


def fairness(
    facts: dict[str, pa.Table], identities: pa.Table, decisions: pa.Table, as_of: date, k: int = LEAST_GROUP
) -> Fairness:
    """Compare the groups of an attribute with the one that is granted most often; every group has its row.

    Sex and age are the borrower's, age in whole years on `as_of`; land is what the register gives the household;
    monitored: on the list of households watched against falling back into poverty. Only households with a
    borrower count. A group of fewer than `k` of them is hidden (alone, with the smallest other), and no other is
    measured by it; a mean limit is of at least `k` granted ones.
    """
    connection = query_cursor()
    for name in FACTS_READ:
        connection.register(name, facts[name])
    connection.register("identities", identities)
    connection.register("decisions", decisions)
    connection.register("groups", _groups())
    connection.execute(BORROWERS, {f"born_{age}": birthday_limit(as_of, age) for age in BIRTHDAYS})
    figures = connection.sql(FIGURES, params={"k": k, "four_fifths": FOUR_FIFTHS}).to_arrow_table()
    ((ratio_of_names,),) = connection.execute(NAMES, {"k": k}).fetchall()
    return Fairness(_with_intervals(figures), ratio_of_names)


def groups_of(facts: dict[str, pa.Table], decisions: pa.Table, as_of: date) -> pa.Table:
    """Return unit_code, sex, age, land, monitored of each household with a borrower; for what is sealed only."""
    connection = query_cursor()
    for name in FACTS_READ:
        connection.register(name, facts[name])
    connection.register("decisions", decisions)
    connection.execute(BORROWERS, {f"born_{age}": birthday_limit(as_of, age) for age in BIRTHDAYS})
    return connection.sql(
        "SELECT unit_code, sex, age, land, monitored FROM borrowers ORDER BY unit_code"
    ).to_arrow_table()


def _groups() -> pa.Table:
    return pa.table(
        {
            "attribute": [attribute for attribute, _ in GROUPS],
            "group_name": [name for _, name in GROUPS],
            "place": list(range(len(GROUPS))),
        }
    )


def _with_intervals(figures: pa.Table) -> pa.Table:
    """Put the 95% interval of the approval share beside it."""
    counts = zip(figures.column("granted").to_pylist(), figures.column("households").to_pylist(), strict=True)
    bounds = [
        (None, None) if households is None else share_interval(granted, households) for granted, households in counts
    ]
    at = figures.column_names.index("approval_ratio") + 1
    for name, values in (("approval_high", [high for _, high in bounds]), ("approval_low", [low for low, _ in bounds])):
        figures = figures.add_column(at, name, pa.array(values, pa.float64()))
    return figures
