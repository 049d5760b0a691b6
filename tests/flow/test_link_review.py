"""Doubtful links go out as a workbook, a person decides in it, and later runs, limits and explanations follow."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.conftest import Scored, new_store, put_in_force, score_into
from village_credit.acts.link_samples import licensed_passes, revoked_passes, sample_result
from village_credit.acts.links import apply_review, write_review
from village_credit.acts.tell import explain
from village_credit.errors import UsageError
from village_credit.publish.ledger import Entry, read_ledger
from village_credit.publish.review import FIRST_ROW, HEADERS, HOUSEHOLD_HEADER, KEY_HEADER, VERDICT_HEADER
from village_credit.report.explain import explain_text

COUNTY = "659900"


def rows_of(scored: Scored, table: str) -> list[dict[str, Any]]:
    path = str(scored.store.run_folder(scored.run.run_id) / f"{table}.parquet")
    return duckdb.connect().sql("FROM read_parquet($p)", params={"p": path}).to_arrow_table().to_pylist()


def column(name: str) -> int:
    return HEADERS.index(name) + 1


def decide(path: Path, said: dict[str, str], of_list: str = "农机购置补贴") -> list[tuple[str, str]]:
    """Write verdicts by record's line into the workbook; gives the keys that were decided."""
    book = openpyxl.load_workbook(path)
    page = book.active
    decided = []
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        line = page.cell(row, column("行号")).value
        if of_list in str(page.cell(row, column("表")).value) and line in said:
            page.cell(row, column(VERDICT_HEADER)).value = said[line]
            keys = (page.cell(row, column(KEY_HEADER)).value, page.cell(row, column(HOUSEHOLD_HEADER)).value)
            decided.append(keys)
    book.save(path)
    return decided


def links_of(scored: Scored, list_name: str = "machinery_subsidy") -> dict[int, dict[str, Any]]:
    return {row["line_number"]: row for row in rows_of(scored, "links") if row["source_table"] == list_name}


def bands(scored: Scored) -> dict[str, int]:
    return {row["household_key"]: row["band_yuan"] or 0 for row in rows_of(scored, "waterfall")}


@pytest.fixture(scope="module")
def reviewed(county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run, the same confirmed in every provisional machine, and the same with these withdrawn again."""
    folder = tmp_path_factory.mktemp("review")
    store = new_store(folder)
    runs = {"before": score_into(store, county_inbox, COUNTY)}
    workbook = folder / "review.xlsx"
    made = write_review(store, runs["before"].run.run_id, workbook)
    waiting = {
        str(n): "同一户" for n, row in links_of(runs["before"]).items() if row["status"] == "provisional"
    }
    decided = decide(workbook, waiting)
    first = apply_review(store, workbook, "2002")
    runs["confirmed"] = score_into(store, county_inbox, COUNTY)
    decide(workbook, dict.fromkeys(waiting, "不是同一户"))
    second = apply_review(store, workbook, "3003")
    runs["withdrawn"] = score_into(store, county_inbox, COUNTY)
    return {"store": store, "runs": runs, "made": made, "waiting": waiting, "decided": decided, "applied": (first, second), "workbook": workbook}  # fmt: skip


def test_confirmed_links_are_confirmed_in_the_next_run(reviewed):
    assert len(reviewed["waiting"]) > 10
    first, _ = reviewed["applied"]
    assert (first.same, first.other) == (len(reviewed["decided"]), 0)
    after = links_of(reviewed["runs"]["confirmed"])
    assert {after[int(line)]["status"] for line in reviewed["waiting"]} == {"confirmed"}
    before = links_of(reviewed["runs"]["before"])
    assert all(after[int(n)]["household_key"] == before[int(n)]["household_key"] for n in reviewed["waiting"])


def test_a_confirmed_machine_raises_the_band_term_and_a_withdrawn_link_takes_it_back(reviewed):
    before, confirmed, withdrawn = (bands(reviewed["runs"][name]) for name in ("before", "confirmed", "withdrawn"))  # fmt: skip
    raised = [key for key in before if confirmed[key] > before[key]]
    assert raised
    assert not [key for key in before if confirmed[key] < before[key]]
    assert withdrawn == before
    statuses = {links_of(reviewed["runs"]["withdrawn"])[int(n)]["status"] for n in reviewed["waiting"]}
    assert statuses == {"refused"}


def test_the_run_is_named_by_what_people_said(reviewed):
    assert len({run.run.run_id for run in reviewed["runs"].values()}) == 3


def test_the_ledger_says_who_decided_and_names_nobody(reviewed):
    acts = [entry for entry in read_ledger(reviewed["store"].root / "ledger") if entry.act == "link_verdicts"]
    assert [act.by for act in acts] == ["2002", "3003"]
    said = json.dumps([act.details for act in acts], ensure_ascii=False)
    page = openpyxl.load_workbook(reviewed["workbook"]).active
    names = {page.cell(row, column("姓名（来表）")).value for row in range(FIRST_ROW + 1, page.max_row + 1)}
    assert not [name for name in names if name and name in said]


def test_explain_says_that_a_person_confirmed(reviewed, county_inbox, tmp_path):
    store = new_store(tmp_path)
    scored = score_into(store, county_inbox, COUNTY)
    workbook = tmp_path / "review.xlsx"
    write_review(store, scored.run.run_id, workbook)
    line = next(iter(reviewed["waiting"]))
    ((_, key),) = decide(workbook, {line: "同一户"})
    apply_review(store, workbook, "2002")
    again = score_into(store, county_inbox, COUNTY)
    put_in_force(store, again.run.run_id)
    found = explain(store, key)
    text = explain_text(found, found["versions"], found["signatures"])
    (said,) = [row for row in text.splitlines() if "machinery_subsidy" in row and f"第 {line} 行" in row]
    assert "（人工确认）" in said
    assert "得分" in said


def test_what_was_decided_is_not_asked_again(reviewed, tmp_path):
    made = write_review(reviewed["store"], reviewed["runs"]["confirmed"].run.run_id, tmp_path / "again.xlsx")
    assert made.rows == reviewed["made"].rows - len(reviewed["decided"])


@pytest.mark.parametrize(
    ("header", "written", "said"),
    [
        (VERDICT_HEADER, "也许", "the verdict is none of"),
        (HOUSEHOLD_HEADER, "h" + "a" * 26, "no doubtful link of that run"),
        (KEY_HEADER, "k" + "a" * 26, "no doubtful link of that run"),
    ],
)
def test_a_workbook_that_was_altered_is_refused_whole(reviewed, tmp_path, header, written, said):
    path = Path(shutil.copy(reviewed["workbook"], tmp_path / "review.xlsx"))
    book = openpyxl.load_workbook(path)
    book.active.cell(FIRST_ROW + 1, column(VERDICT_HEADER)).value = "同一户"
    book.active.cell(FIRST_ROW + 1, column(header)).value = written
    book.save(path)
    entries = len(read_ledger(reviewed["store"].root / "ledger"))
    with pytest.raises(UsageError, match=f"row {FIRST_ROW + 1}: {said}"):
        apply_review(reviewed["store"], path, "2002")
    assert len(read_ledger(reviewed["store"].root / "ledger")) == entries


def test_another_file_is_refused_with_what_to_give(reviewed, tmp_path):
    other = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(other)
    with pytest.raises(UsageError, match="give the workbook that `links review` wrote"):
        apply_review(reviewed["store"], other, "2002")
    with pytest.raises(UsageError, match="no workbook that can be read"):
        apply_review(reviewed["store"], tmp_path / "absent.xlsx", "2002")


@pytest.mark.office
def test_a_workbook_saved_by_libreoffice_says_the_same(reviewed, tmp_path, county_inbox):
    store = new_store(tmp_path)
    scored = score_into(store, county_inbox, COUNTY)
    workbook = tmp_path / "review.xlsx"
    write_review(store, scored.run.run_id, workbook)
    decided = decide(workbook, reviewed["waiting"])
    saved = tmp_path / "saved"
    command = ["soffice", "--headless", "--norestore", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(saved), str(workbook)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    applied = apply_review(store, saved / "review.xlsx", "2002")
    assert (applied.same, applied.other, applied.unchanged) == (len(decided), 0, 0)
    again = links_of(score_into(store, county_inbox, COUNTY))
    assert {again[int(line)]["status"] for line in reviewed["waiting"]} == {"confirmed"}


@pytest.fixture(scope="module")
def sampled(county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A sample of ten links a pass, all right but those of one pass, and the run after it."""
    folder = tmp_path_factory.mktemp("sample")
    store = new_store(folder)
    before = score_into(store, county_inbox, COUNTY)
    workbook = folder / "sample.xlsx"
    made = write_review(store, before.run.run_id, workbook, sample_size=10)
    book = openpyxl.load_workbook(workbook)
    page = book.active
    grounds = column("依据")
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        is_wrong = "隐去" in str(page.cell(row, grounds).value)
        page.cell(row, column(VERDICT_HEADER)).value = "不是同一户" if is_wrong else "同一户"
    book.save(workbook)
    applied = apply_review(store, workbook, "2002")
    return {"store": store, "before": before, "made": made, "applied": applied, "after": score_into(store, county_inbox, COUNTY)}  # fmt: skip


def test_a_sample_says_how_often_each_pass_is_wrong_at_most(sampled):
    (act,) = [entry for entry in read_ledger(sampled["store"].root / "ledger") if entry.act == "link_sample"]
    found = {row["pass"]: row for row in act.details["passes"]}
    right = found["id_and_name"]
    assert (right["checked"], right["wrong"]) == (10, 0)
    assert right["wrong_at_most"] == pytest.approx(1 - 0.05 ** (1 / 10), abs=1e-5)
    records = sum(1 for row in rows_of(sampled["before"], "links") if row["pass"] == "id_and_name")
    assert 10 < right["links"] <= records  # each row stands for so many records of its pass
    assert found["masked_id"]["wrong"] == found["masked_id"]["checked"] > 1


def test_a_pass_that_a_sample_finds_wrong_waits_for_a_person(sampled):
    before, after = (
        {(row["file_name"], row["line_number"]): row for row in rows_of(sampled[name], "links")}
        for name in ("before", "after")
    )
    masked = [key for key, row in before.items() if row["pass"] == "masked_id"]
    assert {before[key]["status"] for key in masked} == {"automatic"}
    assert {after[key]["status"] for key in masked} <= {"provisional", "refused"}
    others = [key for key, row in before.items() if row["pass"] == "id_and_name"]
    assert {after[key]["status"] for key in others} == {"automatic"}


def test_a_small_sample_licenses_nothing(sampled):
    (gate,) = [row for row in rows_of(sampled["after"], "gates") if row["gate"] == "unlicensed_link_passes"]
    assert (gate["value"], gate["verdict"]) == (1.0, "warn")


@pytest.mark.parametrize(
    ("checked", "wrong", "licensed", "revoked"),
    [(2994, 0, False, False), (2995, 0, True, False), (2995, 1, False, False), (30, 1, False, True)],
)
def test_a_pass_is_licensed_by_enough_right_links_and_revoked_by_enough_wrong_ones(
    checked, wrong, licensed, revoked
):
    rows = [({"pass": "masked_id", "weight": 2.0}, "other" if n < wrong else "same") for n in range(checked)]
    details = {"county_code": COUNTY, "as_of": "2026-11-01", "passes": sample_result(rows)}
    entry = Entry(1, "link_sample", "2026-11-02T00:00:00+00:00", "2002", "run", details, "0" * 64)
    assert licensed_passes([entry], COUNTY, date(2026, 11, 30)) == (("masked_id",) if licensed else ())
    assert licensed_passes([entry], COUNTY, date(2027, 11, 30)) == ()
    assert revoked_passes([entry], COUNTY) == (("masked_id",) if revoked else ())
    assert revoked_passes([entry], "653199") == ()
