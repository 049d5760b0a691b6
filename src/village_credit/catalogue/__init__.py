"""The tables, declared once: what a row is, and each column's type and meaning; a hand-over that differs is refused.

`facts.toml` has what linkage hands on, `run_tables.toml` what a run stores, `export_tables.toml` what an export takes
to another house. Legal bases, disputes, what no feature may see and the analysts' comments follow from them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from village_credit.errors import VerificationFailed

TYPES = MappingProxyType(
    {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "whole": pa.int64(),
        "whole32": pa.int32(),
        "real": pa.float64(),
        "flag": pa.bool_(),
        "day": pa.date32(),
    }
)


@dataclass(frozen=True)
class Column:
    """A column: its type by a word of TYPES or as decimal(precision,scale), and what it holds, with its unit."""

    type: str
    comment: str

    def arrow(self) -> pa.DataType:
        """Return the type as Arrow knows it."""
        if self.type.startswith("decimal("):
            precision, scale = self.type.removeprefix("decimal(").removesuffix(")").split(",")
            return pa.decimal128(int(precision), int(scale))
        return TYPES[self.type]


@dataclass(frozen=True)
class Table:
    """A table: what a row is, how personal it is (household, person, line, none), and its columns in order.

    Of a fact: `contract` under which it was delivered where a legal basis is asked for, whether a household may dispute
    it, and the condition that is true of rows known only after `$as_of`.
    """

    name: str
    row: str
    sensitivity: str
    columns: dict[str, Column]
    contract: str | None = None
    is_disputable: bool = False
    known_later: str | None = None

    def schema(self) -> pa.Schema:
        """Return the table's columns as Arrow knows them."""
        return pa.schema([(name, column.arrow()) for name, column in self.columns.items()])

    def fault(self, given: pa.Table) -> str | None:
        """Say in what a table differs from what is declared; None: in nothing."""
        if given.column_names != list(self.columns):
            return f"columns {', '.join(given.column_names)}; declared are {', '.join(self.columns)}"
        return next(
            (
                f"{field.name} is {field.type}, declared {self.columns[field.name].type}"
                for field in given.schema
                if not _is_of(field.type, self.columns[field.name])
            ),
            None,
        )


def _is_of(given: pa.DataType, column: Column) -> bool:
    """Tell whether a type is that of a column; how texts are kept and list elements are called does not count."""
    if pa.types.is_dictionary(given):
        given = given.value_type
    if column.type == "texts":
        return bool(pa.types.is_list(given) and pa.types.is_string(given.value_type))
    return bool(given.equals(column.arrow()))


def _tables(file_name: str) -> dict[str, Table]:
    text = resources.files("village_credit.catalogue").joinpath(file_name).read_text(encoding="utf-8")
    return {name: _table(name, said) for name, said in tomllib.loads(text).items()}


def _table(name: str, said: dict[str, Any]) -> Table:
    columns = {column: Column(**facts) for column, facts in said["columns"].items()}
    return Table(
        name,
        said["row"],
        said["sensitivity"],
        columns,
        said.get("contract"),
        said.get("disputable", False),
        said.get("known_later"),
    )


@cache
def facts() -> dict[str, Table]:
    """Return the fact tables that linkage hands on, by name."""
    return _tables("facts.toml")


@cache
def run_tables() -> dict[str, Table]:
    """Return the tables of a run, by name."""
    return _tables("run_tables.toml")


@cache
def export_tables() -> dict[str, Table]:
    """Return the tables of an export, by name."""
    return _tables("export_tables.toml")


@dataclass(frozen=True)
class Term:
    """A term of the limit: its column in the waterfall, what it is called and measured in, whether it may bind.

    `contracts`: the records that it rests on, beside other terms.
    """

    column: str
    label_zh: str
    unit_zh: str
    binds: bool = False
    contracts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name where it binds: the column without its unit."""
        return self.column.removesuffix("_yuan")


@cache
def terms() -> dict[str, Term]:
    """Return the terms of the limit by column, in the order in which they are told."""
    text = resources.files("village_credit.catalogue").joinpath("terms.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text).items()
    return {column: Term(column, **{**said, "contracts": tuple(said.get("contracts", ()))}) for column, said in told}


def binding_terms() -> tuple[str, ...]:
    """Name the terms of which the smallest binds."""
    return tuple(term.name for term in terms().values() if term.binds)


def require(declared: dict[str, Table], given: dict[str, pa.Table], where: str) -> None:
    """Raise VerificationFailed where tables that are handed over are not those declared; `where` says by whom."""
    lacking, unknown = sorted(declared.keys() - given.keys()), sorted(given.keys() - declared.keys())
    faults = [f"{name} is lacking" for name in lacking] + [f"{name} is not declared" for name in unknown]
    faults += [
        f"{name}: {fault}" for name in given if name in declared and (fault := declared[name].fault(given[name]))
    ]
    if faults:
        raise VerificationFailed(f"{where} hands over what the catalogue does not declare: {'; '.join(faults)}")


SQL_TYPES = {
    "string": "VARCHAR",
    "date32[day]": "DATE",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "list<element: string>": "VARCHAR[]",
    "list<item: string>": "VARCHAR[]",
}


@cache
def no_rows(name: str) -> str:
    """Write a run's table without a row as SQL: beside the tables of older runs it gives the columns that they lack."""
    return without_rows(run_tables()[name].schema().append(pa.field("run_id", pa.string())))


def without_rows(schema: pa.Schema) -> str:
    """Write a table without a row as SQL."""
    columns = [f'NULL::{_sql_type(field.type)} AS "{field.name}"' for field in schema]
    return f"(SELECT {', '.join(columns)} WHERE false)"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return SQL_TYPES[str(kind)]


def filled(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of a run's table with every column of today: null where the run is older than the column."""
    lacking = dict.fromkeys(run_tables()[name].columns)
    return [lacking | row for row in rows]
