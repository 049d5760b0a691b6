"""A hostile delivery: nothing is lost, nobody is guessed at, and what could be read is decided."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from data_contracts.branch import Decision, Household
from tests.conftest import Scored, new_store, score_into
from village_credit.services.casework import household_lookup
from village_credit.services.queries import explain as tell
from village_credit.services.scoring import stage
from village_credit.store import runs as sealing


def test_lines_and_households_still_balance(hostile: Scored):
    verdicts = {gate["gate"]: gate["verdict"] for gate in hostile.run.gates}
    assert verdicts["line_balance"] == verdicts["household_balance"] == "pass"
    assert hostile.run.counts["lines"]["quarantined"] > 300
    assert sum(hostile.run.counts["households"].values()) == hostile.run.counts["registered"] > 150


def test_every_quarantined_line_has_a_reason_in_chinese(hostile: Scored):
    folder = hostile.store.run_folder(hostile.run.run_id)
    connection = duckdb.connect()
    lines = connection.execute(
        "SELECT file_name, sheet, line_number FROM read_parquet($p) WHERE outcome = 'quarantined'",
        {"p": str(folder / "reconciliation.parquet")},
    ).fetchall()
    reasons = pq.read_table(folder / "quarantine.parquet").to_pylist()
    explained = {(row["file_name"], row["sheet"], row["line_number"]) for row in reasons if row["is_quarantine"]}
    # the later lines of a quoted cell share their row's reason, which stands at its first line
    assert len(set(lines) - explained) <= len(lines) * 0.01
    assert all(row["reason_zh"] for row in reasons)


def test_the_prohibited_column_of_every_file_was_dropped(hostile: Scored):
    dropped = Counter(
        header
        for source in hostile.store.manifest(hostile.run.run_id)["sources"]
        for header in source["dropped_columns"].get("attribute", [])
    )
    assert dropped["民族"] >= 10
    assert "甲族" not in json.dumps(
        pq.read_table(hostile.store.run_folder(hostile.run.run_id) / "quarantine.parquet").to_pylist(),
        ensure_ascii=False,
    )


def test_a_run_killed_while_it_is_sealed_was_never_there(
    tmp_path: Path, county_inbox: Path, monkeypatch: pytest.MonkeyPatch
):
    store = new_store(tmp_path)
    written = sealing.parquet_bytes
    calls = iter(range(100))
    reckon, made = stage.compute_run, []
    monkeypatch.setattr(
        stage, "compute_run", lambda *given: made[0] if made else made.append(reckon(*given)) or made[0]
    )

    def killed(table):
        if next(calls) > 6:
            raise KeyboardInterrupt
        return written(table)

    monkeypatch.setattr(sealing, "parquet_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        score_into(store, county_inbox, "659900")
    monkeypatch.setattr(sealing, "parquet_bytes", written)
    assert store.run_ids() == []
    assert not store.warehouse.exists()
    assert score_into(store, county_inbox, "659900").run.noop is False


def test_stored_decisions_and_households_meet_their_outgoing_contracts(published: Scored):
    folder = published.store.run_folder(published.run.run_id)
    for row in pq.read_table(folder / "decisions.parquet").to_pylist():
        Decision.model_validate({name: row[name] for name in Decision.model_fields})
    for row in pq.read_table(folder / "households.parquet").to_pylist():
        Household.model_validate({name: row[name] for name in Household.model_fields})


def test_a_person_is_found_by_number_and_the_account_names_office_file_and_line(published: Scored):
    truth = pq.read_table(published.inbox.parent / "truth" / "659900" / "persons.parquet").to_pylist()
    households = (
        pq.read_table(published.inbox.parent / "truth" / "659900" / "households.parquet")
        .column("contractor_code")
        .to_pylist()
    )
    head = next(person for person in truth if person["relation"] == 0 and person["household"] == 5)
    by_number = household_lookup._key_of_typed(published.store, head["id_number"])
    assert by_number == household_lookup._key_of_typed(published.store, households[5] + "\n")
    found = tell.explain(published.store, by_number)
    assert found["waterfall"]["limit_yuan"] == found["decision"]["limit_yuan"]
    assert all(line["office"] and line["file_name"] and line["line_number"] > 0 for line in found["inputs"])
    assert {"land_contractor", "land_parcel"} <= {line["contract"] for line in found["inputs"]}
