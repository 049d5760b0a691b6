"""The same in, the same out: no-ops, equal hashes, dry runs that write nothing, and inputs frozen for a re-score."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb

from tests.conftest import MODELS, PREPARER, ROOT, Scored, copy_of, new_store, request_of
from village_credit.duckdb_session import THREADS
from village_credit.services.queries import diff as compare
from village_credit.services.queries import dry_run
from village_credit.services.scoring import rescore as rescore_module
from village_credit.services.scoring import stage as score


def files_of(folder: Path) -> dict[str, float]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_second_score_is_a_no_op_before_and_after_publication(published: Scored):
    again = score.score_inbox(published.store, published.inbox, request_of("659900"))
    assert again.noop
    assert again.run_id == published.run.run_id


def test_under_the_same_key_another_folder_thread_count_and_time_zone_give_the_same_hashes(
    published: Scored, tmp_path: Path
):
    (tmp_path / "keys").write_bytes((published.store.root.parent / "keys").read_bytes())
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.conftest import new_store, score_into
print(score_into(new_store(Path({str(tmp_path)!r})), Path({str(published.inbox)!r}), "659900").run.run_id)
"""
    threads = "4" if os.environ.get(THREADS) == "1" else "1"
    environment = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "1", THREADS: threads}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    other = new_store(tmp_path)
    run_id = done.stdout.strip()
    assert run_id == published.run.run_id
    assert other.manifest(run_id)["tables"] == published.store.manifest(run_id)["tables"]


def test_rescore_uses_the_frozen_inputs_and_a_dry_run_writes_nothing(published: Scored):
    before = files_of(published.store.root)
    wish = rescore_module.RescoreRequest(None, PREPARER, MODELS, None, None, None)
    found = dry_run.dry_run(published.store, "659900", wish)
    assert files_of(published.store.root) == before
    assert {change["change"] for change in found.changes} == {"same"}


def test_a_later_day_is_another_run_that_keeps_the_terms_of_lines_in_force(published: Scored, tmp_path: Path):
    first = copy_of(published, tmp_path)
    store = first.store
    later = rescore_module.rescore(
        store, "659900", rescore_module.RescoreRequest(date(2027, 3, 1), PREPARER, MODELS, None, None, None)
    )
    assert later.run_id != first.run.run_id
    query = """SELECT count(*), count(*) FILTER (a.valid_to = b.valid_to AND a.valid_from = b.valid_from AND a.term_months = b.term_months)
               FROM read_parquet($a) AS a JOIN read_parquet($b) AS b USING (household_key, product) WHERE a.limit_yuan > 0 AND b.limit_yuan > 0"""  # noqa: E501
    paths = {
        "a": str(store.run_folder(first.run.run_id) / "decisions.parquet"),
        "b": str(store.run_folder(later.run_id) / "decisions.parquet"),
    }
    ((both, kept),) = duckdb.connect().execute(query, paths).fetchall()
    assert both > 100
    assert kept == both


def test_a_diff_counts_every_household_once(published: Scored):
    found = compare.diff_runs(published.store, published.run.run_id, by="village")
    assert sum(change["households"] for change in found.changes) == published.run.counts["registered"]
    shown = [group["households"] for group in found.groups if group["households"] is not None]
    assert sum(shown) <= published.run.counts["registered"]
