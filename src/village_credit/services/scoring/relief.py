"""A county's standing declarations become facts in which relief is reckoned, as one scoring needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.decide.decide import HUMAN_INPUTS, Decided
from village_credit.intake import Intake
from village_credit.policy.model import PolicyInForce
from village_credit.policy.sections import RepairRules
from village_credit.relief.apply import Allowed, Relieved, relief_rows, relieve
from village_credit.relief.conditions import Waiting, conditions_after, waiting_on
from village_credit.relief.repair import repaired


def allowed_by(policy: PolicyInForce) -> Allowed:
    """Return what a county's policy lets relief do on a day; a measure without its figure is not allowed."""
    rules = policy.policy.relief
    figures = {
        name: policy.policy.find(name, policy.as_of, county=policy.county_code)
        for name in ("relief_extension_months", "relief_rate_cut_bp")
    }
    needed = {"extension": "relief_extension_months", "rate_cut": "relief_rate_cut_bp"}
    values = {name: 0 if figure is None else int(figure.value) for name, figure in figures.items()}
    measures = tuple(m for m in rules.measures if m not in needed or values[needed[m]] > 0)
    return Allowed(
        rules.conduct_list_reasons, measures, values["relief_extension_months"], values["relief_rate_cut_bp"]
    )


@dataclass(frozen=True)
class Relief:
    """What relief comes to in one scoring, by unit_code: facts as they count, and what is stored of it."""

    relieved: Relieved
    waiting: Waiting
    before: pa.Table
    repair: RepairRules
    as_of: date

    @property
    def facts(self) -> dict[str, pa.Table]:
        """Return the facts with what `decide` must know of relief."""
        counted, of_repair = repaired(self.relieved.facts, self.repair, self.as_of)
        noted = [
            (unit, code)
            for table, code in ((self.relieved.excused, "CONDUCT_EXCUSED"), (self.relieved.lifted, "LISTING_LIFTED"))
            for unit in table.column("unit_code").to_pylist()
        ]
        return {
            **counted,
            "affected": self.relieved.affected,
            "waiting": self.waiting.waiting.select(["unit_code", "reason_code"]),
            "lapsed": self.waiting.lapsed,
            "noted": pa.concat_tables(
                [pa.table([[u for u, _ in noted], [c for _, c in noted]], schema=HUMAN_INPUTS["noted"]), of_repair]
            ),
        }

    def tables(self, decided: Decided, as_of: date) -> dict[str, pa.Table]:
        """Return the run's tables of relief: windows, limits kept, measures offered, documents waited for."""
        units = decided.decisions.column("unit_code")
        return {
            "relief": _of(relief_rows(self.relieved), units),
            "relief_kept": decided.relief_kept,
            "relief_measures": _of(self.relieved.offers, units),
            "conditions": conditions_after(self.waiting.waiting, self.before, decided.decisions, as_of),
        }


def reckon_relief(
    declared_relief: tuple[pa.Table, pa.Table], intake: Intake, before: pa.Table, policy: PolicyInForce, as_of: date
) -> Relief:
    """Reckon a county's declarations and their proofs into its facts.

    `before`: conditions as the last publication left them, by unit.
    """
    declared, proofs = declared_relief
    relieved = relieve(intake.facts, intake.identities, declared, proofs, as_of, allowed_by(policy))
    items = [(item.reason, item.item, item.days) for item in policy.policy.relief.may_come_later]
    waiting = waiting_on(relieved.windows, items, before, as_of)
    return Relief(relieved, waiting, before, policy.policy.repair, as_of)


def _of(table: pa.Table, units: pa.ChunkedArray) -> pa.Table:
    """Keep the rows of units that the run decides."""
    return table.filter(pc.is_in(table.column("unit_code"), units))
