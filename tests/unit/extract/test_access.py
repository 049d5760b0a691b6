"""An Access database is read table by table through mdbtools.

Where that cannot be, the office is told how to export.
"""

from __future__ import annotations

import csv
import io
import stat
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from village_credit.extract import access
from village_credit.extract.access import AccessUnreadable, grid_of, read_access
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file
from village_credit.validate.normalise import day

PUBLIC = ROOT / "tests" / "public"
DATABASE = (PUBLIC / "access_jet4.mdb").read_bytes()
ACE = b"\x00\x01\x00\x00Standard ACE DB\x00" + bytes(4096)
PERSON = "11010519491231002X"
RELATED = f'身份证号,姓名,关系,更新日期\n"{PERSON}","王五","董事","2026-03-05 00:00:00"\n'


def answers(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Put tools of mdbtools' names on the PATH; each is a line of shell."""
    for name, script in scripts.items():
        tool = folder / name.replace("_", "-")
        tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        tool.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(folder))


def usual(folder: Path, monkeypatch: pytest.MonkeyPatch, exported: str, **changes: str) -> None:
    """Tools that know one table of one row, 关系人, and print `exported` for it."""
    (folder / "exported").write_text(exported, encoding="utf-8", newline="")
    scripts = {"mdb_tables": "echo 关系人", "mdb_count": "echo 1", "mdb_export": f"cat '{folder}/exported'"}
    answers(folder, monkeypatch, **(scripts | changes))


def refused(content: bytes = ACE) -> tuple[str, str]:
    (table,) = read_file(DeliveredFile("农业局/确权.accdb", content, ""))
    return table.code, table.detail


@pytest.mark.mdbtools
def test_a_database_that_access_wrote_is_read_cell_for_cell_as_a_second_reader_reads_it():
    with (PUBLIC / "access_jet4.csv").open(encoding="utf-8", newline="") as file:
        theirs = list(csv.reader(file))
    (grid,) = read_access(DATABASE)
    assert (grid.sheet, grid.total_lines, grid.notes) == ("merchant_taylors", 21, [])
    assert grid.starts == grid.ends == list(range(1, 22))
    for ours, other in zip(grid.cells, theirs, strict=True):
        for mine, their in zip(ours, other, strict=True):
            assert mine == their.removesuffix(" 00:00:00") or their == "(Invalid Date)", (mine, their)


@pytest.mark.mdbtools
def test_a_date_that_the_second_reader_calls_invalid_is_no_day_of_ours():
    (grid,) = read_access(DATABASE)
    assert grid.cells[1][8] == "1900-01-00"
    assert day(grid.cells[1][8]) == "1900-01-00"  # left as it is, for the contract to refuse


@pytest.mark.mdbtools
def test_a_database_inside_an_archive_is_read_like_one_outside():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("权属.mdb", DATABASE)
    (table,) = read_file(DeliveredFile("确权.zip", buffer.getvalue(), ""))
    assert (table.sheet, table.code, table.total_lines) == ("权属.mdb / merchant_taylors", "UNRECOGNISED", 21)


@pytest.mark.mdbtools
@pytest.mark.parametrize("pages", range(1, 46, 4))
def test_a_database_cut_short_is_refused_or_said_to_be(pages):
    try:
        grids = read_access(DATABASE[: 4096 * pages])
    except AccessUnreadable:
        return
    assert all(grid.notes and "deliver it again" in grid.notes[0][1] for grid in grids)


def test_a_table_s_row_has_the_line_that_it_has_in_the_export(tmp_path, monkeypatch):
    usual(tmp_path, monkeypatch, RELATED)
    (extract,) = read_file(DeliveredFile("农业局/确权.accdb", ACE, ""))
    assert isinstance(extract, Extract)
    assert (extract.contract, extract.sheet, extract.total_lines) == ("related_party", "关系人", 2)
    assert extract.rows.to_pylist() == [
        {
            "line_number": 2,
            "last_line": 2,
            "id_number": PERSON,
            "person_name": "王五",
            "relation": "董事",
            "updated_on": "2026-03-05",
        }
    ]


def test_the_tools_are_handed_the_delivered_bytes_and_no_file_is_left(tmp_path, monkeypatch):
    usual(tmp_path, monkeypatch, RELATED, mdb_tables=f'/bin/cat "$4" >"{tmp_path}/seen"; echo 关系人')
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    read_access(ACE)
    assert (tmp_path / "seen").read_bytes() == ACE
    assert {path.name for path in tmp_path.iterdir()} == {"seen", "exported", "mdb-tables", "mdb-count", "mdb-export"}


@pytest.mark.parametrize("absent", access.TOOLS)
def test_where_mdbtools_is_not_installed_the_office_is_told_how_to_export(tmp_path, monkeypatch, absent):
    usual(tmp_path, monkeypatch, RELATED)
    (tmp_path / absent).unlink()
    code, detail = refused()
    assert code == "ACCESS_DATABASE"
    assert detail.startswith("mdbtools is not installed here: ")
    assert "mdb-export" in detail
    assert "deliver the CSV files" in detail


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mdb_tables": "echo 王五 >&2; exit 1"}, "mdb-tables could not read it"),
        ({"mdb_export": "echo 王五; exit 1"}, "mdb-export could not read it"),
        ({"mdb_export": "kill -SEGV $$"}, "mdb-export could not read it"),
        ({"mdb_tables": "exit 0"}, "no table was found in it"),
        ({"mdb_export": "printf '\\377\\377'"}, "what mdbtools wrote is no text"),
        ({"mdb_export": "printf 'a\\n\"王五'"}, "what mdb-export wrote is no table"),
    ],
)
def test_a_tool_that_fails_is_answered_with_the_way_to_export_and_without_a_value(tmp_path, monkeypatch, changes, why):
    usual(tmp_path, monkeypatch, RELATED, **changes)
    code, detail = refused()
    assert (code, detail.split(":")[0]) == ("ACCESS_DATABASE", why)
    assert "王五" not in detail


def test_a_tool_that_does_not_end_is_ended(tmp_path, monkeypatch):
    usual(tmp_path, monkeypatch, RELATED, mdb_export="exec /bin/cat /dev/zero >/dev/null")
    monkeypatch.setattr(access, "SECONDS", 1)
    with pytest.raises(AccessUnreadable, match="mdb-export took longer than 1 s"):
        read_access(ACE)


def test_a_tool_that_writes_without_end_is_ended(tmp_path, monkeypatch):
    usual(tmp_path, monkeypatch, RELATED, mdb_export="exec /bin/cat /dev/zero")
    monkeypatch.setattr(access, "_LIMITED", access._LIMITED.replace(str(access.TOOL_BYTES), str(256 << 20)))
    with pytest.raises(AccessUnreadable, match="mdb-export could not read it"):
        read_access(ACE)


@pytest.mark.parametrize("counted", ["echo 3", "echo 0", "echo offset is beyond EOF", "exit 0"])
def test_a_table_whose_rows_are_not_as_many_as_it_promises_is_read_and_said_to_be(tmp_path, monkeypatch, counted):
    usual(tmp_path, monkeypatch, RELATED, mdb_count=counted)
    (extract,) = read_file(DeliveredFile("农业局/确权.accdb", ACE, ""))
    ((code, detail),) = extract.notes
    assert (code, extract.rows.num_rows) == ("UNREADABLE_FILE", 1)
    assert detail.endswith("rows, 1 were read: deliver it again")


@pytest.mark.parametrize(
    ("exported", "cell"),
    [
        ("6.599001980010101e+17", "6.59900198001010E+17"),  # an ID number in a Double column: 15 digits are left
        ("0.3000000000000001", "0.3"),
        ("1320.55", "1320.55"),
        ("659900198001010011", "659900198001010011"),
        ("2026-03-05 00:00:00", "2026-03-05"),
        ("2026-03-05 08:30:00", "2026-03-05 08:30:00"),
        ("1e3", "1e3"),
    ],
)
def test_what_mdb_export_writes_becomes_what_a_workbook_would_say(exported, cell):
    assert grid_of("表", f"a,b\n{exported},\n").cells == [["a", "b"], [cell, ""]]


def test_a_line_feed_and_a_quote_inside_a_text_part_no_row():
    grid = grid_of("表", 'a,b\n"一\r\n""二""",1\n三,2\n')
    assert grid.cells == [["a", "b"], ['一\r\n"二"', "1"], ["三", "2"]]
    assert (grid.starts, grid.ends, grid.total_lines) == ([1, 2, 4], [1, 3, 4], 4)
