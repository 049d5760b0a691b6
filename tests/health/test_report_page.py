"""The run's page, as a person would see it in a browser: no network, all its parts, figures of the views."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Scored

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def page(scored: Scored) -> Path:
    return scored.store.run_folder(scored.run.run_id) / "report.html"


def test_the_page_is_self_contained_and_has_the_run_s_figures(published: Scored):
    text = page(published).read_text(encoding="utf-8")
    assert not re.search(r"https?://|<script|<link|@import", text.replace("http://www.w3.org", ""))
    for word in ("从送达行到授信", "关口", "隔离（按部门和原因）", "各村额度", "送达的表"):
        assert word in text
    assert f"{published.run.sum_limit_yuan:,}" in text


@pytest.mark.browser
def test_a_browser_draws_the_page(published: Scored, tmp_path: Path):
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is not installed; `make test` leaves this out and says so"
    picture = tmp_path / "page.png"
    drawn = subprocess.run(
        [
            chromium,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1160,2400",
            f"--screenshot={picture}",
            page(published).resolve().as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert drawn.returncode == 0
    assert picture.stat().st_size > 60_000  # an empty page packs to a few thousand bytes
    seen = subprocess.run(
        [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'other'}", "--dump-dom", page(published).resolve().as_uri()],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert seen.stdout.decode("utf-8").count("<rect") > 10
