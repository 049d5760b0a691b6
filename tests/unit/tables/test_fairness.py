"""Groups of a hand-made county: four fifths at its edge, small groups hidden, ages and areas at their borders."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import SCHEMAS, TEXT, WHOLE, shipped_policy
from village_credit.tables.fairness import GROUPS, Fairness, fairness
from village_credit.tables.gates import _approval_ratios

AS_OF = date(2026, 11, 1)
POLICY = shipped_policy()
SHORT, LONG = "王五", "买买提·若孜"
Row = dict[str, Any]


def people(count: int, granted: int, **changes: Any) -> list[Row]:
    """So many borrowers alike, the first of them granted 10,000 yuan."""
    usual = {
        "sex": 1,
        "born": date(1980, 5, 4),
        "mu": Decimal(20),
        "is_monitored": False,
        "name": SHORT,
        "borrower": 1,
        "yuan": 10_000,
    }
    return [{**usual, **changes, "decision": "granted" if number < granted else "declined"} for number in range(count)]


def judged(*groups: list[Row], as_of: date = AS_OF) -> Fairness:
    """Judge a county of these borrowers, each in a household of its own."""
    rows = [{**row, "unit_code": f"u{n:04}", "member_no": 1} for n, row in enumerate(chain(*groups))]
    tables = {
        "members": table("members", rows, sex="sex", birth_date="born"),
        "parcels": table("parcels", [row for row in rows if row["mu"] is not None], area_mu="mu"),
        "monitored": table("monitored", [row for row in rows if row["is_monitored"]] * 2),
    }
    identities = pa.Table.from_pylist(rows, schema=pa.schema({"unit_code": TEXT, "member_no": WHOLE, "name": TEXT}))
    decisions = pa.Table.from_pylist(
        [
            {**row, "limit_yuan": row["yuan"] * (row["decision"] == "granted"), "borrower_member_no": row["borrower"]}
            for row in rows
        ],
        schema=pa.schema({"unit_code": TEXT, "decision": TEXT, "limit_yuan": WHOLE, "borrower_member_no": WHOLE}),
    )
    return fairness(tables, identities, decisions, as_of)


def table(name: str, rows: list[Row], **columns: str) -> pa.Table:
    """A fact table of these rows; `columns`: where a column's value stands in them."""
    told = [{**row, **{column: row[key] for column, key in columns.items()}} for row in rows]
    schema = pa.schema(list(SCHEMAS[name].items()))
    return pa.Table.from_pylist([{c: row.get(c) for c in schema.names} for row in told], schema=schema)


def group(found: Fairness, attribute: str, name: str) -> Row:
    (row,) = [row for row in found.groups.to_pylist() if (row["attribute"], row["group_name"]) == (attribute, name)]
    return row


def shown(found: Fairness, attribute: str) -> dict[str, int]:
    """The households of each group of an attribute that has figures."""
    rows = [row for row in found.groups.to_pylist() if row["attribute"] == attribute]
    return {row["group_name"]: row["households"] for row in rows if not row["is_hidden"]}


def test_every_group_has_its_row_even_in_an_empty_county():
    found = judged([])
    rows = found.groups.to_pylist()
    assert [(row["attribute"], row["group_name"]) for row in rows] == list(GROUPS)
    assert {row["is_hidden"] for row in rows} == {True}
    assert {row[name] for row in rows for name in row if name not in ("attribute", "group_name", "is_hidden")} == {None}
    assert found.ratio_of_names is None
    assert [(gate.value, gate.verdict) for gate in _approval_ratios(found, POLICY)] == [(None, "pass")] * 2


@pytest.mark.parametrize(
    ("granted", "is_flagged", "verdict"), [(23, True, "warn"), (24, False, "pass"), (25, False, "pass")]
)
def test_below_four_fifths_of_the_best_is_flagged_and_four_fifths_is_not(granted, is_flagged, verdict):
    found = judged(people(30, granted, sex=2), people(40, 40))
    female, male = group(found, "sex", "female"), group(found, "sex", "male")
    assert (female["households"], female["granted"]) == (30, granted)
    assert female["approval_ratio"] == pytest.approx(granted / 30)
    assert (female["is_flagged"], male["is_flagged"], male["approval_ratio"]) == (is_flagged, False, 1.0)
    gate = _approval_ratios(found, POLICY)[0]
    assert (gate.gate, gate.value, gate.verdict) == ("approval_ratio_of_groups", female["approval_ratio"], verdict)


def test_four_fifths_of_shares_that_no_float_holds_is_not_below_four_fifths():
    found = judged(people(30, 9, sex=2), people(32, 12))  # 0.3 of 0.375; as floats, a little less
    assert group(found, "sex", "female")["is_flagged"] is False


def test_the_interval_is_wilson_s():
    female = group(judged(people(30, 24, sex=2), people(30, 30)), "sex", "female")
    assert female["approval_share"] == 0.8
    assert (female["approval_low"], female["approval_high"]) == pytest.approx((0.6269, 0.9050), abs=1e-4)


def test_thirty_households_are_shown_and_twenty_nine_are_not():
    assert shown(judged(people(30, 30, sex=2), people(30, 30)), "sex") == {"female": 30, "male": 30}
    found = judged(people(29, 0, sex=2), people(30, 30))
    assert shown(found, "sex") == {}
    female = group(found, "sex", "female")
    assert female["households"] is female["granted"] is female["approval_ratio"] is female["is_flagged"] is None
    assert _approval_ratios(found, POLICY)[0].verdict == "pass"  # the other attributes' one group is its own best


def test_a_small_group_cannot_be_had_by_taking_the_others_from_the_total():
    """Alone, it takes the smallest other group with it; two small ones hide each other; an empty one hides nobody."""
    young, middle, old = date(2000, 1, 1), date(1985, 1, 1), date(1970, 1, 1)
    lone = judged(people(5, 5, born=young), people(31, 9, born=middle), people(60, 9, born=old))
    assert shown(lone, "age") == {"51-65": 60}
    two = judged(people(5, 5, born=young), people(6, 5, born=middle), people(60, 9, born=old))
    assert shown(two, "age") == {"51-65": 60}
    none = judged(people(31, 9, born=middle), people(60, 9, born=old))
    assert shown(none, "age") == {"36-50": 31, "51-65": 60}


def test_a_hidden_group_is_nobody_s_measure():
    """The small group is granted always; the shown ones are compared with each other."""
    found = judged(
        people(20, 20, born=date(2000, 1, 1)),
        people(22, 22, born=date(1950, 1, 1)),
        people(40, 20, born=date(1985, 1, 1)),
        people(40, 18, born=date(1970, 1, 1)),
    )
    assert group(found, "age", "36-50")["approval_ratio"] == 1.0
    assert group(found, "age", "51-65")["approval_ratio"] == 0.9


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (date(2008, 11, 2), None),
        (date(2008, 11, 1), "18-35"),
        (date(1990, 11, 2), "18-35"),
        (date(1990, 11, 1), "36-50"),
        (date(1975, 11, 2), "36-50"),
        (date(1975, 11, 1), "51-65"),
        (date(1960, 11, 2), "51-65"),
        (date(1960, 11, 1), "66 and more"),
        (None, None),
    ],
)
def test_age_is_in_whole_years_on_the_day(born, age):
    assert shown(judged(people(30, 30, born=born)), "age") == ({age: 30} if age else {})


def test_who_was_born_on_a_leap_day_comes_of_age_on_the_first_of_march():
    born = people(30, 30, born=date(1988, 2, 29))
    assert shown(judged(born, as_of=date(2006, 2, 28)), "age") == {}
    assert shown(judged(born, as_of=date(2006, 3, 1)), "age") == {"18-35": 30}
    assert shown(judged(born, as_of=date(2024, 2, 29)), "age") == {"36-50": 30}


@pytest.mark.parametrize(
    ("mu", "land"),
    [("9.99", "under 10 mu"), ("10", "10-30 mu"), ("30", "10-30 mu"), ("30.01", "over 30 mu"), (None, None)],
)
def test_land_is_cut_at_ten_and_thirty_mu(mu, land):
    found = judged(people(30, 30, mu=mu and Decimal(mu)))
    assert shown(found, "land") == ({land: 30} if land else {})
    assert shown(found, "sex") == {"male": 30}


def test_a_monitored_household_counts_once_and_one_without_a_borrower_not_at_all():
    found = judged(people(30, 15, is_monitored=True), people(30, 30), people(50, 0, borrower=None))
    assert shown(found, "monitored") == {"yes": 30, "no": 30}
    assert group(found, "monitored", "yes")["is_flagged"]
    assert sum(shown(found, "sex").values()) == 60


def test_mean_limits_are_of_thirty_granted_households_or_not_told():
    found = judged(people(40, 30, sex=2, yuan=10_001), people(40, 40, yuan=20_000))
    female, male = group(found, "sex", "female"), group(found, "sex", "male")
    assert (female["mean_limit_yuan"], male["mean_limit_yuan"]) == (10_001, 20_000)
    assert (female["limit_ratio"], male["limit_ratio"]) == (10_001 / 20_000, 1.0)
    few = judged(people(40, 29, sex=2), people(40, 40))
    assert group(few, "sex", "female")["mean_limit_yuan"] is None
    assert group(few, "sex", "female")["approval_share"] == 29 / 40


def test_where_nobody_is_granted_nobody_is_compared():
    found = judged(people(30, 0, sex=2), people(30, 0))
    assert group(found, "sex", "female")["approval_ratio"] is None
    assert group(found, "sex", "female")["approval_share"] == 0


@pytest.mark.parametrize(
    ("long", "short", "ratio", "verdict"),
    [
        ((40, 20), (40, 40), 0.5, "warn"),
        ((40, 40), (40, 20), 0.5, "warn"),
        ((30, 24), (30, 30), 0.8, "pass"),
        ((29, 0), (40, 40), None, "pass"),
        ((40, 40), (29, 0), None, "pass"),
        ((40, 0), (40, 0), None, "pass"),
    ],
)
def test_names_are_one_figure_that_does_not_say_who_is_behind(long, short, ratio, verdict):
    found = judged(people(*long, name=LONG), people(*short, name=SHORT))
    assert found.ratio_of_names == ratio
    gate = _approval_ratios(found, POLICY)[1]
    assert (gate.gate, gate.value, gate.verdict) == ("approval_ratio_of_names", ratio, verdict)
    turned = judged(people(*short, name=LONG), people(*long, name=SHORT))
    assert turned.ratio_of_names == ratio
    nameless = judged(people(*long, name=None), people(*short, name=None))
    assert found.groups.equals(nameless.groups)


@pytest.mark.parametrize(
    ("name", "is_long"), [("买买提依明", True), ("阿·力", True), ("欧阳娜娜", False), ("王五", False)]
)
def test_a_long_name_has_an_interpunct_or_five_characters(name, is_long):
    found = judged(people(30, 15, name=name), people(30, 30, name=LONG))
    assert found.ratio_of_names == (None if is_long else 0.5)
