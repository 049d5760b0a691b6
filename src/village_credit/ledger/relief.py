"""Which declarations of relief stand for a county, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from data_contracts.relief import ReliefDeclaration
from village_credit.ledger.log import Entry

RELIEF = "relief"


@dataclass(frozen=True)
class DeclaredRelief:
    """A declaration as it was last made, with the hashes of every file of proofs that came to it."""

    declaration: ReliefDeclaration
    proofs: tuple[str, ...]
    declared_at: str
    declared_by: str

    def content(self) -> dict[str, Any]:
        """Return what decisions depend on: the declaration and its proofs, not who brought them when."""
        return {"declaration": self.declaration.model_dump(mode="json", by_alias=True), "proofs": list(self.proofs)}


def relief_in_force(entries: Iterable[Entry], county_code: str) -> list[DeclaredRelief]:
    """Return a county's declarations by document: the last one of each counts, proofs of all of them add up."""
    last: dict[str, DeclaredRelief] = {}
    proofs: dict[str, set[str]] = {}
    for entry in entries:
        if entry.act == RELIEF:
            declaration = ReliefDeclaration.model_validate(entry.details["declaration"])
            known = proofs.setdefault(declaration.document, set())
            known.update(entry.details["proofs"])
            last[declaration.document] = DeclaredRelief(declaration, tuple(sorted(known)), entry.at, entry.by)
    return [last[name] for name in sorted(last) if county_code in last[name].declaration.counties()]
