"""The ledger as it stands: read once, asked as often as one likes, and cut back to what it was before an act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import overload

from village_credit.china_calendar import day_in_china
from village_credit.ledger.log import Entry, read_ledger
from village_credit.ledger.publications import Publication, county_acts, standing
from village_credit.store.store import Store, sha256_of

STAGE, APPROVE = "stage", "approve"


def is_told(entry: Entry, manifest: bytes) -> bool:
    """Tell whether a run's manifest is the one that an act names; acts of older code name none."""
    return entry.details.get("manifest_sha256") in (None, sha256_of(manifest))


class Ledger(Sequence[Entry]):
    """The acts of a store in their order, as they were read; what is written later is in another."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Keep entries that were read and whose chain was checked."""
        self.entries = tuple(entries)

    @classmethod
    def of(cls, store: Store) -> Ledger:
        """Read a store's ledger; raises VerificationFailed where its chain is broken."""
        return cls(read_ledger(store.ledger_folder))

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Entry]: ...
    def __getitem__(self, place: int | slice) -> Entry | Sequence[Entry]:
        """Return an entry by its place from 0, or several."""
        return self.entries[place]

    def __len__(self) -> int:
        """Count the acts."""
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        """Go through the acts in their order."""
        return iter(self.entries)

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same acts."""
        return isinstance(other, Ledger) and self.entries == other.entries

    def __hash__(self) -> int:
        """Hash the last act, which chains the others."""
        return hash(self.entries[-1:])

    def before(self, number: int) -> Ledger:
        """Return the ledger as it was before the act of a number."""
        return Ledger([entry for entry in self.entries if entry.number < number])

    def read_by(self, run_id: str) -> Ledger:
        """Return the ledger that a run was computed from; of one that was never staged, as it is now.

        What was written while the run's county was being read is not in it.
        """
        staged = self.staged(run_id)
        return self if staged is None else self.before(staged.details.get("acts_read", staged.number - 1) + 1)

    def until(self, day: date) -> Ledger:
        """Return the ledger as it was at the end of a day in China."""
        later = next((entry.number for entry in self.entries if day_in_china(entry.at) > day), None)
        return self if later is None else self.before(later)

    @cached_property
    def county_acts(self) -> list[Publication]:
        """Every publication, rollback and withdrawal, in the order of the ledger."""
        return county_acts(self.entries)

    def county_acts_of(self, county_code: str) -> list[Publication]:
        """Return a county's publications, rollbacks and withdrawals in the order of the ledger."""
        return [act for act in self.county_acts if act.county_code == county_code]

    @cached_property
    def publications(self) -> list[Publication]:
        """Every publication, a rollback too, in the order of the ledger."""
        return [act for act in self.county_acts if not act.withdraws]

    def publications_of(self, county_code: str) -> list[Publication]:
        """Return a county's publications in the order of the ledger."""
        return [p for p in self.publications if p.county_code == county_code]

    @cached_property
    def in_force(self) -> list[Publication]:
        """Every publication of which something is in force, each over those before it."""
        return standing(self.county_acts)

    def in_force_of(self, county_code: str) -> list[Publication]:
        """Return what is in force for a county, the later over the earlier."""
        return [publication for publication in self.in_force if publication.county_code == county_code]

    def staged(self, run_id: str) -> Entry | None:
        """Return the entry that staged a run."""
        return next((e for e in self.entries if e.act == STAGE and e.run_id == run_id), None)

    def stagings(self, county_code: str) -> Sequence[Entry]:
        """Return the entries that staged a county's runs."""
        return [e for e in self.entries if e.act == STAGE and e.details["county_code"] == county_code]

    def approval(self, run_id: str) -> Entry | None:
        """Return the entry that signed a run."""
        return next((e for e in self.entries if e.act == APPROVE and e.run_id == run_id), None)

    def status(self, run_id: str) -> str:
        """Say how far a run has come: staged, approved, published, superseded or withdrawn.

        Published: something of it is in force.
        """
        if any(p.run_id == run_id for p in self.in_force):
            return "published"
        if any(p.run_id == run_id for p in self.publications):
            return "superseded" if self.withdrawal_of(run_id) is None else "withdrawn"
        return "staged" if self.approval(run_id) is None else "approved"

    def withdrawal_of(self, run_id: str) -> Publication | None:
        """Return the act that took the last publication of a run out of force; None: none did."""
        last = next((p.publication_id for p in reversed(self.publications) if p.run_id == run_id), None)
        return next((act for act in self.county_acts if last in act.withdraws), None)
