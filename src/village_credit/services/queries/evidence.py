"""What a run or a scorecard says to laws and standards, clause by clause: read from its own files, nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from village_credit.china_calendar import day_in_china
from village_credit.errors import MissingInput, UsageError
from village_credit.identifiers import RUN_ID
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry, head
from village_credit.ledger.signed_acts import count_signed_acts
from village_credit.policy.model import Policy
from village_credit.policy.units import policy_in_its_units
from village_credit.report.answers import LawAnswered, Source, Subject, answer_laws
from village_credit.report.clauses import columns_read
from village_credit.report.evidence_page import evidence_page, states_of
from village_credit.score.scorecard import Scorecard, read_scorecard
from village_credit.services.exchange import require_sealed
from village_credit.services.modelling.sign import only_scorecard, read_candidate
from village_credit.store.act_files import act_place
from village_credit.store.store import Store
from village_credit.store.whole_files import json_of

ACTS = ("stage", "approve", "publish")
WARNING = "it answers nothing"
OF_EVERY_TABLE = "run_id"  # so that rows are counted where no column is asked for
STATUS_ZH = {
    "staged": "已暂存",
    "approved": "已签批",
    "published": "现行",
    "superseded": "已被取代",
    "withdrawn": "已撤回",
}


@dataclass(frozen=True)
class Evidence:
    """The clauses with their answers, how many are in which state, and the page; nothing personal."""

    kind: str
    name: str
    about: dict[str, str]
    clauses: dict[str, int]
    laws: list[LawAnswered]
    page: str


def is_run(named: str) -> bool:
    """Tell a run's id from a scorecard's folder."""
    return RUN_ID.fullmatch(named) is not None


def evidence_of_run(store: Store, run_id: str) -> Evidence:
    """Answer for a run; raises VerificationFailed where it is not what was sealed and staged."""
    folder = require_sealed(store, run_id, WARNING)
    manifest, ledger = store.manifest(run_id), Ledger.of(store)
    about = {"县": manifest["county_code"], "截至": manifest["as_of"], "状态": _status(ledger, run_id)}
    sources = {
        "manifest": Source(f"runs/{run_id}/manifest.json", manifest),
        "ledger": Source("ledger/", _ledger_told(store, ledger)),
        **dict(_tables(folder, manifest)),
        **dict(_acts(store, ledger, run_id)),
        **dict(_rules(store, manifest["versions"])),
    }
    return _evidence(Subject("run", run_id, about, sources))


def evidence_of_model(folder: Path) -> Evidence:
    """Answer for a scorecard's folder; raises MissingInput without one, ModelRefused where it was altered."""
    if not folder.is_dir():
        raise UsageError(f"{folder.name}: neither a run's id (r and 24 hexadecimal digits) nor a scorecard's folder")
    card = read_candidate(folder)
    about = {"有效期": f"{card.valid_from} 至 {card.valid_to}", "内容哈希": card.content_sha256}
    sources = {"scorecard": Source(only_scorecard(folder).name, card.model_dump(mode="json"))}
    return _evidence(Subject("model", card.model_id, about, sources | dict(_assessment(folder, card))))


def _evidence(subject: Subject) -> Evidence:
    laws = answer_laws(subject)
    states = {str(state): count for state, count in sorted(states_of(laws).items())}
    return Evidence(subject.kind, subject.name, subject.about, states, laws, evidence_page(subject, laws))


def _status(ledger: Ledger, run_id: str) -> str:
    """Say how far a run has come; what was withdrawn, by which act."""
    status = ledger.status(run_id)
    act = ledger.withdrawal_of(run_id) if status == "withdrawn" else None
    return STATUS_ZH[status] + (f"（{day_in_china(act.published_at)}，台账链第 {act.number:,} 号）" if act else "")


def _ledger_told(store: Store, ledger: Ledger) -> dict[str, Any]:
    """Say how many acts there are, of what kind, and how many are signed.

    Raises VerificationFailed where one is not that should be.
    """
    return {
        "entries": len(ledger),
        "signed": count_signed_acts(ledger, store.keys.known_keys()),
        "acts": dict(sorted(Counter(entry.act for entry in ledger).items())),
        "head": head(store.ledger_folder),
    }


def _tables(folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[str, Source]]:
    """Read what the answers ask of the tables that the run has; a column that it lacks is left out."""
    for name, columns in sorted(columns_read().items()):
        if name in manifest["tables"]:
            path = folder / f"{name}.parquet"
            had = [column for column in pq.read_schema(path).names if column in columns | {OF_EVERY_TABLE}]
            yield (
                f"table.{name}",
                Source(f"runs/{folder.name}/{path.name}", pq.read_table(path, columns=had, partitioning=None)),
            )


def _acts(store: Store, ledger: Ledger, run_id: str) -> Iterator[tuple[str, Source]]:
    """Name the first act of each kind on the run, with its file in the ledger."""
    found: dict[str, Entry] = {}
    for entry in ledger:
        if entry.run_id == run_id and entry.act in ACTS:
            found.setdefault(entry.act, entry)
    for act, entry in found.items():
        yield f"act.{act}", Source(act_place(store.ledger_folder, entry.number), entry.__dict__)


def _rules(store: Store, versions: dict[str, str]) -> Iterator[tuple[str, Source]]:
    """Read scorecard and policy as they were kept with the run; what is gone, or of another form, answers nothing."""
    readers: dict[str, Callable[[str], Scorecard | Policy]] = {
        "scorecard": read_scorecard,
        "policy": policy_in_its_units,
    }
    for name, reader in readers.items():
        sha256 = versions.get(f"{name}_sha256", "")
        try:
            read = reader(store.thaw(sha256).decode("utf-8"))
        except MissingInput:
            continue
        yield name, Source(f"frozen/{sha256}", read.model_dump(mode="json"))


def _assessment(folder: Path, card: Scorecard) -> Iterator[tuple[str, Source]]:
    """Read the evidence that `assess-model` wrote of this very content; another content's answers nothing."""
    path = folder / f"{card.model_id}.assessment.json"
    if path.is_file():
        said = json_of(path.read_bytes(), path.name)
        if said.get("content_sha256") == card.content_sha256:
            yield "assessment", Source(path.name, said)
