"""A register whose contractor codes change, with the list of changes beside it, for whole-path tests."""

from __future__ import annotations

import io
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.conftest import COUNTY_OF_TESTS, Scored
from village_credit.store.store import Store

RECORD_AT, LENGTH_AT, COUNT_AT = 8, 10, 4  # of a dbf file's head


class Dbf:
    """A dbf file as its head and its rows of equal width."""

    def __init__(self, content: bytes) -> None:
        start, self.width = (int.from_bytes(content[at : at + 2], "little") for at in (RECORD_AT, LENGTH_AT))
        self.head = content[:start]
        count = int.from_bytes(content[COUNT_AT : COUNT_AT + 4], "little")
        self.rows = [content[start + n * self.width : start + (n + 1) * self.width] for n in range(count)]
        self.fields: dict[str, slice] = {}
        at = 1
        for field_at in range(32, start - 1, 32):
            name = self.head[field_at : field_at + 11].split(b"\0")[0].decode("ascii")
            self.fields[name] = slice(at, at + self.head[field_at + 16])
            at += self.head[field_at + 16]

    def cell(self, row: bytes, name: str) -> bytes:
        return row[self.fields[name]].rstrip(b" \0")

    def code(self, row: bytes) -> str:
        return self.cell(row, "CBFBM").decode("ascii")

    def with_cell(self, row: bytes, name: str, value: bytes) -> bytes:
        place = self.fields[name]
        width = place.stop - place.start
        return row[: place.start] + value[:width].ljust(width) + row[place.stop :]

    def rename(self, codes: dict[str, str]) -> None:
        self.rows = [
            self.with_cell(row, "CBFBM", codes.get(self.code(row), self.code(row)).encode()) for row in self.rows
        ]

    def content(self) -> bytes:
        count = len(self.rows).to_bytes(4, "little")
        return self.head[:COUNT_AT] + count + self.head[COUNT_AT + 4 :] + b"".join(self.rows) + b"\x1a"


@dataclass
class Changes:
    """What the register becomes: codes numbered anew, households that merge (old, old, new), and that split.

    Of a split (old, first, second) the first member goes on as `first`, all others as `second`.
    """

    recoded: dict[str, str] = field(default_factory=dict)
    merged: list[tuple[str, str, str]] = field(default_factory=list)
    split: list[tuple[str, str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def listed(self) -> list[tuple[str, str, str]]:
        found = [(old, new, "延包") for old, new in self.recoded.items()]
        found += [(old, new, "合户") for a, b, new in self.merged for old in (a, b)]
        return found + [(old, new, "分户") for old, a, b in self.split for new in (a, b)]


def recoded_inbox(
    inbox: Path, out: Path, changes: Changes, *, is_listed: bool = True, changed_on: str = "2026-11-15"
) -> Path:
    """The same deliveries with another register, and the list of changes beside it."""
    shutil.copytree(inbox, out)
    (path,) = out.rglob("*.zip")
    with zipfile.ZipFile(path) as given:
        members = {info.filename: given.read(info) for info in given.infolist()}
    name = {kind: next(n for n in members if n.endswith(f"/{kind}.dbf")) for kind in ("CBF", "CBF_JTCY")}
    contractors, people = Dbf(members[name["CBF"]]), Dbf(members[name["CBF_JTCY"]])
    drop = {b for _, b, _ in changes.merged} | set(changes.left)
    contractors.rows = [row for row in contractors.rows if contractors.code(row) not in drop]
    people.rows = [row for row in people.rows if people.code(row) not in changes.left]
    for old, _, second in changes.split:
        (row,) = (row for row in contractors.rows if contractors.code(row) == old)
        others = [row for row in people.rows if people.code(row) == old][1:]
        for target, source in (("CBFMC", "CYXM"), ("CBFZJHM", "CYZJHM")):
            row = contractors.with_cell(row, target, people.cell(others[0], source))
        contractors.rows.append(contractors.with_cell(row, "CBFBM", second.encode()))
        people.rows = [people.with_cell(r, "CBFBM", second.encode()) if r in others else r for r in people.rows]
    renamed = changes.recoded | {old: new for a, b, new in changes.merged for old in (a, b)}
    renamed |= {old: first for old, first, _ in changes.split}
    for table, kind in ((contractors, "CBF"), (people, "CBF_JTCY")):
        table.rename(renamed)
        members[name[kind]] = table.content()
    for n in [n for n in members if n.endswith(".csv")]:
        lines = [
            [renamed.get(cell, cell) for cell in line.split(",")] for line in members[n].decode("gb18030").split("\n")
        ]
        members[n] = "\n".join(map(",".join, lines)).encode("gb18030")
    with zipfile.ZipFile(path, "w") as made:
        for n, content in members.items():
            made.writestr(n, content)
    if is_listed:
        rows = ["原承包方编码,现承包方编码,变更原因,变更日期"]
        rows += [f"{old},{new},{cause},{changed_on}" for old, new, cause in changes.listed()]
        (out / COUNTY_OF_TESTS / "承包方编码变更.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    return out


def decisions(store: Store, run_id: str) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(store.run_folder(run_id) / "decisions.parquet").to_pylist()
    return {row["household_key"]: row for row in rows}


def identities(store: Store, run_id: str) -> list[dict[str, Any]]:
    found = pq.read_table(io.BytesIO(store.open_identities(run_id))).to_pylist()
    return sorted((row for row in found if row["unit_code"].isdigit()), key=lambda row: row["unit_code"])


@dataclass(frozen=True)
class Village:
    """Whom the story is about: granted households of the first publication, by code and key."""

    codes: list[str]
    keys: list[str]


def granted(scored: Scored) -> Village:
    """Granted households whose head is the borrower and who are several."""
    rows = decisions(scored.store, scored.run.run_id)
    chosen = [
        row
        for row in identities(scored.store, scored.run.run_id)
        if rows[row["household_key"]]["decision"] == "granted"
        and row["relation"] == "head"
        and len(row["number_hashes"]) >= 2
    ]
    assert len(chosen) >= 12
    return Village([row["unit_code"] for row in chosen], [row["household_key"] for row in chosen])


def new_code(code: str, number: int) -> str:
    return f"{code[:14]}7{number:03d}"
