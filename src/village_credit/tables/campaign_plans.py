"""The campaign plans that a county was handed: how much is to be drawn, from when to when, for what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from data_contracts.returns import PURPOSES_ZH
from village_credit.catalogue import run_tables
from village_credit.intake import Intake

_BETWEEN = re.compile(r"[,，;；、/／+和及与\s]+")
PURPOSES = {name: code for word, code in PURPOSES_ZH for name in (word, code)}


def campaign_names(intake: Intake) -> set[str]:
    """Return what the plans' campaigns are called."""
    return set(intake.settled["campaign_plan"].column("campaign").to_pylist())


def campaign_plans(intake: Intake, names: Mapping[str, str]) -> pa.Table:
    """Return a row a plan, in the order of its columns; `names`: how a campaign is told that is called by somebody."""
    rows = [_plan(row, names) for row in intake.settled["campaign_plan"].to_pylist()]
    order = sorted(rows, key=lambda row: [str(value) for value in row.values()])
    return pa.Table.from_pylist(order, schema=run_tables()["campaign_plans"].schema())


def _plan(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a plan with its purposes as draws have them; a word that is none of them is counted, and not kept."""
    words = [word for word in _BETWEEN.split(row["purposes"]) if word]
    known = sorted({PURPOSES[word] for word in words if word in PURPOSES})
    return {
        "county_code": row["county_code"],
        "campaign": names.get(row["campaign"], row["campaign"]),
        "starts_on": row["starts_on"],
        "ends_on": row["ends_on"],
        "planned_yuan": row["planned_yuan"],
        "purposes": known,
        "unread_purposes": sum(word not in PURPOSES for word in words),
    }
