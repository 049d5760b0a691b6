"""What was measured of a run's households becomes sealed bytes from which another policy can be tried, and back.

Households stand there by their place in the order of contractor codes, not by the codes: ties go as in the run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from village_credit.decide.decide import SIMULATION_TABLES
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.policy.model import Policy
from village_credit.sql_files import sql

HUGE = {b"exact": b"huge"}  # a whole number that a policy may multiply beyond 64 bits
WIDTHS = (pa.int8(), pa.int16(), pa.int32(), pa.int64())
BATCH_ROWS = 32_768  # a reader shares its work out by batches
INDEX_BYTES = 8


@dataclass(frozen=True)
class SimulationInputs:
    """What `apply_policy` decides anew from.

    `tables`: as `decide` measured them, unit_code a whole number. `units`: unit_code, household_key, township, village.
    `groups`: unit_code and its group by sex, age, land, monitored; null where there is no borrower.
    `under`: what of the policy was asked before anything was measured, as `policy_asked_before` gives it.
    """

    tables: dict[str, pa.Table]
    units: pa.Table
    groups: pa.Table
    under: dict[str, Any]

    def are_of_today(self) -> bool:
        """Tell whether they have the form in which this code measures: of another, nothing can be decided anew."""
        return set(self.tables) == set(SIMULATION_TABLES)


def policy_asked_before(policy: Policy) -> dict[str, Any]:
    """Return what a policy decides before anything is measured.

    Another that differs here cannot be tried on what was.
    """
    relief = policy.relief.model_dump(mode="json", include={"conduct_list_reasons", "may_come_later"})
    return {
        "basis_exempt": sorted(policy.basis_exempt),
        "counted_methods": sorted(policy.counted_methods),
        "relief": relief,
        "repair": policy.repair.model_dump(mode="json"),
    }


def pack_simulation_inputs(
    tables: dict[str, pa.Table], groups: pa.Table, pseudonyms: dict[str, str], under: dict[str, Any]
) -> bytes:
    """Write measured tables as narrow Arrow streams one after another; the same tables give the same bytes.

    Nothing is compressed: what is opened is read where it lies.
    """
    connection = query_cursor()
    codes = sorted(pseudonyms)
    connection.register(
        "places", pa.table({"unit": pa.array(codes, pa.string()), "unit_no": pa.array(range(len(codes)), pa.int32())})
    )
    keys = pa.table(
        {
            "unit_code": pa.array(range(len(codes)), pa.int32()),
            "household_key": pa.array([pseudonyms[code] for code in codes], pa.string()),
        }
    )
    asked = pa.table({"under": pa.array([json.dumps(under, ensure_ascii=False, sort_keys=True)], pa.string())})
    packed = {name: _placed(connection, table) for name, table in {**tables, "groups_of": groups}.items()}
    return _packed(packed | {"units": keys, "under": asked})


def _packed(tables: dict[str, pa.Table]) -> bytes:
    """Write tables one after another, an index of their lengths before them."""
    streams = {name: _stream(table) for name, table in tables.items()}
    index = json.dumps({name: len(stream) for name, stream in streams.items()}).encode("utf-8")
    return b"".join([len(index).to_bytes(INDEX_BYTES), index, *streams.values()])


def _placed(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Table:
    """Name households by their place, and hold every column as narrow as its values are.

    A row of nobody here stays out.
    """
    if "unit_code" in table.column_names:
        connection.register("given", table)
        query = sql("tables", "placed")
        table = connection.sql(query).to_arrow_table()
    for index, field in enumerate(table.schema):
        table = table.set_column(index, *_narrowed(field, table.column(index)))
    return table.combine_chunks()


def _narrowed(field: pa.Field, column: pa.ChunkedArray) -> tuple[pa.Field, pa.ChunkedArray]:
    """Hold a column in as few bytes as its values need; a huge whole number says that it is one."""
    if pa.types.is_string(field.type):
        coded = column.dictionary_encode()
        return pa.field(field.name, coded.type), coded
    is_huge = pa.types.is_decimal(field.type) and field.type.scale == 0
    if not is_huge and not pa.types.is_integer(field.type):
        return field, column
    for width in WIDTHS:
        try:
            return pa.field(field.name, width, metadata=HUGE if is_huge else None), pc.cast(column, width)
        except pa.ArrowInvalid:  # too narrow
            continue
    return pa.field(field.name, field.type, metadata=HUGE), column


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    # what lies under a null is whatever a query left there: taken row by row it is nothing, and the bytes are the same
    written = table.combine_chunks().take(np.arange(table.num_rows))
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(written, max_chunksize=BATCH_ROWS)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


def without_households(content: bytes, keys: list[str]) -> tuple[bytes, int]:
    """Return packed inputs without some households (household_key), and how many went; the others keep their places.

    Raises MissingInput where older code kept them in another form.
    """
    known = unpack_simulation_inputs(content)
    units = known.units
    gone = units.filter(pc.is_in(units.column("household_key"), pa.array(keys, pa.string()))).column("unit_code")
    if not len(gone):
        return content, 0
    tables = {**known.tables, "groups_of": known.groups, "units": units}
    asked = pa.table({"under": pa.array([json.dumps(known.under, ensure_ascii=False, sort_keys=True)], pa.string())})
    left = {name: _without(table, gone.to_pylist()) for name, table in tables.items()}
    return _packed(left | ({"under": asked} if known.under else {})), len(gone)


def _without(table: pa.Table, places: list[int]) -> pa.Table:
    """Drop the rows of units; a dictionary keeps no value that no row has any more."""
    if "unit_code" not in table.column_names:
        return table
    units = table.column("unit_code").cast(pa.int64())
    left = table.filter(pc.invert(pc.fill_null(pc.is_in(units, pa.array(places, pa.int64())), False)))
    for index, field in enumerate(left.schema):
        if pa.types.is_dictionary(field.type):
            fresh = left.column(index).cast(field.type.value_type).dictionary_encode()
            left = left.set_column(index, field.with_type(fresh.type), fresh)
    return left.combine_chunks()


def unpack_simulation_inputs(content: bytes) -> SimulationInputs:
    """Read the tables back, without a copy; raises MissingInput where older code kept them in another form."""
    try:
        return _unpacked(content)
    except (ValueError, KeyError, OverflowError):
        raise MissingInput(
            "what was measured of a run's households was kept by older code in another form; score the county again"
        ) from None


def _unpacked(content: bytes) -> SimulationInputs:
    start = INDEX_BYTES + int.from_bytes(content[:INDEX_BYTES])
    tables = {}
    for name, length in json.loads(content[INDEX_BYTES:start]).items():
        tables[name] = pa.ipc.open_stream(pa.py_buffer(memoryview(content)[start : start + length])).read_all()
        start += length
    units, groups = tables.pop("units"), tables.pop("groups_of")
    asked = tables.pop("under", None)  # an earlier version kept other tables, and is told by them
    return SimulationInputs(
        tables, units, groups, {} if asked is None else json.loads(asked.column("under")[0].as_py())
    )
