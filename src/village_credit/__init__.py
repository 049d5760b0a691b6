"""Whole-village credit pre-approval (整村授信): read the folders in the order of a delivery's journey.

The journey: extract → validate → link → features → score → policy → decide → relief → tables. Around it: `ingest`
takes a county's files in, `store` keeps bytes, `ledger` what people did, `publish` makes what leaves, `services` are
what people and schedules do, `cli` the words they type. docs/develop/house.md draws it.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # not typing's: what is imported here, every command pays for
if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__version__ = "0.1.0"
__all__ = ["__version__", "open_warehouse"]


def open_warehouse(path: Path | str | None = None) -> DuckDBPyConnection:
    """Return a read-only DuckDB connection to the analysts' views.

    `path`: the store's folder or its warehouse file (default: VILLAGE_CREDIT_STORE, else ./warehouse). Ask it with
    `.sql(…)`, and take the answer as `.df()` (pandas) or `.to_arrow_table()`. Raises errors.MissingInput where there
    is no store, or its views were not built yet.
    """
    # by name, when it is asked: rooms of every floor take the version from here, and must not pay for this
    opened: DuckDBPyConnection = import_module("village_credit.publish.opened_warehouse").open_warehouse(path)
    return opened
