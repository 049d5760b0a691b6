"""A run whose policy asks for a quorum is signed with the committee's meeting, or not at all."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import AS_OF, MODELS, PREPARER, SIGNER, new_store, request_of
from village_credit import cli
from village_credit.errors import GateRefused, UsageError, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry, append
from village_credit.report.account import account_text
from village_credit.services.approval import approve as sign
from village_credit.services.approval import committee as meeting
from village_credit.services.approval import publish
from village_credit.services.approval.approval_file import keep, signature_of, write_beside
from village_credit.services.queries.explain import explain
from village_credit.services.scoring import stage as score
from village_credit.store import runs
from village_credit.store.store import Store, sha256_of
from village_credit.synthetic import synthesize

COUNTY = "659900"
TODAY = date(2026, 11, 20)
SHIPPED = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
FIGURES = """figures = [
{ name = "quorum_members", value = 5, unit = "members", from = 2026-01-01, reference = "x", verified = false },
{ name = "quorum_share_for", value = 0.6, unit = "share", from = 2026-01-01, reference = "x", verified = false },
"""
FOR = [("2002", "for"), ("2003", "for"), ("2004", "for")]
SOUND = [*FOR, ("2005", "against"), ("2006", "abstain")]  # 3 of 5: at the share, and at the number


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, str]:
    """A small county's run, staged under a policy with a quorum of five, 0.6 of them for; not to be written."""
    folder = tmp_path_factory.mktemp("quorum")
    synthesize(folder / "inbox", COUNTY, 3, 150, 7, AS_OF, "none")
    policy = folder / "policy.toml"
    policy.write_text(SHIPPED.replace("figures = [\n", FIGURES, 1), encoding="utf-8")
    store = new_store(folder)
    run = score.score_inbox(store, folder / "inbox", request_of(COUNTY, policy_file=policy))
    return store, run.run_id


@pytest.fixture(autouse=True)
def a_day_in_november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign, "today", lambda: TODAY)
    monkeypatch.setattr(sign, "signed_on", lambda _: TODAY)
    monkeypatch.setattr(sign, "staged_on", lambda *_: AS_OF)


def copied(staged: tuple[Store, str], folder: Path) -> Store:
    shutil.copytree(staged[0].root, folder / "store")
    shutil.copy(staged[0].root.parent / "keys", folder / "keys")
    return new_store(folder)


def minutes(folder: Path, sat: list[tuple[str, str]] = SOUND, day: str = "2026-11-10", **changes: str) -> Path:
    """A meeting's file."""
    told = ", ".join(f'{{ number = "{number}", vote = "{vote}" }}' for number, vote in sat)
    words = {
        "date": day,
        "title": '"贷审会第12次会议"',
        "minutes": '"纪要〔2026〕12号"',
        "members": f"[{told}]",
    } | changes
    path = folder / "meeting.toml"
    path.write_text("\n".join(f"{name} = {value}" for name, value in words.items() if value), encoding="utf-8")
    return path


def sign_with(store: Store, run_id: str, path: Path | None) -> sign.Signature:
    failed = runs.failed_gates(store, run_id)
    return sign.approve(store, run_id, SIGNER, "test", failed, meeting.meeting_in(path))


def acts(store: Store) -> list[str]:
    return [entry.act for entry in Ledger.of(store)]


def test_the_run_keeps_the_quorum_that_it_was_scored_under(staged):
    store, run_id = staged
    assert store.manifest(run_id)["quorum"] == {"members": 5, "share_for": "0.6"}


def test_without_a_meeting_the_run_is_not_signed(staged):
    with pytest.raises(GateRefused, match=r"asks for a meeting of 5 members, of whom a share of 0.6"):
        sign_with(*staged, None)
    assert acts(staged[0]) == ["stage"]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (SOUND[:4], "4 members sat who may vote, the policy asks for 5"),
        ([*SOUND[:4], (PREPARER, "abstain")], "4 members sat who may vote"),  # the preparer is not counted
        ([*SOUND, ("2007", "abstain")], "3 of 6 voted for, the policy asks for a share of 0.6"),
        ([*SOUND, ("a7", "for"), ("A7", "for")], "members twice: a7"),
        ([*SOUND, ("A-1", "for"), ("A1", "for"), ("007", "for"), ("7", "for")], "members twice: 7, a1"),
        ([*FOR, ("2-004", "for"), ("02002", "for")], "3 members sat who may vote, the policy asks for 5"),
        ([*SOUND, ("1001-", "for")], "1001 prepared the run and voted"),
        ([*SOUND[:4], ("01001", "abstain")], "4 members sat who may vote"),
        ([*SOUND, (PREPARER, "for")], "1001 prepared the run and voted"),
        ([*FOR, ("2008", "for"), ("2009", "for"), (PREPARER, "against")], "1001 prepared the run and voted"),
    ],
)
def test_too_few_members_or_votes_one_twice_or_the_preparer_s_vote_refuse(staged, tmp_path: Path, members, why):
    with pytest.raises(GateRefused, match=why):
        sign_with(*staged, minutes(tmp_path, members))
    assert acts(staged[0]) == ["stage"]


@pytest.mark.parametrize(
    ("day", "why"), [("2026-10-31", "before the run's day, 2026-11-01"), ("2026-11-21", "after 2026-11-20")]
)
def test_a_meeting_before_the_run_s_day_or_after_today_decides_nothing(staged, tmp_path: Path, day, why):
    with pytest.raises(GateRefused, match=why):
        sign_with(*staged, minutes(tmp_path, day=day))


@pytest.mark.parametrize("day", ["2026-11-01", "2026-11-20"])
def test_on_either_day_it_may_decide(staged, tmp_path: Path, day):
    found = meeting.meeting_in(minutes(tmp_path, day=day))
    meeting.require_quorum(staged[0].manifest(staged[1]), PREPARER, found, TODAY)


def test_a_meeting_before_the_day_in_china_on_which_the_run_was_staged_decides_nothing(
    staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sign, "staged_on", lambda *_: date(2026, 11, 11))
    store, run_id = copied(staged, tmp_path), staged[1]
    with pytest.raises(GateRefused, match="before the run was staged, on 2026-11-11"):
        sign_with(store, run_id, minutes(tmp_path, day="2026-11-10"))
    sign_with(store, run_id, minutes(tmp_path, day="2026-11-11"))
    monkeypatch.setattr(sign, "staged_on", lambda *_: date(2026, 11, 12))
    with pytest.raises(GateRefused, match="before the run was staged, on 2026-11-12"):
        publish.publish(store, run_id, PREPARER)


def test_the_day_of_staging_is_the_first_one_of_the_run_in_china(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    late, later = "2026-11-10T17:00:00+00:00", "2026-11-15T08:00:00+00:00"
    entries = [Entry(1, "stage", late, PREPARER, "r1", {}, ""), Entry(2, "stage", later, PREPARER, "r1", {}, "")]
    assert sign.staged_on(entries, "r1") == date(2026, 11, 11)
    assert sign.staged_on(entries, "r2") is None


@pytest.mark.parametrize(
    ("by", "reason", "override", "why"),
    [
        (" ", "x", "x", "--by is empty"),
        ("-", "x", "x", "--by is empty"),
        ("65990019900101001X", "x", "x", "--by holds what may be a person's number"),
        (SIGNER, " ", "x", "--reason is empty"),
        (SIGNER, "张三 65990019900101001X", "x", "--reason holds what may be a person's number"),
        (SIGNER, "x", "电话１３８００００００００", "--override holds what may be a person's number"),
        (SIGNER, "x", " ", "no reason"),
    ],
)
def test_whoever_signs_says_who_and_why_and_names_nobody(staged, by, reason, override, why):
    store, run_id = staged
    with pytest.raises(UsageError, match=why) as refused:
        sign.approve(store, run_id, by, reason, [f"score_drift={override}"])
    assert "张三" not in str(refused.value)
    assert acts(store) == ["stage"]


def test_the_command_refuses_a_signature_of_nobody_as_wrong_usage(
    staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store, run_id = copied(staged, tmp_path), staged[1]
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    assert cli.main(["approve", run_id, "--by", " ", "--reason", "x"]) == 2
    assert cli.main(["approve", run_id, "--by", SIGNER, "--reason", " "]) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"minutes": ""}, "minutes: Field required"),
        ({"title": ""}, "neither `place` nor `title`"),
        ({"minutes": '"电话13800000000"'}, "person's number"),
        ({"chair": '"张三"'}, "chair: Extra inputs"),
        ({"members": "[]"}, "members: Tuple should have at least 1 item"),
        ({"members": '[{ number = "张三", vote = "for" }]'}, r"members\.0\.number"),
        ({"members": '[{ number = "2002", vote = "yes" }]'}, r"members\.0\.vote"),
        ({"date": "next week"}, "it is not TOML"),
    ],
)
def test_a_meeting_s_file_is_sound_or_its_faults_are_named(tmp_path: Path, changes, why):
    with pytest.raises(UsageError, match=why) as refused:
        meeting.meeting_in(minutes(tmp_path, **changes))
    assert "张三" not in str(refused.value)


def test_with_a_quorum_the_run_is_signed_and_approval_ledger_view_and_explain_keep_the_minutes(staged, tmp_path: Path):
    store, run_id = copied(staged, tmp_path), staged[1]
    path = minutes(tmp_path, [*SOUND, (PREPARER, "abstain")])
    sign_with(store, run_id, path)
    entry = Ledger.of(store)[-1]
    kept = json.loads((store.root / "approvals" / f"{run_id}.json").read_text(encoding="utf-8"))
    assert kept["meeting"] == entry.details["meeting"]
    assert kept["meeting"]["members"][0] == {"number": "2002", "vote": "for"}
    assert (kept["meeting"]["date"], kept["meeting"]["minutes"]) == ("2026-11-10", "纪要〔2026〕12号")
    assert publish.publish(store, run_id, PREPARER).run_id == run_id
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    assert connection.execute("SELECT minutes FROM runs").fetchall() == [("纪要〔2026〕12号",)]
    (key,) = connection.execute("SELECT household_key FROM limits_current LIMIT 1").fetchone() or ("",)
    connection.close()
    found = explain(store, key)
    assert "纪要 纪要〔2026〕12号" in account_text(found)


@pytest.mark.parametrize("sat", [None, SOUND[:4]])
def test_a_signature_without_its_quorum_publishes_nothing_however_it_came_into_the_ledger(staged, tmp_path: Path, sat):
    store, run_id = copied(staged, tmp_path), staged[1]
    details: dict[str, Any] = {
        "reason": "x",
        "overrides": dict.fromkeys(runs.failed_gates(store, run_id), "x"),
        "manifest_sha256": sha256_of((store.run_folder(run_id) / "manifest.json").read_bytes()),
    }
    if sat:
        found = meeting.meeting_in(minutes(tmp_path, sat, "2026-11-01"))
        details["meeting"] = found.content() if found else None
    act = append(store.root / "ledger", "approve", SIGNER, run_id, details)
    keep(store, run_id, write_beside(store, signature_of(act), ""))
    with pytest.raises(GateRefused, match="5"):
        publish.publish(store, run_id, PREPARER)
    assert "publish" not in acts(store)


def test_the_command_takes_the_file_and_refuses_without(
    staged, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    store, run_id = copied(staged, tmp_path), staged[1]
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    words = ["approve", run_id, "--by", SIGNER, "--reason", "x"]
    words += [word for gate in runs.failed_gates(store, run_id) for word in ("--override", gate)]
    assert cli.main(words) == 4
    assert "--meeting FILE" in capsys.readouterr().err
    assert cli.main([*words, "--meeting", str(tmp_path / "none.toml")]) == 7
    assert cli.main([*words, "--meeting", str(minutes(tmp_path, SOUND[:4]))]) == 4
    assert cli.main([*words, "--meeting", str(minutes(tmp_path))]) == 0
    assert "minutes 纪要〔2026〕12号, 5 members" in capsys.readouterr().out


def test_a_quorum_that_is_taken_out_of_the_staged_run_is_noticed(staged, tmp_path: Path):
    store, run_id = copied(staged, tmp_path), staged[1]
    path = store.run_folder(run_id) / "manifest.json"
    path.write_text(json.dumps({**store.manifest(run_id), "quorum": None}), encoding="utf-8")
    with pytest.raises(VerificationFailed, match="not what was staged"):
        sign_with(store, run_id, None)


def test_without_a_quorum_one_signer_is_enough_and_a_meeting_is_still_kept_to_its_days(staged, tmp_path: Path):
    manifest = {**staged[0].manifest(staged[1]), "quorum": None}
    meeting.require_quorum(manifest, PREPARER, None, TODAY)
    meeting.require_quorum(manifest, PREPARER, meeting.meeting_in(minutes(tmp_path, FOR)), TODAY)
    early = meeting.meeting_in(minutes(tmp_path, FOR, "2026-10-01"))
    with pytest.raises(GateRefused, match="before the run's day"):
        meeting.require_quorum(manifest, PREPARER, early, TODAY)
