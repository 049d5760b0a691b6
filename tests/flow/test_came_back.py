"""A county that has lived teaches: its published run is observed with what came back, and its selection is stated."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, Scored
from village_credit import cli
from village_credit.demo import lived as demo
from village_credit.errors import MissingInput
from village_credit.features.labels import BAD, GOOD
from village_credit.ledger.ledger import Ledger
from village_credit.report.model_reach import came_back as page_of
from village_credit.services.modelling import came_back
from village_credit.services.modelling.assess import _came_back

ENDS = date(2026, 2, 1)


@pytest.fixture(scope="module")
def learnt(lived: Scored) -> came_back.CameBack:
    return came_back.observe_published(lived.store, [COUNTY_OF_TESTS])


def rows_in(folder: Path, name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for path in sorted(folder.glob("usage_*.zip")):
        with zipfile.ZipFile(path) as archive:
            if f"{name}.csv" in archive.namelist():
                found += csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8-sig")))
    return found


def who_drew(lived: Scored) -> set[str]:
    """ID numbers of who drew within the year, by the files alone."""
    first = min(
        path for path in (lived.store.root / "outbox" / COUNTY_OF_TESTS).iterdir() if path.name.startswith("p20")
    )
    person = {
        row["household_ref"]: row["身份证号码"].strip()
        for path in first.glob("*/register.csv")
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    }
    returned = lived.inbox.parent / "returns"
    of_contract = {row["contract_no"]: person[row["household_ref"]] for row in rows_in(returned, "contracts")}
    days = {row["contract_no"] for row in rows_in(returned, "draws")
            if demo.BEGUN.isoformat() < row["drawn_on"] <= ENDS.isoformat()}  # fmt: skip
    return {of_contract[number] for number in days}


def test_the_first_publication_teaches_and_the_last_waits_for_its_year(lived: Scored, learnt: came_back.CameBack):
    (observation,) = learnt.observations
    assert (observation.day, observation.county_code) == (demo.BEGUN, COUNTY_OF_TESTS)
    first, last = (one.run_id for one in Ledger.of(lived.store).publications)
    assert learnt.runs == [first]
    assert "its year ends on 2027-11-01" in learnt.left_out[last]


def test_whoever_drew_within_the_year_has_an_outcome_that_teaches(lived: Scored, learnt: came_back.CameBack):
    (observation,) = learnt.observations
    outcome = dict(
        zip(*(observation.outcomes.column(name).to_pylist() for name in ("unit_code", "outcome")), strict=True)
    )
    people = observation.intake.identities.select(["unit_code", "person_id"]).to_pylist()
    unit_of = {row["person_id"]: row["unit_code"] for row in people}
    units = {unit_of[number] for number in who_drew(lived) if unit_of.get(number) in outcome}
    assert len(units) > 60
    assert {outcome[unit] for unit in units} <= {*GOOD, *BAD, "in_default_before"}


def test_its_selection_is_counted_by_the_stage_that_a_household_reached(lived: Scored, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(came_back, "hide_small", lambda cells: cells)
    rows = came_back.observe_published(lived.store, [COUNTY_OF_TESTS]).selection
    count = {stage: sum(row["households"] for row in rows if row["reached"] == stage) for stage in came_back.REACHED}
    assert count["drawn"] == len(who_drew(lived))
    run_id = Ledger.of(lived.store).publications[0].run_id
    assert sum(count.values()) == sum(lived.store.manifest(run_id)["counts"]["households"].values())
    taught = [row for row in rows if row["reached"] == "drawn"]
    assert sum(row["with_outcome"] for row in taught) > sum(row["bads"] for row in taught) >= 0


def test_small_counts_of_the_selection_are_hidden_on_its_page(learnt: came_back.CameBack):
    told = [row for row in learnt.selection if row["households"] is not None]
    assert told
    assert all(row["households"] >= 30 for row in told)
    page = page_of({"came_back": learnt.selection})
    assert "不足30户，不列" in page
    assert all(f"{row['households']:,}" in page for row in told)


def test_the_loans_learnt_from_add_up_and_few_of_a_source_are_told_with_the_other(learnt: came_back.CameBack):
    (observation,) = learnt.observations
    in_all = came_back.loans_that_teach(observation)
    assert in_all == sum(1 for value in observation.outcomes.column("is_bad").to_pylist() if value is not None)
    earlier = replace(observation, day=date(2023, 11, 1))
    rows = came_back.learnt_from([earlier, observation], learnt)
    assert rows[0] == {"source": "2023-11-01", "loans": in_all}
    assert sum(row["loans"] for row in rows) == 2 * in_all
    assert {row["source"] for row in rows[1:]} <= {"drew", "conduct", "published"}
    split = replace(learnt, drew=in_all - 40).learnt_from()
    assert split == [{"source": "drew", "loans": in_all - 40}, {"source": "conduct", "loans": 40}]
    assert replace(learnt, drew=in_all - 4).learnt_from() == [{"source": "published", "loans": in_all}]
    page = page_of({"came_back": learnt.selection, "learnt_from": rows})
    assert f"{2 * in_all:,}" in page


def test_nobody_is_learnt_from_before_a_year_is_over(published: Scored):
    with pytest.raises(MissingInput, match=r"no published run of 659900 can be learnt from: run .* known until no day"):
        came_back.observe_published(published.store, [COUNTY_OF_TESTS])
    with pytest.raises(MissingInput, match="none was published"):
        came_back.observe_published(published.store, ["653199"])


def test_a_candidate_that_learnt_from_runs_is_judged_on_them_alone(lived: Scored, learnt: came_back.CameBack):
    told: dict[str, Any] = {"model_id": "m", "published": learnt.runs}
    found = _came_back(told, [COUNTY_OF_TESTS], lambda: lived.store)
    assert found is not None
    assert found.runs == learnt.runs
    with pytest.raises(MissingInput, match="m learnt from run r0, which cannot be observed again: it is not among"):
        _came_back({**told, "published": ["r0", *learnt.runs]}, [COUNTY_OF_TESTS], lambda: lived.store)
    assert _came_back({"model_id": "m"}, [COUNTY_OF_TESTS], lambda: lived.store) is None


def test_a_card_is_trained_on_what_came_back(lived: Scored, tmp_path: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(lived.store.root.parent / "keys"))
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    policy = tmp_path / "limit_policy.toml"
    few = '"least_training_defaults", value = '
    policy.write_text(text.replace(f"{few}100", f"{few}1"), encoding="utf-8")
    words = ["train", "--county", COUNTY_OF_TESTS, "--policy", str(policy), "--out", str(tmp_path / "out")]
    store = ["--store", str(lived.store.root)]
    assert cli.main([*words, "--published", *store]) == 0
    told = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert (told["history"], len(told["published"])) == ([], 1)
    assert {row["reached"] for row in told["selection"]} <= set(came_back.REACHED)
    card = json.loads((tmp_path / "out" / "candidate.scorecard.json").read_text(encoding="utf-8"))
    assert card["training"]["windows"] == [demo.BEGUN.isoformat()]
    assert card["training"]["rows"] >= card["training"]["bads"] > 0
    capsys.readouterr()
    assert cli.main([*words, *store]) == 2
    assert "nothing to learn from: name histories with --history, or say --published" in capsys.readouterr().err
