"""What branches and the core system send back is taken in line by line, and is in force from its day on."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import MODELS, Scored, copy_of, put_in_force, request_of, score_into
from village_credit import cli
from village_credit.china_calendar import today
from village_credit.errors import MissingInput, RunConflict, VerificationFailed
from village_credit.extract.inbox import pull
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import decision_in_force, lines_before
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import publications
from village_credit.ledger.returned import sealed_paths
from village_credit.report.account import account_text
from village_credit.services import rules as inputs
from village_credit.services.approval.publish import unheard_words
from village_credit.services.approval.rollback import roll_back
from village_credit.services.casework import holds, household_lookup
from village_credit.services.queries import explain as tell
from village_credit.services.queries.notices import notices
from village_credit.services.scoring.snapshot import take_snapshot
from village_credit.services.servicing.acknowledge import Acknowledged, acknowledge
from village_credit.services.servicing.returned_file import require_unmoved
from village_credit.services.servicing.usage import Recorded, record_usage
from village_credit.store.store import Store

COUNTY = "659900"
CLERK = "6006"
HEADER = "publication_id,household_ref,outcome,reason,at,branch_limit_yuan"
DAY = "2026-11-05"
LATER = date(2026, 12, 1)


@pytest.fixture(scope="module", autouse=True)
def _after_every_receipt() -> Iterator[None]:
    """Today is no day before those of the receipts here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_credit.services.servicing.receipt_rules.today", lambda: max(today(), date(2026, 12, 31)))
        yield


@pytest.fixture
def store(quiet: Scored, tmp_path: Path) -> Store:
    return copy_of(quiet, tmp_path).store


@pytest.fixture
def without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare a test that reads no view the time to build them."""
    monkeypatch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policy, but a branch may take away half of a limit and add a fifth to it."""
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("policy") / "limit_policy.toml"
    text = text.replace('"branch_authority_down", value = 1.00', '"branch_authority_down", value = 0.50')
    path.write_text(text.replace('"branch_authority_up", value = 0,', '"branch_authority_up", value = 0.20,'), "utf-8")
    return path


def publication(store: Store) -> str:
    return publications(Ledger.of(store))[0].publication_id


def rows_sent(store: Store, least: int = 20_000) -> list[dict[str, str]]:
    """Rows of the branches' packages with a limit of at least so much, the branch's code beside them."""
    rows = []
    for path in sorted((store.root / "outbox" / COUNTY / publication(store)).glob("*/limits.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += [{**row, "branch": path.parent.name} for row in csv.DictReader(file)]
    return [row for row in rows if int(row["limit_yuan"]) >= least]


def of_branch(store: Store, branch: str = "0071") -> list[dict[str, str]]:
    return [row for row in rows_sent(store) if row["branch"] == branch]


def receipt(store: Store, path: Path, *lines: tuple[Any, ...]) -> Path:
    """Write a receipt: each line a reference, an outcome, a limit, and a day where it is another."""
    told = publication(store)
    text = [f"{told},{ref},{outcome},,{day[0] if day else DAY},{limit}" for ref, outcome, limit, *day in lines]
    path.write_text("\n".join([HEADER, *text, ""]), encoding="utf-8")
    return path


def take(store: Store, path: Path, policy: Path = MODELS / "limit_policy.toml", **more: str) -> Acknowledged:
    return acknowledge(store, path, CLERK, policy, **more)


def view(store: Store, query: str, **values: Any) -> list[tuple]:
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    try:
        return connection.execute(query, values or None).fetchall()
    finally:
        connection.close()


def reasons(done: Acknowledged | Recorded) -> dict[int, str]:
    return {item["line_number"]: item["reason_code"] for item in done.findings}


def key_of(store: Store, row: dict[str, str]) -> str:
    return household_lookup._key_of_typed(store, row["身份证号码"].strip())


def half(row: dict[str, str]) -> int:
    """Half of a row's limit, on a step."""
    return int(row["limit_yuan"]) // 2_000 * 1_000


@pytest.fixture(scope="module")
def answered(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A branch halves one limit and takes another as it is; read only."""
    folder = tmp_path_factory.mktemp("answered")
    store = copy_of(quiet, folder).store
    row, other = of_branch(store)[:2]
    lines = (row["household_ref"], "changed", half(row)), (other["household_ref"], "imported", "")
    done = take(store, receipt(store, folder / "r.csv", *lines))
    return {"store": store, "row": row, "other": other, "key": key_of(store, row), "done": done}


def test_a_branch_s_limit_is_in_force_and_the_published_one_is_kept(answered: dict[str, Any]):
    store, row, key, done = (answered[name] for name in ("store", "row", "key", "done"))
    published, said = int(row["limit_yuan"]), half(row)
    assert (done.counts, done.outcomes) == ({"accepted": 2, "layout": 1}, {"changed": 1, "imported": 1})
    assert (done.changed, done.change_yuan) == (1, said - published)
    assert decision_in_force(store, Ledger.of(store), key)["limit_yuan"] == said
    current = "SELECT limit_yuan, decision, binding_term FROM limits_current WHERE household_key = $key"
    assert view(store, current, key=key) == [(said, "granted", "branch")]
    query = "SELECT limit_yuan, branch_limit_yuan, branch_limit_on FROM limits_history WHERE household_key = $key"
    assert view(store, query, key=key) == [(published, said, date(2026, 11, 5))]
    query = "SELECT limit_yuan, branch_limit_yuan FROM limit_waterfall WHERE household_key = $key"
    assert view(store, query, key=key) == [(published, said)]
    other = answered["other"]
    assert view(store, query, key=key_of(store, other)) == [(int(other["limit_yuan"]), None)]


def test_before_the_receipt_s_day_the_published_limit_was_in_force(answered: dict[str, Any]):
    store, row = answered["store"], answered["row"]
    found = [
        in_force_line(store, date(2026, 11, day), answered["key"])["limit_yuan"] for day in (5, 6)
    ]  # the day before
    assert found == [int(row["limit_yuan"]), half(row)]


def test_explain_sets_the_three_figures_apart_with_who_and_when(answered: dict[str, Any]):
    store, row, key = answered["store"], answered["row"], answered["key"]
    found = tell.explain(store, key)
    text = account_text(found)
    figures = found["waterfall"]
    (told,) = [line for line in text.split("\n") if line.startswith("三项额度")]
    assert f"模型额度 {figures['model_limit_yuan']:,} 元；政策额度 {figures['policy_limit_yuan']:,} 元" in told
    assert f"支行核定额度 {half(row):,} 元（支行 0071，{DAY}；{CLERK}" in told
    assert f"授信额度 {half(row):,} 元" in text


def test_the_notice_says_the_branch_s_limit(answered: dict[str, Any]):
    store, key = answered["store"], answered["key"]
    run_id = tell.explain(store, key)["decision"]["run_id"]
    (said,) = [item for item in notices(store, run_id) if item["household_key"] == key]
    assert f"{half(answered['row']):,}" in said["text"]


@pytest.fixture(scope="module")
def later(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A branch halves a limit, the county is scored and published again, then the first publication comes back."""
    folder = tmp_path_factory.mktemp("later")
    store = copy_of(quiet, folder).store
    row, other = of_branch(store)[:2]
    request = request_of(COUNTY, LATER)
    named = list(pull(quiet.inbox, COUNTY)), request, inputs.load_rules(request, store.keys.public_keys())
    before = take_snapshot(store, Ledger.of(store), *named).run_id
    take(store, receipt(store, folder / "1.csv", (row["household_ref"], "changed", half(row))))
    after = take_snapshot(store, Ledger.of(store), *named)
    scored = score_into(store, quiet.inbox, COUNTY, LATER).run.run_id
    put_in_force(store, scored)
    late = take(store, receipt(store, folder / "2.csv", (other["household_ref"], "imported", "")))
    roll_back(store, COUNTY, publication(store), "3003", "test")
    return {
        "store": store,
        "row": row,
        "before": before,
        "after": after.run_id,
        "lines": after.in_force,
        "scored": scored,
        "late": late,
    }


def test_the_next_scoring_starts_from_the_branch_s_limit_and_is_another_run(later: dict[str, Any]):
    store, row, key = later["store"], later["row"], key_of(later["store"], later["row"])
    assert later["before"] != later["after"] == later["scored"]
    assert {line["household_key"]: line["limit_yuan"] for line in later["lines"].to_pylist()}[key] == half(row)
    path = str(store.run_folder(later["scored"]) / "waterfall.parquet")
    query = """SELECT in_force_yuan, rise_base_yuan, branch_yuan, limit_yuan, binding_term FROM read_parquet($p)
               WHERE household_key = $key"""
    (found,) = duckdb.connect().execute(query, {"p": path, "key": key}).fetchall()
    assert found == (half(row), int(row["limit_yuan"]), half(row), half(row), "branch")


def test_a_run_of_before_the_branch_s_word_grants_more_than_it_said_and_one_of_after_does_not(later: dict[str, Any]):
    """What `publish` warns of: published again, the first run would bring back what the branch cut."""
    store = later["store"]
    first = next(one.run_id for one in Ledger.of(store).publications)
    assert unheard_words(store, first) == 1
    assert unheard_words(store, later["scored"]) == 0


def test_a_branch_s_word_counts_whatever_the_day_is_as_of_which_one_scores(quiet: Scored, tmp_path: Path):
    """A county is scored once more as of the first run's own day, after a branch cut one line and refused another."""
    store = copy_of(quiet, tmp_path).store
    cut, refused = of_branch(store)[:2]
    rows = (cut["household_ref"], "changed", half(cut)), (refused["household_ref"], "refused", "0")
    take(store, receipt(store, tmp_path / "1.csv", *rows))
    again = score_into(store, quiet.inbox, COUNTY).run.run_id
    path = str(store.table(again, "decisions"))
    query = "SELECT limit_yuan, binding_term, reason_codes FROM read_parquet($p) WHERE household_key = $key"
    lines = {}
    for row in (cut, refused):
        ((limit, term, codes),) = duckdb.connect().execute(query, {"p": path, "key": key_of(store, row)}).fetchall()
        lines[row["household_ref"]] = limit, term, codes
    assert lines[cut["household_ref"]][:2] == (half(cut), "branch")
    assert lines[refused["household_ref"]][0] == 0
    assert "BRANCH_REFUSED" in lines[refused["household_ref"]][2]
    assert unheard_words(store, again) == 0


def test_a_superseded_publication_is_answered_no_more_and_brought_back_it_starts_anew(later: dict[str, Any]):
    assert reasons(later["late"]) == {2: "PUBLICATION_SUPERSEDED"}
    store, row = later["store"], later["row"]
    query = "SELECT limit_yuan FROM limits_current WHERE household_key = $key"
    assert view(store, query, key=key_of(store, row)) == [(int(row["limit_yuan"]),)]


def test_a_refusal_takes_the_limit_away_until_the_next_publication(store: Store, tmp_path: Path):
    row, other = of_branch(store)[:2]
    lines = [(row["household_ref"], "refused", ""), (other["household_ref"], "changed", 0)]
    done = take(store, receipt(store, tmp_path / "r.csv", *lines))
    assert (done.changed, done.outcomes) == (2, {"changed": 1, "refused": 1})
    query = "SELECT decision, limit_yuan, reason_codes[1] FROM limits_current WHERE household_key = $key"
    assert view(store, query, key=key_of(store, row)) == [("declined", 0, "BRANCH_REFUSED")]
    assert view(store, query, key=key_of(store, other)) == [("declined", 0, "BRANCH_REFUSED")]
    ((covered, total),) = view(store, "SELECT sum(credited_households), sum(sum_limit_yuan) FROM village_coverage")
    assert (covered, total) == (
        len(rows_sent(store, 1)) - 2,
        sum(int(r["limit_yuan"]) for r in rows_sent(store, 1)) - int(row["limit_yuan"]) - int(other["limit_yuan"]),
    )


def test_every_line_that_may_not_count_says_why_and_sinks_no_other(store: Store, policy: Path, tmp_path: Path):
    rows = of_branch(store)
    foreign = of_branch(store, "0072")[0]["household_ref"]
    limits = [int(row["limit_yuan"]) for row in rows]
    told = publication(store)
    lines = [
        (rows[0], "imported", "", "", None),
        (rows[1], "changed", half(rows[1]) + 500, "", "OFF_STEP"),
        (rows[2], "changed", 4_000, "", "OFF_STEP"),
        (rows[3], "changed", (limits[3] // 2 - 1) // 1_000 * 1_000, "", "BEYOND_AUTHORITY"),
        (rows[4], "changed", limits[4] + 1_000, "", "BEYOND_AUTHORITY"),  # within the fifth, above the policy's limit
        (rows[5], "changed", "", "", "CHANGED_WITHOUT_LIMIT"),
        (rows[6], "imported", limits[6] - 1_000, "", "OUTCOME_AND_LIMIT"),
        (rows[7], "refused", limits[7], "", "OUTCOME_AND_LIMIT"),
        (rows[8], "refused", "", "", "BEYOND_AUTHORITY"),  # here a branch may take away no more than half
        (rows[9], "imported", "", "2026-10-31", "RECEIPT_DAY"),
        (rows[10], "imported", "", "2036-01-01", "RECEIPT_DAY"),
        (rows[11], "lost", "", "", "NOT_IN_LIST"),
        (rows[12], "imported", "", "5.11", "UNREADABLE_DATE"),
        (rows[13], "changed", "-5000", "", "NEGATIVE_NUMBER"),
        (rows[14], "changed", "two", "", "UNREADABLE_NUMBER"),
        (rows[15], "changed", half(rows[15]) + 10_000 - half(rows[15]) % 1_000, "", None),
    ]
    text = [f"{told},{row['household_ref']},{outcome},,{day or DAY},{limit}" for row, outcome, limit, day, _ in lines]
    text += [
        f"{told},{foreign},imported,,{DAY},",
        f"{told},bnobody,imported,,{DAY},",
        f"p20200101-nothing,{rows[16]['household_ref']},imported,,{DAY},",
        f"{told},{rows[17]['household_ref']},imported,,{DAY},,x,y",
        f"{told},{rows[18]['household_ref']},imported,,{DAY},",
        f"{told},{rows[18]['household_ref']},refused,,{DAY},",
        text[0],
        "",
        f"{told},{rows[19]['household_ref']},imp\0rted,,{DAY},",
    ]
    (tmp_path / "r.csv").write_text("\n".join([HEADER, *text, ""]), encoding="utf-8")
    done = take(store, tmp_path / "r.csv", policy)
    expected = {number: reason for number, (*_, reason) in enumerate(lines, start=2) if reason}
    expected |= {18: "OTHER_BRANCH", 19: "REFERENCE_UNKNOWN", 20: "PUBLICATION_UNKNOWN", 21: "FIELD_COUNT"}
    expected |= {22: "CONFLICTING_ROWS", 23: "CONFLICTING_ROWS", 26: "NUL_BYTE"}
    assert reasons(done) == expected
    assert done.counts == {"accepted": 2, "duplicate": 1, "layout": 2, "quarantined": len(expected)}
    assert sum(done.counts.values()) == len(text) + 1
    assert all("\u4e00" <= item["reason_zh"][0] <= "\u9fff" for item in done.findings)
    query = "SELECT count(*) FROM limits_history WHERE branch_limit_yuan IS NOT NULL"
    assert view(store, query) == [(1,)]


@pytest.mark.usefixtures("without_views")
def test_the_same_file_twice_is_a_no_op_and_a_line_told_again_is_a_duplicate(store: Store, tmp_path: Path):
    rows = of_branch(store)
    line = (rows[0]["household_ref"], "changed", half(rows[0]))
    path = receipt(store, tmp_path / "r.csv", line)
    first = take(store, path)
    acts = len(Ledger.of(store))
    again = take(store, shutil.copy(path, tmp_path / "again.csv"))
    assert (again.noop, again.counts, again.at) == (True, {"duplicate": 1, "layout": 1}, first.at)
    assert len(Ledger.of(store)) == acts
    told = [
        f"{publication(store)},{line[0]},已变更,,2026年11月5日,{line[2]}",
        f"{publication(store)},{rows[1]['household_ref']},已导入,,2026.11.5,",
    ]
    (tmp_path / "回执.csv").write_bytes(
        "\r\n".join(["发布编号,户参考号,结果,原因,回执日期,支行核定额度(元)", *told, ""]).encode("gb18030")
    )
    longer = take(store, tmp_path / "回执.csv")
    assert longer.counts == {"accepted": 1, "duplicate": 1, "layout": 1}


def test_a_later_receipt_takes_an_earlier_one_over_and_one_of_its_day_only_where_it_says_it_corrects(
    store: Store, tmp_path: Path
):
    row = of_branch(store)[0]
    ref, published, key = row["household_ref"], int(row["limit_yuan"]), key_of(store, row)
    query = "SELECT limit_yuan FROM limits_current WHERE household_key = $key"
    take(store, receipt(store, tmp_path / "1.csv", (ref, "changed", published - 1_000)))
    done = take(store, receipt(store, tmp_path / "2.csv", (ref, "changed", published - 2_000)))
    assert reasons(done) == {2: "RECEIPT_CONTRADICTS"}
    assert view(store, query, key=key) == [(published - 1_000,)]
    take(store, receipt(store, tmp_path / "回执（更正）.csv", (ref, "changed", published - 3_000)))
    assert view(store, query, key=key) == [(published - 3_000,)]
    take(store, receipt(store, tmp_path / "4.csv", (ref, "imported", "", "2026-11-09")))
    assert view(store, query, key=key) == [(published,)]
    assert tell.explain(store, key)["branch_limit"] is None


def test_a_hold_is_acknowledged_but_not_changed_and_a_release_gives_the_branch_its_own_limit(
    store: Store, tmp_path: Path
):
    row = of_branch(store)[0]
    take(store, receipt(store, tmp_path / "1.csv", (row["household_ref"], "changed", half(row))))
    key = key_of(store, row)
    held = holds.hold(store, key, "2002", "test")
    stop = _only_row(held.packages)
    line = f"{Path(held.packages[0]).parent.name},{stop['household_ref']},%s,,{today()},%s"
    (tmp_path / "2.csv").write_text(f"{HEADER}\n{line % ('changed', half(row))}\n", "utf-8")
    assert reasons(take(store, tmp_path / "2.csv")) == {2: "NOTHING_TO_CHANGE"}
    (tmp_path / "3.csv").write_text(f"{HEADER}\n{line % ('imported', '')}\n", "utf-8")
    assert take(store, tmp_path / "3.csv").outcomes == {"imported": 1}
    released = holds.release(store, key, "2002", "test")
    assert int(_only_row(released.packages)["limit_yuan"]) == half(row)


def _only_row(packages: list[str]) -> dict[str, str]:
    with (Path(packages[0]) / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    return row


@pytest.mark.usefixtures("without_views")
def test_without_a_majority_nobody_guesses_the_branch_and_an_option_says_it(store: Store, tmp_path: Path):
    refs = [of_branch(store, branch)[0]["household_ref"] for branch in ("0071", "0072")]
    path = receipt(store, tmp_path / "r.csv", *((ref, "imported", "") for ref in refs))
    done = take(store, path, branch_code="0072")
    assert (done.branch_code, reasons(done)) == ("0072", {2: "OTHER_BRANCH"})
    other = receipt(store, tmp_path / "s.csv", *((ref, "imported", "", "2026-11-06") for ref in refs))
    assert reasons(take(store, other)) == {2: "BRANCH_NOT_SAID", 3: "BRANCH_NOT_SAID"}


@pytest.mark.usefixtures("without_views")
def test_a_policy_that_gives_no_authority_lets_a_branch_change_nothing(store: Store, tmp_path: Path):
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8").split("\n")
    bare = tmp_path / "limit_policy.toml"
    bare.write_text("\n".join(line for line in text if "branch_authority" not in line), encoding="utf-8")
    row = of_branch(store)[0]
    done = take(store, receipt(store, tmp_path / "r.csv", (row["household_ref"], "changed", half(row))), bare)
    assert reasons(done) == {2: "BEYOND_AUTHORITY"}


def test_a_file_that_is_no_receipt_is_refused_by_name(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    acts = len(Ledger.of(store))
    (tmp_path / "r.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(MissingInput, match=r"r\.csv holds no receipt"):
        take(store, tmp_path / "r.csv")
    with pytest.raises(MissingInput, match="cannot be read"):
        take(store, tmp_path / "none.csv")
    assert len(Ledger.of(store)) == acts


# contracts, draws and repayments


def core(path: Path, header: str, *lines: str) -> Path:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


CONTRACT, DRAW, REPAYMENT = (
    "household_ref,contract_no,signed_on,channel",
    "contract_no,amount_yuan,drawn_on,purpose",
    "contract_no,amount_yuan,paid_on",
)


def in_force_line(store: Store, as_of: date, key: str) -> dict[str, Any]:
    rows = lines_before(store, Ledger.of(store), COUNTY, as_of).to_pylist()
    return next(row for row in rows if row["household_key"] == key)


@pytest.mark.usefixtures("without_views")
def test_what_is_drawn_less_what_is_repaid_stands_beside_the_limit_in_force(store: Store, tmp_path: Path):
    row, other = of_branch(store)[:2]
    record_usage(store, core(tmp_path / "c.csv", CONTRACT, f"{row['household_ref']},HT-1,2026-11-06,counter"), CLERK)
    draws = core(
        tmp_path / "d.csv", DRAW, "HT-1,9000,2026-11-07,seed", "HT-1,2000.50,2026-11-20,", "HT-9,1,2026-11-07,"
    )
    done = record_usage(store, draws, CLERK)
    assert (done.draws, done.drawn_yuan, reasons(done)) == (2, Decimal("11000.50"), {4: "CONTRACT_UNKNOWN"})
    paid = record_usage(store, core(tmp_path / "p.csv", REPAYMENT, "HT-1,4000,2026-11-25"), CLERK)
    assert (paid.repayments, paid.counts) == (1, {"accepted": 1, "layout": 1})
    key = key_of(store, row)
    assert in_force_line(store, date(2026, 11, 7), key)["drawn_yuan"] is None
    assert in_force_line(store, date(2026, 11, 8), key)["drawn_yuan"] == Decimal(9000)
    assert in_force_line(store, LATER, key)["drawn_yuan"] == Decimal("7000.50")
    assert in_force_line(store, LATER, key_of(store, other))["drawn_yuan"] is None


@pytest.mark.usefixtures("without_views")
def test_the_same_usage_twice_adds_nothing_and_a_draw_that_waited_comes_in_with_its_contract(
    store: Store, tmp_path: Path
):
    row = of_branch(store)[0]
    draws = core(tmp_path / "d.csv", DRAW, "HT-1,9000,2026-11-07,seed")
    assert reasons(record_usage(store, draws, CLERK)) == {2: "CONTRACT_UNKNOWN"}
    contracts = core(tmp_path / "c.csv", CONTRACT, f"{row['household_ref']},HT-1,2026-11-06,counter")
    record_usage(store, contracts, CLERK)
    assert record_usage(store, draws, CLERK).draws == 1
    acts = len(Ledger.of(store))
    again = record_usage(store, draws, CLERK)
    assert (again.noop, again.counts) == (True, {"duplicate": 1, "layout": 1})
    assert record_usage(store, contracts, CLERK).noop
    assert len(Ledger.of(store)) == acts
    assert in_force_line(store, LATER, key_of(store, row))["drawn_yuan"] == Decimal(9000)


@pytest.mark.usefixtures("without_views")
def test_a_draw_before_its_contract_or_above_the_limit_counts_and_is_found(store: Store, tmp_path: Path):
    row, other = of_branch(store)[:2]
    lines = [
        f"{row['household_ref']},HT-1,2026-11-06,counter",
        f"{other['household_ref']},HT-2,2026-11-06,",
        "bnobody,HT-3,2026-11-06,",
    ]
    assert reasons(record_usage(store, core(tmp_path / "c.csv", CONTRACT, *lines), CLERK)) == {4: "REFERENCE_UNKNOWN"}
    moved = core(tmp_path / "c2.csv", CONTRACT, f"{other['household_ref']},HT-1,2026-11-06,counter")
    assert reasons(record_usage(store, moved, CLERK)) == {2: "CONFLICTING_ROWS"}
    limit = int(row["limit_yuan"])
    draws = [f"HT-1,{limit},2026-11-07,seed", "HT-1,0.01,2026-11-08,seed", "HT-2,1000,2026-11-05,seed"]
    done = record_usage(store, core(tmp_path / "d.csv", DRAW, *draws), CLERK)
    assert done.counts == {"accepted": 3, "layout": 1}
    assert reasons(done) == {3: "DRAW_ABOVE_LIMIT", 4: "DRAW_BEFORE_CONTRACT"}
    assert in_force_line(store, LATER, key_of(store, row))["drawn_yuan"] == Decimal(limit) + Decimal("0.01")


@pytest.mark.usefixtures("without_views")
def test_usage_that_was_altered_after_it_was_sealed_stops_the_next_scoring(store: Store, tmp_path: Path):
    row = of_branch(store)[0]
    record_usage(store, core(tmp_path / "c.csv", CONTRACT, f"{row['household_ref']},HT-1,2026-11-06,counter"), CLERK)
    record_usage(store, core(tmp_path / "d.csv", DRAW, "HT-1,9000,2026-11-07,seed"), CLERK)
    path = sealed_paths(store, Ledger.of(store), "draws")[-1]
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(VerificationFailed, match="draws is not what was sealed"):
        in_force_line(store, LATER, key_of(store, row))


def test_the_command_line_takes_both_in_and_nothing_personal_is_left_outside_the_frozen_bytes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    row = of_branch(store)[0]
    secret = f"{row['姓名']}说不要 13999112233"
    path = tmp_path / f"{row['姓名']}回执.csv"
    path.write_text(
        f"{HEADER}\n{publication(store)},{row['household_ref']},changed,{secret},{DAY},{half(row)}\n", "utf-8"
    )
    contract = core(tmp_path / "c.csv", CONTRACT, f"{row['household_ref']},HT-20261106,2026-11-06,counter")
    draws = core(tmp_path / "d.csv", DRAW, "HT-20261106,9000,2026-11-07,seed", "HT-2,abc,2026-11-07,")
    assert cli.main(["acknowledge", str(path), "--by", CLERK, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["counts"] == {"accepted": 1, "layout": 1}
    texts = [said.out, said.err]
    for words in (
        ["acknowledge", str(path)],
        ["record-usage", str(contract)],
        ["record-usage", str(draws)],
        ["status"],
    ):
        assert cli.main([*words, *(["--by", CLERK] if words[0] != "status" else [])]) == 0
        said = capsys.readouterr()
        texts += [said.out, said.err]
    assert "no-op" in texts[2]
    assert "1 accepted, 1 layout, 1 quarantined" in texts[6]
    needles = [
        text.encode()
        for text in (row["姓名"], row["身份证号码"].strip(), "13999112233", "HT-20261106", row["household_ref"])
    ]
    kept = [
        p
        for p in store.root.rglob("*")
        if p.is_file() and p.relative_to(store.root).parts[0] not in ("outbox", "vault", "frozen")
    ]
    contents = {str(p.relative_to(store.root)): p.read_bytes() + p.name.encode() for p in kept}
    contents |= {f"said {n}": text.encode() for n, text in enumerate(texts)}
    for p in (store.root / "returned").rglob("*.parquet"):
        rows = duckdb.connect().execute("FROM read_parquet($p)", {"p": str(p)}).fetchall()
        contents[f"{p.name} decoded"] = json.dumps(rows, ensure_ascii=False, default=str).encode()
    assert [name for name, content in contents.items() if any(needle in content for needle in needles)] == []
    assert Counter(e.act for e in Ledger.of(store))["record_usage"] == 2


@pytest.mark.usefixtures("without_views")
def test_a_crash_before_the_ledger_s_entry_leaves_nothing_in_force_and_the_file_is_taken_in_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    row = of_branch(store)[0]
    path = receipt(store, tmp_path / "r.csv", (row["household_ref"], "changed", half(row)))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("village_credit.services.servicing.acknowledge.record", killed)
        with pytest.raises(KeyboardInterrupt):
            take(store, path)
    assert branch_limits(Ledger.of(store)) == {}
    assert not take(store, path).noop
    assert len(list((store.root / "returned").iterdir())) == 1


def test_whoever_is_overtaken_by_a_publication_takes_the_file_in_again():
    entries = [Entry(number, act, "", "", "", {}, "") for number, act in enumerate(("publish", "find", "hold"), 1)]
    require_unmoved(entries[:2], entries[:1])
    with pytest.raises(RunConflict, match="take the file in again"):
        require_unmoved(entries, entries[:2])
