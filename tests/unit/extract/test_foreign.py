"""What no reader reads is refused with what it is and what to do; what a program left beside a table is passed over."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import pytest
import xlsxwriter
import xlwt

from data_contracts.county_terms import BARE_TERMS
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.inbox import list_inbox
from village_credit.extract.read import read_file
from village_credit.ingest.line_account import open_files

HEADER = ["身份证号", "姓名", "关系", "更新日期"]
ROW = ["11010519491231002X", "王五", "董事", "2026-03-05"]
CSV = "\r\n".join([",".join(HEADER), ",".join(ROW), ""]).encode("gb18030")


def xlsx() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("表")
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, ROW)
    return buffer.getvalue()


def xls() -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("表")
    for row, cells in enumerate([HEADER, ROW]):
        for column, cell in enumerate(cells):
            page.write(row, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def stream_named(name: str) -> bytes:
    """An OLE container whose one stream has another name than a workbook's."""
    content = bytearray(xls())
    at = content.index("Workbook\0".encode("utf-16-le"))
    content[at : at + 64] = name.encode("utf-16-le").ljust(64, b"\0")
    content[at + 64 : at + 66] = struct.pack("<H", 2 * len(name) + 2)
    return bytes(content)


def with_password() -> bytes:
    """An xls with a FILEPASS record after its first one."""
    content = bytearray(xls())
    begin = content.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    content[begin + 20 : begin + 24] = struct.pack("<HH", 0x2F, struct.unpack_from("<H", content, begin + 22)[0])
    return bytes(content)


def packed(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, content)
    return buffer.getvalue()


def respelled(content: bytes, old: str, new: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return packed(*[(name.replace(old, new), archive.read(name)) for name in archive.namelist()])


XML_2003 = b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>'
REFUSED = {
    "a.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(40), "FORMAT_NOT_READ", "rar"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "FORMAT_NOT_READ", "7z"),
    "a.csv.gz": (gzip.compress(CSV), "FORMAT_NOT_READ", "gz"),
    "a.tar": (b"x.csv".ljust(257, b"\0") + b"ustar\x00" + bytes(300), "FORMAT_NOT_READ", "tar"),
    "a.pdf": (b"%PDF-1.7\n1 0 obj\n", "FORMAT_NOT_READ", "PDF"),
    "a.jpg": (b"\xff\xd8\xff\xe0" + bytes(40), "FORMAT_NOT_READ", "picture"),
    "a.docx": (packed(("word/document.xml", b"<x/>")), "FORMAT_NOT_READ", "Word"),
    "a.ofd": (packed(("OFD.xml", b"<x/>")), "FORMAT_NOT_READ", "OFD"),
    "a.doc": (stream_named("WordDocument"), "FORMAT_NOT_READ", "Word"),
    "a.msg": (stream_named("__properties"), "FORMAT_NOT_READ", "no workbook"),
    "locked.xlsx": (stream_named("EncryptedPackage"), "PASSWORD_PROTECTED", "password"),
    "95.xls": (stream_named("Book"), "FORMAT_NOT_READ", "5.0/95"),
    "biff.xls": (b"\x09\x08\x08\x00\x00\x05\x10\x00" + bytes(40), "FORMAT_NOT_READ", "old Excel"),
    "biff2.xls": (b"\x09\x00\x04\x00\x02\x00\x10\x00" + bytes(40), "FORMAT_NOT_READ", "old Excel"),
    "locked.xls": (with_password(), "PASSWORD_PROTECTED", "password"),
    "web.xls": (b"<html><body><table><tr><td>1", "NOT_WHAT_NAME_SAYS", "web page"),
    "wide.xls": ("\ufeff<html><table>".encode("utf-16-le"), "NOT_WHAT_NAME_SAYS", "web page"),
    "mht.xls": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n", "FORMAT_NOT_READ", "mht"),
    "2003.xls": (XML_2003, "NOT_WHAT_NAME_SAYS", "2003"),
    "mac.csv": (CSV.replace(b"\r\n", b"\r"), "FORMAT_NOT_READ", "carriage return"),
    "vertical.csv": (CSV.replace(b"\r\n", b"\v"), "FORMAT_NOT_READ", "vertical tab"),
    "forms.csv": (CSV.replace(b"\r\n", b"\f") + b"\r\n", "FORMAT_NOT_READ", "form feed"),
    "wide mac.csv": (
        CSV.decode("gb18030").replace("\r\n", "\r").encode("utf-16"),
        "FORMAT_NOT_READ",
        "carriage return",
    ),
    "no line.csv": (b"\xff\xfe" + CSV, "UNREADABLE_FILE", "no line can be read"),
    "x.bin": (bytes(range(256)) * 4, "FORMAT_NOT_READ", "neither"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_what_it_is_and_what_to_do(name):
    content, code, word = REFUSED[name]
    (refused,) = read_file(DeliveredFile(name, content, ""))
    assert isinstance(refused, Unrecognised)
    assert refused.code == code
    assert word in refused.detail
    assert any(verb in refused.detail for verb in ("deliver", "save"))


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_file_is_rejected_and_so_counted_by_the_gate(name):
    content = REFUSED[name][0]
    account = open_files([DeliveredFile(name, content, "1"), DeliveredFile("关系人.csv", CSV, "2")], BARE_TERMS)
    assert [bool(source.rejected) for source in account.sources] == [True, False]


@pytest.mark.parametrize("make", [lambda: respelled(xlsx(), "/", "\\"), lambda: respelled(xlsx(), "xl/", "XL/")])
def test_members_of_a_workbook_may_be_spelled_otherwise(make):
    (extract,) = read_file(DeliveredFile("a.xlsx", make(), ""))
    assert isinstance(extract, Extract), extract
    assert extract.rows.num_rows == 1


DIMENSIONS = [b"A0", b"", b"A1", b"B2:C3", b"A1:XFD1048576", b"A1:A99999999999", b"nonsense", b"A1:B0"]


@pytest.mark.parametrize("said", DIMENSIONS)
def test_a_sheet_that_lies_about_its_extent_is_read_whole(said):
    with zipfile.ZipFile(io.BytesIO(xlsx())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'ref="A1:D2"', b'ref="' + said + b'"')
    (extract,) = read_file(DeliveredFile("a.xlsx", packed(*parts.items()), ""))
    assert isinstance(extract, Extract), extract
    assert extract.rows.column("person_name").to_pylist() == ["王五"]


def test_blank_cells_merged_beside_the_table_harm_nothing():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("表")
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, ROW)
        for column in (5, 9):
            page.merge_range(0, column, 3, column, "")
        page.merge_range(5, 0, 9, 0, "")
    (extract,) = read_file(DeliveredFile("a.xlsx", buffer.getvalue(), ""))
    assert isinstance(extract, Extract), extract
    assert extract.rows.num_rows == 1


LEFTOVERS = [
    "~$表.xlsx",
    "__MACOSX/._表.csv",
    "._表.csv",
    ".DS_Store",
    "Thumbs.db",
    "甲/desktop.ini",
    "地块.cpg",
    "地块.prj",
    "地块.shp",
    ".~lock.表.xlsx#",
]


def test_what_programs_leave_in_an_archive_is_passed_over():
    tables = list(read_file(DeliveredFile("a.zip", packed(*[(n, b"\0x") for n in LEFTOVERS], ("表.csv", CSV)), "")))
    assert [table.sheet for table in tables] == ["表.csv"]


def test_what_programs_leave_in_the_inbox_is_passed_over(tmp_path):
    for name in [*LEFTOVERS, "表.csv"]:
        path = tmp_path / "659900" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CSV)
    assert list_inbox(tmp_path, "659900") == ["地块.prj", "地块.shp", "表.csv"]  # of a map: no tables, and kept


def test_a_mark_of_utf8_before_gbk_is_read_as_gbk():
    (extract,) = read_file(DeliveredFile("a.csv", b"\xef\xbb\xbf" + CSV, ""))
    assert isinstance(extract, Extract), extract
    assert extract.rows.column("person_name").to_pylist() == ["王五"]


def test_our_own_fault_is_never_called_damage(monkeypatch):
    def fault(*_: object) -> None:
        raise IndexError("ours")

    monkeypatch.setattr("village_credit.extract.workbooks._grid_of_columns", fault)
    with pytest.raises(IndexError):
        list(read_file(DeliveredFile("a.xlsx", xlsx(), "")))


LOCKED_ODS = packed(
    ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
    (
        "META-INF/manifest.xml",
        b'<m:manifest xmlns:m="x"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>',
    ),
    ("content.xml", b"\x8f\x01"),
)


def test_an_ods_with_a_password_is_said_to_have_one():
    (refused,) = read_file(DeliveredFile("a.ods", LOCKED_ODS, ""))
    assert refused.code == "PASSWORD_PROTECTED"
