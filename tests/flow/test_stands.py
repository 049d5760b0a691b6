"""What stands while nothing is delivered: limits, a branch's word, holds; and a difference is what the views become."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, SIGNER, by_unit, new_store, put_in_force, request_of
from village_credit.ledger.ledger import Ledger
from village_credit.pseudonyms import household_ref
from village_credit.publish.outbox import packaged_for_branches, refresh_warehouse
from village_credit.services.approval.rollback import roll_back
from village_credit.services.casework import holds
from village_credit.services.queries.diff import diff_runs
from village_credit.services.queries.explain import explain
from village_credit.services.queries.notices import notices
from village_credit.services.scoring import stage
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

FIRST, MONTHS = date(2026, 11, 1), 14
TERMS = ("capacity_yuan", "band_yuan", "need_yuan", "headroom_yuan")
HELD_AT, RELEASED_AT, BATCHES_AT, BACK_AT = 3, 5, (2, 6, 11), 9
PUBLICATIONS = MONTHS + len(BATCHES_AT)


def month(number: int) -> date:
    return date(FIRST.year + (FIRST.month - 1 + number) // 12, (FIRST.month - 1 + number) % 12 + 1, 1)


@dataclass
class Story:
    store: Store
    cut: str = ""
    refused: str = ""
    held: str = ""
    runs: list[str] = field(default_factory=list)
    moves: list[tuple[int, int]] = field(default_factory=list)  # of each publication: by the difference, by the views
    while_held: dict[str, Any] = field(default_factory=dict)


def total(store: Store) -> int:
    """The sum of the limits in force, as the views have it that were last written."""
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    ((found,),) = connection.execute("SELECT coalesce(sum(limit_yuan), 0) FROM limits_current").fetchall()
    connection.close()
    return int(found)


def publish(story: Story, run_id: str) -> None:
    """Put a run in force, and keep what its difference said and what the views became."""
    refresh_warehouse(story.store)
    before = total(story.store)
    said = diff_runs(story.store, run_id)
    net = sum(row["after_yuan"] - row["before_yuan"] for row in said.changes)
    loaded = before if said.against != "nothing published" else sum(row["before_yuan"] for row in said.changes)
    put_in_force(story.store, run_id)
    story.moves.append((net, total(story.store) - loaded))


def answer(story: Story, folder: Path, lines: list[tuple[str, str, str]]) -> None:
    """The branch answers lines of the last publication: household, outcome, limit."""
    ledger = Ledger.of(story.store)
    told = ledger.publications[-1].publication_id
    found = packaged_for_branches(story.store, ledger, told)
    rows = {row["household_key"]: row for row in found[1].to_pylist()} if found else {}
    for number, (key, outcome, limit) in enumerate(lines):
        ref = household_ref(story.store.keys, told, rows[key]["unit_code"], rows[key]["product"])
        path = folder / f"回执{len(story.runs)}{number}.csv"
        header = "publication_id,household_ref,outcome,reason,at,branch_limit_yuan"
        path.write_text(f"{header}\n{told},{ref},{outcome},x,2026-11-15,{limit}\n", encoding="utf-8")
        acknowledge(story.store, path, SIGNER, MODELS / "limit_policy.toml", rows[key]["branch_code"])


def decisions(story: Story, number: int) -> dict[str, dict[str, Any]]:
    """What a run decided of each household, with its terms."""
    folder = story.store.run_folder(story.runs[number])
    rows: dict[str, dict[str, Any]] = {}
    for name in ("waterfall", "decisions"):
        for row in pq.read_table(folder / f"{name}.parquet", partitioning=None).to_pylist():
            rows.setdefault(row["household_key"], {}).update(row)
    return rows


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One delivery, published for fourteen months, with a branch's words, a hold, batches and a rollback."""
    folder = tmp_path_factory.mktemp("stands")
    inbox = folder / "inbox"
    synthesize(inbox, COUNTY_OF_TESTS, 3, 60, 7, FIRST, "none")
    story = Story(new_store(folder))
    for number in range(MONTHS):
        run = stage.score_inbox(story.store, inbox, request_of(COUNTY_OF_TESTS, month(number)))
        story.runs.append(run.run_id)
        publish(story, run.run_id)
        if number == 0:
            granted = [key for key, row in decisions(story, 0).items() if row["limit_yuan"] >= 20_000]
            story.cut, story.refused, story.held = by_unit(story.store, run.run_id, granted)[:3]
            limit = decisions(story, 0)[story.cut]["limit_yuan"] // 2 // 1000 * 1000
            answer(story, folder, [(story.cut, "changed", str(limit)), (story.refused, "refused", "")])
        if number == HELD_AT:
            before = total(story.store)
            holds.hold(story.store, story.held, SIGNER, "reported")
            (text,) = [n["text"] for n in notices(story.store, run.run_id) if n["household_key"] == story.held]
            story.while_held = {
                "lost": before - total(story.store),  # a hold writes the views itself
                "limit": decisions(story, number)[story.held]["limit_yuan"],
                "notice": text,
                "explain": explain(story.store, story.held)["decision"],
                "view": _view_of(story.store, story.held),
            }
        if number == RELEASED_AT:
            holds.release(story.store, story.held, SIGNER, "a mistake")
        if number in BATCHES_AT:
            batch = stage.score_inbox(
                story.store, inbox, request_of(COUNTY_OF_TESTS, month(number).replace(day=9), product="trader_loan")
            )
            publish(story, batch.run_id)
        if number == BACK_AT:
            first = Ledger.of(story.store).publications[number - 1].publication_id
            roll_back(story.store, COUNTY_OF_TESTS, first, "3003", "test")
    return story


def _view_of(store: Store, key: str) -> tuple[Any, ...]:
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    query = """SELECT decision, limit_yuan, reason_codes[1], held_since IS NOT NULL FROM limits_current
               WHERE household_key = ?"""
    (row,) = connection.execute(query, [key]).fetchall()
    connection.close()
    return tuple(row)


def test_no_limit_moves_by_being_scored_again(story: Story):
    """From month to month a limit changes only where another of its terms does."""
    for number in range(1, MONTHS):
        before, after = decisions(story, number - 1), decisions(story, number)
        apart = {story.cut, story.refused, story.held}
        moved = [
            (number, key, before[key]["limit_yuan"], row["limit_yuan"])
            for key, row in after.items()
            if key not in apart
            and all(row[term] == before[key][term] for term in TERMS)
            and row["reason_codes"] == before[key]["reason_codes"]
            and row["limit_yuan"] != before[key]["limit_yuan"]
        ]
        assert moved == []


def test_the_rise_is_that_of_the_first_limit_for_a_year(story: Story):
    first = decisions(story, 0)
    for number in range(1, 12):
        for key, row in decisions(story, number).items():
            if first[key]["limit_yuan"] > 0 and row["product"] == first[key]["product"]:
                assert row["rise_base_yuan"] == first[key]["limit_yuan"]


def test_a_branch_s_cut_and_refusal_stand_for_twelve_scorings_and_end_on_their_day(story: Story):
    """Said on 15 November: the scoring of 1 November a year later is the twelfth, that of 1 December is free of it."""
    cut = decisions(story, 0)[story.cut]["limit_yuan"] // 2 // 1000 * 1000
    for number in range(1, 13):
        rows = decisions(story, number)
        assert (rows[story.cut]["limit_yuan"], rows[story.cut]["binding_term"]) == (cut, "branch")
        assert (rows[story.refused]["decision"], rows[story.refused]["reason_codes"]) == (
            "declined",
            ["BRANCH_REFUSED"],
        )
    freed = decisions(story, 13)
    assert freed[story.cut]["branch_yuan"] is None
    assert freed[story.cut]["limit_yuan"] > cut
    assert freed[story.refused]["decision"] == "granted"


def test_the_difference_of_each_publication_is_what_the_views_become(story: Story):
    assert len(story.moves) == PUBLICATIONS == 17
    assert [said for said, _ in story.moves] == [became for _, became in story.moves]


def test_who_is_held_has_nothing_at_once_and_everywhere(story: Story):
    found = story.while_held
    assert found["limit"] > 0
    assert found["lost"] == found["limit"]
    assert found["view"] == ("manual_review", 0, "HELD", True)
    assert (found["explain"]["decision"], found["explain"]["limit_yuan"]) == ("manual_review", 0)
    assert f"{found['limit']:,}" not in found["notice"]
    assert str(found["limit"]) not in found["notice"]
