"""The verbs that take back in what branches and the core system say once limits are out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from village_credit.cli.common import Verbs, by_whom, show, store_of

if TYPE_CHECKING:
    from village_credit.settings import Settings


def add_acknowledge(verbs: Verbs) -> None:
    received = verbs.add(
        "acknowledge",
        "Take in a branch's receipt: what it did with each row, and the limits that it set within its authority.",
        "acknowledge build/receipt.csv --by 2002",
    )
    received.add_argument("file", type=Path, help="the branch's receipt, any format that an inbox takes")
    received.add_argument("--by", help="who takes it in (default: the login)")
    received.add_argument(
        "--branch",
        metavar="CODE",
        help="whose receipt it is (default: the branch that most of its lines are of)",
    )
    received.add_argument(
        "--policy", type=Path, help="whose authority holds (default: limit_policy.toml of the models)"
    )
    received.set_defaults(handle=do_acknowledge)


def do_acknowledge(args: argparse.Namespace, paths: Settings) -> int:
    """Take in a branch's receipt."""
    from village_credit.services.servicing import acknowledge
    from village_credit.services.servicing import returned_file as returned

    policy = args.policy or paths.models / "limit_policy.toml"
    done = acknowledge.acknowledge(store_of(paths), args.file, by_whom(args), policy, args.branch, paths.counties)
    outcomes = ", ".join(f"{count:,} {name}" for name, count in done.outcomes.items()) or "no row counts"
    text = [
        f"receipt of branch {done.branch_code or 'unknown'} for {', '.join(done.publications) or 'no publication'}: {'nothing new (no-op)' if done.noop else outcomes}",
        *returned.account_text(done.counts, done.findings, done.rejected),
        f"  limits      {done.changed:>9,} changed, {done.change_yuan:+,} yuan against what was published",
    ]
    return show(args, done, lambda: "\n".join(text))


def add_record_usage(verbs: Verbs) -> None:
    recorded = verbs.add(
        "record-usage",
        "Take in contracts, draws and repayments of the core system.",
        "record-usage build/draws.csv --by 2002",
    )
    recorded.add_argument("file", type=Path, help="recognised by its headers: contracts, draws or repayments")
    recorded.add_argument("--by", help="who takes it in (default: the login)")
    recorded.set_defaults(handle=do_record_usage)


def do_record_usage(args: argparse.Namespace, paths: Settings) -> int:
    """Take in contracts, draws and repayments."""
    from village_credit.services.servicing import returned_file as returned
    from village_credit.services.servicing import usage

    done = usage.record_usage(store_of(paths), args.file, by_whom(args), paths.counties)
    told = f"{done.contracts:,} contracts, {done.draws:,} draws of {done.drawn_yuan:,} yuan, {done.repayments:,} repayments of {done.repaid_yuan:,} yuan; {done.superseded:,} recorded rows superseded"
    text = [
        f"usage: {'nothing new (no-op)' if done.noop else told}",
        *returned.account_text(done.counts, done.findings, done.rejected),
    ]
    return show(args, done, lambda: "\n".join(text))


VERBS = (
    add_acknowledge,
    add_record_usage,
)
