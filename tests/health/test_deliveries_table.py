"""The table of layouts and damages names tests and reason codes that exist, and forgets no code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from data_contracts.reasons import EXTRACT_REASONS, ROW_REASONS, SHAPE_REASONS

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "data_contracts" / "deliveries.md").read_text(encoding="utf-8")
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and "`tests/" in line]


FAULTS = (ROOT / "docs" / "operations" / "faults.md").read_text(encoding="utf-8")


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_row_names_a_test_that_exists():
    named = [re.search(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", row) for row in ROWS]
    assert len(named) > 70
    assert [row for row, found in zip(ROWS, named, strict=True) if found is None] == []
    assert [f"{m[1]}::{m[2]}" for m in named if m and m[2] not in functions_of(m[1])] == []


def test_every_kind_of_fault_names_a_test_that_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", FAULTS, flags=re.MULTILINE)
    assert len(named) == sum(line.startswith("| ") for line in FAULTS.splitlines()) - FAULTS.count("| kind |")
    assert len(named) > 45
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


def test_every_reason_code_stands_in_the_table_and_no_other():
    codes = {code for row in ROWS for code in re.findall(r"\| `([A-Z_]+)` \|", row)}
    assert codes == set(ROW_REASONS) | set(EXTRACT_REASONS) | set(SHAPE_REASONS)
