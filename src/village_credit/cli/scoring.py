"""The verbs of the data team and of operations: a county's files become a staged run."""

from __future__ import annotations

import argparse

from village_credit.cli.common import (
    Verbs,
    by_whom,
    counted,
    county_code,
    day,
    path,
    progress,
    say,
    show,
    show_each,
    store_of,
)
from village_credit.cli.difference import difference_text
from village_credit.errors import UsageError

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from typing import Any

    from village_credit.services.queries.diff import Difference
    from village_credit.services.rules import Request
    from village_credit.services.scoring.due import Due
    from village_credit.services.scoring.rescore import RescoreRequest
    from village_credit.services.scoring.stage import StagedRun
    from village_credit.settings import Settings
    from village_credit.store.store import Store


def add_synthesize(verbs: Verbs) -> None:
    made = verbs.add(
        "synthesize",
        "Write a synthetic county's deliveries, and the truth beside them.",
        "synthesize --out build/inbox --county 659900 --villages 12 --households 3600 --seed 7 --as-of 2026-11-01",
        do_synthesize,
    )
    made.out("the inbox to write into", required=True)
    made.add_argument(
        "--county", default="659900", type=county_code, help="659900, 653199 or 659999: codes that are in no list"
    )
    made.add_argument("--villages", type=int, default=12, help="how many (default: 12)")
    made.add_argument("--households", type=int, default=3600, help="how many (default: 3600)")
    made.add_argument("--seed", type=int, default=7, help="the same one gives the same county (default: 7)")
    made.add_argument("--as-of", required=True, type=day, help="the day of the delivery")
    made.add_argument(
        "--damage", choices=("none", "typical", "hostile"), default="none", help="what the offices got wrong"
    )
    made.add_argument("--history", action="store_true", help="also three earlier years and the conduct that followed")


def do_synthesize(args: argparse.Namespace, _paths: Settings) -> int:
    """Write a synthetic county."""
    from village_credit.synthetic import synthesize

    if args.villages < 1 or args.households < 1:
        raise UsageError("--villages and --households must be at least 1")
    made = synthesize(
        args.out, args.county, args.villages, args.households, args.seed, args.as_of, args.damage, args.history
    )
    about = f"{args.households:,} households, damage {args.damage}"
    text = f"synthetic county {args.county} in {args.out}/{args.county} ({about})"
    return show(args, made, lambda: text)


def add_score(verbs: Verbs) -> None:
    scored = verbs.add(
        "score",
        "Freeze, read, validate, link, score and decide; ends in a staged run.",
        "score --inbox build/inbox --county 659900 --as-of 2026-11-01 --by 1001",
        do_score,
    )
    scored.add_argument("--inbox", required=True, type=path, help="the folder of deliveries, a folder a county")
    which = scored.add_mutually_exclusive_group(required=True)
    which.add_argument("--county", type=county_code, help="its code of six digits")
    which.add_argument(
        "--all-counties", action="store_true", help="each that has a folder in the inbox; one that fails stops no other"
    )
    scored.add_argument("--as-of", required=True, type=day, help="the day that limits are decided for")
    scored.policy("a policy file (default: limit_policy.toml of the models)")
    scored.add_argument("--model", help="a scorecard's id (default: the last of the models)")
    scored.done_by("who prepares the run (default: the login)")
    scored.add_argument("--product", choices=("trader_loan",), help="decide a referral batch alone")
    scored.add_argument(
        "--if-due",
        action="store_true",
        help="only where files, rules or acts are new since the county's latest run, or a day has come",
    )


def do_score(args: argparse.Namespace, paths: Settings) -> int:
    """Score an inbox into a staged run, or each of its counties into one."""
    from village_credit.extract.inbox import counties_in

    if args.if_due and args.product:
        raise UsageError("--if-due asks of a whole county: leave --product out")
    store = store_of(paths, may_begin=True)
    if args.all_counties:
        args.county = counties_in(args.inbox)
        return show_each(args, lambda county: _score(args, paths, store, county), lambda _, done: _scored_text(done))
    done = _score(args, paths, store, args.county)
    return show(args, done, lambda: _scored_text(done))


def _score(args: argparse.Namespace, paths: Settings, store: Store, county: str) -> StagedRun | Due:
    """Score a county, or say why not."""
    from village_credit.services.scoring.due import score_if_due
    from village_credit.services.scoring.stage import score_inbox

    request = _request(args, paths, county)
    if args.if_due:
        return score_if_due(store, args.inbox, request, progress(), say)
    return score_inbox(store, args.inbox, request, progress())


def _scored_text(done: StagedRun | Due) -> str:
    from village_credit.services.scoring.due import Due

    return done.text() if isinstance(done, Due) else staged_text(done)


def add_rescore(verbs: Verbs) -> None:
    again = verbs.add(
        "rescore",
        "Score counties again from their last frozen inputs.",
        "rescore --county 659900 --county 653199 --dry-run",
        do_rescore,
    )
    again.counties()
    again.add_argument(
        "--as-of", type=day, help="the day that limits are decided for (default: the latest of the county's runs)"
    )
    again.add_argument("--refresh", action="store_true", help="from the inbox instead of the frozen inputs")
    again.add_argument("--inbox", type=path, help="with --refresh")
    again.policy()
    again.add_argument("--model", help="a scorecard's id (default: the last of the models)")
    again.done_by()
    again.add_argument("--dry-run", action="store_true", help="print the diff and write nothing")


def do_rescore(args: argparse.Namespace, paths: Settings) -> int:
    """Score counties again."""
    from village_credit.services.queries.dry_run import dry_run
    from village_credit.services.queries.told_difference import told_difference
    from village_credit.services.scoring import rescore

    store = store_of(paths, may_begin=bool(args.refresh and args.inbox))
    if args.refresh and not args.inbox:
        raise UsageError("--refresh needs --inbox")
    wish = _wish(args, paths)
    if args.dry_run:
        return show_each(args, lambda county: told_difference(dry_run(store, county, wish)), _dry_text, by_county=True)
    return show_each(
        args, lambda county: rescore.rescore(store, county, wish, progress()), lambda _, done: staged_text(done)
    )


def _dry_text(county: str, found: Difference) -> str:
    return f"county {county}\n{difference_text(found)}"


def _wish(args: argparse.Namespace, paths: Settings) -> RescoreRequest:
    from village_credit.china_calendar import today
    from village_credit.services.scoring.rescore import RescoreRequest

    inbox = args.inbox if args.refresh else None
    rules = (paths.models, args.policy, args.model, inbox, paths.counties)
    return RescoreRequest(args.as_of, by_whom(args), *rules, asked_on=today())


def _request(args: argparse.Namespace, paths: Settings, county: str) -> Request:
    from village_credit.china_calendar import today
    from village_credit.services.rules import Request

    rules = (paths.models, args.policy, args.model, args.product, paths.counties)
    return Request(county, args.as_of, by_whom(args), *rules, asked_on=today())


def staged_text(result: StagedRun) -> str:
    """Write a staged run's summary: reconciliation, households, gates."""
    lines, households = result.counts["lines"], result.counts["households"]
    status = f"{result.status}, already there (no-op)" if result.noop else result.status
    text = [
        f"run {result.run_id} of county {result.county} as of {result.as_of}: {status}",
        f"  lines       {sum(lines.values()):>9,}   {counted(lines)}",
        f"  households  {result.counts['registered']:>9,}   {counted(households)}",
        f"  limits      {result.sum_limit_yuan:>9,} yuan",
        "  gates",
        *(_gate_text(gate) for gate in result.gates),
        *(f"  rejected    {item['file']}: {item['why']}" for item in result.rejected),
        *([f"  shapes      {result.shapes}"] if result.shapes else []),
        *(f"  erased      {told}" for told in result.erased),
        f"  report      {result.report}",
    ]
    return "\n".join(text)


def _gate_text(gate: dict[str, Any]) -> str:
    value = "missing" if gate["value"] is None else format(gate["value"], ",.4g")
    return f"    {gate['verdict']:<5} {gate['gate']:<28} {value}  ({gate['threshold']})"


VERBS = (add_synthesize, add_score, add_rescore)
