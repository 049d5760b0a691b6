"""A receipt's lines are judged one by one: which may count, and which limits they change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb

from village_credit.acts.publish import told_to_branches
from village_credit.acts.returned import Judged, Returned
from village_credit.decide.authority import Authority, authority
from village_credit.decide.policy import Policy, ProductName
from village_credit.publish.branch_limits import branch_limits
from village_credit.publish.holds import HOLD, RELEASE, stops
from village_credit.publish.keys import household_ref
from village_credit.publish.ledger import Entry, Publication, in_force
from village_credit.publish.package import PACKAGE_DAYS
from village_credit.publish.returned import sealed_rows
from village_credit.publish.store import Store

CHANGEABLE = ("grant", "change")
COLUMNS = [
    "unit_code",
    "household_key",
    "product",
    "action",
    "decision",
    "limit_yuan",
    "branch_code",
    "is_held",
]


@dataclass(frozen=True)
class _Told:
    """A publication, what it told by household_ref, and each household's policy limit of its run."""

    publication: Publication
    rows: dict[str, dict[str, Any]]
    policy_limits: dict[str, int]


@dataclass(frozen=True)
class _Replaced:
    """What of a publication is no longer in force: all of it, some products, or some households' holds."""

    is_gone: bool
    products: frozenset[str | None]
    households: frozenset[str]

    def takes_over(self, row: dict[str, Any]) -> bool:
        return self.is_gone or row["product"] in self.products or row["household_key"] in self.households


class Judge:
    """Judges a receipt's lines one by one: `judged` says who does not stay accepted."""

    def __init__(self, store: Store, entries: list[Entry], policy: Policy, returned: Returned) -> None:
        self.store, self.entries, self.policy, self.returned = store, entries, policy, returned
        self.judged = Judged()
        self.current = in_force(entries)
        self.earlier = _last_receipts(store, entries)
        self.known = branch_limits(entries)
        self.told, self.replaced, self.authority = (
            cache(self._told),
            cache(self._replaced),
            cache(self._authority),
        )

    def _told(self, publication_id: str) -> _Told | None:
        found = told_to_branches(self.store, self.entries, publication_id)
        if found is None:
            return None
        publication, table = found
        rows = table.select(COLUMNS).to_pylist()
        refs = {household_ref(self.store.keys, publication_id, row["unit_code"]): row for row in rows}
        return _Told(publication, refs, _policy_limits(self.store, publication.run_id))

    def _row(self, line: dict[str, Any]) -> dict[str, Any] | None:
        told = self.told(line["publication_id"])
        return told.rows.get(line["household_ref"]) if told else None

    def sender(self) -> str | None:
        """Give the branch of more than half of the lines whose household is known; None where no branch has so many."""
        rows = [row for line in self.returned.rows["receipt"] if (row := self._row(line))]
        counted = Counter(row["branch_code"] for row in rows).most_common(1)
        return counted[0][0] if counted and 2 * counted[0][1] > len(rows) else None

    def run(self, sender: str | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Judge every line; gives the receipts that count, and the limits that they change, in the file's order."""
        receipts, changed = [], []
        for line in self.returned.rows["receipt"]:
            row = self._row(line)
            reason = self._fault(line, row, sender)
            if reason is not None or row is None:
                self.judged.turn_away(line["row_id"], reason or "REFERENCE_UNKNOWN")
                continue
            receipt = _receipt(line, row)
            before = self.earlier.get((receipt["publication_id"], receipt["household_key"]))
            if before is not None and _same(before, receipt):
                self.judged.repeat(line["row_id"])
            elif before is not None and not self._is_newer(receipt, before):
                self.judged.turn_away(line["row_id"], "RECEIPT_CONTRADICTS")
            else:
                receipts.append(receipt)
                changed.extend(self._change(receipt, row))
        return receipts, changed

    def _fault(self, line: dict[str, Any], row: dict[str, Any] | None, sender: str | None) -> str | None:
        """Name the first reason why a line may not count; None where it may."""
        told = self.told(line["publication_id"])
        if told is None:
            return "PUBLICATION_UNKNOWN"
        if row is None:
            return "REFERENCE_UNKNOWN"
        if self.replaced(line["publication_id"]).takes_over(row):
            return "PUBLICATION_SUPERSEDED"
        if row["branch_code"] != sender:
            return "OTHER_BRANCH" if sender else "BRANCH_NOT_SAID"
        if not _days(told.publication)[0] <= line["received_on"] <= _days(told.publication)[1]:
            return "RECEIPT_DAY"
        return _outcome_fault(line, row) or self._limit_fault(line, row, told)

    def _replaced(self, publication_id: str) -> _Replaced:
        """Say what came after a publication, or after a hold or release with its small one."""
        told = self.told(publication_id)
        publication = told.publication if told else None
        later = [p.product for p in self.current if publication and p.county_code == publication.county_code and p.number > publication.number]  # fmt: skip
        stop = next((e for e, small in stops(self.entries) if small.publication_id == publication_id), None)
        if stop is None:
            is_gone = publication_id not in {p.publication_id for p in self.current}
            return _Replaced(is_gone, frozenset(later), frozenset())
        moved = {e.details["household_key"] for e in self.entries if e.number > stop.number and e.act in (HOLD, RELEASE)}  # fmt: skip
        return _Replaced(bool(later), frozenset(), frozenset(moved))

    def _authority(self, county_code: str, product: ProductName, day: date) -> Authority:
        return authority(self.policy.in_force(day, county_code), product)

    def _limit_fault(self, line: dict[str, Any], row: dict[str, Any], told: _Told) -> str | None:
        """Ask the policy of the receipt's day whether the branch may set the limit that it says."""
        asked = _limit(line)
        if asked is None or row["action"] not in CHANGEABLE:
            return None
        held = self.authority(told.publication.county_code, row["product"], line["received_on"])
        return held.fault(asked, row["limit_yuan"], told.policy_limits.get(row["household_key"], 0))

    def _is_newer(self, receipt: dict[str, Any], before: dict[str, Any]) -> bool:
        """A later day takes an earlier receipt over; of the same day only a file that says that it corrects."""
        if receipt["received_on"] == before["received_on"]:
            return self.returned.is_correction
        return bool(receipt["received_on"] > before["received_on"])

    def _change(self, receipt: dict[str, Any], row: dict[str, Any]) -> list[dict[str, Any]]:
        """Give the ledger's word on a limit that is no longer what it was; none where it is."""
        if row["action"] not in CHANGEABLE or row["decision"] != "granted" or row["is_held"]:
            return []
        key = (receipt["publication_id"], receipt["household_key"], receipt["product"])
        now = self.known[key].limit_yuan if key in self.known else row["limit_yuan"]
        limit = row["limit_yuan"] if receipt["limit_yuan"] is None else receipt["limit_yuan"]
        if limit == now:
            return []
        said = {name: receipt[name] for name in ("publication_id", "household_key", "product")}
        return [{**said, "published_yuan": row["limit_yuan"], "limit_yuan": limit, "received_on": receipt["received_on"].isoformat(), "branch_code": row["branch_code"]}]  # fmt: skip


def _days(publication: Publication) -> tuple[date, date]:
    """Give the first and last day that a receipt of a publication may say: its run's day, and its packages' expiry."""
    as_of = date.fromisoformat(publication.as_of)
    published = max(as_of, date.fromisoformat(publication.published_at[:10]))
    return as_of, published + timedelta(days=PACKAGE_DAYS)


def _limit(line: dict[str, Any]) -> Any:
    """Give the limit that a line sets, yuan; None where it takes the published one."""
    return {"imported": None, "refused": 0, "changed": line["branch_limit_yuan"]}[line["outcome"]]


def _outcome_fault(line: dict[str, Any], row: dict[str, Any]) -> str | None:
    """A line must not say one thing by its outcome and another by its figure."""
    said = line["branch_limit_yuan"]
    if line["outcome"] == "changed":
        can_change = row["action"] in CHANGEABLE and row["decision"] == "granted" and not row["is_held"]
        return None if can_change else "NOTHING_TO_CHANGE"
    expected = 0 if line["outcome"] == "refused" or row["is_held"] else row["limit_yuan"]
    return None if said in (None, expected) else "OUTCOME_AND_LIMIT"


def _receipt(line: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    limit = _limit(line)
    return {
        "publication_id": line["publication_id"],
        "household_key": row["household_key"],
        "product": row["product"],
        "outcome": line["outcome"],
        "received_on": line["received_on"],
        "limit_yuan": None if limit is None else int(limit),
    }


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("outcome", "received_on", "limit_yuan"))


def _last_receipts(store: Store, entries: list[Entry]) -> dict[tuple[str, str], dict[str, Any]]:
    """Give the last receipt of each household and publication that counted."""
    rows = sealed_rows(store, entries, "receipts").to_pylist()
    return {(row["publication_id"], row["household_key"]): row for row in rows}


def _policy_limits(store: Store, run_id: str) -> dict[str, int]:
    path = str(store.require_run(run_id) / "waterfall.parquet")
    query = "SELECT household_key, policy_limit_yuan FROM read_parquet($p)"
    return {key: int(limit or 0) for key, limit in duckdb.connect().execute(query, {"p": path}).fetchall()}
