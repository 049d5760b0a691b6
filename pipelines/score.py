"""Deliveries become staged runs: one county on request, or every county of the inbox in the night."""

from __future__ import annotations

import re
from datetime import date

from prefect import flow, get_run_logger
from prefect.futures import PrefectFuture, as_completed
from prefect.states import Completed, Failed, State
from prefect.task_runners import ThreadPoolTaskRunner

from pipelines.alerts import Told, tell
from pipelines.artifacts import leave_night
from pipelines.names import called
from pipelines.places import counties_at_once
from pipelines.steps import counties_of, scheduled_day, stage, with_a_later_day
from pipelines.words import COUNTIES, County, Inbox

# What Prefect says before a sentence of ours
OF_TASK = re.compile(r"^Task run encountered an exception \w+: ")


@flow(
    name="score-county",
    flow_run_name=called(lambda asked: f"score {asked['county']} {asked.get('as_of') or scheduled_day()}"),
)
def score_county(county: County, as_of: date | None = None, inbox: Inbox | None = None) -> str:
    """Score one county's inbox as of a day (default: today) into a staged run; gives its id.

    Args:
        county: 县 · one of the policy's service area
        as_of: 日期 · the day as of which it is scored; none: the day of this run, in China
        inbox: 收件目录 · another inbox than the worker's own
    """
    return stage(county, as_of or scheduled_day(), inbox)


@flow(
    name="score-all",
    flow_run_name=called(lambda asked: f"night {asked.get('as_of') or scheduled_day()}"),
    task_runner=ThreadPoolTaskRunner(max_workers=counties_at_once()),
)
def score_all(
    as_of: date | None = None, inbox: Inbox | None = None, *, even_if_nothing_came: bool = False
) -> State[list[str]]:
    """Score every county of the inbox as of a day (default: today); a county that fails never stops the others.

    A county of which nothing came, and for which no day has come since its latest run, gets no new run. A night that
    runs late is skipped for the counties of which a later day is staged. Both are said.

    Args:
        as_of: 日期 · the day as of which all are scored; none: the scheduled day, in China
        inbox: 收件目录 · another inbox than the worker's own
        even_if_nothing_came: 全部重算 · score counties too of which nothing came and for which nothing is due
    """
    day, counties = as_of or scheduled_day(), counties_of(inbox)
    late = [] if as_of else with_a_later_day(counties, day)
    asked = [county for county in counties if county not in late]
    if_due = not even_if_nothing_came
    return summary({stage.submit(county, day, inbox, if_due=if_due): county for county in asked}, late)


def _rows(runs: dict[str, str], why: dict[str, str], late: list[str]) -> list[dict[str, str]]:
    """Lay out a night by county, those that failed first."""
    came = {county: ("staged", run_id) if run_id else ("left alone", "nothing came") for county, run_id in runs.items()}
    ends = {
        **{county: ("failed", told) for county, told in sorted(why.items())},
        **dict(sorted(came.items())),
        **dict.fromkeys(late, ("skipped", "a later day is staged")),
    }
    return [{"county": COUNTIES.get(county, county), "end": end, "what": what} for county, (end, what) in ends.items()]


def summary(counties: dict[PrefectFuture[str], str], late: list[str] | None = None) -> State[list[str]]:
    """Wait for every county; Failed where one failed, naming it by its code only."""
    for done in as_completed(list(counties)):
        done.wait()  # before its state: the server's may lag behind
    states = {county: done.state for done, county in counties.items()}
    failed = sorted(county for county, state in states.items() if not state.is_completed())
    runs = {county: done.result() for done, county in counties.items() if county not in failed}
    quiet = sorted(county for county, run_id in runs.items() if not run_id)
    told = f"{len(runs) - len(quiet)} of {len(counties)} counties staged"
    if quiet:
        told += f"; nothing came and nothing is due: {', '.join(quiet)}"
    if late:
        told += f"; skipped, for a later day is staged: {', '.join(late)}"
    why = {county: OF_TASK.sub("", str(states[county].message or "")) for county in failed}
    leave_night(_rows(runs, why, late or []))
    if failed:
        tell([Told("failed", f"night: {told}; failed: {', '.join(failed)}")], get_run_logger().warning)
        return Failed(message=f"{told}; failed: {', '.join(failed)}")
    return Completed(message=told, data=sorted(filter(None, runs.values())))
