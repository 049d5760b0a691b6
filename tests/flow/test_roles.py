"""An act that the caller's role lacks is refused before anything is read; files are for those whose role needs them."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT, Scored, copy_of
from village_credit.cli import main, roles

PAGE = (ROOT / "docs" / "operations" / "roles.md").read_text(encoding="utf-8")
MINE = grp.getgrgid(os.getegid()).gr_name
APPROVE = ["approve", "r" + "0" * 24, "--by", "2002", "--reason", "x"]
STATUS, ROTATE = ["status"], ["keys", "rotate", "--by", "3003", "--reason", "x"]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is no store but for its roles: whatever is read there is lacking."""
    for name in (roles.CALLER, "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


def write(store: Path, text: str, mode: int = 0o644) -> None:
    file = store / roles.ROLES
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("[verbs]\napprove = ['others']", APPROVE, 4),
        ("[verbs]\napprove = []", APPROVE, 4),
        (f"[verbs]\napprove = ['others', '{MINE}']", APPROVE, 7),  # let through: then there is no store
        ("[verbs]\npublish = ['others']", APPROVE, 7),
        ("[verbs]\n'*' = ['others']", STATUS, 4),
        (f"[verbs]\n'*' = ['others']\nstatus = ['{MINE}']", STATUS, 7),
        (f"[verbs]\n'keys rotate' = ['others']\nkeys = ['{MINE}']", ROTATE, 4),
        (f"[verbs]\n'keys rotate' = ['{MINE}']\nkeys = ['others']", ROTATE, 7),
    ],
)
def test_a_verb_is_for_the_groups_that_the_store_names(empty: Path, capsys, text: str, words: list[str], code: int):
    write(empty, text)
    assert main(words) == code
    told = capsys.readouterr().err
    assert ("your groups may not give it" in told) == (code == 4)
    assert [path.name for path in empty.iterdir()] == [roles.ROLES]  # nothing was opened or made


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [
        ("[verbs]\napprove = 'others'", 0o644, "write one table [verbs]"),
        ("approve = ['others']", 0o644, "write one table [verbs]"),
        ("[verbs]\naprove = ['others']", 0o644, "there is no verb 'aprove'"),
        ("[verbs]\n'keys turn' = ['others']", 0o644, "there is no verb 'keys turn'"),
        ("[verbs", 0o644, "cannot be read"),
        ("[verbs]\napprove = ['others']", 0o664, "may be written by others than its owner"),
    ],
)
def test_a_file_that_cannot_be_relied_on_lets_nobody_through(empty: Path, capsys, text: str, mode: int, sentence: str):
    write(empty, text, mode)
    assert main(STATUS) == 7
    assert sentence in capsys.readouterr().err


def test_a_folder_in_which_others_may_put_another_file_lets_nobody_through(empty: Path, capsys):
    write(empty, f"[verbs]\nstatus = ['{MINE}']", 0o644)
    empty.chmod(0o777)
    assert main(STATUS) == 7
    assert "or its folder may be written by others" in capsys.readouterr().err


def test_a_file_that_leads_nowhere_is_not_the_same_as_none(empty: Path):
    (empty / roles.ROLES).symlink_to(empty / "gone")
    assert main(STATUS) == 7
    (empty / roles.ROLES).unlink()
    (empty / roles.ROLES).mkdir()
    assert main(STATUS) == 7
    assert [path.name for path in empty.iterdir()] == [roles.ROLES]


def test_who_came_through_sudo_has_his_own_groups_and_not_those_of_the_account(
    empty: Path, monkeypatch: pytest.MonkeyPatch
):
    nobody = pwd.getpwnam("nobody")
    his = {grp.getgrgid(gid).gr_name for gid in os.getgrouplist("nobody", nobody.pw_gid)}
    monkeypatch.setenv(roles.CALLER, str(nobody.pw_uid))
    assert roles.caller_groups(empty) == his
    for unknown in ("3999999999", "9" * 30):
        monkeypatch.setenv(roles.CALLER, unknown)
        assert roles.caller_groups(empty) == set()
    monkeypatch.setenv(roles.CALLER, str(nobody.pw_uid))
    if os.geteuid():  # not in the account that owns the store: whoever typed it says nothing
        monkeypatch.setattr(roles.os, "geteuid", lambda: empty.stat().st_uid + 1)
        assert MINE in roles.caller_groups(empty)


def test_every_verb_of_the_page_s_file_is_one_and_every_group_is_made_there(empty: Path):
    write(empty, "[verbs]" + PAGE.split("[verbs]")[1].split("```")[0])
    assert main(STATUS) == 4
    named = {group for groups in roles._read(empty / roles.ROLES, main_names()).values() for group in groups}
    assert named == set(PAGE.split("for group in ")[1].split(";")[0].split())


def main_names() -> frozenset[str]:
    from village_credit.cli import parser  # noqa: PLC0415  # the grammar, once

    return parser().get_default("known")


GROUPS = ("readers", "operations", "committee", "analyst", "branch", "auditor")
PEOPLE = {
    "account": ("operations",),
    "committee": ("readers", "committee"),
    "analyst": ("readers", "analyst"),
    "branch": ("branch",),
    "auditor": ("readers", "auditor"),
}


# Somebody else may not even read the interpreter: first all is imported, by the same command for a store of root's.
AS_SOMEBODY = """import contextlib, duckdb, io, json, os, sys
from pathlib import Path
from village_credit.cli import main, roles
told = json.loads(sys.argv[1])
os.environ |= told["warm"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    main(told["words"])
    roles.caller_groups(Path("/"))
os.environ |= told["own"]
os.chdir("/")
os.umask(0o027)
os.setgroups(told["groups"])
os.setgid(told["gid"])
os.setuid(told["uid"])
if told["query"]:
    print(duckdb.connect(told["file"], read_only=True).execute(told["query"]).fetchall())
    sys.exit(0)
sys.exit(main(told["words"]))
"""


@dataclass(frozen=True)
class People:
    """Users of this machine, one a role, and the folder in which the account that owns the store has it."""

    folder: Path
    prefix: str

    def gives(
        self, who: str, *words: str, store: Path | None = None, sudo: bool = False, query: str = ""
    ) -> tuple[int, str]:
        """Give a command (or ask a file) as somebody, or as the store's account to which he came through sudo."""
        person = pwd.getpwnam(f"{self.prefix}u-{who}")
        runs = pwd.getpwnam(f"{self.prefix}u-account") if sudo else person
        told = {
            "words": words or ["status"],
            "query": query,
            "file": str(self.folder / "store" / "warehouse.duckdb"),
            "warm": places(self.folder / "warm" / "store"),
            "own": places(store or self.folder / "store") | ({roles.CALLER: str(person.pw_uid)} if sudo else {}),
            "groups": os.getgrouplist(runs.pw_name, runs.pw_gid),
            "gid": runs.pw_gid,
            "uid": runs.pw_uid,
        }
        command = [sys.executable, "-c", AS_SOMEBODY, json.dumps(told)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        return done.returncode, done.stdout + done.stderr

    def can(self, who: str, what: str, place: str) -> bool:
        """Tell whether somebody may read (-r) or write (-w) a place."""
        person = pwd.getpwnam(f"{self.prefix}u-{who}")
        groups = os.getgrouplist(person.pw_name, person.pw_gid)
        asked = ["test", what, str(self.folder / place)]
        done = subprocess.run(asked, user=person.pw_uid, group=person.pw_gid, extra_groups=groups, cwd="/", check=False)
        return done.returncode == 0


def places(store: Path) -> dict[str, str]:
    return {"VILLAGE_CREDIT_STORE": str(store), "VILLAGE_CREDIT_KEY_FILE": f"{store}.keys"}


@pytest.fixture(scope="module")
def people(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A published store set up as the page says, with a user of the machine for each role."""
    if os.geteuid() or not shutil.which("useradd"):
        pytest.skip("users of the machine are made by root with useradd: roles are not tried with real users here")
    folder = Path("/tmp") / f"vc-roles-{os.getpid()}"  # pytest's own folder is for its owner alone
    prefix = f"vc{os.getpid()}-"
    try:
        folder.mkdir(mode=0o755)
        for group in GROUPS:
            subprocess.run(["groupadd", prefix + group], check=True)
        for who, groups in PEOPLE.items():
            belongs = ",".join(prefix + group for group in groups)
            subprocess.run(["useradd", "--no-create-home", "-G", belongs, f"{prefix}u-{who}"], check=True)
        for place in (folder, folder / "warm"):
            place.mkdir(mode=0o755, exist_ok=True)
            copy_of(quiet, place)
            (place / "keys").rename(place / "store.keys")
        set_up(folder / "store", prefix)
        yield People(folder, prefix)
    finally:
        for who in PEOPLE:
            subprocess.run(["userdel", f"{prefix}u-{who}"], check=False, capture_output=True)
        for group in GROUPS:
            subprocess.run(["groupdel", prefix + group], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def set_up(store: Path, prefix: str) -> None:
    """Do what the page's commands do, under the names of the test."""
    text = "[verbs]" + PAGE.split("[verbs]")[1].split("```")[0]
    write(store, text.replace('"credit-', f'"{prefix}'))
    script = PAGE.split("# the store\n")[1].split("```")[0]
    for theirs, ours in (
        ("/srv/credit/warehouse", str(store)),
        ("credit:credit ", f"{prefix}u-account: "),
        ("credit:credit-", f"{prefix}u-account:{prefix}"),
        (" credit-", f" {prefix}"),
    ):
        script = script.replace(theirs, ours)
    subprocess.run(["bash", "-euc", script], check=True)


@pytest.mark.root
def test_each_role_sees_the_folders_that_the_page_gives_it_and_writes_nowhere(people: People):
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `warehouse")]
    heads = ("analyst", "branch", "committee", "auditor")
    assert len(rows) >= 9
    for place, _, _, *cells in rows:
        name = place.strip("`").replace("warehouse", "store", 1)
        for who, cell in zip(heads, cells, strict=True):
            assert people.can(who, "-r", name) == (cell.strip() == "reads"), (who, name)
            assert not people.can(who, "-w", name), (who, name)


@pytest.mark.root
def test_what_the_account_makes_anew_is_for_the_same_groups(people: People):
    code, told = people.gives("account", "hold", a_household(people), "--by", "2002", "--reason", "x")
    assert code == 0, told
    newest = max(path.name for path in (people.folder / "store" / "ledger").iterdir())
    assert people.can("auditor", "-r", f"store/ledger/{newest}")
    assert not people.can("analyst", "-r", f"store/ledger/{newest}")
    query = "SELECT count(*) > 200, count(held_since) FROM limits_current"
    assert people.gives("analyst", query=query) == (0, "[(True, 1)]\n")


def a_household(people: People) -> str:
    (path,) = (people.folder / "store" / "runs").glob("*/decisions.parquet")
    return str(duckdb.sql(f"SELECT min(household_key) FROM read_parquet('{path}')").fetchall()[0][0])


@pytest.mark.root
def test_who_has_not_the_role_is_refused_through_sudo_too_and_who_has_it_acts(people: People):
    hold = ("hold", "h" + "a" * 26, "--by", "2002", "--reason", "x")
    assert people.gives("analyst", *APPROVE, sudo=True)[0] == 4
    assert people.gives("committee", *APPROVE, sudo=True)[0] == 7  # let through: there is no such run
    code, told = people.gives("committee", *hold, sudo=True)
    assert (code, "may not give it" in told) == (4, True)
    assert people.gives("auditor", "ledger", "verify", sudo=True)[0] == 0


@pytest.mark.root
def test_a_user_without_any_right_is_told_so(people: People):
    code, told = people.gives("branch", "status")
    assert (code, "no right to read or write there" in told, "Traceback" in told) == (7, True, False)


@pytest.mark.root
def test_an_auditor_verifies_a_copy_on_a_read_only_disk_as_his_own_user(people: People):
    disk = people.folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64M", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount: no read-only disk is tried")
    try:
        subprocess.run(["cp", "-a", people.folder / "store", people.folder / "store.keys", disk], check=True)
        subprocess.run(["chown", "-R", f"{people.prefix}u-auditor:", disk], check=True)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        (run,) = (path.name for path in (disk / "store" / "runs").iterdir())
        asked = [("ledger", "verify")]
        if people.can("auditor", "-x", sys.executable):  # workbooks are read by processes of their own
            asked.append(("verify", run))
        for words in asked:
            code, told = people.gives("auditor", *words, store=disk / "store")
            assert code == 0, told
        hold = ("hold", "h" + "a" * 26, "--by", "2002", "--reason", "x")
        assert people.gives("auditor", *hold, store=disk / "store")[0] == 4
    finally:
        subprocess.run(["umount", disk], check=True)
