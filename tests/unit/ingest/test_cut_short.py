"""What is lacking of a list, or stands under other headers than its own, is never taken for what was meant."""

from __future__ import annotations

import hashlib

import pytest

from data_contracts.county_terms import BARE_TERMS
from data_contracts.reasons import LINE_FAULTS, ROW_REASONS
from tests.unit.extract.test_dbf_types import dbf
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file
from village_credit.ingest.faulty_rows import OpenError, faulty_tables
from village_credit.ingest.line_account import open_files
from village_credit.validate.rows import Batch, validate
from village_credit.workbooks.corrections import CorrectionBundle, correction_workbook

RELATED = ("身份证号", "姓名", "关系", "更新日期")
ISSUERS = ("发包方编码", "发包方名称")


def table(headers: tuple[str, ...], cells: tuple[str, ...], records: int) -> bytes:
    """Write a dbf of equal records."""
    row = b"".join(cell.encode("gb18030").ljust(30) for cell in cells)
    return dbf([(header, "C", 30) for header in headers], *([row] * records), version=0x03)


def delivered(content: bytes, name: str = "一.dbf") -> DeliveredFile:
    return DeliveredFile(name, content, hashlib.sha256(content).hexdigest())


def test_a_list_that_stands_against_people_is_refused_where_records_are_lacking():
    whole = table(RELATED, ("659900198001010011", "王五", "董事", "2026-03-05"), 5)
    (source,) = open_files([delivered(whole)], BARE_TERMS).sources
    assert source.rejected is None
    account = open_files([delivered(whole[:-200])], BARE_TERMS)  # the header still promises five
    (cut,) = account.sources
    assert cut.rejected is not None
    assert cut.rejected[0] == "UNREADABLE_FILE"
    assert "promises 5 records, 3 are there" in cut.rejected[1]
    assert "deliver it again" in cut.rejected[1]
    assert account.accepted["related_party"] == []
    assert {row["reason_code"] for part in account.findings for row in part.to_pylist()} == {"EXTRACT_REJECTED"}
    (unread,) = [part for part in account.unread if part.num_rows]
    assert unread.column("name").to_pylist() == ["王五"] * 3  # whoever is named waits for a person


def test_a_register_cut_short_is_read_as_far_as_it_is_there():
    whole = table(ISSUERS, ("65990010020101", "红柳乡一组"), 5)
    (source,) = open_files([delivered(whole[:-80])], BARE_TERMS).sources
    assert source.rejected is None
    assert [code for code, _ in source.notes] == ["UNREADABLE_FILE"]


def test_of_a_record_with_a_cell_that_cannot_be_read_nothing_comes_back():
    """An optional cell would else come back blank, and untouched the row would count without it."""
    row = [text.encode("gb18030").ljust(30) for text in ("65990010020101", "红柳乡一组")]
    content = dbf([(h, "C", 30) for h in (*ISSUERS, "FBFDZ")], b"".join(row) + b"\xff".ljust(30), version=0x03)
    file = delivered(content)
    account = open_files([file], BARE_TERMS)
    told = [found for part in account.findings for found in part.to_pylist()]
    assert [found["reason_code"] for found in told] == ["UNDECODABLE"]
    error = OpenError(1, "C-1", (("", "UNDECODABLE"),))
    (faulty,) = faulty_tables(file, {"": [error]}, BARE_TERMS, {})
    assert faulty.rows[0].cells == ("", "", "")
    assert set(faulty.rows[0].wrong) == {0, 1, 2}


def test_every_reason_of_a_line_is_one_that_a_row_may_have():
    assert set(ROW_REASONS) > LINE_FAULTS


@pytest.mark.parametrize("line", ["659900198001010011,王五,董事,2026-03-05,12", "659900198001010011,王五,2026-03-05"])
def test_a_row_of_another_width_comes_back_empty_and_untouched_it_mends_nothing(line):
    file = delivered("\n".join([",".join(RELATED), line, ""]).encode(), "关系人.csv")
    error = OpenError(2, "C-1", (("", "FIELD_COUNT"),))
    (faulty,) = faulty_tables(file, {"": [error]}, BARE_TERMS, {})
    (row,) = faulty.rows
    assert row.cells == ("", "", "", "")
    assert set(row.wrong) == {0, 1, 2, 3}  # every cell is to be filled in
    assert "对照原文件" in row.why
    book = correction_workbook(CorrectionBundle("信用社", "r1", "2026-11-01", (faulty,)))
    back = [found for found in read_file(delivered(book, "更正.xlsx")) if isinstance(found, Extract)]
    assert [validate(Batch(found.contract, found.rows, found.units))[0].num_rows for found in back] == [0]
