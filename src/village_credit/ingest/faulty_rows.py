"""Rows in error are picked from the file that they came in, in the office's own columns, for a corrections workbook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from data_contracts.corrections import OWN_HEADERS
from data_contracts.county_terms import CountyTerms, allowed_values
from data_contracts.prohibited import prohibited_header
from data_contracts.reasons import LINE_FAULTS, ROW_REASONS
from data_contracts.registry import FieldSpec
from village_credit.extract.grid import DeliveredFile, Extract, Grid, Unrecognised
from village_credit.extract.headers import labels_of, plain, split_unit, unit_word
from village_credit.extract.read import read_grids
from village_credit.extract.recognise import recognise
from village_credit.workbooks.corrections import Faulty, FaultyTable

# An error of the whole row is shown at the cell that an office would look at
# A line that no contract judged comes back empty, never as it was: its cells may stand under other headers than their
# own, or lack what could not be read, and untouched they would count
UNREAD_LINE = "该行未能完整读出或各列错位，内容不予带出：请对照原文件该行逐列填写"
SHOWN_AT = {"ID_": "id_number", "VILLAGE_": "village_name"}


@dataclass(frozen=True)
class OpenError:
    """One open error: the row, its correction number, and (field, reason code) of each fault."""

    line_number: int
    number: str
    faults: tuple[tuple[str, str], ...]


def faulty_tables(
    file: DeliveredFile,
    by_sheet: dict[str, list[OpenError]],
    terms: CountyTerms,
    units: dict[tuple[str, str], dict[str, str]],
) -> Iterator[FaultyTable]:
    """Read a file's tables again and pick the rows in error, in the office's own columns."""
    for grid in read_grids(file):
        if isinstance(grid, Unrecognised) or grid.sheet not in by_sheet:
            continue
        extract = recognise(file, grid, terms)
        if isinstance(extract, Extract):
            settled = units.get((file.file_name, grid.sheet), {})
            yield _faulty_table(grid, extract, by_sheet[grid.sheet], terms, settled)


def _faulty_table(
    grid: Grid, extract: Extract, errors: list[OpenError], terms: CountyTerms, units: dict[str, str]
) -> FaultyTable:
    kept = [at for at, label in enumerate(extract.labels) if plain(label) and _may_be_echoed(label)]
    places = {name: kept.index(at) for at, name in extract.positions.items() if at in kept}
    specs = {spec.name: spec for spec in terms.specs[extract.contract]}
    at_line = {start: place for place, start in enumerate(grid.starts)}
    return FaultyTable(
        extract.file.file_name,
        extract.sheet,
        extract.contract,
        tuple(_label(extract, at, units) for at in kept),
        {places[name]: values for name in places if (values := _choices(extract.contract, specs[name]))},
        tuple(_faulty(error, _cells(grid, at_line, error.line_number), kept, places, specs) for error in errors),
    )


def _cells(grid: Grid, at_line: dict[int, int], line: int) -> list[str]:
    return list(grid.cells[at_line[line]]) if line in at_line else []


def _may_be_echoed(label: str) -> bool:
    """Columns that may never enter are not written out again either; ours are written anew."""
    (read,) = labels_of([label])
    return read.rest not in OWN_HEADERS and not prohibited_header(read.rest)


def _label(extract: Extract, at: int, units: dict[str, str]) -> str:
    """Return a column's header; a unit that stood elsewhere is said in it, or the mended row would lose it."""
    label, name = extract.labels[at], extract.positions.get(at)
    if name is None or name not in units or split_unit(plain(label))[1] is not None:
        return label
    return f"{label}({unit_word(units[name])})"


def _choices(contract: str, spec: FieldSpec) -> tuple[str, ...]:
    """Offer the words that an office writes; codes where a list has no words."""
    allowed = allowed_values(contract, spec.name)
    words = [word for word, value in spec.labels if value in allowed and not word.isascii()]
    coded = all(value.isascii() for value in allowed)
    return tuple(dict.fromkeys(words)) if words and coded else tuple(sorted(allowed))


def _faulty(
    error: OpenError, cells: list[str], kept: list[int], places: dict[str, int], specs: dict[str, FieldSpec]
) -> Faulty:
    is_unread = any(code in LINE_FAULTS for _, code in error.faults)
    shown = tuple("" if is_unread else cells[at] if at < len(cells) else "" for at in kept)
    wrong: dict[int, list[str]] = defaultdict(list)
    texts = []
    for field, code in error.faults:
        at = field or next((name for start, name in SHOWN_AT.items() if code.startswith(start)), "")
        sentence = ROW_REASONS.get(code, code)
        texts.append(f"{specs[at].column.header}：{sentence}" if at in specs else sentence)
        if at in places:
            wrong[places[at]].append(sentence)
    if is_unread:
        texts.append(UNREAD_LINE)
        wrong.update({place: [UNREAD_LINE] for place in places.values()})
    marked = {position: "；".join(dict.fromkeys(said)) for position, said in wrong.items()}
    return Faulty(error.number, error.line_number, shown, marked, "；".join(dict.fromkeys(texts)))
