"""What comes back of a synthetic county: what branches answer, who signs, draws and repays, and a spring's plan.

It hangs on the same latent truth as the deliveries: who farms more borrows more, who has more will repays sooner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from village_credit.synthetic.chance import Bools, Cells, Dates, Floats, Ints, Texts, day, sigmoid, stream, texts
from village_credit.synthetic.economy import affordable_limit
from village_credit.synthetic.tables import File, Table
from village_credit.synthetic.world import World

STEP_YUAN, LEAST_YUAN = 1000, 5000  # of a line, as the synthetic bank has it
MARKET_DAYS = 10  # people come to the branch on market days: one in so many days
PURPOSES = (  # purpose, as the core system writes it; the season's first market day, how many, the share of the limit
    ("种子", (3, 3), 3, 0.25),
    ("化肥", (4, 2), 4, 0.30),
    ("农药", (5, 12), 2, 0.10),
    ("牲畜", (9, 9), 3, 0.25),
    ("经营", (6, 1), 6, 0.60),
)
PLANNED = ("种子", "化肥", "农药")
CAMPAIGN = ("春耕", (3, 1), (5, 31))
REPAID_FROM, REPAID_DAYS = (10, 8), 20  # after the cotton is sold
PLAN_STEP_YUAN, PLAN_SHARE = 10_000, 0.16  # of what households could carry: not all have a line, sign and draw


@dataclass(frozen=True)
class Told:
    """Lines that branches were told in one publication; limits in yuan."""

    publication_id: str
    branch: Texts
    ref: Texts
    id_number: Texts
    product: Texts
    limit: Ints


@dataclass(frozen=True)
class Answers:
    """What branches answered, one a line that they were told: empty where they did not, and the limit since then."""

    outcome: Texts
    received: Dates
    limit: Ints


@dataclass(frozen=True)
class Usage:
    """What the core system knows of contracts, draws and repayments: a column each, days as dates, whole yuan."""

    contracts: dict[str, Cells]
    draws: dict[str, Cells]
    repayments: dict[str, Cells]


def answers(world: World, told: Told, on: date) -> Answers:
    """Branches import most lines, lower a few, refuse fewer; the last of them leaves a third without an answer."""
    rng = stream(world.seed, "answers", told.publication_id[:9])
    size, chance = told.limit.size, rng.random(told.limit.size)
    lowered = np.maximum((told.limit * 0.8).astype(np.int64) // STEP_YUAN * STEP_YUAN, LEAST_YUAN)
    is_lowered = (chance < 0.05) & (lowered < told.limit)
    outcome = np.where(chance > 0.985, "refused", np.where(is_lowered, "changed", "imported"))
    is_late = told.branch == max(told.branch)
    outcome = np.where(rng.random(size) < np.where(is_late, 0.33, 0.03), "", outcome)
    limit = np.where(outcome == "changed", lowered, np.where(outcome == "refused", 0, told.limit))
    received = day(on) + rng.integers(2, 9, size).astype("timedelta64[D]")
    return Answers(texts(outcome.tolist()), received, limit.astype(np.int64))


def receipts(told: Told, answered: Answers) -> dict[str, File]:
    """Write a receipt for each branch, of the lines that it answered."""
    made = {}
    for branch in sorted(set(told.branch)):
        rows = np.flatnonzero((told.branch == branch) & (answered.outcome != ""))
        outcome, limit = answered.outcome[rows], answered.limit[rows]
        columns = [
            [told.publication_id] * rows.size,
            told.ref[rows].tolist(),
            outcome.tolist(),
            np.where(outcome == "imported", "", "synthetic").tolist(),
            answered.received[rows].astype(str).tolist(),
            np.where(outcome == "changed", limit.astype(str), "").tolist(),
        ]
        header = ["publication_id", "household_ref", "outcome", "reason", "at", "branch_limit_yuan"]
        made[branch] = File(f"receipt_{branch}.csv", "csv_utf8_bom", [Table("receipt", header, columns)])
    return made


def usage(world: World, told: Told, answered: Answers, on: date, last: date) -> Usage:
    """Return what households did with their lines until a day: contracts, a draw for a purpose and year, repayments."""
    rng = stream(world.seed, "usage")
    truth = _Truth.of(world, told)
    signed = day(on) + rng.gamma(1.6, 18.0, truth.land.size).astype("timedelta64[D]") + np.timedelta64(3, "D")
    signs = (
        (answered.limit > 0) & (rng.random(signed.size) < sigmoid(0.5 + 0.25 * truth.ability)) & (signed < day(last))
    )
    line = np.flatnonzero(signs)
    numbers = texts([f"HT{on.year}{index:06d}" for index in line])
    drawn = _draws(rng, truth, answered.limit, np.where(signs, signed, np.datetime64(last)), on, last)
    number_of = dict(zip(line.tolist(), numbers.tolist(), strict=True))
    repaid = _repayments(rng, truth, drawn, last)
    return Usage(
        {"household_ref": told.ref[line], "contract_no": numbers, "signed_on": signed[line]},
        {**_moved(drawn, number_of, "drawn_on"), "purpose": drawn["purpose"], "loan_no": _loans(drawn)},
        _moved(repaid, number_of, "paid_on"),
    )


@dataclass(frozen=True)
class _Truth:
    """What is true of the household behind each line; of somebody on no register, what is usual."""

    ability: Floats
    will: Floats
    land: Floats
    herds: Bools
    trades: Bools

    @classmethod
    def of(cls, world: World, told: Told) -> _Truth:
        people, traits = world.people, world.traits
        of_number = dict(zip(people.id_number.tolist(), people.household.tolist(), strict=True))
        household = np.array([of_number.get(number, -1) for number in told.id_number], dtype=np.int64)

        def known(values: Floats) -> Floats:
            return np.append(values, 0.0)[household]

        return cls(
            known(traits.ability),
            known(traits.will),
            known(world.land.farmed_mu),
            known(traits.livestock) > 0,
            (told.product == "trader_loan").astype(np.bool_),
        )


def _draws(
    rng: np.random.Generator, truth: _Truth, limit: Ints, signed: Dates, on: date, last: date
) -> dict[str, Cells]:
    """Who has signed draws for a season or not, a little more readily each year; never above the limit in all."""
    wishes = sigmoid(-0.6 + 0.5 * np.log((truth.land + 5) / 25) + 0.2 * truth.ability)
    found: list[tuple[Ints, Ints, Dates, str]] = []
    for year in range(on.year, last.year + 1):
        for purpose, begins, markets, share in PURPOSES:
            later = MARKET_DAYS * rng.integers(0, markets, limit.size)
            when = np.datetime64(date(year, *begins)) + later.astype("timedelta64[D]")
            fits = truth.trades if purpose == "经营" else ~truth.trades & (truth.herds | (purpose != "牲畜"))
            chance = np.clip(np.where(truth.trades, 0.7, wishes) * (1 + 0.15 * (year - on.year)), 0, 1)
            amount = (limit * share * rng.uniform(0.7, 1.0, limit.size)).astype(np.int64) // 100 * 100
            draws = fits & (rng.random(limit.size) < chance) & (when > signed) & (when < day(last)) & (amount > 0)
            found.append((np.flatnonzero(draws), amount[draws], when[draws].astype("datetime64[D]"), purpose))
    lines, amounts, days_, purposes = zip(*found, strict=True)
    return {
        "line": np.concatenate(lines),
        "amount": np.concatenate(amounts),
        "day": np.concatenate(days_),
        "purpose": texts([word for rows, word in zip(lines, purposes, strict=True) for _ in rows]),
    }


def _repayments(rng: np.random.Generator, truth: _Truth, drawn: dict[str, Cells], last: date) -> dict[str, Cells]:
    """Most repay a draw in the next autumn, some half of it; of the others nothing comes back yet.

    What a household brings on one day for one contract is one repayment.
    """
    line, when = drawn["line"], drawn["day"]
    paid = when.astype("datetime64[Y]").astype("datetime64[D]") + _into_year(REPAID_FROM)
    paid = np.where(when < paid, paid, paid + np.timedelta64(365, "D")).astype("datetime64[D]")
    paid = paid + rng.integers(0, REPAID_DAYS, line.size).astype("timedelta64[D]")
    tells = rng.random(line.size) - sigmoid(2.2 + 0.6 * truth.will[line])
    share = np.where(tells < 0, 1.0, np.where(tells < 0.06, 0.5, 0.0))
    amount = (drawn["amount"] * share).astype(np.int64)
    rows = np.flatnonzero((amount > 0) & (paid < day(last)))
    brought, whose = np.unique(np.stack([line[rows], paid[rows].astype(np.int64)]), axis=1, return_inverse=True)
    sums = np.bincount(whose.ravel(), amount[rows], brought.shape[1]).astype(np.int64)
    return {"line": brought[0], "amount": sums, "day": brought[1].astype("datetime64[D]")}


def _into_year(month_and_day: tuple[int, int]) -> np.timedelta64:
    return np.datetime64(date(2025, *month_and_day)) - np.datetime64(date(2025, 1, 1))


def _moved(rows: dict[str, Cells], number_of: dict[int, str], when: str) -> dict[str, Cells]:
    numbers = texts([number_of[line] for line in rows["line"].tolist()])
    return {"contract_no": numbers, "amount_yuan": rows["amount"], when: rows["day"]}


def _loans(drawn: dict[str, Cells]) -> Texts:
    return texts([f"JJ{place:07d}" for place in range(drawn["line"].size)])


def usage_file(known: Usage, after: date, until: date, name: str) -> list[File]:
    """Write what happened from one day to another (the first left out) as one archive of three tables."""
    files = []
    for table, days in (("contracts", "signed_on"), ("draws", "drawn_on"), ("repayments", "paid_on")):
        columns = getattr(known, table)
        rows = np.flatnonzero((columns[days] > day(after)) & (columns[days] <= day(until)))
        if rows.size:
            cells = [column[rows].astype(str).tolist() for column in columns.values()]
            files.append(File(f"{table}.csv", "csv_utf8_bom", [Table(table, list(columns), cells)], name))
    return files


def campaign_plan(world: World, year: int) -> File:
    """Write a spring's plan of money for each purpose, of what households could carry together."""
    name, first, last = CAMPAIGN
    could = float(affordable_limit(world.land, world.traits).sum())
    shares = [share for word, _, _, share in PURPOSES if word in PLANNED]
    planned = [str(max(round(could * share * PLAN_SHARE / PLAN_STEP_YUAN), 1) * PLAN_STEP_YUAN) for share in shares]
    size, ends = len(PLANNED), (date(year, *first).isoformat(), date(year, *last).isoformat())
    header = ["活动名称", "县代码", "开始日期", "结束日期", "计划金额", "用途"]
    rows = [[name] * size, [world.places.county_code] * size, [ends[0]] * size, [ends[1]] * size, planned]
    return File("信用社/信贷投放计划.csv", "csv_utf8_bom", [Table("campaign_plan", header, [*rows, list(PLANNED)])])
