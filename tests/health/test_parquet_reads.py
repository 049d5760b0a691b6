"""No read of ours takes a folder's name for a column: every read of Parquet says that there are no partitions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "village_credit"
IN_SQL = re.compile(r"(?<![.\w])(?<!def )(?:read_parquet|parquet_scan)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
BY_NAME_ALONE = re.compile(r"(?:FROM|JOIN)\s+'[^']*parquet'", re.IGNORECASE)
IN_PYTHON = {"read_table", "ParquetDataset", "dataset", "read_pandas"}


def sql_without_it(text: str) -> list[str]:
    found = [match[0] for match in IN_SQL.finditer(text) if "hive_partitioning = false" not in match[1]]
    return found + BY_NAME_ALONE.findall(text)


def python_without_it(text: str) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    reads = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in IN_PYTHON]
    return [ast.unparse(call) for call in reads if not any(word.arg == "partitioning" for word in call.keywords)]


@pytest.mark.parametrize("text", ["read_parquet($p)", "parquet_scan(['a', 'b'])", "read_parquet([{', '.join(x)}])"])
def test_a_read_in_sql_without_it_is_found(text: str):
    assert sql_without_it(f"SELECT 1 FROM {text}")
    assert sql_without_it("FROM 'x/*.parquet'")
    assert not sql_without_it(f"FROM {text[:-1]}, hive_partitioning = false)")


def test_a_read_in_python_without_it_is_found():
    assert python_without_it("pq.read_table(path, columns=names)")
    assert not python_without_it("pq.read_table(path, partitioning=None)")


def reads_without_it(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if path.parent.name == "extract":  # reads what was delivered from memory, where there are no folders
        return []
    return sql_without_it(text) + (python_without_it(text) if path.suffix == ".py" else [])


def test_no_read_guesses_partitions():
    files = [*SOURCE.rglob("*.sql"), *SOURCE.rglob("*.py")]
    assert {path.name: found for path in files if (found := reads_without_it(path))} == {}
