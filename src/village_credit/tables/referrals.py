"""Traders whom a county referred: what a run decided of each, and two clocks on working days, to the decision and to the first draw."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa

from village_credit.intake import Intake
from village_credit.pseudonyms import Keys, row_key_hash

PRODUCT = "trader_loan"
# Numbers, dates and counting words name nobody; a longer number might be a telephone's
_PLAIN_LABEL = re.compile(r"(?!.*[0-9]{9})[0-9年月日第批次期号\-_/.()（）〔〕 一二三四五六七八九十〇]{1,30}")
# Whom another product serves (a relief window keeps his line) gets no loan of the referral: that is its result.
REFERRED = """
SELECT k.household_key, h.county_code, batch_label(t.referral_batch) AS referral_batch, t.referred_on, t.applied_yuan,
       CASE WHEN d.product <> 'trader_loan' AND d.decision = 'granted' THEN 'declined' ELSE d.decision END AS decision,
       CASE WHEN d.product <> 'trader_loan' THEN 0 ELSE d.limit_yuan END AS limit_yuan,
       CAST($decision_days AS INTEGER) AS decision_days, CAST($draw_days AS INTEGER) AS draw_days
FROM traders AS t JOIN keys AS k USING (unit_code) JOIN households AS h USING (unit_code)
LEFT JOIN decisions AS d USING (unit_code)
ORDER BY k.household_key
"""
# A row referred after the run's day is nobody's yet: what was decided answers an earlier one.
LISTED = """
SELECT k.household_key, r.referral_batch, r.shop_name, r.operator_name, r.referred_on
FROM rows AS r LEFT JOIN (SELECT row_id, unit_code FROM links WHERE status IN ('automatic', 'confirmed')) AS l USING (row_id)
LEFT JOIN traders AS t ON t.unit_code = l.unit_code AND t.referred_on >= r.referred_on
LEFT JOIN keys AS k ON k.unit_code = t.unit_code ORDER BY r.referral_batch, r.row_id
"""


def referral_table(
    facts: dict[str, pa.Table],
    decisions: pa.Table,
    pseudonyms: dict[str, str],
    days: tuple[int | None, int | None],
    keys: Keys,
) -> pa.Table:
    """Return a run's referred traders and their decisions, by household_key; a batch's label only where it can name nobody.

    `days`: working days to the decision and to the first draw, as the policy has them on the run's day.
    """
    connection = _connect(pseudonyms, traders=facts["traders"], households=facts["households"], decisions=decisions)
    connection.create_function("batch_label", lambda text: batch_label(text, keys), ["VARCHAR"], "VARCHAR")
    return connection.sql(
        REFERRED, params=dict(zip(("decision_days", "draw_days"), days, strict=True))
    ).to_arrow_table()


def batch_label(text: str, keys: Keys) -> str:
    """Return a batch's label where it is made of numbers, dates and counting words; else its keyed hash."""
    return text if _PLAIN_LABEL.fullmatch(text) else row_key_hash(keys, f"referral_batch|{text}")


def referral_vault(run_id: str) -> str:
    """Name a run's referral list in the vault."""
    return f"{run_id}-referrals"


def referral_list(intake: Intake, pseudonyms: dict[str, str]) -> pa.Table:
    """Return every standing row of the referral lists as the office named it (C2, for the vault only), with its household_key.

    Null where the row is nobody's yet: its link waits for a person, or its day is not come.
    """
    rows = intake.settled["trader_referral"]
    connection = _connect(pseudonyms, rows=rows, links=intake.links, traders=intake.facts["traders"])
    return connection.sql(LISTED).to_arrow_table()


def _connect(pseudonyms: dict[str, str], **tables: pa.Table) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    keys = {
        "unit_code": pa.array(pseudonyms.keys(), pa.string()),
        "household_key": pa.array(pseudonyms.values(), pa.string()),
    }
    for name, table in {**tables, "keys": pa.table(keys)}.items():
        connection.register(name, table)
    return connection
