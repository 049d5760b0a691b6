"""What `diff` and a dry run print of few households: nothing, nor what these would follow from."""

from __future__ import annotations

import pyarrow as pa

from village_credit.cli.difference import difference_text
from village_credit.services.queries.diff import Difference
from village_credit.services.queries.told_difference import told_difference

FOUND = Difference(
    "published",
    [
        {"change": "lowered", "households": 60, "before_yuan": 900_000, "after_yuan": 600_000},
        {"change": "removed", "households": 3, "before_yuan": 51_000, "after_yuan": 0},
        {"change": "same", "households": 700, "before_yuan": 9_000_000, "after_yuan": 9_000_000},
    ],
    [],
    [],
    [
        {"measure": "extension", "before": 40, "after": 45},
        {"measure": "rate_cut", "before": 40, "after": 90},
        {"measure": "repayment", "before": 3, "after": 0},
    ],
    causes=[{"cause": "policy", "households": 60, "raised_yuan": 0, "lowered_yuan": -1, "yuan": -1}],
)
PARTS = pa.table(
    {
        "household_key": [f"h{n}" for n in range(63)],
        "cause": ["policy"] * 60 + ["scorecard"] * 3,
        "yuan": [-5_000] * 60 + [-17_000] * 3,
    }
)


def test_few_who_lose_a_line_are_hidden_with_others_that_they_follow_from():
    told = told_difference(FOUND)
    assert [row["households"] for row in told.changes] == [None, None, 700]
    assert [row["after_yuan"] for row in told.changes] == [None, None, 9_000_000]
    text = difference_text(told)
    assert "51,000" not in text
    assert "900,000" not in text
    assert "(*: too few households to be shown)" in text


def test_a_measure_of_relief_does_not_tell_how_few_more_have_it():
    assert [(one["before"], one["after"]) for one in told_difference(FOUND).measures] == [
        (40, None),
        (40, 90),
        (None, None),
    ]


def test_a_cause_of_few_is_told_with_others_and_all_add_up():
    told = told_difference(FOUND, PARTS)
    (row,) = told.causes
    assert (row["cause"], row["households"], row["yuan"]) == ("scorecard, policy", 63, -351_000)
    assert told.causes_yuan == -351_000
    assert "-351,000" in difference_text(told)
    assert "-51,000" not in difference_text(told)
