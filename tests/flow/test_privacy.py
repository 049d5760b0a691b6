"""No person of a delivery is readable outside the vault, the frozen bytes and the branch packages."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import DELIVERY, MODELS, Scored, new_store
from village_credit import cli
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import decision_in_force
from village_credit.services.casework import household_lookup as tell
from village_credit.store import runs
from village_credit.store.store import Store

TRUTH = json.loads((DELIVERY / "truth.json").read_text(encoding="utf-8"))
SEARCHED_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


def secrets() -> list[str]:
    """Every canary, and every person's number, phone and long name of the delivery."""
    canaries = TRUTH["canaries"]
    found = [
        *canaries["names"],
        *canaries["id_numbers"],
        *canaries["phones"],
        *canaries["cards"],
        *canaries["prohibited_values"],
    ]
    for household in TRUTH["households"]:
        for member in household["members"]:
            found += [member["id_number"], member["phone"]]
            found += [member["name"]] if len(member["name"]) >= 4 else []
    return [text for text in found if text]


def store_texts(store: Store) -> Iterator[tuple[str, bytes]]:
    """Every file outside the outbox: its bytes, its name, and the decoded cells of its tables."""
    for path in sorted(store.root.rglob("*")):
        if path.is_dir() or path.is_relative_to(store.root / "outbox"):
            continue
        yield str(path), path.read_bytes() + path.name.encode()
        if path.suffix == ".parquet":
            yield (
                f"{path} decoded",
                json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str).encode(),
            )
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    for (name,) in connection.execute(
        "SELECT format('\"{}\".{}', schema_name, view_name) FROM duckdb_views() WHERE NOT internal"
    ).fetchall():
        yield (
            f"view {name}",
            json.dumps(
                connection.execute(f"SELECT * FROM {name}").fetchall(), ensure_ascii=False, default=str
            ).encode(),
        )
    connection.close()


@cache
def needles() -> dict[int, tuple[np.ndarray, dict[bytes, list[bytes]]]]:
    """All that is searched, by its last bytes: eight of most, four of what is shorter; and these as sorted numbers."""
    found: dict[int, dict[bytes, list[bytes]]] = {8: {}, 4: {}}
    for needle in {text.encode(encoding) for text in set(secrets()) for encoding in SEARCHED_ENCODINGS}:
        width = 8 if len(needle) >= 8 else 4
        found[width].setdefault(needle[-width:], []).append(needle)
    return {width: (np.sort(np.array(list(ends)).view(f"u{width}")), ends) for width, ends in found.items()}


def holds_any(content: bytes) -> bool:
    """Look for thousands of texts in one pass: wherever the last bytes of one stand, it is compared as a whole."""
    for width, (numbers, ends) in needles().items():
        for shift in range(min(width, len(content) - width + 1)):
            here = np.frombuffer(content, f"u{width}", (len(content) - shift) // width, shift)
            near = numbers[np.searchsorted(numbers, here).clip(max=len(numbers) - 1)]
            for place in np.flatnonzero(near == here).tolist():
                end = shift + (place + 1) * width
                if any(content.endswith(needle, 0, end) for needle in ends[content[end - width : end]]):
                    return True
    return False


def leaks(texts: Iterator[tuple[str, bytes]]) -> list[str]:
    """Name the places that hold a person, never the person."""
    return [place for place, content in texts if holds_any(content)]


def test_no_file_or_view_outside_the_outbox_holds_a_person(delivery: Scored):
    assert leaks(store_texts(delivery.store)) == []


@pytest.mark.parametrize("encoding", SEARCHED_ENCODINGS)
def test_the_search_finds_a_leak_that_is_planted(encoding: str):
    planted = [text.encode(encoding) for text in secrets()[:100]]  # the canaries first
    texts = [(f"{before} {place}", b"." * before + text) for before in range(9) for place, text in enumerate(planted)]
    assert leaks(iter(texts)) == [place for place, _ in texts]


def test_the_search_finds_what_a_plain_search_finds():
    everything = [text.encode(encoding) for text in secrets() for encoding in SEARCHED_ENCODINGS]
    cut = [text[:-1] for text in everything[:200]]
    assert [holds_any(text) for text in cut] == [any(needle in text for needle in everything) for text in cut]


def test_the_search_decodes_parquet(tmp_path: Path):
    (tmp_path / "store").mkdir()
    pq.write_table(
        pa.table({"x": [TRUTH["canaries"]["id_numbers"][0]]}), tmp_path / "store" / "t.parquet", compression="zstd"
    )
    texts = [("decoded", json.dumps(pq.read_table(tmp_path / "store" / "t.parquet").to_pylist()).encode())]
    assert leaks(iter(texts)) == ["decoded"]


def test_the_terminal_says_no_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    new_store(tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    said = io.StringIO()
    store = str(tmp_path / "store")
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        assert (
            cli.main(
                [
                    "score",
                    "--store",
                    store,
                    "--models",
                    str(MODELS),
                    "--inbox",
                    str(DELIVERY / "inbox"),
                    "--county",
                    "653199",
                    "--as-of",
                    "2026-11-01",
                    "--by",
                    "1001",
                ]
            )
            == 0
        )
        (run,) = (path.name for path in (tmp_path / "store" / "runs").iterdir())
        failed = runs.failed_gates(new_store(tmp_path), run)
        overrides = [f"--override={gate}=seen" for gate in failed]
        assert cli.main(["approve", run, "--store", store, "--by", "2002", "--reason", "test", *overrides]) == 0
        assert cli.main(["publish", run, "--store", store]) == 0
        for verb in (["notices", run], ["diff", run, "--by", "village"], ["status"], ["report", run]):
            assert cli.main([*verb, "--store", store]) == 0
        for place in ("653199", "65"):
            assert cli.main(["report", "--place", place, "--out", str(tmp_path / place), "--store", store]) == 0
    assert "staged" in said.getvalue()
    pages = ((place, (tmp_path / place).read_bytes()) for place in ("653199", "65"))
    assert leaks(iter([("terminal", said.getvalue().encode()), *pages])) == []


def test_what_people_do_between_runs_says_no_person(delivery: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(delivery.store.root, tmp_path / "store")
    shutil.copy(delivery.store.root.parent / "keys", tmp_path / "keys")
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "store"))
    said, book, run = io.StringIO(), str(tmp_path / "reviews.xlsx"), delivery.run.run_id
    person = next(number for number in TRUTH["canaries"]["id_numbers"] if _is_known(delivery.store, number))
    by = ["--by", "2002"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        for verb in (["find", "-", *by], ["hold", "-", "--reason", "x", *by], ["explain", "-", *by]):
            monkeypatch.setattr("sys.stdin", io.StringIO(person))
            assert cli.main(verb) == 0
        looks = [entry for entry in Ledger.of(new_store(tmp_path)) if entry.act == "find"]
        told = [(entry.by, entry.details["household_key"]) for entry in looks]
        assert told == [("2002", looks[0].details["household_key"])] * 3
        monkeypatch.setattr("sys.stdin", io.StringIO(person))
        assert cli.main(["release", "-", "--reason", f"not {person}", *by]) == 2
        assert cli.main(["hold", person, "--reason", "x", *by]) == 2
        assert cli.main(["reviews", "export", run, "--out", book]) == 0
        assert cli.main(["reviews", "apply", book, *by]) == 0
        assert cli.main(["status"]) == 0
    assert "held" in said.getvalue()
    assert leaks(iter([("terminal", said.getvalue().encode())])) == []
    assert leaks(store_texts(new_store(tmp_path))) == []


def _is_known(store: Store, number: str) -> bool:
    key = tell._key_of_typed(store, number)
    return decision_in_force(store, Ledger.of(store), key) is not None


PLACES = {"line_number", "roster_line", "corrected_by_line", "other_line"}


def test_no_view_and_no_stored_table_has_a_line_beside_a_household(delivery: Scored):
    """Whoever has a list that an office publishes would know each of its households by the line."""
    with duckdb.connect(str(delivery.store.warehouse), read_only=True) as connection:
        found = connection.execute("SELECT schema_name, table_name, column_name FROM duckdb_columns()").fetchall()
    columns: dict[str, set[str]] = {}
    for schema, view, column in found:
        columns.setdefault(f"{schema}.{view}", set()).add(column)
    for path in delivery.store.run_folder(delivery.run.run_id).glob("*.parquet"):
        columns[path.name] = set(pq.read_schema(path).names)
    assert {"main.links", "main.reconciliation", "inner.links", "links.parquet"} < columns.keys()
    assert [name for name, there in columns.items() if "household_key" in there and there & PLACES] == []


def test_the_order_of_links_tells_no_line(delivery: Scored):
    links = pq.read_table(delivery.store.run_folder(delivery.run.run_id) / "links.parquet").to_pylist()
    told = [(row["office"], row["source_table"], row["household_key"]) for row in links if row["household_key"]]
    assert told == sorted(told)
    assert len(told) > 50


def test_branch_packages_do_hold_the_borrowers(delivery: Scored):
    outbox = b"".join(path.read_bytes() for path in (delivery.store.root / "outbox").rglob("limits.csv"))
    assert any(number.encode() in outbox for number in TRUTH["canaries"]["id_numbers"])


def test_private_folders_and_keys_are_for_their_owner_only(delivery: Scored):
    for folder in ("vault", "frozen", "packing", "outbox"):
        assert (delivery.store.root / folder).stat().st_mode & 0o077 == 0
    assert (delivery.store.root.parent / "keys").stat().st_mode & 0o777 == 0o600
    assert sys.platform != "win32"
