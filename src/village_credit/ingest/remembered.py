"""What a file's lines or a county's deliveries became, as memos: the same files are not read a second time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

import pyarrow as pa

from data_contracts.registry import INCOMING
from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.line_account import LineAccount
from village_credit.ingest.shapes import Looked
from village_credit.intake import Intake, Source
from village_credit.memos import Memo

SMALL = 32_768  # bytes of a file that is read as fast as its memo
GATHERED = ("spans", "lines", "findings", "unread")  # of a LineAccount: tables of one schema each
SEVERAL = ("facts", "settled")  # of an Intake: tables by name
# Not what the bytes are but what this machine has decides what becomes of them
OF_THIS_MACHINE = ("ACCESS_DATABASE",)


def is_worth_it(file: DeliveredFile, account: LineAccount) -> bool:
    """Tell whether what a file became is to be remembered."""
    return len(file.content) > SMALL and not is_of_this_machine(account.sources)


def is_of_this_machine(sources: Iterable[Source]) -> bool:
    """Tell whether some of it is what it is because of what this machine has: tomorrow it may be otherwise."""
    return any(source.rejected is not None and source.rejected[0] in OF_THIS_MACHINE for source in sources)


def file_words(file: DeliveredFile, *, is_copy: bool) -> tuple[str, ...]:
    """Name a file as it is read: where it lay is told with what it holds."""
    return ("file", file.file_name, file.sha256, "copy" if is_copy else "")


def account_memo(account: LineAccount) -> Memo:
    """Put the account of one file into a memo."""
    tables = {f"accepted/{name}": pa.concat_tables(parts) for name, parts in account.accepted.items() if parts}
    tables |= {name: pa.concat_tables(parts) for name in GATHERED if (parts := getattr(account, name))}
    return Memo({"sources": _said(account.sources), "next_row": account.next_row}, tables)


def account_of(memo: Memo) -> LineAccount:
    """Return the account of one file as it was."""
    accepted = {name: _parts(memo, f"accepted/{name}") for name in INCOMING}
    gathered = {name: _parts(memo, name) for name in GATHERED}
    return LineAccount(_sources(memo.said["sources"]), accepted, next_row=memo.said["next_row"], **gathered)


def _parts(memo: Memo, name: str) -> list[pa.Table]:
    return [memo.tables[name]] if name in memo.tables else []


def intake_memo(intake: Intake, looked: Looked) -> Memo:
    """Put a county's deliveries as they were taken in into a memo, with its maps."""
    tables = {f"intake/{name}": getattr(intake, name) for name in _single_tables()}
    tables |= {f"{kind}/{name}": table for kind in SEVERAL for name, table in getattr(intake, kind).items()}
    said = {"sources": _said(intake.sources), "link_shares": intake.link_shares, "maps": looked.maps}
    return Memo(said, {**tables, "looked": looked.findings, "outlines": looked.outlines})


def intake_of(memo: Memo) -> tuple[Intake, Looked]:
    """Return a county's deliveries as they were taken in, and what was seen of its maps."""
    single = {name: memo.tables[f"intake/{name}"] for name in _single_tables()}
    several = {kind: dict(_under(memo, f"{kind}/")) for kind in SEVERAL}
    sources = _sources(memo.said["sources"])
    intake = Intake(sources=sources, link_shares=memo.said["link_shares"], **single, **several)
    maps = [tuple(named) for named in memo.said["maps"]]
    return intake, Looked(maps, memo.tables["looked"], memo.tables["outlines"])


def _single_tables() -> Iterator[str]:
    return (field.name for field in fields(Intake) if field.name not in (*SEVERAL, "sources", "link_shares"))


def _under(memo: Memo, prefix: str) -> Iterator[tuple[str, pa.Table]]:
    return ((name.removeprefix(prefix), table) for name, table in memo.tables.items() if name.startswith(prefix))


def _said(sources: Iterable[Source]) -> list[dict[str, Any]]:
    return [asdict(source) for source in sources]


def _sources(said: Sequence[dict[str, Any]]) -> list[Source]:
    """Return sources as they were: pairs come back as lists from JSON."""
    return [
        Source(
            **{
                **source,
                "rejected": source["rejected"] and tuple(source["rejected"]),
                "notes": [tuple(note) for note in source["notes"]],
                "dropped_columns": [tuple(column) for column in source["dropped_columns"]],
            }
        )
        for source in said
    ]
