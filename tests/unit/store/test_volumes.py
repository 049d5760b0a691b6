"""Volumes of acts: each act's bytes come back, every byte is looked at, and `ar` opens them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from village_credit.errors import VerificationFailed
from village_credit.store.volumes import LINE_BYTES, MAGIC, act_name, acts_in_volume, volume_name, volume_of

ACTS = [b'{\n "by": "1001"\n}', '{\n "reason": "死亡"\n}'.encode(), b"`\n", b""]
NAME = volume_name(7, 10)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=8), st.integers(1, 90_000_000))
def test_each_act_comes_back_as_it_was(acts: list[bytes], first: int):
    assert acts_in_volume(volume_name(first, first + len(acts) - 1), volume_of(first, acts)) == acts


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.data())
def test_what_is_no_longer_the_same_is_found(acts: list[bytes], data: st.DataObject):
    """But within the acts themselves, which the chain looks at."""
    whole, name = volume_of(1, acts), volume_name(1, len(acts))
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    for other in (whole[:at], whole + b"\n", whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]):
        try:
            found = acts_in_volume(name, other)
        except VerificationFailed:
            continue
        assert found != acts
        assert [len(act) for act in found] == [len(act) for act in acts]


@pytest.mark.parametrize("name", ["00000010-00000007.acts", "7-10.acts", "00000007-00000011.acts", "00000006-9.acts"])
def test_a_volume_of_another_name_is_none(name: str):
    with pytest.raises(VerificationFailed, match="volume"):
        acts_in_volume(name, volume_of(7, ACTS))


def test_a_damaged_volume_says_at_which_act():
    whole = volume_of(7, ACTS)
    with pytest.raises(VerificationFailed, match="damaged or cut short at act 8: compare with the backup"):
        acts_in_volume(NAME, whole[: len(MAGIC) + LINE_BYTES + len(ACTS[0]) + 10])
    with pytest.raises(VerificationFailed, match="damaged or cut short at act 10"):
        acts_in_volume(NAME, whole + b"x")
    with pytest.raises(VerificationFailed, match="damaged or cut short at act 7"):
        acts_in_volume(NAME, b"<" + whole[1:])


@pytest.mark.skipif(shutil.which("ar") is None, reason="this machine has no ar")
def test_ar_gives_the_files_back(tmp_path: Path):
    (tmp_path / NAME).write_bytes(volume_of(7, ACTS))
    listed = subprocess.run(["ar", "t", NAME], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert listed.split() == [act_name(number) for number in range(7, 11)]
    subprocess.run(["ar", "x", NAME], cwd=tmp_path, check=True)
    assert [(tmp_path / act_name(number)).read_bytes() for number in range(7, 11)] == ACTS
