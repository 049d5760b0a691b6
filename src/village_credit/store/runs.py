"""Tables become a sealed run: ordered Parquet with a hash each, and a manifest that is a function of the inputs."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput, VerificationFailed
from village_credit.signatures import canonical_json
from village_credit.store.row_hash import plain_type, row_hash
from village_credit.store.store import NAMES, Store, is_as_sealed, not_as_sealed, part_file, sha256_of
from village_credit.store.whole_files import json_of, new_folder

# Bit-stable under fixed settings: no statistics of a version, one row-group size, no dictionary heuristics
ROW_GROUP = 122_880
PARQUET = {"compression": "zstd", "compression_level": 3, "version": "2.6", "write_statistics": True}


PAGE = "report.html"
SHAPE_DIGITS = 12  # of the hash of a table's columns: tables of one shape are read as one


def parquet_bytes(table: pa.Table) -> bytes:
    """Write a table as Parquet, without metadata that depends on who wrote it."""
    buffer = io.BytesIO()
    written = plain_schema(table.schema)
    with pq.ParquetWriter(buffer, written, **PARQUET) as writer:
        for begin in range(0, max(table.num_rows, 1), ROW_GROUP):  # one group of rows at full width at a time
            writer.write_table(table.slice(begin, ROW_GROUP).cast(written), row_group_size=ROW_GROUP)
    return buffer.getvalue()


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return how a table is stored: each column as what it says, without metadata."""
    return pa.schema([pa.field(field.name, plain_type(field.type), field.nullable) for field in schema])


def run_id_of(parts: dict[str, Any]) -> str:
    """Make a run's id from everything that its tables depend on."""
    digest = hashlib.sha256(canonical_json(parts)).hexdigest()
    return f"r{digest[:24]}"


def columns_hash(schema: pa.Schema) -> str:
    """Hash a table's columns, whatever a list calls its elements: tables of one shape are read as one."""
    columns = [
        f"{field.name}: {pa.list_(kind.value_type) if pa.types.is_list(kind := field.type) else kind}"
        for field in plain_schema(schema)
    ]
    return sha256_of("\n".join(columns).encode("utf-8"))[:SHAPE_DIGITS]


def _owned(table: pa.Table, run_id: str) -> pa.Table:
    """Say in every row whose run it is."""
    owner = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), table.num_rows), pa.array([run_id]))
    return table.append_column("run_id", owner).combine_chunks()


def _bytes_hash(table: pa.Table) -> str:
    return sha256_of(parquet_bytes(table))


def comes_out_otherwise(store: Store, run_id: str, name: str, table: pa.Table | None) -> bool:
    """Tell whether a table that was computed again is another than was sealed.

    Another library writes the same rows in other bytes: then the rows in the run's file, those of the manifest and the
    computed ones must be the same. Runs of older code have bytes alone.
    """
    said = store.manifest(run_id)["tables"].get(name)
    if table is None or said is None:
        return True
    owned = _owned(table, run_id)
    if _bytes_hash(owned) == said["sha256"]:
        return False
    return "rows_sha256" not in said or {row_hash(owned), _rows_in(store, run_id, name)} != {said["rows_sha256"]}


def _rows_in(store: Store, run_id: str, name: str) -> str:
    try:
        return row_hash(pq.read_table(store.run_folder(run_id) / f"{name}.parquet", partitioning=None))
    except (OSError, pa.ArrowException):
        return ""


def seal_run(
    store: Store, run_id: str, tables: dict[str, pa.Table], manifest: dict[str, Any], report: str
) -> dict[str, Any]:
    """Write a run into its folder, whole or not at all; gives the manifest with every table's hash."""
    page = report.encode("utf-8")
    sealed = {**manifest, "run_id": run_id, "tables": {}, "page_sha256": sha256_of(page)}
    with new_folder(store.run_folder(run_id)) as folder:
        for name, table in sorted(tables.items()):
            owned = _owned(table, run_id)
            content = parquet_bytes(owned)
            (folder / f"{name}.parquet").write_bytes(content)
            sealed["tables"][name] = {
                "rows": owned.num_rows,
                "sha256": sha256_of(content),
                "rows_sha256": row_hash(owned),
                "columns": columns_hash(owned.schema),
            }
        (folder / PAGE).write_bytes(page)
        (folder / "manifest.json").write_text(
            json.dumps(sealed, ensure_ascii=False, sort_keys=True, indent=1), encoding="utf-8"
        )
    return sealed


def names_of(store: Store, manifest: dict[str, Any]) -> dict[str, str]:
    """Return how files and sheets were called that a run tells by other names, because theirs name somebody.

    Raises MissingInput where the vault no longer says so.
    """
    if not manifest.get("hidden_names"):
        return {}
    sealed = store.open_part(manifest["run_id"], NAMES)
    if sealed is None:
        raise MissingInput(
            f"run {manifest['run_id']}: how its files were called is no longer in the vault (past its retention); "
            f"score the county again"
        )
    return {told: name for name, told in json_of(sealed, f"the vault's names of run {manifest['run_id']}").items()}


def inputs_of(store: Store, manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the files of a run by their own names, each with its hash; raises MissingInput as `names_of` does."""
    names = names_of(store, manifest)
    return [(names.get(item["file_name"], item["file_name"]), item["sha256"]) for item in manifest["inputs"]]


def altered_tables(store: Store, run_id: str) -> list[str]:
    """Name the tables of a sealed run, and its page, whose bytes are not what its manifest says."""
    folder = store.require_run(run_id)
    manifest = store.manifest(run_id)
    said = {f"{name}.parquet": table["sha256"] for name, table in manifest["tables"].items()}
    if "page_sha256" in manifest:  # older runs vouch for no page
        said[PAGE] = manifest["page_sha256"]
    return sorted(name.removesuffix(".parquet") for name, digest in said.items() if _is_altered(folder / name, digest))


def require_unaltered(store: Store, run_id: str, names: Iterable[str]) -> None:
    """Raise VerificationFailed where a table of a run has other bytes than were sealed: nobody is told it as truth."""
    folder, said = store.require_run(run_id), store.manifest(run_id)["tables"]
    found = [n for n in names if n in said and not is_as_sealed(folder / f"{n}.parquet", said[n]["sha256"])]
    if found:
        raise VerificationFailed(not_as_sealed(run_id, found))


def _is_altered(path: Path, digest: str) -> bool:
    return not path.is_file() or sha256_of(path.read_bytes()) != digest


def altered_inputs(store: Store, manifest: dict[str, Any]) -> list[str]:
    """Name the frozen files of a run with something in their header that nobody wrote; their bytes `thaw` compares."""
    rules = (manifest["versions"].get(f"{name}_sha256") for name in ("policy", "scorecard", "county_terms"))
    frozen = {*filter(None, rules), *(item["sha256"] for item in manifest["inputs"])}
    there = (sha256 for sha256 in sorted(frozen) if (store.root / "frozen" / sha256).is_file())
    return [sha256[:12] for sha256 in there if not store.has_whole_head("frozen", sha256)]


@dataclass(frozen=True)
class VaultParts:
    """Parts of a run in the vault: damaged ones, those that open and hold something else than was sealed, and gone."""

    damaged: list[str]
    others: list[str]
    gone: list[str]


def compared_parts(store: Store, run_id: str) -> VaultParts:
    """Compare the parts of a run in the vault with its manifest; of older runs, which name none, nothing."""
    found = VaultParts([], [], [])
    for part, digest in store.manifest(run_id).get("vault", {}).items():
        try:
            plain = store.open_part(run_id, part)
        except VerificationFailed:
            found.damaged.append(part)
            continue
        if plain is None:
            found.gone.append(part)
        elif not store.has_whole_head("vault", part_file(run_id, part)):
            found.damaged.append(part)
        elif sha256_of(plain) != digest:
            found.others.append(part)
    return found


def failed_gates(store: Store, run_id: str) -> list[str]:
    """Name a run's failed gates."""
    path = str(store.require_run(run_id) / "gates.parquet")
    query = "SELECT gate FROM read_parquet($path, hive_partitioning = false) WHERE verdict = 'fail' ORDER BY gate"
    return [gate for (gate,) in query_cursor().execute(query, {"path": path}).fetchall()]
