"""A run is compared with what was sealed, and with itself computed again, on the ledger as it stood.

Nothing is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, SIGNER, Scored, by_unit, put_in_force, request_of
from village_credit import cli
from village_credit.errors import VerificationFailed
from village_credit.services.casework import holds
from village_credit.services.queries import verify
from village_credit.services.queries.diff import diff_with_causes
from village_credit.services.queries.explain import explain
from village_credit.services.queries.proof import prove
from village_credit.services.queries.simulate import simulate
from village_credit.services.scoring import rebuild
from village_credit.services.scoring import stage as score
from village_credit.store import runs
from village_credit.store.runs import parquet_bytes
from village_credit.store.store import Store, open_store, sha256_of

NEXT_MONTH = date(2026, 12, 1)


def copied(published: Scored, folder: Path) -> Store:
    root = Path(shutil.copytree(published.store.root, folder / "store"))
    return open_store(root, published.store.keys)


def held_household(store: Store, run_id: str) -> str:
    decisions = pq.read_table(store.run_folder(run_id) / "decisions.parquet").to_pylist()
    return by_unit(store, run_id, [row["household_key"] for row in decisions if row["decision"] == "granted"])[0]


def content(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "warehouse.duckdb")
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def replaced(store: Store, run_id: str, name: str, change) -> None:
    """Put another table into a sealed run's folder."""
    path = store.run_folder(run_id) / f"{name}.parquet"
    path.write_bytes(parquet_bytes(change(pq.read_table(path))))


def test_a_run_comes_out_the_same_though_its_county_lived_on(published: Scored, county_inbox: Path, tmp_path: Path):
    store, first = copied(published, tmp_path), published.run.run_id
    holds.hold(store, held_household(store, first), SIGNER, "death certificate seen")
    second = score.score_inbox(store, county_inbox, request_of(COUNTY_OF_TESTS, NEXT_MONTH)).run_id
    put_in_force(store, second)
    before = content(store.root)
    for run_id in (first, second):
        found = verify.verify_run(store, run_id, MODELS)
        assert (found.altered, found.differs, found.why_not) == ([], [], None)
        assert found.is_rebuilt
        assert found.tables == len(store.manifest(run_id)["tables"])
    assert content(store.root) == before
    (store.root / "vault" / f"{first}.measured.sealed").unlink()
    (store.root / "vault" / f"{first}.sealed").unlink()
    forgotten = verify.verify_run(store, second, MODELS)
    assert forgotten.is_whole
    assert not forgotten.is_rebuilt
    assert f"what run {first} measured, no longer in the vault" in str(forgotten.why_not)


def test_an_altered_table_and_an_altered_manifest_are_named(published: Scored, tmp_path: Path):
    store, run_id = copied(published, tmp_path), published.run.run_id
    replaced(store, run_id, "gates", lambda table: table.slice(1))
    manifest = store.run_folder(run_id) / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    found = verify.verify_run(store, run_id, MODELS)
    assert found.altered == ["gates", "manifest.json"]
    assert found.differs == []  # what the manifest says is what comes out
    assert not found.is_whole


def test_a_table_that_is_not_what_was_sealed_is_told_to_nobody_as_truth(published: Scored, tmp_path: Path):
    store, run_id = copied(published, tmp_path), published.run.run_id
    key = held_household(store, run_id)
    assert explain(store, key)["decision"]["household_key"] == key

    def raised(table: pa.Table) -> pa.Table:
        more = pc.add(table.column("limit_yuan"), 1_000)
        return table.set_column(table.column_names.index("limit_yuan"), "limit_yuan", more)

    replaced(store, run_id, "decisions", raised)
    for asked in (explain, prove):
        with pytest.raises(VerificationFailed, match="decisions is not what was sealed"):
            asked(store, key)
    policy = MODELS / "limit_policy.toml"
    for told in (lambda: diff_with_causes(store, run_id), lambda: simulate(store, COUNTY_OF_TESTS, policy)):
        with pytest.raises(VerificationFailed, match="decisions is not what was sealed"):
            told()


def test_a_limit_raised_with_its_hash_and_its_entry_in_the_ledger_does_not_come_out_again(
    staged: Scored, tmp_path: Path
):
    """Whoever may write every file of a store, and mends each hash, still cannot change what was computed."""
    store, run_id = copied(staged, tmp_path), staged.run.run_id

    def doubled(table: pa.Table) -> pa.Table:
        place = table.column_names.index("limit_yuan")
        twice = pa.array([2 * limit for limit in table.column("limit_yuan").to_pylist()], pa.int64())
        return table.set_column(place, table.schema.field(place), twice)

    replaced(store, run_id, "decisions", doubled)
    folder = store.run_folder(run_id)
    manifest = store.manifest(run_id)
    manifest["tables"]["decisions"]["sha256"] = sha256_of((folder / "decisions.parquet").read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    last = max((store.root / "ledger").glob("[0-9]*.json"))
    entry = json.loads(last.read_text(encoding="utf-8"))
    assert entry["act"] == "stage"
    entry["details"]["manifest_sha256"] = sha256_of((folder / "manifest.json").read_bytes())
    last.chmod(0o644)
    last.write_text(json.dumps(entry), encoding="utf-8")
    found = verify.verify_run(store, run_id, MODELS)
    assert (found.altered, found.differs) == ([], ["decisions"])


def test_the_same_rows_written_by_another_library_are_no_difference(
    staged: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store, run_id = copied(staged, tmp_path), staged.run.run_id
    monkeypatch.setitem(runs.PARQUET, "compression_level", 9)  # as a patch of a library packs otherwise
    found = verify.verify_run(store, run_id, MODELS)
    assert (found.altered, found.differs, found.is_rebuilt) == ([], [], True)


def test_what_is_gone_leaves_the_hashes_intact_and_the_reason_said(published: Scored, tmp_path: Path):
    store, run_id = copied(published, tmp_path), published.run.run_id
    manifest = store.manifest(run_id)
    for gone in (manifest["inputs"][0]["sha256"], manifest["versions"]["policy_sha256"]):
        (store.root / "frozen" / gone).unlink()
        found = verify.verify_run(store, run_id, MODELS)
        assert (found.is_whole, found.is_rebuilt) == (True, False)
        assert f"{gone[:12]} is gone" in str(found.why_not)


def test_a_run_of_other_code_is_not_rebuilt_and_says_by_which(published: Scored, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rebuild, "code_sha256", lambda: "0" * 64)
    found = verify.verify_run(published.store, published.run.run_id, MODELS)
    assert (found.is_whole, found.is_rebuilt) == (True, False)
    assert "made by other code" in str(found.why_not)
    assert "000000000000" in str(found.why_not)


def test_the_command_tells_an_auditor_and_exits_6_where_something_was_altered(
    published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    store, run_id = copied(published, tmp_path), published.run.run_id
    words = ["verify", run_id, "--store", str(store.root)]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert f"run {run_id}, county {COUNTY_OF_TESTS}, as of {AS_OF}" in told
    assert "come out the same again" in told
    replaced(store, run_id, "gates", lambda table: table.slice(1))
    assert cli.main([*words, "--json"]) == 6
    assert "not what was sealed: gates" in capsys.readouterr().err
    assert cli.main(["verify", "r000", "--store", str(store.root)]) == 7
