"""Lines leave a file of any format, and what is left reads as it read, under the same numbers."""

from __future__ import annotations

import base64
import io
import struct
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from village_credit.services.keeping.remainder import grids_of, rows_of, without_lines
from village_credit.services.keeping.search import unpacked
from village_credit.services.keeping.wanted import Person, Wanted, in_base64

HEADER, FIRST, SECOND, THIRD = ["姓名", "身份证号"], ["张三", "A1"], ["李四", "#22-乙"], ["王五", "C3"]
ROWS = [HEADER, FIRST, SECOND, THIRD]
TEXT = "".join(f"{','.join(row)}\r\n" for row in ROWS)


def workbook(rows: list[list[str]], *sheets: str) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name in sheets or ("表",):
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return buffer.getvalue()


def dbf(rows: list[list[str]], deleted: str = "") -> bytes:
    fields = b"".join(name.encode("gb18030").ljust(11, b"\0") + b"C\0\0\0\0\x0a\0".ljust(21, b"\0") for name in HEADER)
    records = b"".join(b" " + b"".join(cell.encode("gb18030").ljust(10) for cell in row) for row in rows)
    records += b"*" + deleted.encode("gb18030").ljust(20) if deleted else b""
    count, header = len(rows) + bool(deleted), 32 + len(fields) + 1
    return bytes([3, 126, 11, 1]) + struct.pack("<IHH", count, header, 21).ljust(28, b"\0") + fields + b"\r" + records


def parquet(rows: list[list[str]]) -> bytes:
    buffer = io.BytesIO()
    columns = [pa.array([row[place] for row in rows]).dictionary_encode() for place in range(2)]
    pq.write_table(pa.table(columns, names=HEADER), buffer)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def read(content: bytes) -> dict[tuple[str, int], list[str]]:
    return {
        (grid.sheet, lines.start): cells
        for grid in grids_of("", content)
        for lines, cells in rows_of(grid)
        if any(cells)
    }


FILES = {
    "utf-8": (TEXT.encode("utf-8-sig"), ""),
    "gb18030": (TEXT.encode("gb18030"), ""),
    "utf-16": (TEXT.encode("utf-16"), ""),
    "utf-16 without a mark": ((TEXT + "a,b\r\n" * 40).encode("utf-16-be"), ""),
    "xlsx": (workbook(ROWS), "表"),
    "two sheets": (workbook(ROWS, "表", "另一"), "另一"),
    "dbf": (dbf(ROWS), ""),
    "parquet": (parquet(ROWS), ""),
    "zip of text": (zipped(**{"a.csv": TEXT.encode("gb18030"), "b.csv": b"x,y\n"}), "a.csv"),
    "zip of a workbook": (zipped(**{"a.xlsx": workbook(ROWS)}), "a.xlsx / 表"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_line_goes_and_the_others_keep_their_numbers(name: str):
    content, sheet = FILES[name]
    line = next(number for (where, number), cells in read(content).items() if where == sheet and cells == SECOND)
    left = without_lines("", content, {sheet: {line}})
    assert left is not None
    assert read(left) == {place: cells for place, cells in read(content).items() if place != (sheet, line)}
    said = [text.encode(encoding) for text in SECOND for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")]
    if name != "two sheets":
        assert not [part for part in unpacked(left) if any(text in part for text in said)]
    assert left == without_lines("", content, {sheet: {line}})


def test_a_record_over_several_lines_goes_whole():
    content = '姓名,住址\n张三,"一组\n二号"\n李四,三组\n'.encode()
    (grid,) = grids_of("", content)
    lines = next(lines for lines, cells in rows_of(grid) if cells[0] == "张三")
    assert without_lines("", content, {"": set(lines)}) == "姓名,住址\n\n\n李四,三组\n".encode()


def test_a_deleted_record_of_a_dbf_goes_too():
    left = without_lines("", dbf(ROWS, "赵六 D4"), {"": {2}})
    assert left is not None
    assert b"D4" not in left
    assert "赵六".encode("gb18030") not in left


@pytest.mark.parametrize("content", [b"%PDF-1.7 ...", workbook([HEADER], "a" * 31)[:-40], zipped(x=zipped(y=b"z"))])
def test_what_cannot_be_read_back_is_not_rewritten_line_by_line(content: bytes):
    left = without_lines("", content, {"": {1}})
    assert left is None or read(left) == read(content)


# whom a line names

PERSON = Person("659900199003070135", ("阿依古丽·买买提",))


@pytest.mark.parametrize(
    ("cells", "is_named"),
    [
        (["659900199003070135"], True),
        (["６５９９００１９９００３０７０１３５"], True),
        (["'659900 1990 0307 0135"], True),
        (["659900199003070139"], True),  # a slip in the check character
        (["659900900307013"], True),  # fifteen digits
        (["6599001990030701355"], False),  # a longer code that begins alike
        (["阿依古丽•买买提", "1990-03-07"], True),
        (["阿依古丽 · 买买提", "659900********0135"], True),
        (["阿依古丽·买买提", "村"], False),  # another of her name
        (["6599001990030701", "35"], False),
    ],
)
def test_a_line_names_somebody_by_number_or_by_name_and_what_tells_him_apart(cells: list[str], is_named: bool):
    wanted = Wanted((PERSON,))
    assert wanted.is_in(cells) is is_named
    assert wanted.is_in([*cells, "阿依古丽·买买提"], is_linked=True)


def test_a_contractor_code_is_none_of_a_parcel_that_begins_alike():
    wanted = Wanted((), ("659900100201010001",))
    assert wanted.is_in(["659900100201010001"])
    assert not wanted.is_in(["6599001002010100012"])
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert wanted.bytes_in("a659900100201010001,".encode(encoding))
        assert not wanted.bytes_in("a6599001002010100012,".encode(encoding))


def test_base64_is_found_wherever_it_begins():
    for before in range(4):
        packed = base64.b64encode(b"x" * before + PERSON.number.encode() + b"yz")
        assert sum(piece in packed for piece in in_base64(PERSON.number.encode())) >= 1
