"""Signing, publishing and packing: two people, one moment, packages that add up, views that answer."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import MODELS, PREPARER, SIGNER, Scored, copy_of, new_store, put_in_force, request_of, score_into
from village_credit import cli
from village_credit.errors import GateRefused, RunConflict, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.publish import outbox
from village_credit.publish.approval_sheet import COLUMNS
from village_credit.publish.branch_package import verify_package
from village_credit.publish.views import view_names
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish as publish_module
from village_credit.services.queries.notices import notices
from village_credit.services.scoring.stage import score_inbox
from village_credit.store import runs
from village_credit.store.keys import load_keys


def view(scored: Scored, query: str) -> list[tuple]:
    connection = duckdb.connect(str(scored.store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def packages(scored: Scored) -> list[Path]:
    """The branches' packages; the referring office's lie beside them."""
    return sorted(path.parent for path in (scored.store.root / "outbox").rglob("limits.csv"))


def test_branch_packages_add_up_to_the_views(published: Scored):
    rows = limits = 0
    stopped, actions = set(), set()
    for folder in packages(published):
        with (folder / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.DictReader(file))
        amounts = [int(row["limit_yuan"]) for row in found]
        stopped |= {row["action"] for row in found if row["limit_yuan"] == "0"}
        actions |= {row["action"] for row in found}
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        assert (manifest["rows"], manifest["sum_limit_yuan"]) == (len(amounts), sum(amounts))
        assert manifest["files"]["limits.csv"] == hashlib.sha256((folder / "limits.csv").read_bytes()).hexdigest()
        rows, limits = rows + sum(1 for amount in amounts if amount), limits + sum(amounts)
    assert stopped <= {"remove", "freeze"}  # of lines that the bank had granted before; those that go on are changes
    assert {"grant", "change"} <= actions
    ((count, total),) = view(published, "SELECT count(*), sum(limit_yuan) FROM limits_current WHERE limit_yuan > 0")
    assert (rows, limits) == (count, total)


def test_a_package_is_verified_and_an_altered_one_refused(published: Scored, tmp_path: Path):
    folder = Path(shutil.copytree(packages(published)[0], tmp_path / "0071"))
    assert verify_package(folder)["rows"] > 0
    (folder / "limits.csv").write_bytes((folder / "limits.csv").read_bytes().replace(b"5000", b"9000", 1))
    with pytest.raises(VerificationFailed, match=r"limits\.csv"):
        verify_package(folder)


def forged(published: Scored, folder: Path, **changes: str) -> Path:
    """A branch's package with every limit doubled, signed anew with a key of somebody's own, and what else is changed."""  # noqa: E501
    place = Path(shutil.copytree(packages(published)[0], folder / "0071"))
    keys, _ = load_keys(folder / "somebody.keys")
    table = pq.read_table(place / "limits.parquet")
    limits = pa.array([2 * limit for limit in table.column("limit_yuan").to_pylist()])
    pq.write_table(
        table.set_column(table.column_names.index("limit_yuan"), "limit_yuan", limits), place / "limits.parquet"
    )
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["limits.parquet"] = hashlib.sha256((place / "limits.parquet").read_bytes()).hexdigest()
    manifest |= {"sum_limit_yuan": sum(limits.to_pylist()), "public_key": keys.public_key().hex(), **changes}
    manifest = {name: value for name, value in manifest.items() if name != "signature"}
    signed = {**manifest, "signature": keys.sign("package", manifest)}
    (place / "manifest.json").write_text(json.dumps(signed, ensure_ascii=False), encoding="utf-8")
    return place


def verify(store: Path, key_file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(key_file))
    return cli.main(["package", "verify", str(folder)])


def test_a_package_signed_with_a_key_of_one_s_own_is_not_the_bank_s(
    published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    names_ours = forged(published, tmp_path / "a")
    with pytest.raises(VerificationFailed, match="signed with key"):
        verify_package(names_ours)
    somebody, _ = load_keys(tmp_path / "b" / "somebody.keys")
    names_its_own = forged(published, tmp_path / "b", key_id=somebody.signing_key_id)
    store = published.store.root
    assert verify(store, store.parent / "keys", names_its_own, monkeypatch) == 6
    assert verify(store, store.parent / "keys", packages(published)[0], monkeypatch) == 0
    assert f"this store's key {published.store.keys.signing_key_id}" in capsys.readouterr().out
    with pytest.raises(VerificationFailed, match="signed with key"):
        verify_package(names_its_own, published.store.keys.known_keys())


def test_where_the_keys_are_not_at_hand_the_bank_s_key_is_given_and_never_assumed(
    published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """As on a branch's machine: nothing is made there, and a package's own word on its key counts for nothing."""
    monkeypatch.chdir(tmp_path)
    package, key = packages(published)[0], published.store.keys.public_key().hex()
    assert verify(tmp_path / "store", tmp_path / "store.keys", package, monkeypatch) == 2
    assert "give --public-key" in capsys.readouterr().err
    assert cli.main(["package", "verify", str(package), "--public-key", key]) == 0
    assert f"the key given {published.store.keys.signing_key_id}" in capsys.readouterr().out
    somebody, _ = load_keys(tmp_path / "b" / "somebody.keys")
    re_signed = forged(published, tmp_path / "b", key_id=somebody.signing_key_id)
    assert cli.main(["package", "verify", str(re_signed), "--public-key", key]) == 6
    assert cli.main(["package", "verify", str(package), "--public-key", "xy"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


def test_the_bank_prints_the_key_that_branches_verify_with(
    published: Scored, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    assert cli.main(["package", "key"]) == 0
    assert published.store.keys.public_key().hex() in capsys.readouterr().out


@pytest.mark.parametrize("name", ["limits.csv.bak", "名单.xlsx", ".DS_Store"])
def test_a_file_that_nobody_signed_is_no_part_of_a_package(published: Scored, tmp_path: Path, name: str):
    place = Path(shutil.copytree(packages(published)[0], tmp_path / "0071"))
    (place / name).write_bytes(b"x")
    with pytest.raises(VerificationFailed, match="1 files are no part of what was signed"):
        verify_package(place)


def test_a_package_that_expired_or_was_followed_by_another_is_refused(published: Scored):
    package = packages(published)[0]
    manifest = verify_package(package)
    until = date.fromisoformat(manifest["expires_on"])
    assert verify_package(package, on=until) == manifest
    with pytest.raises(VerificationFailed, match="it expired on"):
        verify_package(package, on=until + timedelta(1))
    assert verify_package(package, after=manifest["sequence"] - 1) == manifest
    for imported in (manifest["sequence"], manifest["sequence"] + 1):
        with pytest.raises(VerificationFailed, match="a later package has taken its place"):
            verify_package(package, after=imported)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"public_key": 1, "signature": ""}',
        b"\xff\xfe",
        b'{"public_key": "xy", "signature": "x", "files": {}}',
    ],
)
def test_a_package_without_a_sound_manifest_is_refused_by_name(
    published: Scored, tmp_path: Path, content: bytes | None
):
    place = Path(shutil.copytree(packages(published)[0], tmp_path / "0071"))
    (place / "manifest.json").unlink()
    if content is not None:
        (place / "manifest.json").write_bytes(content)
    with pytest.raises(VerificationFailed, match=r"package 0071: manifest\.json is missing or broken"):
        verify_package(place)


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "ledger verify",
        "report r1",
        "publish r1",
        "acknowledge r.csv",
        "record-usage r.csv",
        "verify r1",
        "notices r1",
        "find -",
        "hold h1 --reason x --by 2",
        "corrections r1 --out o",
        "reviews export r1 --out o.xlsx",
        "rescore --county 659900",
        "diff r1",
        "rescore --county 659900 --refresh",
        "simulate --county 659900 --policy p.toml",
        "approve r1 --by 2 --reason x",
    ],
)
def test_a_mistyped_store_is_named_and_never_begun(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert cli.main([*words.split(), "--store", str(tmp_path / "nostore")]) == 7
    assert "there is no store in" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


def test_a_store_whose_keys_are_gone_gets_no_new_ones(
    published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "gone.keys"))
    scoring = ["score", "--inbox", str(published.inbox), "--county", "659900", "--as-of", "2026-11-20"]
    for verb in (["status"], scoring):
        assert cli.main([*verb, "--store", str(published.store.root)]) == 7
        assert "restore them from their backup" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_a_file_is_refused_and_gets_no_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "store").write_text("x", encoding="utf-8")
    words = ["score", "--inbox", str(tmp_path), "--county", "659900", "--as-of", "2026-11-20"]
    assert cli.main([*words, "--store", str(tmp_path / "store")]) == 7
    assert "is a file, and a store is a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_the_csv_is_safe_to_open_and_the_sheet_has_the_branch_s_columns(published: Scored):
    folder = packages(published)[0]
    with (folder / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["身份证号码"].endswith(("\t", "X")) for row in rows)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())
    sheet = openpyxl.load_workbook(io.BytesIO((folder / "limits.xlsx").read_bytes())).worksheets[0]
    assert sheet["A2"].value == "单位：元"
    assert [cell.value for cell in sheet[3]] == [name for name, _ in COLUMNS]
    assert {"操作", "原额度", "村", "电话"} <= {cell.value for cell in sheet[3]}
    page = sheet.page_setup
    assert (page.orientation, page.fitToWidth or 1, page.fitToHeight) == ("landscape", 1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$3"
    last = next(row for row in sheet.iter_rows(min_row=4) if str(row[0].value).startswith("合计"))
    assert last[7].value == sum(int(row["limit_yuan"]) for row in rows if row["product"] == "farmer_line")
    assert "签字" in str(sheet.cell(last[0].row + 2, 1).value)


def test_branch_files_and_views_share_no_name_of_a_household(published: Scored):
    keys = {key for (key,) in view(published, "SELECT household_key FROM limits_current")}
    refs = set()
    for folder in packages(published):
        with (folder / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
            refs |= {row["household_ref"] for row in csv.DictReader(file)}
    assert refs
    assert not refs & keys


def test_the_preparer_cannot_sign_whatever_the_case_or_width(staged: Scored, tmp_path: Path):
    scored = copy_of(staged, tmp_path)
    with pytest.raises(GateRefused, match="second person"):
        sign.approve(scored.store, scored.run.run_id, "１００１ ", "x", [])
    assert [entry.act for entry in Ledger.of(scored.store)] == ["stage"]


def test_an_unsigned_run_is_not_published_and_a_signed_one_is_signed_once(staged: Scored, tmp_path: Path):
    scored = copy_of(staged, tmp_path)
    with pytest.raises(GateRefused, match="not signed"):
        publish_module.publish(scored.store, scored.run.run_id, PREPARER)
    sign.approve(scored.store, scored.run.run_id, SIGNER, "x", [])
    with pytest.raises(RunConflict, match="signed already"):
        sign.approve(scored.store, scored.run.run_id, "3003", "x", [])


def test_a_failed_gate_refuses_until_it_is_overridden_by_name(tmp_path: Path, county_inbox: Path):
    inbox = tmp_path / "inbox"
    for path in (county_inbox / "659900").rglob("*"):
        if path.is_file() and path.name != "关系人.csv":
            target = inbox / "659900" / path.relative_to(county_inbox / "659900")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    scored = score_into(new_store(tmp_path), inbox, "659900")
    # the county's damaged file that nobody could name might be the list that is lacking
    failed = ["adverse_rows", "related_party_list"]
    assert runs.failed_gates(scored.store, scored.run.run_id) == failed
    with pytest.raises(GateRefused, match="related_party_list"):
        sign.approve(scored.store, scored.run.run_id, SIGNER, "x", failed[:1])
    sign.approve(scored.store, scored.run.run_id, SIGNER, "the list is on its way", failed)
    assert view(scored, "SELECT overridden_by FROM gates WHERE gate = 'related_party_list'") == [(SIGNER,)]


def test_an_altered_run_is_neither_signed_nor_published(staged: Scored, tmp_path: Path):
    scored = copy_of(staged, tmp_path)
    path = scored.store.run_folder(scored.run.run_id) / "decisions.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(VerificationFailed, match="decisions"):
        sign.approve(scored.store, scored.run.run_id, SIGNER, "x", [])


def test_a_crash_after_the_ledger_s_entry_is_healed_by_the_next_command(
    staged: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scored = copy_of(staged, tmp_path)
    sign.approve(scored.store, scored.run.run_id, SIGNER, "x", [])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("village_credit.publish.handing_out.move_to_place", killed)
    with pytest.raises(KeyboardInterrupt):
        publish_module.publish(scored.store, scored.run.run_id, PREPARER)
    monkeypatch.undo()
    assert packages(scored) == []
    assert publish_module.publish(scored.store, scored.run.run_id, PREPARER).noop
    assert packages(scored) != []
    assert view(scored, "SELECT count(*) > 0 FROM limits_current") == [(True,)]


def test_every_promised_view_answers_and_every_column_has_a_comment(published: Scored):
    idle = {
        "holds",
        "relief",
        "relief_kept",
        "relief_measures",
        "conditions",
        "renewals_due",
        "events",
        "authority",
        "lineage",
        "seasons",
        "shape_findings",
        "disclosures",
        "campaigns",
        "early_warnings",
    }  # nobody is held, nothing declared, planned or drawn, no line is over, no shape delivered, nothing left
    for name in view_names():
        assert view(published, f"SELECT count(*) > 0 FROM {name}") == [(name not in idle,)], name
    bare = view(
        published,
        (
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL AND "
            "schema_name = 'main'"
        ),
    )
    assert bare == []


def test_published_figures_balance_from_line_to_branch_row(published: Scored):
    ((lines, files),) = view(published, "SELECT count(*), count(DISTINCT (file_name, sheet)) FROM reconciliation")
    assert lines == sum(published.run.counts["lines"].values())
    assert files > 10
    ((decided,),) = view(published, "SELECT count(*) FROM limits_current")
    ((covered,),) = view(published, "SELECT sum(households) FROM village_coverage")
    assert decided == covered == published.run.counts["registered"]


def test_after_a_move_the_next_command_rewrites_the_views(published: Scored, tmp_path: Path):
    scored = copy_of(published, tmp_path / "here")
    outbox.refresh_warehouse(scored.store)
    (tmp_path / "here").rename(tmp_path / "there")
    moved = new_store(tmp_path / "there")
    outbox.refresh_warehouse(moved)
    connection = duckdb.connect(str(moved.warehouse), read_only=True)
    ((count,),) = connection.execute("SELECT count(*) FROM limits_current").fetchall()
    connection.close()
    assert count == scored.run.counts["registered"]


def test_seasons_and_charges_reach_branch_and_household(quiet: Scored, tmp_path: Path):
    policy = tmp_path / "policy.toml"
    policy.write_text((MODELS / "limit_policy.toml").read_text(encoding="utf-8") + SEASON_AND_CHARGE, encoding="utf-8")
    store = copy_of(quiet, tmp_path).store
    run = score_inbox(store, quiet.inbox, request_of("659900", date(2026, 12, 1), policy_file=policy))
    put_in_force(store, run.run_id)
    folders = sorted(path.parent for path in (store.root / "outbox" / "659900").glob("p20261201-*/*/seasons.csv"))
    assert folders
    rows, limits = [], {}
    for folder in folders:
        assert verify_package(folder)
        with (folder / "seasons.csv").open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
        with (folder / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
            limits |= {row["household_ref"]: row for row in csv.DictReader(file)}
        costs = (folder / "costs.csv").read_text(encoding="utf-8-sig").splitlines()
        assert costs[1:] == ["farmer_line,保险费,某保险公司,每年,0.50%"]
    decided = pq.read_table(store.run_folder(run.run_id) / "decisions.parquet").to_pylist()
    granted = [row for row in decided if row["decision"] == "granted" and row["product"] == "farmer_line"]
    assert len(rows) == len(granted) > 50  # all are told what their lines now cost, and when they may be drawn
    for row in rows:
        limit = limits[row["household_ref"]]
        assert int(row["amount_yuan"]) == int(limit["limit_yuan"]) * 6 // 10_000 * 1000
        assert (row["opens_on"], row["due_on"]) == ("2027-03-01", min("2027-12-15", limit["valid_to"]))
        assert int(limit["annual_cost_bp"]) == int(limit["annual_rate_bp"]) + 50
    told = next(one["text"] for one in notices(store, run.run_id) if "春耕" in one["text"])
    assert "2027-03-01至2027-06-30可用" in told
    assert "其他费用：保险费每年0.50%（某保险公司收取）；" in told


SEASON_AND_CHARGE = """
[[seasons]]
season = "春耕"
product = "farmer_line"
opens = "03-01"
closes = "06-30"
due = "12-15"
share = 0.6
from = 2026-01-01
reference = "x"

[[charges]]
charge = "保险费"
payee = "某保险公司"
basis = "yearly"
share = 0.005
from = 2026-01-01
reference = "x"
product = "farmer_line"
"""
