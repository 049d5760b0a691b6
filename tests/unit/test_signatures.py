"""Whether two recorded names are one person's, and whether a name is anybody's."""

from __future__ import annotations

import base64
from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import new_store
from village_credit import pseudonyms
from village_credit.cli.common import by_whom
from village_credit.errors import UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.publish.recording import record
from village_credit.signatures import folded_name, same_person, signer


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("A-1", "A1"),
        ("a 1", "A1"),
        ("A-01", "Ａ１"),
        ("007", "7"),
        ("1001", "1001-"),
        ("1001", "01001"),
        ("1001", "1001\u200b"),
        ("1001", "١٠٠١"),
        ("10–01", "1001"),
        ("张 三", "张三"),
    ],
)
def test_spellings_of_one_number_or_name_are_one_person(first, second):
    assert same_person(first, second)


@pytest.mark.parametrize(
    ("first", "second"), [("1001", "101"), ("A1", "B1"), ("70", "7"), ("0", "1"), ("A10", "A1"), ("张三", "张四")]
)
def test_other_numbers_and_names_are_others(first, second):
    assert not same_person(first, second)


def test_a_folded_name_is_folded_already():
    assert folded_name("000") == folded_name(folded_name("000")) == "0"
    assert folded_name("A-007b") == folded_name(folded_name("A-007b")) == "a7b"


@pytest.mark.parametrize("name", ["", " ", "-", "\u200b", "13800000000", "65990019900101001X"])
def test_a_signer_is_somebody_and_no_person_s_number(name):
    with pytest.raises(UsageError, match="--by"):
        signer(name)


@pytest.mark.parametrize("name", ["13800000000", "65990019900101001X"])
def test_nobody_s_number_comes_in_by_a_command_nor_by_a_call(name: str, tmp_path: Path):
    with pytest.raises(UsageError, match="--by"):
        by_whom(Namespace(by=name))
    store = new_store(tmp_path)
    with pytest.raises(UsageError, match="--by"):
        record(store, "hold", name, "", {})
    assert len(Ledger.of(store)) == 0


def test_a_signer_is_recorded_without_blanks_around():
    assert signer(" 2002 ") == "2002"


@given(st.binary(min_size=32, max_size=32))
def test_a_pseudonym_is_written_as_base_32_writes_it(digest: bytes):
    assert pseudonyms._base32(digest) == base64.b32encode(digest).decode("ascii").lower()[:26]
