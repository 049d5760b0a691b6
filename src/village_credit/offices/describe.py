"""A contract's columns as an office must know them: header, type, unit, accepted words, example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from data_contracts.county_terms import allowed_values
from data_contracts.examples import EXAMPLES
from data_contracts.fields import Kind
from data_contracts.registry import CONTRACTS_ZH, INCOMING, OFFICES_ZH, FieldSpec, field_specs, office_of
from village_credit.offices.bounds import published

UNITS_ZH = MappingProxyType({"mu": "亩", "square_metre": "平方米", "yuan": "元", "kilogram": "公斤"})
KINDS_ZH: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.TEXT: "文字",
        Kind.NAME: "姓名",
        Kind.ID: "身份证号（文本格式）",
        Kind.CODE: "代码（文本格式）",
        Kind.PHONE: "电话（文本格式）",
        Kind.DAY: "日期，如 2026-03-05",
        Kind.MONTH: "年月，如 2026年3月",
        Kind.YEAR: "四位年份",
        Kind.COUNT: "整数",
        Kind.YUAN: "金额，至多两位小数",
        Kind.MU: "面积，至多四位小数",
        Kind.KILOGRAM: "重量，至多两位小数",
        Kind.LABEL: "选项",
    }
)
SENSITIVITY_ZH = MappingProxyType({"C1": "内部", "C2": "个人信息", "C3": "鉴别信息"})


@dataclass(frozen=True)
class FieldPage:
    """One column: `choices` are the values that pass, with the word that an office may write instead."""

    spec: FieldSpec
    choices: tuple[tuple[str, str], ...]
    example: str
    schema: Mapping[str, Any]  # the JSON Schema of its value

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other headers that are understood."""
        own = self.spec.column
        return tuple(dict.fromkeys(alias for alias in own.aliases if alias != own.header))

    @property
    def header(self) -> str:
        """The header that the template bears: with its unit."""
        unit = self.spec.column.unit
        return f"{self.spec.column.header}({UNITS_ZH[unit]})" if unit else self.spec.column.header


@dataclass(frozen=True)
class ContractPage:
    """One contract and its columns in declared order."""

    name: str
    version: str
    title: str
    office: str
    fields: tuple[FieldPage, ...]
    keys: tuple[str, ...]  # fields by which a later row replaces an earlier one; none where there is no such key

    @property
    def office_zh(self) -> str:
        """The office that owes the table."""
        return OFFICES_ZH[self.office]


@cache
def describe(contract: str) -> ContractPage:
    """Describe an incoming contract from its class."""
    model = INCOMING[contract]
    properties = model.model_json_schema()["properties"]
    fields = tuple(
        FieldPage(spec, _choices(contract, spec), EXAMPLES[contract].get(spec.name, ""), _value(spec, properties))
        for spec in field_specs(contract)
    )
    keys = getattr(model, "superseding_key", None) or getattr(model, "unique_key", None) or ()
    return ContractPage(
        contract, model.contract_version, CONTRACTS_ZH[contract], office_of(contract), fields, tuple(keys)
    )


def _choices(contract: str, spec: FieldSpec) -> tuple[tuple[str, str], ...]:
    """Return each accepted value and the first Chinese word for it; the value itself where there is none."""
    words: dict[str, str] = {}
    for word, value in spec.labels:
        if not word.isascii():
            words.setdefault(value, word)
    return tuple((value, words.get(value, value)) for value in sorted(allowed_values(contract, spec.name)))


def _value(spec: FieldSpec, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that is there: without null and without pydantic's own title."""
    schema = properties[spec.name]
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    chosen = next((option for option in options if option.get("type") == "string"), options[0])
    return published(spec.kind, {key: value for key, value in chosen.items() if key not in ("title", "default")})
