"""The verbs that concern one household: explain it, tell it, find it, stop it and let it go on."""

from __future__ import annotations

import argparse

from village_credit.cli.common import NAMED_BY, Verbs, by_whom, day, household_named, show, store_of
from village_credit.errors import UsageError

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from village_credit.settings import Settings


def add_explain(verbs: Verbs) -> None:
    explained = verbs.add(
        "explain",
        "Every figure behind one decision, with office, file and line.",
        "explain HOUSEHOLD_KEY --on 2026-11-20",
    )
    explained.add_argument("household", help=NAMED_BY)
    explained.add_argument("--on", type=day)
    explained.add_argument("--lang", choices=("zh",), default="zh")
    explained.set_defaults(handler=do_explain)


def do_explain(args: argparse.Namespace, paths: Settings) -> int:
    """Explain a household's decision."""
    from village_credit.report.explain import explain_text
    from village_credit.services.queries.explain import explain

    store = store_of(paths)
    key = household_named(store, args.household)
    found = explain(store, key, args.on)
    return show(args, found, lambda: explain_text(found, found["versions"], found["signatures"]))


def add_notices(verbs: Verbs) -> None:
    noticed = verbs.add("notices", "The households' messages of a run.", "notices RUN --lang zh")
    noticed.add_argument("run")
    noticed.add_argument("--lang", default="zh", help="a language that messages are written in (default: zh)")
    noticed.set_defaults(handler=do_notices)


def do_notices(args: argparse.Namespace, paths: Settings) -> int:
    """Print a run's messages."""
    from village_credit.services.queries.explain import notices

    found = notices(store_of(paths), args.run, args.lang)
    return show(args, found, lambda: "\n".join(f"{item['household_key']}\t{item['text']}" for item in found))


def add_find(verbs: Verbs) -> None:
    found = verbs.add(
        "find",
        "The household of an ID number on standard input; the ledger remembers who looked, not the number.",
        "find - < number.txt",
    )
    found.add_argument("number", metavar="-", help="nothing but - : the number is read from standard input")
    found.add_argument("--by", help="who looks (default: the login)")
    found.set_defaults(handler=do_find)


def do_find(args: argparse.Namespace, paths: Settings) -> int:
    """Tell the household of a number on standard input."""
    import sys

    from village_credit.services.casework import household_lookup as find

    if args.number != "-":  # never said again: it may be a person's
        raise UsageError("a number is never an argument: `find -`, and the number on standard input")
    found = find.find(store_of(paths), sys.stdin.read(), by_whom(args))
    return show(
        args,
        found,
        lambda: (
            f"{found.household_key}  county {found.county_code}  {found.product}  {found.decision}  "
            f"{found.limit_yuan:,} yuan"
        ),
    )


def add_hold(verbs: Verbs) -> None:
    for name, text, why in (
        (
            "hold",
            "Stop a household's line now and until it is released: death, fraud, complaint.",
            "death reported by the village",
        ),
        ("release", "Let a household that is held go on.", "the report was of a neighbour"),
    ):
        stopped = verbs.add(name, text, f'{name} HOUSEHOLD_KEY --by 2002 --reason "{why}"')
        stopped.add_argument("household", help=NAMED_BY)
        stopped.add_argument("--by", required=True)
        stopped.add_argument("--reason", required=True, help="kept in the ledger, in no view; name nobody")
        stopped.set_defaults(handler=do_hold)


def do_hold(args: argparse.Namespace, paths: Settings) -> int:
    """Stop a household between runs, or let it go on."""
    from village_credit.services.casework import holds

    store = store_of(paths)
    act = holds.hold if args.verb == "hold" else holds.release
    done = act(store, household_named(store, args.household), args.by, args.reason)
    what = "held" if done.act == "hold" else "released"
    told = "\n".join(f"  branch package in {folder}" for folder in done.packages)
    return show(
        args,
        done,
        lambda: (
            f"household {done.household_key} of county {done.county_code}: "
            f"{what}\n{told or '  no line in force of it changes: no branch is told; the next scoring decides'}"
        ),
    )


VERBS = (add_explain, add_notices, add_find, add_hold)
