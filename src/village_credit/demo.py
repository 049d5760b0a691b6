"""From an empty folder to a published synthetic county: what `make run` does, stage by stage, with its times."""

from __future__ import annotations

import sys
import time
from datetime import date
from pathlib import Path

from village_credit import duckdb_session
from village_credit.cli.common import warn_of_new_keys
from village_credit.cli.scoring import staged_text
from village_credit.services import rules as inputs
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish
from village_credit.services.scoring import stage as score
from village_credit.settings import settings
from village_credit.sql_files import sql
from village_credit.store import runs
from village_credit.store.opening import open_with_keys
from village_credit.synthetic import synthesize

COUNTY, AS_OF = "659900", date(2026, 11, 1)
VILLAGES, HOUSEHOLDS, SEED = 12, 3600, 7
INBOX = Path("build/inbox")
PREPARER, SIGNER = "1001", "2002"


def main() -> int:
    """Make, score, sign, publish and pack one synthetic county; print what came of it."""
    begun = time.perf_counter()
    paths = settings()
    print(f"A SYNTHETIC county, {VILLAGES} villages and {HOUSEHOLDS:,} households; nobody in it exists.")
    synthesize(INBOX, COUNTY, VILLAGES, HOUSEHOLDS, SEED, AS_OF, "typical")
    _lap("synthesize", time.perf_counter() - begun)
    store, is_new = open_with_keys(paths.store, paths.key_file)
    if is_new:
        warn_of_new_keys(paths)
    run = score.score_inbox(
        store, INBOX, inputs.Request(COUNTY, AS_OF, PREPARER, paths.models, counties=paths.counties), _lap
    )
    last = time.perf_counter()
    if not any(entry.act == "approve" and entry.run_id == run.run_id for entry in sign.ledger_entries(store)):
        sign.approve(
            store, run.run_id, SIGNER, "demonstration on a synthetic county", runs.failed_gates(store, run.run_id)
        )
    _lap("approve", time.perf_counter() - last)
    last = time.perf_counter()
    done = publish.publish(store, run.run_id, PREPARER)
    _lap("publish, pack", time.perf_counter() - last)
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
    """Show the published limits by product and decision, from the analysts' own view."""
    connection = duckdb_session.connect(warehouse, read_only=True)
    rows = connection.execute(sql("cli", "limits_by_product")).fetchall()
    print(
        f"  {'product':<20}{'decision':<15}{'households':>10}{'least':>10}{'median':>10}{'most':>10}{'sum, yuan':>14}"
    )
    for product, decision, count, least, middle, most, total in rows:
        print(f"  {product:<20}{decision:<15}{count:>10,}{least:>10,}{middle:>10,}{most:>10,}{total:>14,}")


if __name__ == "__main__":
    sys.exit(main())
