"""One county's tables under several versions of the database: `make versions` compares their hashes.

The county has names with letters that the table of readings lacks, so that the comparing of names is put to the test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("2.0.0", "2.0.1", "1.5.6")
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


def hashes(inbox: Path, key_file: Path) -> dict[str, str]:
    """Score the county with the database that is imported; the hash of every table of its run."""
    import duckdb  # noqa: PLC0415  # the version under test

    from tests.conftest import MODELS  # noqa: PLC0415
    from village_credit.services.rules import Request  # noqa: PLC0415
    from village_credit.services.scoring.stage import score_inbox  # noqa: PLC0415
    from village_credit.store.keys import load_keys  # noqa: PLC0415
    from village_credit.store.store import open_store  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "store", load_keys(key_file)[0])
        run = score_inbox(store, inbox, Request(COUNTY, AS_OF, "1001", MODELS))
        tables = store.manifest(run.run_id)["tables"]
    return {"": duckdb.__version__, **{name: said["sha256"] for name, said in sorted(tables.items())}}


def under(version: str, inbox: Path, key_file: Path) -> dict[str, str]:
    """The same in a process of its own, with that version before all others."""
    place = ROOT / "build" / "versions" / version
    install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--upgrade",
        "--target",
        str(place),
        f"duckdb=={version}",
    ]
    subprocess.run([sys.executable, *install], check=True)
    paths = os.pathsep.join([str(place), str(ROOT / "src"), str(ROOT)])
    words = [sys.executable, "-m", "tests.versions", str(inbox), str(key_file)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths})
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("") == version
    return found


def main() -> int:
    if len(sys.argv) > 1:
        print(json.dumps(hashes(Path(sys.argv[1]), Path(sys.argv[2]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        inbox = delivery(Path(folder))
        found = {version: under(version, inbox, Path(folder) / "keys") for version in VERSIONS}
    names = sorted(set().union(*found.values()))
    differing = [name for name in names if len({tables.get(name) for tables in found.values()}) > 1]
    print(
        f"DuckDB {', '.join(VERSIONS)}: {len(names)} tables, {len(names) - len(differing)} with the same hash under all"
    )
    for name in differing:
        print(
            f"  {name}: "
            + ", ".join(f"{version} {(tables.get(name) or 'lacking')[:12]}" for version, tables in found.items())
        )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
