"""Score a county: freeze its inputs, take them in, score, decide, and stage a run that nobody yet sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import pull, reading_order
from village_credit.ingest.line_account import COUNTS_NOWHERE
from village_credit.ledger.erasures import left_of, tombstones
from village_credit.ledger.ledger import Ledger
from village_credit.policy.days_ahead import require_day_come
from village_credit.publish.recording import record
from village_credit.services.decided_from import inputs_left
from village_credit.services.rules import Request, load_rules
from village_credit.services.scoring.again import delivered_again
from village_credit.services.scoring.compute import Computed, Progress, StageTimer, compute_run
from village_credit.services.scoring.memos import memos_of
from village_credit.services.scoring.snapshot import take_snapshot
from village_credit.signatures import canonical_json, signer
from village_credit.sql_files import sql
from village_credit.store.runs import inputs_of, parquet_bytes, seal_run
from village_credit.store.store import IDENTITIES, MEASURED, NAMES, REFERRALS, ROWS, Store, sha256_of


@dataclass
class StagedRun:
    """What a scoring gives back; `noop` where the same run was there already."""

    run_id: str
    county: str
    as_of: str
    status: str
    noop: bool
    counts: dict[str, Any]
    sum_limit_yuan: int
    gates: list[dict[str, Any]]
    rejected: list[dict[str, str]]
    report: str
    seconds: dict[str, float] = field(default_factory=dict)
    shapes: str = ""  # whether delivered shapes were looked at; empty where none were delivered
    erased: list[str] = field(default_factory=list)  # of whom or what was erased and is delivered again


def score_inbox(store: Store, inbox: Path, request: Request, progress: Progress | None = None) -> StagedRun:
    """Pull the county's inbox, freeze it, and stage a run."""
    return score_files(store, pull(inbox, request.county_code), request, progress)


def frozen_files(store: Store, county_code: str) -> Iterator[DeliveredFile]:
    """Return the frozen delivery of a county's latest day, in reading order."""
    ledger = Ledger.of(store)
    stagings = ledger.stagings(county_code)
    if not stagings:
        raise MissingInput(f"county {county_code} was never scored in this store: score it from its inbox first")
    latest = max(stagings, key=lambda staged: (staged.details["as_of"], staged.number))
    yield from inputs_left(store, ledger, store.manifest(latest.run_id))


def _in_reading_order(store: Store, manifest: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted(inputs_of(store, manifest), key=lambda item: reading_order(item[0]))


def frozen_files_of(store: Store, manifest: dict[str, Any]) -> Iterator[DeliveredFile]:
    """Return what a run was made from, in reading order; raises MissingInput where some of it is gone."""
    for name, sha256 in _in_reading_order(store, manifest):
        yield DeliveredFile(name, store.thaw(sha256), sha256)


def without_erased(store: Store, files: Iterable[DeliveredFile]) -> tuple[list[DeliveredFile], list[str]]:
    """Put what is left in the place of delivered bytes of which an erasure took lines; say so of each such file.

    Nothing that was erased is frozen once more.
    """
    stones = tombstones(store, Ledger.of(store))
    kept, told = [], []
    for file in files:
        stone = stones.get(file.sha256)
        left = left_of(stones, file.sha256)
        if stone is None:
            kept.append(file)
            continue
        said = "nothing of it is left, and it is passed over" if left is None else "what is left of it is read instead"
        told.append(f"{file.file_name}: {stone.lines:,} lines were erased of these bytes by {stone.told()}; {said}")
        if left is not None:
            kept.append(DeliveredFile(file.file_name, store.thaw(left), left))
    return kept, told


def score_files(
    store: Store, files: Iterable[DeliveredFile], request: Request, progress: Progress | None = None
) -> StagedRun:
    """Freeze, compute and stage; the same inputs give the run that is already there."""
    signer(request.by)  # before anything is read: its act would be refused at the end
    timer = StageTimer(progress)
    rules = load_rules(request, store.keys.public_keys())
    if request.asked_on:
        require_day_come(rules.policy, request.as_of, request.county_code, request.asked_on)
    delivered, erased = without_erased(store, files)
    for sha256, content in [*rules.texts.items(), *((file.sha256, file.content) for file in delivered)]:
        store.freeze(content, sha256)
    timer.lap("freeze")
    ledger = Ledger.of(store)
    snapshot = take_snapshot(store, ledger, delivered, request, rules)
    run_id = snapshot.run_id
    if not (store.run_folder(run_id) / "manifest.json").is_file():
        computed = compute_run(snapshot, delivered, request, rules, timer, memos_of(store, rules))
        _seal(store, computed, request, len(ledger), timer)
        return staged_result(store, run_id, noop=False, seconds=timer.seconds, erased=erased)
    _ensure_staged(store, run_id, request, len(ledger))
    return staged_result(store, run_id, noop=True, seconds=timer.seconds, erased=erased)


def _seal(store: Store, computed: Computed, request: Request, acts_read: int, timer: StageTimer) -> None:
    """Put identities into the vault, seal the run, and say in the ledger that it is staged."""
    manifest = {**computed.manifest, "vault": fill_vault(store, computed)}
    seal_run(store, computed.run_id, computed.tables, manifest, computed.report)
    _ensure_staged(store, computed.run_id, request, acts_read)
    timer.lap("stage")


def fill_vault(store: Store, computed: Computed) -> dict[str, str]:
    """Seal who a run's households are, what was measured of them, which lines speak of them, and referred traders.

    Return the hash of each part as it is unsealed.
    """
    run_id = computed.run_id
    parts = {
        IDENTITIES: parquet_bytes(computed.identities),
        MEASURED: computed.measured(),
        REFERRALS: parquet_bytes(computed.referrals),
        ROWS: parquet_bytes(computed.linked_rows),
        **({NAMES: canonical_json(computed.names)} if computed.names else {}),
    }
    for part, plain in parts.items():
        store.seal_part(run_id, part, plain)
    return {part: sha256_of(plain) for part, plain in parts.items()}


def _ensure_staged(store: Store, run_id: str, request: Request, acts_read: int) -> None:
    """Write the ledger's entry of a sealed run once.

    `acts_read`: how many acts stood in the ledger that it was computed from.
    """
    if Ledger.of(store).staged(run_id) is None:
        record(
            store,
            "stage",
            request.by,
            run_id,
            {
                "county_code": request.county_code,
                "as_of": request.as_of.isoformat(),
                "acts_read": acts_read,
                "manifest_sha256": sha256_of((store.run_folder(run_id) / "manifest.json").read_bytes()),
            },
        )


def staged_result(
    store: Store, run_id: str, *, noop: bool, seconds: dict[str, float], erased: Iterable[str] = ()
) -> StagedRun:
    """Read a staged run back: what was stored, not what was computed; `erased`: what was said of its files."""
    manifest, ledger = store.manifest(run_id), Ledger.of(store)
    folder = store.run_folder(run_id)
    query = sql("services.scoring", "gates_of_run")
    gates = query_cursor().sql(query, params={"p": str(folder / "gates.parquet")})
    return StagedRun(
        run_id,
        manifest["county_code"],
        manifest["as_of"],
        ledger.status(run_id),
        noop,
        manifest["counts"],
        manifest["sum_limit_yuan"],
        gates.to_arrow_table().to_pylist(),
        _rejected(manifest),
        str(folder / "report.html"),
        seconds,
        _shapes(manifest),
        [*erased, *delivered_again(store, ledger, run_id)],
    )


def _shapes(manifest: dict[str, Any]) -> str:
    """Say in a sentence whether delivered shapes were looked at, and with how many findings."""
    said = manifest.get("shapes")  # a run of older code says nothing of them
    if not said or not said["maps"]:
        return ""
    maps, findings = len(said["maps"]), manifest["tables"]["shape_findings"]["rows"]
    if said["looked_with"] is None:
        return f"maps delivered and not looked at: {maps:,}; install village-credit[shapes] and score again"
    return f"maps looked at: {maps:,}; findings: {findings:,}"


def _rejected(manifest: dict[str, Any]) -> list[dict[str, str]]:
    """Name the delivered tables that were rejected, and those that nobody knows or that count nowhere, with why."""
    refused = [(source, source["rejected"]) for source in manifest["sources"] if source["rejected"]]
    noted = [
        (source, note)
        for source in manifest["sources"]
        for note in source["notes"]
        if note[0] in ("UNRECOGNISED", COUNTS_NOWHERE)
    ]
    return [
        {"file": " / ".join(filter(None, (source["file_name"], source["sheet"]))), "why": f"{why[0]}: {why[1]}"}
        for source, why in [*refused, *noted]
    ]
