"""The verbs that take back in what branches and the core system say once limits are out."""

from __future__ import annotations

import argparse

from village_credit.cli.common import Verbs, by_whom, counted, policy_of, show, store_of

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from village_credit.services.servicing.acknowledge import Acknowledged
    from village_credit.services.servicing.usage import Recorded
    from village_credit.settings import Settings


def add_acknowledge(verbs: Verbs) -> None:
    received = verbs.add(
        "acknowledge",
        "Take in a branch's receipt: what it did with each row, and the limits that it set within its authority.",
        "acknowledge build/receipt.csv --by 2002",
        do_acknowledge,
    )
    received.file("the branch's receipt, any format that an inbox takes")
    received.done_by("who takes it in (default: the login)")
    received.add_argument(
        "--branch", metavar="CODE", help="whose receipt it is (default: the branch that most of its lines are of)"
    )
    received.policy("whose authority holds (default: limit_policy.toml of the models)")


def do_acknowledge(args: argparse.Namespace, paths: Settings) -> int:
    """Take in a branch's receipt."""
    from village_credit.services.servicing import acknowledge
    from village_credit.services.servicing import returned_file as returned

    policy = policy_of(args, paths)
    done = acknowledge.acknowledge(store_of(paths), args.file, by_whom(args), policy, args.branch, paths.counties)
    account = returned.account_text(done.counts, done.findings, done.rejected)
    change = f"  limits      {done.changed:>9,} changed, {done.change_yuan:+,} yuan against what was published"
    return show(args, done, lambda: "\n".join([_receipt_text(done), *account, change]))


def _receipt_text(done: Acknowledged) -> str:
    publications = ", ".join(done.publications) or "no publication"
    outcomes = "nothing new (no-op)" if done.noop else counted(done.outcomes) or "no row counts"
    return f"receipt of branch {done.branch_code or 'unknown'} for {publications}: {outcomes}"


def add_record_usage(verbs: Verbs) -> None:
    recorded = verbs.add(
        "record-usage",
        "Take in contracts, draws and repayments of the core system.",
        "record-usage build/draws.csv --by 2002",
        do_record_usage,
    )
    recorded.file("recognised by its headers: contracts, draws or repayments")
    recorded.done_by("who takes it in (default: the login)")


def do_record_usage(args: argparse.Namespace, paths: Settings) -> int:
    """Take in contracts, draws and repayments."""
    from village_credit.services.servicing import returned_file as returned
    from village_credit.services.servicing import usage

    done = usage.record_usage(store_of(paths), args.file, by_whom(args), paths.counties)
    account = returned.account_text(done.counts, done.findings, done.rejected)
    told = "nothing new (no-op)" if done.noop else _usage_text(done)
    return show(args, done, lambda: "\n".join([f"usage: {told}", *account]))


def _usage_text(done: Recorded) -> str:
    return (
        f"{done.contracts:,} contracts, {done.draws:,} draws of {done.drawn_yuan:,} yuan, "
        f"{done.repayments:,} repayments of {done.repaid_yuan:,} yuan; {done.superseded:,} recorded rows "
        f"superseded"
    )


VERBS = (add_acknowledge, add_record_usage)
