"""The verbs that take away what is not kept any longer: persons who are erased, and what is past its retention."""

from __future__ import annotations

import argparse

from village_credit.cli.common import Verbs, day, path, policy_of, show, store_of
from village_credit.errors import UsageError

TOLD_NOTHING = (
    ": they no longer tell a branch to freeze or close these households' lines; a branch that has not fetched them "
    "is to be told by other means"
)
UNOPENED = ": what is signed beside each names none of them"
TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from datetime import date

    from village_credit.services.keeping.erase import Erased
    from village_credit.services.keeping.retain import Retained
    from village_credit.settings import Settings


def add_erase(verbs: Verbs) -> None:
    erased = verbs.add(
        "erase",
        "Take persons out of vault, frozen bytes, what came back and the outbox; search the store, exit 6 where found.",
        'erase --household HOUSEHOLD_KEY --by 3003 --second 4004 --reason "request of 5 November" --dry-run',
        do_erase,
    )
    whom = erased.add_mutually_exclusive_group(required=True)
    whom.add_argument("--household", action="append", metavar="HOUSEHOLD_KEY", help="all its persons")
    whom.add_argument("--person-file", type=path, metavar="FILE", help="ID numbers, one a line")
    _two_people(erased, required=True)
    erased.reason()
    erased.policy("whose [[retention]] says what must be kept (default: limit_policy.toml of the models)")
    erased.add_argument("--as-of", type=day, help="the day on which duties are read (default: today in China)")
    erased.add_argument(
        "--despite-records",
        action="store_true",
        help="erase though money is owed or records of a contract are not old enough: the ledger says so",
    )
    erased.add_argument("--dry-run", action="store_true", help="say what would go, and write nothing")


def _two_people(verb: argparse.ArgumentParser, *, required: bool) -> None:
    verb.add_argument("--by", required=required, help="who answers for it")
    verb.add_argument("--second", required=required, help="who looked at it too: never who prepared a run of theirs")


def do_erase(args: argparse.Namespace, paths: Settings) -> int:
    """Erase persons."""
    from village_credit.china_calendar import today
    from village_credit.identifiers import require_household_key
    from village_credit.services.keeping import erase, whom
    from village_credit.services.rules import read_policy

    if not args.dry_run:
        _require_come(args.as_of)
    store = store_of(paths)
    keys = tuple(sorted({require_household_key(key) for key in args.household or ()}))
    numbers = tuple(whom.numbers_in(args.person_file)) if args.person_file else ()
    policy, _ = read_policy(policy_of(args, paths))
    who = (keys, numbers, args.by, args.second, args.reason, policy, args.as_of or today())
    request = erase.Request(*who, counties=paths.counties, despite_records=args.despite_records)
    done = erase.erase(store, request, dry_run=args.dry_run)
    return show(args, done, lambda: "\n".join(_erased_text(done)))


def _require_come(on: date | None) -> None:
    """Raise UsageError for a day to come: by it duties would be over that hold today."""
    from village_credit.china_calendar import today

    if on is not None and on > today():
        raise UsageError(f"--as-of {on} is a day to come: what is removed is what is past its days today, {today()}")


def _erased_text(done: Erased) -> list[str]:
    lines, whole = sum(item["lines"] for item in done.files), sum(item["became"] is None for item in done.files)
    what = "would go (nothing was written)" if done.dry_run else f"erased by act {done.act:,} of {done.day}"
    if not done.act and not done.dry_run:
        what = "nothing of them is in the store"
    text = [
        f"{done.persons:,} persons, {len(done.households):,} households: {what}",
        f"  frozen      {lines:>9,} lines of {len(done.files):,} files; {whole:,} files as a whole",
        f"  vault       {sum(done.runs.values()):>9,} rows of {len(done.runs):,} runs",
        f"  outbox      {len(done.packages):>9,} packages{TOLD_NOTHING if done.packages else ''}",
    ]
    found = done.searched
    if found is None:
        return text
    told = (
        f"{found.decrypted:,} decrypted, {found.parts:,} parts unpacked, {found.tables:,} tables, {found.bytes:,} bytes"
    )
    text.append(f"  searched    {found.files:>9,} files ({told}): found in none")
    if found.sealed:
        text.append(f"  not opened  {found.sealed:>9,} sealed packages, which their branches alone can open{UNOPENED}")
    return text


def add_retain(verbs: Verbs) -> None:
    retained = verbs.add(
        "retain",
        "Show what is past its retention by the policy: kinds, counts, bytes, days; --apply removes it.",
        "retain --as-of 2026-11-20",
        do_retain,
    )
    retained.policy("whose [[retention]] holds (default: limit_policy.toml of the models)")
    retained.add_argument("--as-of", type=day, help="the day on which periods are reckoned (default: today in China)")
    retained.add_argument("--apply", action="store_true", help="remove it, and say so in the ledger")
    _two_people(retained, required=False)


def do_retain(args: argparse.Namespace, paths: Settings) -> int:
    """Show what is past its retention, or remove it."""
    from village_credit.china_calendar import today
    from village_credit.services.keeping.retain import retain
    from village_credit.services.rules import read_policy

    if args.apply and not (args.by and args.second):
        raise UsageError("--apply needs --by and --second: two people remove what is past its retention")
    if args.apply:
        _require_come(args.as_of)
    people = (args.by, args.second) if args.apply else (None, None)
    done = retain(store_of(paths), read_policy(policy_of(args, paths)), args.as_of or today(), *people)
    return show(args, done, lambda: "\n".join(_retained_text(done)))


def _retained_text(done: Retained) -> list[str]:
    what = f"removed by act {done.act:,}" if done.act else "past its retention, and still there (--apply removes it)"
    kinds = sorted({item.kind for item in done.items})
    return [
        f"as of {done.as_of}: {len(done.items):,} places, {done.bytes:,} bytes {what}" if kinds else _nothing(done),
        *(_kind_text(kind, done) for kind in kinds),
        *(f"  {kind:<20} kept for ever: the policy has no [[retention]] of it" for kind in done.not_said),
    ]


def _nothing(done: Retained) -> str:
    return f"as of {done.as_of}: nothing is past its retention"


def _kind_text(kind: str, done: Retained) -> str:
    mine = [item for item in done.items if item.kind == kind]
    files, size = sum(item.files for item in mine), sum(item.bytes for item in mine)
    days = ", ".join(f"{days:,}" for days in sorted({item.kept_days for item in mine}))
    oldest = min(item.since for item in mine)
    return f"  {kind:<20} {files:>9,} files {size:>13,} bytes   kept {days} days, oldest since {oldest}"


VERBS = (add_erase, add_retain)
