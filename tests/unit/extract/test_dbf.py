"""A dbf's records become rows with their own numbers; what is deleted or damaged keeps its place."""

from __future__ import annotations

import hashlib
import struct

import pytest

from village_credit.extract.dbf import is_dbf, read_dbf
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file

NAMES, WIDTHS = ("FBFBM", "FBFMC", "FBFDZ"), (14, 24, 10)
CODE, NAME = "65990010020101", "红柳乡团结村一组"


def record(*cells: str, encoding: str = "gb18030", mark: bytes = b" ") -> bytes:
    padded = [cell.encode(encoding).ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)]
    return mark + b"".join(padded)


def dbf(*records: bytes, promised: int | None = None, record_length: int = 1 + sum(WIDTHS)) -> bytes:
    """Write a dBASE III table whose header promises so many records."""
    count = len(records) if promised is None else promised
    header = struct.pack("<BBBBIHH20x", 0x03, 120, 1, 1, count, 33 + 32 * len(NAMES), record_length)
    fields = [
        struct.pack("<11sc4xBB14x", name.encode(), b"C", width, 0) for name, width in zip(NAMES, WIDTHS, strict=True)
    ]
    return header + b"".join(fields) + b"\r" + b"".join(records) + b"\x1a"


def extract_of(content: bytes, name: str = "FBF.dbf") -> Extract:
    (extract,) = read_file(DeliveredFile(name, content, hashlib.sha256(content).hexdigest()))
    assert isinstance(extract, Extract)
    return extract


def test_padding_is_no_part_of_a_value():
    grid = read_dbf(dbf(record(CODE, NAME, "")))
    assert grid.cells == [list(NAMES), [CODE, NAME, ""]]


def test_field_names_are_the_header_and_no_line():
    extract = extract_of(dbf(record(CODE, NAME, "")))
    assert (extract.contract, extract.total_lines, extract.layout_lines) == ("land_issuer", 1, [])
    assert extract.rows.column("line_number").to_pylist() == [1]


def test_a_deleted_record_is_layout_and_the_next_keeps_its_number():
    kept, gone = record(CODE, NAME, ""), record(CODE, NAME, "", mark=b"*")
    extract = extract_of(dbf(kept, gone, kept, gone))
    assert extract.rows.column("line_number").to_pylist() == [1, 3]
    assert extract.layout_lines == [2, 4]


def test_a_table_of_deleted_records_only_says_that_it_has_no_rows():
    extract = extract_of(dbf(record(CODE, NAME, "", mark=b"*")))
    assert (extract.rows.num_rows, extract.layout_lines) == (0, [1])
    assert extract.notes[0][0] == "HEADER_ONLY"


def test_a_dbf_without_records_is_recognised_and_not_passed_over():
    extract = extract_of(dbf())
    assert (extract.contract, extract.total_lines, extract.notes[0][0]) == ("land_issuer", 0, "HEADER_ONLY")


@pytest.mark.parametrize("cut", [1, 5, 49])
def test_a_dbf_cut_short_gives_whole_records_and_says_how_many_are_lacking(cut):
    content = dbf(*[record(CODE, NAME, "")] * 3).removesuffix(b"\x1a")[:-cut]
    extract = extract_of(content)
    assert extract.rows.num_rows == extract.total_lines == 2
    assert extract.notes == [("UNREADABLE_FILE", "dbf header promises 3 records, 2 are there")]


def test_records_beyond_what_the_header_promises_are_none_and_are_named():
    grid = read_dbf(dbf(*[record(CODE, NAME, "")] * 3, promised=2))
    assert grid.total_lines == 2
    assert grid.notes == [("UNREADABLE_FILE", "dbf header promises 2 records, 3 are there")]


def test_an_undecodable_record_is_condemned_and_the_others_are_read():
    good = record(CODE, NAME, "")
    extract = extract_of(dbf(good, good.replace("红".encode("gb18030"), b"\xff\xff"), good))
    assert extract.condemned == [(2, "UNDECODABLE")]
    assert extract.rows.column("line_number").to_pylist() == [1, 3]


def test_a_null_byte_inside_a_field_condemns_its_record():
    good = record(CODE, NAME, "")
    extract = extract_of(dbf(good, good.replace(b"65990010", b"6599\x00010"), good))
    assert extract.condemned == [(2, "NUL_BYTE")]


def test_fields_filled_up_with_null_bytes_are_padded_ones():
    extract = extract_of(dbf(record(CODE, NAME, "").replace(b" " * 8, b"\0" * 8)))
    assert extract.rows.column("issuer_name").to_pylist() == [NAME]


def test_utf8_is_told_without_a_language_byte():
    grid = read_dbf(dbf(*[record(CODE, "团结村一组", "", encoding="utf-8")] * 2))
    assert (grid.encoding, grid.cells[1][1]) == ("utf-8", "团结村一组")


def test_a_header_whose_fields_do_not_fill_a_record_is_refused():
    content = dbf(record(CODE, NAME, ""), record_length=40)
    (refused,) = read_file(DeliveredFile("FBF.dbf", content, ""))
    assert (refused.code, refused.sheet) == ("UNREADABLE_FILE", "")
    assert "deliver it again" in refused.detail


def test_text_is_not_taken_for_a_dbf():
    assert is_dbf(dbf())
    assert not is_dbf("身份证号,姓名,关系,更新日期\r\n".encode("gb18030") * 3)
    assert not is_dbf(b"\x03" + b"\r" * 40)
