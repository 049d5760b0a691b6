"""The account of a decision: one truth as text, data and a page, whose figures come from the lines that it names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.browser import Tab, browser
from tests.conftest import MODELS, Scored
from tests.looked_at import asked_elsewhere, look, look_on_paper, paper_of
from tests.pages import rows_of
from village_credit import cli
from village_credit.catalogue import terms
from village_credit.publish.household_helps import helps_of
from village_credit.report.account import account_page, account_text
from village_credit.report.translations import LANGUAGES, in_language, texts_in, translated
from village_credit.score.scorecard import read_scorecard
from village_credit.services.queries.explain import explain

CARD = read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8"))
KINDS = ("granted", "declined", "manual_review")


@pytest.fixture(scope="module")
def told(published: Scored) -> dict[str, dict[str, Any]]:
    """The account of a household of each decision, by decision: the first with crops and something that helps."""
    rows = decisions(published)
    helps = helps_of(published.store, published.run.run_id, rows.column("household_key").to_pylist()[:120])
    helped = set(helps.rows.column("household_key").to_pylist())
    crops = set(table(published, "crop_terms").column("household_key").to_pylist())
    found = {}
    for row in rows.to_pylist():
        if row["household_key"] in helped & crops and row["default_probability_ppm"] is not None:
            found.setdefault(row["decision"], row["household_key"])
    assert set(found) >= {"granted", "declined"}
    return {decision: explain(published.store, key) for decision, key in found.items()}


def table(published: Scored, name: str) -> Any:
    return pq.read_table(published.store.run_folder(published.run.run_id) / f"{name}.parquet", partitioning=None)


def decisions(published: Scored) -> Any:
    return table(published, "decisions")


def delivered(published: Scored, item: dict[str, Any]) -> dict[str, str]:
    """A line as its office delivered it, by the header's names."""
    lines = (published.inbox / published.county_code / item["file_name"]).read_bytes()
    for encoding in ("utf-16", "utf-8-sig", "gb18030"):
        try:
            text = lines.decode(encoding).splitlines()
            break
        except UnicodeError:
            continue
    mark = max(",\t|", key=text[0].count)
    header, row = (next(csv.reader([text[number - 1]], delimiter=mark)) for number in (1, item["line_number"]))
    return dict(zip(header, row, strict=True))


def test_the_score_is_base_and_points_and_its_probability_and_band_follow(told: dict[str, dict[str, Any]]):
    for found in told.values():
        total = CARD.base_points + sum(row["points"] for row in found["points"])
        at = min(max(total - CARD.probability.from_points, 0), len(CARD.probability.ppm) - 1)
        assert found["score"] == {"base": CARD.base_points, "total": total}
        assert found["decision"]["default_probability_ppm"] == CARD.probability.ppm[at]
        points = {feature.name: {bin_.label: bin_.points for bin_ in feature.bins} for feature in CARD.features}
        assert all(points[row["feature"]].get(row["bin"], row["points"]) == row["points"] for row in found["points"])


def test_crops_are_mu_times_net_and_deductions_are_what_lies_between_the_terms(told: dict[str, dict[str, Any]]):
    for found in told.values():
        page = account_page(found, "zh")
        for crop, row in zip(found["crops"], rows_of(page, "account-crops-table"), strict=True):
            assert row[0] == crop["crop"]
            worked, net, norm = (Decimal(cell.replace(",", "")) for cell in row[2:5])
            assert worked * net == norm
        waterfall = found["waterfall"]
        cells = {row[0]: row[1] for row in rows_of(page, "account-deducted-table")}
        stress = waterfall["income_yuan"] - waterfall["stressed_yuan"]
        assert cells["压力情形扣减（认定年收入减压力情形下收入）"] == f"{stress:,} 元"
        free = min(waterfall["stressed_yuan"] // 2, waterfall["stressed_yuan"] - waterfall["living_cost_yuan"])
        assert waterfall["free_service_yuan"] == max(0, free - waterfall["existing_service_yuan"])


def test_every_figure_names_lines_that_its_offices_delivered_and_no_other(
    published: Scored, told: dict[str, dict[str, Any]]
):
    for found in told.values():
        page = account_page(found, "en")
        inputs = {row[0]: row for row in rows_of(page, "account-inputs-table")}
        assert len(inputs) == len(found["inputs"])
        labels = {texts_in("en")["terms"][column]: term for column, term in terms().items()}
        for label, _, _, refs in rows_of(page, "account-waterfall-table"):
            named = {inputs[f"[{number}]"][2] for number in numbers(refs)}
            assert named <= {texts_in("en")["contracts"][name] for name in labels[label].contracts}
        areas = [item for item in found["inputs"] if item["contract"] == "crop_declaration"]
        lines = [delivered(published, item) for item in areas]
        latest = max(line["年度"] for line in lines)
        declared = sum(Decimal(line["种植面积（亩）"]) for line in lines if line["年度"] == latest)
        assert declared == sum(crop["declared_mu"] for crop in found["crops"])


def numbers(refs: str) -> list[int]:
    ends = [[int(end) for end in part.split("–")] for part in re.findall(r"\[([\d–]+)\]", refs)]
    return [number for part in ends for number in range(part[0], part[-1] + 1)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_text_say_the_same_in_each_language(told: dict[str, dict[str, Any]], language: str):
    for found in told.values():
        page, text = account_page(found, language), account_text(found, language)
        for row in rows_of(page, "account-waterfall-table"):
            assert row[0] in text
            assert row[1] in text
        assert not re.search(r"https?:|<link|@import|<img|src=|<script", page)
        for row in rows_of(page, "account-helps-table"):
            assert row[0] in text
        said = in_language(translated("help_states", "reckoned"), language)
        assert said in page
        assert (in_language(translated("page", "unreviewed"), "ug") in text) == (language == "ug")


def test_nobody_is_named_and_what_helps_is_no_promise(told: dict[str, dict[str, Any]]):
    text = account_text(told["declined"])
    assert "不是承诺" in text
    assert "做什么可能有帮助" in text
    assert not re.search(r"\d{17}[\dX]", text)


def test_where_nothing_helps_or_nobody_knows_it_says_so(told: dict[str, dict[str, Any]]):
    found = told["declined"]
    for state, sentence in (("reckoned", "没有哪一项单独改变"), ("not_kept", "无法重算"), ("held", "被暂停用信"),
                            ("not_declared", "没有写明"), ("fixed", "不取决于本户")):  # fmt: skip
        assert sentence in account_text(
            {**found, "helps": {"state": state, "things": [], "rests_on": "BRANCH_REFUSED"}}
        )


def test_what_helps_many_at_once_is_what_helps_each(published: Scored, told: dict[str, dict[str, Any]]):
    rows = decisions(published)
    refused = rows.filter(pc.not_equal(rows.column("decision"), "granted")).column("household_key").to_pylist()
    own = told["declined"]["decision"]["household_key"]
    every = helps_of(published.store, published.run.run_id, [own, *refused[:30]])
    assert len(set(every.rows.column("household_key").to_pylist())) > 1
    assert every.of(own) == told["declined"]["helps"]["things"]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browser_reads_and_prints_it_at_every_width(
    tab: Tab, told: dict[str, dict[str, Any]], tmp_path: Path, language: str
):
    page = tmp_path / "account.html"
    page.write_text(account_page(told["declined"], language), encoding="utf-8")
    for width in (1400, 390):
        tab.width(width)
        tab.open(page)
        assert look(tab, width, colours=language == "zh") == {}, width
    assert tab.run("document.documentElement.dir") == ("rtl" if language == "ug" else "ltr")
    assert look_on_paper(tab) == {}
    assert paper_of(tab, tmp_path / "page.pdf") == {(595, 842)}
    assert tab.complaints == []
    assert asked_elsewhere(tab) == set()


def test_the_command_writes_a_new_page_alone(
    published: Scored,
    told: dict[str, dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    page = tmp_path / "why.html"
    words = ["explain", told["declined"]["decision"]["household_key"], "--lang", "en", "--out", str(page)]
    place = ["--store", str(published.store.root)]
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    assert cli.main([*words, *place]) == 0
    assert "What could help" in capsys.readouterr().out
    assert '<html lang="en" dir="ltr" class="stacked">' in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    assert cli.main([*words, *place]) == 2
    assert "why.html is there already" in capsys.readouterr().err
