"""What came back is sealed like a run.

Ordered Parquet in a folder named by its content, whose hash the ledger keeps.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.errors import VerificationFailed
from village_credit.ledger.log import Entry
from village_credit.signatures import canonical_json
from village_credit.store.runs import parquet_bytes
from village_credit.store.store import Store, sha256_of
from village_credit.store.whole_files import new_folder

ACKNOWLEDGE, RECORD_USAGE = "acknowledge", "record_usage"
RECEIPTS = pa.schema(
    [
        ("publication_id", pa.string()),
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("outcome", pa.string()),
        ("received_on", pa.date32()),
        ("limit_yuan", pa.int64()),
    ]
)
_OF_A_CONTRACT = [("contract_key", pa.string()), ("household_key", pa.string()), ("product", pa.string())]
CONTRACTS = pa.schema(
    [
        *_OF_A_CONTRACT,
        ("county_code", pa.string()),
        ("publication_id", pa.string()),
        ("signed_on", pa.date32()),
        ("channel", pa.string()),
    ]
)
DRAWS = pa.schema(
    [
        *_OF_A_CONTRACT,
        ("amount_yuan", pa.decimal128(18, 2)),
        ("drawn_on", pa.date32()),
        ("purpose", pa.string()),
        ("loan_key", pa.string()),  # keyed hash of the loan's number; null: the core system gave none
    ]
)
REPAYMENTS = pa.schema([*_OF_A_CONTRACT, ("amount_yuan", pa.decimal128(18, 2)), ("paid_on", pa.date32())])
SCHEMAS = {"receipts": RECEIPTS, "contracts": CONTRACTS, "draws": DRAWS, "repayments": REPAYMENTS}


def seal_returned(store: Store, file_sha256: str, tables: dict[str, pa.Table]) -> dict[str, str]:
    """Write the tables of one returned file, whole or not at all; gives record and manifest_sha256 for the ledger."""
    files = {name: parquet_bytes(table.combine_chunks()) for name, table in sorted(tables.items())}
    manifest = {"file_sha256": file_sha256, "tables": {name: sha256_of(content) for name, content in files.items()}}
    record = f"u{sha256_of(canonical_json(manifest))[:24]}"
    text = json.dumps(manifest, sort_keys=True, indent=1).encode("utf-8")
    with new_folder(store.root / "returned" / record) as folder:
        for name, content in files.items():
            (folder / f"{name}.parquet").write_bytes(content)
        (folder / "manifest.json").write_bytes(text)
    return {"record": record, "manifest_sha256": sha256_of(text)}


def sealed_rows(store: Store, entries: Iterable[Entry], name: str) -> pa.Table:
    """Return one table of everything that came back, in the ledger's order.

    Raises VerificationFailed where bytes differ.
    """
    parts = [
        sealed_table(store, entry, name)
        for entry in entries
        if entry.act in (ACKNOWLEDGE, RECORD_USAGE) and name in entry.details["tables"]
    ]
    schema = SCHEMAS[name]
    return pa.concat_tables([schema.empty_table(), *(_of_today(part, schema) for part in parts)])


def _of_today(part: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a sealed table with today's columns: null where it is older than a column."""
    for field in schema:
        if field.name not in part.column_names:
            part = part.append_column(field, pa.nulls(part.num_rows, field.type))
    return part.select(schema.names).cast(schema)


def sealed_table(store: Store, entry: Entry, name: str) -> pa.Table:
    """Return one table of one returned file; raises VerificationFailed where it is gone or not what was sealed."""
    folder = store.root / "returned" / entry.details["record"]
    try:
        manifest = (folder / "manifest.json").read_bytes()
        content = (folder / f"{name}.parquet").read_bytes()
    except OSError:
        raise VerificationFailed(
            f"{entry.details['record']}: {name} of what came back is gone; restore it from the backup"
        ) from None
    if sha256_of(manifest) != entry.details["manifest_sha256"]:
        raise VerificationFailed(f"{entry.details['record']}: its manifest is not what was sealed")
    said = json.loads(manifest)["tables"].get(name)
    if hashlib.sha256(content).hexdigest() != said:
        raise VerificationFailed(f"{entry.details['record']}: {name} is not what was sealed")
    return pq.read_table(io.BytesIO(content), partitioning=None)


def sealed_paths(store: Store, entries: Iterable[Entry], name: str) -> list[Path]:
    """Name the sealed files of one table, for the analysts' views."""
    return [
        store.root / "returned" / entry.details["record"] / f"{name}.parquet"
        for entry in entries
        if entry.act in (ACKNOWLEDGE, RECORD_USAGE) and name in entry.details["tables"]
    ]
