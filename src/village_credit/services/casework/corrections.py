"""A run's open errors become a workbook per office, each row as it was delivered, from the frozen bytes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from data_contracts.corrections import FILE_WORD, OWN_HEADERS
from data_contracts.county_terms import CountyTerms, allowed_values
from data_contracts.prohibited import prohibited_header
from data_contracts.reasons import ROW_REASONS
from data_contracts.registry import OFFICES_ZH, FieldSpec
from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile, Extract, Grid, Unrecognised
from village_credit.extract.headers import labels_of, plain, split_unit, unit_word
from village_credit.extract.read import read_grids
from village_credit.extract.recognise import recognise
from village_credit.services.rules import load_terms
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.store.whole_files import write_whole
from village_credit.workbooks.corrections import CorrectionBundle, Faulty, FaultyTable, correction_workbook

# An error of the whole row is shown at the cell that an office would look at
SHOWN_AT = {"ID_": "id_number", "VILLAGE_": "village_name"}
OPEN = sql("services.casework", "open_corrections")
AGEING = sql("services.casework", "ageing")


@dataclass(frozen=True)
class Written:
    """One office's workbook."""

    office: str
    path: str
    rows: int
    tables_refused: int


@dataclass(frozen=True)
class _Error:
    """One open error: the row, its correction number, and (field, reason code) of each fault."""

    line_number: int
    number: str
    faults: tuple[tuple[str, str], ...]


def write_corrections(store: Store, run_id: str, out: Path, counties: Path | None = None) -> list[Written]:
    """Write each office's workbook into `out` (readable by its owner alone); none where nothing is open.

    Raises MissingInput where the run or the frozen bytes are gone.
    """
    manifest = store.manifest(run_id)
    terms, _ = load_terms(counties, manifest["county_code"])
    errors = _open_errors(store, run_id)
    offices = {(s["file_name"], s["sheet"]): s.get("office") or "" for s in manifest["sources"]}
    hashes = {item["file_name"]: item["sha256"] for item in manifest["inputs"]}
    tables: dict[str, list[FaultyTable]] = defaultdict(list)
    for file_name, by_sheet in errors.items():
        file = DeliveredFile(file_name, store.thaw(hashes[file_name]), hashes[file_name])
        for table in _faulty_tables(file, by_sheet, terms, _units(manifest)):
            tables[offices[file_name, table.sheet]].append(table)
    refused = _refused(manifest)
    written = []
    for office in sorted({*tables, *refused}):
        bundle = _sheaf(office, run_id, manifest["as_of"], tables[office], refused.get(office, []), errors)
        path = out / f"{OFFICES_ZH.get(office, '未识别的表')}-{FILE_WORD}-{manifest['as_of']}-{run_id[-8:]}.xlsx"
        write_whole(path, correction_workbook(bundle), mode=0o600)
        written.append(Written(office, str(path), sum(len(t.rows) for t in bundle.tables), len(bundle.refused)))
    return written


def ageing(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Say per office how many errors of a run are open, and since when, over all runs of the county until then."""
    manifest = store.manifest(run_id)
    connection = duckdb.connect()
    parts = []
    for other in store.run_ids():
        earlier = store.manifest(other)
        path = store.run_folder(other) / "corrections.parquet"
        if (
            earlier["county_code"] == manifest["county_code"]
            and earlier["as_of"] <= manifest["as_of"]
            and path.is_file()
        ):
            values = {"path": str(path), "as_of": earlier["as_of"]}
            query = sql("services.casework", "corrections_of_run")
            parts.append(connection.sql(query, params=values).to_arrow_table())
    for number, part in enumerate(parts):
        connection.register(f"part{number}", part)
    union = " UNION ALL ".join(f"SELECT * FROM part{number}" for number in range(len(parts)))
    connection.execute(f"CREATE VIEW earlier AS {union}")
    values = {"corrections": _table(store, run_id, "corrections"), "as_of": manifest["as_of"]}
    return list(connection.sql(AGEING, params=values).to_arrow_table().to_pylist())


def _table(store: Store, run_id: str, name: str) -> str:
    path = store.require_run(run_id) / f"{name}.parquet"
    if not path.is_file():
        raise MissingInput(
            f"run {run_id} was sealed by older code, which kept no table {name}: score the county again (`rescore`)"
        )
    return str(path)


def _open_errors(store: Store, run_id: str) -> dict[str, dict[str, list[_Error]]]:
    """Return open errors by file and sheet."""
    paths = {name: _table(store, run_id, name) for name in ("corrections", "quarantine")}
    found: dict[str, dict[str, list[_Error]]] = defaultdict(lambda: defaultdict(list))
    for file_name, sheet, line, number, faults in duckdb.connect().execute(OPEN, paths).fetchall():
        pairs = tuple((fault["field"], fault["code"]) for fault in faults)
        found[file_name][sheet].append(_Error(line, number, pairs))
    return found


def _units(manifest: dict[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    return {(s["file_name"], s["sheet"]): s["units"] for s in manifest["sources"]}


def _refused(manifest: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Return tables refused whole by office; one that no contract knows has no office."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for source in manifest["sources"]:
        place = " / ".join(filter(None, (source["file_name"], source["sheet"])))
        if source["rejected"] and source["rejected"][0] != "OWN_SUMMARY":
            found[source.get("office") or ""].append((place, *source["rejected"]))
    return found


def _faulty_tables(
    file: DeliveredFile,
    by_sheet: dict[str, list[_Error]],
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
    grid: Grid, extract: Extract, errors: list[_Error], terms: CountyTerms, units: dict[str, str]
) -> FaultyTable:
    kept = [at for at, label in enumerate(extract.labels) if plain(label) and _may_be_echoed(label)]
    places = {name: kept.index(at) for at, name in extract.positions.items() if at in kept}
    specs = {spec.name: spec for spec in terms.specs[extract.contract]}
    cells = dict(zip(grid.starts, grid.cells, strict=True))
    return FaultyTable(
        extract.file.file_name,
        extract.sheet,
        extract.contract,
        tuple(_label(extract, at, units) for at in kept),
        {places[name]: values for name in places if (values := _choices(extract.contract, specs[name]))},
        tuple(_faulty(error, cells.get(error.line_number, []), kept, places, specs) for error in errors),
    )


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
    error: _Error, cells: list[str], kept: list[int], places: dict[str, int], specs: dict[str, FieldSpec]
) -> Faulty:
    shown = tuple(cells[at] if at < len(cells) else "" for at in kept)
    wrong: dict[int, list[str]] = defaultdict(list)
    texts = []
    for field, code in error.faults:
        at = field or next((name for start, name in SHOWN_AT.items() if code.startswith(start)), "")
        sentence = ROW_REASONS.get(code, code)
        texts.append(f"{specs[at].column.header}：{sentence}" if at in specs else sentence)
        if at in places:
            wrong[places[at]].append(sentence)
    marked = {position: "；".join(dict.fromkeys(said)) for position, said in wrong.items()}
    return Faulty(error.number, error.line_number, shown, marked, "；".join(dict.fromkeys(texts)))


def _sheaf(
    office: str,
    run_id: str,
    as_of: str,
    tables: list[FaultyTable],
    refused: list[tuple[str, str, str]],
    errors: dict[str, dict[str, list[_Error]]],
) -> CorrectionBundle:
    reasons: Counter[str] = Counter()
    for table in tables:
        for error in errors[table.file_name][table.sheet]:
            reasons.update({code for _, code in error.faults})
    name = OFFICES_ZH.get(office, "未识别的表")
    return CorrectionBundle(name, run_id, as_of, tuple(tables), tuple(refused), reasons)
