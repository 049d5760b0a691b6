"""A table's rows become a hash that no library's way of writing files changes: of columns, values and what is null."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

DIGITS, DECIMAL_BYTES = 38, 16
VERSION = b"village-credit rows 1\n"  # of what is hashed, and in which order


def row_hash(table: pa.Table) -> str:
    """Hash a table's columns, types, and rows in their order, hexadecimal; lists by what is in them.

    The same rows give the same hash under whatever version of Arrow or DuckDB, in whatever chunks.
    """
    digest = hashlib.sha256(VERSION)
    digest.update(f"{table.num_rows}\n".encode())
    for field, column in zip(table.schema, table.columns, strict=True):
        kind = plain_type(field.type)
        digest.update(f"{field.name}: {_type(kind)}\n".encode())
        for part in _parts(_whole(column.cast(kind))):
            digest.update(f"{len(part)}\n".encode())
            digest.update(part)
    return digest.hexdigest()


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of what a column says, whether its values are kept once each or row by row."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _type(kind: pa.DataType) -> str:
    return f"list<{_type(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array that begins at the beginning of its buffers."""
    return pa.concat_arrays([*column.chunks, pa.nulls(0, column.type)])


def _parts(values: pa.Array) -> Iterator[bytes | memoryview]:
    """Return which values there are, then how long each is where they differ, then the values; null ones as nothing."""
    yield _bits(pc.is_valid(values))
    kind = values.type
    if pa.types.is_list(kind):
        yield _lengths(pc.list_value_length(values))
        yield from _parts(_whole(pa.chunked_array([pc.list_flatten(values)], kind.value_type)))
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        yield _lengths(pc.binary_length(values))
        filled = pc.fill_null(values, "" if pa.types.is_string(kind) else b"")
        yield memoryview(filled.buffers()[2] or b"")[: pc.sum(pc.binary_length(filled)).as_py() or 0]
    elif pa.types.is_boolean(kind):
        yield _bits(pc.fill_null(values, fill_value=False))
    elif pa.types.is_decimal(kind):
        filled = pc.fill_null(values.cast(pa.decimal128(DIGITS, kind.scale)), Decimal(0))
        yield memoryview(filled.buffers()[1] or b"")[: DECIMAL_BYTES * len(values)]
    else:
        yield memoryview(_numbers(values).tobytes())


def _numbers(values: pa.Array) -> NDArray[Any]:
    """Return numbers and days, nulls as 0; -0 is 0, and what is no number is one thing."""
    kind = values.type
    if pa.types.is_date32(kind):
        values = values.cast(pa.int32())
    elif pa.types.is_timestamp(kind):
        values = values.cast(pa.int64())
    found: NDArray[Any] = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    if pa.types.is_floating(kind):
        found = np.where(np.isnan(found), np.nan, found + 0.0)
    return found.astype(found.dtype.newbyteorder("<"))


def _bits(flags: pa.Array) -> bytes:
    return np.asarray(flags.to_numpy(zero_copy_only=False), dtype=np.uint8).tobytes()


def _lengths(lengths: pa.Array) -> bytes:
    found: NDArray[np.int64] = pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
    return found.astype("<i8").tobytes()
