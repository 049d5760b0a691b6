"""Other engines read what is published, now or as of a day, from the sealed files themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from tests.conftest import AS_OF, Scored, copy_of, on_day, put_in_force
from tests.flow.test_retain import NEXT, again
from village_credit.catalogue import run_tables
from village_credit.cli import main
from village_credit.ledger.ledger import Ledger
from village_credit.publish.recording import record
from village_credit.services.queries.open_catalog import MARK, write_catalog
from village_credit.store.row_hash import row_hash

LATER = AS_OF + timedelta(20)


def read(folder: Path, name: str) -> pa.Table:
    """One table as deltalake reads it."""
    return DeltaTable(folder / name).to_pyarrow_table()


def test_every_table_reads_as_it_was_sealed_and_nothing_was_copied(quiet: Scored, tmp_path: Path):
    done = write_catalog(quiet.store, tmp_path / "catalog")
    sealed = quiet.store.run_folder(quiet.run.run_id)
    names = {path.name for path in (tmp_path / "catalog").iterdir()} - {MARK}
    assert (done.tables, done.versions, done.left_out) == (len(names), 2, [])
    assert {"decisions", "waterfall"} < names
    assert names & {name for name, table in run_tables().items() if table.sensitivity in ("line", "person")} == set()
    for name in names:
        schema = run_tables()[name].schema().append(pa.field("run_id", pa.string()))
        theirs = pq.read_table(sealed / f"{name}.parquet", partitioning=None).cast(schema)
        (link,) = (tmp_path / "catalog" / name).glob("*.parquet")
        with duckdb.connect() as connection:
            asked = connection.sql("FROM read_parquet($p)", params={"p": str(link)}).to_arrow_table().cast(schema)
        hashes = {row_hash(table) for table in (theirs, asked, read(tmp_path / "catalog", name).cast(schema))}
        assert len(hashes) == 1, name
        assert link.is_symlink()
        assert link.resolve() == (sealed / f"{name}.parquet").resolve()


@pytest.fixture
def two(quiet: Scored, tmp_path: Path) -> Scored:
    """A county that was published, then another run of it, and twice in one second the first one again."""
    scored = copy_of(quiet, tmp_path / "two")
    (first,) = Ledger.of(scored.store).publications
    names = ("publication_id", "county_code", "product", "as_of")
    told = {name: getattr(first, name) for name in names} | {"restores": first.publication_id}
    with on_day(LATER):
        again(scored.store, first.run_id, NEXT)
        put_in_force(scored.store, NEXT)
    with on_day(LATER + timedelta(1)):
        for number in (3, 4):
            record(scored.store, "rollback", "2002", first.run_id, told | {"publication_id": f"p{number}"})
    return scored


def files_of(folder: Path, on: date) -> list[str]:
    """Which files of decisions are read at the end of a day in China."""
    found = DeltaTable(folder / "decisions")
    found.load_as_version(datetime(on.year, on.month, on.day, 15, 59, tzinfo=UTC))
    return [uri.rsplit("/", 1)[1] for uri in found.file_uris()]


def test_a_day_has_what_was_in_force_at_its_end_and_days_before_the_first_have_nothing(two: Scored, tmp_path: Path):
    folder, first = tmp_path / "catalog", f"{two.run.run_id}.parquet"
    assert write_catalog(two.store, folder).versions == 5
    days = [AS_OF - timedelta(400), AS_OF - timedelta(1), AS_OF, LATER - timedelta(1), LATER, LATER + timedelta(1)]
    assert [files_of(folder, day) for day in days] == [[], [], [first], [first], [f"{NEXT}.parquet"], [first]]
    assert read(folder, "decisions").num_rows > 200
    history = sorted(DeltaTable(folder / "decisions").history(), key=lambda one: one["version"])
    assert [one["operationParameters"].get("publication") for one in history[3:]] == ["p3", "p4"]
    moments = [one["timestamp"] for one in history]
    assert moments == sorted(set(moments))


def test_after_a_withdrawal_nothing_is_in_force(two: Scored, tmp_path: Path):
    (first,) = (p for p in Ledger.of(two.store).in_force)
    told = {name: getattr(first, name) for name in ("county_code", "product", "as_of")}
    with on_day(LATER + timedelta(2)):
        act = {"publication_id": "w1", "withdraws": [first.publication_id]}
        record(two.store, "withdraw", "2002", first.run_id, told | act)
    assert write_catalog(two.store, tmp_path / "catalog").versions == 6
    assert files_of(tmp_path / "catalog", LATER + timedelta(1)) == [f"{two.run.run_id}.parquet"]
    assert files_of(tmp_path / "catalog", LATER + timedelta(2)) == []


def test_it_is_made_anew_at_will_and_always_the_same(two: Scored, tmp_path: Path):
    def files(folder: Path) -> dict[str, tuple[bytes, float]]:
        found = [path for path in sorted(folder.rglob("*.json")) if path.parent.name == "_delta_log"]
        return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime) for path in found}

    write_catalog(two.store, tmp_path / "catalog")
    first = files(tmp_path / "catalog")
    DeltaTable(tmp_path / "catalog" / "gates").delete()
    write_catalog(two.store, tmp_path / "catalog")
    assert files(tmp_path / "catalog") == first
    write_catalog(two.store, tmp_path / "then", AS_OF)
    assert len(files(tmp_path / "then")) * 5 == len(first) * 2


def test_whatever_an_engine_does_there_no_sealed_file_is_touched(two: Scored, tmp_path: Path):
    sealed = two.store.run_folder(two.run.run_id) / "decisions.parquet"
    before = (sealed.read_bytes(), sealed.stat().st_mtime_ns)
    write_catalog(two.store, tmp_path / "catalog")
    table = DeltaTable(tmp_path / "catalog" / "decisions")
    table.delete()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    assert list((tmp_path / "catalog" / "decisions").glob("*.parquet")) == []
    assert (sealed.read_bytes(), sealed.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--out", "new", "--on", f"{AS_OF - timedelta(1)}"], 7, f"the first publication is of {AS_OF}"),
        (["--out", "taken"], 2, "taken is there already and is no catalogue of ours"),
    ],
)
def test_what_is_refused_says_why(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, words: list[str], code: int, sentence: str
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(quiet.store.root.parent / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(quiet.store.root))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "theirs.txt").write_text("x", encoding="utf-8")
    assert main(["catalog", *words]) == code
    assert sentence in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
