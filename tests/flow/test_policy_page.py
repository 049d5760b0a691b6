"""A tried policy as a page for the minutes: what the simulation says, few households hidden, who signed and where."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.browser import browser
from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored
from tests.looked_at import asked_elsewhere, look, look_on_paper, paper_of
from tests.pages import part_of, rows_of
from village_credit import cli
from village_credit.report.policy_page import policy_page
from village_credit.report.translations import LANGUAGES
from village_credit.services.queries.policy_signatures import signed_under
from village_credit.services.queries.simulate import Simulated, simulate
from village_credit.store.store import sha256_of

MEETING = {
    "date": "2026-11-02",
    "title": "第三次会议",
    "minutes": "2026-17",
    "members": [{"number": "2002", "vote": "for"}],
}


@pytest.fixture(scope="module")
def tried(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Simulated]:
    policy = tmp_path_factory.mktemp("tried") / "policy.toml"
    text = (MODELS / "limit_policy.toml").read_text("utf-8")
    policy.write_text(text.replace('name = "stress", value = 0.70', 'name = "stress", value = 0.60'), "utf-8")
    return policy, simulate(published.store, COUNTY_OF_TESTS, policy, AS_OF)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_simulation_says_and_hides_few(tried: tuple[Path, Simulated], language: str):
    found = tried[1]
    page = policy_page(asdict(found), [], language)
    ((name, before, after, *_, yuan),) = rows_of(page, "policy-figures-table")
    assert (name, before, after, yuan) == ("stress", "0.70", "0.60", f"{found.figures[0]['yuan']:+,}")
    told = [row[1] for row in rows_of(page, "policy-changes-table")]
    assert len(told) == len(found.changes)
    assert all(count == "—" or int(count.replace(",", "")) >= 30 for count in told)
    assert "—" in told
    rules = rows_of(page, "policy-rules-table")
    assert [row[1] for row in rules] == [one["rule"] for one in found.rules]
    assert found.policy_sha256 in page
    assert not re.search(r"https?:|<link|@import|<img|src=|<script", page)


def test_where_nobody_signed_there_are_lines_to_sign(published: Scored, tried: tuple[Path, Simulated]):
    found = tried[1]
    assert signed_under(published.store, found.policy_sha256, COUNTY_OF_TESTS) == []
    page = policy_page(asdict(found), [], "zh")
    assert "还没有签批" in page
    assert len(rows_of(page, "policy-signed-table")) == 5


def test_who_signed_a_run_under_exactly_this_file_stands_there_with_the_meeting(published: Scored):
    sha256 = sha256_of((MODELS / "limit_policy.toml").read_bytes())
    (signed,) = signed_under(published.store, sha256, COUNTY_OF_TESTS)
    assert (signed["run_id"], signed["by"], signed["meeting"]) == (published.run.run_id, "2002", None)
    assert signed_under(published.store, sha256, "650000") == []
    found: dict[str, Any] = asdict(simulate(published.store, COUNTY_OF_TESTS, MODELS / "limit_policy.toml", AS_OF))
    said = part_of(policy_page(found, [signed, signed | {"meeting": MEETING}], "zh"), "policy-signed")
    assert "未登记会议" in said
    assert "第三次会议，纪要 2026-17；成员及表决：2002 for" in said


def test_where_nothing_differs_the_page_says_so(tried: tuple[Path, Simulated]):
    same = replace(tried[1], figures=[], interplay_yuan=0, flips=[])
    page = policy_page(asdict(same), [], "zh")
    assert "没有一项影响额度的规定与在期政策不同" in page
    assert "policy-flips" not in page


def test_the_command_writes_a_new_page_of_one_county(
    published: Scored,
    tried: tuple[Path, Simulated],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(published.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    page = tmp_path / "change.html"
    words = ["simulate", "--county", COUNTY_OF_TESTS, "--policy", str(tried[0]), "--on", AS_OF.isoformat()]
    assert cli.main([*words, "--out", str(page)]) == 0
    assert page.read_text("utf-8") == policy_page(asdict(tried[1]), [], "zh")
    assert cli.main([*words, "--out", str(page)]) == 2
    assert "change.html is there already" in capsys.readouterr().err
    assert cli.main([*words, "--county", "659999", "--out", str(tmp_path / "other.html")]) == 2
    assert "a page is of one county" in capsys.readouterr().err
    assert date.fromisoformat(tried[1].policy_day) == AS_OF


@pytest.mark.browser
def test_a_browser_reads_and_prints_it_at_every_width(tried: tuple[Path, Simulated], tmp_path: Path):
    with browser(tmp_path) as tab:
        for language, width in product(LANGUAGES, (1400, 390)):
            page = tmp_path / f"{language}.html"
            page.write_text(policy_page(asdict(tried[1]), [], language), "utf-8")
            tab.width(width)
            tab.open(page)
            assert tab.run("document.documentElement.dir") == ("rtl" if language == "ug" else "ltr")
            assert look(tab, width, colours=language == "zh") == {}, (language, width)
            assert look_on_paper(tab) == {}, language
        assert paper_of(tab, tmp_path / "page.pdf") == {(595, 842)}
        assert tab.complaints == []
        assert asked_elsewhere(tab) == set()
