"""A figure of a policy in another unit, as a text, or of a size that nobody can mean is refused with its place."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.conftest import MODELS
from village_credit.cli import main
from village_credit.errors import PolicyRefused
from village_credit.policy.check import OPTIONAL, REQUIRED, check_policy
from village_credit.policy.gate_thresholds import GATE_OF
from village_credit.policy.model import load_policy
from village_credit.policy.units import FIGURES, policy_in_its_units

AS_OF = date(2026, 11, 1)
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
POLICY = load_policy(TEXT)


def with_figure(name: str, **said: str) -> str:
    """The shipped policy with the first figure of a name written otherwise."""
    line = next(line for line in TEXT.splitlines() if f'name = "{name}"' in line)
    changed = line
    for key, value in said.items():
        changed = re.sub(rf'{key} = ("[^"]*"|[-0-9.]+)', f"{key} = {value}", changed, count=1)
    assert changed != line
    return TEXT.replace(line, changed, 1)


def told(text: str) -> str:
    return " | ".join(f"{fault.place}: {fault.sentence}" for fault in check_policy(text, AS_OF))


def test_every_figure_of_the_limit_has_a_unit_and_a_range_and_no_other_has():
    assert set(FIGURES) == {*REQUIRED, *OPTIONAL}
    assert all(said.least < said.most for said in FIGURES.values())


def test_the_shipped_policy_is_in_its_units_and_plausible():
    assert told(TEXT) == ""
    assert {figure.name: figure.unit for figure in POLICY.figures}.items() <= {
        name: said.unit for name, said in FIGURES.items()
    }.items()


@pytest.mark.parametrize("name", sorted({figure.name for figure in POLICY.figures}))
def test_no_figure_is_taken_in_another_unit(name: str):
    text = with_figure(name, unit='"万元"')
    assert f"figures.{name}: the unit 万元 should be {FIGURES[name].unit}" in told(text)
    with pytest.raises(PolicyRefused, match=f"figures.{name}: the unit 万元"):
        policy_in_its_units(text)


@pytest.mark.parametrize("text", ['"6600"', '"0.1"', '"六千"', "true"])
@pytest.mark.parametrize("name", ["living_cost", "household_cap", "scale_of_finance", "gate_budget_warn", "base"])
def test_no_figure_is_a_text(name: str, text: str):
    assert f"figures.{name}.value: Value error, a number is asked for" in told(with_figure(name, value=text))


@pytest.mark.parametrize("name", sorted(FIGURES.keys() - GATE_OF.keys()))
def test_each_range_holds_at_its_ends_and_no_further(name: str):
    known = FIGURES[name]
    for value, holds in ((known.least, True), (known.most, True), (known.most * 2 + 1, False)):
        assert known.holds(value) is holds
    below = known.least / 2 if known.least > 0 else known.least - 1
    assert not known.holds(below)


SLIPS = """household_cap 30, living_cost 66, product_cap 20, base 10, smallest_ticket 0.5, sheep_value 8, rise 150,
cattle_value 0.8, reference_rate 3.45, spread_bp 35000, term 3, age_cap 6, norm_years 2024, existing_rate 0.6,
related_list_max_age_days 9200, band_edge_ppm 2, scale_of_finance 1, relief_extension_months 60,
gate_model_valid_warn 99999, gate_total_change_fail 30, gate_quarantined_share_fail 25"""


@pytest.mark.parametrize(("name", "value"), [slip.split() for slip in SLIPS.split(",")])
def test_a_slip_of_the_pen_is_named_with_its_place(name: str, value: str):
    assert f"figures.{name}" in told(with_figure(name, value=value))


NORMS = ["price_yuan_per_kg 13.8 13800", "yield_kg_per_mu 137.8 0.1378", "cost_yuan_per_mu 1420.0 142000.0"]


@pytest.mark.parametrize(("name", "before", "after"), [norm.split() for norm in NORMS])
def test_a_crop_s_norm_is_plausible_too(name: str, before: str, after: str):
    assert f"crop_norms.棉花.2021.{name}: " in told(TEXT.replace(f"{name} = {before}", f"{name} = {after}", 1))


def test_a_norm_that_is_a_text_is_named_by_its_crop_and_year():
    assert "crop_norms.棉花.2021.price_yuan_per_kg: " in told(TEXT.replace("kg = 13.80,", 'kg = "13.80",', 1))


def test_nobody_is_scored_by_a_policy_in_another_unit(tmp_path, capsys):
    policy = tmp_path / "policy.toml"
    policy.write_text(with_figure("household_cap", value="30", unit='"万元"'), encoding="utf-8")
    (tmp_path / "inbox" / "659900").mkdir(parents=True)
    words = ["--county", "659900", "--as-of", "2026-11-01", "--inbox", str(tmp_path / "inbox")]
    assert main(["score", *words, "--policy", str(policy), "--store", str(tmp_path / "store")]) == 7
    assert "figures.household_cap: the unit 万元 should be yuan" in capsys.readouterr().err
