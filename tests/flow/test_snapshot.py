"""A run is computed from one snapshot: what a person does while a county is being read counts for the next run."""

from __future__ import annotations

import io
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored, new_store, put_in_force, request_of
from tests.flow.test_receipts import view
from tests.flow.test_terms import YEARLY
from village_credit.ledger.ledger import Ledger
from village_credit.publish.recording import record
from village_credit.services.casework import holds
from village_credit.services.casework.renewals import renew
from village_credit.services.queries.verify import verify_run
from village_credit.services.scoring import compute
from village_credit.services.scoring.stage import StagedRun, score_inbox
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

LATER, AFTER = date(2027, 12, 1), date(2027, 12, 2)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A county whose lines of a year are over by LATER; read only."""
    folder = tmp_path_factory.mktemp("snapshot")
    synthesize(folder / "inbox", COUNTY_OF_TESTS, 2, 60, 7, AS_OF, "none")
    (folder / "policy.toml").write_text(YEARLY, encoding="utf-8")
    store = new_store(folder)
    run = score_on(store, folder / "inbox", AS_OF)
    put_in_force(store, run.run_id)
    return Scored(store, folder / "inbox", COUNTY_OF_TESTS, run)


def score_on(store: Store, inbox: Path, day: date) -> StagedRun:
    return score_inbox(store, inbox, request_of(COUNTY_OF_TESTS, day, policy_file=inbox.parent / "policy.toml"))


def copy_of(county: Scored, folder: Path) -> Store:
    shutil.copytree(county.store.root, folder / "store")
    shutil.copy(county.store.root.parent / "keys", folder / "keys")
    return new_store(folder)


def granted(store: Store) -> list[str]:
    """The largest of the lines that are over by LATER, of borrowers who are not too old by then."""
    (first, *_) = Ledger.of(store).stagings(COUNTY_OF_TESTS)
    vault = pq.read_table(io.BytesIO(store.open_identities(first.run_id))).to_pylist()
    young = {row["household_key"] for row in vault if (row["person_id"] or "")[6:10] > "1975"}
    query = """SELECT household_key FROM limits_current WHERE decision = 'granted' AND product = 'farmer_line'
               AND valid_to < DATE '2027-11-30' ORDER BY limit_yuan DESC, household_key"""
    return [str(key) for (key,) in view(store, query) if key in young]


def renew_hold_and_review(store: Store) -> None:
    """A renewal of one household's line, a hold, and a verdict as a workbook of reviews brings it."""
    held, reviewed, renewed = granted(store)[:3]
    renew(store, COUNTY_OF_TESTS, date(2027, 11, 30), "2002", "committee of 30 November", renewed)
    holds.hold(store, held, "2002", "death reported")
    said = {"household_key": reviewed, "product": "farmer_line", "verdict": "decline", "limit_yuan": 0}
    verdicts = [said | {"reason_codes": ["RENEWAL_DUE"]}]
    record(store, "review_verdicts", "3003", "", {"county_code": COUNTY_OF_TESTS, "verdicts": verdicts})


def decisions(store: Store, run_id: str) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(store.run_folder(run_id) / "decisions.parquet").to_pylist()
    return {row["household_key"]: row for row in rows}


@pytest.fixture(scope="module")
def raced(county: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Scored while somebody else acts: all three are recorded once the files are being read; then once more."""
    store, read = copy_of(county, tmp_path_factory.mktemp("raced")), compute.take_in_delivery
    known, chosen = len(Ledger.of(store)), granted(store)[:3]  # who is held is granted no more

    def reading(*given: Any) -> Any:
        renew_hold_and_review(store)
        return read(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute, "take_in_delivery", reading)
        during = score_on(store, county.inbox, LATER).run_id
    after = score_on(store, county.inbox, AFTER).run_id
    return {"store": store, "known": known, "during": during, "after": after, "chosen": chosen}


def test_what_is_recorded_while_a_county_is_read_is_not_in_its_run(
    county: Scored, raced: dict[str, Any], tmp_path: Path
):
    alone = copy_of(county, tmp_path)
    without = score_on(alone, county.inbox, LATER).run_id
    assert without == raced["during"]
    assert alone.manifest(without)["tables"] == raced["store"].manifest(without)["tables"]
    staged = Ledger.of(raced["store"]).staged(without)
    assert staged is not None
    assert (staged.number, staged.details["acts_read"]) == (raced["known"] + 4, raced["known"])


def test_the_next_run_has_the_renewal_the_hold_and_the_verdict(raced: dict[str, Any]):
    store = raced["store"]
    before, after = (decisions(store, raced[name]) for name in ("during", "after"))
    held, reviewed, renewed = raced["chosen"]
    assert {before[key]["reason_codes"][0] for key in (held, reviewed, renewed)} == {"RENEWAL_DUE"}
    assert after[held]["reason_codes"][0] == "HELD"
    assert (after[reviewed]["decision"], after[renewed]["decision"]) == ("declined", "granted")


@pytest.mark.parametrize("name", ["during", "after"])
def test_both_are_rebuilt_from_the_ledger_that_each_read(raced: dict[str, Any], name: str):
    found = verify_run(raced["store"], raced[name], MODELS)
    assert (found.is_whole, found.is_rebuilt, found.why_not) == (True, True, None)
