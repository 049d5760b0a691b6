"""Linkage is measured in every run, and what no list should send has a bounded, documented outcome."""

from __future__ import annotations

import os
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from bench.linkage_world import AS_OF, COUNTY, World, build
from tests.conftest import Scored, linked_rows
from village_credit.duckdb_session import THREADS
from village_credit.link.join import Linked, identify_rows, join_rows


def link(world: World) -> Linked:
    """Identify and join a county whose rows never repeat."""
    identified = identify_rows(world.accepted, world.hints)
    connection = duckdb.connect()
    connection.register("unrepaired", identified.unrepaired)
    connection.register("people", identified.people)
    settled = {}
    for contract, rows in world.accepted.items():
        connection.register("given", rows)
        join = "LEFT JOIN people USING (row_id)" if "id_status" in rows.column_names else ""
        columns = "given.*, people.person_id" if join else "given.*"
        settled[contract] = connection.sql(
            f"SELECT {columns} FROM given {join} ANTI JOIN unrepaired USING (row_id) ORDER BY row_id"
        ).to_arrow_table()
    return join_rows(settled, identified, AS_OF, COUNTY)


@pytest.fixture(scope="module")
def world() -> World:
    return build(1800, 11, hard=True)


@pytest.fixture(scope="module")
def linked(world: World) -> Linked:
    return link(world)


def wrong(linked: Linked, world: World, condition: str) -> tuple[int, int]:
    connection = duckdb.connect()
    connection.register("links", linked.links)
    connection.register("truth", world.truth)
    query = (
        f"SELECT count(*), count(*) FILTER (l.unit_code <> t.unit_code) FROM links AS l JOIN truth AS t "
        f"USING (row_id) WHERE l.unit_code IS NOT NULL AND {condition}"
    )
    return connection.execute(query).fetchall()[0]


def test_links_by_number_and_name_are_right(linked, world):
    links, errors = wrong(linked, world, "stage <= 2")
    assert links > 5000
    assert errors <= 1  # 20 in 100,000 is the bound that the benchmark holds on 200,000 households


def test_long_names_are_found_as_often_as_short_ones(linked):
    assert linked.quality.name_gap is not None
    assert linked.quality.name_gap < 0.03


def test_a_wrong_village_finds_hardly_anybody(linked):
    assert 0 <= linked.quality.null_share < 0.05


def test_the_quality_counts_every_record_of_a_list_once_though_it_waits_in_quarantine(linked, world):
    table = linked.quality.by_village.to_pylist()
    counted = sum(row["records"] for row in table)
    parts = sum(
        row[name] for row in table for name in ("automatic", "confirmed", "provisional", "conflicting", "unlinked")
    )
    standing = [row for row in linked.links.to_pylist() if row["pass"] != "contractor_code"]
    of_lists = [row for row in standing if not row["contract"].startswith("land_") or row["contract"] == "land_subsidy"]
    assert counted == parts == world.truth.num_rows
    assert len(of_lists) < counted  # some numbers stay damaged: their rows are unlinked, not forgotten


def shuffled(world: World) -> World:
    """The same tables, rows in another order."""
    connection = duckdb.connect()
    accepted = {}
    for contract, rows in world.accepted.items():
        connection.register("given", rows)
        accepted[contract] = connection.sql("SELECT * FROM given ORDER BY hash(row_id * 7919)").to_arrow_table()
    return World(accepted, world.hints, world.truth)


def test_the_order_of_rows_and_the_threads_change_nothing(world, linked, monkeypatch):
    monkeypatch.setenv(THREADS, "4" if os.environ.get(THREADS) == "1" else "1")
    again = link(shuffled(world))
    monkeypatch.undo()
    assert again.links.equals(linked.links)
    assert again.doubts.equals(linked.doubts)
    assert again.quality == linked.quality


def test_adding_a_list_breaks_no_link_made_by_a_number(world, linked):
    fewer = {name: rows.slice(0, 0) if name == "bank_exposure" else rows for name, rows in world.accepted.items()}
    without = link(World(fewer, world.hints, world.truth))
    certain = {
        row["row_id"]: row["unit_code"]
        for row in without.links.to_pylist()
        if row["stage"] is not None and row["stage"] <= 2 and row["unit_code"]
    }
    after = {row["row_id"]: row["unit_code"] for row in linked.links.to_pylist()}
    assert certain
    assert {row_id for row_id, unit in certain.items() if after[row_id] != unit} == set()


def replaced(rows: pa.Table, **columns: list[Any]) -> pa.Table:
    for name, values in columns.items():
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type))
    return rows


def test_neighbours_whose_numbers_are_swapped_through_a_whole_list_find_nobody(world):
    """Each row carries the number of a person of another village: equal numbers, other names."""
    subsidies = world.accepted["land_subsidy"]
    numbers = subsidies.column("id_number").to_pylist()
    statuses = subsidies.column("id_status").to_pylist()
    half = len(numbers) // 2
    moved = replaced(subsidies, id_number=numbers[half:] + numbers[:half], id_status=statuses[half:] + statuses[:half])
    result = link(World(world.accepted | {"land_subsidy": moved}, world.hints, world.truth))
    rows = [row for row in result.links.to_pylist() if row["contract"] == "land_subsidy"]
    automatic = [row for row in rows if row["status"] == "automatic"]
    assert len(automatic) <= 0.002 * len(rows)  # namesakes among strangers
    assert len([row for row in rows if row["status"] == "refused"]) > 0.9 * len(rows)


def with_neighbour(rows: pa.Table, world: World, name: str) -> list[Any]:
    """Return a column with the values of each two rows that follow each other in one village swapped."""
    unit_of = dict(
        zip(world.truth.column("row_id").to_pylist(), world.truth.column("unit_code").to_pylist(), strict=True)
    )
    villages = [unit_of[row_id][:12] for row_id in rows.column("row_id").to_pylist()]
    values, at = rows.column(name).to_pylist(), 0
    while at + 1 < len(values):
        is_pair = villages[at] == villages[at + 1]
        if is_pair:
            values[at], values[at + 1] = values[at + 1], values[at]
        at += 2 if is_pair else 1
    return values


@pytest.mark.parametrize("contract", ["land_subsidy", "bank_exposure"])
def test_neighbours_of_one_village_whose_numbers_are_swapped_find_nobody_wrong(world, contract):
    """Brothers next door and sons with their grandfather's name are among them."""
    rows = world.accepted[contract]
    swapped = replaced(rows, **{name: with_neighbour(rows, world, name) for name in ("id_number", "id_status")})
    result = link(World(world.accepted | {contract: swapped}, world.hints, world.truth))
    of_list = f"status = 'automatic' AND l.contract = '{contract}'"
    links, errors = wrong(result, world, of_list)
    assert errors == 0
    assert links < 0.05 * rows.num_rows  # some rows had a member's or a neighbour's number before


def test_five_thousand_of_one_name_in_a_village_stay_bounded_and_link_nobody(world):
    """Nobody is told apart by a name that thousands share; the block is not multiplied out."""
    machines = world.accepted["machinery_subsidy"]
    one = machines.slice(0, 1).to_pylist()[0] | {"id_number": None, "id_status": "empty", "buyer_name": "买买提·若孜"}
    crowd = pa.Table.from_pylist(
        [one | {"row_id": 10_000_000 + n, "village_name": f"{one['village_name'][:-2]}"} for n in range(5000)],
        schema=machines.schema,
    )
    crowd = replaced(
        crowd, buyer_name=[f"买买提·若孜{'买麦提迪'[n % 4]}" if n % 2 else "买买提·若孜" for n in range(5000)]
    )
    members = world.accepted["land_member"]
    some = members.slice(0, 3000).to_pylist()
    village = some[0]["contractor_code"][:12]
    named = ["麦麦提·若孜" if row["contractor_code"].startswith(village) else row["member_name"] for row in some]
    renamed = pa.concat_tables([replaced(members.slice(0, 3000), member_name=named), members.slice(3000)])
    result = link(
        World(world.accepted | {"machinery_subsidy": crowd, "land_member": renamed}, world.hints, world.truth)
    )
    rows = [row for row in result.links.to_pylist() if row["contract"] == "machinery_subsidy"]
    assert len(rows) == 5000
    assert {row["status"] for row in rows} == {"unlinked"}


def test_a_list_of_another_county_links_nobody(world):
    """Its people have other numbers and its villages other names: every record is unlinked, and counted so."""
    books = world.accepted["household_economy"]
    numbers = [f"6531{number[4:]}" if number else None for number in books.column("id_number").to_pylist()]
    strange = replaced(
        books,
        id_number=numbers,
        village_name=["远方村"] * books.num_rows,
        township_name=["别镇"] * books.num_rows,
        id_status=["valid"] * books.num_rows,
    )
    result = link(World(world.accepted | {"household_economy": strange}, world.hints, world.truth))
    rows = [row for row in result.links.to_pylist() if row["contract"] == "household_economy"]
    assert {row["status"] for row in rows} == {"unlinked"}


def test_the_view_and_the_gates_tell_the_run_s_quality(published: Scored):
    connection = duckdb.connect(str(published.store.warehouse), read_only=True)
    rows = connection.execute(
        "SELECT sum(records), sum(automatic + confirmed + provisional + conflicting + unlinked) FROM link_quality"
    ).fetchall()
    assert rows[0][0] == rows[0][1] > 0
    gates = dict(connection.execute("SELECT gate, verdict FROM gates").fetchall())
    connection.close()
    assert {gates[name] for name in ("link_gap_of_names", "link_gap_of_villages", "null_linkage")} <= {"pass", "warn"}


def test_no_person_counts_in_two_households(world, linked):
    """Of all who are at home somewhere and whose number is their own, each number is in one household only."""
    connection = duckdb.connect()
    connection.register("members", linked.facts["members"])
    connection.register("identities", linked.identities)
    query = """SELECT person_id, count(DISTINCT unit_code) FROM members JOIN identities USING (unit_code, member_no)
               WHERE is_living AND is_resident AND has_valid_id GROUP BY person_id"""
    counts = connection.execute(query).fetchall()
    assert len(counts) > 3000
    assert {count for _, count in counts} == {1}
    flagged = linked.findings.column("reason_code").to_pylist()
    assert "NUMBER_OF_TWO_PEOPLE" in flagged  # the world's registers do give some numbers twice


def test_a_link_names_the_lines_on_both_sides(published: Scored):
    """Every link by number leads back to the register's line that bears the number's owner, or heads the household."""
    connection = duckdb.connect()
    connection.register("linked", linked_rows(published.store, published.run.run_id))
    query = """
        SELECT count(*), count(*) FILTER (r.household_key = l.household_key), count(*) FILTER (r.source_table IN ('land_member', 'land_contractor'))
        FROM linked AS l LEFT JOIN linked AS r ON r.file_name = l.roster_file AND r.sheet = l.roster_sheet AND r.line_number = l.roster_line
        WHERE l.household_key IS NOT NULL AND l.pass <> 'credit_code'"""  # noqa: E501
    ((links, same, of_register),) = connection.execute(query).fetchall()
    connection.close()
    assert links == same == of_register > 1000
