"""A signature says what it is for: none is taken for another's, and earlier code's only for what it was."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from village_credit.errors import MissingInput, VerificationFailed
from village_credit.ledger.checkpoints import write_checkpoint
from village_credit.ledger.log import Entry
from village_credit.pseudonyms import Keys
from village_credit.publish.signed_manifest import read_manifest, signed_manifest
from village_credit.services.approval.approval_file import keep, require_approval, signature_of, write_beside
from village_credit.signatures import as_signed, canonical_json, purposed, verify_signature
from village_credit.store.store import open_store

KEYS = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"s" * 32)
CONTENT = {"branch_code": "0071", "files": {}, "rows": 0, "sum_limit_yuan": 0, "sequence": 3}
PURPOSES = ("act", "approval", "model", "package", "sealing", "succession")


def signed_plainly(content: dict[str, object]) -> str:
    """As earlier code signed: without a purpose."""
    key = Ed25519PrivateKey.from_private_bytes(KEYS.signing)
    return base64.b64encode(key.sign(canonical_json(content))).decode()


def of_earlier_code(**changes: object) -> dict[str, object]:
    content = {**CONTENT, "key_id": KEYS.signing_key_id, "public_key": KEYS.public_key().hex(), **changes}
    return {**content, "signature": signed_plainly(content)}


def package(folder: Path, manifest: dict[str, object]) -> Path:
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.parametrize("signed_for", PURPOSES)
@pytest.mark.parametrize("asked_for", PURPOSES)
def test_a_signature_for_one_purpose_is_none_for_another(signed_for, asked_for):
    signature, message = KEYS.sign(signed_for, CONTENT), canonical_json(CONTENT)
    holds = verify_signature(KEYS.public_key(), purposed(asked_for, message), signature)
    assert holds == (signed_for == asked_for)
    assert not verify_signature(KEYS.public_key(), as_signed(0, asked_for, message), signature)


def test_no_signed_text_of_one_form_can_be_read_as_another_s():
    """Purposes, notes and JSON of earlier code begin differently, whatever they say."""
    note = write_checkpoint(KEYS, [])
    assert note.startswith(f"village-credit/{KEYS.signing_key_id}\n")
    starts = [purposed(purpose, b"").decode() for purpose in PURPOSES]
    assert all(start.startswith("village-credit/") and start.endswith("/v1\n") for start in starts)
    assert not any(note.startswith(start) for start in starts)
    assert canonical_json(CONTENT).startswith(b"{")


def test_a_package_of_today_is_signed_for_its_purpose(tmp_path: Path):
    manifest = signed_manifest(KEYS, CONTENT)
    assert read_manifest(package(tmp_path, manifest), KEYS.known_keys())["rows"] == 0
    content = {name: value for name, value in manifest.items() if name != "signature"}
    for signature in (signed_plainly(content), KEYS.sign("approval", content)):
        with pytest.raises(VerificationFailed, match="does not fit"):
            read_manifest(package(tmp_path, content | {"signature": signature}), KEYS.known_keys())


def test_a_package_of_earlier_code_is_known_by_its_form_and_today_s_is_none_without_its_number(tmp_path: Path):
    assert read_manifest(package(tmp_path, of_earlier_code()), KEYS.known_keys())["sequence"] == 3
    with pytest.raises(VerificationFailed, match="does not fit"):
        read_manifest(package(tmp_path, of_earlier_code(format=1)), KEYS.known_keys())
    today = signed_manifest(KEYS, CONTENT)
    del today["format"]
    with pytest.raises(VerificationFailed, match="does not fit"):
        read_manifest(package(tmp_path, today), KEYS.known_keys())


@pytest.mark.parametrize("form", ["1", None, [1], 1.5])
def test_a_form_that_is_no_number_is_a_broken_manifest(tmp_path: Path, form):
    with pytest.raises(VerificationFailed, match="missing or broken"):
        read_manifest(package(tmp_path, of_earlier_code(format=form)), KEYS.known_keys())


def test_a_package_of_later_code_is_told_to_be_so(tmp_path: Path):
    with pytest.raises(MissingInput, match="of package format 9"):
        read_manifest(package(tmp_path, of_earlier_code(format=9)), KEYS.known_keys())


@pytest.mark.parametrize("words", ["x", 5, [5], [{"public_key": 5}], [{"public_key": "zz", "follower": "", "on": ""}]])
def test_words_of_a_follower_that_nobody_signed_are_passed_over(tmp_path: Path, words):
    other = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"t" * 32)
    place = package(tmp_path, of_earlier_code(succession=words))
    with pytest.raises(VerificationFailed, match="which was given or is this store's; do not import it"):
        read_manifest(place, other.known_keys())


APPROVED = {"reason": "x", "overrides": {}, "manifest_sha256": "0" * 64, "meeting": None}
ENTRY = Entry(3, "approve", "2026-11-01T00:00:00+00:00", "2002", "r1", APPROVED, "0" * 64)


def test_an_approval_of_today_is_signed_for_its_purpose_and_one_of_earlier_code_for_none(tmp_path: Path):
    store = open_store(tmp_path, KEYS)
    keep(store, "r1", write_beside(store, signature_of(ENTRY), "a checkpoint"))
    path = require_approval(store, ENTRY)
    said = json.loads(path.read_text("utf-8"))
    content = {name: value for name, value in said.items() if name not in ("signature", "key_id")}
    before = {name: value for name, value in content.items() if name != "format"}
    tried = [
        (content, signed_plainly(content), False),
        (content, KEYS.sign("package", content), False),
        (before, said["signature"], False),
        (before, KEYS.sign("approval", before), False),
        (content | {"format": "1"}, KEYS.sign("approval", content | {"format": "1"}), False),
        (before, signed_plainly(before), True),
        (content, said["signature"], True),
    ]
    for told, signature, holds in tried:
        path.write_text(json.dumps({**told, "key_id": said["key_id"], "signature": signature}), encoding="utf-8")
        if holds:
            assert require_approval(store, ENTRY) == path
            continue
        with pytest.raises(VerificationFailed, match="not signed with this store's key"):
            require_approval(store, ENTRY)
