"""What is published becomes Delta Lake tables for other engines: logs over links to sealed files, nothing copied."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from village_credit.catalogue import Table, run_tables
from village_credit.china_calendar import day_in_china
from village_credit.errors import MissingInput, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import Publication, standing
from village_credit.store.runs import columns_hash
from village_credit.store.store import Store
from village_credit.store.whole_files import folder_beside, move_to_place, remove_folder

MARK = "catalog.json"
LEFT_OUT = ("line", "person")  # of how personal a table is: which rows of a file, or who somebody is
TYPES = {"string": "string", "int64": "long", "int32": "integer", "double": "double", "bool": "boolean"}
PROTOCOL = {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}


@dataclass(frozen=True)
class Catalogued:
    """How many tables lie where, and their versions: 0 is before the first publication, n the n-th of them.

    `left_out`: files of older code, whose columns are not today's.
    """

    folder: str
    tables: int
    versions: int
    left_out: list[str]


@dataclass(frozen=True)
class Version:
    """The runs in force once a publication stood, and when that was, milliseconds since 1970."""

    publication: Publication | None
    at: int
    runs: frozenset[str]


def write_catalog(store: Store, out: Path, on: date | None = None) -> Catalogued:
    """Write the catalogue into a folder, anew where one lies there; `on`: as it was at the end of a day in China.

    Raises MissingInput where nothing was published by then, UsageError where the folder holds something else.
    """
    _require_own(out)
    ledger = Ledger.of(store)
    versions = _versions(_published(ledger, on))
    tables = [table for table in run_tables().values() if table.sensitivity not in LEFT_OUT]
    left_out: list[str] = []
    with folder_beside(out) as beside:
        for table in tables:
            left_out += _write_table(store, beside / table.name, table, versions)
        (beside / MARK).write_text('{"kind": "catalog"}\n', encoding="utf-8")
    remove_folder(out)
    move_to_place(beside, out)
    return Catalogued(str(out), len(tables), len(versions), sorted(left_out))


def _require_own(out: Path) -> None:
    if out.exists() and not (out / MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out.name} is there already and is no catalogue of ours: name another folder")


def _published(ledger: Ledger, on: date | None) -> list[Publication]:
    found = (ledger if on is None else ledger.until(on)).county_acts
    if found:
        return found
    first = next((f"the first publication is of {day_in_china(p.published_at)}" for p in ledger.publications), None)
    raise MissingInput(f"nothing was published{f' by {on}' if on else ''}: {first or 'publish a run first'}")


def _versions(found: list[Publication]) -> list[Version]:
    """Return an empty version of the day before the first publication, and one of each publication.

    Engines answer a day before the first version with the first one: it must hold nothing. Of two in one second the
    later is a millisecond later.
    """
    first = _milliseconds(found[0].published_at)
    versions = [Version(None, first - int(timedelta(days=1).total_seconds() * 1000), frozenset())]
    for place, publication in enumerate(found, start=1):
        at = max(_milliseconds(publication.published_at), versions[-1].at + 1)
        runs = frozenset(one.run_id for one in standing(found[:place]))
        versions.append(Version(publication, at, runs))
    return versions


def _milliseconds(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp() * 1000)


def _write_table(store: Store, folder: Path, table: Table, versions: list[Version]) -> list[str]:
    """Write one table's log, and a link for each of its files; return the files that are left out."""
    schema = table.schema().append(pa.field("run_id", pa.string()))
    files, left_out = _files(store, table, columns_hash(schema), frozenset().union(*(one.runs for one in versions)))
    (folder / "_delta_log").mkdir(parents=True)
    for run_id, file in files.items():
        (folder / f"{run_id}.parquet").symlink_to(file)
    before: frozenset[str] = frozenset()
    for number, version in enumerate(versions):
        runs = version.runs & files.keys()
        actions = [*_begun(table, schema, version.at)] if number == 0 else []
        actions += [_removed(run_id, version.at) for run_id in sorted(before - runs)]
        actions += [_added(run_id, files[run_id], version.at) for run_id in sorted(runs - before)]
        _write_log(folder / "_delta_log" / f"{number:020d}.json", [*actions, _told(version)], version.at)
        before = runs
    return left_out


def _files(store: Store, table: Table, shape: str, runs: Iterable[str]) -> tuple[dict[str, Path], list[str]]:
    """Return the sealed files of a table by run, and those with other columns than today's: a table has one shape."""
    files: dict[str, Path] = {}
    left_out: list[str] = []
    for run_id in sorted(runs):
        said = store.manifest(run_id)["tables"].get(table.name)
        if said is not None and said.get("columns") == shape:
            files[run_id] = (store.run_folder(run_id) / f"{table.name}.parquet").resolve()
        elif said is not None:
            left_out.append(f"{run_id}/{table.name}")
    return files, left_out


def _begun(table: Table, schema: pa.Schema, at: int) -> Iterator[dict[str, Any]]:
    fields = [_field(field, table) for field in schema]
    text = json.dumps({"type": "struct", "fields": fields}, ensure_ascii=False)
    yield PROTOCOL
    yield {
        "metaData": {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, table.name)),
            "name": table.name,
            "description": table.row,
            "format": {"provider": "parquet", "options": {}},
            "schemaString": text,
            "partitionColumns": [],
            "configuration": {},
            "createdTime": at,
        }
    }


def _field(field: pa.Field, table: Table) -> dict[str, Any]:
    said = table.columns.get(field.name)
    comment = {"comment": said.comment if said else "The run that computed this row"}
    return {"name": field.name, "type": _type(field.type), "nullable": True, "metadata": comment}


def _type(kind: pa.DataType) -> str | dict[str, Any]:
    if pa.types.is_list(kind):
        return {"type": "array", "elementType": _type(kind.value_type), "containsNull": True}
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return "date" if pa.types.is_date(kind) else TYPES[str(kind)]


def _added(run_id: str, file: Path, at: int) -> dict[str, Any]:
    size = file.stat().st_size
    told = {"path": f"{run_id}.parquet", "partitionValues": {}, "size": size, "modificationTime": at}
    return {"add": told | {"dataChange": True}}


def _removed(run_id: str, at: int) -> dict[str, Any]:
    return {"remove": {"path": f"{run_id}.parquet", "deletionTimestamp": at, "dataChange": True}}


def _told(version: Version) -> dict[str, Any]:
    """Return what a version is of: engines show it as the table's history."""
    one = version.publication
    told = {"publication": one.publication_id, "run": one.run_id, "county": one.county_code} if one else {}
    return {"commitInfo": {"timestamp": version.at, "operation": _operation(one), "operationParameters": told}}


def _operation(one: Publication | None) -> str:
    if one is not None and one.withdraws:
        return "WITHDRAW"
    return "ROLLBACK" if one is not None and one.restores else "PUBLISH"


def _write_log(file: Path, actions: list[dict[str, Any]], at: int) -> None:
    """Write a version; engines take the time of its file for that of the version."""
    file.write_text("".join(f"{json.dumps(action, ensure_ascii=False)}\n" for action in actions), encoding="utf-8")
    os.utime(file, (at / 1000, at / 1000))
