"""A first publication is taken back: nothing is in force, branches close its lines and freeze what is owed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.conftest import PREPARER, SIGNER, Scored, copy_of, on_day
from tests.flow.test_receipts import _after_every_receipt, receipt, take  # noqa: F401  # the day of its receipts
from tests.flow.test_rollback import registered, sent, view
from tests.flow.test_usage import Desk, signed
from village_credit.catalogue import run_tables
from village_credit.errors import GateRefused, MissingInput, RunConflict, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_before, lines_in_force
from village_credit.ledger.publications import Publication
from village_credit.publish.branch_package import PackageInputs, package_rows
from village_credit.report.account import account_text
from village_credit.services.approval import publish as publishing
from village_credit.services.approval.rollback import roll_back
from village_credit.services.approval.withdraw import withdraw
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.explain import explain
from village_credit.services.queries.notices import notices
from village_credit.store.store import Store

COUNTY, WHY = "659900", "the register was of another year"
LATER = date(2026, 12, 1)
CURRENT = "SELECT * EXCLUDE (publication_id, published_at) FROM limits_current ORDER BY ALL"


def lines_of_register(store: Store, publication_id: str, state: str) -> set[tuple[str, str]]:
    rows = registered(store, publication_id)
    return {(row["身份证号码"], row["product"]) for row in rows if row["state"] == state}


@pytest.fixture(scope="module")
def story(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A county's first publication, with one contract and a draw, withdrawn; then brought back."""
    desk = Desk(quiet, tmp_path_factory.mktemp("withdrawn"))
    store = desk.store
    owing = signed(desk)
    desk.take("用信", "HT-1,9000,2026-11-07,seed")
    before = view(store, CURRENT)
    (first,) = Ledger.of(store).publications
    granted = lines_in_force(store, Ledger.of(store), COUNTY).to_pylist()
    with on_day(LATER):
        done = withdraw(store, COUNTY, SIGNER, WHY)
    after = copy_of(Scored(store, quiet.inbox, quiet.county_code, quiet.run), tmp_path_factory.mktemp("after")).store
    with on_day(LATER):
        again = roll_back(store, COUNTY, first.publication_id, SIGNER, "it was right after all")
    return {
        "quiet": quiet, "before": before, "first": first, "granted": granted, "owing": owing, "done": done,
        "store": after, "returned": store, "again": again,
    }  # fmt: skip


def test_nothing_of_the_county_is_in_force_and_history_says_since_when(story: dict[str, Any]):
    store, first = story["store"], story["first"]
    assert story["before"] != []
    assert view(store, CURRENT) == []
    assert lines_in_force(store, Ledger.of(store), COUNTY).num_rows == 0
    history = view(
        store, "SELECT publication_id, count(*), bool_and(superseded_at IS NOT NULL) FROM limits_history GROUP BY 1"
    )
    assert history == [(first.publication_id, len(story["before"]), True)]
    assert view(store, f"SELECT status FROM runs WHERE run_id = '{first.run_id}'") == [("withdrawn",)]
    assert lines_before(store, Ledger.of(store), COUNTY, date(2027, 1, 1)).num_rows == 0


def test_the_ledger_says_who_withdrew_what_and_why_and_holds(story: dict[str, Any]):
    store, (entry,) = story["store"], [e for e in Ledger.of(story["store"]) if e.act == "withdraw"]
    assert (entry.by, entry.run_id) == (SIGNER, story["first"].run_id)
    assert entry.details["withdraws"] == [story["first"].publication_id] == story["done"].withdraws
    assert entry.details["reason"] == WHY
    assert verify_ledger(store, list((store.root / "outbox" / COUNTY / story["done"].publication_id).iterdir()))


def test_each_branch_closes_its_lines_and_freezes_what_is_owed_at_its_balance(story: dict[str, Any]):
    store, told = story["store"], story["done"].publication_id
    rows = sent(story["quiet"].store, story["first"].publication_id)
    lines = {(row["身份证号码"], row["product"]) for row in rows if row["action"] in ("grant", "change")}
    gone = sent(store, told)
    assert {(row["身份证号码"], row["product"]) for row in gone} >= lines
    owing = [row for row in gone if row["action"] == "freeze"]
    assert [(row["身份证号码"], row["limit_yuan"]) for row in owing] == [(story["owing"]["身份证号码"], "9000")]
    assert {row["action"] for row in gone if row not in owing} == {"remove"}
    assert {row["limit_yuan"] for row in gone if row not in owing} == {"0"}
    assert {row["reason_zh"] for row in gone} == {"本县授信已整体撤回，原额度停用"}
    frozen = {(row["身份证号码"], row["limit_yuan"]) for row in registered(store, told) if row["state"] == "frozen"}
    for_a_person = lines_of_register(story["quiet"].store, story["first"].publication_id, "frozen")
    assert for_a_person
    assert frozen == {(story["owing"]["身份证号码"], "9000"), *((number, "0") for number, _ in for_a_person)}
    assert not lines_of_register(store, told, "open")


def test_explain_tells_what_was_withdrawn_and_says_so(story: dict[str, Any]):
    """On the day of the withdrawal too, though it was published that morning."""
    line = next(row for row in story["granted"] if row["limit_yuan"] > 0)
    key, act = line["household_key"], Ledger.of(story["store"])[-1]
    for on in (None, LATER):
        told = explain(story["store"], key, on)
        assert told["withdrawn"] == {"on": "2026-12-01", "act": act.number, "by": SIGNER}
        assert told["publication_id"] == story["first"].publication_id
        assert told["decision"]["limit_yuan"] == line["limit_yuan"]
        text = account_text(told)
        assert f"本县授信已于 2026-12-01 整体撤回（台账链第 {act.number} 号），现无有效额度" in text
    assert explain(story["store"], key, date(2026, 11, 30))["withdrawn"] is None
    assert explain(story["returned"], key)["withdrawn"] is None
    with pytest.raises(MissingInput, match="no published decision"):
        explain(story["store"], "h" + "a" * 26)


def test_nobody_is_told_a_limit_that_was_withdrawn(story: dict[str, Any]):
    with pytest.raises(MissingInput, match="was withdrawn: nobody is to be told its limits"):
        notices(story["store"], story["first"].run_id)
    assert notices(story["returned"], story["first"].run_id)


def test_a_branch_answers_to_a_withdrawal_as_to_any_other_package(story: dict[str, Any], tmp_path: Path):
    store = copy_of(Scored(story["store"], story["quiet"].inbox, COUNTY, story["quiet"].run), tmp_path).store
    row = sent(store, story["done"].publication_id)[0]
    path = receipt(store, tmp_path / "r.csv", (row["household_ref"], "imported", ""))
    said = path.read_text().replace(story["first"].publication_id, story["done"].publication_id)
    path.write_text(said.replace("2026-11-05", "2026-12-02"))
    done = take(store, path)
    assert (done.counts["accepted"], done.findings) == (1, [])


def test_the_same_again_is_a_no_op_and_what_may_not_be_is_refused(story: dict[str, Any]):
    store = story["store"]
    acts = len(Ledger.of(store))
    again = withdraw(store, COUNTY, SIGNER, WHY)
    assert (again.noop, again.publication_id) == (True, story["done"].publication_id)
    with pytest.raises(MissingInput, match="county 653199 has no publication"):
        withdraw(store, "653199", SIGNER, WHY)
    with pytest.raises(UsageError, match="--reason is empty"):
        withdraw(store, COUNTY, SIGNER, " ")
    with pytest.raises(GateRefused, match="prepared it and cannot withdraw it"):
        withdraw(story["returned"], COUNTY, PREPARER, WHY)
    with pytest.raises(RunConflict, match="use rollback to return to it"):
        publishing.publish(store, story["first"].run_id, PREPARER)
    assert len(Ledger.of(store)) == acts


def test_a_rollback_brings_everything_back_and_tells_it_as_new(story: dict[str, Any]):
    store, told = story["returned"], story["again"].publication_id
    assert view(store, CURRENT) == story["before"]
    assert {row["action"] for row in sent(store, told)} <= {"grant", "freeze"}
    rows, first = sent(store, told), sent(story["quiet"].store, story["first"].publication_id)
    limits = {(row["身份证号码"], row["product"]): row["limit_yuan"] for row in first if row["action"] == "grant"}
    back = {(row["身份证号码"], row["product"]): row["limit_yuan"] for row in rows if row["action"] == "grant"}
    assert limits.items() <= back.items()


def test_every_line_that_a_branch_has_is_closed_or_stays_frozen_and_none_comes_back_as_changed(
    published: Scored, tmp_path: Path
):
    """The bank's own lines too: those that the first publication changed, and those that it froze for a person."""
    store = copy_of(published, tmp_path).store
    (first,) = Ledger.of(store).publications
    opened, frozen = (lines_of_register(store, first.publication_id, state) for state in ("open", "frozen"))
    assert frozen
    assert {"change", "freeze"} <= {row["action"] for row in sent(store, first.publication_id)}
    done = withdraw(store, COUNTY, SIGNER, WHY)
    gone = {(row["身份证号码"], row["product"]): row["action"] for row in sent(store, done.publication_id)}
    assert opened <= gone.keys()
    assert set(gone.values()) == {"remove"}
    assert lines_of_register(store, done.publication_id, "frozen") == frozen
    assert not lines_of_register(store, done.publication_id, "open")
    again = roll_back(store, COUNTY, first.publication_id, SIGNER, "it was right after all")
    assert {row["action"] for row in sent(store, again.publication_id)} == {"grant", "freeze"}
    for state, lines in (("open", opened), ("frozen", frozen)):
        assert lines_of_register(store, again.publication_id, state) == lines


def test_a_line_that_is_frozen_at_its_balance_stays_so_where_the_core_system_said_nothing():
    """What is owed is known by the deliveries alone: the line is no `remove`."""
    schema = run_tables()["decisions"].schema()
    line = dict.fromkeys(schema.names) | {
        "household_key": "h1", "product": "farmer_line", "decision": "declined", "limit_yuan": 7000,
        "reason_codes": ["OVERDUE", "FROZEN"], "valid_from": LATER, "valid_to": date(2028, 12, 1), "township_code": "t",
        "village_code": "v",
    }  # fmt: skip
    earlier = pa.Table.from_pylist([line], schema=schema)
    texts = ("household_key", "unit_code", "name", "phone", "person_id")
    inputs = PackageInputs(
        earlier.slice(0, 0), earlier, pa.table({name: ["h1"] for name in texts}),
        pa.table({"township_code": ["t"], "branch_code": ["0071"], "manager_number": ["9"]}), {}, [],
        villages=pa.table({"village_code": ["v"], "village": ["x"]}),
    )  # fmt: skip
    act = Publication("p1", "r1", COUNTY, None, "2026-11-01", "2026-12-01T00:00:00+00:00", 2, withdraws=("p0",))
    (row,) = package_rows(act, inputs).to_pylist()
    assert (row["action"], row["limit_yuan"], row["reason_codes"]) == ("freeze", 7000, ["WITHDRAWN"])
