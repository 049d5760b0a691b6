"""An office gets its wrong rows back as a workbook, mends some, returns it, and exactly those errors are gone."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.conftest import AS_OF, Scored, copy_of, new_store, request_of, score_into
from village_credit.services.casework.corrections import ageing, write_corrections
from village_credit.services.scoring.stage import score_inbox
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

COUNTY = "659900"
CROPS = "农业农村局/种植业科/种植申报.txt"
BUREAU = "农业农村局"


def rows_of(store: Store, run_id: str, table: str) -> list[dict[str, Any]]:
    path = str(store.run_folder(run_id) / f"{table}.parquet")
    return duckdb.connect().sql("FROM read_parquet($p)", params={"p": path}).to_arrow_table().to_pylist()


def sheets(path: Path) -> dict[str, list[list[str]]]:
    book = openpyxl.load_workbook(path)
    return {page.title: [[str(c or "") for c in row] for row in page.iter_rows(values_only=True)] for page in book}


def crop_file(inbox: Path) -> tuple[Path, list[str], str]:
    path = inbox / COUNTY / CROPS
    content = path.read_bytes()
    code = "utf-16" if content.startswith(b"\xff\xfe") else "gb18030"
    return path, content.decode(code).splitlines(), code


@dataclass(frozen=True)
class Damaged:
    """A county scored, the same one undamaged, and the lines of the crop declarations that were damaged."""

    county: Scored
    whole: Path
    wrong: list[int]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Damaged:
    """Read only: copy before you score or deliver."""
    folder = tmp_path_factory.mktemp("damaged")
    whole, inbox = folder / "whole", folder / "inbox"
    synthesize(whole, COUNTY, 2, 60, 5, AS_OF)
    shutil.copytree(whole, inbox)
    path, lines, code = crop_file(inbox)
    mark = "\t" if "\t" in lines[0] else ","
    year = lines[0].split(mark).index("年度")
    wrong = [3, 7, 11, 15, 19]
    for number in wrong:
        cells = lines[number - 1].split(mark)
        cells[year] = "去年"
        lines[number - 1] = mark.join(cells)
    lines[0] = mark.join([*lines[0].split(mark), "民族", "经办备注"])
    lines[1:] = [mark.join([line, "某族", f"备注{n}"]) for n, line in enumerate(lines[1:], start=2)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding=code, newline="")
    return Damaged(score_into(new_store(folder), inbox, COUNTY), whole, wrong)


def copied(damaged: Damaged, folder: Path) -> tuple[Store, Path, str]:
    """The scored county in a store and an inbox of its own, and its run."""
    inbox = Path(shutil.copytree(damaged.county.inbox, folder / "inbox"))
    return copy_of(damaged.county, folder).store, inbox, damaged.county.run.run_id


def score(store: Store, inbox: Path, **changes: Any) -> str:
    return score_inbox(store, inbox, request_of(COUNTY, **changes)).run_id


def mend(book_path: Path, whole: Path, mended: list[int]) -> None:
    """Do what the office does: look each row up in its own records, and write the right year into the red cell."""
    _, lines, _ = crop_file(whole)
    mark = "\t" if "\t" in lines[0] else ","
    year = lines[0].split(mark).index("年度")
    book = openpyxl.load_workbook(book_path)
    page = book["更正1"]
    head = [cell.value for cell in page[2]]
    for row in page.iter_rows(min_row=3):
        line = int(row[head.index("原行号")].value)
        if line in mended:
            row[head.index("年度")].value = lines[line - 1].split(mark)[year]
    book.save(book_path)


def through_libreoffice(path: Path, out: Path, profile: Path) -> Path:
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{profile}",
            "--headless",
            "--convert-to",
            "xlsx",
            "--outdir",
            out,
            path,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return out / path.name


@pytest.mark.office
def test_the_mended_workbook_saved_by_libreoffice_clears_exactly_what_it_mends(tmp_path: Path, damaged: Damaged):
    store, inbox, first = copied(damaged, tmp_path)
    whole, wrong = damaged.whole, damaged.wrong
    (book,) = [
        Path(w.path) for w in write_corrections(store, first, tmp_path / "out") if w.office == "agriculture_bureau"
    ]
    mend(book, whole, wrong[:3])
    through_libreoffice(book, inbox / COUNTY / BUREAU, tmp_path / "profile")
    second = score(store, inbox)
    found = rows_of(store, second, "corrections")
    originals = {row["line_number"]: row["state"] for row in found if row["file_name"] == CROPS}
    assert originals == dict(zip(wrong, [*["corrected"] * 3, *["retried"] * 2], strict=True))
    returned = [row for row in found if book.name in row["file_name"]]
    assert [row["state"] for row in returned] == ["open", "open"]
    numbers = {row["line_number"]: row["correction_number"] for row in rows_of(store, first, "corrections")}
    assert {row["correction_number"] for row in returned} == {numbers[line] for line in wrong[3:]}
    assert all(book.name in row["corrected_by_file"] for row in found if row["state"] == "corrected")
    codes = Counter(row["reason_code"] for row in rows_of(store, second, "quarantine"))
    assert codes == Counter({"UNREADABLE_YEAR": len(wrong) + 2})


def test_when_all_is_mended_the_county_is_decided_as_if_nothing_had_been_wrong(tmp_path: Path, damaged: Damaged):
    store, inbox, first = copied(damaged, tmp_path)
    whole, wrong = damaged.whole, damaged.wrong
    sound = score(store, whole)
    (written,) = [w for w in write_corrections(store, first, tmp_path / "out") if w.office == "agriculture_bureau"]
    mend(Path(written.path), whole, wrong)
    shutil.copy(written.path, inbox / COUNTY / BUREAU)
    second = score(store, inbox)
    assert {row["state"] for row in rows_of(store, second, "corrections")} == {"corrected"}
    left_out = {"run_id"}
    decided = [
        [{k: v for k, v in row.items() if k not in left_out} for row in rows_of(store, run, "decisions")]
        for run in (sound, second)
    ]
    assert decided[0] == decided[1]
    assert not write_corrections(store, second, tmp_path / "again")
    gates = {row["gate"]: row["value"] for row in rows_of(store, second, "gates")}
    assert gates["quarantined_share"] == 0  # what was mended is no fault any more, though the first file is still there
    shares = [row for row in rows_of(store, second, "extract_checks") if row["measure"] == "quarantined_share"]
    assert {row["value"] for row in shares} == {0}
    assert ageing(store, second) == []


def test_the_workbook_has_the_offices_columns_and_none_that_may_not_be_kept(tmp_path: Path, damaged: Damaged):
    store, inbox, run_id = copied(damaged, tmp_path)
    wrong = damaged.wrong
    (written,) = [w for w in write_corrections(store, run_id, tmp_path / "out") if w.office == "agriculture_bureau"]
    assert Path(written.path).stat().st_mode & 0o777 == 0o600
    pages = sheets(Path(written.path))
    title, head, *rows = pages["更正1"]
    _, lines, _ = crop_file(inbox)
    mark = "\t" if "\t" in lines[0] else ","
    assert CROPS in title[0]
    plain = [label.split("(")[0] for label in head]
    assert "经办备注" in plain
    assert "民族" not in plain
    assert "某族" not in str(pages)
    assert [row[head.index("原行号")] for row in rows] == [str(line) for line in wrong]
    for row, line in zip(rows, wrong, strict=True):
        delivered = dict(zip(lines[0].split(mark), lines[line - 1].split(mark), strict=True))
        assert row[plain.index("经办备注")] == delivered["经办备注"]
        assert row[plain.index("年度")] == "去年"
        assert "请填四位年份" in row[head.index("问题与期望")]
    assert "UNREADABLE_YEAR" in str(pages["更正说明"])


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, damaged: Damaged):
    store, run_id = damaged.county.store, damaged.county.run.run_id
    contents = [
        {Path(w.path).name: Path(w.path).read_bytes() for w in write_corrections(store, run_id, tmp_path / out)}
        for out in ("a", "b")
    ]
    assert contents[0] == contents[1] != {}


def test_a_later_run_says_how_long_errors_are_open(tmp_path: Path, damaged: Damaged):
    store, inbox, _ = copied(damaged, tmp_path)
    wrong = damaged.wrong
    later = score(store, inbox, as_of=AS_OF.replace(month=12, day=15))
    (age,) = [age for age in ageing(store, later) if age["office"] == "agriculture_bureau"]
    assert (age["open_rows"], age["oldest_on"]) == (len(wrong), AS_OF)
    assert age["oldest_days"] == (AS_OF.replace(month=12, day=15) - AS_OF).days
    assert age["over_30_days"] == len(wrong)


def test_in_a_badly_damaged_county_every_open_row_stands_in_exactly_one_workbook(staged: Scored, tmp_path: Path):
    store, run_id = staged.store, staged.run.run_id
    written = write_corrections(store, run_id, tmp_path / "out")
    expected = Counter(
        row["correction_number"] for row in rows_of(store, run_id, "corrections") if row["state"] == "open"
    )
    listed: Counter[str] = Counter()
    for item in written:
        for name, (_, *rows) in sheets(Path(item.path)).items():
            if name.startswith("更正") and name != "更正说明":
                at = rows[0].index("更正编号")
                listed.update(row[at] for row in rows[1:])
    assert listed == expected
    assert sum(expected.values()) > 20


def test_unmended_workbooks_put_back_change_nothing_but_the_attempt(staged: Scored, tmp_path: Path):
    """The workbook says each row as it was delivered: returned untouched, the same rows fail for the same reasons."""
    inbox = Path(shutil.copytree(staged.inbox, tmp_path / "inbox"))
    store, first = copy_of(staged, tmp_path).store, staged.run.run_id
    before = rows_of(store, first, "corrections")
    for item in write_corrections(store, first, tmp_path / "out"):
        shutil.copy(item.path, inbox / COUNTY)
    second = score(store, inbox)
    after = rows_of(store, second, "corrections")
    assert not [row for row in after if row["basis"] == "correction_number"]
    still = Counter(row["correction_number"] for row in after if row["state"] == "open")
    assert still == Counter(row["correction_number"] for row in before if row["state"] == "open")
    decided = [
        [(row["household_key"], row["decision"], row["limit_yuan"]) for row in rows_of(store, run, "decisions")]
        for run in (first, second)
    ]
    assert decided[0] == decided[1]


def test_a_fresh_file_mends_by_the_key_of_its_contract(tmp_path: Path):
    inbox = tmp_path / "inbox"
    synthesize(inbox, COUNTY, 2, 60, 5, AS_OF)
    path = inbox / COUNTY / "信用社" / "机构.csv"
    head, row, *rest = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([head, f"一号{row[row.index(',') :]}", *rest]), encoding="utf-8-sig")
    store = new_store(tmp_path)
    (broken,) = rows_of(store, score(store, inbox), "corrections")
    assert (broken["state"], broken["line_number"]) == ("open", 2)
    path.with_name("机构新.csv").write_text(f"{head}\n{row}", encoding="utf-8-sig")
    (mended,) = rows_of(store, score(store, inbox), "corrections")
    assert (mended["state"], mended["basis"]) == ("corrected", "key")
    assert (mended["corrected_by_file"], mended["corrected_by_line"]) == ("信用社/机构新.csv", 2)
