"""Whom something is encrypted for: only what a branch can truly open, and a fault never quotes a key."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pyrage import x25519

from tests.conftest import AS_OF, MODELS
from village_credit.errors import PolicyRefused
from village_credit.policy.branch_recipients import recipients_in
from village_credit.policy.check import check_policy
from village_credit.policy.model import load_policy
from village_credit.policy.weakened import weakened
from village_credit.recipients import LETTERS, encrypted_for, identities_in, opened_with, required_recipient

TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
IDENTITY = x25519.Identity.generate()
KNOWN = str(IDENTITY.to_public())
# Points that have no secret: nought, one, the two of order eight, and minus one.
SMALL = (
    bytes(32),
    b"\1" + bytes(31),
    (325606250916557431795983626356110631294008115727848805560023387167927233504).to_bytes(32, "little"),
    (39382357235489614581723060781553021112529911719440698176882885853963445705823).to_bytes(32, "little"),
    b"\xec" + b"\xff" * 30 + b"\x7f",
)


def checksum(values: list[int]) -> int:
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= generator if top >> place & 1 else 0
    return state


def bech32(prefix: str, content: bytes) -> str:
    """Spell 32 bytes as a recipient is spelled, with a checksum that fits."""
    number = int.from_bytes(content, "big") << 4
    data = [number >> 5 * (51 - place) & 31 for place in range(52)]
    spread = [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]
    told = checksum([*spread, *data, *[0] * 6]) ^ 1
    return f"{prefix}1" + "".join(LETTERS[value] for value in [*data, *(told >> 5 * (5 - n) & 31 for n in range(6))])


def policy_with(table: str) -> str:
    return f"{TEXT}\n[branch_recipients]\n{table}\n"


def test_a_recipient_that_a_branch_can_open_is_taken_as_it_stands():
    assert required_recipient(KNOWN) == KNOWN
    assert required_recipient(bech32("age", b"\x09" + bytes(31)))  # the base point: its secret is the number one


NONE = {
    "empty": ("", "no age recipient"),
    "a beginning": ("age1", "no age recipient"),
    "capitals": (KNOWN.upper(), "no age recipient"),
    "a blank": (f" {KNOWN}", "no age recipient"),
    "another letter": (f"{KNOWN[:-1]}{'q' if KNOWN[-1] != 'q' else 'p'}", "no age recipient"),
    "of ssh": ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== someone", "no age recipient"),
    "of a plugin": (bech32("age1yubikey", b"\x09" + bytes(31)), "no age recipient"),
    "an identity": (str(IDENTITY), "a secret key"),
    "an identity in small letters": (str(IDENTITY).lower(), "a secret key"),
    **{f"a small point {n}": (bech32("age", point), "anybody could open") for n, point in enumerate(SMALL)},
}
TABLES = {
    "none": ("0071 = []", "branch 0071 has no recipient"),
    "of two branches": (
        f"0071 = ['{KNOWN}']\n0072 = ['{KNOWN}']",
        "a recipient of branch 0072 stands under 0071 already",
    ),
    "twice": (f"0071 = ['{KNOWN}', '{KNOWN}']", "a recipient of branch 0071 stands under 0071 already"),
    "a path": (f"'../0071' = ['{KNOWN}']", "branch_recipients.../0071"),
    "the office": (f"county_government = ['{KNOWN}']", "branch_recipients.county_government"),
    "no list": (f"0071 = '{KNOWN}'", "branch_recipients.0071"),
}


@pytest.mark.parametrize("kind", NONE)
def test_whatever_is_none_is_refused_by_the_policy_check_in_one_sentence(kind: str):
    text, why = NONE[kind]
    (fault,) = check_policy(policy_with(f"0071 = ['{KNOWN}', '{text}']"), AS_OF)
    assert fault.sentence.startswith("policy is unsound: branch_recipients.0071.1: ")
    assert why in fault.sentence
    assert len(text) < 20 or text[4:40] not in fault.sentence
    with pytest.raises(PolicyRefused, match="cannot be read"):
        recipients_in(policy_with(f"0071 = ['{text}']"))


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_is_not_for_each_branch_alone_is_refused(kind: str):
    table, why = TABLES[kind]
    (fault,) = check_policy(policy_with(table), AS_OF)
    assert why in fault.sentence


def test_a_sound_table_is_read_alone_from_a_policy_that_today_s_code_would_refuse():
    assert check_policy(policy_with(f"0071 = ['{KNOWN}']"), AS_OF) == []
    assert load_policy(TEXT).branch_recipients == {}
    assert recipients_in(TEXT) == {}
    assert recipients_in(f"figures = 7\n[branch_recipients]\n0071 = ['{KNOWN}']") == {"0071": (KNOWN,)}


def test_a_policy_under_which_more_can_read_a_branch_s_packages_is_told_so():
    other = str(x25519.Identity.generate().to_public())
    one, both, neither, moved = (
        load_policy(policy_with(table))
        for table in (f"0071 = ['{KNOWN}']", f"0071 = ['{KNOWN}', '{other}']", "", f"0071 = ['{other}']")
    )
    assert [item.sentence for item in weakened(neither, both, AS_OF)] == [
        "the packages of branch 0071 lie in the clear; before they were sealed for 2"
    ]
    for new in (both, moved):
        assert [item.sentence for item in weakened(new, one, AS_OF)] == [
            "the packages of branch 0071 can be opened with 1 keys that are new; before they were sealed for 1"
        ]
    assert weakened(one, both, AS_OF) == weakened(one, neither, AS_OF) == weakened(one, one, AS_OF) == []


def test_each_recipient_opens_it_alone_and_it_is_never_the_same_bytes():
    other, third = x25519.Identity.generate(), x25519.Identity.generate()
    sealed = encrypted_for([KNOWN, str(other.to_public())], b"x" * 100_000)
    assert opened_with([IDENTITY], sealed) == opened_with([other], sealed) == b"x" * 100_000
    assert opened_with([third], sealed) is None
    assert opened_with([IDENTITY], sealed[:-1]) is None
    assert opened_with([IDENTITY], sealed[: 65536 + 300]) is None
    assert sealed != encrypted_for([KNOWN, str(other.to_public())], b"x" * 100_000)


def test_an_identity_file_is_read_as_it_is_written_and_a_line_of_none_is_not_quoted():
    assert len(identities_in(f"# created: today\n# public key: {KNOWN}\n{IDENTITY}\n\n")) == 1
    assert identities_in("# nobody\n") == []
    with pytest.raises(ValueError, match=r"^no identity$"):
        identities_in(str(IDENTITY)[:-1])


@pytest.mark.age
def test_another_implementation_opens_it_and_its_keys_are_recipients(tmp_path: Path):
    made = subprocess.run(["age-keygen", "-o", tmp_path / "key"], capture_output=True, text=True, check=True)
    recipient = required_recipient(made.stderr.split()[-1])
    (tmp_path / "sealed").write_bytes(encrypted_for([recipient], "授信".encode()))
    opened = subprocess.run(["age", "-d", "-i", tmp_path / "key", tmp_path / "sealed"], capture_output=True, check=True)
    assert opened.stdout.decode() == "授信"
    (identity,) = identities_in((tmp_path / "key").read_text())
    theirs = subprocess.run(["age", "-r", recipient], input=b"back", capture_output=True, check=True).stdout
    assert opened_with([identity], theirs) == b"back"
