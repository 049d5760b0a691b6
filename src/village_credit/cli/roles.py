"""Who may give which verb: `roles.toml` of the store names groups of the operating system, asked before anything else.

Without the file everybody may who can write in the store. It keeps people to their part; whoever is the store's own
account, or root, is above it, and it says nothing of who somebody says he is (`--by`).
"""

from __future__ import annotations

import os
import stat
import tomllib
from contextlib import suppress

from village_credit.errors import GateRefused, MissingInput

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection
    from pathlib import Path

ROLES, EVERY_OTHER = "roles.toml", "*"
OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH
CALLER = "SUDO_UID"  # what sudo says of who called it


def require_role(args: argparse.Namespace, store: Path) -> None:
    """Raise GateRefused where whoever calls is in no group that may give the verb.

    An act of a verb (`keys rotate`) is asked before the verb, and every other one by `*`; what none names anybody may.
    Raises MissingInput where the file cannot be relied on.
    """
    file = store / ROLES
    if not file.exists() and not file.is_symlink():
        return
    roles = _read(file, args.known)
    verb, act = args.verb, getattr(args, "act", None)
    asked = next((name for name in (f"{verb} {act}", verb, EVERY_OTHER) if name in roles), None)
    if asked is not None and not caller_groups(store) & set(roles[asked]):
        named = ", ".join(roles[asked]) or "nobody"
        raise GateRefused(
            f"your groups may not give it: {ROLES} of the store leaves it to {named}; ask somebody of these"
        )


def _read(file: Path, known: Collection[str]) -> dict[str, list[str]]:
    """Return the groups by verb; a slip in a name must not leave a verb open."""
    for place in (file, file.parent):
        if place.stat().st_mode & OF_OTHERS and not place.stat().st_mode & stat.S_ISVTX:
            raise MissingInput(
                f"{ROLES} or its folder may be written by others than its owner, who would have every role: chmod go-w"
            )
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise MissingInput(f"{ROLES} of the store cannot be read: {fault}") from None
    roles = found.pop("verbs", None)
    if found or not isinstance(roles, dict) or not all(_is_groups(groups) for groups in roles.values()):
        raise MissingInput(f'{ROLES} of the store: write one table [verbs], each verb = ["group", …], and nothing else')
    if unknown := sorted(name for name in roles if name != EVERY_OTHER and name not in known):
        raise MissingInput(f"{ROLES} of the store: there is no verb {unknown[0]!r}; `village-credit --help` lists them")
    return roles


def _is_groups(groups: object) -> bool:
    return isinstance(groups, list) and all(isinstance(group, str) for group in groups)


def caller_groups(store: Path) -> set[str]:
    """Name the groups of whoever calls: of the process, or of him who came to the store's account through sudo."""
    import grp
    import pwd

    numbers = {os.getegid(), *os.getgroups()}
    came_from = os.environ.get(CALLER, "")
    if came_from.isdecimal() and os.geteuid() in (0, store.stat().st_uid):
        numbers = set()
        with suppress(KeyError, OverflowError):  # nobody of this machine has no groups
            person = pwd.getpwuid(int(came_from))
            numbers = set(os.getgrouplist(person.pw_name, person.pw_gid))
    names = set()
    for number in numbers:
        with suppress(KeyError):  # a group without a name is in no list
            names.add(grp.getgrgid(number).gr_name)
    return names
