"""A receipt's lines are judged one by one: which may count, and which limits they change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow.parquet as pq

from village_credit.china_calendar import day_in_china, today
from village_credit.duckdb_session import query_cursor
from village_credit.errors import UsageError
from village_credit.ledger.balances import drawn_before
from village_credit.ledger.branch_limits import branch_limits, branch_words
from village_credit.ledger.holds import HOLD, RELEASE, stops
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication
from village_credit.ledger.returned import ACKNOWLEDGE, sealed_rows
from village_credit.link.branches import Steps, code_steps, current_branch_code
from village_credit.policy.branch_authority import Authority, authority
from village_credit.policy.model import Policy
from village_credit.policy.sections import ProductName
from village_credit.pseudonyms import household_ref, household_ref_before
from village_credit.publish.branch_package import PACKAGE_DAYS
from village_credit.publish.outbox import packaged_for_branches
from village_credit.services.servicing.returned_file import Judged, Returned
from village_credit.store.store import Store

CHANGEABLE = ("grant", "change")
COLUMNS = ["unit_code", "household_key", "product", "action", "limit_yuan", "branch_code", "is_held", "is_replaced"]


@dataclass(frozen=True)
class _Told:
    """A publication, what it told by household_ref, and each household's policy limit of its run."""

    publication: Publication
    rows: dict[str, dict[str, Any]]
    policy_limits: dict[str, int]


@dataclass(frozen=True)
class _Published:
    """The published line that a branch's limit stands in place of, and what bounds that limit, whole yuan."""

    publication_id: str
    limit_yuan: int
    policy_limit_yuan: int


@dataclass(frozen=True)
class _Replaced:
    """What of a publication is no longer in force: all of it, lines, or households by holds."""

    is_gone: bool
    lines: frozenset[tuple[str, str]]  # household_key, product
    households: frozenset[str]

    def takes_over(self, row: dict[str, Any]) -> bool:
        return (
            self.is_gone
            or (row["household_key"], row["product"]) in self.lines
            or row["household_key"] in self.households
        )


class Judge:
    """Judges a receipt's lines one by one: `judged` says who does not stay accepted."""

    def __init__(self, store: Store, ledger: Ledger, policy: Policy, returned: Returned) -> None:
        self.store, self.ledger, self.policy, self.returned = store, ledger, policy, returned
        self.judged = Judged()
        self.today = today()
        self.small = {small.publication_id: (entry.act, small) for entry, small in stops(ledger)}
        self.numbers = {
            p.publication_id: p.number for p in [*ledger.county_acts, *(small for _, small in self.small.values())]
        }
        self.words = set(branch_words(ledger))
        self.known = {key: said.limit_yuan for key, said in branch_limits(ledger).items()}
        (
            self.told,
            self.replaced,
            self.authority,
            self.drawn,
            self.answered,
            self.named,
            self.lines_when,
            self.branch_steps,
        ) = (
            cache(self._told),
            cache(self._replaced),
            cache(self._authority),
            cache(self._drawn),
            cache(self._answered),
            cache(self._named),
            cache(self._lines_when),
            cache(self._branch_steps),
        )
        self.earlier = {self._subject(row): row for row in sealed_rows(store, ledger, "receipts").to_pylist()}
        self.counted = _counted(store, of_file(ledger, returned.file.sha256))

    def _told(self, publication_id: str) -> _Told | None:
        found = packaged_for_branches(self.store, self.ledger, publication_id)
        if found is None:
            return None
        publication, table = found
        rows = table.select(COLUMNS).to_pylist()
        refs = {household_ref(self.store.keys, publication_id, row["unit_code"], row["product"]): row for row in rows}
        for row in rows:
            if not row["is_replaced"]:
                refs.setdefault(household_ref_before(self.store.keys, publication_id, row["unit_code"]), row)
        return _Told(publication, refs, _policy_limits(self.store, publication.run_id))

    def _row(self, line: dict[str, Any]) -> dict[str, Any] | None:
        told = self.told(line["publication_id"])
        return told.rows.get(line["household_ref"]) if told else None

    def sender(self, said: str | None = None) -> str | None:
        """Return the branch that is said, or that of more than half of the lines whose household is known.

        None: no such.

        Raises UsageError where the publications that the file names know no branch of that code.
        """
        if said:
            known = self._branches()
            if known and said not in known:
                raise UsageError(
                    f"branch {said}: no such 机构号 in the publications that the file answers; give one of "
                    f"{', '.join(sorted(known))}"
                )
            return said
        rows = [
            row | {"as_of": told.publication.as_of}
            for line in self.returned.rows["receipt"]
            if (row := self._row(line)) and (told := self.told(line["publication_id"]))
        ]
        counted = Counter(self._codes_of(row["branch_code"], row["as_of"])[0] for row in rows).most_common(1)
        return counted[0][0] if counted and 2 * counted[0][1] > len(rows) else None

    def _branches(self) -> set[str]:
        """Name the branches of the runs whose publications the file answers, by the codes of then and of now."""
        named = {line["publication_id"] for line in self.returned.rows["receipt"]}
        runs = {(told.publication.run_id, told.publication.as_of) for name in named if (told := self.told(name))}
        return {
            code
            for run_id, as_of in sorted(runs)
            for row in pq.read_table(self.store.table(run_id, "branches"), partitioning=None).to_pylist()
            for code in self._codes_of(row["branch_code"], as_of)
        }

    def _branch_steps(self) -> Steps:
        """Return what changed of branches' codes until today, by what the bank told last of these counties."""
        named = {line["publication_id"] for line in self.returned.rows["receipt"]}
        counties = {told.publication.county_code for name in named if (told := self.told(name))}
        runs = [self.ledger.stagings(county)[-1].run_id for county in sorted(counties)]
        found: Steps = {}
        for path in (self.store.table_if_any(run_id, "branch_changes") for run_id in runs):
            if path:  # older runs have none
                found |= code_steps(pq.read_table(path, partitioning=None), self.today)
        return found

    def _codes_of(self, code: str, as_of: str) -> list[str]:
        """Return the codes under which a branch may answer: the present one, and its old one while it is no other's."""
        steps, day = self.branch_steps(), date.fromisoformat(as_of)
        present = current_branch_code(steps, code, day)
        is_taken = any(new == code and changed_on > day for new, changed_on in steps.values())
        return [present] if code == present or is_taken else [present, code]

    def run(self, sender: str | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Judge every line; return the receipts that count, and the limits that they change, by their days."""
        receipts, changed = [], []
        for line in sorted(self.returned.rows["receipt"], key=self._place):
            row = self._row(line)
            if row is not None and (line["publication_id"], row["household_key"], row["product"]) in self.counted:
                self.judged.repeat(line["row_id"])
                continue
            reason = self._fault(line, row, sender)
            if reason is not None or row is None:
                self.judged.turn_away(line["row_id"], reason or "REFERENCE_UNKNOWN")
                continue
            receipt = _receipt(line, row)
            before = self.earlier.get(self._subject(receipt))
            if before is not None and _same(before, receipt):
                self.judged.repeat(line["row_id"])
            elif before is not None and not self._is_newer(receipt, before):
                self.judged.turn_away(line["row_id"], "RECEIPT_CONTRADICTS")
            else:
                receipts.append(receipt)
                changed.extend(self._change(receipt, row, before))
                self.earlier[self._subject(receipt)] = receipt
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
        if sender is None or sender not in self._codes_of(row["branch_code"], told.publication.as_of):
            return "OTHER_BRANCH" if sender else "BRANCH_NOT_SAID"
        return (
            self._day_fault(told.publication, line["received_on"])
            or _outcome_fault(line, row)
            or self._limit_fault(line, row, told)
        )

    def _day_fault(self, publication: Publication, day: date) -> str | None:
        """A limit is in force from its receipt's day on: nobody can have received what is to come."""
        first, last = _days(publication)
        if not first <= day <= last:
            return "RECEIPT_DAY"
        return "RECEIPT_IN_FUTURE" if day > self.today else None

    def _replaced(self, publication_id: str) -> _Replaced:
        """Say what came after a publication, or after a hold or release with its small one."""
        told = self.told(publication_id)
        number = self.numbers.get(publication_id, 0)
        current = self.ledger.in_force_of(told.publication.county_code) if told else []
        acts = self.ledger.county_acts_of(told.publication.county_code) if told else []
        said_last = {one.publication_id for one in [*current, *acts[-1:]]}  # a withdrawal leaves nothing in force
        later = [one for one in current if one.number > number]
        lines = frozenset(line for one in later if one.product for line in self.named(one))
        if publication_id not in self.small:
            return _Replaced(publication_id not in said_last, lines, frozenset())
        moved = {e.details["household_key"] for e in self.ledger if e.number > number and e.act in (HOLD, RELEASE)}
        return _Replaced(any(one.product is None for one in later), lines, frozenset(moved))

    def _named(self, publication: Publication) -> list[tuple[str, str]]:
        """Name the lines that a batch decided: household_key and product."""
        path = self.store.table(publication.run_id, "decisions")
        rows = pq.read_table(path, columns=["household_key", "product"], partitioning=None).to_pylist()
        return [(row["household_key"], row["product"]) for row in rows if row["product"] == publication.product]

    def _authority(self, county_code: str, product: ProductName, day: date) -> Authority:
        return authority(self.policy.in_force(day, county_code), product)

    def _limit_fault(self, line: dict[str, Any], row: dict[str, Any], told: _Told) -> str | None:
        """Ask the policy of the receipt's day whether the branch may set the limit that it says."""
        asked = _limit(line)
        if asked is None or row["action"] not in CHANGEABLE:
            return None
        published = self._published(line["publication_id"], row)
        if published is None:
            return "NOTHING_TO_CHANGE"
        held = self.authority(told.publication.county_code, row["product"], line["received_on"])
        owed = self.drawn(line["received_on"]).get((row["household_key"], row["product"]), 0)
        fault = held.fault(asked, published.limit_yuan, published.policy_limit_yuan)
        return fault or ("BELOW_DRAWN" if asked < owed else None)

    def _drawn(self, day: date) -> dict[tuple[str, str], Decimal]:
        """Return what is drawn and not repaid at a day's end, by household_key and product."""
        rows = drawn_before(self.store, self.ledger, day + timedelta(days=1)).to_pylist()
        return {(row["household_key"], row["product"]): row["drawn_yuan"] for row in rows}

    def _answered(self, publication_id: str, household_key: str, product: str) -> str:
        """Name the publication whose line a receipt answers.

        Of a release, that in force for the line when it was made.
        """
        act, small = self.small.get(publication_id, ("", None))
        if small is None or act != RELEASE:
            return publication_id
        lines = self.lines_when(small.county_code, small.number)
        return lines.get((household_key, product), publication_id)

    def _lines_when(self, county_code: str, number: int) -> dict[tuple[str, str], str]:
        """Return the publication of each line that was in force for a county before an act."""
        rows = lines_in_force(self.store, self.ledger.before(number), county_code, with_holds=False).to_pylist()
        return {(row["household_key"], row["product"]): row["publication_id"] for row in rows}

    def _published(self, publication_id: str, row: dict[str, Any]) -> _Published | None:
        """Find the line in force behind a row that a branch was told; None where its publication has none."""
        publication_id = self.answered(publication_id, row["household_key"], row["product"])
        told = self.told(publication_id)
        if told is None:
            return None
        line = told.rows.get(household_ref(self.store.keys, publication_id, row["unit_code"], row["product"]))
        if line is None:
            return None
        return _Published(publication_id, line["limit_yuan"], told.policy_limits.get(row["household_key"], 0))

    def _subject(self, receipt: dict[str, Any]) -> tuple[str, str, str]:
        """Say what a receipt is of: a release's row is of the same line as the row that it gave free again."""
        line = receipt["household_key"], receipt["product"]
        return self.answered(receipt["publication_id"], *line), *line

    def _place(self, receipt: dict[str, Any]) -> tuple[date, int]:
        """Order receipts: by their days, of one day by what they answer."""
        return receipt["received_on"], self.numbers.get(receipt["publication_id"], 0)

    def _is_newer(self, receipt: dict[str, Any], before: dict[str, Any]) -> bool:
        """Tell whether a receipt takes an earlier one over: a later one does, and whatever says that it corrects it."""
        if self.returned.is_correction and receipt["publication_id"] == before["publication_id"]:
            return True
        return self._place(receipt) > self._place(before)

    def _change(
        self, receipt: dict[str, Any], row: dict[str, Any], before: dict[str, Any] | None
    ) -> list[dict[str, Any]]:
        """Return the ledger's word on a limit that is no longer what it was, or was so on another day.

        None where it is.
        """
        published = self._published(receipt["publication_id"], row)
        if row["action"] not in CHANGEABLE or published is None:
            return []
        key = (published.publication_id, receipt["household_key"], receipt["product"])
        limit = row["limit_yuan"] if receipt["limit_yuan"] is None else receipt["limit_yuan"]
        corrected = self._corrected_day(receipt, before)
        is_moved = corrected not in (None, receipt["received_on"]) and key in self.words
        if limit == self.known.get(key, published.limit_yuan) and not is_moved:
            return []
        self.known[key] = limit
        return [
            {
                "publication_id": published.publication_id,
                "household_key": receipt["household_key"],
                "product": receipt["product"],
                "published_yuan": published.limit_yuan,
                "limit_yuan": limit,
                "received_on": receipt["received_on"].isoformat(),
                "branch_code": row["branch_code"],
                "corrects_on": corrected and corrected.isoformat(),
            }
        ]

    def _corrected_day(self, receipt: dict[str, Any], before: dict[str, Any] | None) -> date | None:
        """Return the day of the receipt that this one corrects; None where it corrects none."""
        if before is None or not self.returned.is_correction:
            return None
        return before["received_on"] if receipt["publication_id"] == before["publication_id"] else None


def of_file(entries: Sequence[Entry], file_sha256: str) -> Sequence[Entry]:
    """Return the times that a file was taken in as a receipt, in the ledger's order."""
    return [e for e in entries if e.act == ACKNOWLEDGE and e.details["file_sha256"] == file_sha256]


def _counted(store: Store, entries: Sequence[Entry]) -> set[tuple[str, str, str]]:
    """Name the lines of a file that counted before: judged again they might take over what came since."""
    rows = sealed_rows(store, entries, "receipts").to_pylist()
    return {(row["publication_id"], row["household_key"], row["product"]) for row in rows}


def _days(publication: Publication) -> tuple[date, date]:
    """Return the first and last day that a receipt of a publication may say.

    Its run's day, and its packages' expiry.
    """
    as_of = date.fromisoformat(publication.as_of)
    published = max(as_of, day_in_china(publication.published_at))
    return as_of, published + timedelta(days=PACKAGE_DAYS)


def _limit(line: dict[str, Any]) -> Any:
    """Return the limit that a line sets, yuan; None where it takes the published one."""
    return {"imported": None, "refused": 0, "changed": line["branch_limit_yuan"]}[line["outcome"]]


def _outcome_fault(line: dict[str, Any], row: dict[str, Any]) -> str | None:
    """A line must not say one thing by its outcome and another by its figure."""
    said = line["branch_limit_yuan"]
    if line["outcome"] == "changed":
        return None if row["action"] in CHANGEABLE else "NOTHING_TO_CHANGE"
    # The package says 0 for a line that is held or removed, whatever was decided
    is_nil = line["outcome"] == "refused" or row["is_held"] or row["action"] == "remove"
    expected = 0 if is_nil else row["limit_yuan"]
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
    names = ("publication_id", "outcome", "received_on", "limit_yuan")
    return all(one[name] == other[name] for name in names)


def _policy_limits(store: Store, run_id: str) -> dict[str, int]:
    path = str(store.table(run_id, "waterfall"))
    query = "SELECT household_key, policy_limit_yuan FROM read_parquet($p, hive_partitioning = false)"
    return {key: int(limit or 0) for key, limit in query_cursor().execute(query, {"p": path}).fetchall()}
