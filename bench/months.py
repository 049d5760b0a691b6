"""Statistics of a hundred counties over two years, as ratios to DuckDB reading the same decisions and draws.

The views are the product's own, over Parquet files that DuckDB makes: every county is published twice, a year apart,
three in ten households draw in each of two springs and most repay in autumn, branches set one limit in a hundred, one
household in a thousand is held for a month. Floor: DuckDB reads the columns of decisions, draws and repayments that
the view reads, and adds them up by county, in the same process. Seconds are CPU seconds of this process, of this
machine at this moment; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from village_credit import duckdb_session
from village_credit.publish import warehouse
from village_credit.publish.inner_views import no_inner_views

BOUND = 90.0  # times the floor: what it is, and a fifth more; README.md says why not the few that one would wish
VILLAGE = 300  # households
FIRST, SECOND, LAST = "2025-02-01", "2026-02-01", "2027-01-31"
MADE = {
    "decisions": """
        SELECT county_code, county_code || '100' AS township_code, county_code || '100' || village AS village_code,
            'h' || lpad(household::VARCHAR, 26, '0') AS household_key, 'farmer_line' AS product,
            CASE WHEN draw < 0.72 THEN 'granted' ELSE 'declined' END AS decision, 'need' AS binding_term,
            CASE WHEN draw < 0.72 THEN 1000 * (10 + CAST(60 * draw AS BIGINT) + 2 * year) ELSE 0 END AS limit_yuan,
            CASE WHEN draw < 0.72 THEN [] ELSE ['LOWEST_BAND'] END AS reason_codes, 'r' || year || county_code AS run_id
        FROM made.households, (SELECT unnest([1, 2]) AS year) ORDER BY year, county_code, household_key
    """,
    "draws": """
        SELECT 'c' || household AS contract_key, 'h' || lpad(household::VARCHAR, 26, '0') AS household_key,
            'farmer_line' AS product, CAST(2000 + 10000 * draw AS DECIMAL(18, 2)) AS amount_yuan,
            make_date(year, 3, 1 + CAST(27 * draw AS BIGINT)) AS drawn_on, 'seed' AS purpose
        FROM made.households, (SELECT unnest([2025, 2026]) AS year) WHERE draw < 0.3 ORDER BY household_key
    """,
    "repayments": """
        SELECT contract_key, household_key, product, amount_yuan, drawn_on + INTERVAL 7 MONTH AS paid_on
        FROM made.given_draws WHERE amount_yuan < 4500
    """,
    "contracts": """
        SELECT DISTINCT contract_key, household_key, product, left(household_key, 7) AS publication_id,
            DATE '2025-02-20' AS signed_on, '/u000000000000000000000000/contracts.parquet' AS filename
        FROM made.given_draws
    """,
    "places": """
        SELECT DISTINCT 'village' AS level, village_code AS place_code, township_code AS within_code, run_id
        FROM made.given_decisions
    """,
    "stood": """
        SELECT county_code, 'p' || year || county_code AS publication_id, 'r' || year || county_code AS run_id,
            NULL::VARCHAR AS product, day AS from_on, until_on, year::BIGINT AS place, day::TIMESTAMPTZ AS published_at
        FROM made.counties, (VALUES (1, DATE '{first}', DATE '{second}'), (2, DATE '{second}', NULL)) AS t(year, day, until_on)
    """,
    "publications": """
        SELECT row_number() OVER (ORDER BY from_on, county_code) AS number, run_id, publication_id, county_code,
            from_on AS published_on, published_at FROM made.given_stood
    """,
    "in_force": "SELECT county_code, publication_id, run_id, 0 AS place, published_at FROM made.given_stood WHERE until_on IS NULL",
    "branch_words": """
        SELECT household_key, product, 'p2' || county_code AS publication_id, limit_yuan // 2 AS branch_limit_yuan,
            DATE '{second}' AS from_on FROM made.given_decisions
        WHERE run_id LIKE 'r2%' AND decision = 'granted' AND hash(household_key) % 100 = 0
    """,
    "was_held": """
        SELECT DISTINCT household_key, '2026-05-05'::TIMESTAMPTZ AS since, DATE '2026-05-05' AS from_on,
            DATE '2026-06-05' AS until_on FROM made.given_decisions WHERE hash(household_key) % 1000 = 1
    """,
    "returned": "SELECT 'u000000000000000000000000' AS record, 1 AS act",
    "last_day": "SELECT DATE '{last}' AS day",
}
FLOOR = """
    SELECT county_code, count(*), max(hash(household_key, township_code, village_code, product, decision, binding_term,
        run_id, reason_codes)), sum(limit_yuan) FROM made.given_decisions GROUP BY ALL
""", *(
    f"SELECT count(*), max(hash(contract_key, household_key, product, {day})), sum(amount_yuan) FROM made.given_{name}"
    for name, day in (("draws", "drawn_on"), ("repayments", "paid_on"))
)  # fmt: skip
ASKED = "SELECT level, count(*), sum(in_force_yuan), sum(drawn_yuan) FROM statistics GROUP BY ALL ORDER BY level"


def main() -> int:
    """Measure and print one table; 1 where levels do not add up to each other, or it costs more than the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=30_000, help="of each county")
    parser.add_argument("--counties", type=int, default=100)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        views = made(Path(name), words.counties, words.households)
        ((rows,),) = views.execute("SELECT count(*) FROM made.given_decisions").fetchall()
        floor, _ = _measured(views, *FLOOR)
        taken, found = _measured(views, ASKED)
    print(f"{rows:,} decisions of {words.counties} counties, 24 months{'':<18}CPU s  x floor")
    print(f"  {'DuckDB reads decisions, draws, repayments (floor)':<52}{floor:>7.1f}{1:>9.1f}")
    print(f"  {'every place, product and month of statistics':<52}{taken:>7.1f}{taken / floor:>9.1f}")
    sums = {row[2:] for row in found}
    return 0 if len(found) == 5 and len(sums) == 1 and taken <= BOUND * floor else 1


def made(folder: Path, counties: int, households: int) -> duckdb.DuckDBPyConnection:
    """Return the analysts' views over files of so many counties."""
    connection, inner = duckdb_session.connect(), no_inner_views()
    connection.execute(f"SET temp_directory = '{folder}'")
    connection.execute('CREATE SCHEMA "inner"; CREATE SCHEMA made')
    connection.execute(
        f"CREATE VIEW made.counties AS SELECT (650000 + i)::VARCHAR AS county_code FROM range({counties}) AS t(i)"
    )
    connection.execute(f"""
        CREATE VIEW made.households AS SELECT (650000 + i // {households})::VARCHAR AS county_code, i AS household,
            lpad((i % {households} // {VILLAGE})::VARCHAR, 3, '0') AS village, hash(i) / 18446744073709551615 AS draw
        FROM range({counties * households}) AS t(i)
    """)
    for name, query in MADE.items():
        path = folder / f"{name}.parquet"
        told = query.format(first=FIRST, second=SECOND, last=LAST)
        connection.execute(f"COPY ({told}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        connection.execute(f"CREATE VIEW made.given_{name} AS FROM read_parquet('{path}')")
        inner[name] = f"{inner[name]} UNION ALL BY NAME FROM made.given_{name}"
    warehouse._create(connection, inner, with_views=True)  # noqa: SLF001  # the views, without a store of that size
    return connection


def _measured(connection: duckdb.DuckDBPyConnection, *queries: str) -> tuple[float, list[tuple]]:
    begun = time.process_time()
    found = [connection.execute(query).fetchall() for query in queries]
    return time.process_time() - begun, found[-1]


if __name__ == "__main__":
    sys.exit(main())
