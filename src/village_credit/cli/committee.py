"""The verbs of the risk committee: compare, try, sign, publish, return, check a policy."""

from __future__ import annotations

import argparse

from village_credit.cli.common import (
    LANGUAGES,
    Verbs,
    by_whom,
    county_code,
    day,
    out_of,
    path,
    say,
    show,
    show_each,
    store_of,
    write_new,
)
from village_credit.cli.difference import difference_text, simulated_text
from village_credit.errors import PolicyRefused, UsageError

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path
    from typing import Any

    from data_contracts.meeting import Meeting
    from village_credit.services.approval.household_signatures import Applied as AppliedAuthority
    from village_credit.services.approval.household_signatures import Exported as ExportedAuthority
    from village_credit.services.approval.publish import Published
    from village_credit.services.approval.rollback import RolledBack
    from village_credit.services.approval.withdraw import Withdrawn
    from village_credit.services.queries.simulate import Simulated
    from village_credit.settings import Settings
    from village_credit.store.store import Store


def add_diff(verbs: Verbs) -> None:
    compared = verbs.add(
        "diff",
        "Compare a run with another or with what is published, household by household, and say why limits change.",
        "diff RUN --against published --by village",
        do_diff,
    )
    compared.the_run()
    compared.add_argument("--against", default="published", help="a run id, or `published`")
    compared.add_argument("--by", choices=("village", "band", "reason", "group"), help="small counts hidden")
    compared.add_argument("--household", metavar="HOUSEHOLD_KEY", help="split this household's change among its causes")
    compared.add_argument(
        "--apart", action="store_true", help="read deliveries anew, so that no causes are joined; as long as scorings"
    )
    compared.out("write every household's change by cause there, as CSV")
    compared.add_argument("--force", action="store_true", help="write over a file that is there already")


def do_diff(args: argparse.Namespace, paths: Settings) -> int:
    """Compare runs, and split what changes among its causes."""
    from village_credit.identifiers import require_household_key
    from village_credit.services.queries.diff import diff_with_causes
    from village_credit.services.queries.told_difference import told_difference
    from village_credit.store.whole_files import write_whole

    key = require_household_key(args.household) if args.household else None
    file = out_of(args, "diff") if args.out else None
    found, why = diff_with_causes(
        store_of(paths), args.run, args.against, args.by, key, paths.models if args.apart else None
    )
    if file is not None:
        write_whole(file, why.csv(), 0o600)  # a row a household
    told = told_difference(found, why.parts)
    return show(args, told, lambda: difference_text(told))


def add_simulate(verbs: Verbs) -> None:
    tried = verbs.add(
        "simulate",
        "Try a policy file on every household of what is published: who gains, who loses, why; written nowhere.",
        "simulate --county 659900 --policy build/policy_2027.toml --by reason",
        do_simulate,
    )
    tried.counties()
    tried.add_argument("--policy", required=True, type=path, help="the policy file to try")
    tried.add_argument(
        "--on",
        type=day,
        help=(
            "the day whose figures hold (default: the last day from which one of the file's holds, or the "
            "publication's)"
        ),
    )
    tried.add_argument("--by", choices=("village", "band", "reason", "group"), help="show this alone; --json has all")
    tried.out("write there one county's simulation as a page for the minutes (new file)")
    tried.add_argument("--lang", choices=LANGUAGES, default="zh", help="in which language the page is (default: zh)")


def do_simulate(args: argparse.Namespace, paths: Settings) -> int:
    """Try a policy on what is published; written nowhere."""
    from village_credit.services.queries import simulate

    store = store_of(paths)
    if args.out and len(set(args.county)) > 1:
        raise UsageError("a page is of one county: give one --county with --out")

    def tried(county: str) -> Simulated:
        found = simulate.simulate(store, county, args.policy, args.on)
        if args.out:
            _write_policy_page(store, found, args)
        return found

    return show_each(args, tried, lambda _, found: simulated_text(found, args.by))


def _write_policy_page(store: Store, found: Simulated, args: argparse.Namespace) -> None:
    from dataclasses import asdict

    from village_credit.report.policy_page import policy_page
    from village_credit.services.queries.policy_signatures import signed_under

    signed = signed_under(store, found.policy_sha256, found.county_code)
    write_new(args.out, policy_page(asdict(found), signed, args.lang), "--out")


def add_approve(verbs: Verbs) -> None:
    signed = verbs.add(
        "approve",
        "Sign a staged run; never by its preparer.",
        'approve RUN --by 2002 --reason "committee of 2 November"',
        do_approve,
    )
    signed.the_run()
    signed.signed_by()
    signed.reason("why, or which meeting; kept in the ledger; name nobody")
    signed.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="GATE[=REASON]",
        help="a failed gate that the signer takes upon themselves, with its own reason (else --reason); once per gate",
    )
    signed.add_argument(
        "--meeting",
        type=path,
        metavar="FILE",
        help="TOML: date, place or title, minutes, members (number, vote); needed where the policy has a quorum",
    )


def do_approve(args: argparse.Namespace, paths: Settings) -> int:
    """Sign a run."""
    from village_credit.services.approval import approve, household_signatures
    from village_credit.services.approval.committee import meeting_in

    store, sat = store_of(paths), meeting_in(args.meeting)
    signature = approve.approve(store, args.run, args.by, args.reason, args.override, sat)
    unsigned, _ = household_signatures.still_open(store, approve.ledger_entries(store), args.run)
    return show(args, signature, lambda: "\n".join(_signed_text(args, signature.at, sat, unsigned)))


def _signed_text(args: argparse.Namespace, at: str, sat: Meeting | None, unsigned: int) -> Iterator[str]:
    yield f"run {args.run} signed by {args.by} at {at}"
    if sat:
        yield f"  minutes {sat.minutes}, {len(sat.members)} members"
    if unsigned:
        yield (
            f"  {unsigned:,} households above the authority ladder wait for their own signature: "
            f"village-credit authority export {args.run} --out FILE"
        )


def add_publish(verbs: Verbs) -> None:
    published = verbs.add(
        "publish", "Put an approved run in force and pack its branch files.", "publish RUN", do_publish
    )
    published.the_run()
    published.done_by("who publishes (default: the login)")


def do_publish(args: argparse.Namespace, paths: Settings) -> int:
    """Put a run in force."""
    from village_credit.services.approval import publish

    store = store_of(paths)
    unheard = publish.unheard_words(store, args.run)
    done = publish.publish(store, args.run, by_whom(args))
    if unheard and not done.noop:
        say(
            f"{unheard:,} lines are granted above what branches cut or refused since the run was computed, which it "
            f"does not know: score the county again (`rescore`) and publish that, to keep the branches' word"
        )
    return show(args, done, lambda: _published_text(done))


def _published_text(done: Published) -> str:
    where = (
        _packed_text(done.outbox)
        if path(done.outbox).is_dir()
        else f"its packages were handed out once, and are no longer in {done.outbox}: take them from where they went"
    )
    what = "already in force" if done.noop else "in force"
    return f"{what}: {done.publication_id} of county {done.county_code}\n  {where}"


def _packed_text(outbox: str) -> str:
    """Say where packages lie, and how many of them are sealed: a policy may mistype a branch."""
    from village_credit.publish.sealed_package import counted_sealed

    sealed, others = counted_sealed(path(outbox))
    return f"branch packages in {outbox}: {sealed:,} sealed, {others:,} in the clear"


def add_rollback(verbs: Verbs) -> None:
    returned = verbs.add(
        "rollback",
        "Put an earlier publication of a county in force again, nothing computed; never by its run's preparer.",
        'rollback --county 659900 --to PUBLICATION --by 2002 --reason "the policy of December was wrong"',
        do_rollback,
    )
    returned.county()
    returned.add_argument("--to", required=True, metavar="PUBLICATION", help="its id, as limits_history shows it")
    returned.signed_by("who answers for it")
    returned.reason()


def do_rollback(args: argparse.Namespace, paths: Settings) -> int:
    """Put an earlier publication in force again."""
    from village_credit.services.approval import rollback

    done = rollback.roll_back(store_of(paths), args.county, args.to, args.by, args.reason)
    return show(args, done, lambda: _returned_text(done))


def _returned_text(done: RolledBack) -> str:
    how = "already back in force (no-op)" if done.noop else "in force again"
    instead = f"in place of {', '.join(done.replaces)}" if done.replaces else "with nothing taken out of force"
    return (
        f"{how}: {done.restores} of county {done.county_code}, as {done.publication_id}, {instead}\n"
        f"  {_packed_text(done.outbox)}"
    )


def add_withdraw(verbs: Verbs) -> None:
    taken_back = verbs.add(
        "withdraw",
        "Take what is in force for a county out of force, nothing in its place; never by its run's preparer.",
        'withdraw --county 659900 --by 2002 --reason "the register was of another year"',
        do_withdraw,
    )
    taken_back.county()
    taken_back.signed_by("who answers for it")
    taken_back.reason()


def do_withdraw(args: argparse.Namespace, paths: Settings) -> int:
    """Take a county's publication out of force."""
    from village_credit.services.approval import withdraw

    done = withdraw.withdraw(store_of(paths), args.county, args.by, args.reason)
    return show(args, done, lambda: _withdrawn_text(done))


def _withdrawn_text(done: Withdrawn) -> str:
    how = "already withdrawn (no-op)" if done.noop else "withdrawn"
    return (
        f"{how}: {', '.join(done.withdraws)} of county {done.county_code}, by {done.publication_id}; nothing is in "
        f"force there\n  {_packed_text(done.outbox)}"
    )


def add_authority(verbs: Verbs) -> None:
    authorised = verbs.add(
        "authority",
        (
            "A run's households above the policy's authority ladder as a workbook, and the signatures back; "
            "publish waits for them."
        ),
        "authority apply build/above.xlsx --by 7007 --role 分管副行长",
        do_authority,
    )
    authorised.add_argument("act", choices=("export", "apply"), help="write the workbook, or take it back in")
    authorised.add_argument("target", help="export: the run; apply: the workbook with its signatures")
    authorised.workbook_out("export: the workbook to write")
    authorised.done_by("apply: who signs, never the run's preparer")
    authorised.add_argument(
        "--role", help="apply: as whom, that of each row's step or a higher one (default: that of the step)"
    )


def do_authority(args: argparse.Namespace, paths: Settings) -> int:
    """Carry households above the authority ladder out to whoever signs them, or the signatures back."""
    from village_credit.services.approval import household_signatures as authority

    store = store_of(paths)
    if args.act == "export":
        made = authority.export_authority(store, args.target, out_of(args, "authority export RUN"))
        return show(args, made, lambda: _above_text(made))
    if not args.by:
        raise UsageError("authority apply FILE needs --by NAME: whoever signs says who they are")
    done = authority.apply_authority(store, path(args.target), args.by, args.role)
    return show(args, done, lambda: _household_signatures_text(done))


def _above_text(made: ExportedAuthority) -> str:
    roles = ", ".join(f"{count:,} for {role}" for role, count in made.roles.items())
    return f"{made.path}: {made.rows:,} households to sign ({roles or 'none'}); personal data"


def _household_signatures_text(done: AppliedAuthority) -> str:
    again = f"; score county {done.county_code} again, the refusal decides them" if done.refused else ""
    return (
        f"run {done.run_id}: {done.agreed:,} signed, {done.refused:,} refused, {done.unchanged:,} known "
        f"already, {done.unsigned:,} still to be signed{again}"
    )


def add_policy(verbs: Verbs) -> None:
    checked = verbs.add(
        "policy",
        "Check a policy file, show the figures in force, or write a sheet a product to hand out (--out DIR).",
        "policy check models/limit_policy.toml --against build/policy_before.toml --for-run RUN",
        do_policy,
    )
    checked.add_argument("act", choices=("check", "show", "sheets"), help="look for faults, show figures, write sheets")
    checked.add_argument("file", nargs="?", type=path, help="the policy file (default: that of the models)")
    checked.add_argument("--on", type=day, help="the day whose figures hold (default: today in China)")
    checked.add_argument("--county", type=county_code, help="as this county has it")
    checked.add_argument("--product", help="of this product alone")
    checked.add_argument(
        "--against", type=path, metavar="OLD", help="check: list each gate that this file loosens against OLD"
    )
    checked.add_argument(
        "--for-run", metavar="RUN", help="check: refuse to loosen a gate that failed in this run (exit 7)"
    )

    checked.out("sheets: the folder; needs --county")
    checked.add_argument("--force", action="store_true", help="sheets: write over earlier ones")
    checked.notice_texts()


def do_policy(args: argparse.Namespace, paths: Settings) -> int:
    """Check a policy, show what holds, or write what is handed out of it."""
    return {"show": _show_policy, "check": _check_policy, "sheets": _write_sheets}[args.act](args, paths)


def _write_sheets(args: argparse.Namespace, paths: Settings) -> int:
    """Write a sheet a product."""
    from village_credit.services.queries.product_sheets import Wanted, write_sheets

    if args.out is None or args.county is None:
        raise UsageError("`policy sheets` needs --county CODE and --out DIR")
    file, on = _policy_and_day(args, paths)
    wanted = Wanted(args.county, on, args.lang, args.templates, args.unreviewed)
    done = write_sheets(file, args.out, paths.counties, wanted, force=args.force)
    drafts = f"; drafts, for a figure is unverified: {', '.join(done.drafts)}" if done.drafts else ""
    return show(args, done, lambda: f"{len(done.files)} sheets in {done.folder}{drafts}")


def _policy_and_day(args: argparse.Namespace, paths: Settings) -> tuple[Path, date]:
    from village_credit.china_calendar import today

    return args.file or paths.models / "limit_policy.toml", args.on or today()


def _show_policy(args: argparse.Namespace, paths: Settings) -> int:
    """Show the figures in force on a day."""
    from village_credit.services.queries import policy

    file, on = _policy_and_day(args, paths)
    found = policy.show(file, on, args.county, args.product)
    return show(args, found, lambda: "\n".join(_policy_figure_text(figure) for figure in found))


def _policy_figure_text(figure: dict[str, Any]) -> str:
    verified = "verified" if figure["verified"] else "unverified"
    return (
        f"{figure['name']:<34} {figure['value']:>12} {figure['unit']:<22} {figure['for']:<28} from {figure['from']}  "
        f"{verified}: {figure['reference']}"
    )


def _check_policy(args: argparse.Namespace, paths: Settings) -> int:
    """Refuse a policy file with every fault, or say that it is sound and what it loosens."""
    from village_credit.services.queries import policy

    if args.for_run and not args.against:
        raise UsageError("--for-run needs --against OLD")
    file, on = _policy_and_day(args, paths)
    faults = policy.check(file, on)
    is_read = all(fault.place != "file" for fault in faults)
    if args.for_run and is_read:
        faults += policy.needed_by_run(store_of(paths), args.for_run, file, args.against)
    if faults:
        raise PolicyRefused(f"{file.name}: " + "; ".join(f"{f.place}: {f.sentence}" for f in faults))
    looser = policy.loosened_gates(file, args.against, on) if args.against else []
    text = [f"{file.name} is sound on {on}", *(f"  warning: {item.sentence}" for item in looser)]
    return show(args, {"faults": [], "loosened": looser}, lambda: "\n".join(text))


VERBS = (add_diff, add_simulate, add_approve, add_publish, add_rollback, add_withdraw, add_authority, add_policy)
