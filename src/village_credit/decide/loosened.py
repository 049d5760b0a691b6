"""Two policy files are compared gate by gate: which thresholds the new one loosens, for whom and from which day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from village_credit.decide.policy import Policy
from village_credit.decide.thresholds import GATE_OF, GateFigures


@dataclass(frozen=True)
class Loosened:
    """One threshold that lets more through than before; `after` none: it is gone. `county` none: all others."""

    gate: str
    figure: str
    county: str | None
    day: date
    before: Decimal
    after: Decimal | None

    @property
    def sentence(self) -> str:
        """Say what changes, for whom and from when."""
        whom = f"county {self.county}" if self.county else "every county without its own"
        return f"gate {self.gate} is loosened from {self.before} to {'none' if self.after is None else self.after} for {whom}, as of {self.day}"


def loosened(new: Policy, old: Policy, day: date, county: str | None = None) -> list[Loosened]:
    """Give every threshold that `new` loosens, each once, with the first day on which it does.

    Asked on `day` and on each day on which a threshold of either file begins; for every county with a threshold of
    its own in either, for all others, and for `county`. A threshold that `old` does not have cannot be loosened.
    """
    found: dict[tuple[object, ...], Loosened] = {}
    for on in _days(new, old, day):
        for place in _places(new, old, county):
            for item in _on(new, old, on, place):
                found.setdefault((item.figure, item.county, item.before, item.after), item)
    return list(found.values())


def _on(new: Policy, old: Policy, day: date, county: str | None) -> Iterator[Loosened]:
    for name, asked in GATE_OF.items():
        before, after = (policy.find(name, day, county=county) for policy in (old, new))
        if before is None:
            continue
        value = None if after is None else after.value
        if _is_looser(asked, before.value, value):
            yield Loosened(asked.gate, name, county, day, before.value, value)


def _is_looser(asked: GateFigures, before: Decimal, after: Decimal | None) -> bool:
    """A threshold that moved towards the worse lets more through; one that is gone lets everything through."""
    return after is None or asked.is_worse(after, before)


def _days(new: Policy, old: Policy, day: date) -> list[date]:
    return sorted({day} | {f.from_ for policy in (new, old) for f in policy.figures if f.name in GATE_OF})


def _places(new: Policy, old: Policy, county: str | None) -> list[str | None]:
    own = {f.county for policy in (new, old) for f in policy.figures if f.name in GATE_OF and f.county}
    return [None, *sorted(own | ({county} if county else set()))]
