"""Persons are taken out of everything that the store keeps; the ledger says what went, and never who.

First what is left of each frozen file is written beside it, under its own hash. Then a journal says what goes, by
hashes and counts; from it on, the command can only be finished: given again, it looks for what is still there, and goes
on. Whom it is of lies sealed in the vault so long. The act is written once a search of the whole store finds nobody.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.errors import GateRefused, RunConflict, UsageError, VerificationFailed
from village_credit.ledger.acts import BRINGS_NOBODY
from village_credit.ledger.erasures import ERASE, day_of, journal_path, read_journal
from village_credit.ledger.four_eyes import required_reason
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.log import Entry
from village_credit.policy.model import Policy
from village_credit.pseudonyms import row_key_hash
from village_credit.publish.handing_out import finish_outbox
from village_credit.publish.recording import record
from village_credit.services.keeping.duties import require_no_duty, require_no_line
from village_credit.services.keeping.files import FilePlan, file_plans
from village_credit.services.keeping.packages import Place, drop_strays, manifests_of, pack_anew, packages_naming
from village_credit.services.keeping.search import Searched, search
from village_credit.services.keeping.vaults import VaultPlan, vault_plans, write_plan
from village_credit.services.keeping.wanted import Wanted
from village_credit.services.keeping.whom import of_households, of_numbers
from village_credit.signatures import canonical_json, same_person, signer
from village_credit.store.memos import drop_memos
from village_credit.store.store import IDENTITIES, Store, part_file
from village_credit.store.strays import strays_in, take_away
from village_credit.store.whole_files import sync_folder, write_whole

PENDING = "erasing"  # of whom, sealed in the vault until the act stands
PENDING_FILE = part_file(PENDING, IDENTITIES)


@dataclass(frozen=True)
class Request:
    """Who is to be erased, who answers for it, and under which policy; nothing of it is kept but names and reason."""

    households: tuple[str, ...]
    numbers: tuple[str, ...]
    by: str
    second: str
    reason: str
    policy: Policy
    on: date
    counties: Path | None = None
    despite_records: bool = False


@dataclass(frozen=True)
class Erased:
    """What an erasure came to, or would come to: nothing personal.

    `files`: of each that was touched the hash, what it became (None: nothing is left of it), and how many lines went.
    `runs`: rows that went from the vault, by run. `act`: 0 where nothing was written.
    """

    households: list[str]
    persons: int
    files: list[dict[str, Any]]
    runs: dict[str, int]
    packages: list[str]
    searched: Searched | None
    act: int
    day: str
    dry_run: bool


@dataclass(frozen=True)
class _Plan:
    """What goes, as the journal keeps it."""

    journal: dict[str, Any]
    files: list[FilePlan]
    vaults: list[VaultPlan]

    @property
    def is_empty(self) -> bool:
        """Nothing of them is in the store."""
        return not (self.journal["files"] or self.journal["runs"] or self.journal["packages"])


def erase(store: Store, request: Request, *, dry_run: bool = False) -> Erased:
    """Erase persons from vault, frozen bytes, what came back and packages, and search the store for them.

    The same command again finishes what a crash left. Raises GateRefused where the law or the policy has something
    kept, or where the second person prepared a run of theirs; RunConflict where another erasure is under way, or where
    something came in meanwhile; VerificationFailed where somebody is still found: then nothing is in the ledger, and
    the same command goes on once the place was seen to.
    """
    request = _signed(request)
    if not dry_run:
        finish_outbox(store)
    ledger = Ledger.of(store)
    begun = read_journal(store, ERASE)
    _require_mine(store, begun, request)
    done = _act_of(ledger, begun)
    if done is not None:
        _clear(store)
        return _of_act(done)
    wanted = _wanted(store, ledger, request, begun)
    _require_free(store, ledger, wanted, request)
    plan = _plan(store, ledger, wanted, begun, request)
    _require_second(ledger, plan, request)
    if dry_run:
        return _told(wanted, plan, None, None)
    if plan.is_empty and begun is None:
        return _require_nobody(_told(wanted, plan, search(store, wanted), None))
    return _carry_out(store, ledger, wanted, plan, request)


def _signed(request: Request) -> Request:
    by, second = signer(request.by), signer(request.second)
    if same_person(by, second):
        raise GateRefused(f"--by and --second are both {by}: an erasure needs two people")
    if not request.households and not request.numbers:
        raise UsageError("nobody is named: give --household KEY or --person-file FILE")
    return replace(request, by=by, second=second, reason=required_reason(request.reason))


def _digest(store: Store, request: Request) -> str:
    """Name who is to be erased, by a keyed hash: two commands of the same persons are one."""
    return row_key_hash(store.keys, f"erase|{canonical_json([request.households, request.numbers]).decode()}")


def _require_mine(store: Store, begun: dict[str, Any] | None, request: Request) -> None:
    if begun is not None and not same_person(begun.get("second", request.second), request.second):
        raise RunConflict(
            f"this erasure was begun with {begun['second']} as the second person: give the same command again"
        )
    if begun is not None and begun["request"] != _digest(store, request):
        raise RunConflict(
            "an erasure of other persons is under way and was not finished: give its command again first "
            f"(the journal is {journal_path(store, ERASE).name} in the store)"
        )


def _act_of(ledger: Ledger, begun: dict[str, Any] | None) -> Entry | None:
    """Return the act that a journal led to, where it stands already."""
    if begun is None:
        return None
    return next((e for e in ledger if e.act == ERASE and e.details["journal"] == begun["journal"]), None)


def _wanted(store: Store, ledger: Ledger, request: Request, begun: dict[str, Any] | None) -> Wanted:
    if begun is not None:
        return Wanted.of_json(json.loads(store.open_identities(PENDING)))
    if request.households:
        return of_households(store, ledger, request.households, request.counties)
    return of_numbers(store, ledger, request.numbers, request.counties)


def _require_free(store: Store, ledger: Ledger, wanted: Wanted, request: Request) -> None:
    keys = sorted({*wanted.households, *wanted.borrowers})
    require_no_line(store, ledger, keys, request.on)
    if not request.despite_records:
        require_no_duty(store, ledger, keys, request.policy, request.on)


def _require_second(ledger: Ledger, plan: _Plan, request: Request) -> None:
    """Raise GateRefused where the second person prepared a run from whose vault somebody goes."""
    prepared = {entry.run_id: entry.by for entry in ledger if entry.act == STAGE}
    for run_id in sorted(plan.journal["runs"]):
        if same_person(prepared.get(run_id, ""), request.second):
            raise GateRefused(
                f"run {run_id}: {request.second} prepared it and cannot be the second person; ask another"
            )


def _plan(store: Store, ledger: Ledger, wanted: Wanted, begun: dict[str, Any] | None, request: Request) -> _Plan:
    """Look for what is there, and add it to what was begun."""
    digest = _digest(store, request)
    known = begun or {"files": [], "runs": {}, "packages": [], "journal": f"{digest}-{len(ledger)}"}
    files = list(file_plans(store, ledger, wanted, {item["sha256"] for item in known["files"]}))
    vaults = list(vault_plans(store, wanted, PENDING_FILE))
    told = {item["sha256"]: item for item in [*known["files"], *(plan.told() for plan in files)]}
    places = sorted({*map(tuple, known["packages"]), *packages_naming(store, wanted)})
    said = {
        "journal": known["journal"],
        "request": digest,
        "second": request.second,
        "files": [told[sha256] for sha256 in sorted(told)],
        "runs": {**_rows(vaults), **known["runs"]},
        "packages": places,
        **{name: list(getattr(wanted, name)) for name in ("households", "borrowers")},
        "persons": list(wanted.hashes),
    }
    return _Plan(said, files, vaults)


def _rows(vaults: Sequence[VaultPlan]) -> dict[str, int]:
    """Count the rows that go, of each run once: its own identities, measured figures and referrals together."""
    counted: Counter[str] = Counter()
    for plan in vaults:
        counted[plan.run_id] += plan.rows
    return dict(sorted(counted.items()))


def _carry_out(store: Store, ledger: Ledger, wanted: Wanted, plan: _Plan, request: Request) -> Erased:
    for file in plan.files:
        if file.left is not None:
            store.freeze(file.left, str(file.told()["became"]))
    store.seal_part(PENDING, IDENTITIES, json.dumps(wanted.as_json(), ensure_ascii=False).encode("utf-8"))
    text = json.dumps(plan.journal, ensure_ascii=False, sort_keys=True, indent=1)
    write_whole(journal_path(store, ERASE), text.encode("utf-8"), mode=0o600)
    _take_away(store, ledger, wanted, plan)
    searched = search(store, wanted, PENDING_FILE)
    told = _require_nobody(_told(wanted, plan, searched, None))
    entry = record(
        store, ERASE, request.by, "", _details(store, plan, searched, request),
        lambda now: _require_unmoved(now, ledger),
    )  # fmt: skip
    _clear(store)
    return replace(told, act=entry.number, day=day_of(entry))


def _take_away(store: Store, ledger: Ledger, wanted: Wanted, plan: _Plan) -> None:
    """Do what the journal says; each step may be done again."""
    for item in plan.journal["files"]:
        (store.root / "frozen" / item["sha256"]).unlink(missing_ok=True)
    _sweep(store)
    drop_memos(store)
    for vault in plan.vaults:
        write_plan(store, vault)
    drop_strays(store, wanted)
    pack_anew(store, ledger, _places(plan))


def _sweep(store: Store) -> None:
    """Drop what writers that were killed left half written beside its place: nobody could find who is in it."""
    beside = store.root.glob(f".{journal_path(store, ERASE).name}.*")
    for stray in (*beside, *strays_in(store.root / "frozen"), *strays_in(store.root / "vault")):
        take_away(stray)
    for folder in ("frozen", "vault"):
        sync_folder(store.root / folder)


def _places(plan: _Plan) -> list[Place]:
    return [(county, publication, receiver) for county, publication, receiver in plan.journal["packages"]]


def _details(store: Store, plan: _Plan, searched: Searched, request: Request) -> dict[str, Any]:
    """Return what the ledger says: hashes, counts, keyed hashes, who answers for it and why; never a person."""
    kept = ("journal", "files", "runs", "households", "borrowers", "persons")
    counts = {name: value for name, value in asdict(searched).items() if name != "found"}
    return {
        **{name: plan.journal[name] for name in kept},
        "repacked": manifests_of(store, _places(plan)),
        "searched": counts,
        "second": request.second,
        "on": request.on.isoformat(),
        "reason": request.reason,
        "despite_records": request.despite_records,
    }


def _require_unmoved(now: Ledger, planned_on: Ledger) -> None:
    """Raise RunConflict where persons came into the store since the erasure was planned."""
    if any(entry.act not in BRINGS_NOBODY for entry in now[len(planned_on) :]):
        raise RunConflict("another act brought something into the store just now: give the same command again")


def _require_nobody(told: Erased) -> Erased:
    """Raise VerificationFailed where somebody is still found, and name the places."""
    found = told.searched.found if told.searched else []
    if found:
        raise VerificationFailed(
            f"still found in {len(found):,} of {told.searched.files if told.searched else 0:,} files of the store: "
            f"{', '.join(found[:20])}{' and more' if len(found) > 20 else ''}; see to these places, and give the same "
            f"command again"
        )
    return told


def _clear(store: Store) -> None:
    (store.root / "vault" / PENDING_FILE).unlink(missing_ok=True)
    journal_path(store, ERASE).unlink(missing_ok=True)
    sync_folder(store.root)


def _told(wanted: Wanted, plan: _Plan, searched: Searched | None, entry: Entry | None) -> Erased:
    named = [f"{publication}/{receiver}" for _, publication, receiver in plan.journal["packages"]]
    return Erased(
        [*wanted.households, *wanted.borrowers],
        len(wanted.persons),
        plan.journal["files"],
        plan.journal["runs"],
        named,
        searched,
        entry.number if entry else 0,
        day_of(entry) if entry else "",
        searched is None,
    )


def _of_act(entry: Entry) -> Erased:
    """Tell of an act that stood before its command ended."""
    said = entry.details
    named = [f"{name}/{receiver}" for name, receivers in said["repacked"].items() for receiver in receivers]
    searched = Searched(**said["searched"], found=[])
    households = [*said["households"], *said["borrowers"]]
    return Erased(
        households,
        len(said["persons"]),
        said["files"],
        said["runs"],
        named,
        searched,
        entry.number,
        day_of(entry),
        False,
    )
