"""Households in manual review go out to a person as a workbook, and the verdicts come back, for every later scoring."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data_contracts.branch import PRODUCTS_ZH
from data_contracts.reasons import DECISION_REASONS
from data_contracts.toml_file import has_long_number
from village_credit.china_calendar import today
from village_credit.decide.decide import REVIEWED_REASONS
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.reviews import ACT, SUPPLY, last_words, review_verdicts
from village_credit.services.casework.tried_incomes import try_incomes
from village_credit.services.exchange import hand_out, keep_and_record, refuse_faults, require_sealed, take_back
from village_credit.services.rules import read_policy
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.workbooks.reviews import (
    AMOUNT_HEADER,
    DAY_HEADER,
    DECLINE,
    EVIDENCE_HEADER,
    GRANT,
    INCOME_HEADER,
    KEEP,
    KIND_HEADER,
    KINDS_ZH,
    VERDICTS_ZH,
    Case,
    Row,
    read_cases,
    reviews_workbook,
    whole_yuan,
)

LACKING = "NO_INCOME_SOURCE"
MOST_INCOME_YUAN = 10_000_000
IN_REVIEW = sql("services.casework", "in_review")


@dataclass(frozen=True)
class Exported:
    """What was written for review: households, and how many of each first reason."""

    path: str
    rows: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class Applied:
    """What was taken back: verdicts by kind; `unchanged` were known already."""

    county_code: str
    granted: int
    declined: int
    kept: int
    supplied: int
    sum_limit_yuan: int
    unchanged: int


def export_reviews(store: Store, run_id: str, out: Path) -> Exported:
    """Write a run's undecided households in manual review into a workbook (readable by its owner alone).

    Raises MissingInput where the run or its identities are gone, VerificationFailed where it is not what was sealed.
    """
    manifest = store.manifest(run_id)
    known = {
        (verdict["household_key"], verdict["product"], tuple(verdict["reason_codes"]))
        for verdict in review_verdicts(Ledger.of(store), manifest["county_code"])
    }
    rows = [
        row
        for row in _in_review(store, run_id)
        if (row["household_key"], row["product"], tuple(row["reason_codes"])) not in known
    ]
    lacking = {row["household_key"] for row in rows if LACKING in row["reason_codes"]}
    tried = try_incomes(store, run_id, manifest, lacking)
    cases = [_case(row, tried.get(row["household_key"], "")) for row in rows]
    book = reviews_workbook(run_id, manifest["as_of"], cases)
    return Exported(*hand_out(out, book, (row["reason_codes"][0] for row in rows)))


def apply_reviews(store: Store, path: Path, by: str, policy_file: Path) -> Applied:
    """Take back the verdicts of a workbook, for the run that it names; all of them or none.

    What people wrote stands in the ledger by household_key; the workbook itself, with names and opinions, among the
    frozen bytes under the hash that the ledger names. Raises GateRefused for the run's preparer, UsageError, with the
    rows, where the workbook was altered or a verdict may not be given.
    """
    run_id, rows = read_cases(path)
    returned = take_back(store, run_id, by, "review it")
    cases = {row["household_key"]: row for row in _in_review(store, run_id)}
    refuse_faults(path, list(_faults(rows, cases, _steps(policy_file, returned.manifest))))
    said = [_verdict(row, cases[row.household_key]) for row in rows if row.verdict]
    known = {(v["household_key"], v["product"]): v for v in last_words(returned.ledger, returned.county_code)}
    fresh = [v for v in said if known.get((v["household_key"], v["product"])) != v]
    if fresh:
        keep_and_record(store, returned, ACT, path, {"county_code": returned.county_code, "verdicts": fresh})
    counts = Counter(v["verdict"] for v in fresh)
    return Applied(
        returned.county_code,
        counts[GRANT],
        counts[DECLINE],
        counts[KEEP],
        counts[SUPPLY],
        sum(v["limit_yuan"] for v in fresh if v["verdict"] == GRANT),
        len(said) - len(fresh),
    )


def _in_review(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Return a run's households in manual review, with reasons, figures, the borrower's name and the village's."""
    folder = require_sealed(store, run_id, "review nothing of it")
    connection = query_cursor()
    for name in ("decisions", "waterfall", "places"):
        connection.register(name, pq.read_table(folder / f"{name}.parquet", partitioning=None))
    connection.register("identities", pq.read_table(io.BytesIO(store.open_identities(run_id)), partitioning=None))
    rows: list[dict[str, Any]] = connection.sql(IN_REVIEW).to_arrow_table().to_pylist()
    return rows


def _case(row: dict[str, Any], tried: str = "") -> Case:
    reasons = "；".join(DECISION_REASONS.get(code, code) for code in row["reason_codes"])
    product = PRODUCTS_ZH[row["product"]]
    return Case(
        row["household_key"],
        row["name"] or "",
        row["village"],
        product,
        reasons,
        row["model_limit_yuan"],
        row["review_limit_yuan"],
        tried,
    )


def _steps(policy_file: Path, manifest: dict[str, Any]) -> tuple[int, int]:
    """Return the step and the smallest ticket of the run's day and county, whole yuan."""
    policy, _ = read_policy(policy_file)
    figures = policy.in_force(date.fromisoformat(manifest["as_of"]), manifest["county_code"])
    return int(figures.figure("step")), int(figures.figure("smallest_ticket"))


def _faults(rows: list[Row], cases: dict[str, dict[str, Any]], steps: tuple[int, int]) -> Iterable[str]:
    """Name every row that was altered, said twice, or says what may not be said."""
    first: dict[str, int] = {}
    for row in rows:
        case = cases.get(row.household_key)
        before = first.setdefault(row.household_key, row.number)
        if case is None:
            yield f"row {row.number}: no household in review of that run has this key"
        elif before != row.number:
            yield f"rows {before} and {row.number}: one household twice"
        elif row.shown != tuple(str(cell).strip() for cell in _case(case).cells()[:-1]):
            yield f"row {row.number}: a column that is not yours to fill was altered"
        elif any(row.fact):
            yield from (f"row {row.number}: {fault}" for fault in _fact_faults(row, case, *steps))
        else:
            yield from (f"row {row.number}: {fault}" for fault in _verdict_faults(row, case, *steps))


def _verdict_faults(row: Row, case: dict[str, Any], step: int, smallest: int) -> Iterable[str]:
    if row.verdict and row.verdict not in VERDICTS_ZH:
        yield f"the verdict is none of {', '.join(VERDICTS_ZH)}"
    elif VERDICTS_ZH.get(row.verdict) != GRANT:
        if row.amount:
            yield f"{AMOUNT_HEADER} goes with 授信 only"
    elif refused := [code for code in case["reason_codes"] if code not in REVIEWED_REASONS]:
        yield f"{', '.join(refused)} cannot be granted by a review"
    else:
        yield from _amount_faults(row, case["review_limit_yuan"], step, smallest)


def _amount_faults(row: Row, most: int, step: int, smallest: int) -> Iterable[str]:
    amount = row.amount_yuan
    checks: list[tuple[Callable[[int], bool], str]] = [
        (lambda yuan: yuan > most, f"{AMOUNT_HEADER} is above the policy limit of {most:,} yuan"),
        (lambda yuan: yuan % step != 0, f"{AMOUNT_HEADER} is no multiple of {step:,} yuan"),
        (lambda yuan: yuan < smallest, f"{AMOUNT_HEADER} is below the smallest ticket of {smallest:,} yuan"),
    ]
    if amount is None:
        yield f"授信 needs a whole number in {AMOUNT_HEADER}"
    else:
        yield from (sentence for is_wrong, sentence in checks if is_wrong(amount))


def _fact_faults(row: Row, case: dict[str, Any], step: int, smallest: int) -> Iterable[str]:
    """Name what is wrong with a fact: it stands where an income is lacking, and with its evidence."""
    income, kind, evidence, day = row.fact
    if VERDICTS_ZH.get(row.verdict) != GRANT:
        yield f"{INCOME_HEADER} goes with 授信 only"
    elif LACKING not in case["reason_codes"]:
        yield "no income is lacking here: a fact that is known is not replaced"
    if not 0 < (whole_yuan(income) or 0) <= MOST_INCOME_YUAN:
        yield f"{INCOME_HEADER} is no whole number of yuan between 1 and {MOST_INCOME_YUAN:,}"
    if kind not in KINDS_ZH:
        yield f"{KIND_HEADER} is none of {', '.join(KINDS_ZH)}"
    if not evidence or has_long_number(evidence):
        yield f"{EVIDENCE_HEADER} is empty, or holds a person's number"
    if (said_on := _day(day)) is None or said_on > today():
        yield f"{DAY_HEADER} is no day such as 2026-10-31, or is yet to come"
    if row.amount and ((amount := row.amount_yuan) is None or amount % step or amount < smallest):
        yield f"{AMOUNT_HEADER} may only lower what the fact gives, in steps of {step:,} from {smallest:,} yuan on"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _verdict(row: Row, case: dict[str, Any]) -> dict[str, Any]:
    """Keep a verdict with its grounds: it holds while they stand; a fact, for the next scoring to reckon with."""
    if any(row.fact):
        income, kind, evidence, day = row.fact
        said_on = f"{_day(day)}"  # as the ledger compares days, however it was written
        return {
            "household_key": row.household_key,
            "product": case["product"],
            "verdict": SUPPLY,
            "limit_yuan": row.amount_yuan or 0,
            "reason_codes": case["reason_codes"],
            "fact": {
                "kind": KINDS_ZH[kind],
                "income_yuan": whole_yuan(income),
                "evidence": evidence,
                "said_on": said_on,
            },
        }
    return {
        "household_key": row.household_key,
        "product": case["product"],
        "verdict": VERDICTS_ZH[row.verdict],
        "limit_yuan": row.amount_yuan or 0,
        "reason_codes": case["reason_codes"],
    }
