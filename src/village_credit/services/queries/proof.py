"""What a household or its lawyer can check without the bank: its published decision is in the bank's signed ledger."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date

from village_credit.errors import MissingInput
from village_credit.ledger.checkpoints import leaves_of, write_checkpoint
from village_credit.ledger.decision_tree import proven_line
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry, act_bytes
from village_credit.merkle import inclusion_path
from village_credit.services.queries.explain import explain
from village_credit.store.store import Store

ABOUT = "a decision, in the act that published it, in the ledger that the checkpoint signs; see docs/auditors.md"


@dataclass(frozen=True)
class Proof:
    """A line of a publication, the act that published it, and the paths that lead from each to a signed hash."""

    about: str
    line: str
    line_place: int
    lines: int
    line_path: list[str]
    act: str
    act_place: int
    act_path: list[str]
    checkpoint: str
    public_key: str


def prove(store: Store, key: str, on: date | None = None) -> Proof:
    """Prove what was decided of a household in the publication in force (on a day: at its end).

    Raises MissingInput where there is none, or where it was published by earlier code, which kept no root.
    """
    found = explain(store, key, on)
    ledger, product = Ledger.of(store), found["decision"]["product"]
    act = _published(ledger, found["publication_id"])
    line, leaves = proven_line(store, act.run_id, key, product), leaves_of(ledger)
    return Proof(
        ABOUT,
        line.text,
        line.place,
        line.lines,
        _written(line.path),
        act_bytes(act).decode("utf-8"),
        act.number - 1,
        _written(inclusion_path(leaves, act.number - 1)),
        write_checkpoint(store.keys, leaves),
        store.keys.public_key().hex(),
    )


def _published(ledger: Ledger, publication_id: str) -> Entry:
    """Return the act by which a publication first came: one that is brought back later decides nothing anew."""
    run_id = next(one.run_id for one in ledger.publications if one.publication_id == publication_id)
    found = next((e for e in ledger if e.run_id == run_id and "decisions_root" in e.details), None)
    if found is None:
        raise MissingInput(f"publication {publication_id} is older than proofs: its act names no root of its decisions")
    return found


def _written(path: list[bytes]) -> list[str]:
    return [base64.b64encode(each).decode("ascii") for each in path]
