"""Declared relief in a household's facts.

Whose window it is, which days do not count, which listing falls, what may be offered.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.relief import DeclarationRefused, ReliefDeclaration, read_declaration
from tests.builders import UNIT, facts
from village_credit.relief.apply import PROOFS, Allowed, Relieved, declared_table, relieve

AS_OF = date(2026, 11, 1)
BASE = {
    "cause": "disaster",
    "area_codes": ["659900100"],
    "from": date(2026, 6, 1),
    "to": date(2026, 12, 31),
    "document": "No. 1",
    "measures": ["extension", "rate_cut", "changed_repayment", "renewal_without_principal", "new_for_old"],
}
LOAN = {
    "loan_number": "J1",
    "opened_on": date(2025, 5, 1),
    "due_on": date(2026, 7, 1),
    "max_days_overdue": 0,
    "days_overdue": 0,
    "cutoff_on": date(2026, 10, 29),
}
EVERYTHING = Allowed(("13",), tuple(BASE["measures"]), 6, 50)
NUMBER = "659900199001011238"


def declaration(**changes: Any) -> ReliefDeclaration:
    return ReliefDeclaration.model_validate(BASE | changes)


def reckoned(*declared: ReliefDeclaration, proof: str | None = None, as_of: date = AS_OF, **changes: Any) -> Relieved:
    identities = pa.table({"unit_code": [UNIT], "person_id": [NUMBER]})
    rows = [{"document": "No. 1", "person_id": NUMBER, "loan_number": proof, "proof": "P-1"}] if proof else []
    return relieve(
        facts(**changes),
        identities,
        declared_table(declared),
        pa.Table.from_pylist(rows, schema=PROOFS),
        as_of,
        EVERYTHING,
    )


def counted(relieved: Relieved) -> tuple[int, int]:
    (row,) = relieved.facts["conducts"].to_pylist()
    return row["days_overdue"], row["max_days_overdue"]


@pytest.mark.parametrize(
    ("case", "loan", "expected"),
    [
        ("overdue since a day in the window", {"days_overdue": 50, "max_days_overdue": 50}, (0, None)),
        ("overdue since the day before the window", {"days_overdue": 151, "max_days_overdue": 151}, (0, None)),
        ("a day earlier, one day of the arrears counts", {"days_overdue": 152, "max_days_overdue": 152}, (1, 1)),
        (
            "long before the window, what came before it counts",
            {"days_overdue": 241, "max_days_overdue": 241},
            (90, 90),
        ),
        (
            "settled arrears with their day in the window",
            {"max_days_overdue": 95, "overdue_since": date(2026, 7, 1)},
            (0, None),
        ),
        ("settled arrears that began before it", {"max_days_overdue": 95, "overdue_since": date(2026, 5, 11)}, (0, 20)),
        ("settled arrears that nobody dates count as they are", {"max_days_overdue": 95}, (0, 95)),
        (
            "an older, worse run that nobody dates counts, today's does not",
            {"days_overdue": 30, "max_days_overdue": 95},
            (0, 95),
        ),
        ("arrears before any window", {"max_days_overdue": 95, "overdue_since": date(2025, 7, 1)}, (0, 95)),
    ],
)
def test_days_in_the_window_do_not_count(case, loan, expected):
    assert counted(reckoned(declaration(), conducts=[LOAN | loan])) == expected, case


def test_days_after_the_window_count_again():
    over = declaration(to=date(2026, 8, 31))
    assert counted(reckoned(over, conducts=[LOAN | {"days_overdue": 100, "max_days_overdue": 100}])) == (59, 59)


def test_two_windows_that_overlap_excuse_a_day_once():
    early, late = (
        declaration(to=date(2026, 8, 31)),
        declaration(document="No. 2", **{"from": date(2026, 8, 1), "to": date(2026, 9, 30)}),
    )
    loan = LOAN | {
        "days_overdue": 181,
        "max_days_overdue": 181,
    }  # since 1 May: 31 days before, 122 within, 29 after (to 29 October)
    (row,) = reckoned(early, late, conducts=[loan]).facts["conducts"].to_pylist()
    assert row["days_overdue"] == 181 - (30 + 31 + 31 + 30)


@pytest.mark.parametrize(
    ("case", "changes", "is_affected"),
    [
        ("its township", {}, True),
        ("its county", {"area_codes": ["659900"]}, True),
        ("its village", {"area_codes": ["659900100201"]}, True),
        ("another village", {"area_codes": ["659900100202"]}, False),
        ("its industry", {"industries": ["种植业"]}, True),
        ("another industry", {"industries": ["餐饮"]}, False),
        ("a window to come", {"from": date(2026, 11, 2)}, False),
        ("a window from today", {"from": AS_OF}, True),
        ("a window until today", {"to": AS_OF}, True),
        ("a window until yesterday", {"to": date(2026, 10, 31)}, False),
    ],
)
def test_who_is_in_a_window_today(case, changes, is_affected):
    assert (reckoned(declaration(**changes)).affected.num_rows == 1) == is_affected, case


def test_a_proof_excuses_the_loan_that_it_names_wherever_and_whenever():
    elsewhere = declaration(area_codes=["659900999"])
    loan = LOAN | {"days_overdue": 200, "max_days_overdue": 200}
    late = reckoned(elsewhere, conducts=[loan])
    assert (counted(late), late.affected.num_rows) == ((200, 200), 0)
    proven = reckoned(elsewhere, proof="J1", conducts=[loan])
    (row,) = proven.facts["conducts"].to_pylist()
    assert (row["is_relief"], row["relief_proof"], proven.affected.num_rows) == (True, "P-1", 1)
    other = reckoned(elsewhere, proof="J2", conducts=[loan])
    assert (counted(other), other.unmatched, other.affected.num_rows) == ((200, 200), {"No. 1": 1}, 0)


LISTED = {"list_category": "x", "reason_code": "13", "listed_on": date(2026, 9, 1), "member_is_adult_living": True}
LATE = LOAN | {"days_overdue": 120, "max_days_overdue": 120}  # since 1 July


@pytest.mark.parametrize(
    ("case", "entry", "loans", "falls"),
    [
        ("listed for arrears that are excused", {}, [LATE], True),
        ("listed before they began", {"listed_on": date(2026, 6, 15)}, [LATE], False),
        ("listed before the window", {"listed_on": date(2026, 5, 31)}, [LATE], False),
        ("listed for something else", {"reason_code": "F01"}, [LATE], False),
        ("listed for arrears and something else", {"reason_code": "13,F01"}, [LATE], False),
        (
            "a loan that is late without excuse",
            {},
            [LATE, LOAN | {"loan_number": "J2", "max_days_overdue": 200, "overdue_since": date(2025, 8, 1)}],
            False,
        ),
        ("no arrears at all", {}, [LOAN], False),
    ],
)
def test_a_listing_falls_with_the_arrears_that_it_rests_on(case, entry, loans, falls):
    found = reckoned(declaration(), conducts=loans, negatives=[LISTED | entry])
    assert (found.facts["negatives"].num_rows == 0) == falls, case
    assert (found.lifted.num_rows == 1) == falls


DEBT = {"product_name": "农户贷", "credit_yuan": Decimal(20000), "balance_yuan": Decimal(20000)}


@pytest.mark.parametrize(
    ("case", "debt", "loans", "measures"),
    [
        (
            "due in the window, paid so far",
            {"due_on": date(2026, 11, 20)},
            [],
            ["extension", "rate_cut", "renewal_without_principal"],
        ),
        ("due after the window", {"due_on": date(2027, 1, 1)}, [], ["changed_repayment", "rate_cut"]),
        (
            "late by the window",
            {"due_on": date(2026, 7, 1)},
            [LATE],
            ["extension", "new_for_old", "rate_cut", "renewal_without_principal"],
        ),
        (
            "late from before it",
            {"due_on": date(2026, 7, 1)},
            [LOAN | {"days_overdue": 300, "max_days_overdue": 300}],
            ["extension", "new_for_old", "rate_cut"],
        ),
        ("nothing is owed", {"balance_yuan": Decimal(0)}, [LATE], []),
        ("perhaps another's debt", {"due_on": date(2026, 11, 20), "link_status": "provisional"}, [], []),
    ],
)
def test_what_may_be_offered_on_an_open_loan(case, debt, loans, measures):
    found = reckoned(declaration(), conducts=loans, exposures=[DEBT | debt]).offers
    assert sorted(found.column("measure").to_pylist()) == measures, case
    for row in found.to_pylist():
        assert (row["proposed_due_on"] is not None) == (row["measure"] == "extension")
        assert (row["rate_cut_bp"] == 50) == (row["measure"] == "rate_cut")


def test_only_what_is_declared_is_offered():
    found = reckoned(declaration(measures=["rate_cut"]), exposures=[DEBT | {"due_on": date(2026, 11, 20)}])
    assert found.offers.column("measure").to_pylist() == ["rate_cut"]


CASES = st.fixed_dictionaries(
    {
        "days": st.integers(0, 400),
        "more": st.integers(0, 400),
        "begins": st.integers(-500, 100),
        "length": st.integers(0, 400),
        "gap": st.one_of(st.none(), st.integers(0, 600)),  # none: nobody dates the arrears
    }
)


def each_in_its_village(cases: list[dict[str, Any]]) -> pa.Table:
    """Conducts as they count, of one household a case: each in a village of its own, with its own window and loan."""
    windows, households, loans = [], [], []
    for place, case in enumerate(cases):
        village, first = f"659900100{place:03d}", AS_OF + timedelta(days=case["begins"])
        days, worst = case["days"], case["days"] + case["more"]
        span = {"from": first, "to": first + timedelta(days=case["length"])}
        windows.append(declaration(area_codes=[village], document=f"No. {place}", **span))
        since = None if case["gap"] is None else LOAN["cutoff_on"] - timedelta(days=worst + case["gap"])
        unit = {"unit_code": f"{village}010001"}
        households.append(unit | {"village_code": village, "township_code": village[:9], "county_code": village[:6]})
        arrears = {"days_overdue": days, "max_days_overdue": worst, "overdue_since": since, "link_status": "automatic"}
        loans.append(unit | LOAN | arrears)
    tables = facts()
    for name, rows in (("households", households), ("conducts", loans)):
        tables[name] = pa.Table.from_pylist(rows, schema=tables[name].schema)
    identities = pa.table({"unit_code": [row["unit_code"] for row in loans], "person_id": [NUMBER] * len(loans)})
    return relieve(tables, identities, declared_table(windows), PROOFS.empty_table(), AS_OF, EVERYTHING).facts[
        "conducts"
    ]


@given(st.lists(CASES, min_size=40, max_size=60))
@settings(max_examples=8, deadline=None)
def test_relief_never_makes_conduct_worse_and_no_more_days_fall_than_the_window_has(cases):
    rows = sorted(each_in_its_village(cases).to_pylist(), key=lambda row: row["unit_code"])
    for case, row in zip(cases, rows, strict=True):
        now, worst = row["days_overdue"], row["max_days_overdue"] or 0  # null: all of it is excused
        assert 0 <= now <= case["days"]
        assert now <= worst <= case["days"] + case["more"]
        assert case["days"] - now <= case["length"] + 1


def test_a_declaration_without_sense_is_refused_with_each_fault():
    with pytest.raises(DeclarationRefused, match=r"area_codes.0.*document"):
        read_declaration('cause = "disaster"\narea_codes = ["12"]\nfrom = 2026-06-01\nto = 2026-07-01\n')
    with pytest.raises(DeclarationRefused, match="`to` is before `from`"):
        read_declaration(
            'cause = "disaster"\narea_codes = ["659900"]\nfrom = 2026-06-02\nto = 2026-06-01\ndocument = "x"\n'
        )
