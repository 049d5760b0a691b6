"""The verbs that concern one household, or carry cases out to a person and back."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from village_credit.acts import tell
from village_credit.commands.shared import household_named, show, store_of
from village_credit.errors import UsageError
from village_credit.settings import Settings, login


def do_hold(words: argparse.Namespace, paths: Settings) -> int:
    """Stop a household between runs, or let it go on."""
    from village_credit.acts import holds  # noqa: PLC0415  # only these verbs need it

    store = store_of(paths)
    act = holds.hold if words.verb == "hold" else holds.release
    done = act(store, household_named(store, words.household), words.by, words.reason)
    what = "held" if done.act == "hold" else "released"
    told = "\n".join(f"  branch package in {folder}" for folder in done.packages)
    return show(
        words,
        dataclasses.asdict(done),
        lambda: (
            f"household {done.household_key} of county {done.county_code}: {what}\n{told or '  no line in force of it changes: no branch is told; the next scoring decides'}"
        ),
    )


def do_find(words: argparse.Namespace, paths: Settings) -> int:
    """Tell the household of a number on standard input."""
    from village_credit.acts import find  # noqa: PLC0415  # only this verb needs it

    if words.number != "-":  # never said again: it may be a person's
        raise UsageError("a number is never an argument: `find -`, and the number on standard input")
    found = find.find(store_of(paths), sys.stdin.read(), words.by or login())
    return show(
        words,
        dataclasses.asdict(found),
        lambda: (
            f"{found.household_key}  county {found.county_code}  {found.product}  {found.decision}  {found.limit_yuan:,} yuan"
        ),
    )


def do_explain(words: argparse.Namespace, paths: Settings) -> int:
    """Explain a household's decision."""
    from village_credit.report.explain import explain_text  # noqa: PLC0415  # only this verb writes it

    store = store_of(paths)
    key = household_named(store, words.household)
    found = tell.explain(store, key, words.on)
    return show(words, found, lambda: explain_text(found, found["versions"], found["signatures"]))


def do_notices(words: argparse.Namespace, paths: Settings) -> int:
    """Print a run's messages."""
    found = tell.notices(store_of(paths), words.run)
    return show(words, found, lambda: "\n".join(f"{item['household_key']}\t{item['text']}" for item in found))


def do_links(words: argparse.Namespace, paths: Settings) -> int:
    """Carry doubtful links out to a person, or the person's decisions back."""
    from village_credit.acts import links  # noqa: PLC0415  # only this verb needs it

    store = store_of(paths)
    if words.act == "review":
        if words.out is None:
            raise UsageError("links review RUN needs --out FILE")
        made = links.write_review(store, words.target, words.out, paths.counties, words.sample)
        grounds = ", ".join(f"{count:,} {name}" for name, count in made.grounds.items())
        return show(words, dataclasses.asdict(made), lambda: f"{made.path}: {made.rows:,} links to look at ({grounds or 'none'}); personal data")  # fmt: skip
    applied = links.apply_review(store, Path(words.target), words.by or login(), paths.counties)
    return show(
        words,
        dataclasses.asdict(applied),
        lambda: (
            f"county {applied.county_code}: {applied.same:,} confirmed, {applied.other:,} refused, {applied.unchanged:,} known already; the next scoring uses them (village-credit rescore --county {applied.county_code})"
        ),
    )


def do_reviews(words: argparse.Namespace, paths: Settings) -> int:
    """Carry households in manual review out to a person, or the person's verdicts back."""
    from village_credit.acts import reviews  # noqa: PLC0415  # only this verb needs it

    store = store_of(paths)
    if words.act == "export":
        if words.out is None:
            raise UsageError("reviews export RUN needs --out FILE")
        made = reviews.export_reviews(store, words.target, words.out)
        reasons = ", ".join(f"{count:,} {name}" for name, count in made.reasons.items())
        return show(words, dataclasses.asdict(made), lambda: f"{made.path}: {made.rows:,} households to review ({reasons or 'none'}); personal data")  # fmt: skip
    policy = words.policy or paths.models / "limit_policy.toml"
    done = reviews.apply_reviews(store, Path(words.target), words.by or login(), policy)
    return show(
        words,
        dataclasses.asdict(done),
        lambda: (
            f"county {done.county_code}: {done.granted:,} to be granted {done.sum_limit_yuan:,} yuan, {done.declined:,} declined, {done.kept:,} kept in review, {done.unchanged:,} known already; the next scoring uses them (village-credit rescore --county {done.county_code})"
        ),
    )


def do_renew(words: argparse.Namespace, paths: Settings) -> int:
    """Sign that lines may start a new term."""
    from village_credit.acts import renew  # noqa: PLC0415  # only this verb needs it

    store = store_of(paths)
    key = None if words.household is None else household_named(store, words.household)
    done = renew.renew(store, words.county, words.ending_by, words.by, words.reason, key)
    return show(
        words,
        dataclasses.asdict(done),
        lambda: (
            f"county {done.county_code}: {done.lines:,} lines ending by {done.ending_by} ({done.sum_limit_yuan:,} yuan in force) may start a new term at the next scoring (village-credit rescore --county {done.county_code})"
        ),
    )


def do_authority(words: argparse.Namespace, paths: Settings) -> int:
    """Carry households above the authority ladder out to whoever signs them, or the signatures back."""
    from village_credit.acts import authority  # noqa: PLC0415  # only this verb needs it

    store = store_of(paths)
    if words.act == "export":
        if words.out is None:
            raise UsageError("authority export RUN needs --out FILE")
        made = authority.export_authority(store, words.target, words.out)
        roles = ", ".join(f"{count:,} for {role}" for role, count in made.roles.items())
        return show(words, dataclasses.asdict(made), lambda: f"{made.path}: {made.rows:,} households to sign ({roles or 'none'}); personal data")  # fmt: skip
    if not words.by:
        raise UsageError("authority apply FILE needs --by NAME: whoever signs says who they are")
    done = authority.apply_authority(store, Path(words.target), words.by, words.role)
    again = f"; score county {done.county_code} again, the refusal decides them" if done.refused else ""
    return show(
        words,
        dataclasses.asdict(done),
        lambda: (
            f"run {done.run_id}: {done.agreed:,} signed, {done.refused:,} refused, {done.unchanged:,} known already, {done.unsigned:,} still to be signed{again}"
        ),
    )
