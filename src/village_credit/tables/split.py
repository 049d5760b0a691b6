"""A change of limits between two runs, split among its causes: decided anew with one cause after another taken over.

Budgets are lifted first and laid again last, so that in between no household's limit hangs on another's: what budgets
took then and take now is the part `budget`, and a step decides only whom it touches.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_contracts.branch import PRODUCT_ORDER
from village_credit.decide.decide import apply_policy
from village_credit.duckdb_session import cursor_over
from village_credit.signatures import canonical_json
from village_credit.sql_files import sql
from village_credit.tables.basis import Basis, compiled, has_caps, scored_by, without_caps
from village_credit.tables.causes import CAUSES, JOINED, PIECES, Step, differing, steps
from village_credit.tables.pieces import FEW, Numbered, one_by_one, pieces_of, put_together, side_by_side, touched

BEFORE, AFTER = "before", "after"
OF_EVERYBODY = ("facts", "batch", "day", "policy")  # pieces that touch everybody or nobody
NO_PRODUCT = -1
AT_ONCE = 65_536  # households, counted once a state: more are decided in several goes
NO_RELIEF = hashlib.sha256(canonical_json([])).hexdigest()
Whole = NDArray[np.int64]
PARTS = pa.schema(
    [("household_key", pa.string()), ("product", pa.string()), ("cause", pa.string()), ("yuan", pa.int64())]
)


@dataclass(frozen=True)
class Limits:
    """What each household has: its product by place in the order of products, none -1, and its limit, whole yuan."""

    product: Whole
    yuan: Whole

    def without(self, units: Whole) -> Limits:
        """Return a copy in which some have nothing."""
        product, yuan = self.product.copy(), self.yuan.copy()
        product[units], yuan[units] = NO_PRODUCT, 0
        return Limits(product, yuan)


@dataclass(frozen=True)
class Asked:
    """A state between two runs: from which side each piece is taken, and whom alone it decides (none: everybody)."""

    taken: dict[str, str]
    few: Whole | None

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the sides of what decides all households alike."""
        return tuple(self.taken[piece] for piece in ("policy", "day", "batch"))


class Splitting:
    """Two runs of a county on one numbering of households, and what of it was split so far.

    `code`: the hash of the code that decides anew.
    """

    def __init__(self, before: Basis, after: Basis, code: str) -> None:
        """Number the households of both runs, the later run's as they are."""
        self.sides = {BEFORE: before, AFTER: after}
        self.code = code
        self.numbered = Numbered(after.measured.units, before.measured.units)
        self.pieces = {
            AFTER: pieces_of(after.measured.tables),
            BEFORE: pieces_of(self.numbered.renumbered(before.measured.tables)),
        }
        self.parts: list[pa.Table] = []

    def split(self) -> pa.Table:
        """Return what each cause adds to each household's limit of a product (PARTS), none that is 0."""
        now = self._lifted(BEFORE)
        waiting = [(step, units) for step in self._steps() if (units := self._touched(step)) is not None]
        for (step, _), then in zip(waiting, self._states(now, waiting), strict=True):
            now = self._moved(step.cause, now, then)
        self._laid(now)
        return self._added_up()

    def _states(self, now: Limits, waiting: list[tuple[Step, Whole]]) -> list[Limits]:
        """Return where each step leads.

        Where the last state is known, the step that touches most is not decided: those before it are reached from the
        first state, those after it from the last, of whom a step does not touch as they are.
        """
        taken = [dict.fromkeys((*PIECES, "facts"), BEFORE)]
        for step, _ in waiting:
            taken.append(taken[-1] | dict.fromkeys(step.pieces, AFTER))
        count = len(waiting)
        is_known = self._is_as_stored(AFTER) and count > 0
        largest = max(range(count), key=lambda place: len(waiting[place][1])) if is_known else count
        found = {0: now} | ({count: self.stored(AFTER)} if largest < count else {})
        forth = [(place, place - 1, waiting[place - 1][1]) for place in range(1, largest + 1)]
        back = [(place, place + 1, waiting[place][1]) for place in range(count - 1, largest, -1)]
        asked = [Asked(taken[place], self._few(units)) for place, _, units in (*forth, *back)]
        for (place, beside, _), one, outcome in zip((*forth, *back), asked, self._outcomes(asked), strict=True):
            found[place] = self._of_outcome(outcome, None if one.few is None else found[beside].without(one.few))
        return [found[place] for place in range(1, count + 1)]

    def stored(self, side: str) -> Limits:
        """Return the limits that a run stored."""
        decisions = self.sides[side].decisions
        places = self.numbered.places(decisions.column("household_key"))
        return self._limits(places, decisions)

    def _limits(self, places: Whole, decisions: pa.Table, over: Limits | None = None) -> Limits:
        """Return limits of decisions; `over`: of everybody else, as they were."""
        product = np.full(self.numbered.count, NO_PRODUCT) if over is None else over.product
        yuan = np.zeros(self.numbered.count, np.int64) if over is None else over.yuan
        order = pa.array(PRODUCT_ORDER, pa.string())
        known = pc.fill_null(pc.index_in(decisions.column("product"), order), NO_PRODUCT)
        product[places], yuan[places] = known.to_numpy(), decisions.column("limit_yuan").to_numpy()
        product[yuan == 0] = NO_PRODUCT
        return Limits(product, yuan)

    def _is_as_stored(self, side: str) -> bool:
        """Tell whether a run would be decided anew as it was stored: by this code, and no budget stands between."""
        return self._is_of_this_code(side) and not has_caps(self.sides[side])

    def _is_of_this_code(self, side: str) -> bool:
        return bool(self.sides[side].manifest["versions"]["code_sha256"] == self.code)

    def _lifted(self, side: str) -> Limits:
        """Return a run's limits decided anew without budgets; what that changes is split."""
        now = self.stored(side)
        taken = dict.fromkeys((*PIECES, "facts"), side)
        if not self._is_of_this_code(side):
            now = self._moved("code", now, self._decided(taken, with_caps=True))
        if has_caps(self.sides[side]):
            now = self._moved("budget", now, self._decided(taken))
        return now

    def _laid(self, now: Limits) -> None:
        """Lay budgets on what is decided without them, and end with what was stored."""
        taken = dict.fromkeys((*PIECES, "facts"), AFTER)
        if has_caps(self.sides[AFTER]):
            is_ours = self._is_of_this_code(AFTER)
            now = self._moved("budget", now, self.stored(AFTER) if is_ours else self._decided(taken, with_caps=True))
        self._moved("code", now, self.stored(AFTER))

    def _moved(self, cause: str, now: Limits, then: Limits) -> Limits:
        """Write down what one step changes of each household and product; return where that leads."""
        changed = np.flatnonzero((now.product != then.product) | (now.yuan != then.yuan))
        for limits, sign in ((now, -1), (then, 1)):
            self.parts.append(self._part(cause, changed, limits.product[changed], sign * limits.yuan[changed]))
        return then

    def _part(self, cause: str, units: Whole, product: Whole, yuan: Whole) -> pa.Table:
        return pa.table(
            {
                "unit_code": pa.array(units, pa.int64()),
                "product_no": pa.array(product, pa.int64()),
                "cause": pa.array([cause], pa.string()).take(pa.array(np.zeros(len(units), np.int64))),
                "yuan": pa.array(yuan, pa.int64()),
            }
        )

    def _added_up(self) -> pa.Table:
        order = {"product_no": pa.array(range(len(PRODUCT_ORDER)), pa.int64()), "product": [*PRODUCT_ORDER]}
        given = {"parts": pa.concat_tables(self.parts), "units": self.numbered.units, "products": pa.table(order)}
        return cursor_over(given).sql(sql("tables", "parts")).to_arrow_table().cast(PARTS)

    def _steps(self) -> list[Step]:
        before, after = self.sides[BEFORE], self.sides[AFTER]
        return steps(
            self._differ,
            measured_by=None if self._are_measured_alike else self._measured_by,
            is_scored_apart="scorecard" not in self._differ or self._are_measured_alike or self._can_score_each_other,
            is_day_apart=before.has_figures_on(after.as_of),
        )

    @cached_property
    def _differ(self) -> set[str]:
        return differing(self.sides[BEFORE].manifest, self.sides[AFTER].manifest)

    @property
    def _measured_by(self) -> set[str]:
        """Return what the facts may differ by; relief has no part where there was none, and it excuses nothing."""
        before, after = self.sides[BEFORE], self.sides[AFTER]
        found = self._differ | ({"rules"} if before.measured.under != after.measured.under else set())
        is_first = before.manifest["relief_sha256"] == NO_RELIEF
        return found - {"relief"} if is_first and not self.pieces[AFTER].excuses else found

    @property
    def _can_score_each_other(self) -> bool:
        before, after = self.sides[BEFORE], self.sides[AFTER]
        return before.knows_features_of(after) and after.knows_features_of(before)

    @cached_property
    def _are_measured_alike(self) -> bool:
        return self.pieces[BEFORE].are_facts_of(self.pieces[AFTER])

    def _touched(self, step: Step) -> Whole | None:
        """Return whom a step may touch; None: nobody, and nothing is decided."""
        if any(self._touches_everybody(piece) for piece in step.pieces):
            return np.arange(self.numbered.count)
        before, after = self.pieces[BEFORE], self.pieces[AFTER]
        is_touched = np.zeros(self.numbered.count, np.bool_)
        for piece in step.pieces:
            if piece not in OF_EVERYBODY:
                is_touched[touched(piece, before, after)] = True
        return np.flatnonzero(is_touched) if is_touched.any() else None

    def _touches_everybody(self, piece: str) -> bool:
        before, after = self.sides[BEFORE], self.sides[AFTER]
        match piece:
            case "facts":
                return not self._are_measured_alike
            case "scores":
                return not self._are_measured_alike and "scorecard" in self._differ
            case "batch":
                return bool(before.manifest["product"] != after.manifest["product"])
            case "day":
                return before.as_of != after.as_of
            case "policy":
                return self._policies_differ
        return False

    @property
    def _policies_differ(self) -> bool:
        """Tell whether the policies have other figures on the later run's day, budgets aside."""
        before, after = self.sides[BEFORE], self.sides[AFTER]
        if not before.has_figures_on(after.as_of):
            return True
        tables = [compiled(side, after.as_of) for side in (before, after)]
        return tables[0] != tables[1]

    def _decided(self, taken: dict[str, str], *, with_caps: bool = False) -> Limits:
        """Decide everybody anew with each piece from the side that it was taken from."""
        return self._of_outcome(self._outcome([Asked(taken, None)], with_caps=with_caps))

    def _of_outcome(self, outcome: pa.Table, over: Limits | None = None) -> Limits:
        return self._limits(outcome.column("unit_code").to_numpy().astype(np.int64), outcome, over)

    def _outcomes(self, asked: list[Asked]) -> list[pa.Table]:
        """Return what is decided of each state; of few households several at once, for each decision has its price."""
        found: list[pa.Table] = []
        for together in self._together(asked):
            outcome = self._outcome(together)
            found += [outcome] if len(together) == 1 else one_by_one(outcome, len(together), self.numbered.count)
        return found

    def _together(self, asked: list[Asked]) -> list[list[Asked]]:
        """Return the states in their order, those together that the same rules decide and that are not too many."""
        found: list[list[Asked]] = []
        for one in asked:
            last = found[-1] if found else []
            is_alike = bool(last) and last[0].rules == one.rules
            if is_alike and sum(map(self._size, (*last, one))) <= AT_ONCE:
                last.append(one)
            else:
                found.append([one])
        return found

    def _size(self, one: Asked) -> int:
        return self.numbered.count if one.few is None else len(one.few)

    def _outcome(self, asked: list[Asked], *, with_caps: bool = False) -> pa.Table:
        """Decide anew what the same rules decide; units of the second state come a whole numbering later, and so on."""
        tables = [
            put_together({piece: self.pieces[side] for piece, side in one.taken.items()}, self._ppm(one.taken), one.few)
            for one in asked
        ]
        policy, day, batch = (self.sides[side] for side in asked[0].rules)
        figures = policy.policy.in_force(day.as_of, policy.manifest["county_code"])
        product = batch.manifest["product"]
        laid = tables[0] if len(tables) == 1 else side_by_side(tables, self.numbered.count)
        outcome = apply_policy(laid, figures if with_caps else without_caps(figures), day.as_of, product)
        return outcome if product is None else outcome.filter(pc.equal(outcome.column("product"), product))

    def _few(self, units: Whole | None) -> Whole | None:
        """Return whom to decide alone; None: it is no quicker to leave the others out."""
        return units if units is not None and len(units) * FEW < self.numbered.count else None

    def _ppm(self, taken: dict[str, str]) -> pa.Array | None:
        """Return each household's default probability where one run's card scores what the other measured."""
        facts, card = taken["facts"], taken["scores"]
        if facts == card:
            return None
        if self._are_measured_alike:
            return self.pieces[card].ppm(self.numbered.count)
        return scored_by(self.sides[facts], self.sides[card].card(), self.numbered.units.column("household_key"))


def split_change(before: Basis, after: Basis, code: str) -> pa.Table:
    """Return what each cause adds to each household's limit of a product between two runs of a county (PARTS).

    The parts of a household and product add up to its limit in `after` less that in `before`, to the yuan.
    """
    return Splitting(before, after, code).split()


def split_along(way: list[Basis], code: str) -> pa.Table:
    """Return the same from the first to the last of several, each step from one to the next (PARTS)."""
    parts = [split_change(before, after, code) for before, after in pairwise(way)]
    return (
        cursor_over({"parts": pa.concat_tables(parts)}).sql(sql("tables", "parts_along")).to_arrow_table().cast(PARTS)
    )


def by_cause(parts: pa.Table) -> pa.Table:
    """Return causes (several where they are not told apart), households, raised_yuan, lowered_yuan, yuan.

    A row a cause, in the order in which causes are taken over. `parts`: household_key, cause, yuan.
    """
    order = pa.table({"first_cause": [*CAUSES], "place": pa.array(range(len(CAUSES)), pa.int64())})
    found = cursor_over({"parts": parts, "causes_in_order": order})
    return found.sql(sql("tables", "by_cause"), params={"joined": JOINED}).to_arrow_table()
