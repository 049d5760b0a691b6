"""A .shp becomes the rings of its polygons by line, whole records only; nothing is measured.

Read by its published layout rather than a library: a record's number, which the office needs, is lost with those at
hand where records are deleted, a file cut short is refused whole, and rings are turned round without a word.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from village_credit.extract.guard import Damaged
from village_credit.maps import Rings, Whole

MAGIC, HEADER = 9994, 100
POLYGONS = (5, 15, 25)  # plain, with heights, with measures: x and y stand in the same place
NULL = 0
FIXED = 44  # bytes of a polygon before its parts: type, four bounds, how many parts and points
LEAST_POINTS = 4  # of a ring, the first one again at its end
MOST_RINGS = 200  # no parcel and no village has more; a hostile one would be compared ring by ring


@dataclass(frozen=True)
class ShapeFile:
    """Rings, how many shapes the file promises, and whether its index was of use."""

    rings: Rings
    promised: int
    has_index: bool


def shape_type(content: bytes) -> int | None:
    """Return what a .shp holds by its header (0 is null, 5 is polygons); None where it is no .shp."""
    if len(content) < HEADER or struct.unpack_from(">i", content)[0] != MAGIC:
        return None
    return int(struct.unpack_from("<i", content, 32)[0])


def _said_length(content: bytes) -> int:
    """Return how many bytes a file has by its header, which counts them in pairs."""
    return 2 * int(struct.unpack_from(">i", content, 24)[0])


def read_shapes(shp: bytes, shx: bytes | None, lines: int) -> ShapeFile:
    """Read every whole polygon; `lines`: how many are in the table beside it. Raises `Damaged` where it is no .shp."""
    if shape_type(shp) not in (*POLYGONS, NULL):
        raise Damaged("no .shp of polygons")
    words = np.frombuffer(shp[: len(shp) // 4 * 4], "<i4")
    found = _indexed(shp, words, shx)
    starts, lengths, promised = found or _in_order(shp, lines)
    return ShapeFile(_rings(words, starts, lengths, promised), promised, found is not None)


def _indexed(shp: bytes, words: NDArray[np.int32], shx: bytes | None) -> tuple[Whole, Whole, int] | None:
    """Return where each shape's content begins and how long it is, by the index; None where it has none of use."""
    if shx is None or shape_type(shx) is None or len(shx) % 8 != HEADER % 8 or len(shx) != _said_length(shx):
        return None
    starts, lengths = 2 * np.frombuffer(shx[HEADER:], ">i4").reshape(-1, 2).astype(np.int64).T
    is_there = (starts >= HEADER) & (starts % 4 == 0) & (lengths >= 4)
    is_whole = is_there & (starts + 8 + lengths <= len(shp))
    said = 2 * words[np.where(is_whole, starts // 4 + 1, 0)].byteswap().astype(np.int64)
    if not is_there.all() or (said != lengths)[is_whole].any() or lengths[is_whole].sum() > len(shp):
        return None
    return np.where(is_whole, starts + 8, -1), lengths, len(starts)


def _in_order(shp: bytes, lines: int) -> tuple[Whole, Whole, int]:
    """Go from record to record; where the file is cut, what its table has more was cut off."""
    starts, lengths, at = [], [], HEADER
    end = min(len(shp), _said_length(shp))
    is_cut = end < _said_length(shp)
    while at + 8 <= end:
        length = 2 * struct.unpack_from(">i", shp, at + 4)[0]
        if length < 4 or length % 4 or at + 8 + length > end:
            is_cut = True
            break
        starts.append(at + 8)
        lengths.append(length)
        at += 8 + length
    lacking = max(0, lines - len(starts)) if is_cut else 0
    whole = np.array([*starts, *[-1] * lacking], np.int64), np.array([*lengths, *[0] * lacking], np.int64)
    return *whole, len(starts) + lacking


def _rings(words: NDArray[np.int32], starts: Whole, lengths: Whole, count: int) -> Rings:
    """Take each shape's rings; one that contradicts itself is broken and gives none."""
    numbers = np.arange(1, count + 1)
    is_there = starts >= 0
    at = np.where(is_there, starts, 0) // 4
    kinds = np.where(is_there, words[at], NULL)
    is_polygon = np.isin(kinds, POLYGONS) & (lengths >= FIXED)
    parts, points = (np.where(is_polygon, words[np.where(is_polygon, at + step, 0)], 0) for step in (9, 10))
    parts, points = parts.astype(np.int64), points.astype(np.int64)
    is_empty = is_there & ((kinds == NULL) | (is_polygon & (points == 0)))
    fits = (parts > 0) & (parts <= MOST_RINGS) & (points > 0) & (FIXED + 4 * parts + 16 * points <= lengths)
    is_sound = is_polygon & fits
    is_sound[is_sound] = _have_sound_parts(words, at[is_sound], parts[is_sound], points[is_sound])
    is_sound[is_sound] = _are_finite(words, at[is_sound], parts[is_sound], points[is_sound])
    drawn = _points(words, at[is_sound], parts[is_sound], points[is_sound])
    sizes = _sizes(words, at[is_sound], parts[is_sound], points[is_sound])
    return Rings(
        drawn,
        np.repeat(np.arange(len(sizes)), sizes),
        np.repeat(numbers[is_sound], parts[is_sound]),
        numbers[is_empty],
        numbers[is_there & ~is_empty & ~is_sound],
        numbers[~is_there],
    )


def _within(counts: Whole) -> Whole:
    """Count from 0 within each group of so many."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _sizes(words: NDArray[np.int32], at: Whole, parts: Whole, points: Whole) -> Whole:
    """Return how many points each ring has: up to where the next one of its shape begins, or the shape ends."""
    begins = words[np.repeat(at + FIXED // 4, parts) + _within(parts)].astype(np.int64)
    ends = np.append(begins[1:], 0)
    ends[np.cumsum(parts) - 1] = points
    sizes: Whole = ends - begins
    return sizes


def _have_sound_parts(words: NDArray[np.int32], at: Whole, parts: Whole, points: Whole) -> NDArray[np.bool_]:
    """Tell the shapes whose rings begin at their first point and have points enough each."""
    if not len(at):
        return np.zeros(0, np.bool_)
    least = np.minimum.reduceat(_sizes(words, at, parts, points), np.cumsum(parts) - parts)
    is_sound: NDArray[np.bool_] = (words[at + FIXED // 4] == 0) & (least >= LEAST_POINTS)
    return is_sound


def _points(words: NDArray[np.int32], at: Whole, parts: Whole, points: Whole) -> NDArray[np.float64]:
    places = np.repeat(at + FIXED // 4 + parts, points) + 4 * _within(points)
    points_of_all: NDArray[np.float64] = words[places[:, None] + np.arange(4)].view("<f8")
    return points_of_all


def _are_finite(words: NDArray[np.int32], at: Whole, parts: Whole, points: Whole) -> NDArray[np.bool_]:
    """Tell the shapes whose every coordinate is a number."""
    if not len(at):
        return np.zeros(0, np.bool_)
    finite = np.isfinite(_points(words, at, parts, points)).all(axis=1)
    is_finite: NDArray[np.bool_] = np.logical_and.reduceat(finite, np.cumsum(points) - points)
    return is_finite
