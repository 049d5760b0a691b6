"""An entry against somebody that nobody can read is not lost: whoever it may speak of is granted nothing by it."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.fields import Kind
from data_contracts.registry import ADVERSE, field_specs
from tests.builders import facts as usual_facts
from tests.builders import scores
from tests.unit.link.test_contested import AS_OF, LISTS, POLICY, consenting, decide
from tests.unit.link.test_household import BOTH_HEADS, CLARA, MEMBERS, ONE
from tests.unit.link.test_join import number, taken
from village_credit.tables.delivery_gates import adverse_rows

HER = f"{ONE},王克拉,2,1,{CLARA},32,,"
TEXTS = LISTS | {
    "bank_exposure": "身份证号,姓名,产品,授信余额(元),贷款余额(元),五级分类,担保方式,到期日\n"
    "{number},{name},农户小额信用贷款,50000,40000,正常,信用,2028-01-01\n",
    "credit_line": "身份证号,姓名,产品,授信额度(元),起始日,到期日,合同编号\n"
    "{number},{name},农户小额信用贷款,50000,2025-01-01,2027-12-31,H1\n",
    "monitored_household": "户编号,户类型,监测对象类别,姓名,身份证号,村,风险是否已消除,识别监测时间,消除监测时间\n"
    "J1,脱贫户,脱贫不稳定户,{name},{number},团结村,否,2024-03,\n",
}
UNREADABLE = (
    "\ufffd\ufffd",
    "#REF!",
    "9999-12-31",
    "长期",
    "-7",
    "12月",
    "1000000000000",
    "年 月 日",
    "“",
    "",
    '"',
    "甲,乙",
    "\0",
)


def whole_row(contract: str) -> str:
    return TEXTS[contract].format(number=CLARA, name="王克拉")


def with_cell(text: str, place: int, cell: str) -> str:
    header, row = text.splitlines()
    cells = row.split(",")
    cells[place] = cell
    return f"{header}\n{','.join(cells)}\n"


def intake_of(text: str, *members: str) -> Any:
    files = {"成员.csv": MEMBERS.format(rows="\n".join([*BOTH_HEADS, *(members or (HER,))])), "名单.csv": text}
    return taken(members=[], **files)


def outcomes(intake: Any) -> dict[str, tuple[str, int, list[str]]]:
    """Decide both households as usual ones, with what the list says of them."""
    usual = usual_facts([row["unit_code"] for row in intake.facts["households"].to_pylist()])
    from_lists = ("exposures", "conducts", "credit_lines", "negatives", "related_parties", "objections", "monitored")
    told = {name: intake.facts[name] for name in (*from_lists, "unread_adverse", "households", "members")}
    facts = intake.facts | usual | told | {"sources": intake.facts["sources"].slice(0, 0)}
    scored = consenting(facts)["households"].column("unit_code").to_pylist()
    made = decide(facts, lambda _: scores(30_000, scored), POLICY, AS_OF).decisions.to_pylist()
    return {row["unit_code"]: (row["decision"], row["limit_yuan"], row["reason_codes"]) for row in made}


def side_columns(contract: str) -> list[int]:
    """The places of every column but the person's number and name."""
    headers = whole_row(contract).splitlines()[0].split(",")
    persons = {spec.column.header for spec in field_specs(contract) if spec.kind in (Kind.ID, Kind.NAME)}
    return [place for place, name in enumerate(headers) if name.split("(")[0] not in persons]


def people(count: int) -> list[tuple[str, str, str]]:
    """So many households of one person: contractor code, number, name."""
    letters = "安贝克德恩芳格汉英嘉"
    names = ["王" + letters[place // 10 % 10] + letters[place % 10] + letters[place // 100] for place in range(count)]
    return [(f"6599001002010{place + 1:05d}", number("19700101", place + 1), names[place]) for place in range(count)]


def test_every_adverse_list_is_asked():
    assert set(TEXTS) == set(ADVERSE)


@pytest.mark.parametrize("contract", ADVERSE)
def test_no_damage_of_a_side_field_grants_more_than_the_sound_row(contract):
    """Each household has one row of the list: the first a sound one, every other one with one cell damaged."""
    damages = [(place, cell) for place in side_columns(contract) for cell in UNREADABLE]
    everyone = people(len(damages) + 1)
    sound, *others = [TEXTS[contract].format(number=person, name=name) for _, person, name in everyone]
    rows = [with_cell(text, place, cell) for text, (place, cell) in zip(others, damages, strict=True)]
    listed = sound + "".join(row.splitlines()[1] + "\n" for row in rows)
    intake = taken(
        contractors=[f"{unit},1,{name},1,{person},x" for unit, person, name in everyone],
        members=[f"{unit},{name},2,1,{person},02," for unit, person, name in everyone],
        **{"名单.csv": listed},
    )
    found = outcomes(intake)
    decision, limit, _ = found[everyone[0][0]]
    for (unit, *_), (place, cell) in zip(everyone[1:], damages, strict=True):
        assert found[unit][1] <= limit, (place, cell, found[unit])
        assert decision == "granted" or found[unit][0] != "granted", (place, cell, found[unit])


def quarantined(number: str, name: str) -> str:
    """A listing whose day nobody can read."""
    return with_cell(TEXTS["negative_list"].format(number=number, name=name), 5, "年 月 日")


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (CLARA, "别的名"),
        (CLARA[:15] + "000", "王克拉"),
        (CLARA[:6] + "********" + CLARA[14:], "王克拉"),
        (CLARA[:12] + ("1" if CLARA[12] == "0" else "0") + CLARA[13:], "王克拉"),
        ("无", "王克拉"),
        ("", "王克拉"),
    ],
    ids=["whole", "cut", "masked", "mistyped", "no number", "empty"],
)
def test_a_person_is_known_by_what_is_left_of_the_row(number, name):
    intake = intake_of(quarantined(number, name))
    assert intake.facts["unread_adverse"].to_pylist() == [{"unit_code": ONE, "contract": "negative_list"}]
    assert intake.unread.to_pylist() == [{"contract": "negative_list", "known": 1, "elsewhere": 0, "unknown": 0}]
    assert outcomes(intake)[ONE][0] == "manual_review"
    assert outcomes(intake)[ONE][2] == ["LINK_UNCONFIRMED"]


def test_a_number_of_nobody_here_is_elsewhere_and_a_row_without_number_and_known_name_is_unknown():
    away = intake_of(quarantined("110105194912310" + "02X", "某人"))
    assert away.unread.to_pylist() == [{"contract": "negative_list", "known": 0, "elsewhere": 1, "unknown": 0}]
    nobody = intake_of(quarantined("无", "某人"))
    assert nobody.unread.to_pylist() == [{"contract": "negative_list", "known": 0, "elsewhere": 0, "unknown": 1}]
    assert nobody.facts["unread_adverse"].num_rows == 0


def test_a_sound_listing_of_a_member_whose_own_row_is_quarantined_finds_the_household():
    intake = intake_of(whole_row("negative_list"), HER.replace(",2,1,", ",女人,1,"))
    assert [row["unit_code"] for row in intake.facts["unread_adverse"].to_pylist()] == [ONE]
    assert outcomes(intake)[ONE][0] == "manual_review"


AWAY = "110105194912310" + "02X"  # nobody here


def with_returned(listed: str, returned: str, name: str) -> Any:
    """The list, and what came back for it in a file of its own."""
    members = MEMBERS.format(rows="\n".join([*BOTH_HEADS, HER]))
    return taken(members=[], **{"成员.csv": members, "名单.csv": listed, name: returned})


def numbered(text: str, correction_number: str) -> str:
    """The same row as an office gives it back: under the number of the error that it mends."""
    header, row = text.splitlines()
    return f"更正编号,{header}\n{correction_number},{row}\n"


def own_number(listed: str) -> str:
    (row,) = intake_of(listed).corrections.to_pylist()
    return str(row["correction_number"])


def test_a_row_that_came_back_mended_holds_nobody_any_more_and_speaks_of_whom_it_names():
    listed = quarantined(CLARA, "王克拉")
    sound = TEXTS["negative_list"].format(number=AWAY, name="某人")
    mended = with_returned(listed, numbered(sound, own_number(listed)), "名单-更正单.csv")
    assert [row["state"] for row in mended.corrections.to_pylist()] == ["corrected"]
    assert mended.unread.to_pylist() == []
    assert mended.facts["unread_adverse"].num_rows == 0
    assert adverse_rows(mended, POLICY).verdict == "pass"
    assert outcomes(mended)[ONE][0] == "granted"


@pytest.mark.parametrize(
    ("returned", "name"),
    [(TEXTS["negative_list"].format(number=AWAY, name="某人"), "0123456789abcdef"), (quarantined(AWAY, "某人"), "")],
    ids=["under another number", "quarantined again"],
)
def test_a_row_that_nobody_mended_still_holds_whom_it_may_speak_of(returned: str, name: str):
    listed = quarantined(CLARA, "王克拉")
    intake = with_returned(listed, numbered(returned, name or own_number(listed)), "名单-更正单.csv")
    assert outcomes(intake)[ONE][0] == "manual_review"
    assert {"unit_code": ONE, "contract": "negative_list"} in intake.facts["unread_adverse"].to_pylist()
    assert adverse_rows(intake, POLICY).verdict != "pass"
