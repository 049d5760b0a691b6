"""Which publications there are and which are in force, by the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from village_credit.ledger.log import Entry

PUBLISHING = ("publish", "rollback")  # acts that put a run in force


@dataclass(frozen=True)
class Publication:
    """A run in force for its county, or for one product of it; `restores`: the earlier publication that it brings back."""

    publication_id: str
    run_id: str
    county_code: str
    product: str | None
    as_of: str
    published_at: str
    number: int
    restores: str | None = None


def publications(entries: list[Entry]) -> list[Publication]:
    """Return every publication in the order of the ledger; a rollback is one."""
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
        )
        for e in entries
        if e.act in PUBLISHING
    ]


def in_force(entries: list[Entry]) -> list[Publication]:
    """Return the publications in force: the last of each county, and the last of each product since."""
    return standing(publications(entries))


def standing(every: list[Publication]) -> list[Publication]:
    """Return what is left standing of publications in the order of the ledger, as `in_force` does."""
    current: dict[tuple[str, str | None], Publication] = {}
    for publication in every:
        if publication.product is None:
            current = {key: value for key, value in current.items() if key[0] != publication.county_code}
        current[publication.county_code, publication.product] = publication
    return sorted(current.values(), key=lambda publication: publication.number)
