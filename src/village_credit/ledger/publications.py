"""Which publications there are, and which are in force, one over the other, by the ledger.

A line is a household and a product. A whole county's publication decides every line of it anew. A batch of one product
says nothing of the households that it does not name: it lies over what was in force, and their lines stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from village_credit.ledger.log import Entry

PUBLISHING = ("publish", "rollback")  # acts that put a run in force


@dataclass(frozen=True)
class Publication:
    """A run in force for its county, or for one product of it.

    `restores`: the earlier publication that it brings back.
    """

    publication_id: str
    run_id: str
    county_code: str
    product: str | None
    as_of: str
    published_at: str
    number: int
    restores: str | None = None


@dataclass(frozen=True)
class Layer:
    """A publication in force over those before it: its lines of `product` (None: of all), and nothing else of it.

    `is_whole`: of that product (None: of the county) nothing below it stands.
    """

    publication: Publication
    product: str | None
    is_whole: bool

    @property
    def county_code(self) -> str:
        """Whose it is."""
        return self.publication.county_code


def publications(entries: Iterable[Entry]) -> list[Publication]:
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


def layers(every: Iterable[Publication]) -> list[Layer]:
    """Return what is in force of publications in the order of the ledger, each over those before it.

    A batch that is brought back restores its product's lines as they stood when it was published, those of the batches
    and of the county's publication below it too.
    """
    standing: dict[str, list[Layer]] = {}
    then: dict[str, list[Layer]] = {}  # by publication_id, what was in force once it was published
    for publication in every:
        below = standing.get(publication.county_code, [])
        standing[publication.county_code] = then[publication.publication_id] = _over(below, publication, then)
    return [layer for county in sorted(standing) for layer in standing[county]]


def _over(below: list[Layer], publication: Publication, then: dict[str, list[Layer]]) -> list[Layer]:
    product = publication.product
    if product is None:
        return [Layer(publication, None, is_whole=True)]
    if publication.restores is None:
        return [*below, Layer(publication, product, is_whole=False)]
    mine = [layer.publication for layer in then[publication.restores] if layer.product in (None, product)]
    again = [publication if one.publication_id == publication.restores else one for one in mine]
    restored = [Layer(one, product, is_whole=False) for one in again]
    others = [layer for layer in below if layer.product != product]
    return [*others, replace(restored[0], is_whole=True), *restored[1:]]


def in_force(entries: Iterable[Entry]) -> list[Publication]:
    """Return the publications of which something is in force, in the order of the ledger."""
    return standing(publications(entries))


def standing(every: Iterable[Publication]) -> list[Publication]:
    """Return what is left standing of publications in the order of the ledger, as `in_force` does."""
    found = {layer.publication.number: layer.publication for layer in layers(every)}
    return [found[number] for number in sorted(found)]
