"""Delivered tables become typed rows and an account of their lines, file by file: what each intake begins with."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.county_terms import CountyTerms
from data_contracts.registry import ADVERSE, INCOMING, office_of
from village_credit.errors import ExtractRejected
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.read import read_file
from village_credit.identifiers import is_of_region
from village_credit.ingest.unread import bare_rows, unread_rows
from village_credit.intake import Source
from village_credit.sql_files import sql
from village_credit.texts import Texts, combined
from village_credit.validate.rows import FINDINGS, Batch, normalise, validate_rows

CORRECTION_WORDS = ("更正", "补报")
# The verb that takes a table in; every other comes in through the inbox
VERBS = {
    "receipt": "acknowledge",
    "credit_contract": "record-usage",
    "draw": "record-usage",
    "repayment": "record-usage",
}
COUNTS_NOWHERE = "COUNTS_NOWHERE"  # said of one that came through the inbox nevertheless
CUT_SHORT = "UNREADABLE_FILE"  # noted of a table: its header promises records that are not there
NO_FAULT = ("UNRECOGNISED", "OWN_SUMMARY")  # named, and nothing that anybody delivers again
# What an office finds its row by; an ID number where nothing else is named
OWN_KEYS = {
    "land_issuer": "issuer_code",
    "land_contractor": "contractor_code",
    "land_member": "contractor_code",
    "land_parcel": "parcel_code",
    "land_transfer": "transfer_code",
    "contractor_change": "old_code",
    "monitored_household": "monitored_code",
    "bank_conduct": "loan_number",
    "legal_basis": "agreement_number",
    "branch": "branch_code",
    "branch_change": "old_code",
    "trader_referral": "credit_code",
    "trader_turnover": "credit_code",
    "receipt": "household_ref",
    "credit_contract": "contract_number",
    "draw": "contract_number",
    "repayment": "contract_number",
    "campaign_plan": "campaign",
}


SPANS = pa.schema(
    [
        ("row_id", pa.int64()),
        ("source_id", pa.int64()),
        ("line_number", pa.int32()),
        ("last_line", pa.int32()),
        ("outcome", pa.string()),
        ("own_key", pa.string()),
        ("contract", pa.string()),
        ("row_key", pa.string()),
        ("correction_number", pa.string()),
    ]
)


NO_FINDINGS = FINDINGS.append(pa.field("source_id", pa.int64())).empty_table()
NO_LINE = pa.array([], pa.int32())
NO_LINES = pa.schema([("source_id", pa.int64()), ("line_number", pa.int32()), ("outcome", pa.string())]).empty_table()


@dataclass
class LineAccount:
    """Where rows and lines gather: of one file, numbered from 0, and of all files together."""

    sources: list[Source] = field(default_factory=list)
    accepted: dict[str, list[pa.Table]] = field(default_factory=lambda: {name: [] for name in INCOMING})
    spans: list[pa.Table] = field(default_factory=list)
    lines: list[pa.Table] = field(default_factory=list)  # source_id, line_number, outcome
    findings: list[pa.Table] = field(default_factory=list)  # FINDINGS with source_id, row_id
    unread: list[pa.Table] = field(default_factory=list)  # UNREAD: quarantined rows that must not get lost
    next_row: int = 0

    def add(self, other: LineAccount) -> None:
        """Let another account's sources and rows follow those that are here."""
        first_source, first_row = len(self.sources), self.next_row
        self.sources += [replace(source, source_id=first_source + source.source_id) for source in other.sources]
        self.next_row += other.next_row
        for name, parts in other.accepted.items():
            self.accepted[name] += [_moved(part, first_source, first_row) for part in parts]
        for name in ("spans", "lines", "findings", "unread"):
            getattr(self, name).extend(_moved(part, first_source, first_row) for part in getattr(other, name))


def _moved(table: pa.Table, first_source: int, first_row: int) -> pa.Table:
    """Number the sources and rows of a table on from those before."""
    for name, first in (("source_id", first_source), ("row_id", first_row)):
        if first and name in table.column_names:
            place = table.column_names.index(name)
            table = table.set_column(place, name, pc.add(table.column(name), first))
    return table


def open_files(files: Iterable[DeliveredFile], terms: CountyTerms, wanted: Container[str] = INCOMING) -> LineAccount:
    """Read and judge every table of every file by a county's terms; a byte copy is read and not judged.

    A table of a contract that is not `wanted` is layout, and noted.
    """
    return gathered(files, lambda file, *, is_copy: open_file(file, terms, wanted, is_copy=is_copy))


def gathered(files: Iterable[DeliveredFile], opened: Callable[..., LineAccount]) -> LineAccount:
    """Gather the accounts of files in their order; `opened` is asked for each, and told which one is a byte copy."""
    account = LineAccount()
    seen: set[str] = set()
    for file in files:
        account.add(opened(file, is_copy=file.sha256 in seen))
        seen.add(file.sha256)
    return account


def open_file(
    file: DeliveredFile, terms: CountyTerms, wanted: Container[str] = INCOMING, *, is_copy: bool = False
) -> LineAccount:
    """Read and judge every table of one file."""
    account = LineAccount()
    for table in read_file(file, terms):
        _take_table(account, table, terms, wanted, is_copy=is_copy)
    return account


def _take_table(
    account: LineAccount, table: Extract | Unrecognised, terms: CountyTerms, wanted: Container[str], *, is_copy: bool
) -> None:
    source = Source(
        len(account.sources),
        table.file.file_name,
        table.file.sha256,
        table.sheet,
        total_lines=table.total_lines,
        is_copy=is_copy,
    )
    account.sources.append(source)
    if isinstance(table, Unrecognised):
        source.notes.append((table.code, table.detail))
        if table.code not in NO_FAULT:
            source.rejected = (table.code, table.detail)
        _add_lines(account, source, range(1, table.total_lines + 1), "duplicate" if is_copy else "layout")
        return
    if table.contract not in wanted:
        verb = VERBS.get(table.contract)
        door = f"take it in with `{verb}`" if verb else "it comes in through the inbox"
        source.notes.append(("UNRECOGNISED", f"a table of {table.contract}: {door}"))
        _add_lines(account, source, range(1, table.total_lines + 1), "duplicate" if is_copy else "layout")
        return
    source.contract, source.office, source.place_hint = (table.contract, office_of(table.contract), table.place_hint)
    source.notes.extend(table.notes)
    if wanted is INCOMING and table.contract in VERBS:
        source.notes.append(
            (
                COUNTS_NOWHERE,
                (
                    f"a table of {table.contract} in the inbox is judged and counts nowhere: take it in with "
                    f"`{VERBS[table.contract]}`"
                ),
            )
        )
    source.dropped_columns = table.dropped_columns
    if is_copy:
        _add_lines(account, source, range(1, table.total_lines + 1), "duplicate")
        return
    _add_lines(account, source, table.layout_lines, "layout")
    _add_lines(account, source, [line for line, _ in table.condemned], "quarantined")
    _add_condemned(account, source, table.condemned)
    account.unread.append(_of_source(source, bare_rows(table)))
    _judge_extract(account, source, table, terms)


def _judge_extract(account: LineAccount, source: Source, extract: Extract, terms: CountyTerms) -> None:
    """Validate one extract; where it is rejected as a whole, each of its rows is quarantined with that reason."""
    if rejected := extract.rejected or _cut_short(extract):
        _reject(account, source, extract, rejected)
        return
    if is_of_region(source.file_name) and source.office != "bank":
        told = f"a table of {extract.contract} is one county's: put it into that county's folder of the inbox"
        _reject(account, source, extract, ("NOT_REGION_WIDE", told))
        return
    batch = Batch(extract.contract, extract.rows, extract.units, terms)
    try:
        normal = normalise(batch)
        accepted, findings = validate_rows(batch, normal)
    except ExtractRejected as rejection:
        _reject(account, source, extract, (rejection.code, str(rejection)))
        return
    source.units, source.changes = normal.units, normal.changes
    keys = normal.columns.get(OWN_KEYS.get(extract.contract, "id_number"))
    lines = combined(accepted.column("line_number"))
    account.unread.append(_of_source(source, unread_rows(extract, lines)))
    first = account.next_row
    _add_spans(account, source, extract.rows, lines, keys, _row_keys(extract.contract, normal.columns))
    account.findings.append(findings.append_column("source_id", _repeated(source.source_id, findings.num_rows)))
    _add_accepted(account, source, extract.rows, accepted, first)


def _cut_short(extract: Extract) -> tuple[str, str] | None:
    """Refuse a list of debts, listings or objections that promises more records than are there.

    Whoever stands in what is lacking would be judged as if nothing stood against him.
    """
    lacking = [text for code, text in extract.notes if code == CUT_SHORT]
    if not lacking or extract.contract not in ADVERSE:
        return None
    return CUT_SHORT, f"{extract.contract}: {lacking[0]}: what stands against people must be whole; deliver it again"


def _of_source(source: Source, rows: pa.Table) -> pa.Table:
    place = rows.column_names.index("source_id")
    return rows.set_column(place, "source_id", _repeated(source.source_id, rows.num_rows))


def _repeated(number: int, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(number, pa.int64()), count)


def _add_accepted(account: LineAccount, source: Source, rows: pa.Table, accepted: pa.Table, first_row: int) -> None:
    """Gather accepted rows with their source and their row_id: the table's rows count on from `first_row`."""
    places = pc.index_in(accepted.column("line_number"), combined(rows.column("line_number")))
    columns = accepted.append_column("row_id", pc.add(places.cast(pa.int64()), first_row)).append_column(
        "source_id", _repeated(source.source_id, accepted.num_rows)
    )
    account.accepted[source.contract].append(columns)


def _reject(account: LineAccount, source: Source, extract: Extract, why: tuple[str, str]) -> None:
    source.rejected = why
    account.unread.append(_of_source(source, unread_rows(extract, NO_LINE)))
    lines = extract.rows.column("line_number").to_pylist()
    _add_spans(account, source, extract.rows, NO_LINE)
    _add_condemned(account, source, [(line, "EXTRACT_REJECTED") for line in lines])


def _add_spans(
    account: LineAccount,
    source: Source,
    rows: pa.Table,
    accepted_lines: pa.Array,
    own_keys: Texts | None = None,
    row_keys: pa.Array | None = None,
) -> None:
    """Return each data row its row_id in reading order, and a first outcome."""
    count = rows.num_rows
    nothing = pa.nulls(count, pa.string())
    first = account.next_row
    is_accepted = pc.is_in(rows.column("line_number"), accepted_lines)
    account.spans.append(
        pa.table(
            {
                "row_id": pa.array(np.arange(first, first + count), pa.int64()),
                "source_id": _repeated(source.source_id, count),
                "line_number": rows.column("line_number"),
                "last_line": rows.column("last_line"),
                "outcome": pc.if_else(is_accepted, "accepted", "quarantined"),
                "own_key": nothing if own_keys is None else own_keys.of_rows(),
                "contract": pa.repeat(source.contract, count),
                "row_key": nothing if row_keys is None else row_keys,
                "correction_number": rows["correction_number"] if "correction_number" in rows.column_names else nothing,
            }
        )
    )
    account.next_row += count


def _row_keys(contract: str, columns: dict[str, Texts]) -> pa.Array | None:
    """Return the key by which a contract's rows supersede each other; none where a contract has no such key."""
    model = INCOMING[contract]
    fields = getattr(model, "superseding_key", None) or getattr(model, "unique_key", None)
    if not fields or any(name not in columns for name in fields):
        return None
    return pc.binary_join_element_wise(*(columns[name].of_rows() for name in fields), "|")  # null where one is


def _add_lines(account: LineAccount, source: Source, numbers: Iterable[int], outcome: str) -> None:
    lines = list(numbers)
    account.lines.append(
        pa.table(
            {
                "source_id": pa.array([source.source_id] * len(lines), pa.int64()),
                "line_number": pa.array(lines, pa.int32()),
                "outcome": pa.array([outcome] * len(lines), pa.string()),
            }
        )
    )


def _add_condemned(account: LineAccount, source: Source, condemned: list[tuple[int, str]]) -> None:
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
    account.findings.append(table.append_column("source_id", pa.array([source.source_id] * count, pa.int64())))


def concat_rows(contract: str, parts: list[pa.Table]) -> pa.Table:
    """Join a contract's extracts; an undelivered contract has its columns and no rows."""
    if parts:
        return pa.concat_tables(parts)
    empty = pa.table({"line_number": pa.array([], pa.int32()), "last_line": pa.array([], pa.int32())})
    accepted, _ = validate_rows(Batch(contract, empty), normalise(Batch(contract, empty)))
    return accepted.append_column("row_id", pa.array([], pa.int64())).append_column(
        "source_id", pa.array([], pa.int64())
    )


def correcting_sources(sources: Iterable[Source]) -> pa.Table:
    """Name the sources whose path says that they correct."""
    named = [s.source_id for s in sources if any(word in s.file_name for word in CORRECTION_WORDS)]
    return pa.table({"source_id": pa.array(named, pa.int64())})


LINES = sql("ingest", "lines")


def settle_lines(connection: duckdb.DuckDBPyConnection, account: LineAccount, gone: pa.Table) -> pa.Table:
    """Return each physical line its one outcome: source_id, line_number, outcome, row_id.

    `gone`: rows that did not stay accepted (row_id, outcome, reason_code). Leaves the tables `spans` and `gone` behind.
    """
    for name, table in {
        "spans": pa.concat_tables(account.spans) if account.spans else SPANS.empty_table(),
        "loose": pa.concat_tables([NO_LINES, *account.lines]),
        "gone": gone,
    }.items():
        connection.register(name, table)
    connection.execute(sql("ingest", "settle_lines"))
    return connection.sql(LINES).to_arrow_table()
