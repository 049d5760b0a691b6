"""The order of rules that reports follow is the order in which the SQL decides."""

from __future__ import annotations

import re

from data_contracts.reasons import DECISION_REASONS
from village_credit import catalogue
from village_credit.decide.rules import BOUNDS, RULES, SCREEN
from village_credit.sql_files import sql


def test_the_screen_asks_in_this_order():
    asked = re.findall(r"THEN '([A-Z_0-9]+)'", sql("decide", "screen").split("string_split", 1)[1])
    assert tuple(asked) == SCREEN


def test_a_rule_is_what_a_household_may_read_and_stands_once():
    assert len(set(RULES)) == len(RULES)
    assert set(RULES) <= set(DECISION_REASONS)
    assert set(catalogue.binding_terms()) <= set(BOUNDS)
