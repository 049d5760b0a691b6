"""A register of before a county's renaming and lists of after it speak of the same households."""

from __future__ import annotations

import pyarrow as pa
import pytest

from data_contracts.county_terms import CountyTerms, TermsRefused, read_terms
from tests.unit.link.test_join import ANNA, AS_OF, CONTRACTORS, MEMBERS, delivered, taken
from village_credit.ingest.county import take_in
from village_credit.link.divisions import county_aliases, unissued_area_share

OLD, NEW = "652923", "652902"  # 库车县, 库车市: the codes of places, not of people
ISSUERS = "FBFBM,FBFMC,FBFDZ\n{old}10020101,东乡前村一组,某县东乡前村\n"
HEAD = "{old}100201010001,1,王安娜,1,{number},x"
MEMBER = "{code}100201010001,王安娜,2,1,{number},02,"
PARCEL = "DKBM,FBFBM,CBFBM,CBJYQQDFS,HTMJ,HTMJM,CBHTBM,LZHTBM,CBJYQZBM,SFQQQG\n{code}1002010100001,{code}10020101,{code}100201010001,110,6666.67,10.00,,,,1\n"  # noqa: E501


@pytest.mark.parametrize("code", [OLD, NEW])
def test_members_and_parcels_find_the_household_under_either_code(code):
    intake = taken(
        f"2025,王安娜,{ANNA},东乡,前村,5000",
        contractors=[HEAD.format(old=OLD, number=ANNA)],
        members=[MEMBER.format(code=code, number=ANNA)],
        **{"发包方.csv": ISSUERS.format(old=OLD), "地块.csv": PARCEL.format(code=code)},
    )
    (household,) = intake.facts["households"].to_pylist()
    assert household["unit_code"] == f"{OLD}100201010001"  # the code it is registered under stays its own
    assert (household["county_code"], household["village_code"]) == (NEW, f"{NEW}100201")
    assert {row["status"] for row in intake.links.to_pylist()} == {"automatic"}
    assert [row["area_mu"] for row in intake.facts["parcels"].to_pylist()] == [10]


def test_a_branch_and_a_basis_under_the_old_code_serve_the_new_one():
    branch = f"机构号,机构名称,乡镇代码,客户经理工号\nB1,某支行,{OLD}100,1001\n"
    basis = f"数据来源,行政区划代码,依据类型,协议或授权编号,生效日期,失效日期\nhousehold_economy,{OLD},协议,A-1,2020-01-01,2030-01-01\n"  # noqa: E501
    intake = taken(
        contractors=[HEAD.format(old=OLD, number=ANNA)],
        members=[MEMBER.format(code=OLD, number=ANNA)],
        **{"发包方.csv": ISSUERS.format(old=OLD), "机构.csv": branch, "依据.csv": basis},
    )
    assert intake.settled["branch"].column("township_code").to_pylist() == [f"{NEW}100"]
    assert intake.facts["legal_basis"].column("area_code").to_pylist() == [NEW]


def test_no_alias_leads_to_another_alias():
    table = county_aliases()
    old, current = (set(table.column(name).to_pylist()) for name in ("old_code", "current_code"))
    assert len(old) == table.num_rows
    assert not old & current


def test_a_code_that_no_county_ever_had_is_a_share_and_no_refusal():
    issued = pa.table({"person_id": ["110105", OLD, None]})
    assert unissued_area_share(issued) == 0
    assert unissued_area_share(pa.table({"person_id": [ANNA, OLD]})) == 0.5
    assert unissued_area_share(pa.table({"person_id": pa.array([None], pa.string())})) is None


def terms_with(areas: dict[str, str], county: str = "652902") -> CountyTerms:
    lines = "".join(f'"{old}" = "{new}"\n' for old, new in areas.items())
    return read_terms({f"{county}.toml": f'county = "{county}"\nreference = "示例"\n[areas]\n{lines}'})


@pytest.mark.parametrize(
    ("areas", "village"),
    [
        ({}, f"{NEW}100201"),
        ({f"{OLD}100": "659013101"}, "659013101201"),  # a township that a split gave to a new county
        ({f"{OLD}100": "659013101", f"{OLD}100201": "659013105207"}, "659013105207"),  # but for one of its villages
        ({OLD: "659013"}, "659013100201"),  # the county's own word goes before the public list
    ],
)
def test_the_longest_code_that_a_county_s_terms_name_decides_where_a_household_is(areas, village):
    texts = {
        "发包方.csv": ISSUERS.format(old=OLD),
        "承包方.csv": CONTRACTORS.format(rows=HEAD.format(old=OLD, number=ANNA)),
        "成员.csv": MEMBERS.format(rows=MEMBER.format(code=OLD, number=ANNA)),
        "地块.csv": PARCEL.format(code=OLD),
    }
    intake = take_in(delivered(texts), AS_OF, village[:6], terms_with(areas, village[:6]))
    (household,) = intake.facts["households"].to_pylist()
    assert (household["unit_code"], household["village_code"]) == (f"{OLD}100201010001", village)
    assert intake.places.column("village_code").to_pylist() == [village]
    assert len(intake.facts["parcels"]) == 1


@pytest.mark.parametrize(
    ("areas", "why"),
    [
        ({"65292310": "65290210"}, "6, 9 or 12 digits"),
        ({"652923100": "652902"}, "one of its own level"),
        ({"652923100": "652902100", "652902100": "652902101"}, "itself has another code"),
        ({"652923100": "653101100"}, "a place of another county than 652902"),
    ],
)
def test_an_unsound_pair_of_codes_says_what_to_mend(areas, why):
    with pytest.raises(TermsRefused, match=why):
        terms_with(areas)
