"""The worked example of the limit's definition (§7) as fact tables and a policy of its own."""

from datetime import date
from decimal import Decimal

UNIT = "659900101001010001"
COUNTY = "659900"
AS_OF = date(2026, 11, 1)
FROM = "from = 2024-01-01"
SOURCES = (
    *("land_contractor", "land_member", "land_parcel", "land_transfer", "land_subsidy", "crop_declaration"),
    *("household_economy", "machinery_subsidy", "bank_exposure"),
)

PLAIN_FIGURES = {
    "area_tolerance": ("0.20", "share"),
    "norm_years": ("3", "years"),
    "single_year_share": ("0.80", "share"),
    "recognised_livestock": ("0.70", "share"),
    "recognised_wages": ("0.60", "share"),
    "recognised_trade": ("0.60", "share"),
    "recognised_transfers": ("0", "share"),
    "stress": ("0.70", "share"),
    "service_share": ("0.50", "share"),
    "living_cost": ("6000", "yuan a person and year"),
    "existing_rate": ("0.10", "share"),
    "self_liquidating_share": ("0.50", "share"),
    "asset_share": ("0.10", "share"),
    "operating_share": ("0.30", "share"),
    "depreciation": ("0.12", "share"),
    "declared_asset_share": ("0", "share"),
    "sheep_value": ("800", "yuan a head"),
    "cattle_value": ("8000", "yuan a head"),
    "sheep_need": ("300", "yuan a head"),
    "cattle_need": ("2500", "yuan a head"),
    "working_margin": ("0.30", "share"),
    "household_cap": ("200000", "yuan"),
    "rise": ("1.50", "factor"),
    "branch_word_months": ("12", "months"),
    "review_fact_months": ("12", "months"),
    "trader_margin": ("0.20", "share"),
    "trader_review_cap": ("20000", "yuan"),
    "step": ("1000", "yuan"),
    "smallest_ticket": ("5000", "yuan"),
    "loss_given_default": ("0.60", "share"),
    "related_list_max_age_days": ("92", "days"),
}
PRODUCTS = {  # repayment, cap, names
    "farmer_line": ("revolving", 200_000, ["农贷通"]),
    "poverty_micro_loan": ("instalments", 50_000, ["脱贫人口小额信贷", "扶贫小额信贷"]),
    "follow_on_loan": ("instalments", 100_000, ["乡村致富贷"]),
    "trader_loan": ("instalments", 100_000, ["个体工商户小额贷款"]),
}
BASES = {"A": 100_000, "B": 80_000, "C": 50_000, "D": 20_000, "E": 0}
BAND_EDGES = {"A": 20_000, "B": 40_000, "C": 80_000, "D": 150_000}
TERMS = {"A": 36, "B": 36, "C": 24, "D": 12, "E": 12}
SPREADS = {"A": 150, "B": 200, "C": 250, "D": 300, "E": 350}
SCALES = {"棉花": 1100, "玉米": 700}
# crop, year, kg a mu, yuan a kg, yuan a mu, form, outturn
NORMS = (
    ("棉花", 2023, "137.80", "13.80", "1020.00", "lint", "0.42"),
    ("棉花", 2024, "120.40", "13.00", "980.00", "lint", "0.42"),
    ("棉花", 2025, "153.00", "12.50", "1060.00", "lint", "0.42"),
    ("玉米", 2023, "620.00", "2.00", "600.00", "grain", "1"),
    ("玉米", 2024, "615.00", "2.00", "590.00", "grain", "1"),
    ("玉米", 2025, "625.00", "2.00", "610.00", "grain", "1"),
)


def figure_line(name: str, value: object, unit: str, **keys: str) -> str:
    named = "".join(f', {key} = "{text}"' for key, text in keys.items())
    source = 'reference = "worked example", verified = false'
    return f'  {{ name = "{name}", value = {value}, unit = "{unit}", {FROM}, {source}{named} }},'


def figure_lines() -> list[str]:
    lines = [figure_line(name, value, unit) for name, (value, unit) in PLAIN_FIGURES.items()]
    for product, (_, cap, _) in PRODUCTS.items():
        lines += [
            figure_line("product_cap", cap, "yuan", product=product),
            figure_line("age_cap", 65, "years", product=product),
            figure_line("reference_rate", "0.0300", "share", product=product),
            figure_line("reference_rate_one_year", "0.0300", "share", product=product),
            figure_line("margin_bp", 350, "basis points a year", product=product),
        ]
        for band in BASES:
            spread = 0 if product == "poverty_micro_loan" else SPREADS[band]
            term = 36 if product == "poverty_micro_loan" else TERMS[band]
            lines.append(figure_line("term", term, "months", product=product, band=band))
            lines.append(figure_line("spread_bp", spread, "basis points a year", product=product, band=band))
    lines += [figure_line("base", value, "yuan", band=band) for band, value in BASES.items()]
    lines += [figure_line("band_edge_ppm", value, "ppm", band=band) for band, value in BAND_EDGES.items()]
    lines += [figure_line("scale_of_finance", value, "yuan a mu", crop=crop) for crop, value in SCALES.items()]
    return lines


def norm_line(crop: str, year: int, kg: str, price: str, cost: str, form: str, outturn: str) -> str:
    measured = f"yield_kg_per_mu = {kg}, price_yuan_per_kg = {price}, cost_yuan_per_mu = {cost}"
    source = f'form = "{form}", outturn = {outturn}, {FROM}, reference = "worked example", verified = false'
    return f'  {{ county = "*", crop = "{crop}", year = {year}, {measured}, {source} }},'


def policy_toml() -> str:
    lines = [
        'policy_id = "limit-worked-example"',
        'institution = "synthetic-cooperative"',
        'note = "The figures of the worked example."',
        f'service_area = ["{COUNTY}"]',
        "basis_exempt = []",
        'refused_list_reasons = ["3", "5", "8", "14", "15", "17"]',
        "figures = [",
        *figure_lines(),
        "]",
        "crop_norms = [",
        *(norm_line(*norm) for norm in NORMS),
        "]",
    ]
    for product, (repayment, _, names) in PRODUCTS.items():
        quoted = ", ".join(f'"{name}"' for name in names)
        lines += ["", f"[products.{product}]", f'repayment = "{repayment}"']
        lines += ['purposes = "种植、养殖及其他生产经营"', f"names = [{quoted}]"]
    return "\n".join(lines) + "\n"


def yuan(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.01"))


def mu(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.0001"))


def member(number: int, relation: str, sex: int, born: date) -> dict:
    return {
        "unit_code": UNIT,
        "member_no": number,
        "relation": relation,
        "sex": sex,
        "birth_date": born,
        "is_living": True,
        "is_resident": True,
        "has_valid_id": True,
    }


def book(year: int, planting: str, cost: str, livestock: str, wages: str | None, sheep: int) -> dict:
    return {
        "unit_code": UNIT,
        "year": year,
        "persons": 4,
        "labourers": 2,
        "planting_income_yuan": yuan(planting),
        "livestock_income_yuan": yuan(livestock),
        "wage_income_yuan": None if wages is None else yuan(wages),
        "trade_income_yuan": None,
        "transfer_income_yuan": None,
        "production_cost_yuan": yuan(cost),
        "living_cost_yuan": None,
        "assets_yuan": None,
        "debts_yuan": None,
        "sheep": sheep,
        "cattle": None,
        "is_cooperative_member": None,
    }


def land_facts() -> dict[str, list[dict]]:
    """A register of 62.50 mu: 60.50 in two parcels, 3.00 leased out and 5.00 leased in."""
    outside = {"starts_on": date(2024, 1, 1), "ends_on": date(2028, 12, 31), "rent_yuan": None, "crop": None}
    return {
        "parcels": [
            {"unit_code": UNIT, "method_code": "110", "area_mu": mu("40.25")},
            {"unit_code": UNIT, "method_code": "110", "area_mu": mu("20.25")},
        ],
        "leases": [
            {"from_unit_code": UNIT, "to_unit_code": None, "area_mu": mu("3"), **outside},
            {"from_unit_code": None, "to_unit_code": UNIT, "area_mu": mu("5"), **outside},
        ],
        "subsidies": [{"unit_code": UNIT, "year": 2026, "subsidised_mu": mu("60"), "paid_yuan": yuan("13200")}],
        "crops": [
            {"unit_code": UNIT, "year": 2026, "crop": "棉花", "area_mu": mu("45"), "delivered_kg": Decimal("14500.00")},
            {"unit_code": UNIT, "year": 2026, "crop": "玉米", "area_mu": mu("18"), "delivered_kg": None},
        ],
    }


def household_facts() -> dict[str, list[dict]]:
    return {
        "households": [
            {
                "unit_code": UNIT,
                "county_code": COUNTY,
                "township_code": UNIT[:9],
                "village_code": UNIT[:12],
                "is_trader_only": False,
                "persons_register": 4,
                "children": 1,
            }
        ],
        "members": [
            member(1, "head", 1, date(1982, 5, 20)),
            member(2, "spouse", 2, date(1984, 9, 3)),
            member(3, "other", 1, date(2009, 2, 11)),
        ],
        "books": [
            book(2023, "88600", "39200", "18000", None, 14),
            book(2024, "81000", "37000", "21000", None, 17),
            book(2025, "93000", "42000", "24000", "20000", 20),
        ],
        "machines": [
            {
                "unit_code": UNIT,
                "machine_type": "轮式拖拉机",
                "unit_price_yuan": yuan("68000"),
                "machine_count": 1,
                "bought_on": date(2024, 4, 15),
                "status": "已结算",
                "link_status": "confirmed",
            }
        ],
    }


def credit_facts() -> dict[str, list[dict]]:
    return {
        "exposures": [
            {
                "unit_code": UNIT,
                "product_name": "个人消费贷款",
                "credit_yuan": yuan("30000"),
                "balance_yuan": yuan("10000"),
                "loan_class": "正常",
                "guarantee": "信用",
                "due_on": date(2028, 1, 1),
                "link_status": "automatic",
            }
        ],
        "rise_bases": [{"unit_code": UNIT, "product": "farmer_line", "base_yuan": 40_000}],
        "in_force": [
            {
                "unit_code": UNIT,
                "product": "farmer_line",
                "limit_yuan": 40_000,
                "term_months": 36,
                "valid_from": date(2025, 11, 2),
                "valid_to": date(2028, 11, 1),
                "drawn_yuan": None,
            }
        ],
        "sources": [{"unit_code": UNIT, "contract": contract} for contract in SOURCES],
        "legal_basis": [
            {"contract": contract, "area_code": COUNTY, "starts_on": date(2024, 1, 1), "ends_on": date(2028, 12, 31)}
            for contract in SOURCES
        ],
    }


EMPTY = (*("conducts", "negatives", "related_parties", "objections", "monitored", "credit_lines", "traders"), "farms")


def worked_example() -> tuple[dict[str, list[dict]], dict[str, int], str, date, str]:
    """The facts, the default probability in ppm by unit, the policy's text, the day and the county."""
    facts = {name: [] for name in EMPTY} | household_facts() | land_facts() | credit_facts()
    return facts, {UNIT: 30_000}, policy_toml(), AS_OF, COUNTY
