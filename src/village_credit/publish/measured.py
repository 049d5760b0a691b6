"""What was measured of a run's households becomes sealed bytes from which another policy can be tried, and back.

Households stand there by their place in the order of contractor codes, not by the codes: ties go as in the run.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

HUGE = {b"exact": b"huge"}  # a whole number that a policy may multiply beyond 64 bits
LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True)
class Measured:
    """`tables`: as `decide.value` reads them, unit_code a whole number. `units`: unit_code, household_key, township, village.

    `groups`: unit_code and its group by sex, age, land, monitored; null where there is no borrower.
    `basis_exempt`: the contracts that needed no legal basis.
    """

    tables: dict[str, pa.Table]
    units: pa.Table
    groups: pa.Table
    basis_exempt: list[str]


def pack_measured(
    tables: dict[str, pa.Table], groups: pa.Table, pseudonyms: dict[str, str], basis_exempt: list[str]
) -> bytes:
    """Write measured tables, each as an Arrow stream, in one archive; the same tables give the same bytes."""
    connection = duckdb.connect()
    codes = sorted(pseudonyms)
    connection.register("places", pa.table({"unit": pa.array(codes, pa.string()), "unit_no": pa.array(range(len(codes)), pa.int32())}))  # fmt: skip
    exempt = pa.table({"contract": pa.array(sorted(basis_exempt), pa.string())})
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        keys = pa.table({"unit_code": pa.array(range(len(codes)), pa.int32()), "household_key": [pseudonyms[code] for code in codes]})  # fmt: skip
        for name, table in {**tables, "groups_of": groups}.items():
            _write(archive, name, _placed(connection, table))
        _write(archive, "units", keys)
        _write(archive, "basis_exempt", exempt)
    return content.getvalue()


def _placed(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Table:
    """Name households by their place; a row of nobody here stays out."""
    if "unit_code" in table.column_names:
        connection.register("given", table)
        query = "SELECT g.* REPLACE (unit_no AS unit_code) FROM given AS g JOIN places AS p ON p.unit = g.unit_code ORDER BY ALL"
        table = connection.sql(query).to_arrow_table()
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.scale == 0:
            table = table.set_column(index, *_narrowed(field.name, table.column(index)))
    return table.combine_chunks()


def _narrowed(name: str, column: pa.ChunkedArray) -> tuple[pa.Field, pa.ChunkedArray]:
    """Keep a huge whole number in 64 bits where every value fits, and say that it is huge."""
    try:
        fitting = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        fitting = column
    return pa.field(name, fitting.type, metadata=HUGE), fitting


def _write(archive: zipfile.ZipFile, name: str, table: pa.Table) -> None:
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema, options=LZ4) as writer:
        writer.write_table(table)
    archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), stream.getvalue())


def unpack_measured(content: bytes) -> Measured:
    """Read the tables back."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        tables = {name: pa.ipc.open_stream(archive.read(name)).read_all() for name in archive.namelist()}
    units, groups, exempt = (tables.pop(name) for name in ("units", "groups_of", "basis_exempt"))
    return Measured(tables, units, groups, exempt.column("contract").to_pylist())
