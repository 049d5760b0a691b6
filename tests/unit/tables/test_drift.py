"""Drift by hand: counts by the card's bins, today's bins for another card's households, and gates at their edges."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import shipped_policy
from village_credit.score.scorecard import FeaturePoints, ProbabilityTable, Scorecard, ScoreRange, Training
from village_credit.tables.drift import drift
from village_credit.tables.gates import _drifts

POLICY = shipped_policy()
Row = dict[str, Any]


def feature(name: str, below: float, rows: tuple[int, int], missing: int) -> FeaturePoints:
    """Two bins that give -10 and 10 points; a missing value gives 0."""
    low, high = rows
    bins = [
        {"label": f"< {below}", "points": -10, "rows": low, "bads": 0, "below": below},
        {"label": f">= {below}", "points": 10, "rows": high, "bads": 0},
    ]
    told = {
        "name": name,
        "unit": "mu",
        "sources": [],
        "meaning": name,
        "meaning_zh": name,
        "direction": "falls",
        "information_value": 0,
    }
    return FeaturePoints(bins=bins, missing={"points": 0, "rows": missing, "bads": 0}, **told)


def card(*features: FeaturePoints, ranges: list[tuple[int | None, int]]) -> Scorecard:
    training = Training(
        is_synthetic=True,
        windows=[],
        rows=100,
        bads=0,
        outcomes={},
        default_definition="",
        horizon_months=12,
        method="",
        figures={},
        score_ranges=[ScoreRange(below=below, rows=rows) for below, rows in ranges],
        input_hashes=[],
    )
    return Scorecard(
        model_id="by-hand",
        note="",
        base_points=600,
        points_to_double_odds=20,
        features=list(features),
        probability=ProbabilityTable(from_points=600, ppm=[2, 1]),
        training=training,
        valid_from=date(2026, 1, 1),
        valid_to=date(2028, 1, 1),
        impact_assessment="none",
    )


LAND = feature("land_mu", 10, (50, 40), 10)
CARD = card(LAND, ranges=[(595, 50), (605, 10), (None, 40)])


def points(**values: list[float | None]) -> pa.Table:
    """The long table of households 0, 1, …, each with these features."""
    rows = [
        {"unit_code": f"u{number:03}", "feature": name, "value": value, "bin": "another card's", "points": 99}
        for name, column in values.items()
        for number, value in enumerate(column)
    ]
    types = [
        ("unit_code", pa.string()),
        ("feature", pa.string()),
        ("value", pa.float64()),
        ("bin", pa.string()),
        ("points", pa.int64()),
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(types))


def rows_of(table: pa.Table) -> dict[str, Row]:
    return {row["feature"]: row for row in table.to_pylist()}


SAME = points(land_mu=[5.0] * 50 + [20.0] * 40 + [None] * 10)


def test_the_training_s_own_households_have_not_drifted():
    found = rows_of(drift(SAME, SAME, CARD))
    assert list(found) == ["score", "land_mu"]
    assert [found[name]["psi_training"] for name in found] == [0, 0]
    assert [found[name]["psi_published"] for name in found] == [0, 0]
    assert found["land_mu"]["missing_share"] == found["land_mu"]["missing_share_training"] == 0.1
    assert found["score"]["missing_share"] is None


def test_the_index_is_what_a_person_reckons():
    found = rows_of(drift(points(land_mu=[5.0] * 20 + [20.0] * 50 + [None] * 30), None, CARD))
    then, now = [50.5, 40.5, 10.5], [20.5, 50.5, 30.5]  # half a row is added to each bin
    reckoned = sum((b - a) / 101.5 * math.log(b / a) for a, b in zip(then, now, strict=True))
    assert found["land_mu"]["psi_training"] == pytest.approx(reckoned, abs=1e-6)
    assert found["score"]["psi_training"] == pytest.approx(reckoned, abs=1e-6)  # missing: 600 points
    assert found["land_mu"]["missing_share"] == 0.3
    assert found["land_mu"]["psi_published"] is None
    assert found["land_mu"]["missing_share_published"] is None


def test_a_value_or_score_on_an_edge_belongs_above_it():
    at_edge = points(land_mu=[10.0] * 50 + [20.0] * 40 + [None] * 10)
    below = points(land_mu=[9.999999] * 50 + [20.0] * 40 + [None] * 10)
    assert rows_of(drift(at_edge, None, CARD))["land_mu"]["psi_training"] > 1
    assert rows_of(drift(below, None, CARD))["land_mu"]["psi_training"] == 0
    at_edges = card(LAND, ranges=[(590, 0), (610, 60), (None, 40)])  # the scores themselves: 590, 600, 610
    assert rows_of(drift(SAME, None, at_edges))["score"]["psi_training"] == 0


def test_an_earlier_card_s_bins_and_points_are_no_drift():
    """The stored bin and points of both sides are another card's: only values count."""
    finer = card(feature("land_mu", 6, (50, 40), 10), ranges=[(595, 50), (605, 10), (None, 40)])
    for today in (CARD, finer):
        assert [row["psi_published"] for row in drift(SAME, SAME, today).to_pylist()] == [0, 0]
    moved = points(land_mu=[7.0] * 50 + [20.0] * 40 + [None] * 10)
    assert rows_of(drift(moved, SAME, CARD))["land_mu"]["psi_published"] == 0
    assert rows_of(drift(moved, SAME, finer))["land_mu"]["psi_published"] > 1


def test_a_feature_that_the_last_publication_did_not_know_is_not_compared():
    both = card(LAND, feature("crop_count", 2, (50, 50), 0), ranges=[(600, 50), (None, 50)])
    now = points(land_mu=[5.0] * 50 + [20.0] * 50, crop_count=[1.0] * 50 + [3.0] * 50)
    found = rows_of(drift(now, points(land_mu=[5.0] * 50 + [20.0] * 50), both))
    assert found["land_mu"]["psi_published"] == 0
    assert found["crop_count"]["psi_published"] is found["score"]["psi_published"] is None
    assert found["crop_count"]["missing_share_published"] is None
    assert found["crop_count"]["psi_training"] == 0


def test_the_order_of_rows_changes_nothing():
    """Not even where each feature has its own: a household's points are added up, never two households'."""
    both = card(LAND, feature("crop_count", 2, (50, 50), 0), ranges=[(590, 50), (610, 0), (None, 50)])
    usual = points(land_mu=[5.0, 20.0] * 50, crop_count=[1.0, 3.0] * 50)  # 580 and 620, never 600
    turned = pa.concat_tables([usual.slice(0, 100).take(pa.array(range(99, -1, -1))), usual.slice(100)])
    assert rows_of(drift(usual, None, both))["score"]["psi_training"] == 0
    assert drift(turned, usual, both).equals(drift(usual, turned, both))
    assert rows_of(drift(turned, None, both))["score"]["psi_training"] == 0


def test_where_nobody_was_scored_every_figure_is_missing_and_its_gate_fails():
    table = drift(SAME.slice(0, 0), SAME, CARD)
    assert {row["psi_training"] for row in table.to_pylist()} == {None}
    assert {gate.gate: gate.verdict for gate in _drifts(table, POLICY)} == {
        "score_drift": "fail",
        "feature_drift": "fail",
        "missing_drift": "fail",
    }


def test_a_card_without_score_ranges_fails_the_score_s_gate_alone():
    table = drift(SAME, None, card(LAND, ranges=[]))
    assert [gate.verdict for gate in _drifts(table, POLICY)] == ["fail", "pass", "pass"]


def told(score: float | None, *features: tuple[float | None, float | None, float | None]) -> pa.Table:
    rows = [{"feature": "score", "psi_training": score, "missing_share": None, "missing_share_training": None}]
    rows += [
        {"feature": f"f{number}", "psi_training": psi, "missing_share": now, "missing_share_training": then}
        for number, (psi, now, then) in enumerate(features)
    ]
    return pa.Table.from_pylist(rows)


@pytest.mark.parametrize(
    ("psi", "verdict"),
    [(0.0, "pass"), (0.10, "pass"), (0.100001, "warn"), (0.25, "warn"), (0.250001, "fail"), (None, "fail")],
)
def test_the_score_s_gate_warns_above_a_tenth_and_fails_above_a_quarter(psi, verdict):
    gate = _drifts(told(psi, (0.0, 0.5, 0.5)), POLICY)[0]
    assert (gate.gate, gate.value, gate.verdict) == ("score_drift", psi, verdict)


@pytest.mark.parametrize(
    ("features", "value", "verdict"),
    [
        ([(0.01, 0, 0), (0.10, 0, 0)], 0.10, "pass"),
        ([(0.11, 0, 0), (0.01, 0, 0)], 0.11, "warn"),
        ([(6.4, 0, 0)], 6.4, "warn"),
        ([(0.01, 0, 0), (None, 0, 0)], None, "fail"),
    ],
)
def test_the_features_gate_takes_the_largest_and_fails_only_where_one_is_missing(features, value, verdict):
    gate = _drifts(told(0.0, *features), POLICY)[1]
    assert (gate.gate, gate.value, gate.verdict) == ("feature_drift", value, verdict)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ((0.5, 0.5), "pass"),
        ((0.0, 0.9), "pass"),
        ((0.35, 0.25), "pass"),
        ((0.36, 0.25), "warn"),
        ((1.0, 0.0), "warn"),
        ((None, 0.0), "fail"),
    ],
)
def test_the_missing_gate_warns_of_a_rise_of_more_than_a_tenth(shares, verdict):
    assert _drifts(told(0.0, (0.0, *shares)), POLICY)[2].verdict == verdict
