"""A list that stands against people and is cut short, as its header tells, lets nobody through unseen."""

from __future__ import annotations

from pathlib import Path

from data_contracts.registry import field_specs
from tests.conftest import AS_OF, COUNTY_OF_TESTS, new_store, score_into
from tests.unit.extract.test_dbf_types import dbf
from village_credit.extract.grid import Extract
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_files
from village_credit.store import runs
from village_credit.synthetic import synthesize

WIDTH = 40


def test_debts_cut_short_fail_the_gate_and_whoever_they_name_waits(tmp_path: Path):
    inbox = tmp_path / "inbox"
    synthesize(inbox, COUNTY_OF_TESTS, 1, 40, 7, AS_OF, "none")
    found = [table for table in read_files(pull(inbox, COUNTY_OF_TESTS)) if isinstance(table, Extract)]
    debts = next(table for table in found if table.contract == "bank_exposure")
    headers = {spec.name: spec.column.header for spec in field_specs("bank_exposure")}
    names = [name for name in debts.rows.column_names if name in headers]
    columns = [(headers[name], "C", WIDTH) for name in names]
    rows = debts.rows.select(names).to_pylist()
    records = [b"".join((row[name] or "").encode("gb18030").ljust(WIDTH) for name in names) for row in rows]
    assert len(records) > 2
    lacking = 2 * (1 + WIDTH * len(names))
    (file,) = inbox.rglob(Path(debts.file.file_name).name)
    file.unlink()
    file.with_suffix(".dbf").write_bytes(dbf(columns, *records, version=0x03)[: -1 - lacking])
    store = new_store(tmp_path)
    run = score_into(store, inbox, COUNTY_OF_TESTS).run
    assert "adverse_rows" in runs.failed_gates(store, run.run_id)
    assert run.counts["lines"]["quarantined"] == len(records) - 2
