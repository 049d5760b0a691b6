"""A county refers traders.

The batch is decided alone and on its day, its clocks are shown, and the office gets the result.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import MODELS, Scored, by_unit, copy_of, linked_rows, on_day, put_in_force, request_of
from village_credit import cli
from village_credit.errors import VerificationFailed
from village_credit.ledger import ledger, publications
from village_credit.pseudonyms import Keys, household_key, household_ref
from village_credit.publish import outbox as publish
from village_credit.publish.branch_package import verify_package
from village_credit.publish.office_package import results as office_results
from village_credit.publish.referral_clocks import calendar_since, clocks_sql
from village_credit.services.casework import holds
from village_credit.services.queries import status as tell
from village_credit.services.scoring import stage as score
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.services.servicing.usage import record_usage
from village_credit.store.store import Store
from village_credit.tables.referrals import referral_table

COUNTY = "659900"
REFERRED = date(2026, 11, 20)  # a Friday
AGAIN = date(2026, 11, 27)
LIST = "县政府办/个体户推荐名单.csv"
OTHERS = "SELECT * FROM limits_current WHERE product <> 'trader_loan' ORDER BY household_key"
FORMULA_SHOP, NAMED_BATCH = "@HYPERLINK(1)商店", "王小明专批"


def view(store: Store, query: str) -> list[tuple]:
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def refer(inbox: Path) -> list[dict[str, str]]:
    """Rewrite the county's list: two of a batch of November, the rest of a batch whose label names a person."""
    path = inbox / COUNTY / LIST
    header, *lines = path.read_text(encoding="utf-8-sig").split("\n")
    names = header.strip().split(",")
    rows = [dict(zip(names, line.strip().split(","), strict=True)) for line in lines if line.strip()]
    for order, row in enumerate(rows):
        row["推荐批次"] = "2026-11" if order < 2 else NAMED_BATCH
        row["推荐日期"] = "2026-11-20" if order < 4 else "2026-11-16"
    rows[1]["字号名称"] = FORMULA_SHOP
    text = [header.strip(), *(",".join(row.values()) for row in rows), ""]
    path.write_text("\r\n".join(text), encoding="utf-8-sig")
    return rows


@pytest.fixture(scope="module")
def story(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A published county; its referral list is scored as a batch on its day, signed and published; read only."""
    folder = tmp_path_factory.mktemp("referrals")
    whole = copy_of(quiet, folder)
    store, inbox = whole.store, Path(shutil.copytree(quiet.inbox, folder / "inbox"))
    listed = refer(inbox)
    before = {"rows": view(store, OTHERS), "files": hashes(store.run_folder(whole.run.run_id))}
    with on_day(REFERRED):
        batch = score.score_inbox(store, inbox, request_of(COUNTY, REFERRED, product="trader_loan"))
        staged = tell.status(store, REFERRED)[0]["referrals"]
        published = put_in_force(store, batch.run_id)
    return {
        "store": store,
        "whole": whole,
        "batch": batch,
        "before": before,
        "listed": listed,
        "staged": staged,
        "published": published,
    }


def results(folder: Path) -> list[tuple[Any, ...]]:
    """The office's rows, below title, unit and headers."""
    page = openpyxl.load_workbook(io.BytesIO((folder / "results.xlsx").read_bytes())).active
    return [row for number, row in enumerate(page.iter_rows(values_only=True)) if number >= 2]


def office_folder(story: dict[str, Any]) -> Path:
    return Path(story["published"].outbox) / "county_government"


def batches(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {batch["referral_batch"]: batch for batch in found}


def november(store: Store, on: date) -> list[dict[str, Any]]:
    """The batches of November; what October's list said of the same traders is in force beside them."""
    found = tell.status(store, on)[0]["referrals"]
    assert batches(found)["2026-10"]["decision"]["late"] > 0
    return [batch for batch in found if batch["referral_batch"] != "2026-10"]


def test_every_other_decision_is_the_same_to_the_byte(story: dict[str, Any]):
    assert view(story["store"], OTHERS) == story["before"]["rows"] != []
    assert hashes(story["store"].run_folder(story["whole"].run.run_id)) == story["before"]["files"]
    decided = view(
        story["store"], f"SELECT DISTINCT product, run_id FROM limits_current WHERE run_id = '{story['batch'].run_id}'"
    )
    assert decided == [("trader_loan", story["batch"].run_id)]


def test_a_trader_of_the_batch_is_decided_on_its_day(story: dict[str, Any]):
    rows = view(
        story["store"],
        (
            f"SELECT DISTINCT decided_on, decision_working_days, decision_clock, decision_due_on FROM "
            f"referrals WHERE run_id = '{story['batch'].run_id}' AND decision <> 'manual_review' AND "
            f"referred_on = '2026-11-20'"
        ),
    )
    assert rows == [(REFERRED, 0, "same_day", date(2026, 11, 25))]


def test_whom_only_the_model_declines_waits_for_a_person_and_his_clock_runs_on(story: dict[str, Any]):
    path = str(story["store"].run_folder(story["batch"].run_id) / "decisions.parquet")
    query = "SELECT household_key, reason_codes FROM read_parquet($p) WHERE decision = 'manual_review'"
    waiting = duckdb.connect().execute(query, {"p": path}).fetchall()
    assert any("TRADER_MODEL_DECLINE" in codes for _, codes in waiting)
    open_ = view(
        story["store"],
        f"SELECT household_key FROM referrals WHERE run_id = '{story['batch'].run_id}' AND decision_clock = 'open'",
    )
    assert {key for key, _ in waiting} == {key for (key,) in open_}


def test_status_counts_a_batch_that_waits_for_its_signature(story: dict[str, Any]):
    found = batches(story["staged"])["2026-11"]
    assert (found["referred"], found["decision"]) == (2, {"decided": 0, "open": 2, "late": 0, "not_known": 0})


@pytest.mark.parametrize(("day", "is_over"), [(20, False), (25, False), (26, True)])
def test_status_reads_both_clocks_on_the_day_that_one_asks_for(story: dict[str, Any], day: int, is_over: bool):
    """Friday's three working days end with Wednesday the 25th.

    Monday's ended on Thursday, before anything was decided.
    """
    rows = november(story["store"], date(2026, 11, day))
    told = view(
        story["store"],
        (
            f"SELECT decision = 'manual_review', referred_on = '2026-11-16', decision = 'granted' FROM "
            f"referrals WHERE run_id = '{story['batch'].run_id}'"
        ),
    )
    waiting, granted = sum(row[0] for row in told), [row for row in told if row[2]]
    late = [row for row in told if row[1] or (row[0] and is_over)]
    late_draws = [row for row in granted if row[1] or is_over]
    assert waiting > 0 < len(granted)
    assert _sums(rows, "decision") == {
        "decided": len(told) - waiting,
        "open": waiting,
        "late": len(late),
        "not_known": 0,
    }
    assert _sums(rows, "draw") == {"drawn": 0, "open": len(granted), "late": len(late_draws), "not_known": 0}


def _sums(rows: list[dict[str, Any]], clock: str) -> dict[str, int]:
    return {name: sum(batch[clock][name] for batch in rows) for name in rows[0][clock]}


def test_the_command_line_shows_the_clocks_as_text_and_as_json(
    story: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(story["store"].root.parent / "keys"))
    words = ["status", "--store", str(story["store"].root), "--on", "2026-11-26"]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "batch 2026-11 on 2026-11-26: 2 referred; decision: " in said
    assert cli.main([*words, "--json"]) == 0
    found = batches(json.loads(capsys.readouterr().out)[0]["referrals"])
    assert found["2026-11"]["on"] == "2026-11-26"
    assert not any(
        name in said + json.dumps(found, ensure_ascii=False) for name in ("王小明", story["listed"][0]["经营者姓名"])
    )


def test_the_office_gets_each_trader_s_result_and_nothing_of_why(story: dict[str, Any]):
    folder = office_folder(story)
    header, *rows = results(folder)
    assert header == ("推荐批次", "字号名称", "经营者姓名", "推荐日期", "结果", "授信金额(元)")
    named = {(row["推荐批次"], row["字号名称"], row["经营者姓名"], row["推荐日期"]) for row in story["listed"]}
    assert {row[:4] for row in rows} == named
    counts = dict(
        view(
            story["store"],
            f"SELECT decision, count(*) FROM referrals WHERE run_id = '{story['batch'].run_id}' GROUP BY ALL",
        )
    )
    words = {"granted": "授信", "declined": "未授信", "manual_review": "审核中"}
    assert {decision: sum(row[4] == words[decision] for row in rows) for decision in counts} == counts
    assert all((row[5] is not None) == (row[4] == "授信") for row in rows)
    total = view(story["store"], "SELECT sum(limit_yuan) FROM limits_current WHERE product = 'trader_loan'")
    assert [(sum(row[5] or 0 for row in rows),)] == total
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {"results.xlsx"}
    assert sorted(path.name for path in folder.iterdir()) == ["READY", "manifest.json", "results.xlsx"]


def test_the_office_s_cells_are_text_that_no_spreadsheet_runs(story: dict[str, Any]):
    page = openpyxl.load_workbook(office_folder(story) / "results.xlsx").active
    (cell,) = [cell for row in page.iter_rows() for cell in row if cell.value == FORMULA_SHOP]
    assert (cell.data_type, cell.number_format) == ("s", "@")


def test_the_office_s_package_is_verified_and_an_altered_one_refused(
    story: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    folder = Path(shutil.copytree(office_folder(story), tmp_path / "county_government"))
    assert verify_package(folder)["rows"] == len(story["listed"])
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(story["store"].root.parent / "keys"))
    assert cli.main(["package", "verify", str(folder)]) == 0
    assert "package of county_government" in capsys.readouterr().out
    (folder / "results.xlsx").write_bytes((folder / "results.xlsx").read_bytes() + b" ")
    with pytest.raises(VerificationFailed, match=r"results\.xlsx"):
        verify_package(folder)
    (folder / "READY").unlink()
    with pytest.raises(VerificationFailed, match="READY"):
        verify_package(folder)


def test_the_first_draw_stops_its_clock(story: dict[str, Any], tmp_path: Path):
    store = copy_of(story["whole"], tmp_path).store
    publication = story["published"].publication_id
    query = (
        f"SELECT household_key FROM referrals WHERE run_id = '{story['batch'].run_id}' AND decision = "
        f"'granted' AND referred_on = '2026-11-20'"
    )
    key = by_unit(story["store"], story["batch"].run_id, [key for (key,) in view(story["store"], query)])[0]
    sent = publish.packaged_for_branches(store, ledger.Ledger.of(store), publication)
    (line,) = [row for row in sent[1].to_pylist() if row["household_key"] == key]
    ref = household_ref(store.keys, publication, line["unit_code"], line["product"])
    for name, text in {
        "c.csv": f"household_ref,contract_no,signed_on\n{ref},HT-1,2026-11-23\n",
        "d.csv": "contract_no,amount_yuan,drawn_on\nHT-1,1000,2026-11-24\nHT-1,1000,2026-11-30\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        record_usage(store, tmp_path / name, "6006")
    found = view(
        store,
        (
            f"SELECT first_drawn_on, draw_working_days, draw_clock FROM referrals WHERE run_id = "
            f"'{story['batch'].run_id}' AND household_key = '{key}'"
        ),
    )
    assert found == [(date(2026, 11, 24), 2, "in_time")]
    drawn = [sum(batch["draw"]["drawn"] for batch in november(store, date(2026, 11, day))) for day in (23, 24)]
    assert drawn == [0, 1]


def test_who_is_held_when_the_result_is_packed_is_in_review(story: dict[str, Any], tmp_path: Path):
    store = copy_of(story["whole"], tmp_path).store
    ((key,), *_) = view(
        story["store"],
        "SELECT household_key FROM limits_current WHERE product = 'trader_loan' AND decision = 'granted'",
    )
    holds.hold(store, key, "2002", "test")
    told = ledger.Ledger.of(store).publications[-1]
    decisions = pq.read_table(store.run_folder(told.run_id) / "decisions.parquet")
    found = publish._results(store, told, decisions, [key])
    packed = {row.decision: row.limit_yuan for row in found if row.limit_yuan or row.decision == "manual_review"}
    before = sum(row[5] or 0 for row in results(office_folder(story))[1:])
    assert sum(row.limit_yuan for row in found) < before
    assert packed["manual_review"] == 0


def test_no_trader_is_named_outside_the_outbox_the_vault_and_the_frozen_bytes(story: dict[str, Any]):
    store: Store = story["store"]
    needles = [
        row[name]
        for row in story["listed"]
        for name in ("经营者姓名", "身份证号", "联系电话", "字号名称", "统一社会信用代码")
    ]
    places: dict[str, str] = {}
    for path in store.root.rglob("*"):
        if path.is_file() and path.relative_to(store.root).parts[0] not in ("outbox", "vault", "frozen"):
            places[str(path.relative_to(store.root))] = path.name + path.read_bytes().decode("utf-8", "replace")
            if path.suffix == ".parquet":
                rows = duckdb.connect().execute("FROM read_parquet($p)", {"p": str(path)}).fetchall()
                places[f"{path.name} decoded"] = json.dumps(rows, ensure_ascii=False, default=str)
    places["referrals"] = json.dumps(view(store, "SELECT * FROM referrals"), ensure_ascii=False, default=str)
    needles += ["王小明", NAMED_BATCH]
    assert [place for place, text in places.items() if any(needle in text for needle in needles)] == []
    assert "2026-11" in places["referrals"]


# referred again, under another product, refused by the branch


def write_list(inbox: Path, name: str, rows: list[dict[str, str]]) -> None:
    """Add a list beside the county's first."""
    path = (inbox / COUNTY / LIST).with_name(name)
    text = [",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]
    path.write_text("\r\n".join(text), encoding="utf-8-sig")


@pytest.fixture(scope="module")
def again(story: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A week later a lone trader is referred again, a registered one twice, once of next year, and two of next year only."""  # noqa: E501
    folder = tmp_path_factory.mktemp("again")
    store = copy_of(story["whole"], folder).store
    inbox = Path(shutil.copytree(story["store"].root.parent / "inbox", folder / "inbox"))
    lone, registered, first = _by_kind(store, story["listed"])
    told = {"推荐批次": "2026-12", "推荐日期": "2026-11-27"}
    later = {"推荐批次": "2027-11", "推荐日期": "2027-11-20", "申请金额(元)": "90000"}
    stranger = {
        **lone,
        "统一社会信用代码": "92659900MA7ABCDE1X",
        "身份证号": "659900199003078516",
        "经营者姓名": "赵钱孙",
    }
    rows = [
        {**lone, **told, "申请金额(元)": "30000"},
        {**registered, **told, "申请金额(元)": "40000"},
        {**registered, **later},
        {**first, **later},
        {**stranger, **later},
    ]
    write_list(inbox, "二.csv", rows)
    with on_day(AGAIN):
        batch = score.score_inbox(store, inbox, request_of(COUNTY, AGAIN, product="trader_loan"))
        published = put_in_force(store, batch.run_id)
    keys = [household_key(store.keys, "T" + row["统一社会信用代码"]) for row in (lone, stranger)]
    return {
        "store": store,
        "run": batch.run_id,
        "published": published,
        "lone": lone,
        "keys": keys,
        "registered": registered,
        "first": first,
    }


def _by_kind(store: Store, listed: list[dict[str, str]]) -> tuple[dict[str, str], ...]:
    """A trader on no register, and two on it."""
    lone = {key for (key,) in view(store, "SELECT household_key FROM referrals WHERE household_key LIKE 't%'")}
    kinds: dict[bool, list[dict[str, str]]] = {True: [], False: []}
    for row in listed:
        kinds[household_key(store.keys, "T" + row["统一社会信用代码"]) in lone].append(row)
    return kinds[True][0], kinds[False][0], kinds[False][1]


def test_a_lone_trader_who_is_referred_again_is_decided_by_the_newest_row(again: dict[str, Any]):
    query = (
        f"SELECT referral_batch, referred_on, applied_yuan, decision IS NOT NULL FROM referrals WHERE "
        f"run_id = '{again['run']}' AND household_key = '{again['keys'][0]}'"
    )
    assert view(again["store"], query) == [("2026-12", AGAIN, 30_000, True)]
    lines = linked_rows(again["store"], again["run"]).to_pylist()
    his = [row for row in lines if (row["source_table"], row["household_key"]) == ("trader_referral", again["keys"][0])]
    assert [row["outcome"] for row in his] == ["accepted"] * 2
    rows = [
        row
        for row in results(Path(again["published"].outbox) / "county_government")
        if row[1] == again["lone"]["字号名称"] and row[2] == again["lone"]["经营者姓名"]
    ]
    assert len({row[4:] for row in rows}) == 1 < len(rows)  # both rows are his, with one result


def test_a_referral_of_a_later_day_replaces_none_and_is_not_lost(again: dict[str, Any]):
    query = (
        f"SELECT referral_batch, applied_yuan FROM referrals WHERE run_id = '{again['run']}' AND "
        f"referred_on > '2026-11-27'"
    )
    assert view(again["store"], query) == []
    counted = (
        f"SELECT count(*) FROM referrals WHERE run_id = '{again['run']}' AND applied_yuan = 40000 AND "
        f"referral_batch = '2026-12'"
    )
    assert view(again["store"], counted) == [(1,)]
    lines = (
        f"SELECT outcome, count(*) FROM reconciliation WHERE run_id = '{again['run']}' AND file_name LIKE "
        f"'%二.csv' GROUP BY ALL ORDER BY ALL"
    )
    assert view(again["store"], lines) == [("accepted", 5), ("layout", 1)]
    told = [row for row in results(Path(again["published"].outbox) / "county_government") if row[0] == "2027-11"]
    assert [row[4] for row in told] == ["审核中"] * 3


def test_a_lone_trader_of_a_later_day_only_is_no_unit_yet(again: dict[str, Any]):
    query = (
        f"SELECT count(*) FROM links WHERE run_id = '{again['run']}' AND source_table = 'trader_referral' "
        f"AND status = 'unlinked' AND household_key IS NULL"
    )
    assert view(again["store"], query) == [(1,)]
    assert view(again["store"], f"SELECT * FROM households WHERE household_key = '{again['keys'][1]}'") == []


@pytest.mark.parametrize(
    ("product", "decision", "result", "limit"),
    [
        ("trader_loan", "granted", "granted", 50_000),
        ("farmer_line", "granted", "declined", 0),
        ("farmer_line", "declined", "declined", 0),
        ("farmer_line", "manual_review", "manual_review", 0),
    ],
)
def test_whom_another_product_serves_is_decided_too(product: str, decision: str, result: str, limit: int):
    """The county is told that the referral brought nothing, not what else he has."""
    granted = 50_000 if decision == "granted" else 0
    facts = {
        "traders": pa.table(
            {"unit_code": ["u"], "referral_batch": ["2026-11"], "applied_yuan": [60_000], "referred_on": [REFERRED]}
        ),
        "households": pa.table({"unit_code": ["u"], "county_code": [COUNTY]}),
    }
    decided = {"unit_code": ["u"], "product": [product], "decision": [decision], "limit_yuan": [granted]}
    keys = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"s" * 32)
    (row,) = referral_table(facts, pa.table(decided), {"u": "h1"}, (3, 3), keys).to_pylist()
    assert (row["decision"], row["limit_yuan"]) == (result, limit)
    listed = {
        "household_key": "h1",
        "referral_batch": "2026-11",
        "shop_name": "s",
        "operator_name": "o",
        "referred_on": REFERRED,
    }
    found = {"product": product, "decision": decision, "limit_yuan": granted}
    (told,) = office_results([listed], {"h1": found}, set())
    assert (told.decision, told.limit_yuan) == (result, limit)


@pytest.mark.parametrize(("day", "clock"), [("2026-11-24", "none"), ("2026-11-27", "late")])
def test_a_branch_s_refusal_ends_the_clock_of_the_draw(
    story: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: str, clock: str
):
    """Within its three working days nothing is owed any more; after them it was late, and is not open for ever."""
    store, publication = copy_of(story["whole"], tmp_path).store, story["published"].publication_id
    query = (
        f"SELECT household_key FROM referrals WHERE run_id = '{story['batch'].run_id}' AND decision = "
        f"'granted' AND referred_on = '2026-11-20'"
    )
    key = by_unit(store, story["batch"].run_id, [key for (key,) in view(store, query)])[0]
    before = _sums(november(store, date(2026, 12, 26)), "draw")
    ref = reference(store, publication, key)
    path = tmp_path / "r.csv"
    path.write_text(
        f"publication_id,household_ref,outcome,reason,at,branch_limit_yuan\n{publication},{ref},refused,,{day},\n",
        "utf-8",
    )
    monkeypatch.setattr(
        "village_credit.services.servicing.receipt_rules.today", lambda: date(2026, 12, 26), raising=False
    )
    assert acknowledge(store, path, "6006", MODELS / "limit_policy.toml").changed == 1
    found = view(
        store, f"SELECT draw_clock FROM referrals WHERE run_id = '{story['batch'].run_id}' AND household_key = '{key}'"
    )
    assert found == [(clock,)]
    after = _sums(november(store, date(2026, 12, 26)), "draw")
    assert (before["open"] - after["open"], before["late"] - after["late"]) == (1, clock == "none")
    assert _sums(november(store, date(2026, 11, 23)), "draw")["open"] == before["open"]  # not known yet


def reference(store: Store, publication: str, key: str) -> str:
    sent = publish.packaged_for_branches(store, ledger.Ledger.of(store), publication)
    (line,) = [row for row in sent[1].to_pylist() if row["household_key"] == key]
    return household_ref(store.keys, publication, line["unit_code"], line["product"])


def test_a_draw_that_was_taken_back_stops_no_clock(story: dict[str, Any], tmp_path: Path):
    store, publication = copy_of(story["whole"], tmp_path).store, story["published"].publication_id
    query = (
        f"SELECT household_key FROM referrals WHERE run_id = '{story['batch'].run_id}' AND decision = "
        f"'granted' AND referred_on = '2026-11-20'"
    )
    key = by_unit(store, story["batch"].run_id, [key for (key,) in view(store, query)])[0]
    query = (
        f"SELECT household_key FROM limits_current WHERE decision = 'granted' AND product = 'farmer_line' "
        f"AND household_key <> '{key}'"
    )
    other = by_unit(store, story["whole"].run.run_id, [key for (key,) in view(store, query)])[0]
    whole = publications.publications(ledger.Ledger.of(store))[0].publication_id
    contract = "household_ref,contract_no,signed_on\n{},HT-1,2026-11-23\n"
    for name, text in {
        "合同.csv": contract.format(reference(store, publication, key)),
        "用信.csv": "contract_no,amount_yuan,drawn_on\nHT-1,1000,2026-11-24\n",
        "合同更正.csv": contract.format(reference(store, whole, other)),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        record_usage(store, tmp_path / name, "6006")
    found = view(
        store,
        (
            f"SELECT first_drawn_on, draw_clock FROM referrals WHERE run_id = '{story['batch'].run_id}' AND "
            f"household_key = '{key}'"
        ),
    )
    assert found == [(None, "open")]


@pytest.mark.parametrize(
    ("referred_on", "decided_on", "state"),
    [
        (REFERRED, REFERRED, "same_day"),
        (REFERRED, date(2026, 11, 21), "in_time"),  # Saturday
        (date(2026, 9, 30), date(2026, 10, 5), "in_time"),  # within the holiday
        (date(2026, 10, 5), date(2026, 10, 5), "same_day"),
    ],
)
def test_the_same_day_is_the_day_of_the_referral(referred_on: date, decided_on: date, state: str):
    row = {
        "run_id": "r1",
        "household_key": "h1",
        "county_code": COUNTY,
        "referral_batch": "b",
        "referred_on": referred_on,
        "applied_yuan": 1,
        "decision": "granted",
        "limit_yuan": 1,
        "decision_days": 3,
        "draw_days": 3,
    }
    connection = duckdb.connect()
    connection.execute("CREATE TABLE draws (household_key VARCHAR, product VARCHAR, drawn_on DATE)")
    connection.execute(
        "CREATE TABLE branch_limits (run_id VARCHAR, household_key VARCHAR, product VARCHAR, "
        "branch_limit_yuan BIGINT, branch_limit_on DATE, is_last BOOLEAN)"
    )
    connection.execute(
        (
            "CREATE TABLE publications AS SELECT 'r1' AS run_id, CAST(NULL AS VARCHAR) AS product, CAST($d "
            "AS DATE) AS published_on"
        ),
        {"d": decided_on},
    )
    connection.register("referrals", pa.Table.from_pylist([row]))
    days = [{"day": day, "working_days": count} for day, count in calendar_since(referred_on)]
    connection.register("working_calendar", pa.Table.from_pylist(days))
    (found,) = connection.sql(clocks_sql()).to_arrow_table().to_pylist()
    assert found["decision_clock"] == state
