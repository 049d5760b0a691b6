"""The result of a referral list goes back to the office that referred: who was granted what, and nothing of why."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

from village_credit.ledger.publications import Publication
from village_credit.pseudonyms import Keys
from village_credit.publish.printed_sheet import lay_out
from village_credit.publish.signed_manifest import READY, signed_manifest
from village_credit.store.store import sha256_of
from village_credit.tables.referrals import PRODUCT

OFFICE = "county_government"
FILE = "results.xlsx"
HEADERS = ("推荐批次", "字号名称", "经营者姓名", "推荐日期", "结果", "授信金额(元)")
RESULTS_ZH = {"granted": "授信", "declined": "未授信", "manual_review": "审核中"}
FIRST_ROW = 3  # of the sheet: title, unit, headers above


@dataclass(frozen=True)
class Result:
    """One referred trader as the office named it, and what came of it."""

    referral_batch: str
    shop_name: str
    operator_name: str
    referred_on: date
    decision: str
    limit_yuan: int


def results(listed: list[dict[str, Any]], decisions: dict[str, dict[str, Any]], held: set[str]) -> Iterator[Result]:
    """Join the office's rows with their decisions by household_key; whoever is held or not yet decided is in review.

    `decisions`: of any product. Whom another one serves gets no loan of the referral; which one is no business of the
    office.
    """
    for row in listed:
        found = decisions.get(row["household_key"] or "")
        is_open = found is None or row["household_key"] in held
        decision = "manual_review" if found is None or is_open else _of_referral(found)
        limit = found["limit_yuan"] if found is not None and decision == "granted" else 0
        yield Result(row["referral_batch"], row["shop_name"], row["operator_name"], row["referred_on"], decision, limit)


def _of_referral(found: dict[str, Any]) -> str:
    """Return what a decision is to a referral: a line of another product grants it nothing."""
    is_other = found["product"] != PRODUCT and found["decision"] == "granted"
    return "declined" if is_other else str(found["decision"])


def write_results(
    keys: Keys, publication: Publication, folder: Path, rows: Sequence[Result], stands: dict[str, Any]
) -> None:
    """Write the office's workbook, a signed manifest, and READY last.

    `stands`: until when the package holds, and where in the ledger its act stands.
    """
    folder.mkdir(parents=True)
    content = _workbook(rows)
    (folder / FILE).write_bytes(content)
    manifest: dict[str, Any] = {
        "county_code": publication.county_code,
        "office": OFFICE,
        "publication_id": publication.publication_id,
        "run_id": publication.run_id,
        "rows": len(rows),
        "sum_limit_yuan": sum(row.limit_yuan for row in rows),
        "unit": "元 (yuan)",
        "files": {FILE: sha256_of(content)},
        **stands,
    }
    text = json.dumps(signed_manifest(keys, manifest), ensure_ascii=False, sort_keys=True, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    (folder / READY).touch()


def _workbook(rows: Sequence[Result]) -> bytes:
    """Write every cell as text or number: no spreadsheet runs or rounds any."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})  # the same rows give the same bytes
    title, head = (book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True, "border": 1}))
    text, money = (
        book.add_format({"num_format": "@", "border": 1}),
        book.add_format({"num_format": "#,##0", "border": 1}),
    )
    sheet = book.add_worksheet("推荐结果")
    lay_out(sheet, [(header, 22) for header in HEADERS], FIRST_ROW - 1, FIRST_ROW + len(rows) - 1)
    sheet.write_string(0, 0, "个体工商户推荐名单授信结果", title)
    sheet.write_string(1, 0, "单位：元")
    sheet.write_row(2, 0, HEADERS, head)
    for number, row in enumerate(rows, start=FIRST_ROW):
        said = (
            row.referral_batch,
            row.shop_name,
            row.operator_name,
            row.referred_on.isoformat(),
            RESULTS_ZH[row.decision],
        )
        for column, cell in enumerate(said):
            sheet.write_string(number, column, cell, text)
        if row.decision == "granted":
            sheet.write_number(number, len(said), row.limit_yuan, money)
        else:
            sheet.write_blank(number, len(said), None, text)
    book.close()
    return buffer.getvalue()


def rows_and_sum(content: bytes) -> tuple[int, int]:
    """Count a workbook's rows and sum its amounts, whole yuan: what its manifest must say."""
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[FIRST_ROW:]
    return len(rows), sum(int(row[-1] or 0) for row in rows)
