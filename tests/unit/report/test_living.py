"""A living page asks for nothing, escapes whatever it is handed, is the same to the byte, and stays small."""

from __future__ import annotations

import base64
import hashlib
import re

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Scored
from tests.pages import rows_of
from village_credit.ledger.lines_in_force import BEFORE
from village_credit.report.living import living_page
from village_credit.report.page import run_page
from village_credit.report.page_parts import (
    Card,
    Cell,
    Page,
    Row,
    Section,
    Square,
    Table,
    Tile,
    Tiles,
    figure_cell,
    text_cell,
)
from village_credit.report.translations import translated
from village_credit.shapes.findings import OUTLINES

HOSTILE = '</script><script>alert(1)</script>"><img src=x onerror=alert(2)>'
MOST_BYTES = 2_000_000
NO_LINES, NO_MAP = BEFORE.empty_table(), OUTLINES.empty_table()


def hostile_page() -> str:
    name = translated("misc", "tile", township=HOSTILE, granted=HOSTILE, share=HOSTILE, total=HOSTILE)
    cells = [text_cell(HOSTILE), Cell(HOSTILE, is_code=True), text_cell(name), figure_cell(1)]
    table = Table("made", HOSTILE, [translated("heads", "file")] * 4, [Row(cells, HOSTILE)])
    tile = Tile(HOSTILE, HOSTILE, name, translated("misc", "map_label", township=HOSTILE), [Square(1, HOSTILE)])
    section = Section("made", HOSTILE, [table, Tiles([tile])])
    return living_page(Page(name, HOSTILE, [Card(HOSTILE, HOSTILE)], [section], HOSTILE, [(HOSTILE, HOSTILE)]))


def test_whatever_a_page_is_handed_stays_text():
    page = hostile_page()
    assert page.count("<script") == page.count("</script>") == 2
    assert "<img" not in page


def test_a_page_lets_nothing_be_fetched_and_runs_its_own_script_alone():
    page = hostile_page()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    told = dict(each.split(" ", 1) for each in policy.split("; "))
    script = page.rsplit("<script>", 1)[1].split("</script>")[0]
    style = page.split("<style>", 1)[1].split("</style>")[0]
    for kind, text in (("script-src", script), ("style-src", style)):
        assert told.pop(kind) == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert told.pop("font-src") == "data:"
    assert told.pop("default-src") == "'none'"
    assert set(told.values()) == {"'none'"}
    assert not re.search(
        r"\son[a-z]+=|\bstyle=", re.sub(r"(?s)<(script|style)>.*?</\1>", "", page.replace("onerror=", ""))
    )


def tables_of(scored: Scored) -> dict[str, pa.Table]:
    folder = scored.store.run_folder(scored.run.run_id)
    return {path.stem: pq.read_table(path, partitioning=None) for path in folder.glob("*.parquet")}


def test_the_same_run_is_the_same_page_to_the_byte(quiet: Scored):
    run_id, manifest = quiet.run.run_id, quiet.store.manifest(quiet.run.run_id)
    drawn = [run_page(run_id, manifest, tables_of(quiet), NO_LINES, NO_MAP) for _ in range(2)]
    assert drawn[0] == drawn[1] == (quiet.store.run_folder(run_id) / "report.html").read_text(encoding="utf-8")


def test_a_county_of_500_villages_is_a_page_of_two_megabytes_at_most(published: Scored):
    run_id, tables = published.run.run_id, tables_of(published)
    many = duckdb.from_arrow(tables["decisions"]).query(
        "d",
        """SELECT * REPLACE (printf('659900%03d%03d', 100 + n // 10, 200 + n % 10) AS village_code) FROM d,
           (SELECT unnest(range(500)) AS n) WHERE village_code IS NOT NULL AND hash(household_key, n) % 6 = 0""",
    )
    codes = [f"659900{100 + n // 10:03}{200 + n % 10:03}" for n in range(500)]
    places = [
        {"level": "village", "place_code": one, "place_name": f"第{one[6:]}村", "within_code": one[:9]} for one in codes
    ]
    places += [
        {"level": "township", "place_code": one, "place_name": f"第{one[6:]}乡"}
        for one in sorted({c[:9] for c in codes})
    ]
    tables |= {
        "decisions": many.to_arrow_table(),
        "places": pa.Table.from_pylist(places, schema=tables["places"].schema),
    }
    path = "M0 0" + "L999 999" * 60 + "Z"  # more than is left of an outline that was made coarse
    outlines = [{"village_code": one, "path": path, "width": 1000, "height": 1000} for one in codes]
    drawn = pa.Table.from_pylist(outlines, schema=OUTLINES)
    page = run_page(run_id, published.store.manifest(run_id), tables, NO_LINES, drawn)
    assert len(rows_of(page, "villages")) == 500
    assert page.count('data-t="659900100"') == 1 + 1 + 10 + 10
    assert len(page.encode()) <= MOST_BYTES


@pytest.mark.parametrize(("drawn", "told"), [([None, None], "尚无记录"), ([1500.5, 0], "1,500")])
def test_what_is_drawn_is_told_where_it_is_known(quiet: Scored, drawn: list[float | None], told: str):
    keys = tables_of(quiet)["decisions"].column("household_key").to_pylist()[:2]
    rows = [
        {"household_key": key, "product": "farmer_line", "limit_yuan": 10_000, "drawn_yuan": owed}
        for key, owed in zip(keys, drawn, strict=True)
    ]
    in_force = pa.Table.from_pylist(rows, schema=BEFORE.set(6, pa.field("drawn_yuan", pa.float64()))).cast(BEFORE)
    page = run_page(quiet.run.run_id, quiet.store.manifest(quiet.run.run_id), tables_of(quiet), in_force, NO_MAP)
    card = page.split(translated("cards", "drawn").zh, 1)[1].split("</div>")[0]
    assert re.sub("<[^>]+>", "", card.split("<b", 1)[1].split("</b>")[0]).endswith(told)


def test_a_first_run_says_in_words_that_there_is_nothing_to_compare_with(quiet: Scored):
    tables = tables_of(quiet)
    tables["lines_before"] = tables["lines_before"].slice(0, 0)
    page = run_page(quiet.run.run_id, quiet.store.manifest(quiet.run.run_id), tables, NO_LINES, NO_MAP)
    growth = page.split(translated("cards", "growth").zh, 1)[1].split("</div>")[0]
    assert "无从比较" in growth
    assert "—" not in growth
    assert translated("causes", "not_split").zh in page
