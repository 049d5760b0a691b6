"""A batch of text rows becomes a typed table and findings: pydantic is the only judge of a row."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from data_contracts.county_terms import BARE_TERMS, CountyTerms
from data_contracts.fields import Kind
from data_contracts.registry import INCOMING, FieldSpec, field_specs
from data_contracts.spoilt import spoilt
from village_credit.errors import ExtractRejected
from village_credit.gc_pause import resting_collector
from village_credit.validate import identity
from village_credit.validate.normalise import Cells, half_width, is_interval, normalise_column
from village_credit.validate.units import convert_units

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.YUAN: pa.decimal128(18, 2),
    Kind.KILOGRAM: pa.decimal128(18, 2),
    Kind.MU: pa.decimal128(18, 4),
    Kind.COUNT: pa.int64(),
    Kind.YEAR: pa.int64(),
    Kind.DAY: pa.date32(),
    Kind.MONTH: pa.date32(),
}
FINDINGS = pa.schema(
    [
        ("line_number", pa.int32()),
        ("field", pa.string()),
        ("rule", pa.string()),
        ("reason_code", pa.string()),
        ("is_quarantine", pa.bool_()),
        ("value_masked", pa.string()),
    ]
)
PART_ROWS = 8_192  # rows whose models are in memory at once
_ID_DIGITS = re.compile(r"[0-9X*]+")  # an ID column may hold a name or an address: that is not for masking
_BY_TYPE = {
    **dict.fromkeys(("less_than_equal", "less_than", "greater_than", "greater_than_equal"), "OUT_OF_RANGE"),
    "string_too_long": "TOO_LONG",
}


@dataclass(frozen=True)
class Batch:
    """Text rows of one extract: `rows` has line_number, last_line and string columns named by fields."""

    contract: str
    rows: pa.Table
    units: dict[str, str | None] = field(default_factory=dict)
    terms: CountyTerms = BARE_TERMS


@dataclass(frozen=True)
class Normalised:
    """Canonical text per field, the settled units and how many cells were changed per field."""

    columns: dict[str, Cells]
    units: dict[str, str]
    changes: dict[str, int]


def normalise(batch: Batch) -> Normalised:
    """Make every cell canonical; raises ExtractRejected where a unit cannot be told."""
    specs = [spec for spec in batch.terms.specs[batch.contract] if spec.name in batch.rows.column_names]
    measured: dict[str, Cells] = {}
    columns: dict[str, Cells] = {}
    changes: dict[str, int] = {}
    for spec in specs:
        cells = batch.rows.column(spec.name).to_pylist()
        columns[spec.name], changes[spec.name] = normalise_column(spec, cells)
        if spec.column.unit:
            measured[spec.name] = cells
    units = convert_units(batch.contract, columns, batch.units, measured)
    return Normalised(columns, units, {name: count for name, count in changes.items() if count})


def validate(batch: Batch) -> tuple[pa.Table, pa.Table]:
    """Judge every row: accepted rows typed (line_number, last_line, fields, id_status), findings by rule.

    Raises ExtractRejected where the extract as a whole breaks its contract.
    """
    return validate_rows(batch, normalise(batch))


def validate_rows(batch: Batch, normal: Normalised) -> tuple[pa.Table, pa.Table]:
    """Judge normalised rows; a required field whose column is absent is empty in every row."""
    specs = field_specs(batch.contract)
    names = [spec.name for spec in specs]
    count = batch.rows.num_rows
    columns = [normal.columns.get(name) or [None] * count for name in names]
    lines: list[int] = batch.rows.column("line_number").to_pylist()
    broken = _spoilt_cells(specs, columns)
    statuses = _id_statuses(names, columns, count)
    findings = _Findings()
    parts = []
    for start in range(0, max(count, 1), PART_ROWS):
        end = min(start + PART_ROWS, count)
        part = _Part(
            [column[start:end] for column in columns],
            lines[start:end],
            statuses[start:end] if statuses is not None else None,
            {index - start: names for index, names in broken.items() if start <= index < end},
        )
        rows = batch.rows.select(["line_number", "last_line"]).slice(start, end - start)
        parts.append(_typed_table(rows, specs, _judge_part(batch.contract, specs, part, findings), part.statuses))
    typed = pa.concat_tables(parts)
    if "correction_number" not in batch.rows.column_names:  # a corrections workbook holds nothing but refused rows
        _reject_if_hopeless(batch.contract, count, typed.num_rows)
    return typed, findings.table()


@dataclass(frozen=True)
class _Part:
    """Some rows of a batch: canonical columns, line numbers, and ID statuses where the contract has them."""

    columns: list[Cells]
    lines: list[int]
    statuses: list[str] | None
    broken: dict[int, frozenset[str]]  # fields of a row that hold an error or an uncalculated formula

    def refused(self, index: int) -> str | None:
        """Return the status of an ID number that cannot pass, or None."""
        if self.statuses is None or self.statuses[index] not in identity.REFUSED:
            return None
        return None if "id_number" in self.broken.get(index, ()) else self.statuses[index]


class _Findings:
    """Findings as columns."""

    def __init__(self) -> None:
        self.columns: list[list[Any]] = [[] for _ in FINDINGS]

    def add(
        self, line: int, spec: FieldSpec | None, rule: str, code: str, value: str | None, *, is_quarantine: bool = True
    ) -> None:
        shown = shape(value, spec.kind if spec else None)
        for column, item in zip(
            self.columns, (line, spec.name if spec else "", rule, code, is_quarantine, shown), strict=True
        ):
            column.append(item)

    def table(self) -> pa.Table:
        return pa.table(self.columns, schema=FINDINGS)


def shape(value: str | None, kind: Kind | None) -> str:
    """Show what a value looks like and not what it is: digits as 9, letters as x, Han as 汉; an ID masked."""
    if value is None:
        return ""
    if kind is Kind.ID and _ID_DIGITS.fullmatch(value):
        return identity.masked(value)
    return "".join(map(_shape_of, value[:40]))


def _shape_of(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isascii():
        return "x" if character.isalpha() else character
    return "汉" if unicodedata.category(character)[0] in "LMNC" else character


def _id_statuses(names: list[str], columns: list[Cells], count: int) -> list[str] | None:
    """Classify the ID column where a contract has one; another kind of document has no check digit."""
    if "id_number" not in names:
        return None
    numbers = columns[names.index("id_number")]
    documents = (
        columns[names.index("document_type")] if "document_type" in names else [identity.RESIDENT_ID_DOCUMENT] * count
    )
    statuses = [
        identity.id_status(number) if document in (identity.RESIDENT_ID_DOCUMENT, None) else identity.OTHER_DOCUMENT
        for number, document in zip(numbers, documents, strict=True)
    ]
    return identity.as_a_column(numbers, statuses)


def _judge_part(
    contract: str, specs: tuple[FieldSpec, ...], part: _Part, findings: _Findings
) -> list[tuple[int, dict[str, Any]]]:
    """Run the contract over some rows. The collector is paused: many small objects, no cycles."""
    validator = INCOMING[contract].__pydantic_validator__
    names = [spec.name for spec in specs]
    accepted: list[tuple[int, dict[str, Any]]] = []
    with resting_collector():
        for index, values in enumerate(zip(*part.columns, strict=True)):
            row = dict(zip(names, values, strict=True))
            broken = part.broken.get(index, frozenset())
            is_broken = bool(broken) and _add_spoilt(findings, specs, row, part.lines[index], broken)
            try:
                model = validator.validate_python(row)
            except ValidationError as error:
                judged = broken | {"id_number"} if part.refused(index) else broken
                model = _second_chance(specs, row, error, part.lines[index], findings, validator, judged)
            if is_broken:
                continue  # an error is a text like any other to a field of plain text
            if (status := part.refused(index)) is not None:
                _add_identity(findings, specs, row, part.lines[index], status)
            elif model is not None:
                accepted.append((index, model.__dict__))
    return accepted


def _spoilt_cells(specs: tuple[FieldSpec, ...], columns: list[Cells]) -> dict[int, frozenset[str]]:
    """Return the fields that hold no value of the office, by row; each distinct text is asked once."""
    found: dict[int, frozenset[str]] = {}
    for spec, column in zip(specs, columns, strict=True):
        suspects = {cell for cell in set(column) if cell and cell[0] in "#=Ee" and spoilt(cell)}
        for index in (index for index, cell in enumerate(column) if cell in suspects) if suspects else ():
            found[index] = found.get(index, frozenset()) | {spec.name}
    return found


def _add_spoilt(
    findings: _Findings, specs: tuple[FieldSpec, ...], row: dict[str, Any], line: int, broken: frozenset[str]
) -> bool:
    """Tell each spoilt cell; an ancillary one becomes null. Return whether the row is lost by one."""
    is_fatal = False
    for spec in (spec for spec in specs if spec.name in broken):
        value = str(row[spec.name])
        if spec.column.ancillary:
            row[spec.name] = None
        is_fatal = is_fatal or not spec.column.ancillary
        code = "ANCILLARY_UNREADABLE" if spec.column.ancillary else spoilt(value)
        findings.add(line, spec, "cell", code, value, is_quarantine=not spec.column.ancillary)
    return is_fatal


def _add_identity(
    findings: _Findings, specs: tuple[FieldSpec, ...], row: dict[str, Any], line: int, status: str
) -> None:
    spec = next(spec for spec in specs if spec.name == "id_number")
    findings.add(line, spec, "id_status", identity.REFUSED[status], row["id_number"])


def _second_chance(
    specs: tuple[FieldSpec, ...],
    row: dict[str, Any],
    error: ValidationError,
    line: int,
    findings: _Findings,
    validator: Any,
    judged_by_status: frozenset[str],
) -> Any:
    """Record every broken rule; unreadable ancillary fields become null and the row is judged again."""
    by_name = {spec.name: spec for spec in specs}
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    fatal = False
    for fault in faults:
        spec = by_name.get(str(fault["loc"][0])) if fault["loc"] else None
        value = row.get(spec.name) if spec else None
        if spec is not None and spec.name in judged_by_status:
            continue  # its status says it better
        if spec is not None and spec.column.ancillary and value is not None:
            row[spec.name] = None
            findings.add(line, spec, fault["type"], "ANCILLARY_UNREADABLE", value, is_quarantine=False)
            continue
        fatal = True
        findings.add(line, spec, fault["type"], reason_code(spec, fault["type"], value), value)
    if fatal:
        return None
    try:
        return validator.validate_python(row)
    except ValidationError as again:
        for fault in again.errors(include_url=False, include_input=False, include_context=False):
            spec = by_name.get(str(fault["loc"][0])) if fault["loc"] else None
            value = row.get(spec.name) if spec else None
            if spec is None or spec.name not in judged_by_status:
                findings.add(line, spec, fault["type"], reason_code(spec, fault["type"], value), value)
        return None


def reason_code(spec: FieldSpec | None, error_type: str, value: str | None) -> str:
    """Turn pydantic's error type into a reason that an office understands."""
    if spec is None:
        return error_type if error_type.isupper() else "OUT_OF_RANGE"
    if value is None:
        return "REQUIRED_EMPTY"
    if code := spoilt(value):
        return code
    if error_type == "greater_than_equal" and value.startswith("-"):
        return "NEGATIVE_NUMBER"
    return _BY_TYPE.get(error_type) or _unreadable(spec.kind, value)


_UNREADABLE = {
    Kind.DAY: "UNREADABLE_DATE",
    Kind.MONTH: "UNREADABLE_DATE",
    Kind.YEAR: "UNREADABLE_YEAR",
    Kind.LABEL: "NOT_IN_LIST",
}


def _unreadable(kind: Kind, value: str) -> str:
    if kind not in (Kind.COUNT, Kind.YUAN, Kind.MU, Kind.KILOGRAM):
        return _UNREADABLE.get(kind, "UNREADABLE_CODE")
    if is_interval(value):
        return "INTERVAL_NOT_ALLOWED"
    if re.fullmatch(r"-?[0-9]+\.[0-9]+", half_width(value)):
        return "TOO_MANY_DECIMALS"
    return "NEGATIVE_NUMBER" if re.fullmatch(r"-[0-9]+", value) else "UNREADABLE_NUMBER"


def _reject_if_hopeless(contract: str, rows: int, accepted: int) -> None:
    rules = INCOMING[contract].extract_rules
    if rows >= rules.asked_from_rows and accepted < rows * (1 - rules.maximum_quarantined_share):
        raise ExtractRejected(
            "TOO_MANY_QUARANTINED",
            f"{contract}: only {accepted} of {rows} rows meet the contract; ask the office to deliver it again",
        )


def _typed_table(
    rows: pa.Table, specs: tuple[FieldSpec, ...], accepted: list[tuple[int, dict[str, Any]]], statuses: list[str] | None
) -> pa.Table:
    """Lay accepted rows out as columns; money DECIMAL(18,2), land DECIMAL(18,4) mu."""
    indices = pa.array([index for index, _ in accepted], pa.int64())
    columns = {name: rows.column(name).take(indices) for name in ("line_number", "last_line")}
    for spec in specs:
        values = [model[spec.name] for _, model in accepted]
        columns[spec.name] = pa.array(values, ARROW_TYPES.get(spec.kind, pa.string()))
    if statuses is not None:
        columns["id_status"] = pa.array([statuses[index] for index, _ in accepted], pa.string())
    return pa.table(columns)
