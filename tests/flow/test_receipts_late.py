"""Receipts that come again, late, corrected, of a released line, or in a workbook of which not every sheet is one."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.conftest import AS_OF, MODELS, Scored, copy_of, put_in_force, score_into
from tests.flow.test_receipts import (
    CLERK,
    CONTRACT,
    COUNTY,
    DAY,
    DRAW,
    HEADER,
    LATER,
    REPAYMENT,
    _only_row,
    core,
    half,
    in_force_line,
    key_of,
    of_branch,
    publication,
    reasons,
    receipt,
    take,
    view,
)
from village_credit import cli
from village_credit.china_calendar import today
from village_credit.errors import MissingInput, UsageError
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.ledger.returned import ACKNOWLEDGE
from village_credit.pseudonyms import household_ref
from village_credit.publish import outbox as publish
from village_credit.services.casework import holds
from village_credit.services.queries import explain as tell
from village_credit.services.servicing.usage import record_usage
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

CURRENT = "SELECT decision, limit_yuan FROM limits_current WHERE household_key = $key"
RELEASED_ON = today()


@pytest.fixture
def store(quiet: Scored, tmp_path: Path) -> Store:
    return copy_of(quiet, tmp_path).store


@pytest.fixture
def without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare a test that reads no view the time to build them."""
    for room in ("recording", "outbox"):
        monkeypatch.setattr(f"village_credit.publish.{room}.build_warehouse", lambda _store: None)


@pytest.fixture(autouse=True)
def _after_every_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today is no day before those of the receipts here."""
    on_day(monkeypatch, max(today(), date(2026, 12, 31)))


def on_day(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    monkeypatch.setattr("village_credit.services.servicing.receipt_rules.today", lambda: day)


def released(store: Store, key: str) -> tuple[str, dict[str, str]]:
    """Hold a household and let it go on: the release's id, and the row that its branch was told."""
    holds.hold(store, key, "2002", "test")
    done = holds.release(store, key, "2002", "test")
    return Path(done.packages[0]).parent.name, _only_row(done.packages)


def answer(path: Path, told: str, ref: str, outcome: str, limit: Any = "", day: Any = RELEASED_ON) -> Path:
    """Write a receipt of one line of any publication."""
    path.write_text(f"{HEADER}\n{told},{ref},{outcome},,{day},{limit}\n", "utf-8")
    return path


def limit_on(store: Store, key: str, day: date) -> int:
    """The limit that a household has on a day, by the receipts' days."""
    said = branch_limits(Ledger.of(store), day)
    published = in_force_line(store, date(2026, 11, 3), key)["limit_yuan"]
    return next((word.limit_yuan for (_, of, _), word in said.items() if of == key), published)


# a released line


def test_a_released_line_that_is_refused_is_in_force_no_more(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    key, published = key_of(store, row), int(row["limit_yuan"])
    told, line = released(store, key)
    done = take(store, answer(tmp_path / "1.csv", told, line["household_ref"], "refused"))
    assert (done.changed, done.change_yuan, done.publications) == (1, -published, [told])
    assert view(store, CURRENT, key=key) == [("declined", 0)]
    found = tell.explain(store, key)
    assert (found["decision"]["limit_yuan"], found["branch_limit"]["received_on"]) == (0, str(RELEASED_ON))
    late = take(store, receipt(store, tmp_path / "2.csv", (row["household_ref"], "imported", "")))
    assert reasons(late) == {2: "RECEIPT_CONTRADICTS"}  # what was told later was answered already
    assert view(store, CURRENT, key=key) == [("declined", 0)]


def test_a_released_line_may_be_cut_no_further_than_the_published_one(store: Store, tmp_path: Path):
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    policy = tmp_path / "limit_policy.toml"
    policy.write_text(
        text.replace('"branch_authority_down", value = 1.00', '"branch_authority_down", value = 0.50'), "utf-8"
    )
    row = next(row for row in of_branch(store) if int(row["limit_yuan"]) % 2_000 == 0)
    key = key_of(store, row)
    take(store, receipt(store, tmp_path / "1.csv", (row["household_ref"], "changed", half(row))), policy)
    told, line = released(store, key)
    ref = line["household_ref"]
    assert int(line["limit_yuan"]) == half(row)
    further = take(store, answer(tmp_path / "2.csv", told, ref, "changed", half(row) - 1_000), policy)
    assert reasons(further) == {2: "BEYOND_AUTHORITY"}
    less = take(store, answer(tmp_path / "3.csv", told, ref, "changed", half(row) + 1_000), policy)
    assert less.change_yuan == half(row) + 1_000 - int(row["limit_yuan"])
    assert view(store, CURRENT, key=key) == [("granted", half(row) + 1_000)]


def test_the_row_and_its_release_in_one_file_are_taken_by_their_days(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    key = key_of(store, row)
    told, line = released(store, key)
    path = answer(tmp_path / "r.csv", told, line["household_ref"], "changed", half(row))
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{publication(store)},{row['household_ref']},refused,,{DAY},\n")
    done = take(store, path)
    assert (done.counts, done.changed) == ({"accepted": 2, "layout": 1}, 2)
    assert view(store, CURRENT, key=key) == [("granted", half(row))]


# a file that comes again


@pytest.mark.usefixtures("without_views")
def test_a_line_that_was_refused_counts_once_its_branch_is_the_right_one(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    path = receipt(store, tmp_path / "r.csv", (row["household_ref"], "changed", half(row)))
    assert reasons(take(store, path, branch_code="0072")) == {2: "OTHER_BRANCH"}
    acts = len(Ledger.of(store))
    again = take(store, path, branch_code="0072")
    assert (again.noop, again.counts) == (True, {"layout": 1, "quarantined": 1})
    assert len(Ledger.of(store)) == acts
    right = take(store, path, branch_code="0071")
    assert (right.noop, right.counts, right.changed) == (False, {"accepted": 1, "layout": 1}, 1)
    assert limit_on(store, key_of(store, row), LATER) == half(row)
    last = take(store, path, branch_code="0072")
    assert (last.noop, last.counts, last.at) == (True, {"duplicate": 1, "layout": 1}, right.at)


@pytest.mark.usefixtures("without_views")
def test_a_file_whose_branch_was_not_said_counts_once_it_is(store: Store, tmp_path: Path):
    refs = [of_branch(store, branch)[0]["household_ref"] for branch in ("0071", "0072")]
    path = receipt(store, tmp_path / "r.csv", *((ref, "imported", "") for ref in refs))
    assert reasons(take(store, path)) == {2: "BRANCH_NOT_SAID", 3: "BRANCH_NOT_SAID"}
    done = take(store, path, branch_code="0071")
    assert (done.noop, reasons(done), done.outcomes) == (False, {3: "OTHER_BRANCH"}, {"imported": 1})


@pytest.mark.usefixtures("without_views")
def test_a_line_that_was_refused_counts_once_the_policy_gives_the_authority(store: Store, tmp_path: Path):
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8").split("\n")
    bare = tmp_path / "limit_policy.toml"
    bare.write_text("\n".join(line for line in text if "branch_authority" not in line), encoding="utf-8")
    row = of_branch(store)[0]
    path = receipt(store, tmp_path / "r.csv", (row["household_ref"], "changed", half(row)))
    assert reasons(take(store, path, bare)) == {2: "BEYOND_AUTHORITY"}
    done = take(store, path)
    assert (done.noop, done.outcomes) == (False, {"changed": 1})


@pytest.mark.usefixtures("without_views")
def test_a_branch_that_no_publication_knows_is_refused_before_anything_is_recorded(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    path = receipt(store, tmp_path / "r.csv", (row["household_ref"], "imported", ""))
    acts = len(Ledger.of(store))
    with pytest.raises(UsageError, match=r"branch 0017: no such 机构号.*0071, 0072"):
        take(store, path, branch_code="0017")
    assert len(Ledger.of(store)) == acts
    assert not (store.root / "returned").exists() or not list((store.root / "returned").iterdir())


@pytest.mark.usefixtures("without_views")
def test_a_correction_that_comes_again_takes_nothing_over_that_came_since(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    ref, key = row["household_ref"], key_of(store, row)
    take(store, receipt(store, tmp_path / "1.csv", (ref, "imported", "")))
    correction = receipt(store, tmp_path / "回执（更正）.csv", (ref, "changed", half(row)))
    take(store, correction)
    take(store, receipt(store, tmp_path / "3.csv", (ref, "refused", "", "2026-11-09")))
    again = take(store, correction)
    assert (again.noop, again.counts) == (True, {"duplicate": 1, "layout": 1})
    assert limit_on(store, key, LATER) == 0


@pytest.mark.usefixtures("without_views")
def test_a_file_that_contradicts_counts_once_its_name_says_that_it_corrects(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    ref = row["household_ref"]
    take(store, receipt(store, tmp_path / "1.csv", (ref, "imported", "")))
    path = receipt(store, tmp_path / "2.csv", (ref, "changed", half(row)))
    assert reasons(take(store, path)) == {2: "RECEIPT_CONTRADICTS"}
    done = take(store, shutil.copy(path, tmp_path / "2（更正）.csv"))
    assert (done.noop, done.outcomes) == (False, {"changed": 1})


# days


@pytest.mark.usefixtures("without_views")
def test_nobody_has_received_tomorrow(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    row, other = of_branch(store)[:2]
    on_day(monkeypatch, date(2026, 11, 26))
    lines = (row["household_ref"], "refused", "", "2027-01-25"), (other["household_ref"], "refused", "", "2026-11-27")
    path = receipt(store, tmp_path / "r.csv", *lines)
    assert reasons(take(store, path)) == {2: "RECEIPT_IN_FUTURE", 3: "RECEIPT_IN_FUTURE"}
    assert branch_limits(Ledger.of(store)) == {}
    on_day(monkeypatch, date(2026, 11, 27))
    assert reasons(take(store, path)) == {2: "RECEIPT_IN_FUTURE"}


@pytest.mark.usefixtures("without_views")
@pytest.mark.parametrize("day", ["2026-11-03", "2026-12-20"])
def test_a_correction_wins_whatever_its_day_and_moves_the_day(store: Store, tmp_path: Path, day: str):
    row = of_branch(store)[0]
    ref, key, published = row["household_ref"], key_of(store, row), int(row["limit_yuan"])
    take(store, receipt(store, tmp_path / "1.csv", (ref, "changed", half(row), "2026-12-05")))
    again = take(store, receipt(store, tmp_path / "2.csv", (ref, "imported", "", "2026-11-05")))
    assert reasons(again) == {2: "RECEIPT_CONTRADICTS"}
    take(store, receipt(store, tmp_path / "回执（更正）.csv", (ref, "changed", half(row), day)))
    before, on = date.fromisoformat(day).toordinal() - 1, date.fromisoformat(day)
    assert [limit_on(store, key, date.fromordinal(before)), limit_on(store, key, on)] == [published, half(row)]


def test_a_corrected_word_was_never_said_and_the_one_before_it_was():
    def word(limit: int, day: str, corrects_on: str | None) -> Entry:
        said = {
            "publication_id": "p",
            "household_key": "h",
            "product": "farmer_line",
            "published_yuan": 9,
            "limit_yuan": limit,
            "received_on": day,
            "branch_code": "0071",
            "corrects_on": corrects_on,
        }
        return Entry(1, ACKNOWLEDGE, "", "", "", {"changed": [said]}, "")

    entries = [word(5, "2026-11-05", None), word(0, "2026-11-10", None), word(7, "2026-11-20", "2026-11-10")]
    found = {
        day: [word.limit_yuan for word in branch_limits(entries, date(2026, 11, day)).values()]
        for day in (4, 5, 12, 20)
    }
    assert found == {4: [], 5: [5], 12: [5], 20: [7]}


# what is drawn


@pytest.mark.usefixtures("without_views")
def test_no_branch_cuts_below_what_is_drawn(store: Store, tmp_path: Path):
    row = next(row for row in of_branch(store) if int(row["limit_yuan"]) >= 35_000)
    ref = row["household_ref"]
    record_usage(store, core(tmp_path / "c.csv", CONTRACT, f"{ref},HT-1,2026-11-06,counter"), CLERK)
    record_usage(store, core(tmp_path / "d.csv", DRAW, "HT-1,29000,2026-11-07,seed"), CLERK)
    record_usage(store, core(tmp_path / "p.csv", REPAYMENT, "HT-1,9000.50,2026-11-20"), CLERK)
    for name, outcome, limit, day, reason in [
        ("1.csv", "changed", 19_000, "2026-11-07", "BELOW_DRAWN"),
        ("2.csv", "refused", "", "2026-11-19", "BELOW_DRAWN"),
        ("3.csv", "changed", 19_000, "2026-11-20", "BELOW_DRAWN"),  # half a yuan less than is owed
        ("4.csv", "changed", 20_000, "2026-11-20", None),
    ]:
        done = take(store, receipt(store, tmp_path / name, (ref, outcome, limit, day)))
        assert reasons(done) == ({2: reason} if reason else {})
    assert limit_on(store, key_of(store, row), LATER) == 20_000


@pytest.mark.usefixtures("without_views")
def test_before_anything_was_drawn_a_branch_may_refuse(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    ref = row["household_ref"]
    record_usage(store, core(tmp_path / "c.csv", CONTRACT, f"{ref},HT-1,2026-11-06,counter"), CLERK)
    record_usage(store, core(tmp_path / "d.csv", DRAW, "HT-1,9000,2026-11-07,seed"), CLERK)
    done = take(store, receipt(store, tmp_path / "r.csv", (ref, "refused", "", "2026-11-06")))
    assert done.outcomes == {"refused": 1}


# a line that is gone


@pytest.fixture(scope="module")
def shrunk(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A later publication that knows only part of the county's households."""
    folder = tmp_path_factory.mktemp("shrunk")
    store = copy_of(quiet, folder).store
    synthesize(folder / "inbox", COUNTY, 4, 120, 7, AS_OF, "none")
    later = put_in_force(store, score_into(store, folder / "inbox", COUNTY, LATER).run.run_id)
    found = publish.packaged_for_branches(store, Ledger.of(store), later.publication_id)
    assert found is not None
    gone = [row for row in found[1].to_pylist() if row["action"] == "remove" and row["limit_yuan"] > 0]
    refs = [household_ref(store.keys, later.publication_id, row["unit_code"], row["product"]) for row in gone]
    return {
        "store": store,
        "told": later.publication_id,
        "refs": refs,
        "limits": [r["limit_yuan"] for r in gone],
        "branch": gone[0]["branch_code"],
    }


@pytest.mark.usefixtures("without_views")
def test_a_line_that_is_gone_is_imported_at_nought_as_the_package_says(shrunk: dict[str, Any], tmp_path: Path):
    store, told, ref = shrunk["store"], shrunk["told"], shrunk["refs"][0]
    old = answer(tmp_path / "1.csv", told, ref, "imported", shrunk["limits"][0], LATER)
    assert reasons(take(store, old, branch_code=shrunk["branch"])) == {2: "OUTCOME_AND_LIMIT"}
    nought = answer(tmp_path / "2.csv", told, ref, "imported", 0, LATER)
    done = take(store, nought, branch_code=shrunk["branch"])
    assert (done.outcomes, done.changed) == ({"imported": 1}, 0)


# tables that are none of its


@pytest.mark.parametrize(
    ("contract", "header", "door"),
    [
        ("draw", DRAW, "take it in with `record-usage`"),
        ("credit_contract", CONTRACT, "take it in with `record-usage`"),
        ("repayment", REPAYMENT, "take it in with `record-usage`"),
        ("campaign_plan", "campaign,county_code,from,to,planned_yuan,purposes", "it comes in through the inbox"),
    ],
)
def test_a_table_of_another_kind_is_shown_its_door(store: Store, tmp_path: Path, contract: str, header: str, door: str):
    path = core(tmp_path / "t.csv", header, ",".join("1" for _ in header.split(",")))
    with pytest.raises(MissingInput, match=f"a table of {contract}: {door}"):
        take(store, path)


def test_a_receipt_that_is_taken_for_usage_is_shown_its_door(store: Store, tmp_path: Path):
    path = core(tmp_path / "r.csv", HEADER, f"{publication(store)},b1,imported,,{DAY},")
    with pytest.raises(MissingInput, match="a table of receipt: take it in with `acknowledge`"):
        record_usage(store, path, CLERK)


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, cells in enumerate(rows):
                sheet.write_row(index, 0, cells)
    return path


def test_a_sheet_that_nobody_recognises_is_told_with_what_it_lacks(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    row, other = of_branch(store)[:2]
    told = publication(store)
    good = [HEADER.split(","), [told, row["household_ref"], "imported", "", DAY, ""]]
    wrong = [["publication_id", "household_reff", "outcome", "at"], [told, other["household_ref"], "refused", DAY]]
    path = workbook(tmp_path / "two.xlsx", 一=good, 二=wrong, 三=[DRAW.split(","), ["HT-1", "1000", DAY, "seed"]])
    done = take(store, path)
    assert done.counts == {"accepted": 1, "layout": 5}
    assert [(item["file"], item["sheet"], item["code"]) for item in done.rejected] == [
        ("two.xlsx", "二", "UNRECOGNISED"),
        ("two.xlsx", "三", "UNRECOGNISED"),
    ]
    assert "household_ref" in done.rejected[0]["message"]
    assert "record-usage" in done.rejected[1]["message"]
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    assert cli.main(["acknowledge", str(path), "--by", CLERK]) == 0
    said = capsys.readouterr().out
    assert "nothing new (no-op)" in said
    assert "  rejected    two.xlsx / 二: UNRECOGNISED: " in said


def test_a_sheet_beside_the_draws_is_told_too(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    header = ["contract_no", "amount", "drawn_on"]
    path = workbook(tmp_path / "draws.xlsx", 一=[DRAW.split(","), ["HT-1", "1000", DAY, "seed"]], 二=[header])
    assert cli.main(["record-usage", str(path), "--by", CLERK]) == 0
    assert "  rejected    draws.xlsx / 二: UNRECOGNISED: " in capsys.readouterr().out


@pytest.mark.usefixtures("without_views")
def test_a_table_that_is_refused_whole_says_why(store: Store, tmp_path: Path):
    lines = [(row["household_ref"], "lost", "") for row in of_branch(store)[:25]]
    done = take(store, receipt(store, tmp_path / "r.csv", *lines))
    assert set(reasons(done).values()) == {"EXTRACT_REJECTED"}
    assert [item["code"] for item in done.rejected] == ["TOO_MANY_QUARANTINED"]
