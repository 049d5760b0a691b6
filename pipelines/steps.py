"""The tasks: each is one act on the store. Only ids and paths go in and out; only counts and codes are logged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from pipelines.alerts import of_run, tell
from pipelines.apart import score_apart
from pipelines.artifacts import leave_difference, leave_run
from pipelines.places import inbox_of, place
from pipelines.verdicts import WorldAway, impersonal
from village_credit.china_calendar import CHINA, today
from village_credit.cli.common import store_of
from village_credit.errors import MissingInput
from village_credit.extract.inbox import counties_in
from village_credit.services.approval import publish
from village_credit.services.modelling import train
from village_credit.services.queries import dry_run
from village_credit.services.scoring import due
from village_credit.services.scoring import rescore as rescore_module
from village_credit.settings import login, settings


async def _is_worth_another_try(_task: Any, _run: Any, state: Any) -> bool:
    return isinstance(await state.aresult(raise_on_failure=False), WorldAway)


# Every act touches the store and may be repeated without harm, so each is retried, but never over a verdict.
act = partial(
    task,
    retries=2,
    retry_delay_seconds=[5, 30],
    retry_condition_fn=_is_worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
    result_serializer="json",
)


@act(name="counties", task_run_name="counties-of-inbox")
def counties_of(inbox: str | None) -> list[str]:
    """Name the counties that have a folder in the inbox, sorted."""
    with impersonal():
        found = counties_in(inbox_of(inbox))
    get_run_logger().info("%d counties", len(found))
    return found


@act(name="stage", task_run_name="stage-{county_code}")
def stage(county_code: str, as_of: date, inbox: str | None, *, if_due: bool = False) -> str:
    """Score a county's inbox; gives the staged run's id, nothing where it was to be scored `if_due` and is not.

    It is scored in a process of its own: one that is killed for want of memory is tried again, and sinks no other.
    """
    with impersonal():
        found = score_apart(county_code, as_of, inbox_of(inbox), login(), if_due=if_due)
        if "gates" in found:
            return _told(found)
        get_run_logger().info("%s", due.Due(**found).text())
        return ""


@act(name="later-staged", task_run_name="later-staged-{day}")
def with_a_later_day(counties: list[str], day: date) -> list[str]:
    """Name the counties that have a run as of a later day than a night's: that night is late, and nobody needs it."""
    with impersonal():
        paths = settings()
        if not (paths.store / "ledger").is_dir():
            return []
        store = store_of(paths)
        late = [county for county in counties if (rescore_module.latest_day(store, county) or day) > day]
    if late:
        get_run_logger().warning("%s: a later day than %s is staged, this night is skipped", ", ".join(late), day)
    return late


@act(name="stage-again", task_run_name="stage-again-{county_code}")
def stage_again(county_code: str, as_of: date | None) -> str:
    """Score a county again from its last frozen inputs; gives the staged run's id."""
    with impersonal():
        paths = settings()
        return _told(asdict(rescore_module.rescore(store_of(paths), county_code, _wish(as_of), _progress())))


@act(name="try-again", task_run_name="try-again-{county_code}")
def try_again(county_code: str, as_of: date | None) -> str:
    """Score a county again in memory and log by how much it would change; gives what it was compared with."""
    with impersonal():
        found = dry_run.dry_run(store_of(settings()), county_code, _wish(as_of))
    leave_difference(county_code, found.changes, found.against)
    for line in found.changes:
        get_run_logger().info(
            "%s: %d households, %d yuan before, %d yuan after",
            line["change"],
            line["households"],
            line["before_yuan"],
            line["after_yuan"],
        )
    return found.against


@act(name="put-in-force", task_run_name="put-in-force-{run_id}")
def put_in_force(run_id: str) -> str:
    """Publish a signed run; gives the publication's id."""
    with impersonal():
        done = publish.publish(store_of(settings()), run_id, login())
    verb = "was in force already" if done.noop else "is in force"
    get_run_logger().info("%s of county %s %s", done.publication_id, done.county_code, verb)
    return done.publication_id


@act(name="fit", task_run_name="fit-{model_id}")
def fit(county_code: str, model_id: str, valid_from: date | None) -> str:
    """Fit a candidate on every day of the history folder; gives the scorecard's path."""
    with impersonal():
        history = place("VILLAGE_CREDIT_HISTORY")
        out = place("VILLAGE_CREDIT_CANDIDATES")
        folders = sorted(path for path in history.glob("????-??-??") if path.is_dir())
        if not folders:
            raise MissingInput(
                "no history to train on: VILLAGE_CREDIT_HISTORY (build/training/history) has no folder named by a day; "
                "`village-credit synthesize --history` makes one to try"
            )
        card, path = train.train_candidate(
            folders, [county_code], model_id, valid_from, out, settings().models / "limit_policy.toml"
        )
    get_run_logger().info("%d loans, %d defaults; %s", card.training.rows, card.training.bads, card.training.figures)
    return str(path)


def scheduled_day() -> date:
    """Return the day for which this flow run was scheduled, in China: a late retry keeps it."""
    return flow_run.scheduled_start_time.astimezone(CHINA).date()


def _wish(as_of: date | None) -> rescore_module.RescoreRequest:
    paths = settings()
    return rescore_module.RescoreRequest(as_of, login(), paths.models, None, None, None, paths.counties, today())


def _progress() -> Callable[[str, float], None]:
    logger = get_run_logger()
    return lambda name, seconds: logger.info("%s: %.2f s", name, seconds)


def _told(run: dict[str, Any]) -> str:
    """Log a staged run by its counts, leave it on the page, tell whom it concerns, and give its id."""
    failed = [gate["gate"] for gate in run["gates"] if gate["verdict"] == "fail"]
    logger = get_run_logger()
    logger.info(
        "run %s of county %s as of %s %s: %d registered, %s, %d yuan; %d extracts rejected; failed gates: %s",
        run["run_id"],
        run["county"],
        run["as_of"],
        "was there already" if run["noop"] else "is staged",
        run["counts"]["registered"],
        run["counts"]["households"],
        run["sum_limit_yuan"],
        len(run["rejected"]),
        ", ".join(failed) or "none",
    )
    leave_run(run)
    tell(of_run(run), logger.warning)
    return str(run["run_id"])
