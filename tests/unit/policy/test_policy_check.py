"""What `policy check` must find, each fault with its place; and which of several figures holds."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import AS_OF, MODELS
from village_credit import cli
from village_credit.errors import MissingInput, PolicyRefused
from village_credit.policy import branch_authority as authority
from village_credit.policy import days_ahead, growers, holdout, least_defaults, quorum
from village_credit.policy.check import ASKED_BY, OPTIONAL, check_policy
from village_credit.policy.model import load_policy
from village_credit.policy.optional import KEYS
from village_credit.policy.weakened import weakened
from village_credit.services import rules as inputs
from village_credit.services.queries import policy as asked

TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")


def faults(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for fault in check_policy(text, AS_OF):
        found[fault.place] = "; ".join(filter(None, (found.get(fault.place), fault.sentence)))
    return found


def figure(name: str, value: object, unit: str = "yuan", start: str = "2024-01-01", **keys: str) -> str:
    told = "".join(f', {key} = "{word}"' for key, word in keys.items())
    return (
        f'{{ name = "{name}", value = {value}, unit = "{unit}", from = {start}, reference = "x", verified '
        f"= false{told} }},"
    )


def with_figures(*lines: str) -> str:
    return TEXT.replace("figures = [", "\n".join(["figures = [", *lines]), 1)


def step(above: int, role: str, start: str = "2024-01-01", **keys: str) -> str:
    told = "".join(f'\n{key} = "{word}"' for key, word in keys.items())
    return f'\n[[authority_ladder]]\nabove_yuan = {above}\nrole = "{role}"\nfrom = {start}\nreference = "x"{told}\n'


def test_the_shipped_policy_has_no_fault():
    assert faults(TEXT) == {}


@pytest.mark.parametrize(
    ("lines", "place", "why"),
    [
        (
            [figure("band_edge_ppm", 90000, "ppm", "2026-06-01", band="B")],
            "figures.band_edge_ppm",
            "overlap or leave a gap",
        ),
        (
            [figure("band_edge_ppm", 40000, "ppm", "2026-06-01", band="A")],
            "figures.band_edge_ppm",
            "overlap or leave a gap",
        ),  # B would be empty
        (
            [figure("band_edge_ppm", 1000000, "ppm", "2026-06-01", band="D")],
            "figures.band_edge_ppm",
            "not between 0 and 1,000,000",
        ),
        (
            [figure("band_edge_ppm", 0, "ppm", "2026-06-01", band="A")],
            "figures.band_edge_ppm",
            "not between 0 and 1,000,000",
        ),
        ([figure("band_edge_ppm", 20000.5, "ppm", "2026-06-01", band="A")], "figures.band_edge_ppm", "is not whole"),
        (
            [figure("stress", 0.5, "share", "2026-06-01")] * 2,
            "figures.stress",
            "stands 2 times for all from 2026-06-01",
        ),
        (
            [figure("base", 1, start="2027-01-01", band="E", product="farmer_line")] * 2,
            "figures.base",
            "stands 2 times for farmer_line E",
        ),
        (
            [figure("scale_of_finance", 900, "yuan a mu", crop="香梨")],
            "figures.scale_of_finance",
            "the crop 香梨 has no norm",
        ),
        (
            [figure("living_cost", 5000, county="110101")],
            "figures.living_cost",
            "county 110101 is not in the service area",
        ),
        ([figure("stress", 1.01, "share", "2027-01-01")], "figures.stress", "a share of 1.01 is outside 0 to 1"),
        ([figure("stress", -0.01, "share", "2027-01-01")], "figures.stress", "a share of -0.01 is outside 0 to 1"),
        (
            [figure("term", 48, "months", product="trader_loan", band="A", county="653199")],
            "figures.term.trader_loan.A",
            "48 months is over 36",
        ),
        (
            [figure("term", 37, "months", product="trader_loan", band="A", county="653199")],
            "figures.term.trader_loan.A",
            "not whole years",
        ),
        (
            [figure("base", 79000, band="A", product="trader_loan")],
            "figures.base.trader_loan",
            "worse for a better band",
        ),
        (
            [figure("term", 12, "months", "2027-01-01", product="trader_loan", band="B")],
            "figures.term.trader_loan",
            "worse for a better band",
        ),
        (
            [figure("spread_bp", 301, "basis points a year", "2027-01-01", product="trader_loan", band="C")],
            "figures.spread_bp.trader_loan",
            "worse for a better band",
        ),
        (
            [figure("product_cap", 50000.5, product="farmer_line", county="653199")],
            "figures.product_cap",
            "is not whole",
        ),
        ([figure("quorum_members", 4.5, "members")], "figures.quorum_members", "go together"),
        (
            [figure("quorum_members", 5, "people"), figure("quorum_share_for", 0.6, "share")],
            "figures.quorum_members",
            "the unit people should be members",
        ),
        (
            [figure("quorum_members", 0, "members"), figure("quorum_share_for", 0.6, "share")],
            "figures.quorum_members",
            "no number of members",
        ),
        (
            [figure("quorum_members", 5, "members"), figure("quorum_share_for", 1.1, "share")],
            "figures.quorum_share_for",
            "outside 0 to 1",
        ),
        (
            [figure("quorum_members", 5, "members"), figure("quorum_share_for", 0.6, "share", product="trader_loan")],
            "figures.quorum_share_for",
            "by county only",
        ),
        (
            [figure("quorum_members", 5, "members"), figure("quorum_share_for", 0.6, "share", "2027-01-01")],
            "figures.quorum_members",
            "one alone is in force on 2026-11-01",
        ),
    ],
)
def test_a_fault_of_a_figure_is_named_with_its_place(lines, place, why):
    assert why in faults(with_figures(*lines)).get(place, "")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ((r'name = "stress"', 'name = "stress_nationality"'), "file"),
        ((r'reference = "placeholder for the committee"', 'reference = "宗教"'), "file"),
        ((r"residual_crop|# Reasons", 'residual_crop = "政治面貌"\n# Reasons'), "file"),
        ((r"# Reasons", 'residual_crop = "香梨"\n# Reasons'), "residual_crop"),
        (
            (r'county = "\*", crop = "玉米", year = 2024', 'county = "110101", crop = "玉米", year = 2024'),
            "crop_norms.玉米.2024",
        ),
    ],
)
def test_a_prohibited_word_and_an_unknown_crop_or_county_are_found_wherever_they_stand(change, place):
    changed = re.sub(*change, TEXT, count=1)
    assert changed != TEXT
    assert place in faults(changed)


def dearer(product: str, year: str = "0.025") -> list[str]:
    """A reference rate of 3.5% above one year and a lower one up to it."""
    return [
        figure("reference_rate", 0.035, "share", "2026-06-01", product=product),
        figure("reference_rate_one_year", year, "share", "2026-06-01", product=product),
    ]


def test_a_better_band_with_a_dearer_whole_rate_is_found_though_its_spread_is_smaller():
    """C, 24 months: 3.5% + 2.5% carries 943 per mille; D, 12 months: 2.5% + 3.0% carries 947."""
    found = faults(with_figures(*dearer("farmer_line")))
    assert list(found) == ["figures.spread_bp.farmer_line.C"]
    assert (
        "pays 6.00% at its term and carries 943 per mille, the worse band D 5.50% and 947"
        in found["figures.spread_bp.farmer_line.C"]
    )


def test_whole_rates_that_are_equal_or_told_apart_by_the_spread_are_sound():
    assert faults(with_figures(*dearer("farmer_line", "0.030"))) == {}
    spread = figure("spread_bp", 350, "basis points a year", "2026-06-01", product="farmer_line", band="D")
    assert faults(with_figures(*dearer("farmer_line"), spread)) == {}


def test_a_dearer_whole_rate_is_found_for_the_county_and_the_day_that_it_begins():
    lines = [
        line.replace("2026-06-01", "2027-03-01").replace(" },", ', county = "653199" },')
        for line in dearer("trader_loan")
    ]
    found = faults(with_figures(*lines))
    assert list(found) == ["figures.spread_bp.trader_loan.C"]
    assert "on 2027-03-01" in found["figures.spread_bp.trader_loan.C"]


def test_an_instalment_loan_that_carries_more_for_longer_is_still_found_by_its_rate():
    found = faults(with_figures(*dearer("follow_on_loan")))
    assert list(found) == ["figures.spread_bp.follow_on_loan.C"]


@pytest.mark.parametrize(
    ("steps", "place", "why"),
    [
        ([step(50_000, "行长"), step(50_000, "副行长")], "authority_ladder.1", "overlap or are out of order"),
        ([step(90_000, "行长"), step(50_000, "副行长")], "authority_ladder.1", "out of order"),
        ([step(50_000, "行长"), step(90_000, "行长")], "authority_ladder.1", "has a step already (0)"),
        ([step(50_000, "行长", county="110101")], "authority_ladder.0", "not in the service area"),
        ([step(50_000, "行长", product="gold_loan")], "file", "authority_ladder.0.product"),
        ([step(-1, "行长")], "file", "authority_ladder.0.above_yuan"),
        ([step(50_000, "")], "file", "authority_ladder.0.role"),
        ([step(50_000, "党员代表")], "file", "prohibited"),
    ],
)
def test_a_fault_of_the_authority_ladder_is_named_with_its_place(steps, place, why):
    assert why in faults(TEXT + "".join(steps)).get(place, "")


def test_ladders_of_other_counties_products_and_days_are_sound_beside_each_other():
    steps = [
        step(50_000, "甲"),
        step(50_000, "甲", county="653199"),
        step(20_000, "甲", product="trader_loan"),
        step(40_000, "乙", "2027-01-01"),
        step(90_000, "乙"),
    ]
    assert faults(TEXT + "".join(steps)) == {}


VALUES = {"product": "farmer_line", "band": "B", "crop": "棉花"}


@pytest.mark.parametrize(
    ("name", "value", "keys", "why"),
    [
        ("living_cost", 40000, ["product"], "it may differ by county only"),
        ("household_cap", 10000, ["product"], "it may differ by county only"),
        ("rise", 1, ["band"], "by county only"),
        ("asset_share", 0, ["product"], "by county only"),
        ("operating_share", 0, ["band"], "by county only"),
        ("existing_rate", 0.2, ["product", "band"], "by product and band it would hold for nobody"),
        ("smallest_ticket", 20000, ["product"], "by county only"),
        ("sheep_need", 300, ["crop"], "by county only"),
        ("product_cap", 20000, ["product", "band"], "by county and product only: by band"),
        ("reference_rate", 0.09, ["product", "band"], "by county and product only: by band"),
        ("scale_of_finance", 0, ["crop", "product"], "by county and crop only: by product"),
        ("margin_bp", 200, ["product", "band"], "by county and product only"),
        ("band_edge_ppm", 30000, ["product", "band"], "by county and band only"),
        ("relief_extension_months", 6, ["product"], "by county only"),
        ("gate_score_drift_fail", 0.25, ["product"], "by county only"),
        ("budget_county", 90000, ["crop"], "by county only"),
    ],
)
def test_a_figure_is_refused_by_a_key_that_nobody_asks_it_by(name, value, keys, why):
    found = faults(with_figures(figure(name, value, "x", **{key: VALUES[key] for key in keys})))
    assert why in found.get(f"figures.{name}", "")


def test_every_figure_has_a_rule_of_its_keys_and_no_other_than_policies_have():
    own = {
        name
        for room in (authority, days_ahead, growers, holdout, least_defaults, quorum)
        for name in room.OPTIONAL_FIGURES
    }
    assert {*ASKED_BY, *own} >= set(OPTIONAL)
    assert not own & set(ASKED_BY)
    assert {key for keys in ASKED_BY.values() for key in keys} < set(KEYS)


def test_a_figure_may_stand_by_fewer_keys_than_it_is_asked_by_and_by_county_always():
    later = "2026-06-01"
    lines = [
        figure("base", 20000, start=later, band="D"),
        figure("living_cost", 6100, "yuan a person and year", later, county="653199"),
    ]
    lines += [figure("base", 20000, start=later, county="653199", band="D", product="farmer_line")]
    assert faults(with_figures(*lines)) == {}


@pytest.mark.parametrize(
    ("value", "keys", "why"), [(99.5, {}, "whole"), (100, {"product": "farmer_line"}, "by county")]
)
def test_the_least_number_of_defaults_is_a_whole_one_of_a_county(value, keys, why):
    found = faults(with_figures(figure("least_training_defaults", value, "defaults", **keys)))
    assert why in found["figures.least_training_defaults"]
    assert (
        "should be defaults"
        in faults(with_figures(figure("least_training_defaults", 50, "share")))["figures.least_training_defaults"]
    )


def test_the_lowest_band_has_no_upper_edge():
    found = faults(with_figures(figure("band_edge_ppm", 200000, "ppm", band="E")))
    assert found == {"figures.band_edge_ppm": "band E has no upper edge"}


LEGAL = 'legal_refusals = ["HELD", "CONSENT_WITHDRAWN", "RELATED_PARTY", "NEGATIVE_LIST", "NO_LEGAL_BASIS"]'


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        ('"CONSENT_WITHDRAWN", "RELATED-PARTY"', "no decision has the reason RELATED-PARTY"),
        ('"CONSENT_WITHDRAWN", "RELATED_PARTY", "NEGATIV_LIST"', "no decision has the reason NEGATIV_LIST"),
        ('"CONSENT_WITHDRAWN"', "RELATED_PARTY must be among them"),
        ('"RELATED_PARTY"', "CONSENT_WITHDRAWN must be among them"),
        ("", "RELATED_PARTY and CONSENT_WITHDRAWN must be among them"),
    ],
)
def test_relief_holds_off_no_refusal_of_the_law_in_the_check_and_in_no_scoring(codes, why):
    assert LEGAL in TEXT
    changed = TEXT.replace(LEGAL, f"legal_refusals = [{codes}]")
    assert f"relief.legal_refusals: Value error, {why}" in faults(changed)["file"]
    with pytest.raises(PolicyRefused, match=why):
        load_policy(changed)


def test_the_law_s_own_two_refusals_are_enough():
    assert faults(TEXT.replace(LEGAL, 'legal_refusals = ["RELATED_PARTY", "CONSENT_WITHDRAWN"]')) == {}


@pytest.mark.parametrize(
    ("change", "place", "why"),
    [
        (
            ('conduct_list_reasons = ["13", "R13"]', 'conduct_list_reasons = ["13", "R31"]'),
            "relief.conduct_list_reasons",
            "the code R31 has no meaning",
        ),
        (('reason = "LINK_UNCONFIRMED"', 'reason = "OVERDUE"'), "relief.may_come_later", "OVERDUE stands 2 times"),
        (('reason = "LINK_UNCONFIRMED"', 'reason = "LINK-UNCONFIRMED"'), "file", "may_come_later.1.reason"),
    ],
)
def test_a_code_of_relief_of_which_nobody_can_say_what_it_does_is_found(change, place, why):
    changed = TEXT.replace(*change, 1)
    assert changed != TEXT
    assert why in faults(changed).get(place, "")


def test_without_a_dictionary_listing_codes_of_relief_are_the_institution_s_own():
    screen = TEXT.index("[screen]\nreasons"), TEXT.index("# For whom what stands")
    assert faults(TEXT[: screen[0]] + TEXT[screen[1] :]) == {}


@pytest.mark.parametrize(
    ("change", "place", "why"),
    [
        ((r"(?s)\[products\.trader_loan\].*", ""), "file", r"add \[products.trader_loan\]"),
        ((r'(name = "household_cap", value = )200000', r"\g<1>1e30"), "file", "less than or equal to 1000000000000"),
        ((r'(name = "household_cap", value = )200000', r"\g<1>1000000001"), "figures", "above 1,000,000,000 yuan"),
        ((r'(name = "sheep_value", value = )800', r"\g<1>1000001"), "figures", "above 1,000,000 yuan"),
        ((r"price_yuan_per_kg = 13.80", "price_yuan_per_kg = 1e30"), "file", "less than or equal to 1000000"),
        ((r'(name = "stress", value = )0.70', r"\g<1>1e-999999999"), "file", "no more than 12 decimal places"),
        ((r'(name = "stress", value = )0.70', r"\g<1>nan"), "file", "finite number"),
        ((r'(name = "stress", value = )0.70', r"\g<1>1e99999999999999999999"), "file", "beyond what can be held"),
        ((r'(name = "step", value = )1000', rf"\g<1>{'1' * 5000}"), "file", "is not TOML"),
        ((r"service_area = ", f"x = {'[' * 5000}\nservice_area = "), "file", "beyond what can be held"),
        ((r'(name = "term", value = )36', r"\g<1>1000000000000"), "figures.term.farmer_line.A", "is over 36"),
        (
            (r'(name = "spread_bp", value = )150(.*farmer_line)', r"\g<1>-10300\2"),
            "figures.spread_bp.farmer_line",
            "no rate is below 0",
        ),
    ],
)
def test_what_cannot_be_held_or_is_left_out_is_a_sentence_and_no_accident(change, place, why):
    changed = re.sub(*change, TEXT, count=1)
    assert changed != TEXT
    assert re.search(why, faults(changed).get(place, ""))


def test_a_policy_in_another_encoding_is_refused_by_name_and_one_with_a_byte_order_mark_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    other, marked = tmp_path / "gb.toml", tmp_path / "notepad.toml"
    other.write_bytes(TEXT.encode("gb18030"))
    marked.write_bytes(TEXT.encode("utf-8-sig"))
    assert cli.main(["policy", "check", str(other)]) == 7
    assert "gb.toml is not UTF-8" in capsys.readouterr().err
    with pytest.raises(MissingInput, match=r"gb\.toml is not UTF-8"):
        inputs.read_policy(other)
    assert cli.main(["policy", "check", str(marked), "--on", "2026-11-01"]) == 0
    assert inputs.read_policy(marked)[0] == inputs.read_policy(MODELS / "limit_policy.toml")[0]
    assert asked.check(marked, AS_OF) == []


QUORUM = [figure("quorum_members", 5, "members"), figure("quorum_share_for", 0.67, "share")]


def told(new: str, old: str) -> list[str]:
    return [item.sentence for item in weakened(load_policy(new), load_policy(old), AS_OF)]


def test_a_quorum_that_is_dropped_or_lowered_is_loosened_and_a_higher_one_is_not():
    old = with_figures(*QUORUM)
    assert told(TEXT, old) == [
        "quorum_members is loosened from 5 to none for every county without its own, as of 2024-01-01",
        "quorum_share_for is loosened from 0.67 to none for every county without its own, as of 2024-01-01",
    ]
    assert told(old, TEXT) == told(old, old) == []
    lower = with_figures(*QUORUM, figure("quorum_members", 4, "members", "2027-01-01", county="653199"))
    assert told(lower, old) == ["quorum_members is loosened from 5 to 4 for county 653199, as of 2027-01-01"]
    assert told(old, lower) == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [],
            [
                "authority_ladder: 甲 is loosened from 50000 to none",
                "authority_ladder: 乙 is loosened from 90000 to none",
            ],
        ),
        ([step(50_000, "甲")], ["authority_ladder: 乙 is loosened from 90000 to none"]),
        ([step(60_000, "甲"), step(90_000, "乙")], ["authority_ladder: 甲 is loosened from 50000 to 60000"]),
        (
            [step(50_000, "丙"), step(90_000, "乙")],
            ["authority_ladder: 甲 is loosened from 50000 to 90000"],
        ),  # how high is 丙?
        (
            [
                step(50_000, "甲"),
                step(90_000, "乙"),
                step(70_000, "甲", county="653199"),
                step(90_000, "乙", county="653199"),
            ],
            ["authority_ladder: 甲 is loosened from 50000 to 70000 for county 653199"],
        ),
        (
            [step(50_000, "甲"), step(90_000, "乙"), step(90_000, "乙", product="trader_loan")],
            ["authority_ladder: 甲 for trader_loan is loosened from 50000 to 90000"],
        ),
        ([step(50_000, "甲"), step(90_000, "乙")], []),
        ([step(50_000, "乙")], []),  # the higher role signs what the lower one signed
        ([step(40_000, "甲"), step(80_000, "乙"), step(99_000, "丙")], []),
    ],
)
def test_a_step_of_the_ladder_that_is_raised_or_gone_is_loosened(steps, expected):
    found = told(TEXT + "".join(steps), TEXT + step(50_000, "甲") + step(90_000, "乙"))
    assert len(found) == len(expected)
    assert all(sentence.startswith(start) for sentence, start in zip(found, expected, strict=True))


OVERLAYS = [
    figure("living_cost", 6100, "yuan a person and year", "2026-06-01"),
    figure("living_cost", 6200, "yuan a person and year", county="653199"),
    figure("age_cap", 64, "years", county="653199"),
    figure("age_cap", 60, "years", county="653199", product="farmer_line"),
    figure("age_cap", 58, "years", "2027-01-01", county="653199", product="farmer_line"),
]


def shown(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[tuple[str, str], Decimal]:
    path = folder / "policy.toml"
    path.write_text(
        with_figures(*OVERLAYS) + step(50_000, "甲") + step(30_000, "乙", county="653199"), encoding="utf-8"
    )
    assert cli.main(["policy", "show", str(path), "--json", *words]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len({(row["name"], row["for"]) for row in rows}) == len(rows)
    return {(row["name"], row["for"]): Decimal(row["value"]) for row in rows}


def of(name: str, rows: dict[tuple[str, str], Decimal]) -> list[Decimal]:
    return [value for (found, _), value in rows.items() if found == name]


@pytest.mark.parametrize(
    ("day", "county", "product", "living_cost", "age_cap", "above"),
    [
        ("2026-05-31", "659900", "farmer_line", 6000, 65, 50_000),
        ("2026-06-01", "659900", "farmer_line", 6100, 65, 50_000),
        ("2026-06-01", "653199", "farmer_line", 6200, 60, 30_000),  # the county's, though it began earlier
        ("2026-06-01", "653199", "trader_loan", 6200, 64, 30_000),  # as many keys: a county's before a product's
        ("2027-01-01", "653199", "farmer_line", 6200, 58, 30_000),
    ],
)
def test_policy_show_names_the_one_figure_that_wins_for_a_county_a_product_and_a_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], day, county, product, living_cost, age_cap, above
):
    rows = shown(tmp_path, capsys, "--on", day, "--county", county, "--product", product)
    assert (of("living_cost", rows), of("age_cap", rows)) == ([living_cost], [age_cap])
    assert of("authority_ladder", rows) == [above]
    assert of("term", rows) == [36, 36, 24, 12, 12]  # bands are told apart


def test_policy_show_without_a_product_tells_products_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows = shown(tmp_path, capsys, "--on", "2026-06-01", "--county", "659900")
    assert len(of("product_cap", rows)) == len(of("age_cap", rows)) == 4
    assert of("living_cost", rows) == [6100]


def test_policy_show_refuses_a_county_and_a_product_that_the_policy_does_not_have(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["policy", "show", "--county", "110101"]) == 2
    assert cli.main(["policy", "show", "--product", "gold_loan"]) == 2
    assert "service area" in capsys.readouterr().err


def test_the_winning_figures_on_a_day_are_those_that_the_limit_reckons_with():
    policy = load_policy(with_figures(*OVERLAYS)).in_force(date(2026, 6, 1), "653199")
    assert policy.figure("age_cap", product="farmer_line") == 60
    assert policy.figure("age_cap", product="trader_loan") == 64
    assert policy.figure("living_cost") == 6200


CHARGE = """
[[charges]]
charge = "保险费"
payee = "某保险公司"
basis = "yearly"
share = 0.005
from = 2026-08-01
reference = "x"
"""


@pytest.mark.parametrize(
    ("added", "fault"),
    [
        (CHARGE, None),
        (CHARGE + CHARGE, "is said 2 times"),
        (CHARGE.replace("from =", 'county = "650102"\nfrom ='), "not in the service area"),
        (CHARGE.replace("0.005", "0.5"), "less than or equal to 0.24"),
        (CHARGE.replace("0.005", '"0.005"'), "charges"),
        (CHARGE.replace("yearly", "monthly"), "'yearly' or 'once'"),
        (CHARGE.replace("某保险公司", " "), "charges"),
        (CHARGE.replace("某保险公司", "代理 13900001234"), "what may be a person's number"),
    ],
)
def test_a_charge_says_what_for_whom_and_how_much(added: str, fault: str | None):
    told = [f"{place}: {why}" for place, why in faults(TEXT + added).items()]
    assert told == [] if fault is None else any(fault in one for one in told)
