"""What a run carries between its stages: where each table came from, and the account of every line."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa


@dataclass
class Source:
    """One table of one delivered file, recognised or not: what the report says of it."""

    source_id: int
    file_name: str
    file_sha256: str
    sheet: str
    contract: str = ""
    office: str = ""
    total_lines: int = 0
    place_hint: str = ""
    is_copy: bool = False
    rejected: tuple[str, str] | None = None  # (code, sentence)
    notes: list[tuple[str, str]] = field(default_factory=list)
    dropped_columns: list[tuple[str, str]] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Intake:
    """A county's deliveries, accounted for.

    `facts`: by household, what features and decide read. `links`: one row per linkable delivered row. `identities`:
    who the units are, for the vault only. `settled`: standing rows per contract. `reconciliation`: source_id,
    line_number, outcome, row_id (one row per physical line, ordered). `findings`: source_id, line_number, own_key (as
    delivered: hash before storing), field, rule, reason_code, is_quarantine, value_masked. `corrections`: one row per
    quarantined row: source_id, line_number, correction_number, state (open, retried, corrected), corrected_by_source,
    corrected_by_line, basis (correction_number, key; null while open). `link_quality`: contract, village_code, and
    counts of records by status; `link_shares`: name_gap, village_gap, null_share, unissued_area_share (null: too few
    to say), lists_compared and villages_compared (how many the two gaps rest on). `doubts`: one row per record and
    household whose link a person must look at, with names (C2: for the review workbook only); `sampled`: automatic
    links that are drawn for a person to check, the same columns. `unread`: quarantined rows of adverse contracts by
    contract: of somebody here (known), of nobody here (elsewhere), of whom nobody can tell (unknown).
    """

    sources: list[Source]
    facts: dict[str, pa.Table]
    links: pa.Table
    identities: pa.Table
    places: pa.Table
    settled: dict[str, pa.Table]
    reconciliation: pa.Table
    findings: pa.Table
    corrections: pa.Table
    doubts: pa.Table
    link_quality: pa.Table
    link_shares: dict[str, float | None]
    sampled: pa.Table
    unread: pa.Table
