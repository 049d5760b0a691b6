"""Who is linked to whom: a valid ID with an agreeing name, a unique repair, and nobody on doubt."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest

from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.county import take_in
from village_credit.intake import Intake
from village_credit.link.verdicts import Verdicts
from village_credit.synthetic.identities import ID_CHECKS, ID_WEIGHTS

AS_OF = date(2026, 11, 1)
COUNTY = "659900"
VILLAGE = "659900100201"


def number(birth: str, sequence: int) -> str:
    body = f"659900{birth}{sequence:03d}"
    return body + ID_CHECKS[sum(w * int(d) for w, d in zip(ID_WEIGHTS, body, strict=True)) % 11]


ANNA, BERT = number("19800101", 11), number("19850505", 12)
ISSUERS = "FBFBM,FBFMC,FBFDZ\n65990010020101,东乡前村一组,某县东乡前村\n65990010120101,西乡前村一组,某县西乡前村\n65990010120201,西乡后村一组,某县西乡后村\n"  # noqa: E501
CONTRACTORS = "CBFBM,CBFLX,CBFMC,CBFZJLX,CBFZJHM,CBFDZ\n{rows}"
MEMBERS = "CBFBM,CYXM,CYXB,CYZJLX,CYZJHM,YHZGX,CYBZ\n{rows}"
BOOK = "年度,户主姓名,身份证号,乡镇,村,种植收入(元)\n{rows}"


def taken(
    *books: str,
    contractors: list[str] | None = None,
    members: list[str] | None = None,
    verdicts: Verdicts | None = None,
    **files: str,
):
    heads = contractors or [f"659900100201010001,1,王安娜,1,{ANNA},x", f"659900101201010001,1,李贝特,1,{BERT},x"]
    texts = {
        "发包方.csv": ISSUERS,
        "承包方.csv": CONTRACTORS.format(rows="\n".join(heads)),
        "成员.csv": MEMBERS.format(rows="\n".join(members or [f"659900100201010001,王安娜,2,1,{ANNA},02,"])),
        **{f"台账{index}.csv": BOOK.format(rows=rows) for index, rows in enumerate(books)},
        **files,
    }
    return (
        taken_in(tuple(texts.items()))
        if verdicts is None
        else take_in(delivered(texts), AS_OF, COUNTY, verdicts=verdicts)
    )


@cache
def taken_in(texts: tuple[tuple[str, str], ...]) -> Intake:
    """What nobody has said anything of, once for all who look at it; read only."""
    return take_in(delivered(dict(texts)), AS_OF, COUNTY)


def delivered(texts: dict[str, str]) -> list[DeliveredFile]:
    return [DeliveredFile(name, text.encode(), f"{place:064d}") for place, (name, text) in enumerate(texts.items())]


def book_links(intake) -> list[tuple[str | None, str | None, str]]:
    return [
        (row["unit_code"], row["pass"], row["status"])
        for row in intake.links.to_pylist()
        if row["contract"] == "household_economy"
    ]


def test_a_valid_number_with_an_agreeing_name_links():
    assert book_links(taken(f"2025,王安娜,{ANNA},东乡,前村,5000")) == [
        ("659900100201010001", "id_and_name", "automatic")
    ]


def test_a_valid_number_with_another_name_is_refused_for_a_person_to_see():
    assert book_links(taken(f"2025,赵别人,{ANNA},东乡,前村,5000")) == [(None, "id_without_name", "refused")]


def test_neighbours_whose_numbers_are_swapped_are_linked_to_nobody():
    swapped = taken(f"2025,王安娜,{BERT},东乡,前村,5000\n2025,李贝特,{ANNA},西乡,前村,5000")
    assert {status for *_, status in book_links(swapped)} == {"refused"}


def test_a_number_in_two_households_decides_for_neither():
    intake = taken(
        f"2025,王安娜,{ANNA},东乡,前村,5000",
        members=[f"659900100201010001,王安娜,2,1,{ANNA},02,", f"659900101201010001,王安娜,2,1,{ANNA},30,"],
    )
    assert book_links(intake) == [(None, "id_of_two_households", "refused")]


def test_excel_s_damage_is_repaired_by_one_person_of_that_prefix_name_and_village():
    damaged = f"{ANNA[0]}.{ANNA[1:15]}E+17"
    assert book_links(taken(f"2025,王安娜,{damaged},东乡,前村,5000")) == [
        ("659900100201010001", "repaired_id", "automatic")
    ]


@pytest.mark.parametrize(("name", "village"), [("赵别人", "东乡,前村"), ("王安娜", "西乡,后村")])
def test_it_is_not_repaired_under_another_name_or_in_another_village(name, village):
    damaged = f"{ANNA[0]}.{ANNA[1:15]}E+17"
    intake = taken(f"2025,{name},{damaged},{village},5000")
    assert book_links(intake) == []
    assert "ID_DAMAGED" in intake.findings.column("reason_code").to_pylist()


def test_two_people_of_one_prefix_name_and_village_repair_nothing():
    other = next(
        f"{ANNA[:15]}{n:02d}{c}"
        for n in range(100)
        for c in "0123456789X"
        if f"{ANNA[:15]}{n:02d}{c}" != ANNA and _valid(f"{ANNA[:15]}{n:02d}{c}")
    )
    members = [f"659900100201010001,王安娜,2,1,{ANNA},02,", f"659900100201010002,王安娜,2,1,{other},30,"]
    heads = [f"659900100201010001,1,王安娜,1,{ANNA},x", f"659900100201010002,1,李贝特,1,{BERT},x"]
    damaged = f"{ANNA[0]}.{ANNA[1:15]}E+17"
    assert book_links(taken(f"2025,王安娜,{damaged},东乡,前村,5000", contractors=heads, members=members)) == []


def masked(number: str, kept: int = 4) -> str:
    return f"{number[:kept]}{'*' * (16 - kept)}{number[16:]}"


def test_a_masked_number_is_repaired_by_one_person_of_its_visible_digits_name_and_village():
    assert book_links(taken(f"2025,王安娜,{masked(ANNA)},东乡,前村,5000")) == [
        ("659900100201010001", "masked_id", "automatic")
    ]


@pytest.mark.parametrize(
    ("name", "shown", "village"),
    [("赵别人", ANNA, "东乡,前村"), ("王安娜", ANNA, "西乡,后村"), ("王安娜", f"6532{ANNA[4:]}", "东乡,前村")],
    ids=["another name", "another village", "another visible digit"],
)
def test_a_masked_number_is_left_where_anything_disagrees(name, shown, village):
    intake = taken(f"2025,{name},{masked(shown)},{village},5000")
    assert book_links(intake) == []
    assert "ID_MASKED" in intake.findings.column("reason_code").to_pylist()


def test_two_people_under_one_mask_repair_nothing():
    twin = next(
        number(f"1980{month:02d}11", sequence)
        for month in range(1, 13)
        for sequence in range(1000)
        if number(f"1980{month:02d}11", sequence)[16:] == ANNA[16:]
    )
    members = [f"659900100201010001,王安娜,2,1,{ANNA},02,", f"659900100201010001,王安娜,2,1,{twin},30,"]
    intake = taken(f"2025,王安娜,{masked(ANNA, 10)},东乡,前村,5000", members=members)
    assert book_links(intake) == []
    assert "ID_MASKED" in intake.findings.column("reason_code").to_pylist()


ONE_DIGIT = ANNA[:16] + str((int(ANNA[16]) + 3) % 10) + ANNA[17]
SWAPPED = ANNA[:8] + ANNA[9] + ANNA[8] + ANNA[10:]
TWO_DIGITS = ANNA[:14] + "9" + ANNA[15] + str((int(ANNA[16]) + 5) % 10) + ANNA[17]


@pytest.mark.parametrize("typed", [ONE_DIGIT, SWAPPED], ids=["one digit", "two neighbours swapped"])
def test_a_mistyped_number_is_repaired_by_another_office_s_number_in_the_township(typed):
    assert book_links(taken(f"2025,王安娜,{typed},东乡,前村,5000")) == [
        ("659900100201010001", "mistyped_id", "automatic")
    ]


@pytest.mark.parametrize(
    ("name", "typed", "village"),
    [("赵别人", ONE_DIGIT, "东乡,前村"), ("王安娜", ONE_DIGIT, "西乡,后村"), ("王安娜", TWO_DIGITS, "东乡,前村")],
    ids=["another name", "another township", "two digits"],
)
def test_a_mistyped_number_is_left_where_it_is_not_certain(name, typed, village):
    intake = taken(f"2025,{name},{typed},{village},5000")
    assert book_links(intake) == []
    assert "ID_CHECK_DIGIT" in intake.findings.column("reason_code").to_pylist()


def test_an_office_does_not_confirm_its_own_typing_error():
    """The crop list and the land register both come from the agriculture bureau; the book from another office."""
    crops = f"年度,姓名,身份证号,所在村,作物,种植面积(亩)\n2026,王安娜,{ONE_DIGIT},东乡前村,棉花,10\n"
    alone = taken(**{"作物.csv": crops})
    assert "ID_CHECK_DIGIT" in alone.findings.column("reason_code").to_pylist()
    confirmed = taken(f"2025,王安娜,{ANNA},东乡,前村,5000", **{"作物.csv": crops})
    assert [r["pass"] for r in confirmed.links.to_pylist() if r["contract"] == "crop_declaration"] == ["mistyped_id"]


def _valid(text: str) -> bool:
    return ID_CHECKS[sum(w * int(d) for w, d in zip(ID_WEIGHTS, text[:17], strict=True)) % 11] == text[17]


def test_a_village_name_of_two_townships_is_settled_by_the_number_or_quarantines():
    crops = "年度,姓名,身份证号,所在村,作物,种植面积(亩)\n"
    settled = taken(**{"作物.csv": f"{crops}2026,王安娜,{ANNA},前村,棉花,10\n"})
    assert [row["unit_code"] for row in settled.links.to_pylist() if row["contract"] == "crop_declaration"] == [
        "659900100201010001"
    ]
    stranger = number("19900909", 77)
    unsettled = taken(**{"作物.csv": f"{crops}2026,外来人,{stranger},前村,棉花,10\n"})
    assert "VILLAGE_AMBIGUOUS" in unsettled.findings.column("reason_code").to_pylist()


def test_another_office_s_row_of_the_same_number_says_which_of_two_villages_is_meant():
    """The stranger is in no register; the book names his township where the crop list names the village alone."""
    stranger = number("19900909", 77)
    crops = f"年度,姓名,身份证号,所在村,作物,种植面积(亩)\n2026,外来人,{stranger},前村,棉花,10\n"
    told = taken(f"2025,外来人,{stranger},东乡,前村,5000", **{"作物.csv": crops})
    assert "VILLAGE_AMBIGUOUS" not in told.findings.column("reason_code").to_pylist()
    assert told.settled["crop_declaration"].num_rows == 1
    of_two = f"2025,外来人,{stranger},东乡,前村,5000\n2024,外来人,{stranger},西乡,前村,5000"
    assert "VILLAGE_AMBIGUOUS" in taken(of_two, **{"作物.csv": crops}).findings.column("reason_code").to_pylist()


def test_a_fifteen_digit_number_is_completed_by_rule():
    short = ANNA[:6] + ANNA[8:17]
    assert book_links(taken(f"2025,王安娜,{short},东乡,前村,5000")) == [
        ("659900100201010001", "id_and_name", "automatic")
    ]


def test_children_become_a_count_and_the_dead_and_married_out_are_no_persons():
    rows = [
        f"659900100201010001,王安娜,2,1,{ANNA},02,",
        f"659900100201010001,王小小,1,1,{number('20150101', 21)},20,",
        f"659900100201010001,王老老,1,1,{number('19500101', 21)},51,7",
        f"659900100201010001,王外嫁,2,1,{number('19990101', 22)},30,1",
    ]
    intake = taken(members=rows)
    (household,) = [row for row in intake.facts["households"].to_pylist() if row["unit_code"] == "659900100201010001"]
    assert (household["persons_register"], household["children"]) == (2, 1)
    assert "王小小" not in intake.identities.column("name").to_pylist()
    assert {
        row["is_living"] for row in intake.facts["members"].to_pylist() if row["birth_date"] == date(1950, 1, 1)
    } == {False}


def test_a_machine_without_a_number_links_provisionally_and_only_when_unique():
    machines = "资金年度,县,所在乡（镇）,所在村组,购机者姓名,机具品目,购买数量(台),总补贴额(元)\n"
    one = taken(**{"农机.csv": f"{machines}2025,某县,东乡,前村2组,王安娜,拖拉机,1,5000\n"})
    two = taken(
        **{
            "农机.csv": machines
            + "2025,某县,东乡,前村2组,王安娜,拖拉机,1,5000\n"
            + "2025,某县,东乡,前村,王安娜,播种机,1,900\n"
        }
    )
    statuses = [
        {row["status"] for row in intake.links.to_pylist() if row["contract"] == "machinery_subsidy"}
        for intake in (one, two)
    ]
    assert statuses == [{"provisional"}, {"unlinked"}]


def test_a_debt_under_the_right_number_and_another_name_waits_for_a_person():
    debts = "身份证号,姓名,产品,授信余额(元),贷款余额(元),五级分类\n"
    intake = taken(**{"存量.csv": f"{debts}{ANNA},赵别人,农户小额信用贷款,50000,40000,正常\n"})
    assert [row["link_status"] for row in intake.facts["exposures"].to_pylist()] == ["provisional"]


def test_a_county_s_whole_address_before_the_township_does_not_hide_the_village():
    issuers = ISSUERS.replace("某县东乡前村", "某自治区某地区某县东乡前村")
    intake = taken(f"2025,王安娜,{ANNA},东乡,前村,5000", **{"发包方.csv": issuers})
    assert {row["township_name"] for row in intake.places.to_pylist()} == {"东乡", "西乡"}
    assert {row["village_name"] for row in intake.places.to_pylist()} == {"前村", "后村"}


def test_the_same_row_sent_whole_and_damaged_by_a_spreadsheet_is_one_row():
    damaged = f"{ANNA[0]}.{ANNA[1:15]}E+17"
    intake = taken(f"2025,王安娜,{ANNA},东乡,前村,5000", f"2025,王安娜,{damaged},东乡,前村,5000")
    assert intake.reconciliation.column("outcome").to_pylist().count("duplicate") == 1
    assert [row["planting_income_yuan"] for row in intake.facts["books"].to_pylist()] == [5000]


def test_twins_with_neighbouring_numbers_are_told_apart_and_swapped_ones_link_nobody():
    first, second = number("20000101", 21), number("20000101", 23)
    members = [
        f"659900100201010001,王安娜,2,1,{ANNA},02,",
        f"659900100201010001,吐尔逊·依明,1,1,{first},20,",
        f"659900101201010001,吐尔洪·依明,1,1,{second},20,",
    ]
    right = taken(f"2025,图尔荪·依明,{first},东乡,前村,5000\n2025,图尔贡·依明,{second},西乡,前村,5000", members=members)
    assert [unit for unit, *_ in book_links(right)] == ["659900100201010001", "659900101201010001"]
    swapped = taken(
        f"2025,图尔荪·依明,{second},东乡,前村,5000\n2025,图尔贡·依明,{first},西乡,前村,5000", members=members
    )
    assert {(unit, status) for unit, _, status in book_links(swapped)} == {(None, "refused")}


def test_one_name_forty_times_in_a_village_is_a_doubt_and_no_link():
    members = [f"659900100201010001,麦麦提·若孜,1,1,{number('19700101', n)},20," for n in range(1, 41)]
    members += [f"659900101201010001,麦麦提·若孜,1,1,{number('19710101', 7)},20,"]
    heads = [f"659900100201010001,1,王安娜,1,{ANNA},x", f"659900100201010002,1,麦麦提·若孜,1,{number('19720101', 9)},x"]
    machines = "资金年度,县,所在乡（镇）,所在村组,购机者姓名,机具品目,购买数量(台),总补贴额(元)\n2025,某县,东乡,前村,买买提·若孜,拖拉机,1,5000\n"  # noqa: E501
    intake = taken(contractors=heads, members=members, **{"农机.csv": machines})
    assert [row["status"] for row in intake.links.to_pylist() if row["contract"] == "machinery_subsidy"] == ["unlinked"]
    assert intake.doubts.column("pass").to_pylist() == ["tie"]


SECOND = "659900100201010002"
GRANDSON = number("20000303", 35)


def next_door(one: str, two: str, *members: str, said: tuple[str, str] | None = None) -> list[Any]:
    """Two neighbours' books, each under the other's number."""
    heads = [f"659900100201010001,1,{one},1,{ANNA},x", f"{SECOND},1,{two},1,{BERT},x"]
    rows = [f"659900100201010001,{one},1,1,{ANNA},02,", f"{SECOND},{two},1,1,{BERT},02,", *members]
    first, second = said or (one, two)
    books = f"2025,{first},{BERT},东乡,前村,5000\n2025,{second},{ANNA},东乡,前村,6000"
    return book_links(taken(books, contractors=heads, members=rows))


@pytest.mark.parametrize(
    ("names", "members", "said"),
    [
        (("艾力·买买提", "买买提·艾力"), (), None),
        (("艾合买提·吐尔逊", "艾海提·吐尔逊"), (), None),
        (("阿不力孜·买买提", "吐尔逊·依明"), (f"{SECOND},阿不力孜·买买提,1,1,{GRANDSON},20,",), None),
        (
            ("阿不力孜·买买提", "吐尔逊·依明"),
            (f"{SECOND},阿不力孜·吐尔逊,1,1,{GRANDSON},20,",),
            ("阿不力孜", "吐尔逊·依明"),
        ),
    ],
    ids=["father and son", "brothers", "a namesake in the neighbour's house", "without the father's name"],
)
def test_neighbours_of_likely_names_whose_numbers_are_swapped_find_nobody(names, members, said):
    assert {(unit, status) for unit, _, status in next_door(*names, *members, said=said)} == {(None, "refused")}


@pytest.mark.parametrize("name", ["买买提·艾力", "艾利·麦麦提"], ids=["reordered", "another standard"])
def test_a_weak_agreement_still_links_where_nobody_next_door_bears_the_name(name):
    heads = [f"659900100201010001,1,艾力·买买提,1,{ANNA},x", f"{SECOND},1,吐尔逊·依明,1,{BERT},x"]
    intake = taken(
        f"2025,{name},{ANNA},东乡,前村,5000",
        contractors=heads,
        members=[f"659900100201010001,艾力·买买提,1,1,{ANNA},02,"],
    )
    assert book_links(intake) == [("659900100201010001", "id_and_name", "automatic")]


def test_a_member_s_name_under_the_head_s_number_still_links():
    members = [f"659900100201010001,王安娜,2,1,{ANNA},02,", f"659900100201010001,王小宝,1,1,{GRANDSON},20,"]
    intake = taken(f"2025,王小宝,{ANNA},东乡,前村,5000", members=members)
    assert book_links(intake) == [("659900100201010001", "id_and_member", "automatic")]


def test_a_debt_of_a_name_next_door_waits_for_a_person():
    heads = [f"659900100201010001,1,艾力·买买提,1,{ANNA},x", f"{SECOND},1,买买提·艾力,1,{BERT},x"]
    debts = (
        f"身份证号,姓名,产品,授信余额(元),贷款余额(元),五级分类\n{ANNA},买买提·艾力,农户小额信用贷款,50000,40000,正常\n"
    )
    intake = taken(contractors=heads, members=[f"659900100201010001,艾力·买买提,1,1,{ANNA},02,"], **{"存量.csv": debts})
    (exposure,) = intake.facts["exposures"].to_pylist()
    assert (exposure["unit_code"], exposure["link_status"]) == ("659900100201010001", "provisional")
