"""What a publication tells its households becomes files to send: messages for an SMS platform, letters for a printer.

A branch's files are its own households' alone, and are encrypted like its package where it has recipients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_contracts.county_terms import NoticeTerms
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput, VerificationFailed
from village_credit.ledger.publications import Publication
from village_credit.pseudonyms import Keys, household_ref
from village_credit.publish.branch_package import PackageInputs, package_rows
from village_credit.publish.contact_list import objecting
from village_credit.publish.safe_csv import csv_bytes
from village_credit.publish.sealed_package import archive_of
from village_credit.recipients import encrypted_for
from village_credit.report.letter import Sender, is_rare, letter
from village_credit.report.notice_template import BOUND, SMS_UNITS, NoticeTemplate, units_of
from village_credit.report.percent import percent
from village_credit.report.printed_html import printed_page
from village_credit.sql_files import sql
from village_credit.store.store import sha256_of

SMS_FILE, LETTERS_FILE, SEALED_FILE = "sms.csv", "letters.html", "notices.age"
SMS_HEADER = ["手机号", "内容", "语言", "编号", "模板"]
OWNER_ALONE = 0o600
Row = dict[str, Any]


@dataclass(frozen=True)
class Whom:
    """Who is not written to, by household_key, and whether those are whom nothing new is told; `on`: the day.

    Of a line whose last day is before that day nobody is told that he may draw it.
    """

    held: Sequence[str]
    opted_out: Sequence[str]
    on: date
    everybody: bool = False


@dataclass(frozen=True)
class Written:
    """Counts of what was written: households, messages, letters by branch; who was left out, and why; hashes.

    `left_out`: lines by reason. `without_sms`: households that get the letter alone, by reason. `rare_names`: letters
    on which a name is written by hand. `branches_without_telephone`: those whom the bank's own telephone stands for.
    """

    households: int = 0
    sms: int = 0
    letters: int = 0
    by_branch: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    without_sms: dict[str, int] = field(default_factory=dict)
    rare_names: int = 0
    branches_without_telephone: list[str] = field(default_factory=list)
    sealed_branches: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Texts:
    """What the letters are made with: the county's terms, a template a language, the day that stands on them."""

    terms: NoticeTerms
    templates: Sequence[NoticeTemplate]
    on: str


def notices_due(publication: Publication, inputs: PackageInputs, lines: pa.Table, whom: Whom) -> list[Row]:
    """Return each line that a publication tells of, with its kind, or why its household is not told.

    `lines`: what is in force now.
    """
    connection = query_cursor()
    tables = {"rows": package_rows(publication, inputs), "lines": lines}
    tables |= {name: getattr(inputs, name) for name in ("identities", "branches")}
    tables |= {name: _keys_of(keys) for name, keys in (("held", whom.held), ("opted_out", whom.opted_out))}
    tables["objecting"] = _keys_of(objecting(inputs.decisions))
    for name, table in tables.items():
        connection.register(name, table)
    values = {"publication_id": publication.publication_id, "everybody": whom.everybody, "on": whom.on}
    found: list[Row] = connection.sql(sql("publish", "notices_due"), params=values).to_arrow_table().to_pylist()
    return found


def _keys_of(keys: Iterable[str]) -> pa.Table:
    return pa.table({"household_key": pa.array(sorted(set(keys)), pa.string())})


def write_notices(
    folder: Path, keys: Keys, publication: Publication, inputs: PackageInputs, due: Sequence[Row], texts: Texts
) -> Written:
    """Write each branch's files into a folder, nothing in the clear where it has recipients; return what was written.

    Raises MissingInput where a message is longer than one SMS holds, before anything is written.
    """
    told = [row for row in due if row["left_out"] is None]
    _require_known(told)
    seasons = seasons_of([] if inputs.seasons is None else inputs.seasons.to_pylist())
    for row in told:
        row["seasons"] = own_seasons(seasons, row, is_granted=row["kind"] == "granted")
        row["reference"] = household_ref(keys, publication.publication_id, row["unit_code"], row["product"])
    households = [list(group) for _, group in groupby(told, key=lambda row: (row["branch_code"], row["unit_code"]))]
    messages = {mine[0]["household_key"]: list(_messages(mine[0], texts)) for mine in households if _has_sms(mine[0])}
    recipients = inputs.recipients()
    hashes: dict[str, str] = {}
    charges = [] if inputs.charges is None else inputs.charges.to_pylist()
    by_branch = {code: list(group) for code, group in groupby(households, key=lambda mine: mine[0]["branch_code"])}
    for code, group in by_branch.items():
        letters = (letter(mine, sender_of(mine[0], texts), texts.templates, charges) for mine in group)
        rows = [row for mine in group for row in messages.get(mine[0]["household_key"], ())]
        files = {
            SMS_FILE: csv_bytes(SMS_HEADER, rows),
            LETTERS_FILE: printed_page(f"{texts.terms.bank} {code}", letters),
        }
        hashes |= {f"{code}/{name}": sha256_of(content) for name, content in files.items()}
        _write(folder / code, files, recipients.get(code, ()))
    return Written(
        len(households), sum(map(len, messages.values())), len(households),
        {code: len(group) for code, group in by_branch.items()},
        dict(sorted(Counter(row["left_out"] for row in due if row["left_out"]).items())),
        dict(sorted(Counter(mine[0]["no_sms"] for mine in households if mine[0]["no_sms"]).items())),
        sum(is_rare(mine[0]["name"]) for mine in households),
        sorted(by_branch.keys() - texts.terms.branches.keys()),
        sorted(code for code in by_branch if recipients.get(code)), hashes,
    )  # fmt: skip


def seasons_of(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the seasons of each line, by household_key and product, in their order."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["household_key"], row["product"]), []).append(row)
    return found


def own_seasons(seasons: Mapping[tuple[str, str], list[Row]], row: Row, *, is_granted: bool) -> list[Row]:
    """Return a line's seasons, while it has the limit that they are parts of: a branch may have set another."""
    mine = seasons.get((row["household_key"], row["product"]), [])
    return mine if is_granted and row["binding_term"] != "branch" else []


def _require_known(told: Sequence[Row]) -> None:
    """Raise VerificationFailed where a line is bound by what no template has a word for."""
    unknown = {str(row["binding_term"]) for row in told if row["kind"] == "granted"} - BOUND
    if unknown:
        raise VerificationFailed(
            f"lines are bound by {', '.join(sorted(unknown))}, which no notice template has a word for: nothing was "
            f"written; write a sentence for it first"
        )


def _has_sms(row: Row) -> bool:
    return row["no_sms"] is None


def _messages(row: Row, texts: Texts) -> Iterator[list[str]]:
    """Write one household's messages, one a language: of its granted line, else of what it lost."""
    for said in texts.templates:
        text = said.sms_of(row["kind"], _values(row, said, texts.terms))
        if (length := units_of(text)) > SMS_UNITS:
            raise MissingInput(
                f"notice template {said.version}: sms.{row['kind']} of branch {row['branch_code']} comes to {length} "
                f"units, and one SMS holds {SMS_UNITS}: shorten it, or the signature or telephone in the county's "
                f"terms; nothing was written"
            )
        yield [row["phone"].replace("-", ""), text, said.language, row["reference"], said.version]


def _values(row: Row, said: NoticeTemplate, terms: NoticeTerms) -> dict[str, str]:
    """Return what a message is filled with; figures of digits alone keep their order in any direction."""
    values = {
        "signature": terms.signature,
        "telephone": terms.telephone_of(row["branch_code"]).replace("-", ""),
        "product": said.products[row["product"]],
    }
    if row["kind"] != "granted":
        return values
    rate = said.isolated(percent(row["annual_rate_bp"], 10_000))
    bound = said.bound[row["binding_term"]]
    return values | {"limit": str(row["limit_yuan"]), "term": str(row["term_months"]), "rate": rate, "bound": bound}


def sender_of(row: Row, texts: Texts) -> Sender:
    """Return who tells a line: its branch (branch_code, branch_name) as the county's terms know it."""
    terms, code = texts.terms, row["branch_code"]
    address = terms.branches[code].address if code in terms.branches else None
    branch = row["branch_name"] or code
    names = {str(language): terms.name_in(language) for language in terms.languages}
    return Sender(names, terms.bank, branch, terms.telephone_of(code), address, texts.on)


def _write(folder: Path, files: Mapping[str, bytes], recipients: Sequence[str]) -> None:
    """Write a branch's files, each for its owner alone."""
    folder.mkdir(parents=True, mode=0o700)
    kept = {SEALED_FILE: encrypted_for(recipients, archive_of(files))} if recipients else files
    for name, content in kept.items():
        path = folder / name
        path.touch(mode=OWNER_ALONE)
        path.write_bytes(content)
