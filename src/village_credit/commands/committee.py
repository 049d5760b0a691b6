"""The verbs of the risk committee: compare, sign, publish, return, change the policy and the model."""

from __future__ import annotations

import argparse
import dataclasses
from datetime import date

from village_credit.acts import compare, publish, sign
from village_credit.commands.shared import show, store_of
from village_credit.errors import PolicyRefused, UsageError
from village_credit.settings import Settings, login


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
