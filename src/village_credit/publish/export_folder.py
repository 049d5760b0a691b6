"""Tables that leave become a folder: a DuckDB file that opens anywhere, Parquet of each, and a signed manifest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from village_credit import duckdb_session
from village_credit.catalogue import Table, export_tables
from village_credit.errors import MissingInput, UsageError, VerificationFailed
from village_credit.publish.disclosed import statement_of
from village_credit.publish.inner_views import quoted
from village_credit.publish.signed_file import Form, require_signed, signed
from village_credit.publish.warehouse import FOR_CLIENTS_OF_1X
from village_credit.score.statistics import LEAST_GROUP
from village_credit.signatures import KnownKey
from village_credit.store.row_hash import row_hash
from village_credit.store.runs import parquet_bytes
from village_credit.store.store import Store, sha256_of
from village_credit.store.whole_files import folder_beside, json_of, move_to_place, remove_folder

DATABASE, MANIFEST = "export.duckdb", "manifest.json"
KIND: Form = "export"
# Several threads lay the same rows down in other bytes, and so does DuckDB's own choice of how to compress them: it was
# another in half of 24 trials.
SAME_BYTES = "SET threads = 1; PRAGMA force_compression = 'dictionary'"
OWNERS, OWNERS_FOLDER = 0o600, 0o700  # a second person decides who else has it


def require_place(out: Path, *, force: bool) -> None:
    """Raise UsageError where something lies in a place; with `force` an earlier export there may be written over."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not is_export(out):
        raise UsageError(
            f"{out.name} is there already and is no export: name a folder that is not there, or an empty one"
        )
    if statement_of(out).exists():
        raise UsageError(f"{out.name} was disclosed, and its statement is kept with it: name another folder")
    if not force:
        raise UsageError(f"{out.name} is an export already: name another folder, or give --force to write over it")


def is_export(folder: Path) -> bool:
    """Tell whether a folder says that it is an export, whole or not."""
    try:
        said = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("kind") == KIND


def write_export(store: Store, out: Path, tables: dict[str, pa.Table], about: dict[str, Any]) -> dict[str, Any]:
    """Write an export into its place, whole or not at all, over an earlier one; return its manifest.

    The manifest names no act: what has no DISCLOSED.json beside it was given to nobody. Nothing in it tells when it was
    written: the same tables give the same bytes under the same libraries.
    """
    with folder_beside(out) as beside:
        beside.chmod(OWNERS_FOLDER)
        for name, table in tables.items():
            (beside / f"{name}.parquet").write_bytes(parquet_bytes(table))
        write_database(beside / DATABASE, tables)
        files = {path.name: sha256_of(path.read_bytes()) for path in sorted(beside.iterdir())}
        manifest = signed(store.keys, KIND, about | _told_of(tables) | {"kind": KIND, "files": files})
        text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1)
        (beside / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
        for path in beside.iterdir():
            path.chmod(OWNERS)
    remove_folder(out)
    move_to_place(beside, out)
    return manifest


def _told_of(tables: dict[str, pa.Table]) -> dict[str, Any]:
    return {
        "hidden_below": LEAST_GROUP,
        "made_with": {"duckdb": duckdb.__version__, "pyarrow": pa.__version__},
        "tables": {name: _table_told(export_tables()[name], table) for name, table in tables.items()},
    }


def _table_told(declared: Table, table: pa.Table) -> dict[str, Any]:
    columns = [
        {"name": field.name, "type": str(field.type), "comment": declared.columns[field.name].comment}
        for field in table.schema
    ]
    return {"row": declared.row, "rows": table.num_rows, "rows_sha256": row_hash(table), "columns": columns}


def write_database(file: Path, tables: dict[str, pa.Table]) -> None:
    """Write tables, with a comment for each and each column, as a DuckDB file that clients from 1.0 on open."""
    connection = duckdb_session.connect(str(file), config=FOR_CLIENTS_OF_1X)
    try:
        connection.execute(SAME_BYTES)
        for name, table in tables.items():
            connection.register("given", table)
            connection.execute(f"CREATE TABLE {name} AS FROM given")
            connection.unregister("given")
            connection.execute("\n".join(_comments(export_tables()[name])))
        connection.execute("CHECKPOINT")  # closing does so too, and says nothing where the disk is full
    finally:
        connection.close()


def _comments(declared: Table) -> list[str]:
    name = declared.name
    return [f"COMMENT ON TABLE {name} IS {quoted(declared.row)};"] + [
        f"COMMENT ON COLUMN {name}.{column} IS {quoted(said.comment)};" for column, said in declared.columns.items()
    ]


def read_export(folder: Path, known: Sequence[KnownKey]) -> dict[str, Any]:
    """Return an export's manifest.

    Raises VerificationFailed where it is not signed by a known key, or where a file was altered, added or is gone;
    MissingInput where the folder is no export.
    """
    if not is_export(folder):
        raise MissingInput(f"{folder.name} is no export: it has no {MANIFEST} of one")
    what = f"export {folder.name}"
    said = json_of((folder / MANIFEST).read_bytes(), f"the manifest of {what}")
    require_signed(said, KIND, known, _acts(said), what)
    there = {path.name: path for path in folder.iterdir() if path.name in said["files"]}
    altered = [name for name, digest in said["files"].items() if name not in there or _other(there[name], digest)]
    if altered:
        raise VerificationFailed(f"{what}: {altered[0]} is not the file that was signed; export the month again")
    return said


def _acts(said: dict[str, Any]) -> int:
    """Return how many acts an export's ledger had, as its checkpoint says."""
    lines = str(said.get("checkpoint")).split("\n")
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else 0


def _other(path: Path, digest: str) -> bool:
    return not path.is_file() or sha256_of(path.read_bytes()) != digest
