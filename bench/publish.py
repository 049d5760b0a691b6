"""A million decisions of a hundred counties put in force, as ratios to DuckDB writing the same decisions as Parquet.

One synthetic county is scored; the others are made of its sealed tables with codes, keys and run of their own, sealed,
put into the vault, staged and signed as any run is. That is not measured. What is: `publish` of each county in turn,
once with the ledger's entry and the analysts' views alone (the decisions are in force then), once with the branches'
packages. Floor: DuckDB reads the runs' decisions and writes them anew as Parquet, a folder a county, in the same
process: who publishes without signatures, hashes or branches does at least that. Seconds are CPU seconds of this
process, of this machine at this moment; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from string import ascii_lowercase
from unittest import mock

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import PACKAGES, Entry
from village_credit.publish import recording
from village_credit.publish.warehouse import build_warehouse
from village_credit.services import rules as inputs
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish
from village_credit.services.scoring import stage as score
from village_credit.store import runs
from village_credit.store.keys import load_keys
from village_credit.store.store import PARTS, Store, open_store, sha256_of
from village_credit.synthetic import synthesize

COUNTY, AS_OF, BY, SECOND = "659900", date(2026, 11, 1), "1001", "2002"
MODELS = Path("models")
BOUNDS = {"the act and the views": 20.0, "and the branches' packages": 90.0}  # times the floor
LETTERS = f"{ascii_lowercase}234567"  # of a key
WRITE = "COPY (FROM read_parquet(?)) TO '{}' (FORMAT parquet, PARTITION_BY (county_code), COMPRESSION zstd)"


def main() -> int:
    """Measure and print one table; 1 where not every decision is in force in the end, or it costs more than BOUNDS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=10_000, help="of each county")
    parser.add_argument("--counties", type=int, default=100)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(folder / "store", load_keys(folder / "keys")[0])
        made = staged(store, folder / "inbox", words.households, words.counties)
        shutil.copytree(store.root, folder / "packed" / "store")
        floor, written = _measured(lambda: _write(store, made, folder / "floor"))
        with without_packages():
            bare, _ = _measured(lambda: [publish.publish(store, run_id, BY) for run_id in made])
        packing = open_store(folder / "packed" / "store", load_keys(folder / "keys")[0])
        build_warehouse(packing)
        whole, _ = _measured(lambda: [publish.publish(packing, run_id, BY) for run_id in made])
        told = [in_force(each) for each in (store, packing)]
    print(f"{written:,} decisions of {words.counties} counties{'':<24}CPU s  x floor")
    print(f"  {'DuckDB writes the decisions, by county (floor)':<52}{floor:>7.1f}{1:>9.1f}")
    taken = dict(zip(BOUNDS, (bare, whole), strict=True))
    for name, seconds in taken.items():
        print(f"  {f'published: {name}':<52}{seconds:>7.1f}{seconds / floor:>9.1f}")
    fits = all(taken[name] <= bound * floor for name, bound in BOUNDS.items())
    return 0 if fits and told == [written, written] else 1


@contextmanager
def without_packages() -> Iterator[None]:
    """Let an act stand without what branches are told of it."""

    def recorded(store: Store, act: str, by: str, run_id: str, details: dict, may: Callable[[Ledger], None]) -> Entry:
        return recording.record(store, act, by, run_id, {**details, PACKAGES: {}}, may)

    with mock.patch.object(publish, "record_and_pack", recorded):
        yield


def staged(store: Store, inbox: Path, households: int, counties: int) -> list[str]:
    """Return the signed runs of counties: one that was scored, and others of its tables."""
    synthesize(inbox, COUNTY, max(1, households // 300), households, 7, AS_OF, "none")
    with mock.patch.object(recording, "build_warehouse"):  # the last act's views are all of them
        run_id = score.score_inbox(store, inbox, inputs.Request(COUNTY, AS_OF, BY, MODELS)).run_id
        made = [run_id, *(another(store, run_id, number) for number in range(1, counties))]
        for each in made:
            sign.approve(store, each, SECOND, "bench", runs.failed_gates(store, each))
    build_warehouse(store)
    return made


def another(store: Store, run_id: str, number: int) -> str:
    """Seal and stage a run of another county with the households of this one under names of their own."""
    other, mine = f"{run_id[:-4]}{number:04x}", f"{659000 + number}"
    folder, manifest = store.run_folder(run_id), store.manifest(run_id)
    named = {path.stem: pq.read_table(path, partitioning=None) for path in folder.glob("*.parquet")}
    tables = {name: _of(table.drop_columns(["run_id"]), number, mine) for name, table in named.items()}
    for part in PARTS:
        if (plain := store.open_part(run_id, part)) is not None:
            moved = _of(pq.read_table(io.BytesIO(plain), partitioning=None), number, mine) if _is_table(plain) else None
            store.seal_part(other, part, plain if moved is None else runs.parquet_bytes(moved))
    kept = {name: value for name, value in manifest.items() if name not in ("tables", "page_sha256")}
    runs.seal_run(store, other, tables, {**kept, "county_code": mine}, (folder / runs.PAGE).read_text("utf-8"))
    details = {"county_code": mine, "as_of": AS_OF.isoformat(), "acts_read": 0}
    sealed = (store.run_folder(other) / "manifest.json").read_bytes()
    recording.record(store, "stage", BY, other, {**details, "manifest_sha256": sha256_of(sealed)})
    return other


def _is_table(plain: bytes) -> bool:
    return plain.startswith(b"PAR1")


def _of(table: pa.Table, number: int, county: str) -> pa.Table:
    """Return a table with every place, contractor and household of another county in their place."""
    key = LETTERS[number // 32] + LETTERS[number % 32]
    said = []
    for field in table.schema:
        column = f'"{field.name}"'
        if field.type == pa.string() and field.name.endswith("_key"):
            said.append(f"{column}[:1] || '{key}' || reverse({column}[4:]) AS {column}")
        elif field.type == pa.string() and field.name.endswith("_code"):
            moved = f"'{county}' || {column}[7:]"
            said.append(f"CASE WHEN starts_with({column}, '{COUNTY}') THEN {moved} ELSE {column} END AS {column}")
        else:
            said.append(column)
    connection = duckdb.connect()
    connection.register("given", table)
    return connection.sql(f"SELECT {', '.join(said)} FROM given").to_arrow_table().cast(table.schema)


def _write(store: Store, made: list[str], folder: Path) -> int:
    """Write all decisions by county; return how many."""
    paths = [str(store.run_folder(run_id) / "decisions.parquet") for run_id in made]
    connection = duckdb.connect()
    connection.execute(WRITE.format(folder), [paths])
    ((count,),) = connection.execute("SELECT count(*) FROM read_parquet(?)", [f"{folder}/*/*.parquet"]).fetchall()
    return int(count)


def in_force(store: Store) -> int:
    """Count the decisions that analysts see."""
    with duckdb.connect(str(store.warehouse), read_only=True) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM limits_current").fetchall()
    return int(count)


def _measured(act: Callable[[], object]) -> tuple[float, object]:
    """Return the CPU seconds of an act that is done once, and what it returned."""
    begun = time.process_time()
    found = act()
    return time.process_time() - begun, found


if __name__ == "__main__":
    sys.exit(main())
