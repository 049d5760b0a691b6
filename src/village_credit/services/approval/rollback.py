"""An earlier publication comes into force again: one ledger entry, nothing computed."""

from __future__ import annotations

from dataclasses import dataclass

from village_credit.errors import MissingInput, RunConflict, UsageError
from village_credit.ledger.four_eyes import require_second_person, required_reason
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import Publication, standing
from village_credit.publish.branch_package import outbox_folder
from village_credit.publish.handing_out import complete_outbox, record_and_pack
from village_credit.services.approval.approve import require_signature
from village_credit.signatures import signer
from village_credit.store.store import Store

ACT = "rollback"


@dataclass(frozen=True)
class RolledBack:
    """What is in force again under a new publication id, and which publications that took out of force."""

    publication_id: str
    restores: str
    replaces: list[str]
    run_id: str
    county_code: str
    noop: bool
    outbox: str


def roll_back(store: Store, county_code: str, to: str, by: str, reason: str) -> RolledBack:
    """Put a county's earlier publication, whole or of a product, in force again under an id of its own.

    A whole publication comes back as it was on its day: what products published since goes with it, each to be brought
    back by its own rollback. The same rollback again is a no-op that finishes what a crash left. Raises MissingInput
    where there is no such publication, UsageError where it is another county's, RunConflict where it is in force,
    GateRefused where `by` prepared its run, VerificationFailed where the run is not what was signed.
    """
    by = signer(by)
    reason = required_reason(reason)
    ledger = Ledger.of(store)
    target = _target(ledger, county_code, to)
    require_second_person(ledger, target.run_id, by, "bring it back")
    require_signature(store, ledger, target.run_id)
    already = _brought_back(ledger, target)
    if already is None:
        details = {
            "publication_id": _new_id(ledger, target),
            **{name: getattr(target, name) for name in ("county_code", "product", "as_of")},
            "restores": to,
            "reason": reason,
        }
        record_and_pack(store, ACT, by, target.run_id, details, lambda found: _may_return(found, target, details))
    else:
        complete_outbox(store)
    every = Ledger.of(store).county_acts
    now = next(p for p in reversed(every) if p.run_id == target.run_id and p.restores)
    return RolledBack(
        now.publication_id,
        str(now.restores),
        [p.publication_id for p in _replaced(now, every)],
        now.run_id,
        county_code,
        already is not None,
        str(outbox_folder(store, now)),
    )


def _target(ledger: Ledger, county_code: str, to: str) -> Publication:
    target = next((p for p in ledger.publications if p.publication_id == to), None)
    if target is None:
        raise MissingInput(
            f"publication {to}: no such publication in this store; limits_history lists them with their days"
        )
    if target.county_code != county_code:
        raise UsageError(f"publication {to} is of county {target.county_code}, not {county_code}: nothing is changed")
    return target


def _standing_already(ledger: Ledger, target: Publication) -> Publication | None:
    """Return the publication in force that a rollback would bring: the same run, with nothing over it."""
    mine = [one for one in ledger.in_force_of(target.county_code) if target.product in (None, one.product)]
    last = mine[-1] if mine else None
    return last if last is not None and last.run_id == target.run_id else None


def _brought_back(ledger: Ledger, target: Publication) -> Publication | None:
    """Return the rollback that stands already; raises RunConflict where the publication asked for itself does."""
    found = _standing_already(ledger, target)
    if found is not None and (found.restores is None or found.publication_id == target.publication_id):
        raise RunConflict(f"publication {found.publication_id} is in force: there is nothing to bring back")
    return found


def _may_return(ledger: Ledger, target: Publication, details: dict[str, str | None]) -> None:
    """Of two people who roll back at once, the second finds it done."""
    taken = any(p.publication_id == details["publication_id"] for p in ledger.publications)
    if taken or _standing_already(ledger, target) is not None:
        raise RunConflict(f"county {target.county_code}: somebody else rolled back just now; see `status`")


def _new_id(ledger: Ledger, target: Publication) -> str:
    times = sum(1 for p in ledger.county_acts if p.run_id == target.run_id)
    return f"p{target.as_of.replace('-', '')}-{target.run_id[1:13]}-r{times}"


def _replaced(now: Publication, every: list[Publication]) -> list[Publication]:
    """Return what stood just before a publication of its county and no longer stands."""
    mine = [p for p in every if p.county_code == now.county_code]
    kept = {p.number for p in standing([p for p in mine if p.number <= now.number])}
    return [p for p in standing([p for p in mine if p.number < now.number]) if p.number not in kept]
