"""The verbs of the data team and of operations: a county's files become a staged run."""

from __future__ import annotations

import argparse
import dataclasses

from village_credit.acts import inputs, rescore, score
from village_credit.commands.committee import difference_text
from village_credit.commands.shared import progress, show, store_of
from village_credit.errors import UsageError
from village_credit.settings import Settings, login


def _request(words: argparse.Namespace, paths: Settings) -> inputs.Request:
    return inputs.Request(
        words.county,
        words.as_of,
        words.by or login(),
        paths.models,
        words.policy,
        words.model,
        words.product,
        paths.counties,
    )


def do_synthesize(words: argparse.Namespace, _paths: Settings) -> int:
    """Write a synthetic county."""
    from village_credit.synthetic import synthesize  # noqa: PLC0415  # nobody else needs the generator

    if words.villages < 1 or words.households < 1:
        raise UsageError("--villages and --households must be at least 1")
    made = synthesize(
        words.out,
        words.county,
        words.villages,
        words.households,
        words.seed,
        words.as_of,
        words.damage,
        words.history,
    )
    return show(
        words,
        dataclasses.asdict(made),
        lambda: (
            f"synthetic county {words.county} in {words.out}/{words.county} ({words.households:,} households, damage {words.damage})"
        ),
    )


def do_score(words: argparse.Namespace, paths: Settings) -> int:
    """Score an inbox into a staged run."""
    result = score.score_inbox(
        store_of(paths, may_begin=True), words.inbox, _request(words, paths), progress()
    )
    return show(words, dataclasses.asdict(result), lambda: staged_text(result))


def staged_text(result: score.StagedRun) -> str:
    """Write a staged run's summary: reconciliation, households, gates."""
    lines, households = result.counts["lines"], result.counts["households"]
    text = [
        f"run {result.run_id} of county {result.county} as of {result.as_of}: {f'{result.status}, already there (no-op)' if result.noop else result.status}",
        f"  lines       {sum(lines.values()):>9,}   "
        + ", ".join(f"{count:,} {name}" for name, count in lines.items()),
        f"  households  {result.counts['registered']:>9,}   "
        + ", ".join(f"{count:,} {name}" for name, count in households.items()),
        f"  limits      {result.sum_limit_yuan:>9,} yuan",
        "  gates",
    ]
    text += [
        f"    {gate['verdict']:<5} {gate['gate']:<28} {'missing' if gate['value'] is None else format(gate['value'], ',.4g')}  ({gate['threshold']})"
        for gate in result.gates
    ]
    text += [f"  rejected    {item['file']}: {item['why']}" for item in result.rejected]
    text.append(f"  report      {result.report}")
    return "\n".join(text)


def do_rescore(words: argparse.Namespace, paths: Settings) -> int:
    """Score counties again."""
    store = store_of(paths, may_begin=bool(words.refresh and words.inbox))
    if words.refresh and not words.inbox:
        raise UsageError("--refresh needs --inbox")
    wish = rescore.Wish(
        words.as_of,
        words.by or login(),
        paths.models,
        words.policy,
        words.model,
        words.inbox if words.refresh else None,
        paths.counties,
    )
    if words.dry_run:
        found = {county: rescore.dry_run(store, county, wish) for county in words.county}
        return show(
            words,
            {c: dataclasses.asdict(d) for c, d in found.items()},
            lambda: "\n".join(f"county {c}\n{difference_text(d)}" for c, d in found.items()),
        )
    done = [rescore.rescore(store, county, wish, progress()) for county in words.county]
    return show(words, [dataclasses.asdict(d) for d in done], lambda: "\n".join(staged_text(d) for d in done))
