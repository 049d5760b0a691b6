"""Of several columns that mean one field, the one that the contract or the county's terms rank first; never a guess."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from unicodedata import normalize

from data_contracts.fields import Kind
from data_contracts.prohibited import prohibited_header
from data_contracts.registry import FieldSpec

HEAD = "户主"  # 户主姓名, 户主身份证号: of the household's head, where 姓名 may be anybody's
PERSONAL = (Kind.NAME, Kind.ID)
Clashes = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Label:
    """One header cell in the spellings under which a contract may know it."""

    index: int
    spellings: tuple[str, ...]  # whole, without its unit, without any bracket
    rest: str
    unit: str | None
    whole: str = ""  # as it stands there, normalised

    @cached_property
    def fate(self) -> str:
        """Attribute, account or undeclared, where no contract knows it."""
        return prohibited_header(self.rest) or "undeclared"

    @property
    def is_of_head(self) -> bool:
        """Tell whether the header says that it is the head's."""
        return self.rest.startswith(HEAD)


def choose(
    specs: Iterable[FieldSpec], claims: dict[str, list[Label]], *, is_of_head: bool
) -> tuple[dict[str, Label], Clashes]:
    """Return each field's column, and the headers of each field whose columns nothing ranks (the first stands in)."""
    chosen = {name: labels[0] for name, labels in claims.items()}
    rivals = [spec for spec in specs if len(claims.get(spec.name, ())) > 1]
    clashes: list[tuple[str, ...]] = []
    by_role = False
    for spec in rivals:
        winner = _ranked(spec, claims[spec.name])
        if winner is None and spec.kind in PERSONAL:
            winner = _of_role(claims[spec.name], is_of_head=is_of_head)
            by_role = by_role or winner is not None
        if winner is None:
            clashes.append(tuple(label.rest for label in claims[spec.name]))
        else:
            chosen[spec.name] = winner
    if by_role and not clashes:
        clashes = _of_two_people(specs, chosen, is_of_head=is_of_head)
    return chosen, tuple(clashes)


def _ranked(spec: FieldSpec, labels: list[Label]) -> Label | None:
    """Return the column that a chain of the contract or the county puts before each other one."""
    chains = [tuple(normalize("NFKC", header).upper() for header in chain) for chain in spec.column.ranked]
    for label in labels:
        others = [other for other in labels if other is not label]
        if all(any(_precedes(chain, label, other) for chain in chains) for other in others):
            return label
    return None


def _precedes(chain: tuple[str, ...], one: Label, other: Label) -> bool:
    places = [[chain.index(s) for s in label.spellings if s in chain] for label in (one, other)]
    return bool(places[0] and places[1]) and min(places[0]) < min(places[1])


def _of_role(labels: list[Label], *, is_of_head: bool) -> Label | None:
    """Return the one column that is the head's, or that is not, as the contract's person is."""
    fitting = [label for label in labels if label.is_of_head == is_of_head]
    return fitting[0] if len(fitting) == 1 else None


def _of_two_people(specs: Iterable[FieldSpec], chosen: dict[str, Label], *, is_of_head: bool) -> list[tuple[str, ...]]:
    """Return the headers of a name and a number that are of two people, one the head and one anybody."""
    personal = [chosen[spec.name] for spec in specs if spec.kind in PERSONAL and spec.name in chosen]
    if all(label.is_of_head == is_of_head for label in personal):
        return []
    return [tuple(label.rest for label in personal)]
