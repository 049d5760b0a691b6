"""The verb of whoever keeps the keys."""

from __future__ import annotations

import argparse

from village_credit.cli.common import Verbs, say, show, store_of

NAMES = ("vault", "frozen", "signing")
TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from village_credit.services.custody.rotate_keys import Rotated
    from village_credit.settings import Settings


def add_keys(verbs: Verbs) -> None:
    kept = verbs.add(
        "keys",
        "Take new keys for vault, frozen bytes and signatures: every file opens by the new ones alone then, and who "
        "verifies is told of the new signing key. The key of the pseudonyms is never rotated.",
        'keys rotate --by 3003 --reason "yearly"',
        do_keys,
    )
    kept.add_argument("act", choices=("rotate",), help="take new ones")
    kept.add_argument("--only", nargs="+", choices=NAMES, metavar="KEY", help=f"some of them: {', '.join(NAMES)}")
    kept.add_argument("--by", required=True, metavar="STAFF", help="who rotates them, by staff number")
    kept.add_argument("--reason", required=True, metavar="TEXT", help="why, for the ledger")


def do_keys(args: argparse.Namespace, paths: Settings) -> int:
    """Rotate keys, or finish a rotation that was killed."""
    from village_credit.services.custody.rotate_keys import rotate_keys

    found = rotate_keys(store_of(paths), args.only or (), args.by, args.reason, _told)
    return show(args, found, lambda: _text(found, paths))


def _told(folder: str, count: int) -> None:
    say(f"  {folder:<24} {count:8,} files open by the new key")


def _text(found: Rotated, paths: Settings) -> str:
    told = (
        f"new keys: {', '.join(found.rotated)} (act {found.act:,}); keep a copy of {paths.key_file} apart from the "
        f"store: copies of before open nothing that was rotated"
    )
    if "signing" not in found.rotated:
        return told
    return f"{told}\nbranches and auditors need the new public key: {found.public_key}  ({found.keys['signing']})"


VERBS = (add_keys,)
