"""Traders whom a county referred.

What a run decided of each, and two clocks on working days, to the decision and to the first draw.
"""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa

from village_credit.duckdb_session import own_function, own_tables
from village_credit.intake import Intake
from village_credit.pseudonyms import Keys, row_key_hash
from village_credit.sql_files import sql

PRODUCT = "trader_loan"
# Numbers, dates and counting words name nobody; a longer number might be a telephone's
_PLAIN_LABEL = re.compile(r"(?!.*[0-9]{9})[0-9年月日第批次期号\-_/.()（）〔〕 一二三四五六七八九十〇]{1,30}")
REFERRED = sql("tables", "referred")
LISTED = sql("tables", "listed")


def referral_table(
    facts: dict[str, pa.Table],
    decisions: pa.Table,
    pseudonyms: dict[str, str],
    days: tuple[int | None, int | None],
    keys: Keys,
) -> pa.Table:
    """Return a run's referred traders and their decisions, by household_key.

    A batch's label only where it can name nobody.

    `days`: working days to the decision and to the first draw, as the policy has them on the run's day.
    """
    connection = _connect(pseudonyms, traders=facts["traders"], households=facts["households"], decisions=decisions)
    own_function(connection, "batch_label", lambda text: batch_label(text, keys))
    return connection.sql(
        REFERRED, params=dict(zip(("decision_days", "draw_days"), days, strict=True))
    ).to_arrow_table()


def batch_label(text: str, keys: Keys) -> str:
    """Return a batch's label where it is made of numbers, dates and counting words; else its keyed hash."""
    return text if _PLAIN_LABEL.fullmatch(text) else row_key_hash(keys, f"referral_batch|{text}")


def referral_list(intake: Intake, pseudonyms: dict[str, str]) -> pa.Table:
    """Return standing referrals as the office named them (for the vault only), with household_key.

    Null where the row is nobody's yet: its link waits for a person, or its day is not come.
    """
    rows = intake.settled["trader_referral"]
    connection = _connect(pseudonyms, rows=rows, links=intake.links, traders=intake.facts["traders"])
    return connection.sql(LISTED).to_arrow_table()


def _connect(pseudonyms: dict[str, str], **tables: pa.Table) -> duckdb.DuckDBPyConnection:
    connection = own_tables()
    keys = {
        "unit_code": pa.array(pseudonyms.keys(), pa.string()),
        "household_key": pa.array(pseudonyms.values(), pa.string()),
    }
    for name, table in {**tables, "keys": pa.table(keys)}.items():
        connection.register(name, table)
    return connection
