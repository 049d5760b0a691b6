"""A file is what its bytes say: its name is only noted, and nothing delivered goes unmentioned."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.reasons import EXTRACT_REASONS
from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.inbox import list_inbox, pull
from village_credit.extract.read import kind_of, read_file

HEADER = ["身份证号", "姓名", "关系", "更新日期"]
ROW = ["11010519491231002X", "王五", "董事", "2026-03-05"]
CSV = "\r\n".join([",".join(HEADER), ",".join(ROW), ""]).encode("gb18030")


def workbook(*rows: list[str]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("表")
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return buffer.getvalue()


def parquet(rows: list[list[str]]) -> bytes:
    buffer = io.BytesIO()
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(HEADER))]
    pq.write_table(pa.table(columns, names=HEADER), buffer)
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("表.csv", CSV)
        packed.writestr("表.xlsx", workbook(HEADER, ROW))
    return buffer.getvalue()


def read(name: str, content: bytes) -> list[Extract | Unrecognised]:
    return list(read_file(DeliveredFile(name, content, "")))


SAMPLES = {"a.xlsx": workbook(HEADER, ROW), "a.zip": archive(), "a.parquet": parquet([ROW]), "a.csv": CSV}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("关系人.xlsx", CSV, "text"),
        ("关系人.csv", workbook(HEADER, ROW), "xlsx"),
        ("关系人.XLS", parquet([ROW]), "parquet"),
    ],
)
def test_content_beats_the_extension_and_that_is_noted(name, content, kind):
    (extract,) = read(name, content)
    assert extract.rows.num_rows == 1
    suffix = name[name.index(".") :].lower()
    assert extract.notes == [("NOT_WHAT_NAME_SAYS", f"named {suffix}, but is {kind}")]


@pytest.mark.parametrize("name", ["关系人.csv", "关系人.CSV", "关系人.txt", "关系人", "关系人.bak"])
def test_a_file_that_is_what_its_name_says_or_says_nothing_has_no_note(name):
    (extract,) = read(name, CSV)
    assert extract.notes == []


@pytest.mark.parametrize(
    "page", [b"<html><table>", b"\xef\xbb\xbf\r\n<!DOCTYPE html>", b'<?xml version="1.0"?>', b"  <TABLE>"]
)
def test_a_web_page_named_xls_is_refused_with_what_to_do(page):
    (refused,) = read("关系人.xls", page + CSV)
    assert refused.code == "NOT_WHAT_NAME_SAYS"
    assert refused.detail == "a web page under a table's name: save it as xlsx"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xff\xfe", workbook()])
def test_a_file_without_anything_in_it_is_reported(content):
    (empty,) = read("关系人.csv", content)
    assert (empty.code, empty.total_lines) == ("EMPTY_FILE", 0)


def test_a_file_of_blank_lines_is_unrecognised_and_its_lines_are_counted():
    (blank,) = read("关系人.csv", b"\r\n\r\n,,\r\n")
    assert (blank.code, blank.total_lines) == ("UNRECOGNISED", 3)


def test_an_access_database_is_answered_with_the_way_to_export_it():
    (refused,) = read("确权.mdb", b"\x00\x01\x00\x00Standard Jet DB" + bytes(200))
    assert refused.code == "ACCESS_DATABASE"
    assert "mdb-export" in refused.detail
    assert "CSV" in refused.detail


@pytest.mark.parametrize(
    "content", [b"PK", b"PAR1xxxx", b"\xd0\xcf\x11\xe0" + bytes(600), workbook(HEADER, ROW)[:2000]]
)
def test_a_damaged_file_is_named_with_what_to_do(content):
    (refused,) = read("关系人.xlsx", content)
    assert refused.code == "UNREADABLE_FILE"
    assert "deliver it again" in refused.detail


def test_a_table_that_no_contract_knows_is_answered_with_the_nearest_and_what_it_lacks():
    (unknown,) = read("关系人.csv", "身份证号,姓名,关系\r\n1,2,3\r\n".encode("gb18030"))
    assert (unknown.code, unknown.total_lines) == ("UNRECOGNISED", 2)
    assert unknown.detail == "nearest contract related_party; lacks 更新日期"


def test_a_parquet_table_keeps_every_digit_and_has_no_header_line():
    (extract,) = read("关系人.parquet", parquet([ROW, ROW]))
    assert extract.rows.column("line_number").to_pylist() == [1, 2]
    assert extract.rows.column("id_number").to_pylist() == [ROW[0]] * 2


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_binary()])
def test_a_text_in_parquet_that_is_no_utf_8_condemns_its_row_and_no_other(kind):
    texts = pa.array(["监事".encode("gb18030"), "董事".encode(), None], pa.binary())
    columns = {name: pa.array([value] * 3) for name, value in zip(HEADER, ROW, strict=True)}
    columns[HEADER[2]] = texts.view(kind) if kind == pa.string() else texts.cast(kind)
    pq.write_table(pa.table(columns), buffer := io.BytesIO())
    (extract,) = read("关系人.parquet", buffer.getvalue())
    assert extract.condemned == [(1, "UNDECODABLE")]
    assert extract.rows.column("line_number").to_pylist() == [2, 3]
    assert extract.rows.column("relation").to_pylist() == ["董事", ""]


def test_a_parquet_table_of_repeated_texts_is_read_like_others():
    columns = {name: pa.array([value, value]).dictionary_encode() for name, value in zip(HEADER, ROW, strict=True)}
    pq.write_table(pa.table(columns), buffer := io.BytesIO())
    (extract,) = read("关系人.parquet", buffer.getvalue())
    assert extract.rows.column("id_number").to_pylist() == [ROW[0]] * 2


def test_a_parquet_table_without_rows_is_recognised_and_noted():
    (extract,) = read("关系人.parquet", parquet([]))
    assert (extract.contract, extract.notes[0][0]) == ("related_party", "HEADER_ONLY")


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.floats(0, 1),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.sampled_from([0x00, 0xFF, 0x0D, 0x20, 0x80])), max_size=6),
)
def test_no_damage_makes_reading_fail_or_say_nothing(name, kept, changes):
    content = bytearray(SAMPLES[name])
    for at, byte in changes:
        content[at % len(content)] = byte
    tables = read(name, bytes(content[: max(1, int(len(content) * max(kept, 0.05)))]))
    assert tables
    assert all(isinstance(table, Extract) or table.code in EXTRACT_REASONS for table in tables)


def test_the_kinds_are_told_by_bytes():
    assert [kind_of(content) for content in SAMPLES.values()] == ["xlsx", "zip", "parquet", "text"]


def test_copies_are_read_after_what_they_copy(tmp_path):
    names = ["甲(1).csv", "甲.csv", "乙/副本.csv", "备份/甲.csv", "copy.csv", "丙.csv", "Thumbs.db"]
    for name in names:
        path = tmp_path / "659900" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CSV)
    order = list_inbox(tmp_path, "659900")
    assert order == ["丙.csv", "甲.csv", "copy.csv", "乙/副本.csv", "备份/甲.csv", "甲(1).csv"]


@pytest.mark.parametrize("target", ["外.csv", "无此文件.csv", "外"])
def test_a_link_that_leaves_the_inbox_is_not_followed_and_not_passed_over(tmp_path, target):
    (tmp_path / "外.csv").write_bytes(CSV)
    (tmp_path / "外").mkdir()
    county = tmp_path / "659900"
    county.mkdir()
    (county / "好.csv").write_bytes(CSV)
    (county / "链.csv").symlink_to(tmp_path / target)
    files = list(pull(tmp_path, "659900"))
    assert [(file.file_name, len(file.content)) for file in files] == [("好.csv", len(CSV)), ("链.csv", 0)]
    (refused,) = read_file(files[1])
    assert refused.code == "EMPTY_FILE"
    assert "link that leaves the inbox" in refused.detail


@pytest.mark.parametrize("make_folder", [False, True], ids=["no folder", "empty folder"])
def test_an_inbox_without_deliveries_says_what_is_missing(tmp_path, make_folder):
    if make_folder:
        (tmp_path / "659900" / "空").mkdir(parents=True)
    with pytest.raises(MissingInput, match=r"659900.*(expected|ask)"):
        list_inbox(tmp_path, "659900")


def test_a_folder_that_cannot_be_looked_into_stops_the_county_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What lies in it may be the list of objections."""
    for place in ("农业农村局", "客服/异议", ".Trashes"):
        (tmp_path / "659900" / place).mkdir(parents=True)
        (tmp_path / "659900" / place / "表.csv").write_text("x", encoding="utf-8")
    scandir = os.scandir

    def locked(path: str) -> Any:
        if Path(path).name in ("异议", ".Trashes"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    assert list_inbox(tmp_path, "659900") == ["农业农村局/表.csv", "客服/异议/表.csv"]
    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(MissingInput, match=r"folder 客服/异议 cannot be looked into \(permission denied\)"):
        list_inbox(tmp_path, "659900")


def test_a_link_is_named_and_never_followed(tmp_path: Path):
    (tmp_path / "659900").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "表.csv").write_text("x", encoding="utf-8")
    (tmp_path / "659900" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert [(file.file_name, file.content) for file in pull(tmp_path, "659900")] == [("link", b"")]
