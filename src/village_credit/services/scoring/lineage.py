"""Households whose contractor code changed keep their name, and what hangs on it: limits, terms, holds, what is owed.

A household_key stands for the people. Where a list says that codes merged, split or were numbered anew, or a person
confirmed what shared ID numbers propose, the household that has the line's borrower goes on under the old key. Of lines
that come together the head's goes on, else the one that owes most; the others are closed at their branches and frozen
while they are owed, which counts as another loan. A part that splits off starts anew, after a person has looked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from village_credit import catalogue, duckdb_session
from village_credit.decide.decide import HUMAN_INPUTS
from village_credit.intake import Intake
from village_credit.ledger.lineage import OWED, TAKES
from village_credit.pseudonyms import Keys, household_key, household_keys, row_key_hash
from village_credit.sql_files import sql
from village_credit.tables.delivery_gates import Recoded

# what somebody must look at, or the office deliver anew
OPEN = ("proposed", "circle", "contradicted", "replaced", "unregistered")
REGISTER = ("land_contractor", "land_member")  # whose rows name a contractor
VERDICTS = pa.schema([("from_key", pa.string()), ("own_key", pa.string()), ("verdict", pa.string())])
ALIASES = pa.schema([("unit_code", pa.string()), ("household_key", pa.string()), ("place", pa.int64())])
CLOSED_LINES = HUMAN_INPUTS["closed_lines"]
CAPS = HUMAN_INPUTS["lineage_caps"]


@dataclass(frozen=True)
class Predecessors:
    """What is known of households before a run: who they were, whom they became, and what they had.

    `lineage`: the account of the last whole publication. `verdicts`: what people said of proposals. `decided`: whom the
    publications in force decided; `lines` those in force (household_key, product, limit_yuan, drawn_yuan, valid_to).
    `strays`: keys that no publication in force decides and that hang on somebody, by a hold or by what is owed. `owed`:
    what is owed on lines that are no longer in force. `known` reads the vault: who the households of all of these are.
    """

    lineage: pa.Table
    verdicts: pa.Table
    decided: pa.Table
    lines: pa.Table
    strays: list[str]
    owed: pa.Table
    known: Callable[[], pa.Table]


@dataclass(frozen=True)
class Succession:
    """Who is who in a run, by unit_code.

    `pseudonyms`: the key of each. `aliases`: every key under which something of it may be known, its own first (place
    0), then those that it took over; `stops` those that a hold may name besides. `recoded`: whom a person must look at.
    `caps`: the most on the day of a merge or split. `closed_lines`: what is owed on lines that a merge closed.
    `lineage`: the run's table.
    """

    pseudonyms: dict[str, str]
    aliases: pa.Table
    stops: pa.Table
    recoded: pa.Table
    caps: pa.Table
    closed_lines: pa.Table
    lineage: pa.Table


def find_successors(intake: Intake, before: Predecessors, numbers: pa.Table, keys: Keys, as_of: date) -> Succession:
    """Say who goes on as whom.

    `numbers`: the hashed numbers of who is registered (unit_code, number_hash, is_head). A code is whom it was given to
    before only where somebody of them still stands under it.
    """
    units = intake.facts["households"].column("unit_code").to_pylist()
    own = household_keys(keys, units)
    kept, doubtful = _kept_keys(own, before.lineage)
    if not before.decided.num_rows and not before.strays:
        return _as_before(kept, doubtful, before)
    changes = intake.facts["code_changes"]
    connection = duckdb_session.own_tables()
    tables = {
        "register": _register(own, kept, before),
        "known": _known(before, keys),
        "numbers": numbers,
        "apart": _apart(intake, units, keys),
        "changes": changes.filter(pc.less_equal(changes.column("changed_on"), pa.scalar(as_of, pa.date32()))),
        "verdicts": before.verdicts,
        "lines_of_all": _lines_of_all(before.lines),
        "before": before.lineage,
    }
    for name, table in tables.items():
        connection.register(name, table)
    for statement in sql("services.scoring", "succession").split(";\n"):
        connection.execute(statement)
    found, proposed, anew = (
        connection.sql(f"FROM {name}").to_arrow_table() for name in ("succession", "proposed", "anew")
    )
    anew_keys = {unit: household_key(keys, f"{unit}|{as_of.isoformat()}") for unit in anew["unit_code"].to_pylist()}
    connection.register("anew_keys", _as_table(anew_keys, "anew_key"))
    caps = connection.sql(sql("services.scoring", "succession_caps")).to_arrow_table().cast(CAPS)
    lineage = connection.sql(sql("services.scoring", "lineage"), params={"as_of": as_of}).to_arrow_table()
    replaced = connection.sql("SELECT unit_code FROM here WHERE is_replaced ORDER BY ALL").to_arrow_table()
    others = replaced.column("unit_code").to_pylist()
    return _succession(_Found(kept, doubtful, found, proposed, anew_keys, others, caps, lineage), before)


def _as_table(keys: dict[str, str], name: str) -> pa.Table:
    return pa.table({"unit_code": pa.array(keys.keys(), pa.string()), name: pa.array(keys.values(), pa.string())})


@dataclass(frozen=True)
class _Found:
    kept: dict[str, str]
    doubtful: list[str]
    found: pa.Table
    proposed: pa.Table
    anew_keys: dict[str, str]
    replaced: list[str]
    caps: pa.Table
    lineage: pa.Table


def _kept_keys(own: dict[str, str], lineage: pa.Table) -> tuple[dict[str, str], list[str]]:
    """Return each unit's key as earlier successions left it, and units whose key two would have.

    Where a code that was said to be gone is registered again, both have their own keys, and a person looks; not where
    that code was given to others, who began anew.
    """
    settled = lineage.filter(pc.is_in(lineage.column("role"), pa.array(("goes_on", "anew"))))
    pairs = zip(settled.column("own_key").to_pylist(), settled.column("household_key").to_pylist(), strict=True)
    follow = dict(pairs)
    if not follow:
        return dict(own), []
    owners = {key: unit for unit, key in own.items() if key not in follow}
    kept, doubtful = {}, set()
    for unit, key in own.items():
        taken = follow.get(key, key)
        if taken != key and taken in owners:
            doubtful |= {unit, owners[taken]}
            taken = key
        kept[unit] = taken
    return kept, sorted(doubtful)


def _register(own: dict[str, str], kept: dict[str, str], before: Predecessors) -> pa.Table:
    """Return who is registered: unit_code, own_key, household_key, was_decided (under that key)."""
    keys = pa.array(kept.values(), pa.string())
    return pa.table(
        {
            "unit_code": pa.array(kept.keys(), pa.string()),
            "own_key": pa.array((own[unit] for unit in kept), pa.string()),
            "household_key": keys,
            "was_decided": pc.is_in(keys, before.decided.column("household_key").combine_chunks()),
        }
    )


def _known(before: Predecessors, keys: Keys) -> pa.Table:
    """Return who was decided, or hangs on something, as the vault knows them, with the borrower's hashed number."""
    known = before.known()
    asked = pa.concat_arrays(
        [before.decided.column("household_key").combine_chunks(), pa.array(before.strays, pa.string())]
    )
    known = known.filter(pc.is_in(known.column("household_key"), asked))
    hashes = [row_key_hash(keys, number) if number else None for number in known.column("person_id").to_pylist()]
    return known.drop_columns(["name", "person_id"]).append_column("borrower_hash", pa.array(hashes, pa.string()))


def hashed_numbers(identities: pa.Table, keys: Keys) -> pa.Table:
    """Return the hashed numbers of who is registered: unit_code, member_no, number_hash, is_head."""
    present = identities.filter(pc.is_valid(identities.column("person_id")))
    hashes = [row_key_hash(keys, number) for number in present.column("person_id").to_pylist()]
    return pa.table(
        {
            "unit_code": present.column("unit_code"),
            "member_no": present.column("member_no"),
            "number_hash": pa.array(hashes, pa.string()),
            "is_head": pc.fill_null(pc.equal(present.column("relation"), "head"), False),
        }
    )


def _apart(intake: Intake, units: list[str], keys: Keys) -> pa.Table:
    """Return who may stand under a code that is not registered: unit_code, number_hash.

    Members whose code has no contractor; codes of contractors and members in quarantine; and one row of nobody's where
    a contractor's row cannot be read at all: it may be anybody's.
    """
    registered, members = pa.array(units, pa.string()), intake.settled["land_member"]
    apart = members.filter(pc.invert(pc.is_in(members.column("contractor_code"), registered)))
    hashes = [row_key_hash(keys, number) if number else None for number in apart.column("person_id").to_pylist()]
    contracts = {source.source_id: source.contract for source in intake.sources}
    refused = intake.findings.filter(intake.findings.column("is_quarantine"))
    said = zip(refused.column("source_id").to_pylist(), refused.column("own_key").to_pylist(), strict=True)
    codes = {(code if contracts[source] in REGISTER else "", contracts[source]) for source, code in said}
    codes_apart = {code or None for code, contract in codes if code or contract == "land_contractor"} - set(units)
    return pa.table(
        {
            "unit_code": pa.array([*apart.column("contractor_code").to_pylist(), *codes_apart], pa.string()),
            "number_hash": pa.array([*hashes, *[None] * len(codes_apart)], pa.string()),
        }
    )


def _lines_of_all(lines: pa.Table) -> pa.Table:
    """Sum a household's lines in force: household_key, limit_yuan, owed_yuan (whole yuan, up)."""
    owed = pc.fill_null(lines.column("drawn_yuan"), pa.scalar(0, lines.schema.field("drawn_yuan").type))
    summed = pa.table(
        {
            "household_key": lines.column("household_key"),
            "limit_yuan": lines.column("limit_yuan"),
            "owed_yuan": pc.ceil(pc.cast(owed, pa.float64())).cast(pa.int64()),
        }
    )
    return (
        summed.group_by("household_key")
        .aggregate([("limit_yuan", "sum"), ("owed_yuan", "sum")])
        .rename_columns({"limit_yuan_sum": "limit_yuan", "owed_yuan_sum": "owed_yuan"})
    )


def _as_before(kept: dict[str, str], doubtful: list[str], before: Predecessors) -> Succession:
    """Return who is who where nothing changed since the last publication."""
    none = _Found(kept, doubtful, _no_rows(), _no_rows(), {}, [], CAPS.empty_table(), before.lineage)
    return _succession(none, before)


def _no_rows() -> pa.Table:
    names = ("from_key", "unit_code", "household_key", "role")
    return pa.schema([(name, pa.string()) for name in names]).empty_table()


def _succession(found: _Found, before: Predecessors) -> Succession:
    rows = found.found.select(["from_key", "unit_code", "household_key", "role"]).to_pylist()
    pseudonyms = found.kept | {row["unit_code"]: row["household_key"] for row in rows} | found.anew_keys
    units = {key: unit for unit, key in pseudonyms.items()}
    # who stands under a code that was another household's has nothing of it, unless they were a part of it
    of_others = pc.and_(
        pc.equal(before.lineage.column("role"), "anew"), pc.equal(before.lineage.column("shared_members"), 0)
    )
    earlier = before.lineage.filter(pc.invert(pc.fill_null(of_others, False)))
    earlier = earlier.select(["from_key", "household_key", "role"]).to_pylist()
    kept = [row | {"unit_code": units[row["household_key"]]} for row in earlier if row["household_key"] in units]
    taken = {(row["unit_code"], row["from_key"]) for row in [*kept, *rows] if row["role"] in TAKES}
    touched = {(row["unit_code"], row["from_key"]) for row in [*kept, *rows]}
    takers_of = {row["from_key"]: row["unit_code"] for row in [*kept, *rows] if row["role"] in TAKES}
    merged = {row["from_key"]: row["unit_code"] for row in [*kept, *rows] if row["role"] == "merged"}
    takers = {row["unit_code"] for row in rows if row["role"] in TAKES}
    known = set(before.decided.column("household_key").to_pylist())
    apart = {row["unit_code"] for row in rows if row["unit_code"] not in takers and row["household_key"] not in known}
    proposed = set(found.proposed.column("unit_code").to_pylist())
    recoded = sorted(apart | proposed | set(found.doubtful) | set(found.anew_keys) | set(found.replaced))
    return Succession(
        pseudonyms,
        _aliases(pseudonyms, taken),
        _aliases(pseudonyms, touched),
        pa.table({"unit_code": pa.array(recoded, pa.string())}),
        found.caps,
        _closed(takers_of, merged, before),
        found.lineage.select(list(catalogue.run_tables()["lineage"].columns)),
    )


def _aliases(pseudonyms: dict[str, str], pairs: set[tuple[str, str]]) -> pa.Table:
    """Return the keys of each unit: its own, then others in their order."""
    own = [(unit, key, 0) for unit, key in pseudonyms.items()]
    others = [(unit, key, 1) for unit, key in sorted(pairs) if pseudonyms[unit] != key]
    columns = zip(*own, *others, strict=True) if own else ([], [], [])
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, ALIASES, strict=True)], schema=ALIASES)


def _closed(takers_of: dict[str, str], merged: dict[str, str], before: Predecessors) -> pa.Table:
    """Return what is owed on lines that are no longer in force, by who took them over (CLOSED_LINES).

    Of lines in force only those that a merge closes today: the one that goes on is no other loan.
    """
    lines = before.lines.select(["household_key", "product", "drawn_yuan", "valid_to"]).rename_columns(OWED.names)
    closing = lines.cast(OWED).to_pylist() if merged else []
    rows = [
        {"unit_code": whose[row["household_key"]], **row}
        for table, whose in ((closing, merged), (before.owed.to_pylist(), takers_of))
        for row in table
        if row["household_key"] in whose and row["owed_yuan"]
    ]
    return pa.Table.from_pylist(rows, schema=CLOSED_LINES)


def waiting_for_a_person(lineage: pa.Table, lines: pa.Table) -> Recoded:
    """Count the households of a run's lineage that somebody must decide on; `lines`: those in force before."""
    waiting = pc.unique(lineage.filter(pc.is_in(lineage.column("role"), pa.array(OPEN))).column("from_key"))
    drawn = pc.fill_null(pc.cast(lines.column("drawn_yuan"), pa.float64()), 0.0)
    has_line = pc.or_(pc.greater(lines.column("limit_yuan"), 0), pc.greater(drawn, 0.0))
    held = pc.unique(lines.filter(has_line).column("household_key"))
    return Recoded(len(waiting), pc.sum(pc.is_in(waiting, held)).as_py() or 0)
