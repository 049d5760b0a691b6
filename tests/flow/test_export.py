"""What was in force at a month's end leaves as tables that need nothing of ours, and tell nobody's row from outside."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, SIGNER, Scored, copy_of, on_day
from village_credit import china_calendar
from village_credit.catalogue import export_tables
from village_credit.cli import main
from village_credit.errors import GateRefused, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.publish.export_folder import DATABASE, MANIFEST, read_export, require_place
from village_credit.services.casework.holds import hold
from village_credit.services.queries import export as exporting
from village_credit.services.queries import export_tables as tables
from village_credit.store.row_hash import row_hash

MONTH = f"{AS_OF:%Y-%m}"
PERSONAL = {"household_key", "unit_code", "person_id", "line_number", "file_name", "village_code", "township_code"}


@pytest.fixture(autouse=True)
def _months_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(china_calendar, "today", lambda: date(2027, 2, 3))


@pytest.fixture
def store_of_its_own(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scored:
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "store"))
    return copy_of(quiet, tmp_path)


def exported(scored: Scored, out: Path, month: str = MONTH, **words: object) -> Path:
    exporting.export(scored.store, [COUNTY_OF_TESTS], month, out, date(2027, 2, 3), **words)  # type: ignore[arg-type]
    return out


def table(folder: Path, name: str) -> pa.Table:
    return pq.read_table(folder / f"{name}.parquet", partitioning=None)


def keys_in(folder: Path) -> set[str]:
    return set(table(folder, "limits")["export_key"].to_pylist())


def test_every_line_in_force_is_there_once_with_its_limit(quiet: Scored, tmp_path: Path):
    columns = "decision, product, limit_yuan, band, binding_term"
    limits = table(exported(quiet, tmp_path / "x"), "limits")
    with duckdb.connect(str(quiet.store.warehouse), read_only=True) as connection:
        theirs = connection.execute(f"SELECT {columns} FROM limits_current ORDER BY ALL").fetchall()
        connection.register("ours", limits)
        assert connection.execute(f"SELECT {columns} FROM ours ORDER BY ALL").fetchall() == theirs
    assert len(keys_in(tmp_path / "x")) == limits.num_rows > 200


def test_no_household_key_and_no_place_of_a_household_leaves(quiet: Scored, tmp_path: Path):
    folder = exported(quiet, tmp_path / "x")
    decisions = pq.read_table(quiet.store.run_folder(quiet.run.run_id) / "decisions.parquet", partitioning=None)
    known = decisions["household_key"].to_pylist()
    rows = json.dumps([table(folder, name).to_pylist() for name in export_tables()], default=str)
    everything = rows.encode() + b"".join(path.read_bytes() for path in folder.iterdir())
    assert [key for key in known if key.encode() in everything] == []
    assert set(table(folder, "limits").column_names) & PERSONAL == set()
    assert {declared.sensitivity for declared in export_tables().values()} == {"household", "none"}
    order = table(folder, "limits")["export_key"].to_pylist()
    assert order == sorted(order)


def test_tables_parquet_and_manifest_say_the_same_and_every_column_has_its_comment(quiet: Scored, tmp_path: Path):
    folder = exported(quiet, tmp_path / "x")
    said = read_export(folder, quiet.store.keys.known_keys())
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchall() == [(0,)]
        comments = connection.execute(
            "SELECT comment FROM duckdb_tables() UNION ALL SELECT comment FROM duckdb_columns() WHERE NOT internal"
        )
        assert all(comment for (comment,) in comments.fetchall())
        for name, declared in export_tables().items():
            stored = connection.sql(f"FROM {name}").to_arrow_table().cast(declared.schema())
            assert {row_hash(stored), row_hash(table(folder, name))} == {said["tables"][name]["rows_sha256"]}
    assert said["checkpoint"].split("\n")[1] == str(len(Ledger.of(quiet.store)))
    assert "act" not in said


def test_what_happens_after_the_month_changes_no_byte_of_it(store_of_its_own: Scored, tmp_path: Path):
    before = {path.name: path.read_bytes() for path in exported(store_of_its_own, tmp_path / "a").iterdir()}
    (key, *_) = table_of_lines(store_of_its_own)
    with on_day(date(2026, 12, 1)):
        hold(store_of_its_own.store, key, SIGNER, "test")
    after = {path.name: path.read_bytes() for path in exported(store_of_its_own, tmp_path / "b").iterdir()}
    assert after == before
    december = exported(store_of_its_own, tmp_path / "c", "2026-12")
    assert table(december, "limits")["limit_yuan"].to_pylist().count(0) == 1 + table(tmp_path / "a", "limits")[
        "limit_yuan"
    ].to_pylist().count(0)


def table_of_lines(scored: Scored) -> list[str]:
    path = scored.store.run_folder(scored.run.run_id) / "decisions.parquet"
    query = "SELECT household_key FROM read_parquet(?) WHERE limit_yuan > 0 ORDER BY household_key"
    return [key for (key,) in duckdb.connect().execute(query, [str(path)]).fetchall()]


def test_two_months_cannot_be_joined_unless_the_second_was_asked_to_have_the_first_one_s_keys(
    quiet: Scored, tmp_path: Path
):
    first = exported(quiet, tmp_path / "first")
    assert keys_in(first) & keys_in(exported(quiet, tmp_path / "next", "2026-12")) == set()
    joined = exported(quiet, tmp_path / "joined", "2026-12", same_keys_as=first)
    assert keys_in(joined) == keys_in(first)
    told = read_export(joined, quiet.store.keys.known_keys())
    assert (told["month"], told["keyed_for"]) == ("2026-12", f"{MONTH} {COUNTY_OF_TESTS}")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--month", "2027-02"], 2, "is not over in China: export it from 2027-03-01 on"),
        (["--month", "2026-10"], 7, "nothing was in force on 2026-10-31, for its first publication is of 2026-11-01"),
        (["--month", MONTH, "--county", "653199"], 7, "county 653199: nothing was in force"),
        (["--month", MONTH, "--out", "taken"], 2, "taken is there already and is no export"),
        (["--month", MONTH, "--out", "taken", "--force"], 2, "taken is there already and is no export"),
        (["--month", MONTH, "--out", "again"], 2, "again is an export already"),
        (["--month", MONTH, "--same-keys-as", "taken"], 7, "taken is no export"),
    ],
)
def test_what_is_refused_says_why_and_writes_nothing(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, words: list[str], code: int, sentence: str
):
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(quiet.store.root.parent / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(quiet.store.root))
    monkeypatch.chdir(tmp_path)
    for name, file in (("taken", "theirs.txt"), ("again", MANIFEST)):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text('{"kind": "export"}', encoding="utf-8")
    assert main(["export", "--county", COUNTY_OF_TESTS, "--out", "new", *words]) == code
    assert sentence in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "taken"]
    assert main(["export", "--county", COUNTY_OF_TESTS, "--month", MONTH, "--out", "again", "--force"]) == 0


def test_a_county_of_a_few_households_is_not_exported(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exporting, "LEAST_GROUP", 1 + len(keys_in(exported(quiet, tmp_path / "all"))))
    with pytest.raises(GateRefused, match="its rows would be its people's"):
        exported(quiet, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def villages(*counts: tuple[int, int]) -> pa.Table:
    """Villages of one township, each with its households and how many are credited."""
    rows = [
        {"county_code": "659900", "township_code": "659900100", "village_code": f"{place:012}"}
        | {"households": every, "credited_households": credited, "sum_limit_yuan": credited * 1000}
        for place, (every, credited) in enumerate(counts)
    ]
    return pa.Table.from_pylist(rows)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([(100, 60), (120, 60), (90, 45)], [(100, 60), (120, 60), (90, 45)]),
        ([(100, 71), (120, 60), (90, 45)], [(100, None), (120, 60), (90, None)]),  # 29 are not; the next goes too
        ([(29, 29), (120, 60), (90, 45)], [(None, None), (120, 60), (None, None)]),
        ([(100, 100), (120, 60), (90, 45)], [(100, None), (120, 60), (90, None)]),
    ],
)
def test_a_village_of_few_is_hidden_and_does_not_follow_from_the_others(counts: list, shown: list):
    found = tables._coverage(villages(*counts))
    assert [(row["households"], row["credited_households"]) for row in found] == shown
    assert all((row["sum_limit_yuan"] is None) == (row["credited_households"] is None) for row in found)


def test_a_reason_that_few_households_have_is_not_told(quiet: Scored):
    cells = [
        {"county_code": "1", "decision": "declined", "reason_code": code, "households": count}
        for code, count in {"A": 60, "B": 40, "C": 29, "D": 31}.items()
    ]
    assert [cell["reason_code"] for cell in tables._told_reasons(cells)] == ["A", "B"]


def test_a_state_of_a_few_traders_is_hidden_with_another_of_its_clock():
    counts = {("decision", "late"): 5, ("decision", "in_time"): 60, ("decision", "open"): 40, ("draw", "none"): 105}
    rows = [
        {"county_code": "1", "referral_batch": "b", "clock": clock, "state": state, "traders": count}
        for (clock, state), count in counts.items()
    ]
    assert [row["traders"] for row in tables._states(rows)] == [None, 60, None, 105]


def test_a_gate_that_counts_few_households_hides_its_figure():
    told = [tables._gate({"gate": "budget", "value": count}, 100)["value"] for count in (0.0, 29.0, 30.0, None)]
    assert told == [0.0, None, 30.0, None]


@pytest.mark.parametrize(
    ("gate", "share", "is_told"),
    [
        ("legal_basis", 0.0, True),
        ("legal_basis", 29 / 1000, False),
        ("legal_basis", 30 / 1000, True),
        ("manual_review_share", 971 / 1000, False),
        ("manual_review_share", 1.0, True),
        ("score_drift", 0.001, True),
    ],
)
def test_a_share_of_the_county_s_households_is_told_where_it_is_of_enough(gate: str, share: float, is_told: bool):
    row = tables._gate({"gate": gate, "value": share}, 1000)
    assert (row["value"] is not None) is is_told


def test_an_export_that_was_disclosed_is_not_written_over(tmp_path: Path):
    (tmp_path / "manifest.json").write_text('{"kind": "export"}', encoding="utf-8")
    (tmp_path / "DISCLOSED.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="was disclosed, and its statement is kept with it"):
        require_place(tmp_path, force=True)
