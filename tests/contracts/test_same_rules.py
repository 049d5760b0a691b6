"""The published schema refuses exactly the values that the contract refuses, for each rule that the format can say."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from data_contracts.fields import Kind
from data_contracts.registry import INCOMING, field_specs
from tests.conftest import ROOT
from village_credit.offices.bounds import KEYWORDS, published
from village_credit.offices.describe import describe
from village_credit.offices.documents import json_schema, odcs

NUMBERS = """-1 -0 -0.00 -0.01 -0.001 0 0.00 0.01 0.001 0.0001 0.00001 1 01 +1 1. .5 1e3 １ 1,000 99 100 999 1000 NaN
inf 5.5 1900 1899 2026 2099 2100 999999999999 1000000000000 999999999999.99 9999999999.9999 10000000000 -99 --1"""
DAYS = """2026-02-28 2026-02-29 2024-02-29 1900-02-29 2000-02-29 2100-01-01 1899-12-31 2026-04-30 2026-04-31
2026-12-31 2026-13-01 2026-00-10 2026-01-00 2026-01-32 2026-1-1 20260101 2026-11-31 1904-02-29 2096-02-29"""
TEXTS = ["", "x", "x" * 254, "x" * 255, "王安娜", "王" * 51, "-", "-" * 8, "653199199707184117", "是"]
CODES = [*("1" * length for length in (6, 9, 12, 14, 18, 19)), "*" * 18, "92659900MA00000008", "A-1", "a b", "x" * 41]
TRIED = [*NUMBERS.split(), *DAYS.split(), *TEXTS, *CODES]
NO_KEYWORD = {"ge", "gt", "le", "lt"}


@cache
def validator(contract: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(json_schema(describe(contract))))


def of_the_contract(contract: str, row: dict[str, str]) -> set[str]:
    """The fields of a row that the contract refuses; what it says of a row as a whole is not of one value."""
    try:
        INCOMING[contract].model_validate(row)
    except ValidationError as error:
        return {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
    return set()


def of_the_schema(contract: str, row: dict[str, str]) -> set[str]:
    found: set[str] = set()
    for error in validator(contract).iter_errors(row):
        missing = re.match(r"'(\w+)' is a required property", error.message)
        extra = re.findall(r"'(\w+)'", error.message) if error.validator == "additionalProperties" else []
        found |= {missing[1]} if missing else set(extra) or {str(error.path[0])}
    return found


@pytest.mark.parametrize("contract", INCOMING)
def test_contract_and_schema_refuse_the_same_values(contract: str):
    for spec in field_specs(contract):
        tried = [*TRIED, *(value for value, _ in next(f.choices for f in describe(contract).fields if f.spec == spec))]
        for text in tried:
            row = {spec.name: text}
            assert of_the_schema(contract, row) == of_the_contract(contract, row), (spec.name, text)


@pytest.mark.parametrize("contract", INCOMING)
def test_contract_and_schema_refuse_the_same_rows(contract: str):
    for row in ({}, {"unheard_of": "1"}):
        assert of_the_schema(contract, row) == of_the_contract(contract, row)


@pytest.mark.parametrize("contract", INCOMING)
def test_the_schema_is_one_and_has_no_word_of_ours_for_a_bound(contract: str):
    content = json.loads(json_schema(describe(contract)))
    Draft202012Validator.check_schema(content)
    assert not [name for name, said in content["properties"].items() if NO_KEYWORD & said.keys()]


@pytest.mark.parametrize("contract", INCOMING)
def test_the_standard_file_carries_the_bounds(contract: str):
    (table,) = yaml.safe_load(odcs(describe(contract)))["schema"]
    for field, said in zip(describe(contract).fields, table["properties"], strict=True):
        options: dict[str, Any] = said.get("logicalTypeOptions", {})
        expected = {
            key: field.schema[key] for key in ("minimum", "exclusiveMinimum", "minLength") if key in field.schema
        }
        if "exclusiveMinimum" in expected:
            expected.pop("minimum")
        assert expected.items() <= options.items()
        assert (said["logicalType"] in ("number", "integer")) == ("maximum" in options)


def test_a_bound_that_no_pattern_says_stops_the_writing():
    with pytest.raises(KeyError):
        published(Kind.YUAN, {"type": "string", "pattern": "^x$", "ge": 7})
    assert set(KEYWORDS) == {"ge", "gt", "le"}


def test_every_day_of_two_centuries_and_no_other_is_one():
    pattern = re.compile(published(Kind.DAY, {"type": "string"})["pattern"])
    for year in (1900, 1904, 1999, 2000, 2023, 2024, 2096, 2099):
        for month in range(14):
            for day in range(33):
                text = f"{year}-{month:02d}-{day:02d}"
                assert bool(pattern.match(text)) == _is_day(text), text


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def test_what_the_format_cannot_say_is_listed():
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "data_contracts").glob("*.py")))
    codes = set(re.findall(r'PydanticCustomError\(\s*"([A-Z_]+)"', source))
    page = (ROOT / "data_contracts" / "README.md").read_text(encoding="utf-8")
    assert codes
    assert {code for code in codes if f"`{code}`" not in page} == set()
