"""Which publications there are, and which are in force, one over the other, by the ledger.

A line is a household and a product. A whole county's publication decides every line of it anew. A batch of one product
says nothing of the households that it does not name: it lies over what was in force, and their lines stay as they are.
A withdrawal decides nothing: after it nothing of its county is in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from village_credit.ledger.log import Entry

PUBLISHING = ("publish", "rollback")  # acts that put a run in force
WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Publication:
    """A run in force for its county, or for one product of it.

    `restores`: the earlier publication that it brings back. `withdraws`: those that it takes out of force, putting
    nothing in their place; its run is the whole county's of them.
    """

    publication_id: str
    run_id: str
    county_code: str
    product: str | None
    as_of: str
    published_at: str
    number: int
    restores: str | None = None
    withdraws: tuple[str, ...] = ()


def publications(entries: Iterable[Entry]) -> list[Publication]:
    """Return every publication in the order of the ledger; a rollback is one, a withdrawal is none."""
    return [publication for publication in county_acts(entries) if not publication.withdraws]


def county_acts(entries: Iterable[Entry]) -> list[Publication]:
    """Return whatever moved what is in force for a county, in the order of the ledger; a withdrawal too."""
    return [
        Publication(
            e.details["publication_id"],
            e.run_id,
            e.details["county_code"],
            e.details["product"],
            e.details["as_of"],
            e.at,
            e.number,
            e.details.get("restores"),
            tuple(e.details.get("withdraws", ())),
        )
        for e in entries
        if e.act in (*PUBLISHING, WITHDRAW)
    ]


def in_force(entries: Iterable[Entry]) -> list[Publication]:
    """Return the publications of which something is in force, each over those before it."""
    return standing(county_acts(entries))


def standing(every: Iterable[Publication]) -> list[Publication]:
    """Return what is left standing of a ledger's `county_acts`, in its order, each over those before it.

    A batch that is brought back comes with the batches of its product that stood when it was published, and takes away
    those that came after; what the county's publication says of everybody else stays.
    """
    now = {act.county_code: stands for act, stands in after_each(every)}
    left = [publication for county in now.values() for publication in county]
    return sorted(left, key=lambda publication: publication.number)


def after_each(every: Iterable[Publication]) -> Iterator[tuple[Publication, list[Publication]]]:
    """Yield each of a ledger's `county_acts` with what stands of its county once it is done."""
    now: dict[str, list[Publication]] = {}
    then: dict[str, list[Publication]] = {}  # by publication_id, what was in force once it was published
    for act in every:
        below = now.get(act.county_code, [])
        now[act.county_code] = then[act.publication_id] = _over(below, act, then)
        yield act, now[act.county_code]


def _over(below: list[Publication], publication: Publication, then: dict[str, list[Publication]]) -> list[Publication]:
    product = publication.product
    if publication.withdraws:
        return []
    if product is None:
        return [publication]
    if publication.restores is None:
        return [*below, publication]
    again = [one for one in then[publication.restores] if one.product == product]
    return [*(one for one in below if one.product != product), *again[:-1], publication]
