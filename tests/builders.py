"""One valid household's facts; a test states only what differs."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.conftest import AS_OF, MODELS
from village_credit.policy.model import PolicyInForce, load_policy

YUAN, MU = pa.decimal128(18, 2), pa.decimal128(18, 4)
UNIT = "659900100201010001"
TEXT, WHOLE, DAY, FLAG = pa.string(), pa.int64(), pa.date32(), pa.bool_()

SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "households": {
        "unit_code": TEXT,
        "county_code": TEXT,
        "township_code": TEXT,
        "village_code": TEXT,
        "is_trader_only": FLAG,
        "persons_register": WHOLE,
        "children": WHOLE,
    },
    "members": {
        "unit_code": TEXT,
        "member_no": WHOLE,
        "relation": TEXT,
        "sex": WHOLE,
        "birth_date": DAY,
        "is_living": FLAG,
        "is_resident": FLAG,
        "has_valid_id": FLAG,
    },
    "parcels": {"unit_code": TEXT, "method_code": TEXT, "area_mu": MU},
    "leases": {
        "from_unit_code": TEXT,
        "to_unit_code": TEXT,
        "area_mu": MU,
        "starts_on": DAY,
        "ends_on": DAY,
        "rent_yuan": YUAN,
        "crop": TEXT,
    },
    "subsidies": {"unit_code": TEXT, "year": WHOLE, "subsidised_mu": MU, "paid_yuan": YUAN},
    "crops": {"unit_code": TEXT, "year": WHOLE, "crop": TEXT, "area_mu": MU, "delivered_kg": YUAN},
    "books": {
        "unit_code": TEXT,
        "year": WHOLE,
        "persons": WHOLE,
        "labourers": WHOLE,
        "planting_income_yuan": YUAN,
        "livestock_income_yuan": YUAN,
        "wage_income_yuan": YUAN,
        "trade_income_yuan": YUAN,
        "transfer_income_yuan": YUAN,
        "production_cost_yuan": YUAN,
        "living_cost_yuan": YUAN,
        "assets_yuan": YUAN,
        "debts_yuan": YUAN,
        "sheep": WHOLE,
        "cattle": WHOLE,
        "is_cooperative_member": FLAG,
    },
    "machines": {
        "unit_code": TEXT,
        "machine_type": TEXT,
        "unit_price_yuan": YUAN,
        "machine_count": WHOLE,
        "bought_on": DAY,
        "status": TEXT,
        "link_status": TEXT,
    },
    "exposures": {
        "unit_code": TEXT,
        "product_name": TEXT,
        "credit_yuan": YUAN,
        "balance_yuan": YUAN,
        "loan_class": TEXT,
        "guarantee": TEXT,
        "due_on": DAY,
        "link_status": TEXT,
    },
    "conducts": {
        "unit_code": TEXT,
        "loan_number": TEXT,
        "opened_on": DAY,
        "due_on": DAY,
        "max_days_overdue": WHOLE,
        "days_overdue": WHOLE,
        "is_relief": FLAG,
        "relief_proof": TEXT,
        "cutoff_on": DAY,
        "product_name": TEXT,
        "loan_yuan": YUAN,
        "overdue_since": DAY,
        "settled_on": DAY,
        "max_overdue_yuan": YUAN,
        "cured_on": DAY,
        "link_status": TEXT,
        "member_no": WHOLE,
    },
    "negatives": {
        "unit_code": TEXT,
        "list_category": TEXT,
        "reason_code": TEXT,
        "listed_on": DAY,
        "expires_on": DAY,
        "repaired_on": DAY,
        "member_is_adult_living": FLAG,
        "link_status": TEXT,
        "member_no": WHOLE,
    },
    "related_parties": {"unit_code": TEXT, "updated_on": DAY, "link_status": TEXT},
    "objections": {
        "unit_code": TEXT,
        "objection_type": TEXT,
        "registered_on": DAY,
        "disputed_data": TEXT,
        "is_contested": FLAG,
    },
    "unread_adverse": {"unit_code": TEXT, "contract": TEXT},
    "monitored": {
        "unit_code": TEXT,
        "household_type": TEXT,
        "monitored_class": TEXT,
        "is_resolved": FLAG,
        "has_left": FLAG,
        "left_on": DAY,
    },
    "credit_lines": {"unit_code": TEXT, "product_name": TEXT, "limit_yuan": YUAN, "starts_on": DAY, "ends_on": DAY},
    "farms": {"unit_code": TEXT, "farm_type": TEXT, "managed_mu": MU},
    "traders": {"unit_code": TEXT, "applied_yuan": YUAN, "industry": TEXT, "referred_on": DAY},
    "sources": {"unit_code": TEXT, "contract": TEXT},
    "legal_basis": {"contract": TEXT, "area_code": TEXT, "starts_on": DAY, "ends_on": DAY},
    "in_force": {
        "unit_code": TEXT,
        "product": TEXT,
        "limit_yuan": WHOLE,
        "term_months": WHOLE,
        "valid_from": DAY,
        "valid_to": DAY,
        "drawn_yuan": YUAN,
    },
    "turnover": {"unit_code": TEXT, "month": DAY, "settled_yuan": YUAN},
    "rise_bases": {"unit_code": TEXT, "product": TEXT, "base_yuan": WHOLE},
    "branch_words": {"unit_code": TEXT, "product": TEXT, "said_yuan": WHOLE, "said_on": DAY},
    "recoded": {"unit_code": TEXT},
    "lineage_caps": {"unit_code": TEXT, "most_yuan": WHOLE},
    "closed_lines": {"unit_code": TEXT, "product": TEXT, "owed_yuan": YUAN, "valid_to": DAY},
}

USUAL: dict[str, list[dict[str, Any]]] = {
    "households": [
        {
            "county_code": "659900",
            "township_code": "659900100",
            "village_code": "659900100201",
            "is_trader_only": False,
            "persons_register": 4,
            "children": 1,
        }
    ],
    "members": [
        {
            "member_no": 1,
            "relation": "head",
            "sex": 1,
            "birth_date": date(1980, 5, 4),
            "is_living": True,
            "is_resident": True,
            "has_valid_id": True,
        }
    ],
    "parcels": [{"method_code": "110", "area_mu": Decimal(60)}],
    "subsidies": [{"year": 2025, "subsidised_mu": Decimal(60), "paid_yuan": Decimal(13000)}],
    "crops": [{"year": 2026, "crop": "棉花", "area_mu": Decimal(60)}],
    "books": [
        {
            "year": year,
            "persons": 4,
            "labourers": 2,
            "planting_income_yuan": Decimal(100000),
            "livestock_income_yuan": Decimal(20000),
            "wage_income_yuan": Decimal(20000),
            "production_cost_yuan": Decimal(45000),
            "sheep": 20,
            "cattle": 0,
        }
        for year in (2023, 2024, 2025)
    ],
}


def facts(units: list[str] | None = None, **changes: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """Fact tables of a usual household (or several alike); a named table is replaced as a whole."""
    return facts_of(dict.fromkeys(units or [UNIT], changes))


def facts_of(households: dict[str, dict[str, list[dict[str, Any]]]]) -> dict[str, pa.Table]:
    """Fact tables of households by their code, each with the named tables replaced.

    What is of no unit is the first's.
    """
    tables = {}
    for name, columns in SCHEMAS.items():
        each = {unit: changes.get(name, USUAL.get(name, [])) for unit, changes in households.items()}
        keyed = (
            [{"unit_code": unit, **row} for unit, rows in each.items() for row in rows]
            if "unit_code" in columns
            else next(iter(each.values()))
        )
        full = [
            {column: row.get(column, "automatic" if column == "link_status" else None) for column in columns}
            for row in keyed
        ]
        tables[name] = pa.Table.from_pylist(full, schema=pa.schema(list(columns.items())))
    return tables


def reckoning_text() -> str:
    """The shipped policy with the crop norms by which the tests reckon: a committee's figures move, a case's do not."""
    shipped = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    own = (Path(__file__).parent / "norms.toml").read_text(encoding="utf-8")
    norms = re.compile(r"^crop_norms = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
    (replaced, count) = norms.subn(norms.search(own)[0], shipped)  # type: ignore[index]
    assert count == 1
    return replaced


def shipped_policy(as_of: date = AS_OF, county_code: str = "659900") -> PolicyInForce:
    """The policy as it is shipped, in force."""
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    return load_policy(text).in_force(as_of, county_code)


def scores(ppm: int, units: list[str] | None = None) -> pa.Table:
    """One probability for all."""
    codes = units or [UNIT]
    return pa.table(
        {
            "unit_code": codes,
            "points": pa.array([600] * len(codes), WHOLE),
            "default_probability_ppm": pa.array([ppm] * len(codes), WHOLE),
        }
    )
