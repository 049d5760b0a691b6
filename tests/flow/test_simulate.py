"""A policy is tried on what is published: household by household as a scoring would decide, and nothing is written."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored, new_store, request_of
from village_credit import cli
from village_credit.cli.difference import simulated_text
from village_credit.decide.rules import RULES
from village_credit.errors import MissingInput, PolicyRefused
from village_credit.report.policy_page import policy_page
from village_credit.report.translations import LANGUAGES
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries import diff as compare
from village_credit.services.queries import dry_run
from village_credit.services.queries.simulate import Simulated, simulate
from village_credit.services.queries.told_ways import told_changes
from village_credit.services.scoring import rescore as rescore_module
from village_credit.services.scoring import stage as score
from village_credit.tables.simulation_inputs import pack_simulation_inputs, unpack_simulation_inputs

POLICY = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
CHANGES = {  # name → (was, is): one figure of every kind that the limit asks
    "a poorer year": ('name = "stress", value = 0.70', 'name = "stress", value = 0.50'),
    "harder bands": ('name = "band_edge_ppm", value = 40000', 'name = "band_edge_ppm", value = 30000'),
    "younger borrowers": ('name = "age_cap", value = 65', 'name = "age_cap", value = 60'),
    "a lower cap": ('name = "product_cap", value = 200000', 'name = "product_cap", value = 30000'),
    "a larger ticket": ('name = "smallest_ticket", value = 5000', 'name = "smallest_ticket", value = 8000'),
    "machines age faster": ('name = "depreciation", value = 0.12', 'name = "depreciation", value = 0.40'),
    "a village cap": (
        "figures = [",
        (
            'figures = [\n  { name = "budget_village", value = 900000, unit = "yuan", from = 2026-01-01, '
            'reference = "x", verified = false },'
        ),
    ),
    "one year's wages count in full": (
        'name = "single_year_share", value = 0.80',
        'name = "single_year_share", value = 1.00',
    ),
}


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    text = POLICY
    for was, now in changes:
        assert was in text
        text = text.replace(was, now)
    path = folder / "tried.toml"
    path.write_text(text, encoding="utf-8")
    return path


def tried(published: Scored, path: Path, on: date | None = AS_OF) -> Simulated:
    return simulate(published.store, COUNTY_OF_TESTS, path, on)


def test_the_policy_in_force_changes_nobody(published: Scored, tmp_path: Path):
    found = tried(published, written(tmp_path))
    assert [row["change"] for row in found.changes] == ["same"]
    assert found.households == published.run.counts["registered"]
    assert found.movers == []


AT_ONCE = (
    "harder bands",
    "younger borrowers",
    "a larger ticket",
    "machines age faster",
    "a village cap",
    "one year's wages count in full",
)


def test_a_simulation_is_what_a_scoring_would_decide(published: Scored, tmp_path: Path):
    path = written(tmp_path, *(CHANGES[name] for name in AT_ONCE))
    wish = rescore_module.RescoreRequest(AS_OF, "1001", MODELS, path, None, None)
    scored = dry_run.dry_run(published.store, COUNTY_OF_TESTS, wish)
    found = tried(published, path)
    assert found.changes == told_changes(scored.changes)
    movers = [
        [{key: row[key] for key in ("household_key", "before_yuan", "after_yuan", "moved_by")} for row in side.movers]
        for side in (found, scored)
    ]
    assert movers[0] == movers[1]
    assert {row["change"] for row in found.changes} >= {"lowered", "removed", "same"}


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_nothing_is_written(published: Scored, tmp_path: Path):
    before = tree(published.store.root)
    tried(published, written(tmp_path, CHANGES["a poorer year"]))
    assert tree(published.store.root) == before


def test_counts_and_sums_add_up_and_small_counts_are_hidden(published: Scored, tmp_path: Path):
    found = tried(published, written(tmp_path, CHANGES["a poorer year"]))
    total = Counter({row["change"]: row["households"] or 0 for row in found.changes})
    assert sum(total.values()) <= found.households
    decisions = pq.read_table(published.store.run_folder(published.run.run_id) / "decisions.parquet").to_pylist()
    assert found.before_yuan == sum(row["limit_yuan"] for row in decisions)
    for groups in (found.by_village, found.by_band, found.by_reason, found.by_group):
        assert groups
        hidden = Counter(row["change"] for row in groups if row["households"] is None)
        for row in groups:
            assert row["households"] is None or row["households"] >= LEAST_GROUP
            assert (row["households"] is None) == (row["after_yuan"] is None) == (row["before_yuan"] is None)
        if groups is not found.by_group:
            lines = Counter(row["change"] for row in groups)
            assert all(hidden[change] != 1 or lines[change] == 1 for change in lines), (
                "a lone hidden count follows from the others"
            )
            for change, count in ((change, count) for change, count in total.items() if count):
                assert sum(row["households"] or 0 for row in groups if row["change"] == change) <= count
    assert {row["group"].split()[0] for row in found.by_group} == {"sex", "age", "land", "monitored"}
    assert any(row["households"] is None for row in found.by_reason)


def test_what_few_gain_among_many_who_lose_is_told_nowhere_but_of_the_movers(published: Scored, tmp_path: Path):
    path = written(tmp_path, CHANGES["a poorer year"])
    wish = rescore_module.RescoreRequest(AS_OF, "1001", MODELS, path, None, None)
    scored = dry_run.dry_run(published.store, COUNTY_OF_TESTS, wish)
    gained = [row for row in scored.changes if row["change"] in ("new", "raised")]
    lost = [row for row in scored.changes if row["change"] in ("lowered", "removed")]
    assert 0 < sum(row["households"] for row in gained) < LEAST_GROUP < sum(row["households"] for row in lost)
    found = dataclasses.replace(tried(published, path), movers=[])
    (figure,) = found.figures
    assert (figure["raised_yuan"], figure["lowered_yuan"]) == (None, None)
    assert figure["yuan"] == found.after_yuan - found.before_yuan
    assert [row["change"] for row in found.changes if row["households"] is not None] == ["same"]
    shown = [json.dumps(dataclasses.asdict(found)), simulated_text(found, None), simulated_text(found, "village")]
    shown += [policy_page(dataclasses.asdict(found), [], language) for language in LANGUAGES]
    gain, loss = (sum(row["after_yuan"] - row["before_yuan"] for row in rows) for rows in (gained, lost))
    assert not [form for form in (f"{gain:+,}", f"{loss:+,}", str(loss)) for told in shown if form in told]
    for groups in (found.by_village, found.by_band, found.by_reason):
        for row in lost:
            mine = [cell["households"] for cell in groups if cell["change"] == row["change"]]
            assert row["households"] - sum(count or 0 for count in mine) >= min(row["households"], LEAST_GROUP)


def test_movers_name_the_term_that_moved_them(published: Scored, tmp_path: Path):
    capped = tried(published, written(tmp_path, CHANGES["a lower cap"]))
    assert {row["moved_by"] for row in capped.movers} <= {"headroom", "NO_ROOM_HEADROOM"}
    assert "headroom" in {row["moved_by"] for row in capped.movers}
    for row in (row for row in capped.movers if row["moved_by"] == "headroom"):
        assert row["term_after_yuan"] <= 30000 < row["term_before_yuan"]
        assert row["change_yuan"] == row["after_yuan"] - row["before_yuan"] < 0
    freed = tried(
        published, written(tmp_path, ('name = "service_share", value = 0.50', 'name = "service_share", value = 0.90'))
    )
    assert {row["change_yuan"] > 0 for row in freed.movers} == {True}
    assert {row["moved_by"] for row in freed.movers} <= {"capacity", "NO_ROOM_CAPACITY", "BELOW_SMALLEST_TICKET"}


FUTURE = (
    "figures = [",
    (
        'figures = [\n  { name = "stress", value = 0.40, unit = "share", from = 2027-01-01, reference = '
        '"committee of December", verified = false },'
    ),
)


def test_a_policy_of_next_year_is_tried_as_of_next_year_and_leaves_todays_run_alone(published: Scored, tmp_path: Path):
    path = written(tmp_path, FUTURE)
    assert [row["change"] for row in tried(published, path).changes] == ["same"]  # as of the publication's day
    later = tried(published, path, on=None)
    assert later.policy_day == "2027-01-01"
    assert "lowered" in {row["change"] for row in later.changes}
    store = new_store(tmp_path)
    run = score.score_inbox(store, published.inbox, request_of(COUNTY_OF_TESTS, policy_file=path)).run_id
    mine, theirs = (
        pq.read_table(folder / "decisions.parquet").drop_columns(["run_id", "household_key"]).to_pylist()
        for folder in (store.run_folder(run), published.store.run_folder(published.run.run_id))
    )
    key = lambda row: (row["village_code"], str(row))  # noqa: E731  # another store has other pseudonyms
    assert sorted(mine, key=key) == sorted(theirs, key=key)


def test_what_cannot_be_tried_is_refused_by_name(published: Scored, tmp_path: Path):
    with pytest.raises(PolicyRefused, match=r"tried.toml: figures.step"):
        tried(published, written(tmp_path, ('name = "step", value = 1000', 'name = "step_of_limits", value = 1000')))
    with pytest.raises(MissingInput, match="rescore --dry-run --policy"):
        tried(published, written(tmp_path, ("basis_exempt = []", 'basis_exempt = ["bank_conduct"]')))
    later = ('reason = "OVERDUE", item = "纾困证明", days = 60', 'reason = "OVERDUE", item = "纾困证明", days = 30')
    with pytest.raises(MissingInput, match=r"the policy changes relief.*rescore --dry-run --policy"):
        tried(published, written(tmp_path, later))
    older = dataclasses.replace(published.store, root=tmp_path / "older")
    shutil.copytree(published.store.root, older.root)
    kept = unpack_simulation_inputs(older.open_simulation_inputs(published.run.run_id))
    tables = {name: table for name, table in kept.tables.items() if name != "known"}
    older.seal_part(published.run.run_id, "measured", pack_simulation_inputs(tables, kept.groups, {}, kept.under))
    with pytest.raises(MissingInput, match=r"measured by an earlier version.*score the county once more"):
        simulate(older, COUNTY_OF_TESTS, written(tmp_path), AS_OF)
    with pytest.raises(MissingInput, match="county 653199: nothing is published"):
        simulate(published.store, "653199", written(tmp_path))


def test_the_command_says_that_it_is_not_authoritative(published: Scored, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(published.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    path = written(tmp_path, CHANGES["a poorer year"])
    words = ["simulate", "--county", COUNTY_OF_TESTS, "--policy", str(path), "--on", AS_OF.isoformat()]
    assert cli.main(words) == 0
    text = capsys.readouterr().out
    assert text.startswith("NOT AUTHORITATIVE")
    assert "top movers" in text
    assert cli.main([*words, "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert said["is_authoritative"] is False
    assert said == json.loads(json.dumps(dataclasses.asdict(tried(published, path)), default=str))


def test_the_diff_of_two_runs_goes_by_group_too(published: Scored, tmp_path: Path):
    store = published.store
    found = compare.diff_runs(store, published.run.run_id, by="group")
    assert {row["change"] for row in found.groups} == {"same"}
    with pytest.raises(MissingInput, match="choose village, band, reason, group"):
        compare.diff_runs(store, published.run.run_id, by="name")


def test_a_first_publication_is_compared_with_the_lines_that_the_bank_had_granted(staged: Scored):
    against = compare.diff_runs(staged.store, staged.run.run_id)
    folder = staged.store.run_folder(staged.run.run_id)
    lines = [row for row in pq.read_table(folder / "lines_before.parquet").to_pylist() if not row["is_own"]]
    decisions = pq.read_table(folder / "decisions.parquet").to_pylist()
    assert sum(row["before_yuan"] for row in against.changes) == sum(row["limit_yuan"] for row in lines) > 0
    assert sum(row["after_yuan"] for row in against.changes) == sum(row["limit_yuan"] for row in decisions)
    changed = {row["change"]: row["households"] for row in against.changes}
    assert changed["new"] < sum(1 for row in decisions if row["limit_yuan"])  # the others are kept
    assert changed["removed"] > 0


def test_each_changed_figure_is_tried_alone_and_what_is_left_is_their_interplay(published: Scored, tmp_path: Path):
    both = [CHANGES["a poorer year"], CHANGES["a larger ticket"]]
    found, *alone = (tried(published, written(tmp_path, *changes)) for changes in (both, *([one] for one in both)))
    assert {one["name"] for one in found.figures} == {"stress", "smallest_ticket"}
    for one in alone:
        ((only,), total) = one.figures, one.after_yuan - one.before_yuan
        assert only["yuan"] == total
        assert one.interplay_yuan == 0
        assert only == next(row for row in found.figures if row["name"] == only["name"])
    total = found.after_yuan - found.before_yuan
    assert total == sum(one["yuan"] for one in found.figures) + (found.interplay_yuan or 0)
    assert found.interplay_yuan  # a household below the larger ticket loses the same yuan but once


def test_rules_are_counted_in_their_order_and_flips_lead_from_one_to_another(published: Scored, tmp_path: Path):
    found = tried(published, written(tmp_path, CHANGES["a larger ticket"], CHANGES["a poorer year"]))
    order = [one["rule"] for one in found.rules]
    assert order == [rule for rule in RULES if rule in order]
    assert set(order).isdisjoint(found.never)
    decisions = pq.read_table(published.store.run_folder(published.run.run_id) / "decisions.parquet").to_pylist()
    first = Counter(
        row["binding_term"] if row["decision"] == "granted" else row["reason_codes"][0] for row in decisions
    )
    for one in found.rules:
        assert one["before"] in (None, first[one["rule"]])
    shown = [flip for flip in found.flips if flip["households"] is not None]
    assert all(flip["households"] >= LEAST_GROUP and flip["from_rule"] != flip["to_rule"] for flip in shown)
    small = next(flip for flip in shown if flip["to_rule"] == "BELOW_SMALLEST_TICKET")
    assert (small["after_yuan"], small["middle_after_yuan"]) == (0, 0)
    assert small["before_yuan"] >= small["households"] * 5000
    text = simulated_text(found, None)
    assert "rules that decide nobody" in text
    assert not any(key in text.split("each changed figure")[1] for key in {row["household_key"] for row in decisions})
