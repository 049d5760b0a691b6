"""The branches that serve a county, under the codes that they have on its day (机构号 change where banks merge)."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from village_credit.sql_files import sql

BRANCHES, CHANGES = sql("link", "branches"), sql("link", "branch_changes")
Steps = dict[str, tuple[str, date]]  # old code → the new one, and since when
CODES = pa.schema([("code", pa.string()), ("as_told", pa.date32()), ("current_code", pa.string())])


def branch_facts(
    connection: duckdb.DuckDBPyConnection, settled: dict[str, pa.Table], as_of: date, county: str
) -> dict[str, pa.Table]:
    """Return `branches` and `branch_changes` as facts.toml has them: of a region's list this county's townships."""
    connection.register("settled_branches", settled["branch"])
    connection.register("settled_changes", settled["branch_change"])
    changes = connection.sql(CHANGES).to_arrow_table()
    steps = code_steps(changes, as_of)
    told = set(
        zip(*(settled["branch"].column(name).to_pylist() for name in ("branch_code", "updated_on")), strict=True)
    )
    codes = [{"code": code, "as_told": on, "current_code": current_branch_code(steps, code, on)} for code, on in told]
    connection.register("branch_codes", pa.Table.from_pylist(codes, schema=CODES))
    connection.register("reused", pa.table({"code": pa.array(sorted(reused_codes(steps)), pa.string())}))
    branches = connection.sql(BRANCHES, params={"county": county}).to_arrow_table()
    return {"branches": branches, "branch_changes": changes}


def code_steps(changes: pa.Table, day: date) -> Steps:
    """Return what branch_changes (old_code once each, new_code, changed_on) had changed by a day, by the old code."""
    rows = zip(*(changes.column(name).to_pylist() for name in ("old_code", "new_code", "changed_on")), strict=True)
    return {old: (new, changed_on) for old, new, changed_on in rows if changed_on <= day}


def current_branch_code(steps: Steps, code: str, told_on: date | None) -> str:
    """Return the code that a branch has now which had another when it was told.

    `told_on`: the day of which the code is, whose own changes are in it already; none: nobody says, and whatever
    changed since counts. Changes of one day are one renumbering: each step is later than the one before, so that codes
    may be swapped.
    """
    since = told_on or date.min
    while (step := steps.get(code)) is not None and step[1] > since:
        code, since = step
    return code


def reused_codes(steps: Steps) -> set[str]:
    """Return codes that were given to another branch when, or after, the one that had them got a new one.

    Who stands under such a code depends on the day of which it is told.
    """
    return {new for new, changed_on in steps.values() if new in steps and steps[new][1] <= changed_on}
