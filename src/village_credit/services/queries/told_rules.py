"""How many households each rule decides becomes what may be told of it: never how few went from one to another.

Who knows that a change of policy moves households one way alone would have them from the counts on either side. So a
rule by which few more, or few fewer, are decided is not counted under the tried policy, here or by reason, nor are so
many others that its count could be reckoned from the whole, which is the same on both sides.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries.told_ways import is_few

BEFORE, AFTER = "before", "after"
AS_REASON = {"relief": "RELIEF_KEPT"}  # a rule that the table by reason has under another word
Cell = dict[str, Any]


def told_rules(cells: list[Cell]) -> tuple[list[Cell], set[str]]:
    """Return cells (group before or after, change a rule, households) as they may be told, and rules not counted.

    These are not told under the tried policy though they may be of many.
    """
    moved = _moved(cells)
    untold = {rule for rule, count in moved.items() if is_few(abs(count))}
    while True:
        places = {place for place, cell in enumerate(cells) if cell["group"] == AFTER and cell["change"] in untold}
        told = hide_small(cells, untold=_apart(cells, places, "group"))
        hidden = {cell["change"] for cell in told if cell["households"] is None}
        shown = {rule: count for rule, count in moved.items() if rule not in hidden and count}
        more = [rule for rule in shown if rule not in untold]  # none who is decided by it now: there is no cell to hide
        if not more or not is_few(abs(sum(shown.values()))):
            return told, untold
        untold.add(min(more, key=lambda rule: (abs(shown[rule]), rule)))


def _moved(cells: list[Cell]) -> dict[str, int]:
    """Return by rule how many more households it decides than it did, or fewer."""
    moved = dict.fromkeys((cell["change"] for cell in cells), 0)
    for cell in cells:
        moved[cell["change"]] += cell["households"] * (1 if cell["group"] == AFTER else -1)
    return moved


def places_of(cells: list[Cell], rules: Collection[str]) -> set[int]:
    """Return the places of a table by rule (group) that are told nowhere, so that no count of `rules` follows."""
    groups = {*rules, *(AS_REASON[rule] for rule in rules if rule in AS_REASON)}
    return _apart(cells, {place for place, cell in enumerate(cells) if cell["group"] in groups}, "change")


def _apart(cells: list[Cell], untold: set[int], line: str) -> set[int]:
    """Add to untold cells the smallest others of their lines until each could be other by many, and the total stay."""
    found = set(untold)
    for name in {cells[place][line] for place in untold}:
        mine = [place for place, cell in enumerate(cells) if cell[line] == name]
        shown = sorted((place for place in mine if place not in found), key=lambda at: cells[at]["households"])
        gone = [cells[place]["households"] for place in mine if place in found]
        most = max(cells[place]["households"] for place in mine if place in untold)
        while shown and sum(gone) - most < LEAST_GROUP:
            found.add(shown[0])
            gone.append(cells[shown.pop(0)]["households"])
    return found
