"""The run's page, as a person would see it in a browser: no network, three languages, figures of the views."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.browser import Tab, browser
from tests.conftest import Scored
from tests.looked_at import asked_elsewhere, look, look_on_paper, paper_of
from tests.pages import rows_of
from village_credit.china_calendar import today
from village_credit.ledger.lines_in_force import BEFORE
from village_credit.report.page import run_page
from village_credit.report.translations import LANGUAGES
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries.place import page_of_place
from village_credit.shapes.findings import OUTLINES

HIDDEN = "—"
WIDTHS = (1400, 390)
TABLE = "document.querySelector('table[data-name={}]')"
SHOWN = "[...{table}.tBodies[0].rows].filter(row => getComputedStyle(row).display !== 'none').length"


def page(scored: Scored) -> Path:
    return scored.store.run_folder(scored.run.run_id) / "report.html"


def test_the_page_asks_for_nothing_and_has_the_run_s_figures(published: Scored):
    text = page(published).read_text(encoding="utf-8")
    assert not re.search(r"https?:|<link|@import|<img|src=", text.replace('"Content-Security-Policy"', ""))
    assert "default-src 'none'" in text
    for word in ("从送达行到授信", "关口", "被隔离的行（按部门和原因）", "各乡镇和各村", "送达的表", "等待谁办理什么"):
        assert word in text
    assert f"{published.run.sum_limit_yuan:,}" in text


def test_a_manager_s_figures_stand_first_and_add_up(published: Scored):
    text = page(published).read_text(encoding="utf-8")
    decisions = pq.read_table(published.store.run_folder(published.run.run_id) / "decisions.parquet").to_pylist()
    granted = [row for row in decisions if row["decision"] == "granted"]
    cards = re.findall(r'<bdi dir="ltr">(.*?)</bdi>', text.split("<nav", 1)[0])
    assert cards[:2] == [f"{len(granted):,}", f"{sum(row['limit_yuan'] for row in granted):,}"]
    assert text.index('id="waiting-part"') < text.index('id="gates-part"') < text.index('id="sources-part"')
    review = sum(row["decision"] == "manual_review" for row in decisions)
    assert f"{review:,} 户" in [row[2] for row in rows_of(text, "waiting") if row[1] == "复核人员"]
    by_change = {row[0]: row[1:] for row in rows_of(text, "changes")}
    before = pq.read_table(published.store.run_folder(published.run.run_id) / "lines_before.parquet").to_pylist()
    had = {row["household_key"] for row in before if row["limit_yuan"]}
    new = sum(row["household_key"] not in had for row in granted)
    assert by_change["新增"][0] == f"{new:,}"


def test_no_few_households_are_told_of_a_village_or_a_reason(published: Scored):
    text = page(published).read_text(encoding="utf-8")
    decisions = pq.read_table(published.store.run_folder(published.run.run_id) / "decisions.parquet").to_pylist()
    households = Counter(row["village_code"] for row in decisions)
    granted = Counter(row["village_code"] for row in decisions if row["decision"] == "granted")
    villages = rows_of(text, "villages")
    assert {row[1] for row in villages if row[1]} == {code for code in households if code}
    told = [row for row in villages if row[3] != HIDDEN]
    assert {row[3:] == [HIDDEN] * 4 for row in map(list, villages) if row not in told} <= {True}
    for _, code, count, shown, *_ in told:
        assert int(count.replace(",", "")) == households[code or None]
        assert int(shown.replace(",", "")) == granted[code or None]
        assert min(granted[code or None], households[code or None] - granted[code or None]) >= LEAST_GROUP
    assert len(told) < len(villages)
    for name, place in (
        ("reasons", 2),
        ("products_decided", 2),
        ("limits", 1),
        ("changes", 1),
        ("townships", 3),
        ("bands", 2),
    ):
        counts = [row[place] for row in rows_of(text, name)]
        assert all(count in (HIDDEN, "0") or int(count.replace(",", "")) >= LEAST_GROUP for count in counts), name
    assert HIDDEN in [row[2] for row in rows_of(text, "reasons")]
    why = Counter((row["decision"], (row["reason_codes"] or [row["binding_term"]])[0]) for row in decisions)
    assert f"{max(why.values()):,}" in [row[2] for row in rows_of(text, "reasons")]  # what is of many is told


def test_a_village_is_told_only_where_its_township_is(published: Scored):
    """Else whoever adds up the villages knows what the township's dash hides."""
    text = page(published).read_text(encoding="utf-8")
    hidden = {row[0] for row in rows_of(text, "townships") if row[3] == HIDDEN}
    body = text.split('data-name="villages"', 1)[1].split("</table>", 1)[0]
    names = dict(re.findall(r'<option value="(\d+)">(.*?)</option>', text))
    for township, row in re.findall(r'<tr data-t="(\d+)">(.*?)</tr>', body, re.DOTALL):
        if names[township] in hidden:
            assert row.count(HIDDEN) == 4


def with_map(scored: Scored) -> str:
    folder, run_id = scored.store.run_folder(scored.run.run_id), scored.run.run_id
    tables = {path.stem: pq.read_table(path, partitioning=None) for path in folder.glob("*.parquet")}
    villages = [row["place_code"] for row in tables["places"].to_pylist() if row["level"] == "village"]
    rows = [
        {
            "village_code": code,
            "path": f"M{at * 100} 0L{at * 100 + 90} 5L{at * 100 + 80} 95Z",
            "width": 400,
            "height": 100,
        }
        for at, code in enumerate(villages)
    ]
    outlines = pa.Table.from_pylist(rows, schema=OUTLINES)
    return run_page(run_id, scored.store.manifest(run_id), tables, BEFORE.empty_table(), outlines)


@pytest.fixture(scope="module")
def pages(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The run's page as it would be with a map of its villages, and its county's, prefecture's and region's today."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "run.html").write_text(with_map(published), encoding="utf-8")
    for place in (published.county_code[:digits] for digits in (6, 4, 2)):
        (folder / f"{place}.html").write_text(page_of_place(published.store, place, today()), encoding="utf-8")
    return sorted(folder.iterdir(), reverse=True)


@pytest.fixture(scope="module")
def tab(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def say_in(tab: Tab, language: str) -> None:
    tab.run(f"document.querySelector('[data-language={language}]').click()")


@pytest.mark.browser
def test_a_browser_draws_every_page_in_each_language_and_width_for_everybody(
    pages: list[Path], tab: Tab, tmp_path: Path
):
    for one, width in product(pages, WIDTHS):
        tab.width(width)
        tab.open(one)
        tab.run("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        for language in LANGUAGES:
            say_in(tab, language)
            assert look(tab, width, colours=language == "zh") == {}, (one.name, width, language)
            assert tab.run("document.documentElement.dir") == ("rtl" if language == "ug" else "ltr")
        assert tab.picture(tmp_path / f"{one.stem}{width}.png").stat().st_size > 40_000, (one.name, width)
    tab.run("document.documentElement.removeAttribute('lang')")
    tab.run("document.querySelector('.d').style.cssText = 'display: inline-block; width: 1px; white-space: normal'")
    assert {"violations", "broken"} <= set(look(tab, WIDTHS[-1], colours=False))
    assert tab.complaints == []
    assert asked_elsewhere(tab) == set()


@pytest.mark.browser
def test_a_page_prints_on_a4_whole(published: Scored, pages: list[Path], tab: Tab, tmp_path: Path):
    for one, language in product(pages, LANGUAGES):
        tab.width(390)
        tab.open(one)
        say_in(tab, language)
        if language == "zh":
            assert paper_of(tab, tmp_path / "page.pdf") == {(595, 842)}
        tab.run("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert look_on_paper(tab) == {}, (one.name, language)
    tab.width(390)
    tab.open(page(published))
    tab.printed(tmp_path / "page.pdf")
    assert tab.run("[...document.querySelectorAll('details')].every(part => part.open)")
    tab.call("Emulation.setEmulatedMedia", media="print")
    try:
        rows = len(rows_of(page(published).read_text(encoding="utf-8"), "gates"))
        assert tab.run(SHOWN.format(table=TABLE.format("gates"))) == rows
    finally:
        tab.call("Emulation.setEmulatedMedia", media="")


@pytest.mark.browser
def test_rows_are_sorted_chosen_by_township_and_taken_along(published: Scored, tab: Tab):
    tab.width(1400)
    tab.open(page(published))
    villages = TABLE.format("villages")
    told = f"[...{villages}.tBodies[0].rows].map(row => row.cells[2].textContent.trim())"
    for way in (-1, 1):
        tab.run(f"{villages}.tHead.rows[0].cells[2].querySelector('button').click()")
        counts = [int(count.replace(",", "")) for count in tab.run(told)]
        assert counts == sorted(counts, reverse=way < 0)
    assert tab.run(f"{villages}.tHead.rows[0].cells[2].getAttribute('aria-sort')") == "ascending"
    choose = """(() => {{ const one = document.getElementById('choice'); one.value = {};
        one.dispatchEvent(new Event('change')); return one.value; }})()"""
    place = tab.run(choose.format("one.options[1].value"))
    shown = tab.run(f"[...{villages}.tBodies[0].rows].filter(row => !row.hidden).map(row => row.dataset.t)")
    assert set(shown) == {place}
    assert tab.run("[...document.querySelectorAll('.tiles li')].filter(one => !one.hidden).length") == 1
    assert_saved(tab, len(shown))
    assert tab.run(choose.format("''")) == ""
    assert tab.run(f"[...{villages}.tBodies[0].rows].filter(row => row.hidden).length") == 0


def assert_saved(tab: Tab, rows: int) -> None:
    """What a button saves is the table as it is chosen, figures as numbers."""
    saved = tab.saved("document.querySelector('#villages figcaption button').click()")
    assert saved.name == "villages.csv"
    text = saved.read_text(encoding="utf-8-sig")
    lines = list(csv.reader(text.splitlines()))
    assert len(lines) == rows + 1
    assert lines[0][:3] == ["村", "代码", "户数"]
    assert all(line[2].isdigit() for line in lines[1:])


@pytest.mark.browser
def test_charts_and_maps_are_drawn(published: Scored, pages: list[Path], tab: Tab):
    tab.width(1400)
    tab.open(pages[0])
    villages = len(
        [row for row in rows_of(page(published).read_text(encoding="utf-8"), "villages") if row[1][-6:] != "0" * 6]
    )
    assert tab.run("document.querySelectorAll('.squares rect').length") == villages
    high = "[...document.querySelectorAll('.map path')].map(one => one.getBoundingClientRect().height)"
    assert len(tab.run(high)) == villages
    assert min(tab.run(high)) > 50
    tab.run("""(() => { const one = document.getElementById('choice'); one.value = one.options[1].value;
        one.dispatchEvent(new Event('change')); })()""")
    drawn = tab.run(high)
    assert 0 < sum(each > 0 for each in drawn) < villages
    wide = tab.run(
        "[...document.querySelectorAll('#funnel .bar rect:last-child')].map(one => one.getBoundingClientRect().width)"
    )
    assert wide == sorted(wide, reverse=True)
    assert wide[0] > 100
    assert tab.run("document.querySelectorAll('#groups .bar .mark').length") > 5
