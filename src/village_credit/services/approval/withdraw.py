"""A county's publication is taken out of force, and nothing comes in its place: branches close or freeze its lines."""

from __future__ import annotations

from dataclasses import dataclass

from village_credit.errors import MissingInput, RunConflict
from village_credit.ledger.four_eyes import require_second_person, required_reason
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import WITHDRAW, Publication
from village_credit.publish.branch_package import outbox_folder
from village_credit.publish.handing_out import complete_outbox, record_and_pack
from village_credit.signatures import signer
from village_credit.store.store import Store


@dataclass(frozen=True)
class Withdrawn:
    """What was taken out of force under which id, of which county; `noop` where it was already."""

    publication_id: str
    withdraws: list[str]
    county_code: str
    noop: bool
    outbox: str


def withdraw(store: Store, county_code: str, by: str, reason: str) -> Withdrawn:
    """Take whatever is in force for a county out of force: one ledger entry, nothing computed.

    Branches are told to close each line, and to freeze what is owed at its balance. A `rollback` brings a publication
    back. The same withdrawal again is a no-op that finishes what a crash left. Raises MissingInput where the county
    never had a publication, GateRefused where `by` prepared a run that is in force.
    """
    by = signer(by)
    reason = required_reason(reason)
    ledger = Ledger.of(store)
    acts = ledger.county_acts_of(county_code)
    if not acts:
        raise MissingInput(f"county {county_code} has no publication in this store: nothing is in force to withdraw")
    found = ledger.in_force_of(county_code)
    for publication in found:
        require_second_person(ledger, publication.run_id, by, "withdraw it")
    if found:
        details = {
            "publication_id": _new_id(ledger, found[0]),
            "county_code": county_code,
            "product": None,
            "as_of": found[0].as_of,
            "withdraws": [publication.publication_id for publication in found],
            "reason": reason,
        }
        record_and_pack(store, WITHDRAW, by, found[0].run_id, details, lambda now: _require_same(now, found))
    else:
        complete_outbox(store)
    done = Ledger.of(store).county_acts_of(county_code)[-1]
    return Withdrawn(done.publication_id, list(done.withdraws), county_code, not found, str(outbox_folder(store, done)))


def _new_id(ledger: Ledger, whole: Publication) -> str:
    times = sum(1 for act in ledger.county_acts if act.run_id == whole.run_id)
    return f"p{whole.as_of.replace('-', '')}-{whole.run_id[1:13]}-w{times}"


def _require_same(now: Ledger, found: list[Publication]) -> None:
    county_code = found[0].county_code
    if now.in_force_of(county_code) != found:
        raise RunConflict(
            f"county {county_code}: somebody else changed what is in force just now; see `status`, and withdraw again"
        )
