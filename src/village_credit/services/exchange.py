"""Cases go out to a person as a workbook and come back: what reviews, doubtful links and household signatures share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from village_credit.errors import UsageError, VerificationFailed, VillageCreditError
from village_credit.ledger.four_eyes import require_second_person
from village_credit.ledger.ledger import Ledger, is_told
from village_credit.publish.recording import record
from village_credit.signatures import signer
from village_credit.store.runs import altered_tables
from village_credit.store.store import Store, sha256_of
from village_credit.store.whole_files import write_whole

FAULTS_TOLD = 20


@dataclass(frozen=True)
class Returned:
    """A workbook that came back: for which run, read on which ledger, and who brings it."""

    run_id: str
    manifest: dict[str, Any]
    ledger: Ledger
    by: str

    @property
    def county_code(self) -> str:
        """Whose run it is."""
        return str(self.manifest["county_code"])


def hand_out(out: Path, workbook: bytes, kinds: Iterable[str]) -> tuple[str, int, dict[str, int]]:
    """Write a workbook, readable by its owner alone; return its path, how many cases it has, and of each kind."""
    write_whole(out, workbook, mode=0o600)
    counted = Counter(kinds)
    return str(out), counted.total(), dict(sorted(counted.items()))


def take_back(store: Store, run_id: str, by: str, what: str | None = None) -> Returned:
    """Begin to take a workbook back; with `what`, raise GateRefused where `by` prepared the run and may not do that."""
    by, manifest, ledger = signer(by), store.manifest(run_id), Ledger.of(store)
    if what is not None:
        require_second_person(ledger, run_id, by, what)
    return Returned(run_id, manifest, ledger, by)


def require_sealed(store: Store, run_id: str, warning: str) -> Path:
    """Return a run's folder; raises VerificationFailed, with a warning, where it is not what was sealed and staged."""
    folder = store.require_run(run_id)
    if altered := altered_tables(store, run_id):
        raise VerificationFailed(f"run {run_id}: {', '.join(altered)} are not what was sealed; {warning}")
    staged = Ledger.of(store).staged(run_id)
    if staged is not None and not is_told(staged, (folder / "manifest.json").read_bytes()):
        raise VerificationFailed(f"run {run_id}: its manifest is not what was staged; {warning}")
    return folder


def refuse_faults(path: Path, faults: list[str], kind: type[VillageCreditError] = UsageError) -> None:
    """Raise where a workbook has faults, with the first of them: all of it is taken back, or nothing."""
    if faults:
        more = f" and {len(faults) - FAULTS_TOLD} more" if len(faults) > FAULTS_TOLD else ""
        raise kind(f"{path.name}: {'; '.join(faults[:FAULTS_TOLD])}{more}. Nothing was applied")


def keep_and_record(store: Store, returned: Returned, act: str, path: Path, details: dict[str, Any]) -> None:
    """Freeze the workbook, with names and opinions, and record what it says by household, under its hash."""
    content = path.read_bytes()
    store.freeze(content, sha256_of(content))
    record(store, act, returned.by, returned.run_id, details | {"workbook_sha256": sha256_of(content)})
