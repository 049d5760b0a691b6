"""Whether the parts of a change add up, asked of a store by other means than those that made them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.code_version import code_sha256
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_of
from village_credit.services.decided_from import basis_of
from village_credit.services.queries.diff import diff_with_causes
from village_credit.services.queries.why import Why
from village_credit.store.store import Store
from village_credit.tables.basis import has_caps
from village_credit.tables.causes import CAUSES, JOINED
from village_credit.tables.pieces import TABLES
from village_credit.tables.split import AFTER, BEFORE, Splitting

Pair = tuple[str, str]
Sums = Counter[Pair]


def limits(table: pa.Table) -> Sums:
    """A limit a household and product."""
    found: Sums = Counter()
    columns = (table[name].to_pylist() for name in ("household_key", "product", "limit_yuan"))
    for key, product, yuan in zip(*columns, strict=True):
        found[key, product] += yuan
    return found


def stored(store: Store, run_id: str) -> pa.Table:
    return pq.read_table(store.run_folder(run_id) / "decisions.parquet", partitioning=None)


def in_force(store: Store, run_id: str) -> Sums:
    """What stands before a run is published."""
    ledger = Ledger.of(store)
    found = ledger.in_force_of(store.manifest(run_id)["county_code"])
    return limits(lines_of(store, found, branch_limits(ledger).values(), held=holds_in_force(ledger)))


def to_be(store: Store, run_id: str) -> Sums:
    """What stands once it is: of a batch its own lines, and what it does not name."""
    decided = limits(stored(store, run_id))
    held = {hold.household_key for hold in holds_in_force(Ledger.of(store))}
    after: Sums = Counter({pair: 0 if pair[0] in held else yuan for pair, yuan in decided.items()})
    is_batch = store.manifest(run_id)["product"] is not None
    return Counter({**in_force(store, run_id), **after}) if is_batch else after


def assert_adds_up(store: Store, run_id: str, against: str = "published", apart: Path | None = None) -> Why:
    """The parts of every household and product, village and county are its whole change; residue 0."""
    found, why = diff_with_causes(store, run_id, against, "village", apart=apart)
    assert why.why_not is None
    before = in_force(store, run_id) if against == "published" else limits(stored(store, against))
    after = to_be(store, run_id) if against == "published" else limits(stored(store, run_id))
    changed = {pair: after[pair] - before[pair] for pair in before.keys() | after.keys() if after[pair] != before[pair]}
    parts: Sums = Counter()
    for row in why.parts.to_pylist():
        parts[row["household_key"], row["product"]] += row["yuan"]
        assert row["yuan"]
        assert set(row["cause"].split(JOINED)) <= set(CAUSES)
    assert {pair: yuan for pair, yuan in parts.items() if yuan} == changed
    total = sum(row["after_yuan"] - row["before_yuan"] for row in found.changes)
    assert total == sum(changed.values()) == sum(cause["yuan"] for cause in found.causes)
    villages = Counter()
    for row in why.parts.to_pylist():
        villages[row["village_code"]] += row["yuan"]
    assert sum(villages.values()) == total
    for group in {row["group"] for row in found.villages}:
        told = [row["yuan"] for row in found.villages if row["group"] == group]
        assert None in told or sum(told) == villages[group or None]
    for mover in found.movers:
        assert sum(part["yuan"] for part in mover["causes"]) == mover["change_yuan"]
    return why


def assert_decided_as_stored(store: Store, run_id: str, against: str) -> None:
    """Both ends of the way, decided anew, are what was stored: nothing is left to the last cause."""
    ledger = Ledger.of(store)
    splitting = Splitting(basis_of(store, ledger, against), basis_of(store, ledger, run_id), code_sha256())
    for side in (BEFORE, AFTER):
        taken = dict.fromkeys((*TABLES, "batch", "day", "scores", "policy", "drawn"), side)
        anew, was = splitting._decided(taken, with_caps=has_caps(splitting.sides[side])), splitting.stored(side)
        assert (anew.yuan == was.yuan).all()
        assert (anew.product == was.product).all()
