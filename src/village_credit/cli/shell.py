"""The verb of whoever types the others."""

from __future__ import annotations

import argparse

from village_credit.cli.common import Verbs, show

SHELLS = ("bash", "zsh", "fish")
TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from village_credit.settings import Settings


def add_completion(verbs: Verbs) -> None:
    made = verbs.add(
        "completion",
        "Print what a shell needs to complete verbs, acts and options: source it, or put it where the shell looks.",
        "completion bash > village-credit.bash",
        do_completion,
    )
    made.add_argument("shell", choices=SHELLS, help="which shell reads it")


def do_completion(args: argparse.Namespace, _paths: Settings) -> int:
    """Print the script; no store is opened for it."""
    import shtab

    from village_credit.cli import parser

    script = shtab.complete(parser(), args.shell)
    return show(args, {"shell": args.shell, "script": script}, lambda: script)


VERBS = (add_completion,)
