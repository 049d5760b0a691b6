"""The same rows have the same hash however they are cut, read or written; other rows have another."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from village_credit.store.row_hash import row_hash
from village_credit.store.runs import columns_hash, parquet_bytes

KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy]] = {
    "text": (pa.string(), st.text(max_size=4)),
    "texts": (pa.list_(pa.string()), st.lists(st.text(max_size=2), max_size=3)),
    "whole": (pa.int64(), st.integers(-(2**40), 2**40)),
    "small": (pa.int32(), st.integers(-9, 9)),
    "real": (pa.float64(), st.floats(allow_nan=False)),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates(date(1900, 1, 1), date(2100, 1, 1))),
    "yuan": (pa.decimal128(18, 2), st.decimals(-(10**9), 10**9, places=2)),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _) in KINDS.items()])
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | values for name, (_, values) in KINDS.items()}), max_size=8)


def table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@given(ROWS, st.integers(0, 8))
def test_cut_anywhere_or_written_and_read_it_is_the_same(rows: list[dict[str, object]], cut: int):
    whole = table(rows)
    parts = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    sink = io.BytesIO()
    pq.write_table(whole, sink, use_dictionary=False, compression="none")
    again = pq.read_table(io.BytesIO(sink.getvalue())).replace_schema_metadata(None)
    assert row_hash(whole) == row_hash(parts) == row_hash(again.cast(SCHEMA))
    assert row_hash(whole.slice(cut)) == row_hash(table(rows[cut:]))


@given(ROWS, ROWS)
def test_other_rows_have_another(some: list[dict[str, object]], others: list[dict[str, object]]):
    is_same = table(some).equals(table(others))
    assert (row_hash(table(some)) == row_hash(table(others))) == is_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.table({"a": ["x"]}), pa.table({"b": ["x"]})),
        (pa.table({"a": ["", None]}), pa.table({"a": [None, ""]})),
        (pa.table({"a": ["ab", "c"]}), pa.table({"a": ["a", "bc"]})),
        (pa.table({"a": [["x"], []]}), pa.table({"a": [[], ["x"]]})),
        (pa.table({"a": [0, None]}), pa.table({"a": [None, 0]})),
        (pa.table({"a": pa.array([1], pa.int32())}), pa.table({"a": pa.array([1], pa.int64())})),
        (pa.table({"a": [Decimal("1.0")]}), pa.table({"a": [Decimal("1.00")]})),
    ],
    ids=["name", "null", "border of texts", "border of lists", "nought", "width", "scale"],
)
def test_what_differs_in_a_detail_differs(one: pa.Table, other: pa.Table):
    assert row_hash(one) != row_hash(other)


def test_the_hash_of_a_table_is_fixed():
    """It stands in manifests for years: whoever changes how it is reckoned gives it another VERSION."""
    rows = {
        "key": ["h1", None],
        "yuan": [Decimal("1.50"), None],
        "codes": [["A", "B"], None],
        "day": [date(2026, 11, 1), None],
    }
    assert row_hash(pa.table(rows)) == "ed74d7dca9b4b7b02d2ed08230da6ef22ad577da8864d7a65b7e26d38c9b16b2"


@given(ROWS, ROWS)
def test_texts_kept_once_each_are_stored_and_hashed_as_any_texts(above: list[dict], below: list[dict]):
    given_rows = pa.Table.from_pylist([*above, *below], schema=SCHEMA)
    parts = [pa.Table.from_pylist(rows, schema=SCHEMA) for rows in (above, below)]
    kept = pa.concat_tables(
        [part.set_column(0, "text", part.column("text").dictionary_encode()) for part in parts]
    ).unify_dictionaries()
    assert parquet_bytes(kept.combine_chunks()) == parquet_bytes(given_rows)
    assert row_hash(kept) == row_hash(given_rows)
    assert columns_hash(kept.schema) == columns_hash(given_rows.schema)
