#!/usr/bin/env bash
# duckdb 2.0.1 with pyarrow 26.0.1: one column that is kept of a result keeps every column of it in memory.
#
# Guess: columns of an Arrow table have their memory each, so that `select` of a narrow one, or encoding the wide ones
#        as dictionaries, gives the wide ones' memory back once the table is gone; `nbytes` says so.
# Seen:  `nbytes` of what is left is 15 MiB, and 300 MiB more stay until the last column goes: a batch crosses over as
#        one structure, released as a whole. Tables that were encoded batch by batch took as much memory as before;
#        ours copies what it keeps.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
v/bin/python - <<'PY'
import ctypes
import gc

import duckdb
import pyarrow as pa

QUERY = "SELECT i, repeat(md5(i::VARCHAR), 5) AS wide FROM range(2000000) AS n(i)"
MIB = 1 << 20


def held() -> int:
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


duckdb.sql("SELECT 1").to_arrow_table()
before = held()
kept = duckdb.sql(QUERY).to_arrow_table().select(["i"])
beside = held() - before - kept.nbytes
print(f"one column is kept: {kept.nbytes // MIB} MiB; beside it stay {beside // MIB} MiB")
copied = pa.concat_arrays([*kept.column("i").chunks, pa.array([], pa.int64())])
del kept
left = held() - before - copied.nbytes
print(f"copied: {copied.nbytes // MIB} MiB; beside it stay {left // MIB} MiB")
assert beside > 250 * MIB > 100 * MIB > left, "columns are given back one by one now: the copy may go"
PY
