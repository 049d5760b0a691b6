"""Traders whom a county referred: what a run decided of each, and two clocks on working days, to the decision and to the first draw."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

import duckdb
import pyarrow as pa

from village_credit.publish.keys import Keys, row_key_hash
from village_credit.publish.working_days import working_calendar
from village_credit.run import Intake

PRODUCT = "trader_loan"
CHINA = timezone(timedelta(hours=8))
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
# `publications` (run_id, product, published_on), `branch_limits` (run_id, household_key, product, branch_limit_yuan,
# branch_limit_on, is_last) and `working_calendar` (day, working_days) beside it; due: the last day in time
CLOCKS = """
WITH referred AS (  -- a run of another product decides no referral
    SELECT * FROM {referrals} ANTI JOIN (SELECT run_id FROM publications WHERE product <> 'trader_loan') USING (run_id)
), told AS (
    SELECT r.*, p.published_on FROM referred AS r LEFT JOIN publications AS p USING (run_id)
), decided AS (  -- the first publication that decides it, whichever run's row one looks at
    SELECT county_code, household_key, referral_batch, referred_on, min(published_on) FILTER (decision <> 'manual_review') AS decided_on
    FROM told GROUP BY ALL
), days_drawn AS (  -- a draw that was taken back has an equal one below nothing beside it
    SELECT household_key, drawn_on FROM (SELECT NULL::VARCHAR AS contract_key, NULL::DECIMAL(18, 2) AS amount_yuan WHERE false UNION ALL BY NAME FROM {draws})
    WHERE product = 'trader_loan' GROUP BY contract_key, household_key, drawn_on HAVING coalesce(sum(amount_yuan), 1) > 0
), drawn AS (
    SELECT household_key, referral_batch, referred_on, min(drawn_on) AS first_drawn_on
    FROM decided JOIN days_drawn USING (household_key) WHERE drawn_on >= referred_on GROUP BY ALL
), refused AS (  -- by the branch: nobody owes a draw any more
    SELECT run_id, household_key, min(branch_limit_on) AS refused_on FROM branch_limits
    WHERE product = 'trader_loan' AND branch_limit_yuan = 0 AND is_last GROUP BY ALL
), known AS (SELECT min(day) AS first_day, max(day) AS last_day FROM working_calendar),
reached AS (SELECT working_days, min(day) AS day FROM working_calendar GROUP BY working_days),
days AS (
    SELECT r.run_id, r.household_key, r.county_code, r.referral_batch, r.referred_on, r.applied_yuan, r.decision, r.limit_yuan,
           d.decided_on, w.first_drawn_on, r.decision_days, r.draw_days, decision = 'granted' AS is_granted,
           CASE WHEN a.day IS NOT NULL THEN greatest(r.referred_on, a.day) END AS decision_due_on,  -- GREATEST would pass over an unknown day
           CASE WHEN b.day IS NOT NULL AND decision = 'granted' THEN greatest(r.referred_on, b.day) END AS draw_due_on,
           f.working_days - s.working_days AS decision_working_days, g.working_days - s.working_days AS draw_working_days,
           coalesce(w.first_drawn_on, n.refused_on) AS draw_ended_on, e.working_days - s.working_days AS draw_ended_days, first_day, last_day
    FROM referred AS r JOIN decided AS d USING (county_code, household_key, referral_batch, referred_on)
    LEFT JOIN drawn AS w USING (household_key, referral_batch, referred_on) LEFT JOIN refused AS n USING (run_id, household_key)
    LEFT JOIN working_calendar AS s ON s.day = r.referred_on
    LEFT JOIN working_calendar AS f ON f.day = d.decided_on LEFT JOIN working_calendar AS g ON g.day = w.first_drawn_on
    LEFT JOIN working_calendar AS e ON e.day = coalesce(w.first_drawn_on, n.refused_on)
    LEFT JOIN reached AS a ON a.working_days = s.working_days + r.decision_days
    LEFT JOIN reached AS b ON b.working_days = s.working_days + r.draw_days
    CROSS JOIN known
), clocked AS (
    SELECT *, {decision_clock} AS decision_clock,
           CASE WHEN NOT coalesce(is_granted, false) OR (first_drawn_on IS NULL AND draw_ended_on <= draw_due_on) THEN 'none'
                ELSE {draw_clock} END AS draw_clock
    FROM days
)
SELECT * EXCLUDE (is_granted, draw_ended_on, draw_ended_days, first_day, last_day),
       CASE WHEN decision_clock <> 'not_known' AND draw_clock <> 'not_known' THEN NULL
            WHEN decision_days IS NULL OR draw_days IS NULL THEN 'the policy names no days'
            WHEN decided_on < referred_on THEN 'decided before it was referred'
            ELSE 'working days are known from ' || coalesce(first_day::VARCHAR, '?') || ' to ' || coalesce(last_day::VARCHAR, '?') || ' only' END AS clock_note
FROM clocked
"""


def _clock(end: str, days: str, taken: str, due: str) -> str:
    """Write a clock's state: over (same_day, in_time, late), open, or not_known; whether it is late while open, a day must say.

    The same day is the referral's own, not the Saturday after it, though no working day has passed.
    """
    return f"""CASE WHEN {days} IS NULL OR {end} < referred_on OR ({end} IS NOT NULL AND {taken} IS NULL) OR ({end} IS NULL AND {due} IS NULL) THEN 'not_known'
        WHEN {end} IS NULL THEN 'open' WHEN {end} = referred_on THEN 'same_day' WHEN {taken} <= {days} THEN 'in_time' ELSE 'late' END"""


def clocks_sql(referrals: str, draws: str) -> str:
    """Write the query of referrals with their clocks over two relations; one row a referred trader and run."""
    return CLOCKS.format(
        referrals=referrals,
        draws=draws,
        decision_clock=_clock("decided_on", "decision_days", "decision_working_days", "decision_due_on"),
        draw_clock=_clock("draw_ended_on", "draw_days", "draw_ended_days", "draw_due_on"),
    )


def referral_table(
    facts: dict[str, pa.Table],
    decisions: pa.Table,
    pseudonyms: dict[str, str],
    days: tuple[int | None, int | None],
    keys: Keys,
) -> pa.Table:
    """Give a run's referred traders and their decisions, by household_key; a batch's label only where it can name nobody.

    `days`: working days to the decision and to the first draw, as the policy has them on the run's day.
    """
    connection = _connect(
        pseudonyms, traders=facts["traders"], households=facts["households"], decisions=decisions
    )
    connection.create_function("batch_label", lambda text: batch_label(text, keys), ["VARCHAR"], "VARCHAR")
    return connection.sql(
        REFERRED, params=dict(zip(("decision_days", "draw_days"), days, strict=True))
    ).to_arrow_table()


def batch_label(text: str, keys: Keys) -> str:
    """Give a batch's label where it is made of numbers, dates and counting words; else its keyed hash."""
    return text if _PLAIN_LABEL.fullmatch(text) else row_key_hash(keys, f"referral_batch|{text}")


def referral_vault(run_id: str) -> str:
    """Name a run's referral list in the vault."""
    return f"{run_id}-referrals"


def referral_list(intake: Intake, pseudonyms: dict[str, str]) -> pa.Table:
    """Give every standing row of the referral lists as the office named it (C2, for the vault only), with its household_key.

    Null where the row is nobody's yet: its link waits for a person, or its day is not come.
    """
    rows = intake.settled["trader_referral"]
    connection = _connect(pseudonyms, rows=rows, links=intake.links, traders=intake.facts["traders"])
    return connection.sql(LISTED).to_arrow_table()


def _connect(pseudonyms: dict[str, str], **tables: pa.Table) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    keys = {"unit_code": pa.array(pseudonyms.keys(), pa.string()), "household_key": pa.array(pseudonyms.values(), pa.string())}  # fmt: skip
    for name, table in {**tables, "keys": pa.table(keys)}.items():
        connection.register(name, table)
    return connection


def day_in_china(at: str) -> date:
    """Give the day that it was in China at a moment of the ledger (UTC)."""
    return datetime.fromisoformat(at).astimezone(CHINA).date()


def calendar_since(first: date | None) -> list[tuple[date, int]]:
    """Give the working calendar from the year of the first referral on; none without referrals."""
    return working_calendar(first.year) if first else []
