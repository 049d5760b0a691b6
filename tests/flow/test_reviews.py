"""Households in manual review go out as a workbook, a person decides, and later scorings remember while the grounds stand."""  # noqa: E501

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.conftest import AS_OF, MODELS, Scored, by_unit, copy_of, new_store, put_in_force, request_of, score_into
from tests.split import assert_adds_up, assert_decided_as_stored
from village_credit import cli
from village_credit.decide.decide import REVIEWED_REASONS
from village_credit.errors import GateRefused, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.report.account import account_text
from village_credit.score.scorecard import card_json, content_hash, read_scorecard
from village_credit.services.casework import holds
from village_credit.services.casework.reviews import Applied, apply_reviews, export_reviews
from village_credit.services.modelling.sign import sign_model
from village_credit.services.queries.explain import explain
from village_credit.services.queries.notices import notices
from village_credit.services.scoring.stage import score_inbox
from village_credit.store.store import Store
from village_credit.workbooks.decision_workbook import FIRST_ROW, VERDICT_HEADER
from village_credit.workbooks.reviews import AMOUNT_HEADER, HEADERS, HOUSEHOLD_HEADER, OPINION_HEADER

COUNTY = "659900"
POLICY = MODELS / "limit_policy.toml"
REVIEWER = "5005"


def rows_of(store: Store, run_id: str, table: str) -> dict[str, dict[str, Any]]:
    path = str(store.run_folder(run_id) / f"{table}.parquet")
    rows = duckdb.connect().sql("FROM read_parquet($p)", params={"p": path}).to_arrow_table().to_pylist()
    return {row["household_key"]: row for row in rows}


def cells(path: Path) -> Iterator[dict[str, Any]]:
    """Each household's row of the workbook, by header."""
    page = openpyxl.load_workbook(path).active
    for row in page.iter_rows(min_row=FIRST_ROW + 1, values_only=True):
        yield dict(zip(HEADERS, row, strict=True))


def fill(path: Path, said: dict[str, dict[str, Any]], out: Path | None = None) -> Path:
    """Write cells into the rows of households; gives the workbook that was written."""
    book = openpyxl.load_workbook(path)
    page = book.active
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        key = page.cell(row, HEADERS.index(HOUSEHOLD_HEADER) + 1).value
        for header, value in said.get(key, {}).items():
            page.cell(row, HEADERS.index(header) + 1).value = value
    book.save(out or path)
    return out or path


def grant(yuan: Any) -> dict[str, Any]:
    return {VERDICT_HEADER: "授信", AMOUNT_HEADER: yuan, OPINION_HEADER: "入户核实属实"}


@pytest.fixture(scope="module")
def story(staged: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run, its workbook with one household granted, one refused and one kept, and the next day's run.

    Not to be written.
    """
    folder = tmp_path_factory.mktemp("reviews")
    store, first = copy_of(staged, folder).store, staged.run.run_id
    blank = folder / "blank.xlsx"
    made = export_reviews(store, first, blank)
    figures = rows_of(store, first, "waterfall")
    decisions = rows_of(store, first, "decisions")
    keys = [row[HOUSEHOLD_HEADER] for row in cells(blank)]
    able = [
        key
        for key in by_unit(store, first, keys)
        if figures[key]["policy_limit_yuan"] >= 8_000 and set(decisions[key]["reason_codes"]) <= set(REVIEWED_REASONS)
    ]
    said = {able[0]: grant(6000), able[1]: {VERDICT_HEADER: "不授信"}, able[2]: {VERDICT_HEADER: "维持复核"}}
    applied = apply_reviews(store, fill(blank, said, folder / "said.xlsx"), REVIEWER, POLICY)
    second = score_into(store, staged.inbox, COUNTY, date(2026, 11, 2)).run.run_id
    return {
        "store": store,
        "first": first,
        "second": second,
        "blank": blank,
        "made": made,
        "able": able,
        "applied": applied,
        "figures": figures,
        "decisions": decisions,
        "keys": keys,
        "said": folder / "said.xlsx",
    }


def copied(story: dict[str, Any], folder: Path) -> Store:
    shutil.copytree(story["store"].root, folder / "store")
    shutil.copy(story["store"].root.parent / "keys", folder / "keys")
    return new_store(folder)


def test_the_workbook_holds_every_household_in_review_and_is_for_its_owner_alone(story):
    in_review = {k for k, row in story["decisions"].items() if row["decision"] == "manual_review"}
    assert set(story["keys"]) == in_review
    assert len(story["keys"]) == len(in_review) == story["made"].rows > 10
    assert story["blank"].stat().st_mode & 0o777 == 0o600


def test_a_row_shows_name_village_product_reasons_and_figures_in_chinese(story):
    row = next(row for row in cells(story["blank"]) if row[HOUSEHOLD_HEADER] == story["able"][0])
    figures = story["figures"][story["able"][0]]
    assert row["姓名"]
    assert "村" in row["村"]
    assert row["产品"] in {"农贷通", "脱贫人口小额信贷", "乡村致富贷"}
    assert row["复核原因"].isascii() is False
    assert (row["模型额度(元)"], row["政策额度(元)"]) == (figures["model_limit_yuan"], figures["policy_limit_yuan"])
    assert row["建议额度(元)"] == figures["policy_limit_yuan"]
    assert [row[header] for header in (VERDICT_HEADER, AMOUNT_HEADER, OPINION_HEADER)] == [None, None, None]


def test_the_next_scoring_grants_and_refuses_what_the_person_said_and_nothing_else(story):
    granted, refused, kept = story["able"][:3]
    assert story["applied"] == Applied(COUNTY, 1, 1, 1, 0, 6_000, 0)
    after = rows_of(story["store"], story["second"], "decisions")
    assert (after[granted]["decision"], after[granted]["limit_yuan"]) == ("granted", 6_000)
    assert after[granted]["reason_codes"][0] == "REVIEW_GRANTED"
    assert (after[refused]["decision"], after[refused]["reason_codes"][0]) == ("declined", "REVIEW_DECLINED")
    assert after[kept]["decision"] == "manual_review"
    changed = {key for key in after if after[key]["decision"] != story["decisions"][key]["decision"]}
    assert changed == {granted, refused}


def test_the_ledger_names_nobody_and_the_workbook_is_kept_encrypted(story):
    (entry,) = [e for e in Ledger.of(story["store"]) if e.act == "review_verdicts"]
    assert (entry.by, entry.run_id) == (REVIEWER, story["first"])
    said = json.dumps(entry.details, ensure_ascii=False)
    assert not [row["姓名"] for row in cells(story["said"]) if row["姓名"] in said]
    assert "入户核实" not in said
    assert story["store"].thaw(entry.details["workbook_sha256"]) == story["said"].read_bytes()


def test_applied_again_it_is_known_already_and_a_new_workbook_leaves_the_decided_out(story, tmp_path: Path):
    store = copied(story, tmp_path)
    before = Ledger.of(store)
    assert apply_reviews(store, story["said"], REVIEWER, POLICY) == Applied(COUNTY, 0, 0, 0, 0, 0, 3)
    assert Ledger.of(store) == before
    export_reviews(store, story["first"], tmp_path / "again.xlsx")
    left = [row[HOUSEHOLD_HEADER] for row in cells(tmp_path / "again.xlsx")]
    assert left == [key for key in story["keys"] if key not in story["able"][:2]]


def test_a_later_word_replaces_the_earlier_and_keeping_the_review_takes_it_back(
    story, county_inbox: Path, tmp_path: Path
):
    store = copied(story, tmp_path)
    back = fill(
        story["blank"], {key: {VERDICT_HEADER: "维持复核"} for key in story["able"][:2]}, tmp_path / "back.xlsx"
    )
    assert apply_reviews(store, back, REVIEWER, POLICY).kept == 2
    again = score_into(store, county_inbox, COUNTY)
    assert again.run.noop  # the first run: nothing is said any more
    assert again.run.run_id == story["first"]


@pytest.fixture(scope="module")
def held(story, county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """Who was granted by a person is held, and the county is scored again; read only."""
    store = copied(story, tmp_path_factory.mktemp("held"))
    holds.hold(store, story["able"][0], "2002", "x")
    return score_into(store, county_inbox, COUNTY)


def test_a_verdict_is_forgotten_where_the_household_s_reasons_change(story, held: Scored):
    row = rows_of(held.store, held.run.run_id, "decisions")[story["able"][0]]
    assert (row["decision"], row["reason_codes"][0]) == ("manual_review", "HELD")


def test_explain_and_notice_say_that_a_person_decided(story, tmp_path: Path):
    store = copied(story, tmp_path)
    put_in_force(store, story["second"])
    granted = story["able"][0]
    found = explain(store, granted)
    text = account_text(found)
    assert f"人工复核：授信 6,000 元，{REVIEWER}" in text
    said = next(item["text"] for item in notices(store, story["second"]) if item["household_key"] == granted)
    assert "6,000 元" in said
    assert "经人工复核" in said


def verdict(story: dict[str, Any], folder: Path, cell: dict[str, Any], key: str | None = None) -> Path:
    return fill(story["blank"], {key or story["able"][0]: cell}, folder / "book.xlsx")


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (grant(6500), "no multiple of 1,000 yuan"),
        (grant(4000), "below the smallest ticket of 5,000 yuan"),
        (grant(900_000), "above the policy limit"),
        (grant(None), "needs a whole number"),
        (grant("六千"), "needs a whole number"),
        (grant(6000.5), "needs a whole number"),
        ({VERDICT_HEADER: "同意"}, "the verdict is none of"),
        ({VERDICT_HEADER: "不授信", AMOUNT_HEADER: 6000}, "goes with 授信 only"),
        ({AMOUNT_HEADER: 6000}, "goes with 授信 only"),
        ({"政策额度(元)": 99_000}, "not yours to fill was altered"),
        ({"姓名": "某人"}, "not yours to fill was altered"),
        ({HOUSEHOLD_HEADER: "h" + "a" * 26}, "no household in review"),
    ],
)
def test_a_workbook_with_a_wrong_or_altered_row_is_refused_whole(story, tmp_path: Path, cell, why):
    before = Ledger.of(story["store"])
    other = {story["able"][3]: grant(5000)}
    path = fill(verdict(story, tmp_path, cell), other)
    row = FIRST_ROW + 1 + story["keys"].index(story["able"][0])
    with pytest.raises(UsageError, match=rf"row {row}: .*{why}.*Nothing was applied"):
        apply_reviews(story["store"], path, REVIEWER, POLICY)
    assert Ledger.of(story["store"]) == before


def test_a_household_twice_or_a_workbook_of_another_kind_is_refused(story, tmp_path: Path):
    first, second = story["keys"][:2]
    page_row = next(row for row in cells(story["blank"]) if row[HOUSEHOLD_HEADER] == first)
    twice = fill(story["blank"], {second: page_row}, tmp_path / "twice.xlsx")
    with pytest.raises(UsageError, match=f"rows {FIRST_ROW + 1} and {FIRST_ROW + 2}: one household twice"):
        apply_reviews(story["store"], twice, REVIEWER, POLICY)
    (tmp_path / "text.xlsx").write_text("no workbook")
    with pytest.raises(UsageError, match="no workbook that can be read"):
        apply_reviews(story["store"], tmp_path / "text.xlsx", REVIEWER, POLICY)
    headless = openpyxl.load_workbook(story["blank"])
    headless.active.cell(FIRST_ROW, 1).value = "判断"
    headless.save(tmp_path / "headless.xlsx")
    with pytest.raises(UsageError, match="no row of headers"):
        apply_reviews(story["store"], tmp_path / "headless.xlsx", REVIEWER, POLICY)


def test_what_is_held_cannot_be_granted_by_a_review(story, held: Scored, tmp_path: Path):
    export_reviews(held.store, held.run.run_id, tmp_path / "held.xlsx")
    fill(tmp_path / "held.xlsx", {story["able"][0]: grant(6000)})
    with pytest.raises(UsageError, match="HELD cannot be granted by a review"):
        apply_reviews(held.store, tmp_path / "held.xlsx", REVIEWER, POLICY)


def test_a_reason_that_declines_cannot_be_granted_by_a_review(story, tmp_path: Path):
    keys = by_unit(story["store"], story["first"], story["keys"])
    refused = next(key for key in keys if "LOWEST_BAND" in story["decisions"][key]["reason_codes"])
    with pytest.raises(UsageError, match="LOWEST_BAND cannot be granted by a review"):
        apply_reviews(story["store"], verdict(story, tmp_path, grant(6000), refused), REVIEWER, POLICY)


def test_the_preparer_of_the_run_cannot_review_it(story, tmp_path: Path):
    path = verdict(story, tmp_path, grant(6000))
    with pytest.raises(GateRefused, match="second person"):
        apply_reviews(story["store"], path, "１００１", POLICY)


def test_amounts_typed_as_text_or_with_commas_are_read(story, tmp_path: Path):
    store = copied(story, tmp_path)
    path = verdict(story, tmp_path, grant("7,000"))
    assert apply_reviews(store, path, REVIEWER, POLICY).sum_limit_yuan == 7_000


def test_the_commands_carry_the_workbook_out_and_back(
    published: Scored, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(published.store.root, tmp_path / "store")
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    out = tmp_path / "reviews.xlsx"
    assert cli.main(["reviews", "export", published.run.run_id, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == published.run.counts["households"]["manual_review"]
    key = next(row[HOUSEHOLD_HEADER] for row in cells(out))
    fill(out, {key: {VERDICT_HEADER: "不授信"}})
    assert cli.main(["reviews", "apply", str(out), "--by", "1001"]) == 4
    assert cli.main(["reviews", "apply", str(out), "--by", REVIEWER, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["declined"] == 1
    assert cli.main(["reviews", "export", published.run.run_id]) == 2
    assert cli.main(["reviews", "export", "r0", "--out", f"{out}.other"]) == 7
    assert published.run.as_of == AS_OF.isoformat()


def stricter_card(folder: Path, store: Store) -> Path:
    """The shipped policy, and a card that gives everybody fewer points, signed by three."""
    card = read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text("utf-8"))
    changed = card.model_copy(update={"model_id": "stricter", "base_points": card.base_points - 12, "signatures": []})
    made = changed.model_copy(update={"content_sha256": content_hash(changed)})
    models = folder / "models"
    models.mkdir()
    (models / "stricter.scorecard.json").write_text(card_json(made), "utf-8")
    for role, by in (("developer", "1"), ("validator", "2"), ("approver", "3")):
        sign_model(models, role, by, store.keys)
    shutil.copy(POLICY, models)
    return models


@pytest.fixture(scope="module")
def two_cards(story, county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[str, str]]:
    """Four runs: nobody has decided yet; a person has; by a new card; and once that person has said another figure."""
    folder = tmp_path_factory.mktemp("two_cards")
    store = copied(story, folder)
    runs = {"first": story["first"], "reviewed": story["second"]}
    asked = request_of(COUNTY, date(2026, 11, 2), models=stricter_card(folder, store))
    runs["carded"] = score_inbox(store, county_inbox, asked).run_id
    apply_reviews(store, verdict(story, folder, grant(5000)), REVIEWER, POLICY)
    runs["said anew"] = score_inbox(store, county_inbox, asked).run_id
    return store, runs


def test_a_new_card_and_verdicts_between_two_runs_are_causes_that_add_up_whichever_way(two_cards):
    store, runs = two_cards
    assert len(set(runs.values())) == 4
    causes = {
        pair: {row["cause"] for row in assert_adds_up(store, runs[pair[1]], runs[pair[0]]).causes()}
        for pair in permutations(runs, 2)
    }
    both = {"scorecard", "reviews"}
    for ends in (("first", "carded"), ("first", "said anew"), ("reviewed", "said anew")):
        assert causes[ends] >= both, ends
        assert causes[ends[::-1]] >= both, ends
    assert causes["reviewed", "carded"] == {"scorecard"}
    assert causes["carded", "said anew"] == {"reviews"}
    assert_decided_as_stored(store, runs["said anew"], runs["first"])
