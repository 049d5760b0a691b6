"""Figures by month of random counties, beside a plain reckoning that lays every line out for every month's end."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.publish.figures import Rows, line, warehouse_of

FIRST, LAST = date(2026, 11, 9), date(2028, 3, 17)
COUNTIES = ("659900", "659901", "653100")
PRODUCTS = ("farmer_line", "poverty_micro_loan", "trader_loan")
LINES = ("households", "credited_households", "newly_credited_households", "in_force_yuan", "frozen_yuan")
SIZES = ("contracts", "contracts_to_100k", "contracts_to_200k", "contracts_from_200k")
DRAWN = ("drawn_households", "drawn_yuan", "drawn_in_month_yuan")
FIGURES = ("villages", "villages_covered", *LINES, "year_before_yuan", *DRAWN, *SIZES)
Place = tuple[str, str, str]
Span = tuple[date, date | None]
Cell = tuple[Place, str, date]


@pytest.mark.parametrize("seed", range(8))
def test_every_figure_is_what_a_plain_reckoning_finds(seed: int):
    given = random_months(random.Random(seed))
    asked = f"SELECT level, place_code, product, month, {', '.join(FIGURES)} FROM statistics"
    rows = warehouse_of(LAST, **given).execute(asked).fetchall()
    found = {row[:4]: tuple(value or 0 for value in row[4:]) for row in rows}
    assert len(found) == len(rows), "a row stands once"
    expected = reckoned(given)
    assert found.keys() == expected.keys()
    assert {key: row for key, row in found.items() if row != expected[key]} == {}
    sums = [sum(row[place] for row in expected.values()) for place in range(len(FIGURES))]
    assert all(sums), f"nothing is tried of {[FIGURES[i] for i, one in enumerate(sums) if not one]}"


# What is made up


def some_day(draw: random.Random, first: date = FIRST, last: date = LAST) -> date:
    return first + timedelta(draw.randrange((last - first).days + 1))


def random_months(draw: random.Random) -> dict[str, Rows]:
    """Return rows of inner tables: what counties published, branches said, and came back over seventeen months."""
    given: dict[str, Rows] = defaultdict(list)
    for county in COUNTIES:
        _publish(draw, given, county)
    _move(draw, given)
    _return(draw, given)
    given["publications"].sort(key=lambda one: (one["published_on"], one["publication_id"]))
    for number, one in enumerate(given["publications"]):
        one["number"] = number
    return dict(given)


def _publish(draw: random.Random, given: dict[str, Rows], county: str) -> None:
    """Whole publications one after another, each with batches over it; some are withdrawn, and stand again."""
    days = sorted({some_day(draw, last=FIRST + timedelta(60)), *(some_day(draw) for _ in range(draw.randint(1, 3)))})
    for place, (first, end) in enumerate(zip(days, [*days[1:], None], strict=True)):
        homes = _whole(draw, given, county, place)
        spans: list[Span] = [(first, end)]
        last = end or LAST
        if draw.random() < 0.4 and (last - first).days > 100:
            spans = [(first, first + timedelta(30)), (first + timedelta(draw.randint(31, 99)), end)]
        _stand(given, county, f"{county}w{place}", place * 10, None, spans)
        for number in range(draw.randint(0, 2)):
            begins = some_day(draw, spans[-1][0], last)
            ends = draw.choice([end, some_day(draw, begins, last)])
            if ends is None or begins < ends:
                product = draw.choice(PRODUCTS)
                run_id = f"{county}b{place}{number}"
                _batch(draw, given, run_id, homes, product)
                _stand(given, county, run_id, place * 10 + 1 + number, product, [(begins, ends)])


def _stand(
    given: dict[str, Rows], county: str, run_id: str, place: int, product: str | None, spans: list[Span]
) -> None:
    day = spans[0][0]
    one = {"publication_id": f"p{run_id}", "run_id": run_id, "county_code": county, "product": product}
    one["published_at"] = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    given["stood"] += [{**one, "place": place, "from_on": first, "until_on": end} for first, end in spans]
    given["publications"].append({**one, "published_on": day, "expires_on": day})


def _whole(draw: random.Random, given: dict[str, Rows], county: str, place: int) -> dict[str, Place]:
    """Decide a county's households: some have lines of two products, some live elsewhere than before, some nowhere."""
    homes = {}
    for number in range(draw.randint(1, 12)):
        village = f"{county}10{draw.randint(0, 1)}20{draw.choice([1, 1, 2])}" if number else f"{county}000000"
        township = village[:9] if number else f"{county}10{draw.randint(0, 1)}"  # of no village, two townships one code
        homes[f"{county}h{number}"] = (county, township, village)
    for key, home in homes.items():
        for product in draw.sample(PRODUCTS, draw.choice([1, 1, 1, 2])):
            given["decisions"].append(_line(draw, key, home, product, f"{county}w{place}"))
    for village in {f"{county}10{one}20{two}" for one in (0, 1) for two in (1, 2) if draw.random() < 0.8}:
        row = {"level": "village", "place_code": village, "within_code": village[:9], "run_id": f"{county}w{place}"}
        given["places"].append(row)
    return homes


def _batch(draw: random.Random, given: dict[str, Rows], run_id: str, homes: dict[str, Place], product: str) -> None:
    for key in draw.sample(sorted(homes), draw.randint(1, len(homes))):
        given["decisions"].append(_line(draw, key, homes[key], product, run_id))


def _line(draw: random.Random, key: str, home: Place, product: str, run_id: str) -> dict[str, Any]:
    limit = draw.choice([0, 0, 5_000, 40_000, 100_000, 100_001, 199_999, 200_000, 250_000])
    names = dict(zip(("county_code", "township_code", "village_code"), home, strict=True))
    codes = ["FROZEN"] if limit and draw.random() < 0.2 else []
    return line(key, limit, run_id, product=product, reason_codes=codes, **names)


def _move(draw: random.Random, given: dict[str, Rows]) -> None:
    """Branches set limits, and households are held."""
    taken = set()
    for row in draw.sample(given["decisions"], len(given["decisions"]) // 5):
        name = (row["household_key"], row["product"], f"p{row['run_id']}")
        if row["limit_yuan"] and name not in taken:
            taken.add(name)
            word = dict(zip(("household_key", "product", "publication_id"), name, strict=True))
            first = some_day(draw)
            end = draw.choice([None, first + timedelta(draw.randint(1, 200))])
            limit = draw.choice([0, row["limit_yuan"] // 2])
            given["branch_words"].append({**word, "branch_limit_yuan": limit, "from_on": first, "until_on": end})
    for key in draw.sample(sorted({row["household_key"] for row in given["decisions"]}), 3):
        first = some_day(draw)
        end = draw.choice([None, first + timedelta(draw.randint(1, 100))])
        since = datetime(first.year, first.month, first.day, 4, tzinfo=UTC)
        given["was_held"].append({"household_key": key, "since": since, "from_on": first, "until_on": end})


def _return(draw: random.Random, given: dict[str, Rows]) -> None:
    """Contracts, draws and repayments come back: some taken back, some of days to come, some of nobody known."""
    given["returned"] = [{"record": f"u{number:024}", "act": number} for number in (1, 2)]
    named = sorted({(row["household_key"], row["product"]) for row in given["decisions"]})
    for number, (key, product) in enumerate([*named, ("nobody", PRODUCTS[0])]):
        for contract in range(draw.choice([0, 1, 1, 2])):
            told = {"contract_key": f"c{number}.{contract}", "household_key": key, "product": product}
            for act in range(1, draw.choice([2, 2, 3])):
                file = {"county_code": key[:6], "filename": f"/u{act:024}/contracts.parquet"}
                given["contracts"].append({**told, **file, "signed_on": some_day(draw, last=LAST + timedelta(40))})
            for _ in range(draw.randint(0, 5)):
                day = some_day(draw, FIRST - timedelta(60), LAST + timedelta(40))
                yuan = Decimal(draw.randint(1, 900_000)) / 100
                name, when = draw.choice([("draws", "drawn_on"), ("draws", "drawn_on"), ("repayments", "paid_on")])
                row = {**told, "amount_yuan": yuan, when: day} | ({"purpose": "seed"} if name == "draws" else {})
                given[name] += [row, {**row, "amount_yuan": -yuan}] if draw.random() < 0.1 else [row]


# The plain reckoning


def months() -> Iterator[tuple[date, date]]:
    """Yield each month and the last of its days that counts."""
    month = FIRST.replace(day=1)
    while month <= LAST:
        later = (month + timedelta(32)).replace(day=1)
        yield month, min(later - timedelta(1), LAST)
        month = later


def holds_on(row: dict[str, Any], day: date) -> bool:
    return row["from_on"] <= day and (row["until_on"] is None or day < row["until_on"])


def home_of(row: dict[str, Any]) -> Place:
    return row["county_code"], row["township_code"], row["village_code"]


def lines_on(given: dict[str, Rows], day: date) -> list[dict[str, Any]]:
    """Return each line in force at a day's end, as the highest publication that names it and what came over it say."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for one in sorted((one for one in given["stood"] if holds_on(one, day)), key=lambda one: one["place"]):
        for row in given["decisions"]:
            if row["run_id"] == one["run_id"] and one["product"] in (None, row["product"]):
                lines[row["household_key"], row["product"]] = row | {"publication_id": one["publication_id"]}
    held = {row["household_key"] for row in given["was_held"] if holds_on(row, day)}
    for word in (word for word in given["branch_words"] if holds_on(word, day)):
        row = lines.get((word["household_key"], word["product"]))
        if row and row["publication_id"] == word["publication_id"]:
            row["limit_yuan"] = word["branch_limit_yuan"]
            row["decision"] = row["decision"] if row["limit_yuan"] else "declined"
    for row in (row for row in lines.values() if row["household_key"] in held):
        row["limit_yuan"] = 0
        row["decision"] = "manual_review" if row["decision"] == "granted" else row["decision"]
    return list(lines.values())


def owed_on(given: dict[str, Rows], day: date) -> dict[tuple[str, str], Decimal]:
    """Return what each line owes at a day's end; a contract's balance is never below nothing."""
    moves: dict[tuple[str, str, str], Counter[date]] = defaultdict(Counter)
    for name, when, sign in (("draws", "drawn_on", 1), ("repayments", "paid_on", -1)):
        for row in given.get(name, []):
            if row[when] <= day:
                moves[row["household_key"], row["product"], row["contract_key"]][row[when]] += sign * row["amount_yuan"]
    owed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (key, product, _), by_day in moves.items():
        balance = Decimal(0)
        for _, yuan in sorted(by_day.items()):
            balance = max(balance + yuan, Decimal(0))
        owed[key, product] += balance
    return owed


def lives_on(given: dict[str, Rows], day: date) -> dict[str, Place]:
    """Return where each household lives by the last publication until a day; before its first by that one."""
    lives: dict[str, Place] = {}
    for one in given["publications"]:
        for row in (row for row in given["decisions"] if row["run_id"] == one["run_id"]):
            if one["published_on"] <= day or row["household_key"] not in lives:
                lives[row["household_key"]] = home_of(row)
    return lives


def cells(given: dict[str, Rows]) -> dict[Cell, Counter[str]]:
    """Return the figures of each place, product and month by name."""
    found: dict[Cell, Counter[str]] = defaultdict(Counter)
    credited: set[tuple[str, str]] = set()
    for month, day in months():
        lines = lines_on(given, day)
        _count_lines(found, month, lines, credited)
        _count_contracts(found, month, day, lines, given)
        _count_drawn(found, month, day, given)
        _count_villages(found, month, day, given)
    return found


def _count_lines(
    found: dict[Cell, Counter[str]], month: date, lines: list[dict[str, Any]], credited: set[tuple[str, str]]
) -> None:
    households: dict[tuple[str, str, Place], list[dict[str, Any]]] = defaultdict(list)
    for row in lines:
        for product in (row["product"], "all"):
            households[row["household_key"], product, home_of(row)].append(row)
    for (key, product, home), rows in households.items():
        cell = found[home, product, month]
        is_credited = any(row["decision"] == "granted" for row in rows)
        cell["households"] += 1
        cell["credited_households"] += is_credited
        cell["newly_credited_households"] += is_credited and (key, product) not in credited
        if is_credited:
            credited.add((key, product))
        cell["in_force_yuan"] += sum(row["limit_yuan"] for row in rows)
        cell["frozen_yuan"] += sum(row["limit_yuan"] for row in rows if "FROZEN" in row["reason_codes"])


def _count_contracts(
    found: dict[Cell, Counter[str]], month: date, day: date, lines: list[dict[str, Any]], given: dict[str, Rows]
) -> None:
    last = {}
    for told in sorted(given["contracts"], key=lambda told: told["filename"]):
        last[told["contract_key"]] = told
    for told in (told for told in last.values() if told["signed_on"] <= day):
        for row in lines:
            name = (row["household_key"], row["product"])
            if name == (told["household_key"], told["product"]) and (limit := row["limit_yuan"]):
                size = "to_100k" if limit <= 100_000 else "to_200k" if limit < 200_000 else "from_200k"
                for product in (row["product"], "all"):
                    found[home_of(row), product, month].update(["contracts", f"contracts_{size}"])


def _count_drawn(found: dict[Cell, Counter[str]], month: date, day: date, given: dict[str, Rows]) -> None:
    lives = lives_on(given, day)
    owing = {name: yuan for name, yuan in owed_on(given, day).items() if yuan > 0 and name[0] in lives}
    for (key, product), yuan in owing.items():
        for each in (product, "all"):
            found[lives[key], each, month]["drawn_yuan"] += yuan
        found[lives[key], product, month]["drawn_households"] += 1
    for key in {key for key, _ in owing}:
        found[lives[key], "all", month]["drawn_households"] += 1
    for row in given["draws"]:
        if month <= row["drawn_on"] <= day and row["household_key"] in lives:
            for product in (row["product"], "all"):
                found[lives[row["household_key"]], product, month]["drawn_in_month_yuan"] += row["amount_yuan"]


def _count_villages(found: dict[Cell, Counter[str]], month: date, day: date, given: dict[str, Rows]) -> None:
    until = [one for one in given["publications"] if one["published_on"] <= day and one["product"] is None]
    whole = {one["county_code"]: one for one in until}
    for county, one in whole.items():
        for place in (place for place in given["places"] if place["run_id"] == one["run_id"]):
            for product in (*PRODUCTS, "all"):
                found[(county, place["within_code"], place["place_code"]), product, month]["villages"] += 1


def reckoned(given: dict[str, Rows]) -> dict[tuple[str, str, str, str], tuple[Any, ...]]:
    """Return the figures by level, place, product and month, from the county's first month of the product on."""
    found = {cell: figures for cell, figures in cells(given).items() if any(figures.values())}
    begun: dict[tuple[str, str], date] = {}
    for (home, product, month), figures in sorted(found.items(), key=lambda one: one[0][2]):
        if figures["households"]:
            begun.setdefault((home[0], product), month)
    added: dict[tuple[str, str, str, date], Counter[str]] = defaultdict(Counter)
    for (home, product, month), figures in found.items():
        if month >= begun.get((home[0], product), date.max):
            figures["villages_covered"] = int(figures["villages"] > 0 and figures["credited_households"] > 0)
            for level, code in _above(home):
                added[level, code, product, month].update(figures)
    for (level, code, product, month), figures in added.items():
        before = added.get((level, code, product, month.replace(year=month.year - 1)))
        figures["year_before_yuan"] = before["in_force_yuan"] if before else 0
    return {
        (level, code, product, f"{month:%Y-%m}"): tuple(figures[name] for name in FIGURES)
        for (level, code, product, month), figures in added.items()
    }


def _above(home: Place) -> list[tuple[str, str]]:
    county, township, village = home
    names = [("village", village), ("township", township), ("county", county)]
    return [*names, ("prefecture", county[:4]), ("region", county[:2])]
