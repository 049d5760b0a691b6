"""A publication and the vault become branch packages: lists to import, an approval sheet, a signed manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.branch import BranchRow, RegisterRow, ReliefOffer
from data_contracts.relief import MEASURES_ZH
from village_credit.china_calendar import day_in_china
from village_credit.duckdb_session import query_cursor
from village_credit.errors import VerificationFailed
from village_credit.gc_pause import resting_collector
from village_credit.ledger.log import Entry, act_hash
from village_credit.ledger.publications import Publication
from village_credit.policy.compiled import PPM
from village_credit.pseudonyms import Keys, household_ref
from village_credit.publish.approval_sheet import approval_sheets
from village_credit.publish.contact_list import Contact, Usage, contact_files, contacts
from village_credit.publish.office_package import FILE as RESULTS_FILE
from village_credit.publish.office_package import OFFICE, Result, rows_and_sum, write_results
from village_credit.publish.safe_csv import csv_bytes
from village_credit.publish.sealed_package import is_sealed, require_sealed, sealed_files
from village_credit.publish.signed_manifest import MANIFEST, READY, read_manifest, signed_manifest
from village_credit.report.percent import percent
from village_credit.signatures import KnownKey
from village_credit.sql_files import sql
from village_credit.store.runs import parquet_bytes
from village_credit.store.store import Store, sha256_of
from village_credit.store.whole_files import folder_beside

PACKAGE_DAYS = 92  # after that a package must be made anew: limits and staff have moved on
CSV_HEADER = [
    "household_ref",
    "action",
    "product",
    "姓名",
    "身份证号码",
    "limit_yuan",
    "previous_limit_yuan",
    "term_months",
    "valid_from",
    "valid_to",
    "review_due_on",
    "rate_spread_bp",
    "repayment_method",
    "revolving",
    "purposes",
    "customer_manager",
    "reason_zh",
    "annual_rate_bp",
    "annual_cost_bp",
]
SEASONS_HEADER = ["household_ref", "product", "season", "crop", "opens_on", "closes_on", "due_on", "amount_yuan"]
COSTS_HEADER = ["product", "项目", "收取方", "方式", "占金额比例"]
BASES_ZH = {"yearly": "每年", "once": "一次性"}

VILLAGES = pa.schema([("village_code", pa.string()), ("village", pa.string())])
DRAWN = pa.schema([("household_key", pa.string()), ("product", pa.string()), ("drawn_yuan", pa.decimal128(18, 2))])


@dataclass(frozen=True)
class PackageInputs:
    """What a publication's packages are made of, as tables."""

    decisions: pa.Table  # of the run: household_key, township_code, village_code, product, decision, …
    earlier: pa.Table  # decisions that were in force before, same columns; empty at first
    identities: pa.Table  # of the vault: household_key, unit_code, name, person_id of each borrower
    branches: pa.Table  # township_code, branch_code, branch_name, manager_number
    reason_texts: dict[str, str]
    held: list[str]  # household_key of those who are stopped: their lines freeze whatever was decided
    measures: pa.Table | None = None  # of the run: household_key, document, measure, product_name, balance_yuan, …
    results: tuple[Result, ...] = ()  # for the office that referred traders
    drawn: pa.Table = field(default_factory=DRAWN.empty_table)  # household_key, product, drawn_yuan on the run's day
    charges: pa.Table | None = None  # of the run: product, charge, payee, basis, share_ppm
    villages: pa.Table = field(default_factory=VILLAGES.empty_table)  # village_code and its name
    seasons: pa.Table | None = None  # of the run: household_key, product, season, opens_on, due_on, amount_yuan, …
    act: Entry | None = None  # what the packages tell of
    checkpoint: str | None = None  # the ledger up to that act
    is_first: bool = False  # nothing was in force before: branches were told nothing yet
    is_stop: bool = False  # the one household of a hold or release: it is told whatever was told before
    usage: Usage | None = None  # of a whole county's publication: of whom its branches get lists to call
    # By branch code for whom its package is encrypted, asked where it is packed alone; of none: in the clear.
    recipients: Callable[[], Mapping[str, Sequence[str]]] = dict


def outbox_folder(store: Store, publication: Publication) -> Path:
    """Where a publication's packages lie."""
    return store.root / "outbox" / publication.county_code / publication.publication_id


def packing_folder(store: Store, publication: Publication) -> Path:
    """Beside what its packages are made: no branch looks there."""
    return store.root / "packing" / publication.county_code / publication.publication_id


def pack(store: Store, publication: Publication, inputs: PackageInputs) -> Path:
    """Write every branch's package, and the referring office's, whole or not at all; return the folder of all of them.

    READY is written last into each. It is not the outbox: `move_to_place` hands them out. Of a branch with recipients
    nothing is written but what is encrypted for them.
    """
    with folder_beside(packing_folder(store, publication)) as folder:
        if inputs.results:
            stands = {"expires_on": expires_on(publication).isoformat(), **_place(publication, inputs)}
            write_results(store.keys, publication, folder / OFFICE, inputs.results, stands)
        recipients = inputs.recipients()
        for branch_code, files in branch_files(store.keys, publication, inputs):
            mine = recipients.get(branch_code)
            _write(folder / branch_code, sealed_files(store.keys, files, mine) if mine else files)
    return folder


def branch_files(keys: Keys, publication: Publication, inputs: PackageInputs) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Return each branch's code and the files of its package in the clear, by name, READY last."""
    lines = _lines_by_branch(keys, publication, inputs)
    offers = _offers_by_branch(keys, publication, inputs)
    called = _contacts_by_branch(keys, publication, inputs)
    for branch_code in sorted({*lines, *offers, *called}):
        found = lines.get(branch_code, _Lines()), offers.get(branch_code, []), called.get(branch_code, [])
        yield branch_code, _files_of(keys, publication, branch_code, *found, inputs)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a package's files in their order."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _place(publication: Publication, inputs: PackageInputs) -> dict[str, Any]:
    """Say where in the ledger the act stands that a package tells of.

    Its number, its hash, that of the act before it, and a checkpoint of the ledger up to it: whoever keeps a package
    can show that nothing was rewritten.
    """
    if inputs.act is None:
        return {"sequence": publication.number}
    place = {"sequence": publication.number, "ledger_head": inputs.act.previous, "act_sha256": act_hash(inputs.act)}
    return place | {"checkpoint": inputs.checkpoint}


def packages_in(folder: Path) -> dict[str, str]:
    """Return the hash of each package's manifest by its folder's name; of an unfinished package an empty text."""
    return {
        package.name: sha256_of((package / MANIFEST).read_bytes()) if (package / READY).is_file() else ""
        for package in sorted(folder.iterdir())
        if package.is_dir()
    }


@dataclass(frozen=True)
class _Lines:
    """What one branch gets: lines of which it must do something, with village and telephone, and its register."""

    rows: list[BranchRow] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)  # of each of `rows`: village, telephone
    register: list[RegisterRow] = field(default_factory=list)
    seasons: list[list[Any]] = field(default_factory=list)  # of every open line


@resting_collector()
def _lines_by_branch(keys: Keys, publication: Publication, inputs: PackageInputs) -> dict[str, _Lines]:
    """Check each row against its outgoing contract, and give a branch its own households only."""
    result: dict[str, _Lines] = {}
    seasons = _seasons_by_line(inputs.seasons)
    for row in package_rows(publication, inputs).to_pylist():
        lines = result.setdefault(row["branch_code"], _Lines())
        previous = 0 if inputs.is_stop and not row["is_held"] else row["previous_yuan"]
        told = _branch_row(keys, publication, row | {"previous_yuan": previous}, inputs.reason_texts)
        if not row["is_told"]:
            lines.rows.append(told)
            lines.places.append((row["village"] or "", row["phone"] or ""))
        if told.action in ("grant", "change"):
            own = seasons.get((row["household_key"], row["product"]), [])
            lines.seasons.extend([told.household_ref, row["product"], *cells] for cells in own)
        if row["action"] != "remove":
            lines.register.append(_register_row(told))
    return result


def _seasons_by_line(seasons: pa.Table | None) -> dict[tuple[str, str], list[list[Any]]]:
    """Return the cells of each line's seasons, in their order."""
    found: dict[tuple[str, str], list[list[Any]]] = {}
    for row in [] if seasons is None else seasons.to_pylist():
        cells = [row[name] for name in SEASONS_HEADER[2:]]
        found.setdefault((row["household_key"], row["product"]), []).append(cells)
    return found


def _register_row(told: BranchRow) -> RegisterRow:
    copied = told.model_dump(include=set(RegisterRow.model_fields))
    return RegisterRow(state="frozen" if told.action == "freeze" else "open", **copied)


def package_rows(publication: Publication, inputs: PackageInputs) -> pa.Table:
    """Return what a publication says of each line: the decision, action, branch_code, is_held, who it is.

    `is_told`: the branch knows it already, so that it stands in the register alone; `previous_yuan`: what it knows.
    """
    connection = query_cursor()
    for name in ("decisions", "earlier", "identities", "branches", "drawn", "villages"):
        connection.register(name, getattr(inputs, name))
    connection.register("held", pa.table({"household_key": pa.array(inputs.held, pa.string())}))
    # A product's batch names its own households; a county, and whatever is brought back, all that have a line.
    is_complete = publication.product is None or publication.restores is not None
    is_told_before = not (inputs.is_stop or inputs.is_first)
    values = {
        "product": publication.product,
        "is_complete": is_complete,
        "is_told_before": is_told_before,
        "gone_because": "WITHDRAWN" if publication.withdraws else "NOT_IN_PUBLICATION",
    }
    return connection.sql(sql("publish", "branch_rows"), params=values).to_arrow_table()


def _offers_by_branch(keys: Keys, publication: Publication, inputs: PackageInputs) -> dict[str, list[ReliefOffer]]:
    """Return each branch the measures that it may offer to its own borrowers.

    A batch or a stop of one household has none.
    """
    if inputs.measures is None or inputs.measures.num_rows == 0:
        return {}
    connection = query_cursor()
    for name in ("decisions", "identities", "branches", "measures"):
        connection.register(name, getattr(inputs, name))
    result: dict[str, list[ReliefOffer]] = {}
    for row in connection.sql(sql("publish", "relief_offers")).to_arrow_table().to_pylist():
        unit, branch_code = row.pop("unit_code"), row.pop("branch_code")
        reference = household_ref(keys, publication.publication_id, unit, row.pop("line_product"))
        result.setdefault(branch_code, []).append(
            ReliefOffer(household_ref=reference, measure_zh=MEASURES_ZH[row["measure"]], **row)
        )
    return result


def _contacts_by_branch(keys: Keys, publication: Publication, inputs: PackageInputs) -> dict[str, list[Contact]]:
    """Return whom each branch's customer managers call; nobody after a batch, a stop or a withdrawal."""
    if inputs.usage is None:
        return {}
    tables = {name: getattr(inputs, name) for name in ("decisions", "identities", "branches", "villages")}
    on = day_in_china(publication.published_at)
    return contacts(keys, publication.publication_id, on, inputs.usage, inputs.held, tables)


def _branch_row(keys: Keys, publication: Publication, row: dict[str, Any], texts: dict[str, str]) -> BranchRow:
    without_limit = row["action"] == "remove" or row["is_held"]
    code = (
        "HELD"
        if row["is_held"]
        else row["binding_term"]
        if row["decision"] == "granted"
        else (row["reason_codes"] or [row["binding_term"]])[0]
    )
    copied = (
        "action",
        "product",
        "name",
        "id_number",
        "valid_from",
        "valid_to",
        "review_due_on",
        "repayment_method",
        "revolving",
        "purposes",
    )
    return BranchRow(
        household_ref=household_ref(keys, publication.publication_id, row["unit_code"], row["product"]),
        limit_yuan=0 if without_limit else row["limit_yuan"],
        previous_limit_yuan=row["previous_yuan"],
        term_months=row["term_months"],
        rate_spread_bp=row["rate_spread_bp"],
        annual_rate_bp=row["annual_rate_bp"],
        annual_cost_bp=row["annual_cost_bp"],
        customer_manager=row["manager_number"],
        reason_zh=texts.get(code, code or ""),
        **{name: row[name] for name in copied},
    )


@resting_collector()  # for one branch's rows at a time: workbooks are cycles, and go between two
def _files_of(
    keys: Keys,
    publication: Publication,
    branch_code: str,
    lines: _Lines,
    offers: list[ReliefOffer],
    called: list[Contact],
    inputs: PackageInputs,
) -> dict[str, bytes]:
    cells = [list(row.model_dump(by_alias=True).values()) for row in lines.rows]
    register = [row.model_dump(by_alias=True) for row in lines.register]
    files = {
        "limits.csv": csv_bytes(CSV_HEADER, cells),
        "limits.parquet": parquet_bytes(_table(cells)),
        "limits.xlsx": approval_sheets(lines.rows, lines.places),
        "register.csv": csv_bytes(_names(RegisterRow), [list(row.values()) for row in register]),
        "costs.csv": _costs(inputs.charges),
    }
    if lines.seasons:
        files["seasons.csv"] = csv_bytes(SEASONS_HEADER, lines.seasons)
    if offers:
        header = list(offers[0].model_dump(by_alias=True))
        files["relief.csv"] = csv_bytes(header, [list(offer.model_dump(by_alias=True).values()) for offer in offers])
    files |= contact_files(called)
    manifest = _manifest(keys, publication, branch_code, lines, files, _place(publication, inputs))
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1)
    return files | {MANIFEST: text.encode("utf-8"), READY: b""}


def _costs(charges: pa.Table | None) -> bytes:
    """Write what each product costs beside its interest, a row a charge; none: the interest is all."""
    rows = [] if charges is None else charges.to_pylist()
    cells = [
        [row["product"], row["charge"], row["payee"], BASES_ZH[row["basis"]], percent(row["share_ppm"], PPM)]
        for row in rows
    ]
    return csv_bytes(COSTS_HEADER, cells)


def _names(row: type[RegisterRow]) -> list[str]:
    return [field.serialization_alias or name for name, field in row.model_fields.items()]


def _manifest(
    keys: Keys,
    publication: Publication,
    branch_code: str,
    lines: _Lines,
    files: dict[str, bytes],
    place: dict[str, Any],
) -> dict[str, Any]:
    """Say rows, sums, hashes and expiry, signed with the store's key."""
    content = {
        "county_code": publication.county_code,
        "branch_code": branch_code,
        "publication_id": publication.publication_id,
        "run_id": publication.run_id,
        "rows": len(lines.rows),
        "sum_limit_yuan": sum(row.limit_yuan for row in lines.rows),
        "register_rows": len(lines.register),
        "register_sum_limit_yuan": sum(row.limit_yuan for row in lines.register),
        "unit": "元 (yuan)",
        "files": {name: sha256_of(content) for name, content in sorted(files.items())},
        "expires_on": expires_on(publication).isoformat(),
        **place,
    }
    return signed_manifest(keys, content)


def expires_on(publication: Publication) -> date:
    """Return the last day on which a publication's packages may be imported."""
    return day_in_china(publication.published_at) + timedelta(days=PACKAGE_DAYS)


def _table(cells: list[list[Any]]) -> pa.Table:
    whole = ("limit_yuan", "previous_limit_yuan", "term_months", "rate_spread_bp", "annual_rate_bp", "annual_cost_bp")
    kinds = dict.fromkeys(whole, pa.int64())
    kinds["revolving"] = pa.bool_()
    kinds |= dict.fromkeys(("valid_from", "valid_to", "review_due_on"), pa.date32())
    columns = list(zip(*cells, strict=True)) or [()] * len(CSV_HEADER)
    return pa.table(
        {
            name: pa.array(list(column), kinds.get(name, pa.string()))
            for name, column in zip(CSV_HEADER, columns, strict=True)
        }
    )


def verify_package(
    folder: Path, known: Sequence[KnownKey] | None = None, on: date | None = None, after: int | None = None
) -> dict[str, Any]:
    """Check the package of a branch or of the referring office: READY, every file's hash, rows, sum and signature.

    Gives its manifest. Of a sealed one the manifest, the signed statement and the hash of what is encrypted are looked
    at, and the content is not opened.

    `known`: the public keys of which one must have signed it, today's first; none: any key, which the manifest then
    names by its true id. `on`: the day on which it must not have expired; `after`: the sequence of the last package
    that was imported, which this one must follow. Raises VerificationFailed, whatever the folder holds.
    """
    if not (folder / READY).is_file():
        raise VerificationFailed(f"package {folder.name}: READY is missing, so it was never finished; do not import it")
    manifest = read_manifest(folder, known)
    if is_sealed(folder):
        require_sealed(folder, manifest)
    else:
        _require_files(folder, manifest)
    _require_current(folder, manifest, on, after)
    return manifest


def _require_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Raise VerificationFailed where a file in the clear is not what was signed, or no part of it."""
    for name, said in manifest["files"].items():
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != said:
            raise VerificationFailed(f"package {folder.name}: {name} is not the file that was signed")
    if _rows_and_sum(folder, manifest) != (manifest["rows"], manifest["sum_limit_yuan"]):
        raise VerificationFailed(f"package {folder.name}: rows or sum are not what the manifest says")
    if others := sorted({path.name for path in folder.iterdir()} - {*manifest["files"], MANIFEST, READY}):
        raise VerificationFailed(
            f"package {folder.name}: {len(others)} files are no part of what was signed ({others[0]}); do not import it"
        )


def _require_current(folder: Path, manifest: dict[str, Any], on: date | None, after: int | None) -> None:
    """Raise VerificationFailed where a package has expired, or does not follow the one imported last."""
    if on is not None and on.isoformat() > str(manifest.get("expires_on")):
        raise VerificationFailed(
            f"package {folder.name}: it expired on {manifest.get('expires_on')}; ask the bank for a new one"
        )
    number = manifest.get("sequence")
    if after is not None and (not isinstance(number, int) or number <= after):
        raise VerificationFailed(
            f"package {folder.name}: its sequence is {number}, and {after} was imported: a later package has taken its "
            f"place; do not import it"
        )


def _rows_and_sum(folder: Path, manifest: dict[str, Any]) -> tuple[int, int]:
    if manifest.get("office") == OFFICE:
        return rows_and_sum((folder / RESULTS_FILE).read_bytes())
    table = pq.read_table(folder / "limits.parquet", partitioning=None)
    return table.num_rows, sum(table.column("limit_yuan").to_pylist())
