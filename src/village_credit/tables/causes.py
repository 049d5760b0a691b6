"""What differs between two runs, cause by cause, and in which order one after another is taken over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# The order is part of the definition: another order would share out differently what two causes do together. The day
# comes before what was delivered by then, of which much counts from a day on.
CAUSES = (
    "code",
    "batch",
    "day",
    "deliveries",
    "terms",
    "links",
    "rules",
    "scorecard",
    "policy",
    "publications",
    "draws",
    "lineage",
    "relief",
    "reviews",
    "signatures",
    "holds",
    "branch",
    "renewal",
    "budget",
)
# Where a manifest says what a cause is; the others are seen in the tables alone.
SAID = {
    "batch": ("product",),
    "deliveries": ("inputs",),
    "links": ("link_verdicts_sha256",),
    "day": ("as_of",),
    "publications": ("in_force_sha256",),
    "lineage": ("successors_sha256",),
    "relief": ("relief_sha256",),
    "reviews": ("reviews_sha256", "supplied_sha256"),
    "holds": ("holds_sha256",),
    "branch": ("branch_words_sha256",),
    "renewal": ("renewals_sha256",),
}
VERSIONS = {
    "code": "code_sha256",
    "terms": "county_terms_sha256",
    "scorecard": "scorecard_sha256",
    "policy": "policy_sha256",
}
# What of a run's tables is taken over at once, and with which cause: the first of these that differs, else the first.
PIECES = {
    "batch": ("batch",),
    "day": ("day",),
    "scores": ("scorecard",),
    "policy": ("policy",),
    "disputed": ("day", "deliveries", "terms", "links", "scorecard", "policy", "publications"),
    "lines": ("publications", "branch", "day", "deliveries"),
    "drawn": ("draws",),
    "lineage": ("lineage", "deliveries", "publications", "day", "draws"),
    "relief": ("relief", "deliveries", "publications", "day", "policy"),
    "reviews": ("reviews",),
    "signatures": ("signatures",),
    "holds": ("holds",),
    "branch": ("branch", "day"),
    "renewal": ("renewal",),  # a line that is over is its, whether a day, a publication or a signature made it so
}
MEASURED_BY = ("code", "day", "deliveries", "terms", "links", "rules", "relief")  # what facts are measured from
JOINED = "+"


@dataclass(frozen=True)
class Step:
    """What is taken over at once: the cause (several, where the tables do not tell them apart), and its pieces."""

    cause: str
    pieces: tuple[str, ...]


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return the causes that are not the same in two runs' manifests."""
    found = {cause for cause, names in SAID.items() if any(before.get(name) != after.get(name) for name in names)}
    versions = before["versions"], after["versions"]
    return found | {cause for cause, name in VERSIONS.items() if versions[0].get(name) != versions[1].get(name)}


def steps(differ: set[str], *, measured_by: set[str] | None, is_scored_apart: bool, is_day_apart: bool) -> list[Step]:
    """Return what is taken over, one after another; nobody says yet whether anything of it differs.

    `differ`: the causes that do. `measured_by`: those that facts may differ by, `rules` where the policy measures
    otherwise; None: the facts are the same. `is_scored_apart`: one card can score what the other run measured;
    `is_day_apart`: one policy has figures on the other run's day.
    """
    together = set() if measured_by is None else _together(measured_by)
    if together and not is_scored_apart:
        together.add("scorecard")
    if not is_day_apart:
        together |= {"day", "policy"}
    homes = {piece: _home(causes, differ) for piece, causes in PIECES.items()}
    if measured_by is not None:
        homes["facts"] = _first(together)
        homes["scores"] = "scorecard" if "scorecard" in differ else homes["facts"]
    pulled = together - {"relief"}  # what relief keeps hangs on lines in force, and comes after them
    joined = {piece: _joined(cause, pulled, together) for piece, cause in homes.items()}
    return _in_order(joined if measured_by is None else joined | {"facts": _label(together)})


def _together(measured_by: set[str]) -> set[str]:
    """Return what makes the facts of two runs differ; where nothing that is known does, the code read otherwise."""
    found = measured_by & set(MEASURED_BY) or {"code"}
    return {"policy"} if found == {"rules"} else found


def _home(causes: tuple[str, ...], differ: set[str]) -> str:
    return next((cause for cause in causes if cause in differ), causes[0])


def _first(causes: Iterable[str]) -> str:
    return min(causes, key=CAUSES.index)


def _joined(cause: str, pulled: set[str], together: set[str]) -> str:
    return _label(together) if cause in pulled else cause


def _label(together: set[str]) -> str:
    return JOINED.join(sorted(together, key=CAUSES.index))


def _in_order(homes: dict[str, str]) -> list[Step]:
    found: dict[str, list[str]] = {}
    for piece, cause in homes.items():
        found.setdefault(cause, []).append(piece)
    ordered = sorted(found, key=lambda cause: CAUSES.index(_first(cause.split(JOINED))))
    return [Step(cause, tuple(found[cause])) for cause in ordered]
