"""A grid becomes an extract of the contract that its headers name; titles, units and footers are layout."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.corrections import SUMMARY_TITLE
from data_contracts.county_terms import BARE_TERMS, CountyTerms
from data_contracts.fields import Kind
from data_contracts.registry import INCOMING, field_specs
from village_credit.extract.form_rows import is_layout, may_be_layout
from village_credit.extract.grid import DeliveredFile, Extract, Grid, Unrecognised
from village_credit.extract.headers import Match, best_match, dimension, plain, split_unit, unit_line, unit_row
from village_credit.extract.text_rows import Indices, TextRows

DAYS = (Kind.DAY, Kind.MONTH)
DAYS_TO_1904 = 1462  # from one epoch of spreadsheets to the other
_SERIAL = re.compile(r"[2-5][0-9]{4}")
SAVE = "save it as CSV of UTF-8, or as xlsx, and deliver that"
AMBIGUOUS = "AMBIGUOUS_COLUMNS"
HEADER_SEARCH_ROWS = 15


@dataclass
class _Header:
    """Where the header was found: rows of the grid up to `last_row` are layout."""

    match: Match
    last_row: int
    width: int
    labels: list[str]
    default_units: dict[str, str] = field(default_factory=dict)


def recognise(file: DeliveredFile, grid: Grid, terms: CountyTerms = BARE_TERMS) -> Extract | Unrecognised:
    """Find the header, name the columns, and part data rows from layout; or say what is nearest."""
    header, nearest = _find_header(grid, terms)
    if header is not None:
        _take_unit_line(grid, header)
    if header is None and grid.cells and plain("".join(grid.cells[0])).startswith(SUMMARY_TITLE):
        return Unrecognised(file, grid.sheet, grid.total_lines, "OWN_SUMMARY", "read for nothing but its title")
    if not grid.cells and grid.condemned:
        codes = " ".join(sorted({code for _, code in grid.condemned}))
        return Unrecognised(
            file, grid.sheet, grid.total_lines, "UNREADABLE_FILE", f"no line can be read ({codes}): {SAVE}"
        )
    if header is None:
        return Unrecognised(file, grid.sheet, grid.total_lines, "UNRECOGNISED", _nearest_text(nearest, grid))
    return _extract(file, grid, header)


def _take_unit_line(grid: Grid, header: _Header) -> None:
    """A row of units right below the header belongs to it."""
    below = grid.cells[header.last_row + 1] if header.last_row + 1 < len(grid.cells) else []
    units = unit_line(below)
    if units:
        header.last_row += 1
        for index, name in header.match.columns.items():
            header.match.units[name] = header.match.units[name] or units.get(index)


def _find_header(grid: Grid, terms: CountyTerms) -> tuple[_Header | None, Match | None]:
    """Try each of the first rows, alone and joined with the row above it (a two-row header)."""
    best: _Header | None = None
    nearest: Match | None = None
    units: dict[str, str] = {}
    limit = 1 if grid.has_fixed_header else HEADER_SEARCH_ROWS
    for index, cells in enumerate(grid.cells[:limit]):
        units.update(unit_row(cells))
        candidates = [cells] if index == 0 else [cells, _joined(grid.cells[index - 1], cells)]
        for labels in candidates:
            match = best_match(labels, terms)
            if match is None:
                continue
            if match.missing:
                nearest = match if nearest is None or len(match.columns) > len(nearest.columns) else nearest
            elif best is None or (_fit(match) > _fit(best.match) and index <= best.last_row + 1):
                best = _Header(match, index, len(cells), labels, dict(units))
    return best, nearest


def _fit(match: Match) -> tuple[int, int]:
    """Prefer the header row that names more columns, then the one that says more units."""
    return len(match.columns), sum(unit is not None for unit in match.units.values())


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """Join a group row with the row below it: the lower label, with the unit of its group; or the upper alone."""
    labels, group = [], ""
    for index, low in enumerate(lower):
        up = upper[index] if index < len(upper) else ""
        if not up and not low:
            labels.append("")
            continue
        group = up if plain(up) else group
        group_unit = split_unit(plain(group))
        if not plain(low):
            labels.append(up)
        elif group_unit[1] and split_unit(plain(low))[1] is None and plain(low) != plain(up):
            labels.append(f"{low}({_unit_word(plain(group))})")
        else:
            labels.append(low)
    return labels


def _unit_word(group: str) -> str:
    return group[group.rfind("(") + 1 : group.rfind(")")]


def _extract(file: DeliveredFile, grid: Grid, header: _Header) -> Extract:
    """Part the rows: layout above the header, footers, blanks and repeated headers; odd widths are condemned."""
    match = header.match
    rows = grid.cells if isinstance(grid.cells, TextRows) else TextRows.of_lists(grid.cells)
    layout, odd, data = _part_rows(grid, rows, header)
    condemned = sorted([*grid.condemned, *((line, code) for line, code, _ in odd)])
    notes = list(grid.notes)
    minimum = INCOMING[match.contract].extract_rules.minimum_rows
    if len(data) + len(condemned) < minimum:
        notes.append(("HEADER_ONLY", f"{len(data)} data rows below the header, at least {minimum} are expected"))
    return Extract(
        file=file,
        sheet=grid.sheet,
        contract=match.contract,
        total_lines=grid.total_lines,
        rows=_table(grid, rows, data, match),
        layout_lines=layout,
        condemned=condemned,
        bare={line: " ".join(cells) for line, _, cells in odd} | grid.bare,
        units=_units(header),
        dropped_columns=match.dropped,
        place_hint=" ".join(
            [file.file_name, grid.sheet, *(cell for row in grid.cells[: header.last_row] for cell in row if cell)]
        ),
        notes=notes,
        labels=tuple(header.labels),
        positions=match.columns,
        rejected=_ambiguity(match) or _misfit(match),
    )


Odd = tuple[int, str, list[str]]  # a line, why it is condemned, and the cells of its row


def _part_rows(grid: Grid, rows: TextRows, header: _Header) -> tuple[list[int], list[Odd], Indices]:
    """Return the lines of layout, the condemned ones, and the indices of the rows of data.

    Rows that may be anything but data, by their first cell, a sum or their width, are looked at one by one.
    """
    heads = [[plain(cell) for cell in row] for row in rows[: header.last_row + 1]]
    heads = [row for row in heads if sum(map(bool, row)) > 1]
    words = {word for row in heads for word in row if word}
    expected = None if grid.encoding == "" or grid.has_fixed_header else header.width
    least = _named_width(header.labels)
    broken = {index: code for (index, column), code in grid.broken.items() if column in header.match.columns}
    is_data = np.ones(len(rows), bool)
    is_data[: header.last_row + 1] = False
    layout = [index for index in range(min(header.last_row + 1, len(rows))) if index not in broken]
    odd = {index: (code, rows[index]) for index, code in broken.items()}
    for index in sorted({*may_be_layout(rows, words).tolist(), *_of_other_width(rows, expected, least).tolist()}):
        if index in broken or index <= header.last_row:
            continue
        cells = rows[index]
        if is_layout(cells, heads, words, header.match):
            layout.append(index)
        elif expected is not None and _odd_width(cells, expected, least):
            odd[index] = ("FIELD_COUNT", cells)
    is_data[[*layout, *odd]] = False
    lines = [line for index in layout for line in _lines(grid, index)]
    condemned = [(line, code, cells) for index, (code, cells) in odd.items() for line in _lines(grid, index)]
    return lines, condemned, np.flatnonzero(is_data)


def _of_other_width(rows: TextRows, expected: int | None, least: int) -> Indices:
    """Return the rows of usual width that are shorter than the header, or have something beyond it."""
    if expected is None or least <= rows.width <= expected:
        return rows.places[:0]
    if rows.width < expected:
        return rows.places
    beyond = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in rows.columns[expected:]]
    return rows.places[np.any([flags.to_numpy(zero_copy_only=False) for flags in beyond], axis=0)]


def _ambiguity(match: Match) -> tuple[str, str] | None:
    """Refuse a table of which two columns mean one field; equal headers twice are mostly two halves side by side."""
    if not match.clashes:
        return None
    named = "; ".join(" and ".join(headers) for headers in match.clashes)
    halves = sum(len(set(headers)) == 1 for headers in match.clashes)
    if halves > 1:
        return AMBIGUOUS, f"{match.contract}: two tables side by side ({named}): put the right one below the left one"
    return AMBIGUOUS, f"{match.contract}: {named} mean the same: keep the column that counts, or agree which does"


def _misfit(match: Match) -> tuple[str, str] | None:
    """Refuse a table of which a header names what cannot be its unit: what is delivered so is some other figure."""
    if not match.misfits:
        return None
    return "UNIT_UNKNOWN", f"{match.contract}: {', '.join(match.misfits)}: give the sum for the whole, in a unit of it"


def _lines(grid: Grid, index: int) -> list[int]:
    """Return a row's physical lines; a dbf's field names stand on none."""
    return [line for line in range(grid.starts[index], grid.ends[index] + 1) if line > 0]


def _odd_width(cells: list[str], expected: int, least: int) -> bool:
    """A trailing delimiter is tolerated, on a row (more cells than the header, all blank) and on the header alone."""
    return len(cells) < least or any(cell.strip() for cell in cells[expected:])


def _named_width(labels: list[str]) -> int:
    """Return how many columns there are up to the last that has a name."""
    return max((place for place, label in enumerate(labels, start=1) if plain(label)), default=0)


def _units(header: _Header) -> dict[str, str | None]:
    """Return each field its unit: its own header's, else the 单位 row's of the same dimension."""
    units: dict[str, str | None] = {}
    for spec in field_specs(header.match.contract):
        if spec.column.unit is None or spec.name not in header.match.units:
            continue
        said = header.match.units[spec.name]
        units[spec.name] = said or header.default_units.get(dimension(spec.column.unit))
    return units


def _table(grid: Grid, rows: TextRows, data: Indices, match: Match) -> pa.Table:
    """Name the columns; an amount merged down over several rows is said once and not once for each."""
    columns: dict[str, pa.Array] = {
        "line_number": pa.array(np.asarray(grid.starts, np.int32)[data]),
        "last_line": pa.array(np.asarray(grid.ends, np.int32)[data]),
    }
    measured = {spec.name for spec in field_specs(match.contract) if spec.column.unit}
    days = {spec.name for spec in field_specs(match.contract) if spec.kind in DAYS} if grid.is_1904 else set()
    for position, name in match.columns.items():
        cells = rows.column(position, data)
        filled = [row for row, column in grid.filled if column == position] if name in measured else []
        if filled:
            cells = pc.if_else(pa.array(np.isin(data, filled)), "", cells)
        columns[name] = pa.array(_shifted(cells.to_pylist()), pa.string()) if name in days else cells
    if match.number_column is not None:
        columns["correction_number"] = pc.utf8_trim_whitespace(rows.column(match.number_column, data))
    return pa.table(columns)


def _shifted(cells: list[str]) -> list[str]:
    """Write bare numbers of days as the epoch of 1900 counts them, which is the one that is known from here on."""
    return [str(int(cell) + DAYS_TO_1904) if _SERIAL.fullmatch(cell) else cell for cell in cells]


def _nearest_text(nearest: Match | None, grid: Grid) -> str:
    hidden = "hidden sheet; " if any(code == "HIDDEN_SHEET" for code, _ in grid.notes) else ""
    if nearest is None:
        return f"{hidden}no known header among the first {min(HEADER_SEARCH_ROWS, len(grid.cells))} rows"
    return f"{hidden}nearest contract {nearest.contract}; lacks {' '.join(nearest.missing)}"
