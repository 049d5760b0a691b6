"""The verbs that take back in what branches and the core system say once limits are out."""

from __future__ import annotations

import argparse
import dataclasses

from village_credit.commands.shared import show, store_of
from village_credit.settings import Settings, login


def do_acknowledge(words: argparse.Namespace, paths: Settings) -> int:
    """Take in a branch's receipt."""
    from village_credit.acts import acknowledge, returned  # noqa: PLC0415  # only this verb needs it

    policy = words.policy or paths.models / "limit_policy.toml"
    done = acknowledge.acknowledge(
        store_of(paths), words.file, words.by or login(), policy, words.branch, paths.counties
    )
    outcomes = ", ".join(f"{count:,} {name}" for name, count in done.outcomes.items()) or "no row counts"
    text = [
        f"receipt of branch {done.branch_code or 'unknown'} for {', '.join(done.publications) or 'no publication'}: {'nothing new (no-op)' if done.noop else outcomes}",
        *returned.account_text(done.counts, done.findings, done.rejected),
        f"  limits      {done.changed:>9,} changed, {done.change_yuan:+,} yuan against what was published",
    ]
    return show(words, dataclasses.asdict(done), lambda: "\n".join(text))


def do_record_usage(words: argparse.Namespace, paths: Settings) -> int:
    """Take in contracts, draws and repayments."""
    from village_credit.acts import returned, usage  # noqa: PLC0415  # only this verb needs it

    done = usage.record_usage(store_of(paths), words.file, words.by or login(), paths.counties)
    told = f"{done.contracts:,} contracts, {done.draws:,} draws of {done.drawn_yuan:,} yuan, {done.repayments:,} repayments of {done.repaid_yuan:,} yuan; {done.superseded:,} recorded rows superseded"
    text = [
        f"usage: {'nothing new (no-op)' if done.noop else told}",
        *returned.account_text(done.counts, done.findings, done.rejected),
    ]
    return show(words, dataclasses.asdict(done), lambda: "\n".join(text))
