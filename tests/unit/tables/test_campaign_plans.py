"""A campaign's plan is read as draws have it: purposes by their words, what is none of them counted and not kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.unit.link.test_join import taken
from village_credit.catalogue import run_tables
from village_credit.tables.campaign_plans import campaign_names, campaign_plans

HEADER = "campaign,county_code,from,to,planned_yuan,purposes\n"


def plans(*lines: str, names: dict[str, str] | None = None):
    intake = taken(**{"春耕计划.csv": HEADER + "".join(f"{line}\n" for line in lines)})
    return campaign_plans(intake, names or {}), campaign_names(intake)


@pytest.mark.parametrize(
    ("said", "purposes", "unread"),
    [
        ("种子", ["seed"], 0),
        ("化肥、农药", ["fertiliser", "pesticide"], 0),
        ("seed；种子 和牲畜", ["livestock", "seed"], 0),
        ("其他", ["other"], 0),
        ("农资", [], 1),
        ("种子，农膜，地膜", ["seed"], 2),
    ],
)
def test_purposes_are_those_of_draws(said: str, purposes: list[str], unread: int):
    table, _ = plans(f'春耕,659900,2027-02-01,2027-05-31,90000000,"{said}"')
    (row,) = table.to_pylist()
    assert (row["purposes"], row["unread_purposes"]) == (purposes, unread)
    assert (row["starts_on"], row["ends_on"], row["planned_yuan"]) == (
        date(2027, 2, 1),
        date(2027, 5, 31),
        Decimal(90_000_000),
    )
    assert "农" not in str(row["purposes"])


def test_a_campaign_called_by_somebody_goes_by_another_name():
    table, names = plans("张三丰,659900,2027-02-01,2027-05-31,1,种子", names={"张三丰": "名-1a2b3c4d"})
    assert names == {"张三丰"}
    assert table.column("campaign").to_pylist() == ["名-1a2b3c4d"]


def test_without_a_plan_the_table_has_its_columns():
    table, names = plans()
    assert (table.num_rows, names) == (0, set())
    assert run_tables()["campaign_plans"].fault(table) is None
