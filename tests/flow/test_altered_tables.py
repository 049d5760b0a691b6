"""A table in force that is not what was sealed: nobody is written to, decided on or packed by it."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, Scored, copy_of
from village_credit import cli
from village_credit.errors import MissingInput, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import read_ledger
from village_credit.store.runs import parquet_bytes

RAISED = 1_000


@pytest.fixture(scope="module")
def raised(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """Return a county in force whose limits somebody raised, so that the file is sound and only its bytes tell."""
    scored = copy_of(published, tmp_path_factory.mktemp("raised"))
    path = scored.store.run_folder(scored.run.run_id) / "decisions.parquet"
    table = pq.read_table(path, partitioning=None)
    place = table.column_names.index("limit_yuan")
    more = pc.add(table.column(place), RAISED)
    path.chmod(0o644)
    path.write_bytes(parquet_bytes(table.set_column(place, table.schema.field(place), more)))
    return scored


def words_of(scored: Scored, out: Path) -> dict[str, list[str]]:
    """Return the words of each verb that goes on from what is in force."""
    run_id = scored.run.run_id
    (publication,) = Ledger.of(scored.store).in_force
    row = pq.read_table(scored.store.run_folder(run_id) / "decisions.parquet", partitioning=None).to_pylist()[0]
    who = ["--by", "9001", "--reason", "asked for"]
    return {
        "notices": ["notices", run_id],
        "notify": ["notify", publication.publication_id, "--by", "9001", "--out", str(out), "--unreviewed"],
        "explain": ["explain", row["household_key"]],
        "diff": ["diff", run_id],
        "simulate": ["simulate", "--county", COUNTY_OF_TESTS, "--policy", str(MODELS / "limit_policy.toml")],
        "score": [
            "score", "--county", COUNTY_OF_TESTS, "--as-of", "2026-12-01", "--inbox", str(scored.inbox),
        ],
        "rescore": ["rescore", "--county", COUNTY_OF_TESTS, "--as-of", "2026-12-01"],
        "renew": ["renew", "--county", COUNTY_OF_TESTS, "--ending-by", "2031-12-31", *who],
        "hold": ["hold", row["household_key"], *who],
        "withdraw": ["withdraw", "--county", COUNTY_OF_TESTS, *who],
        "reviews": ["reviews", "export", run_id, "--out", str(out)],
        "report": ["report", "--place", COUNTY_OF_TESTS, "--out", str(out)],
    }  # fmt: skip


VERBS = (
    "notices",
    "notify",
    "explain",
    "diff",
    "simulate",
    "score",
    "rescore",
    "renew",
    "hold",
    "withdraw",
    "reviews",
    "report",
)


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_goes_on_from_a_table_that_is_not_what_was_sealed(
    raised: Scored, tmp_path: Path, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(raised.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(raised.store.root.parent / "keys"))
    acts = len(read_ledger(raised.store.ledger_folder))
    words = words_of(raised, tmp_path / "out")
    assert set(words) == set(VERBS)
    assert cli.main(words[verb]) == 6
    told = capsys.readouterr()
    assert re.search("decisions (is|are) not what was sealed", told.err)
    assert raised.run.run_id in told.err
    assert "Traceback" not in told.err
    assert not (tmp_path / "out").exists()
    assert len(read_ledger(raised.store.ledger_folder)) == acts


def test_a_table_is_compared_anew_once_it_changed(published: Scored, tmp_path: Path):
    store, run_id = copy_of(published, tmp_path).store, published.run.run_id
    path = store.table(run_id, "gates")
    assert path == store.run_folder(run_id) / "gates.parquet"
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(parquet_bytes(pa.table({"gate": ["none"]})))
    with pytest.raises(VerificationFailed, match="gates is not what was sealed"):
        store.table(run_id, "gates")
    path.write_bytes(content)
    assert store.table(run_id, "gates") == path
    path.unlink()
    with pytest.raises(VerificationFailed, match="gates is not what was sealed"):
        store.table_if_any(run_id, "gates")


def test_a_table_that_no_run_sealed_is_not_read_though_it_lies_there(published: Scored, tmp_path: Path):
    store, run_id = copy_of(published, tmp_path).store, published.run.run_id
    (store.run_folder(run_id) / "planted.parquet").write_bytes(parquet_bytes(pa.table({"limit_yuan": [1]})))
    assert store.table_if_any(run_id, "planted") is None
    with pytest.raises(MissingInput, match="kept no table planted"):
        store.table(run_id, "planted")
