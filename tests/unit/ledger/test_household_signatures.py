"""Which signatures of households above the authority ladder count for a run."""

from __future__ import annotations

from typing import Any

import pytest

from village_credit.ledger.household_signatures import ACT, last_household_verdicts
from village_credit.ledger.log import Entry
from village_credit.ledger.reviews import review_verdicts

COUNTY, DAY = "659900", "2026-11-01"
MANIFEST = {"run_id": "r2", "county_code": COUNTY, "as_of": DAY}
ROW = {
    "household_key": "h1",
    "product": "farmer_line",
    "limit_yuan": 60_000,
    "above_yuan": 50_000,
    "role": "甲",
    "roles": ["甲", "乙"],
}


def ledger(*acts: tuple[str, str, str, dict[str, Any]]) -> list[Entry]:
    """Entries of act, by, run and details, in this order."""
    return [
        Entry(n, act, f"2026-11-02T00:00:0{n}+00:00", by, run, details, "")
        for n, (act, by, run, details) in enumerate(acts, start=1)
    ]


def signed(
    verdict: str = "agree", by: str = "7007", day: str = DAY, county: str = COUNTY, **changes: Any
) -> tuple[str, str, str, dict[str, Any]]:
    word = {
        "household_key": "h1",
        "product": "farmer_line",
        "limit_yuan": 60_000,
        "role": "甲",
        "verdict": verdict,
        "reason_codes": [],
    } | changes
    return ACT, by, "r1", {"county_code": county, "as_of": day, "workbook_sha256": "", "signatures": [word]}


def staged(by: str, run: str = "r2") -> tuple[str, str, str, dict[str, Any]]:
    return "stage", by, run, {"county_code": COUNTY}


PUBLISHED = ("publish", "1001", "r2", {"county_code": COUNTY, "publication_id": "p", "product": None, "as_of": DAY})
REVIEW = (
    "review_verdicts",
    "5005",
    "r1",
    {
        "county_code": COUNTY,
        "verdicts": [
            {
                "household_key": "h1",
                "product": "farmer_line",
                "verdict": "grant",
                "limit_yuan": 60_000,
                "reason_codes": ["OVERDUE"],
            }
        ],
    },
)


def verdict_of(*acts: tuple[str, str, str, dict[str, Any]]) -> str | None:
    found = last_household_verdicts(ledger(*acts), MANIFEST, [ROW]).get(("h1", "farmer_line"))
    return found.verdict if found else None


def test_a_signature_of_an_earlier_run_counts_where_county_day_product_and_limit_are_the_same():
    assert verdict_of(staged("1001"), signed()) == "agree"


@pytest.mark.parametrize(
    "other",
    [
        signed(day="2026-10-31"),
        signed(county="653199"),
        signed(product="follow_on_loan"),
        signed(limit_yuan=59_000),
        signed(limit_yuan=61_000),
        signed(role="丙"),
        signed(by="１００１"),  # whoever prepared this very run
    ],
)
def test_another_day_county_product_limit_role_or_the_preparer_s_own_counts_for_nothing(other):
    assert verdict_of(staged("1001"), other) is None


def test_the_last_word_counts_until_the_run_is_published():
    assert verdict_of(signed(), signed("refuse")) == "refuse"
    assert verdict_of(signed("refuse"), signed(role="乙")) == "agree"
    assert verdict_of(signed(), PUBLISHED, signed("refuse")) == "agree"


def declined(*acts: tuple[str, str, str, dict[str, Any]]) -> list[tuple[str, int, list[str]]]:
    return [(v["verdict"], v["limit_yuan"], v["reason_codes"]) for v in review_verdicts(ledger(*acts), COUNTY)]


def test_a_refusal_is_a_verdict_for_later_scorings_until_it_is_taken_back():
    assert declined(signed("refuse")) == [("decline", 60_000, [])]
    assert declined(signed("refuse"), signed()) == []
    assert declined(signed()) == []


def test_a_refusal_goes_before_an_earlier_review_and_gives_way_to_a_later_one():
    grant = [("grant", 60_000, ["OVERDUE"])]
    refused = signed("refuse", reason_codes=["OVERDUE"])
    assert declined(REVIEW, refused) == [("decline", 60_000, ["OVERDUE"])]
    assert declined(REVIEW, refused, signed(reason_codes=["OVERDUE"])) == grant
    assert declined(refused, REVIEW) == grant
    assert declined(REVIEW, signed()) == grant
