"""Keys are rotated: killed at any step everything is readable and the same command goes on; the former are useless."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.conftest import MODELS, SIGNER, Scored, copy_of
from village_credit.cli import main
from village_credit.errors import MissingInput, RunConflict, VerificationFailed
from village_credit.ledger.checkpoints import leaves_of, read_checkpoint, write_checkpoint
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import append
from village_credit.memos import Memo
from village_credit.publish.branch_package import verify_package
from village_credit.services.casework.holds import hold
from village_credit.services.custody import rotate_keys as rotating
from village_credit.services.custody.rotate_keys import rotate_keys
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.verify import verify_run
from village_credit.store import store as stores
from village_credit.store.memos import StoredMemos, stored_memos
from village_credit.store.opening import open_with_keys
from village_credit.store.rotation import ROTATED
from village_credit.store.store import Store, sha256_of

IDENTITIES, MEASURED, OF_OLD, DELIVERED = b"who they are", b"what was measured", b"who they were", b"delivered"
WHOLE = IDENTITIES, MEASURED, OF_OLD, DELIVERED


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def small(tmp_path: Path) -> Store:
    """A store of four sealed files, one of them of the older form, and one act, with its key file."""
    return small_store(tmp_path)


def small_store(folder: Path) -> Store:
    store, _ = open_with_keys(folder / "store", folder / "store.keys")
    store.freeze(DELIVERED, sha256_of(DELIVERED))
    store.seal_part("r1", "identities", IDENTITIES)
    store.seal_part("r1", "measured", MEASURED)
    nonce = b"n" * 12  # as files were before there were envelopes
    of_old = nonce + AESGCM(store.keys.vault).encrypt(nonce, OF_OLD, b"vault r0")
    (store.root / "vault" / "r0.sealed").write_bytes(of_old)
    append(store.ledger_folder, "hold", "1001", "", {"reason": "x"}, first={"keys": store.keys.ids()})
    return store


def opened(store: Store) -> Store:
    """The same, as another process opens it."""
    return open_with_keys(store.root, store.root.parent / "store.keys")[0]


def contents(store: Store) -> tuple[bytes, ...]:
    return (
        *(store.open_identities("r1"), store.open_simulation_inputs("r1"), store.open_identities("r0")),
        store.thaw(sha256_of(DELIVERED)),
    )


def stopped_after(count: int, patch: pytest.MonkeyPatch) -> None:
    """Let the process be killed at its write of a number, of whatever kind."""
    left = iter(range(count))

    def counted(write):  # type: ignore[no-untyped-def]
        def one(*args: object, **words: object) -> object:
            if next(left, None) is None:
                raise Killed
            return write(*args, **words)

        return one

    for name in ("pwrite", "fsync", "fdatasync", "link", "fchmod", "replace"):
        patch.setattr(os, name, counted(getattr(os, name)))
    patch.setattr(Path, "replace", counted(Path.replace))
    patch.setattr(Path, "chmod", counted(Path.chmod))


def steps_until_done(folder: Path) -> Iterator[Store]:
    """A store killed in its rotation at its first write, at its second, and so on until it comes through."""
    for count in range(200):
        store = small_store(folder / str(count))
        with pytest.MonkeyPatch.context() as patch:
            stopped_after(count, patch)
            try:
                rotate_keys(store, (), SIGNER, "yearly")
            except Killed:
                pass
            else:
                return
        yield store
    pytest.fail("the rotation writes more than 200 times")


def test_killed_at_any_write_everything_is_readable_and_the_same_command_finishes_it(tmp_path: Path):
    killed = 0
    for store in steps_until_done(tmp_path):
        killed += 1
        assert contents(opened(store)) == contents(store) == WHOLE
        again = opened(store)
        rotate_keys(again, (), SIGNER, "yearly")
        assert contents(opened(store)) == contents(store) == WHOLE
        assert opened(store).keys.rotating == ()
        acts = [entry for entry in Ledger.of(store) if entry.act == "rotate"]
        assert acts[-1].details["keys"] == opened(store).keys.ids()
        assert len(acts) in (1, 2)  # two: it was killed when all was done
    assert killed > 25


def test_the_former_key_file_opens_nothing(small: Store, tmp_path: Path):
    former = tmp_path / "former.keys"
    shutil.copy(small.root.parent / "store.keys", former)
    memos = StoredMemos(small, ("ground",), 10**6)
    memos.keep(Memo("said", {}), "content")
    assert memos.recall("content") == Memo("said", {})
    found = rotate_keys(small, (), SIGNER, "a disk was lost")
    assert not list(stored_memos(small))
    with pytest.raises(MissingInput, match="another: frozen, signing, vault"):
        open_with_keys(small.root, former)
    copied = tmp_path / "elsewhere"  # somebody who takes the files and not the ledger
    for folder in ("vault", "frozen"):
        shutil.copytree(small.root / folder, copied / folder)
    thief, _ = open_with_keys(copied, former)
    for read in (thief.open_identities, thief.open_simulation_inputs, lambda _: thief.thaw(sha256_of(DELIVERED))):
        with pytest.raises(VerificationFailed, match="does not hold"):
            read("r1")
    assert (found.files, found.rotated, found.act) == (4, ("vault", "frozen", "signing"), 2)
    secret = {name: json.loads(former.read_text("utf-8"))[name] for name in ROTATED}
    assert not any(key in (small.root.parent / "store.keys").read_text("utf-8") for key in secret.values())
    assert (small.root.parent / "store.keys").stat().st_mode & 0o777 == 0o600


def test_what_a_killed_writer_left_goes_and_other_files_stay(small: Store):
    stray, other = small.root / "vault" / ".r9.sealed.0a1b2c3d", small.root / "vault" / ".hidden"
    stray.write_bytes(b"half")
    other.write_bytes(b"somebody's")
    rotate_keys(small, (), SIGNER, "x")
    assert (stray.exists(), other.exists()) == (False, True)


def test_households_keep_their_names_and_only_what_is_named_is_rotated(small: Store):
    before = small.keys.ids()
    rotate_keys(small, ("frozen",), SIGNER, "x")
    after = opened(small).keys.ids()
    assert {name for name in before if before[name] != after[name]} == {"frozen"}
    assert Ledger.of(small)[-1].details["rotated"] == ["frozen"]
    assert contents(opened(small)) == WHOLE


def test_who_opened_the_store_before_reads_and_seals_on(small: Store):
    reader = opened(small)
    rotate_keys(opened(small), (), SIGNER, "x")
    assert contents(reader) == WHOLE
    reader.seal_part("r2", "identities", b"others")
    assert opened(small).open_identities("r2") == b"others"
    assert reader.keys.ids() == opened(small).keys.ids()


def test_a_rotation_between_the_look_at_a_file_and_the_look_at_the_keys_is_no_damage(
    small: Store, monkeypatch: pytest.MonkeyPatch
):
    reader, rotations = opened(small), iter(range(1))
    read = Path.read_bytes

    def rotated_meanwhile(path: Path) -> bytes:
        content = read(path)
        if path.parent.name == "vault" and next(rotations, None) is not None:
            rotate_keys(opened(small), (), SIGNER, "x")
        return content

    monkeypatch.setattr(Path, "read_bytes", rotated_meanwhile)
    assert reader.open_identities("r1") == IDENTITIES


def test_readers_go_on_while_keys_are_rotated(small: Store):
    faults: list[BaseException] = []
    done = threading.Event()

    def read_on(reader: Store) -> None:
        try:
            while not done.is_set():
                assert contents(reader) == WHOLE
                assert contents(opened(small)) == WHOLE
        except BaseException as fault:  # noqa: BLE001  # any is one too many
            faults.append(fault)

    threads = [threading.Thread(target=read_on, args=(opened(small),)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        rotate_keys(opened(small), (), SIGNER, "x")
    done.set()
    for thread in threads:
        thread.join()
    assert faults == []


def test_nobody_seals_a_file_that_a_rotation_does_not_see(small: Store, monkeypatch: pytest.MonkeyPatch):
    """A writer who began before the rotation has it wait, and its file is wrapped with the others."""
    began, seal = threading.Event(), stores.seal
    rotation = threading.Thread(target=rotate_keys, args=(opened(small), (), SIGNER, "x"))

    def slow(*args: object) -> bytes:
        sealed = seal(*args)  # type: ignore[arg-type]
        rotation.start()
        began.set()
        return sealed

    with monkeypatch.context() as patch:
        patch.setattr(stores, "seal", slow)
        small.seal_part("r2", "identities", b"others")
    rotation.join()
    assert began.is_set()
    assert opened(small).open_identities("r2") == b"others"


def test_another_rotation_than_the_one_begun_is_refused(small: Store, monkeypatch: pytest.MonkeyPatch):
    def killed(*_: object) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(rotating, "rewrap_files", killed)
        with pytest.raises(Killed):
            rotate_keys(small, ("vault",), SIGNER, "x")
    with pytest.raises(RunConflict, match="rotation of vault was begun"):
        rotate_keys(opened(small), (), SIGNER, "x")
    rotate_keys(opened(small), ("vault",), SIGNER, "x")
    assert contents(opened(small)) == WHOLE


def test_a_file_that_does_not_open_keeps_the_former_keys_until_it_does(small: Store):
    path = small.root / "vault" / "r1.sealed"
    whole = path.read_bytes()
    path.write_bytes(whole[:512] + bytes(1024) + whole[1536:])
    with pytest.raises(VerificationFailed, match=r"1 sealed files do not open \(vault/r1.sealed\)"):
        rotate_keys(small, ("vault",), SIGNER, "x")
    path.write_bytes(whole)
    assert contents(opened(small)) == WHOLE
    rotate_keys(opened(small), ("vault",), SIGNER, "x")
    assert contents(opened(small)) == WHOLE


def test_a_ledger_of_before_the_rotation_and_keys_of_after_it_do_not_fit(small: Store):
    rotate_keys(small, (), SIGNER, "x")
    append(small.ledger_folder, "hold", "1001", "", {})
    assert Ledger.of(small)[-1].details == {"keys_since": 2}
    assert contents(opened(small)) == WHOLE
    for name in ("00000002.json", "00000003.json"):
        (small.ledger_folder / name).unlink()
    with pytest.raises(MissingInput, match="latest backup"):
        opened(small)


@pytest.fixture(scope="module")
def rotated(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scored, dict[str, str]]:
    """The published county under new keys, and a household of it held since; read only."""
    folder = tmp_path_factory.mktemp("rotated")
    scored = copy_of(quiet, folder)
    store, _ = open_with_keys(scored.store.root, folder / "keys")
    former = store.keys.public_key().hex()
    note = write_checkpoint(store.keys, leaves_of(Ledger.of(store)))
    (folder / "former.checkpoint").write_text(note, encoding="utf-8")
    rotate_keys(store, (), SIGNER, "yearly")
    key = quiet_household(store, scored.run.run_id)
    held = hold(store, key, SIGNER, "reported")
    return replace(scored, store=store), {"former": former, "folder": str(folder), "package": held.packages[0]}


def quiet_household(store: Store, run_id: str) -> str:
    import pyarrow.parquet as pq  # noqa: PLC0415

    decisions = pq.read_table(store.run_folder(run_id) / "decisions.parquet", partitioning=None).to_pylist()
    return next(row["household_key"] for row in decisions if row["decision"] == "granted")


def test_what_was_signed_before_still_verifies_and_new_words_are_the_new_key_s(rotated):
    scored, told = rotated
    store, folder = scored.store, Path(told["folder"])
    former = Path(next(iter(sorted(store.root.glob("outbox/*/p*/[0-9]*")))))
    assert verify_package(former, store.keys.known_keys())["public_key"] == told["former"]
    assert verify_package(Path(told["package"]), store.keys.known_keys())["public_key"] == store.keys.public_key().hex()
    found = verify_ledger(store, [former, Path(told["package"])], [folder / "former.checkpoint"])
    assert (found.heads, found.anchored_to, found.entries) == (3, 5, 5)
    assert verify_run(store, scored.run.run_id, MODELS).altered == []


def test_the_former_key_vouches_for_nothing_after_its_last_act(rotated, quiet: Scored):
    scored, _ = rotated
    thief, ledger = quiet.store.keys, Ledger.of(scored.store)
    late = write_checkpoint(thief, leaves_of(ledger))
    with pytest.raises(VerificationFailed, match="was replaced after act 3"):
        read_checkpoint(late, scored.store.keys.known_keys())
    assert read_checkpoint(write_checkpoint(thief, leaves_of(ledger[:3])), scored.store.keys.known_keys()).size == 3


def test_a_package_of_the_former_key_that_tells_of_a_later_act_is_refused(rotated, quiet: Scored, tmp_path: Path):
    scored, told = rotated
    place = Path(shutil.copytree(told["package"], tmp_path / "0071"))
    manifest = json.loads((place / "manifest.json").read_text("utf-8"))
    thief = quiet.store.keys
    content = {name: value for name, value in manifest.items() if name != "signature"}
    content |= {"key_id": thief.signing_key_id, "public_key": thief.public_key().hex()}
    signed = content | {"signature": thief.sign("package", content)}
    (place / "manifest.json").write_text(json.dumps(signed), encoding="utf-8")
    assert content["sequence"] == 5
    with pytest.raises(VerificationFailed, match="replaced after act 3, and it tells of act 5"):
        verify_package(place, scored.store.keys.known_keys())
    assert verify_package(place)["sequence"] == 5


def test_a_branch_with_the_former_key_is_told_of_the_new_one_and_imports_nothing_by_itself(
    rotated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    scored, told = rotated
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "none"))
    new = scored.store.keys.public_key().hex()
    ask = ["package", "verify", told["package"], "--public-key"]
    assert main([*ask, told["former"]]) == 6
    assert f"that {new} follows it: ask the bank" in capsys.readouterr().err
    assert main([*ask, "ab" * 32]) == 6
    assert "follows it" not in capsys.readouterr().err
    assert main([*ask, new]) == 0


def test_the_key_is_printed_with_those_of_before(rotated, monkeypatch: pytest.MonkeyPatch, capsys):
    scored, told = rotated
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", f"{told['folder']}/keys")
    assert main(["package", "key", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["public_key"] == scored.store.keys.public_key().hex()
    assert [(key["public_key"], key["last_act"]) for key in said["former"]] == [(told["former"], 3)]


def test_the_act_names_the_new_keys_and_the_former_one_s_word_of_them(rotated):
    scored, told = rotated
    act = Ledger.of(scored.store)[3]
    assert (act.act, act.by, act.details["keys"]) == ("rotate", SIGNER, scored.store.keys.ids())
    assert act.details["succession"]["public_key"] == told["former"]
    assert act.details["succession"]["follower"] == scored.store.keys.public_key().hex()
