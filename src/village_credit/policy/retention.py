"""For how many days things are kept, by what they are: vaults, measured inputs, packages, unsigned runs, contracts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from village_credit.policy.model import Policy
from village_credit.policy.sections import RetentionPeriod

CONTRACTS = "contract_records"
# Where a policy is silent: records of a customer and of his transactions are kept for ten years at least after their
# end (反洗钱法 of 2024, article 34: to be verified).
CONTRACT_DAYS = 3653


def period(policy: Policy, what: str, day: date, county_code: str | None) -> RetentionPeriod | None:
    """Return the latest word on how long something is kept, a county's before all counties'; None: for ever."""
    held = [one for one in policy.retention if one.what == what and one.from_ <= day]
    mine = [one for one in held if one.county in (None, county_code)]
    return max(mine, key=lambda one: (one.county is not None, one.from_), default=None)


def kept_days(policy: Policy, what: str, day: date, county_code: str | None) -> int:
    """Return for how many days records are kept at least, where nobody says: those of contracts CONTRACT_DAYS."""
    found = period(policy, what, day, county_code)
    return CONTRACT_DAYS if found is None else found.days


def retention_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of periods of unknown counties, and of two words of one day."""
    told = Counter((one.what, one.county, one.from_) for one in policy.retention)
    for number, one in enumerate(policy.retention):
        if one.county and one.county not in policy.service_area:
            yield f"retention.{number}", f"county {one.county} is not in the service area"
        if told[one.what, one.county, one.from_] > 1:
            yield f"retention.{number}", f"{one.what} is said more than once from {one.from_}: keep one"
