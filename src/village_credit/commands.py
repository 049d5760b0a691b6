"""Each verb of the command line: words in, one act, a result that a person or a program can read."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.acts import compare, inputs, publish, rescore, score, sign, tell
from village_credit.errors import PolicyRefused, UsageError, VerificationFailed
from village_credit.publish.keys import load_keys
from village_credit.publish.ledger import read_ledger
from village_credit.publish.package import verify_package
from village_credit.publish.store import Store, open_store
from village_credit.settings import Settings, login, settings


def run(words: argparse.Namespace) -> int:
    """Run the verb's function."""
    return VERBS[words.verb](words, settings(words.store, words.models, words.counties))


def say(text: str) -> None:
    """Speak to the person, never on standard output where a program may be reading."""
    print(text, file=sys.stderr)


def show(words: argparse.Namespace, result: Any, text: Callable[[], str]) -> int:
    """Print the result: one JSON object, or text."""
    print(json.dumps(result, ensure_ascii=False, default=str, sort_keys=True) if words.json else text())
    return 0


def store_of(paths: Settings) -> Store:
    """Open the store and its keys; warn where keys were made."""
    keys, is_new = load_keys(paths.key_file)
    if is_new:
        say(
            f"new keys in {paths.key_file} (mode 0600): keep a copy apart from the store; without them its pseudonyms and vault are lost"
        )
    store = open_store(paths.store, keys)
    publish.heal_warehouse(store)
    return store


def _progress() -> Callable[[str, float], None]:
    return lambda stage, seconds: say(f"  {stage:<24} {seconds:8.2f} s")


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
    result = score.score_inbox(store_of(paths), words.inbox, _request(words, paths), _progress())
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
    store = store_of(paths)
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
    done = [rescore.rescore(store, county, wish, _progress()) for county in words.county]
    return show(words, [dataclasses.asdict(d) for d in done], lambda: "\n".join(staged_text(d) for d in done))


def do_diff(words: argparse.Namespace, paths: Settings) -> int:
    """Compare runs."""
    found = compare.diff_runs(store_of(paths), words.run, words.against, words.by)
    return show(words, dataclasses.asdict(found), lambda: difference_text(found))


def difference_text(found: compare.Difference) -> str:
    """Write a difference: counts, sums, groups, top movers."""
    text = [f"against {found.against}"]
    text += [
        f"  {c['change']:<8} {c['households']:>8,} households  {c['before_yuan']:>14,} → {c['after_yuan']:>14,} yuan"
        for c in found.changes
    ]
    text += [
        f"  {g['group']}  {g['change']:<8} {g['households']:>6,}  {g['before_yuan']:>12,} → {g['after_yuan']:>12,}"
        for g in found.groups
    ]
    if found.movers:
        text.append("  top movers")
        text += [
            f"    {m['household_key']}  {m['before_yuan']:>9,} → {m['after_yuan']:>9,}  {m['reason']}"
            for m in found.movers
        ]
    return "\n".join(text)


def do_approve(words: argparse.Namespace, paths: Settings) -> int:
    """Sign a run."""
    signature = sign.approve(store_of(paths), words.run, words.by, words.reason, words.override)
    return show(
        words,
        dataclasses.asdict(signature),
        lambda: f"run {words.run} signed by {words.by} at {signature.at}",
    )


def do_publish(words: argparse.Namespace, paths: Settings) -> int:
    """Put a run in force."""
    done = publish.publish(store_of(paths), words.run, words.by or login())
    return show(
        words,
        dataclasses.asdict(done),
        lambda: (
            f"{'already in force' if done.noop else 'in force'}: {done.publication_id} of county {done.county_code}\n  branch packages in {done.outbox}"
        ),
    )


def do_rollback(words: argparse.Namespace, paths: Settings) -> int:
    """Put an earlier publication in force again."""
    from village_credit.acts import rollback  # noqa: PLC0415  # only this verb needs it

    done = rollback.roll_back(store_of(paths), words.county, words.to, words.by, words.reason)
    return show(
        words,
        dataclasses.asdict(done),
        lambda: (
            f"{'already back in force (no-op)' if done.noop else 'in force again'}: {done.restores} of county {done.county_code}, as {done.publication_id}, in place of {', '.join(done.replaces)}\n  branch packages in {done.outbox}"
        ),
    )


def household_named(store: Store, named: str) -> str:
    """Give the household_key that was typed, or of the number on standard input; a number as an argument is refused."""
    if sum(letter.isdigit() for letter in named) >= len("110101900101001"):
        raise UsageError("a number is never an argument: give - and the number on standard input")
    typed = sys.stdin.read() if named == "-" else ""
    if named == "-" and not typed.strip():
        raise UsageError("nothing on standard input: type the ID number or contractor code there")
    return tell.key_of(store, named, typed)


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


def do_report(words: argparse.Namespace, paths: Settings) -> int:
    """Say where a run's page is."""
    page = store_of(paths).require_run(words.run) / "report.html"
    return show(words, {"report": str(page)}, lambda: str(page))


def do_status(words: argparse.Namespace, paths: Settings) -> int:
    """List the runs."""
    rows = tell.status(store_of(paths))
    text = [
        f"{r['county_code']}  {r['as_of']}  {r['status']:<10} {r['run_id']}  {r['households']:>8,} households  {r['sum_limit_yuan']:>14,} yuan  gates {r['gates']}"
        for r in rows
    ]
    held = {hold["household_key"]: hold for row in rows for hold in row["holds"]}
    text += [
        f"held    {h['county_code']}  {key}  since {h['since']} by {h['held_by']}" for key, h in held.items()
    ]
    return show(words, rows, lambda: "\n".join(text) or "no run yet")


def do_policy(words: argparse.Namespace, paths: Settings) -> int:
    """Check a policy, or show what holds."""
    from village_credit.acts import policy  # noqa: PLC0415  # only this verb needs it

    path = words.file or paths.models / "limit_policy.toml"
    day = words.on or date.today()  # noqa: DTZ011  # the shell's own day
    if words.act == "show":
        found = policy.show(path, day, words.county, words.product)
        return show(
            words,
            found,
            lambda: "\n".join(
                f"{f['name']:<34} {f['value']:>12} {f['unit']:<22} {f['for']:<28} from {f['from']}  {'verified' if f['verified'] else 'unverified'}: {f['reference']}"
                for f in found
            ),
        )
    if words.for_run and not words.against:
        raise UsageError("--for-run needs --against OLD")
    faults = policy.check(path, day)
    is_read = all(fault.place != "file" for fault in faults)
    if words.for_run and is_read:
        faults += policy.needed_by_run(store_of(paths), words.for_run, path, words.against)
    if faults:
        raise PolicyRefused(f"{path.name}: " + "; ".join(f"{f.place}: {f.sentence}" for f in faults))
    looser = policy.loosened_gates(path, words.against, day) if words.against else []
    text = [f"{path.name} is sound on {day}", *(f"  warning: {item.sentence}" for item in looser)]
    result = {"faults": [], "loosened": [dataclasses.asdict(item) for item in looser]}
    return show(words, result, lambda: "\n".join(text))


def do_ledger(words: argparse.Namespace, paths: Settings) -> int:
    """Verify the chain."""
    entries = read_ledger(store_of(paths).root / "ledger")
    return show(words, {"entries": len(entries)}, lambda: f"the chain of {len(entries)} acts is whole")


def do_package(words: argparse.Namespace, _paths: Settings) -> int:
    """Verify a branch package."""
    manifest = verify_package(words.folder)
    return show(
        words,
        manifest,
        lambda: (
            f"package of branch {manifest['branch_code']}: {manifest['rows']:,} rows, {manifest['sum_limit_yuan']:,} yuan, signed with key {manifest['key_id']}"
        ),
    )


def do_corrections(words: argparse.Namespace, paths: Settings) -> int:
    """Write each office's quarantined rows back to it."""
    from village_credit.acts import corrections  # noqa: PLC0415  # only this verb needs it

    store = store_of(paths)
    written = corrections.write_corrections(store, words.run, words.out, paths.counties)
    ages = corrections.ageing(store, words.run)
    text = [
        f"{item.path}: {item.rows:,} rows, {item.tables_refused} tables to deliver anew" for item in written
    ]
    text += [
        f"  {age['office']:<20} {age['open_rows']:>7,} open, oldest {age['oldest_days']} days (since {age['oldest_on']}), median {age['median_days']}, over 30 days {age['over_30_days']:,}"
        for age in ages
    ]
    result = {"written": [dataclasses.asdict(item) for item in written], "ageing": ages}
    return show(words, result, lambda: "\n".join(text) or "nothing is open")


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


def do_contracts(words: argparse.Namespace, _paths: Settings) -> int:
    """Write what offices are handed, or check that it is current."""
    from village_credit.acts import contracts  # noqa: PLC0415  # only this verb needs it

    if words.check:
        lacking = contracts.not_current(words.out)
        if lacking:
            raise VerificationFailed(
                f"not what the contracts say today: {', '.join(map(str, lacking))}; run `village-credit contracts`"
            )
        return show(words, {"not_current": []}, lambda: f"{words.out} is current")
    written = [str(path) for path in contracts.publish(words.out)]
    return show(words, {"written": written}, lambda: "\n".join(written) or f"{words.out} was current")


def do_train(words: argparse.Namespace, _paths: Settings) -> int:
    """Fit a candidate scorecard."""
    from village_credit.acts import train  # noqa: PLC0415  # scikit-learn takes its time

    card, path = train.train_candidate(
        words.history,
        words.county,
        words.model_id,
        words.valid_from,
        words.out,
        words.impact_assessment,
    )
    figures = card.training.figures
    return show(
        words,
        card.model_dump(mode="json"),
        lambda: (
            f"{path}: {card.training.rows:,} loans, {card.training.bads:,} defaults; out of village AUC {figures.get('auc_out_of_village')}, out of time {figures.get('auc_out_of_time')}; next: village-credit assess-model {words.out}, then model sign by three people"
        ),
    )


def do_assess_model(words: argparse.Namespace, paths: Settings) -> int:
    """Write a candidate's evidence."""
    from village_credit.acts import assess  # noqa: PLC0415  # scikit-learn takes its time

    policy = words.policy or paths.models / "limit_policy.toml"
    found = assess.assess_model(words.folder, policy, words.history, words.challenger, words.county)
    text = [f"scorecard {found.model_id}: out of village " + ", ".join(f"{name} {value:.4f}" for name, value in found.headline.items())]  # fmt: skip
    text += [f"  look at: {concern}" for concern in found.concerns] or [
        "  nothing that a committee must look at"
    ]
    text += [f"  page      {found.page}", f"  figures   {found.figures}"]
    return show(words, dataclasses.asdict(found), lambda: "\n".join(text))


def do_model(words: argparse.Namespace, paths: Settings) -> int:
    """Sign a candidate scorecard."""
    from village_credit.acts import models  # noqa: PLC0415  # only this verb needs it

    card = models.sign_model(words.folder, words.role, words.by, store_of(paths).keys)
    signed = {signature.role: signature.by for signature in card.signatures}
    lacking = [role for role in ("developer", "validator", "approver") if role not in signed]
    return show(
        words,
        {"model_id": card.model_id, "content_sha256": card.content_sha256, "signatures": signed, "lacking": lacking},
        lambda: f"scorecard {card.model_id}: signed by {', '.join(f'{role} {by}' for role, by in signed.items())}; {'lacking: ' + ', '.join(lacking) if lacking else 'it may decide now'}",
    )  # fmt: skip


VERBS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "synthesize": do_synthesize, "score": do_score, "rescore": do_rescore, "diff": do_diff, "approve": do_approve, "publish": do_publish,
    "explain": do_explain, "notices": do_notices, "report": do_report, "status": do_status, "policy": do_policy, "ledger": do_ledger,
    "package": do_package, "corrections": do_corrections, "links": do_links, "contracts": do_contracts, "train": do_train, "model": do_model,
    "assess-model": do_assess_model, "rollback": do_rollback, "hold": do_hold, "release": do_hold,
    "find": do_find, "reviews": do_reviews,
}  # fmt: skip
