"""A checked sample of automatic links says how often each pass is wrong, from which day, and takes a bad pass out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from village_credit.ledger.log import Entry

ACT = "link_sample"
MAX_WRONG_SHARE = 0.001  # of a pass that reaches a figure; 0 wrong in 2,995 shows it at 95%
CONFIDENCE = 0.95
VALID_DAYS = 366  # a sample older than that says nothing of today's deliveries


def sample_result(checked: list[tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
    """Return a row a pass: checked, wrong, links it stands for, and the wrong share's one-sided bounds."""
    passes: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for row, verdict in checked:
        passes[row["pass"]].append((row["weight"], verdict == "other"))
    return [
        {
            "pass": name,
            "checked": len(found),
            "wrong": sum(is_wrong for _, is_wrong in found),
            "links": round(sum(weight for weight, _ in found)),
            "wrong_at_least": _lower(sum(is_wrong for _, is_wrong in found), len(found)),
            "wrong_at_most": _upper(sum(is_wrong for _, is_wrong in found), len(found)),
        }
        for name, found in sorted(passes.items())
    ]


def _upper(wrong: int, checked: int) -> float:
    """Clopper and Pearson's one-sided upper bound."""
    from scipy.stats import beta  # noqa: PLC0415  # only a sample needs it, and it takes its time

    return 1.0 if wrong == checked else round(float(beta.ppf(CONFIDENCE, wrong + 1, checked - wrong)), 8)


def _lower(wrong: int, checked: int) -> float:
    from scipy.stats import beta  # noqa: PLC0415  # only a sample needs it

    return 0.0 if wrong == 0 else round(float(beta.ppf(1 - CONFIDENCE, wrong, checked - wrong + 1)), 8)


def latest_samples(entries: Sequence[Entry], county_code: str) -> dict[str, dict[str, Any]]:
    """Return the last sample of each pass, with the day of its run."""
    last: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry.act == ACT and entry.details["county_code"] == county_code:
            for found in entry.details["passes"]:
                last[found["pass"]] = {**found, "as_of": entry.details["as_of"]}
    return last


def revoked_passes(entries: Sequence[Entry], county_code: str) -> tuple[str, ...]:
    """Name the passes whose last sample shows that they are wrong too often: their links wait for a person."""
    found = latest_samples(entries, county_code)
    return tuple(sorted(name for name, sample in found.items() if _is_wrong_too_often(sample)))


def doubted_passes(entries: Sequence[Entry], county_code: str) -> tuple[str, ...]:
    """Name the passes that some sample revoked, though a later one may have found them right."""
    found = {
        sample["pass"]
        for entry in entries
        if entry.act == ACT and entry.details["county_code"] == county_code
        for sample in entry.details["passes"]
        if _is_wrong_too_often(sample)
    }
    return tuple(sorted(found))


def _is_wrong_too_often(sample: dict[str, Any]) -> bool:
    return bool(sample["wrong_at_least"] > MAX_WRONG_SHARE)


def licensed_passes(entries: Sequence[Entry], county_code: str, as_of: date) -> tuple[str, ...]:
    """Name the passes whose last sample, not older than a year, bounds the wrong share as low as it must be."""
    return tuple(
        sorted(
            name
            for name, sample in latest_samples(entries, county_code).items()
            if sample["wrong_at_most"] <= MAX_WRONG_SHARE
            and 0 <= (as_of - date.fromisoformat(sample["as_of"])).days <= VALID_DAYS
        )
    )
