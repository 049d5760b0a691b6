"""Households above the policy's ladder are signed one by one, by somebody of the role, before their run is published."""  # noqa: E501

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, MODELS, PREPARER, SIGNER, by_unit, new_store, request_of
from village_credit import cli
from village_credit.errors import GateRefused, UsageError, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import append
from village_credit.ledger.reviews import review_verdicts
from village_credit.report.account import account_text
from village_credit.services.approval import approve as sign
from village_credit.services.approval import household_signatures as authority
from village_credit.services.approval import publish
from village_credit.services.queries.explain import explain
from village_credit.services.scoring import stage as score
from village_credit.store import runs
from village_credit.store.store import Store
from village_credit.synthetic import synthesize
from village_credit.workbooks.decision_workbook import FIRST_ROW, VERDICT_HEADER
from village_credit.workbooks.household_signatures import HEADERS, HOUSEHOLD_HEADER, OPINION_HEADER

COUNTY = "659900"
LOW, HIGH = "支行行长", "分管副行长"
STEPS = {LOW: 60_000, HIGH: 90_000}  # each with households of the small county on both sides
SHIPPED = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
YES, NO = {VERDICT_HEADER: "同意"}, {VERDICT_HEADER: "不同意", OPINION_HEADER: "规模过大"}


def ladder(steps: dict[str, int]) -> str:
    """The shipped policy with these steps, yuan by role."""
    sections = (
        f'[[authority_ladder]]\nabove_yuan = {yuan}\nrole = "{role}"\nfrom = 2026-01-01\nreference = "授权书"\n'
        for role, yuan in steps.items()
    )
    return "\n".join([SHIPPED, *sections])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A small county's run, approved and not published, with a few households above each of two steps.

    Not to be written.
    """
    folder = tmp_path_factory.mktemp("authority")
    inbox = folder / "inbox"
    synthesize(inbox, COUNTY, 3, 150, 7, AS_OF, "none")
    store = new_store(folder)
    policy = folder / "policy.toml"
    policy.write_text(ladder(STEPS), encoding="utf-8")
    run = score.score_inbox(store, inbox, request_of(COUNTY, policy_file=policy)).run_id
    sign.approve(store, run, SIGNER, "test", runs.failed_gates(store, run))
    blank = folder / "blank.xlsx"
    made = authority.export_authority(store, run, blank)
    return {
        "store": store,
        "inbox": inbox,
        "policy": policy,
        "run": run,
        "blank": blank,
        "made": made,
        "above": table(store, run),
    }


def decisions(store: Store, run_id: str) -> dict[str, dict[str, Any]]:
    return table(store, run_id, "decisions")


def table(store: Store, run_id: str, name: str = "authority") -> dict[str, dict[str, Any]]:
    path = str(store.run_folder(run_id) / f"{name}.parquet")
    rows = duckdb.connect().sql("FROM read_parquet($p)", params={"p": path}).to_arrow_table().to_pylist()
    return {row["household_key"]: row for row in rows}


def copied(story: dict[str, Any], folder: Path) -> Store:
    shutil.copytree(story["store"].root, folder / "store")
    shutil.copy(story["store"].root.parent / "keys", folder / "keys")
    return new_store(folder)


def cells(path: Path) -> dict[str, dict[str, Any]]:
    page = openpyxl.load_workbook(path).active
    rows = (dict(zip(HEADERS, row, strict=True)) for row in page.iter_rows(min_row=FIRST_ROW + 1, values_only=True))
    return {row[HOUSEHOLD_HEADER]: row for row in rows}


def filled(blank: Path, out: Path, said: dict[str, dict[str, Any]]) -> Path:
    """The workbook with cells written into the rows of households."""
    book = openpyxl.load_workbook(blank)
    page = book.active
    for row in range(FIRST_ROW + 1, page.max_row + 1):
        for header, value in said.get(page.cell(row, HEADERS.index(HOUSEHOLD_HEADER) + 1).value, {}).items():
            page.cell(row, HEADERS.index(header) + 1).value = value
    book.save(out)
    return out


def all_signed(story: dict[str, Any], out: Path, **but: dict[str, Any]) -> Path:
    return filled(story["blank"], out, dict.fromkeys(story["above"], YES) | but)


def of_role(story: dict[str, Any], role: str) -> list[str]:
    return by_unit(story["store"], story["run"], [key for key, row in story["above"].items() if row["role"] == role])


def test_the_run_keeps_who_must_sign_whom(story):
    granted = {
        key: row["limit_yuan"]
        for key, row in decisions(story["store"], story["run"]).items()
        if row["decision"] == "granted"
    }
    assert set(story["above"]) == {key for key, limit in granted.items() if limit > STEPS[LOW]}
    assert len(story["above"]) < len(granted)
    for key, row in story["above"].items():
        is_high = granted[key] > STEPS[HIGH]
        assert (row["limit_yuan"], row["role"]) == (granted[key], HIGH if is_high else LOW)
        assert row["above_yuan"] == (STEPS[HIGH] if is_high else STEPS[LOW])
        assert row["roles"] == ([HIGH] if is_high else [LOW, HIGH])
    assert of_role(story, LOW)
    assert of_role(story, HIGH)


def test_the_workbook_shows_each_household_once_and_is_for_its_owner_alone(story):
    shown = cells(story["blank"])
    assert set(shown) == set(story["above"])
    assert story["made"].rows == len(shown)
    assert story["made"].roles == {LOW: len(of_role(story, LOW)), HIGH: len(of_role(story, HIGH))}
    row = shown[of_role(story, HIGH)[0]]
    assert row["姓名"]
    assert (row["签批角色"], row["超过(元)"]) == (HIGH, STEPS[HIGH])
    assert story["blank"].stat().st_mode & 0o777 == 0o600


def test_publish_refuses_while_one_household_is_unsigned_and_says_what_to_do(story, tmp_path: Path):
    store, last = copied(story, tmp_path), of_role(story, LOW)[0]
    with pytest.raises(GateRefused, match=rf"{len(story['above'])} households .* authority export"):
        publish.publish(store, story["run"], PREPARER)
    authority.apply_authority(store, all_signed(story, tmp_path / "b.xlsx", **{last: {VERDICT_HEADER: None}}), "7007")
    with pytest.raises(GateRefused, match="1 households above the authority ladder are not signed"):
        publish.publish(store, story["run"], PREPARER)
    authority.export_authority(store, story["run"], tmp_path / "rest.xlsx")
    assert set(cells(tmp_path / "rest.xlsx")) == {last}


def test_all_signed_it_is_published_and_view_ledger_and_explain_name_who(story, tmp_path: Path):
    store, key = copied(story, tmp_path), of_role(story, HIGH)[0]
    path = all_signed(story, tmp_path / "b.xlsx")
    names = [str(row["姓名"]) for row in cells(path).values()]
    done = authority.apply_authority(store, path, "7007")
    assert (done.agreed, done.refused, done.unsigned) == (len(story["above"]), 0, 0)
    assert authority.apply_authority(store, path, "7007").unchanged == len(story["above"])
    entry = Ledger.of(store)[-1]
    assert (entry.act, entry.by, entry.run_id) == ("authority_signatures", "7007", story["run"])
    assert not [name for name in names if name in json.dumps(entry.details, ensure_ascii=False)]
    assert store.thaw(entry.details["workbook_sha256"]) == path.read_bytes()
    publish.publish(store, story["run"], PREPARER)
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    rows = connection.execute(
        "SELECT household_key, role, signed_role, signed_by, signed_at IS NOT NULL FROM authority"
    ).fetchall()
    connection.close()
    assert {row[0] for row in rows} == set(story["above"])
    assert {row[1:] for row in rows} == {(LOW, LOW, "7007", True), (HIGH, HIGH, "7007", True)}
    found = explain(store, key)
    assert f"{HIGH} 7007" in account_text(found)
    below = next(k for k in decisions(store, story["run"]) if k not in story["above"])
    assert explain(store, below)["authority"] is None


def test_the_preparer_signs_no_household_of_their_run(story, tmp_path: Path):
    before = Ledger.of(story["store"])
    with pytest.raises(GateRefused, match="prepared it and cannot sign"):
        authority.apply_authority(story["store"], all_signed(story, tmp_path / "b.xlsx"), "１００１")
    assert Ledger.of(story["store"]) == before


def test_a_lower_role_cannot_sign_a_higher_step_and_a_higher_one_signs_all(story, tmp_path: Path):
    store, path = copied(story, tmp_path), all_signed(story, tmp_path / "b.xlsx")
    with pytest.raises(GateRefused, match=rf"{HIGH} signs, or a higher role; {LOW} may not"):
        authority.apply_authority(store, path, "7007", LOW)
    with pytest.raises(UsageError, match="no step of run"):
        authority.apply_authority(store, path, "7007", "董事长")
    authority.apply_authority(store, path, "7007", HIGH)
    assert {word["role"] for word in Ledger.of(store)[-1].details["signatures"]} == {HIGH}
    assert publish.publish(store, story["run"], PREPARER).run_id == story["run"]


def test_a_signature_in_too_low_a_role_counts_for_nothing_however_it_came_into_the_ledger(story, tmp_path: Path):
    store = copied(story, tmp_path)
    words = [
        {
            "household_key": k,
            "product": r["product"],
            "limit_yuan": r["limit_yuan"],
            "role": LOW,
            "verdict": "agree",
            "reason_codes": [],
        }
        for k, r in story["above"].items()
    ]
    details = {"county_code": COUNTY, "as_of": AS_OF.isoformat(), "workbook_sha256": "", "signatures": words}
    append(store.root / "ledger", authority.ACT, "7007", story["run"], details)
    with pytest.raises(GateRefused, match=f"{len(of_role(story, HIGH))} households"):
        publish.publish(store, story["run"], PREPARER)


def test_a_refused_household_is_declined_by_the_next_scoring_and_the_others_stay_signed(story, tmp_path: Path):
    store, refused = copied(story, tmp_path), of_role(story, HIGH)[0]
    authority.apply_authority(store, all_signed(story, tmp_path / "b.xlsx", **{refused: NO}), "7007", HIGH)
    with pytest.raises(GateRefused, match=r"1 households .* were refused; score the county again"):
        publish.publish(store, story["run"], PREPARER)
    again = score.score_inbox(store, story["inbox"], request_of(COUNTY, policy_file=story["policy"])).run_id
    row = decisions(store, again)[refused]
    assert again != story["run"]
    assert (row["decision"], row["limit_yuan"], row["reason_codes"]) == ("declined", 0, ["REVIEW_DECLINED"])
    assert set(table(store, again)) == set(story["above"]) - {refused}
    sign.approve(store, again, SIGNER, "test", runs.failed_gates(store, again))
    assert publish.publish(store, again, PREPARER).run_id == again


def test_a_refusal_is_taken_back_by_its_role_or_a_higher_one_only(story, tmp_path: Path):
    store, key = copied(story, tmp_path), of_role(story, LOW)[0]
    authority.apply_authority(store, filled(story["blank"], tmp_path / "no.xlsx", {key: NO}), "7007", HIGH)
    assert [v["household_key"] for v in review_verdicts(Ledger.of(store), COUNTY)] == [key]
    yes = filled(story["blank"], tmp_path / "yes.xlsx", {key: YES})
    with pytest.raises(GateRefused, match=f"{HIGH} refused it"):
        authority.apply_authority(store, yes, "6006")
    authority.apply_authority(store, yes, "8008", HIGH)
    assert review_verdicts(Ledger.of(store), COUNTY) == []
    assert authority.still_open(store, Ledger.of(store), story["run"])[1] == 0


def test_a_refusal_after_publication_changes_nothing_of_it_and_waits_for_the_next_scoring(story, tmp_path: Path):
    store, key = copied(story, tmp_path), of_role(story, LOW)[0]
    authority.apply_authority(store, all_signed(story, tmp_path / "b.xlsx"), "7007")
    publish.publish(store, story["run"], PREPARER)
    authority.apply_authority(store, filled(story["blank"], tmp_path / "no.xlsx", {key: NO}), "7007")
    assert publish.publish(store, story["run"], PREPARER).noop
    assert [v["household_key"] for v in review_verdicts(Ledger.of(store), COUNTY)] == [key]
    assert explain(store, key)["authority"]["signature"]["signed_by"] == "7007"


def test_what_a_run_was_scored_under_counts_and_cannot_be_taken_out_of_it(story, tmp_path: Path):
    store = copied(story, tmp_path)
    sealed = store.run_folder(story["run"]) / "authority.parquet"
    pq.write_table(pq.read_table(sealed).slice(0, 0), sealed)
    with pytest.raises(VerificationFailed, match="not what was signed"):
        publish.publish(store, story["run"], PREPARER)
    with pytest.raises(VerificationFailed, match="sign nothing of it"):
        authority.export_authority(store, story["run"], tmp_path / "b.xlsx")


@pytest.mark.parametrize(("by", "why"), [(" ", "--by is empty"), ("13800000000", "person's number")])
def test_a_signature_of_nobody_or_by_a_telephone_is_refused(story, tmp_path: Path, by, why):
    before = Ledger.of(story["store"])
    with pytest.raises(UsageError, match=why):
        authority.apply_authority(story["store"], all_signed(story, tmp_path / "b.xlsx"), by)
    assert Ledger.of(story["store"]) == before


def test_the_same_signature_under_another_spelling_of_the_number_is_known_already(story, tmp_path: Path):
    store, path = copied(story, tmp_path), all_signed(story, tmp_path / "b.xlsx")
    authority.apply_authority(store, path, "A-7")
    again = authority.apply_authority(store, path, " a07")
    assert (again.agreed, again.unchanged) == (0, len(story["above"]))


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ({VERDICT_HEADER: "授信"}, "the verdict is none of 同意, 不同意"),
        ({"授信额度(元)": 1}, "not yours to fill was altered"),
        ({"签批角色": LOW}, "not yours to fill was altered"),
        ({HOUSEHOLD_HEADER: "h" + "a" * 26}, "no household above the ladder"),
    ],
)
def test_a_workbook_with_a_wrong_or_altered_row_is_refused_whole(story, tmp_path: Path, cell, why):
    before = Ledger.of(story["store"])
    path = all_signed(story, tmp_path / "b.xlsx", **{of_role(story, HIGH)[0]: YES | cell})
    with pytest.raises(UsageError, match=rf"row \d+: .*{re.escape(why)}.*Nothing was applied"):
        authority.apply_authority(story["store"], path, "7007")
    assert Ledger.of(story["store"]) == before


def test_the_commands_carry_the_workbook_out_and_back(
    story, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    copied(story, tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    run, out = story["run"], tmp_path / "b.xlsx"
    assert cli.main(["authority", "export", run, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == len(story["above"])
    filled(out, out, dict.fromkeys(story["above"], YES))
    assert cli.main(["authority", "apply", str(out), "--by", PREPARER]) == 4
    assert cli.main(["authority", "apply", str(out), "--by", "7007", "--role", LOW]) == 4
    assert cli.main(["publish", run]) == 4
    assert cli.main(["authority", "apply", str(out)]) == 2
    assert cli.main(["authority", "export", run]) == 2
    assert cli.main(["authority", "export", "r0", "--out", f"{out}.other"]) == 7
    assert cli.main(["authority", "apply", str(out), "--by", "7007"]) == 0
    assert cli.main(["publish", run]) == 0
