"""A township is declared struck.

Arrears of the time do not count there, no limit falls, and branches get what they may offer.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS as COUNTY
from tests.conftest import MODELS, Scored, by_unit, copy_of, put_in_force, request_of
from tests.split import assert_adds_up, assert_decided_as_stored
from village_credit import cli
from village_credit.errors import MissingInput, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.publish.branch_package import verify_package
from village_credit.publish.outbox import refresh_warehouse
from village_credit.report.account import account_text
from village_credit.services.casework import relief
from village_credit.services.queries import explain as tell
from village_credit.services.scoring import stage as score
from village_credit.store.store import Store

STRUCK, SPARED = "659900100", "659900101"
LATER, AFTER = date(2026, 12, 1), date(2027, 3, 1)
CUTOFF = "2026-11-28"
DECLARATION = f"""
cause = "disaster"
area_codes = ["{STRUCK}"]
from = 2026-10-01
to = 2027-01-31
document = "(虚构)救灾发〔2026〕7号"
measures = ["extension", "rate_cut", "new_for_old"]
"""
# The committee halves what income may carry: without relief, nearly every limit would fall.
STRICTER = ('name = "service_share", value = 0.50', 'name = "service_share", value = 0.25')


def view(store: Store, query: str) -> list[tuple]:
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def lines_of(store: Store) -> dict[str, dict[str, Any]]:
    columns = [
        "household_key",
        "township_code",
        "decision",
        "limit_yuan",
        "valid_to",
        "reason_codes",
        "binding_term",
        "band",
    ]
    return {
        row[0]: dict(zip(columns, row, strict=True))
        for row in view(store, f"SELECT {', '.join(columns)} FROM limits_current")
    }


def people_of(store: Store, run_id: str) -> dict[str, tuple[str, str]]:
    rows = pq.read_table(io.BytesIO(store.open_identities(run_id))).to_pylist()
    return {row["household_key"]: (row["person_id"], row["name"]) for row in rows}


def late_once(store: Store, run_id: str) -> set[str]:
    """Who had arrears or has a loan on the bank's list of conduct before any of this."""
    paths = {name: str(store.run_folder(run_id) / f"{name}.parquet") for name in ("score_points", "links")}
    query = """SELECT household_key FROM read_parquet($score_points) WHERE feature = 'worst_days_overdue' AND value > 0
               UNION SELECT household_key FROM read_parquet($links) WHERE source_table = 'bank_conduct'"""
    return {key for (key,) in duckdb.connect().execute(query, paths).fetchall()}


def arrears(number: str, loan: str, days: int) -> str:
    """A loan overdue by so many days at the cut-off, since a day that follows from it."""
    return f"{number},{loan},2025-05-01,2026-05-01,{days},{days},否,,,{CUTOFF}"


def score_on(store: Store, inbox: Path, day: date, policy: Path) -> str:
    return score.score_inbox(store, inbox, request_of(COUNTY, day, policy_file=policy)).run_id


@pytest.fixture(scope="module")
def story(published: Scored, county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Published before the flood; declared; scored and published in it, before and after a late proof.

    And when it is over.
    """
    folder = tmp_path_factory.mktemp("relief")
    store, first = copy_of(published, folder).store, published.run.run_id
    refresh_warehouse(store)
    before, known = lines_of(store), people_of(store, first)
    numbers = {key: number for key, (number, _) in known.items()}

    late_before = late_once(store, first)

    def clean(township: str) -> list[str]:
        """Granted without a reason, and no other loan of theirs could be excused or hide what is."""
        return [
            key
            for key in by_unit(store, first, before)
            if before[key]["township_code"] == township
            and before[key]["decision"] == "granted"
            and not before[key]["reason_codes"]
            and numbers[key]
            and key not in late_before
        ]

    half = max((key for key in clean(STRUCK) if before[key]["band"] == "A"), key=lambda key: before[key]["limit_yuan"])
    excused, listed = [key for key in clean(STRUCK) if key != half][:2]
    unproven, owing = clean(SPARED)[:2]
    people = {"excused": excused, "half": half, "listed": listed, "unproven": unproven, "owing": owing}
    inbox = folder / "inbox"
    shutil.copytree(county_inbox, inbox)
    header = "身份证号,借据号,放款日,到期日,最大逾期天数,当前逾期天数,纾困标志,纾困原因,纾困证明编号,截止日期"
    rows = [
        arrears(numbers[excused], "R1", 49),
        arrears(numbers[half], "R2", 70),
        arrears(numbers[listed], "R3", 40),
        arrears(numbers[unproven], "R4", 49),
        arrears(numbers[owing], "R5", 49),
    ]
    (inbox / COUNTY / "信用社" / "还款补充.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    (inbox / COUNTY / "信用社" / "名单补充.csv").write_text(
        f"身份证号,姓名,名单类别,原因代码,依据文号,列入日期,失效日期\n{numbers[listed]},{known[listed][1]},逾期名单,13,(虚构)1号,2026-11-20,\n",
        encoding="utf-8",
    )
    debts = [f"{numbers[key]},{known[key][1]},农户贷,9000,8000,正常,保证,2026-11-30" for key in (excused, unproven)]
    (inbox / COUNTY / "信用社" / "授信补充.csv").write_text(
        "\n".join(["身份证号,姓名,产品,授信余额(元),贷款余额(元),五级分类,担保方式,到期日", *debts]), encoding="utf-8"
    )
    policy = folder / "policy.toml"
    policy.write_text((MODELS / "limit_policy.toml").read_text(encoding="utf-8").replace(*STRICTER), encoding="utf-8")
    without = score_on(store, inbox, LATER, policy)
    declaration = folder / "flood.toml"
    declaration.write_text(DECLARATION, encoding="utf-8")
    declared = relief.declare(store, declaration, "2002")
    within = score_on(store, inbox, LATER, policy)
    published = put_in_force(store, within)
    during = lines_of(store)
    kept = [key for (key,) in view(store, f"SELECT household_key FROM relief_kept WHERE run_id = '{within}'")]
    told = {key: tell.explain(store, key) for key in (*people.values(), by_unit(store, within, kept)[0])}
    proofs = folder / "late.csv"
    proofs.write_text(
        f"身份证号,借据号,纾困证明编号\n{numbers[unproven]},R4,(虚构)证7号\n{numbers[unproven][:17]},R4,x\n",
        encoding="gb18030",
    )
    proven = relief.declare(store, declaration, "2002", proofs)
    third = score_on(store, inbox, date(2026, 12, 15), policy)
    put_in_force(store, third)
    with_proof = lines_of(store)
    over = score_on(store, inbox, AFTER, policy)
    put_in_force(store, over)
    return {
        "store": store,
        "first": first,
        "people": people,
        "numbers": numbers,
        "before": before,
        "without": without,
        "within": within,
        "published": published,
        "during": during,
        "declared": declared,
        "proven": proven,
        "third": third,
        "with_proof": with_proof,
        "over": over,
        "after": lines_of(store),
        "told": told,
        "declaration": declaration,
        "folder": folder,
    }


def decisions(story: dict[str, Any], run: str) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(story["store"].run_folder(story[run]) / "decisions.parquet").to_pylist()
    return {row["household_key"]: row for row in rows}


def test_no_limit_falls_in_the_struck_township_and_many_fall_elsewhere(story):
    fallen = {
        township: sum(
            1
            for key, row in story["before"].items()
            if row["township_code"] == township and story["during"][key]["limit_yuan"] < row["limit_yuan"]
        )
        for township in (STRUCK, SPARED)
    }
    refused = [
        key
        for key, row in story["before"].items()
        if row["township_code"] == STRUCK and story["during"][key]["limit_yuan"] < row["limit_yuan"]
    ]
    assert fallen[STRUCK] == 0, [story["during"][key]["reason_codes"] for key in refused]
    assert fallen[SPARED] > 30


def test_each_limit_that_is_kept_is_listed_with_the_figure_it_would_have_had(story):
    kept = {
        row[0]: row[1:]
        for row in view(
            story["store"],
            (
                f"SELECT household_key, kept_limit_yuan, would_decision, would_limit_yuan FROM relief_kept WHERE "
                f"run_id = '{story['within']}'"
            ),
        )
    }
    without, within = decisions(story, "without"), decisions(story, "within")
    assert set(kept) == {key for key, row in within.items() if row["reason_codes"][:1] == ["RELIEF_KEPT"]}
    assert len(kept) > 50
    for key, (limit, decision, would) in kept.items():
        assert limit == story["before"][key]["limit_yuan"] == story["during"][key]["limit_yuan"] > would
        assert within[key]["valid_to"] == story["before"][key]["valid_to"]
        if (
            key not in story["people"].values()
        ):  # nothing of theirs is excused: the figure is what the run before the declaration gave
            assert (decision, would) == (without[key]["decision"], without[key]["limit_yuan"])


def test_arrears_of_the_time_are_excused_in_the_screen(story):
    without, within, people = decisions(story, "without"), decisions(story, "within"), story["people"]
    assert without[people["excused"]]["reason_codes"][:1] == ["OVERDUE"]
    assert "OVERDUE" not in within[people["excused"]]["reason_codes"]
    assert "NEGATIVE_LIST" in without[people["listed"]]["reason_codes"]
    assert "NEGATIVE_LIST" not in within[people["listed"]]["reason_codes"]
    assert within[people["owing"]]["reason_codes"] == without[people["owing"]]["reason_codes"]
    ((loans, days, entries),) = view(
        story["store"],
        (
            f"SELECT excused_loans, excused_days, lifted_entries FROM relief WHERE run_id = "
            f"'{story['within']}' AND household_key = '{people['listed']}'"
        ),
    )
    assert (loans, days, entries) == (1, 40, 1)


def test_what_is_excused_is_unknown_conduct(story):
    query = "SELECT value FROM read_parquet($path) WHERE household_key = $key AND feature = 'worst_days_overdue'"
    values = [
        duckdb.connect()
        .execute(
            query,
            {
                "path": str(story["store"].run_folder(story[run]) / "score_points.parquet"),
                "key": story["people"]["excused"],
            },
        )
        .fetchone()[0]
        for run in ("first", "without", "within")
    ]
    _, late, excused = values
    assert late == 49
    assert excused is None  # neither good nor bad: no other conduct is known


def test_a_document_may_come_later_and_what_does_not_come_lapses(story):
    key = story["people"]["half"]  # eleven days of the arrears fell before the window
    assert story["during"][key]["reason_codes"][0] in ("RELIEF_KEPT", "CONDITIONAL")
    assert "CONDITIONAL" in story["during"][key]["reason_codes"]
    states = dict(view(story["store"], f"SELECT run_id, state FROM conditions WHERE household_key = '{key}'"))
    assert states == {story["within"]: "open", story["third"]: "open", story["over"]: "lapsed"}
    (due,) = {row[0] for row in view(story["store"], f"SELECT due_on FROM conditions WHERE household_key = '{key}'")}
    assert due == date(2027, 1, 30)
    after = story["after"][key]
    assert (after["decision"], after["limit_yuan"]) == ("manual_review", 0)
    assert "CONDITION_LAPSED" in after["reason_codes"]


def test_a_borrower_with_a_late_proof_is_decided_anew(story):
    key = story["people"]["unproven"]  # lives outside the township
    assert story["during"][key]["decision"] == "manual_review"
    assert story["with_proof"][key]["decision"] == "granted"
    assert story["with_proof"][story["people"]["owing"]]["decision"] == "manual_review"
    assert story["proven"].proofs == 1
    assert [line for line, _ in story["proven"].refused] == [3]


def test_branches_get_the_measures_they_may_offer_signed_and_only_for_their_own(story):
    key = story["people"]["excused"]
    found = []
    for ready in Path(story["published"].outbox).glob("*/READY"):
        manifest = verify_package(ready.parent)
        if (ready.parent / "relief.csv").is_file():
            assert "relief.csv" in manifest["files"]
            with (ready.parent / "relief.csv").open(encoding="utf-8-sig", newline="") as file:
                found += list(csv.DictReader(file))
    mine = [
        row for row in found if row["身份证号码"].strip() == story["numbers"][key] and row["balance_yuan"] == "8000.00"
    ]
    assert {row["measure"]: (row["due_on"], row["proposed_due_on"], row["rate_cut_bp"]) for row in mine} == {
        "extension": ("2026-11-30", "2027-05-30", ""),
        "rate_cut": ("2026-11-30", "", "50"),
        "new_for_old": ("2026-11-30", "", ""),
    }
    assert story["numbers"][story["people"]["unproven"]] not in {row["身份证号码"].strip() for row in found}
    offered = view(story["store"], f"SELECT count(*) FROM relief_measures WHERE run_id = '{story['within']}'")
    assert offered == [(len(found),)]


def test_when_the_window_is_over_limits_fall_as_elsewhere(story):
    fallen = [
        key
        for key, row in story["before"].items()
        if row["township_code"] == STRUCK and story["after"][key]["limit_yuan"] < row["limit_yuan"]
    ]
    assert len(fallen) > 50
    assert view(story["store"], f"SELECT count(*) FROM relief_kept WHERE run_id = '{story['over']}'") == [(0,)]


def test_the_account_of_a_household_tells_of_relief(story):
    text = account_text(story["told"][story["people"]["excused"]])
    assert "(虚构)救灾发〔2026〕7号" in text
    assert "纾困期内的逾期不计入" in text
    kept = next(found for found in story["told"].values() if found["relief_kept"])
    assert f"{kept['relief_kept']['would_limit_yuan']:,} 元" in account_text(kept)


def test_declared_again_nothing_is_done_and_the_ledger_names_nobody(story, capsys):
    store = story["store"]
    count = len(Ledger.of(store))
    assert relief.declare(store, story["declaration"], "3003").noop
    acts = [entry for entry in Ledger.of(store) if entry.act == "relief"]
    assert (len(Ledger.of(store)), len(acts)) == (count, 2)
    said = json.dumps([entry.details for entry in acts], ensure_ascii=False)
    assert not any(number in said for number in story["numbers"].values() if number)


def test_a_declaration_is_refused_by_name(story, tmp_path, capsys):
    with pytest.raises(MissingInput, match=r"declaration file none.toml is missing"):
        relief.declare(story["store"], tmp_path / "none.toml", "2002")
    bad = tmp_path / "bad.toml"
    bad.write_text('cause = "plague"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad.toml: cause"):
        relief.declare(story["store"], bad, "2002")
    proofs = tmp_path / "proofs.csv"
    proofs.write_text("姓名,借据号\n某,1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="身份证号、借据号、纾困证明编号"):
        relief.declare(story["store"], story["declaration"], "2002", proofs)


def test_the_command_says_what_it_did(story, capsys, monkeypatch):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(story["store"].root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(story["folder"] / "keys"))
    assert cli.main(["relief", "declare", str(story["declaration"]), "--by", "2002"]) == 0
    assert "known already (no-op)" in capsys.readouterr().out


def test_what_relief_changes_is_told_from_policy_and_deliveries(story):
    store = story["store"]
    same_deliveries = assert_adds_up(store, story["within"], story["without"])
    assert {row["cause"] for row in same_deliveries.causes()} == {"relief"}
    kept = f"SELECT household_key FROM relief_kept WHERE run_id = '{story['within']}'"
    assert {row["household_key"] for row in same_deliveries.parts.to_pylist()} >= {key for (key,) in view(store, kept)}
    later = assert_adds_up(store, story["within"], story["first"])
    assert {"policy", "day+deliveries+relief"} <= {row["cause"] for row in later.causes()}
    assert_decided_as_stored(store, story["within"], story["first"])


def test_parts_add_up_between_any_two_runs_before_and_after_relief(story):
    for before, after in permutations((story[name] for name in ("first", "without", "within")), 2):
        assert_adds_up(story["store"], after, before)
