"""A run's open errors become a workbook per office, each row as it was delivered, from the frozen bytes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_contracts.corrections import FILE_WORD
from data_contracts.registry import OFFICES_ZH
from village_credit.duckdb_session import query_cursor
from village_credit.ingest.faulty_rows import OpenError, faulty_tables
from village_credit.ledger.erasures import thaw_what_is_left
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.log import Entry
from village_credit.services.exchange import require_sealed
from village_credit.services.rules import load_terms
from village_credit.sql_files import sql
from village_credit.store.runs import inputs_of, names_of
from village_credit.store.store import Store
from village_credit.store.whole_files import write_workbooks
from village_credit.workbooks.corrections import CorrectionBundle, FaultyTable, correction_workbook

OPEN = sql("services.casework", "open_corrections")
AGEING = sql("services.casework", "ageing")


@dataclass(frozen=True)
class Written:
    """One office's workbook."""

    office: str
    path: str
    rows: int
    tables_refused: int


def write_corrections(
    store: Store, run_id: str, out: Path, counties: Path | None = None, *, force: bool = False
) -> list[Written]:
    """Write each office's workbook into `out` (readable by its owner alone); none where nothing is open.

    Raises MissingInput where the run or the frozen bytes are gone, VerificationFailed where the run is not what was
    sealed, UsageError where another workbook lies there and `force` does not say to write over it: nothing is written
    then.
    """
    require_sealed(store, run_id, "ask no office by it")
    sealed, ledger = store.manifest(run_id), Ledger.of(store)
    names = names_of(store, sealed)
    manifest = _as_delivered(sealed, names)
    terms, _ = load_terms(counties, manifest["county_code"])
    errors = {
        names.get(file, file): {names.get(sheet, sheet): rows for sheet, rows in by_sheet.items()}
        for file, by_sheet in _open_errors(store, run_id).items()
    }
    offices = {(s["file_name"], s["sheet"]): s.get("office") or "" for s in manifest["sources"]}
    hashes = dict(inputs_of(store, sealed))
    tables: dict[str, list[FaultyTable]] = defaultdict(list)
    for file_name, by_sheet in errors.items():
        file = thaw_what_is_left(store, ledger, file_name, hashes[file_name])
        if file is None:
            continue  # erased as a whole: there is nothing to mend
        for table in faulty_tables(file, by_sheet, terms, _units(manifest)):
            tables[offices[file_name, table.sheet]].append(table)
    refused = _refused(manifest)
    written, books = [], {}
    for office in sorted({*tables, *refused}):
        bundle = _sheaf(office, run_id, manifest["as_of"], tables[office], refused.get(office, []), errors)
        path = out / f"{OFFICES_ZH.get(office, '未识别的表')}-{FILE_WORD}-{manifest['as_of']}-{run_id[-8:]}.xlsx"
        books[path] = correction_workbook(bundle)
        written.append(Written(office, str(path), sum(len(t.rows) for t in bundle.tables), len(bundle.refused)))
    write_workbooks(books, force=force)
    return written


def ageing(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Say per office how many errors of a run are open, and since when, over all runs of the county until then."""
    manifest = store.manifest(run_id)
    connection = query_cursor()
    parts = []
    for other in _runs_until(store, manifest):
        path = store.table_if_any(other.run_id, "corrections")
        if path:
            values = {"path": str(path), "as_of": other.details["as_of"]}
            query = sql("services.casework", "corrections_of_run")
            parts.append(connection.sql(query, params=values).to_arrow_table())
    for number, part in enumerate(parts):
        connection.register(f"part{number}", part)
    union = " UNION ALL ".join(f"SELECT * FROM part{number}" for number in range(len(parts)))
    connection.execute(f"CREATE TEMP VIEW earlier AS {union}")
    values = {"corrections": str(store.table(run_id, "corrections")), "as_of": manifest["as_of"]}
    return list(connection.sql(AGEING, params=values).to_arrow_table().to_pylist())


def _runs_until(store: Store, manifest: dict[str, Any]) -> list[Entry]:
    """Return the stagings of the county's sealed runs until a run's day, in the order of their names."""
    there = set(store.run_ids())
    staged = {e.run_id: e for e in Ledger.of(store) if e.act == STAGE and e.run_id in there}
    mine = [e for e in staged.values() if e.details["county_code"] == manifest["county_code"]]
    return sorted((e for e in mine if e.details["as_of"] <= manifest["as_of"]), key=lambda e: e.run_id)


def _open_errors(store: Store, run_id: str) -> dict[str, dict[str, list[OpenError]]]:
    """Return open errors by file and sheet."""
    paths = {name: str(store.table(run_id, name)) for name in ("corrections", "quarantine")}
    found: dict[str, dict[str, list[OpenError]]] = defaultdict(lambda: defaultdict(list))
    for file_name, sheet, line, number, faults in query_cursor().execute(OPEN, paths).fetchall():
        pairs = tuple((fault["field"], fault["code"]) for fault in faults)
        found[file_name][sheet].append(OpenError(line, number, pairs))
    return found


def _as_delivered(manifest: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a manifest whose tables go by their own names: an office gets its files back as it called them."""

    def own(source: dict[str, Any]) -> dict[str, Any]:
        return {**source, **{name: names.get(source[name], source[name]) for name in ("file_name", "sheet")}}

    return {**manifest, "sources": [own(source) for source in manifest["sources"]]}


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


def _sheaf(
    office: str,
    run_id: str,
    as_of: str,
    tables: list[FaultyTable],
    refused: list[tuple[str, str, str]],
    errors: dict[str, dict[str, list[OpenError]]],
) -> CorrectionBundle:
    reasons: Counter[str] = Counter()
    for table in tables:
        for error in errors[table.file_name][table.sheet]:
            reasons.update({code for _, code in error.faults})
    name = OFFICES_ZH.get(office, "未识别的表")
    return CorrectionBundle(name, run_id, as_of, tuple(tables), tuple(refused), reasons)
