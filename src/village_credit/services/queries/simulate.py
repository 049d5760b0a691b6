"""Try a policy on every household of what is published, from what was measured then; nothing is written anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.decide.decide import apply_policy
from village_credit.decide.rules import RULES
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput, PolicyRefused
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import Publication
from village_credit.policy.check import check_policy
from village_credit.policy.model import Policy, PolicyInForce, load_policy
from village_credit.policy.units import policy_in_its_units
from village_credit.services.queries.diff import Comparison, Side, one_each, published_side
from village_credit.services.queries.effects import Tried, effects, limits_of_side, tried_on
from village_credit.services.queries.policy import read_policy
from village_credit.services.queries.told_ways import kept_whole, move_few, told_changes
from village_credit.sql_files import sql
from village_credit.store.store import Store, sha256_of
from village_credit.tables.simulation_inputs import SimulationInputs, policy_asked_before, unpack_simulation_inputs

SAID = pa.schema(
    [
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("published_yuan", pa.int64()),
        ("said_yuan", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Simulated:
    """What a policy would change of what is published; never authoritative, written nowhere.

    The households are as they were measured for the publication: no later delivery, model or dispute is looked at.
    Counts, sums in whole yuan; groups as in `Difference`. Where few gain or few lose, no change of who moves is told,
    and where few move, nothing of what is after. `figures`: what each changed figure does alone (name, whom,
    before, after, households, raised_yuan, lowered_yuan, yuan), and `interplay_yuan` what they do together beyond that.
    `rules`: how many households each rule decides before and after, given the rules before it; `never`: rules that
    decide nobody on either side. `flips`: from which rule to which, with the limits. Small counts are null.
    """

    is_authoritative: bool
    county_code: str
    against: str
    as_of: str
    policy: str
    policy_sha256: str
    policy_day: str
    households: int
    before_yuan: int
    after_yuan: int | None
    changes: list[dict[str, Any]]
    by_village: list[dict[str, Any]]
    by_band: list[dict[str, Any]]
    by_reason: list[dict[str, Any]]
    by_group: list[dict[str, Any]]
    movers: list[dict[str, Any]]
    figures: list[dict[str, Any]]
    interplay_yuan: int | None
    rules: list[dict[str, Any]]
    never: list[str]
    flips: list[dict[str, Any]]


def simulate(store: Store, county_code: str, policy_file: Path, on: date | None = None) -> Simulated:
    """Compare what a policy file would decide with what is in force for a county.

    `on`: the day whose figures hold; default: the last from which one of the file's figures holds, or the
    publication's day. Raises MissingInput where nothing is published, PolicyRefused where the file is unsound.
    """
    ledger = Ledger.of(store)
    current = ledger.in_force_of(county_code)
    if not current:
        raise MissingInput(f"county {county_code}: nothing is published, so there is nothing to compare a policy with")
    text = read_policy(policy_file)
    policy = load_policy(text)
    as_of = date.fromisoformat(max(publication.as_of for publication in current))
    day = on or max([as_of, *(f.from_ for f in policy.figures), *(n.from_ for n in policy.crop_norms)])
    if faults := check_policy(text, day):
        raise PolicyRefused(f"{policy_file.name}: " + "; ".join(f"{f.place}: {f.sentence}" for f in faults))
    runs = dict.fromkeys(publication.run_id for publication in current)
    measured = {run_id: unpack_simulation_inputs(store.open_simulation_inputs(run_id)) for run_id in runs}
    known = [measured[publication.run_id] for publication in current]
    tried = [_ready(store, *pair, policy, day) for pair in zip(current, known, strict=True)]
    said = [_set_by_branches(ledger, publication) for publication in current]

    keys = [hold.household_key for hold in holds_in_force(ledger)]
    held = pa.table({"household_key": pa.array(keys, pa.string())})

    def side_of(decided: list[pa.Table]) -> Side:
        return _simulated(decided, known, said, held)

    before, name = published_side(store, county_code)
    after = side_of([one.decide(policy.in_force(day, county_code)) for one in tried])
    comparison = Comparison(after, before, _groups(list(measured.values())))
    own, interplay = effects(
        tried, lambda decided: limits_of_side(side_of(decided)), lambda: limits_of_side(before), comparison.moved()
    )
    (rules, untold), changes = comparison.rules(), comparison.changes()
    whole = kept_whole(changes)
    return Simulated(
        False,
        county_code,
        name,
        as_of.isoformat(),
        policy_file.name,
        sha256_of(text.encode("utf-8")),
        day.isoformat(),
        sum(row["households"] for row in changes),
        sum(row["before_yuan"] for row in changes),
        None if move_few(changes) else sum(row["after_yuan"] for row in changes),
        told_changes(changes),
        comparison.by("village", whole),
        comparison.by("band", whole),
        comparison.by("reason", whole, untold),
        comparison.by("group", whole),
        comparison.movers(),
        own,
        interplay,
        rules,
        [rule for rule in RULES if rule not in {one["rule"] for one in rules}],
        comparison.flips(),
    )


def _ready(store: Store, publication: Publication, measured: SimulationInputs, policy: Policy, day: date) -> Tried:
    """Lay a publication's households ready to be decided; raises MissingInput where they cannot be."""
    _require_triable(measured, publication, policy)
    manifest = store.manifest(publication.run_id)
    old = policy_in_its_units(store.thaw(manifest["versions"]["policy_sha256"]).decode("utf-8"))
    as_of = date.fromisoformat(manifest["as_of"])
    county = publication.county_code

    def decide(figures: PolicyInForce) -> pa.Table:
        outcome = apply_policy(measured.tables, figures, as_of, publication.product)
        if publication.product is None:
            return outcome
        return outcome.filter(pc.equal(outcome.column("product"), publication.product))

    return tried_on(decide, old.in_force(as_of, county), policy.in_force(day, county), manifest)


def _require_triable(measured: SimulationInputs, publication: Publication, policy: Policy) -> None:
    """Raise MissingInput where what was measured has another form, or hangs on what the policy changes."""
    if not measured.are_of_today():
        raise MissingInput(
            f"run {publication.run_id} was measured by an earlier version, which kept other figures: "
            "score the county once more"
        )
    asked = policy_asked_before(policy)
    if changed := sorted(name for name, value in asked.items() if value != measured.under.get(name)):
        raise MissingInput(
            f"the policy changes {' and '.join(changed)}, which decides what may be measured at all: "
            "use `rescore --dry-run --policy`"
        )


def _set_by_branches(ledger: Ledger, publication: Publication) -> pa.Table:
    """Return the limits that branches set in place of a publication's: they stand where the policy's figure does."""
    said = [one for one in branch_limits(ledger).values() if one.publication_id == publication.publication_id]
    rows = [
        {
            "household_key": one.household_key,
            "product": one.product,
            "published_yuan": one.published_yuan,
            "said_yuan": one.limit_yuan,
        }
        for one in said
    ]
    return pa.Table.from_pylist(rows, schema=SAID)


def _simulated(tried: list[pa.Table], measured: list[SimulationInputs], said: list[pa.Table], held: pa.Table) -> Side:
    """Return what was tried by household_key and village, to be read where it is compared."""
    inputs = {"held_now": held}
    for place, (outcome, known, words) in enumerate(zip(tried, measured, said, strict=True)):
        inputs |= {
            f"outcome_{place}": outcome,
            f"said_{place}": words,
            f"units_{place}": known.units,
            f"households_{place}": known.tables["households"],
        }
    parts = [sql("services.queries", "simulated_publication").format(place=place) for place in range(len(tried))]
    if len(parts) == 1:
        return Side(parts[0], [], [], inputs, knows_terms=True)
    every = " UNION ALL BY NAME ".join(f"SELECT *, {place} AS place FROM ({part})" for place, part in enumerate(parts))
    decisions = one_each(sql("services.queries", "simulated_lines").format(every=every))
    return Side(decisions, [], [], inputs, knows_terms=True)


def _groups(measured: list[SimulationInputs]) -> pa.Table:
    """Return household_key and its groups; of several publications, the last that knows a household's borrower."""
    connection = query_cursor()
    parts = []
    for place, one in enumerate(measured):
        connection.register("groups", one.groups)
        connection.register("units", one.units)
        query = sql("services.queries", "simulated_groups").format(place=place)
        parts.append(connection.sql(query).to_arrow_table())
    if len(parts) == 1:
        return parts[0]
    connection.register("every", pa.concat_tables(parts))
    return connection.sql(
        "FROM every QUALIFY row_number() OVER (PARTITION BY household_key ORDER BY place DESC) = 1"
    ).to_arrow_table()
