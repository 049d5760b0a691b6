"""A county is scored again from its last frozen inputs: a new staged run, or only the difference."""

from __future__ import annotations

from datetime import date

from prefect import flow

from pipelines.steps import stage_again, try_again
from pipelines.words import County, Reason


@flow(name="rescore", flow_run_name="rescore-{county}")
def rescore(
    county: County,
    as_of: date | None = None,
    reason: Reason = "on request",  # noqa: ARG001  # kept with the flow run, which is where people look for it
    dry_run: bool = False,
) -> str:
    """Score a county again as of a day (default: that of its last run); a dry run writes nothing.

    The reason stays with the flow run; what was staged by whom is in the store's ledger.
    """
    again = try_again if dry_run else stage_again
    return again(str(int(county)), as_of)
