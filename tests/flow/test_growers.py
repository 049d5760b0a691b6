"""A published county shows each household's colour, and the growers whom a customer manager visits."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.conftest import MODELS, Scored
from village_credit.services.queries.simulate import simulate

DECLINES = (
    "CONSENT_WITHDRAWN",
    "RELATED_PARTY",
    "NEGATIVE_LIST",
    "OVERDUE_90",
    "OUT_OF_AREA",
    "NO_BORROWER",
    "AGE_TERM",
    "OTHER_PRODUCT",
    "LOWEST_BAND",
)


def view(scored: Scored, query: str) -> list[tuple]:
    connection = duckdb.connect(str(scored.store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_every_household_has_a_colour_that_its_reasons_explain(published: Scored):
    rows = view(published, "SELECT screen, decision, reason_codes FROM limits_current")
    assert {screen for screen, _, _ in rows} == {"white", "grey", "black"}
    for screen, decision, reasons in rows:
        assert (screen == "black") == bool(set(reasons) & set(DECLINES))
        assert screen == "black" or (screen == "grey") == (decision == "manual_review")
    assert view(published, "SELECT count(*) FROM limits_history WHERE screen IS NULL") == [(0,)]


def test_growers_are_listed_with_what_their_limit_leaves_open(published: Scored):
    rows = view(
        published,
        "SELECT f.*, c.limit_yuan AS limit_in_force, w.need_yuan AS need FROM follow_up AS f JOIN limits_current AS c USING (run_id, household_key, product)"  # noqa: E501
        " JOIN limit_waterfall AS w USING (run_id, household_key, product)",
    )
    names = [name for (name,) in view(published, "SELECT column_name FROM (DESCRIBE follow_up)")]
    found = [dict(zip([*names, "limit_in_force", "need"], row, strict=True)) for row in rows]
    assert {tag for row in found for tag in row["tags"]} >= {"family_farm"}
    for row in found:
        assert (row["limit_yuan"], row["need_yuan"]) == (row["limit_in_force"], row["need"])
        assert row["shortfall_yuan"] == max(0, row["need"] - row["limit_in_force"])
        assert row["village_code"].startswith(row["township_code"])
        assert ("large_grower" in row["tags"]) == (row["declared_mu"] is not None and row["declared_mu"] >= 100)
        assert row["managed_mu"] is not None or row["tags"] == ["large_grower"]


def test_a_policy_by_which_a_listing_stays_with_its_member_can_be_tried(published: Scored, tmp_path: Path):
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    file = tmp_path / "policy.toml"
    file.write_text(text.replace('negative_list = "any_adult"', 'negative_list = "borrower_only"'), encoding="utf-8")
    tried = simulate(published.store, "659900", file)
    assert {row["change"] for row in tried.changes} == {"new", "same"}
    assert {row["moved_by"] for row in tried.movers} == {"NEGATIVE_LIST"}
