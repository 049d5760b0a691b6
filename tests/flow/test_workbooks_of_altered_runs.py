"""No person decides by the workbook of a run whose manifest is not the one that was staged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Scored, copy_of
from village_credit import cli


@pytest.mark.parametrize(
    "words",
    [
        ["reviews", "export"],
        ["links", "review"],
        ["successors", "review"],
        ["authority", "export"],
        ["corrections"],
        ["evidence"],
    ],
    ids=" ".join,
)
def test_a_manifest_that_was_written_anew_is_noticed_before_anybody_is_asked(
    quiet: Scored, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store, run_id = copy_of(quiet, tmp_path).store, quiet.run.run_id
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    path = store.run_folder(run_id) / "manifest.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\n")  # its tables are as it says
    assert cli.main([*words, run_id, "--out", str(tmp_path / "out")]) == 6
    assert "its manifest is not what was staged" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
