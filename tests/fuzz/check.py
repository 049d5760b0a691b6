"""One hostile file is read as a delivery's files are, and everything that must hold of it is asked."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from data_contracts.reasons import EXTRACT_REASONS, ROW_REASONS
from tests.conftest import AS_OF
from tests.fuzz.damage import Hostile
from village_credit.errors import ExtractRejected
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.lines import read_lines
from village_credit.extract.read import kind_of, read_file
from village_credit.ingest.county import take_in
from village_credit.validate.rows import Batch, validate

LEAST_SHARE = 0.95  # of the untouched rows that must be accepted where the damage is local


@dataclass
class Verdict:
    """What became of one file, and what should not have."""

    kind: str = ""
    index: int = 0
    how: str = ""
    violations: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)  # tables refused, by reason
    tables_read: int = 0
    lines: int = 0
    untouched: int = 0
    untouched_accepted: int = 0
    seconds: float = 0.0


def check_file(hostile: Hostile) -> Verdict:
    """Read and validate one file; an exception is a violation, whatever it is."""
    verdict = Verdict(how=hostile.how)
    begun = time.perf_counter()
    try:
        _check(hostile, verdict)
    except Exception as crash:  # noqa: BLE001  # whatever escapes would end a county's run: that is what is sought
        verdict.violations.append(f"crash: {type(crash).__name__}: {crash}"[:200])
    verdict.seconds = time.perf_counter() - begun
    return verdict


def delivered(hostile: Hostile) -> DeliveredFile:
    return DeliveredFile(hostile.name, hostile.content, hashlib.sha256(hostile.content).hexdigest())


def _check(hostile: Hostile, verdict: Verdict) -> None:
    tables = list(read_file(delivered(hostile)))
    if not tables:
        verdict.violations.append("nothing is said of the file")
    accepted: set[str] = set()
    for table in tables:
        verdict.lines += table.total_lines
        if isinstance(table, Unrecognised):
            _check_refusal(table, verdict)
        else:
            verdict.tables_read += 1
            accepted |= _check_extract(table, verdict)
    _check_lines(hostile, verdict)
    if hostile.untouched is not None:
        verdict.untouched = len(hostile.untouched)
        verdict.untouched_accepted = len(hostile.untouched & accepted)
        if verdict.untouched_accepted < LEAST_SHARE * verdict.untouched:
            verdict.violations.append(f"of {verdict.untouched} untouched rows {verdict.untouched_accepted} accepted")


def _check_refusal(table: Unrecognised, verdict: Verdict) -> None:
    verdict.reasons[table.code] += 1
    if table.code not in EXTRACT_REASONS or not table.detail:
        verdict.violations.append(f"refused without a reason: {table.code}")


def _check_extract(table: Extract, verdict: Verdict) -> set[str]:
    """Each line once, each line that is not accepted with a reason; give the ID numbers accepted."""
    told = Counter(table.layout_lines) + Counter(line for line, _ in table.condemned)
    firsts, lasts = (table.rows[name].to_pylist() for name in ("line_number", "last_line"))
    told.update(line for a, b in zip(firsts, lasts, strict=True) for line in range(a, b + 1))
    if told != Counter(range(1, table.total_lines + 1)):
        verdict.violations.append("a line is lost or told twice")
    if unknown := {code for _, code in table.condemned} - set(ROW_REASONS):
        verdict.violations.append(f"lines condemned without a known reason: {unknown}")
    try:
        accepted, findings = validate(Batch(table.contract, table.rows, table.units))
    except ExtractRejected as rejection:
        verdict.reasons[rejection.code] += 1
        if rejection.code not in EXTRACT_REASONS:
            verdict.violations.append(f"rejected without a known reason: {rejection.code}")
        return set()
    _check_findings(table, accepted["line_number"].to_pylist(), findings.to_pylist(), verdict)
    return set(accepted["id_number"].to_pylist()) if "id_number" in accepted.column_names else set()


def _check_findings(table: Extract, accepted: list[int], findings: list[dict[str, object]], verdict: Verdict) -> None:
    explained = {finding["line_number"] for finding in findings if finding["is_quarantine"]}
    if set(table.rows["line_number"].to_pylist()) - set(accepted) - explained:
        verdict.violations.append("a row is quarantined without a reason")
    if any(finding["reason_code"] not in ROW_REASONS for finding in findings):
        verdict.violations.append("a finding has no sentence")


def _check_lines(hostile: Hostile, verdict: Verdict) -> None:
    """Count physical lines by other means: line feeds of a text, rows as they were written."""
    if hostile.total_lines is not None and verdict.lines != hostile.total_lines:
        verdict.violations.append(f"{verdict.lines} lines told, {hostile.total_lines} written")
    if kind_of(hostile.content) != "text" or "NOT_WHAT_NAME_SAYS" in verdict.reasons:
        return
    counted = counted_lines(hostile.content)
    if verdict.lines != counted:
        verdict.violations.append(f"{verdict.lines} lines told, {counted} counted")


def counted_lines(content: bytes) -> int:
    """Count line feeds, and what follows the last one."""
    wide = read_lines(content).encoding.startswith("utf-16")
    if not wide:
        body = content.removeprefix(b"\xef\xbb\xbf")
        return body.count(b"\n") + (body != b"" and not body.endswith(b"\n"))
    body = content[2:] if content[:2] in (b"\xff\xfe", b"\xfe\xff") else content
    feed = b"\0\n" if read_lines(content).encoding == "utf-16-be" else b"\n\0"
    units = [body[at : at + 2] for at in range(0, len(body), 2)]
    return units.count(feed) + (units != [] and units[-1] != feed)


def check_delivery(register: DeliveredFile, files: Iterable[Hostile]) -> list[str]:
    """Take many hostile files in beside a sound register: the account balances, and the register is untouched."""
    intake = take_in([register, *map(delivered, files)], AS_OF, "659900")
    told = intake.reconciliation.to_pylist()
    counts = Counter((row["source_id"], row["line_number"]) for row in told)
    expected = Counter((s.source_id, line) for s in intake.sources for line in range(1, s.total_lines + 1))
    found = [] if counts == expected else ["a delivery's lines and outcomes differ"]
    own = {source.source_id for source in intake.sources if source.file_name == register.file_name}
    if any(row["outcome"] not in ("accepted", "layout") for row in told if row["source_id"] in own):
        found.append("a hostile file cost a row of the register")
    if any(not source.notes for source in intake.sources if not source.contract and not source.is_copy):
        found.append("a table is passed over without a note")
    return found
