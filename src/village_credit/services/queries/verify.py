"""Rebuild a run from what was frozen for it, on the ledger as it stood then, and compare every table's bytes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from village_credit.errors import MissingInput
from village_credit.ledger.erasures import ERASE, day_of, read_journal, removed_run, touched_runs
from village_credit.ledger.ledger import Ledger, is_told
from village_credit.services.scoring.compute import Progress
from village_credit.services.scoring.rebuild import rebuild
from village_credit.store.runs import altered_inputs, altered_tables, compared_parts
from village_credit.store.store import Store


@dataclass(frozen=True)
class Verified:
    """What was found of a run; nothing personal.

    `altered`: what no longer has the bytes that were sealed; `gone`: parts that the vault has no longer, or not whole.
    `is_rebuilt`: every table was computed again; else `why_not`. `differs`: tables, of those computed again, whose rows
    are not those of the manifest; `not_rebuilt`: those that this machine cannot compute, with the reason.
    `other_libraries`: with which versions it was made, where they are not those of today.
    """

    run_id: str
    county_code: str
    as_of: str
    tables: int
    altered: list[str]
    gone: list[str]
    is_rebuilt: bool
    why_not: str | None
    differs: list[str]
    not_rebuilt: dict[str, str]
    other_libraries: str

    @property
    def is_whole(self) -> bool:
        """Nothing was altered, and nothing came out otherwise."""
        return not self.altered and not self.differs


def verify_run(store: Store, run_id: str, models: Path, progress: Progress | None = None) -> Verified:
    """Compare a sealed run with its manifest, and with itself computed once more; nothing is written in the store.

    `models`: where the signers' keys lie; policy, scorecard and terms are those that were kept with the run. Raises
    MissingInput where there is no such run, VerificationFailed where the ledger's chain is broken.
    """
    _require_kept(store, run_id)
    manifest = store.manifest(run_id)
    ledger = Ledger.of(store)
    staged = ledger.staged(run_id)
    altered = altered_tables(store, run_id)
    if staged is not None and not is_told(staged, (store.require_run(run_id) / "manifest.json").read_bytes()):
        altered.append("manifest.json")
    altered += [f"frozen: {name}" for name in altered_inputs(store, manifest)]
    parts, taken = compared_parts(store, run_id), _taken_by(store, ledger, run_id)
    altered += [f"vault: {part}" for part in parts.damaged + ([] if taken else parts.others)]
    gone = [f"{part} ({taken})" for part in sorted(parts.others + parts.gone)] if taken else parts.gone
    found = rebuild(store, run_id, models, progress)
    return Verified(
        run_id,
        manifest["county_code"],
        manifest["as_of"],
        len(manifest["tables"]),
        altered,
        gone,
        found.why_not is None,
        found.why_not,
        found.differs,
        found.not_rebuilt,
        _other_libraries(manifest),
    )


def _taken_by(store: Store, ledger: Ledger, run_id: str) -> str | None:
    """Name what took something of a run out of the vault: an act, or an erasure that was begun; None: nothing did."""
    begun = read_journal(store, ERASE)
    if begun is not None and run_id in begun["runs"]:
        return "an erasure that was not finished: give its command again"
    entry = touched_runs(ledger).get(run_id)
    return None if entry is None else f"act {entry.number:,} of {day_of(entry)}"


def _other_libraries(manifest: dict[str, Any]) -> str:
    made = manifest.get("libraries", {})  # older runs do not say
    return ", ".join(f"{name} {said}, here {version(name)}" for name, said in made.items() if said != version(name))


def _require_kept(store: Store, run_id: str) -> None:
    """Raise MissingInput where a run that nobody signed was removed, with the act that did."""
    gone = removed_run(Ledger.of(store), run_id)
    if gone is not None and not (store.run_folder(run_id) / "manifest.json").is_file():
        raise MissingInput(
            f"run {run_id}: nobody signed it, and it was removed after its retention by act {gone.number:,} of "
            f"{day_of(gone)}, which has the hash of its manifest; there is nothing left to verify"
        )
