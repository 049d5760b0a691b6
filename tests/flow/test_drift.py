"""Whole runs: drift against the training and the last publication, groups of borrowers, and no name's shape."""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, MODELS, Scored, copy_of, new_store, put_in_force, request_of, score_into
from tests.pages import rows_of
from village_credit.extract.inbox import pull
from village_credit.ledger.ledger import Ledger
from village_credit.publish.views import view_names
from village_credit.score.scorecard import read_scorecard
from village_credit.services.rules import load_rules
from village_credit.services.scoring import stage as score
from village_credit.services.scoring.snapshot import take_snapshot
from village_credit.synthetic import synthesize

COUNTY = "659900"
CARD_FEATURES = {
    feature.name
    for feature in read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8")).features
}
NEXT_YEAR = date(2027, 11, 1)
REGISTER = "农业农村局/确权登记/659900承包地确权成果.zip"
PARCELS = "属性/CBDKXX.csv"
BOOK_FEATURES = {"income_per_person_yuan", "debt_to_income", "labour_share", "assets_per_person_yuan"}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean county of 240 households; never written to."""
    folder = tmp_path_factory.mktemp("drift") / "inbox"
    synthesize(folder, COUNTY, 4, 240, 7, AS_OF)
    return folder


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, inbox: Path) -> Scored:
    """The county's run, published; read only."""
    first = score_into(new_store(tmp_path_factory.mktemp("year")), inbox, COUNTY)
    put_in_force(first.store, first.run.run_id)
    return first


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory, year: Scored) -> tuple[Scored, Scored]:
    """It, and the same inputs scored a year later; read only."""
    first = copy_of(year, tmp_path_factory.mktemp("years"))
    return first, score_into(first.store, year.inbox, COUNTY, NEXT_YEAR)


def rows(scored: Scored, table: str) -> list[Row]:
    path = scored.store.run_folder(scored.run.run_id) / f"{table}.parquet"
    found: list[Row] = pq.read_table(path).to_pylist()
    return found


def drift(scored: Scored) -> dict[str, Row]:
    return {row["feature"]: row for row in rows(scored, "drift")}


def gates(scored: Scored) -> dict[str, tuple[float | None, str]]:
    return {gate["gate"]: (gate["value"], gate["verdict"]) for gate in scored.run.gates}


def view(scored: Scored, query: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect(str(scored.store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_first_run_has_nothing_published_to_compare_with(years: tuple[Scored, Scored]):
    found = drift(years[0])
    assert set(found) == {"score", *CARD_FEATURES}
    assert {row["psi_published"] for row in found.values()} == {None}
    assert {row["missing_share_published"] for row in found.values()} == {None}
    assert None not in {row["psi_training"] for row in found.values()}


def test_the_same_inputs_a_year_later_have_drifted_only_where_a_year_matters(years: tuple[Scored, Scored]):
    first, second = drift(years[0]), drift(years[1])
    for name in ("land_mu", "worst_days_overdue", "labour_share", "crop_count"):
        assert second[name]["psi_published"] == 0, name
    assert 0 < second["income_volatility"]["psi_published"] < 0.25  # three years of books become two
    assert 0 <= second["score"]["psi_published"] < 0.05
    for name, row in second.items():
        assert row["missing_share_published"] == first[name]["missing_share"]


def test_drift_counts_the_bins_that_are_stored(published: Scored):
    """By the stored labels, without the kernel: the same shares, and the same index by hand."""
    folder = published.store.run_folder(published.run.run_id)
    query = "SELECT feature, avg((bin = 'missing')::INT), count(DISTINCT bin) FROM read_parquet($path) GROUP BY feature"
    found = drift(published)
    shares = duckdb.connect().execute(query, {"path": str(folder / "score_points.parquet")}).fetchall()
    assert {name for name, *_ in shares} == CARD_FEATURES
    for name, share, _ in shares:
        assert found[name]["missing_share"] == pytest.approx(share, abs=1e-6)


def scaled(inbox: Path, folder: Path, factor: int) -> Path:
    """The county with every parcel's area multiplied."""
    copy = Path(shutil.copytree(inbox, folder / "inbox"))
    path = copy / COUNTY / REGISTER
    with zipfile.ZipFile(path) as archive:
        members = {item: archive.read(item) for item in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item, content in members.items():
            archive.writestr(item, _scaled(content, factor) if item.filename == PARCELS else content)
    return copy


def _scaled(content: bytes, factor: int) -> bytes:
    table = list(csv.DictReader(io.StringIO(content.decode("gb18030"), newline="")))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(table[0]))
    writer.writeheader()
    for row in table:
        areas = {name: f"{float(row[name]) * factor:.2f}" for name in ("HTMJ", "HTMJM")}
        writer.writerow({**row, **areas})
    return text.getvalue().encode("gb18030")


def test_three_times_the_land_drifts_and_warns(inbox: Path, years: tuple[Scored, Scored], tmp_path: Path):
    usual = years[0]
    grown = score_into(new_store(tmp_path), scaled(inbox, tmp_path, 3), COUNTY)
    before, after = drift(usual)["land_mu"]["psi_training"], drift(grown)["land_mu"]["psi_training"]
    assert before < 0.05
    assert after > 0.5
    assert gates(usual)["feature_drift"][0] < after / 2  # 240 households of one year, whose luck is their villages'
    assert gates(grown)["feature_drift"] == (after, "warn")
    unmoved = {name: row["psi_training"] for name, row in drift(grown).items() if name not in ("land_mu", "score")}
    assert unmoved == {name: drift(usual)[name]["psi_training"] for name in unmoved}


def test_without_the_books_their_features_are_missing_and_the_gate_warns(
    inbox: Path, years: tuple[Scored, Scored], tmp_path: Path
):
    copy = Path(shutil.copytree(inbox, tmp_path / "inbox"))
    for path in (copy / COUNTY).rglob("农户经济台账.xlsx"):
        path.unlink()
    usual, without = years[0], score_into(new_store(tmp_path), copy, COUNTY)
    found = drift(without)
    assert {found[name]["missing_share"] for name in BOOK_FEATURES} == {1.0}
    assert found["land_mu"]["missing_share"] == drift(usual)["land_mu"]["missing_share"]
    value, verdict = gates(without)["missing_drift"]
    largest = max(
        row["missing_share"] - row["missing_share_training"] for name, row in found.items() if name != "score"
    )
    assert (value, verdict) == (largest, "warn")
    assert gates(usual)["missing_drift"][1] == "pass"


def test_a_product_s_batch_is_judged_by_all_that_were_scored(years: tuple[Scored, Scored], inbox: Path):
    """A few traders would differ by chance.

    The whole county is the model's population, the batch's groups are hidden.
    """
    whole = years[0]
    batch = score.score_inbox(whole.store, inbox, request_of(COUNTY, product="trader_loan"))
    scored = Scored(whole.store, inbox, COUNTY, batch)
    assert [row["psi_training"] for row in rows(scored, "drift")] == [
        row["psi_training"] for row in rows(whole, "drift")
    ]
    assert 0 < len(rows(scored, "decisions")) < 30
    assert {row["is_hidden"] for row in rows(scored, "fairness")} == {True}


def test_who_is_compared_with_is_part_of_what_names_a_run(years: tuple[Scored, Scored], inbox: Path):
    first, second = years
    assert second.store.manifest(second.run.run_id)["compared_with_run"] == first.run.run_id
    request = request_of(COUNTY, NEXT_YEAR)
    delivered = list(pull(inbox, COUNTY))
    rules = load_rules(request, first.store.keys.public_keys())
    snapshot = take_snapshot(first.store, Ledger.of(first.store), delivered, request, rules)
    assert snapshot.run_id == second.run.run_id
    assert snapshot.parts["compared_with_run"] == first.run.run_id


def test_the_same_publications_and_inputs_give_the_same_bytes(
    year: Scored, years: tuple[Scored, Scored], inbox: Path, tmp_path: Path
):
    _, second = years
    again = score_into(copy_of(year, tmp_path).store, inbox, COUNTY, NEXT_YEAR)
    assert again.run.run_id == second.run.run_id
    tables = second.store.manifest(second.run.run_id)["tables"]
    assert again.store.manifest(again.run.run_id)["tables"] == tables
    assert {"drift", "fairness"} <= set(tables)
    assert score_into(again.store, inbox, COUNTY, NEXT_YEAR).run.noop


def test_the_views_show_published_runs_only(years: tuple[Scored, Scored]):
    first, second = years
    for name, count in (("drift", 1 + len(CARD_FEATURES)), ("fairness", 11)):
        assert view(second, f"SELECT run_id, count(*) FROM {name} GROUP BY ALL") == [(first.run.run_id, count)]


def test_the_groups_of_a_run_add_up_to_its_borrowers(published: Scored):
    decided = rows(published, "decisions")
    borrowers = [row for row in decided if row["borrower_reason"] is not None]
    of_sex = [row for row in rows(published, "fairness") if row["attribute"] == "sex"]
    assert [row["is_hidden"] for row in of_sex] == [False, False]
    assert sum(row["households"] for row in of_sex) == len(borrowers)
    assert sum(row["granted"] for row in of_sex) == sum(row["decision"] == "granted" for row in borrowers)
    ratios = [row["approval_ratio"] for row in rows(published, "fairness") if row["approval_ratio"] is not None]
    assert gates(published)["approval_ratio_of_groups"][0] == min(ratios)


def test_no_group_of_fewer_than_thirty_is_told(delivery: Scored):
    for row in rows(delivery, "fairness"):
        figures = [
            row[name]
            for name in (
                "households",
                "granted",
                "approval_share",
                "approval_ratio",
                "approval_low",
                "approval_high",
                "mean_limit_yuan",
                "limit_ratio",
                "is_flagged",
            )
        ]
        assert row["households"] is None if row["is_hidden"] else row["households"] >= 30
        assert not row["is_hidden"] or set(figures) == {None}
    hidden = {(row["attribute"], row["group_name"]) for row in rows(delivery, "fairness") if row["is_hidden"]}
    # four monitored households, who would be all borrowers less the others
    assert hidden == {("age", "66 and more"), ("monitored", "yes"), ("monitored", "no")}


def shapes(scored: Scored) -> dict[str, bool]:
    """Whether each household's borrower has a long name, by the vault."""
    vault = scored.store.open_identities(scored.run.run_id)
    named = pq.read_table(io.BytesIO(vault), columns=["household_key", "name"]).to_pylist()
    return {row["household_key"]: "·" in row["name"] or len(row["name"]) >= 5 for row in named}


def test_names_are_one_figure_of_one_gate(delivery: Scored):
    shape = shapes(delivery)
    of: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows(delivery, "decisions"):
        if row["borrower_reason"] is not None:
            of[shape[row["household_key"]]].append(row["decision"] == "granted")
    assert min(len(of[True]), len(of[False])) >= 30
    shares = [sum(granted) / len(granted) for granted in of.values()]
    value, verdict = gates(delivery)["approval_ratio_of_names"]
    assert value == pytest.approx(min(shares) / max(shares))
    assert verdict == ("warn" if value < 0.8 else "pass")


def test_no_stored_table_tells_long_names_from_short_ones(delivery: Scored):
    """No column is named so, and no column of few values divides the households as their borrowers' names do."""
    shape = shapes(delivery)
    assert 30 < sum(shape.values()) < len(shape) - 30
    for path in sorted(delivery.store.run_folder(delivery.run.run_id).glob("*.parquet")):
        table = pq.read_table(path)
        named = [name for name in table.column_names if re.search(r"long|shape|interpunct|translit|han_", name)]
        assert named == [], path.name
        if "household_key" in table.column_names:
            assert divided(table.to_pylist(), table.column_names, shape) == [], path.name


def divided(table: list[Row], columns: list[str], shape: dict[str, bool]) -> list[str]:
    """Name the columns of few values none of which long and short names share, where there are enough of both."""
    found = []
    for name in columns:
        of: dict[bool, list[str]] = {True: [], False: []}
        for row in table:
            if row["household_key"] in shape and row[name] is not None:
                of[shape[row["household_key"]]].append(str(row[name]))
        long, short = set(of[True]), set(of[False])
        if min(len(of[True]), len(of[False])) >= 30 and len(long | short) <= 12 and not long & short:
            found.append(name)
    return found


def test_the_search_for_names_finds_a_shape_that_is_planted():
    table = [{"household_key": f"h{n}", "kind": "a" if n % 2 else "b", "other": n % 3} for n in range(60)]
    shape = {f"h{n}": bool(n % 2) for n in range(60)}
    assert divided(table, ["household_key", "kind", "other"], shape) == ["kind"]


def test_groups_are_of_known_attributes(published: Scored):
    table = rows(published, "fairness")
    assert {row["attribute"] for row in table} == {"sex", "age", "land", "monitored"}
    assert len(table) == 11
    values = {str(value) for row in table for value in row.values()}
    assert not any(re.search(r"long|short|interpunct|[㐀-鿿]", value) for value in values)


def test_the_page_shows_both(published: Scored):
    text = (published.store.run_folder(published.run.run_id) / "report.html").read_text(encoding="utf-8")
    psi = drift(published)["land_mu"]["psi_training"]
    told = rows_of(text, "drift")
    assert ["经营土地面积", f"{psi:.4f}", "—"] in [row[:3] for row in told]
    assert len(told) == 1 + len(CARD_FEATURES)
    (female,) = [row for row in rows(published, "fairness") if row["group_name"] == "female"]
    groups = rows_of(text, "groups")
    assert ["女", "借款人性别", f"{female['households']:,}"] in [row[:3] for row in groups]
    assert len(groups) == 11


@pytest.mark.parametrize("name", ["drift", "fairness"])
def test_every_column_says_what_it_is(published: Scored, name: str):
    assert name in view_names()
    comments = view(
        published,
        f"SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = '{name}'",
    )
    assert len(comments) > 6
    assert [column for column, text in comments if text.startswith("Term of the limit")] == []
