"""What a county's scoring takes from the store, read once: it names the run, and the run is computed from it alone.

What a person does while the county is being read stands in the ledger after this snapshot: it counts for the next run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.code_version import code_sha256
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.maps import has_shapes
from village_credit.ledger.balances import drawn_before
from village_credit.ledger.before import (
    conditions_before,
    dates_before,
    decided_before,
    last_whole_run,
    outcome_before,
    points_before,
    rows_before,
    simulation_inputs_before,
)
from village_credit.ledger.holds import held_keys, holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lineage import (
    identities_of,
    lineage_before,
    owed_elsewhere,
    owed_in,
    strays_of,
    successor_verdicts,
    successors_of,
)
from village_credit.ledger.lines_in_force import lines_before, published_before
from village_credit.ledger.link_samples import licensed_passes, revoked_passes
from village_credit.ledger.link_verdicts import link_verdicts, verdicts_of
from village_credit.ledger.relief import relief_in_force
from village_credit.ledger.renewals import covered, ended_lines, signed_renewals
from village_credit.ledger.reviews import review_verdicts, supplied_facts
from village_credit.ledger.rise import rise_bases, standing_words
from village_credit.link.verdicts import Verdicts
from village_credit.pseudonyms import Keys
from village_credit.services.decided_from import basis_if_any, declared_for
from village_credit.services.rules import Request, Rules
from village_credit.services.scoring.lineage import VERDICTS, Predecessors
from village_credit.shapes.library import looking_library
from village_credit.signatures import canonical_json
from village_credit.store.row_hash import row_hash
from village_credit.store.runs import run_id_of
from village_credit.store.store import Store, sha256_of
from village_credit.tables.basis import Basis
from village_credit.tables.gates import Outcome
from village_credit.tables.simulation_inputs import SimulationInputs


@dataclass(frozen=True)
class Compared:
    """The run of the county's last whole publication before the day, which this one is compared with.

    Of none, nothing.
    """

    run_id: str | None
    rows: dict[str, int]  # standing rows by contract
    outcome: Outcome | None
    points: pa.Table | None  # unit_code (the pseudonym), feature, value
    simulation_inputs: SimulationInputs | None  # None where the vault no longer has them
    conditions: pa.Table  # documents that households wait to bring, by household_key
    dates: pa.Table  # household_key, valid_to, review_due_on of its lines
    basis: Callable[[], Basis | None]  # what it was decided from; None where it cannot be decided anew


@dataclass(frozen=True)
class Snapshot:
    """A county as the store and its ledger know it on the day before a run's day; tables by household_key.

    `in_force`: lines of that day; `rise_bases` what each may rise from, `branch_words` what its branch cut it to.
    `ended`: lines that are over; of these `unrenewed` those that no signature covers. `renewed`: lines in force that a
    signature covers. `decided_before`: whom the publications in force decided. `parts`: everything that the run depends
    on besides; `keys` names households, and is no part of the store's state.
    """

    run_id: str
    parts: dict[str, Any]
    keys: Keys
    in_force: pa.Table
    supplied: pa.Table
    rise_bases: pa.Table
    branch_words: pa.Table
    decided_before: pa.Table
    ended: pa.Table
    unrenewed: pa.Table
    renewed: pa.Table
    held: list[str]
    reviews: list[dict[str, Any]]
    link_verdicts: Verdicts
    licensed_passes: tuple[str, ...]
    declared_relief: tuple[pa.Table, pa.Table]  # declarations, and their proofs
    compared: Compared
    predecessors: Predecessors


def take_snapshot(
    store: Store,
    ledger: Ledger,
    delivered: list[DeliveredFile],
    request: Request,
    rules: Rules,
    shapes_before: dict[str, Any] | None = None,
) -> Snapshot:
    """Read what a run depends on from the ledger as given, once, and name the run by it.

    `shapes_before`: what the manifest of a run that is computed once more says of shapes. Raises VerificationFailed
    where sealed bytes differ, MissingInput where a proof of relief is gone.
    """
    county, as_of = request.county_code, request.as_of
    publications = published_before(ledger, county, as_of)
    drawn = drawn_before(store, ledger, as_of)
    in_force = lines_before(store, ledger, county, as_of, drawn)
    bases, words = rise_bases(store, ledger, county, as_of), standing_words(store, ledger, county)
    ended = ended_lines(store, publications, as_of)
    relief = relief_in_force(ledger, county)
    compared = _compared(store, ledger, last_whole_run(publications))
    decided, lineage = decided_before(store, publications), lineage_before(store, compared.run_id)
    owing = owed_in(store, ledger, county, drawn)
    strays = strays_of(holds_in_force(ledger), county, owing, decided, lineage)
    owed = owed_elsewhere(owing, in_force, lineage, strays)
    who = [p.run_id for p in (ledger.publications_of(county) if strays else publications)]
    acts = _acts(ledger, county, as_of) | {"relief": [one.content() for one in relief]}
    before = {
        "in_force": [[publication.run_id, publication.product] for publication in publications],
        "limits_in_force": row_hash(in_force),
        "rise_bases": row_hash(bases),
        "branch_words": row_hash(words),
        "rows_before": compared.rows,
        "compared_with_run": compared.run_id,
        "knows_before": compared.simulation_inputs is not None,
        "knows_who_was": [store.has_identities(run_id) for run_id in who],
        "owed_on_closed_lines": row_hash(owed),
    }
    parts = _inputs(store, delivered, request, rules) | before | acts
    parts["shapes"] = shapes_before or _shapes(delivered)
    lines = in_force.select(["household_key", "product", "valid_to"])
    return Snapshot(
        run_id_of(parts),
        parts,
        store.keys,
        in_force,
        _supplied(acts["supplied"]),
        bases,
        words,
        decided,
        ended,
        ended.filter(pc.invert(covered(store, ledger, county, ended, "ended_on"))),
        lines.filter(covered(store, ledger, county, lines, "valid_to")),
        acts["holds"],
        acts["reviews"],
        verdicts_of(ledger, county, store.keys, successors_of(lineage)),
        licensed_passes(ledger, county, as_of),
        declared_for(store, ledger, relief),
        compared,
        Predecessors(
            lineage,
            pa.Table.from_pylist(acts["successors"], schema=VERDICTS),
            decided,
            in_force,
            strays,
            owed,
            lambda: identities_of(store, who),
        ),
    )


def _shapes(delivered: list[DeliveredFile]) -> dict[str, Any] | None:
    """Say with what shapes are looked at, if at all: a run without any is the same on every machine."""
    return {"looked_with": looking_library()} if has_shapes(delivered) else None


KEPT_AS_HASHES = ("limits_in_force", "rise_bases", "branch_words", "owed_on_closed_lines")


def parts_kept(parts: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest keeps of what the ledger added: hashes, and the run compared with."""
    said = ("holds", "in_force", "relief", "renewals", "reviews", "successors", "supplied")
    return {
        **{f"{name}_sha256": sha256_of(canonical_json(parts[name])) for name in said},
        **{f"{name}_sha256": parts[name] for name in KEPT_AS_HASHES},
        "compared_with_run": parts["compared_with_run"],
        "link_verdicts_sha256": parts["link_verdicts"],
    }


def _inputs(store: Store, delivered: list[DeliveredFile], request: Request, rules: Rules) -> dict[str, Any]:
    """Return what was asked, what was delivered, and by which rules and code it is decided."""
    return {
        "county_code": request.county_code,
        "as_of": request.as_of.isoformat(),
        "product": request.product,
        "inputs": sorted((file.file_name, file.sha256) for file in delivered),
        "policy": rules.policy_sha256,
        "scorecard": rules.scorecard_sha256,
        "county_terms": rules.terms_sha256,
        "code": code_sha256(),
        "pseudonym_key": store.keys.pseudonym_key_id,
    }


def _acts(ledger: Ledger, county_code: str, as_of: date) -> dict[str, Any]:
    """Return what people did that a county's run depends on."""
    passes = licensed_passes(ledger, county_code, as_of), revoked_passes(ledger, county_code)
    return {
        "holds": held_keys(ledger),
        "reviews": review_verdicts(ledger, county_code),
        "supplied": supplied_facts(ledger, county_code, as_of.isoformat()),
        "renewals": signed_renewals(ledger, county_code),
        "successors": successor_verdicts(ledger, county_code),
        "link_verdicts": sha256_of(canonical_json([link_verdicts(ledger, county_code), *passes])),
    }


SUPPLIED = pa.schema(
    [
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("kind", pa.string()),
        ("income_yuan", pa.int64()),
        ("said_on", pa.date32()),
        ("most_yuan", pa.int64()),
    ]
)


def _supplied(facts: list[dict[str, Any]]) -> pa.Table:
    """Return what people found out in review, as a table."""
    rows = [fact | {"said_on": date.fromisoformat(fact["said_on"])} for fact in facts]
    return pa.Table.from_pylist(rows, schema=SUPPLIED)


def _compared(store: Store, ledger: Ledger, run_id: str | None) -> Compared:
    return Compared(
        run_id,
        rows_before(store, run_id),
        outcome_before(store, run_id),
        points_before(store, run_id),
        simulation_inputs_before(store, run_id),
        conditions_before(store, run_id),
        dates_before(store, run_id),
        lambda: None if run_id is None else basis_if_any(store, ledger, run_id),
    )
