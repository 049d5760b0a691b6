"""Who signs a household by itself, and whether a meeting may decide: on every side of each bound."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import shipped_policy
from tests.conftest import AS_OF, MODELS
from village_credit.errors import PolicyRefused
from village_credit.policy.authority_ladder import step_of, steps
from village_credit.policy.model import PolicyInForce, load_policy
from village_credit.policy.quorum import Quorum, quorum
from village_credit.tables.signatures_needed import authority_table

TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
TWO = [(50_000, "甲"), (90_000, "乙")]


def with_steps(*ladder: tuple[int, str], day: date = AS_OF, **keys: str) -> PolicyInForce:
    return load_policy(TEXT + sections(*ladder, **keys)).in_force(day, "659900")


def sections(*ladder: tuple[int, str], start: str = "2026-01-01", **keys: str) -> str:
    told = "".join(f'\n{key} = "{word}"' for key, word in keys.items())
    return "".join(
        f'\n[[authority_ladder]]\nabove_yuan = {yuan}\nrole = "{role}"\nfrom = {start}\nreference = "x"{told}\n'
        for yuan, role in ladder
    )


def roles(policy: PolicyInForce, product: str = "farmer_line") -> list[str]:
    return [step.role for step in steps(policy, product)]


@pytest.mark.parametrize(
    ("limit", "role"), [(49_000, None), (50_000, None), (51_000, "甲"), (90_000, "甲"), (91_000, "乙")]
)
def test_below_on_and_above_each_step(limit, role):
    ladder = steps(with_steps(*TWO), "farmer_line")
    place = step_of(ladder, limit)
    assert (None if place is None else ladder[place].role) == role


def test_the_shipped_policy_has_no_ladder_and_no_quorum():
    assert roles(shipped_policy()) == []
    assert quorum(shipped_policy()) is None


def test_the_most_specific_ladder_holds_whole_and_then_the_latest():
    text = sections(*TWO) + sections((30_000, "丙"), county="659900") + sections((20_000, "丁"), product="trader_loan")
    policy = load_policy(TEXT + text)
    here, there = policy.in_force(AS_OF, "659900"), policy.in_force(AS_OF, "653199")
    assert (roles(here), roles(there)) == (["丙"], ["甲", "乙"])
    assert (roles(here, "trader_loan"), roles(there, "trader_loan")) == (["丙"], ["丁"])
    later = load_policy(TEXT + sections(*TWO) + sections((70_000, "戊"), start="2026-11-02"))
    assert roles(later.in_force(AS_OF, "659900")) == ["甲", "乙"]
    assert roles(later.in_force(date(2026, 11, 2), "659900")) == ["戊"]


def decision(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "household_key": key,
        "product": "farmer_line",
        "decision": "granted",
        "limit_yuan": 60_000,
        "reason_codes": [],
    } | changes


def test_only_what_is_granted_anew_is_signed():
    rows = [
        decision("h1"),
        decision("h2", limit_yuan=50_000),
        decision("h3", decision="declined"),
        decision("h4", reason_codes=["RELIEF_KEPT"]),
        decision("h5", reason_codes=["FROZEN"]),
        decision("h6", limit_yuan=100_000, reason_codes=["REVIEW_GRANTED", "OVERDUE"]),
    ]
    table = authority_table(pa.Table.from_pylist(rows), with_steps(*TWO)).to_pylist()
    assert [(row["household_key"], row["role"], row["roles"]) for row in table] == [
        ("h1", "甲", ["甲", "乙"]),
        ("h6", "乙", ["乙"]),
    ]


@pytest.mark.parametrize(
    ("present", "votes_for", "lacks"),
    [(4, 4, "sat"), (5, 3, None), (5, 2, "voted"), (6, 4, None), (6, 3, "voted"), (0, 0, "sat")],
)
def test_a_quorum_holds_at_its_figures_and_not_below(present, votes_for, lacks):
    fault = Quorum(5, Decimal("0.6")).fault(present, votes_for)
    assert (fault is None) if lacks is None else (fault is not None and lacks in fault)


def with_quorum(**keys: str) -> str:
    told = "".join(f', {key} = "{word}"' for key, word in keys.items())
    lines = [
        (
            f'{{ name = "{name}", value = {value}, unit = "{unit}", from = 2026-06-01, reference = "x", '
            f"verified = false{told} }},"
        )
        for name, value, unit in (("quorum_members", 5, "members"), ("quorum_share_for", "0.6", "share"))
    ]
    return TEXT.replace("figures = [", "\n".join(["figures = [", *lines]), 1)


def test_a_quorum_is_dated_and_by_county_and_half_of_one_is_refused():
    own = load_policy(with_quorum(county="653199"))
    assert quorum(own.in_force(AS_OF, "653199")) == Quorum(5, Decimal("0.6"))
    assert quorum(own.in_force(AS_OF, "659900")) is None
    assert quorum(own.in_force(date(2026, 5, 31), "653199")) is None
    half = load_policy("\n".join(line for line in with_quorum().split("\n") if "quorum_share_for" not in line))
    with pytest.raises(PolicyRefused, match="go together"):
        quorum(half.in_force(AS_OF, "659900"))
