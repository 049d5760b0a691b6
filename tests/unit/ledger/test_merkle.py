"""Trees, paths and prefixes as RFC 6962 has them, by its own example and for every small log."""

from __future__ import annotations

import pytest

from village_credit.merkle import (
    inclusion_path,
    is_prefix,
    leaf_hash,
    node_hash,
    prefix_proof,
    root,
    root_by_path,
    roots_of_beginnings,
)

# Entries and roots of the public test vectors of Certificate Transparency.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]
MANY = [leaf_hash(bytes([number])) for number in range(70)]


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_public_vectors_have_their_roots(size: int):
    assert root(LEAVES[:size]).hex() == ROOTS[size]


def test_the_roots_of_all_beginnings_come_out_in_one_pass():
    assert roots_of_beginnings(MANY, set(range(71))) == {size: root(MANY[:size]) for size in range(71)}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13, 64, 70])
def test_each_entry_is_proven_at_its_place_and_at_no_other(size: int):
    leaves, whole = MANY[:size], root(MANY[:size])
    for place, leaf in enumerate(leaves):
        path = inclusion_path(leaves, place)
        assert root_by_path(leaf, place, size, path) == whole
        assert root_by_path(leaf_hash(b"another"), place, size, path) != whole
        others = [at for at in range(size) if at != place and root_by_path(leaf, at, size, path) == whole]
        assert others == []
        assert root_by_path(leaf, place, size, [*path, leaf]) != whole
        assert not path or root_by_path(leaf, place, size, path[:-1]) != whole
    assert root_by_path(leaves[0], size, size, []) is None
    assert root_by_path(leaves[0], -1, size, []) is None


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 21, 64, 70])
def test_each_beginning_is_proven_and_no_other_log_s(size: int):
    leaves, whole = MANY[:size], root(MANY[:size])
    for earlier in range(1, size + 1):
        proof, start = prefix_proof(leaves, earlier), root(MANY[:earlier])
        assert is_prefix(earlier, start, size, whole, proof)
        assert not is_prefix(earlier, leaf_hash(b"x"), size, whole, proof)
        assert not is_prefix(earlier, start, size, leaf_hash(b"x"), proof)
        assert not is_prefix(earlier, start, size, whole, [*proof, start])
        assert not proof or not is_prefix(earlier, start, size, whole, proof[:-1])
    assert not is_prefix(0, root([]), size, whole, [])
    assert not is_prefix(size + 1, whole, size, whole, [])


def test_a_node_passes_for_no_entry():
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


@pytest.mark.parametrize("earlier", [0, 9])
def test_no_log_begins_with_nothing_or_with_more_than_it_has(earlier: int):
    with pytest.raises(ValueError, match="at least one entry"):
        prefix_proof(LEAVES, earlier)
