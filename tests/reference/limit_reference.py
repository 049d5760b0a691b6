"""A second, independent reckoning of the credit limit, from its definition alone, in exact fractions.

Section numbers are those of the limit's definition. Nothing here is fast or clever: each function is one
sentence or two of the definition, and `//` is the only rounding except for a norm's `half_up`.

Left to others: relief windows (§4.4), the branch's figure (§4.5).
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Rows = list[Row]

KEYS = ("county", "product", "band", "crop")
TERMS = ("capacity", "band", "need", "headroom", "rise", "branch")  # the order of §4.2
BOOK_PARTS = {
    "livestock": "livestock_income_yuan",
    "wages": "wage_income_yuan",
    "trade": "trade_income_yuan",
    "transfers": "transfer_income_yuan",
}
HEADS = ("sheep", "cattle")
PRODUCTS = ("trader_loan", "poverty_micro_loan", "follow_on_loan", "farmer_line")  # the order of §6
# A source without a legal basis: the fact table that is then not used.
TABLE_OF_SOURCE = {
    "land_subsidy": "subsidies",
    "crop_declaration": "crops",
    "household_economy": "books",
    "machinery_subsidy": "machines",
    "bank_exposure": "exposures",
    "bank_conduct": "conducts",
    "monitored_household": "monitored",
    "family_farm": "farms",
}
# §6, in the order in which they decide; a household that is held comes before all.
SCREEN = {
    "HELD": "manual_review",
    "CONSENT_WITHDRAWN": "declined",
    "RELATED_PARTY": "declined",
    "NEGATIVE_LIST": "declined",
    "OVERDUE_90": "declined",
    "NO_LEGAL_BASIS": "manual_review",
    "OVERDUE": "manual_review",
    "OUT_OF_AREA": "declined",
    "NO_BORROWER": "declined",
    "AGE_TERM": "declined",
    "OTHER_PRODUCT": "declined",
    "OBJECTION": "manual_review",
    "DISPUTED_DATUM": "manual_review",
    "NO_INCOME_SOURCE": "manual_review",
    "LINK_UNCONFIRMED": "manual_review",
    "RECODED": "manual_review",
    "NOT_SCORED": "manual_review",
    "TRADER_MODEL_DECLINE": "manual_review",
    "LOWEST_BAND": "declined",
    "GREY_LIST": "manual_review",
    "RENEWAL_DUE": "manual_review",
}
# Where nothing but these stands against a household, a person may grant it.
FOR_A_PERSON = {code for code, decision in SCREEN.items() if decision == "manual_review"} - {"HELD"}
# What an objection to data may name: a table, and in it a column; without a column the whole row is in dispute.
DISPUTABLE = {
    "household_economy": ("books", {"养殖收入": "livestock_income_yuan", "务工收入": "wage_income_yuan"}),
    "crop_declaration": ("crops", {}),
    "land_subsidy": ("subsidies", {}),
    "bank_exposure": ("exposures", {}),
    "bank_conduct": ("conducts", {}),
    "machinery_subsidy": ("machines", {}),
}


# --- arithmetic and dates -----------------------------------------------------------------------------------


def down(value: Fraction | int) -> int:
    """Whole yuan, towards minus infinity."""
    return int(value // 1)


def down4(value: Fraction) -> Fraction:
    """Four decimals, towards minus infinity."""
    return Fraction(value * 10_000 // 1, 10_000)


def half_up2(value: Fraction) -> Fraction:
    """Two decimals, away from zero at the half."""
    size = Fraction((abs(value) * 100 + Fraction(1, 2)) // 1, 100)
    return size if value >= 0 else -size


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def smaller_known(*values: Fraction | None) -> Fraction | None:
    known = [value for value in values if value is not None]
    return min(known) if known else None


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_after = date(year + (month0 == 11), (month0 + 1) % 12 + 1, 1)
    last = (first_after - timedelta(days=1)).day
    return date(year, month0 + 1, min(day.day, last))


def whole_years(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def whole_months(start: date, end: date) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (add_months(start, months) > end)


def covers(start: date, end: date | None, day: date) -> bool:
    """Both days belong to the span; without an end it is open."""
    return start <= day and (end is None or day <= end)


# --- the policy ---------------------------------------------------------------------------------------------


class Policy:
    """The policy's figures as they hold in one county on one day."""

    def __init__(self, policy: Row, as_of: date, county: str) -> None:
        self.raw, self.as_of, self.county = policy, as_of, county
        self.by_name: dict[str, Rows] = defaultdict(list)
        for row in policy["figures"]:
            self.by_name[row["name"]].append(row)
        self.known: dict[tuple, Any] = {}
        self.norms: dict[str, Row | None] = {}
        self.product_of_name = {
            name: product for product, rules in policy["products"].items() for name in rules["names"]
        }

    def find(self, name: str, **keys: str | None) -> Any:
        """The most keys first, then the latest `from` not after the day; None where there is no such figure."""
        asked = {**keys, "county": self.county}
        memo = (name, *sorted((key, str(value)) for key, value in asked.items()))
        if memo not in self.known:
            ranked = []
            for row in self.by_name[name]:
                named = {key: row[key] for key in KEYS if row.get(key, "*") != "*"}
                if row["from"] <= self.as_of and all(asked.get(key) == value for key, value in named.items()):
                    ranked.append((len(named), row["from"], row["value"]))
            self.known[memo] = max(ranked, key=lambda one: one[:2])[2] if ranked else None
        return self.known[memo]

    def __call__(self, name: str, **keys: str | None) -> Fraction:
        value = self.find(name, **keys)
        if value is None:
            raise KeyError(f"the policy has no figure {name} for {keys} in {self.county} on {self.as_of}")
        return Fraction(value)

    def repays_in_instalments(self, product: str) -> bool:
        return self.raw["products"][product]["repayment"] == "instalments"

    def norm(self, crop: str) -> Row | None:
        """§2: a crop's net income, cost and price per mu; None where fewer than two years are complete."""
        if crop not in self.norms:
            self.norms[crop] = self._norm(crop)
        return self.norms[crop]

    def _norm(self, crop: str) -> Row | None:
        measured = ("yield_kg_per_mu", "price_yuan_per_kg", "cost_yuan_per_mu")
        best: dict[int, tuple] = {}
        for row in self.raw["crop_norms"]:
            county = row.get("county", "*")
            if row["crop"] != crop or county not in ("*", self.county) or row["from"] > self.as_of:
                continue
            if row["year"] >= self.as_of.year or any(row.get(name) is None for name in measured):
                continue
            rank = (county != "*", row["from"])
            if row["year"] not in best or rank > best[row["year"]][0]:
                best[row["year"]] = (rank, row)
        years = sorted(best, reverse=True)[: int(self("norm_years"))]
        if len(years) < 2:
            return None
        rows = [best[year][1] for year in years]
        yields, prices, costs = ([Fraction(row[name]) for row in rows] for name in measured)
        nets = [y * p - c for y, p, c in zip(yields, prices, costs, strict=True)]
        return {
            "net": half_up2(mean(nets)),
            "cost": half_up2(mean(costs)),
            "price": half_up2(mean(prices)),
            "outturn": Fraction(rows[0].get("outturn", 1)),  # of the latest year
        }


# --- one household ------------------------------------------------------------------------------------------


@dataclass
class Case:
    """One household's rows, without those of sources that have no legal basis."""

    unit: str
    household: Row
    rows: dict[str, Rows]
    leases_in: Rows
    leases_out: Rows
    unfounded: set[str]
    policy: Policy
    as_of: date
    ppm: int | None
    findings: list[str] = field(default_factory=list)
    is_unsettled: bool = False  # a disputed datum that cannot simply be left out

    def books(self) -> Rows:
        """The books of the three complete years before `as_of`'s, the latest first."""
        year = self.as_of.year
        books = [row for row in self.rows["books"] if year - 3 <= row["year"] < year]
        return sorted(books, key=lambda row: -row["year"])

    def book_latest(self, column: str) -> Any:
        """The latest of these years that has it."""
        return next((row[column] for row in self.books() if row.get(column) is not None), None)

    def latest_year(self, table: str) -> Rows:
        seen = [row for row in self.rows[table] if row["year"] <= self.as_of.year]
        latest = max((row["year"] for row in seen), default=None)
        return [row for row in seen if row["year"] == latest]

    def product_of(self, row: Row) -> str | None:
        return self.policy.product_of_name.get(row.get("product_name"))


def confirmed(rows: Rows) -> Rows:
    return [row for row in rows if row["link_status"] != "provisional"]


def provisional(rows: Rows) -> Rows:
    return [row for row in rows if row["link_status"] == "provisional"]


def has_basis(bases: Rows, contract: str, household: Row, as_of: date) -> bool:
    """The most specific area that has any basis decides."""
    for column in ("village_code", "township_code", "county_code"):
        own = [r for r in bases if r["contract"] == contract and r["area_code"] == household[column]]
        if own:
            return any(covers(row["starts_on"], row["ends_on"], as_of) for row in own)
    return False


# --- §1 area ------------------------------------------------------------------------------------------------


def register_mu(case: Case) -> Fraction | None:
    also = case.policy.raw.get("counted_methods", [])
    own = [row for row in case.rows["parcels"] if counts_as_own(row["method_code"], also)]
    if any(row["method_code"] is None for row in own):
        case.findings.append("METHOD_MISSING")
    out = [row for row in case.leases_out if covers(row["starts_on"], row["ends_on"], case.as_of)]
    inn = [row for row in case.leases_in if covers(row["starts_on"], row["ends_on"], case.as_of)]
    if not (own or out or inn):
        return None
    return sum_of(own, "area_mu") - sum_of(out, "area_mu") + sum_of(inn, "area_mu")


def counts_as_own(method_code: str | None, also: list[str]) -> bool:
    """A parcel without a method is one of a family contract."""
    return method_code is None or (len(method_code) == 3 and method_code.startswith("1")) or method_code in also


def sum_of(rows: Rows, column: str) -> Fraction:
    return sum((Fraction(row[column]) for row in rows if row[column] is not None), Fraction(0))


def areas(case: Case) -> Row:
    register = register_mu(case)
    paid = case.latest_year("subsidies")
    subsidised = sum_of(paid, "subsidised_mu") if paid else None
    if register is not None and subsidised is not None:
        larger = max(register, subsidised)
        if abs(register - subsidised) > case.policy("area_tolerance") * larger:
            case.findings.append("AREA_DISAGREES")
    area = smaller_known(register, subsidised)
    return {
        "register_mu": register,
        "subsidised_mu": subsidised,
        "area_mu": None if area is None else max(Fraction(0), area),
    }


def crops(case: Case, area_mu: Fraction | None) -> Rows:
    """One row a crop: declared and counted mu, what was delivered, and the crop's norm."""
    declared: dict[str, Fraction] = defaultdict(Fraction)
    delivered: dict[str, Fraction] = {}
    for row in case.latest_year("crops"):
        declared[row["crop"]] += Fraction(row["area_mu"])
        if row["delivered_kg"] is not None:
            delivered[row["crop"]] = delivered.get(row["crop"], Fraction(0)) + Fraction(row["delivered_kg"])
    counted = counted_mu(declared, area_mu or Fraction(0), case.policy.raw.get("residual_crop"))
    result = []
    for crop, mu in counted.items():
        norm = case.policy.norm(crop)
        if norm is None and "UNKNOWN_CROP" not in case.findings:
            case.findings.append("UNKNOWN_CROP")
        result.append({"crop": crop, "crop_mu": mu, "delivered_kg": delivered.get(crop), "norm": norm})
    return result


def counted_mu(declared: dict[str, Fraction], area: Fraction, residual: str | None) -> dict[str, Fraction]:
    total = sum(declared.values(), Fraction(0))
    if total > area:
        return {crop: down4(mu * area / total) for crop, mu in declared.items()}
    counted = dict(declared)
    if residual is not None and area > total:
        counted[residual] = counted.get(residual, Fraction(0)) + area - total
    return counted


# --- §2 yearly income ---------------------------------------------------------------------------------------


def norm_crop_income(crop_rows: Rows, rent: Fraction) -> Fraction | None:
    if not crop_rows:
        return None
    return max(Fraction(0), sum((one_crop_income(row) for row in crop_rows), Fraction(0)) - rent)


def rent_yuan(case: Case, area: Row) -> Fraction | None:
    """§8: what the list names of a year's rent, else the policy's for a mu; for as much of the land as counts."""
    leases = [row for row in case.leases_in if covers(row["starts_on"], row["ends_on"], case.as_of)]
    if not leases:
        return None
    rent = Fraction(0)
    for lease in leases:
        a_mu = case.policy.find("rent", crop=lease["crop"])
        if lease["rent_yuan"] is not None:
            rent += Fraction(lease["rent_yuan"])
        elif a_mu is not None:
            rent += Fraction(lease["area_mu"]) * Fraction(a_mu)
        elif "RENT_UNKNOWN" not in case.findings:
            case.findings.append("RENT_UNKNOWN")
    register, counted = area["register_mu"], area["area_mu"]
    if register is not None and counted is not None and counted < register:
        rent = rent * counted / register
    return half_up2(rent)


def one_crop_income(row: Row) -> Fraction:
    norm, mu = row["norm"], row["crop_mu"]
    if norm is None:
        return Fraction(0)
    by_norm = mu * norm["net"]
    if row["delivered_kg"] is None:
        return by_norm
    by_delivery = row["delivered_kg"] * norm["outturn"] * norm["price"] - norm["cost"] * mu
    return min(by_norm, by_delivery)


def book_crop_income(case: Case) -> Fraction | None:
    years = []
    for row in case.books():
        if row["planting_income_yuan"] is None or row["production_cost_yuan"] is None:
            continue
        planting, cost = Fraction(row["planting_income_yuan"]), Fraction(row["production_cost_yuan"])
        other = [Fraction(row[name] or 0) for name in ("livestock_income_yuan", "trade_income_yuan")]
        whole = planting + sum(other)
        years.append(planting - (cost * planting / whole if whole else 0))
    return mean(years) if years else None


def book_part(case: Case, column: str) -> Fraction | None:
    years = [Fraction(row[column]) for row in case.books() if row[column] is not None]
    if not years:
        return None
    return mean(years) * (case.policy("single_year_share") if len(years) == 1 else 1)


def turnover_part(case: Case) -> Fraction | None:
    """What a trader on no register keeps of what was settled in the twelve complete months before the day."""
    this_month = case.as_of.replace(day=1)
    months = [row for row in case.rows.get("turnover", []) if add_months(this_month, -12) <= row["month"] < this_month]
    if len(months) < 6:
        return None
    kept = sum_of(months, "settled_yuan") * 12 / len(months) * case.policy("trader_margin")
    return kept if len(months) == 12 else kept * case.policy("single_year_share")


def supplied(case: Case, kind: str) -> Fraction | None:
    """A fact that a person found out, for so many months from its day."""
    said = [row["income_yuan"] for row in standing_facts(case) if row["kind"] == kind]
    return Fraction(max(said)) if said else None


def standing_facts(case: Case) -> Rows:
    months = int(case.policy("review_fact_months"))
    return [row for row in case.rows.get("supplied", []) if case.as_of < add_months(row["said_on"], months)]


def incomes(case: Case, crop_rows: Rows, area: Row) -> Row:
    rent = rent_yuan(case, area)
    by_norm, by_book = norm_crop_income(crop_rows, rent or Fraction(0)), book_crop_income(case)
    is_reckoned = area["area_mu"] is not None and any(row["norm"] for row in crop_rows)
    crop = smaller_known(by_norm, by_book) if is_reckoned or by_book is not None else None
    crop = None if crop is None else max(Fraction(0), crop)
    book = {part: book_part(case, column) for part, column in BOOK_PARTS.items()}
    book["trade"] = smaller_known(book["trade"], turnover_part(case))
    book |= {part: supplied(case, part) for part in ("livestock", "wages", "trade") if book[part] is None}
    crop = supplied(case, "crops") if crop is None else crop
    known = crop is not None or any(value is not None for value in book.values())
    parts = {part: case.policy(f"recognised_{part}") * (value or 0) for part, value in book.items()}
    crop_part = crop or Fraction(0)
    return {
        "rent_yuan": rent,
        "norm_crop_yuan": by_norm,
        "book_crop_yuan": by_book,
        "crop_income": crop,
        **{f"{part}_yuan": value for part, value in book.items()},
        "income_yuan": down(crop_part + sum(parts.values())) if known else None,
        "operating_income_yuan": down(crop_part + parts["livestock"] + parts["trade"]) if known else None,
    }


# --- §3 the terms -------------------------------------------------------------------------------------------


def other_exposures(case: Case, product: str) -> Rows:
    """All but the line that is being set or renewed."""
    return [row for row in case.rows["exposures"] if case.product_of(row) != product]


def years_to_maturity(due_on: date | None, as_of: date) -> int:
    years = 1
    while due_on is not None and add_months(as_of, 12 * years) < due_on:
        years += 1
    return years


def existing_service(case: Case, product: str) -> int:
    rate = case.policy("existing_rate", product=product)
    total = Fraction(0)
    for row in other_exposures(case, product) + drawn_unlisted(case, product) + closed_loans(case, product):
        balance = Fraction(row["balance_yuan"])
        total += balance / years_to_maturity(row["due_on"], case.as_of) + balance * rate
    return down(total)


def drawn_unlisted(case: Case, product: str) -> Rows:
    """What the core system told of our own other lines, beyond what the bank's list has of that product."""
    result = []
    for other in sorted({row["product"] for row in case.rows["in_force"]} - {product}):
        told = told_drawn(case, other)
        listed = [row for row in case.rows["exposures"] if case.product_of(row) == other]
        balance, unsecured = sum_of(listed, "balance_yuan"), sum(map(unsecured_yuan, listed), Fraction(0))
        ends = max(row["valid_to"] for row in case.rows["in_force"] if row["product"] == other)
        zero = Fraction(0)
        result.append(
            {"balance_yuan": max(zero, told - balance), "unsecured": max(zero, told - unsecured), "due_on": ends}
        )
    return result


def closed_loans(case: Case, product: str) -> Rows:
    """Lines that a merge closed: of the same product all that is owed, of another what the bank's list lacks."""
    result = []
    closed = case.rows.get("closed_lines", [])
    for other in sorted({row["product"] for row in closed}):
        mine = [row for row in closed if row["product"] == other]
        owed = sum_of(mine, "owed_yuan")
        if other != product:
            listed = sum_of([row for row in case.rows["exposures"] if case.product_of(row) == other], "balance_yuan")
            owed = max(Fraction(0), owed - listed)
        ends = max((row["valid_to"] for row in mine if row["valid_to"]), default=None)
        result.append({"balance_yuan": owed, "unsecured": owed, "due_on": ends})
    return result


def told_drawn(case: Case, product: str) -> Fraction:
    told = [row.get("drawn_yuan") for row in case.rows["in_force"] if row["product"] == product]
    return max((Fraction(yuan) for yuan in told if yuan is not None), default=Fraction(0))


def unsecured_yuan(row: Row) -> Fraction:
    if row["guarantee"] not in (None, "", "信用"):
        return Fraction(0)
    return max(Fraction(row["credit_yuan"]), Fraction(row["balance_yuan"]))


def persons(case: Case) -> int:
    return max(case.household["persons_register"], case.book_latest("persons") or 0)


def free_service(case: Case, stressed: int, existing: int) -> int:
    share = case.policy("service_share") * stressed
    after_living = stressed - case.policy("living_cost") * persons(case)
    return down(max(Fraction(0), min(share, after_living) - existing))


def working_capital(case: Case, product: str, crop_rows: Rows) -> int:
    if case.policy.repays_in_instalments(product):
        return 0
    costs = sum(row["crop_mu"] * row["norm"]["cost"] for row in crop_rows if row["norm"])
    return down(case.policy("self_liquidating_share") * costs)


def yearly_rate(policy: Policy, product: str, band: str, months: int) -> Fraction:
    name = "reference_rate" if months > 12 else "reference_rate_one_year"
    reference = policy(name, product=product, band=band)
    return reference + policy("spread_bp", product=product, band=band) / 10_000


def annuity_permille(policy: Policy, product: str, band: str, months: int) -> int:
    rate = yearly_rate(policy, product, band, months)
    if not policy.repays_in_instalments(product):
        return down(1000 / (1 + rate))
    years = max(1, months // 12)
    return down(1000 * (1 - (1 + rate) ** -years) / rate) if rate else 1000 * years


def heads_times(case: Case, what: str) -> Fraction:
    return sum(((case.book_latest(h) or 0) * case.policy(f"{h}_{what}") for h in HEADS), Fraction(0))


def verified_assets(case: Case) -> int:
    total = heads_times(case, "value")
    for row in confirmed(case.rows["machines"]):
        bought, price = row["bought_on"], row["unit_price_yuan"]
        if row["status"] != "已结算" or bought is None or price is None or bought > case.as_of:
            continue
        left = 1 - case.policy("depreciation") * whole_years(bought, case.as_of)
        total += Fraction(price) * row["machine_count"] * max(Fraction(0), left)
    total += case.policy("declared_asset_share") * Fraction(case.book_latest("assets_yuan") or 0)
    return down(total)


def band_parts(case: Case, product: str, band: str, assets: int, operating: int) -> Row:
    parts = {
        "base_yuan": down(case.policy("base", product=product, band=band)),
        "asset_part_yuan": down(case.policy("asset_share", product=product, band=band) * assets),
        "operating_part_yuan": down(case.policy("operating_share", product=product, band=band) * operating),
    }
    return {**parts, "band_yuan": 0 if band == "E" else sum(parts.values())}


def need_parts(case: Case, product: str, crop_rows: Rows) -> Row:
    if product == "trader_loan":
        latest = max(case.rows["traders"], key=lambda row: row["referred_on"], default=None)
        applied = down(Fraction(latest["applied_yuan"])) if latest else 0  # off the list he applies for nothing
        return {"crop_need_yuan": 0, "livestock_need_yuan": 0, "need_yuan": applied}
    scaled = Fraction(0)
    for row in crop_rows:
        if row["norm"]:
            scale = case.policy.find("scale_of_finance", crop=row["crop"], product=product)
            scaled += row["crop_mu"] * Fraction(scale or 0)
    crop = down(scaled * (1 + case.policy("working_margin")))
    livestock = down(heads_times(case, "need"))
    return {"crop_need_yuan": crop, "livestock_need_yuan": livestock, "need_yuan": crop + livestock}


def headroom(case: Case, product: str) -> int:
    cap = case.policy("product_cap", product=product)
    if product == "farmer_line":  # a grower's tier, the highest of the household's tags
        tiers = [case.policy.find(f"cap_{tag}") for tag in tags(case) if tag != "other_farm"]
        cap = max([cap, *(Fraction(tier) for tier in tiers if tier is not None)])
    cap = min(cap, case.policy("household_cap"))
    cap -= sum(map(unsecured_yuan, other_exposures(case, product)), Fraction(0))
    own = drawn_unlisted(case, product) + closed_loans(case, product)
    cap -= sum((row["unsecured"] for row in own), Fraction(0))
    return down(cap)


# --- growers: whom a customer manager visits ----------------------------------------------------------------


def tags(case: Case) -> list[str]:
    """A large grower by declared land, before any scaling; the rest by the words of the bureau's list."""
    declared, threshold = sum_of(case.latest_year("crops"), "area_mu"), case.policy.find("large_grower_mu")
    words = [row["farm_type"] for row in case.rows["farms"]]
    held = {
        "large_grower": threshold is not None and case.latest_year("crops") and declared >= Fraction(threshold),
        "family_farm": any("家庭农场" in word for word in words),
        "cooperative": any("合作社" in word for word in words),
        "other_farm": any("家庭农场" not in word and "合作社" not in word for word in words),
    }
    return [tag for tag, is_held in held.items() if is_held]


# --- the line in force, term and dates (§4.1, §5) -----------------------------------------------------------


def line_in_force(case: Case, product: str) -> Row | None:
    """On the day before `as_of`: the published limit, else the bank's own line of the same product."""
    line, bank = own_line(case, product), bank_line(case, product)
    if line:
        # a line that a review had stopped is 0: what the bank still holds of it is in force
        return {**line, "limit_yuan": line["limit_yuan"] or (bank["limit_yuan"] if bank else 0)}
    return bank


def own_line(case: Case, product: str) -> Row | None:
    """Ours, as it was published or as its branch told it."""
    published = [row for row in case.rows["in_force"] if row["product"] == product]
    return max(published, key=lambda row: row["valid_from"], default=None)


def bank_line(case: Case, product: str) -> Row | None:
    """The line that the bank had granted before us: with us it runs for 36 months at most."""
    eve = case.as_of - timedelta(days=1)
    granted = [
        row
        for row in case.rows["credit_lines"]
        if case.product_of(row) == product and covers(row["starts_on"], row["ends_on"], eve)
    ]
    if not granted:
        return None
    row = max(granted, key=lambda row: (row["starts_on"], row["limit_yuan"]))
    ends = min(row["ends_on"], add_months(row["starts_on"], 36) - timedelta(days=1))
    return {
        "limit_yuan": row["limit_yuan"],
        "term_months": whole_months(row["starts_on"], ends + timedelta(days=1)),
        "valid_from": row["starts_on"],
        "valid_to": ends,
        "drawn_yuan": None,
    }


def within_term(case: Case, line: Row | None) -> bool:
    return line is not None and line["valid_to"] is not None and line["valid_to"] >= case.as_of


def new_term(case: Case, product: str, band: str, borrower: Row | None) -> int:
    """In months, down to whole years; without a borrower as the table says."""
    months = min(36, int(case.policy("term", product=product, band=band)))
    if borrower is not None:
        age = whole_years(borrower["birth_date"], case.as_of)
        months = min(months, 12 * (int(case.policy("age_cap", product=product)) - age))
    return months // 12 * 12


def band_of(policy: Policy, ppm: int | None) -> str | None:
    if ppm is None:
        return None
    return next((band for band in "ABCD" if ppm < policy("band_edge_ppm", band=band)), "E")


# --- §6 borrower, product, screen ---------------------------------------------------------------------------


def find_borrower(case: Case, product: str) -> tuple[Row | None, str | None]:
    cap = case.policy("age_cap", product=product)

    def eligible(row: Row) -> bool:
        if not (row["is_living"] and row["is_resident"]) or row["birth_date"] is None:
            return False
        return 18 <= whole_years(row["birth_date"], case.as_of) < cap

    able = sorted(filter(eligible, case.rows["members"]), key=lambda m: (m["birth_date"], m["member_no"]))
    lightest = min((own_fault(case, row) for row in able), default=0)
    able = [row for row in able if own_fault(case, row) == lightest]  # the others are passed over
    for relation, reason in (("head", "BORROWER_HEAD"), ("spouse", "BORROWER_SPOUSE")):
        chosen = next((row for row in able if row["relation"] == relation), None)
        if chosen is not None:
            return chosen, reason
    return (able[0], "BORROWER_ELDEST") if able else (None, None)


def has_open(case: Case, product: str) -> bool:
    closed = [row for row in case.rows.get("closed_lines", []) if row["product"] == product and row["owed_yuan"] > 0]
    return (
        bool(closed)
        or any(
            case.product_of(row) == product and (row["credit_yuan"] > 0 or row["balance_yuan"] > 0)
            for row in case.rows["exposures"]
        )
        or bool(told_drawn(case, product))
    )


def is_object(row: Row) -> bool:
    return row["household_type"] in ("脱贫户", "防止返贫致贫对象") or bool(row["monitored_class"])


def has_left(case: Case, row: Row) -> bool:
    """By the day where one is told, else by the flag."""
    return bool(row["has_left"]) if row["left_on"] is None else row["left_on"] <= case.as_of


def choose(case: Case) -> Row:
    """The product, the first that applies, and its figures; while something of a line of ours is owed it stays."""
    for product in PRODUCTS:
        if within_term(case, own_line(case, product)) and owed_yuan(case, product) > 0:
            return figures(case, product)
    if case.rows["traders"]:
        return figures(case, "trader_loan")
    poverty = "poverty_micro_loan"
    if not has_open(case, poverty) or within_term(case, own_line(case, poverty)):
        watched = case.rows["monitored"]
        keeps = within_term(case, own_line(case, poverty)) and any(has_left(case, row) for row in watched)
        if keeps or any(is_object(row) and not has_left(case, row) for row in watched):
            return figures(case, poverty)
        had = any(case.product_of(row) == poverty for row in case.rows["conducts"])
        ended = [row for row in case.rows["credit_lines"] if row["ends_on"] < case.as_of]
        had = had or any(case.product_of(row) == poverty for row in ended)
        own = own_line(case, poverty)
        had = had or (own is not None and not within_term(case, own))
        if had and not has_open(case, poverty):
            follow_on = figures(case, "follow_on_loan")
            if (follow_on["operating_income_yuan"] or 0) > 0 and (follow_on["capacity_yuan"] or 0) > 0:
                return follow_on
    return figures(case, "farmer_line")


def colour_of(case: Case, row: Row) -> str | None:
    """The darkest of an entry's reasons.

    None where all of them are refused. What the dictionary does not know is black.
    """
    colours = dict.fromkeys(case.policy.raw["refused_list_reasons"], "refused")
    for reason in case.policy.raw.get("screen", {}).get("reasons", []):
        for code in reason["codes"]:
            colours.setdefault(code, reason["colour"])
    given = {colours.get(code, "black") for code in re.split("[,，;；、/ ]+", row["reason_code"].strip()) if code}
    return next((colour for colour in ("black", "grey") if colour in given), None)


def counts_as_listed(case: Case, row: Row) -> bool:
    in_force = covers(row["listed_on"], row["expires_on"], case.as_of)
    recent = row["listed_on"] >= add_months(case.as_of, -60)
    return row["member_is_adult_living"] and in_force and recent and colour_of(case, row) is not None


def reaches(case: Case, row: Row, what: str, member: int | None) -> bool:
    """The policy's contagion.

    An entry of one adult counts for the household, or where he is the one who would borrow.
    """
    rule = case.policy.raw.get("screen", {}).get("contagion", {}).get(what, "any_adult")
    return rule == "any_adult" or row.get("member_no") in (None, member)


def own_fault(case: Case, member: Row) -> int:
    """2: he is refused alone; 1: a person must look at him alone.

    What counts for the whole household makes no difference.
    """
    worst, number = 0, member["member_no"]
    for row in confirmed(case.rows["negatives"]):
        if counts_as_listed(case, row) and row.get("member_no") == number:
            is_black = colour_of(case, row) == "black"
            if not reaches(case, row, "negative_list" if is_black else "grey_list", -1):
                worst = max(worst, 2 if is_black else 1)
    for row in overdue_loans(case):
        if row["days_overdue"] > 0 and row.get("member_no") == number and not reaches(case, row, "overdue", -1):
            worst = max(worst, 2 if row["days_overdue"] > 90 else 1)
    return worst


def overdue_loans(case: Case) -> Rows:
    """Each loan that is neither a proven relief case nor told more than five years ago."""
    oldest = add_months(case.as_of, -60)
    return [
        row
        for row in confirmed(case.rows["conducts"])
        if not (row["is_relief"] and row["relief_proof"]) and row["cutoff_on"] >= oldest
    ]


def screen(case: Case, result: Row) -> list[str]:
    """All reasons, in the order in which they decide; the amount's own reasons come after these."""
    rows = case.rows
    objections = {row["objection_type"] for row in rows["objections"] if not row.get("is_contested")}
    contested = {row["objection_type"] for row in rows["objections"] if row.get("is_contested")}
    listed = [row for row in rows["negatives"] if counts_as_listed(case, row)]
    borrower = result["borrower_member_no"]
    black = [row for row in confirmed(listed) if colour_of(case, row) == "black"]
    grey = [row for row in confirmed(listed) if colour_of(case, row) == "grey"]
    overdue = [row["days_overdue"] for row in overdue_loans(case) if reaches(case, row, "overdue", borrower)]
    unconfirmed = provisional(rows["exposures"] + rows["conducts"] + rows["related_parties"] + listed)
    held = {
        "HELD": rows["held"],
        "CONSENT_WITHDRAWN": "撤回同意" in objections,
        "RELATED_PARTY": confirmed(rows["related_parties"]),
        "NEGATIVE_LIST": any(reaches(case, row, "negative_list", borrower) for row in black),
        "GREY_LIST": any(reaches(case, row, "grey_list", borrower) for row in grey),
        "RENEWAL_DUE": any(row["product"] == result["product"] for row in rows["ended"]),
        "OVERDUE_90": any(days > 90 for days in overdue),
        "NO_LEGAL_BASIS": case.unfounded,
        "OVERDUE": any(1 <= days <= 90 for days in overdue),
        "OUT_OF_AREA": case.household["county_code"] not in case.policy.raw["service_area"],
        "NO_BORROWER": result["borrower_member_no"] is None,
        "OTHER_PRODUCT": any(owed_yuan(case, product) > 0 for product in PRODUCTS if product != result["product"]),
        "OBJECTION": (objections - {"撤回同意"} | contested) - {"数据异议"},
        "DISPUTED_DATUM": case.is_unsettled,
        "NO_INCOME_SOURCE": result["income_yuan"] is None,
        "LINK_UNCONFIRMED": unconfirmed or rows.get("unread_adverse"),
        "RECODED": rows.get("recoded"),
        "LOWEST_BAND": result["band"] == "E" and result["product"] != "trader_loan",
        "TRADER_MODEL_DECLINE": result["band"] == "E" and result["product"] == "trader_loan",
        "AGE_TERM": result["term_months"] is not None and result["is_new_term"] and result["term_months"] < 12,
        "NOT_SCORED": result["band"] is None and "撤回同意" not in objections,
    }
    return [code for code in SCREEN if held[code]]


# --- putting it together ------------------------------------------------------------------------------------


def figures(case: Case, product: str) -> Row:
    """Every figure of §1 to §5 for one product; None where a figure is not known."""
    case.findings = []
    result = areas(case)
    crop_rows = crops(case, result["area_mu"])
    result |= incomes(case, crop_rows, result)
    band = band_of(case.policy, case.ppm)
    borrower, borrower_reason = find_borrower(case, product)
    line = line_in_force(case, product)
    result |= {
        "product": product,
        "crops": crop_rows,
        "findings": case.findings,
        "band": band,
        "borrower_member_no": borrower and borrower["member_no"],
        "borrower_reason": borrower_reason,
        "line": line,
        "is_new_term": not within_term(case, line),
    }
    result["term_months"] = term_months(case, result, borrower)
    result |= terms(case, result)
    return result | combined(case, result)


def term_months(case: Case, result: Row, borrower: Row | None) -> int | None:
    if not result["is_new_term"]:
        return result["line"]["term_months"]
    if result["band"] is None or borrower is None:
        return None
    return new_term(case, result["product"], result["band"], borrower)


def terms(case: Case, result: Row) -> Row:
    product, band, crop_rows = result["product"], result["band"], result["crops"]
    income, line = result["income_yuan"], result["line"]
    existing = existing_service(case, product)
    own: Row = {
        "persons": persons(case),
        "existing_service_yuan": existing,
        "working_capital_yuan": working_capital(case, product, crop_rows),
        "verified_assets_yuan": verified_assets(case),
        **need_parts(case, product, crop_rows),
        "headroom_yuan": headroom(case, product),
        "in_force_yuan": line and down(Fraction(line["limit_yuan"])),
        "rise_yuan": rise(case, product),
        "branch_yuan": branch_word(case, product),
        **dict.fromkeys(("stressed_yuan", "free_service_yuan", "annuity_permille", "capacity_yuan", "band_yuan")),
    }
    if band is not None:
        months = result["term_months"]
        months = new_term(case, product, band, None) if months is None else months
        own["annuity_permille"] = annuity_permille(case.policy, product, band, months)
    if income is not None:
        own["stressed_yuan"] = down(income * case.policy("stress"))
        own["free_service_yuan"] = free_service(case, own["stressed_yuan"], existing)
    if band is not None and income is not None:
        paid_back = own["free_service_yuan"] + own["working_capital_yuan"]
        own["capacity_yuan"] = paid_back * own["annuity_permille"] // 1000
        operating = result["operating_income_yuan"]
        own |= band_parts(case, product, band, own["verified_assets_yuan"], operating)
    return own


def rise(case: Case, product: str) -> int | None:
    """Half as much again as what was published a year before; nothing was: no cap.

    On the day of a merge or split no more than the predecessors had.
    """
    bases = [row["base_yuan"] for row in case.rows.get("rise_bases", []) if row["product"] == product]
    caps = [down(case.policy("rise") * Fraction(bases[0]))] if bases and bases[0] > 0 else []
    caps += [row["most_yuan"] for row in case.rows.get("lineage_caps", [])]
    return min(caps, default=None)


def branch_word(case: Case, product: str) -> int | None:
    """A branch's cut or refusal, for so many months from its day."""
    said = [row for row in case.rows.get("branch_words", []) if row["product"] == product]
    months = int(case.policy("branch_word_months"))
    standing = [row["said_yuan"] for row in said if case.as_of < add_months(row["said_on"], months)]
    return standing[0] if standing else None


def combined(case: Case, result: Row) -> Row:
    """§4.1 and §4.2; a missing term other than `rise` and `branch` leaves no limit."""
    values = {term: result[f"{term}_yuan"] for term in TERMS}
    if any(value is None for term, value in values.items() if term not in ("rise", "branch")):
        return {"model_limit_yuan": 0, "policy_limit_yuan": 0, "binding_term": None, "below_ticket": False}
    known = {term: value for term, value in values.items() if value is not None}
    step = int(case.policy("step"))
    model = max(0, min(known[term] for term in ("capacity", "band", "need")) // step * step)
    limit = max(0, min([model, *known.values()]) // step * step)
    below = 0 < limit < case.policy("smallest_ticket")
    return {
        "model_limit_yuan": model,
        "policy_limit_yuan": 0 if below else limit,
        "binding_term": min(known, key=lambda term: known[term]),  # the first of the smallest
        "below_ticket": below,
    }


def verdict(result: Row, reasons: list[str]) -> str:
    """The first reason decides (§6)."""
    if not reasons:
        return "granted" if result["policy_limit_yuan"] > 0 else "declined"
    return SCREEN[reasons[0]]


def screen_colour(reasons: list[str]) -> str:
    """By what stands against a grant, whichever of it decides."""
    decisions = {SCREEN[reason] for reason in reasons}
    return "black" if "declined" in decisions else "grey" if decisions else "white"


def amount_reason(result: Row) -> str:
    """Why nothing is left where no reason of the screen stands against the household."""
    if result["binding_term"] == "branch":
        return "BRANCH_REFUSED"
    return "BELOW_SMALLEST_TICKET" if result["below_ticket"] else f"NO_ROOM_{result['binding_term'].upper()}"


def decide(case: Case) -> Row:
    """What a household would have, budgets aside."""
    result = choose(case)
    reasons = screen(case, result)
    result |= {"unit_code": case.unit, "decision": verdict(result, reasons), "asked_yuan": 0}
    managed = [Fraction(row["managed_mu"]) for row in case.rows["farms"] if row["managed_mu"] is not None]
    result |= {"screen": screen_colour(reasons), "tags": tags(case), "managed_mu": max(managed, default=None)}
    result |= {"declared_mu": sum_of(case.latest_year("crops"), "area_mu")}
    if result["decision"] == "granted":
        result["asked_yuan"] = result["policy_limit_yuan"]
        most = [row["most_yuan"] for row in standing_facts(case) if row["product"] == result["product"]]
        if any(yuan is not None and yuan < result["asked_yuan"] for yuan in most):
            result["asked_yuan"] = min(yuan for yuan in most if yuan is not None)
            result["binding_term"] = "review"
    said = said_by_a_person(case, result, reasons)
    if said:
        granted = said["verdict"] in ("grant", "holdout")
        told = "HOLDOUT_GRANTED" if said["verdict"] == "holdout" else "REVIEW_GRANTED"
        reasons = [told if granted else "REVIEW_DECLINED", *reasons]
        result["decision"] = "granted" if granted else "declined"
        result["asked_yuan"] = said["limit_yuan"] if granted else 0
        if granted and said["limit_yuan"] != result["policy_limit_yuan"]:
            result["binding_term"] = "holdout" if said["verdict"] == "holdout" else "review"
    elif not reasons and result["decision"] == "declined":
        reasons = [amount_reason(result)]
    return {**result, "reasons": reasons}


def said_by_a_person(case: Case, result: Row, reasons: list[str]) -> Row | None:
    """A verdict on a review holds while its grounds stand and its figure is within the policy's.

    A refused signature of the authority ladder is a verdict that declines who is granted, from the refused figure
    upwards.
    """
    if result["decision"] == "declined":
        drawn = [row for row in case.rows["reviewed"] if row["verdict"] == "holdout"]
        return next((row for row in drawn if may_be_drawn(case, result, row, reasons)), None)
    for row in case.rows["reviewed"]:
        same = row["product"] == result["product"] and sorted(row["reason_codes"]) == sorted(reasons)
        declines = row["verdict"] == "decline" and row["limit_yuan"] <= result["policy_limit_yuan"]
        if same and (declines or may_be_granted(case, result, row, reasons)):
            return row
    return None


def may_be_granted(case: Case, result: Row, row: Row, reasons: list[str]) -> bool:
    in_steps = row["limit_yuan"] % case.policy("step") == 0
    within = case.policy("smallest_ticket") <= row["limit_yuan"] <= review_limit(case, result, reasons)
    reviewed = result["decision"] == "manual_review" and row["verdict"] == "grant"
    return bool(reviewed and in_steps and within and set(reasons) <= FOR_A_PERSON)


def may_be_drawn(case: Case, result: Row, row: Row, reasons: list[str]) -> bool:
    """Whom only the score declines the random hold-out grants what its other terms carry, up to a cap of its own."""
    if reasons != ["LOWEST_BAND"] or row["product"] != result["product"] or result["income_yuan"] is None:
        return False
    known = [result[f"{term}_yuan"] for term in TERMS if term != "band" and result[f"{term}_yuan"] is not None]
    step = int(case.policy("step"))
    most = max(0, min([*known, int(case.policy("holdout_cap") or 0)]) // step * step)
    return row["limit_yuan"] % step == 0 and case.policy("smallest_ticket") <= row["limit_yuan"] <= most


def review_limit(case: Case, result: Row, reasons: list[str]) -> int:
    """The most that a person may grant: for a trader whom only the model declines a cap in the band's place."""
    if reasons != ["TRADER_MODEL_DECLINE"] or result["income_yuan"] is None:
        return int(result["policy_limit_yuan"])
    known = [result[f"{term}_yuan"] for term in TERMS if term != "band" and result[f"{term}_yuan"] is not None]
    step = int(case.policy("step"))
    limit = max(0, min([*known, int(case.policy("trader_review_cap"))]) // step * step)
    return limit if limit >= case.policy("smallest_ticket") else 0


def settled(case: Case) -> Row:
    """§6: a disputed datum is left out where that cannot raise the limit, otherwise a person looks."""
    texts = [row["disputed_data"] for row in case.rows["objections"] if row["objection_type"] == "数据异议"]
    named = [disputed(text or "") for text in texts]
    clear = [part for parts in named for part in parts or []]
    unclear = any(parts is None for parts in named)
    if not clear:
        return decide(replace(case, is_unsettled=unclear))
    plain = {"held": [], "reviewed": []}  # a person's word is no matter of the datum
    before = replace(case, rows={**case.rows, **plain})
    after = replace(before, rows=without(before.rows, clear))
    with_it, without_it = (decide(one) for one in (before, after))
    raised = any(without_it[name] > with_it[name] for name in ("policy_limit_yuan", "asked_yuan"))
    return decide(replace(case, rows=without(case.rows, clear), is_unsettled=unclear or raised))


def disputed(text: str) -> list[tuple[str, str | None]] | None:
    """The tables and columns that an objection names; None where that is not clear."""
    words = re.findall("[a-z]+_[a-z_]+", text)
    if not words or not set(words) <= set(DISPUTABLE):
        return None
    parts: list[tuple[str, str | None]] = []
    for word in words:
        table, headers = DISPUTABLE[word]
        columns = [column for header, column in headers.items() if header in text]
        parts += [(table, column) for column in columns] or [(table, None)]
    return parts


def without(rows: dict[str, Rows], parts: list[tuple[str, str | None]]) -> dict[str, Rows]:
    kept = dict(rows)
    for table, column in parts:
        kept[table] = [{**row, column: None} for row in kept[table]] if column else []
    return kept


# --- budgets, frozen balances and dates (§4.3 to §5) ----------------------------------------------------------


def allocated(case_of: dict[str, Case], result_of: dict[str, Row]) -> dict[str, int]:
    """§4.3: a ticket to each in order of its first step's value while every cap lasts, then step by step."""
    asking = [unit for unit, result in result_of.items() if result["asked_yuan"] > 0]
    turn = sorted(asking, key=lambda unit: (-value_of_a_yuan(case_of[unit], result_of[unit]), unit))
    amounts, left = dict.fromkeys(asking, 0), dict[tuple[str, str], int]()

    def give(unit: str, yuan: int) -> bool:
        caps = places_with_caps(case_of[unit])
        rooms = [left.setdefault(place, cap) for place, cap in caps.items()]
        if any(room < yuan for room in rooms):
            return False
        for place in caps:
            left[place] -= yuan
        amounts[unit] += yuan
        return True

    for unit in turn:
        give(unit, int(case_of[unit].policy("smallest_ticket")))
    for unit in turn:
        step = int(case_of[unit].policy("step"))
        while 0 < amounts[unit] < result_of[unit]["asked_yuan"] and give(unit, step):
            pass
    return amounts


def value_of_a_yuan(case: Case, result: Row) -> Fraction:
    margin = case.policy("margin_bp", product=result["product"]) / 10_000
    return margin - Fraction(case.ppm or 0, 1_000_000) * case.policy("loss_given_default")


def places_with_caps(case: Case) -> dict[tuple[str, str], int]:
    """A trader on no register lives in no village and no township that a cap could hold."""
    places = {}
    for level, nowhere in (("village", "000000"), ("township", "000"), ("county", None)):
        cap, code = case.policy.find(f"budget_{level}"), case.household[f"{level}_code"]
        if cap is not None and not (nowhere and code.endswith(nowhere)):
            places[level, "all" if level == "county" else code] = int(cap)
    return places


def finished(case: Case, result: Row, amount: int) -> Row:
    """After the budgets: what is cut, what is frozen, and the days of the line."""
    decision, reasons, binding = result["decision"], list(result["reasons"]), result["binding_term"]
    if decision == "granted" and amount < result["asked_yuan"]:
        binding = "budget"
        if amount == 0:
            decision, reasons = "declined", ["BUDGET_EXHAUSTED"]
    drawn = drawn_yuan(case, result)
    is_frozen = drawn > amount and decision != "manual_review"  # §4.6 keeps a review at 0
    limit = amount
    if is_frozen:
        limit = 0 if "RELATED_PARTY" in reasons else drawn
        reasons.append("FROZEN")
    outcome = {"decision": decision, "reasons": reasons, "binding_term": binding, "is_frozen": is_frozen}
    short = max(0, result["need_yuan"] - limit)
    result = {**result, **outcome, "limit_yuan": limit, "shortfall_yuan": short}
    result = {**result, **dates(case, result)}
    return {**result, **yearly_cost(case, result)}


def yearly_cost(case: Case, result: Row) -> Row:
    """What a granted line costs a year, whole basis points: interest, and with every charge, half up."""
    if result["decision"] != "granted":
        return {}
    product, months = result["product"], result["term_months"]
    rate = yearly_rate(case.policy, product, result["band"], months) * 10_000
    last: dict[str, Row] = {}
    for row in sorted(case.policy.raw.get("charges", []), key=lambda row: (row["from"], "product" in row)):
        if row["from"] <= case.as_of and row.get("product") in (None, product):
            last[row["charge"]] = row
    extra = Fraction(0)
    for row in last.values():
        share = Fraction(row["share"]) * 10_000
        extra += share if row["basis"] == "yearly" else share * 12 / months
    return {"annual_rate_bp": down(rate), "annual_cost_bp": down(rate) + down(extra + Fraction(1, 2))}


def drawn_yuan(case: Case, result: Row) -> int:
    """The larger of what the bank's list and what the branches say is drawn, of this product."""
    return down(owed_yuan(case, result["product"]))


def owed_yuan(case: Case, product: str) -> Fraction:
    own = [row for row in confirmed(case.rows["exposures"]) if case.product_of(row) == product]
    return max(sum_of(own, "balance_yuan"), told_drawn(case, product))


def dates(case: Case, result: Row) -> Row:
    if not result["is_new_term"]:
        start, end = result["line"]["valid_from"], result["line"]["valid_to"]
    elif result["decision"] == "granted":
        start = case.as_of + timedelta(days=1)
        end = add_months(start, result["term_months"]) - timedelta(days=1)
    else:
        return {"valid_from": None, "valid_to": None, "review_due_on": None}
    years = 1
    while add_months(start, 12 * years) <= case.as_of:
        years += 1
    return {"valid_from": start, "valid_to": end, "review_due_on": min(end, add_months(start, 12 * years))}


def rows_by_unit(table: Rows, column: str = "unit_code") -> dict[str, Rows]:
    result: dict[str, Rows] = defaultdict(list)
    for row in table:
        result[row[column]].append(row)
    return result


def reference_limits(
    facts: dict[str, Rows], scores: dict[str, int], policy: Row, as_of: date, county_code: str
) -> dict[str, Row]:
    """Every figure of the limit for each household of the county."""
    cases = cases_of(facts, scores, policy, as_of, county_code)
    result = {unit: settled(case) for unit, case in cases.items()}
    amounts = allocated(cases, result)
    return {unit: finished(case, result[unit], amounts.get(unit, 0)) for unit, case in cases.items()}


def cases_of(
    facts: dict[str, Rows], scores: dict[str, int], policy: Row, as_of: date, county_code: str
) -> dict[str, Case]:
    """Each household's rows."""
    rules = Policy(policy, as_of, county_code)
    shared = ("households", "leases", "legal_basis", "code_changes", "branches", "branch_changes")
    names = {*facts, *TABLE_OF_SOURCE.values(), "parcels", "members", "negatives", "related_parties"}
    names |= {"objections", "credit_lines", "traders", "in_force", "sources", "held", "reviewed", "ended"}
    names |= {"rise_bases", "branch_words", "turnover", "supplied", "recoded", "lineage_caps", "closed_lines"}
    tables = {name: rows_by_unit(facts.get(name, [])) for name in names if name not in shared}
    leases_in = rows_by_unit(facts.get("leases", []), "to_unit_code")
    leases_out = rows_by_unit(facts.get("leases", []), "from_unit_code")
    bases, exempt = facts.get("legal_basis", []), policy["basis_exempt"]
    cases: dict[str, Case] = {}
    for household in facts["households"]:
        unit = household["unit_code"]
        rows = {name: table.get(unit, []) for name, table in tables.items()}
        depends_on = {row["contract"] for row in rows["sources"]}.difference(exempt)
        unfounded = {name for name in depends_on if not has_basis(bases, name, household, as_of)}
        rows |= {TABLE_OF_SOURCE[name]: [] for name in unfounded if name in TABLE_OF_SOURCE}
        cases[unit] = Case(
            unit=unit,
            household=household,
            rows=rows,
            leases_in=leases_in.get(unit, []),
            leases_out=leases_out.get(unit, []),
            unfounded=unfounded,
            policy=rules,
            as_of=as_of,
            ppm=scores.get(unit),
        )
    return cases
