"""The random hold-out: of households that only the score declines a few are drawn by lot and granted a small line.

Only granted lines ever show whether a household repays. What becomes of these says whether the score declines rightly,
and the next training has outcomes below its cut. Off unless the policy has a cap for it; two people sign each draw.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from village_credit.duckdb_session import cursor_over
from village_credit.errors import GateRefused, UsageError
from village_credit.ledger.four_eyes import require_second_person, required_reason
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.ledger.reviews import ACT, last_words
from village_credit.policy.holdout import holdout_cap
from village_credit.publish.recording import record
from village_credit.services.exchange import require_sealed, take_back
from village_credit.services.rules import read_policy
from village_credit.signatures import same_person, signer
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.workbooks.reviews import HOLDOUT

MOST_SHARE = Decimal("0.2")
GROUNDS = ["LOWEST_BAND"]


@dataclass(frozen=True)
class Drawn:
    """What a draw found: households that only the score declines and that could carry a line, and who was drawn."""

    county_code: str
    eligible: int
    drawn: int
    sum_limit_yuan: int
    share: str


def draw_holdout(
    store: Store, run_id: str, share: Decimal, people: tuple[str, str], reason: str, policy_file: Path
) -> Drawn:
    """Draw a share of a run's households that only the score declines, and record it for the next scorings.

    Each is granted the least of its other terms, at most the policy's cap, while the score alone declines it and its
    terms carry it. Who is drawn hangs on the store's pseudonym key: nobody chooses, and the same draw comes out again.
    Raises UsageError for a share that is none, GateRefused where the policy has no hold-out, or one person signs twice
    or prepared the run, VerificationFailed where the run is not what was sealed.
    """
    share = _checked(share)
    returned = take_back(store, run_id, people[0], "draw of it")
    second = signer(people[1])
    if same_person(returned.by, second):
        raise GateRefused(f"--by and --second are both {returned.by}: a draw needs a second person's word")
    require_second_person(returned.ledger, run_id, second, "draw of it")
    _once(returned.ledger, run_id)
    as_of = date.fromisoformat(returned.manifest["as_of"])
    policy = read_policy(policy_file)[0].in_force(as_of, returned.county_code)
    if not (cap := holdout_cap(policy)):
        raise GateRefused(
            f"the policy has no holdout_cap for county {returned.county_code} on {as_of}: the committee has "
            f"allowed no hold-out"
        )
    eligible = _eligible(store, run_id, cap, int(policy.figure("step")), int(policy.figure("smallest_ticket")))
    drawn = sum(verdict["verdict"] == HOLDOUT for verdict in last_words(returned.ledger, returned.county_code))
    count = _count(len(eligible), drawn, share)
    chosen = _by_lot(store, run_id, eligible, count)
    details = {
        "county_code": returned.county_code,
        "verdicts": [_verdict(row) for row in chosen],
        "holdout": {
            "share": f"{share}",
            "eligible": len(eligible),
            "second": second,
            "reason": required_reason(reason),
        },
    }
    record(store, ACT, returned.by, run_id, details, lambda entries: _once(entries, run_id))
    total = sum(row["limit_yuan"] for row in chosen)
    return Drawn(returned.county_code, len(eligible), len(chosen), total, f"{share}")


def _checked(share: Decimal) -> Decimal:
    if not share.is_finite() or not 0 < share <= MOST_SHARE:
        raise UsageError(f"--share {share} is no share to draw: more than 0, and at most {MOST_SHARE}")
    return share.normalize()


def _count(eligible: int, drawn: int, share: Decimal) -> int:
    """Return how many are drawn; of who stands drawn and who could be, a fifth at most; raises GateRefused of none."""
    count = min(int(eligible * share), int((eligible + drawn) * MOST_SHARE) - drawn)
    if count < 1:
        raise GateRefused(
            f"nobody would be drawn: {eligible:,} households can be, {drawn:,} of the county are drawn already, and "
            f"{share} of the first makes less than one, or more than {MOST_SHARE} of both"
        )
    return count


def _once(entries: Ledger, run_id: str) -> None:
    """Raise GateRefused where a run was drawn from already: drawing until somebody is in it is no lot."""
    before = next((entry for entry in entries if is_draw(entry) and entry.run_id == run_id), None)
    if before is not None:
        raise GateRefused(f"run {run_id} was drawn from on {before.at[:10]} already: a run is drawn from once")


def is_draw(entry: Entry) -> bool:
    """Tell whether an act is a draw."""
    return entry.act == ACT and "holdout" in entry.details


def _eligible(store: Store, run_id: str, cap: int, step: int, ticket: int) -> list[dict[str, Any]]:
    """Return household_key, product and limit_yuan of whom only the score declines, whose other terms carry a line.

    None that people spoke of already.
    """
    folder = require_sealed(store, run_id, "draw nothing of it")
    manifest = store.manifest(run_id)
    said = [v["household_key"] for v in last_words(Ledger.of(store), manifest["county_code"])]
    given = {"said": pa.table({"household_key": pa.array(said, pa.string())})}
    paths = {name: str(folder / f"{name}.parquet") for name in ("decisions", "waterfall")}
    values = {**paths, "cap": cap, "step": step, "ticket": ticket, "grounds": GROUNDS}
    found: list[dict[str, Any]] = (
        cursor_over(given).sql(sql("services.casework", "holdout"), params=values).to_arrow_table().to_pylist()
    )
    return found


def _by_lot(store: Store, run_id: str, eligible: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return the drawn households, by their lots: a keyed hash of run and household, which nobody can aim."""

    def lot(row: dict[str, Any]) -> str:
        told = f"holdout {run_id} {row['household_key']} {row['product']}"
        return hmac.new(store.keys.pseudonym, told.encode(), hashlib.sha256).hexdigest()

    return sorted(sorted(eligible, key=lot)[:count], key=lambda row: (row["household_key"], row["product"]))


def _verdict(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "verdict": HOLDOUT, "reason_codes": GROUNDS}
