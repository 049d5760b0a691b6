"""Our own corrections workbook, delivered back as it was written, is judged row by row and rejects nothing."""

from __future__ import annotations

from data_contracts.county_terms import BARE_TERMS
from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.line_account import open_files
from village_credit.workbooks.corrections import CorrectionBundle, Faulty, FaultyTable, correction_workbook

LABELS = ("身份证号", "姓名", "关系", "更新日期")


def workbook(rows: int) -> bytes:
    """Thirty rows of which none was mended: nine tenths and more are refused again."""
    cells = ("11010519491231002X", "王五", "董事", "去年")
    faulty = tuple(Faulty(f"{n:016x}", n + 2, cells, {3: "日期"}, "日期") for n in range(rows))
    table = FaultyTable("关系人.csv", "", "related_party", LABELS, {}, faulty)
    return correction_workbook(CorrectionBundle("信用社", "r", "2026-11-01", (table,)))


def test_our_own_workbook_delivered_back_rejects_nothing():
    account = open_files([DeliveredFile("信用社-更正单.xlsx", workbook(30), "1")], BARE_TERMS)
    assert [source.rejected for source in account.sources] == [None, None]
    assert [code for source in account.sources for code, _ in source.notes] == ["OWN_SUMMARY"]
    assert {row["reason_code"] for table in account.findings for row in table.to_pylist()} == {"UNREADABLE_DATE"}
