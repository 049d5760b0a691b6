"""One file that came back is read like a delivery, and every line of it gets its outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_contracts.reasons import ROW_REASONS
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput, RunConflict, why_unread
from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.line_account import (
    NO_FINDINGS,
    LineAccount,
    concat_rows,
    correcting_sources,
    open_files,
    settle_lines,
)
from village_credit.intake import Source
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import PUBLISHING, WITHDRAW
from village_credit.ledger.returned import ACKNOWLEDGE, RECORD_USAGE
from village_credit.services.rules import load_terms
from village_credit.sql_files import sql
from village_credit.store.store import sha256_of
from village_credit.validate.deduplicate import OUTCOMES, deduplicate

FINDINGS_TOLD = 20
READ_ANYWAY = ("HIDDEN_SHEET", "NOT_WHAT_NAME_SAYS")  # said of a table of which nothing is lost
ANY_COUNTY = "000000"  # what comes back names no county: the terms that hold for all


@dataclass(frozen=True)
class Returned:
    """A file as it was read: standing rows per contract, and the account of its lines so far."""

    file: DeliveredFile
    account: LineAccount
    rows: dict[str, list[dict[str, Any]]]
    settled: pa.Table  # OUTCOMES of rows that do not stand: equal, or in conflict with each other
    is_correction: bool


@dataclass
class Judged:
    """What was found of standing rows: those that do not stay accepted, and findings that turn nothing away."""

    gone: list[tuple[int, str, str | None]] = field(default_factory=list)  # row_id, outcome, reason_code
    noted: list[tuple[int, str]] = field(default_factory=list)  # row_id, reason_code

    def turn_away(self, row_id: int, reason_code: str) -> None:
        """Quarantine a row for a reason."""
        self.gone.append((row_id, "quarantined", reason_code))

    def repeat(self, row_id: int) -> None:
        """Say that a row was taken in before."""
        self.gone.append((row_id, "duplicate", None))

    def note(self, row_id: int, reason_code: str) -> None:
        """Keep a finding of a row that counts all the same."""
        self.noted.append((row_id, reason_code))


@dataclass(frozen=True)
class Account:
    """Each line's outcome (sheet, line_number, outcome), and each finding with its reason, value masked.

    `rejected`: tables that were not taken in, as a whole or in part: file, sheet, code, message.
    """

    lines: pa.Table
    findings: pa.Table
    rejected: list[dict[str, str]]

    @property
    def counts(self) -> dict[str, int]:
        """Count lines by outcome: together they are all lines of the file."""
        return dict(sorted(Counter(self.lines.column("outcome").to_pylist()).items()))

    def told(self) -> list[dict[str, Any]]:
        """Return the findings as a person reads them."""
        return [
            {**row, "reason_zh": ROW_REASONS.get(row["reason_code"], row["reason_code"])}
            for row in self.findings.to_pylist()
        ]


def read_returned(path: Path, contracts: tuple[str, ...], counties: Path | None = None) -> Returned:
    """Read and judge one file by the contracts that are asked for; raises MissingInput where none of them is in it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingInput(f"{path.name} cannot be read ({why_unread(error)}); check the path and its rights") from None
    file = DeliveredFile(path.name, content, sha256_of(content))
    terms, _ = load_terms(counties, ANY_COUNTY)
    account = open_files([file], terms, contracts)
    if not any(source.contract for source in account.sources):
        found = "; ".join(f"{code}: {detail}" for source in account.sources for code, detail in source.notes)
        raise MissingInput(f"{path.name} holds no {' or '.join(contracts)}: {found or 'it is empty'}")
    corrections = correcting_sources(account.sources)
    outcomes, rows = [], {}
    for contract in contracts:
        settled = deduplicate(contract, concat_rows(contract, account.accepted[contract]), corrections)
        rows[contract] = settled.standing.to_pylist()
        outcomes.append(settled.outcomes)
    return Returned(file, account, rows, pa.concat_tables(outcomes), corrections.num_rows > 0)


def account_of(returned: Returned, judged: Judged) -> Account:
    """Close the account: one outcome a line, and every finding with its line."""
    connection = query_cursor()
    gone = pa.table([list(column) for column in zip(*judged.gone, strict=True)] or [[], [], []], schema=OUTCOMES)
    lines = settle_lines(connection, returned.account, pa.concat_tables([returned.settled, gone]))
    noted = {"row_id": [row_id for row_id, _ in judged.noted], "reason_code": [code for _, code in judged.noted]}
    sources = returned.account.sources
    for name, table in {
        "lines": lines,
        "noted": pa.table(noted, schema=pa.schema([("row_id", pa.int64()), ("reason_code", pa.string())])),
        "findings": pa.concat_tables([NO_FINDINGS, *returned.account.findings]),
        "sources": pa.table({"source_id": [s.source_id for s in sources], "sheet": [s.sheet for s in sources]}),
    }.items():
        connection.register(name, table)
    told = connection.sql(sql("services.servicing", "account_of")).to_arrow_table()
    by_line = connection.sql(
        "SELECT sheet, line_number, outcome FROM lines JOIN sources USING (source_id) ORDER BY source_id, line_number"
    ).to_arrow_table()
    return Account(by_line, told, _rejected(sources))


def _rejected(sources: list[Source]) -> list[dict[str, str]]:
    """Return what was said of tables that nobody judged, or not whole: it stands beside no line."""
    return [
        {"file": source.file_name, "sheet": source.sheet, "code": code, "message": message}
        for source in sources
        for code, message in dict.fromkeys([*([source.rejected] if source.rejected else []), *source.notes])
        if not source.contract or code not in READ_ANYWAY
    ]


def require_unmoved(found: Sequence[Entry], judged_on: Sequence[Entry]) -> None:
    """Raise RunConflict where something that a file was judged by has changed in the ledger meanwhile."""
    acts = (*PUBLISHING, WITHDRAW, ACKNOWLEDGE, RECORD_USAGE, "hold", "release")
    if any(entry.act in acts for entry in found[len(judged_on) :]):
        raise RunConflict("another act changed what is in force just now: take the file in again")


def account_text(
    counts: dict[str, int], findings: list[dict[str, Any]], rejected: Iterable[dict[str, str]] = ()
) -> list[str]:
    """Write an account: the lines by outcome, the first findings, and the tables that were not taken in."""
    text = [f"  lines       {sum(counts.values()):>9,}   " + ", ".join(f"{n:,} {name}" for name, n in counts.items())]
    for item in findings[:FINDINGS_TOLD]:
        place = " ".join(filter(None, (item["sheet"], f"line {item['line_number']}")))
        kept = "" if item["is_quarantine"] else " (counted)"
        text.append(f"    {place}: {item['reason_code']}{kept}  {item['reason_zh']}")
    if len(findings) > FINDINGS_TOLD:
        text.append(f"    and {len(findings) - FINDINGS_TOLD:,} more; --json lists all")
    for item in rejected:
        place = " / ".join(filter(None, (item["file"], item["sheet"])))
        text.append(f"  rejected    {place}: {item['code']}: {item['message']}")
    return text
