"""Doubtful links go out to a person as a workbook, and what the person says comes back, for every later run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts.registry import CONTRACTS_ZH, OFFICES_ZH
from village_credit.errors import UsageError
from village_credit.extract.inbox import reading_order
from village_credit.ingest.county import take_in
from village_credit.intake import Intake
from village_credit.ledger import link_samples
from village_credit.ledger.erasures import thaw_what_is_left
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.link_verdicts import ACT, link_verdicts
from village_credit.link.verdicts import SAME, no_verdicts
from village_credit.pseudonyms import Keys, household_key, row_key_hash
from village_credit.publish.recording import record
from village_credit.services.exchange import hand_out, require_sealed, take_back
from village_credit.services.rules import load_terms
from village_credit.store.runs import inputs_of
from village_credit.store.store import Store
from village_credit.validate.identity import masked
from village_credit.workbooks.link_review import (
    AGREEMENTS_ZH,
    PASSES_ZH,
    Decision,
    Doubt,
    read_decisions,
    review_workbook,
)


@dataclass(frozen=True)
class Reviewed:
    """What was written for review: rows, and how many of each ground."""

    path: str
    rows: int
    grounds: dict[str, int]


@dataclass(frozen=True)
class Applied:
    """What was taken back: decisions by verdict; `unchanged` were known already."""

    county_code: str
    same: int
    other: int
    unchanged: int


def write_review(
    store: Store, run_id: str, out: Path, counties: Path | None = None, sample: int | None = None
) -> Reviewed:
    """Write a run's doubtful links into a workbook (readable by its owner alone), those already decided left out.

    Links of a pass that a sample has revoked since are doubtful too. With `sample`: so many automatic links of each
    pass instead, for a person to check. Raises MissingInput where the run or its frozen bytes are gone,
    VerificationFailed where the run is not what was sealed, UsageError where a sample is of fewer than one.
    """
    if sample is not None and sample < 1:
        raise UsageError(f"--sample {sample}: draw at least 1 link of each pass")
    sample_size = sample or 0
    require_sealed(store, run_id, "decide no link by it")
    manifest = store.manifest(run_id)
    entries, county = Ledger.of(store), manifest["county_code"]
    doubted = link_samples.revoked_passes(entries, county)
    intake = _taken_again(store, manifest, counties, sample_size, doubted)
    said = link_verdicts(entries, county)
    known = {(v["record_key"], v["household_key"]) for v in said}
    placed = {v["record_key"] for v in said if v["verdict"] == SAME}
    rows = [
        row
        for row in _asked(store.keys, intake, sample_size)
        if sample_size or ((row["record_key"], row["household_key"]) not in known and row["record_key"] not in placed)
    ]
    book = review_workbook(run_id, manifest["as_of"], [_shown(row) for row in rows], sample_size)
    return Reviewed(*hand_out(out, book, (row["pass"] for row in rows)))


def apply_review(store: Store, path: Path, by: str, counties: Path | None = None) -> Applied:
    """Take back the decisions of a workbook, for the run that it names; all of them or none.

    A sample checked again replaces what it said before. Raises UsageError, with the rows, where a decision is of no
    doubtful link of that run, where two contradict each other, or where one record is said to be of two households.
    """
    run_id, sample_size, decisions = read_decisions(path)
    decisions = _one_each(path, decisions)
    returned = take_back(store, run_id, by)
    manifest, entries, county = returned.manifest, returned.ledger, returned.county_code
    # A pass that was revoked when the workbook was written may have been found right since: its rows still apply.
    doubted = link_samples.doubted_passes(entries, county)
    intake = _taken_again(store, manifest, counties, sample_size, doubted)
    asked = {(row["record_key"], row["household_key"]): row for row in _asked(store.keys, intake, sample_size)}
    _require_asked(path, decisions, set(asked))
    known = {(v["record_key"], v["household_key"]): v["verdict"] for v in link_verdicts(entries, county)}
    fresh = [d for d in decisions if known.get((d.record_key, d.household_key)) != d.verdict]
    if sample_size and decisions:
        passes = link_samples.sample_result([(asked[d.record_key, d.household_key], d.verdict) for d in decisions])
        details = {"county_code": county, "as_of": manifest["as_of"], "passes": passes}
        record(store, link_samples.ACT, returned.by, run_id, details)
        # A right automatic link needs nobody's word, but where it was refused before.
        fresh = [d for d in fresh if d.verdict == "other" or (d.record_key, d.household_key) in known]
    if fresh:
        said = [{"record_key": d.record_key, "household_key": d.household_key, "verdict": d.verdict} for d in fresh]
        record(store, ACT, returned.by, run_id, {"county_code": county, "verdicts": said})
    counts = Counter(d.verdict for d in (decisions if sample_size else fresh))
    return Applied(county, counts["same"], counts["other"], 0 if sample_size else len(decisions) - len(fresh))


def _one_each(path: Path, decisions: list[Decision]) -> list[Decision]:
    """Return one decision for each record and household; a row that says the same again adds nothing."""
    first: dict[tuple[str, str], Decision] = {}
    one_household: dict[str, Decision] = {}
    for decision in decisions:
        before = first.setdefault((decision.record_key, decision.household_key), decision)
        if before.verdict != decision.verdict:
            raise UsageError(
                f"{path.name}, rows {before.row} and {decision.row}: one record and household, two verdicts; "
                f"nothing was applied"
            )
        if decision.verdict == "same":
            other = one_household.setdefault(decision.record_key, decision)
            if other.household_key != decision.household_key:
                raise UsageError(
                    f"{path.name}, rows {other.row} and {decision.row}: one record cannot be of two households; "
                    f"nothing was applied"
                )
    return list(first.values())


def _require_asked(path: Path, decisions: list[Decision], asked: set[tuple[str, str]]) -> None:
    for decision in decisions:
        if (decision.record_key, decision.household_key) not in asked:
            raise UsageError(
                f"{path.name}, row {decision.row}: no doubtful link of that run has these keys; give the workbook "
                f"written for the run, its keys untouched. Nothing was applied"
            )


def _taken_again(
    store: Store, manifest: dict[str, Any], counties: Path | None, sample_size: int, doubted: tuple[str, ...]
) -> Intake:
    """Link a run's frozen inputs again, as if nobody had said anything yet; the links of `doubted` passes wait.

    A sample draws from those passes too: only a new sample can give them back.
    """
    terms, _ = load_terms(counties, manifest["county_code"])
    inputs = sorted(inputs_of(store, manifest), key=lambda item: reading_order(item[0]))
    ledger = Ledger.of(store)
    left = (thaw_what_is_left(store, ledger, name, sha256) for name, sha256 in inputs)
    files = (file for file in left if file is not None)
    nobody = replace(no_verdicts(), revoked=() if sample_size else doubted, sample_size=sample_size)
    return take_in(files, date.fromisoformat(manifest["as_of"]), manifest["county_code"], terms, nobody)


def _asked(keys: Keys, intake: Intake, sample_size: int) -> Iterator[dict[str, Any]]:
    """Return doubtful (or drawn) links with keys, place of the record, and the village's name on both sides."""
    lines: dict[int, int] = {}
    links = intake.sampled if sample_size else intake.doubts
    wanted = set(links.column("subject_id").to_pylist())
    for row in intake.reconciliation.select(["row_id", "line_number"]).to_pylist():
        if row["row_id"] in wanted:
            lines.setdefault(row["row_id"], row["line_number"])
    names = {
        row["village_code"]: f"{row['township_name']}{row['village_name'] or ''}" for row in intake.places.to_pylist()
    }
    for row in links.to_pylist():
        source = intake.sources[row["source_id"]]
        yield {
            **row,
            "record_key": row_key_hash(keys, "record|" + row["record_text"]),
            "household_key": household_key(keys, row["unit_code"]),
            "source": source,
            "line_number": lines[row["subject_id"]],
            "said_place": "、".join(names.get(code, code) for code in row["village_codes"]),
            "unit_place": names.get(row["village_code"], row["village_code"]),
        }


def _shown(row: dict[str, Any]) -> Doubt:
    """Write a doubtful link for a person: names in full, numbers masked as far as they can be told apart."""
    source = row["source"]
    members = [member.split(" ") for member in row["members"] or []]
    file_name = " / ".join(part for part in (source.file_name, source.sheet) if part)
    return Doubt(
        (
            OFFICES_ZH.get(source.office, source.office),
            CONTRACTS_ZH.get(row["contract"], row["contract"]),
            file_name,
            str(row["line_number"]),
            row["name"] or "",
            _part(row["id_number"]),
            _place(row["said_place"], row["group_no"]),
            "；".join(f"{name} {_part(number[0] if number else None)}".strip() for name, *number in members),
            _place(row["unit_place"], row["unit_group_no"]),
            PASSES_ZH.get(row["pass"], row["pass"]),
            AGREEMENTS_ZH.get(row["agreement"], row["agreement"] or ""),
            _bits(row["score"]),
            _bits(row["margin"]),
            row["record_key"],
            row["household_key"],
        )
    )


def _part(number: str | None) -> str:
    return masked(number) if number else ""


def _place(name: str, group: int | None) -> str:
    return f"{name}{f'{group}组' if group else ''}"


def _bits(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
