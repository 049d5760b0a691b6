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

from tests.conftest import Scored, copy_of, linked_rows, new_store, next_run_id, put_in_force, score_into
from village_credit.errors import UsageError
from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.county import take_in
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.link_samples import licensed_passes, revoked_passes, sample_result
from village_credit.ledger.link_verdicts import link_verdicts
from village_credit.ledger.log import Entry
from village_credit.pseudonyms import household_key
from village_credit.report.account import account_text
from village_credit.services.casework.link_review import apply_review, write_review
from village_credit.services.queries.explain import explain
from village_credit.workbooks.decision_workbook import FIRST_ROW, VERDICT_HEADER
from village_credit.workbooks.link_review import HEADERS, HOUSEHOLD_HEADER, KEY_HEADER

COUNTY = "659900"


def rows_of(scored: Scored, table: str) -> list[dict[str, Any]]:
    path = str(scored.store.run_folder(scored.run.run_id) / f"{table}.parquet")
    return duckdb.connect().sql("FROM read_parquet($p)", params={"p": path}).to_arrow_table().to_pylist()


def linked(scored: Scored) -> list[dict[str, Any]]:
    return linked_rows(scored.store, scored.run.run_id).to_pylist()


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
    return {row["line_number"]: row for row in linked(scored) if row["source_table"] == list_name}


def bands(scored: Scored) -> dict[str, int]:
    return {row["household_key"]: row["band_yuan"] or 0 for row in rows_of(scored, "waterfall")}


@pytest.fixture(scope="module")
def reviewed(staged: Scored, county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run, the same confirmed in every provisional machine, and the same with these withdrawn again."""
    folder = tmp_path_factory.mktemp("review")
    runs = {"before": copy_of(staged, folder)}
    store = runs["before"].store
    workbook = folder / "review.xlsx"
    made = write_review(store, runs["before"].run.run_id, workbook)
    waiting = {str(n): "同一户" for n, row in links_of(runs["before"]).items() if row["status"] == "provisional"}
    decided = decide(workbook, waiting)
    first = apply_review(store, workbook, "2002")
    runs["confirmed"] = score_into(store, county_inbox, COUNTY)
    then = copy_of(runs["confirmed"], tmp_path_factory.mktemp("then"))
    decide(workbook, dict.fromkeys(waiting, "不是同一户"))
    second = apply_review(store, workbook, "3003")
    runs["withdrawn"] = score_into(store, county_inbox, COUNTY)
    return {
        "store": store,
        "then": then,
        "runs": runs,
        "made": made,
        "waiting": waiting,
        "decided": decided,
        "applied": (first, second),
        "workbook": workbook,
    }


def test_confirmed_links_are_confirmed_in_the_next_run(reviewed):
    assert len(reviewed["waiting"]) > 10
    first, _ = reviewed["applied"]
    assert (first.same, first.other) == (len(reviewed["decided"]), 0)
    after = links_of(reviewed["runs"]["confirmed"])
    assert {after[int(line)]["status"] for line in reviewed["waiting"]} == {"confirmed"}
    before = links_of(reviewed["runs"]["before"])
    assert all(after[int(n)]["household_key"] == before[int(n)]["household_key"] for n in reviewed["waiting"])


def test_a_confirmed_machine_raises_the_band_term_and_a_withdrawn_link_takes_it_back(reviewed):
    before, confirmed, withdrawn = (bands(reviewed["runs"][name]) for name in ("before", "confirmed", "withdrawn"))
    raised = [key for key in before if confirmed[key] > before[key]]
    assert raised
    assert not [key for key in before if confirmed[key] < before[key]]
    assert withdrawn == before
    statuses = {links_of(reviewed["runs"]["withdrawn"])[int(n)]["status"] for n in reviewed["waiting"]}
    assert statuses == {"refused"}


def test_the_run_is_named_by_what_people_said(reviewed):
    assert len({run.run.run_id for run in reviewed["runs"].values()}) == 3


def test_the_ledger_says_who_decided_and_names_nobody(reviewed):
    acts = [entry for entry in Ledger.of(reviewed["store"]) if entry.act == "link_verdicts"]
    assert [act.by for act in acts] == ["2002", "3003"]
    said = json.dumps([act.details for act in acts], ensure_ascii=False)
    page = openpyxl.load_workbook(reviewed["workbook"]).active
    names = {page.cell(row, column("姓名（来表）")).value for row in range(FIRST_ROW + 1, page.max_row + 1)}
    assert not [name for name in names if name and name in said]


def test_explain_says_that_a_person_confirmed(reviewed, tmp_path):
    again = copy_of(reviewed["then"], tmp_path)
    store, line = again.store, next(iter(reviewed["waiting"]))
    key = links_of(again)[int(line)]["household_key"]
    put_in_force(store, again.run.run_id)
    found = explain(store, key)
    text = account_text(found)
    (said,) = [row for row in text.splitlines() if "农机购置补贴" in row and f"行 {line}，" in row]
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
    entries = len(Ledger.of(reviewed["store"]))
    with pytest.raises(UsageError, match=f"row {FIRST_ROW + 1}: {said}"):
        apply_review(reviewed["store"], path, "2002")
    assert len(Ledger.of(reviewed["store"])) == entries


def with_rows(source: Path, path: Path, *rows: tuple[str, dict[str, str]]) -> Path:
    """Copy a workbook with its first row decided, and repeated below with changed cells, each with its verdict."""
    book = openpyxl.load_workbook(source)
    page = book.active
    first = {header: page.cell(FIRST_ROW + 1, column(header)).value for header in HEADERS}
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        page.cell(row, column(VERDICT_HEADER)).value = None
    for verdict, changes in rows:
        page.append([{**first, **changes, VERDICT_HEADER: verdict}[header] for header in HEADERS])
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (("不是同一户", {}), "one record and household, two verdicts"),
        (("同一户", {HOUSEHOLD_HEADER: "h" + "a" * 26}), "one record cannot be of two households"),
    ],
)
def test_rows_that_contradict_each_other_are_refused_whole(reviewed, tmp_path, second, said):
    last = openpyxl.load_workbook(reviewed["workbook"]).active.max_row
    path = with_rows(reviewed["workbook"], tmp_path / "review.xlsx", ("同一户", {}), second)
    entries = len(Ledger.of(reviewed["store"]))
    with pytest.raises(UsageError, match=f"rows {last + 1} and {last + 2}: {said}; nothing was applied"):
        apply_review(reviewed["store"], path, "2002")
    assert len(Ledger.of(reviewed["store"])) == entries


@pytest.mark.parametrize("header", [VERDICT_HEADER, KEY_HEADER, HOUSEHOLD_HEADER])
def test_a_workbook_without_a_needed_header_is_refused_by_name(reviewed, tmp_path, header):
    path = Path(shutil.copy(reviewed["workbook"], tmp_path / "review.xlsx"))
    book = openpyxl.load_workbook(path)
    book.active.cell(FIRST_ROW, column(header)).value = "别的"
    book.save(path)
    with pytest.raises(UsageError, match=f"no row of headers with .*{header}.*its headers untouched"):
        apply_review(reviewed["store"], path, "2002")


@pytest.mark.parametrize("size", [0, -3])
def test_a_sample_is_of_at_least_one_link(reviewed, tmp_path, size):
    with pytest.raises(UsageError, match=f"--sample {size}: draw at least 1"):
        write_review(reviewed["store"], reviewed["runs"]["before"].run.run_id, tmp_path / "s.xlsx", sample=size)
    assert not (tmp_path / "s.xlsx").exists()


def said_of(*verdicts: tuple[str, str, str]) -> list[dict[str, str]]:
    """Return what holds after verdicts given one after the other, each in an entry of its own."""
    names = ("record_key", "household_key", "verdict")
    entries = [
        Entry(
            n,
            "link_verdicts",
            "2026-11-02T00:00:00+00:00",
            "2002",
            "run",
            {"county_code": COUNTY, "verdicts": [dict(zip(names, said, strict=True))]},
            "0" * 64,
        )
        for n, said in enumerate(verdicts, start=1)
    ]
    return link_verdicts(entries, COUNTY)


def test_a_later_household_of_a_record_replaces_an_earlier_one():
    said = said_of(("r", "h1", "same"), ("r", "h3", "other"), ("q", "h1", "same"), ("r", "h2", "same"))
    assert [(row["record_key"], row["household_key"], row["verdict"]) for row in said] == [
        ("q", "h1", "same"),
        ("r", "h2", "same"),
        ("r", "h3", "other"),
    ]


def test_another_file_is_refused_with_what_to_give(reviewed, tmp_path):
    other = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(other)
    with pytest.raises(UsageError, match="give the workbook that `links review` wrote"):
        apply_review(reviewed["store"], other, "2002")
    with pytest.raises(UsageError, match="no workbook that can be read"):
        apply_review(reviewed["store"], tmp_path / "absent.xlsx", "2002")


@pytest.mark.office
def test_a_workbook_saved_by_libreoffice_says_the_same(reviewed, staged, tmp_path, county_inbox):
    store = copy_of(staged, tmp_path).store
    workbook = tmp_path / "review.xlsx"
    write_review(store, staged.run.run_id, workbook)
    decided = decide(workbook, reviewed["waiting"])
    saved = tmp_path / "saved"
    command = [
        "soffice",
        "--headless",
        "--norestore",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(saved),
        str(workbook),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    applied = apply_review(store, saved / "review.xlsx", "2002")
    assert (applied.same, applied.other, applied.unchanged) == (len(decided), 0, 0)
    # the next run is the very one in which all of these are confirmed
    assert next_run_id(store, county_inbox, COUNTY) == reviewed["runs"]["confirmed"].run.run_id


@pytest.fixture(scope="module")
def sampled(staged: Scored, county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A sample of ten links a pass, all right but those of one pass, and the run after it."""
    folder = tmp_path_factory.mktemp("sample")
    before = copy_of(staged, folder)
    store = before.store
    workbook = folder / "sample.xlsx"
    made = write_review(store, before.run.run_id, workbook, sample=10)
    book = openpyxl.load_workbook(workbook)
    page = book.active
    grounds = column("依据")
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        is_wrong = "隐去" in str(page.cell(row, grounds).value)
        page.cell(row, column(VERDICT_HEADER)).value = "不是同一户" if is_wrong else "同一户"
    book.save(workbook)
    applied = apply_review(store, workbook, "2002")
    after = score_into(store, county_inbox, COUNTY)
    waiting = write_review(store, after.run.run_id, folder / "waiting.xlsx")
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        page.cell(row, column(VERDICT_HEADER)).value = "同一户"
    book.save(workbook)
    samples = Ledger.of(store)
    corrected = apply_review(store, workbook, "3003")
    return {
        "store": store,
        "before": before,
        "made": made,
        "applied": applied,
        "after": after,
        "waiting": waiting,
        "samples": samples,
        "corrected": corrected,
        "again": score_into(store, county_inbox, COUNTY),
    }


def test_a_sample_says_how_often_each_pass_is_wrong_at_most(sampled):
    (act,) = [entry for entry in sampled["samples"] if entry.act == "link_sample"]
    found = {row["pass"]: row for row in act.details["passes"]}
    right = found["id_and_name"]
    assert (right["checked"], right["wrong"]) == (10, 0)
    assert right["wrong_at_most"] == pytest.approx(1 - 0.05 ** (1 / 10), abs=1e-5)
    records = sum(1 for row in rows_of(sampled["before"], "links") if row["pass"] == "id_and_name")
    assert 10 < right["links"] <= records  # each row stands for so many records of its pass
    assert found["masked_id"]["wrong"] == found["masked_id"]["checked"] > 1


def test_a_pass_that_a_sample_finds_wrong_waits_for_a_person(sampled):
    before, after = (
        {(row["file_name"], row["line_number"]): row for row in linked(sampled[name])} for name in ("before", "after")
    )
    masked = [key for key, row in before.items() if row["pass"] == "masked_id"]
    assert {before[key]["status"] for key in masked} == {"automatic"}
    assert {after[key]["status"] for key in masked} <= {"provisional", "refused"}
    others = [key for key, row in before.items() if row["pass"] == "id_and_name"]
    assert {after[key]["status"] for key in others} == {"automatic"}


def test_the_links_of_a_revoked_pass_are_offered_to_a_person(sampled):
    waiting = [row for row in linked(sampled["after"]) if row["pass"] == "masked_id" and row["status"] == "provisional"]
    assert 0 < sampled["waiting"].grounds["masked_id"] <= len(waiting)  # rows of one record share a line


def test_a_wrong_word_in_a_sample_is_taken_back_by_the_corrected_sample(sampled):
    before, again = (
        {(row["file_name"], row["line_number"]): row for row in linked(sampled[name])} for name in ("before", "again")
    )
    masked = [key for key, row in before.items() if row["pass"] == "masked_id"]
    assert {again[key]["status"] for key in masked} == {"automatic", "confirmed"}
    assert all(again[key]["household_key"] == before[key]["household_key"] for key in masked)


def test_a_small_sample_licenses_nothing(sampled):
    (gate,) = [row for row in rows_of(sampled["after"], "gates") if row["gate"] == "unlicensed_link_passes"]
    assert (gate["value"], gate["verdict"]) == (1.0, "warn")


@pytest.mark.parametrize(
    ("checked", "wrong", "licensed", "revoked"),
    [(2994, 0, False, False), (2995, 0, True, False), (2995, 1, False, False), (30, 1, False, True)],
)
def test_a_pass_is_licensed_by_enough_right_links_and_revoked_by_enough_wrong_ones(checked, wrong, licensed, revoked):
    rows = [({"pass": "masked_id", "weight": 2.0}, "other" if n < wrong else "same") for n in range(checked)]
    details = {"county_code": COUNTY, "as_of": "2026-11-01", "passes": sample_result(rows)}
    entry = Entry(1, "link_sample", "2026-11-02T00:00:00+00:00", "2002", "run", details, "0" * 64)
    assert licensed_passes([entry], COUNTY, date(2026, 11, 30)) == (("masked_id",) if licensed else ())
    assert licensed_passes([entry], COUNTY, date(2027, 11, 30)) == ()
    assert revoked_passes([entry], COUNTY) == (("masked_id",) if revoked else ())
    assert revoked_passes([entry], "653199") == ()


REGISTER = "农业农村局/确权登记"
NEGATIVES = "身份证号,姓名,名单类别,原因代码,依据文号,列入日期,失效日期\n"
MEMBERS = "CBFBM,CYXM,CYXB,CYZJLX,CYZJHM,YHZGX,CYBZ\n"


@pytest.fixture(scope="module")
def claimed(county_inbox: Path, reviewed: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Wives of credited households are listed; a second register claims each; a person says that they are at home."""
    folder = tmp_path_factory.mktemp("claimed")
    store = new_store(folder)
    own = reviewed["store"].keys
    granted = {
        row["household_key"] for row in rows_of(reviewed["runs"]["before"], "decisions") if row["decision"] == "granted"
    }
    archive = county_inbox / COUNTY / REGISTER / f"{COUNTY}承包地确权成果.zip"
    intake = take_in([DeliveredFile("r.zip", archive.read_bytes(), "0" * 64)], date(2026, 11, 1), COUNTY)
    people = intake.identities.to_pylist()
    wives = [
        row
        for row in people
        if row["relation"] == "spouse" and row["person_id"] and household_key(own, row["unit_code"]) in granted
    ]
    pairs = list(zip(wives[:4], wives[4:8], strict=True))  # each is claimed by the household of another
    inbox = folder / "inbox"
    shutil.copytree(county_inbox, inbox)
    listed = "".join(
        f"{a['person_id']},{a['name']},失信被执行人,6,文{n},2026-01-01,2029-01-01\n" for n, (a, _) in enumerate(pairs)
    )
    (inbox / COUNTY / "信用社/风险部/新增负面.csv").write_text(NEGATIVES + listed, encoding="utf-8-sig")
    again = "".join(f"{b['unit_code']},{a['name']},2,1,{a['person_id']},30,\n" for a, b in pairs)
    (inbox / COUNTY / REGISTER / "成员补充.csv").write_text(MEMBERS + again, encoding="utf-8-sig")
    runs = {"before": score_into(store, inbox, COUNTY)}
    workbook = folder / "review.xlsx"
    write_review(store, runs["before"].run.run_id, workbook)
    at_home, other = ([household_key(store.keys, pair[n]["unit_code"]) for pair in pairs] for n in (0, 1))
    asked = _say_at_home(workbook, at_home)
    apply_review(store, workbook, "2002")
    runs["settled"] = score_into(store, inbox, COUNTY)
    return {"runs": runs, "at_home": at_home, "other": other, "asked": asked}


def _say_at_home(workbook: Path, at_home: list[str]) -> list[tuple[str, str]]:
    """Say 同一户 of each contested listing and the household where she is at home.

    Gives all that was asked of these.
    """
    book = openpyxl.load_workbook(workbook)
    page = book.active
    asked = []
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        if page.cell(row, column("文件")).value.startswith("信用社/风险部/新增负面.csv"):
            unit = page.cell(row, column(HOUSEHOLD_HEADER)).value
            asked.append((page.cell(row, column(KEY_HEADER)).value, unit))
            if unit in at_home:
                page.cell(row, column(VERDICT_HEADER)).value = "同一户"
    book.save(workbook)
    return asked


def reasons(scored: Scored) -> dict[str, tuple[str, list[str]]]:
    return {row["household_key"]: (row["decision"], row["reason_codes"]) for row in rows_of(scored, "decisions")}


def test_a_listing_is_not_lost_where_a_second_register_claims_the_person(claimed):
    found = reasons(claimed["runs"]["before"])
    for unit in (*claimed["at_home"], *claimed["other"]):
        assert found[unit][0] != "granted"
        assert "LINK_UNCONFIRMED" in found[unit][1]


def test_a_person_is_asked_of_each_claimant_and_one_word_settles_both(claimed):
    assert sorted(unit for _, unit in claimed["asked"]) == sorted(claimed["at_home"] + claimed["other"])
    found = reasons(claimed["runs"]["settled"])
    assert all(found[unit][0] == "declined" and "NEGATIVE_LIST" in found[unit][1] for unit in claimed["at_home"])
    assert all("LINK_UNCONFIRMED" not in found[unit][1] for unit in claimed["other"])


def test_every_record_has_one_link(claimed, reviewed, sampled):
    """Whatever claims, samples and verdicts say: one link for each line, and a row of `links` for each record."""
    for scored in (*claimed["runs"].values(), *reviewed["runs"].values(), sampled["again"]):
        lines = [(row["file_name"], row["sheet"], row["line_number"]) for row in linked(scored)]
        assert len(lines) == len(set(lines)) >= len(rows_of(scored, "links")) > 1000
