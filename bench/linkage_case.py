"""One synthetic county linked by us, in a process of its own.

`python -m bench.linkage_case FOLDER HOUSEHOLDS SEED plain|hard`.

Prints one JSON object; writes what the peers need into FOLDER (rosters and lists with our name keys, truth, our links).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from bench.linkage_world import AS_OF, COUNTY, World, build
from village_credit.link import linkage_passes, quality
from village_credit.link.join import Identified, Linked, identify_rows, join_rows
from village_credit.link.weights import Weights

PEER_LISTS = {
    "household_economy": "b.persons::INT AS persons",
    "machinery_subsidy": "",
    "land_subsidy": "s.contracted_mu::DOUBLE AS area_mu",
}
KEYS = """p.name, pinyin, given_skeleton, father_skeleton, CASE WHEN NOT is_repaired THEN p.person_id END AS id_number,
          CASE WHEN NOT is_repaired THEN substr(p.person_id, 7, 8) END AS birth, village_codes[1] AS village_code, group_no"""


def main(folder: Path, households: int, seed: int, variant: str) -> None:
    """Link, write what peers read, and say seconds and peak memory (the generator's included)."""
    world = build(households, seed, hard=variant == "hard")
    residue = _timed_residue()
    begun = time.perf_counter()
    identified = identify_rows(world.accepted, world.hints)
    settled = _standing(world, identified)
    linked = join_rows(settled, identified, AS_OF, COUNTY)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    connection = _connect(world, identified, linked)
    _write_links(connection, folder)
    took = {}
    for name, query in (("id_only", ID_ONLY), ("name_village", NAME_AND_VILLAGE)):
        begun = time.perf_counter()
        pq.write_table(connection.sql(query).to_arrow_table(), folder / f"{name}.parquet")
        took[name] = time.perf_counter() - begun
    _write_peer_tables(connection, folder)
    rows = {contract: table.num_rows for contract, table in world.accepted.items() if table.num_rows}
    took |= {"residue": residue[0], "certain": seconds - sum(residue)}
    print(json.dumps({"seconds": seconds, "peak": peak, "rows": sum(rows.values()), **took}))


def _timed_residue() -> list[float]:
    """Let the scoring of the residue note its seconds.

    The first of them for the links, the second for the null linkage.
    """
    seconds: list[float] = []
    scored = linkage_passes.score_residue

    def timed(connection: duckdb.DuckDBPyConnection, weights: Weights) -> None:
        begun = time.perf_counter()
        scored(connection, weights)
        seconds.append(time.perf_counter() - begun)

    linkage_passes.score_residue = quality.score_residue = timed
    return seconds


def _standing(world: World, identified: Identified) -> dict[str, pa.Table]:
    """Take out what stays damaged; the rows of this county never repeat, so nothing else is settled."""
    connection = duckdb.connect()
    connection.register("unrepaired", identified.unrepaired)
    connection.register("people", identified.people)
    settled: dict[str, pa.Table] = {}
    for contract, rows in world.accepted.items():
        connection.register("given", rows)
        person = "id_status" in rows.column_names
        query = f"""SELECT given.*{", people.person_id" if person else ""} FROM given ANTI JOIN unrepaired USING (row_id)
                    {"LEFT JOIN people USING (row_id)" if person else ""} ORDER BY row_id"""
        settled[contract] = connection.sql(query).to_arrow_table()
    return settled


def _connect(world: World, identified: Identified, linked: Linked) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    tables: dict[str, Any] = {
        "truth": world.truth,
        "people": identified.people,
        "keys": identified.name_keys,
        "links": linked.links,
        "doubts": linked.doubts,
        "members": world.accepted["land_member"],
        "parcels": world.accepted["land_parcel"],
        "books": world.accepted["household_economy"],
        "subsidies": world.accepted["land_subsidy"],
    }
    for name, table in tables.items():
        connection.register(name, table)
    return connection


def _write_links(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write the truth, and our links with their stage; a damaged row's likeness, offered for review, is of stage 3."""
    pq.write_table(connection.sql("SELECT * FROM truth ORDER BY row_id").to_arrow_table(), folder / "truth.parquet")
    query = """
        SELECT row_id, unit_code, stage FROM links SEMI JOIN truth USING (row_id) WHERE unit_code IS NOT NULL
        UNION ALL
        SELECT subject_id, unit_code, 3 FROM doubts WHERE NOT is_standing AND status = 'provisional' AND unit_code IS NOT NULL
        ORDER BY row_id"""
    pq.write_table(connection.sql(query).to_arrow_table(), folder / "ours.parquet")


ID_ONLY = """
    SELECT row_id, min(contractor_code) AS unit_code, 1 AS stage
    FROM people AS p SEMI JOIN truth USING (row_id) JOIN (SELECT DISTINCT m.contractor_code, r.id_number FROM members AS m JOIN members AS r USING (row_id)) AS r
      ON r.id_number = p.id_number AND p.id_status = 'valid'
    GROUP BY row_id ORDER BY row_id"""
NAME_AND_VILLAGE = """
    SELECT row_id, min(contractor_code) AS unit_code, 1 AS stage
    FROM people AS p SEMI JOIN truth USING (row_id)
    JOIN members AS m ON m.member_name = p.name AND left(m.contractor_code, 12) = p.village_codes[1]
    GROUP BY row_id ORDER BY row_id"""


def _write_peer_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Return the peer the rosters' persons, and each list it is asked for, with our keys of the names."""
    roster = f"""
        SELECT p.row_id AS unique_id, m.contractor_code AS unit_code, {KEYS}, h.persons::INT AS persons, contract_mu::DOUBLE AS area_mu
        FROM people AS p JOIN members AS m USING (row_id) JOIN keys ON keys.name = p.name
        JOIN (SELECT contractor_code, count(*) AS persons FROM members GROUP BY ALL) AS h USING (contractor_code)
        JOIN parcels USING (contractor_code) ORDER BY unique_id"""
    pq.write_table(connection.sql(roster).to_arrow_table(), folder / "right.parquet")
    for contract, column in PEER_LISTS.items():
        query = f"""
            SELECT p.row_id AS unique_id, coalesce(l.stage, 3) = 3 AS is_residue, {KEYS}{", " + column if column else ""}
            FROM people AS p JOIN keys ON keys.name = p.name LEFT JOIN links AS l ON l.row_id = p.row_id AND l.unit_code IS NOT NULL
            LEFT JOIN books AS b ON b.row_id = p.row_id LEFT JOIN subsidies AS s ON s.row_id = p.row_id
            WHERE p.contract = $contract ORDER BY unique_id"""
        table = connection.sql(query, params={"contract": contract}).to_arrow_table()
        pq.write_table(table, folder / f"left_{contract}.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
