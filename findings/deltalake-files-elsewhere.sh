#!/usr/bin/env bash
# deltalake 1.6.6: of one Delta table whose log names a file outside the table's folder, one reader gives the rows and
# the other says that the file is not there.
#
# Guess: the protocol lets a log name a file by an absolute URI, so whatever reads a table reads such a one: sealed
#        Parquet can be catalogued where it lies, and nothing is copied.
# Seen:  QueryBuilder gives all rows. DeltaTable.to_pyarrow_table() and to_pyarrow_dataset() put the table's own path
#        before the URI and raise FileNotFoundError. Ours names links that lie in the table's folder, which both follow.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
v/bin/python - <<'PY'
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

sealed, table = Path("sealed").resolve(), Path("table").resolve()
sealed.mkdir()
(table / "_delta_log").mkdir(parents=True)
file = sealed / "a.parquet"
pq.write_table(pa.table({"n": pa.array([1, 2, 3], pa.int64())}), file)
columns = [{"name": "n", "type": "long", "nullable": True, "metadata": {}}]
actions = [
    {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
    {"metaData": {"id": "00000000-0000-4000-8000-000000000001", "format": {"provider": "parquet", "options": {}},
                  "schemaString": json.dumps({"type": "struct", "fields": columns}), "partitionColumns": [],
                  "configuration": {}, "createdTime": 0}},
    {"add": {"path": file.as_uri(), "partitionValues": {}, "size": file.stat().st_size, "modificationTime": 0,
             "dataChange": True}},
]
(table / "_delta_log" / f"{0:020d}.json").write_text("".join(f"{json.dumps(action)}\n" for action in actions))

found = DeltaTable(table)
rows = QueryBuilder().register("t", found).execute("SELECT count(*) AS rows FROM t").read_all()
counted = rows.to_pydict() if hasattr(rows, "to_pydict") else pa.table(rows).to_pydict()
print("QueryBuilder", counted)
assert counted == {"rows": [3]}, "the query engine no longer reads a file that lies elsewhere"
for name in ("to_pyarrow_table", "to_pyarrow_dataset"):
    try:
        read = getattr(DeltaTable(table), name)()
        read = read if isinstance(read, pa.Table) else read.to_table()
    except FileNotFoundError as fault:
        print(name, "FileNotFoundError")
    else:
        raise SystemExit(f"{name} reads {read.num_rows} rows of a file that lies elsewhere now: links may go")
print("deltalake 1.6.6: two readers of one table disagree, as before")
PY
