"""The verbs of the risk committee: compare, sign, publish, return, change the policy and the model."""

from __future__ import annotations

import argparse
import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Any

from village_credit.acts import authority, compare, publish, sign
from village_credit.commands.shared import show, store_of
from village_credit.errors import PolicyRefused, UsageError
from village_credit.settings import Settings, login

if TYPE_CHECKING:
    from village_credit.acts.simulate import Simulated


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
        f"  {g['group']:<22} {g['change']:<8} {_hidden(g['households']):>8}  {_hidden(g['before_yuan']):>14} → {_hidden(g['after_yuan']):>14}"
        for g in found.groups
    ]
    if any(g["households"] is None for g in found.groups):
        text.append("  (*: too few households to be shown)")
    text += [f"  relief {m['measure']:<26} {m['before']:>8,} → {m['after']:>8,} households" for m in found.measures]  # fmt: skip
    if found.movers:
        text.append("  top movers")
        text += [f"    {m['household_key']}  {m['before_yuan']:>9,} → {m['after_yuan']:>9,}  {_moved(m)}" for m in found.movers]  # fmt: skip
    return "\n".join(text)


def _hidden(count: int | None) -> str:
    return "*" if count is None else f"{count:,}"


def _moved(mover: dict[str, Any]) -> str:
    """Say what moved a limit: a term, with its figure on either side where known, or a reason."""
    figures = [mover["term_before_yuan"], mover["term_after_yuan"]]
    known = all(figure is not None for figure in figures)
    return f"{mover['moved_by']} {figures[0]:,} → {figures[1]:,}" if known else mover["moved_by"]


def do_approve(words: argparse.Namespace, paths: Settings) -> int:
    """Sign a run."""
    from village_credit.acts.meeting import meeting_in  # noqa: PLC0415  # only this verb needs it

    store, sat = store_of(paths), meeting_in(words.meeting)
    signature = sign.approve(store, words.run, words.by, words.reason, words.override, sat)
    unsigned, _ = authority.still_open(store, sign.ledger_entries(store), words.run)
    text = [f"run {words.run} signed by {words.by} at {signature.at}"]
    text += [f"  minutes {sat.minutes}, {len(sat.members)} members"] if sat else []
    text += [f"  {unsigned:,} households above the authority ladder wait for their own signature: village-credit authority export {words.run} --out FILE"] if unsigned else []  # fmt: skip
    return show(words, dataclasses.asdict(signature), lambda: "\n".join(text))


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

    card = models.sign_model(words.folder, words.role, words.by, store_of(paths, may_begin=True).keys)
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


def do_relief(words: argparse.Namespace, paths: Settings) -> int:
    """Declare relief for an area and a time."""
    from village_credit.acts import relief  # noqa: PLC0415  # only this verb needs it

    done = relief.declare(store_of(paths, may_begin=True), words.file, words.by, words.proofs)
    text = [
        f"{done.document}: {'known already (no-op)' if done.noop else 'declared'}, {done.starts_on} to {done.ends_on}, counties {', '.join(done.counties)}",
        f"  {done.proofs:,} proofs; {done.households:,} households there have {done.limits_yuan:,} yuan in force",
        *(f"  proof in line {line} not taken: {why}" for line, why in done.refused),
        *(
            f"  the next scoring uses it: village-credit rescore --county {county}"
            for county in done.counties
        ),
    ]
    return show(words, dataclasses.asdict(done), lambda: "\n".join(text))


def do_simulate(words: argparse.Namespace, paths: Settings) -> int:
    """Try a policy on what is published; written nowhere."""
    from village_credit.acts import simulate  # noqa: PLC0415  # only this verb needs it

    store = store_of(paths)
    found = [simulate.simulate(store, county, words.policy, words.on) for county in words.county]
    return show(words, [dataclasses.asdict(one) for one in found], lambda: "\n".join(simulated_text(one, words.by) for one in found))  # fmt: skip


def simulated_text(found: Simulated, by: str | None) -> str:
    """Write a simulation: what it is not, then the difference, by one kind of group or all but the villages."""
    groups = found.by_village if by == "village" else found.by_band if by == "band" else found.by_reason if by == "reason" else found.by_group if by == "group" else [*found.by_band, *found.by_reason, *found.by_group]  # fmt: skip
    head = f"NOT AUTHORITATIVE: county {found.county_code}, policy {found.policy} as of {found.policy_day} on {found.households:,} households as of {found.as_of}; written nowhere"  # fmt: skip
    return head + "\n" + difference_text(compare.Difference(found.against, found.changes, groups, found.movers, []))  # fmt: skip
