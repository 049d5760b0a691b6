"""Counties, townships and traders beside each other: what holds where, and who has defaults enough for a card."""

from __future__ import annotations

import math

import numpy as np
import pytest

from village_credit.training.parts import Judged, by_place, traders_card
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History

FACTS = [FeatureFacts("told", "unit", ("none",), "told", "told", "free")]


def villages(county: str, rows: int, township: str = "100") -> np.ndarray:
    return np.array([f"{county}{township}{200 + n % 10}" for n in range(rows)])


def judged(places: np.ndarray, is_bad=None, scores=None, window=None) -> list[dict]:
    """Loans of which 5% are expected to default; good, alike and of one day unless said otherwise."""
    rows = len(places)
    given = (np.zeros(rows, kind) if one is None else one for one, kind in ((is_bad, bool), (scores, float)))
    bads, points = given
    return by_place(
        Judged(bads, np.full(rows, 0.05), points, places, np.zeros(rows, int) if window is None else window)
    )


def test_a_county_whose_defaults_are_not_what_was_expected_is_seen_and_the_other_holds():
    places = np.concatenate([villages("659900", 1000), villages("653199", 1000)])
    is_bad = np.concatenate([np.arange(1000) // 10 % 20 == 0, np.arange(1000) // 10 % 5 == 0])
    rows = {row["place"]: row for row in judged(places, is_bad)}
    assert rows["659900"]["holds"]
    assert not rows["653199"]["holds"]
    assert (rows["653199"]["observed"], rows["653199"]["bads"], rows["653199"]["loans"]) == (0.2, 200, 1000)
    assert {row["kind"] for row in rows.values()} == {"county", "township"}
    assert rows["659900100"]["observed"] == 0.05


def test_a_place_of_fewer_than_thirty_loans_has_no_figures():
    places = np.concatenate([villages("659900", 30), villages("653199", 29)])
    rows = {row["place"]: row for row in judged(places)}
    assert not rows["659900"]["is_hidden"]
    assert rows["653199"] == {"kind": "county", "place": "653199", "loans": 29, "is_hidden": True}


def test_scores_that_lie_elsewhere_are_seen_and_one_place_alone_is_compared_with_none():
    chance = np.random.default_rng(0)
    places = np.concatenate([villages("659900", 600, "100"), villages("659900", 600, "101"), villages("659900", 600)])
    scores = chance.normal(600, 30, 1800)
    scores[600:1200] += 60
    rows = {row["place"]: row for row in judged(places, scores=scores)}
    assert math.isnan(rows["659900"]["psi"])
    assert rows["659900101"]["psi"] > 0.25
    even = {row["place"]: row for row in judged(places, scores=scores % 30)}
    assert even["659900101"]["psi"] < 0.1


def test_a_county_that_changed_between_the_first_and_the_last_day_is_told_from_one_that_did_not():
    chance = np.random.default_rng(0)
    places = np.concatenate([villages("659900", 900), villages("653199", 900)])
    window = np.arange(1800) % 3
    scores = chance.normal(600, 30, 1800) + 60 * ((window == 2) & (np.arange(1800) >= 900))
    rows = {row["place"]: row for row in judged(places, scores=scores, window=window)}
    assert rows["659900"]["psi_over_time"] < 0.1
    assert rows["653199"]["psi_over_time"] > 0.25
    alone = {row["place"]: row for row in judged(places, scores=scores)}
    assert math.isnan(alone["653199"]["psi_over_time"])


def history(rows: int = 1500) -> History:
    """Loans of which the feature tells, more of traders than of others: they are every third."""
    chance = np.random.default_rng(0)
    told, is_trader = chance.normal(size=rows), np.arange(rows) % 3 == 0
    is_bad = chance.random(rows) < 1 / (1 + np.exp(2 - np.where(is_trader, 2, -1) * told))
    places = np.array([f"v{n % 15:02d}" for n in range(rows)])
    return History(told[:, None], is_bad, places, np.zeros(rows, np.int64), ["2025-11-01"], {}, [])


def test_traders_with_defaults_enough_are_told_what_a_card_of_their_own_would_be_worth():
    given, is_trader = history(), np.arange(1500) % 3 == 0
    bads = int(given.is_bad[is_trader].sum())
    shared = 1 / (1 + np.exp(given.values[:, 0]))  # as of those who are no traders
    enough = traders_card(given, is_trader, shared, FACTS, bads)
    assert (enough["is_enough"], enough["loans"], enough["bads"]) == (True, 500, bads)
    assert enough["own_auc"] > 0.7
    assert enough["shared_auc"] < 0.3
    few = traders_card(given, is_trader, shared, FACTS, bads + 1)
    assert few == {"loans": 500, "bads": bads, "least_defaults": bads + 1, "is_enough": False}


@pytest.mark.parametrize("is_trader", [np.zeros(1500, bool), np.arange(1500) % 15 == 0])
def test_no_traders_and_traders_of_one_village_have_no_card_of_their_own(is_trader: np.ndarray):
    found = traders_card(history(), is_trader, np.full(1500, 0.1), FACTS, 1)
    assert not found["is_enough"]
