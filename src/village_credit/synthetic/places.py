"""A county becomes townships, villages and groups, and its households get their contractor codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from village_credit.synthetic import name_lists
from village_credit.synthetic.chance import Ints, Texts, stream, texts

GROUP_SIZE = 70  # households per village group: believed, as issuers of four figures of households are unknown


@dataclass(frozen=True)
class Places:
    """Townships, villages (each in one township) and where each household lives; households in code order."""

    county_code: str
    county_name: str
    township_codes: Texts
    township_names: Texts
    village_codes: Texts
    village_names: Texts
    village_township: Ints
    household_village: Ints
    household_group: Ints
    contractor_codes: Texts

    @property
    def issuer_codes(self) -> Texts:
        """The 14-digit code of each household's issuer (its village group)."""
        return texts([code[:14] for code in self.contractor_codes])

    @property
    def household_township(self) -> Ints:
        return self.village_township[self.household_village]

    @property
    def village_labels(self) -> Texts:
        """Names as officers write them: with the township where two townships share the name."""
        names = self.village_names.tolist()
        owners = self.township_names[self.village_township]
        return texts(
            [owner + name if names.count(name) > 1 else name for owner, name in zip(owners, names, strict=True)]
        )


def build_places(seed: int, county_code: str, villages: int, households: int) -> Places:
    """Lay out a county; a township has about as many villages as in Xinjiang (domain figures: median 8)."""
    townships = max(1, round(villages**0.55))
    village_township = np.sort(np.arange(villages, dtype=np.int64) % townships)
    township_codes = texts([f"{county_code}{100 + number}" for number in range(townships)])
    rank = np.arange(villages) - np.searchsorted(village_township, village_township)
    village_codes = texts([f"{township_codes[t]}{201 + r}" for t, r in zip(village_township, rank, strict=True)])
    village = _settle(seed, villages, households)
    in_village = np.arange(households) - np.searchsorted(village, village)
    group = in_village // GROUP_SIZE + 1
    number = in_village % GROUP_SIZE + 1
    return Places(
        county_code=county_code,
        county_name=name_lists.COUNTIES.get(county_code, name_lists.COUNTY_ELSEWHERE),
        township_codes=township_codes,
        township_names=_township_names(seed, townships),
        village_codes=village_codes,
        village_names=_village_names(seed, village_township),
        village_township=village_township,
        household_village=village,
        household_group=group,
        contractor_codes=texts(
            [f"{village_codes[v]}{g:02d}{n:04d}" for v, g, n in zip(village, group, number, strict=True)]
        ),
    )


def _settle(seed: int, villages: int, households: int) -> Ints:
    """The village of each household, sorted; villages differ in size, none is empty if there are enough."""
    rng = stream(seed, "places", "settle")
    weights = rng.lognormal(0.0, 0.35, villages)
    first = np.arange(min(villages, households), dtype=np.int64)
    rest = rng.choice(villages, size=households - first.size, p=weights / weights.sum())
    return np.sort(np.concatenate([first, rest]).astype(np.int64))


def _township_names(seed: int, townships: int) -> Texts:
    rng = stream(seed, "places", "townships")
    stems = [side + stem for side in name_lists.VILLAGE_SIDES for stem in name_lists.TOWNSHIPS]
    chosen = stems[:townships] if townships > len(name_lists.TOWNSHIPS) else name_lists.TOWNSHIPS[:townships]
    kinds = rng.choice(["乡", "镇"], size=townships)
    return texts([stem + kind for stem, kind in zip(chosen, kinds, strict=True)])


def _village_names(seed: int, village_township: Ints) -> Texts:
    """Unique names, except that the first villages of the first two townships share theirs."""
    rng = stream(seed, "places", "villages")
    stems = [side + stem for side in name_lists.VILLAGE_SIDES for stem in name_lists.VILLAGES]
    pool = len(name_lists.VILLAGES) if village_township.size <= len(name_lists.VILLAGES) else len(stems)
    order = rng.permutation(max(pool, village_township.size))[: village_township.size]
    names = texts([f"{stems[i % len(stems)]}{'' if i < len(stems) else i // len(stems)}村" for i in order])
    if village_township[-1] > 0:
        names[np.searchsorted(village_township, 1)] = names[0]
    return names
