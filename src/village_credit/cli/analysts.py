"""The verbs of analysts: a manager's questions, and their answers as a workbook. Both read the views, and no key."""

from __future__ import annotations

import argparse

from village_credit.cli.common import Verbs, county_code, say, show
from village_credit.errors import UsageError

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from typing import Any

    from village_credit.settings import Settings

FORMATS = ("table", "csv", "json")


def add_query(verbs: Verbs) -> None:
    asked = verbs.add(
        "query",
        "What a manager asks of a county, answered from the analysts' views: figures, never a person.",
        "query coverage_by_village --county 659900",
        do_query,
    )
    asked.add_argument("name", nargs="?", help="a saved query (--list names them)")
    asked.add_argument("--list", action="store_true", help="name every saved query, and what a row of it is")
    asked.add_argument("--county", action="append", type=county_code, default=[], help="of this county")
    asked.add_argument("--format", choices=FORMATS, default="table", help="how to write the answer (default: table)")


def do_query(args: argparse.Namespace, paths: Settings) -> int:
    """Ask a saved query, or list them."""
    from village_credit.publish.opened_warehouse import open_warehouse
    from village_credit.services.queries import saved

    args.json = args.json or args.format == "json"
    if args.list and (args.name or args.county):
        raise UsageError("query --list names every saved query: leave out NAME and --county, or leave out --list")
    if args.list:
        known = saved.saved_queries()
        return show(args, list(known), lambda: "\n".join(f"{one.name:<22}{one.title}. {one.grain}" for one in known))
    if args.name is None:
        raise UsageError("query needs a NAME: `village-credit query --list` names them")
    table = saved.answer(open_warehouse(paths.store), args.name, args.county)
    if not table.num_rows:
        say("no rows: nothing of it is published there yet")
    rows = saved.rows_of(table)
    return show(args, rows, lambda: _csv_text(table.column_names, rows) if args.format == "csv" else
                _table_text(table.column_names, rows))  # fmt: skip


def _csv_text(names: list[str], rows: list[dict[str, Any]]) -> str:
    from village_credit.publish.safe_csv import csv_bytes

    return csv_bytes(names, [list(row.values()) for row in rows]).decode("utf-8").removesuffix("\r\n")


def _table_text(names: list[str], rows: list[dict[str, Any]]) -> str:
    """Align columns: numbers to the right, a dash where nothing is to be said."""
    cells = [names, *([_cell(name, value) for name, value in row.items()] for row in rows)]
    widths = [max(_width(line[place]) for line in cells) for place in range(len(names))]
    right = [any(isinstance(row[name], int | float) for row in rows) for name in names]
    return "\n".join(
        "  ".join(_padded(*cell) for cell in zip(line, widths, right, strict=True)).rstrip() for line in cells
    )


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1%}" if name.endswith(("share", "coverage")) else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _width(text: str) -> int:
    """Say how many columns of a terminal a text takes: a Chinese character takes two."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int, is_right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if is_right else text + blanks


def add_statistics(verbs: Verbs) -> None:
    written = verbs.add(
        "statistics",
        "Write the answers to every saved query as a workbook that a screen reader reads too: a table a sheet, for the "
        "house alone.",
        "statistics --county 659900 --out build/statistics.xlsx",
        do_statistics,
    )
    written.add_argument("--county", action="append", type=county_code, default=[], help="of this county")
    written.out("the workbook (.xlsx)", required=True)
    written.add_argument("--force", action="store_true", help="write over a file that is there already")


def do_statistics(args: argparse.Namespace, paths: Settings) -> int:
    """Write the workbook of statistics."""
    from village_credit.publish.opened_warehouse import open_warehouse
    from village_credit.services.queries.statistics_workbook import write_statistics
    from village_credit.store.whole_files import require_free

    if args.out.suffix.lower() != ".xlsx":
        raise UsageError(f"{args.out.name}: this is a workbook, so give it a name that ends in .xlsx")
    out = require_free(args.out, force=args.force)
    done = write_statistics(open_warehouse(paths.store), out, args.county)
    return show(args, done, lambda: f"{done.tables:,} tables of {done.rows:,} rows as of {done.counted_on} in {out}")


VERBS = (add_query, add_statistics)
