"""One cause after another is planted in what a county was decided from: each is found, alone and among the others."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored, copy_of, request_of
from tests.split import assert_adds_up, limits
from village_credit import cli
from village_credit.cli.difference import difference_text
from village_credit.code_version import code_sha256
from village_credit.decide.decide import apply_policy
from village_credit.errors import MissingInput
from village_credit.ledger.ledger import Ledger
from village_credit.services.casework import holds
from village_credit.services.decided_from import basis_of
from village_credit.services.queries.diff import Difference, diff_with_causes
from village_credit.services.queries.why import order_of
from village_credit.services.scoring import stage as score
from village_credit.store.store import MEASURED
from village_credit.tables import split
from village_credit.tables.basis import Basis, scored_by
from village_credit.tables.causes import differing, steps
from village_credit.tables.split import by_cause, split_change

LATER = date(2026, 11, 20)
Plant = Callable[[Basis, list[int]], Basis]


@pytest.fixture(scope="module")
def basis(quiet: Scored) -> Basis:
    """A published county, with what of it the plants grow on: a line in force, and dates in whole columns."""
    return basis_of(quiet.store, Ledger.of(quiet.store), quiet.run.run_id)


def columns(table: pa.Table, *names: str) -> dict[Any, Any]:
    """Two columns as a dictionary."""
    return dict(zip(*(table[name].to_pylist() for name in names), strict=True))


def decided(basis: Basis) -> Basis:
    """The same with what it decides, the whole county: no shorter way is taken here."""
    figures = basis.in_force(basis.as_of)
    outcome = apply_policy(basis.measured.tables, figures, basis.as_of, basis.manifest["product"])
    names = columns(basis.measured.units, "unit_code", "household_key")
    villages = columns(basis.decisions, "household_key", "village_code")
    keys = [names[unit] for unit in outcome["unit_code"].to_pylist()]
    found = {
        "household_key": pa.array(keys, pa.string()),
        "village_code": pa.array([villages[key] for key in keys], pa.string()),
        "product": outcome["product"],
        "limit_yuan": outcome["limit_yuan"],
    }
    return replace(basis, decisions=pa.table(found))


def granted(basis: Basis) -> list[int]:
    """Units of the largest farmers' lines, largest first."""
    rows = [row for row in basis.decisions.to_pylist() if row["product"] == "farmer_line" and row["limit_yuan"]]
    units = columns(basis.measured.units, "household_key", "unit_code")
    rows.sort(key=lambda row: (-row["limit_yuan"], units[row["household_key"]]))
    return [units[row["household_key"]] for row in rows]


def with_rows(basis: Basis, name: str, *rows: dict[str, Any]) -> Basis:
    table = basis.measured.tables[name]
    plain = pa.schema([(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema])
    wide = pa.schema([(f.name, pa.int64() if pa.types.is_integer(f.type) else f.type) for f in plain])
    more = pa.Table.from_pylist([dict.fromkeys(wide.names) | row for row in rows], schema=wide)
    tables = {**basis.measured.tables, name: pa.concat_tables([table.cast(wide), more])}
    return replace(basis, measured=replace(basis.measured, tables=tables))


def with_column(basis: Basis, name: str, column: str, values: pa.Array) -> Basis:
    table = basis.measured.tables[name]
    changed = table.set_column(table.schema.get_field_index(column), column, values)
    return replace(basis, measured=replace(basis.measured, tables={**basis.measured.tables, name: changed}))


def said(basis: Basis, **parts: Any) -> Basis:
    return replace(basis, manifest={**basis.manifest, **parts})


def versions(basis: Basis, **parts: Any) -> Basis:
    return said(basis, versions={**basis.manifest["versions"], **parts})


def figure(basis: Basis, name: str, value: str, **others: Any) -> Basis:
    known = next(one for one in basis.policy.figures if one.name == ("stress" if others else name))
    changed = known.model_copy(update={"name": name, "value": known.value.__class__(value), **others})
    figures = [one for one in basis.policy.figures if one.name != name] + [changed]
    return versions(
        replace(basis, policy=basis.policy.model_copy(update={"figures": figures})), policy_sha256=f"{name}"
    )


def deliveries(basis: Basis, units: list[int]) -> Basis:
    worked = basis.measured.tables["crop_scaled"]["worked"]
    fewer = pa.array(np.array(worked.to_pylist(), dtype=object) // 2, worked.type)
    return said(with_column(basis, "crop_scaled", "worked", fewer), inputs=["other"])


def scorecard(basis: Basis, units: list[int]) -> Basis:
    card = basis.card()
    other = card.model_copy(update={"base_points": card.base_points - 25})
    places = basis.measured.tables["known"]["unit_code"].cast(pa.int64())
    ppm = scored_by(basis, other, basis.measured.units["household_key"]).take(places.combine_chunks())
    changed = with_column(basis, "known", "ppm", ppm)
    return versions(replace(changed, card=lambda: other), scorecard_sha256="other")


def publications(basis: Basis, units: list[int]) -> Basis:
    rises = [{"unit_code": unit, "product": "farmer_line", "base_yuan": 9_000} for unit in units[:3]]
    return said(with_rows(basis, "rise_bases", *rises), in_force_sha256="other", rise_bases_sha256="other")


def lineage(basis: Basis, units: list[int]) -> Basis:
    changed = with_rows(basis, "recoded", {"unit_code": units[3]})
    changed = with_rows(changed, "marks", {"unit_code": units[3], "mark": "recoded"})
    return said(
        with_rows(changed, "lineage_caps", {"unit_code": units[4], "most_yuan": 8_000}), successors_sha256="other"
    )


def reviews(basis: Basis, units: list[int]) -> Basis:
    fact = {"unit_code": units[5], "product": "farmer_line", "kind": "wages", "income_yuan": 1, "said_on": AS_OF}
    return said(with_rows(basis, "supplied", {**fact, "most_yuan": 7_000}), supplied_sha256="other")


def signatures(basis: Basis, units: list[int]) -> Basis:
    row = {
        "unit_code": units[6],
        "product": "farmer_line",
        "verdict": "decline",
        "limit_yuan": 5_000,
        "reason_codes": [],
    }
    return said(with_rows(basis, "reviewed", row), reviews_sha256="other")


def held(basis: Basis, units: list[int]) -> Basis:
    changed = with_rows(basis, "held", {"unit_code": units[7]})
    return said(with_rows(changed, "marks", {"unit_code": units[7], "mark": "held"}), holds_sha256="other")


def branch(basis: Basis, units: list[int]) -> Basis:
    cut = {"unit_code": units[8], "product": "farmer_line", "said_yuan": 6_000, "said_on": AS_OF}
    return said(with_rows(basis, "branch_words", cut), branch_words_sha256="other")


def renewal(basis: Basis, units: list[int]) -> Basis:
    return said(with_rows(basis, "ended", {"unit_code": units[9], "product": "farmer_line"}), renewals_sha256="other")


def policy(basis: Basis, units: list[int]) -> Basis:
    return figure(basis, "stress", "0.60")


def budget(basis: Basis, units: list[int]) -> Basis:
    return figure(basis, "budget_village", "300000", unit="yuan")


PLANTS: dict[str, Plant] = {  # in the order in which causes are taken over
    "deliveries": deliveries,
    "scorecard": scorecard,
    "policy": policy,
    "publications": publications,
    "lineage": lineage,
    "reviews": reviews,
    "signatures": signatures,
    "holds": held,
    "branch": branch,
    "renewal": renewal,
    "budget": budget,
}


TOGETHER = ("deliveries", "scorecard", "policy", "publications", "holds", "branch")


@pytest.mark.parametrize("cause", [cause for cause in PLANTS if cause not in TOGETHER])
def test_a_planted_cause_is_found_alone_and_of_whom_it_was_planted_in(basis: Basis, cause: str):
    after = decided(PLANTS[cause](basis, granted(basis)))
    parts = split_change(basis, after, code_sha256())
    assert set(parts["cause"].to_pylist()) == {cause}
    assert limits_apart(basis, after) == {
        (row["household_key"], row["product"]): row["yuan"] for row in parts.to_pylist()
    }


def limits_apart(before: Basis, after: Basis) -> dict[tuple[str, str], int]:
    was, now = limits(before.decisions), limits(after.decisions)
    return {pair: now[pair] - was[pair] for pair in was.keys() | now.keys() if now[pair] != was[pair]}


def test_each_part_is_what_one_cause_more_changes_in_the_order_that_is_written(basis: Basis):
    """The same by the long way: each plant is laid on the one before, and the whole county decided anew."""
    units, states = granted(basis), [basis]
    causes = list(TOGETHER)
    for cause in causes:
        states.append(decided(PLANTS[cause](states[-1], units)))
    parts = split_change(basis, states[-1], code_sha256())
    for cause, before, after in zip(causes, states, states[1:], strict=False):
        own = [row for row in parts.to_pylist() if row["cause"] == cause]
        assert {(row["household_key"], row["product"]): row["yuan"] for row in own} == limits_apart(before, after), (
            cause
        )
    assert [row["causes"] for row in by_cause(parts).to_pylist()] == [[cause] for cause in causes]


def test_states_decided_together_are_those_that_are_decided_alone(basis: Basis, monkeypatch: pytest.MonkeyPatch):
    units, after = granted(basis), basis
    for cause in TOGETHER:
        after = PLANTS[cause](after, units)
    after = decided(after)
    goes: list[int] = []

    def counted(tables: dict[str, pa.Table], *rules: Any) -> pa.Table:
        goes.append(tables["known"].num_rows)
        return apply_policy(tables, *rules)

    monkeypatch.setattr(split, "apply_policy", counted)
    together = split_change(basis, after, code_sha256())
    several = len(goes)
    monkeypatch.setattr(split, "AT_ONCE", 0)
    assert split_change(basis, after, code_sha256()).equals(together)
    assert several < len(goes) - several
    assert sum(goes[:several]) == sum(goes[several:])


def test_what_a_budget_takes_is_its_own_part_whoever_made_others_ask_less(basis: Basis):
    units = granted(basis)
    tight = decided(budget(basis, units))
    after = decided(held(tight, units))
    parts = split_change(tight, after, code_sha256()).to_pylist()
    assert {row["cause"] for row in parts} == {"holds", "budget"}
    assert len({row["household_key"] for row in parts if row["cause"] == "holds"}) == 1
    assert sum(row["yuan"] for row in parts) == sum(limits_apart(tight, after).values())


def test_other_code_is_a_cause_of_its_own(basis: Basis):
    key = basis.decisions["household_key"][0].as_py()
    rows = [
        row | {"limit_yuan": row["limit_yuan"] + 1_000 * (row["household_key"] == key)}
        for row in basis.decisions.to_pylist()
    ]
    older = versions(
        replace(basis, decisions=pa.Table.from_pylist(rows, schema=basis.decisions.schema)), code_sha256="older"
    )
    found = split_change(older, basis, code_sha256()).to_pylist()
    assert [(row["household_key"], row["cause"], row["yuan"]) for row in found] == [(key, "code", -1_000)]
    assert split_change(basis, basis, code_sha256()).num_rows == 0


def test_causes_that_measured_facts_do_not_tell_apart_are_one():
    known = {"is_scored_apart": True, "is_day_apart": True}

    def pieces(*differ: str, **others: Any) -> dict[str, tuple[str, ...]]:
        found = steps(set(differ), **{"measured_by": set(differ), **known, **others})
        assert [step.cause for step in found] == sorted((step.cause for step in found), key=order_of)
        return {step.cause: step.pieces for step in found}

    assert {"facts", "day", "scores"} <= set(pieces("deliveries", "day", "links")["day+deliveries+links"])
    assert "facts" in pieces("relief")["relief"]
    assert "facts" in pieces("rules", "policy")["policy"]
    assert "facts" in pieces("deliveries", "scorecard", is_scored_apart=False)["deliveries+scorecard"]
    both = pieces("day", "relief")
    assert ("facts" in both["day+relief"], "relief" in both["relief"]) == (True, True)
    assert "facts" not in pieces("day", measured_by=None)["day"]
    assert pieces("day", "publications", measured_by=None)["renewal"] == ("renewal",)  # as `why.md` says


def test_what_differs_is_read_from_the_manifests(basis: Basis):
    assert differing(basis.manifest, basis.manifest) == set()
    later = versions(said(basis, as_of="2026-12-01", inputs=[]), county_terms_sha256="x")
    assert differing(basis.manifest, later.manifest) == {"day", "deliveries", "terms"}


@pytest.fixture(scope="module")
def month(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A hold and a new policy later: scored for another day, and somebody else held since."""
    folder = tmp_path_factory.mktemp("why")
    copied = copy_of(quiet, folder)
    known = basis_of(copied.store, Ledger.of(copied.store), quiet.run.run_id)
    names = columns(known.measured.units, "unit_code", "household_key")
    first, second, *_ = (names[unit] for unit in granted(known))
    path = folder / "policy.toml"
    text = (MODELS / "limit_policy.toml").read_text("utf-8")
    path.write_text(text.replace('name = "stress", value = 0.70', 'name = "stress", value = 0.60'), "utf-8")
    holds.hold(copied.store, first, "1001", "test")
    run = score.score_inbox(copied.store, quiet.inbox, request_of(COUNTY_OF_TESTS, LATER, policy_file=path))
    holds.hold(copied.store, second, "1001", "test")
    return replace(copied, run=run)


def test_what_is_in_force_and_what_is_held_on_either_side_add_up(month: Scored):
    why = assert_adds_up(month.store, month.run.run_id)
    assert {row["cause"] for row in why.causes()} == {"policy"}  # who is held has nothing in force, before and after


def test_the_command_says_why_and_names_nobody(
    month: Scored, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(month.store.root.parent / "keys"))
    words = ["diff", month.run.run_id, "--store", str(month.store.root)]
    key = basis_of(month.store, Ledger.of(month.store), month.run.run_id).decisions["household_key"][0].as_py()
    words += ["--by", "village", "--household", key, "--out", str(tmp_path / "parts.csv"), "--json"]
    assert cli.main(words) == 0
    shown = json.loads(capsys.readouterr().out)
    text = difference_text(Difference(**shown))
    assert all(word in text for word in ("  why", "policy", "this household"))
    for household, code, said in (("h" + "a" * 26, 7, "neither run"), ("nobody", 2, "is named by its household_key")):
        assert cli.main(["diff", month.run.run_id, "--store", str(month.store.root), "--household", household]) == code
        assert said in capsys.readouterr().err
    assert stat.S_IMODE((tmp_path / "parts.csv").stat().st_mode) == 0o600  # a row a household
    lines = (tmp_path / "parts.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "household_key,village_code,product,cause,yuan"
    written = sum(int(line.rsplit(",", 1)[1].strip("'\t")) for line in lines[1:])
    assert written == shown["causes_yuan"]
    assert all(row["households"] is None or row["households"] >= 30 for row in (*shown["changes"], *shown["causes"]))
    assert shown["why_not"] is None
    page = (month.store.run_folder(month.run.run_id) / "report.html").read_text("utf-8")
    assert "授信政策" in page
    known = pq.read_table(io.BytesIO(month.store.open_identities(month.run.run_id)))
    people = {*known["person_id"].to_pylist(), *known["unit_code"].to_pylist()} - {None}
    assert people
    assert not any(person in told for person in people for told in (text, json.dumps(shown), page, *lines))


def test_a_run_whose_measures_are_gone_says_so_in_a_sentence(month: Scored, tmp_path: Path):
    store = copy_of(month, tmp_path).store
    before = next(iter(Ledger.of(store).in_force)).run_id
    next(store.root.glob(f"vault/{before}*{MEASURED}*")).unlink()
    found, why = diff_with_causes(store, month.run.run_id)
    assert found.causes == []
    assert "not in the vault" in (found.why_not or "")
    with pytest.raises(MissingInput, match="nothing to write"):
        why.csv()
