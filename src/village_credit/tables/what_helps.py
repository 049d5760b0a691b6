"""Measured households become what would help each: the least change of one thing that reaches the next step.

Whoever is not granted is to be granted; whoever is, to have a step more. Every row was decided again with exactly its
change, and is a possibility, never a promise: budgets and whatever else changes until then are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_contracts.registry import INCOMING
from village_credit.decide.trials import (
    TRIALS,
    Bench,
    Questions,
    Standing,
    least,
    numbered,
    products_of,
    reached,
    with_amounts,
    with_places,
)
from village_credit.duckdb_session import cursor_over
from village_credit.policy.changeable import Changeable
from village_credit.policy.compiled import policy_tables
from village_credit.policy.model import PolicyInForce
from village_credit.score.edges import Edge, bins_at, edges, points_with, probability_at
from village_credit.score.scorecard import FeaturePoints, Scorecard
from village_credit.sql_files import sql

MU = 10_000  # land is measured in ten-thousandths
# Of each thing the record that shows it, and the unit of its amount; of a feature the scorecard knows both.
SHOWN_BY = {
    "hold": ("", ""),
    "renewal": ("", ""),
    "arrears": ("bank_conduct", ""),
    "listing": ("negative_list", ""),
    "link": ("", ""),
    "settled_loan": ("bank_exposure", "yuan"),
    "loan": ("bank_exposure", "yuan"),
    "registered_land": ("land_parcel", "mu"),
    "subsidised_land": ("land_subsidy", "mu"),
    "crop": ("crop_declaration", "mu"),
    "wages": ("household_economy", "yuan a year"),
    "livestock_income": ("household_economy", "yuan a year"),
    "trade_income": ("household_economy", "yuan a year"),
    "turnover": ("trader_turnover", "yuan in twelve months"),
    "sheep": ("household_economy", "heads"),
    "cattle": ("household_economy", "heads"),
    "machine": ("machinery_subsidy", "yuan"),
    "applied_amount": ("trader_referral", "yuan"),
}
RECORDS = ("hold", "renewal", "arrears", "listing", "link", "settled_loan")
LAND = ("registered_land", "subsidised_land", "crop")
# What moves a feature of the score too, and which; of the others the score stays as it is.
MOVES = {"loan": "bank_balance_yuan", "settled_loan": "bank_balance_yuan", "registered_land": "land_mu"}
HELPS = pa.schema(
    [
        ("household_key", pa.string()),
        ("target_yuan", pa.int64()),
        ("what", pa.string()),
        ("by", pa.string()),
        ("contract", pa.string()),
        ("office", pa.string()),
        ("amount", pa.decimal128(18, 4)),
        ("unit", pa.string()),
        ("crop", pa.string()),
        ("loan", pa.string()),
        ("value_now", pa.float64()),
        ("value_then", pa.float64()),
        ("is_below", pa.bool_()),
        ("product", pa.string()),
        ("limit_yuan", pa.int64()),
        ("band", pa.string()),
    ]
)
Whole = NDArray[np.int64]
OUT_OF_REACH = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Scores:
    """What a run scored, by unit in rising order: the whole score, and each feature's value (NaN: missing) and bin."""

    card: Scorecard
    units: Whole
    totals: Whole
    values: dict[str, NDArray[np.float64]]
    bins: dict[str, Whole]

    def totals_with(self, at: Whole, name: str, bins: Whole) -> Whole:
        """Return the whole scores of units, by their places, with one feature in another bin, all else as it stands."""
        others = {other: places[at] for other, places in self.bins.items()}
        before = points_with(self.card, name, others[name], others)
        found: Whole = self.totals[at] - before + points_with(self.card, name, bins, others)
        return found


def scores_of(points: pa.Table, card: Scorecard) -> Scores:
    """Return what was scored from `score_points` with unit_code: each unit has every feature once."""
    ordered = points.sort_by("unit_code")
    units = np.unique(ordered.column("unit_code").to_numpy())
    totals = np.full(len(units), card.base_points, dtype=np.int64)
    at = np.searchsorted(units, ordered.column("unit_code").to_numpy())
    np.add.at(totals, at, ordered.column("points").to_numpy())
    names = ordered.column("feature").to_numpy()
    told = ordered.column("value").to_numpy()
    values = {feature.name: np.full(len(units), np.nan) for feature in card.features}
    for name, column in values.items():
        column[at[names == name]] = told[names == name]
    bins = {feature.name: bins_at(feature, values[feature.name]) for feature in card.features}
    return Scores(card, units, totals, values, bins)


def what_helps(bench: Bench, scores: Scores, units: pa.Table, things: Sequence[Changeable]) -> pa.Table:
    """Return HELPS: a household and a thing that alone, changed so much, reaches its next step.

    `units`: unit_code and household_key of whoever is asked of. Ordered by household, then by the order of `things`;
    of several loans or crops the one with the least amount. A household that nothing helps has no row.
    """
    asked, rescored = _asked(bench, units), _Rescored(bench, scores)
    trials = _possible(asked, things)
    is_record = np.isin(trials.column("what").to_numpy(), RECORDS)
    unchanged = _trials(asked.units, "none")
    whole = numbered(pa.concat_tables([trials.filter(is_record), _entered(asked, scores, things)]))
    questions = _questions(trials.filter(~is_record))
    # all at once, for a decision has its price for one trial too
    first = rescored(numbered(pa.concat_tables([unchanged, whole, questions.tried(*questions.first)])))
    now, changed = first.slice(0, len(asked.units)), first.slice(len(asked.units))
    target_yuan = _next_steps(bench.policy, now)
    of_whole, of_questions = changed.slice(0, whole.num_rows), changed.slice(whole.num_rows)
    at = asked.at(questions.trials)
    standing = Standing(target_yuan[at], products_of(now)[at])
    amounts = least(questions, standing, of_questions, rescored)
    found = pa.concat_tables(
        [
            _reaching(whole, of_whole, target_yuan[asked.at(whole)]),
            with_amounts(questions.trials, amounts).filter(amounts > 0),
        ]
    )
    return _told(asked, target_yuan, found, rescored, things) if found.num_rows else HELPS.empty_table()


@dataclass(frozen=True)
class _Asked:
    """Whoever is asked of, by rising unit, and its key; and of what."""

    bench: Bench
    units: Whole
    keys: NDArray[np.object_]

    def at(self, trials: pa.Table) -> Whole:
        """Return the places of the units of trials."""
        found: Whole = np.searchsorted(self.units, trials.column("unit").to_numpy())
        return found


def _asked(bench: Bench, units: pa.Table) -> _Asked:
    ordered = units.sort_by("unit_code")
    codes = ordered.column("unit_code").to_numpy().astype(np.int64)
    return _Asked(bench, codes, ordered.column("household_key").to_numpy())


def _next_steps(policy: PolicyInForce, now: pa.Table) -> Whole:
    """Return the limit that each household is to reach, as it stands; who is not decided reaches none."""
    step, ticket = (int(policy.figure(name)) for name in ("step", "smallest_ticket"))
    limits = np.nan_to_num(now.column("limit_yuan").to_numpy()).astype(np.int64)
    target = np.where(now.column("decision").to_numpy() == "granted", limits + step, ticket)
    return np.where(now.column("decision").is_valid().to_numpy(), target, OUT_OF_REACH)


def _trials(units: Whole, what: str) -> pa.Table:
    nulls = pa.nulls(len(units))
    columns = [np.arange(len(units)), units, np.full(len(units), what, dtype=object), nulls, nulls,
               np.ones(len(units), dtype=np.int64), nulls]  # fmt: skip
    return pa.table([pa.array(c).cast(f.type) for c, f in zip(columns, TRIALS, strict=True)], schema=TRIALS)


class _Rescored:
    """Decides trials with the score that their change gives, where it moves a feature too."""

    def __init__(self, bench: Bench, scores: Scores) -> None:
        self.bench, self.scores = bench, scores
        features = {feature.name: feature for feature in scores.card.features}
        self.moves = {what: features[name] for what, name in MOVES.items() if name in features}
        loans = bench.measured["loans_open"]
        self.is_doubtful = loans.column("link_status").cast(pa.string()).to_numpy() == "provisional"
        self.balances = loans.column("balance_fen").cast(pa.int64()).to_numpy() / 100

    def __call__(self, trials: pa.Table) -> pa.Table:
        """Return what is decided of each trial, in their order."""
        ppm = trials.column("ppm").to_numpy().astype(np.float64)
        what = trials.column("what").to_numpy()
        for name, feature in self.moves.items():
            rows = np.flatnonzero(what == name)
            ppm[rows] = self._probabilities(feature, trials.take(pa.array(rows)))
        column = pa.array(ppm, pa.float64(), from_pandas=True).cast(pa.int64())
        return self.bench.decide(trials.set_column(TRIALS.names.index("ppm"), "ppm", column))

    def _probabilities(self, feature: FeaturePoints, trials: pa.Table) -> NDArray[np.float64]:
        """Return the probability of each trial; NaN, as it stands, where its unit has no score."""
        scores, units = self.scores, trials.column("unit").to_numpy()
        at, is_scored = placed_in(scores.units, units)
        if not is_scored.any():
            return np.full(len(units), np.nan)
        before = scores.values[feature.name][at]
        after = np.round(before + self._moved(trials), 6)
        totals = scores.totals_with(at, feature.name, bins_at(feature, after))
        return np.where(is_scored, probability_at(scores.card, totals), np.nan)

    def _moved(self, trials: pa.Table) -> NDArray[np.float64]:
        """Return by how much the feature of each trial moves: land more, or a loan's balance less."""
        amount, what = trials.column("amount").to_numpy(), trials.column("what").to_numpy()
        land = what == "registered_land"
        loan = pc.fill_null(trials.column("place"), 0).to_numpy()
        if not len(self.balances):
            return np.where(land, amount / MU, 0.0)
        repaid = np.where(what == "settled_loan", self.balances[loan], amount)
        return np.where(land, amount / MU, np.where(self.is_doubtful[loan], 0.0, -repaid))


def placed_in(ordered: Whole, units: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    """Return the place of each unit among ordered ones, and whether it is there."""
    at = np.minimum(np.searchsorted(ordered, units), max(len(ordered) - 1, 0))
    return at, (ordered[at] == units if len(ordered) else np.zeros(len(units), dtype=np.bool_))


def _reaching(trials: pa.Table, decided: pa.Table, target_yuan: Whole) -> pa.Table:
    """Return the records, and of each feature the first edge, that reach their household's step."""
    hits = trials.filter(reached(decided, target_yuan))
    # edges come by how much they ask: the first is the least change; of loans every one
    first = hits.group_by(["unit", "what", "place"]).aggregate([("trial", "min")])
    return trials.take(first.column("trial_min"))


def _questions(trials: pa.Table) -> Questions:
    """Ask of land and amounts for the least that reaches their household's step."""
    return Questions(trials, np.where(np.isin(trials.column("what").to_numpy(), LAND), MU, 1))


def _possible(asked: _Asked, things: Sequence[Changeable]) -> pa.Table:
    """Return a trial of the most that may be told for everything that might be changed of each household."""
    measured = asked.bench.measured
    tables = {name: measured[name] for name in ("households", "known", "marks", "arrears", "negatives", "ended")}
    tables |= {"crop_scaled": measured["crop_scaled"], "traders": measured["traders"]}
    tables["loans_open"] = with_places(measured["loans_open"])
    tables["units"] = pa.table({"unit_code": asked.units})
    tables["norms"] = policy_tables(asked.bench.policy)["norms"]
    rows = [{"what": one.what, "most": one.most} for one in things if one.what in SHOWN_BY]
    tables["changeable"] = pa.Table.from_pylist(rows, schema=pa.schema([("what", pa.string()), ("most", pa.int64())]))
    found = cursor_over(tables).sql(sql("tables", "things")).to_arrow_table()
    nulls = pa.nulls(found.num_rows, pa.int64())
    columns = {**dict(zip(found.column_names, found.columns, strict=True)), "trial": nulls, "ppm": nulls}
    return numbered(pa.table([columns[name].cast(TRIALS.field(name).type) for name in TRIALS.names], schema=TRIALS))


def _entered(asked: _Asked, scores: Scores, things: Sequence[Changeable]) -> pa.Table:
    """Return a trial of each scored household and each bin of a feature that gives it more points.

    Its amount is the place of the edge in `edges`.
    """
    told = {one.what for one in things} - set(SHOWN_BY)
    at, is_scored = placed_in(scores.units, asked.units)
    if not is_scored.any():
        return TRIALS.empty_table()
    features = [feature for feature in scores.card.features if feature.name in told]
    parts = [_of_feature(asked, scores, feature, at, is_scored) for feature in features]
    return pa.concat_tables([TRIALS.empty_table(), *parts])


def _of_feature(
    asked: _Asked, scores: Scores, feature: FeaturePoints, at: Whole, is_scored: NDArray[np.bool_]
) -> pa.Table:
    values = scores.values[feature.name][at]
    parts = []
    for place, edge in enumerate(edges(feature)):
        totals = scores.totals_with(at, feature.name, np.full(len(at), edge.place))
        rows = np.flatnonzero(is_scored & (totals > scores.totals[at]) & _is_beyond(edge, values))
        trials = with_amounts(_trials(asked.units[rows], feature.name), np.full(len(rows), place))
        ppm = pa.array(probability_at(scores.card, totals[rows]), pa.int64())
        parts.append(trials.set_column(TRIALS.names.index("ppm"), "ppm", ppm))
    return pa.concat_tables([TRIALS.empty_table(), *parts])


def _is_beyond(edge: Edge, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say whether a value is on the other side of an edge, or missing."""
    found: NDArray[np.bool_] = np.isnan(values) | ((values >= edge.value) if edge.is_below else (values < edge.value))
    return found


def _told(
    asked: _Asked, target_yuan: Whole, found: pa.Table, rescored: _Rescored, things: Sequence[Changeable]
) -> pa.Table:
    """Write what helps as HELPS, with what is decided then."""
    trials = numbered(found)
    tables = {
        "trials": trials,
        "decided": rescored(trials).append_column("trial", trials.column("trial")),
        "asked": pa.table({"unit": asked.units, "household_key": asked.keys, "target_yuan": target_yuan}),
        "loans": with_places(rescored.bench.measured["loans_open"]),
        "things": _declared(rescored.scores.card, things),
        "edges": _edges_of(rescored.scores.card),
        "feature_values": _values_of(rescored.scores),
    }
    told = cursor_over(tables).sql(sql("tables", "what_helps")).to_arrow_table()
    return told.select(HELPS.names).cast(HELPS)


def _declared(card: Scorecard, things: Sequence[Changeable]) -> pa.Table:
    """Return of each thing its place in the committee's order, who changes it, the record, its office and the unit."""
    units = {feature.name: (feature.sources[0], feature.unit) for feature in card.features}
    shown = {one.what: SHOWN_BY.get(one.what, units.get(one.what, ("", ""))) for one in things}
    rows = [
        {
            "turn": turn,
            "what": one.what,
            "by": one.by,
            "contract": shown[one.what][0] or None,
            "office": str(INCOMING[shown[one.what][0]].__dict__["office"]) if shown[one.what][0] else None,
            "unit": shown[one.what][1],
            "scale": MU if one.what in LAND else 1,
        }
        for turn, one in enumerate(things)
    ]
    names = [("turn", pa.int64()), *((name, pa.string()) for name in ("what", "by", "contract", "office", "unit"))]
    return pa.Table.from_pylist(rows, schema=pa.schema([*names, ("scale", pa.int64())]))


def _edges_of(card: Scorecard) -> pa.Table:
    rows = [
        {"what": feature.name, "amount": place, "value_then": edge.value, "is_below": edge.is_below}
        for feature in card.features
        for place, edge in enumerate(edges(feature))
    ]
    names = [("what", pa.string()), ("amount", pa.int64()), ("value_then", pa.float64()), ("is_below", pa.bool_())]
    return pa.Table.from_pylist(rows, schema=pa.schema(names))


def _values_of(scores: Scores) -> pa.Table:
    """Return unit, what and value of every feature; null where it is missing."""
    parts = [
        pa.table(
            {
                "unit": scores.units,
                "what": pa.array([name] * len(scores.units), pa.string()),
                "value_now": pa.array(values, pa.float64(), from_pandas=True),
            }
        )
        for name, values in scores.values.items()
    ]
    return pa.concat_tables(parts)
