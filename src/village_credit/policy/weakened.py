"""Two policy files are compared.

Which gate, quorum or step of the authority ladder the new one loosens, for whom and from which day; and which branch's
packages more can read than before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from village_credit.policy import quorum
from village_credit.policy.authority_ladder import SECTION, steps
from village_credit.policy.gate_thresholds import GATE_OF
from village_credit.policy.model import Figure, Policy
from village_credit.policy.sections import PRODUCTS, LadderStep, ProductName

QUORUM, RECIPIENTS = "quorum", "branch_recipients"
FIGURES = (*GATE_OF, *quorum.OPTIONAL_FIGURES)


@dataclass(frozen=True)
class Weakened:
    """One threshold that lets more through than before; `after` none: it is gone. `county` none: all others.

    `gate`: its gate, or `quorum`, `authority_ladder`, `branch_recipients`; `figure`: the policy's figure, the ladder's
    role and products, or a branch. Of a branch `before` is how many recipients it had, `after` how many are new.
    """

    gate: str
    figure: str
    county: str | None
    day: date
    before: Decimal
    after: Decimal | None

    @property
    def sentence(self) -> str:
        """Say what changes, for whom and from when."""
        if self.gate == RECIPIENTS:
            new = "lie in the clear" if self.after is None else f"can be opened with {self.after} keys that are new"
            return f"the packages of branch {self.figure} {new}; before they were sealed for {self.before}"
        whom = f"county {self.county}" if self.county else "every county without its own"
        what = f"gate {self.gate}" if self.figure in GATE_OF else self.figure
        return (
            f"{what} is loosened from {self.before} to {'none' if self.after is None else self.after} for "
            f"{whom}, as of {self.day}"
        )


def weakened(new: Policy, old: Policy, day: date, county: str | None = None) -> list[Weakened]:
    """Return every threshold that `new` loosens, each once, with the first day on which it does.

    Asked on `day` and on each day on which a threshold of either file begins; for every county with a threshold of
    its own in either, for all others, and for `county`. A threshold that `old` does not have cannot be loosened.
    """
    found: dict[tuple[object, ...], Weakened] = {}
    for on in _days(new, old, day):
        for place in _places(new, old, county):
            for item in (*_figures(new, old, on, place), *_ladders(new, old, on, place)):
                found.setdefault((item.figure, item.county, item.before, item.after), item)
    return [*found.values(), *_recipients(new, old, day)]


def _recipients(new: Policy, old: Policy, day: date) -> Iterator[Weakened]:
    """Return the branches whose packages are sealed no more, or for a key that the old file does not name."""
    for branch, before in sorted(old.branch_recipients.items()):
        after = new.branch_recipients.get(branch, ())
        if not after or set(after) - set(before):
            added = Decimal(len(set(after) - set(before))) if after else None
            yield Weakened(RECIPIENTS, branch, None, day, Decimal(len(before)), added)


def _figures(new: Policy, old: Policy, day: date, county: str | None) -> Iterator[Weakened]:
    for name in FIGURES:
        before, after = (policy.find(name, day, county=county) for policy in (old, new))
        if before is None:
            continue
        value = None if after is None else after.value
        if _is_looser(name, before.value, value):
            gate = GATE_OF[name].gate if name in GATE_OF else QUORUM
            yield Weakened(gate, name, county, day, before.value, value)


def _is_looser(name: str, before: Decimal, after: Decimal | None) -> bool:
    """A threshold that moved towards the worse lets more through; one that is gone lets everything through."""
    if after is None:
        return True
    return GATE_OF[name].is_worse(after, before) if name in GATE_OF else after < before


def _ladders(new: Policy, old: Policy, day: date, county: str | None) -> Iterator[Weakened]:
    """Return each role's step above which fewer households are signed by themselves.

    Products that move alike together.
    """
    moved: dict[tuple[str, int, int | None], list[ProductName]] = {}
    for product in PRODUCTS:
        before, after = (steps(policy.in_force(day, county or "*"), product) for policy in (old, new))
        for step in before:
            above = _above(step, before, after)
            if above is None or above > step.above_yuan:
                moved.setdefault((step.role, step.above_yuan, above), []).append(product)
    for (role, yuan, above), products in moved.items():
        whose = "" if len(products) == len(PRODUCTS) else f" for {', '.join(products)}"
        value = None if above is None else Decimal(above)
        yield Weakened(SECTION, f"{SECTION}: {role}{whose}", county, day, Decimal(yuan), value)


def _above(step: LadderStep, before: list[LadderStep], after: list[LadderStep]) -> int | None:
    """Return above which limit a step's role, or one above it in either ladder, signs in the later ladder.

    None: nowhere.

    Of a role that is new nobody knows how high it is, so a step that only has another name is told as well.
    """
    as_high = {step.role}
    for ladder in (before, after):
        own = next((other.above_yuan for other in ladder if other.role == step.role), None)
        as_high |= {other.role for other in ladder if own is not None and other.above_yuan > own}
    return min((other.above_yuan for other in after if other.role in as_high), default=None)


def _days(new: Policy, old: Policy, day: date) -> list[date]:
    begun = (thing.from_ for policy in (new, old) for thing in _thresholds(policy))
    return sorted({day, *begun})


def _places(new: Policy, old: Policy, county: str | None) -> list[str | None]:
    own = {thing.county for policy in (new, old) for thing in _thresholds(policy) if thing.county}
    return [None, *sorted(own | ({county} if county else set()))]


def _thresholds(policy: Policy) -> list[Figure | LadderStep]:
    """Return whatever says what may pass: gates, quorum, ladder, each with its county and its first day."""
    return [*(figure for figure in policy.figures if figure.name in FIGURES), *policy.authority_ladder]
