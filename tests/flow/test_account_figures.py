"""Every figure of `explain` of two hundred households against a reckoning of its own; and each line that it names."""

from __future__ import annotations

import io
import json
import math
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored, by_unit
from village_credit.catalogue import terms
from village_credit.extract.inbox import pull
from village_credit.ingest.county import take_in
from village_credit.publish.household_helps import Helps
from village_credit.report.account import account
from village_credit.report.page_parts import Page, Table
from village_credit.services.queries import explain as tell

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from delivered_rows import lines_of, people_of_register, speaks_of
from limit_reference import (
    Case,
    areas,
    band_of,
    band_parts,
    cases_of,
    covers,
    crops,
    need_parts,
    other_exposures,
    reference_limits,
    sum_of,
    unsecured_yuan,
)

HOUSEHOLDS = 200
REGISTER = "农业农村局/确权登记/659900承包地确权成果.zip"
OFFICES = {
    "农业农村局": "agriculture_bureau",
    "农经站": "economy_station",
    "农机站": "machinery_station",
    "信用社": "bank",
    "县政府办": "county_government",
}
CARD = json.loads((MODELS / "synthetic-2026.1.scorecard.json").read_text("utf-8"))
POLICY = tomllib.loads((MODELS / "limit_policy.toml").read_text("utf-8"), parse_float=Decimal)
UNNAMED = "其他作物"
Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What `explain` says of a household, beside its unit, its rows and the reference's figures."""

    unit: str
    found: Row
    page: Page
    case: Case
    reference: Row

    def column(self, name: str, place: int) -> list[Any]:
        """A column of figures of a table of the account."""
        for section in self.page.sections:
            for part in section.parts:
                if isinstance(part, Table) and part.name == f"account-{name}-table":
                    return [row.cells[place].value for row in part.rows]
        return []


@pytest.fixture(scope="module")
def told(published: Scored) -> list[Told]:
    """The first of the register; what would help is left out, which is tried a thousandfold and takes its time."""
    store, run_id = published.store, published.run.run_id
    known = pq.read_table(io.BytesIO(store.open_identities(run_id))).to_pylist()
    unit_of = {row["household_key"]: row["unit_code"] for row in known}
    folder = store.run_folder(run_id)
    keys = pq.read_table(folder / "decisions.parquet", columns=["household_key"]).column(0).to_pylist()
    facts = take_in(pull(published.inbox, COUNTY_OF_TESTS), AS_OF, COUNTY_OF_TESTS).facts
    given = {name: table.to_pylist() for name, table in facts.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tell, "helps_of", lambda *_: Helps("nothing"))
        chosen = {unit_of[key]: tell.explain(store, key) for key in by_unit(store, run_id, keys)[:HOUSEHOLDS]}
    points = pq.read_table(folder / "decisions.parquet", columns=["household_key", "default_probability_ppm"])
    scored = [row for row in points.to_pylist() if row["household_key"] in unit_of]
    scores = {unit_of[row["household_key"]]: row["default_probability_ppm"] for row in scored}
    asked = (given, {unit: ppm for unit, ppm in scores.items() if ppm is not None}, POLICY, AS_OF, COUNTY_OF_TESTS)
    cases, reference = cases_of(*asked), reference_limits(*asked)
    return [Told(unit, found, account(found), cases[unit], reference[unit]) for unit, found in chosen.items()]


def wrong(told: list[Told], shown: Callable[[Told], Row], reckoned: Callable[[Told], Row], least: int) -> list[Any]:
    """What is shown and is not what is reckoned; of at least so many figures, or nothing was compared."""
    pairs = [
        (one.unit, name, value, reckoned(one).get(name, "?")) for one in told for name, value in shown(one).items()
    ]
    assert len(pairs) >= least
    return [pair for pair in pairs if pair[2] != pair[3]]


def number(value: Any) -> float | None:
    return None if value is None else float(value)


def kept(value: Fraction | None, places: int) -> Fraction | None:
    """What a table keeps of an amount that is not negative: the rest falls."""
    return None if value is None else Fraction(int(value * 10**places), 10**places)


def waterfall_reckoned(one: Told) -> Row:
    """Every term that an account shows, by its column: most from the reference, the rest from the same rows."""
    case, result = one.case, one.reference
    product, band, persons = result["product"], result["band"], result["persons"]
    parts = dict.fromkeys(("base_yuan", "asset_part_yuan", "operating_part_yuan"))
    if band is not None:
        operating = result["operating_income_yuan"]
        parts |= band_parts(case, product, band, result["verified_assets_yuan"], operating or 0)
        parts["operating_part_yuan"] = None if operating is None else parts["operating_part_yuan"]
    # a mean of three years is kept to 1e-12 yuan, so that what is told may be a fen below the exact share of it
    means = {part: kept(result[f"{part}_yuan"] or Fraction(0), 12) for part in ("livestock", "wages", "trade")}
    recognised = {f"{part}_yuan": kept(mean * case.policy(f"recognised_{part}"), 2) for part, mean in means.items()}
    # the reference has 0 for a trader, whose need is what he applies for; an account shows what his farm would need
    needs = need_parts(case, "farmer_line", result["crops"])
    return {
        **result,
        **parts,
        "band_yuan": result["band_yuan"],
        **recognised,
        **{name: needs[name] for name in ("crop_need_yuan", "livestock_need_yuan")},
        "crop_income_yuan": kept(result["crop_income"], 6),
        "living_cost_yuan": case.policy("living_cost") * persons,
    }


def test_every_term_of_the_limit_is_what_a_second_reckoning_gives(told: list[Told]):
    columns = [term.column for term in terms().values()]

    def reckoned(one: Told) -> Row:
        return {name: number(value) for name, value in waterfall_reckoned(one).items() if name in columns}

    def shown(one: Told) -> Row:
        return dict(zip(columns, one.column("waterfall", 1), strict=True))

    assert wrong(told, shown, reckoned, HOUSEHOLDS * len(columns))[:5] == []


def deductions_reckoned(one: Told) -> list[float | None]:
    """Land leased out, rent, what stress takes, the cost of living, what other loans cost and take of the cap."""
    case, result = one.case, one.reference
    out = [row for row in case.leases_out if covers(row["starts_on"], row["ends_on"], AS_OF)]
    income, stressed = result["income_yuan"], result["stressed_yuan"]
    values = (
        sum_of(out, "area_mu") if out else None,
        result["rent_yuan"],
        None if income is None or stressed is None else income - stressed,
        case.policy("living_cost") * result["persons"],
        result["existing_service_yuan"],
        sum(map(unsecured_yuan, other_exposures(case, result["product"])), Fraction(0)),
    )
    return [number(value) for value in values]


def test_what_is_taken_away_is_what_a_second_reckoning_gives(told: list[Told]):
    def numbered(values: list[float | None]) -> Row:
        return {f"deduction {place}": value for place, value in enumerate(values)}

    shown, reckoned = (
        (lambda one: numbered(one.column("deducted", 1))),
        (lambda one: numbered(deductions_reckoned(one))),
    )
    assert wrong(told, shown, reckoned, HOUSEHOLDS * 6)[:5] == []


def crops_reckoned(one: Told) -> Row:
    """By crop: declared and counted mu, what a mu earns, the product of these two, and what was delivered.

    Crops without a norm earn nothing and are one crop.
    """
    declared: dict[str, Fraction] = defaultdict(Fraction)
    for row in one.case.latest_year("crops"):
        declared[row["crop"]] += Fraction(row["area_mu"])
    found: dict[tuple[str, int], Any] = {}
    for row in crops(one.case, areas(one.case)["area_mu"]):
        crop, norm, mu = row["crop"], row["norm"] or {"net": Fraction(0)}, row["crop_mu"]
        name = crop if row["norm"] else UNNAMED
        is_delivered = row["norm"] is not None and row["delivered_kg"] is not None
        by_delivery = (
            row["delivered_kg"] * norm["outturn"] * norm["price"] - norm["cost"] * mu if is_delivered else None
        )
        for place, value in enumerate((declared[crop], mu, norm["net"], mu * norm["net"], by_delivery)):
            is_added = place != 2 and value is not None
            found[name, place] = found.get((name, place), 0) + value if is_added else value
    return {name: number(value) for name, value in found.items()}


def test_what_each_crop_earns_is_its_land_times_the_norm(told: list[Told]):
    def shown(one: Told) -> Row:
        names = [crop["crop"] for crop in one.found["crops"]]
        columns = [one.column("crops", place) for place in range(1, 6)]
        return {(crop, place): each[row] for row, crop in enumerate(names) for place, each in enumerate(columns)}

    assert wrong(told, shown, crops_reckoned, 2 * HOUSEHOLDS)[:5] == []


def test_what_was_decided_is_what_a_second_reckoning_gives(told: list[Told]):
    names = ("product", "decision", "band", "limit_yuan")
    of_a_line = ("term_months", "valid_from", "valid_to", "review_due_on", "annual_rate_bp", "annual_cost_bp")

    def shown(one: Told) -> Row:
        decision = one.found["decision"]
        is_granted = decision["decision"] == "granted"
        return {name: decision[name] for name in (*names, *(of_a_line if is_granted else ()))}

    assert wrong(told, shown, lambda one: one.reference, 6 * HOUSEHOLDS)[:5] == []
    assert Counter(one.found["decision"]["decision"] for one in told).keys() == {"granted", "declined", "manual_review"}


def features_reckoned(case: Case) -> dict[str, Fraction | float | None]:
    """The card's features from a household's rows, by what the card says of them."""
    own = areas(case)["register_mu"]
    past = [row for row in case.rows["crops"] if row["year"] < AS_OF.year]
    sown = [row for row in past if row["year"] == max(each["year"] for each in past)]
    loans = [row for row in case.rows["conducts"] if is_known_conduct(row)]
    worst = [row["max_days_overdue"] for row in loans if not (row["is_relief"] and row["relief_proof"] is not None)]
    owed = [row for row in case.rows["exposures"] if row["link_status"] != "provisional"]
    cotton = sum_of([row for row in sown if row["crop"] == "棉花"], "area_mu")
    return book_features(case) | {
        "land_mu": max(Fraction(0), own or Fraction(0)),
        "crop_count": Fraction(len({row["crop"] for row in sown})) if sown else None,
        "cotton_share": over(cotton, sum_of(sown, "area_mu")) if cotton else None,
        "worst_days_overdue": max(worst, default=None),
        "bank_balance_yuan": sum_of(owed, "balance_yuan") if owed else None,
    }


def is_known_conduct(row: Row) -> bool:
    is_recent = row["cutoff_on"] > AS_OF.replace(year=AS_OF.year - 5)
    return row["opened_on"] <= AS_OF >= row["cutoff_on"] and is_recent and row["link_status"] != "provisional"


def over(part: Fraction | float | None, whole: Fraction | None) -> Any:
    return part / whole if part is not None and whole else None


def book_features(case: Case) -> dict[str, Fraction | float | None]:
    """Those of the book: means of the latest three complete years, and their latest counts."""
    books = case.books()
    earning = ("planting_income_yuan", "livestock_income_yuan", "wage_income_yuan", "trade_income_yuan")
    earned = [sum(Fraction(row[name] or 0) for name in earning) for row in books]
    mean_earned = sum(earned, Fraction(0)) / len(earned) if earned else None
    spread = None
    if len(earned) > 1:
        spread = math.sqrt(sum((each - mean_earned) ** 2 for each in earned) / len(earned)) / float(mean_earned or 1)

    def mean_of(column: str) -> Fraction | None:
        known = [Fraction(row[column]) for row in books if row[column] is not None]
        return sum(known, Fraction(0)) / len(known) if known else None

    def latest(column: str) -> Fraction | None:
        value = case.book_latest(column)
        return None if value is None else Fraction(value)

    return {
        "income_per_person_yuan": over(mean_earned, latest("persons")),
        "debt_to_income": over(latest("debts_yuan"), mean_earned),
        "income_volatility": spread if mean_earned else None,
        "wage_share": over(mean_of("wage_income_yuan"), mean_earned),
        "livestock_share": over(mean_of("livestock_income_yuan"), mean_earned),
        "cost_to_planting": over(mean_of("production_cost_yuan"), mean_of("planting_income_yuan")),
        "labour_share": over(latest("labourers"), latest("persons")),
        "assets_per_person_yuan": over(latest("assets_yuan"), latest("persons")),
    }


def bin_of(feature: Row, value: float | None) -> Row:
    """The card's bin of a value."""
    if value is None:
        return {**feature["missing"], "label": "missing"}
    return next(bin_ for bin_ in feature["bins"] if bin_.get("below") is None or value < bin_["below"])


def points_reckoned(one: Told) -> Row:
    """Of each feature its value, points and points lost; the base, the sum, the probability by the card's table."""
    values, found, total = features_reckoned(one.case), {}, CARD["base_points"]
    for feature in CARD["features"]:
        name = feature["name"]
        value = values[name] if values[name] is None else round(float(values[name]), 6)
        points = bin_of(feature, value)["points"]
        best = max(bin_["points"] for bin_ in (*feature["bins"], feature["missing"]))
        found |= {(name, "value"): value, (name, "points"): points, (name, "lost"): best - points}
        found[name, "bin"] = bin_of(feature, value)["label"]
        total += points
    table = CARD["probability"]
    ppm = table["ppm"][min(max(total - table["from_points"], 0), len(table["ppm"]) - 1)]
    return found | {"base": CARD["base_points"], "total": total, "ppm": ppm, "band": band_of(one.case.policy, ppm)}


def test_points_add_up_to_the_score_and_the_score_says_probability_and_band(told: list[Told]):
    def shown(one: Told) -> Row:
        found = {}
        for place, row in enumerate(one.found["points"]):
            figures = [one.column("points", column)[place] for column in (1, 3, 4)]
            found |= {
                (row["feature"], name): each for name, each in zip(("value", "points", "lost"), figures, strict=True)
            }
            found[row["feature"], "bin"] = row["bin"]
        decision, score = one.found["decision"], one.found["score"]
        ppm = decision["default_probability_ppm"]
        return found | {"base": score["base"], "total": score["total"], "ppm": ppm, "band": decision["band"]}

    scored = [one for one in told if one.found["points"]]
    assert len(scored) > HOUSEHOLDS * 0.9
    assert wrong(scored, shown, points_reckoned, len(scored) * (4 * len(CARD["features"]) + 4))[:5] == []


def test_each_line_that_is_named_is_a_line_of_the_household_in_the_file_of_that_office(
    told: list[Told], published: Scored
):
    county = published.inbox / COUNTY_OF_TESTS
    people = people_of_register(county / REGISTER)
    lines = {
        name: lines_of(county / name) for name in {row["file_name"] for one in told for row in one.found["inputs"]}
    }
    named = [(one.unit, row) for one in told for row in one.found["inputs"]]
    assert len(named) > 10 * HOUSEHOLDS
    bad = [
        (unit, row["file_name"], row["line_number"], row["pass"])
        for unit, row in named
        if OFFICES[row["file_name"].split("/")[0]] != row["office"]
        or not speaks_of(lines[row["file_name"]].get((row["sheet"], row["line_number"]), []), unit, people[unit])
    ]
    assert bad[:5] == []
    units = list(people)
    others = {unit: units[units.index(unit) - 1] for unit, _ in named}
    taken = [
        unit
        for unit, row in named
        if speaks_of(lines[row["file_name"]][row["sheet"], row["line_number"]], others[unit], people[others[unit]])
    ]
    assert len(taken) < len(named) / 100  # what is asked of a line tells households apart, but for namesakes
