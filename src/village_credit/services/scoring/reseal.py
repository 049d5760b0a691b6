"""A run's part of the vault is made anew from frozen bytes, where it was damaged or is gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from village_credit.errors import MissingInput, VerificationFailed
from village_credit.ledger.four_eyes import required_reason
from village_credit.publish.recording import record
from village_credit.services.scoring.compute import Progress
from village_credit.services.scoring.rebuild import rebuild
from village_credit.services.scoring.stage import fill_vault
from village_credit.signatures import signer
from village_credit.store.store import Store

ACT = "reseal"


@dataclass(frozen=True)
class Resealed:
    """The run whose identities are in the vault again, how many, and by whom."""

    run_id: str
    households: int
    by: str


def reseal(store: Store, run_id: str, models: Path, by: str, reason: str, progress: Progress | None = None) -> Resealed:
    """Compute a run once more from its frozen inputs and seal who its households are; the ledger keeps by whom and why.

    Raises MissingInput where it cannot be computed again, VerificationFailed where it comes out otherwise: nothing is
    written then.
    """
    by, reason = signer(by), required_reason(reason)
    found = rebuild(store, run_id, models, progress)
    if found.computed is None:
        raise MissingInput(f"run {run_id}: its part of the vault cannot be made anew: {found.why_not}")
    if found.differs:
        raise VerificationFailed(
            f"run {run_id}: computed once more, {', '.join(found.differs)} come out otherwise than they were sealed; "
            f"the vault is left as it is"
        )
    fill_vault(store, found.computed)
    record(store, ACT, by, run_id, {"reason": reason})
    return Resealed(run_id, found.computed.identities.num_rows, by)
