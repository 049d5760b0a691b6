"""A sealed file: a data key of its own, wrapped; wrapped anew without its body, and readable at every instant."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from village_credit.errors import VerificationFailed
from village_credit.store import envelope
from village_credit.store.envelope import BODY, EMPTY, PLACE_BYTES, PLACES, has_whole_head, rewrap, seal, unseal

FORMER, NEW = {"0a" * 8: b"f" * 32}, {"0b" * 8: b"n" * 32}
BOTH = NEW | FORMER
PLAIN = b"who they are"


class Killed(BaseException):
    """The process ends here."""


def sealed_before_envelopes(plain: bytes, context: str) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(FORMER["0a" * 8]).encrypt(nonce, plain, context.encode())


def flipped(sealed: bytes, place: int) -> bytes:
    return sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]


@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_altered_bytes_are_never_opened(plain: bytes, at: int):
    sealed = seal(FORMER, plain, "context")
    assert unseal(FORMER, sealed, "context") == plain
    bound = [*range(20), *range(PLACES[0], PLACES[0] + PLACE_BYTES), *range(BODY, len(sealed))]
    with pytest.raises(VerificationFailed):
        unseal(FORMER, flipped(sealed, bound[at % len(bound)]), "context")
    with pytest.raises(VerificationFailed):
        unseal(FORMER, sealed, "another context")


def test_each_file_has_a_data_key_of_its_own_and_a_wrap_fits_no_other_body():
    first, second = seal(FORMER, PLAIN, "vault r1"), seal(FORMER, PLAIN, "vault r1")
    assert first[BODY:] != second[BODY:]
    swapped = second[: PLACES[0]] + first[PLACES[0] : PLACES[1]] + second[PLACES[1] :]
    with pytest.raises(VerificationFailed):
        unseal(FORMER, swapped, "vault r1")


def test_what_was_encrypted_before_there_were_envelopes_still_opens():
    sealed = sealed_before_envelopes(PLAIN, "frozen x")
    assert unseal(BOTH, sealed, "frozen x") == PLAIN
    with pytest.raises(VerificationFailed, match="another one"):
        unseal(NEW, sealed, "frozen x")


@pytest.mark.parametrize("length", [0, 7, 8, 30, 512, 600, 1100, 1535, 1536, 1540])
def test_a_file_that_was_cut_off_is_altered(tmp_path: Path, length: int):
    path = tmp_path / "x"
    path.write_bytes(seal(FORMER, PLAIN, "x")[:length])
    with pytest.raises(VerificationFailed, match="altered"):
        unseal(FORMER, path.read_bytes(), "x")


def test_a_key_that_is_not_there_is_named():
    with pytest.raises(VerificationFailed, match="sealed with key 0a0a0a0a0a0a0a0a, which the key file does not hold"):
        unseal(NEW, seal(FORMER, PLAIN, "vault r1"), "vault r1")


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_is_wrapped_anew_opens_by_the_new_key_alone_and_keeps_its_body(tmp_path: Path, mode: int):
    path = tmp_path / "x"
    path.write_bytes(seal(FORMER, PLAIN, "x"))
    path.chmod(mode)
    before, place = path.read_bytes(), path.stat().st_ino
    rewrap(path, BOTH, "x")
    after = path.read_bytes()
    assert unseal(NEW, after, "x") == PLAIN
    assert (after[BODY:], path.stat().st_ino, path.stat().st_mode & 0o777) == (before[BODY:], place, mode)
    with pytest.raises(VerificationFailed, match="does not hold"):
        unseal(FORMER, after, "x")
    rewrap(path, BOTH, "x")
    assert path.read_bytes() == after


def test_a_file_of_the_older_form_is_sealed_anew(tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(sealed_before_envelopes(PLAIN, "x"))
    path.chmod(0o400)
    rewrap(path, BOTH, "x")
    assert unseal(NEW, path.read_bytes(), "x") == PLAIN
    assert path.stat().st_mode & 0o777 == 0o400
    with pytest.raises(VerificationFailed):
        unseal(FORMER, path.read_bytes(), "x")


def test_a_backup_of_hard_links_stays_as_it_was(tmp_path: Path):
    path, backup = tmp_path / "x", tmp_path / "backup"
    path.write_bytes(seal(FORMER, PLAIN, "x"))
    os.link(path, backup)
    rewrap(path, BOTH, "x")
    assert unseal(FORMER, backup.read_bytes(), "x") == PLAIN
    assert unseal(NEW, path.read_bytes(), "x") == PLAIN
    with pytest.raises(VerificationFailed):
        unseal(FORMER, path.read_bytes(), "x")


def test_two_rotations_after_each_other_use_the_places_in_turn(tmp_path: Path):
    path, third = tmp_path / "x", {"0c" * 8: b"t" * 32}
    path.write_bytes(seal(FORMER, PLAIN, "x"))
    rewrap(path, BOTH, "x")
    rewrap(path, third | NEW, "x")
    assert unseal(third, path.read_bytes(), "x") == PLAIN
    assert [path.read_bytes()[place : place + PLACE_BYTES] == EMPTY for place in PLACES] == [False, True]


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("written", [0, 1, 8, 40, PLACE_BYTES])
def test_killed_or_cut_off_at_any_byte_a_file_opens_and_is_finished(
    tmp_path: Path, step: int, written: int, monkeypatch: pytest.MonkeyPatch
):
    path, done = tmp_path / "x", []

    def torn(descriptor: int, place: int, content: bytes) -> None:
        if len(done) == step:
            os.pwrite(descriptor, content[:written], place)
            raise Killed
        done.append(place)
        os.pwrite(descriptor, content, place)

    path.write_bytes(seal(FORMER, PLAIN, "x"))
    with monkeypatch.context() as patch:
        patch.setattr(envelope, "_write", torn)
        with pytest.raises(Killed):
            rewrap(path, BOTH, "x")
    assert unseal(BOTH, path.read_bytes(), "x") == PLAIN
    rewrap(path, BOTH, "x")
    assert unseal(NEW, path.read_bytes(), "x") == PLAIN
    with pytest.raises(VerificationFailed):
        unseal(FORMER, path.read_bytes(), "x")


@pytest.mark.parametrize("at", [40, 300, 700, 1023, 1030, 1500])
def test_whatever_stands_in_a_header_that_nobody_wrote_is_told(at: int):
    keys = {"00" * 8: bytes(32)}
    sealed = bytearray(seal(keys, b"plain", "vault r1"))
    assert has_whole_head(keys, bytes(sealed[:BODY]), "vault r1")
    sealed[at] ^= 4
    assert unseal(keys, bytes(sealed), "vault r1") == b"plain"  # it opens by its one good place
    assert not has_whole_head(keys, bytes(sealed[:BODY]), "vault r1")
