"""The book as features: whichever row a query meets first, every digit is the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations

import duckdb
import pyarrow as pa

from village_credit.sql_files import sql

YUAN = pa.decimal128(18, 2)
INCOMES = ("planting_income_yuan", "livestock_income_yuan", "wage_income_yuan", "trade_income_yuan")
OTHERS = ("production_cost_yuan", "debts_yuan", "assets_yuan")
EARNED = ("12958.42", "76421.60", "68975.94")  # doubles whose spread has another last digit in another order


def volatility(order: tuple[int, ...]) -> float:
    rows = [
        {"unit_code": "u1", "year": 2023 + place, "persons": 4, "labourers": 2, INCOMES[0]: Decimal(EARNED[place])}
        for place in order
    ]
    schema = pa.schema(
        [
            ("unit_code", pa.string()),
            *((name, pa.int64()) for name in ("year", "persons", "labourers")),
            *((name, YUAN) for name in (*INCOMES, *OTHERS)),
        ]
    )
    connection = duckdb.connect()
    connection.register("households", pa.table({"unit_code": ["u1"]}))
    connection.register("books", pa.Table.from_pylist(rows, schema=schema))
    found = connection.sql(sql("features", "economy"), params={"as_of": date(2026, 11, 1)}).to_arrow_table()
    (value,) = found.column("income_volatility").to_pylist()
    assert value is not None
    return float(value)


def test_a_spread_is_the_same_to_the_last_digit_in_every_order():
    assert len({volatility(order) for order in permutations(range(3))}) == 1
