"""What each changed figure of a policy does alone, to the households of what is published; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from village_credit.code_version import code_sha256
from village_credit.duckdb_session import cursor_over
from village_credit.policy.changed import Changed, Key, changes, deciding, pinned, with_one
from village_credit.policy.model import Policy, PolicyInForce
from village_credit.score.small_counts import hide_small
from village_credit.services.queries.diff import Side
from village_credit.services.queries.told_ways import COUNTS, WAYS, is_few, told_ways
from village_credit.sql_files import sql

CODE = {"name": "code", "whom": "", "before": None, "after": None}
FIGURES = ("households", *COUNTS, *WAYS, "yuan")
Effect = dict[str, Any]
NOTHING: Effect = dict.fromkeys(FIGURES, 0)


@dataclass(frozen=True)
class Tried:
    """A publication's households, ready to be decided under one policy or another.

    `decide` takes a policy in force; `old` is the publication's own policy on its day, `new` the tried one on its, both
    pinned. `day`: a day on which either may be asked. `is_of_this_code`: what it decided comes out the same today.
    """

    decide: Callable[[PolicyInForce], pa.Table]
    old: Policy
    new: Policy
    county_code: str
    day: date
    is_of_this_code: bool

    def under(self, keys: set[Key] | None = None) -> PolicyInForce:
        """Return its own policy with some things as the new one has them; all of them: None."""
        policy = self.new if keys is None else with_one(self.old, self.new, keys)
        return policy.in_force(self.day, self.county_code)

    def changed(self) -> list[Changed]:
        """Return what the new policy has otherwise."""
        return changes(self.old, self.new)

    def decides_otherwise(self, key: Key) -> bool:
        """Tell whether limits hang on one thing that the new policy has otherwise."""
        return deciding(self.under({key})) != deciding(self.under(set()))


def tried_on(
    decide: Callable[[PolicyInForce], pa.Table], old: PolicyInForce, new: PolicyInForce, manifest: dict[str, Any]
) -> Tried:
    """Lay a publication's own policy beside the one that is tried."""
    day = max(old.as_of, new.as_of)
    is_ours = bool(manifest["versions"]["code_sha256"] == code_sha256())
    return Tried(decide, pinned(old), pinned(new), old.county_code, day, is_ours)


def effects(
    publications: list[Tried],
    limits_of: Callable[[list[pa.Table]], pa.Table],
    before: Callable[[], pa.Table],
    whole: Effect,
) -> tuple[list[Effect], int | None]:
    """Return each changed thing's own effect, changed alone, and what is left: their interplay, whole yuan.

    An effect: name, whom, before, after; households, raised_yuan, lowered_yuan, yuan. Small counts are null, and with
    them the interplay; more and less too where either is of few. `limits_of` makes limits in force of what was decided
    of each publication, `before` gives those of before, `whole` is the effect of all changes at once.
    """
    found = {one.key: one for publication in publications for one in publication.changed()}
    is_ours = all(publication.is_of_this_code for publication in publications)
    if is_ours and len(found) <= 1:
        return _shown([_told(one) | whole for one in found.values()], 0 if found else whole["yuan"], whole)
    own, by_code = before(), NOTHING
    if not is_ours:
        anew = limits_of([one.decide(one.under(set())) for one in publications])
        own, by_code = anew, effect(own, anew)
    told: list[Effect] = [CODE | by_code] if by_code["households"] else []
    told += [_told(one) | _alone(one.key, publications, limits_of, own) for one in found.values()]
    return _shown(told, whole["yuan"] - sum(each["yuan"] for each in told), whole)


def _alone(
    key: Key, publications: list[Tried], limits_of: Callable[[list[pa.Table]], pa.Table], own: pa.Table
) -> Effect:
    """Return what one thing does alone; nothing is decided where limits do not hang on it."""
    if not any(publication.decides_otherwise(key) for publication in publications):
        return NOTHING
    return effect(own, limits_of([publication.decide(publication.under({key})) for publication in publications]))


def _shown(told: list[Effect], interplay: int, whole: Effect) -> tuple[list[Effect], int | None]:
    """Hide what few households are moved by or to one side, and the interplay, from which it would follow."""
    cells = [
        {"group": "", "change": place, **{name: each[name] for name in FIGURES}} for place, each in enumerate(told)
    ]
    shown = hide_small([cell for cell in cells if cell["households"]])
    found = [told[cell["change"]] | {name: cell[name] for name in FIGURES} for cell in shown]
    nobody = [each for each in told if not each["households"]]
    is_whole = all(cell["households"] is not None for cell in shown)
    is_told = is_whole and not is_few(whole["households"])
    return [told_ways(each) for each in (*found, *nobody)], interplay if is_told else None


def _told(one: Changed) -> Effect:
    return {name: value for name, value in asdict(one).items() if name != "key"}


def effect(before: pa.Table, after: pa.Table) -> Effect:
    """Return households, raised, lowered, raised_yuan, lowered_yuan and yuan of what moves between two sides."""
    query = sql("services.queries", "simulated_effect")
    sides = cursor_over({"limits_before": before, "limits_after": after})
    rows: list[Effect] = sides.sql(query).to_arrow_table().to_pylist()
    return rows[0]


def limits_of_side(side: Side) -> pa.Table:
    """Return the limits of a side: household_key, limit_yuan."""
    text = f"SELECT household_key, limit_yuan FROM ({side.decisions})"
    return cursor_over(side.inputs).sql(text).to_arrow_table()
