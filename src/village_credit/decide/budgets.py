"""Limits that households could have become limits that nested budgets allow: by value, or pro rata."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from village_credit.policy.model import PolicyInForce

LEVELS = ("village", "township", "county")  # each lies within the next
# A trader on no register lives in no village that a cap could hold: codes that end so name none.
NOWHERE = {"village": "000000", "township": "000"}
ALLOCATED = pa.schema([("unit_code", pa.string()), ("amount", pa.int64()), ("budget_state", pa.string())])
Whole = NDArray[np.int64]


def allocate(granted: pa.Table, policy: PolicyInForce, used: pa.Table | None = None) -> pa.Table:
    """Return each granted household its amount under village, township and county caps, in the order of `granted`.

    `granted`: unit_code, product, township_code, village_code, ppm, policy_limit (whole yuan, whole steps, at least
    the smallest ticket); a village lies in one township. Where no cap is set, or it is above what is asked, budgets
    are `not_binding`. `used`: township_code, village_code, limit_yuan of what stays in force beside, off each cap
    first.
    """
    asked = granted.column("policy_limit").to_numpy()
    order = in_order_of_value(granted, policy)
    wanted, step = asked[order], int(policy.figure("step"))
    ticket = -(-int(policy.figure("smallest_ticket")) // step) * step
    levels = [_level(granted, order, name, cap, used) for name in LEVELS if (cap := policy.cap(name)) is not None]
    rule = _pro_rata if policy.policy.budget_rule == "pro_rata" else _by_value
    amounts = np.empty_like(asked)
    amounts[order] = rule(wanted, levels, ticket, step) if levels else wanted
    states = np.where(amounts == asked, "not_binding", "cut")
    return pa.table([granted.column("unit_code"), amounts, states], schema=ALLOCATED)


def step_value(policy: PolicyInForce, product: str, ppm: int) -> Fraction:
    """Return what a yuan of limit is worth: margin less expected loss; constant within a household."""
    margin, loss = policy.share("margin_bp", product=product), policy.share("loss_given_default")
    return margin / 10_000 - Fraction(ppm, 1_000_000) * loss


def in_order_of_value(granted: pa.Table, policy: PolicyInForce) -> Whole:
    """Return the places of households, the most valuable step first, ties by contractor code.

    Values are compared as whole numbers: millionths of a yuan times the common denominator of the policy's figures.
    """
    products = granted.column("product").combine_chunks().dictionary_encode()
    margins = [policy.share("margin_bp", product=product) for product in products.dictionary.to_pylist()]
    loss = policy.share("loss_given_default")
    scale = math.lcm(loss.denominator, *(margin.denominator for margin in margins))
    gains = np.array([int(margin * 100 * scale) for margin in margins], np.int64)
    value = gains[products.indices.to_numpy()] - int(loss * scale) * granted.column("ppm").to_numpy()
    ranked = pa.table([pa.array(value), granted.column("unit_code")], ["value", "code"])
    found = pc.sort_indices(ranked, sort_keys=[("value", "descending"), ("code", "ascending")])
    return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True)
class _Level:
    """One level's caps over households in their order of value.

    `place`: each household's place, from 0; `caps`: whole yuan of each place; `by_place`: households place by place,
    in order of value within each; `first`: where each place begins among these.
    """

    place: Whole
    caps: Whole
    by_place: Whole
    first: Whole

    def left(self, amounts: Whole) -> Whole:
        """Return what each place has left, yuan."""
        return self.caps - np.add.reduceat(amounts[self.by_place], self.first)

    def in_turn(self, wanted: Whole, room: Whole) -> Whole:
        """Return the room of each place to its households in turn: to each what it wants of what is left."""
        queue = wanted[self.by_place]
        place = self.place[self.by_place]
        before = np.cumsum(queue) - queue
        before -= before[self.first][place]
        given = np.empty_like(wanted)
        given[self.by_place] = np.clip(room[place] - before, 0, queue)
        return given


def _level(granted: pa.Table, order: Whole, name: str, cap: int, used: pa.Table | None) -> _Level:
    """Read where households live, and what is left of each place's cap.

    A place that is none, and the county for all.
    """
    taken = _taken(used, name)
    if name == "county":
        place, caps = (
            np.zeros(len(order), np.int64),
            np.array([max(0, cap - taken.get("", 0))] * min(1, len(order)), np.int64),
        )
    else:
        codes = granted.column(f"{name}_code").combine_chunks().dictionary_encode()
        place = codes.indices.to_numpy()[order].astype(np.int64)
        endless = int(pc.sum(granted.column("policy_limit")).as_py() or 0)
        named = codes.dictionary.to_pylist()
        caps = np.array(
            [endless if code.endswith(NOWHERE[name]) else max(0, cap - taken.get(code, 0)) for code in named], np.int64
        )
    by_place = np.argsort(place, kind="stable")
    return _Level(place, caps, by_place, np.searchsorted(place[by_place], np.arange(len(caps))))


def _taken(used: pa.Table | None, name: str) -> dict[str, int]:
    """Sum what is in force beside, by place; of the county by no name."""
    if used is None or used.num_rows == 0:
        return {}
    if name == "county":
        return {"": pc.sum(used.column("limit_yuan")).as_py()}
    summed = used.group_by(f"{name}_code").aggregate([("limit_yuan", "sum")])
    return dict(
        zip(summed.column(f"{name}_code").to_pylist(), summed.column("limit_yuan_sum").to_pylist(), strict=True)
    )


def _hand_out(wanted: Whole, levels: list[_Level], amounts: Whole, unit: int) -> Whole:
    """Return out units of yuan in order of value while every cap lasts; how many each household gets.

    Who comes first within a village, of these who comes first within the township, of these within the county: one
    household after another under all caps at once ends alike, for a place that is full stays full.
    """
    given = wanted
    for level in levels:
        given = level.in_turn(given, level.left(amounts) // unit)
    return given


def _by_value(wanted: Whole, levels: list[_Level], ticket: int, step: int) -> Whole:
    """Return tickets, then steps, in order of value: exact for nested caps once the tickets are given.

    A household's steps have one value and ties go by contractor code, so its steps follow one another.
    """
    none = np.zeros_like(wanted)
    has_ticket = _hand_out(none + 1, levels, none, ticket)
    amounts = has_ticket * ticket
    return amounts + step * _hand_out(has_ticket * ((wanted - ticket) // step), levels, amounts, step)


def _pro_rata(wanted: Whole, levels: list[_Level], ticket: int, step: int) -> Whole:
    """Return each its share, down to steps and none below the ticket; what is left in order of value, step by step.

    First of what is left: a ticket to each household that has nothing. Then one step to each in turn, round by round.
    """
    amounts = _shares(wanted, levels, step)
    amounts[amounts < ticket] = 0
    amounts += ticket * _hand_out((amounts == 0).astype(np.int64), levels, amounts, ticket)
    while True:
        may_grow = (amounts > 0) & (amounts + step <= wanted)
        given = _hand_out(may_grow.astype(np.int64), levels, amounts, step)
        if not given.any():
            return amounts
        amounts += step * given


def _shares(wanted: Whole, levels: list[_Level], step: int) -> Whole:
    """Share each cap out by what is asked of it once the caps below have cut it; exact, down to whole steps.

    What a place asks of the next is a whole number again: what its households ask, at most its cap.
    """
    share: NDArray[Any] = wanted.astype(object)
    divisor: NDArray[Any] = np.ones(len(wanted), dtype=object)
    parts, living = wanted, np.arange(len(wanted))  # what is asked of a level, and a household of each part
    for level in levels:
        total = np.zeros_like(level.caps)
        np.add.at(total, level.place[living], parts)
        parts, living = np.minimum(total, level.caps), level.by_place[level.first]
        is_cut = (parts < total)[level.place]
        share[is_cut] *= parts[level.place[is_cut]].astype(object)
        divisor[is_cut] *= total[level.place[is_cut]].astype(object)
    return np.asarray(share // (divisor * step) * step, dtype=np.int64)
