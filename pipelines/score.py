"""Deliveries become staged runs: one county on request, or every county of the inbox in the night."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.futures import PrefectFuture, as_completed
from prefect.states import Completed, Failed, State
from prefect.task_runners import ThreadPoolTaskRunner

from pipelines.steps import counties_of, scheduled_day, stage, with_a_later_day
from pipelines.words import County

# DuckDB and scikit-learn release the interpreter and use several cores by themselves: two keep a machine busy.
COUNTIES_AT_ONCE = 2


@flow(name="score-county", flow_run_name="score-{county}")
def score_county(county: County, as_of: date | None = None, inbox: str | None = None) -> str:
    """Score one county's inbox as of a day (default: today) into a staged run; gives its id."""
    return stage(str(int(county)), as_of or scheduled_day(), inbox)


def _name_of_night() -> str:
    return f"score-all-{scheduled_day()}"


@flow(name="score-all", flow_run_name=_name_of_night, task_runner=ThreadPoolTaskRunner(max_workers=COUNTIES_AT_ONCE))
def score_all(
    as_of: date | None = None, inbox: str | None = None, *, even_if_nothing_came: bool = False
) -> State[list[str]]:
    """Score every county of the inbox as of a day (default: today); a county that fails never stops the others.

    A county of which nothing came, and for which no day has come since its latest run, gets no new run. A night that
    runs late is skipped for the counties of which a later day is staged. Both are said.
    """
    day, counties = as_of or scheduled_day(), counties_of(inbox)
    late = [] if as_of else with_a_later_day(counties, day)
    asked = [county for county in counties if county not in late]
    if_due = not even_if_nothing_came
    return summary({stage.submit(county, day, inbox, if_due=if_due): county for county in asked}, late)


def summary(counties: dict[PrefectFuture[str], str], late: list[str] | None = None) -> State[list[str]]:
    """Wait for every county; Failed where one failed, naming it by its code only."""
    for done in as_completed(list(counties)):
        done.wait()  # before its state: the server's may lag behind
    failed = sorted(county for done, county in counties.items() if not done.state.is_completed())
    runs = {county: done.result() for done, county in counties.items() if county not in failed}
    quiet = sorted(county for county, run_id in runs.items() if not run_id)
    told = f"{len(runs) - len(quiet)} of {len(counties)} counties staged"
    if quiet:
        told += f"; nothing came and nothing is due: {', '.join(quiet)}"
    if late:
        told += f"; skipped, for a later day is staged: {', '.join(late)}"
    if failed:
        return Failed(message=f"{told}; failed: {', '.join(failed)}")
    return Completed(message=told, data=sorted(filter(None, runs.values())))
