"""A text file is read in blocks, and what comes of a line is what would come of it alone."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_contracts.examples import EXAMPLES
from data_contracts.registry import field_specs
from village_credit.extract import lines as lines_module
from village_credit.extract.form_rows import is_layout, may_be_layout
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.headers import best_match, plain
from village_credit.extract.lines import Lines, read_lines
from village_credit.extract.read import read_file
from village_credit.extract.text_rows import TextRows
from village_credit.extract.text_table import read_text

LINE = "王五,659900198001010011,团结村,12.5"
PIECES = [
    *(text.encode("gb18030") for text in (LINE, "甲,乙", "合计,,3", "𠮷", "ئۇيغۇر", "", " ", ",,,")),
    *(text.encode() for text in (LINE, "abc,1", "é", "\ufeff表")),
    *(b"\r", b'"', b'"a,b"', b'"a\nb",c', b"\0", b"\xff", b"\x80,", b"\xe4\xb8", b"\x1a", b"a;b", b"a|b"),
]
FILES = st.lists(st.lists(st.sampled_from(PIECES), max_size=3).map(b"".join), max_size=12)


def said(lines: Lines) -> list[object]:
    return [lines.encoding, lines.condemned, *lines]


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(FILES, st.sampled_from([b"\n", b"\r\n"]), st.booleans())
@example([b"\x84\x31", b"a"], b"\n", False)
@example([LINE.encode(), LINE.encode("gb18030")], b"\n", True)
def test_a_line_is_decoded_alike_in_a_block_of_one_line_and_of_many(pieces, end, has_last_end):
    content = end.join(pieces) + (end if has_last_end else b"")
    together = read_lines(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lines_module, "BLOCK_BYTES", 0)
        assert said(read_lines(content)) == said(together)
        patched.setattr(lines_module, "_sound_block", lambda *_: None)  # every line by itself
        assert said(read_lines(content)) == said(together)
    if content and not together.encoding.startswith("utf-16"):
        assert len(together) == len(content.split(b"\n")) - content.endswith(b"\n")


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.lists(st.lists(st.sampled_from(["", "王五", "1", "12.5", "a b"]), min_size=1, max_size=4), max_size=80))
def test_rows_of_columns_are_the_rows_that_were_written(rows):
    content = "".join(",".join(row) + "\n" for row in rows).encode()
    grid = read_text(content)
    assert grid.cells == [row if any(row) or len(row) > 1 else [] for row in rows]
    assert grid.starts == grid.ends == list(range(1, len(rows) + 1))
    assert [grid.cells[at] for at in range(len(rows))] == list(grid.cells)


def test_records_between_many_lines_keep_their_places():
    written = io.StringIO(newline="")
    rows = [
        [str(number), "a\nb" if number % 300 == 7 else "c", "x,y" if number % 500 == 1 else "z"]
        for number in range(2000)
    ]
    csv.writer(written, lineterminator="\n").writerows(rows)
    grid = read_text(written.getvalue().encode("gb18030"))
    assert isinstance(grid.cells, TextRows)
    assert grid.cells == rows
    assert grid.cells.width == 3
    assert 0 < len(grid.cells.odd) < 20
    assert [end - start for start, end in zip(grid.starts, grid.ends, strict=True)] == ["\n" in row[1] for row in rows]


FIRST = [
    "",
    " ",
    "王五",
    "合计",
    "合 计",
    "小计:",
    "制表人:李",
    "注:一",
    "注意村",
    "备注1：二",
    "栏次",
    "甲",
    "(1)",
    "1",
    "123",
    "1234",
]
FIRST += [
    "—",
    "户主姓名",
    "姓名",
    "序号",
    "3=1+2",
    "ABC",
    "A",
    "2026",
    "共计12",
    "１２３",
    "①",
    "以上属实",
    "２０２６",
    "1.5",
    "-",
]


def test_every_row_that_may_be_layout_is_looked_at():
    """What the columns pass over is no layout, whatever stands in the other cells."""
    header = ["姓名", "身份证号", "村", "面积(亩)", "金额(元)", "年度"]
    match = best_match(["payee", *header]) or best_match(header)
    assert match is not None
    heads = [[plain(cell) for cell in header]]
    words = {word for row in heads for word in row}
    others = [["", "", "", "", ""], ["1", "2", "3", "4", "5"], ["团结村小计", "", "", "", ""], header[1:], ["x"] * 5]
    table = [[first, *rest] for first in FIRST for rest in others]
    found = set(may_be_layout(TextRows.of_lists(table), words).tolist())
    missed = [row for at, row in enumerate(table) if at not in found and is_layout(row, heads, words, match)]
    assert missed == []
    assert len(found) < len(table)


@pytest.mark.parametrize("extra", ["", ",", ",,"])
def test_a_delimiter_too_many_on_every_row_is_tolerated_and_a_cell_too_many_is_not(extra):
    specs = [spec for spec in field_specs("land_issuer") if spec.name in EXAMPLES["land_issuer"]]
    header = ",".join(spec.column.header for spec in specs)
    row = ",".join(EXAMPLES["land_issuer"][spec.name] for spec in specs)
    body = "\n".join([header, *[row + extra] * 5, row + ",x", row + extra])
    (table,) = read_file(DeliveredFile("发包方.csv", body.encode(), ""))
    assert isinstance(table, Extract)
    assert table.rows.column("line_number").to_pylist() == [2, 3, 4, 5, 6, 8]
    assert [code for _, code in table.condemned] == ["FIELD_COUNT"]
    assert pa.types.is_string(table.rows.schema.field("issuer_code").type)


@pytest.mark.parametrize("extra", [",", ",,"])
def test_a_delimiter_at_the_end_of_the_header_asks_nothing_of_the_rows(extra):
    specs = [spec for spec in field_specs("land_issuer") if spec.name in EXAMPLES["land_issuer"]]
    header = ",".join(spec.column.header for spec in specs)
    row = ",".join(EXAMPLES["land_issuer"][spec.name] for spec in specs)
    short = row.rpartition(",")[0]
    body = "\n".join([header + extra, *[row] * 4, row + extra, short, row])
    (table,) = read_file(DeliveredFile("发包方.csv", body.encode(), ""))
    assert isinstance(table, Extract)
    assert table.rows.column("line_number").to_pylist() == [2, 3, 4, 5, 6, 8]
    assert table.condemned == [(7, "FIELD_COUNT")]
