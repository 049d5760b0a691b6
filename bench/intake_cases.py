"""One case in a process of its own: `python bench/intake_cases.py CASE FOLDER` prints its figures as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path


def main(case: str, folder: Path) -> None:
    """Run a case and print CPU seconds by stage, and the peak of memory in MiB."""
    figures = CASES[case](folder)
    figures["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures))


def _floor(folder: Path) -> dict[str, float]:
    import duckdb  # noqa: PLC0415  # each case loads what it measures, and no more

    connection = duckdb.connect()
    begun = time.process_time()
    connection.execute(
        f"COPY (SELECT * FROM read_csv('{folder}/plain.csv', header = true, all_varchar = true, delim = "
        f"',', quote = '\"')) TO '{folder}/plain.parquet' (FORMAT parquet)"
    )
    return {"floor": time.process_time() - begun}


def _ours(folder: Path, name: str) -> dict[str, float]:
    """Read, normalise and judge as intake does."""
    from village_credit.extract.grid import DeliveredFile, Extract  # noqa: PLC0415
    from village_credit.extract.read import read_file  # noqa: PLC0415
    from village_credit.validate.rows import Batch, normalise, validate_rows  # noqa: PLC0415  # only this part needs it, and it takes its time

    content = (folder / name).read_bytes()
    laps = [time.process_time()]
    (table,) = read_file(DeliveredFile(name, content, ""))
    if not isinstance(table, Extract):
        raise SystemExit(table.detail)
    laps.append(time.process_time())
    batch = Batch(table.contract, table.rows, table.units)
    normal = normalise(batch)
    laps.append(time.process_time())
    accepted, _ = validate_rows(batch, normal)
    laps.append(time.process_time())
    stages = dict(zip(("read", "normalise", "judge"), (b - a for a, b in pairwise(laps)), strict=True))
    return {
        **stages,
        "accepted": accepted.num_rows,
        "quarantined": table.rows.num_rows - accepted.num_rows + len(table.condemned),
    }


def _taken(folder: Path, name: str) -> dict[str, float]:
    """Take a file in as a run does: read, judge, account for its lines."""
    from datetime import date  # noqa: PLC0415

    from village_credit.ingest.county import take_in  # noqa: PLC0415
    from village_credit.services.queries.check import ANY_COUNTY, read_words  # noqa: PLC0415
    from village_credit.services.rules import load_terms  # noqa: PLC0415

    begun = time.process_time()
    terms, _ = load_terms(None, ANY_COUNTY)
    take_in(read_words([str(folder / name)]), date(2026, 11, 1), ANY_COUNTY, terms, needs_register=False)
    return {"seconds": time.process_time() - begun}


def _checked(folder: Path, name: str) -> dict[str, float]:
    """Check a file as an office does: the verb itself, its answer in JSON written away."""
    from contextlib import redirect_stdout  # noqa: PLC0415

    from village_credit import cli  # noqa: PLC0415
    from village_credit.services.queries import check  # noqa: F401, PLC0415  # what a run has loaded too

    begun = time.process_time()
    with (folder / "said.json").open("w", encoding="utf-8") as said, redirect_stdout(said):
        cli.main(["check", str(folder / name), "--as-of", "2026-11-01", "--json"])
    return {"seconds": time.process_time() - begun}


def _pandas(folder: Path, name: str, **options: str) -> dict[str, float]:
    import pandas as pd  # noqa: PLC0415

    begun = time.process_time()
    path = folder / name
    if name.endswith("csv"):
        pd.read_csv(path, encoding="gb18030", dtype=str, keep_default_na=False)
    else:
        pd.read_excel(path, dtype=str, keep_default_na=False, **options)  # type: ignore[call-overload]
    return {"read": time.process_time() - begun}


CASES: dict[str, Callable[[Path], dict[str, float]]] = {
    "floor": _floor,
    "csv": lambda folder: _ours(folder, "table.csv"),
    "xlsx": lambda folder: _ours(folder, "table.xlsx"),
    "taken_csv": lambda folder: _taken(folder, "table.csv"),
    "taken_xlsx": lambda folder: _taken(folder, "table.xlsx"),
    "check_csv": lambda folder: _checked(folder, "table.csv"),
    "check_xlsx": lambda folder: _checked(folder, "table.xlsx"),
    "pandas_csv": lambda folder: _pandas(folder, "table.csv"),
    "pandas_calamine": lambda folder: _pandas(folder, "table.xlsx", engine="calamine"),
    "pandas_openpyxl": lambda folder: _pandas(folder, "table.xlsx", engine="openpyxl"),
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
