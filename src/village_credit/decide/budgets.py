"""Limits that households could have become limits that nested budgets allow: tickets first, then value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pyarrow as pa

from village_credit.decide.policy import PolicyInForce

# A trader on no register lives in no village that a cap could hold: codes that end so name none.
NOWHERE = {"village": "000000", "township": "000", "county": "000"}
ALLOCATED = pa.schema([("unit_code", pa.string()), ("amount", pa.int64()), ("budget_state", pa.string())])


def allocate(granted: pa.Table, policy: PolicyInForce) -> pa.Table:
    """Give each granted household its amount under village, township and county caps.

    `granted`: unit_code, product, township_code, village_code, ppm, policy_limit (whole yuan).
    Where no cap is set, or it is above what is asked, budgets are `not_binding`.
    """
    caps = {
        level: cap for level in ("village", "township", "county") if (cap := policy.cap(level)) is not None
    }
    asked = granted.column("policy_limit").to_pylist()
    if not caps:
        return _table(granted.column("unit_code").to_pylist(), asked, asked)
    return _allocate_nested(granted, policy, caps)


def _table(codes: list[str], amounts: list[int], asked: list[int]) -> pa.Table:
    states = [
        "not_binding" if amount == wanted else "cut" for amount, wanted in zip(amounts, asked, strict=True)
    ]
    return pa.table([codes, amounts, states], schema=ALLOCATED)


def step_value(policy: PolicyInForce, product: str, ppm: int) -> Fraction:
    """Give what a yuan of limit is worth: margin less expected loss; constant within a household."""
    return policy.share("margin_bp", product=product) / 10_000 - Fraction(ppm, 1_000_000) * policy.share(
        "loss_given_default"
    )


def _allocate_nested(granted: pa.Table, policy: PolicyInForce, caps: dict[str, int]) -> pa.Table:
    """Allocate greedily by value, which is exact for nested caps once the tickets are given.

    A household's steps have one value and ties go by contractor code, so its steps follow one another and are
    given at once.
    """
    rows = granted.to_pylist()
    values = {(row["product"], row["ppm"]): step_value(policy, row["product"], row["ppm"]) for row in rows}
    order = sorted(
        range(len(rows)), key=lambda i: (-values[rows[i]["product"], rows[i]["ppm"]], rows[i]["unit_code"])
    )
    ticket, step = int(policy.figure("smallest_ticket")), int(policy.figure("step"))
    left: dict[tuple[str, str], int] = {}
    amounts = [0] * len(rows)
    for i in order:
        if _room(rows[i], caps, left) >= ticket:
            _take(rows[i], ticket, caps, left)
            amounts[i] = ticket
    for i in order:
        if amounts[i]:
            more = min(rows[i]["policy_limit"] - ticket, _room(rows[i], caps, left)) // step * step
            _take(rows[i], more, caps, left)
            amounts[i] += more
    return _table([row["unit_code"] for row in rows], amounts, [row["policy_limit"] for row in rows])


def _places(row: dict[str, Any], caps: dict[str, int]) -> list[tuple[str, str]]:
    codes = {"village": row["village_code"], "township": row["township_code"], "county": "county"}
    return [(level, codes[level]) for level in caps if not codes[level].endswith(NOWHERE[level])]


def _room(row: dict[str, Any], caps: dict[str, int], left: dict[tuple[str, str], int]) -> int:
    return min(
        (left.setdefault(place, caps[place[0]]) for place in _places(row, caps)), default=row["policy_limit"]
    )


def _take(row: dict[str, Any], amount: int, caps: dict[str, int], left: dict[tuple[str, str], int]) -> None:
    for place in _places(row, caps):
        left[place] -= amount
