"""Measures of relief are counted alike whether a side is sealed or lies in memory."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.services.queries.diff import Side, difference

DECISIONS = pa.table(
    {
        "household_key": ["h1", "h2"],
        "village_code": ["v", "v"],
        "product": ["farmer_line", "farmer_line"],
        "decision": ["granted", "granted"],
        "band": ["A", "B"],
        "limit_yuan": pa.array([10_000, 20_000], pa.int64()),
        "binding_term": ["capacity", "need"],
        "reason_codes": pa.array([[], []], pa.list_(pa.string())),
    }
)
OFFERED = pa.table({"household_key": ["h1", "h1", "h2"], "measure": ["extension", "rate_cut", "extension"]})


def test_a_side_in_memory_offers_what_a_sealed_one_does(tmp_path: Path):
    path = tmp_path / "relief_measures.parquet"
    pq.write_table(OFFERED.slice(1), path)
    found = difference(Side(DECISIONS, [], OFFERED), Side(DECISIONS, [], [path]), "p", None)
    assert found.measures == [
        {"measure": "extension", "before": 1, "after": 2},
        {"measure": "rate_cut", "before": 1, "after": 1},
    ]
    assert difference(Side(DECISIONS, [], []), Side(DECISIONS, [], []), "p", None).measures == []
