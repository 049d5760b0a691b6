"""Who never drew: labels by each assumption, and what they move."""

from __future__ import annotations

import numpy as np
import pytest

from village_credit.training import selection
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History

FACTS = [FeatureFacts("told", "unit", ("none",), "told", "told", "free")]
EDGES = [("A", 50_000), ("B", 400_000)]


def drawn(rows: int = 1200, seed: int = 0) -> History:
    """Loans whose default rises with the only feature, in twelve villages."""
    chance = np.random.default_rng(seed)
    told = chance.normal(size=rows)
    is_bad = chance.random(rows) < 1 / (1 + np.exp(2 - 1.5 * told))
    villages = np.array([f"v{n % 12:02d}" for n in range(rows)])
    return History(told[:, None], is_bad, villages, np.zeros(rows, np.int64), ["2025-11-01"], {}, [])


def undrawn(rows: int = 1800, seed: int = 1, shift: float = 0.0) -> selection.Undrawn:
    told = np.random.default_rng(seed).normal(shift, 1, size=rows)
    return selection.Undrawn(told[:, None], np.array([f"v{n % 12:02d}" for n in range(rows)]))


@pytest.fixture(scope="module")
def rows() -> dict[str, dict]:
    return {row["assumption"]: row for row in selection.by_assumption(drawn(), undrawn(), FACTS, EDGES)}


def test_the_card_of_drawn_loans_stands_first_and_moves_nothing(rows: dict[str, dict]):
    assert list(rows) == [
        "drawn_only",
        "band_times_1",
        "band_times_2",
        "band_times_3",
        "parcelling",
        "fuzzy_augmentation",
    ]
    assert rows["drawn_only"]["points_moved"] == 0


def test_the_worse_the_undrawn_the_more_of_everybody_defaults_and_the_fewer_stand_above_the_lowest_band(
    rows: dict[str, dict],
):
    times = [rows[f"band_times_{n}"] for n in (1, 2, 3)]
    assert times[0]["bad_rate"] + 0.05 < times[1]["bad_rate"] < times[2]["bad_rate"] - 0.05
    assert times[0]["above_lowest"] > times[1]["above_lowest"] > times[2]["above_lowest"]
    assert times[0]["points_moved"] < times[1]["points_moved"] < times[2]["points_moved"]


def test_undrawn_who_are_like_the_drawn_change_little(rows: dict[str, dict]):
    for name in ("band_times_1", "parcelling", "fuzzy_augmentation"):
        assert rows[name]["bad_rate"] == pytest.approx(rows["drawn_only"]["bad_rate"], abs=0.02)
        assert rows[name]["auc"] == pytest.approx(rows["drawn_only"]["auc"], abs=0.02)


def test_the_spread_is_from_the_least_to_the_most_of_any_assumption(rows: dict[str, dict]):
    found = selection.spread(list(rows.values()))
    assert found["auc"] == [min(r["auc"] for r in rows.values()), max(r["auc"] for r in rows.values())]
    assert found["points_moved"] == [0, rows["band_times_3"]["points_moved"]]
    assert selection.spread([]) == {}


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.333, 1.0, 1.7])
def test_a_share_of_labels_is_bad_to_one_household_and_never_more_than_all(rate: float):
    made = selection._labelled(drawn(60), undrawn(90).values, np.repeat([rate, 0.5], 45))
    theirs = made.is_bad[60:]
    assert theirs[:45].sum() == pytest.approx(45 * min(rate, 1), abs=1)
    assert theirs[45:].sum() == pytest.approx(22.5, abs=1)
    assert made.is_bad[:60].tolist() == drawn(60).is_bad.tolist()


def test_a_range_without_drawn_loans_has_the_share_that_is_expected_there():
    rates = selection._rates(np.array([0.1, 0.1]), np.array([0.1, 0.8, 0.6]), np.array([True, False]), np.array([0.5]))
    assert rates.tolist() == pytest.approx([0.5, 0.7, 0.7])


def test_fuzzy_households_count_once_in_all():
    made = selection._fuzzy(drawn(60), undrawn(3).values, np.array([0.2, 0.5, 0.9]))
    assert made.weight[60:].tolist() == pytest.approx([0.2, 0.5, 0.9, 0.8, 0.5, 0.1])
    assert made.is_bad[60:].tolist() == [True] * 3 + [False] * 3


def test_nobody_undrawn_and_one_kind_of_outcome_are_not_judged():
    nobody = selection.Undrawn(np.empty((0, 1)), np.empty(0, np.str_))
    assert selection.by_assumption(drawn(), nobody, FACTS, EDGES) == []
    given = drawn()
    given.is_bad[np.isin(given.villages, ["v00", "v03", "v06", "v09"])] = False  # the villages that are held out
    assert selection.by_assumption(given, undrawn(), FACTS, EDGES) == []
