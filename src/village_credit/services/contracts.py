"""Every contract's documents in a folder by contract and version; what was handed out once is never changed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa

from data_contracts.county_terms import BARE_TERMS
from data_contracts.reasons import ROW_REASONS
from data_contracts.registry import INCOMING, field_specs
from village_credit.errors import ExtractRejected, VerificationFailed
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file
from village_credit.offices.describe import ContractPage, describe
from village_credit.offices.documents import json_schema, odcs, page_text
from village_credit.offices.template import template
from village_credit.validate.rows import Batch, validate

SAMPLES, BREAKS = "samples.csv", "breaks.md"


def documents(page: ContractPage) -> dict[str, bytes]:
    """Return a contract's files by name."""
    return {
        f"{page.name}.schema.json": json_schema(page),
        f"{page.name}.odcs.yaml": odcs(page),
        f"{page.name}.xlsx": template(page),
        f"{page.name}.md": page_text(page),
        SAMPLES: _samples(page),
    }


def _samples(page: ContractPage) -> bytes:
    """Write the example as an office would deliver it: kept, so that later versions can say what breaks."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([field.header for field in page.fields])
    writer.writerow([field.example for field in page.fields])
    return text.getvalue().encode("utf-8-sig")


def publish(folder: Path) -> list[Path]:
    """Write what is new; raises VerificationFailed where a handed-out version would change."""
    wrong = changed(folder)
    if wrong:
        raise VerificationFailed(
            f"{', '.join(str(path) for path in wrong)}: this version was handed out with other contents; "
            "raise the contract's contract_version, the old folder stays"
        )
    written = []
    for path, content in _expected(folder).items():
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(path)
    return written


def changed(folder: Path) -> list[Path]:
    """Name the handed-out files of today's versions whose contents would be others today."""
    found = []
    for contract in INCOMING:
        page = describe(contract)
        place = folder / page.name / page.version
        if place.is_dir():
            found += [
                place / n for n, c in documents(page).items() if (place / n).is_file() and (place / n).read_bytes() != c
            ]
    return found


def not_current(folder: Path) -> list[Path]:
    """Name the files that are missing or not what the contracts say today."""
    return [path for path, content in _expected(folder).items() if not path.is_file() or path.read_bytes() != content]


def _expected(folder: Path) -> dict[Path, bytes]:
    """Return every file that must be there: today's versions, what breaks of older ones, and the index."""
    files: dict[Path, bytes] = {}
    rows = []
    for contract in INCOMING:
        page = describe(contract)
        place = folder / page.name
        files |= {place / page.version / name: content for name, content in documents(page).items()}
        older = sorted(path.name for path in place.glob("*") if path.is_dir() and path.name != page.version)
        for version in older:
            files[place / version / BREAKS] = _breaks(page, version, (place / version / SAMPLES).read_bytes())
        rows.append(
            f"| {page.office_zh} | {page.title} | [`{page.name}`]({page.name}/{page.version}/{page.name}.md) "
            f"| {page.version} | {'、'.join(older)} |"
        )
    files[folder / "README.md"] = "\n".join([*_INDEX, *rows, ""]).encode("utf-8")
    return files


_INDEX = (
    "# 数据契约",
    "",
    (
        "由 `village-credit contracts` 从数据契约生成，请勿手改。每一版含 JSON Schema、ODCS 3.2 契约、"
        "Excel 模板、说明页和虚构样例；旧版保留，`breaks.md` 说明旧版样例在今日契约下的结果。"
    ),
    "",
    "| 部门 | 表 | 契约 | 现行版 | 旧版 |",
    "|---|---|---|---|---|",
)


def _breaks(page: ContractPage, version: str, samples: bytes) -> bytes:
    """Deliver an older version's samples to today's contract and say what becomes of them."""
    text = [f"# {page.name} {version} → {page.version}", ""]
    (table,) = read_file(DeliveredFile(SAMPLES, samples, ""), BARE_TERMS)
    if not isinstance(table, Extract) or table.contract != page.name:
        detail = table.contract if isinstance(table, Extract) else table.detail
        text.append(f"整份不再识别为本表：{detail}")
    else:
        text += [f"不再读取的列：{header}" for header, _ in table.dropped_columns]
        text += _refusals(table)
    return ("\n".join(text if len(text) > 2 else [*text, "旧版样例全部通过。"]) + "\n").encode("utf-8")


def _refusals(table: Extract) -> list[str]:
    """Say which rows are refused today, and why."""
    headers = {spec.name: spec.column.header for spec in field_specs(table.contract)}
    try:
        _, findings = validate(Batch(table.contract, table.rows, table.units))
    except ExtractRejected as rejection:
        return [f"整份被退回：{rejection}"]
    refused: pa.Table = findings.filter(findings["is_quarantine"])
    return [
        (
            f"第 {row['line_number']} 行 {headers.get(row['field'], '')}："
            f"{ROW_REASONS.get(row['reason_code'], row['reason_code'])}"
        )
        for row in refused.to_pylist()
    ]
