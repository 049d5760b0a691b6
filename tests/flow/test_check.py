"""`check` says of each line what a run says of it, keeps nothing, and needs neither store nor keys."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter

import duckdb
import pytest

from tests.conftest import AS_OF, Scored
from village_credit import cli
from village_credit.extract.inbox import pull
from village_credit.services.queries.check import Checked, check, delivered

SUBSIDY = "年度,姓名,身份证号,所在村,实际补贴面积(亩),实发金额(元)"
GOOD = "2026,王安娜,11010519491231002X,前村,10,100"
BAD = "2026,王五,110105194912310,前村,10,#REF!"
FILE = f"{SUBSIDY}\n{GOOD}\n{BAD}\n{GOOD}\n".encode()


def told(scored: Scored, table: str, columns: str) -> list[tuple]:
    path = str(scored.store.run_folder(scored.run.run_id) / f"{table}.parquet")
    return duckdb.connect().execute(f"SELECT {columns} FROM read_parquet($path)", {"path": path}).fetchall()


def outcomes(checked: Checked) -> Counter[tuple[str, str, str]]:
    return Counter({(t.file, t.sheet, outcome): n for t in checked.tables for outcome, n in t.outcomes.items()})


def reasons(checked: Checked) -> set[tuple[str, str, int, str]]:
    return {(t.file, t.sheet, line.line, code) for t in checked.tables for line in t.lines for code in line.reasons}


@pytest.mark.parametrize("name", ["delivery", "staged", "quiet", "hostile"])
def test_of_each_delivery_it_says_what_the_run_says(name: str, request: pytest.FixtureRequest):
    scored: Scored = request.getfixturevalue(name)
    found = check(list(pull(scored.inbox, scored.county_code)), AS_OF, scored.county_code)
    assert outcomes(found) == Counter(told(scored, "reconciliation", "file_name, sheet, outcome"))
    assert reasons(found) == set(told(scored, "quarantine", "file_name, sheet, line_number, reason_code"))


def test_a_single_file_is_judged_without_a_register():
    (table,) = check([delivered("补贴.csv", FILE)], AS_OF).tables
    assert table.contract == "land_subsidy"
    assert sum(table.outcomes.values()) == table.total_lines == 4
    assert {line.line: line.outcome for line in table.lines} == {3: "quarantined", 4: "duplicate"}
    assert "ERROR_CELL" in table.lines[0].reasons


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["check", *words, "--as-of", "2026-11-01"]) == 0
    return capsys.readouterr().out


def test_it_says_so_in_chinese_and_keeps_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "补贴.csv").write_bytes(FILE)
    text = run(["补贴.csv"], capsys)
    assert "补贴.csv：耕地地力保护补贴，共 4 行" in text
    assert "第 3 行  隔离" in text
    assert [path.name for path in tmp_path.iterdir()] == ["补贴.csv"]


def test_standard_input_is_read_and_the_result_is_one_object(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILE)))
    (table,) = json.loads(run(["-", "--json"], capsys))["tables"]
    assert table["outcomes"]["layout"] == 1
    assert [line["line"] for line in table["lines"]] == [3, 4]


def test_a_file_of_which_nothing_can_be_read_says_so_once(tmp_path, capsys):
    (tmp_path / "台账.xlsx").write_bytes(b"PK\x03\x04")
    said = run([str(tmp_path / "台账.xlsx")], capsys).splitlines()
    assert said[0] == "台账.xlsx：未识别的表，没有读出任何一行"
    assert [line.split()[0] for line in said[1:]] == ["整份退回"]


def test_a_table_refused_whole_says_why(tmp_path, capsys):
    (tmp_path / "补贴.csv").write_bytes(f"{SUBSIDY},实发金额\n{GOOD},5\n".encode())
    assert "整份退回  两列表示同一项内容" in run([str(tmp_path / "补贴.csv")], capsys)


def test_the_corrections_workbook_is_written_where_one_asks_and_comes_back_mended(tmp_path, capsys):
    (tmp_path / "补贴.csv").write_bytes(FILE)
    text = run([str(tmp_path / "补贴.csv"), "--out", str(tmp_path / "out")], capsys)
    (book,) = (tmp_path / "out").iterdir()
    assert f"更正单：{book}" in text
    assert book.stat().st_mode & 0o777 == 0o600
    own, table = check([delivered(book.name, book.read_bytes())], AS_OF).tables
    assert (own.rejected, table.rejected) == (None, None)
    assert [line.outcome for line in table.lines] == ["quarantined"]


def test_a_name_that_is_neither_file_nor_folder_is_said(tmp_path, capsys):
    assert cli.main(["check", str(tmp_path / "无")]) == 7
    assert "neither a file nor a folder" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\x00\x01\xff" * 50, ",".join(f"列{n}" for n in range(20_000)).encode()])
def test_of_files_that_are_no_table_of_ours_it_says_so(tmp_path, capsys, content):
    (tmp_path / "某表.csv").write_bytes(content)
    assert "某表.csv" in run([str(tmp_path / "某表.csv")], capsys)
