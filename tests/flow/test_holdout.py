"""The random hold-out from draw to letter: who may be drawn, by lot and by two people, and what the next run makes of it."""  # noqa: E501

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, PREPARER, Scored, copy_of, put_in_force, request_of
from village_credit import cli
from village_credit.errors import GateRefused, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.report.account import account_text
from village_credit.services.casework.holdout import draw_holdout
from village_credit.services.queries.explain import explain
from village_credit.services.queries.verify import verify_run
from village_credit.services.scoring import stage as score
from village_credit.store.store import Store

NEXT = date(2026, 12, 1)
FIGURE = '  { name = "holdout_cap", value = 6000, unit = "yuan", from = 2024-01-01, reference = "", verified = false },'
PEOPLE = ("2002", "3003")


@dataclass(frozen=True)
class Story:
    """A county in force, the run that was drawn from, and the run after it."""

    scored: Scored
    models: Path
    drawn: Any
    again: str

    @property
    def store(self) -> Store:
        return self.scored.store


def models_with_cap(folder: Path) -> Path:
    shutil.copytree(MODELS, folder)
    policy = folder / "limit_policy.toml"
    policy.write_text(policy.read_text("utf-8").replace("figures = [", f"figures = [\n{FIGURE}", 1), "utf-8")
    return folder


@pytest.fixture(scope="module")
def story(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("holdout")
    scored, models = copy_of(published, folder / "store"), models_with_cap(folder / "models")
    policy = models / "limit_policy.toml"
    drawn = draw_holdout(scored.store, scored.run.run_id, Decimal("0.2"), PEOPLE, "to learn below the cut", policy)
    request = request_of(COUNTY_OF_TESTS, NEXT, models=models)
    again = score.score_inbox(scored.store, scored.inbox, request).run_id
    put_in_force(scored.store, again)
    return Story(scored, models, drawn, again)


def rows_of(store: Store, run_id: str, table: str = "decisions") -> dict[tuple[str, str], dict[str, Any]]:
    path = store.run_folder(run_id) / f"{table}.parquet"
    return {(r["household_key"], r["product"]): r for r in pq.read_table(path, partitioning=None).to_pylist()}


def said(story: Story) -> list[dict[str, Any]]:
    (entry,) = [one for one in Ledger.of(story.store) if "holdout" in one.details]
    return entry.details["verdicts"]


def test_a_share_of_those_whom_only_the_score_declines_is_drawn_and_recorded(story: Story):
    before = rows_of(story.store, story.scored.run.run_id)
    terms = rows_of(story.store, story.scored.run.run_id, "waterfall")
    only = {
        line for line, row in before.items() if row["decision"] == "declined" and row["reason_codes"] == ["LOWEST_BAND"]
    }
    named = ("capacity_yuan", "need_yuan", "headroom_yuan", "rise_yuan", "branch_yuan")
    most = {
        line: min([6000, *(terms[line][n] for n in named if terms[line][n] is not None)]) // 1000 * 1000
        for line in only
    }
    able = {line for line in only if most[line] >= 5000}
    assert story.drawn.eligible == len(able) >= 10
    assert story.drawn.drawn == len(able) // 5 == len(said(story))
    assert {(v["household_key"], v["product"]): v["limit_yuan"] for v in said(story)}.items() <= {
        line: most[line] for line in able
    }.items()
    (entry,) = [one for one in Ledger.of(story.store) if "holdout" in one.details]
    assert (entry.by, entry.details["holdout"]["second"], entry.details["holdout"]["share"]) == (*PEOPLE, "0.2")


def test_the_next_run_grants_them_and_nobody_else_for_it(story: Story):
    after = rows_of(story.store, story.again)
    granted = {line for line, row in after.items() if "HOLDOUT_GRANTED" in row["reason_codes"]}
    asked = {(v["household_key"], v["product"]): v["limit_yuan"] for v in said(story)}
    assert granted
    assert granted <= set(asked)
    for line in granted:
        row = after[line]
        assert (row["decision"], row["limit_yuan"], row["band"]) == ("granted", asked[line], "E")
        assert row["reason_codes"] == ["HOLDOUT_GRANTED", "LOWEST_BAND"]
    still = {line for line in set(asked) - granted if line in after and after[line]["reason_codes"] == ["LOWEST_BAND"]}
    assert not still  # whoever is left out is so for another reason, or scores better by now


def test_the_account_says_so_in_every_language_and_the_run_comes_out_the_same(story: Story):
    line = next(
        line for line, row in rows_of(story.store, story.again).items() if "HOLDOUT_GRANTED" in row["reason_codes"]
    )
    found = explain(story.store, line[0])
    assert "随机抽取" in account_text(found, "zh")
    assert "drawn by lot" in account_text(found, "en")
    assert account_text(found, "ug")
    assert verify_run(story.store, story.again, story.models).is_whole


def test_the_same_draw_comes_out_again_and_a_run_is_drawn_from_once(story: Story, published: Scored, tmp_path: Path):
    other = copy_of(published, tmp_path).store
    policy = story.models / "limit_policy.toml"
    args = (published.run.run_id, Decimal("0.20"), PEOPLE, "again", policy)
    draw_holdout(other, *args)
    (entry,) = [one for one in Ledger.of(other) if "holdout" in one.details]
    assert entry.details["verdicts"] == said(story)
    with pytest.raises(GateRefused, match="is drawn from once"):
        draw_holdout(other, *args)


def test_at_most_a_fifth_is_drawn_over_all_runs_and_a_draw_of_nobody_is_refused(story: Story, published: Scored):
    policy = story.models / "limit_policy.toml"
    with pytest.raises(GateRefused, match="nobody would be drawn"):
        draw_holdout(story.store, story.again, Decimal("0.2"), PEOPLE, "another fifth", policy)
    with pytest.raises(GateRefused, match="makes less than one"):
        draw_holdout(published.store, published.run.run_id, Decimal("0.01"), PEOPLE, "too few", policy)


@pytest.mark.parametrize(
    ("change", "refusal", "told"),
    [
        ({"policy": MODELS / "limit_policy.toml"}, GateRefused, "no holdout_cap"),
        ({"people": ("2002", "2002")}, GateRefused, "second person"),
        ({"people": (PREPARER, "2002")}, GateRefused, "prepared"),
        ({"people": ("2002", PREPARER)}, GateRefused, "prepared"),
        ({"share": Decimal("0.3")}, UsageError, "at most 0.2"),
        ({"share": Decimal(0)}, UsageError, "more than 0"),
        ({"share": Decimal("NaN")}, UsageError, "no share"),
    ],
)
def test_a_draw_that_may_not_be_is_refused_and_nothing_is_recorded(
    story: Story, published: Scored, change, refusal, told
):
    given = {"share": Decimal("0.1"), "people": PEOPLE, "policy": story.models / "limit_policy.toml"} | change
    with pytest.raises(refusal, match=told):
        draw_holdout(published.store, published.run.run_id, given["share"], given["people"], "why", given["policy"])
    assert not [one for one in Ledger.of(published.store) if "holdout" in one.details]


def test_the_verb_draws_and_asks_for_what_it_needs(
    story: Story, published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store = copy_of(published, tmp_path).store
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_MODELS", str(story.models))
    words = ["reviews", "draw", published.run.run_id, "--by", "2002"]
    assert cli.main(words) == 2
    assert "needs --share, --second and --reason" in capsys.readouterr().err
    assert cli.main([*words, "--share", "0.1", "--second", "3003", "--reason", "to learn"]) == 0
    assert f"of {story.drawn.eligible:,} households that only the score declines" in capsys.readouterr().out
