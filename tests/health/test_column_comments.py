"""A column that we declare says what it is; one that only an older run has is said to be that, and stops nobody."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import Scored, copy_of
from village_credit.catalogue import run_tables, terms
from village_credit.publish.outbox import refresh_warehouse
from village_credit.publish.views import OF_OLDER_RUNS, column_comment
from village_credit.services import reference
from village_credit.store.runs import columns_hash


def test_no_declared_column_is_said_to_be_of_older_runs():
    assert [(view, column) for view, column, _, comment in reference.columns() if comment == OF_OLDER_RUNS] == []


def test_every_term_of_the_waterfall_is_said_in_other_words_than_its_name():
    columns = run_tables()["waterfall"].columns
    assert set(terms()) - set(columns) == set()
    for name, declared in columns.items():
        assert "Term of the limit's waterfall" not in declared.comment, name
        told = set(re.findall(r"[a-z]+", declared.comment.lower()))
        assert len(told - set(name.split("_"))) >= 4, name


def test_a_column_of_an_older_run_does_not_stop_the_warehouse(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    path = store.run_folder(quiet.run.run_id) / "score_points.parquet"
    table = pq.read_table(path)
    path.chmod(0o644)
    older = table.append_column("weight_of_old", pa.array([1] * table.num_rows))
    pq.write_table(older, path)
    manifest = store.manifest(quiet.run.run_id)
    manifest["tables"]["score_points"]["columns"] = columns_hash(older.schema)
    (path.parent / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    store.warehouse.unlink(missing_ok=True)
    refresh_warehouse(store)
    with duckdb.connect(str(store.warehouse), read_only=True) as connection:
        query = "SELECT comment FROM duckdb_columns() WHERE schema_name = 'main' AND column_name = 'weight_of_old'"
        assert connection.execute(query).fetchall() == [(OF_OLDER_RUNS,)]
    assert column_comment("households", "a_column_that_is_gone") == OF_OLDER_RUNS
