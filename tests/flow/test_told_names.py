"""A file, folder, sheet or crop that names a person goes by another name, wherever anybody may look."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored, copy_of, new_store, score_into
from tests.flow.test_privacy import store_texts
from village_credit.errors import MissingInput, holds_number_of_person
from village_credit.extract.inbox import pull
from village_credit.ingest.county import take_in
from village_credit.services.keeping import erase as erasing
from village_credit.services.queries.verify import verify_run
from village_credit.services.rules import read_policy
from village_credit.services.scoring import stage
from village_credit.store.runs import inputs_of
from village_credit.store.store import NAMES
from village_credit.tables.told_names import told_names

NUMBER, TELEPHONE, CROP = "652801197001011239", "13900001234", "小麦（找王小二）"


@pytest.fixture(scope="module")
def called(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A county whose files, folders and sheets are called by people's names and numbers."""
    folder = tmp_path_factory.mktemp("called")
    vault = pq.read_table(io.BytesIO(quiet.store.open_identities(quiet.run.run_id))).to_pylist()
    person = next(row["name"] for row in vault if row["name"] and len(row["name"]) > 2)
    shutil.copytree(quiet.inbox, folder / "inbox")
    inbox = folder / "inbox" / COUNTY_OF_TESTS
    (crops,) = inbox.rglob("种植申报*")
    text = crops.read_text(encoding="utf-16")
    crops.unlink()
    (inbox / person).mkdir()
    first = text.split("\n")[1]
    (inbox / person / f"种植申报{NUMBER}.txt").write_text(
        text.replace(first, first.replace("小麦", CROP).replace("棉花", CROP), 1), encoding="utf-16"
    )
    book = openpyxl.Workbook()
    book.active.title = f"{person}的表"
    book.active.append(["随便", "什么"])
    book.save(inbox / f"{TELEPHONE} {person}.xlsx")
    scored = score_into(new_store(folder), folder / "inbox", COUNTY_OF_TESTS)
    return {"scored": scored, "person": person, "folder": folder}


def test_nobody_is_named_where_anybody_may_look(called: dict[str, Any]):
    scored = called["scored"]
    told = b"\n".join(text for _, text in store_texts(scored.store)).decode("utf-8", "replace")
    for word in (called["person"], NUMBER, TELEPHONE, CROP, "王小二"):
        assert word not in told
    manifest = scored.store.manifest(scored.run.run_id)
    assert sum("名-" in item["file_name"] for item in manifest["inputs"]) == 2
    assert any("名-" in source["sheet"] for source in manifest["sources"])
    assert "其他作物" in told


def test_its_files_are_found_again_by_their_own_names(called: dict[str, Any]):
    scored = called["scored"]
    store, run_id = scored.store, scored.run.run_id
    names = [name for name, _ in inputs_of(store, store.manifest(run_id))]
    assert f"{called['person']}/种植申报{NUMBER}.txt" in names
    found = verify_run(store, run_id, MODELS)
    assert (found.why_not, found.altered, found.differs) == (None, [], [])
    again = [file.file_name for file in stage.frozen_files(store, COUNTY_OF_TESTS)]
    assert sorted(again) == sorted(names)


def test_without_the_vault_it_is_said_that_the_names_are_gone(called: dict[str, Any], tmp_path: Path):
    store, run_id = copy_of(called["scored"], tmp_path).store, called["scored"].run.run_id
    (store.root / "vault" / f"{run_id}.names.sealed").unlink()
    with pytest.raises(MissingInput, match="how its files were called is no longer in the vault"):
        inputs_of(store, store.manifest(run_id))


def test_a_file_called_after_somebody_erased_is_found_by_nobody(
    called: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
    scored, person = copy_of(called["scored"], tmp_path), called["person"]
    store, run_id = scored.store, scored.run.run_id
    vault = pq.read_table(io.BytesIO(store.open_identities(run_id))).to_pylist()
    keys = sorted({row["household_key"] for row in vault if row["name"] == person})
    policy, _ = read_policy(MODELS / "limit_policy.toml")
    done = erasing.erase(
        store, erasing.Request(tuple(keys), (), "3003", "4004", "asked for", policy, AS_OF, despite_records=True)
    )
    before, after = (json.loads(one.open_part(run_id, NAMES)) for one in (called["scored"].store, store))
    assert [name for name in before if person in name]
    assert not [name for name in after if person in name]
    assert done.runs[run_id] > 0


@pytest.mark.parametrize(
    "called", ["{} {}.csv", "{}_{}的表.xlsx", "{}·{}.csv", "10042765143.csv", "6299654707988263236.csv",
               "92659900000000000B.csv", "659900********0238.csv", "659900100201010001.csv"],
)  # fmt: skip
def test_however_a_name_or_number_is_written_it_is_told_otherwise(quiet: Scored, called: str):
    intake = take_in(list(pull(quiet.inbox, COUNTY_OF_TESTS)), AS_OF, COUNTY_OF_TESTS)
    whole = next(name for name in intake.identities["name"].to_pylist() if name and len(name) > 2 and name.isalpha())
    file = called.format(whole[:1], whole[1:])
    found = told_names(intake, [file], quiet.store.keys)
    assert list(found) == [file]
    assert found[file].startswith("名-")


@pytest.mark.parametrize(
    "called", ["20261101.csv", "202611011200.csv", "659900100201.csv", "65990010020101.xlsx", "659900"]
)
def test_codes_of_places_and_moments_stay(quiet: Scored, called: str):
    intake = take_in(list(pull(quiet.inbox, COUNTY_OF_TESTS)), AS_OF, COUNTY_OF_TESTS)
    assert told_names(intake, [called], quiet.store.keys) == {}


def test_no_message_says_a_number_that_a_file_is_called_by():
    assert str(MissingInput(f"inbox of county 659900: 农机/{NUMBER}.csv cannot be read")) == (
        "inbox of county 659900: 农机/***.csv cannot be read"
    )


@pytest.mark.parametrize(
    "name",
    [
        NUMBER,
        "652801 19700101 123X",
        "652801700101123",
        TELEPHONE,
        "139-0000-1234",
        "６５２８０１１９７００１０１１２３９",
    ],
)
def test_a_number_of_a_person_is_known(name: str):
    assert holds_number_of_person(f"名单{name}.xlsx")


@pytest.mark.parametrize(
    "name",
    [
        "659900100201010001",
        "659900100201",
        "20261101120000",
        "9165280000000000XX",
        "2026-11-01 12",
        "r926c03689d4a572cf",
    ],
)
def test_codes_and_days_are_nobody_s(name: str):
    assert not holds_number_of_person(f"名单{name}.xlsx")
