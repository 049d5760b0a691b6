"""The residue's rule (weights, best of both sides, margin) on public labelled sets, where their folder is given.

VILLAGE_CREDIT_BENCH_DATA names a folder with Febrl's febrl1–4 (synthetic persons, BSD-3), splink_datasets' fake_1000
(synthetic) and historical_50k (MIT). Every duplicate is linked to the originals, a star as ours; duplicates of one
number compete. None of them resembles a county, so the weights are plain ones written here, the same for all sets.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from village_credit.link.pairs import choose_pairs
from village_credit.link.weights import Weights

NAME = {"equal": 6.0, "similar": 4.0, "differs": -3.0}
DAY = {"equal": 11.0, "similar": 6.0, "differs": -5.0}
PLACE = {"equal": 5.0, "similar": 3.0, "differs": -1.5}
NUMBER = {"equal": 16.0, "similar": 10.0, "differs": -5.0}
KINDS = {"name": NAME, "day": DAY, "place": PLACE, "number": NUMBER}
FEBRL = {
    "given_name": "name",
    "surname": "name",
    "date_of_birth": "day",
    "street_number": "place",
    "address_1": "place",
    "suburb": "place",
    "postcode": "place",
}
FEBRL_NUMBER = {**FEBRL, "soc_sec_id": "number"}
FAKE = {"first_name": "name", "surname": "name", "dob": "day", "city": "place", "email": "number"}
HISTORICAL = {
    "first_name": "name",
    "surname": "name",
    "dob": "day",
    "birth_place": "place",
    "postcode_fake": "place",
    "occupation": "place",
}
READ_FEBRL = (
    "SELECT rec_id AS id, regexp_extract(rec_id, 'rec-([0-9]+)-', 1) AS cluster, "
    "regexp_extract(rec_id, 'dup-([0-9]+)', 1) AS copy, {columns} FROM read_csv({paths}, header = "
    "true, all_varchar = true, normalize_names = false)"
)
READ_FIRST = (
    "SELECT CAST(unique_id AS VARCHAR) AS id, CAST(cluster AS VARCHAR) AS cluster, CASE WHEN "
    "row_number() OVER w = 1 THEN '' ELSE CAST(row_number() OVER w AS VARCHAR) END AS copy, "
    "{columns} FROM {read}({paths}) WINDOW w AS (PARTITION BY cluster ORDER BY unique_id)"
)
SETS = (
    ("febrl1", ("febrl1.csv",), FEBRL_NUMBER, READ_FEBRL),
    ("febrl2", ("febrl2.csv",), FEBRL_NUMBER, READ_FEBRL),
    ("febrl3", ("febrl3.csv",), FEBRL_NUMBER, READ_FEBRL),
    ("febrl4", ("febrl4a.csv", "febrl4b.csv"), FEBRL_NUMBER, READ_FEBRL),
    ("febrl4 without the number", ("febrl4a.csv", "febrl4b.csv"), FEBRL, READ_FEBRL),
    ("fake_1000", ("fake_1000.csv",), FAKE, READ_FIRST),
    ("historical_50k", ("historical_50k.parquet",), HISTORICAL, READ_FIRST),
)
BLOCK_PAIRS = 100_000
PEER = Path(".venv-splink/bin/python")
SIMILAR = {
    "name": "jaro_winkler_similarity(l.{f}, r.{f}) >= 0.88",
    "day": "damerau_levenshtein(l.{f}, r.{f}) <= 1",
    "place": "jaro_winkler_similarity(l.{f}, r.{f}) >= 0.88",
    "number": "damerau_levenshtein(l.{f}, r.{f}) <= 1",
}


def set_lines() -> Iterator[str]:
    """Measure each set that is there; say which is not."""
    named = Path(os.environ.get("VILLAGE_CREDIT_BENCH_DATA") or "absent")
    folder = named / "linkage" if (named / "linkage").is_dir() else named
    yield " public labelled sets: each duplicate to the originals"
    for name, files, fields, query in SETS:
        paths = [folder / file for file in files]
        if not all(path.is_file() for path in paths):
            yield f"  {name}: absent (VILLAGE_CREDIT_BENCH_DATA names no folder with {', '.join(files)})"
            continue
        yield from _measured(name, [str(path) for path in paths], fields, query)


def _measured(name: str, paths: list[str], fields: dict[str, str], query: str) -> Iterator[str]:
    """Measure the joins, our rule and the peer on one set."""
    connection = duckdb.connect()
    columns = ", ".join(f"nullif(lower(trim(CAST({f} AS VARCHAR))), '') AS {f}" for f in fields)
    read = "read_parquet" if paths[0].endswith("parquet") else "read_csv"
    connection.execute(
        f"CREATE TABLE records AS {query.format(columns=columns, read=read, paths='$paths')}", {"paths": paths}
    )
    numbers = [f for f, kind in fields.items() if kind == "number"]
    names = [f for f, kind in fields.items() if kind == "name"]
    place = next(f for f in ("postcode", "postcode_fake", "city") if f in fields)
    for method, join in (("join by number", numbers), ("join by names and place", [*names, place])):
        if join:
            same = (
                f"SELECT l.id AS left_id, min(r.cluster) AS right_group FROM records AS l JOIN records AS r USING "
                f"({', '.join(join)}) WHERE l.copy <> '' AND r.copy = '' GROUP BY l.id"
            )
            yield _judged(connection, method, name, same)
    begun = time.perf_counter()
    _compare(connection, fields)
    weights = Weights(
        version="plain",
        source="written here",
        accept_bits=12.0,
        margin_bits=3.0,
        block_pairs=BLOCK_PAIRS,
        fields={f: KINDS[kind] for f, kind in fields.items()},
    )
    choose_pairs(connection, weights)
    yield _judged(
        connection,
        "ours, residue rule",
        name,
        "SELECT left_id, right_group FROM best_pairs WHERE is_accepted",
        time.perf_counter() - begun,
    )
    if PEER.exists():
        yield from _splink(connection, name, fields)


def _splink(connection: duckdb.DuckDBPyConnection, name: str, fields: dict[str, str]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for side, condition in (("copies", "copy <> ''"), ("originals", "copy = ''")):
            table = connection.sql(f"SELECT * FROM records WHERE {condition} ORDER BY id").to_arrow_table()
            pq.write_table(table, Path(folder) / f"{side}.parquet")
        words = [str(PEER), "bench/linkage_splink_sets.py", folder, *(f"{f}:{kind}" for f, kind in fields.items())]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # our own script
        if done.returncode:
            yield f"  Splink: failed on {name}: {done.stderr.strip().splitlines()[-1][:200]}"
            return
        seconds = json.loads(done.stdout.splitlines()[-1])["seconds"]
        connection.register("peer", pq.read_table(Path(folder) / "splink.parquet"))
        for threshold in (0.5, 0.9, 0.99):
            made = f"SELECT left_id, right_group FROM peer WHERE match_probability >= {threshold}"
            yield _judged(connection, f"Splink one-to-one, p ≥ {threshold:g}", name, made, seconds)


def _judged(
    connection: duckdb.DuckDBPyConnection, method: str, name: str, made: str, seconds: float | None = None
) -> str:
    """Count a method's links against the clusters; recall by copies whose original is there."""
    ((links, correct, wanted),) = connection.execute(f"""
        SELECT count(*), count(*) FILTER (l.cluster = right_group),
               (SELECT count(*) FROM records WHERE copy <> '' AND cluster IN (SELECT cluster FROM records WHERE copy = ''))
        FROM ({made}) JOIN records AS l ON l.id = left_id""").fetchall()
    wrong = links - correct
    took = f"{seconds:>8.1f}" if seconds is not None else ""
    return (
        f"  "
        f"{method:<35}{name:<25}{links:>9,}{correct / max(links, 1):>11.5f}{correct / max(wanted, 1):>8.4f}{wrong:>7,}{1e5 * wrong / max(links, 1):>10.1f}{'':14}{took}"
    )


def _compare(connection: duckdb.DuckDBPyConnection, fields: dict[str, str]) -> None:
    """Make `pairs` of records that share a key; keys that are too common are left out."""
    first = list(fields)
    keys = [f"{f} || '/' || {g}" for n, f in enumerate(first) for g in first[n + 1 :]]
    keys += [f for f, kind in fields.items() if kind in {"number", "day"}]
    keyed = " UNION ALL ".join(
        f"SELECT {n} AS kind, {key} AS key, id, copy FROM records WHERE {key} IS NOT NULL" for n, key in enumerate(keys)
    )
    connection.execute("CREATE TABLE keyed AS " + keyed)
    levels = ", ".join(
        (
            f"CASE WHEN l.{f} IS NULL OR r.{f} IS NULL THEN NULL WHEN l.{f} = r.{f} THEN 'equal' WHEN "
            f"{SIMILAR[kind].format(f=f)} THEN 'similar' ELSE 'differs' END AS {f}"
        )
        for f, kind in fields.items()
    )
    connection.execute(
        f"""
        CREATE TABLE pairs AS
        WITH blocked AS (
            SELECT DISTINCT l.id AS left_id, r.id AS right_id
            FROM (SELECT kind, key FROM keyed GROUP BY ALL HAVING count(*) FILTER (copy = '') * count(*) FILTER (copy <> '') BETWEEN 1 AND $pairs)
            JOIN keyed AS l USING (kind, key) JOIN keyed AS r USING (kind, key) WHERE l.copy <> '' AND r.copy = ''
        )
        SELECT left_id, right_id, r.cluster AS right_group, r.id AS claim, l.copy AS scope, 'plain' AS agreement, {levels}
        FROM blocked JOIN records AS l ON l.id = left_id JOIN records AS r ON r.id = right_id""",
        {"pairs": BLOCK_PAIRS},
    )
