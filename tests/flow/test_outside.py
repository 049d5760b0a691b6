"""No `--out` writes into the store or over its keys, `--force` or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Scored, copy_of
from village_credit import cli


@pytest.mark.parametrize("place", ["keys", "store/ledger/00000001.json", "store/page.html", "store", "again", "way"])
def test_nothing_is_written_into_the_store_or_over_its_keys(
    quiet: Scored, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store, run_id = copy_of(quiet, tmp_path).store, quiet.run.run_id
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    (tmp_path / "again").hardlink_to(tmp_path / "keys")
    (tmp_path / "way").symlink_to(store.root / "way.html")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for words in (["evidence", run_id], ["reviews", "export", run_id], ["catalog"]):
        forced = [] if words == ["catalog"] else ["--force"]
        assert cli.main([*words, "--out", str(tmp_path / place), *forced]) == 2
        assert "name a place outside" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert cli.main(["evidence", run_id, "--out", str(tmp_path / "outside.html")]) == 0
