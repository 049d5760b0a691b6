"""A dbf's columns are read by their type byte: FoxPro's binary ones too, and none that nobody asks for harms a row."""

from __future__ import annotations

import struct
from datetime import date, datetime

import dbf as dbf_library
import pytest

from data_contracts.spoilt import UNNAMED_ERROR
from village_credit.extract.dbf import is_dbf, read_dbf
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.guard import Damaged
from village_credit.extract.read import read_file
from village_credit.validate.rows import Batch, validate

Column = tuple[str | bytes, str, int]  # name, type byte, width


def dbf(columns: list[Column], *records: bytes, version: int = 0x30, flags: dict[str, int] | None = None) -> bytes:
    """Write a table: each record's bytes as they stand there, its mark first."""
    length = 1 + sum(width for _, _, width in columns)
    header = struct.pack("<BBBBIHH20x", version, 126, 1, 1, len(records), 33 + 32 * len(columns), length)
    fields = [
        struct.pack(
            "<11sc4xBBB13x",
            name if isinstance(name, bytes) else name.encode("gb18030"),
            kind.encode(),
            width,
            0,
            (flags or {}).get(str(name), 0),
        )
        for name, kind, width in columns
    ]
    return header + b"".join(fields) + b"\r" + b"".join(b" " + record for record in records) + b"\x1a"


def julian(day: date) -> int:
    return day.toordinal() + 1721425


@pytest.mark.parametrize("version", [0x30, 0x31, 0x32])
@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("I", struct.pack("<i", 53), "53"),
        ("I", struct.pack("<i", 0), "0"),
        ("I", struct.pack("<i", -7), "-7"),
        ("B", struct.pack("<d", 1320.55), "1320.55"),
        ("B", struct.pack("<d", 659900198001010112.0), "6.59900198001010E+17"),
        ("Y", struct.pack("<q", 13205500), "1320.55"),
        ("Y", struct.pack("<q", 0), "0"),
        ("Y", struct.pack("<q", 1000000), "100"),
        ("T", struct.pack("<ii", julian(date(2026, 3, 5)), 0), "2026-03-05"),
        ("T", struct.pack("<ii", julian(date(2026, 3, 5)), 30_600_000), "2026-03-05 08:30:00"),
        ("T", bytes(8), ""),
        ("T", b"\xff" * 8, UNNAMED_ERROR),
        ("L", b"T", "T"),
        ("L", b"y", "T"),
        ("L", b"N", "F"),
        ("L", b"?", ""),
        ("L", b" ", ""),
        ("N", b"*****", UNNAMED_ERROR),
        ("N", b"   12", "12"),
        ("M", bytes(4), ""),
        ("M", struct.pack("<i", 8), UNNAMED_ERROR),
        ("W", struct.pack("<i", 8), UNNAMED_ERROR),
        ("G", bytes(4), ""),
    ],
)
def test_a_value_is_what_its_columns_type_says(version, kind, raw, text):
    grid = read_dbf(dbf([("AREA", kind, len(raw))], raw, version=version))
    assert grid.cells == [["AREA"], [text]]


def test_a_text_of_varying_length_ends_where_its_last_byte_says():
    columns = [("NAME", "V", 8), ("CODE", "V", 4), ("_NullFlags", "0", 1)]
    grid = read_dbf(dbf(columns, b"Wang\0\0\0\x04" + b"6599" + b"\x01", version=0x32))
    assert grid.cells == [["NAME", "CODE"], ["Wang", "6599"]]


def test_a_null_is_blank_whatever_bytes_stand_there():
    columns = [("AREA", "I", 4), ("PAID", "Y", 8), ("_NullFlags", "0", 1)]
    raw = struct.pack("<iq", 0, 0) + b"\x02"
    grid = read_dbf(dbf(columns, raw, flags={"AREA": 2, "PAID": 2}))
    assert grid.cells[1] == ["0", ""]


def test_a_null_stays_blank_beside_a_text_that_cannot_be_decoded():
    columns = [("AREA", "I", 4), ("NAME", "C", 4), ("_NullFlags", "0", 1)]
    grid = read_dbf(dbf(columns, bytes(4) + b"\xff\xff\xff\xff" + b"\x01", flags={"AREA": 2}))
    assert (grid.cells[1], grid.broken) == (["", ""], {(1, 1): "UNDECODABLE"})


def test_foxpro_tables_of_another_library_are_read_as_it_reads_them(tmp_path):
    path = tmp_path / "t.dbf"
    table = dbf_library.Table(str(path), "CODE C(14); N I; D B; Y Y; T T; L L", codepage="cp936", dbf_type="vfp")
    table.open(mode=dbf_library.READ_WRITE)
    table.append(("65990010020101", 53, 2.5, 1320, datetime.fromisoformat("2026-03-05T08:30"), True))
    table.append(("65990010020102", 0, 0.0, 0, None, None))
    table.close()
    grid = read_dbf(path.read_bytes())
    assert grid.cells[1] == ["65990010020101", "53", "2.5", "1320", "2026-03-05 08:30:00", "T"]
    assert grid.cells[2] == ["65990010020102", "0", "0", "0", "", ""]


ISSUER: list[Column] = [("FBFBM", "C", 14), ("FBFMC", "C", 24)]
ROW = b"65990010020101" + "红柳乡一组".encode("gb18030").ljust(24)


def extract_of(content: bytes) -> Extract:
    (extract,) = read_file(DeliveredFile("FBF.dbf", content, ""))
    assert isinstance(extract, Extract), extract
    return extract


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("C", b"\xff\xff\xff\xff"),
        ("C", b"a\0b "),
        ("I", b"\0\0\0\xff"),
        ("B", b"\0" * 7 + b"\x40"),
        ("M", b"\1\0\0\0"),
        ("W", b"\0\xff\0\0"),
        ("Y", b"\0\xff" * 4),
    ],
)
def test_a_column_that_no_contract_asks_for_harms_no_row(kind, raw):
    extract = extract_of(dbf([*ISSUER, ("EXTRA", kind, len(raw))], ROW + raw, ROW + raw))
    accepted, findings = validate(Batch(extract.contract, extract.rows))
    assert (extract.condemned, accepted.num_rows, findings.num_rows) == ([], 2, 0)


def test_a_text_in_another_file_is_no_blank_where_a_contract_asks_for_it():
    extract = extract_of(dbf([ISSUER[0], ("FBFMC", "M", 4)], ROW[:14] + b"\1\0\0\0"))
    _, findings = validate(Batch(extract.contract, extract.rows))
    assert findings.column("reason_code").to_pylist() == ["ERROR_CELL"]


@pytest.mark.parametrize(
    "content",
    [
        dbf([*ISSUER, ("X", "Z", 4)], ROW + b"1234"),
        dbf([*ISSUER, ("X", "I", 3)], ROW + b"123"),
        dbf(ISSUER, ROW, version=0x04),
        dbf(ISSUER, ROW, version=0x8C),
    ],
)
def test_a_table_that_cannot_be_typed_is_refused_with_what_to_do(content):
    assert is_dbf(content)
    with pytest.raises(Damaged, match="save the table as xlsx"):
        read_dbf(content)
    (refused,) = read_file(DeliveredFile("FBF.dbf", content, ""))
    assert isinstance(refused, Unrecognised)
    assert refused.code == "FORMAT_NOT_READ"


def test_names_of_columns_in_utf8_are_read():
    row = b"65990010020101" + "红柳乡一组".encode().ljust(24)
    content = dbf([("发包方编码".encode()[:10], "C", 14), ("姓名".encode(), "C", 24)], row, version=0x03)
    assert read_dbf(content).cells == [["发包方", "姓名"], ["65990010020101", "红柳乡一组"]]


def test_names_of_columns_in_gbk_are_read():
    columns = [("姓名", "C", 14), ("身份证号", "C", 24)]
    assert read_dbf(dbf(columns, ROW, version=0x03)).cells[0] == ["姓名", "身份证号"]


@pytest.mark.parametrize("part", [1, 2, 3])
def test_records_are_read_some_at_a_time_and_keep_their_places(monkeypatch, part):
    """A text that cannot be decoded is told at its own record, whichever part it is read in."""
    names = [b"Wang", "王五".encode("gb18030"), b"gone", b"\xff\xff", b"Li", b"a\0b"]
    written = dbf([("NAME", "C", 10), ("AGE", "N", 4)], *(b"%-10s%4d" % (name, at) for at, name in enumerate(names)))
    third = 33 + 2 * 32 + 2 * 15
    content = written[:third] + b"*" + written[third + 1 :]  # a deleted record
    whole = read_dbf(content)
    monkeypatch.setattr("village_credit.extract.dbf.PART_RECORDS", part)
    again = read_dbf(content)
    assert (again.cells, again.broken) == (whole.cells, whole.broken)
    assert whole.broken == {(4, 0): "UNDECODABLE", (6, 0): "NUL_BYTE"}
    assert whole.cells == [["NAME", "AGE"], ["Wang", "0"], ["王五", "1"], [], ["", "3"], ["Li", "4"], ["", "5"]]
