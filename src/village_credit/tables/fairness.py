"""Decisions and their borrowers become a table of groups: who is granted how often, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from village_credit.link.names import is_long
from village_credit.link.roster import birthday_limit
from village_credit.score.statistics import FOUR_FIFTHS, LEAST_GROUP, share_interval

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

# One row per household with a borrower. What is not known is null, and counts in no group of its attribute.
BORROWERS = """
CREATE TABLE borrowers AS
SELECT d.unit_code, m.member_no, d.decision = 'granted' AS is_granted, d.limit_yuan,
       CASE m.sex WHEN 2 THEN 'female' WHEN 1 THEN 'male' END AS sex,
       CASE WHEN m.birth_date <= $born_66 THEN '66 and more' WHEN m.birth_date <= $born_51 THEN '51-65'
            WHEN m.birth_date <= $born_36 THEN '36-50' WHEN m.birth_date <= $born_18 THEN '18-35' END AS age,
       CASE WHEN l.mu < 10 THEN 'under 10 mu' WHEN l.mu <= 30 THEN '10-30 mu' WHEN l.mu > 30 THEN 'over 30 mu' END AS land,
       CASE WHEN w.unit_code IS NULL THEN 'no' ELSE 'yes' END AS monitored
FROM decisions AS d JOIN members AS m ON m.unit_code = d.unit_code AND m.member_no = d.borrower_member_no
LEFT JOIN (SELECT unit_code, sum(area_mu) AS mu FROM parcels GROUP BY unit_code) AS l ON l.unit_code = d.unit_code
LEFT JOIN (SELECT DISTINCT unit_code FROM monitored) AS w ON w.unit_code = d.unit_code
"""

# Of a lone small group the figures would be the total less the others': the smallest of these is hidden with it.
# The ratio is one division of whole numbers: exactly four fifths is not below four fifths.
FIGURES = """
WITH counted AS (
    SELECT attribute, group_name, count(*) AS households, count(*) FILTER (is_granted) AS granted,
           sum(limit_yuan) FILTER (is_granted) AS sum_limit
    FROM (UNPIVOT borrowers ON sex, age, land, monitored INTO NAME attribute VALUE group_name) GROUP BY ALL
), sized AS (
    SELECT *, count(*) FILTER (households < $k) OVER (PARTITION BY attribute) AS small_groups,
           row_number() OVER (PARTITION BY attribute ORDER BY households < $k, households, group_name) AS size_rank
    FROM counted
), shown AS (
    SELECT attribute, group_name, households, granted,
           CASE WHEN granted >= $k THEN CAST(round(sum_limit / granted) AS BIGINT) END AS mean_limit_yuan
    FROM sized WHERE households >= $k AND (small_groups <> 1 OR size_rank > 1)
), best AS (
    SELECT attribute, max_by([granted, households], granted / households) AS most, max(mean_limit_yuan) AS highest
    FROM shown GROUP BY attribute
)
SELECT g.attribute, g.group_name, households, granted, granted / households AS approval_share,
       granted * most[2] / nullif(households * most[1], 0) AS approval_ratio, mean_limit_yuan,
       mean_limit_yuan / nullif(highest, 0) AS limit_ratio, approval_ratio < $four_fifths AS is_flagged, households IS NULL AS is_hidden
FROM groups AS g LEFT JOIN shown USING (attribute, group_name) LEFT JOIN best USING (attribute) ORDER BY place
"""

# Whether a name is long is asked here and kept nowhere: neither by person nor by group, nor which of the two is behind.
NAMES = f"""
WITH named AS (SELECT is_granted, {is_long("name")} AS is_long FROM borrowers JOIN identities USING (unit_code, member_no) WHERE name IS NOT NULL),
counted AS (
    SELECT count(*) FILTER (is_long) AS long, count(*) FILTER (NOT is_long) AS short,
           count(*) FILTER (is_long AND is_granted) * short AS one, count(*) FILTER (NOT is_long AND is_granted) * long AS other
    FROM named
)
SELECT CASE WHEN least(long, short) >= $k THEN least(one, other) / nullif(greatest(one, other), 0) END FROM counted
"""


@dataclass(frozen=True)
class Fairness:
    """`groups`: the table `fairness`, a row per group. `ratio_of_names`: the smaller approval share of long and short names over the larger; null: too few of either."""

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
    connection = duckdb.connect()
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
    connection = duckdb.connect()
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
