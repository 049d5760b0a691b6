"""A county's delivery by other hands: each line's outcome, the sums and the decisions are what is true of it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from decimal import Decimal

import duckdb
import pytest

from tests.conftest import DELIVERY, Scored, linked_rows
from village_credit.pseudonyms import household_key

MOST_DIFFERENCES = 5  # none is left today; the README beside this test would explain each

TRUTH = json.loads((DELIVERY / "truth.json").read_text(encoding="utf-8"))
COLUMNS = {
    "HTMJM": "area_mu",
    "LZMJM": "area_mu",
    "实际补贴面积": "subsidised_mu",
    "实发金额": "paid_yuan",
    "种植面积": "sown_mu",
    "种植收入": "planting_income_yuan",
    "养殖收入": "livestock_income_yuan",
    "务工收入": "wage_income_yuan",
    "经营收入": "trade_income_yuan",
    "转移性收入": "transfer_income_yuan",
    "生产支出": "production_cost_yuan",
    "生活支出": "living_cost_yuan",
    "家庭资产": "assets_yuan",
    "家庭负债": "debts_yuan",
    "总补贴额": "subsidy_yuan",
    "贷款余额": "balance_yuan",
    "授信余额": "credit_yuan",
    "申请金额": "applied_yuan",
}


def view(scored: Scored, query: str) -> list[tuple]:
    connection = duckdb.connect(str(scored.store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def expected_lines() -> dict[tuple[str, str, int], dict[str, str]]:
    with (DELIVERY / "truth_lines.csv").open(encoding="utf-8", newline="") as file:
        return {(row["file"], row["sheet"], int(row["line_number"])): row for row in csv.DictReader(file)}


def found_lines(scored: Scored) -> dict[tuple[str, str, int], str]:
    return {
        (f, s, n): o for f, s, n, o in view(scored, "SELECT file_name, sheet, line_number, outcome FROM reconciliation")
    }


def test_every_physical_line_has_exactly_one_outcome(delivery):
    ((rows, distinct),) = view(
        delivery, "SELECT count(*), count(DISTINCT (file_name, sheet, line_number)) FROM reconciliation"
    )
    assert rows == distinct
    assert set(found_lines(delivery)) == set(expected_lines())


def test_each_line_has_the_outcome_that_is_true_of_it(delivery):
    found = found_lines(delivery)
    expected = expected_lines()
    wrong = [key for key, row in expected.items() if row["expected"] != "any" and found[key] != row["expected"]]
    layout = [
        key
        for key, row in expected.items()
        if row["kind"] == "layout" and row["expected"] == "any" and found[key] != "layout"
    ]
    assert wrong == []
    assert len(layout) <= MOST_DIFFERENCES, layout


def test_of_equal_lines_one_is_accepted_and_the_rest_are_duplicates(delivery):
    found = found_lines(delivery)
    for twins in TRUTH["twin_lines"]:
        assert Counter(found[tuple(line)] for line in twins) == {"accepted": 1, "duplicate": len(twins) - 1}


@pytest.mark.parametrize(
    ("contract", "column", "sums"), [(c, k, v) for c, group in TRUTH["contract_sums"].items() for k, v in group.items()]
)
def test_the_sums_of_accepted_rows_are_reproduced(delivery, contract, column, sums):
    header, unit = column.split("|")
    ((total,),) = view(
        delivery,
        (
            f"SELECT sum(value) FROM control_totals WHERE contract = '{contract}' AND measure = "
            f"'{COLUMNS[header]}' AND unit = '{unit}'"
        ),
    )
    possible = {Decimal(0)}
    for uncertain in sums["uncertain"]:
        possible |= {value + Decimal(str(uncertain)) for value in possible}
    differences = {abs(total - Decimal(str(sums["certain"])) - extra) for extra in possible}
    assert min(differences) <= Decimal("0.02"), total  # the truth's own sums are rounded per row to two places


def test_every_must_of_the_truth_holds(delivery):
    keys = delivery.store.keys
    decisions = {
        key: (decision, limit, reasons)
        for key, decision, limit, reasons in view(
            delivery, "SELECT household_key, decision, limit_yuan, reason_codes FROM limits_current"
        )
    }
    for household in TRUTH["households"]:
        for must in household["must"]:
            decision, limit, reasons = decisions[household_key(keys, household["cbfbm"])]
            assert decision in (must["decisions"] or [decision]), (household["household"], must["why"], decision)
            assert must["limit_max"] is None or limit <= must["limit_max"], (household["household"], must["why"], limit)
            assert not any(word in code for word in must["reason_not"].split("|") if word for code in reasons), (
                household["household"],
                reasons,
            )


def test_a_dead_head_is_never_the_borrower(delivery):
    keys = delivery.store.keys
    reasons = dict(
        view(
            delivery,
            (
                f"SELECT household_key, borrower_reason FROM "
                f"read_parquet('{delivery.store.run_folder(delivery.run.run_id)}/decisions.parquet')"
            ),
        )
    )
    dead = [h for h in TRUTH["households"] if "dead_head" in h["roles"]]
    assert [reasons[household_key(keys, h["cbfbm"])] for h in dead] != []
    assert all(reasons[household_key(keys, h["cbfbm"])] != "BORROWER_HEAD" for h in dead)


def test_decisions_add_up_to_the_registered_households(delivery):
    ((decided,),) = view(delivery, "SELECT count(*) FROM limits_current")
    assert decided == sum(delivery.run.counts["households"].values()) == delivery.run.counts["registered"]
    registered = {household_key(delivery.store.keys, h["cbfbm"]) for h in TRUTH["households"] if h["registered"]}
    assert registered <= {key for (key,) in view(delivery, "SELECT household_key FROM limits_current")}


def linked(scored):
    return linked_rows(scored.store, scored.run.run_id).to_pylist()


def test_no_line_is_linked_to_another_family(delivery):
    """A member who married out stands in her parents' register: the register's own rows are left aside."""
    person_key = {
        m["person"]: household_key(delivery.store.keys, h["cbfbm"]) for h in TRUTH["households"] for m in h["members"]
    }
    expected = expected_lines()
    wrong = []
    for row in linked(delivery):
        file, sheet, line, key = row["file_name"], row["sheet"], row["line_number"], row["household_key"]
        if row["source_table"] == "land_member":
            continue
        person = expected[file, sheet, line]["person"].split("/")[-1]
        if key is not None and person in person_key and person_key[person] != key:
            wrong.append((file, line))
    assert wrong == []


def test_machinery_links_are_provisional_and_the_right_ones_only(delivery):
    status = {
        (row["file_name"], row["sheet"], row["line_number"]): row["status"]
        for row in linked(delivery)
        if row["source_table"] == "machinery_subsidy"
    }
    assert {status[tuple(line)] for line in TRUTH["must_stay_unlinked"]} == {"unlinked"}
    assert {status[tuple(line)] for line in TRUTH["should_link"]} == {"provisional"}


def test_prohibited_columns_were_dropped_and_said_so(delivery):
    manifest = delivery.store.manifest(delivery.run.run_id)
    dropped = [
        header
        for source in manifest["sources"]
        for why in ("attribute", "account")
        for header in source["dropped_columns"].get(why, [])
    ]
    assert {"民族", "健康状况", "银行卡号"} <= set(dropped)
