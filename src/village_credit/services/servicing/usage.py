"""What the core system says of contracts, draws and repayments is taken in.

By household, without a name or a contract's number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.china_calendar import today
from village_credit.duckdb_session import query_cursor
from village_credit.ingest.line_account import concat_rows
from village_credit.ledger.balances import NOTHING_DRAWN, owed_by_day
from village_credit.ledger.holds import stops
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_before
from village_credit.ledger.returned import CONTRACTS, RECORD_USAGE, SCHEMAS, seal_returned, sealed_rows
from village_credit.pseudonyms import Keys, household_ref, household_ref_before, row_key_hash
from village_credit.publish.outbox import packaged_for_branches
from village_credit.publish.recording import record
from village_credit.services.servicing.returned_file import (
    Account,
    Judged,
    Returned,
    account_of,
    read_returned,
    require_unmoved,
)
from village_credit.sql_files import sql
from village_credit.store.store import Store

TABLES = {"credit_contract": "contracts", "draw": "draws", "repayment": "repayments"}
# kind → table, day, purpose, number of the loan
MOVES = {"draw": ("draws", "drawn_on", "purpose", "loan_key"), "repayment": ("repayments", "paid_on", "NULL", "NULL")}
DAYS = {"credit_contract": "signed_on"} | {kind: day for kind, (_, day, *_) in MOVES.items()}
Row = dict[str, Any]
SAME_CONTRACT = ("household_key", "product", "signed_on")  # told again after a later publication too
STATED = pa.schema(
    [
        ("row_id", pa.int64()),
        ("contract_key", pa.string()),
        ("yuan", pa.decimal128(18, 2)),
        ("day", pa.date32()),
        ("purpose", pa.string()),
        ("loan", pa.string()),  # empty: the core system gave no number
    ]
)
STANDING = sql("services.servicing", "standing")
JUDGED = sql("services.servicing", "judged")
CHANGED = sql("services.servicing", "changed")


@dataclass(frozen=True)
class Recorded:
    """What a file of the core system came to: lines by outcome, rows taken in by kind, their sums.

    `superseded`: recorded rows that these took the place of; `rejected`: tables that were not taken in; `noop`:
    nothing was new.
    """

    file_sha256: str
    counts: dict[str, int]
    contracts: int
    draws: int
    drawn_yuan: Decimal
    repayments: int
    repaid_yuan: Decimal
    superseded: int
    findings: list[dict[str, Any]]
    rejected: list[dict[str, str]]
    noop: bool


@dataclass
class _Taken:
    """Rows of one kind: `new` of the file's lines; `others` undo recorded ones, or carry them to another household."""

    new: list[Row] = field(default_factory=list)
    others: list[Row] = field(default_factory=list)
    superseded: int = 0

    def rows(self) -> list[Row]:
        return [*self.others, *self.new]

    def sum_yuan(self) -> Decimal:
        return sum((row["amount_yuan"] for row in self.new), Decimal(0))


def record_usage(store: Store, path: Path, by: str, counties: Path | None = None) -> Recorded:
    """Take in contracts, draws and repayments (one file, one ledger entry), recognised by their headers.

    A row taken in before is a duplicate; of a day that is yet to come nothing has happened, and its row waits. A file
    whose name says that it corrects supersedes: its draws those recorded of the same contract and day, its repayments
    likewise, its contract the one of its number. The same bytes again are a no-op, unless what a row waited for, its
    day or its contract, has come meanwhile. Raises MissingInput where the file holds none of them, RunConflict where
    something was published meanwhile.
    """
    ledger = Ledger.of(store)
    returned = read_returned(path, tuple(TABLES), counties)
    book, judged = _Book(store, ledger, returned), Judged()
    come = {kind: _come(returned.rows[kind], day, judged) for kind, day in DAYS.items()}
    taken = {
        "contracts": book.take_contracts(come["credit_contract"], judged),
        "draws": book.take_moves("draw", come["draw"], judged),
        "repayments": book.take_moves("repayment", come["repayment"], judged),
    }
    book.note_draws(come["draw"], judged)
    if not book.is_known:
        _note_equal_draws(returned, judged)
    account = account_of(returned, judged)
    is_noop = book.is_known and not any(one.rows() for one in taken.values())
    if not is_noop:
        _record(store, ledger, by, returned, taken, account)
    return Recorded(
        returned.file.sha256,
        account.counts,
        len(taken["contracts"].new),
        len(taken["draws"].new),
        taken["draws"].sum_yuan(),
        len(taken["repayments"].new),
        taken["repayments"].sum_yuan(),
        sum(one.superseded for one in taken.values()),
        account.told(),
        account.rejected,
        is_noop,
    )


def _come(lines: list[Row], day: str, judged: Judged) -> list[Row]:
    """Turn rows of a day to come away, and return the others: money is owed from the day on which it was drawn."""
    now = today()
    for line in lines:
        if line[day] > now:
            judged.turn_away(line["row_id"], "USAGE_IN_FUTURE")
    return [line for line in lines if line[day] <= now]


def _note_equal_draws(returned: Returned, judged: Judged) -> None:
    """Note draws of a file that are equal to another of it and have no number: they may be two."""
    draws = concat_rows("draw", returned.account.accepted["draw"])
    unnumbered = draws.filter(pc.is_null(draws.column("loan_number"))).column("row_id")
    equal = returned.settled.filter(pc.equal(returned.settled.column("outcome"), "duplicate")).column("row_id")
    for row_id in equal.filter(pc.is_in(equal, unnumbered.combine_chunks())).to_pylist():
        judged.note(row_id, "EQUAL_DRAW")


def _record(
    store: Store, ledger: Ledger, by: str, returned: Returned, taken: dict[str, _Taken], account: Account
) -> None:
    """Freeze the bytes, seal the rows, and say so in the ledger."""
    store.freeze(returned.file.content, returned.file.sha256)
    rows = {name: pa.Table.from_pylist(one.rows(), schema=SCHEMAS[name]) for name, one in taken.items()}
    tables = {**rows, "lines": account.lines, "findings": account.findings}
    details = {
        "file_sha256": returned.file.sha256,
        "counts": account.counts,
        "rows": {name: table.num_rows for name, table in sorted(rows.items())},
        "superseded": {name: one.superseded for name, one in sorted(taken.items())},
        "tables": sorted(tables),
        **seal_returned(store, returned.file.sha256, tables),
    }
    record(store, RECORD_USAGE, by, "", details, lambda found: require_unmoved(found, ledger))


class _Book:
    """The contracts, draws and repayments that are known, by the keyed hash of the contract's number."""

    def __init__(self, store: Store, ledger: Ledger, returned: Returned) -> None:
        self.store, self.ledger, self.is_correction = store, ledger, returned.is_correction
        self.is_known = any(e.act == RECORD_USAGE and e.details["file_sha256"] == returned.file.sha256 for e in ledger)
        self.sealed = {name: sealed_rows(store, ledger, name) for name in TABLES.values()}
        told = self.sealed["contracts"].to_pylist()
        self.contracts = {row["contract_key"]: row for row in told}  # the last word on each
        self.told = {_contract_id(row) for row in told}
        self.lines_on = cache(self._lines_on)

    def take_contracts(self, lines: list[Row], judged: Judged) -> _Taken:
        """Take in the contracts that are new, by household, and those that correct or complete a known one."""
        told = _told_of(self.store, self.ledger, {line["household_ref"] for line in lines})
        taken = _Taken()
        for line in lines:
            found = told.get(line["household_ref"])
            if found is None:
                judged.turn_away(line["row_id"], "REFERENCE_UNKNOWN")
                continue
            key = _key(self.store.keys, line)
            row = {"contract_key": key, **found, "signed_on": line["signed_on"], "channel": line["channel"]}
            known = self.contracts.get(key)
            if known is None or self._replaces(row, known):
                taken.superseded += known is not None
                taken.new.append(row)
                self.contracts[key] = row
            else:
                self._turn_away_contract(line, row, known, judged)
        return taken

    def _replaces(self, row: Row, known: Row) -> bool:
        """Tell whether a contract says more than the known one, or corrects it.

        What the same bytes said does not again.
        """
        if _is_same(row, known):
            return known["channel"] is None and row["channel"] is not None
        return self.is_correction and not (self.is_known and _contract_id(row) in self.told)

    def _turn_away_contract(self, line: Row, row: Row, known: Row, judged: Judged) -> None:
        if _is_same(row, known):
            judged.repeat(line["row_id"])
        elif _contract_id(row) in self.told:
            judged.gone.append((line["row_id"], "superseded", None))
        else:
            judged.turn_away(line["row_id"], "CONFLICTING_ROWS")

    def take_moves(self, kind: str, lines: list[Row], judged: Judged) -> _Taken:
        """Take in the draws or repayments that are new, and undo what they correct."""
        name, day, *_ = MOVES[kind]
        keys = {line["row_id"]: _key(self.store.keys, line) for line in lines}
        for line in lines:
            if keys[line["row_id"]] not in self.contracts:
                judged.turn_away(line["row_id"], "CONTRACT_UNKNOWN")
        said = [
            {
                "row_id": line["row_id"],
                "contract_key": keys[line["row_id"]],
                "yuan": line["amount_yuan"],
                "day": line[day],
                "purpose": line.get("purpose"),
                "loan": _loan_key(self.store.keys, line),
            }
            for line in lines
            if keys[line["row_id"]] in self.contracts
        ]
        outcomes, changed = self._judge(kind, pa.Table.from_pylist(said, schema=STATED))
        judged.gone += [
            (row_id, outcome, None) for row_id, outcome in outcomes.items() if outcome in ("duplicate", "superseded")
        ]
        taken = _Taken(superseded=sum(row["is_over"] for row in changed))
        taken.new = [self._move(name, day, row) for row in said if outcomes[row["row_id"]] in ("new", "fills")]
        for row in changed:
            taken.others.append({**self._move(name, day, row), **_of(row), "amount_yuan": -row["yuan"]})
            taken.others += [] if row["is_over"] else [self._move(name, day, row)]
        new = pa.Table.from_pylist(taken.rows(), schema=SCHEMAS[name])
        self.sealed[name] = pa.concat_tables([self.sealed[name], new])
        return taken

    def _judge(self, kind: str, said: pa.Table) -> tuple[dict[int, str], list[Row]]:
        """Return each line's outcome by row_id, and the recorded moves that are over or of another household now."""
        name, day, purpose, loan = MOVES[kind]
        connection = query_cursor()
        contracts = pa.Table.from_pylist(list(self.contracts.values()), schema=CONTRACTS)
        for table, rows in (("recorded", self.sealed[name]), ("said", said), ("contracts", contracts)):
            connection.register(table, rows)
        connection.execute(STANDING.format(day=day, purpose=purpose, loan=loan))
        asked = {"corrects": self.is_correction, "is_known": self.is_known}
        connection.execute(JUDGED.format(day=day, purpose=purpose, loan=loan), asked)
        outcomes = dict(connection.execute("SELECT row_id, outcome FROM judged ORDER BY row_id").fetchall())
        return outcomes, connection.sql(CHANGED).to_arrow_table().to_pylist()

    def _move(self, name: str, day: str, row: Row) -> Row:
        """Return a move as it is sealed, under the household that its contract is of."""
        told = {"contract_key": row["contract_key"], **_of(self.contracts[row["contract_key"]])}
        told |= {"amount_yuan": row["yuan"], day: row["day"]}
        return told | ({"purpose": row["purpose"], "loan_key": row["loan"] or None} if name == "draws" else {})

    def note_draws(self, lines: list[Row], judged: Judged) -> None:
        """Note draws before their contract, and draws with which more is owed than the limit of their day."""
        gone = {row_id for row_id, *_ in judged.gone}
        owed = self._owed()
        for line in lines:
            if line["row_id"] in gone:
                continue
            contract = self.contracts[_key(self.store.keys, line)]
            if line["drawn_on"] < contract["signed_on"]:
                judged.note(line["row_id"], "DRAW_BEFORE_CONTRACT")
            limits = self.lines_on(contract["county_code"], line["drawn_on"])
            limit = limits.get((contract["household_key"], contract["product"]), 0)
            if owed[contract["household_key"], contract["product"], line["drawn_on"]] > limit:
                judged.note(line["row_id"], "DRAW_ABOVE_LIMIT")

    def _owed(self) -> dict[tuple[str, str, date], Decimal]:
        """Return what a household owes of a product at the end of each day on which something of it moved."""
        rows = owed_by_day(self.sealed["draws"], self.sealed["repayments"]).to_pylist()
        return {(row["household_key"], row["product"], row["day"]): row["owed_yuan"] for row in rows}

    def _lines_on(self, county_code: str, day: date) -> dict[tuple[str, str], int]:
        """Return the limits in force on a day, by household_key and product."""
        lines = lines_before(self.store, self.ledger, county_code, day + timedelta(days=1), NOTHING_DRAWN)
        named = zip(*(lines.column(name).to_pylist() for name in ("household_key", "product")), strict=True)
        return dict(zip(named, lines.column("limit_yuan").to_pylist(), strict=True))


def _key(keys: Keys, line: Row) -> str:
    return row_key_hash(keys, f"contract|{line['contract_number']}")


def _loan_key(keys: Keys, line: Row) -> str:
    """Return the keyed hash of a loan's number; empty where there is none."""
    number = line.get("loan_number")
    return row_key_hash(keys, f"loan|{number}") if number else ""


def _of(row: Row) -> Row:
    return {"household_key": row["household_key"], "product": row["product"]}


def _contract_id(row: Row) -> tuple[Any, ...]:
    return row["contract_key"], *(row[name] for name in SAME_CONTRACT), row["channel"]


def _is_same(row: Row, known: Row) -> bool:
    """Tell whether two rows are of one contract as it was signed; a channel that is left out is any."""
    channels = {row["channel"], known["channel"]} - {None}
    return len(channels) < 2 and all(known[name] == row[name] for name in SAME_CONTRACT)


def _told_of(store: Store, ledger: Ledger, wanted: set[str]) -> dict[str, Row]:
    """Find households by the references of any publication, holds' and releases' among them, the latest first."""
    found: dict[str, Row] = {}
    small = [publication for _, publication in stops(ledger)]
    for publication in sorted([*ledger.county_acts, *small], key=lambda p: p.number, reverse=True):
        if wanted <= found.keys():
            break
        told = packaged_for_branches(store, ledger, publication.publication_id)
        rows = told[1].select(["unit_code", "household_key", "product", "is_replaced"]).to_pylist() if told else []
        of = {"county_code": publication.county_code, "publication_id": publication.publication_id}
        for row in sorted(rows, key=lambda row: row["is_replaced"], reverse=True):
            asked = store.keys, publication.publication_id, row["unit_code"]
            refs = household_ref(*asked, row["product"]), household_ref_before(*asked)
            found |= {ref: {**_of(row), **of} for ref in refs if ref in wanted}
    return found
