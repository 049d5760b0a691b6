"""The one console command: each verb's words, its service and what it shows stand together, one file per user."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from village_credit.cli import (
    analysts,
    casework,
    committee,
    custody,
    disclosure,
    households,
    keeping,
    modelling,
    records,
    scoring,
    servicing,
    shell,
)
from village_credit.cli.common import Verbs
from village_credit.cli.refusals import refusal_of

EPILOG = """examples:
  village-credit synthesize --county 659900 --seed 7 --as-of 2026-11-01 --out build/inbox
  village-credit score --inbox build/inbox --county 659900 --as-of 2026-11-01 --by 1001
  village-credit diff RUN --against published --by village
  village-credit approve RUN --by 2002 --reason "risk committee of 2 November"
  village-credit publish RUN
  village-credit explain HOUSEHOLD_KEY

exit codes: 0 done (a rejected extract or a failing gate in a staged run too); 2 wrong usage; 3 no usable register;
4 a gate refuses approve or publish; 5 conflict with another run; 6 verification failed; 7 missing or unusable input;
8 a workbook could not be read for want of time or memory.
"""
USERS = {
    "a county's run (data team, operations)": (scoring,),
    "compare, try, sign, put in force (risk committee)": (committee,),
    "the scorecard (model team)": (modelling,),
    "one household (branches, operations)": (households,),
    "cases for a person, and what is signed between runs (operations)": (casework,),
    "what branches and the core system say (operations)": (servicing,),
    "figures (managers, analysts)": (analysts,),
    "what is kept no longer (whoever keeps the store)": (keeping,),
    "what other houses and engines read": (disclosure,),
    "what is there, and whether it is whole (operations, auditors)": (records,),
    "keys and the shell": (custody, shell),
}


class Grouped(argparse.RawDescriptionHelpFormatter):
    """Lists verbs under the headings of who uses them."""

    def __init__(self, headings: dict[str, str], prog: str, **words: Any) -> None:
        """Take the headings, by the verb that they stand before."""
        super().__init__(prog, **words)
        self.headings = headings

    def _format_action(self, action: argparse.Action) -> str:
        heading = self.headings.get(action.dest) if not action.option_strings else None
        told = super()._format_action(action)
        return f"\n  {heading}:\n{told}" if heading else told


class Version(argparse.Action):
    """Say what this program is, and end: the code is hashed only where somebody asks."""

    def __init__(self, option_strings: list[str], dest: str, **words: Any) -> None:
        """Take no word after it."""
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **words)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print one line."""
        from village_credit.code_version import version_text

        print(version_text())
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Build the command's grammar; nothing heavy is imported for it."""
    top = argparse.ArgumentParser(
        prog="village-credit", description="整村授信: from delivered files to explained limits.", epilog=EPILOG
    )
    top.add_argument("--version", action=Version, help="package, code and stored formats, and nothing else")
    verbs = Verbs(top)
    for heading, users in USERS.items():
        verbs.group(heading, [add for user in users for add in user.VERBS])
    top.formatter_class = partial(Grouped, verbs.headings)
    top.set_defaults(known=verbs.names())
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    args = parser().parse_args(arguments)
    from village_credit.cli.outside import require_outside
    from village_credit.cli.roles import require_role
    from village_credit.settings import settings

    try:
        paths = settings(args.store, args.models, args.counties)
        require_role(args, paths.store)
        require_outside(args, paths)
        code = int(args.handler(args, paths))
        sys.stdout.flush()  # a full disk is met here, not when the interpreter ends
    except (BrokenPipeError, KeyboardInterrupt):
        _write_no_more()
        return 130
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise  # nobody foresaw it
        print(f"village-credit {args.verb}: {refusal.sentence}", file=sys.stderr)
        _write_no_more()
        return refusal.exit_code
    return code


def _write_no_more() -> None:
    """Drop what standard output still holds and cannot write: else the interpreter fails over it at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
