"""Tell why a household has its limit: everything behind its decision in force."""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.errors import MissingInput
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.erasures import day_of, erased_households
from village_credit.ledger.holds import HOLD, RELEASE
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lineage import lineage_before
from village_credit.ledger.lines_in_force import known_county, lines_in_force
from village_credit.ledger.log import Entry
from village_credit.ledger.reviews import said_of
from village_credit.publish.household_helps import card_of, helps_of
from village_credit.report.explain import explain_rows
from village_credit.services.approval.household_signatures import signature_of
from village_credit.store.runs import require_unaltered
from village_credit.store.store import ROWS, Store

IN_FORCE = ("decision", "limit_yuan", "binding_term", "reason_codes", "held_since")  # what may differ from the run's
# Terms that nothing of a household's own changes; and the reasons that say no more than that a term was too small.
NOT_THEIRS = ("budget", "branch", "review", "relief", "rise")
REFUSED_BY_TERM = ("NO_ROOM_RISE", "BELOW_SMALLEST_TICKET", "BUDGET_EXHAUSTED")
BRANCH_REFUSED = "BRANCH_REFUSED"
# Tables of the run that an account is made of.
TOLD = (
    *("decisions", "waterfall", "crop_terms", "score_points", "authority", "lineage"),
    *("relief", "relief_kept", "relief_measures", "conditions"),
)
LINE = ("product", "decision", "limit_yuan", "valid_from", "valid_to", "publication_id", "run_id")


def explain(store: Store, key: str, on: date | None = None) -> dict[str, Any]:
    """Gather everything behind a household's decision in force (on a day: in force at its end).

    Of several lines the one that was published last is told whole; `lines` has each. What was withdrawn since is told
    as it was, with `withdrawn`. Raises MissingInput where there is none, VerificationFailed where a table of it is not
    what was sealed.
    """
    ledger = Ledger.of(store)
    lines, withdrawal = _lines(store, ledger.until(on) if on else ledger, key, on)
    if not lines:
        raise MissingInput(
            f"household {key}: {_erased_text(ledger, key)}no published decision{f' on {on}' if on else ''}; "
            f"{_gone(store, ledger, key)}"
        )
    line = max(lines, key=lambda one: one["place"])
    run_id, publication_id = line["run_id"], line["publication_id"]
    require_unaltered(store, run_id, TOLD)
    rows = explain_rows(store.require_run(run_id), key, _linked_rows(store, run_id))
    said = branch_limits(ledger, on).get((publication_id, key, line["product"]))
    decision = rows["decision"] | {name: line[name] for name in IN_FORCE}
    return {
        **rows,
        "decision": decision,
        "as_of": store.manifest(run_id)["as_of"],
        "score": _score(store, run_id, rows["points"]),
        "helps": _helps(store, run_id, decision, is_withdrawn=withdrawal is not None),
        "branch_limit": asdict(said) if said else None,
        "publication_id": publication_id,
        "erased": _erased(ledger, key),
        "withdrawn": withdrawal and {"on": day_of(withdrawal), "act": withdrawal.number, "by": withdrawal.by},
        "lines": [{name: one[name] for name in LINE} for one in lines],
        "versions": store.manifest(run_id)["versions"],
        "signatures": [_act(e) for e in ledger if e.run_id == run_id],
        "reviews": said_of(ledger, key),
        "authority": signature_of(store, ledger, run_id, key),
        "holds": [
            {"act": e.act, "by": e.by, "at": e.at}
            for e in ledger
            if e.act in (HOLD, RELEASE) and e.details["household_key"] == key
        ],
    }


def _lines(store: Store, then: Ledger, key: str, on: date | None) -> tuple[list[dict[str, Any]], Entry | None]:
    """Return a household's lines in force, or those that a withdrawal took out of force, and that act."""
    lines = lines_in_force(store, then, on=on, household_key=key).to_pylist()
    county_code = None if lines else known_county(store, then, key)
    last = then.county_acts_of(county_code)[-1:] if county_code else []
    if not last or not last[0].withdraws:
        return lines, None
    before = lines_in_force(store, then.before(last[0].number), on=on, household_key=key).to_pylist()
    return before, then[last[0].number - 1] if before else None


def _score(store: Store, run_id: str, points: list[dict[str, Any]]) -> dict[str, int | None]:
    """Return the whole score and the scorecard's base; nothing of who was not scored, or of older code."""
    card = card_of(store, run_id) if points else None
    if card is None:
        return {"base": None, "total": None}
    return {"base": card.base_points, "total": card.base_points + sum(row["points"] for row in points)}


def _helps(store: Store, run_id: str, decision: dict[str, Any], *, is_withdrawn: bool) -> dict[str, Any]:
    """Return what alone would reach the household's next step, or why nothing is said of it."""
    if is_withdrawn or decision["held_since"] is not None:
        return {"state": "withdrawn" if is_withdrawn else "held", "things": []}
    if (rests_on := what_it_rests_on(decision)) is not None:
        return {"state": "fixed", "things": [], "rests_on": rests_on}
    found = helps_of(store, run_id, [decision["household_key"]])
    return {"state": found.state, "things": found.of(decision["household_key"])}


def what_it_rests_on(decision: dict[str, Any]) -> str | None:
    """Return the term or reason that decided, where nothing of a household's own would change it.

    A term binds nothing where another reason refuses: then that reason is what could fall.
    """
    refused = "" if decision["decision"] == "granted" else (decision["reason_codes"] or [""])[0]
    if refused == BRANCH_REFUSED:
        return BRANCH_REFUSED
    is_by_term = not refused or refused in REFUSED_BY_TERM
    return decision["binding_term"] if is_by_term and decision["binding_term"] in NOT_THEIRS else None


def _linked_rows(store: Store, run_id: str) -> pa.Table | None:
    sealed = store.open_part(run_id, ROWS)
    return None if sealed is None else pq.read_table(io.BytesIO(sealed), partitioning=None)


def _gone(store: Store, ledger: Ledger, key: str) -> str:
    """Say whom a household became, else what to do."""
    for publication in ledger.in_force:
        for row in lineage_before(store, publication.run_id).to_pylist():
            if row["from_key"] == key and row["household_key"] != key:
                return (
                    f"its contractor code ended ({row['role']}, {row['since']}): see household {row['household_key']}"
                )
    return "check the key, or publish first"


def _erased(ledger: Ledger, key: str) -> dict[str, Any] | None:
    """Return the day and the act by which a household's identity was erased; None where it was not."""
    entry = erased_households(ledger).get(key)
    return None if entry is None else {"on": day_of(entry), "act": entry.number, "by": entry.by}


def _erased_text(ledger: Ledger, key: str) -> str:
    said = _erased(ledger, key)
    return "" if said is None else f"its identity was erased on {said['on']} by act {said['act']:,}; "


def _act(entry: Entry) -> dict[str, Any]:
    """Return who did what on a run, and the reference of the minutes where a committee met."""
    sat = entry.details.get("meeting")
    minutes = {"minutes": sat["minutes"]} if sat else {}
    return {"act": entry.act, "by": entry.by, "at": entry.at} | minutes
