"""The verbs that concern one household: explain it, tell it, find it, stop it and let it go on."""

from __future__ import annotations

import argparse

from village_credit.cli.common import (
    LANGUAGES,
    NAMED_BY,
    Verbs,
    by_whom,
    counted,
    day,
    household_named,
    path,
    say,
    show,
    store_of,
    typed_number,
    write_new,
)
from village_credit.errors import UsageError

OWNER_ALONE = 0o600
TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from village_credit.services.casework.holds import Stopped
    from village_credit.services.casework.household_lookup import Found
    from village_credit.services.disclosure.notify import Notified
    from village_credit.settings import Settings
    from village_credit.store.store import Store

    New = tuple[Path, str, str]  # a file to be written, the option that names it, and what is in it


def add_explain(verbs: Verbs) -> None:
    explained = verbs.add(
        "explain",
        "Every figure behind one decision, with office, file and line.",
        "explain HOUSEHOLD_KEY --on 2026-11-20",
        do_explain,
    )
    explained.add_argument("household", help=NAMED_BY)
    explained.add_argument("--on", type=day, help="in force at the end of that day (China), by days of publication")
    explained.done_by("who looks, where a number is given (default: the login)")
    explained.add_argument("--lang", choices=LANGUAGES, default="zh", help="in which language (default: zh)")
    explained.add_argument(
        "--out", type=path, metavar="FILE.html", help="write there the account as a page to print (new file)"
    )
    explained.add_argument(
        "--proof", type=path, metavar="FILE", help="write there what shows offline that this was published (new file)"
    )


def do_explain(args: argparse.Namespace, paths: Settings) -> int:
    """Explain a household's decision."""
    from village_credit.report.account import account_text
    from village_credit.services.queries.explain import explain

    store = store_of(paths)
    key = household_named(store, args.household, by_whom(args))
    found = explain(store, key, args.on)
    _write_all([*_proof(store, key, args), *_account(found, args)])
    return show(args, found, lambda: account_text(found, args.lang))


def _proof(store: Store, key: str, args: argparse.Namespace) -> Iterator[New]:
    import json
    from dataclasses import asdict

    from village_credit.services.queries.proof import prove

    if args.proof:
        found = asdict(prove(store, key, args.on))
        yield args.proof, "--proof", json.dumps(found, ensure_ascii=False, indent=1)


def _account(found: dict[str, Any], args: argparse.Namespace) -> Iterator[New]:
    from village_credit.report.account import account_page

    if args.out:
        yield args.out, "--out", account_page(found, args.lang)


def _write_all(files: Sequence[New]) -> None:
    """Write files that nobody has yet: all of them or none."""
    for place, (file, option, _) in enumerate(files):
        if file.exists() or any(file.resolve() == other.resolve() for other, _, _ in files[:place]):
            raise UsageError(f"{file.name} is there already: name a new file for {option}")
    for file, option, content in files:
        write_new(file, content, option, OWNER_ALONE)


def add_notices(verbs: Verbs) -> None:
    noticed = verbs.add("notices", "The households' messages of a run.", "notices RUN --lang zh", do_notices)
    noticed.the_run()
    noticed.add_argument("--lang", default="zh", help="a language that messages are written in (default: zh)")


def do_notices(args: argparse.Namespace, paths: Settings) -> int:
    """Print a run's messages."""
    from village_credit.services.queries.notices import notices

    found = notices(store_of(paths), args.run, args.lang, paths.counties)
    if found and not found[0]["reviewed_by"]:
        say(f"{found[0]['template']} was reviewed by no native speaker: read it to nobody as the bank's word")
    return show(args, found, lambda: "\n".join(f"{item['household_key']}\t{item['text']}" for item in found))


def add_notify(verbs: Verbs) -> None:
    notified = verbs.add(
        "notify",
        "Write a publication's messages and letters, addressed through the vault: a folder a branch, encrypted where "
        "it has a key; who is held, objects or opted out is left out.",
        "notify PUBLICATION --by 1001 --out build/notices",
        do_notify,
    )
    notified.add_argument("publication", help="the publication that is told")
    notified.out("a new folder; personal data", required=True)
    notified.signed_by("who sends or prints them")
    notified.notice_texts()
    notified.add_argument("--everybody", action="store_true", help="those too whom nothing new is told")
    notified.add_argument(
        "--on", type=day, help="the day that stands on them (default: today); lines that ended before are told nobody"
    )


def do_notify(args: argparse.Namespace, paths: Settings) -> int:
    """Write the notices of a publication."""
    from village_credit.services.disclosure.notify import Wanted, notify

    wanted = Wanted(args.lang, args.templates, args.everybody, args.unreviewed, args.on)
    done = notify(store_of(paths), args.publication, args.out, args.by, paths.counties, wanted)
    return show(args, done, lambda: _notified_text(done))


def _notified_text(done: Notified) -> str:
    written = done.written
    left = f"; left out: {counted(written.left_out)}" if written.left_out else ""
    alone = f"; by letter alone: {counted(written.without_sms)}" if written.without_sms else ""
    hand = f"; {written.rare_names:,} names to be written by hand" if written.rare_names else ""
    lacking = written.branches_without_telephone
    bank = f"; told with the bank's telephone, no address: {', '.join(lacking)}" if lacking else ""
    return (
        f"{done.publication_id}: {written.letters:,} letters and {written.sms:,} messages in {done.folder} (act "
        f"{done.act:,}){left}{alone}{hand}{bank}"
    )


def add_opt_out(verbs: Verbs) -> None:
    _add_opt(verbs, "opt-out", "A household wants no messages and no calls of sale; its line goes on.")


def add_opt_in(verbs: Verbs) -> None:
    _add_opt(verbs, "opt-in", "A household that opted out wants messages again.")


def _add_opt(verbs: Verbs, name: str, text: str) -> None:
    opted = verbs.add(name, text, f"{name} HOUSEHOLD_KEY --by 2002", do_opt)
    opted.add_argument("household", help=NAMED_BY)
    opted.signed_by()


def do_opt(args: argparse.Namespace, paths: Settings) -> int:
    """Record what a household wants to be told."""
    from village_credit.ledger.opt_outs import OPT_IN, OPT_OUT
    from village_credit.services.casework.opt_outs import opt

    store = store_of(paths)
    act = OPT_OUT if args.verb == "opt-out" else OPT_IN
    done = opt(store, act, household_named(store, args.household, args.by), args.by)
    return show(args, done, lambda: f"household {done.household_key} of county {done.county_code}: {args.verb}")


def add_find(verbs: Verbs) -> None:
    found = verbs.add(
        "find",
        "The household of an ID number on standard input; the ledger remembers who looked, not the number.",
        "find - < number.txt",
        do_find,
    )
    found.add_argument("number", metavar="-", help="nothing but - : the number is read from standard input")
    found.done_by("who looks (default: the login)")


def do_find(args: argparse.Namespace, paths: Settings) -> int:
    """Tell the household of a number on standard input."""
    from village_credit.services.casework import household_lookup as find

    if args.number != "-":  # never said again: it may be a person's
        raise UsageError("a number is never an argument: `find -`, and the number on standard input")
    found = find.find(store_of(paths), typed_number(), by_whom(args))
    return show(args, found, lambda: _found_text(found))


def _found_text(found: Found) -> str:
    return (
        f"{found.household_key}  county {found.county_code}  {found.product}  {found.decision}  "
        f"{found.limit_yuan:,} yuan"
    )


def add_hold(verbs: Verbs) -> None:
    _add_stop(
        verbs,
        "hold",
        "Stop a household's line now and until it is released: death, fraud, complaint.",
        "death reported by the village",
    )
    _add_stop(verbs, "release", "Let a household that is held go on.", "the report was of a neighbour")


def _add_stop(verbs: Verbs, name: str, text: str, why: str) -> None:
    stopped = verbs.add(name, text, f'{name} HOUSEHOLD_KEY --by 2002 --reason "{why}"', do_hold)
    stopped.add_argument("household", help=NAMED_BY)
    stopped.signed_by()
    stopped.reason("kept in the ledger, in no view; name nobody")


def do_hold(args: argparse.Namespace, paths: Settings) -> int:
    """Stop a household between runs, or let it go on."""
    from village_credit.services.casework import holds

    store = store_of(paths)
    act = holds.hold if args.verb == "hold" else holds.release
    done = act(store, household_named(store, args.household, args.by), args.by, args.reason)
    return show(args, done, lambda: _stopped_text(done))


def _stopped_text(done: Stopped) -> str:
    what = "held" if done.act == "hold" else "released"
    told = "\n".join(f"  branch package in {folder}" for folder in done.packages)
    nothing = "  no line in force of it changes: no branch is told; the next scoring decides"
    return f"household {done.household_key} of county {done.county_code}: {what}\n{told or nothing}"


VERBS = (add_explain, add_notices, add_notify, add_opt_out, add_opt_in, add_find, add_hold)
