"""A batch says nothing of households that it does not name: after a shorter list every part gives one answer."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, new_store, put_in_force, request_of, score_into
from tests.flow.test_one_product import branch_rows
from tests.flow.test_receipts import view
from village_credit import cli
from village_credit.errors import RunConflict
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.services.approval.rollback import roll_back
from village_credit.services.casework.renewals import renew
from village_credit.services.queries.diff import diff_runs
from village_credit.services.queries.explain import explain
from village_credit.services.queries.notices import notices
from village_credit.services.queries.simulate import simulate
from village_credit.services.scoring import stage
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

FIRST, SECOND, FAR = date(2026, 11, 20), date(2026, 11, 25), date(2099, 12, 31)
LIST = Path(COUNTY_OF_TESTS) / "县政府办/个体户推荐名单.csv"
POLICY = MODELS / "limit_policy.toml"
Line = tuple[str, str]  # household_key, product


@dataclasses.dataclass
class Story:
    """A county published whole, then a batch of traders, then one whose list is shorter; the lines after each."""

    store: Store
    published: dict[str, Any] = dataclasses.field(default_factory=dict)
    lines: dict[str, dict[Line, int]] = dataclasses.field(default_factory=dict)
    inboxes: dict[str, Path] = dataclasses.field(default_factory=dict)


def standing(store: Store) -> dict[Line, int]:
    rows = lines_in_force(store, Ledger.of(store), COUNTY_OF_TESTS).to_pylist()
    return {(row["household_key"], row["product"]): row["limit_yuan"] for row in rows}


def shortened(inbox: Path, folder: Path, names: slice) -> Path:
    """The same inbox with some of the traders' list."""
    shutil.copytree(inbox, folder)
    header, *lines = (folder / LIST).read_text(encoding="utf-8-sig").splitlines()
    (folder / LIST).write_text("\r\n".join([header, *lines[names], ""]), encoding="utf-8-sig")
    return folder


def batch(story: Story, name: str, inbox: Path, as_of: date) -> None:
    run = stage.score_inbox(story.store, inbox, request_of(COUNTY_OF_TESTS, as_of, product="trader_loan"))
    story.published[name] = put_in_force(story.store, run.run_id)
    story.lines[name] = standing(story.store)
    story.inboxes[name] = inbox


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("lines")
    synthesize(folder / "inbox", COUNTY_OF_TESTS, 8, 240, 7, AS_OF, "none")
    found = Story(new_store(folder))
    whole = score_into(found.store, folder / "inbox", COUNTY_OF_TESTS).run.run_id
    found.published["whole"] = put_in_force(found.store, whole)
    found.lines["whole"] = standing(found.store)
    batch(found, "first", shortened(folder / "inbox", folder / "first", slice(None)), FIRST)
    batch(found, "second", shortened(folder / "inbox", folder / "second", slice(2, None)), SECOND)
    return found


def named(story: Story, name: str) -> set[Line]:
    path = story.store.run_folder(story.published[name].run_id) / "decisions.parquet"
    query = "SELECT household_key, product FROM read_parquet($p) WHERE product = 'trader_loan'"
    return set(view(story.store, query, p=str(path)))


def test_a_household_that_a_batch_does_not_name_keeps_its_line(story: Story):
    left_out = named(story, "first") - named(story, "second")
    assert len(left_out) == 2
    assert {line: story.lines["second"][line] for line in left_out} == {
        line: story.lines["first"][line] for line in left_out
    }
    assert story.lines["second"].keys() == story.lines["first"].keys()


def test_every_household_that_was_published_has_its_decision_in_force(story: Story):
    current = view(story.store, "SELECT household_key, product, limit_yuan FROM limits_current")
    assert {(key, product): limit for key, product, limit in current} == story.lines["second"]
    assert len(current) == len(story.lines["second"])
    ever = {key for (key,) in view(story.store, "SELECT household_key FROM limits_history")}
    assert {key for key, _ in story.lines["second"]} == ever


def test_history_calls_superseded_what_is_not_in_force_and_nothing_else(story: Story):
    query = "SELECT household_key, product FROM limits_history WHERE superseded_at IS NULL"
    open_lines = view(story.store, query)
    assert sorted(open_lines) == sorted(story.lines["second"])


def test_the_branches_of_a_shorter_list_hear_of_no_removal(story: Story):
    rows = branch_rows(story.published["second"].outbox)
    assert {row["product"] for row in rows} <= {"trader_loan"}
    assert {row["action"] for row in rows} <= {"grant", "change"}
    assert len(rows) <= len(named(story, "second"))


def test_explain_tells_each_line_in_force_with_its_publication(story: Story):
    for key, product in sorted(named(story, "first")):
        told = {line["product"]: line for line in explain(story.store, key)["lines"]}
        assert told[product]["limit_yuan"] == story.lines["second"][key, product]
        name = "second" if (key, product) in named(story, "second") else "first"
        assert told[product]["publication_id"] == story.published[name].publication_id


def test_a_notice_says_whether_its_line_is_in_force(story: Story):
    found: dict[Line, list[str]] = {}
    for name in story.published:
        for notice in notices(story.store, story.published[name].run_id):
            found.setdefault((notice["household_key"], notice["product"]), []).append(notice["state"])
    assert {line: states.count("in_force") for line, states in found.items()} == dict.fromkeys(found, 1)
    assert found.keys() == story.lines["second"].keys()


def test_a_renewal_counts_the_lines_in_force(story: Story, tmp_path: Path):
    shutil.copytree(story.store.root, tmp_path / "store")
    shutil.copy(story.store.root.parent / "keys", tmp_path / "keys")
    done = renew(new_store(tmp_path), COUNTY_OF_TESTS, FAR, "2002", "test")
    query = "SELECT count(*), CAST(sum(limit_yuan) AS BIGINT) FROM limits_current WHERE valid_to IS NOT NULL"
    assert [(done.lines, done.sum_limit_yuan)] == view(story.store, query)


def test_a_simulation_of_the_same_policy_changes_nothing(story: Story):
    found = simulate(story.store, COUNTY_OF_TESTS, POLICY, SECOND)
    total = sum(story.lines["second"].values())
    households = len({key for key, _ in story.lines["second"]})
    assert (found.households, sum(row["before_yuan"] for row in found.changes)) == (households, total)
    assert [(row["change"], row["after_yuan"]) for row in found.changes] == [("same", total)]


def test_coverage_counts_every_household_once_and_every_line(story: Story):
    query = "SELECT CAST(sum(households) AS BIGINT), CAST(sum(sum_limit_yuan) AS BIGINT) FROM village_coverage"
    granted = (
        "SELECT count(DISTINCT household_key), CAST(sum(limit_yuan) FILTER (decision = 'granted') AS BIGINT) "
        "FROM limits_current"
    )
    assert view(story.store, query) == view(story.store, granted)


def test_a_diff_of_a_batch_is_what_its_publication_would_change(story: Story, tmp_path: Path):
    shutil.copytree(story.store.root, tmp_path / "store")
    shutil.copy(story.store.root.parent / "keys", tmp_path / "keys")
    store = new_store(tmp_path)
    third = shortened(story.inboxes["second"], tmp_path / "third", slice(1, None))
    run = stage.score_inbox(store, third, request_of(COUNTY_OF_TESTS, date(2026, 12, 2), product="trader_loan"))
    changes = diff_runs(store, run.run_id).changes
    before = sum(standing(store).values())
    put_in_force(store, run.run_id)
    net = sum(row["after_yuan"] - row["before_yuan"] for row in changes)
    assert sum(standing(store).values()) - before == net
    assert sum(row["households"] for row in changes) == run.counts["households"].get("granted", 0) + sum(
        run.counts["households"].get(name, 0) for name in ("declined", "manual_review")
    )


def test_the_next_whole_scoring_starts_from_every_line(story: Story, tmp_path: Path):
    shutil.copytree(story.store.root, tmp_path / "store")
    shutil.copy(story.store.root.parent / "keys", tmp_path / "keys")
    store = new_store(tmp_path)
    run = score_into(store, story.inboxes["first"], COUNTY_OF_TESTS, date(2026, 12, 10)).run.run_id
    known = view(
        store,
        "SELECT household_key, product, limit_yuan FROM read_parquet($p) WHERE is_own",
        p=str(store.run_folder(run) / "lines_before.parquet"),
    )
    lines = {(key, product): limit for key, product, limit in known}
    expected = {line: limit for line, limit in story.lines["second"].items() if line in lines}
    assert lines == expected
    assert {line for line in named(story, "first") if story.lines["second"][line]} <= lines.keys()


def test_a_batch_that_is_brought_back_restores_its_product_as_it_stood(story: Story, tmp_path: Path):
    shutil.copytree(story.store.root, tmp_path / "store")
    shutil.copy(story.store.root.parent / "keys", tmp_path / "keys")
    store = new_store(tmp_path)
    first, second = (story.published[name].publication_id for name in ("first", "second"))
    roll_back(store, COUNTY_OF_TESTS, first, "3003", "the second list was wrong")
    assert standing(store) == story.lines["first"]
    roll_back(store, COUNTY_OF_TESTS, second, "3003", "it was right")
    assert standing(store) == story.lines["second"]
    with pytest.raises(RunConflict, match="in force"):
        roll_back(store, COUNTY_OF_TESTS, "p20261125-" + story.published["second"].run_id[1:13] + "-r1", "3003", "x")


def test_the_command_shows_every_line_of_a_household(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(story.store.root.parent / "keys"))
    key, product = min(named(story, "first"))
    assert cli.main(["explain", key, "--store", str(story.store.root), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {line["product"] for line in told["lines"]} == {name for one, name in story.lines["second"] if one == key}
    assert product in {line["product"] for line in told["lines"]}
