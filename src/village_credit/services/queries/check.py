"""What a run would say of each line of some files, asked before they are delivered: no store, no keys, nothing kept.

The files are taken in as a run takes a county's in, so that the answer is the same; without a register only what its
absence leaves open differs (a cut ID number that a register would repair).
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data_contracts.corrections import FILE_WORD, error_number
from data_contracts.county_terms import CountyTerms
from data_contracts.reasons import EXTRACT_REASONS, ROW_REASONS
from data_contracts.registry import CONTRACTS_ZH, OFFICES_ZH
from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import pull, pull_folder
from village_credit.identifiers import COUNTY_CODE
from village_credit.ingest.county import take_in
from village_credit.ingest.faulty_rows import OpenError, faulty_tables
from village_credit.intake import Intake, Source
from village_credit.services.rules import load_terms
from village_credit.store.store import sha256_of
from village_credit.store.whole_files import write_workbooks
from village_credit.workbooks.corrections import CorrectionBundle, correction_workbook

UNSURPRISING = ("accepted", "layout")
PLACE = ("source_id", "line_number")
ANY_COUNTY = "000000"  # of no county's own terms


@dataclass(frozen=True)
class CheckedLine:
    """One line of which there is something to say: its outcome, the codes, and the sentences."""

    line: int
    outcome: str
    reasons: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class CheckedTable:
    """One table of a file: what it is taken for, its lines by outcome, and those that a person must look at."""

    file: str
    sheet: str
    contract: str
    contract_zh: str
    office: str
    total_lines: int
    outcomes: dict[str, int]
    rejected: tuple[str, str, str] | None  # code, Chinese sentence, what is the matter
    notes: tuple[tuple[str, str, str], ...]
    lines: tuple[CheckedLine, ...]


@dataclass(frozen=True)
class Checked:
    """All tables, and the corrections workbooks that were written."""

    tables: tuple[CheckedTable, ...]
    written: tuple[str, ...] = ()


def check(
    files: list[DeliveredFile],
    as_of: date,
    county_code: str = ANY_COUNTY,
    counties: Path | None = None,
    out: Path | None = None,
    *,
    force: bool = False,
) -> Checked:
    """Return what a run of a county as of a day would say of some files; `out`: where corrections are written.

    Raises UsageError where another workbook lies there and `force` does not say to write over it.
    """
    terms, _ = load_terms(counties, county_code)
    intake = take_in(files, as_of, county_code, terms, needs_register=False)
    said = _said(intake, terms)
    outcomes = _outcomes(intake)
    tables = tuple(_table(source, outcomes[source.source_id], said[source.source_id]) for source in intake.sources)
    books = _books(files, intake, terms, as_of, out) if out else {}
    write_workbooks(books, force=force)
    return Checked(tables, tuple(map(str, books)))


def delivered(name: str, content: bytes) -> DeliveredFile:
    """Return bytes as a delivered file."""
    return DeliveredFile(name, content, sha256_of(content))


def _outcomes(intake: Intake) -> dict[int, dict[str, list[int]]]:
    """Return the lines of each table by outcome."""
    found: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    columns = (intake.reconciliation.column(name).to_pylist() for name in ("source_id", "line_number", "outcome"))
    for source, line, outcome in zip(*columns, strict=True):
        found[source][outcome].append(line)
    return found


def _said(intake: Intake, terms: CountyTerms) -> dict[int, dict[int, list[tuple[str, str]]]]:
    """Return the code and the sentence of each finding, by table and line."""
    headers = {(name, spec.name): spec.column.header for name, specs in terms.specs.items() for spec in specs}
    contracts = {source.source_id: source.contract for source in intake.sources}
    found: dict[int, dict[int, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    columns = (intake.findings.column(n).to_pylist() for n in ("source_id", "line_number", "field", "reason_code"))
    for source, line, field, code in zip(*columns, strict=True):
        header = headers.get((contracts[source], field))
        sentence = ROW_REASONS.get(code, code)
        found[source][line].append((code, f"{header}：{sentence}" if header else sentence))
    return found


def _table(source: Source, outcomes: dict[str, list[int]], said: dict[int, list[tuple[str, str]]]) -> CheckedTable:
    return CheckedTable(
        source.file_name,
        source.sheet,
        source.contract,
        CONTRACTS_ZH.get(source.contract, ""),
        source.office,
        source.total_lines,
        {outcome: len(lines) for outcome, lines in sorted(outcomes.items())},
        _with_sentence(*source.rejected) if source.rejected else None,
        tuple(_with_sentence(*note) for note in source.notes),
        tuple(_line(number, outcome, said.get(number, [])) for number, outcome in _surprising(outcomes, set(said))),
    )


def _with_sentence(code: str, detail: str) -> tuple[str, str, str]:
    return code, EXTRACT_REASONS.get(code, code), detail


def _surprising(outcomes: dict[str, list[int]], said: set[int]) -> list[tuple[int, str]]:
    """Return the lines with another outcome than most, or of which something is said."""
    numbered = ((line, outcome) for outcome, lines in outcomes.items() for line in lines)
    return sorted((line, outcome) for line, outcome in numbered if outcome not in UNSURPRISING or line in said)


def _line(number: int, outcome: str, findings: list[tuple[str, str]]) -> CheckedLine:
    unique = dict.fromkeys(findings)
    return CheckedLine(number, outcome, tuple(code for code, _ in unique), tuple(sentence for _, sentence in unique))


def _books(files: list[DeliveredFile], intake: Intake, terms: CountyTerms, as_of: date, out: Path) -> dict[Path, bytes]:
    """Return each office's corrections workbook, by where it is to lie."""
    books = {}
    by_office: dict[str, list[Source]] = defaultdict(list)
    for source in intake.sources:
        by_office[source.office].append(source)
    errors = _open_errors(intake)
    for office, sources in sorted(by_office.items()):
        bundle = _bundle(office, sources, files, errors, terms, as_of)
        if bundle.tables or bundle.refused:
            books[out / f"{bundle.office_zh}-{FILE_WORD}-{as_of}.xlsx"] = correction_workbook(bundle)
    return books


def _open_errors(intake: Intake) -> dict[int, list[OpenError]]:
    """Return the rows to be mended by table; those of a table refused whole are asked for whole."""
    found: dict[int, list[OpenError]] = defaultdict(list)
    for (number, line), faults in sorted(_faults(intake).items()):
        source = intake.sources[number]
        if not source.rejected:
            name = error_number(source.file_sha256, source.sheet, line)
            found[number].append(OpenError(line, name, tuple(dict.fromkeys(faults))))
    return found


def _faults(intake: Intake) -> dict[tuple[int, int], list[tuple[str, str]]]:
    """Return field and code of each fault, by table and line."""
    faults: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for row in intake.findings.select([*PLACE, "field", "reason_code", "is_quarantine"]).to_pylist():
        if row["is_quarantine"]:
            faults[row["source_id"], row["line_number"]].append((row["field"], row["reason_code"]))
    return faults


def _bundle(
    office: str,
    sources: list[Source],
    files: list[DeliveredFile],
    errors: dict[int, list[OpenError]],
    terms: CountyTerms,
    as_of: date,
) -> CorrectionBundle:
    tables, reasons = [], Counter[str]()
    for file in files:
        own = [s for s in sources if (s.file_name, s.file_sha256) == (file.file_name, file.sha256)]
        by_sheet = {s.sheet: errors[s.source_id] for s in own if s.source_id in errors}
        units = {(s.file_name, s.sheet): s.units for s in own}
        tables += list(faulty_tables(file, by_sheet, terms, units)) if by_sheet else []
        reasons.update(code for found in by_sheet.values() for error in found for code in {c for _, c in error.faults})
    refused = tuple((s.file_name, *s.rejected) for s in sources if s.rejected)
    name = OFFICES_ZH.get(office, "未识别的表")
    return CorrectionBundle(name, "check", f"{as_of}", tuple(tables), refused, reasons)


OUTCOMES_ZH = {"accepted": "通过", "quarantined": "隔离", "duplicate": "重复", "superseded": "被取代", "layout": "版式"}


def read_words(words: list[str]) -> list[DeliveredFile]:
    """Read what was named: files, the files of folders in a run's order, standard input for a dash."""
    return [file for word in words for file in _read_word(word)]


def _read_word(word: str) -> Iterable[DeliveredFile]:
    path = Path(word)
    if word == "-":
        return [delivered("标准输入", sys.stdin.buffer.read())]
    if path.is_dir():
        folder = path.absolute()
        return pull(folder.parent, folder.name) if COUNTY_CODE.fullmatch(folder.name) else pull_folder(folder)
    if path.is_file():
        return [delivered(path.name, path.read_bytes())]
    raise MissingInput(f"{path.name} is neither a file nor a folder")


def as_text(checked: Checked) -> str:
    """Write what was found in Chinese: each table with its counts, then each line that a person must look at."""
    lines = [line for table in checked.tables for line in _text(table)]
    return "\n".join([*lines, *(f"更正单：{path}" for path in checked.written)])


def _text(table: CheckedTable) -> Iterable[str]:
    place = " / ".join(part for part in (table.file, table.sheet) if part)
    counts = "，".join(f"{OUTCOMES_ZH.get(outcome, outcome)} {count:,}" for outcome, count in table.outcomes.items())
    read = f"共 {table.total_lines:,} 行（{counts}）" if table.total_lines else "没有读出任何一行"
    yield f"{place}：{table.contract_zh or '未识别的表'}，{read}"
    if table.rejected:
        yield f"  整份退回  {table.rejected[1]}（{table.rejected[2]}）"
    for _, sentence, detail in (note for note in table.notes if note != table.rejected):
        yield f"  提示  {sentence}（{detail}）"
    for line in table.lines:
        outcome = OUTCOMES_ZH.get(line.outcome, line.outcome)
        yield f"  第 {line.line} 行  {outcome}  {'；'.join(line.sentences)}".rstrip()
