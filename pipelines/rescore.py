"""A county is scored again from its last frozen inputs: a new staged run, or only the difference."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow

from pipelines.names import called
from pipelines.steps import stage_again, try_again
from pipelines.words import County, Reason


def _named(asked: dict[str, Any]) -> str:
    act = "dry-run" if asked.get("dry_run") else "rescore"
    return f"{act} {asked['county']} {asked.get('as_of') or 'of its last day'}: {asked.get('reason')}"


@flow(name="rescore", flow_run_name=called(_named))
def rescore(
    county: County,
    as_of: date | None = None,
    reason: Reason = "on request",  # noqa: ARG001  # kept with the flow run, which is where people look for it
    dry_run: bool = False,
) -> str:
    """Score a county again as of a day (default: that of its last run); a dry run writes nothing.

    The reason stays with the flow run; what was staged by whom is in the store's ledger.

    Args:
        county: 县 · one of the policy's service area
        as_of: 日期 · the day as of which it is scored; none: that of its last run
        reason: 原因 · why, in a few words; never a person's name or number
        dry_run: 试算 · only say what would change: nothing is written
    """
    again = try_again if dry_run else stage_again
    return again(county, as_of)
