"""Contractor codes merge, split and are numbered anew: limits, terms, holds and debts stay with the people."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, PREPARER, Scored, copy_of, put_in_force, score_into
from tests.recoded import Changes, decisions, granted, identities, new_code, recoded_inbox
from village_credit.errors import GateRefused, MissingInput, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.report.account import account_text
from village_credit.services.approval.approve import approve
from village_credit.services.casework import holds
from village_credit.services.casework.household_lookup import key_of
from village_credit.services.casework.successors import apply_successors, write_successors
from village_credit.services.queries import verify
from village_credit.services.queries.explain import explain
from village_credit.services.servicing.usage import record_usage
from village_credit.store.runs import failed_gates
from village_credit.store.store import Store
from village_credit.workbooks.decision_workbook import FIRST_ROW

LATER, NEXT = date(2026, 12, 1), date(2027, 1, 1)


def lineage(store: Store, run_id: str) -> list[dict[str, Any]]:
    return pq.read_table(store.run_folder(run_id) / "lineage.parquet").to_pylist()


def package(store: Store, publication_id: str) -> dict[str, dict[str, str]]:
    """What the branches are told, by ID number."""
    rows = {}
    for path in (store.root / "outbox" / COUNTY_OF_TESTS / publication_id).glob("*/limits.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows |= {row["身份证号码"].strip(): row for row in csv.DictReader(file)}
    return rows


def owe(store: Store, folder: Path, reference: str, contract: str, year: int = 2026) -> None:
    """Draw 6,000 yuan under a contract of its own."""
    for name, head, line in (
        ("合同", "household_ref,contract_no,signed_on,channel", f"{reference},{contract},{year}-11-03,counter"),
        ("用信", "contract_no,amount_yuan,drawn_on,purpose", f"{contract},6000,{year}-11-07,seed"),
    ):
        path = folder / f"{name}{contract}.csv"
        path.write_text(f"{head}\n{line}\n", encoding="utf-8")
        record_usage(store, path, "6006")


@pytest.fixture(scope="module")
def story(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """November as published; draws; December with a recoding, a merge, a split; January with no list any more."""
    folder = tmp_path_factory.mktemp("lineage")
    scored = copy_of(quiet, folder)
    store, village = scored.store, granted(quiet)
    codes = village.codes
    people = {row["household_key"]: row["person_id"] for row in identities(store, quiet.run.run_id)}
    references = package(store, Ledger.of(store).publications[0].publication_id)
    for number, place in enumerate((2, 7)):  # who merges second owes, and who is gone for good
        owe(store, folder, references[people[village.keys[place]]]["household_ref"], f"HT-{number}")
    holds.hold(store, village.keys[4], "2002", "x")
    changes = Changes(
        recoded={codes[0]: new_code(codes[0], 1)},
        merged=[(codes[1], codes[2], new_code(codes[1], 2)), (codes[3], codes[4], new_code(codes[3], 3))],
        split=[(codes[5], new_code(codes[5], 4), new_code(codes[5], 5))],
        left=[codes[7]],
    )
    inbox = recoded_inbox(scored.inbox, folder / "inbox", changes)
    second = score_into(store, inbox, COUNTY_OF_TESTS, LATER).run.run_id
    told = put_in_force(store, second)
    (inbox / COUNTY_OF_TESTS / "承包方编码变更.csv").unlink()
    third = score_into(store, inbox, COUNTY_OF_TESTS, NEXT).run.run_id
    return {
        "store": store, "keys": village.keys, "codes": codes, "people": people, "changes": changes, "inbox": inbox,
        "first": quiet.run.run_id, "second": second, "third": third, "told": told,
    }  # fmt: skip


def test_who_is_only_numbered_anew_goes_on_as_if_nothing_had_happened(story: dict[str, Any]):
    store, key = story["store"], story["keys"][0]
    before, after = (decisions(store, story[run])[key] for run in ("first", "second"))
    assert (after["decision"], after["valid_from"], after["valid_to"]) == (
        "granted",
        before["valid_from"],
        before["valid_to"],
    )
    (row,) = (row for row in lineage(store, story["second"]) if row["from_key"] == key)
    assert (row["role"], row["household_key"], row["basis"], row["since"]) == ("goes_on", key, "listed", LATER)
    assert row["own_key"] != key
    assert row["holds_borrower"]


def test_households_that_merge_have_one_line_that_of_their_head(story: dict[str, Any]):
    store, (first, second) = story["store"], story["keys"][1:3]
    before, after = decisions(store, story["first"]), decisions(store, story["second"])
    assert second not in after
    line = after[first]
    assert (line["valid_from"], line["valid_to"]) == (before[first]["valid_from"], before[first]["valid_to"])
    assert line["limit_yuan"] <= before[first]["limit_yuan"] + before[second]["limit_yuan"] - 6000
    roles = {row["from_key"]: row["role"] for row in lineage(store, story["second"]) if row["household_key"] == first}
    assert roles == {first: "goes_on", second: "merged"}
    told = package(store, story["told"].publication_id)[story["people"][second]]
    assert (told["action"], told["limit_yuan"]) == ("freeze", "6000")  # what is owed stays owed


def test_what_is_owed_on_a_line_that_a_merge_closed_is_another_loan(story: dict[str, Any]):
    store, first = story["store"], story["keys"][1]
    for run in ("second", "third"):
        terms = pq.read_table(store.run_folder(story[run]) / "waterfall.parquet").to_pylist()
        (row,) = (row for row in terms if row["household_key"] == first)
        assert row["other_unsecured_yuan"] >= 6000
        assert row["existing_service_yuan"] > 0


def test_a_hold_on_one_of_two_that_merge_stops_what_they_become(story: dict[str, Any]):
    store, (one, held) = story["store"], story["keys"][3:5]
    for run in ("second", "third"):
        (row,) = (r for k, r in decisions(store, story[run]).items() if k in (one, held))
        assert (row["decision"], row["reason_codes"][0], row["limit_yuan"]) == ("manual_review", "HELD", 0)


def test_of_a_split_the_one_with_the_borrower_takes_the_line_and_the_other_starts_anew(story: dict[str, Any]):
    store, key = story["store"], story["keys"][5]
    before, after = (decisions(store, story[run]) for run in ("first", "second"))
    assert (after[key]["valid_from"], after[key]["valid_to"]) == (before[key]["valid_from"], before[key]["valid_to"])
    (apart,) = (row for row in lineage(store, story["second"]) if row["from_key"] == key and row["role"] == "split_off")
    row = after[apart["household_key"]]
    assert (row["decision"], row["limit_yuan"], "RECODED" in row["reason_codes"]) == ("manual_review", 0, True)
    assert after[key]["limit_yuan"] <= before[key]["limit_yuan"]
    assert "RECODED" not in decisions(store, story["third"])[apart["household_key"]]["reason_codes"]


def test_who_owes_and_is_gone_is_frozen_at_his_branch_and_never_removed(story: dict[str, Any]):
    told = package(story["store"], story["told"].publication_id)
    row = told[story["people"][story["keys"][7]]]
    assert (row["action"], row["limit_yuan"]) == ("freeze", "6000")


def test_keys_stay_after_the_list_is_delivered_no_more(story: dict[str, Any]):
    store = story["store"]
    second, third = (decisions(store, story[run]) for run in ("second", "third"))
    assert set(second) == set(third)
    old, new = ([{**row, "run_id": ""} for row in lineage(store, story[run])] for run in ("second", "third"))
    assert old == new


def test_a_household_is_found_by_its_new_code(story: dict[str, Any]):
    new = story["changes"].recoded[story["codes"][0]]
    assert key_of(story["store"], "-", new, "1001") == story["keys"][0]


def test_no_merge_or_split_raises_the_sum_of_limits_on_its_day(story: dict[str, Any]):
    before, after = (decisions(story["store"], story[run]) for run in ("first", "second"))
    groups = [story["keys"][1:3], story["keys"][3:5], story["keys"][5:6]]
    found = lineage(story["store"], story["second"])
    for group in groups:
        became = {row["household_key"] for row in found if row["from_key"] in group}
        assert sum(after[key]["limit_yuan"] for key in became) <= sum(before[key]["limit_yuan"] for key in group)


def test_each_run_is_rebuilt_and_the_account_says_whom_a_household_was(story: dict[str, Any]):
    store, keys = story["store"], story["keys"]
    for run in ("second", "third"):
        found = verify.verify_run(store, story[run], MODELS)
        assert (found.is_whole, found.is_rebuilt) == (True, True)
    told = explain(store, keys[1])
    text = account_text(told)
    assert f"承包方编码变更：并入原户 {keys[2]}（合户，据编码变更表，2026-11-15）" in text
    with pytest.raises(MissingInput, match=f"see household {keys[1]}"):
        explain(store, keys[2])


# nobody delivers a list: what shared numbers propose goes to a person


@pytest.fixture(scope="module")
def unlisted(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """December's register with two households under other codes and no list, staged."""
    folder = tmp_path_factory.mktemp("unlisted")
    scored, village = copy_of(quiet, folder), granted(quiet)
    codes = village.codes
    changes = Changes(recoded={codes[0]: new_code(codes[0], 1), codes[1]: new_code(codes[1], 2)})
    inbox = recoded_inbox(scored.inbox, folder / "inbox", changes, is_listed=False)
    run_id = score_into(scored.store, inbox, COUNTY_OF_TESTS, LATER).run.run_id
    return {"scored": scored, "inbox": inbox, "run": run_id, "keys": village.keys, "codes": codes, "changes": changes}


def test_a_proposed_successor_waits_and_its_line_is_not_closed_before(unlisted: dict[str, Any]):
    store, run_id = unlisted["scored"].store, unlisted["run"]
    proposed = {row["from_key"]: row for row in lineage(store, run_id)}
    assert set(proposed) == set(unlisted["keys"][:2])
    for row in proposed.values():
        assert (row["role"], row["basis"], row["holds_borrower"]) == ("proposed", "shared_numbers", True)
        decided = decisions(store, run_id)[row["household_key"]]
        assert (decided["decision"], decided["limit_yuan"]) == ("manual_review", 0)
        assert "RECODED" in decided["reason_codes"]
    assert failed_gates(store, run_id) == ["recoded_households"]
    with pytest.raises(GateRefused, match="recoded_households"):
        approve(store, run_id, "2002", "x", [])


@pytest.mark.parametrize(
    ("header", "value", "fault"), [("结论", "也许", "none of 承继, 无关"), ("现户编号", "h" + "a" * 26, "no such pair")]
)
def test_an_altered_workbook_is_refused_whole(
    unlisted: dict[str, Any], tmp_path: Path, header: str, value: str, fault: str
):
    store, book = unlisted["scored"].store, tmp_path / "successors.xlsx"
    write_successors(store, unlisted["run"], book)
    fill(book, dict.fromkeys(unlisted["codes"][:2], "承继"), {header: value})
    acts = len(Ledger.of(store))
    with pytest.raises(UsageError, match=fault):
        apply_successors(store, book, "2002")
    assert len(Ledger.of(store)) == acts


def test_a_person_confirms_one_and_refuses_the_other(unlisted: dict[str, Any], tmp_path: Path):
    store, run_id, keys = unlisted["scored"].store, unlisted["run"], unlisted["keys"]
    book = tmp_path / "successors.xlsx"
    made = write_successors(store, run_id, book)
    assert (made.rows, made.kinds, book.stat().st_mode & 0o777) == (2, {"with_borrower": 2}, 0o600)
    said = {unlisted["codes"][0]: "承继", unlisted["codes"][1]: "无关"}
    fill(book, said)
    with pytest.raises(GateRefused, match="second person"):
        apply_successors(store, book, PREPARER)
    done = apply_successors(store, book, "2002")
    assert (done.same, done.other, done.unchanged) == (1, 1, 0)
    assert apply_successors(store, book, "2002").unchanged == 2
    assert write_successors(store, run_id, tmp_path / "again.xlsx").rows == 0
    after = score_into(store, unlisted["inbox"], COUNTY_OF_TESTS, LATER).run.run_id
    (row,) = lineage(store, after)
    assert (row["from_key"], row["household_key"], row["role"], row["basis"]) == (
        keys[0],
        keys[0],
        "goes_on",
        "confirmed",
    )
    before = decisions(store, Ledger.of(store).publications[0].run_id)[keys[0]]
    assert decisions(store, after)[keys[0]]["valid_to"] == before["valid_to"]
    assert keys[1] not in decisions(store, after)
    assert failed_gates(store, after) == []
    assert verify.verify_run(store, after, MODELS).is_rebuilt


def fill(book: Path, said: dict[str, str], others: dict[str, str] | None = None) -> None:
    """Write verdicts by the old code; `others`: what stands in the first row besides."""
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["承继核实"]
    at = {cell.value: cell.column for cell in sheet[FIRST_ROW]}
    for row in sheet.iter_rows(min_row=FIRST_ROW + 1):
        row[0].value = said[row[at["原承包方编码"] - 1].value]
    for header, value in (others or {}).items():
        sheet.cell(FIRST_ROW + 1, at[header]).value = value
    workbook.save(book)


# a household that is gone into one that keeps its code, and a list that comes late


@pytest.fixture(scope="module")
def late(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A held household that owes moves into another's; nobody lists it in December, and a list comes in January."""
    folder = tmp_path_factory.mktemp("late")
    scored, village = copy_of(quiet, folder), granted(quiet)
    store, (stays, goes), keys = scored.store, village.codes[:2], village.keys[:2]
    people = {row["household_key"]: row["person_id"] for row in identities(store, quiet.run.run_id)}
    reference = package(store, Ledger.of(store).publications[0].publication_id)[people[keys[1]]]["household_ref"]
    owe(store, folder, reference, "HT-9")
    holds.hold(store, keys[1], "2002", "x")
    inbox = recoded_inbox(scored.inbox, folder / "inbox", Changes(merged=[(stays, goes, stays)]), is_listed=False)
    second = score_into(store, inbox, COUNTY_OF_TESTS, LATER).run.run_id
    failed = failed_gates(store, second)
    put_in_force(store, second)  # somebody overrides the gate
    listed = f"原承包方编码,现承包方编码,变更原因,变更日期\n{goes},{stays},合户,2026-11-15\n"
    (inbox / COUNTY_OF_TESTS / "变更.csv").write_text(listed, encoding="utf-8")
    third = score_into(store, inbox, COUNTY_OF_TESTS, NEXT).run.run_id
    return {"store": store, "keys": keys, "second": second, "third": third, "failed": failed}


def test_who_is_gone_into_a_household_that_stays_is_not_overlooked(late: dict[str, Any]):
    stays, goes = late["keys"]
    assert late["failed"] == ["recoded_households"]
    row = decisions(late["store"], late["second"])[stays]
    assert (row["decision"], "RECODED" in row["reason_codes"]) == ("manual_review", True)
    (proposed,) = lineage(late["store"], late["second"])
    assert (proposed["from_key"], proposed["household_key"], proposed["role"]) == (goes, stays, "proposed")


def test_the_workbook_names_who_went_and_what_he_owes(late: dict[str, Any], tmp_path: Path):
    write_successors(late["store"], late["second"], tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["承继核实"]
    (row,) = sheet.iter_rows(min_row=FIRST_ROW + 1, values_only=True)
    told = dict(zip((cell.value for cell in sheet[FIRST_ROW]), row, strict=True))
    assert told["已用信(元)"] == 6000
    assert None not in (told["原户代表"], told["原承包方编码"], told["现户代表"])


def test_a_list_that_comes_late_brings_the_hold_and_the_debt_after_their_people(late: dict[str, Any]):
    stays, goes = late["keys"]
    store, third = late["store"], late["third"]
    (row,) = lineage(store, third)
    assert (row["from_key"], row["household_key"], row["role"]) == (goes, stays, "merged")
    decided = decisions(store, third)[stays]
    assert (decided["decision"], decided["reason_codes"][0], decided["limit_yuan"]) == ("manual_review", "HELD", 0)
    terms = pq.read_table(store.run_folder(third) / "waterfall.parquet").to_pylist()
    (owed,) = (one["other_unsecured_yuan"] for one in terms if one["household_key"] == stays)
    assert owed >= 6000
    assert verify.verify_run(store, third, MODELS).is_rebuilt


def test_codes_that_are_swapped_take_their_lines_along(quiet: Scored, tmp_path: Path):
    scored, village = copy_of(quiet, tmp_path), granted(quiet)
    (a, b), (key_a, key_b) = village.codes[:2], village.keys[:2]
    inbox = recoded_inbox(scored.inbox, tmp_path / "inbox", Changes(recoded={a: b, b: a}))
    run_id = score_into(scored.store, inbox, COUNTY_OF_TESTS, LATER).run.run_id
    who = {row["household_key"]: row["person_id"] for row in identities(scored.store, run_id)}
    was = {row["household_key"]: row["person_id"] for row in identities(scored.store, quiet.run.run_id)}
    assert (who[key_a], who[key_b]) == (was[key_a], was[key_b])
    before, after = decisions(scored.store, quiet.run.run_id), decisions(scored.store, run_id)
    assert [after[key]["valid_to"] for key in (key_a, key_b)] == [before[key]["valid_to"] for key in (key_a, key_b)]
    assert failed_gates(scored.store, run_id) == []
