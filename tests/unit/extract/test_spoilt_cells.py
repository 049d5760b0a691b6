"""An error and a formula that nobody calculated are told as such in every format, and spoil their own cell only."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
import xlsxwriter
import xlwt
from openpyxl.worksheet.formula import ArrayFormula

from data_contracts.spoilt import UNCALCULATED, spoilt
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.guard import Damaged
from village_credit.extract.ods_xml import ods_facts
from village_credit.extract.read import read_file
from village_credit.extract.workbooks import read_workbook
from village_credit.validate.rows import Batch, validate

HEADER = ["年度", "姓名", "身份证号", "所在村", "实际补贴面积(亩)", "实发金额(元)"]
PAID = [2026, "王安娜", "659900198001010112", "前村", 10, 100]
LITERALS = ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA"]
NEW_LITERALS = ["#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#BUSY!", "#CONNECT!", "#PYTHON!", "#EXTERNAL!"]

Change = Callable[[bytes], bytes]


def xlsx(literal: str = "#REF!", change: Change | None = None) -> bytes:
    """A table of two payees, the first one's amount an error; `change`: what another program writes otherwise."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("表")
        for number, row in enumerate([HEADER, PAID, PAID]):
            page.write_row(number, 0, row)
        page.write_formula(1, 5, "=E2*F9", None, literal)
    return repacked(buffer.getvalue(), change or (lambda xml: xml))


def repacked(content: bytes, change: Change, part: str = "sheet1.xml") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith(part) else old.read(name))
    return buffer.getvalue()


def amounts(content: bytes) -> list[str]:
    (extract,) = read_file(DeliveredFile("补贴.xlsx", content, ""))
    assert isinstance(extract, Extract), extract
    return extract.rows.column("paid_yuan").to_pylist()


def codes(content: bytes, name: str = "补贴.xlsx") -> list[tuple[int, str]]:
    (extract,) = read_file(DeliveredFile(name, content, ""))
    assert isinstance(extract, Extract), extract
    accepted, findings = validate(Batch(extract.contract, extract.rows, extract.units))
    assert accepted.num_rows + len({row["line_number"] for row in findings.to_pylist()}) == extract.rows.num_rows
    return [(row["line_number"], row["reason_code"]) for row in findings.to_pylist()]


def prefixed(xml: bytes) -> bytes:
    text = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", xml).replace(b"<?x:xml", b"<?xml")
    return text.replace(b"xmlns=", b"xmlns:x=")


WRITTEN_OTHERWISE: dict[str, Change] = {
    "prefixed": prefixed,
    "single quotes": lambda xml: xml.replace(b'"', b"'"),
    "no references": lambda xml: re.sub(rb' r="[A-Z]*[0-9]+"', b"", xml),
    "line breaks within tags": lambda xml: xml.replace(b"<c r", b"<c\n  r"),
    "type before reference": lambda xml: re.sub(rb'<c (r="[A-Z0-9]+")( t="e")', rb"<c\2 \1", xml),
    "UTF-16": lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "a comment within": lambda xml: xml.replace(b"#REF!", b"#RE<!-- -->F!"),
}


@pytest.mark.parametrize("how", WRITTEN_OTHERWISE)
def test_an_error_is_told_however_the_sheet_is_written(how):
    assert amounts(xlsx(change=WRITTEN_OTHERWISE[how])) == ["#REF!", "100"]


@pytest.mark.parametrize("literal", LITERALS + NEW_LITERALS)
def test_each_error_spoils_its_own_cell_and_no_other_row(literal):
    content = xlsx("#REF!", lambda xml: xml.replace(b"#REF!", literal.encode()))
    assert amounts(content) == [literal, "100"]
    assert codes(content) == [(2, "ERROR_CELL")]


def test_an_error_in_a_text_is_an_error_too():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate([HEADER, PAID, PAID]):
            page.write_row(number, 0, row)
        page.write_formula(1, 1, "=A9", None, "#N/A")
        page.write_formula(2, 3, "=A9", None, "#N/A")
    assert codes(buffer.getvalue()) == [(2, "ERROR_CELL"), (3, "ERROR_CELL")]


def with_formulas(book: openpyxl.Workbook | None = None) -> openpyxl.Workbook:
    book = book or openpyxl.Workbook()
    for row in (HEADER, PAID, PAID):
        book.active.append(row)
    book.active["F2"] = "=E2*10"
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("change", [lambda xml: xml, prefixed], ids=["plain", "prefixed"])
def test_a_formula_without_a_stored_value_is_no_blank(change):
    content = repacked(saved(with_formulas()), change)
    assert amounts(content) == [UNCALCULATED, "100"]
    assert codes(content) == [(2, "FORMULA_NOT_CALCULATED")]


def test_an_array_formula_without_values_spoils_all_cells_that_it_fills():
    book = with_formulas()
    book.active["F2"] = ArrayFormula("F2:F3", "=E2:E3*10")
    book.active["F3"] = None
    assert amounts(saved(book)) == [UNCALCULATED, UNCALCULATED]


@pytest.mark.parametrize(("last", "told"), [("F20001", 20_000), ("ZZZZZZZZ9", 0), ("F99999999", 0)])
def test_an_array_formula_fills_as_far_as_it_says_unless_no_table_is_so_large(last, told):
    book = with_formulas()
    book.active["F2"] = ArrayFormula("F2:F3", "=E2:E3*10")
    content = repacked(saved(book), lambda xml: xml.replace(b'ref="F2:F3"', f'ref="F2:{last}"'.encode()))
    (table,) = read_file(DeliveredFile("补贴.xlsx", content, ""))
    if told:
        assert isinstance(table, Extract)
        assert table.rows.column("paid_yuan").to_pylist().count(UNCALCULATED) == told
    else:
        assert isinstance(table, Unrecognised)
        assert (table.code, "millions of cells" in table.detail) == ("UNREADABLE_FILE", True)


@pytest.mark.parametrize("repeated", ['rows-repeated="3000000"', 'columns-repeated="3000000"'])
def test_an_error_repeated_beyond_any_table_is_refused_and_not_laid_out(repeated):
    cell = f'<table:table-cell table:number-{repeated} office:value-type="error"/>'
    xml = (
        f'<table:table table:name="表"><table:table-row table:number-{repeated}>{cell}</table:table-row></table:table>'
    )
    with pytest.raises(Damaged, match="millions of cells"):
        ods_facts(f"<office:document-content>{xml}</office:document-content>".encode())


def test_a_text_that_a_formula_found_empty_is_a_blank():
    content = xlsx("x", lambda xml: re.sub(rb"<v>x</v>", b"<v></v>", xml))
    assert amounts(content) == ["", "100"]


def test_zeros_of_a_library_that_calculates_nothing_are_no_values():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate([HEADER, PAID, PAID]):
            page.write_row(number, 0, row)
        page.write_formula(1, 5, "=E2*10")
    assert amounts(buffer.getvalue()) == [UNCALCULATED, "100"]


def xls(paint: Callable[[xlwt.Worksheet], None]) -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("表")
    for number, row in enumerate([HEADER, PAID, PAID]):
        for column, value in enumerate(row):
            if (number, column) != (1, 5):
                page.write(number, column, value)
    paint(page)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("literal", ["#NULL!", "#DIV/0!", "#REF!", "#NAME?", "#NUM!", "#N/A!"])
def test_an_error_of_an_xls_is_told(literal):
    content = xls(lambda page: page.row(1).set_cell_error(5, literal))
    assert amounts(content) == [literal.replace("N/A!", "N/A"), "100"]
    assert codes(content) == [(2, "ERROR_CELL")]


def test_an_uncalculated_formula_of_an_xls_is_told():
    content = xls(lambda page: page.write(1, 5, xlwt.Formula("E2*10")))
    assert codes(content) == [(2, "FORMULA_NOT_CALCULATED")]


def test_a_large_xls_whose_stream_is_no_small_one_is_told_too():
    def paint(page: xlwt.Worksheet) -> None:
        page.row(1).set_cell_error(5, "#REF!")
        for number in range(3, 400):
            for column, value in enumerate(PAID):
                page.write(number, column, value)

    assert amounts(xls(paint))[:2] == ["#REF!", "100"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("#SPILL!", "ERROR_CELL"),
        ("#n/a", "ERROR_CELL"),
        ("Err:502", "ERROR_CELL"),
        ("########", "ERROR_CELL"),
        ("=E2*F2", "FORMULA_NOT_CALCULATED"),
        ("=IF(A2=B2,C2,D2)", "FORMULA_NOT_CALCULATED"),
        ("=汇总!B2", "FORMULA_NOT_CALCULATED"),
        ("=王五", ""),
        ("=VLOOKUP(A2,Sheet2!A:C,3,0)", "FORMULA_NOT_CALCULATED"),
        (UNCALCULATED, "FORMULA_NOT_CALCULATED"),
        ("#3号楼", ""),
        ("一组#", ""),
        ("====", ""),
        ("", ""),
    ],
)
def test_what_stands_in_a_text_file_is_told_alike(text, code):
    assert spoilt(text) == code


def test_a_text_file_keeps_its_other_rows():
    rows = [",".join(map(str, row)) for row in (HEADER, [*PAID[:5], "#SPILL!"], PAID, [*PAID[:5], "=E3*10"])]
    assert codes("\n".join([*rows, ""]).encode(), "x.csv") == [(2, "ERROR_CELL"), (4, "FORMULA_NOT_CALCULATED")]


CELLS = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
NUMBER = '<table:table-cell office:value-type="float" office:value="{0}"><text:p>{0}</text:p></table:table-cell>'
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def ods(cell: str) -> bytes:
    """Write the two payees as an ods, the first one's amount as given."""
    rows = [[CELLS.format(text) for text in HEADER]]
    rows += [[NUMBER.format(v) if isinstance(v, int) else CELLS.format(v) for v in PAID] for _ in range(2)]
    rows[1][5] = cell
    table = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    return ods_of(f'<table:table table:name="表">{table}</table:table>')


def ods_of(tables: str) -> bytes:
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", f'<?xml version="1.0"?><office:document-content {SPACES}>{body}')
    return buffer.getvalue()


FORMULA = '<table:table-cell table:formula="of:=A9" office:value-type="{}" xmlns:calcext="urn:x" {}><text:p>{}</text:p>'
FORMULA += "</table:table-cell>"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (NUMBER.format(7), []),
        (FORMULA.format("string", 'calcext:value-type="error"', "#DIV/0!"), [(2, "ERROR_CELL")]),
        (FORMULA.format("float", 'office:value="0"', "Err:502"), [(2, "ERROR_CELL")]),
        ('<table:table-cell table:formula="of:=[.E2]*10"/>', [(2, "FORMULA_NOT_CALCULATED")]),
    ],
)
def test_an_ods_is_read_and_its_errors_are_told(cell, expected):
    assert codes(ods(cell), "补贴.ods") == expected


def record(kind: int, body: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(error: int) -> bytes:
    """Write the two payees as an xlsb, record by record (MS-XLSB), the first one's amount an error."""
    cells = b""
    for number, row in enumerate([HEADER, PAID, PAID]):
        cells += record(0, struct.pack("<IIHHB", number, 0, 300, 0, 0) + bytes(4))
        for column, value in enumerate(row):
            place = struct.pack("<II", column, 0)
            if (number, column) == (1, 5):
                cells += record(3, place + bytes([error]))
            elif isinstance(value, int):
                cells += record(5, place + struct.pack("<d", value))
            else:
                cells += record(6, place + wide(value))
    sheet = (
        record(129) + record(148, struct.pack("<IIII", 0, 2, 0, 5)) + record(145) + cells + record(146) + record(130)
    )
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("表"))
    relation = '<Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.bin"/>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", book + record(144) + record(132))
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{relation}</Relationships>")
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return buffer.getvalue()


@pytest.mark.parametrize(("error", "literal"), [(0x17, "#REF!"), (0x2A, "#N/A"), (0x00, "#NULL!")])
def test_an_xlsb_is_read_and_its_errors_are_told(error, literal):
    (extract,) = read_file(DeliveredFile("补贴.xlsb", xlsb(error), ""))
    assert extract.rows.column("paid_yuan").to_pylist() == [literal, "100"]
    assert extract.notes == []


def test_entities_are_refused_and_not_expanded():
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    content = xlsx(change=lambda xml: bomb + xml[xml.index(b"<worksheet") :])
    (grid,) = read_workbook(content)
    assert grid.cells == []
    assert "entities" in grid.notes[0][1]
