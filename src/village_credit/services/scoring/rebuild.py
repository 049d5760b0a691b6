"""A sealed run is computed once more from what was frozen for it, on the ledger as it stood then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.code_version import code_sha256
from village_credit.errors import MissingInput, ModelRefused, PolicyRefused
from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.shapes import can_look
from village_credit.ledger.erasures import day_of, tombstones, touched_runs
from village_credit.ledger.ledger import Ledger
from village_credit.services.rules import Request, Rules, rules_of
from village_credit.services.scoring.compute import Computed, Progress, StageTimer, compute_run
from village_credit.services.scoring.snapshot import Snapshot, parts_kept, take_snapshot
from village_credit.services.scoring.stage import frozen_files_of
from village_credit.shapes.library import looking_library
from village_credit.store.runs import comes_out_otherwise
from village_credit.store.store import Store

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
    "successors_sha256": "the verdicts on households whose code changed",
    "owed_on_closed_lines_sha256": "what is owed on lines that a merge closed",
    "supplied_sha256": "the facts that people supplied",
    "link_verdicts_sha256": "the verdicts on links",
}


@dataclass(frozen=True)
class Rebuilt:
    """A run computed once more, or why it cannot be; `differs`: tables whose bytes are not those of the manifest.

    `not_rebuilt`: tables that this machine cannot compute, with the reason; the others are.
    """

    computed: Computed | None
    why_not: str | None
    differs: list[str]
    not_rebuilt: dict[str, str] = field(default_factory=dict)


def rebuild(store: Store, run_id: str, models: Path, progress: Progress | None = None) -> Rebuilt:
    """Compute a sealed run once more; nothing is written.

    `models`: where the signers' keys lie; policy, scorecard and terms are those that were kept with the run. Raises
    MissingInput where there is no such run, VerificationFailed where the ledger's chain is broken.
    """
    manifest = store.manifest(run_id)
    ledger = Ledger.of(store)
    why_not = _hindrance(store, manifest) or _erased_inputs(store, ledger, manifest)
    if why_not is not None:
        return Rebuilt(None, why_not, [])
    try:
        found = _computed_again(store, ledger.read_by(run_id), manifest, models, progress)
    except (MissingInput, ModelRefused, PolicyRefused) as refusal:
        found = Rebuilt(None, str(refusal), [])
    if found.why_not is None and not found.differs:
        return found
    gone = _gone_since(ledger, manifest)
    return found if gone is None else Rebuilt(None, gone, [])


def _erased_inputs(store: Store, ledger: Ledger, manifest: dict[str, Any]) -> str | None:
    """Name the inputs of which lines were erased, by their hash, and the acts."""
    stones = tombstones(store, ledger)
    gone = [stones[item["sha256"]] for item in manifest["inputs"] if item["sha256"] in stones]
    if not gone:
        return None
    acts = ", ".join(sorted({stone.told() for stone in gone}))
    hashes = ", ".join(stone.sha256[:12] for stone in gone)
    return (
        f"lines of {len(gone):,} of its {len(manifest['inputs']):,} inputs were erased by {acts} ({hashes}): what is "
        f"left of them cannot give the same run"
    )


def _gone_since(ledger: Ledger, manifest: dict[str, Any]) -> str | None:
    """Name the runs before it, on which it rests, of whose vault an act took something since it was staged."""
    staged = ledger.staged(manifest["run_id"])
    number = staged.number if staged else len(ledger)
    touched = touched_runs(entry for entry in ledger if entry.number > number)
    earlier = [p.run_id for p in ledger.before(number).publications_of(manifest["county_code"])]
    gone = [run_id for run_id in dict.fromkeys(earlier) if run_id in touched]
    if not gone:
        return None
    told = ", ".join(f"run {one} by act {touched[one].number:,} of {day_of(touched[one])}" for one in gone)
    return f"it rests on runs of which something was taken out of the vault since: {told}"


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


@dataclass(frozen=True)
class Scoring:
    """What a run is computed from: all that was delivered, asked, ruled, and known of the store."""

    snapshot: Snapshot
    delivered: list[DeliveredFile]
    request: Request
    rules: Rules


def scoring_again(store: Store, ledger: Ledger, manifest: dict[str, Any], models: Path) -> Scoring:
    """Return what a sealed run was computed from, on the ledger as it stood then.

    Its `snapshot` names another run where something is no longer as it was. Raises MissingInput and its kin where
    something of it is gone.
    """
    why_not = _hindrance(store, manifest) or _erased_inputs(store, ledger, manifest)
    if why_not is not None:
        raise MissingInput(f"run {manifest['run_id']}: {why_not}")
    return _scoring(store, ledger.read_by(manifest["run_id"]), manifest, models)


def _scoring(store: Store, then: Ledger, manifest: dict[str, Any], models: Path) -> Scoring:
    versions = manifest["versions"]
    request = Request(
        manifest["county_code"], date.fromisoformat(manifest["as_of"]), "", models, product=manifest["product"]
    )
    policy, card, terms = (
        store.thaw(versions[f"{name}_sha256"]).decode("utf-8") for name in ("policy", "scorecard", "county_terms")
    )
    rules = rules_of(versions["policy"], (policy, card, terms), request, store.keys.public_keys())
    delivered = list(frozen_files_of(store, manifest))
    snapshot = take_snapshot(store, then, delivered, request, rules, _shapes_of(manifest))
    return Scoring(snapshot, delivered, request, rules)


def _shapes_of(manifest: dict[str, Any]) -> dict[str, Any] | None:
    return {"looked_with": manifest["shapes"]["looked_with"]} if manifest["shapes"] else None


def _computed_again(
    store: Store, then: Ledger, manifest: dict[str, Any], models: Path, progress: Progress | None
) -> Rebuilt:
    run_id, found = manifest["run_id"], _scoring(store, then, manifest, models)
    if found.snapshot.run_id != run_id:
        return Rebuilt(None, _what_changed(manifest, found.snapshot.parts), [])
    computed = compute_run(found.snapshot, found.delivered, found.request, found.rules, StageTimer(progress))
    made = computed.tables
    unasked = _not_rebuilt(_shapes_of(manifest))
    names = sorted(made.keys() | manifest["tables"].keys())
    differs = [name for name in names if comes_out_otherwise(store, run_id, name, made.get(name))]
    return Rebuilt(computed, None, [name for name in differs if name not in unasked], unasked)


def _not_rebuilt(shapes: dict[str, Any] | None) -> dict[str, str]:
    """Name the table of shapes where they were looked at with what is not here: other versions may say other digits."""
    with_what = shapes and shapes["looked_with"]
    if not with_what or can_look(with_what):
        return {}
    told, here = (_versions(each) for each in (with_what, looking_library()))
    return {"shape_findings": f"shapes were looked at with {told}, and here is {here}"}


def _versions(library: dict[str, str] | None) -> str:
    return ", ".join(f"{name} {version}" for name, version in library.items()) if library else "no such library"


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
