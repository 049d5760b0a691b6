"""One county's tables under several versions of DuckDB and Arrow: `make versions` compares the hashes of their rows.

The county has names with letters that the table of readings lacks, so that the comparing of names is put to the test.
A run of the locked versions is then verified under each of the others: it must come out the same again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = (("duckdb", "2.0.0"), ("duckdb", "1.5.6"), ("pyarrow", "26.0.0"), ("pyarrow", "25.0.1"))
COUNTY, AS_OF = "659900", date(2026, 11, 1)
RARE = str.maketrans("伟丽明", "𠮷𬀩𬍡")  # one letter for another in every file of the delivery that is text


def delivery(folder: Path) -> Path:
    """A synthetic county with typical damage, some of whose names are written with rare letters."""
    from village_credit.synthetic import synthesize  # noqa: PLC0415  # after the database's version is chosen

    inbox = folder / "inbox"
    synthesize(inbox, COUNTY, 4, 400, 7, AS_OF, "typical")
    written = 0
    for path in sorted(inbox.rglob("*.csv")):
        content = path.read_bytes()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            path.write_bytes(text.translate(RARE).encode(encoding))
            written += sum(map(text.count, "伟丽明"))
            break
    if not written:
        raise SystemExit("no name of the county has a letter to be exchanged: the comparing of names is not tried")
    return inbox


def hashes(inbox: Path, key_file: Path, root: Path) -> dict[str, str]:
    """Score the county into a new store with the libraries that are imported; the hash of every table's rows."""
    from tests.conftest import MODELS  # noqa: PLC0415
    from village_credit.services.rules import Request  # noqa: PLC0415
    from village_credit.services.scoring.stage import score_inbox  # noqa: PLC0415
    from village_credit.store.keys import load_keys  # noqa: PLC0415
    from village_credit.store.store import open_store  # noqa: PLC0415

    store = open_store(root, load_keys(key_file)[0])
    run = score_inbox(store, inbox, Request(COUNTY, AS_OF, "1001", MODELS))
    tables = store.manifest(run.run_id)["tables"]
    return {name: said["rows_sha256"] for name, said in sorted(tables.items())}


def verified(key_file: Path, root: Path) -> list[str]:
    """Verify the runs of a store with the libraries that are imported; what does not come out as it was sealed."""
    from tests.conftest import MODELS  # noqa: PLC0415
    from village_credit.services.queries.verify import verify_run  # noqa: PLC0415
    from village_credit.store.keys import load_keys  # noqa: PLC0415
    from village_credit.store.store import open_store  # noqa: PLC0415

    store = open_store(root, load_keys(key_file)[0])
    found = [verify_run(store, run_id, MODELS) for run_id in store.run_ids()]
    return [
        f"{one.run_id}: {each}" for one in found for each in (*one.altered, *one.differs, *filter(None, [one.why_not]))
    ]


def told(library: str, inbox: Path, key_file: Path, root: Path, own: Path) -> dict[str, Any]:
    """What one process finds: its version, its own tables, and the store of the locked versions verified."""
    found = {"version": version(library), "tables": hashes(inbox, key_file, own)}
    return found | {"verified": verified(key_file, root)}


def under(library: str, number: str, words: list[str]) -> dict[str, Any]:
    """The same in a process of its own, with that version before all others."""
    place = ROOT / "build" / "versions" / f"{library}-{number}"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"]
    subprocess.run([sys.executable, *install, str(place), f"{library}=={number}"], check=True)
    paths = os.pathsep.join([str(place), str(ROOT / "src"), str(ROOT)])
    asked = [sys.executable, "-m", "tests.versions", library, *words]
    done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths})
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["version"] == number
    return found


def main() -> int:
    """Print a row a version; 1 where a table or a verification came out otherwise."""
    if len(sys.argv) > 1:
        print(json.dumps(told(sys.argv[1], *map(Path, sys.argv[2:]))))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inbox, key_file = delivery(folder), folder / "keys"
        locked = hashes(inbox, key_file, folder / "locked")
        print(f"locked: duckdb {version('duckdb')}, pyarrow {version('pyarrow')}: {len(locked)} tables")
        faults = 0
        for library, number in VERSIONS:
            own = folder / f"{library}-{number}"
            found = under(library, number, [str(inbox), str(key_file), str(folder / "locked"), str(own)])
            differs = [table for table in locked | found["tables"] if locked.get(table) != found["tables"].get(table)]
            print(f"{library} {number}: {len(locked) - len(differs)} tables with the same rows; ", end="")
            print(f"the locked versions' run verified: {'; '.join(found['verified']) or 'the same again'}")
            print(*(f"  {table}: other rows" for table in differs), sep="\n", end="\n" if differs else "")
            faults += len(differs) + len(found["verified"])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
