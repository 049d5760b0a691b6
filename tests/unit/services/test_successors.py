"""Who goes on as whom, by hand-made registers and lists: chains, circles, a borrower in two households."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from village_credit.catalogue import facts, run_tables
from village_credit.ledger.lineage import IDENTITIES, OWED
from village_credit.pseudonyms import Keys, household_key, row_key_hash
from village_credit.services.scoring.lineage import (
    VERDICTS,
    Predecessors,
    Succession,
    find_successors,
    hashed_numbers,
    waiting_for_a_person,
)

KEYS = Keys(*(bytes([n]) * 32 for n in range(4)))
AS_OF = date(2026, 12, 1)
PEOPLE = pa.schema(
    [("unit_code", pa.string()), ("member_no", pa.int64()), ("relation", pa.string()), ("person_id", pa.string())]
)
MEMBERS = pa.schema([("contractor_code", pa.string()), ("person_id", pa.string())])
REFUSED = pa.schema([("source_id", pa.int64()), ("own_key", pa.string()), ("is_quarantine", pa.bool_())])
LINES = pa.schema(
    [
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("limit_yuan", pa.int64()),
        ("drawn_yuan", pa.decimal128(18, 2)),
        ("valid_to", pa.date32()),
    ]
)


def key(unit: str) -> str:
    return household_key(KEYS, unit)


def numbered(people: str) -> list[str]:
    """Each letter is a person."""
    return [f"id-{letter}" for letter in people]


def found(
    before: dict[str, str],
    now: dict[str, str],
    changes: list[tuple[str, str]] = (),  # type: ignore[assignment]
    owed: dict[str, int] | None = None,
    verdicts: list[tuple[str, str, str]] = (),  # type: ignore[assignment]
    lineage: pa.Table | None = None,
    on: date = date(2026, 11, 15),
    apart: dict[str, str] | None = None,
    refused: list[tuple[str, str | None]] = (),  # type: ignore[assignment]
) -> Succession:
    """`before`, `now`: people by code, the head (and borrower) first; every line before has 30,000 yuan.

    `apart`: members who are delivered under codes that nobody is registered under. `refused`: contract and code of rows
    in quarantine.
    """
    owed = owed or {}
    known = [
        {
            "household_key": key(unit),
            "unit_code": unit,
            "name": None,
            "person_id": numbered(people)[0],
            "number_hashes": [row_key_hash(KEYS, number) for number in numbered(people)],
        }
        for unit, people in before.items()
    ]
    lines = [
        {
            "household_key": key(unit),
            "product": "farmer_line",
            "limit_yuan": 30000,
            "drawn_yuan": owed.get(unit),
            "valid_to": date(2028, 1, 1),
        }
        for unit in before
    ]
    identities = [
        {"unit_code": unit, "member_no": place + 1, "relation": "head" if place == 0 else "other", "person_id": number}
        for unit, people in now.items()
        for place, number in enumerate(numbered(people))
    ]
    listed = [{"from_code": old, "to_code": new, "cause": None, "changed_on": on} for old, new in changes]
    said = [{"from_key": key(old), "own_key": key(new), "verdict": verdict} for old, new, verdict in verdicts]
    members = [
        {"contractor_code": unit, "person_id": number}
        for unit, people in (now | (apart or {})).items()
        for number in numbered(people)
    ]
    intake: Any = SimpleNamespace(
        facts={
            "households": pa.table({"unit_code": list(now)}),
            "code_changes": pa.Table.from_pylist(listed, schema=facts()["code_changes"].schema()),
        },
        identities=pa.Table.from_pylist(identities, schema=PEOPLE),
        settled={"land_member": pa.Table.from_pylist(members, schema=MEMBERS)},
        sources=[SimpleNamespace(source_id=n, contract=contract) for n, (contract, _) in enumerate(refused)],
        findings=pa.Table.from_pylist(
            [{"source_id": n, "own_key": code, "is_quarantine": True} for n, (_, code) in enumerate(refused)],
            schema=REFUSED,
        ),
    )
    predecessors = Predecessors(
        run_tables()["lineage"].schema().empty_table() if lineage is None else lineage,
        pa.Table.from_pylist(said, schema=VERDICTS),
        pa.table({"household_key": pa.array([key(unit) for unit in before], pa.string())}),
        pa.Table.from_pylist(lines, schema=LINES),
        [],
        OWED.empty_table(),
        lambda: pa.Table.from_pylist(known, schema=IDENTITIES),
    )
    return find_successors(intake, predecessors, hashed_numbers(intake.identities, KEYS), KEYS, AS_OF)


def roles(result: Succession) -> dict[tuple[str, str | None], str]:
    return {(row["from_key"], row["own_key"]): row["role"] for row in result.lineage.to_pylist()}


def caps(result: Succession) -> dict[str, int]:
    return {row["unit_code"]: row["most_yuan"] for row in result.caps.to_pylist()}


def recoded(result: Succession) -> list[str]:
    return result.recoded.column("unit_code").to_pylist()


def test_who_keeps_his_code_is_nobody_s_successor():
    result = found({"A": "ab", "B": "cd"}, {"A": "ab", "B": "cd"})
    assert result.pseudonyms == {"A": key("A"), "B": key("B")}
    assert (roles(result), caps(result), recoded(result)) == ({}, {}, [])


def test_a_code_numbered_anew_keeps_the_key_even_where_the_borrower_is_gone():
    result = found({"A": "ab"}, {"C": "b"}, [("A", "C")])
    assert result.pseudonyms == {"C": key("A")}
    assert (roles(result), caps(result), recoded(result)) == ({(key("A"), key("C")): "goes_on"}, {}, [])


def test_a_chain_leads_to_who_is_registered():
    result = found({"A": "ab"}, {"D": "ab"}, [("A", "B"), ("B", "C"), ("C", "D")])
    assert result.pseudonyms == {"D": key("A")}


def test_a_list_that_leads_back_to_where_it_began_does_nothing():
    result = found({"A": "ab"}, {"C": "xy"}, [("A", "B"), ("B", "A")])
    assert result.pseudonyms == {"C": key("C")}
    assert roles(result) == {(key("A"), None): "circle"}


def test_a_change_to_come_is_none_yet():
    result = found({"A": "ab"}, {"C": "ab"}, [("A", "C")], on=date(2026, 12, 2))
    assert roles(result) == {(key("A"), key("C")): "proposed"}
    assert recoded(result) == ["C"]


@pytest.mark.parametrize(("owed", "kept"), [({}, 60000), ({"B": 7000}, 53000), ({"A": 7000}, 60000)])
def test_of_two_that_merge_the_head_s_line_goes_on_and_the_other_is_closed(owed: dict[str, int], kept: int):
    result = found({"A": "ab", "B": "cd"}, {"C": "abcd"}, [("A", "C"), ("B", "C")], owed)
    assert result.pseudonyms == {"C": key("A")}
    assert roles(result) == {(key("A"), key("C")): "goes_on", (key("B"), key("C")): "merged"}
    assert caps(result) == {"C": kept}
    closed = [(row["unit_code"], int(row["owed_yuan"])) for row in result.closed_lines.to_pylist()]
    assert closed == ([("C", 7000)] if "B" in owed else [])


def test_where_neither_borrower_is_the_head_the_line_that_owes_goes_on():
    result = found({"A": "ab", "B": "cd"}, {"C": "xabcd"}, [("A", "C"), ("B", "C")], {"B": 1})
    assert result.pseudonyms == {"C": key("B")}


def test_who_merges_into_a_household_that_stays_brings_no_second_line():
    result = found({"A": "ab", "B": "cd"}, {"A": "abcd"}, [("B", "A")], {"B": 4000})
    assert result.pseudonyms == {"A": key("A")}
    assert roles(result) == {(key("B"), key("A")): "merged"}
    assert caps(result) == {"A": 60000 - 4000}
    assert [(row["unit_code"], int(row["owed_yuan"])) for row in result.closed_lines.to_pylist()] == [("A", 4000)]


def test_of_a_split_the_borrower_s_part_takes_the_line_and_the_other_is_looked_at():
    result = found({"A": "abc"}, {"C": "bc", "D": "a"}, [("A", "C"), ("A", "D")])
    assert result.pseudonyms == {"C": key("C"), "D": key("A")}
    assert recoded(result) == ["C"]
    assert caps(result) == {"C": 0, "D": 30000}


def test_where_two_have_the_borrower_nobody_takes_the_line():
    result = found({"A": "abc"}, {"C": "ab", "D": "ac"}, [("A", "C"), ("A", "D")])
    assert set(result.pseudonyms.values()) == {key("C"), key("D")}
    assert recoded(result) == ["C", "D"]


def test_a_part_that_leaves_a_household_which_stays_is_looked_at():
    result = found({"A": "abc"}, {"A": "ab", "D": "c"}, [("A", "D")])
    assert result.pseudonyms == {"A": key("A"), "D": key("D")}
    assert recoded(result) == ["D"]
    assert caps(result) == {"A": 30000, "D": 0}
    (row,) = result.lineage.to_pylist()
    assert (row["shared_members"], row["holds_borrower"]) == (1, False)


def test_a_hold_is_heard_by_every_part():
    result = found({"A": "abc"}, {"C": "bc", "D": "a"}, [("A", "C"), ("A", "D")])
    stopped = {row["unit_code"] for row in result.stops.to_pylist() if row["household_key"] == key("A")}
    assert stopped == {"C", "D"}
    taken = {row["unit_code"] for row in result.aliases.to_pylist() if row["household_key"] == key("A")}
    assert taken == {"D"}


def test_shared_numbers_propose_and_a_person_decides():
    assert roles(found({"A": "ab"}, {"C": "bx"})) == {(key("A"), key("C")): "proposed"}
    confirmed = found({"A": "ab"}, {"C": "bx"}, verdicts=[("A", "C", "same")])
    assert confirmed.pseudonyms == {"C": key("A")}
    refused = found({"A": "ab"}, {"C": "bx"}, verdicts=[("A", "C", "other")])
    assert (refused.pseudonyms, roles(refused), recoded(refused)) == ({"C": key("C")}, {}, [])


def test_who_married_out_of_a_household_that_stays_is_no_successor():
    result = found({"A": "ab", "B": "cd"}, {"A": "a", "B": "cdb"})
    assert (roles(result), recoded(result)) == ({}, [])


def test_a_household_that_is_gone_into_one_that_keeps_its_code_is_looked_at():
    result = found({"A": "ab", "B": "cd"}, {"B": "cdab"}, owed={"A": 5000})
    assert roles(result) == {(key("A"), key("B")): "proposed"}
    assert recoded(result) == ["B"]
    assert result.pseudonyms == {"B": key("B")}
    confirmed = found({"A": "ab", "B": "cd"}, {"B": "cdab"}, owed={"A": 5000}, verdicts=[("A", "B", "same")])
    assert roles(confirmed) == {(key("A"), key("B")): "merged"}
    assert caps(confirmed) == {"B": 55000}


def test_codes_that_were_swapped_by_the_list_take_their_lines_along():
    result = found({"A": "ab", "B": "cd"}, {"A": "cd", "B": "ab"}, [("A", "B"), ("B", "A")])
    assert result.pseudonyms == {"A": key("B"), "B": key("A")}
    assert recoded(result) == []


def test_a_code_given_to_others_has_not_their_predecessors_line():
    result = found({"A": "ab", "B": "cd"}, {"A": "cd", "B": "ab"})
    assert set(result.pseudonyms.values()) & {key("A"), key("B")} == set()
    assert recoded(result) == ["A", "B"]
    said = roles(result)
    assert said[key("A"), key("B")] == said[key("B"), key("A")] == "proposed"
    assert said[key("A"), key("A")] == said[key("B"), key("B")] == "anew"
    shifted = found({"A": "ab", "B": "cd"}, {"B": "ab", "C": "cd"}, [("A", "B"), ("B", "C")])
    assert shifted.pseudonyms == {"B": key("A"), "C": key("B")}


def test_where_all_numbers_are_others_and_nobody_is_elsewhere_the_line_waits_where_it_is():
    """They may have been corrected: a household of one person, whose number had a slip in it."""
    result = found({"A": "a"}, {"A": "x"})
    assert result.pseudonyms == {"A": key("A")}
    assert roles(result) == {(key("A"), key("A")): "replaced"}
    assert recoded(result) == ["A"]
    assert roles(found({"A": "a"}, {"A": ""})) == {}  # no number at all says nothing


def test_a_hold_does_not_stop_who_only_stands_under_the_code():
    first = found({"A": "ab"}, {"A": "xy", "C": "ab"}, [("A", "C")])
    later = found({"A": "ab"}, {"A": "xy", "C": "ab"}, lineage=first.lineage)
    for result in (first, later):
        stopped = {row["unit_code"] for row in result.stops.to_pylist() if row["household_key"] == key("A")}
        assert stopped == {"C"}


def test_a_key_begun_anew_stays_and_the_people_who_come_back_have_their_own():
    first = found({"A": "ab"}, {"A": "xy", "C": "ab"}, [("A", "C")])
    assert first.pseudonyms["C"] == key("A")
    assert first.pseudonyms["A"] not in (key("A"), key("C"))
    later = found({"A": "ab"}, {"A": "xy", "C": "ab"}, lineage=first.lineage)
    assert later.pseudonyms == first.pseudonyms


def test_a_borrower_who_moves_to_a_new_code_takes_the_line_along():
    listed = found({"A": "abc"}, {"A": "bc", "D": "a"}, [("A", "D")])
    assert listed.pseudonyms["D"] == key("A")
    assert listed.pseudonyms["A"] != key("A")
    assert recoded(listed) == ["A"]
    unlisted = found({"A": "abc"}, {"A": "bc", "D": "a"})
    assert roles(unlisted) == {(key("A"), key("D")): "proposed"}
    assert unlisted.pseudonyms == {"A": key("A"), "D": key("D")}


def test_a_list_that_ends_a_code_under_which_its_people_stand_is_named_and_does_nothing():
    for changes in ([("A", "B")], [("A", "Z")], [("A", "B"), ("B", "A")]):
        result = found({"A": "ab", "B": "cd"}, {"A": "ab", "B": "cd"}, changes)
        assert result.pseudonyms == {"A": key("A"), "B": key("B")}
        assert set(roles(result).values()) == {"contradicted"}
        lines = pa.table({"household_key": [key("A")], "limit_yuan": [1], "drawn_yuan": pa.array([None], pa.int64())})
        assert waiting_for_a_person(result.lineage, lines).waiting == len(changes)


def test_a_key_that_went_over_stays_and_chains_go_on():
    first = found({"A": "ab"}, {"C": "ab"}, [("A", "C")])
    later = found({"A": "ab"}, {"C": "ab"}, lineage=first.lineage)  # the publication in force knows key A
    assert later.pseudonyms == {"C": key("A")}
    assert roles(later) == roles(first)


def test_an_old_code_that_is_registered_again_takes_its_own_key_and_both_are_looked_at():
    first = found({"A": "ab"}, {"C": "ab"}, [("A", "C")])
    again = found({"A": "ab"}, {"A": "ab", "C": "ab"}, lineage=first.lineage)
    assert again.pseudonyms == {"A": key("A"), "C": key("C")}
    assert recoded(again) == ["A", "C"]


def test_no_merge_or_split_leaves_more_than_there_was():
    """Any mixture: what the successors may have at most is what the predecessors had, less what closed lines owe."""
    before = {"A": "ab", "B": "cd", "E": "ef"}
    now = {"C": "abc", "D": "d", "F": "ef"}
    result = found(before, now, [("A", "C"), ("B", "C"), ("B", "D"), ("E", "F")], {"B": 5000})
    assert sum(caps(result).get(unit, 30000) for unit in now) <= 90000 - 5000
    assert result.pseudonyms["F"] == key("E")
    assert "F" not in caps(result)


@pytest.mark.parametrize("apart", [{"A": "ab"}, {"A": "xy"}, {"N": "ab"}, {"N": "bz"}])
def test_whose_people_are_delivered_without_a_contractor_waits_and_is_not_closed(apart: dict[str, str]):
    """His row may be in quarantine: under his own code, or under a new one."""
    result = found({"A": "ab", "B": "c"}, {"B": "c"}, apart=apart)
    assert [(row["from_key"], row["role"]) for row in result.lineage.to_pylist()] == [(key("A"), "unregistered")]
    lines = pa.Table.from_pylist([{"household_key": key("A"), "limit_yuan": 30000}], schema=LINES)
    assert waiting_for_a_person(result.lineage, lines).with_line == 1


@pytest.mark.parametrize(
    ("refused", "roles_found"),
    [
        ([("land_contractor", "A")], ["unregistered"]),  # his members' rows are in quarantine too
        ([("land_member", "A")], ["unregistered"]),
        ([("land_contractor", None)], ["unregistered"]),  # a row without a code may be his
        ([("land_member", None)], []),
        ([("land_contractor", "N")], []),  # another's
        ([("land_parcel", "A")], []),
    ],
)
def test_whose_own_rows_are_in_quarantine_waits_too(refused: list[tuple[str, str | None]], roles_found: list[str]):
    result = found({"A": "ab", "B": "c"}, {"B": "c"}, refused=refused)
    assert result.lineage.column("role").to_pylist() == roles_found


def test_who_is_delivered_nowhere_is_gone_and_nobody_waits():
    result = found({"A": "ab", "B": "c"}, {"B": "c"}, apart={"N": "xy"})
    assert result.lineage.num_rows == 0
