"""Who belongs to a household and what it works: nobody and no parcel counts twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.link.test_join import ANNA, BERT, number, taken

CLARA, DORA = number("19900909", 13), number("19610606", 15)
ONE, TWO = "659900100201010001", "659900101201010001"
MEMBERS = "CBFBM,CYXM,CYXB,CYZJLX,CYZJHM,YHZGX,CYBZ,CYBZSM\n{rows}"
BOTH_HEADS = [f"{ONE},王安娜,2,1,{ANNA},02,,", f"{TWO},李贝特,1,1,{BERT},02,,"]


def members(*rows: str) -> Any:
    return taken(members=[], **{"成员.csv": MEMBERS.format(rows="\n".join([*BOTH_HEADS, *rows]))})


def persons(intake: Any) -> dict[str, int]:
    return {row["unit_code"]: row["persons_register"] for row in intake.facts["households"].to_pylist()}


def codes(intake: Any) -> list[str]:
    return [row["reason_code"] for row in intake.findings.to_pylist()]


@pytest.mark.parametrize(
    ("note", "said", "counts"),
    [
        ("", "", 2),
        ("7", "", 1),
        ("1", "", 1),
        ("9", "2021年分户另立", 1),
        ("9", "户口迁出", 1),
        ("9", "在外务工", 2),
        ("3", "", 2),
    ],
    ids=["stays", "died", "married out", "split off", "moved", "another remark", "student"],
)
def test_members_leave_a_household_by_code(note, said, counts):
    assert persons(members(f"{ONE},王克拉,2,1,{CLARA},32,{note},{said}"))[ONE] == counts


def test_a_person_whom_two_registers_claim_counts_in_neither_and_is_flagged_in_both():
    intake = members(f"{ONE},王克拉,2,1,{CLARA},32,,", f"{TWO},王克拉,2,1,{CLARA},38,,")
    assert persons(intake) == {ONE: 1, TWO: 1}
    assert codes(intake).count("MEMBER_IN_TWO_HOUSEHOLDS") == 2
    claimed = [row for row in intake.facts["members"].to_pylist() if row["birth_date"].year == 1990]
    assert {row["has_valid_id"] for row in claimed} == {False}


def test_a_daughter_married_out_of_one_register_counts_in_the_other():
    intake = members(f"{ONE},王克拉,2,1,{CLARA},32,1,", f"{TWO},王克拉,2,1,{CLARA},12,,")
    assert persons(intake) == {ONE: 1, TWO: 2}
    assert "MEMBER_IN_TWO_HOUSEHOLDS" not in codes(intake)


def test_a_number_of_two_people_is_its_bearer_s_only_where_another_list_says_so():
    rows = (f"{ONE},王克拉,2,1,{CLARA},32,,", f"{TWO},赵别人,2,1,{CLARA},38,,")
    assert persons(members(*rows)) == {ONE: 2, TWO: 2}
    assert codes(members(*rows)).count("NUMBER_OF_TWO_PEOPLE") == 2
    told = taken(
        f"2025,王克拉,{CLARA},东乡,前村,5000",
        members=[],
        **{"成员.csv": MEMBERS.format(rows="\n".join([*BOTH_HEADS, *rows]))},
    )
    owners = {
        row["unit_code"]: row["has_valid_id"]
        for row in told.facts["members"].to_pylist()
        if row["birth_date"].year == 1990
    }
    assert owners == {ONE: True, TWO: False}


PARCELS = "DKBM,FBFBM,CBFBM,CBJYQQDFS,HTMJ,HTMJM,CBHTBM,LZHTBM,CBJYQZBM,SFQQQG\n{rows}"


def parcels(*rows: tuple[str, str, str, str]) -> Any:
    text = "\n".join(f"{code},65990010020101,{contractor},110,{area},{mu},,,,1" for code, contractor, area, mu in rows)
    return taken(**{"地块.csv": PARCELS.format(rows=text)})


def areas(intake: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in intake.facts["parcels"].to_pylist():
        found[row["unit_code"]] = found.get(row["unit_code"], Decimal(0)) + row["area_mu"]
    return found


def test_a_parcel_under_two_contractors_counts_for_neither():
    intake = parcels(
        ("6599001002010100001", ONE, "6666.67", "10.00"),
        ("6599001002010100002", ONE, "6666.67", "10.00"),
        ("6599001002010100002", TWO, "6666.67", "10.00"),
    )
    assert areas(intake) == {ONE: Decimal(10)}
    assert codes(intake).count("PARCEL_IN_TWO_HOUSEHOLDS") == 2


def test_a_parcel_twice_under_one_contractor_counts_once_by_its_smaller_area():
    intake = parcels(("6599001002010100001", ONE, "6666.67", "10.00"), ("6599001002010100001", ONE, "5333.33", "8.00"))
    assert areas(intake) == {ONE: Decimal(8)}
    assert codes(intake).count("PARCEL_TWICE") == 2


def test_land_that_is_sub_let_in_a_circle_moves_nothing():
    three = "659900100201010003"
    leases = "LZHTBM,CBFBM,SRFBM,LZFS,LZMJ,LZMJM,LZQXKSRQ,LZQXJSRQ\n" + "\n".join(
        f"L{n},{giver},{taker},1,6666.67,10.00,2024-01-01,2030-01-01"
        for n, (giver, taker) in enumerate(((ONE, TWO), (TWO, three), (three, ONE)), start=1)
    )
    heads = [f"{ONE},1,王安娜,1,{ANNA},x", f"{TWO},1,李贝特,1,{BERT},x", f"{three},1,赵朵拉,1,{DORA},x"]
    intake = taken(contractors=heads, **{"流转.csv": leases})
    moved: dict[str, Decimal] = {}
    for row in intake.facts["leases"].to_pylist():
        moved[row["from_unit_code"]] = moved.get(row["from_unit_code"], Decimal(0)) - row["area_mu"]
        moved[row["to_unit_code"]] = moved.get(row["to_unit_code"], Decimal(0)) + row["area_mu"]
    assert moved == dict.fromkeys((ONE, TWO, three), Decimal(0))


def test_the_same_number_on_three_people_links_no_list_but_by_name():
    rows = [f"{unit},{name},2,1,{CLARA},32,," for unit, name in ((ONE, "王克拉"), (TWO, "李克拉"))]
    rows.append(f"{ONE},王茉莉,2,1,{CLARA},33,,")
    text = {"成员.csv": MEMBERS.format(rows="\n".join([*BOTH_HEADS, *rows]))}
    found = {}
    for name in ("王克拉", "李克拉", "赵朵拉"):
        intake = taken(f"2025,{name},{CLARA},东乡,前村,5000", members=[], **text)
        (found[name],) = [
            (row["unit_code"], row["status"])
            for row in intake.links.to_pylist()
            if row["contract"] == "household_economy"
        ]
    assert found == {"王克拉": (ONE, "automatic"), "李克拉": (TWO, "automatic"), "赵朵拉": (None, "refused")}


def test_a_household_of_sixty_members_is_one_household():
    rows = [
        f"{ONE},王成员{'一二三四五六七八九十'[n // 10]}{'一二三四五六七八九十'[n % 10]},1,1,{number('19900101', n + 100)},20,,"  # noqa: E501
        for n in range(58)
    ]
    intake = members(*rows)
    assert persons(intake)[ONE] == 59


def test_a_list_that_names_a_dead_member_finds_the_household():
    intake = taken(
        f"2025,王朵拉,{DORA},东乡,前村,5000", members=[f"{ONE},王安娜,2,1,{ANNA},02,", f"{ONE},王朵拉,2,1,{DORA},52,7"]
    )
    (link,) = [row for row in intake.links.to_pylist() if row["contract"] == "household_economy"]
    assert (link["unit_code"], link["status"]) == (ONE, "automatic")


def test_a_telephone_that_many_households_give_is_nobody_s():
    heads = [
        f"6599001002010100{n:02d},1,王安娜,1,{number('19800101', n)},x,,{'10012345678' if n < 5 else '10087654321'}"
        for n in range(1, 8)
    ]
    contractors = "CBFBM,CBFLX,CBFMC,CBFZJLX,CBFZJHM,CBFDZ,YZBM,LXDH\n" + "\n".join(heads)
    intake = taken(members=[], **{"承包方.csv": contractors})
    phones = intake.identities.column("phone").to_pylist()
    assert phones == [None] * 4 + ["10087654321"] * 3
