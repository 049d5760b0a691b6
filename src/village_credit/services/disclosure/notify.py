"""Notify: a publication's messages and letters are addressed through the vault and written for who sends or prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.china_calendar import today
from village_credit.errors import MissingInput, RunConflict, UsageError
from village_credit.ledger.holds import held_keys, stops
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.opt_outs import opted_out
from village_credit.ledger.publications import Publication
from village_credit.publish.addressed_notices import Texts, Whom, Written, notices_due, write_notices
from village_credit.publish.branch_package import PackageInputs
from village_credit.publish.household_helps import helps_of
from village_credit.publish.outbox import told_of
from village_credit.publish.recording import record
from village_credit.report.notice_template import REASONS_TOLD, ReadTemplate, reviewed_templates
from village_credit.services.rules import load_terms
from village_credit.signatures import signer
from village_credit.store.store import Store
from village_credit.store.strays import is_old, take_away
from village_credit.store.whole_files import beside_of, folder_beside, move_to_place

ACT = "notify"
# Of the reasons that a letter tells, those that a change of one thing may lift
HELPED_REASONS = frozenset(
    code for code in REASONS_TOLD if code.startswith("NO_ROOM_") or code in ("LOWEST_BAND", "BELOW_SMALLEST_TICKET")
)


@dataclass(frozen=True)
class Wanted:
    """How households are told: in which languages (none: the county's terms), from whose texts.

    `everybody`: those too of whom nothing changed. `unreviewed`: for a trial, texts too that nobody has read. `on`: the
    day that stands on them, of whose ended lines nothing is told (none: today).
    """

    languages: Sequence[str] = ()
    templates: Path | None = None
    everybody: bool = False
    unreviewed: bool = False
    on: date | None = None


@dataclass(frozen=True)
class Notified:
    """What was written, where, and with which texts (version, who reviewed it, hash)."""

    publication_id: str
    county_code: str
    folder: str
    act: int
    templates: list[dict[str, str]]
    written: Written


def notify(store: Store, publication_id: str, out: Path, by: str, counties: Path | None, wanted: Wanted) -> Notified:
    """Write the files of a publication's notices, all or none, and record that they were; never told before in force.

    Raises RunConflict where another publication took its place; MissingInput where there is none such, or the county's
    terms or a template lack what is told; GateRefused where nobody reviewed a template; UsageError where something lies
    at `out`.
    """
    by = signer(by)
    if out.exists():
        raise UsageError(f"{out.name} is there already: name a new folder for --out")
    for stray in filter(is_old, beside_of(out)):  # what a killed one left names people
        take_away(stray)
    ledger = Ledger.of(store)
    publication, inputs = _gathered(store, ledger, publication_id)
    _require_current(ledger, publication)
    on = wanted.on or today()
    texts, read = _texts(publication.county_code, counties, wanted, on)
    lines = lines_in_force(store, ledger, publication.county_code)
    due = notices_due(publication, inputs, lines, Whom(held_keys(ledger), opted_out(ledger), on, wanted.everybody))
    add_helps(store, publication, due)
    with folder_beside(out) as folder:
        folder.chmod(0o700)
        written = write_notices(folder, store.keys, publication, inputs, due, texts)
        told = _told(publication, read, written)
        entry = record(store, ACT, by, "", told)
    move_to_place(folder, out)
    return Notified(publication_id, publication.county_code, str(out), entry.number, told["templates"], written)


def _gathered(store: Store, ledger: Ledger, publication_id: str) -> tuple[Publication, PackageInputs]:
    """Return a publication and what its packages are made of; raises MissingInput of none, and of a hold's."""
    if publication_id in {told.publication_id for _, told in stops(ledger)}:
        raise MissingInput(f"{publication_id} stops or releases one household: its branch speaks with it, no message")
    found = next((told for told in told_of(store, ledger) if told.publication.publication_id == publication_id), None)
    gathered = found.gather() if found else None
    if gathered is None:
        raise MissingInput(f"no publication {publication_id} in this store: see `status`, or publish the run first")
    return gathered


def add_helps(store: Store, publication: Publication, due: Sequence[dict[str, Any]]) -> None:
    """Add to each line that is lost for want of score, capacity or room what alone could help its household."""
    lost = [row for row in due if row["left_out"] is None and (row["reason_codes"] or [""])[0] in HELPED_REASONS]
    lost = [row for row in lost if row["kind"] == "lost"]
    if not lost:
        return
    helps = helps_of(store, publication.run_id, (row["household_key"] for row in lost))
    for row in lost:
        row["helps"] = helps.of(row["household_key"])


def _require_current(ledger: Ledger, publication: Publication) -> None:
    """Raise RunConflict where others decide all of a publication's lines by now: nobody is told what was."""
    standing = [*ledger.in_force_of(publication.county_code), ledger.county_acts_of(publication.county_code)[-1]]
    ids = [one.publication_id for one in standing]
    if publication.publication_id not in ids:
        raise RunConflict(f"{publication.publication_id} is in force no more: notify of {ids[-1]}, which came after it")


def _texts(county_code: str, counties: Path | None, wanted: Wanted, on: date) -> tuple[Texts, list[ReadTemplate]]:
    """Return what the notices are made with; raises where the county's terms say nothing of the bank."""
    terms = load_terms(counties, county_code)[0].notices
    if terms is None:
        raise MissingInput(
            f"terms of county {county_code} have no [notices]: write bank, signature and telephone there "
            f"(data_contracts/README.md), for a household must know whom to ask"
        )
    languages = wanted.languages or terms.languages
    read = reviewed_templates(languages, wanted.templates, unreviewed=wanted.unreviewed)
    return Texts(terms, [one.said for one in read], on.isoformat()), read


def _told(publication: Publication, read: Sequence[ReadTemplate], written: Written) -> dict[str, Any]:
    """Return what the ledger keeps: counts, hashes and texts, and no person."""
    templates = [
        {"version": one.said.version, "reviewed_by": one.said.reviewed_by, "sha256": one.sha256} for one in read
    ]
    who = {"publication_id": publication.publication_id, "county_code": publication.county_code}
    return {**who, "templates": templates, **asdict(written)}
