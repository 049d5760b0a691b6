"""Evidence by hand: groups and their ratios, proxies of a name's shape, alternatives, bands, lift, calibration."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from village_credit.errors import ModelRefused
from village_credit.score.statistics import share_interval
from village_credit.training import assess, fairness
from village_credit.training.metrics import village_interval
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History, fit, train

FACTS = [FeatureFacts(name, "unit", ("none",), name, name, "free") for name in ("told", "spread", "shape")]


def words(**sizes: int) -> np.ndarray:
    return np.concatenate([np.full(size, name.replace("_", " ")) for name, size in sizes.items()])


def test_a_group_is_flagged_just_below_four_fifths_of_the_best_and_not_at_it():
    groups = words(best=100, at=100, below=100)
    approved = np.concatenate([np.arange(100) < 50, np.arange(100) < 40, np.arange(100) < 39])
    rows = {row["group"]: row for row in fairness.group_rows("land", groups, approved, np.full(300, 1000.0))}
    assert (rows["best"]["approval_ratio"], rows["best"]["is_flagged"]) == (1.0, False)
    assert (rows["at"]["approval_ratio"], rows["at"]["is_flagged"]) == (0.8, False)
    assert rows["below"]["is_flagged"]
    assert rows["below"]["low"] < 0.39 < rows["below"]["high"]


def test_groups_below_thirty_have_no_figures_and_no_other_is_measured_by_them():
    groups = words(few=29, enough=30)
    approved = np.concatenate([np.ones(29, bool), np.arange(30) < 15])
    rows = {row["group"]: row for row in fairness.group_rows("sex", groups, approved, np.ones(59))}
    assert rows["few"]["is_hidden"]
    assert "approval" not in rows["few"]
    assert rows["enough"]["approval_ratio"] == 1.0


def test_who_belongs_to_no_group_counts_in_none():
    rows = fairness.group_rows("age", np.array([""] * 50 + ["one"] * 40), np.ones(90, bool), np.ones(90))
    assert [row["group"] for row in rows] == ["one"]
    assert rows[0]["households"] == 40


def test_limits_are_compared_among_the_approved():
    groups, approved = words(a=40, b=40), np.tile([True, False], 40)
    limits = np.where(np.arange(80) < 40, 1000.0, 4000.0)
    rows = {row["group"]: row for row in fairness.group_rows("land", groups, approved, limits)}
    assert (rows["a"]["mean_limit_yuan"], rows["a"]["limit_ratio"]) == (1000.0, 0.25)


def test_defaults_of_a_group_are_held_against_what_was_expected_of_it():
    groups, is_bad = words(a=200, b=200), np.concatenate([np.arange(200) < 20, np.arange(200) < 60])
    rows = {row["group"]: row for row in fairness.default_rows("sex", groups, is_bad, np.full(400, 0.1))}
    assert rows["a"]["holds"]
    assert not rows["b"]["holds"]
    assert rows["a"]["default_ratio"] == pytest.approx(0.5)
    assert rows["b"]["default_ratio"] == pytest.approx(1.5)


def history(rows: int = 1500, seed: int = 0) -> tuple[History, np.ndarray]:
    """`told` tells of default, `spread` nothing; `shape` is the name's shape with a little noise, missing for none."""
    chance = np.random.default_rng(seed)
    told, spread, is_long = chance.normal(size=rows), chance.normal(size=rows), chance.random(rows) < 0.5
    shape = is_long + chance.normal(0, 0.2, rows)
    is_bad = chance.random(rows) < 1 / (1 + np.exp(2 - told - 0.8 * is_long))
    villages = np.array([f"v{n % 15:02d}" for n in range(rows)])
    values = np.column_stack([told, spread, shape])
    return History(values, is_bad, villages, np.arange(rows) * 2 // rows, ["2024-11-01", "2025-11-01"], {}, []), is_long


def test_a_feature_that_is_the_shape_of_names_is_found_and_absence_can_tell_it_too():
    given, is_long = history()
    rows = {row["feature"]: row for row in fairness.proxy_rows(given.values, FACTS, is_long)}
    assert rows["shape"]["verdict"] == "fail"
    assert rows["told"]["verdict"] == rows["spread"]["verdict"] == "pass"
    assert rows["all together"]["auc"] > 0.9
    absent = given.values.copy()
    absent[:, 1] = np.where(is_long, np.nan, 1.0)
    assert {row["feature"]: row for row in fairness.proxy_rows(absent, FACTS, is_long)}["spread"]["verdict"] == "fail"


def test_too_few_of_a_shape_are_not_judged():
    given, _ = history(100)
    assert fairness.proxy_rows(given.values, FACTS, np.arange(100) < 29) == []


def test_leaving_out_what_sets_groups_apart_is_offered_and_leaving_out_what_tells_costs():
    given, is_long = history(4000)
    groups = {"name_shape": np.where(is_long, "long", "short")}
    rows = {row["without"]: row for row in fairness.alternatives(given, FACTS, given.values, groups, edge=0.25)}
    assert rows["shape"]["ratio_gained"] > 0.05
    assert rows["told"]["auc_lost"] > 0.05
    assert not rows["told"]["is_alternative"]
    assert abs(rows["spread"]["auc_lost"]) < 0.01


EDGES = [("A", 20_000), ("B", 100_000)]


@pytest.mark.parametrize(("probability", "band"), [(0.019999, "A"), (0.02, "B"), (0.0999, "B"), (0.1, "E")])
def test_a_loan_on_a_band_s_edge_belongs_above_it(probability, band):
    rows = assess.bands(np.array([False]), np.array([probability]), EDGES, "E")
    assert [row["band"] for row in rows if row["loans"]] == [band]


def test_a_band_whose_defaults_are_not_what_was_expected_is_seen():
    is_bad = np.concatenate([np.arange(1000) < 50, np.arange(1000) < 200])
    probability = np.repeat([0.05, 0.05], 1000)
    (row,) = [row for row in assess.bands(is_bad, probability, EDGES, "E") if row["loans"]]
    assert (row["expected"], row["observed"], row["holds"]) == (pytest.approx(0.05), 0.125, False)


def test_lift_adds_up_to_all_defaults_and_falls_with_the_risk():
    chance = np.random.default_rng(0)
    probability = chance.random(5000) * 0.4
    is_bad = chance.random(5000) < probability
    rows = assess.lift(is_bad, probability)
    assert sum(row["observed"] for row in rows) == is_bad.sum()
    assert rows[0]["lift"] > rows[-1]["lift"]
    assert rows[-1]["caught"] == 1


def test_probabilities_twice_too_high_in_odds_are_seen_and_mended():
    chance = np.random.default_rng(1)
    true = chance.random(20000) * 0.3
    is_bad = chance.random(20000) < true
    odds = np.log(true / (1 - true)) + np.log(2)
    line = assess.calibration(is_bad, 1 / (1 + np.exp(-odds)))
    assert line["intercept"] == pytest.approx(-np.log(2), abs=0.15)
    assert line["slope"] == pytest.approx(1, abs=0.1)
    assert line["brier_recalibrated"] < line["brier"]


def test_held_out_villages_were_not_seen():
    given, _ = history(300)
    held = assess.out_of_village_predictions(given, FACTS)
    assert sorted(held.rows.tolist()) == list(range(300))
    assert len(assess.without_directions(given, FACTS)) == 300
    for fold in np.unique(held.fold):
        inside = set(given.villages[held.rows[held.fold == fold]])
        assert not inside & set(given.villages[held.rows[held.fold != fold]])


def test_one_village_cannot_be_held_out():
    given, _ = history(200)
    alone = History(given.values, given.is_bad, np.full(200, "v"), given.window, given.windows, {}, [])
    with pytest.raises(ModelRefused, match="too few villages"):
        assess.out_of_village_predictions(alone, FACTS)


def test_a_feature_that_says_nothing_costs_nothing_and_a_day_like_the_first_is_stable():
    given, _ = history(1500)
    model = fit(given, FACTS, bags=2)
    lost = {row["feature"]: row["auc_lost"] for row in assess.sensitivity(model, given, FACTS)}
    assert lost["told"] > 0.05
    assert abs(lost["spread"]) < 0.02
    assert max(row["psi"] for row in assess.stability_rows(model, given, FACTS)) < 0.1
    moved = given.values.copy()
    moved[given.window == 1, 0] += 2
    shifted = History(moved, given.is_bad, given.villages, given.window, given.windows, {}, [])
    psi = {row["feature"]: row["psi"] for row in assess.stability_rows(model, shifted, FACTS)}
    assert psi["told"] > 0.25
    assert psi["spread"] < 0.1


def test_a_bin_whose_sign_flips_in_one_year_is_named_and_no_other():
    given, _ = history(1500)
    given.is_bad[:] = np.random.default_rng(0).random(1500) < np.where(given.values[:, 0] > 0, 0.3, 0.1)
    alone = History(given.values[:, :1], given.is_bad, given.villages, given.window, given.windows, {}, [])
    card = train(alone, FACTS[:1], "one", date(2026, 1, 1))
    assert [row for row in assess.flipped_bins(card, alone, FACTS[:1]) if row["kind"] == "year"] == []
    later = given.window == 1
    given.is_bad[later] = np.random.default_rng(1).random(int(later.sum())) < np.where(
        given.values[later, 0] > 0, 0.1, 0.3
    )
    rows = [row for row in assess.flipped_bins(card, alone, FACTS[:1]) if row["kind"] == "year"]
    assert {row["part"] for row in rows} == {"2025-11-01"}
    assert all((row["points"] > 0) == (row["observed"] > row["usual"]) for row in rows)


def test_an_interval_over_villages_is_wider_where_neighbours_share_their_luck_and_never_narrower():
    villages = np.repeat([f"v{n:02d}" for n in range(20)], 50)
    shared, strange = np.repeat(np.arange(20) < 4, 50), np.arange(1000) % 5 == 0
    plain = share_interval(200, 1000)
    wide, same = village_interval(shared, villages), village_interval(strange, villages)
    assert wide[1] - wide[0] > 3 * (plain[1] - plain[0])
    assert same == plain
    assert village_interval(strange, np.full(1000, "v")) == plain  # one village alone says nothing of others
    rows = fairness.default_rows("sex", words(a=1000), shared, np.full(1000, 0.3), villages)
    assert (rows[0]["low"], rows[0]["high"]) == wide
    assert rows[0]["holds"]  # 0.3 is beyond what a thousand strangers would allow
