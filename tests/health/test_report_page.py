"""The run's page, as a person would see it in a browser: no network, all its parts, figures of the views."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import Scored
from village_credit.score.statistics import LEAST_GROUP

HIDDEN = "—"

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


def rows_of(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, a list a row."""
    body = text.split(heading, 1)[1].split("<table", 1)[1].split("</table>", 1)[0]
    found = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in body.split("<tr")]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in found if row]


def test_no_few_households_are_told_of_a_village_or_a_reason(published: Scored):
    text = page(published).read_text(encoding="utf-8")
    decisions = pq.read_table(published.store.run_folder(published.run.run_id) / "decisions.parquet").to_pylist()
    households = Counter(row["village_code"] for row in decisions)
    granted = Counter(row["village_code"] for row in decisions if row["decision"] == "granted")
    villages = rows_of(text, "各村额度")
    assert {row[1] for row in villages if row[1]} == {code for code in households if code}
    told = [row for row in villages if row[3] != HIDDEN]
    assert {row[3:] == [HIDDEN] * 4 for row in map(list, villages) if row not in told} <= {True}
    for _, code, count, shown, *_ in told:
        assert int(count.replace(",", "")) == households[code or None]
        assert int(shown.replace(",", "")) == granted[code or None]
        assert min(granted[code or None], households[code or None] - granted[code or None]) >= LEAST_GROUP
    assert len(told) < len(villages)
    reasons = [row[3] for row in rows_of(text, "决定及首要原因")]
    assert HIDDEN in reasons
    assert all(count == HIDDEN or int(count.replace(",", "")) >= LEAST_GROUP for count in reasons)


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
