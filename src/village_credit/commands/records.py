"""The verbs that tell what is there and whether it is whole: runs, ledger, packages, what offices are handed."""

from __future__ import annotations

import argparse
import dataclasses
from datetime import date
from typing import Any

from village_credit.acts import tell
from village_credit.commands.shared import own_public_key, progress, say, show, store_of
from village_credit.errors import VerificationFailed
from village_credit.publish.ledger import read_ledger
from village_credit.publish.package import verify_package
from village_credit.settings import Settings


def do_report(words: argparse.Namespace, paths: Settings) -> int:
    """Say where a run's page is."""
    page = store_of(paths).require_run(words.run) / "report.html"
    return show(words, {"report": str(page)}, lambda: str(page))


def do_status(words: argparse.Namespace, paths: Settings) -> int:
    """List the runs."""
    rows = tell.status(store_of(paths), words.on or date.today())  # noqa: DTZ011  # the shell's own day
    text = [
        f"{r['county_code']}  {r['as_of']}  {r['status']:<10} {r['run_id']}  {r['households']:>8,} households  {r['sum_limit_yuan']:>14,} yuan  gates {r['gates']}"
        for r in rows
    ]
    held = {hold["household_key"]: hold for row in rows for hold in row["holds"]}
    text += [
        f"held    {h['county_code']}  {key}  since {h['since']} by {h['held_by']}" for key, h in held.items()
    ]
    batches = {
        (batch["county_code"], batch["referral_batch"]): batch for row in rows for batch in row["referrals"]
    }
    text += [_batch_text(batch) for batch in batches.values()]
    return show(words, rows, lambda: "\n".join(text) or "no run yet")


def _batch_text(batch: dict[str, Any]) -> str:
    """Write a referral batch's two clocks on a day."""
    told = "; ".join(
        f"{clock}: "
        + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in batch[clock].items())
        for clock in ("decision", "draw")
    )
    why = f" ({'; '.join(batch['why_not_known'])})" if batch["why_not_known"] else ""
    return f"referred  {batch['county_code']}  batch {batch['referral_batch']}  on {batch['on']}: {batch['referred']:,} referred; {told}{why}"


def do_verify(words: argparse.Namespace, paths: Settings) -> int:
    """Rebuild a run and compare; exit 6 where anything is not what was sealed."""
    from village_credit.acts import verify  # noqa: PLC0415  # only this verb needs it

    found = verify.verify_run(store_of(paths), words.run, paths.models, progress())
    if not found.is_whole:
        told = [f"{what}: {', '.join(names)}" for what, names in (("not what was sealed", found.altered), ("comes out otherwise", found.differs)) if names]  # fmt: skip
        raise VerificationFailed(f"run {found.run_id}: {'; '.join(told)}" + (f"; not rebuilt: {found.why_not}" if found.why_not else ""))  # fmt: skip
    return show(
        words,
        dataclasses.asdict(found),
        lambda: f"run {found.run_id}, county {found.county_code}, as of {found.as_of}: {found.tables} tables are what was sealed"
        + (", and come out the same again" if found.is_rebuilt else f"; hashes intact, not rebuildable: {found.why_not}"),
    )  # fmt: skip


def do_ledger(words: argparse.Namespace, paths: Settings) -> int:
    """Verify the chain."""
    entries = read_ledger(store_of(paths).root / "ledger")
    return show(words, {"entries": len(entries)}, lambda: f"the chain of {len(entries)} acts is whole")


def do_package(words: argparse.Namespace, paths: Settings) -> int:
    """Verify a branch package: signed by this store, or, where its keys are not at hand, by a key that a person compares."""
    own_key = own_public_key(paths)
    manifest = verify_package(words.folder, own_key)
    if own_key is None:
        say(
            f"not known whose key this is: no key file here. Compare key {manifest['key_id']} with the one that the bank gave out before you import"
        )
    whose = "this store's key" if own_key else "key"
    return show(
        words,
        {**manifest, "is_own_key": True if own_key else None},
        lambda: (
            f"package of {'branch ' + manifest['branch_code'] if 'branch_code' in manifest else manifest['office']}: {manifest['rows']:,} rows, {manifest['sum_limit_yuan']:,} yuan, signed with {whose} {manifest['key_id']}"
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
