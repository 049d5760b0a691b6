"""Each verb on disks with little room, on a read-only one, and as another user: a sentence and a code, nothing lost.

`python -m tests.disks` (as root, for it mounts memory as disks) gives each writing verb on disks with 0 to 1,400 KiB
free; then there is room, and what other commands see and do must be as after a kill. On a disk that is read-only the
reading verbs must answer, and another user must be told that he has no right. Outside the suite.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kills import VERBS, after, faults_of, forked, prepare, run, state, words_of

FREE = tuple(range(0, 1401, 70))  # KiB: 21 disks
ROOM, NOBODY = "64M", 65534
COMMAND = Path(sys.executable).with_name("village-credit")
ENDS = (0, 4, 5, 7)  # done; refused for what another verb could not do; no room, no right
READS = ("status", "explain {key}", "verify {first}", "ledger verify", "report {first}", "notices {first}")
WRITES = ("hold {key} --by 2002 --reason test", "keys rotate --by 3003 --reason test")


@contextmanager
def disk(folder: Path, base: Path) -> Iterator[Path]:
    """A disk of memory with a copy of a store on it, which has all the room that it wants."""
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place], check=True)
    try:
        shutil.copytree(base, place, dirs_exist_ok=True)
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def remount(place: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", place], check=True)


def given(place: Path, words: list[str]) -> tuple[int, str]:
    """Give a command in a process of its own; its exit code, and what it said."""
    own = {"VILLAGE_CREDIT_STORE": f"{place}/store", "VILLAGE_CREDIT_KEY_FILE": f"{place}/keys"}
    done = subprocess.run([COMMAND, *words], env=os.environ | own, capture_output=True, text=True, check=False, cwd="/")
    return done.returncode, done.stdout + done.stderr


def given_by_nobody(place: Path, own: Path, words: list[str]) -> tuple[int, str]:
    """Give a command as a user without any right to the store, once it was given to another store and is imported."""

    def act() -> tuple[int, str]:
        run(own, words)
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        return run(place, words)

    code, told = forked(act)
    return (told[0], told[1]) if code == 0 else (code, str(told))


def fault(told: tuple[int, str], ends: tuple[int, ...]) -> list[str]:
    code, said = told
    return [f"ended with {code}: {said[-300:]}"] if code not in ends or "Traceback" in said else []


def with_little_room(folder: Path, known: dict[str, str], sizes: list[int]) -> int:
    """Print what did not hold on disks with little room; return how often."""
    failed = 0
    for verb in VERBS:
        base, refused = folder / verb.base, 0
        with disk(folder, base) as place:
            words = words_of(verb, {**known, "tried": f"{place}"})
            _, before = forked(lambda place=place: (run(place, ["status"]), state(place))[1])
            _, done = forked(lambda place=place, words=words: after(place, words)["then"])
        for free in sizes:
            with disk(folder, base) as place:
                remount(place, f"size={shutil.disk_usage(place).used // 1024 + free}k")
                told = given(place, words)
                remount(place, f"size={ROOM}")
                code, found = forked(lambda place=place, words=words: after(place, words))
            faults = fault(told, ENDS) + faults_of({"ended": code, "found": found}, before, done)
            refused += told[0] != 0
            failed += bool(faults)
            if faults:
                print(f"  {verb.name}, {free} KiB free: {'; '.join(faults)}"[:900], flush=True)
        print(f"{verb.name:<14}{len(sizes):>4} disks, {refused:>3} without enough room", flush=True)
    return failed


def without_rights(folder: Path, known: dict[str, str]) -> int:
    """Print what did not hold on a read-only disk and for another user; return how often."""
    failed = 0
    with disk(folder, folder / "published") as place:
        given(place, ["status"])  # the views name where the store lies
        remount(place, "ro")
        tries = [("read-only", words, given(place, words.format(**known).split()), (0,)) for words in READS]
        tries += [("read-only", words, given(place, words.format(**known).split()), (7,)) for words in WRITES]
        remount(place, "rw")
        place.chmod(0o755)
        for words in (*READS, *WRITES):
            shutil.rmtree(folder / "own", ignore_errors=True)
            own = Path(shutil.copytree(folder / "published", folder / "own"))
            told = given_by_nobody(place, own, words.format(**known).split())
            tries.append(("another user", words, told, (7,)))
    for who, words, told, ends in tries:
        faults = fault(told, ends)
        failed += bool(faults)
        print(f"{who:<14}{words.partition(' {')[0]:<40} {told[0]}  {'; '.join(faults)}", flush=True)
    return failed


def everything() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--free", type=int, nargs="*", default=list(FREE), help="KiB, a disk each")
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        code, known = forked(lambda: prepare(folder))
        if code:
            print(f"no county to begin from: {known}")
            return 1
        return 1 if with_little_room(folder, known, asked.free) + without_rights(folder, known) else 0


if __name__ == "__main__":
    sys.exit(everything())
