"""Delivered files become settled rows, linked households, and an account of every physical line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pyarrow as pa

from data_contracts.county_terms import BARE_TERMS, CountyTerms
from data_contracts.registry import INCOMING, office_of
from village_credit.acts.mended import corrections_of
from village_credit.errors import ExtractRejected, NoRegister
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.read import read_file
from village_credit.link.divisions import with_current_codes
from village_credit.link.join import Identified, Linked, identify_rows, join_rows
from village_credit.link.verdicts import Verdicts
from village_credit.run import Intake, Source
from village_credit.validate.judge import FINDINGS, Batch, judge, normalise
from village_credit.validate.normalise import Cells
from village_credit.validate.settle import OUTCOMES, settle

CORRECTION_WORDS = ("更正", "补报")
# What an office finds its row by; an ID number where nothing else is named
OWN_KEYS = {
    "land_issuer": "issuer_code",
    "land_contractor": "contractor_code",
    "land_member": "contractor_code",
    "land_parcel": "parcel_code",
    "land_transfer": "transfer_code",
    "monitored_household": "monitored_code",
    "bank_conduct": "loan_number",
    "legal_basis": "agreement_number",
    "branch": "branch_code",
    "trader_referral": "credit_code",
    "receipt": "household_ref",
    "credit_contract": "contract_number",
    "draw": "contract_number",
    "repayment": "contract_number",
    "campaign_plan": "campaign",
}


@dataclass
class _Desk:
    """Where rows and lines gather while files are read one by one."""

    sources: list[Source] = field(default_factory=list)
    accepted: dict[str, list[pa.Table]] = field(default_factory=lambda: {name: [] for name in INCOMING})
    # row_id, source_id, line_number, last_line, outcome, own_key, contract, row_key, correction_number
    spans: list[pa.Table] = field(default_factory=list)
    lines: list[pa.Table] = field(default_factory=list)  # source_id, line_number, outcome
    findings: list[pa.Table] = field(default_factory=list)  # FINDINGS with source_id, row_id
    next_row: int = 0


def take_in(
    files: Iterable[DeliveredFile],
    as_of: date,
    county_code: str,
    terms: CountyTerms = BARE_TERMS,
    verdicts: Verdicts | None = None,
) -> Intake:
    """Read, validate, settle and link a county's files by its terms; raises NoRegister where nobody can be scored.

    `verdicts`: what people said of doubtful links.
    """
    desk = _Desk()
    seen: set[str] = set()
    for file in files:
        is_copy = file.sha256 in seen
        seen.add(file.sha256)
        for table in read_file(file, terms):
            _take_table(desk, table, terms, is_copy=is_copy)
    accepted = {name: _concat(name, parts) for name, parts in desk.accepted.items()}
    desk.accepted.clear()
    _require_register(accepted, desk.sources, county_code)
    hints = pa.table(
        {
            "source_id": [s.source_id for s in desk.sources],
            "place_hint": [s.place_hint for s in desk.sources],
        },
        schema=pa.schema([("source_id", pa.int64()), ("place_hint", pa.string())]),
    )
    identified = identify_rows(accepted, hints, verdicts)
    settled, outcomes = _settle_all(accepted, identified, desk.sources)
    settled = with_current_codes(settled)
    accepted.clear()  # from here on only settled rows are needed
    linked = join_rows(settled, identified, as_of, county_code, verdicts=verdicts)
    gone = pa.concat_tables([*outcomes, _as_outcomes(identified.unrepaired), _as_outcomes(linked.ambiguous)])
    return _account(desk, gone, linked, identified, settled)


def _require_register(accepted: dict[str, pa.Table], sources: list[Source], county_code: str) -> None:
    for contract in ("land_issuer", "land_contractor"):
        if not accepted[contract].num_rows:
            lacking = [f"{s.file_name}: {s.rejected[1]}" for s in sources if s.rejected]
            raise NoRegister(
                f"county {county_code}: no usable {contract} among {len(sources)} tables, so nobody can be scored; "
                f"ask the agriculture bureau for its land register. {'; '.join(lacking)}".strip()
            )


def _take_table(desk: _Desk, table: Extract | Unrecognised, terms: CountyTerms, *, is_copy: bool) -> None:
    source = Source(
        len(desk.sources),
        table.file.file_name,
        table.file.sha256,
        table.sheet,
        total_lines=table.total_lines,
        is_copy=is_copy,
    )
    desk.sources.append(source)
    if isinstance(table, Unrecognised):
        source.notes.append((table.code, table.detail))
        if table.code != "UNRECOGNISED":
            source.rejected = (table.code, table.detail)
        _add_lines(desk, source, range(1, table.total_lines + 1), "duplicate" if is_copy else "layout")
        return
    source.contract, source.office, source.place_hint = (
        table.contract,
        office_of(table.contract),
        table.place_hint,
    )
    source.notes.extend(table.notes)
    source.dropped_columns = table.dropped_columns
    if is_copy:
        _add_lines(desk, source, range(1, table.total_lines + 1), "duplicate")
        return
    _add_lines(desk, source, table.layout_lines, "layout")
    _add_lines(desk, source, [line for line, _ in table.condemned], "quarantined")
    _add_condemned(desk, source, table.condemned)
    _judge_extract(desk, source, table, terms)


def _judge_extract(desk: _Desk, source: Source, extract: Extract, terms: CountyTerms) -> None:
    """Validate one extract; where it is rejected as a whole, each of its rows is quarantined with that reason."""
    batch = Batch(extract.contract, extract.rows, extract.units, terms)
    try:
        normal = normalise(batch)
        accepted, findings = judge(batch, normal)
    except ExtractRejected as rejection:
        source.rejected = (rejection.code, str(rejection))
        lines = extract.rows.column("line_number").to_pylist()
        _add_spans(desk, source, extract.rows, set())
        _add_condemned(desk, source, [(line, "EXTRACT_REJECTED") for line in lines])
        return
    source.units, source.changes = normal.units, normal.changes
    first = desk.next_row
    keys = normal.columns.get(OWN_KEYS.get(extract.contract, "id_number"))
    lines = set(accepted.column("line_number").to_pylist())
    _add_spans(desk, source, extract.rows, lines, keys, _row_keys(extract.contract, normal.columns))
    desk.findings.append(
        findings.append_column("source_id", pa.array([source.source_id] * findings.num_rows, pa.int64()))
    )
    numbers = dict(
        zip(extract.rows.column("line_number").to_pylist(), range(first, desk.next_row), strict=True)
    )
    row_ids = pa.array([numbers[line] for line in accepted.column("line_number").to_pylist()], pa.int64())
    columns = accepted.append_column("row_id", row_ids).append_column(
        "source_id", pa.array([source.source_id] * accepted.num_rows, pa.int64())
    )
    desk.accepted[extract.contract].append(columns)


def _add_spans(
    desk: _Desk,
    source: Source,
    rows: pa.Table,
    accepted_lines: set[int],
    own_keys: list[str | None] | None = None,
    row_keys: list[str | None] | None = None,
) -> None:
    """Give each data row its row_id in reading order, and a first outcome."""
    count = rows.num_rows
    starts = rows.column("line_number").to_pylist()
    desk.spans.append(
        pa.table(
            {
                "row_id": pa.array(range(desk.next_row, desk.next_row + count), pa.int64()),
                "source_id": pa.array([source.source_id] * count, pa.int64()),
                "line_number": rows.column("line_number"),
                "last_line": rows.column("last_line"),
                "outcome": pa.array(
                    ["accepted" if line in accepted_lines else "quarantined" for line in starts], pa.string()
                ),
                "own_key": pa.array(own_keys or [None] * count, pa.string()),
                "contract": pa.array([source.contract] * count, pa.string()),
                "row_key": pa.array(row_keys or [None] * count, pa.string()),
                "correction_number": rows["correction_number"]
                if "correction_number" in rows.column_names
                else pa.nulls(count, pa.string()),
            }
        )
    )
    desk.next_row += count


def _row_keys(contract: str, columns: dict[str, Cells]) -> list[str | None] | None:
    """Give the key by which a contract's rows supersede each other; none where a contract has no such key."""
    model = INCOMING[contract]
    fields = getattr(model, "superseding_key", None) or getattr(model, "unique_key", None)
    if not fields or any(name not in columns for name in fields):
        return None
    return [
        None if None in parts else "|".join(map(str, parts))
        for parts in zip(*(columns[name] for name in fields), strict=True)
    ]


def _add_lines(desk: _Desk, source: Source, numbers: Iterable[int], outcome: str) -> None:
    lines = list(numbers)
    desk.lines.append(
        pa.table(
            {
                "source_id": pa.array([source.source_id] * len(lines), pa.int64()),
                "line_number": pa.array(lines, pa.int32()),
                "outcome": pa.array([outcome] * len(lines), pa.string()),
            }
        )
    )


def _add_condemned(desk: _Desk, source: Source, condemned: list[tuple[int, str]]) -> None:
    """Record lines that no contract judged: unreadable, of odd width, or of a rejected extract."""
    count = len(condemned)
    table = pa.table(
        [
            [line for line, _ in condemned],
            [""] * count,
            ["line"] * count,
            [code for _, code in condemned],
            [True] * count,
            [""] * count,
        ],
        schema=FINDINGS,
    )
    desk.findings.append(table.append_column("source_id", pa.array([source.source_id] * count, pa.int64())))


def _concat(contract: str, parts: list[pa.Table]) -> pa.Table:
    """Join a contract's extracts; an undelivered contract has its columns and no rows."""
    if parts:
        return pa.concat_tables(parts)
    empty = pa.table({"line_number": pa.array([], pa.int32()), "last_line": pa.array([], pa.int32())})
    accepted, _ = judge(Batch(contract, empty), normalise(Batch(contract, empty)))
    return accepted.append_column("row_id", pa.array([], pa.int64())).append_column(
        "source_id", pa.array([], pa.int64())
    )


def _settle_all(
    accepted: dict[str, pa.Table], identified: Identified, sources: list[Source]
) -> tuple[dict[str, pa.Table], list[pa.Table]]:
    """Take unrepaired rows out, then settle equal and superseded rows contract by contract."""
    corrections = pa.table(
        {
            "source_id": pa.array(
                [s.source_id for s in sources if any(w in s.file_name for w in CORRECTION_WORDS)], pa.int64()
            )
        }
    )
    connection = duckdb.connect()
    connection.register("unrepaired", identified.unrepaired)
    connection.register("people", identified.people)
    settled: dict[str, pa.Table] = {}
    outcomes: list[pa.Table] = []
    for contract, rows in accepted.items():
        connection.register("given", rows)
        query = "SELECT given.* FROM given ANTI JOIN unrepaired USING (row_id) ORDER BY row_id"
        if "id_status" in rows.column_names:
            query = """SELECT given.*, people.person_id FROM given ANTI JOIN unrepaired USING (row_id)
                       LEFT JOIN people USING (row_id) ORDER BY row_id"""
        result = settle(contract, connection.sql(query).to_arrow_table(), corrections)
        settled[contract] = result.standing
        outcomes.append(result.outcomes)
    return settled, outcomes


def _as_outcomes(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "row_id": rows["row_id"],
            "outcome": pa.array(["quarantined"] * rows.num_rows, pa.string()),
            "reason_code": rows["reason_code"],
        },
        schema=OUTCOMES,
    )


def _account(
    desk: _Desk, gone: pa.Table, linked: Linked, identified: Identified, settled: dict[str, pa.Table]
) -> Intake:
    """Give each physical line its one outcome, and each late quarantine its finding."""
    connection = duckdb.connect()
    for name, table in {
        "spans": pa.concat_tables(desk.spans),
        "loose": pa.concat_tables(desk.lines),
        "gone": gone,
    }.items():
        connection.register(name, table)
    connection.execute("""CREATE VIEW settled AS
        SELECT spans.* REPLACE (coalesce(gone.outcome, spans.outcome) AS outcome) FROM spans LEFT JOIN gone USING (row_id)""")
    reconciliation = connection.sql("""
        SELECT source_id, CAST(unnest(generate_series(line_number, last_line)) AS INTEGER) AS line_number, outcome, row_id FROM settled
        UNION ALL SELECT source_id, line_number, outcome, NULL FROM loose
        ORDER BY source_id, line_number""").to_arrow_table()
    connection.register("findings", pa.concat_tables(desk.findings))
    connection.register("claimed_twice", linked.findings)
    findings = connection.sql("""
        SELECT source_id, line_number, own_key, field, rule, reason_code, is_quarantine, value_masked
        FROM findings LEFT JOIN spans USING (source_id, line_number)
        UNION ALL
        SELECT source_id, line_number, own_key, '', 'settle', reason_code, true, '' FROM gone JOIN spans USING (row_id) WHERE reason_code IS NOT NULL
        UNION ALL
        SELECT source_id, line_number, own_key, '', 'link', reason_code, false, '' FROM claimed_twice JOIN spans USING (row_id)
        ORDER BY source_id, line_number, field, rule""").to_arrow_table()
    return Intake(
        desk.sources,
        linked.facts,
        linked.links,
        linked.identities,
        identified.places,
        settled,
        reconciliation,
        findings,
        corrections_of(connection, desk.sources),
        linked.doubts,
        linked.quality.by_village,
        {
            "name_gap": linked.quality.name_gap,
            "village_gap": linked.quality.village_gap,
            "null_share": linked.quality.null_share,
            "unissued_area_share": linked.unissued_area_share,
            "lists_compared": linked.quality.lists_compared,
            "villages_compared": linked.quality.villages_compared,
        },
        linked.sampled,
    )


def outcome_counts(intake: Intake) -> dict[str, int]:
    """Count physical lines by outcome."""
    return dict(sorted(Counter(intake.reconciliation.column("outcome").to_pylist()).items()))
