"""From an empty folder to a published synthetic county: what `make run` does, stage by stage, with its times."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from village_credit import duckdb_session
from village_credit.cli.common import warn_of_new_keys
from village_credit.cli.refusals import refusal_of
from village_credit.cli.scoring import staged_text
from village_credit.demo import lived
from village_credit.settings import settings
from village_credit.sql_files import sql
from village_credit.store.opening import open_with_keys

COUNTY, VILLAGES, HOUSEHOLDS, SEED = "659900", 12, 2000, 7
INBOX = Path("build/inbox")


def main() -> int:
    """Make, score, sign, publish and pack one synthetic county, and have it live; print what came of it."""
    begun = time.perf_counter()
    paths = settings()
    county = lived.County(COUNTY, VILLAGES, HOUSEHOLDS, SEED, INBOX, paths.models, paths.counties)
    print(f"A SYNTHETIC county, {VILLAGES} villages and {HOUSEHOLDS:,} households; nobody in it exists.")
    county.deliver(INBOX, lived.AS_OF)
    _lap("synthesize", time.perf_counter() - begun)
    store, is_new = open_with_keys(paths.store, paths.key_file)
    if is_new:
        warn_of_new_keys(paths)
    if lived.live(store, county, _lap):
        print("  its years before were lived already: nothing of them is done again")
    run = lived.score_last(store, county, _lap)
    last = time.perf_counter()
    done = lived.publish_last(store, county, run.run_id)
    _lap("publish, pack, answer", time.perf_counter() - last)
    print(f"\n{staged_text(run)}\n")
    _print_limits(str(store.warehouse))
    print(
        f"\n  warehouse   {store.warehouse}\n  outbox      {done.outbox}\n  total       "
        f"{time.perf_counter() - begun:.1f} s"
    )
    return 0


def _lap(stage: str, seconds: float) -> None:
    print(f"  {stage:<24} {seconds:8.2f} s", flush=True)


def _print_limits(warehouse: str) -> None:
    """Show the published limits by product and decision, and the county's months, from the analysts' own views."""
    connection = duckdb_session.connect(warehouse, read_only=True)
    rows = connection.execute(sql("cli", "limits_by_product")).fetchall()
    print(
        f"  {'product':<20}{'decision':<15}{'households':>10}{'least':>10}{'median':>10}{'most':>10}{'sum, yuan':>14}"
    )
    for product, decision, count, least, middle, most, total in rows:
        print(f"  {product:<20}{decision:<15}{count:>10,}{least:>10,}{middle:>10,}{most:>10,}{total:>14,}")
    rows = connection.execute(sql("cli", "county_by_month"), [COUNTY]).fetchall()
    print(f"\n  {'month':<10}{'credited':>10}{'in force, yuan':>16}{'contracts':>11}{'drawn, yuan':>14}")
    for month, credited, in_force, contracts, drawn in rows:
        print(f"  {month:<10}{credited:>10,}{in_force:>16,}{contracts:>11,}{drawn:>14,.0f}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        sys.exit(f"make run: {refusal.sentence}")
