"""What the core system says of contracts, draws and repayments is taken in: by household, without a name or a contract's number."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from village_credit.acts.inputs import limits_in_force, publication_before
from village_credit.acts.publish import told_to_branches
from village_credit.acts.returned import (
    Judged,
    Returned,
    account_of,
    read_returned,
    require_unmoved,
)
from village_credit.publish.keys import Keys, household_ref, row_key_hash
from village_credit.publish.ledger import Entry, append, publications, read_ledger
from village_credit.publish.returned import (
    CONTRACTS,
    DRAWS,
    RECORD_USAGE,
    REPAYMENTS,
    SCHEMAS,
    seal_returned,
    sealed_rows,
)
from village_credit.publish.store import Store
from village_credit.publish.warehouse import build_warehouse

TABLES = {"credit_contract": "contracts", "draw": "draws", "repayment": "repayments"}
Row = dict[str, Any]
SAME_CONTRACT = (
    "household_key",
    "product",
    "signed_on",
    "channel",
)  # told again after a later publication too


@dataclass(frozen=True)
class Recorded:
    """What a file of the core system came to: lines by outcome, rows taken in by kind, their sums; `noop`: nothing was new."""

    file_sha256: str
    counts: dict[str, int]
    contracts: int
    draws: int
    drawn_yuan: Decimal
    repayments: int
    repaid_yuan: Decimal
    findings: list[dict[str, Any]]
    noop: bool


def record_usage(store: Store, path: Path, by: str, counties: Path | None = None) -> Recorded:
    """Take in contracts, draws and repayments (one file, one ledger entry), recognised by their headers.

    A row taken in before is a duplicate. The same bytes again are a no-op, unless the contract of a draw that waited has
    come meanwhile. Raises MissingInput where the file holds none of them, RunConflict where something was
    published meanwhile.
    """
    entries = read_ledger(store.root / "ledger")
    returned = read_returned(path, tuple(TABLES), counties)
    book = _Book(store, entries)
    judged = Judged()
    taken = {
        "contracts": book.take_contracts(returned.rows["credit_contract"], judged),
        "draws": book.take_moves("draw", returned.rows["draw"], judged),
        "repayments": book.take_moves("repayment", returned.rows["repayment"], judged),
    }
    book.note_draws(returned.rows["draw"], judged)
    account = account_of(returned, judged)
    is_known = any(
        e.act == RECORD_USAGE and e.details["file_sha256"] == returned.file.sha256 for e in entries
    )
    is_noop = is_known and not any(taken.values())
    if not is_noop:
        _record(store, entries, by, returned, taken, {"lines": account.lines, "findings": account.findings}, account.counts)  # fmt: skip
    return Recorded(
        returned.file.sha256,
        account.counts,
        len(taken["contracts"]),
        len(taken["draws"]),
        _sum(taken["draws"]),
        len(taken["repayments"]),
        _sum(taken["repayments"]),
        account.told(),
        is_noop,
    )


def _sum(rows: list[Row]) -> Decimal:
    return sum((row["amount_yuan"] for row in rows), Decimal(0))


def _record(
    store: Store, entries: list[Entry], by: str, returned: Returned, taken: dict[str, list[Row]], told: dict[str, pa.Table], counts: dict[str, int]
) -> None:  # fmt: skip
    """Freeze the bytes, seal the rows, and say so in the ledger."""
    store.freeze(returned.file.content, returned.file.sha256)
    rows = {name: pa.Table.from_pylist(taken[name], schema=SCHEMAS[name]) for name in taken}
    tables = {**rows, **told}
    details = {
        "file_sha256": returned.file.sha256,
        "counts": counts,
        "rows": {name: len(taken[name]) for name in sorted(taken)},
        "tables": sorted(tables),
        **seal_returned(store, returned.file.sha256, tables),
    }
    append(
        store.root / "ledger", RECORD_USAGE, by, "", details, lambda found: require_unmoved(found, entries)
    )
    build_warehouse(store)


class _Book:
    """The contracts, draws and repayments that are known, by the keyed hash of the contract's number."""

    def __init__(self, store: Store, entries: list[Entry]) -> None:
        self.store, self.entries = store, entries
        known = {name: sealed_rows(store, entries, name).to_pylist() for name in TABLES.values()}
        self.contracts = {row["contract_key"]: row for row in known["contracts"]}
        self.moves = {"draw": known["draws"], "repayment": known["repayments"]}
        self.seen = {kind: {_move_key(kind, row) for row in rows} for kind, rows in self.moves.items()}
        self.lines_on = cache(self._lines_on)

    def take_contracts(self, lines: list[Row], judged: Judged) -> list[Row]:
        """Give the contracts that are new, by household."""
        told = _told_of(self.store, self.entries, {line["household_ref"] for line in lines})
        taken = []
        for line in lines:
            found = told.get(line["household_ref"])
            if found is None:
                judged.turn_away(line["row_id"], "REFERENCE_UNKNOWN")
                continue
            key = _key(self.store.keys, line)
            row = {"contract_key": key, **found, "signed_on": line["signed_on"], "channel": line["channel"]}
            known = self.contracts.setdefault(key, row)
            if known is row:
                taken.append(row)
            elif all(known[name] == row[name] for name in SAME_CONTRACT):
                judged.repeat(line["row_id"])
            else:
                judged.turn_away(line["row_id"], "CONFLICTING_ROWS")
        return taken

    def take_moves(self, kind: str, lines: list[Row], judged: Judged) -> list[Row]:
        """Give the draws or repayments that are new; equal ones (contract, amount, day, purpose) are one."""
        names = (DRAWS if kind == "draw" else REPAYMENTS).names
        taken = []
        for line in lines:
            contract = self.contracts.get(_key(self.store.keys, line))
            if contract is None:
                judged.turn_away(line["row_id"], "CONTRACT_UNKNOWN")
                continue
            row = {name: contract[name] if name in CONTRACTS.names else line[name] for name in names}
            if _move_key(kind, row) in self.seen[kind]:
                judged.repeat(line["row_id"])
                continue
            self.seen[kind].add(_move_key(kind, row))
            taken.append(row)
        self.moves[kind] = [*self.moves[kind], *taken]
        return taken

    def note_draws(self, lines: list[Row], judged: Judged) -> None:
        """Note draws before their contract, and draws with which more is owed than the limit of their day."""
        repeated = {row_id for row_id, *_ in judged.gone}
        owed = self._owed_after_each_draw()
        for line in lines:
            contract = self.contracts.get(_key(self.store.keys, line))
            if contract is None or line["row_id"] in repeated:
                continue
            if line["drawn_on"] < contract["signed_on"]:
                judged.note(line["row_id"], "DRAW_BEFORE_CONTRACT")
            limits = self.lines_on(contract["county_code"], line["drawn_on"])
            limit = limits.get((contract["household_key"], contract["product"]), 0)
            if owed[contract["household_key"], contract["product"], line["drawn_on"]] > limit:
                judged.note(line["row_id"], "DRAW_ABOVE_LIMIT")

    def _owed_after_each_draw(self) -> dict[tuple[str, str, date], Decimal]:
        """Give what a household owes of a product at the end of each day on which it drew."""
        moves = defaultdict(list)
        for row in self.moves["draw"]:
            moves[row["household_key"], row["product"]].append((row["drawn_on"], row["amount_yuan"]))
        drawn_days = {key: {day for day, _ in rows} for key, rows in moves.items()}
        for row in self.moves["repayment"]:
            moves[row["household_key"], row["product"]].append((row["paid_on"], -row["amount_yuan"]))
        return {
            (*key, day): sum((amount for on, amount in moves[key] if on <= day), Decimal(0))
            for key, days in drawn_days.items()
            for day in days
        }

    def _lines_on(self, county_code: str, day: date) -> dict[tuple[str, str], int]:
        """Give the limits in force on a day, by household_key and product."""
        after = day + timedelta(days=1)
        before = publication_before(self.entries, county_code, after)
        rows = limits_in_force(self.store, before, after).to_pylist()
        return {(row["household_key"], row["product"]): row["limit_yuan"] for row in rows}


def _key(keys: Keys, line: Row) -> str:
    return row_key_hash(keys, f"contract|{line['contract_number']}")


def _move_key(kind: str, row: Row) -> tuple[Any, ...]:
    day, purpose = (row["drawn_on"], row["purpose"]) if kind == "draw" else (row["paid_on"], None)
    return row["contract_key"], row["amount_yuan"], day, purpose


def _told_of(store: Store, entries: list[Entry], wanted: set[str]) -> dict[str, Row]:
    """Find households by the references of any publication, the latest first."""
    found: dict[str, Row] = {}
    for publication in reversed(publications(entries)):
        if wanted <= found.keys():
            break
        told = told_to_branches(store, entries, publication.publication_id)
        rows = told[1].select(["unit_code", "household_key", "product"]).to_pylist() if told else []
        for row in rows:
            ref = household_ref(store.keys, publication.publication_id, row["unit_code"])
            if ref in wanted:
                of = {"county_code": publication.county_code, "publication_id": publication.publication_id}
                found[ref] = {"household_key": row["household_key"], "product": row["product"], **of}
    return found
