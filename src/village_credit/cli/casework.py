"""The verbs that carry cases out to a person and back, and what people sign between runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from village_credit.cli.common import NAMED_BY, Verbs, by_whom, day, household_named, show, store_of
from village_credit.errors import UsageError

if TYPE_CHECKING:
    from village_credit.settings import Settings


def add_reviews(verbs: Verbs) -> None:
    reviewed = verbs.add(
        "reviews",
        "A run's households in manual review as a workbook, and a person's verdicts back, for every later scoring.",
        "reviews export RUN --out build/reviews.xlsx",
    )
    reviewed.add_argument("act", choices=("export", "apply"))
    reviewed.add_argument("target", help="export: the run; apply: the workbook with its verdicts")
    reviewed.add_argument("--out", type=Path, help="export: the workbook to write; personal data")
    reviewed.add_argument("--by", help="apply: who decided, never the run's preparer (default: the login)")
    reviewed.add_argument(
        "--policy", type=Path, help="apply: whose steps hold (default: limit_policy.toml of the models)"
    )
    reviewed.set_defaults(handle=do_reviews)


def do_reviews(args: argparse.Namespace, paths: Settings) -> int:
    """Carry households in manual review out to a person, or the person's verdicts back."""
    from village_credit.services.casework import reviews

    store = store_of(paths)
    if args.act == "export":
        if args.out is None:
            raise UsageError("reviews export RUN needs --out FILE")
        made = reviews.export_reviews(store, args.target, args.out)
        reasons = ", ".join(f"{count:,} {name}" for name, count in made.reasons.items())
        return show(
            args, made, lambda: f"{made.path}: {made.rows:,} households to review ({reasons or 'none'}); personal data"
        )
    policy = args.policy or paths.models / "limit_policy.toml"
    done = reviews.apply_reviews(store, Path(args.target), by_whom(args), policy)
    return show(
        args,
        done,
        lambda: (
            f"county {done.county_code}: {done.granted:,} to be granted {done.sum_limit_yuan:,} yuan, {done.declined:,} declined, {done.kept:,} kept in review, {done.unchanged:,} known already; the next scoring uses them (village-credit rescore --county {done.county_code})"
        ),
    )


def add_links(verbs: Verbs) -> None:
    linked = verbs.add(
        "links",
        "The doubtful links of a run as a workbook, and a person's decisions back, for every later run.",
        "links review RUN --out build/review.xlsx",
    )
    linked.add_argument("act", choices=("review", "apply"))
    linked.add_argument("target", help="review: the run; apply: the workbook with its decisions")
    linked.add_argument("--out", type=Path, help="review: the workbook to write; personal data")
    linked.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="review: instead, N automatic links of each pass to check; 2,995 right ones license a pass for a year",
    )
    linked.add_argument("--by", help="apply: who decided (default: the login)")
    linked.set_defaults(handle=do_links)


def do_links(args: argparse.Namespace, paths: Settings) -> int:
    """Carry doubtful links out to a person, or the person's decisions back."""
    from village_credit.services.casework import link_review as links

    store = store_of(paths)
    if args.act == "review":
        if args.out is None:
            raise UsageError("links review RUN needs --out FILE")
        made = links.write_review(store, args.target, args.out, paths.counties, args.sample)
        grounds = ", ".join(f"{count:,} {name}" for name, count in made.grounds.items())
        return show(
            args, made, lambda: f"{made.path}: {made.rows:,} links to look at ({grounds or 'none'}); personal data"
        )
    applied = links.apply_review(store, Path(args.target), by_whom(args), paths.counties)
    return show(
        args,
        applied,
        lambda: (
            f"county {applied.county_code}: {applied.same:,} confirmed, {applied.other:,} refused, {applied.unchanged:,} known already; the next scoring uses them (village-credit rescore --county {applied.county_code})"
        ),
    )


def add_corrections(verbs: Verbs) -> None:
    mended = verbs.add(
        "corrections",
        "Per office, a workbook of its quarantined rows to mend and return, and how long they are open.",
        "corrections RUN --out build/corrections",
    )
    mended.add_argument("run")
    mended.add_argument("--out", required=True, type=Path, help="the folder to write into; personal data")
    mended.set_defaults(handle=do_corrections)


def do_corrections(args: argparse.Namespace, paths: Settings) -> int:
    """Write each office's quarantined rows back to it."""
    from village_credit.services.casework import corrections

    store = store_of(paths)
    written = corrections.write_corrections(store, args.run, args.out, paths.counties)
    ages = corrections.ageing(store, args.run)
    text = [f"{item.path}: {item.rows:,} rows, {item.tables_refused} tables to deliver anew" for item in written]
    text += [
        f"  {age['office']:<20} {age['open_rows']:>7,} open, oldest {age['oldest_days']} days (since {age['oldest_on']}), median {age['median_days']}, over 30 days {age['over_30_days']:,}"
        for age in ages
    ]
    result = {"written": written, "ageing": ages}
    return show(args, result, lambda: "\n".join(text) or "nothing is open")


def add_renew(verbs: Verbs) -> None:
    renewed = verbs.add(
        "renew",
        "Sign that a county's lines ending by a day may start a new term at the next scoring; nothing else starts one.",
        'renew --county 659900 --ending-by 2029-11-30 --by 2002 --reason "committee of 5 November"',
    )
    renewed.add_argument("household", nargs="?", help="of one household only: " + NAMED_BY)
    renewed.add_argument("--county", required=True)
    renewed.add_argument("--ending-by", required=True, type=day)
    renewed.add_argument("--by", required=True)
    renewed.add_argument("--reason", required=True, help="kept in the ledger; name nobody")
    renewed.set_defaults(handle=do_renew)


def do_renew(args: argparse.Namespace, paths: Settings) -> int:
    """Sign that lines may start a new term."""
    from village_credit.services.casework import renewals as renew

    store = store_of(paths)
    key = None if args.household is None else household_named(store, args.household)
    done = renew.renew(store, args.county, args.ending_by, args.by, args.reason, key)
    return show(
        args,
        done,
        lambda: (
            f"county {done.county_code}: {done.lines:,} lines ending by {done.ending_by} ({done.sum_limit_yuan:,} yuan in force) may start a new term at the next scoring (village-credit rescore --county {done.county_code})"
        ),
    )


def add_relief(verbs: Verbs) -> None:
    relieved = verbs.add(
        "relief",
        "Declare an epidemic or disaster: conduct in its window is excused, no limit there falls, measures are proposed.",
        "relief declare build/flood.toml --by 2002",
    )
    relieved.add_argument("act", choices=("declare",))
    relieved.add_argument("file", type=Path, help="TOML: cause, area_codes, industries, from, to, document, measures")
    relieved.add_argument(
        "--proofs",
        type=Path,
        help="身份证号, 借据号, 纾困证明编号 (default: the CSV of the same name); more may come later",
    )
    relieved.add_argument("--by", required=True)
    relieved.set_defaults(handle=do_relief)


def do_relief(args: argparse.Namespace, paths: Settings) -> int:
    """Declare relief for an area and a time."""
    from village_credit.services.casework import relief

    done = relief.declare(store_of(paths, may_begin=True), args.file, args.by, args.proofs)
    text = [
        f"{done.document}: {'known already (no-op)' if done.noop else 'declared'}, {done.starts_on} to {done.ends_on}, counties {', '.join(done.counties)}",
        f"  {done.proofs:,} proofs; {done.households:,} households there have {done.limits_yuan:,} yuan in force",
        *(f"  proof in line {line} not taken: {why}" for line, why in done.refused),
        *(f"  the next scoring uses it: village-credit rescore --county {county}" for county in done.counties),
    ]
    return show(args, done, lambda: "\n".join(text))


VERBS = (
    add_reviews,
    add_links,
    add_corrections,
    add_renew,
    add_relief,
)
