"""What people said of households in review, by the ledger: the last word on each household and product."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from village_credit.ledger import household_signatures as authority
from village_credit.ledger.log import Entry
from village_credit.policy.authority_ladder import REFUSE
from village_credit.workbooks.reviews import DECLINE, KEEP

ACT = "review_verdicts"


SUPPLY = "supply"  # a fact that a person found out: the next scoring reckons the limit with it


def supplied_facts(entries: Iterable[Entry], county_code: str, until: str) -> list[dict[str, Any]]:
    """Return the last fact of each household, product and kind of income, whose evidence is of a day before `until`."""
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in entries:
        if entry.act != ACT or entry.details["county_code"] != county_code:
            continue
        for verdict in entry.details["verdicts"]:
            fact = verdict.get("fact")
            if fact and fact["said_on"] < until:
                line = verdict["household_key"], verdict["product"]
                most = verdict["limit_yuan"] or None
                last[*line, fact["kind"]] = {
                    "household_key": line[0],
                    "product": line[1],
                    "kind": fact["kind"],
                    "income_yuan": fact["income_yuan"],
                    "said_on": fact["said_on"],
                    "most_yuan": most,
                }
    return [last[key] for key in sorted(last)]


def review_verdicts(entries: Iterable[Entry], county_code: str) -> list[dict[str, Any]]:
    """Return the verdicts that a county's scorings use.

    The last word on each household and product, none that keeps the review.

    Who refuses to sign a household above the authority ladder declines it; who signs it after all takes that back.
    """
    return [verdict for verdict in last_words(entries, county_code) if verdict["verdict"] not in (KEEP, SUPPLY)]


def last_words(entries: Iterable[Entry], county_code: str) -> list[dict[str, Any]]:
    """Return the last word on each household and product, whatever it is."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    refused: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        if entry.act == ACT and entry.details["county_code"] == county_code:
            said = {(v["household_key"], v["product"]): v for v in entry.details["verdicts"]}
            last |= said
            refused = {key: verdict for key, verdict in refused.items() if key not in said}
        for word in authority.household_verdicts([entry], county_code):
            refused.pop(word.key, None)
            if word.verdict == REFUSE:
                refused[word.key] = _refusal(word)
    last |= refused
    return [last[key] for key in sorted(last)]


def _refusal(word: authority.HouseholdVerdict) -> dict[str, Any]:
    """Return a refused signature as the verdict that it is to the next scoring.

    It holds from the refused limit upwards.
    """
    return {
        "household_key": word.household_key,
        "product": word.product,
        "verdict": DECLINE,
        "limit_yuan": word.limit_yuan,
        "reason_codes": word.reason_codes,
    }


def said_of(entries: Iterable[Entry], key: str) -> list[dict[str, Any]]:
    """Return what people said of a household in review: verdict, limit, by whom and when; for `explain`."""
    return [
        {"verdict": v["verdict"], "limit_yuan": v["limit_yuan"], "by": entry.by, "at": entry.at}
        | ({"fact": v["fact"]} if "fact" in v else {})
        for entry in entries
        if entry.act == ACT
        for v in entry.details["verdicts"]
        if v["household_key"] == key
    ]
