"""Rebuild a run from what was frozen for it, on the ledger as it stood then, and compare every table's bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.code_version import code_sha256
from village_credit.errors import MissingInput, ModelRefused, PolicyRefused
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.services.rules import Request, rules_of
from village_credit.services.scoring.compute import Progress, StageTimer, compute_run
from village_credit.services.scoring.snapshot import parts_kept, take_snapshot
from village_credit.services.scoring.stage import frozen_files_of
from village_credit.store.runs import altered_tables, owned_bytes
from village_credit.store.store import Store, sha256_of

# What of the manifest stands for what the ledger added, in words.
ADDED = {
    "in_force_sha256": "the publications in force the day before",
    "limits_in_force_sha256": "the limits in force the day before",
    "rise_bases_sha256": "the limits of a year before, or the first since",
    "branch_words_sha256": "the cuts and refusals of branches",
    "compared_with_run": "the publication it was compared with",
    "holds_sha256": "the holds",
    "relief_sha256": "the declarations of relief",
    "renewals_sha256": "the signed renewals",
    "reviews_sha256": "the reviews",
    "supplied_sha256": "the facts that people supplied",
    "link_verdicts_sha256": "the verdicts on links",
}


@dataclass(frozen=True)
class Verified:
    """What was found of a run; nothing personal.

    `altered`: what no longer has the bytes that were sealed. `is_rebuilt`: every table was computed again; else
    `why_not`. `differs`: tables, of those computed again, whose bytes are not those of the manifest.
    """

    run_id: str
    county_code: str
    as_of: str
    tables: int
    altered: list[str]
    is_rebuilt: bool
    why_not: str | None
    differs: list[str]

    @property
    def is_whole(self) -> bool:
        """Nothing was altered, and nothing came out otherwise."""
        return not self.altered and not self.differs


def verify_run(store: Store, run_id: str, models: Path, progress: Progress | None = None) -> Verified:
    """Compare a sealed run with its manifest, and with itself computed once more; nothing is written in the store.

    `models`: where the signers' keys lie; policy, scorecard and terms are those that were kept with the run. Raises
    MissingInput where there is no such run, VerificationFailed where the ledger's chain is broken.
    """
    manifest = store.manifest(run_id)
    ledger = Ledger.of(store)
    staged = ledger.staged(run_id)
    altered = altered_tables(store, run_id)
    sealed = sha256_of((store.require_run(run_id) / "manifest.json").read_bytes())
    if staged is not None and staged.details.get("manifest_sha256") not in (None, sealed):
        altered.append("manifest.json")
    why_not = _hindrance(store, manifest)
    differs: list[str] = []
    if why_not is None:
        try:
            why_not, differs = _computed_again(store, _as_it_stood(ledger, staged), manifest, models, progress)
        except (MissingInput, ModelRefused, PolicyRefused) as refusal:
            why_not = str(refusal)
    return Verified(
        run_id,
        manifest["county_code"],
        manifest["as_of"],
        len(manifest["tables"]),
        altered,
        why_not is None,
        why_not,
        differs,
    )


def _hindrance(store: Store, manifest: dict[str, Any]) -> str | None:
    """Say why a run cannot come out the same here, where the manifest alone tells."""
    versions = manifest["versions"]
    if versions["code_sha256"] != code_sha256():
        return (
            f"it was made by other code (version {versions['code']}, {versions['code_sha256'][:12]}) than "
            f"this ({code_sha256()[:12]}); verify it with that version"
        )
    if manifest["pseudonym_key"] != store.keys.pseudonym_key_id:
        return (
            f"its households were named with key {manifest['pseudonym_key']}, this store's is "
            f"{store.keys.pseudonym_key_id}"
        )
    return None


def _as_it_stood(ledger: Ledger, staged: Entry | None) -> Ledger:
    """Return the ledger that a run was computed from: what was written while its county was being read is not in it."""
    if staged is None:
        return ledger
    return ledger.before(staged.details.get("acts_read", staged.number - 1) + 1)


def _computed_again(
    store: Store, then: Ledger, manifest: dict[str, Any], models: Path, progress: Progress | None
) -> tuple[str | None, list[str]]:
    """Return why the run cannot be rebuilt, or the tables that come out otherwise."""
    run_id, versions = manifest["run_id"], manifest["versions"]
    request = Request(
        manifest["county_code"], date.fromisoformat(manifest["as_of"]), "", models, product=manifest["product"]
    )
    policy, card, terms = (
        store.thaw(versions[f"{name}_sha256"]).decode("utf-8") for name in ("policy", "scorecard", "county_terms")
    )
    rules = rules_of(versions["policy"], (policy, card, terms), request, store.keys.public_key())
    delivered = list(frozen_files_of(store, manifest))
    snapshot = take_snapshot(store, then, delivered, request, rules)
    if snapshot.run_id != run_id:
        return _what_changed(manifest, snapshot.parts), []
    computed = compute_run(snapshot, delivered, request, rules, StageTimer(progress))
    made = {name: sha256_of(owned_bytes(table, run_id)) for name, table in computed.tables.items()}
    said = {name: table["sha256"] for name, table in manifest["tables"].items()}
    return None, sorted(name for name in made.keys() | said.keys() if made.get(name) != said.get(name))


def _what_changed(manifest: dict[str, Any], parts: dict[str, Any]) -> str:
    """Name what the run depended on that is no longer what it was."""
    now = parts_kept(parts)
    changed = [words for name, words in ADDED.items() if now[name] != manifest.get(name)]
    if not changed and manifest["compared_with_run"] is not None and not parts["knows_before"]:
        changed = [f"what run {manifest['compared_with_run']} measured, no longer in the vault"]
    return (
        f"what it was made from is no longer there as it was: "
        f"{', '.join(changed) or 'something that its manifest does not name'}"
    )
