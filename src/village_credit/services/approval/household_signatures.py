"""Households above the authority ladder go out to whoever must sign them, and the signatures come back."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.branch import PRODUCTS_ZH
from village_credit.duckdb_session import query_cursor
from village_credit.errors import GateRefused, UsageError
from village_credit.ledger.household_signatures import (
    ACT,
    HouseholdVerdict,
    LineKey,
    authority_rows,
    last_household_verdicts,
)
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.policy.authority_ladder import AGREE, REFUSE
from village_credit.services.exchange import hand_out, keep_and_record, refuse_faults, require_sealed, take_back
from village_credit.signatures import same_person
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.tables.signatures_needed import AUTHORITY
from village_credit.workbooks.household_signatures import VERDICTS_ZH, Case, Row, read_signings, signatures_workbook

SAID_BESIDE = {
    "REVIEW_GRANTED",
    "HOLDOUT_GRANTED",
    "CONDITIONAL",
}  # told to the household beside the grounds, and not among them
ABOVE = sql("services.approval", "above")


@dataclass(frozen=True)
class Exported:
    """What was written to be signed: households, and how many for each role."""

    path: str
    rows: int
    roles: dict[str, int]


@dataclass(frozen=True)
class Applied:
    """What was taken back: signatures by verdict; `unchanged` were known already; `unsigned` are still to be signed."""

    county_code: str
    run_id: str
    agreed: int
    refused: int
    unchanged: int
    unsigned: int


def export_authority(store: Store, run_id: str, out: Path) -> Exported:
    """Write a run's undecided households above the ladder into a workbook (readable by its owner alone).

    Raises MissingInput where the run or its identities are gone, VerificationFailed where it is not what was sealed.
    """
    manifest = store.manifest(run_id)
    above = _above(store, run_id)
    said = last_household_verdicts(Ledger.of(store), manifest, above)
    cases = [_case(row) for row in above if _key(row) not in said]
    book = signatures_workbook(run_id, manifest["as_of"], cases)
    return Exported(*hand_out(out, book, (case.role for case in cases)))


def apply_authority(store: Store, path: Path, by: str, role: str | None = None) -> Applied:
    """Take back the signatures of a workbook, for the run that it names; all of them or none.

    `role`: the one in which `by` signs; none: that of each row's step. The ledger names households by key; the
    workbook, with names and opinions, lies among the frozen bytes. Raises GateRefused for the run's preparer, for a
    role below a row's step, and where a lower role would take a higher one's refusal back; UsageError, with the rows,
    where the workbook was altered, and where `by` names nobody.
    """
    run_id, rows = read_signings(path)
    returned = take_back(store, run_id, by, "sign households of it")
    above = {row["household_key"]: row for row in _above(store, run_id)}
    refuse_faults(path, list(_faults(rows, above)))
    known = last_household_verdicts(returned.ledger, returned.manifest, list(above.values()))
    filled = [(row, above[row.household_key]) for row in rows if row.verdict]
    if role is not None and not any(role in case["roles"] for case in above.values()):
        raise UsageError(f"--role {role}: no step of run {run_id} names such a role")
    refuse_faults(path, list(_role_faults(filled, role, known)), GateRefused)
    said = [_signature(row, case, role) for row, case in filled]
    fresh = [one for one in said if not _is_known(one, known, returned.by)]
    if fresh:
        details = {name: returned.manifest[name] for name in ("county_code", "as_of")} | {"signatures": fresh}
        keep_and_record(store, returned, ACT, path, details)
    counts = Counter(one["verdict"] for one in fresh)
    unsigned, _ = still_open(store, Ledger.of(store), run_id)
    return Applied(returned.county_code, run_id, counts[AGREE], counts[REFUSE], len(said) - len(fresh), unsigned)


def still_open(store: Store, entries: Sequence[Entry], run_id: str) -> tuple[int, int]:
    """Count a run's households above the ladder that nobody signed, and those that were refused."""
    above = authority_rows(store, run_id)
    said = last_household_verdicts(entries, store.manifest(run_id), above)
    return len(above) - len(said), sum(word.verdict == REFUSE for word in said.values())


def require_authority(store: Store, entries: Sequence[Entry], run_id: str) -> None:
    """Raise GateRefused while a household of the run that is above the ladder is unsigned or refused."""
    unsigned, refused = still_open(store, entries, run_id)
    if unsigned:
        raise GateRefused(
            f"run {run_id}: {unsigned:,} households above the authority ladder are not signed; "
            f"`village-credit authority export {run_id} --out FILE`, then `authority apply FILE --by NAME`"
        )
    if refused:
        raise GateRefused(
            f"run {run_id}: {refused:,} households above the authority ladder were refused; score the county "
            f"again, the refusal decides them, and have that run signed"
        )


def signature_of(store: Store, entries: Sequence[Entry], run_id: str, key: str) -> dict[str, Any] | None:
    """Return the step that a household of a run is above, and who signed it.

    None where it is above none. For `explain`.
    """
    row = next((row for row in authority_rows(store, run_id) if row["household_key"] == key), None)
    if row is None:
        return None
    word = last_household_verdicts(entries, store.manifest(run_id), [row]).get(_key(row))
    signed = (
        {"signed_role": word.role, "signed_by": word.by, "signed_at": word.at}
        if word and word.verdict == AGREE
        else None
    )
    return {"above_yuan": row["above_yuan"], "role": row["role"], "signature": signed}


def _above(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Return a run's households above the ladder, with their grounds, the borrower's name and the village's."""
    folder = require_sealed(store, run_id, "sign nothing of it")
    connection = query_cursor()
    for name in ("decisions", "places"):
        connection.register(name, pq.read_table(folder / f"{name}.parquet", partitioning=None))
    connection.register("authority", pa.Table.from_pylist(authority_rows(store, run_id), schema=AUTHORITY))
    connection.register("identities", pq.read_table(io.BytesIO(store.open_identities(run_id)), partitioning=None))
    rows: list[dict[str, Any]] = connection.sql(ABOVE).to_arrow_table().to_pylist()
    return rows


def _key(row: dict[str, Any]) -> LineKey:
    return row["household_key"], row["product"]


def _case(row: dict[str, Any]) -> Case:
    product = PRODUCTS_ZH[row["product"]]
    return Case(
        row["household_key"],
        row["name"] or "",
        row["village"],
        product,
        row["limit_yuan"],
        row["above_yuan"],
        row["role"],
    )


def _faults(rows: list[Row], above: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Name every row that was altered, said twice, or says what may not be said."""
    first: dict[str, int] = {}
    for row in rows:
        case = above.get(row.household_key)
        before = first.setdefault(row.household_key, row.number)
        if case is None:
            yield f"row {row.number}: no household above the ladder of that run has this key"
        elif before != row.number:
            yield f"rows {before} and {row.number}: one household twice"
        elif row.shown != tuple(str(cell).strip() for cell in _case(case).cells()):
            yield f"row {row.number}: a column that is not yours to fill was altered"
        elif row.verdict and row.verdict not in VERDICTS_ZH:
            yield f"row {row.number}: the verdict is none of {', '.join(VERDICTS_ZH)}"


def _role_faults(
    filled: Iterable[tuple[Row, dict[str, Any]]], role: str | None, known: dict[LineKey, HouseholdVerdict]
) -> Iterator[str]:
    """Name every row that the role may not sign: below its step, or over a refusal by a higher one."""
    for row, case in filled:
        said = known.get(_key(case))
        if role is not None and role not in case["roles"]:
            yield (
                f"row {row.number}: above {case['above_yuan']:,} yuan {case['role']} signs, or a higher role; "
                f"{role} may not"
            )
        elif said and VERDICTS_ZH[row.verdict] == AGREE and _is_over_a_higher_refusal(case, role, said):
            yield f"row {row.number}: {said.role} refused it, and only that role or a higher one takes it back (--role)"


def _is_over_a_higher_refusal(case: dict[str, Any], role: str | None, said: HouseholdVerdict) -> bool:
    rank = case["roles"].index
    return said.verdict == REFUSE and rank(role or case["role"]) < rank(said.role)


def _signature(row: Row, case: dict[str, Any], role: str | None) -> dict[str, Any]:
    """Keep a signature with its limit and grounds: a refusal holds while they stand."""
    return {
        **{name: case[name] for name in ("household_key", "product", "limit_yuan")},
        "role": role or case["role"],
        "verdict": VERDICTS_ZH[row.verdict],
        "reason_codes": [code for code in case["reason_codes"] if code not in SAID_BESIDE],
    }


def _is_known(one: dict[str, Any], known: dict[LineKey, HouseholdVerdict], by: str) -> bool:
    word = known.get(_key(one))
    return word is not None and same_person(word.by, by) and (word.role, word.verdict) == (one["role"], one["verdict"])
