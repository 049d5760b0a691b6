"""A batch of text rows becomes a typed table and findings: pydantic is the only judge of a row."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from data_contracts.county_terms import BARE_TERMS, CountyTerms
from data_contracts.fields import Kind
from data_contracts.reasons import ROW_REASONS
from data_contracts.registry import INCOMING, FieldSpec, field_specs
from data_contracts.spoilt import spoilt
from village_credit.duckdb_session import query_cursor
from village_credit.errors import ContractsDisagree, ExtractRejected
from village_credit.gc_pause import resting_collector
from village_credit.texts import Texts, combined, parts, texts_of
from village_credit.validate import identity
from village_credit.validate.normalise import Cells, half_width, is_interval, normalise_column
from village_credit.validate.units import convert_units
from village_credit.validate.verdicts import ARROW_TYPES, verdict

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
AUDITED = 1_000  # of so many rows that the columns found sound one is judged as a row all the same
Accepted = list[tuple[int, dict[str, Any]]]  # the index of a row in its part, and its fields
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

    columns: dict[str, Texts]
    units: dict[str, str]
    changes: dict[str, int]


def normalise(batch: Batch) -> Normalised:
    """Make every cell canonical; raises ExtractRejected where a unit cannot be told."""
    specs = [spec for spec in batch.terms.specs[batch.contract] if spec.name in batch.rows.column_names]
    measured: dict[str, Texts] = {}
    columns: dict[str, Texts] = {}
    changes: dict[str, int] = {}
    for spec in specs:
        cells = texts_of(batch.rows.column(spec.name))
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
    """Judge normalised rows; a required field whose column is absent is empty in every row.

    Columns come first: a row of which every value is sound, and in which nothing that spans fields is doubted, meets
    its contract. Every other row is judged as a row, and so is one in a thousand of the sound ones.
    """
    specs = field_specs(batch.contract)
    count = batch.rows.num_rows
    empty = Texts(pa.nulls(count, pa.string()))
    columns = {spec.name: normal.columns.get(spec.name, empty) for spec in specs}
    statuses = _id_statuses(columns)
    typed, sound = _by_columns(batch, specs, columns, statuses)
    given = _Given(batch, specs, columns, statuses)
    _audit(given, typed, sound)
    findings = _Findings()
    accepted = _in_order(typed, sound, [_judged(given, places, findings) for places in _doubted(sound)])
    if "correction_number" not in batch.rows.column_names:  # a corrections workbook holds nothing but refused rows
        _reject_if_hopeless(batch.contract, count, accepted.num_rows, findings)
    return accepted, findings.table()


def _by_columns(
    batch: Batch, specs: tuple[FieldSpec, ...], columns: dict[str, Texts], statuses: pa.Array | None
) -> tuple[pa.Table, pa.BooleanArray]:
    """Type every column; tell the rows of which each value is sound and no rule over fields is in doubt."""
    typed = {name: combined(batch.rows.column(name)) for name in ("line_number", "last_line")}
    sound = pa.array(np.ones(batch.rows.num_rows, bool))
    for spec in specs:
        found = verdict(batch.contract, spec.name, spec.kind, columns[spec.name].values)
        typed[spec.name] = columns[spec.name].of_rows(found.typed)
        holds = columns[spec.name].of_rows(pc.and_(found.sound, pc.invert(_may_be_spoilt(columns[spec.name].values))))
        sound = pc.and_(sound, pc.fill_null(holds, fill_value=not spec.is_required))
    if statuses is not None:
        typed["id_status"] = statuses
        refused = pc.is_in(statuses, pa.array(list(identity.REFUSED), pa.string()))
        sound = pc.and_(sound, pc.invert(refused))
    table = pa.table(typed)
    return table, pc.and_(sound, _rules_hold(batch.contract, table))


def _may_be_spoilt(values: pa.StringArray) -> pa.BooleanArray:
    """Tell values that may be an error or a formula, by the letter that they begin with."""
    return pc.match_substring_regex(values, "^[#=Ee]")


def _rules_hold(contract: str, rows: pa.Table) -> pa.BooleanArray:
    """Tell the rows in which the contract's rules over several fields hold for certain."""
    model = INCOMING[contract]
    if not model.__pydantic_decorators__.model_validators:
        return pa.array(np.ones(rows.num_rows, bool))
    if not model.sound_where or not rows.num_rows:
        return pa.array(np.zeros(rows.num_rows, bool))
    connection = query_cursor()
    connection.register("typed", rows)
    query = f"SELECT coalesce({model.sound_where}, false) AS holds FROM typed"  # the contract's own
    return combined(connection.sql(query).to_arrow_table().column("holds"))


@dataclass(frozen=True)
class _Given:
    """What a batch is judged by: its fields, its canonical columns, and ID statuses where the contract has them."""

    batch: Batch
    specs: tuple[FieldSpec, ...]
    columns: dict[str, Texts]
    statuses: pa.Array | None

    def part(self, places: pa.Array) -> _Part:
        """Return some rows as rows of text."""
        cells = [column.at(places).to_pylist() for column in self.columns.values()]
        lines, last_lines = (
            combined(self.batch.rows.column(name)).take(places).to_pylist() for name in ("line_number", "last_line")
        )
        statuses = self.statuses.take(places).to_pylist() if self.statuses is not None else None
        return _Part(cells, lines, last_lines, statuses, _spoilt_cells(self.specs, cells))


def _doubted(sound: pa.BooleanArray) -> Iterator[pa.Array]:
    """Return the places of the rows that must be judged as rows, some at a time."""
    return parts(pc.indices_nonzero(pc.invert(sound)), PART_ROWS)


def _judged(given: _Given, places: pa.Array, findings: _Findings) -> tuple[pa.Array, pa.Table]:
    """Judge rows as rows: which of them were accepted, and these as typed columns."""
    part = given.part(places)
    accepted = _judge_part(given.batch.contract, given.specs, part, findings)
    kept = places.take(pa.array([index for index, _ in accepted], pa.int64()))
    return kept, _typed_rows(given.specs, part, accepted)


def _audit(given: _Given, typed: pa.Table, sound: pa.BooleanArray) -> None:
    """Let pydantic judge some rows that the columns found sound; raises ContractsDisagree, as no delivery may."""
    places = pc.indices_nonzero(sound)
    places = places.take(pa.array(np.arange(0, len(places), AUDITED), pa.int64()))
    findings = _Findings()
    kept, as_rows = _judged(given, places, findings)
    is_same = kept.equals(places) and as_rows.equals(typed.take(places)) and not findings.table().num_rows
    if not is_same or not _numbers_agree(as_rows):
        raise ContractsDisagree(
            f"{given.batch.contract}: a row that its columns found sound is judged otherwise as a row: a fault of the "
            f"program and of no delivery; nothing was stored, tell its makers"
        )


def _numbers_agree(rows: pa.Table) -> bool:
    """Tell whether each ID number is by itself what it is in its column, or damaged by what the column says."""
    if "id_status" not in rows.column_names:
        return True
    told = zip(rows.column("id_number").to_pylist(), rows.column("id_status").to_pylist(), strict=True)
    return all(status in (identity.id_status(number), *identity.OF_A_COLUMN) for number, status in told)


def _in_order(typed: pa.Table, sound: pa.BooleanArray, again: list[tuple[pa.Array, pa.Table]]) -> pa.Table:
    """Put the rows that were judged as rows back between the others."""
    by_columns = typed.filter(sound)
    if not any(rows.num_rows for _, rows in again):
        return by_columns
    places = pa.concat_arrays([pc.indices_nonzero(sound), *(kept for kept, _ in again)])
    return pa.concat_tables([by_columns, *(rows for _, rows in again)]).take(pc.array_sort_indices(places))


@dataclass(frozen=True)
class _Part:
    """Some rows of a batch: canonical columns, line numbers, and ID statuses where the contract has them."""

    columns: list[Cells]
    lines: list[int]
    last_lines: list[int]
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
        self.headers: list[str] = []

    def add(
        self, line: int, spec: FieldSpec | None, rule: str, code: str, value: str | None, *, is_quarantine: bool = True
    ) -> None:
        shown = shape(value, spec.kind if spec else None)
        self.headers.append(spec.column.header if spec else "")
        for column, item in zip(
            self.columns, (line, spec.name if spec else "", rule, code, is_quarantine, shown), strict=True
        ):
            column.append(item)

    def table(self) -> pa.Table:
        return pa.table(self.columns, schema=FINDINGS)

    def commonest(self) -> str:
        """Say which rules most rows break, by the field's header and the reason that its office reads."""
        told = zip(self.headers, self.columns[3], self.columns[4], strict=True)
        counts = Counter((header, code) for header, code, is_quarantine in told if is_quarantine)
        return "; ".join(
            f"{header} {ROW_REASONS.get(code, code)} ({count} rows)" for (header, code), count in counts.most_common(3)
        )


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


def _id_statuses(columns: dict[str, Texts]) -> pa.Array | None:
    """Classify the ID column where a contract has one; another kind of document has no check digit."""
    if "id_number" not in columns:
        return None
    numbers = columns["id_number"]
    statuses = pc.fill_null(numbers.of_rows(identity.statuses_of(numbers.values)), identity.EMPTY)
    if "document_type" in columns:
        documents = columns["document_type"].of_rows()
        is_other = pc.fill_null(pc.not_equal(documents, identity.RESIDENT_ID_DOCUMENT), fill_value=False)
        statuses = pc.if_else(is_other, identity.OTHER_DOCUMENT, statuses)
    return identity.as_a_column(numbers.of_rows(), statuses)


def _judge_part(contract: str, specs: tuple[FieldSpec, ...], part: _Part, findings: _Findings) -> Accepted:
    """Run the contract over some rows. The collector is paused: many small objects, no cycles."""
    validator = INCOMING[contract].__pydantic_validator__
    names = [spec.name for spec in specs]
    accepted: Accepted = []
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


def _reject_if_hopeless(contract: str, rows: int, accepted: int, findings: _Findings) -> None:
    rules = INCOMING[contract].extract_rules
    if rows >= rules.asked_from_rows and accepted < rows * (1 - rules.maximum_quarantined_share):
        raise ExtractRejected(
            "TOO_MANY_QUARANTINED",
            f"{contract}: only {accepted} of {rows} rows meet the contract, most often for {findings.commonest()}; "
            f"ask the office to deliver it again",
        )


def _typed_rows(specs: tuple[FieldSpec, ...], part: _Part, accepted: Accepted) -> pa.Table:
    """Lay accepted rows out as columns; money DECIMAL(18,2), land DECIMAL(18,4) mu."""
    columns = {
        name: pa.array([lines[index] for index, _ in accepted], pa.int32())
        for name, lines in (("line_number", part.lines), ("last_line", part.last_lines))
    }
    for spec in specs:
        values = [model[spec.name] for _, model in accepted]
        columns[spec.name] = pa.array(values, ARROW_TYPES.get(spec.kind, pa.string()))
    if part.statuses is not None:
        columns["id_status"] = pa.array([part.statuses[index] for index, _ in accepted], pa.string())
    return pa.table(columns)
