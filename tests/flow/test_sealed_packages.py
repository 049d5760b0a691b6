"""A branch's package is sealed for that branch alone; everything that is compared, signed or told stays as it was."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

from tests.conftest import (
    AS_OF,
    COUNTY_OF_TESTS,
    MODELS,
    ROOT,
    SIGNER,
    Scored,
    built_once,
    by_unit,
    copy_of,
    new_store,
    put_in_force,
    request_of,
)
from tests.flow.test_holds import view
from village_credit.cli import main
from village_credit.errors import MissingInput, UsageError, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.publish import handing_out
from village_credit.publish.branch_package import pack, packages_in, verify_package
from village_credit.publish.opened_package import open_package
from village_credit.publish.outbox import packaged_for_branches, told_of
from village_credit.publish.sealed_package import archive_of, marks_of, sealed_files, unpacked
from village_credit.recipients import encrypted_for, identities_in, opened_with
from village_credit.services.approval.rollback import roll_back
from village_credit.services.approval.withdraw import withdraw
from village_credit.services.casework import holds
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.scoring import stage
from village_credit.store.store import Store

BRANCH, OPEN_BRANCH = "0071", "0072"
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
SEALED = {"manifest.json", "package.age", "sealed.json", "READY"}
NO_VIEWS = "village_credit.publish.recording.build_warehouse"
ON = date(2026, 12, 1)


def recipient_of(identity_file: Path) -> str:
    return str(identities_in(identity_file.read_text("utf-8"))[0].to_public())


def new_identity(place: Path) -> Path:
    """A branch's key file, as `age-keygen` writes one."""
    identity = x25519.Identity.generate()
    place.write_text(f"# public key: {identity.to_public()}\n{identity}\n", "utf-8")
    return place


def policy_for(folder: Path, *identities: Path) -> Path:
    """The shipped policy with recipients of one branch; none: with no table."""
    told = ", ".join(f'"{recipient_of(file)}"' for file in identities)
    place = folder / f"policy-{len(list(folder.glob('policy-*')))}.toml"
    place.write_text(f"{TEXT}\n[branch_recipients]\n{BRANCH} = [{told}]\n" if told else f"{TEXT}\n# none\n", "utf-8")
    return place


def publish(store: Store, inbox: Path, policy: Path, as_of: date = AS_OF) -> str:
    """Score with a policy and put it in force; the publication."""
    run = stage.score_inbox(store, inbox, request_of(COUNTY_OF_TESTS, as_of, policy_file=policy))
    return put_in_force(store, run.run_id).publication_id


@dataclass(frozen=True)
class County:
    """A county one of whose two branches has a recipient; `key`: the branch's identity file."""

    store: Store
    inbox: Path
    folder: Path
    run_id: str

    @property
    def key(self) -> Path:
        return self.folder / "branch.key"

    def outbox(self, publication: str | None = None) -> Path:
        place = self.store.root / "outbox" / COUNTY_OF_TESTS
        return place / (publication or min(path.name for path in place.glob("p*")))

    @property
    def package(self) -> Path:
        return self.outbox() / BRANCH

    def household(self, place: int = 0) -> str:
        """A household of the sealed branch with a line."""
        query = (
            "SELECT household_key FROM limits_current WHERE limit_yuan > 0 AND township_code = "
            "(SELECT max(township_code) FROM limits_current)"
        )
        told = {row["household_ref"] for row in rows_in(opened(self))}
        assert told
        return by_unit(self.store, self.run_id, [key for (key,) in view(self.store, query)])[place]


@pytest.fixture(scope="module")
def county(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> County:
    """Published on its day; read only."""

    def build(folder: Path) -> Scored:
        policy = policy_for(folder, new_identity(folder / "branch.key"))
        store = new_store(folder)
        run = stage.score_inbox(store, quiet.inbox, request_of(COUNTY_OF_TESTS, policy_file=policy))
        put_in_force(store, run.run_id)
        return Scored(store, quiet.inbox, COUNTY_OF_TESTS, run)

    found = built_once(tmp_path_factory, "sealed", build)
    assert isinstance(found, Scored)
    return County(found.store, found.inbox, found.store.root.parent, found.run.run_id)


@pytest.fixture
def own(county: County, tmp_path: Path) -> County:
    """The same, to be written to."""
    return copied(county, tmp_path)


def copied(county: County, folder: Path) -> County:
    store = copy_of(Scored(county.store, county.inbox, COUNTY_OF_TESTS, None), folder).store  # type: ignore[arg-type]
    shutil.copy(county.key, folder / "branch.key")
    return replace(county, store=store, folder=folder)


def at(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(county.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(county.folder / "keys"))


def opened(county: County, package: Path | None = None, key: Path | None = None) -> dict[str, bytes]:
    """What a sealed package holds, decrypted and unpacked by other means than ours."""
    identities = identities_in((key or county.key).read_text("utf-8"))
    plain = opened_with(identities, ((package or county.package) / "package.age").read_bytes())
    assert plain is not None
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def rows_in(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["limits.csv"].decode("utf-8-sig"))))


def opens(package: Path, key: Path) -> bool:
    """Tell whether an identity opens a package."""
    return opened_with(identities_in(key.read_text("utf-8")), (package / "package.age").read_bytes()) is not None


# what lies there


def test_a_sealed_package_has_its_manifest_and_nothing_in_the_clear_and_the_other_branch_all(county: County):
    assert {path.name for path in county.package.iterdir()} == SEALED
    assert (county.outbox() / OPEN_BRANCH / "limits.csv").is_file()
    assert (county.outbox() / "county_government" / "results.xlsx").is_file()
    (entry,) = (entry for entry in Ledger.of(county.store) if entry.act == "publish")
    assert entry.details["packages"] == packages_in(county.outbox())
    assert verify_ledger(county.store, [county.package]).anchored_to == entry.number
    statement = json.loads((county.package / "sealed.json").read_bytes())
    assert statement["recipients"] == [recipient_of(county.key)]


def test_it_holds_exactly_what_an_unsealed_one_holds_with_nothing_of_machine_or_moment(county: County, tmp_path: Path):
    publication, inputs = gathered(county)
    plain = pack(county.store, publication, replace(inputs, recipients=dict)) / BRANCH
    files = {path.name: path.read_bytes() for path in plain.iterdir()}
    assert opened(county) == files
    assert {"limits.csv", "limits.parquet", "limits.xlsx", "register.csv", "costs.csv"} < files.keys()
    assert list(opened(county))[-1] == "READY"
    content = archive_of(opened(county))
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        told = {(m.mtime, m.uid, m.gid, m.uname, m.gname, oct(m.mode), m.type) for m in archive}
    assert told == {(0, 0, 0, "", "", "0o600", b"0")}
    shutil.rmtree(plain.parent)


def gathered(county: County) -> Any:
    (told,) = told_of(county.store, Ledger.of(county.store))
    return told.gather()


def test_the_same_run_has_the_same_manifests_sealed_or_not_and_other_bytes_that_nobody_compares(own: County):
    publication, inputs = gathered(own)
    first, again = (pack(own.store, publication, inputs) for _ in range(2))
    plain = pack(own.store, publication, replace(inputs, recipients=dict))
    assert packages_in(first) == packages_in(again) == packages_in(plain) == packages_in(own.outbox())
    assert (first / BRANCH / "package.age").read_bytes() != (again / BRANCH / "package.age").read_bytes()


# nothing of anybody in the clear


def needles(county: County) -> set[bytes]:
    """Number and name of each borrower of the sealed branch; two letters of four bytes may stand anywhere."""
    rows = rows_in(opened(county))
    texts = {row[name].strip() for row in rows for name in ("姓名", "身份证号码")}
    assert len(texts) > 40
    spelled = {text.encode(code) for text in texts for code in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")}
    return {needle for needle in spelled if len(needle) >= 6}


def parts_of(content: bytes) -> Iterator[bytes]:
    yield content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(info) for info in packed.infolist())


def naming(folders: list[Path], wanted: set[bytes]) -> list[str]:
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.name for path in files if any(n in part for part in parts_of(path.read_bytes()) for n in wanted)]


def of_the_branch(county: County) -> list[Path]:
    """Whatever lies in outbox and packing for the sealed branch."""
    return [path for room in ("outbox", "packing") for path in (county.store.root / room).rglob(BRANCH)]


def test_no_number_and_no_name_of_its_borrowers_is_in_any_file_of_the_branch(county: County, tmp_path: Path):
    assert naming([county.package], needles(county)) == []
    for name, content in opened(county).items():
        (tmp_path / name).write_bytes(content)
    assert {"limits.csv", "limits.xlsx", "register.csv"} <= set(naming([tmp_path], needles(county)))


STEPS = ("write_bytes", "write_text", "touch", "mkdir", "rename", "unlink")


class Ended(BaseException):
    """The process is gone."""


class Steps:
    """Counts steps on the file system below a store, looks around before each, and ends the process before one."""

    def __init__(self, county: County, patch: pytest.MonkeyPatch, look: Callable[[], None]) -> None:
        self.root, self.look, self.made, self.last = county.store.root, look, 0, 0
        for name in STEPS:
            patch.setattr(Path, name, self.before(getattr(Path, name)))

    def before(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def step(path: Path, *words: Any, **more: Any) -> Any:
            if path.is_relative_to(self.root / "outbox") or path.is_relative_to(self.root / "packing"):
                self.made += 1
                self.look()
                if self.made == self.last:
                    self.last = 0
                    raise Ended
            return act(path, *words, **more)

        return step


def test_killed_at_each_step_of_packing_nothing_is_in_the_clear_and_the_command_finishes_it(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(NO_VIEWS, lambda _store: None)
    monkeypatch.setattr(handing_out, "refresh_warehouse", lambda _store: None)
    wanted, key, found = needles(county), of_sealed_branch(county), []
    counted, ended, number = 99, 0, 0
    while number < counted:
        number += 1
        mine = copied(county, tmp_path / f"{number}")
        with pytest.MonkeyPatch.context() as patch:
            steps = Steps(mine, patch, lambda mine=mine: found.extend(naming(of_the_branch(mine), wanted)))  # type: ignore[misc]
            steps.last = number
            try:
                holds.hold(mine.store, key, SIGNER, "x")
                counted = number
            except Ended:
                ended += 1
        acts = [entry for entry in Ledger.of(mine.store) if entry.act == "hold"]
        if acts:
            handing_out.complete_outbox(mine.store)
        else:
            holds.hold(mine.store, key, SIGNER, "x")
        (entry,) = (entry for entry in Ledger.of(mine.store) if entry.act == "hold")
        package = mine.outbox(f"hold-{entry.number:08d}") / BRANCH
        assert {path.name for path in package.iterdir()} == SEALED
        assert verify_package(package, mine.store.keys.known_keys())["rows"] == 1
        assert packages_in(package.parent) == entry.details["packages"]
        shutil.rmtree(tmp_path / f"{number}")
    assert found == []
    assert ended >= 6


def of_sealed_branch(county: County, place: int = 0) -> str:
    """A household of the sealed branch with a line in force."""
    from village_credit.publish.branch_package import package_rows  # noqa: PLC0415  # of this question alone

    rows = [row for row in package_rows(*gathered(county)).to_pylist() if row["branch_code"] == BRANCH]
    keys = [row["household_key"] for row in rows if row["action"] in ("grant", "change")]
    return by_unit(county.store, county.run_id, keys)[place]


def test_the_statement_tells_the_bank_alone_who_stands_in_it_and_nobody_of_two_publications(
    own: County, tmp_path: Path
):
    rows = rows_in(opened(own))
    numbers = sorted({row["身份证号码"].strip() for row in rows})
    text = (own.package / "sealed.json").read_text("utf-8")
    assert [row["household_ref"] for row in rows if row["household_ref"] in text] == []
    named = json.loads(text)["named"]
    mine = marks_of(own.store.keys, own.outbox().name, numbers)
    assert len(mine) == len(numbers)
    assert set(mine) < set(named)
    assert named == sorted(named)
    later = own.outbox(publish(own.store, own.inbox, policy_for(tmp_path, own.key), date(2026, 11, 2))) / BRANCH
    told = json.loads((later / "sealed.json").read_bytes())["named"]
    assert len({*marks_of(own.store.keys, later.parent.name, numbers)} & {*told}) > 30
    assert set(told).isdisjoint(named)
    elsewhere = new_store(tmp_path / "other").keys
    assert set(marks_of(elsewhere, own.outbox().name, numbers)).isdisjoint(named)


# what a branch does


def test_package_open_writes_what_verifies_as_ever_for_its_owner_alone(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """As on a branch's machine: no store, no keys of the bank, the bank's public key by another way."""
    monkeypatch.chdir(tmp_path)
    bank, package = county.store.keys.public_key().hex(), str(county.package)
    assert main(["package", "verify", package, "--public-key", bank]) == 0
    assert "sealed for 1 recipients of its branch, and its content was not opened" in capsys.readouterr().out
    words = ["package", "open", package, "--identity", str(county.key), "--out", "mine", "--public-key", bank]
    assert main(words) == 0
    assert "what it holds lies in mine" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in Path("mine").iterdir()} == opened(county)
    assert {stat.S_IMODE(path.stat().st_mode) for path in Path("mine").iterdir()} == {0o600}
    assert stat.S_IMODE(Path("mine").stat().st_mode) == 0o700
    assert main(["package", "verify", "mine", "--public-key", bank, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sealed_for"] == []
    assert verify_ledger(county.store, [Path("mine")]).anchored_to == 3  # a witness as any other
    assert main(words) == 2  # nothing is written over
    assert main([*words[:6], "later", "--public-key", bank, "--after", "99"]) == 6
    assert main([*words[:6], "forged", "--public-key", "00" * 32]) == 6
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}


def test_an_identity_that_opens_nothing_is_said_so_and_never_quoted(county: County, tmp_path: Path):
    known = county.store.keys.known_keys()
    other = new_identity(tmp_path / "other.key")
    secret = other.read_text().split()[-1]
    (tmp_path / "torn.key").write_text(secret[:-3])
    (tmp_path / "locked.key").write_bytes(encrypted_for([recipient_of(other)], b"x"))
    (tmp_path / "none.key").write_bytes(b"\xff\xfe")
    told = {
        other: "no identity of other.key opens it",
        tmp_path / "torn.key": "identity torn.key has no identity",
        tmp_path / "locked.key": "protected by a passphrase",
        tmp_path / "none.key": "identity none.key has no identity",
        tmp_path / "absent.key": "identity absent.key cannot be read",
        tmp_path: "cannot be read",
    }
    for file, why in told.items():
        with pytest.raises(MissingInput, match=re.escape(why)) as refused:
            open_package(county.package, file, tmp_path / "out", known, ON)
        assert secret[:30] not in str(refused.value)
    with pytest.raises(UsageError, match="is not sealed"):
        open_package(county.outbox() / OPEN_BRANCH, county.key, tmp_path / "out", known, ON)
    assert not list(tmp_path.glob("*out*"))


PAGE = (ROOT / "docs" / "branches.md").read_text(encoding="utf-8")


@pytest.mark.age
def test_the_page_s_own_lines_open_it_with_age_and_tar(county: County, tmp_path: Path):
    (block,) = re.findall(r"```text\n(age-keygen.*?)```", PAGE, re.DOTALL)
    make, *lines = block.strip().splitlines()
    made = subprocess.run(make, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.search(r"age1[0-9a-z]{58}", made.stderr)
    shutil.copy(county.key, tmp_path / make.split()[-1])  # in its place that of which the bank was told
    shutil.copytree(county.package, tmp_path / "BRANCH")
    for line in lines:
        if line.startswith("village-credit"):
            words = line.replace("HEX", county.store.keys.public_key().hex()).split()[1:]
            assert main([str(tmp_path / word) if word in ("BRANCH", "DIR") else word for word in words]) == 0
        else:
            subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, check=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "DIR").iterdir()} == opened(county)


# hostile archives


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def member(name: str, content: bytes = b"x", **changes: Any) -> tuple[tarfile.TarInfo, bytes]:
    told = tarfile.TarInfo(name)
    told.size = len(content)
    for key, value in changes.items():
        setattr(told, key, value)
    return told, content


HOSTILE = {
    "above": tar_of(member("../a")),
    "absolute": tar_of(member("/a")),
    "below": tar_of(member("b/a")),
    "dotted": tar_of(member("./a")),
    "twice": tar_of(member("a"), member("a")),
    "unexpected": tar_of(member("a"), member("b")),
    "lacking": tar_of(),
    "symbolic link": tar_of(member("a", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "hard link": tar_of(member("a", b"", type=tarfile.LNKTYPE, linkname="a")),
    "folder": tar_of(member("a", b"", type=tarfile.DIRTYPE)),
    "pipe": tar_of(member("a", b"", type=tarfile.FIFOTYPE)),
    "device": tar_of(member("a", b"", type=tarfile.CHRTYPE)),
    "sparse": tar_of(member("a", b"", pax_headers={"GNU.sparse.size": "99999999999", "GNU.sparse.map": "0,0"})),
    "too large": tar_of(member("a", b"", pax_headers={"size": "99999999999"})),
    "below nought": tar_of(member("a", b"", pax_headers={"size": "-5"})),
    "cut off": tar_of(member("a", b"x" * 5000))[:2000],
    "no tar": b"PK\x03\x04" * 600,
    "nothing": b"",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_archive_of_anything_else_is_refused_in_a_sentence(kind: str):
    with pytest.raises(VerificationFailed, match="holds is not what its manifest says"):
        unpacked(HOSTILE[kind], {"a"}, "0071")


def test_a_flipped_archive_never_ends_in_anything_but_a_refusal_or_files_of_the_expected_names():
    content = archive_of({"a": b"x" * 700, "b": b"", "READY": b""})
    assert unpacked(content, {"a", "b", "READY"}, "0071") == {"a": b"x" * 700, "b": b"", "READY": b""}
    for place in range(2600):
        for bit in (1, 0x80):
            flipped = content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
            try:
                assert unpacked(flipped, {"a", "b", "READY"}, "0071").keys() == {"a", "b", "READY"}
            except VerificationFailed:
                continue


def test_an_archive_that_the_bank_s_key_signed_and_holds_another_package_is_not_opened(own: County, tmp_path: Path):
    """Somebody with the bank's key and without care: what is inside must be what the manifest beside it says."""
    files = opened(own)
    told = json.loads(files["manifest.json"])
    files_of_another = {**files, "manifest.json": json.dumps(told | {"rows": 0}).encode()}
    sealed = sealed_files(own.store.keys, files_of_another, [recipient_of(own.key)])
    for name in ("package.age", "sealed.json"):
        (own.package / name).write_bytes(sealed[name])
    with pytest.raises(VerificationFailed, match="tells of another package than manifest"):
        verify_package(own.package)
    statement = json.loads(sealed["sealed.json"])
    statement.pop("signature")
    manifest_sha256 = packages_in(own.outbox())[BRANCH]
    statement |= {"manifest_sha256": manifest_sha256}
    statement["signature"] = own.store.keys.sign("sealing", statement)
    (own.package / "sealed.json").write_text(json.dumps(statement), "utf-8")
    assert verify_package(own.package)
    with pytest.raises(VerificationFailed, match="holds another package"):
        open_package(own.package, own.key, tmp_path / "out", own.store.keys.known_keys(), ON)
    assert not list(tmp_path.glob("*out*"))


# one byte


@pytest.mark.parametrize("name", sorted(SEALED - {"READY"}))
@pytest.mark.parametrize("place", [0.0, 0.3, 0.9, 0.999])
def test_one_flipped_byte_of_each_file_is_named_by_both_verbs(
    name: str, place: float, own: County, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    at(own, monkeypatch)
    path = own.package / name
    content = path.read_bytes()
    there = min(len(content) - 1, int(len(content) * place))
    path.write_bytes(content[:there] + bytes([content[there] ^ 4]) + content[there + 1 :])
    for words in (["package", "verify", str(own.package)], ["ledger", "verify"]):
        assert main(words) == 6
        assert "package 0071" in capsys.readouterr().err


def lacking(package: Path, name: str) -> None:
    (package / name).unlink()


def put_in(package: Path, name: str) -> None:
    (package / name).write_bytes(b"x")


def of_another_key(package: Path, _name: str) -> None:
    """A statement of somebody who has a key of his own, or the bank's word for another purpose."""
    said = json.loads((package / "sealed.json").read_bytes())
    said["signature"] = json.loads((package / "manifest.json").read_bytes())["signature"]
    (package / "sealed.json").write_text(json.dumps(said), "utf-8")


@pytest.mark.parametrize(
    ("change", "name", "why"),
    [
        (lacking, "package.age", "package.age is not the file"),
        (lacking, "sealed.json", "sealed.json is missing"),
        (lacking, "manifest.json", "manifest.json is missing"),
        (lacking, "READY", "never finished"),
        (put_in, "limits.csv", r"1 files are no part of what was signed \(limits.csv\)"),
        (put_in, "sealed.json", "sealed.json is missing, or not what was signed"),
        (of_another_key, "sealed.json", "not what was signed with its manifest"),
    ],
)
def test_a_sealed_package_that_is_not_whole_is_refused(
    change: Callable[[Path, str], None], name: str, why: str, own: County
):
    change(own.package, name)
    with pytest.raises(VerificationFailed, match=why):
        verify_package(own.package, own.store.keys.known_keys())


def test_a_later_form_of_the_statement_is_told_so(own: County):
    said = json.loads((own.package / "sealed.json").read_bytes())
    (own.package / "sealed.json").write_text(json.dumps(said | {"format": 9}), "utf-8")
    with pytest.raises(MissingInput, match="sealing format 9"):
        verify_package(own.package)


def test_an_expired_and_an_earlier_sealed_package_are_refused_unopened(county: County):
    known = county.store.keys.known_keys()
    over = date.fromisoformat(verify_package(county.package, known)["expires_on"]) + timedelta(1)
    with pytest.raises(VerificationFailed, match="it expired on"):
        verify_package(county.package, known, over)
    with pytest.raises(VerificationFailed, match="a later package has taken its place"):
        verify_package(county.package, known, ON, after=3)


# keys change


def test_while_a_branch_changes_its_key_both_open_it_and_then_the_new_one_alone(own: County, tmp_path: Path):
    new = new_identity(tmp_path / "new.key")
    both = own.outbox(publish(own.store, own.inbox, policy_for(tmp_path, own.key, new), date(2026, 11, 2)))
    assert [opens(both / BRANCH, key) for key in (own.key, new)] == [True, True]
    assert opened(own, both / BRANCH) == opened(own, both / BRANCH, new)
    later = own.outbox(publish(own.store, own.inbox, policy_for(tmp_path, new), date(2026, 11, 3)))
    assert [opens(later / BRANCH, key) for key in (own.key, new)] == [False, True]
    assert opens(own.package, own.key)  # what lies there stays


def test_a_hold_a_rollback_and_a_withdrawal_go_to_the_latest_published_key_and_never_to_a_former_one(
    own: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(NO_VIEWS, lambda _store: None)
    first, new = own.outbox().name, new_identity(tmp_path / "new.key")
    key = of_sealed_branch(own)
    publish(own.store, own.inbox, policy_for(tmp_path, new), date(2026, 11, 2))
    before = hold_package(own, key)
    back = roll_back(own.store, COUNTY_OF_TESTS, first, SIGNER, "x").publication_id
    after = hold_package(own, of_sealed_row(own, 1))
    gone = withdraw(own.store, COUNTY_OF_TESTS, SIGNER, "x").publication_id
    packages = [before, own.outbox(back) / BRANCH, after, own.outbox(gone) / BRANCH]
    assert [(opens(package, own.key), opens(package, new)) for package in packages] == [(False, True)] * 4


def of_sealed_row(own: County, place: int) -> str:
    told = next(told for told in told_of(own.store, Ledger.of(own.store)))
    from village_credit.publish.branch_package import package_rows  # noqa: PLC0415

    rows = [row for row in package_rows(*told.gather()).to_pylist() if row["branch_code"] == BRANCH]  # type: ignore[misc]
    keys = [row["household_key"] for row in rows if row["action"] in ("grant", "change")]
    return by_unit(own.store, own.run_id, keys)[place]


def hold_package(own: County, key: str) -> Path:
    (package,) = holds.hold(own.store, key, SIGNER, "x").packages
    return Path(package)


def test_after_the_bank_s_own_keys_changed_what_lies_there_verifies_and_a_hold_is_signed_with_the_new_one(
    own: County, monkeypatch: pytest.MonkeyPatch
):
    at(own, monkeypatch)
    former = own.store.keys.signing_key_id
    assert main(["keys", "rotate", "--by", "3003", "--reason", "yearly"]) == 0
    rotated = replace(own, store=new_store(own.folder))
    package = hold_package(rotated, of_sealed_branch(rotated))
    known = rotated.store.keys.known_keys()
    told = [verify_package(place, known)["key_id"] for place in (own.package, package)]
    assert told == [former, rotated.store.keys.signing_key_id]
    assert told[0] != told[1]
    assert opens(package, own.key)
    shutil.copy(own.package / "sealed.json", package / "sealed.json")
    with pytest.raises(VerificationFailed, match="not what was signed with its manifest"):
        verify_package(package, known)


def test_a_branch_that_is_taken_out_of_the_policy_has_plain_packages_from_the_next_publication_on(
    own: County, tmp_path: Path
):
    later = own.outbox(publish(own.store, own.inbox, policy_for(tmp_path), date(2026, 11, 2)))
    assert (later / BRANCH / "limits.csv").is_file()
    assert {path.name for path in own.package.iterdir()} == SEALED


def test_where_the_policy_that_names_recipients_is_gone_nothing_is_packed_in_the_clear(own: County):
    sha256 = own.store.manifest(own.run_id)["versions"]["policy_sha256"]
    (own.store.root / "frozen" / sha256).unlink()
    acts = len(Ledger.of(own.store))
    told = packaged_for_branches(own.store, Ledger.of(own.store), own.outbox().name)
    assert told is not None  # receipts of what was packed are taken as ever
    # an error masks eleven digits in a row, which a hash may have too
    with pytest.raises(MissingInput, match=r"frozen input \S+ is gone"):
        holds.hold(own.store, of_row_of(own), SIGNER, "x")
    assert len(Ledger.of(own.store)) == acts
    assert not list((own.store.root / "packing").glob("*/*"))


def of_row_of(own: County) -> str:
    return view(own.store, "SELECT min(household_key) FROM limits_current WHERE limit_yuan > 0")[0][0]
