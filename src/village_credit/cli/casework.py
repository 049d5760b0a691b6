"""The verbs that carry cases out to a person and back, and what people sign between runs."""

from __future__ import annotations

import argparse

from village_credit.cli.common import (
    NAMED_BY,
    Verbs,
    by_whom,
    counted,
    day,
    household_named,
    out_of,
    path,
    policy_of,
    share,
    show,
    store_of,
)
from village_credit.errors import UsageError

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from typing import Any

    from village_credit.services.casework.corrections import Written
    from village_credit.services.casework.holdout import Drawn
    from village_credit.services.casework.link_review import Applied as AppliedLinks
    from village_credit.services.casework.link_review import Reviewed as DoubtfulLinks
    from village_credit.services.casework.relief import Declared
    from village_credit.services.casework.renewals import Renewed
    from village_credit.services.casework.reviews import Applied as AppliedReviews
    from village_credit.services.casework.reviews import Exported as ExportedReviews
    from village_credit.services.casework.successors import Applied as Succeeded
    from village_credit.services.casework.successors import Reviewed as Proposed
    from village_credit.settings import Settings
    from village_credit.store.store import Store


def add_reviews(verbs: Verbs) -> None:
    reviewed = verbs.add(
        "reviews",
        "A run's households in manual review as a workbook, and a person's verdicts back, for every later scoring.",
        "reviews export RUN --out build/reviews.xlsx",
        do_reviews,
    )
    reviewed.add_argument(
        "act",
        choices=("export", "apply", "draw"),
        help="write the workbook, take it back in, or draw the random hold-out",
    )
    reviewed.add_argument("target", help="export, draw: the run; apply: the workbook with its verdicts")
    reviewed.workbook_out("export: the workbook to write")
    reviewed.done_by("apply, draw: who decided, never the run's preparer (default: the login)")
    reviewed.policy("apply, draw: whose steps and cap hold (default: limit_policy.toml of the models)")
    reviewed.add_argument("--share", type=share, help="draw: of the households that only the score declines, as 0.02")
    reviewed.add_argument("--second", help="draw: who signs it too, another person")
    reviewed.add_argument("--reason", help="draw: why; kept in the ledger; name nobody")


def do_reviews(args: argparse.Namespace, paths: Settings) -> int:
    """Carry households in manual review out to a person, or the person's verdicts back."""
    from village_credit.services.casework import reviews

    store = store_of(paths)
    if args.act == "export":
        made = reviews.export_reviews(store, args.target, out_of(args, "reviews export RUN"))
        return show(args, made, lambda: _exported_text(made))
    if args.act == "draw":
        return _draw(store, args, paths)
    done = reviews.apply_reviews(store, path(args.target), by_whom(args), policy_of(args, paths))
    return show(args, done, lambda: _reviewed_text(done))


def _draw(store: Store, args: argparse.Namespace, paths: Settings) -> int:
    from village_credit.services.casework.holdout import draw_holdout

    if args.share is None or args.second is None or args.reason is None:
        raise UsageError("reviews draw RUN needs --share, --second and --reason")
    people = by_whom(args), args.second
    drawn = draw_holdout(store, args.target, args.share, people, args.reason, policy_of(args, paths))
    return show(args, drawn, lambda: _drawn_text(drawn))


def _drawn_text(drawn: Drawn) -> str:
    return (
        f"county {drawn.county_code}: {drawn.drawn:,} of {drawn.eligible:,} households that only the score declines "
        f"were drawn, {drawn.sum_limit_yuan:,} yuan; the next scoring uses them "
        f"(village-credit rescore --county {drawn.county_code})"
    )


def _exported_text(made: ExportedReviews) -> str:
    return f"{made.path}: {made.rows:,} households to review ({counted(made.reasons) or 'none'}); personal data"


def _reviewed_text(done: AppliedReviews) -> str:
    return (
        f"county {done.county_code}: {done.granted:,} to be granted {done.sum_limit_yuan:,} yuan, "
        f"{done.declined:,} declined, {done.kept:,} kept in review, {done.supplied:,} incomes supplied, "
        f"{done.unchanged:,} known already; the "
        f"next scoring uses them (village-credit rescore --county {done.county_code})"
    )


def add_links(verbs: Verbs) -> None:
    linked = verbs.add(
        "links",
        "The doubtful links of a run as a workbook, and a person's decisions back, for every later run.",
        "links review RUN --out build/review.xlsx",
        do_links,
    )
    linked.add_argument("act", choices=("review", "apply"), help="write the workbook, or take it back in")
    linked.add_argument("target", help="review: the run; apply: the workbook with its decisions")
    linked.workbook_out("review: the workbook to write")
    linked.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="review: instead, N automatic links of each pass to check; 2,995 right ones license a pass for a year",
    )
    linked.done_by("apply: who decided (default: the login)")


def do_links(args: argparse.Namespace, paths: Settings) -> int:
    """Carry doubtful links out to a person, or the person's decisions back."""
    from village_credit.services.casework import link_review as links

    store = store_of(paths)
    if args.act == "review":
        out = out_of(args, "links review RUN")
        made = links.write_review(store, args.target, out, paths.counties, args.sample)
        return show(args, made, lambda: _doubtful_text(made))
    done = links.apply_review(store, path(args.target), by_whom(args), paths.counties)
    return show(args, done, lambda: _linked_text(done))


def _doubtful_text(made: DoubtfulLinks) -> str:
    return f"{made.path}: {made.rows:,} links to look at ({counted(made.grounds) or 'none'}); personal data"


def _linked_text(done: AppliedLinks) -> str:
    return (
        f"county {done.county_code}: {done.same:,} confirmed, {done.other:,} refused, "
        f"{done.unchanged:,} known already; the next scoring uses them (village-credit rescore "
        f"--county {done.county_code})"
    )


def add_successors(verbs: Verbs) -> None:
    asked = verbs.add(
        "successors",
        "Households that may have changed their contractor code as a workbook, and a person's decisions back.",
        "successors review RUN --out build/successors.xlsx",
        do_successors,
    )
    asked.add_argument("act", choices=("review", "apply"), help="write the workbook, or take it back in")
    asked.add_argument("target", help="review: the run; apply: the workbook with its decisions")
    asked.workbook_out("review: the workbook to write")
    asked.done_by("apply: who decided, never the run's preparer (default: the login)")


def do_successors(args: argparse.Namespace, paths: Settings) -> int:
    """Carry proposed successors out to a person, or the person's decisions back."""
    from village_credit.services.casework import successors

    store = store_of(paths)
    if args.act == "review":
        made = successors.write_successors(store, args.target, out_of(args, "successors review RUN"))
        return show(args, made, lambda: _proposed_text(made))
    done = successors.apply_successors(store, path(args.target), by_whom(args))
    return show(args, done, lambda: _succeeded_text(done))


def _proposed_text(made: Proposed) -> str:
    return f"{made.path}: {made.rows:,} pairs of households to decide ({counted(made.kinds) or 'none'}); personal data"


def _succeeded_text(done: Succeeded) -> str:
    return (
        f"county {done.county_code}: {done.same:,} go on as another, {done.other:,} have nothing to do with each "
        f"other, {done.unchanged:,} known already; the next scoring uses them (village-credit rescore "
        f"--county {done.county_code})"
    )


def add_corrections(verbs: Verbs) -> None:
    mended = verbs.add(
        "corrections",
        "Per office, a workbook of its quarantined rows to mend and return, and how long they are open.",
        "corrections RUN --out build/corrections",
        do_corrections,
    )
    mended.the_run()
    mended.workbook_out("the folder to write into", required=True)


def do_corrections(args: argparse.Namespace, paths: Settings) -> int:
    """Write each office's quarantined rows back to it."""
    from village_credit.services.casework import corrections

    store = store_of(paths)
    written = corrections.write_corrections(store, args.run, args.out, paths.counties, force=args.force)
    ages = corrections.ageing(store, args.run)
    result = {"written": written, "ageing": ages}
    return show(args, result, lambda: _corrections_text(written, ages) or "nothing is open")


def _corrections_text(written: list[Written], ages: list[dict[str, Any]]) -> str:
    text = [f"{item.path}: {item.rows:,} rows, {item.tables_refused} tables to deliver anew" for item in written]
    return "\n".join(text + [_age_text(age) for age in ages])


def _age_text(age: dict[str, Any]) -> str:
    return (
        f"  {age['office']:<20} {age['open_rows']:>7,} open, oldest {age['oldest_days']} days (since "
        f"{age['oldest_on']}), median {age['median_days']}, over 30 days {age['over_30_days']:,}"
    )


def add_renew(verbs: Verbs) -> None:
    renewed = verbs.add(
        "renew",
        "Sign that a county's lines ending by a day may start a new term at the next scoring; nothing else starts one.",
        'renew --county 659900 --ending-by 2029-11-30 --by 2002 --reason "committee of 5 November"',
        do_renew,
    )
    renewed.add_argument("household", nargs="?", help="of one household only: " + NAMED_BY)
    renewed.county()
    renewed.add_argument("--ending-by", required=True, type=day, help="lines whose last day is this or earlier")
    renewed.signed_by()
    renewed.reason()


def do_renew(args: argparse.Namespace, paths: Settings) -> int:
    """Sign that lines may start a new term."""
    from village_credit.services.casework import renewals as renew

    store = store_of(paths)
    key = None if args.household is None else household_named(store, args.household, args.by)
    done = renew.renew(store, args.county, args.ending_by, args.by, args.reason, key)
    return show(args, done, lambda: _renewed_text(done))


def _renewed_text(done: Renewed) -> str:
    return (
        f"county {done.county_code}: {done.lines:,} lines ending by {done.ending_by} "
        f"({done.sum_limit_yuan:,} yuan in force) may start a new term at the next scoring "
        f"(village-credit rescore --county {done.county_code})"
    )


def add_relief(verbs: Verbs) -> None:
    relieved = verbs.add(
        "relief",
        (
            "Declare an epidemic or disaster: conduct in its window is excused, no limit there falls, "
            "measures are proposed."
        ),
        "relief declare build/flood.toml --by 2002",
        do_relief,
    )
    relieved.add_argument("act", choices=("declare",), help="take a declaration in")
    relieved.file("TOML: cause, area_codes, industries, from, to, document, measures")
    relieved.add_argument(
        "--proofs",
        type=path,
        help="身份证号, 借据号, 纾困证明编号 (default: the CSV of the same name); more may come later",
    )
    relieved.signed_by()


def do_relief(args: argparse.Namespace, paths: Settings) -> int:
    """Declare relief for an area and a time."""
    from village_credit.services.casework import relief

    done = relief.declare(store_of(paths, may_begin=True), args.file, args.by, args.proofs)
    return show(args, done, lambda: "\n".join(_declared_text(done)))


def _declared_text(done: Declared) -> list[str]:
    known = "known already (no-op)" if done.noop else "declared"
    return [
        f"{done.document}: {known}, {done.starts_on} to {done.ends_on}, counties {', '.join(done.counties)}",
        f"  {done.proofs:,} proofs; {done.households:,} households there have {done.limits_yuan:,} yuan in force",
        *(f"  proof in line {line} not taken: {why}" for line, why in done.refused),
        *(f"  the next scoring uses it: village-credit rescore --county {county}" for county in done.counties),
    ]


VERBS = (add_reviews, add_links, add_successors, add_corrections, add_renew, add_relief)
