"""A column's unit is said, or told by agreement or magnitude, or its extract is refused."""

from __future__ import annotations

import pyarrow as pa
import pytest

from village_credit.errors import ExtractRejected
from village_credit.texts import texts_of
from village_credit.validate.units import convert_units

PARCEL = ("measured_mu", "contract_mu")


def parcels(*areas: tuple[str | None, str | None]) -> dict[str, list[str | None]]:
    return {name: [pair[at] for pair in areas] for at, name in enumerate(PARCEL)}


def settled(contract: str, said: dict[str, str | None] | None = None, **columns: list[str | None]):
    """Return the converted columns and the units settled."""
    texts = {name: texts_of(pa.array(cells, pa.string())) for name, cells in columns.items()}
    units = convert_units(contract, texts, said or {})
    return {name: column.of_rows().to_pylist() for name, column in texts.items()}, units


@pytest.mark.parametrize(("written", "mu"), [("3333.5", "5.0003"), ("1000", "1.5"), ("1", "0.0015"), ("0.1", "0.0002")])
def test_square_metres_become_mu_with_four_places_half_up(written, mu):
    columns, _ = settled("land_parcel", {"measured_mu": "square_metre"}, measured_mu=[written])
    assert columns["measured_mu"] == [mu]


def test_htmj_is_square_metres_where_it_agrees_with_htmjm():
    columns, units = settled("land_parcel", **parcels(("2000", "3"), ("667", "1"), (None, "4")))
    assert units == {"measured_mu": "square_metre", "contract_mu": "mu"}
    assert columns["measured_mu"] == ["3", "1.0005", None]


def test_htmj_is_mu_where_it_equals_htmjm():
    columns, units = settled("land_parcel", **parcels(("3", "3"), ("1.01", "1")))
    assert units["measured_mu"] == "mu"
    assert columns["measured_mu"] == ["3", "1.01"]


@pytest.mark.parametrize("areas", [[("3", "1"), ("5", "2")], [("3", "3"), ("5", "2")]], ids=["none", "half"])
def test_a_file_whose_two_areas_disagree_in_half_of_its_rows_is_refused(areas):
    with pytest.raises(ExtractRejected, match="square metres and in mu disagree") as refusal:
        settled("land_parcel", **parcels(*areas))
    assert refusal.value.code == "UNIT_UNKNOWN"


def test_one_disagreeing_row_does_not_decide_the_files_unit():
    _, units = settled("land_parcel", **parcels(("2000", "3"), ("2000", "3"), ("3", "3")))
    assert units["measured_mu"] == "square_metre"


@pytest.mark.parametrize(("area", "unit"), [("100", "mu"), ("100.01", "square_metre"), ("2000", "square_metre")])
def test_htmj_alone_is_told_by_its_median(area, unit):
    _, units = settled("land_parcel", measured_mu=["1", area, "99999"])
    assert units["measured_mu"] == unit


def test_money_is_converted_exactly():
    said = {"paid_yuan": "ten_thousand_yuan", "subsidised_mu": "mu"}
    columns, _ = settled("land_subsidy", said, paid_yuan=["0.132055", "1"], subsidised_mu=["11", "12"])
    assert columns["paid_yuan"] == ["1320.55", "10000"]


def test_hectares_become_mu():
    columns, _ = settled("crop_declaration", {"sown_mu": "hectare"}, sown_mu=["0.3333", "2"])
    assert columns["sown_mu"] == ["4.9995", "30"]


@pytest.mark.parametrize(("unit", "kilograms"), [("tonne", "1500"), ("jin", "0.75"), ("kilogram", "1.5")])
def test_masses_become_kilograms(unit, kilograms):
    said = {"delivered_kg": unit, "sown_mu": "mu"}
    columns, _ = settled("crop_declaration", said, delivered_kg=["1.5"], sown_mu=["1"])
    assert columns["delivered_kg"] == [kilograms]


def test_a_silent_column_has_the_unit_of_its_neighbours_of_the_same_measure():
    said = {"wage_income_yuan": "ten_thousand_yuan", "living_cost_yuan": None}
    columns, _ = settled("household_economy", said, wage_income_yuan=["1"], living_cost_yuan=["2"])
    assert columns["living_cost_yuan"] == ["20000"]


@pytest.mark.parametrize(
    ("contract", "field", "median", "unit"),
    [
        ("land_subsidy", "paid_yuan", "500", "yuan"),
        ("crop_declaration", "sown_mu", "3", "mu"),
        ("crop_declaration", "sown_mu", "300", "mu"),
        ("crop_declaration", "delivered_kg", "500", "kilogram"),
    ],
)
def test_an_unsaid_unit_is_told_where_only_one_is_plausible(contract, field, median, unit):
    _, units = settled(contract, **{field: [median, None, "0"]})
    assert units[field] == unit


@pytest.mark.parametrize(
    ("contract", "field", "median"),
    [
        ("land_subsidy", "paid_yuan", "499"),
        ("crop_declaration", "sown_mu", "2.9"),
        ("crop_declaration", "sown_mu", "301"),
        ("crop_declaration", "delivered_kg", "499"),
    ],
)
def test_an_unsaid_unit_that_could_be_another_is_refused_with_what_to_do(contract, field, median):
    with pytest.raises(ExtractRejected, match="state the unit in the header") as refusal:
        settled(contract, **{field: [median]})
    assert refusal.value.code == "UNIT_UNKNOWN"


def test_what_is_no_number_is_left_for_the_contract_to_refuse():
    said = {"paid_yuan": "ten_thousand_yuan", "subsidised_mu": "mu"}
    written = ["无", "NaN", None, "1e3", "1_000", "9" * 300]
    columns, _ = settled("land_subsidy", said, paid_yuan=[*written], subsidised_mu=["1"] * 6)
    assert columns["paid_yuan"] == written


def test_an_empty_table_has_the_canonical_units():
    _, units = settled("land_subsidy", paid_yuan=[], subsidised_mu=[])
    assert units == {"paid_yuan": "yuan", "subsidised_mu": "mu"}
