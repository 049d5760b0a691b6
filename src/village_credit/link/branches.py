"""The branches that serve a county, under the codes that they have on its day (机构号 change where banks merge)."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from village_credit.sql_files import sql

BRANCHES, CHANGES = sql("link", "branches"), sql("link", "branch_changes")
CODES = pa.schema([("old_code", pa.string()), ("current_code", pa.string())])


def branch_facts(
    connection: duckdb.DuckDBPyConnection, settled: dict[str, pa.Table], as_of: date, county: str
) -> dict[str, pa.Table]:
    """Return `branches` and `branch_changes` as facts.toml has them: of a region's list this county's townships."""
    connection.register("settled_branches", settled["branch"])
    connection.register("settled_changes", settled["branch_change"])
    changes = connection.sql(CHANGES).to_arrow_table()
    codes = current_branch_codes(changes, as_of)
    rows = {"old_code": list(codes), "current_code": list(codes.values())}
    connection.register("branch_codes", pa.table(rows, schema=CODES))
    branches = connection.sql(BRANCHES, params={"county": county}).to_arrow_table()
    return {"branches": branches, "branch_changes": changes}


def current_branch_codes(changes: pa.Table, day: date) -> dict[str, str]:
    """Return the code that each changed one has on a day; `changes`: old_code (one row each), new_code, changed_on.

    A code that goes on changing leads to the last one, and steps follow each other in time: a branch that took its old
    code back has it. Codes that lead round in a circle on one day say nothing and stay as they are.
    """
    rows = zip(*(changes.column(name).to_pylist() for name in ("old_code", "new_code", "changed_on")), strict=True)
    steps = {old: (new, changed_on) for old, new, changed_on in rows if changed_on <= day}
    return {old: code for old in steps if (code := _last(old, steps)) != old}


def _last(old: str, steps: dict[str, tuple[str, date]]) -> str:
    """Follow a code from step to step, each no earlier than the one before."""
    seen, code, since = {old}, old, date.min
    while (step := steps.get(code)) is not None and step[1] >= since:
        code, since = step
        if code in seen:
            return code if steps[code][1] < since else old
        seen.add(code)
    return code
