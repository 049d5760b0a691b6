"""Every physical line of a delimited file is one row's or is condemned by number.

Nothing is lost, nothing told twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from village_credit.extract.grid import DeliveredFile, Extract, Grid
from village_credit.extract.lines import MAX_LINE_BYTES
from village_credit.extract.read import read_file
from village_credit.extract.text_table import read_text

HEADER = "身份证号,姓名,关系,更新日期"
ROW = "11010519491231002X,吐尔逊·阿合买提,董事,2026-03-05"
FRAGMENTS = [
    "a",
    "王五",
    '"',
    '""',
    '"二,组"',
    ",",
    "1,2",
    "\0",
    " ",
    "\u00b7",
    "\U00020bb7",
    "ئا",
    "\r",
    "é",
    '="65"',
    "\t",
    ";",
]
ENDS = ["\n", "\n", "\r\n", "\r\n", "\n\n", "\r"]
FOREIGN = {"gb18030": "utf-8", "utf-8": "gb18030", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}
MARKS = {"gb18030": b"", "utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
broken_bytes = st.sampled_from([b"", b"", b"", b"\x81", b"\xff", b"\xe7\x8e", b"\0", b"\xd8"])
lines = st.lists(
    st.tuples(
        st.lists(st.sampled_from(FRAGMENTS), max_size=6),
        st.sampled_from(ENDS),
        st.integers(0, 7).map(lambda draw: draw == 0),
        broken_bytes,
    ),
    max_size=12,
)


@st.composite
def delimited_files(draw: st.DrawFn, first: str = "") -> bytes:
    """Lines of fragments in one encoding, some of them in another, some broken, the last perhaps without an end."""
    encoding = draw(st.sampled_from(sorted(MARKS)))
    parts = [MARKS[encoding] if encoding != "utf-8" or draw(st.booleans()) else b"", first.encode(encoding)]
    for fragments, end, is_foreign, damage in draw(lines):
        own = FOREIGN[encoding] if is_foreign else encoding
        parts += ["".join(fragments).encode(own), damage, end.encode(encoding)]
    return b"".join(parts) + draw(st.sampled_from([b"", "末行,1".encode(encoding)]))


def count_lines(content: bytes, encoding: str) -> int:
    """Count line feeds in the bytes, and what follows the last one, without the reader's own splitting."""
    if not encoding.startswith("utf-16"):
        body = content.removeprefix(MARKS["utf-8"])
        return sum(byte == 0x0A for byte in body) + (body != b"" and body[-1] != 0x0A)
    body = content[2:] if content[:2] in (MARKS["utf-16-le"], MARKS["utf-16-be"]) else content
    units = [body[at : at + 2] for at in range(0, len(body), 2)]
    feed = "\n".encode(encoding)
    return units.count(feed) + (units != [] and units[-1] != feed)


def lines_of(grid: Grid) -> list[int]:
    spans = [n for a, b in zip(grid.starts, grid.ends, strict=True) for n in range(a, b + 1)]
    return sorted(spans + [number for number, _ in grid.condemned])


def extract_of(content: bytes, name: str = "关系人.csv") -> Extract:
    (extract,) = read_file(DeliveredFile(name, content, hashlib.sha256(content).hexdigest()))
    assert isinstance(extract, Extract)
    return extract


def numbered(*texts: str, encoding: str = "gb18030", end: str = "\r\n") -> bytes:
    return "".join(text + end for text in texts).encode(encoding)


@settings(max_examples=2000, deadline=None, database=None, derandomize=True)
@given(delimited_files())
def test_each_physical_line_lands_in_exactly_one_row_or_condemnation(content):
    grid = read_text(content)
    count = count_lines(content, grid.encoding)
    assert grid.total_lines == count
    assert lines_of(grid) == list(range(1, count + 1))


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(delimited_files("\n".join([HEADER, *[ROW] * 20, ""])))
def test_each_line_of_a_recognised_table_is_data_layout_or_condemned(content):
    extract = extract_of(content)
    told = Counter(extract.layout_lines) + Counter(number for number, _ in extract.condemned)
    spans = zip(
        extract.rows.column("line_number").to_pylist(), extract.rows.column("last_line").to_pylist(), strict=True
    )
    told.update(number for first, last in spans for number in range(first, last + 1))
    assert told == Counter(range(1, extract.total_lines + 1))


def test_an_unclosed_quote_costs_one_line_of_two_thousand():
    texts = [HEADER, *[ROW] * 1999]
    texts[40] = ROW.replace(",董事", ',"董事')
    extract = extract_of(numbered(*texts))
    assert extract.condemned == [(41, "UNCLOSED_QUOTE")]
    assert extract.rows.num_rows == 1998
    assert set(extract.rows.column("updated_on").to_pylist()) == {"2026-03-05"}


def test_two_unclosed_quotes_do_not_close_each_other():
    texts = [HEADER, *[ROW] * 30]
    texts[5] = texts[9] = ROW.replace(",董事", ',"董事')
    extract = extract_of(numbered(*texts))
    assert [number for number, _ in extract.condemned] == [6, 10]
    assert extract.rows.num_rows == 28


def test_text_after_a_closing_quote_is_a_broken_quote():
    extract = extract_of(numbered(HEADER, ROW, ROW.replace("董事", '"董"事'), ROW))
    assert extract.condemned == [(3, "BROKEN_QUOTE")]


def test_one_utf8_line_in_a_gb18030_file_is_condemned_not_misread():
    content = numbered(HEADER, ROW, ROW) + numbered(ROW, encoding="utf-8") + numbered(ROW)
    extract = extract_of(content)
    assert extract.condemned == [(4, "WRONG_ENCODING")]
    assert set(extract.rows.column("person_name").to_pylist()) == {"吐尔逊·阿合买提"}


def test_one_gb18030_line_in_a_utf8_file_is_condemned():
    content = numbered(HEADER, ROW, ROW, encoding="utf-8") + numbered(ROW) + numbered(ROW, encoding="utf-8")
    extract = extract_of(content)
    assert extract.condemned == [(4, "WRONG_ENCODING")]
    assert extract.rows.column("line_number").to_pylist() == [2, 3, 5]


def test_a_broken_byte_condemns_its_line_only():
    extract = extract_of(numbered(HEADER, ROW) + b"\xff\x81,1,2,3\r\n" + numbered(ROW))
    assert extract.condemned == [(3, "UNDECODABLE")]
    assert extract.rows.num_rows == 2


def test_a_null_byte_condemns_its_line_only():
    extract = extract_of(numbered(HEADER, ROW, ROW.replace("董", "\0"), ROW))
    assert extract.condemned == [(3, "NUL_BYTE")]


def test_a_line_of_64_mebibytes_is_condemned_and_its_neighbours_are_read():
    extract = extract_of(numbered(HEADER, ROW) + b"9" * (64 << 20) + b"\r\n" + numbered(ROW))
    assert extract.condemned == [(3, "LINE_TOO_LONG")]
    assert extract.rows.column("line_number").to_pylist() == [2, 4]


@pytest.mark.parametrize(
    ("extra", "condemned"), [(-1, []), (0, []), (1, [(2, "LINE_TOO_LONG")])], ids=["below", "on", "above"]
)
def test_a_line_is_too_long_above_one_mebibyte(extra, condemned):
    row = b"1,2,3," + b"9" * (MAX_LINE_BYTES - 6 + extra)
    assert read_text(b"a,b,c,d\n" + row + b"\n").condemned == condemned


def test_a_header_without_rows_is_recognised_and_noted():
    extract = extract_of(numbered(HEADER))
    assert (extract.contract, extract.rows.num_rows, extract.layout_lines) == ("related_party", 0, [1])
    assert [code for code, _ in extract.notes] == ["HEADER_ONLY"]


def test_both_lines_of_a_quoted_line_break_are_one_row():
    extract = extract_of(numbered(HEADER, ROW, ROW.replace("董事", '"董\r\n事"'), ROW))
    assert extract.rows.column("line_number").to_pylist() == [2, 3, 5]
    assert extract.rows.column("last_line").to_pylist() == [2, 4, 5]
    assert extract.condemned == []


def test_a_trailing_delimiter_on_data_lines_shifts_nothing():
    extract = extract_of(numbered(HEADER, ROW + ",", ROW + ", "))
    assert extract.rows.column("updated_on").to_pylist() == ["2026-03-05"] * 2
    assert extract.condemned == []


@pytest.mark.parametrize("row", [ROW.rsplit(",", 1)[0], ROW + ",1", "吐尔逊"], ids=["short", "long", "one cell"])
def test_a_row_of_another_width_than_the_header_is_condemned(row):
    extract = extract_of(numbered(HEADER, ROW, row, ROW))
    assert extract.condemned == [(3, "FIELD_COUNT")]
    assert extract.rows.num_rows == 2


def test_blank_lines_and_repeated_headers_are_layout():
    extract = extract_of(numbered("", HEADER, ROW, "", ",,,", HEADER, ROW, "合计,,,"))
    assert extract.layout_lines == [1, 2, 4, 5, 6, 8]
    assert extract.rows.column("line_number").to_pylist() == [3, 7]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_with_a_mark_and_without(encoding):
    rows = [ROW.replace(",", "\t")] * 3
    extract = extract_of(numbered(HEADER.replace(",", "\t"), *rows, encoding=encoding))
    assert extract.rows.num_rows == 3
    assert extract.rows.column("person_name").to_pylist()[0] == "吐尔逊·阿合买提"


def test_a_broken_unit_of_utf16_condemns_its_line_only():
    good = numbered(HEADER, ROW, encoding="utf-16")
    extract = extract_of(good + b"\x00\xd8,\0" + numbered("", ROW, encoding="utf-16-le"))
    assert extract.condemned == [(3, "UNDECODABLE")]
    assert extract.rows.column("line_number").to_pylist() == [2, 4]


@pytest.mark.parametrize("name", ["阿不都·热合曼", "李\U00020bb7", "㛃丽", "\U0002b80a国", "ئابدۇ"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_interpuncts_and_rare_characters_survive(encoding, name):
    rows = [ROW.replace("吐尔逊·阿合买提", name)] * 2
    extract = extract_of(numbered(HEADER, ROW, *rows, encoding=encoding))
    assert extract.rows.column("person_name").to_pylist()[1:] == [name, name]


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_the_delimiter_is_told_by_the_lines(mark):
    extract = extract_of(numbered(HEADER.replace(",", mark), ROW.replace(",", mark)))
    assert extract.rows.column("relation").to_pylist() == ["董事"]


def test_lone_carriage_returns_are_no_line_ends_and_are_refused():
    grid = read_text(numbered(HEADER, ROW, ROW, end="\r"))
    assert grid.total_lines == 1
    assert [number for number, _ in grid.condemned] == [1]


def test_a_mark_before_the_header_is_no_part_of_it():
    extract = extract_of("\ufeff".encode("gb18030") + numbered(HEADER, ROW))
    assert extract.rows.column("id_number").to_pylist() == ["11010519491231002X"]


def test_a_return_inside_a_line_is_told_as_such_and_not_as_a_quote():
    content = f"{HEADER}\r\n{ROW}\r{ROW}\r\n{ROW}\r\n".encode("gb18030")
    grid = read_text(content)
    assert grid.condemned == [(2, "STRAY_RETURN")]
    assert read_text(f'{HEADER}\n"a"b,{ROW}\r\n'.encode()).condemned == [(2, "BROKEN_QUOTE")]
