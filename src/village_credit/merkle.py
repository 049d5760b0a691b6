"""Merkle trees of RFC 6962: one hash over a log, and short proofs that an entry or an earlier log is in it.

The hash of an entry and the hash of two hashes begin with different bytes, so that neither can pass for the other. All
hashes are 32 bytes; entries count from 0. Proofs are checked as RFC 9162 §2.1.3 and §2.1.4 say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the hash over all entries' hashes, in their order."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours in pairs; who has none goes up as he is, which is the tree of the RFC."""
    paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return paired if len(level) % 2 == 0 else [*paired, level[-1]]


def roots_of_beginnings(leaves: Sequence[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """Return the root of each asked beginning of a log, by its size, in one pass over the entries."""
    whole: list[tuple[int, bytes]] = []  # full trees from the left, each of so many entries
    found = {0: EMPTY} if 0 in sizes else {}
    for size, leaf in enumerate(leaves, start=1):
        count, hash_ = 1, leaf
        while whole and whole[-1][0] == count:
            hash_ = node_hash(whole.pop()[1], hash_)
            count *= 2
        whole.append((count, hash_))
        if size in sizes:
            found[size] = _joined([each for _, each in whole])
    return found


def _joined(hashes: list[bytes]) -> bytes:
    joined = hashes[-1]
    for left in reversed(hashes[:-1]):
        joined = node_hash(left, joined)
    return joined


def inclusion_path(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """Return the hashes beside an entry's on its way to the root, the lowest first."""
    level, path = list(leaves), []
    while len(level) > 1:
        if (beside := place ^ 1) < len(level):
            path.append(level[beside])
        level, place = _above(level), place // 2
    return path


def root_by_path(leaf: bytes, place: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an entry and its path lead to; None where the path is none of such a tree."""
    if not 0 <= place < size:
        return None
    at, last, found = place, size - 1, leaf
    for beside in path:
        if last == 0:
            return None
        if at % 2 or at == last:
            found = node_hash(beside, found)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            found = node_hash(found, beside)
        at, last = at // 2, last // 2
    return found if last == 0 else None


def prefix_proof(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """Return the hashes by which the root of the first `earlier` entries and that of all can both be reckoned."""
    if not 0 < earlier <= len(leaves):
        raise ValueError("an earlier log has at least one entry, and no more than the later one")
    return _prefix(leaves, earlier, is_whole=True)


def _prefix(leaves: Sequence[bytes], earlier: int, *, is_whole: bool) -> list[bytes]:
    if earlier == len(leaves):
        return [] if is_whole else [root(leaves)]
    middle = 1 << (len(leaves) - 1).bit_length() - 1  # the largest power of two below the size
    if earlier <= middle:
        return [*_prefix(leaves[:middle], earlier, is_whole=is_whole), root(leaves[middle:])]
    return [*_prefix(leaves[middle:], earlier - middle, is_whole=False), root(leaves[:middle])]


def is_prefix(earlier: int, earlier_root: bytes, size: int, later_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a log of `earlier` entries is the beginning of one of `size`, by their roots and a proof."""
    if not 0 < earlier <= size:
        return False
    if earlier == size:
        return not proof and earlier_root == later_root
    way = list(proof) if earlier & (earlier - 1) else [earlier_root, *proof]
    if not way:
        return False
    at, last = earlier - 1, size - 1
    while at % 2:
        at, last = at // 2, last // 2
    first = second = way[0]
    for beside in way[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            first, second = node_hash(beside, first), node_hash(beside, second)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            second = node_hash(second, beside)
        at, last = at // 2, last // 2
    return last == 0 and first == earlier_root and second == later_root
