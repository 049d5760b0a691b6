"""Whether a household is another one's successor: what shared ID numbers propose goes to a person and comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.ledger.balances import drawn_before
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lineage import ACT, identities_of, successor_verdicts
from village_credit.ledger.lines_in_force import lines_before
from village_credit.pseudonyms import household_key
from village_credit.services.exchange import hand_out, keep_and_record, refuse_faults, require_sealed, take_back
from village_credit.store.store import Store
from village_credit.workbooks.successors import (
    OTHER,
    SAME,
    VERDICTS_ZH,
    Case,
    Row,
    read_successors,
    successors_workbook,
)


@dataclass(frozen=True)
class Reviewed:
    """What was written to be decided: pairs of households, and how many hold the borrower of a line."""

    path: str
    rows: int
    kinds: dict[str, int]


@dataclass(frozen=True)
class Applied:
    """What was taken back; `unchanged` was known already."""

    county_code: str
    same: int
    other: int
    unchanged: int


def write_successors(store: Store, run_id: str, out: Path) -> Reviewed:
    """Write the pairs that a run proposes into a workbook (readable by its owner alone), those decided left out.

    Raises MissingInput where the run or its identities are gone, VerificationFailed where it is not what was sealed.
    """
    manifest, ledger = store.manifest(run_id), Ledger.of(store)
    known = {(v["from_key"], v["own_key"]) for v in successor_verdicts(ledger, manifest["county_code"])}
    rows = [row for row in _proposed(store, run_id) if (row["from_key"], row["own_key"]) not in known]
    cases = list(_cases(store, ledger, manifest, rows))
    book = successors_workbook(run_id, manifest["as_of"], cases)
    kinds = ("with_borrower" if case.holds_borrower else "without_borrower" for case in cases)
    return Reviewed(*hand_out(out, book, kinds))


def apply_successors(store: Store, path: Path, by: str) -> Applied:
    """Take back what a person decided, for the run that the workbook names; all of it or nothing.

    Raises GateRefused for the run's preparer, UsageError, with the rows, where a pair is none that the run proposes,
    a word is none of those offered, or one pair is decided twice.
    """
    run_id, rows = read_successors(path)
    returned = take_back(store, run_id, by, "confirm successors of it")
    decided = [row for row in rows if row.verdict]
    refuse_faults(path, list(_faults(decided, {(r["from_key"], r["own_key"]) for r in _proposed(store, run_id)})))
    said = [{"from_key": r.from_key, "own_key": r.own_key, "verdict": VERDICTS_ZH[r.verdict]} for r in decided]
    known = successor_verdicts(returned.ledger, returned.county_code)
    fresh = [one for one in said if one not in known]
    if fresh:
        keep_and_record(store, returned, ACT, path, {"county_code": returned.county_code, "verdicts": fresh})
    counts = Counter(one["verdict"] for one in fresh)
    return Applied(returned.county_code, counts[SAME], counts[OTHER], len(said) - len(fresh))


def _proposed(store: Store, run_id: str) -> list[dict[str, Any]]:
    folder = require_sealed(store, run_id, "do not decide by it")
    rows = pq.read_table(folder / "lineage.parquet", partitioning=None).to_pylist()
    return [row for row in rows if row["role"] == "proposed"]


def _faults(rows: list[Row], asked: set[tuple[str, str]]) -> Iterator[str]:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        pair = row.from_key, row.own_key
        if row.verdict not in VERDICTS_ZH:
            yield f"row {row.number}: the verdict is none of {', '.join(VERDICTS_ZH)}"
        if pair not in asked:
            yield f"row {row.number}: the run proposes no such pair; give the workbook written for it, keys untouched"
        if seen.setdefault(pair, row.number) != row.number:
            yield f"rows {seen[pair]} and {row.number}: one pair, decided twice"


def _cases(store: Store, ledger: Ledger, manifest: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[Case]:
    """Show each pair: who they are by the vaults of both runs, and what is in force of the household that is gone."""
    if not rows:
        return
    county, as_of = manifest["county_code"], date.fromisoformat(manifest["as_of"])
    # who hangs on a hold or a debt may be of any earlier publication
    gone = _people(identities_of(store, [p.run_id for p in ledger.publications_of(county)]), "household_key")
    here = _people(identities_of(store, [manifest["run_id"]]), "unit_code")
    here = {household_key(store.keys, code): row for code, row in here.items()}
    drawn = drawn_before(store, ledger, as_of)
    before = lines_before(store, ledger, county, as_of, drawn).to_pylist()
    owed: dict[str, int] = {}
    for row in drawn.to_pylist():
        owed[row["household_key"]] = owed.get(row["household_key"], 0) + int(row["drawn_yuan"])
    for row in rows:
        old, new = gone.get(row["from_key"], {}), here.get(row["own_key"], {})
        lines = [line for line in before if line["household_key"] == row["from_key"]]
        yield Case(
            row["from_key"],
            row["own_key"],
            old.get("name") or "",
            old.get("unit_code") or "",
            sum(line["limit_yuan"] for line in lines),
            owed.get(row["from_key"], 0),
            new.get("name") or "",
            new.get("unit_code") or "",
            row["shared_members"],
            bool(row["holds_borrower"]),
        )


def _people(identities: pa.Table, by: str) -> dict[str, dict[str, Any]]:
    """Return households by their key or their code, with code and name."""
    rows: list[dict[str, Any]] = identities.select(["household_key", "unit_code", "name"]).to_pylist()
    return {row[by]: row for row in rows}
