"""One product a household: a line that is owed stays, one that is not makes way, and branches are told to close it."""

from __future__ import annotations

import csv
import dataclasses
import io
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, SIGNER, new_store, put_in_force, request_of, score_into
from tests.flow.test_receipts import view
from tests.split import assert_adds_up
from village_credit.services.queries.simulate import simulate
from village_credit.services.scoring import stage as score
from village_credit.services.servicing import usage
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

REFERRED, NEXT_MONTH = date(2026, 11, 20), date(2026, 12, 1)
LIST = "县政府办/个体户推荐名单.csv"
Rows = list[dict[str, Any]]


@dataclasses.dataclass
class Story:
    """A store and its inbox, three farmers' rows as their branches got them, their keys, and what each act gave."""

    store: Store
    inbox: Path
    told: dict[str, dict[str, str]]
    keys: dict[str, str]
    runs: dict[str, str] = dataclasses.field(default_factory=dict)
    packages: dict[str, Rows] = dataclasses.field(default_factory=dict)
    between: dict[str, Any] = dataclasses.field(default_factory=dict)  # the batch published, no whole run since


def branch_rows(outbox: str) -> Rows:
    """Every branch's list, each row with its branch."""
    found: Rows = []
    for path in sorted(Path(outbox).glob("*/limits.csv")):
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        found += [
            {name: value.strip("\t") for name, value in row.items()} | {"branch": path.parent.name} for row in rows
        ]
    return found


def refer(inbox: Path, people: Rows) -> None:
    """The county names more traders, in a list of its own."""
    folder = (inbox / COUNTY_OF_TESTS / LIST).parent
    header, first, *_ = (inbox / COUNTY_OF_TESTS / LIST).read_text(encoding="utf-8-sig").splitlines()
    usual = dict(zip(header.split(","), first.split(","), strict=True))
    lines = [header]
    for order, row in enumerate(people):
        changed = {
            "推荐批次": "2026-11",
            "推荐日期": REFERRED.isoformat(),
            "经营者姓名": row["姓名"],
            "身份证号": row["身份证号码"],
            "字号名称": f"新店{order}",
            "统一社会信用代码": f"92659900MA7ABCD{order}1X",
            "申请金额(元)": "60000",
        }
        lines.append(",".join({name: changed.get(name, value) for name, value in usual.items()}.values()))
    (folder / "推荐名单十一月.csv").write_text("\r\n".join([*lines, ""]), encoding="utf-8-sig")


def delivered(path: Path, *lines: str) -> Path:
    path.write_text("\r\n".join([*lines, ""]), encoding="utf-8-sig")
    return path


def publish_next(story: Story, name: str, as_of: date, product: str | None = None) -> None:
    run = score.score_inbox(story.store, story.inbox, request_of(COUNTY_OF_TESTS, as_of, product=product))
    story.runs[name] = run.run_id
    story.packages[name] = branch_rows(put_in_force(story.store, run.run_id).outbox)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Three farmers: one has drawn his line, one has not, one's branch refused.

    The first two are referred as traders.
    """
    folder = tmp_path_factory.mktemp("one_product")
    inbox = folder / "inbox"
    synthesize(inbox, COUNTY_OF_TESTS, 4, 120, 11, AS_OF, "none")
    store = new_store(folder)
    first = put_in_force(store, score_into(store, inbox, COUNTY_OF_TESTS).run.run_id)
    told = [
        row
        for row in branch_rows(first.outbox)
        if row["product"] == "farmer_line" and row["action"] == "grant" and int(row["limit_yuan"]) >= 20_000
    ]
    chosen = dict(
        zip(("drawn", "undrawn", "refused"), sorted(told, key=lambda row: row["身份证号码"])[:3], strict=True)
    )
    vault = pq.read_table(io.BytesIO(store.open_identities(first.run_id))).to_pylist()
    keys = {
        name: next(v["household_key"] for v in vault if v["person_id"] == row["身份证号码"])
        for name, row in chosen.items()
    }
    story = Story(store, inbox, chosen, keys, {"first": first.run_id}, {"first": told})
    drawn, refused = chosen["drawn"], chosen["refused"]
    usage.record_usage(
        store,
        delivered(
            folder / "合同.csv",
            "household_ref,contract_no,signed_on,channel",
            f"{drawn['household_ref']},HT-1,2026-11-03,counter",
        ),
        SIGNER,
    )
    usage.record_usage(
        store,
        delivered(
            folder / "用信.csv",
            "contract_no,amount_yuan,drawn_on,purpose",
            f"HT-1,{drawn['limit_yuan']},2026-11-05,seed",
        ),
        SIGNER,
    )
    receipt = delivered(
        folder / "回执.csv",
        "publication_id,household_ref,outcome,reason,at,branch_limit_yuan",
        f"{first.publication_id},{refused['household_ref']},refused,x,2026-11-05,",
    )
    acknowledge(store, receipt, SIGNER, MODELS / "limit_policy.toml")
    refer(inbox, [drawn, chosen["undrawn"]])
    publish_next(story, "batch", REFERRED, "trader_loan")
    story.between = {
        "covered": view(
            store, "SELECT CAST(sum(households) AS BIGINT), CAST(sum(sum_limit_yuan) AS BIGINT) FROM village_coverage"
        ),
        "decided": view(
            store,
            (
                "SELECT count(DISTINCT household_key), CAST(sum(limit_yuan) FILTER (decision = 'granted') AS "
                "BIGINT), count(*) FROM limits_current"
            ),
        ),
        "simulated": simulate(store, COUNTY_OF_TESTS, MODELS / "limit_policy.toml", REFERRED),
    }
    publish_next(story, "whole", NEXT_MONTH)
    return story


def decided(story: Story, run: str, who: str) -> dict[str, Any]:
    folder = story.store.run_folder(story.runs[run])
    tables = [pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("decisions", "waterfall")]
    found = [row for table in tables for row in table if row["household_key"] == story.keys[who]]
    return {**found[1], **found[0]}


def rows_told(story: Story, name: str, who: str) -> Rows:
    return [row for row in story.packages[name] if row["身份证号码"] == story.told[who]["身份证号码"]]


def test_a_batch_opens_no_second_product_beside_a_line_that_is_owed(story: Story):
    row = decided(story, "batch", "drawn")
    assert (row["decision"], row["reason_codes"]) == ("declined", ["OTHER_PRODUCT"])
    limit = int(story.told["drawn"]["limit_yuan"])
    assert row["other_unsecured_yuan"] >= limit
    assert rows_told(story, "batch", "drawn") == []


def test_a_batch_leaves_room_for_the_other_line_that_stays_in_force(story: Story):
    row, limit = decided(story, "batch", "undrawn"), int(story.told["undrawn"]["limit_yuan"])
    assert row["product"] == "trader_loan"
    assert row["other_unsecured_yuan"] >= limit
    assert row["headroom_yuan"] == min(row["product_cap_yuan"], row["household_cap_yuan"]) - row["other_unsecured_yuan"]


def test_the_next_whole_scoring_keeps_the_owed_line_and_its_term(story: Story):
    row = decided(story, "whole", "drawn")
    assert row["product"] == "farmer_line"
    assert row["limit_yuan"] >= int(story.told["drawn"]["limit_yuan"])  # never below what is owed
    assert str(row["valid_to"]) == story.told["drawn"]["valid_to"]
    told = [(line["product"], line["action"]) for line in rows_told(story, "whole", "drawn")]
    assert set(told) <= {("farmer_line", "change"), ("farmer_line", "freeze")}  # nothing, where it stays as it is


def test_a_line_that_makes_way_is_closed_at_its_branch(story: Story):
    row = decided(story, "whole", "undrawn")
    assert row["product"] == "trader_loan"
    told = {line["product"]: line for line in rows_told(story, "whole", "undrawn")}
    assert told["farmer_line"]["action"] == "remove"
    assert told["farmer_line"]["limit_yuan"] == "0"
    assert told["farmer_line"]["reason_zh"] != ""
    if row["decision"] != "granted" and decided(story, "batch", "undrawn")["decision"] == "granted":
        assert told["trader_loan"]["action"] == "remove"
    refs = [line["household_ref"] for line in told.values()]
    assert len(set(refs)) == len(refs)  # a receipt answers each line by itself


def test_what_a_branch_refused_stays_refused_and_is_not_told_again(story: Story):
    row = decided(story, "whole", "refused")
    assert (row["decision"], row["reason_codes"]) == ("declined", ["BRANCH_REFUSED"])
    assert rows_told(story, "whole", "refused") == []


def test_a_household_with_two_lines_is_covered_once(story: Story):
    ((covered, total),), ((households, granted, rows),) = story.between["covered"], story.between["decided"]
    assert (covered, total) == (households, granted)
    assert rows > households


def test_the_policy_in_force_changes_nobody_beside_a_batch_either(story: Story):
    found = story.between["simulated"]
    assert [row["change"] for row in found.changes] == ["same"]
    assert found.households == story.between["decided"][0][0]
    # what a branch refused stands in a simulation as in the views
    assert found.changes[0]["before_yuan"] == found.changes[0]["after_yuan"] == story.between["decided"][0][1]


def test_why_limits_change_adds_up_across_batches_and_products(story: Story):
    for before, after in permutations(story.runs.values(), 2):  # either way: what was added is taken away again
        assert_adds_up(story.store, after, before)
    again = assert_adds_up(story.store, story.runs["batch"])
    assert set(again.parts["product"].to_pylist()) <= {"trader_loan"}


def test_causes_that_were_measured_at_once_are_told_apart_by_reading_anew(story: Story):
    together = assert_adds_up(story.store, story.runs["whole"], story.runs["first"])
    apart = assert_adds_up(story.store, story.runs["whole"], story.runs["first"], MODELS)
    sums = [{row["cause"]: row["yuan"] for row in why.causes()} for why in (together, apart)]
    assert "day+deliveries" in sums[0]
    assert {"deliveries", "day"} >= {cause for cause in sums[1] if cause not in sums[0]} >= {"deliveries"}
    assert sums[1].get("deliveries", 0) + sums[1].get("day", 0) == sums[0]["day+deliveries"]
