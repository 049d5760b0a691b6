"""A contract as JSON Schema, as an Open Data Contract Standard file, and as a page to read."""

from __future__ import annotations

import json
from typing import Any

import yaml

from data_contracts.fields import Kind
from village_credit.offices.bounds import options
from village_credit.offices.describe import KINDS_ZH, SENSITIVITY_ZH, UNITS_ZH, ContractPage, FieldPage

ODCS_VERSION = "v3.2.0"
LOGICAL = {
    Kind.DAY: ("date", "DATE"),
    Kind.MONTH: ("date", "DATE"),
    Kind.YEAR: ("integer", "INTEGER"),
    Kind.COUNT: ("integer", "BIGINT"),
    Kind.YUAN: ("number", "DECIMAL(18,2)"),
    Kind.KILOGRAM: ("number", "DECIMAL(18,2)"),
    Kind.MU: ("number", "DECIMAL(18,4)"),
}


def json_schema(page: ContractPage) -> bytes:
    """Write the schema of a row in canonical text: what a cell says once blanks and spellings are put aside."""
    properties = {
        field.spec.name: {
            **field.schema,
            "title": field.spec.column.header,
            "x-aliases": list(field.aliases),
            "x-unit": field.spec.column.unit,
            "x-sensitivity": field.spec.column.sensitivity,
        }
        for field in page.fields
    }
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:village-credit:{page.name}:{page.version}",
        "title": page.title,
        "type": "object",
        "properties": properties,
        "required": [field.spec.name for field in page.fields if field.spec.is_required],
        "additionalProperties": False,
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def odcs(page: ContractPage) -> bytes:
    """Write the Open Data Contract Standard file."""
    content = {
        "apiVersion": ODCS_VERSION,
        "kind": "DataContract",
        "id": f"village-credit-{page.name.replace('_', '-')}",
        "name": page.title,
        "version": page.version,
        "status": "active",
        "domain": page.office,
        "description": {
            "purpose": f"{page.office_zh}报送《{page.title}》，用于整村授信。",
            "usage": "仅用于授信测算；民族、宗教、政治面貌、健康等信息不得报送。",
        },
        "team": {"name": page.office_zh},
        "schema": [
            {
                "name": page.name,
                "physicalName": page.name,
                "logicalType": "object",
                "businessName": page.title,
                "properties": [_property(page, field) for field in page.fields],
            }
        ],
    }
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return text.encode("utf-8")


def _property(page: ContractPage, field: FieldPage) -> dict[str, Any]:
    column, name = field.spec.column, field.spec.name
    logical, physical = LOGICAL.get(field.spec.kind, ("string", f"VARCHAR({_width(field)})"))
    found: dict[str, Any] = {
        "name": name,
        "businessName": column.header,
        "description": expectation(field),
        "logicalType": logical,
        "physicalType": physical,
        "required": field.spec.is_required,
        "classification": column.sensitivity,
    }
    if bounds := options(field.spec.kind, field.schema):
        found["logicalTypeOptions"] = bounds
    if name in page.keys:
        found |= {"primaryKey": True, "primaryKeyPosition": page.keys.index(name) + 1}
    if field.choices and logical == "string":
        found["enum"] = [{"value": value, "label": word} for value, word in field.choices]
    if field.aliases:
        found["synonyms"] = [{"synonym": alias} for alias in field.aliases]
    if column.unit:
        found["customProperties"] = [{"property": "unit", "value": column.unit}]
    return found


def _width(field: FieldPage) -> int:
    return int(field.schema.get("maxLength", 254))


def expectation(field: FieldPage) -> str:
    """Say in one line what the column must hold."""
    parts = [KINDS_ZH[field.spec.kind]]
    if field.spec.column.unit:
        parts.append(f"单位{UNITS_ZH[field.spec.column.unit]}")
    if field.choices:
        parts.append("、".join(word if word == value else f"{word}（{value}）" for value, word in field.choices))
    if field.spec.column.banded:
        parts.append("可填区间，如 5万-20万，按下限计")
    return "；".join(parts)


def page_text(page: ContractPage) -> bytes:
    """Write the page for the person who fills the table in, Chinese Markdown."""
    lines = [
        f"# {page.title}（{page.name}，第 {page.version} 版）",
        "",
        (
            f"报送部门：{page.office_zh}。可用模板 `{page.name}.xlsx`，也可用本部门系统导出的 CSV、xlsx、xls、"
            f"dbf；表头用下列名称或别名之一。"
        ),
        "",
        "| 列名 | 必填 | 要求 | 也可写作 | 示例（虚构） | 信息类别 |",
        "|---|---|---|---|---|---|",
    ]
    for field in page.fields:
        column = field.spec.column
        cells = (
            field.header,
            "是" if field.spec.is_required else "否",
            expectation(field),
            "、".join(field.aliases),
            field.example,
            SENSITIVITY_ZH[column.sensitivity],
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if page.keys:
        headers = {field.spec.name: field.spec.column.header for field in page.fields}
        lines += [
            "",
            (
                f"同一“{'＋'.join(headers[key] for key in page.keys)}”只应有一行；"
                f"更正请放在文件名含“更正”或“补报”的文件里。"
            ),
        ]
    lines += [
        "",
        "身份证号和各类代码请以文本格式报送：被表格软件存成数值的号码会丢失末三位，只有能唯一确认时才修复。",
        "面积和金额请在表头注明单位；无法判断单位的整份文件会被退回。民族、宗教、政治面貌、健康、银行卡号等列不予读取。",
        "",
    ]
    return "\n".join(lines).encode("utf-8")
